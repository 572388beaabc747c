"""One customer's whole life on every release's tables, with and without a table prefix (facts 0, 10)."""

from datetime import datetime

import pytest

from app.magento import errors, groups, passwords
from tests.magento.conftest import LATER, Bench


def test_a_whole_life(released: Bench) -> None:
    bench = released
    hashed = passwords.hash("Passw0rd!lab")
    department = bench.option_id("department", "Sales")
    entity_id = bench.create(gender=1, employee_number="7", department=department, password_hash=hashed)
    grid = bench.row("customer_grid_flat", entity_id=entity_id)
    assert (grid["name"], grid["employee_number"], grid["department"]) == ("Ada Lovelace", "7", department)
    assert not bench.change(entity_id, employee_number="7", gender="1")
    assert bench.change(entity_id, employee_number=None, department=None, email="New@example.com", group_id=2)
    grid = bench.row("customer_grid_flat", entity_id=entity_id)
    assert (grid["employee_number"], grid["email"], grid["group_id"]) == (None, "New@example.com", 2)

    assert bench.turn(entity_id, active=False)
    assert not bench.turn(entity_id, active=False)
    assert bench.row("customer_grid_flat", entity_id=entity_id)["lock_expires"] == datetime(2037, 12, 31, 23, 59, 59)
    group_id = groups.made(bench.write(lambda c: groups.create(c, bench.shop, "Staff")))
    bench.shop.refresh()
    assert bench.change(entity_id, group_id=group_id)
    assert bench.write(lambda c: groups.remove(c, bench.shop, group_id, LATER))
    assert bench.row("customer_entity", entity_id=entity_id)["group_id"] == 1
    bench.remove(entity_id)
    for table in ("customer_entity", "customer_grid_flat", "customer_entity_varchar"):
        assert bench.rows(table, entity_id=entity_id) == []


def test_a_taken_email_names_the_key(released: Bench) -> None:
    entity_id = released.create()
    with pytest.raises(errors.Duplicate) as caught:
        released.create(email="ADA@example.com")
    found = released.shop.tables.unique_key(caught.value.key)
    assert found == ("customer_entity", ("email", "website_id")), "facts 2.1: the key decides"
    released.remove(entity_id)


def test_the_schedules_triggers_are_no_hindrance(released: Bench) -> None:
    """2.4.8 in schedule mode notes changed customers by triggers; they are Magento's business (facts 5.2)."""
    released.sql("DELETE FROM {p}customer_dummy_cl")
    entity_id = released.create(department=released.option_id("department", "Sales"))
    noted = {row["entity_id"] for row in released.rows("customer_dummy_cl")}
    assert noted <= {entity_id}
    released.remove(entity_id)
