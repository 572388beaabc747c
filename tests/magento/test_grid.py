"""The admin's grid is a true copy, whatever its columns (facts 5.2)."""

import logging
from datetime import date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from app.magento import grid_rows
from tests.magento.conftest import LATER, NOW, PERSON, Bench

AUSTIN = {
    **{"firstname": "Ada", "lastname": "Lovelace", "street": "1 Main St\nFloor 2", "city": "Austin", "region": "Texas"},
    **{"region_id": 57, "postcode": "73301", "country_id": "US", "telephone": "+1 512", "fax": "+1 513"},
    **{"company": "Engines", "vat_id": "GB1"},
}


def _address(bench: Bench, entity_id: int, *defaults: str, **data: Any) -> int:
    address_id = bench.put("customer_address_entity", parent_id=entity_id, **{**AUSTIN, **data})
    for which in defaults:
        bench.sql(f"UPDATE {{p}}customer_entity SET default_{which}=:a WHERE entity_id=:e", a=address_id, e=entity_id)
    return address_id


def _rewritten(bench: Bench, entity_id: int) -> dict[str, Any]:
    bench.run(lambda c: grid_rows.rewrite(c, bench.shop, [entity_id]))
    return bench.row("customer_grid_flat", entity_id=entity_id)


def test_the_copied_columns(bench: Bench) -> None:
    data = {"gender": 2, "dob": "1985-12-10", "taxvat": "T", "confirmation": "k"}
    row = bench.row("customer_grid_flat", entity_id=bench.create(**data))
    expected = {
        **{"email": "ada@example.com", "group_id": 1, "created_at": NOW, "website_id": 1, "confirmation": "k"},
        **{"created_in": "Default Store View", "dob": date(1985, 12, 10), "gender": 2, "taxvat": "T"},
        **{"lock_expires": None, "name": "Ada Lovelace", "shipping_full": "", "billing_full": ""},
        **{"billing_city": None, "billing_street": None},
    }
    assert {column: row[column] for column in expected} == expected, "facts 5.2"


NAMES = [
    ({}, "Ada Lovelace"),
    ({"prefix": "Dr", "middlename": "K", "suffix": "FRS"}, "Dr Ada K Lovelace FRS"),
    ({"firstname": " Ada ", "lastname": " L "}, "Ada   L"),
    ({"firstname": "Ada  Maria"}, "Ada  Maria Lovelace"),
    ({"firstname": "Bö"}, "Bö Lovelace"),
]


@pytest.mark.parametrize(("data", "name"), NAMES, ids=range(len(NAMES)))
def test_the_name(bench: Bench, data: dict[str, str], name: str) -> None:
    assert bench.row("customer_grid_flat", entity_id=bench.create(**data))["name"] == name, "facts 5.2"


def test_default_addresses(bench: Bench) -> None:
    entity_id = bench.create()
    _address(bench, entity_id, "billing")
    _address(bench, entity_id, "shipping", street="2 Side St", city="Wien", region=None, postcode="")
    row = _rewritten(bench, entity_id)
    assert row["billing_full"] == "1 Main St\nFloor 2 Austin Texas 73301", "facts 5.2: the newline stays"
    assert row["shipping_full"] == "2 Side St Wien"
    billing = ("company", "city", "fax", "region", "region_id", "vat_id", "street", "telephone", "country_id")
    assert {c: row[f"billing_{c}"] for c in billing} == {c: AUSTIN[c] for c in billing}


def test_a_street_longer_than_its_grid_column_is_cut(bench: Bench) -> None:
    entity_id = bench.create()
    _address(bench, entity_id, "billing", street="x" * 300)
    row = _rewritten(bench, entity_id)
    assert len(row["billing_street"]) == 255, "facts 5.2: billing_street is varchar(255), street TEXT"
    assert row["billing_full"].startswith("x" * 300)


def test_a_change_and_its_clearing_arrive(bench: Bench) -> None:
    entity_id = bench.create(employee_number="1", taxvat="T")
    bench.change(entity_id, lastname="King", employee_number=None, taxvat=None, email="k@example.com", group_id=2)
    row = bench.row("customer_grid_flat", entity_id=entity_id)
    assert (row["name"], row["taxvat"], row["email"], row["group_id"]) == ("Ada King", None, "k@example.com", 2)
    if "employee_number" in row:
        assert row["employee_number"] is None


def test_custom_attributes_have_columns_only_after_a_reindex(bench: Bench) -> None:
    """A full reindex drops the table and makes it anew: its columns are those of that day (facts 5.2)."""
    bench.attribute("badge", "varchar", is_used_in_grid=1)
    bench.attribute("level", "decimal", "price", is_used_in_grid=1)
    bench.attribute("door", "varchar", entity="customer_address", is_used_in_grid=1)
    entity_id = bench.create(badge="7", level="2.5", gender=1)
    assert "badge" not in bench.row("customer_grid_flat", entity_id=entity_id)
    columns = (
        "ADD badge varchar(255), ADD level decimal(12,4), ADD billing_door varchar(255), ADD foreign_one int DEFAULT 5"
    )
    bench.sql(f"ALTER TABLE {{p}}customer_grid_flat {columns}, DROP COLUMN gender")
    try:
        bench.sql("UPDATE {p}customer_grid_flat SET foreign_one=6")
        address_id = _address(bench, entity_id, "billing")
        door = bench.shop.catalog.address["door"].attribute_id
        bench.put("customer_address_entity_varchar", entity_id=address_id, attribute_id=door, value="3b")
        _rewritten(bench, entity_id)  # gender went since the shop was read
        bench.shop.refresh()
        row = _rewritten(bench, entity_id)
        assert (row["badge"], float(row["level"]), row["billing_door"]) == ("7", 2.5, "3b"), "facts 5.2"
        assert row["foreign_one"] == 6, "a column nobody knows keeps its value"
    finally:
        drop = "DROP COLUMN badge, DROP COLUMN level, DROP COLUMN billing_door, DROP COLUMN foreign_one"
        bench.sql(f"ALTER TABLE {{p}}customer_grid_flat {drop}, ADD COLUMN gender int AFTER dob")
        bench.sql("ALTER TABLE {p}customer_grid_flat ADD KEY CUSTOMER_GRID_FLAT_GENDER (gender)")


def test_reading_the_shop_again_makes_no_other_statements(bench: Bench) -> None:
    """Each other table object has its statements compiled, and kept by the engine: half a megabyte every minute."""
    entity_id = bench.create()
    before, compiled = bench.shop.grid, len(bench.engine._compiled_cache or ())
    for turn in range(5):
        bench.shop.refresh()
        assert bench.shop.grid is before
        bench.change(entity_id, lastname=f"King {'I' * turn}")
        compiled = compiled if turn else len(bench.engine._compiled_cache or ())
    assert len(bench.engine._compiled_cache or ()) == compiled


def test_columns_that_went_since_they_were_read_are_no_error(bench: Bench) -> None:
    """Between two readings of the shop Magento drops a column: the write sees it and goes on."""
    bench.sql("ALTER TABLE {p}customer_grid_flat ADD COLUMN middlename varchar(255)")
    bench.shop.refresh()
    bench.sql("ALTER TABLE {p}customer_grid_flat DROP COLUMN middlename")
    entity_id = bench.create(middlename="K")
    assert bench.row("customer_grid_flat", entity_id=entity_id)["name"] == "Ada K Lovelace"


@pytest.fixture
def no_grid(bench: Bench) -> Any:
    bench.sql("RENAME TABLE {p}customer_grid_flat TO {p}customer_grid_flat_away")
    yield bench
    bench.sql("RENAME TABLE {p}customer_grid_flat_away TO {p}customer_grid_flat")
    bench.shop.refresh()


def test_a_shop_without_a_grid(no_grid: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench = no_grid
    with caplog.at_level(logging.WARNING):
        entity_id = bench.create()
        bench.change(entity_id, firstname="Eva")
        bench.remove(entity_id)
    assert "reindex customer_grid" in caplog.text, "facts 5.2: skip with a warning when the table is missing"
    assert bench.rows("customer_entity") == []


def test_a_grid_being_rebuilt_is_left_alone(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.sql("UPDATE {p}indexer_state SET status='working' WHERE indexer_id='customer_grid'")
    with caplog.at_level(logging.WARNING):
        entity_id = bench.create()
    assert bench.rows("customer_grid_flat", entity_id=entity_id) == [], "facts 5.2: skip when `working`"
    assert "being rebuilt" in caplog.text
    bench.sql("UPDATE {p}indexer_state SET status='invalid' WHERE indexer_id='customer_grid'")
    assert _rewritten(bench, entity_id), "an invalid grid is still written: cron will rebuild it"


def test_a_value_the_grid_cannot_hold_refuses_no_customer(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.sql("ALTER TABLE {p}customer_grid_flat MODIFY confirmation int")
    try:
        bench.shop.refresh()
        with caplog.at_level(logging.WARNING):
            entity_id = bench.create(confirmation="key")
        assert bench.row("customer_entity", entity_id=entity_id)
        assert "not written" in caplog.text
    finally:
        bench.sql("DELETE FROM {p}customer_grid_flat")
        bench.sql("ALTER TABLE {p}customer_grid_flat MODIFY confirmation varchar(255) DEFAULT NULL")


def test_several_customers_in_one_statement(bench: Bench) -> None:
    ids = [bench.create(email=f"{n}@example.com") for n in range(3)]
    bench.sql("DELETE FROM {p}customer_grid_flat")
    bench.statements.clear()
    bench.run(lambda c: grid_rows.rewrite(c, bench.shop, ids))
    assert len(bench.statements) == 1
    assert [r["entity_id"] for r in bench.rows("customer_grid_flat")] == ids
    bench.run(lambda c: grid_rows.rewrite(c, bench.shop, []))


def test_a_locked_customer_shows_it(bench: Bench) -> None:
    entity_id = bench.create()
    bench.sql("UPDATE {p}customer_entity SET lock_expires='2030-01-01 00:00:00'")
    assert _rewritten(bench, entity_id)["lock_expires"] == datetime(2030, 1, 1)


def test_the_statement_is_portable(bench: Bench) -> None:
    """MySQL 8.4 warns of VALUES(), MariaDB knows no row alias: the derived table's name serves both."""
    assert bench.shop.grid is not None
    text = str(grid_rows._upsert(bench.shop, bench.shop.grid).compile(dialect=bench.engine.dialect))
    assert "VALUES(" not in text
    assert "AS fresh ON DUPLICATE KEY UPDATE" in text
    assert isinstance(bench.shop.grid, sa.Table)
    assert LATER > NOW
    assert PERSON
