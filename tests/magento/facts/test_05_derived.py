"""Facts 5: what follows a change elsewhere, and the grid."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.magento.conftest import LATER, NOW, Bench
from tests.magento.facts.table import LIVE, Fact, after, changed, made, rows, sql, values

OLD, NEW, GIFT = "ada@example.com", "new@example.com", "gift@example.com"
ADDRESS = {"firstname": "A", "lastname": "B", "street": "1 Main St\nFloor 2", "city": "Austin", "region": "Texas",
           "region_id": 57, "postcode": "73301", "country_id": "US", "telephone": "1"}  # fmt: skip


def shopped(bench: Bench) -> None:
    """Create a customer with an open cart and a closed one, two orders, a subscription, a reset link."""
    entity_id = bench.create()
    for active in (1, 0):
        bench.put("quote", store_id=1, is_active=active, customer_id=entity_id, customer_email=OLD, customer_group_id=1)
    for number, email in enumerate((OLD, GIFT), 1):
        for table in ("sales_order", "sales_order_grid"):
            bench.put(table, entity_id=number, store_id=1, customer_id=entity_id, customer_email=email)
    bench.put("newsletter_subscriber", store_id=1, customer_id=entity_id, subscriber_email=OLD, subscriber_status=1)
    bench.sql("UPDATE {p}customer_entity SET rp_token = 'x', rp_token_created_at = UTC_TIMESTAMP()")


def seen(table: str, *columns: str, **desired: Any) -> Callable[[Bench], Any]:
    return after(shopped, changed(**desired), rows(table, *columns))


def _with_addresses(bench: Bench) -> tuple[Any, ...]:
    entity_id = bench.create()
    billing = bench.put("customer_address_entity", parent_id=entity_id, **ADDRESS)
    bench.sql("UPDATE {p}customer_entity SET default_billing = :a", a=billing)
    bench.change(entity_id, lastname="King")
    row = bench.row("customer_grid_flat")
    return row["billing_full"], row["billing_street"], row["billing_region_id"], row["shipping_full"]


def _of_the_grid(bench: Bench) -> set[str]:
    """Columns of the grid whose text the row of this program leaves empty."""
    bench.create(dob="1985-12-10", taxvat="T", gender=1, confirmation="k", employee_number="1", department=4)
    row = bench.row("customer_grid_flat")
    return {column for column, value in row.items() if value is None and not column.startswith("billing_")}


def state(status: str) -> Callable[[Bench], Any]:
    return sql(f"UPDATE {{p}}indexer_state SET status = '{status}' WHERE indexer_id = 'customer_grid'")


FACTS = [
    Fact("5.1", "e-mail: the subscription follows", seen("newsletter_subscriber", "subscriber_email", email=NEW), [(NEW,)], LIVE),
    Fact("5.1", "e-mail: the open cart follows", seen("quote", "customer_email", email=NEW), [(NEW,), (OLD,)], LIVE),
    Fact("5.1", "e-mail: orders that carried the old one", seen("sales_order", "customer_email", email=NEW), [(NEW,), (GIFT,)], LIVE),
    Fact("5.1", "e-mail: and their grid", seen("sales_order_grid", "customer_email", email=NEW), [(NEW,), (GIFT,)], LIVE),
    Fact("5.1", "orders may be left", after(shopped, changed(email=NEW, orders=False), values("sales_order", "customer_email")), [OLD, GIFT]),
    Fact("5.1", "e-mail: the reset link ends", seen("customer_entity", "rp_token", "rp_token_created_at", email=NEW), [(None, None)]),
    Fact("5.1", "e-mail: no new confirmation for a provisioned customer", seen("customer_entity", "confirmation", email=NEW), [(None,)]),
    Fact("5.1", "name: carts stay", seen("quote", "customer_firstname", firstname="Augusta"), [(None,), (None,)]),
    Fact("5.1", "name: orders stay", seen("sales_order", "customer_firstname", firstname="Augusta"), [(None,), (None,)]),
    Fact("5.1", "name: the reset link stays", seen("customer_entity", "rp_token", firstname="Augusta"), [("x",)]),
    Fact("5.1", "group: the open cart", seen("quote", "customer_group_id", group_id=2), [(2,), (1,)], LIVE),
    Fact("5.1", "anything: updated_at", seen("customer_entity", "updated_at", taxvat="T"), [(LATER,)]),
    Fact("5.2", "every stock column of the grid has a source", _of_the_grid, {"lock_expires"}, LIVE),
    Fact("5.2", "a select's option id", after(made("email", department=4), rows("customer_grid_flat", "department")), [(4,)], LIVE),
    Fact("5.2", "the name: parts that are empty are left out", after(made("email", prefix="Dr", suffix="FRS"), values("customer_grid_flat", "name")), ["Dr Ada Lovelace FRS"]),
    Fact("5.2", "the name: blanks inside stay", after(made("email", firstname="Ada  Maria"), values("customer_grid_flat", "name")), ["Ada  Maria Lovelace"], LIVE),
    Fact("5.2", "no address: an empty text, not NULL", after(made("email"), rows("customer_grid_flat", "shipping_full", "billing_full")), [("", "")], LIVE),
    Fact("5.2", "an address: the street keeps its newline", _with_addresses,
         ("1 Main St\nFloor 2 Austin Texas 73301", "1 Main St\nFloor 2", 57, ""), LIVE),
    Fact("5.2", "created_at is a copy", after(made("email"), values("customer_grid_flat", "created_at")), [NOW]),
    Fact("5.2", "indexer valid: written", after(state("valid"), made("email"), values("customer_grid_flat", "email")), [OLD]),
    Fact("5.2", "indexer invalid: written all the same", after(state("invalid"), made("email"), values("customer_grid_flat", "email")), [OLD]),
    Fact("5.2", "indexer working: left to it", after(state("working"), made("email"), values("customer_grid_flat", "email")), []),
    Fact("5.2", "the state is nobody's but Magento's", after(state("invalid"), made("email"), lambda b: b.row("indexer_state", indexer_id="customer_grid")["status"]), "invalid"),
    Fact("5.2", "the changelog is the triggers' business", after(made("email"), changed(lastname="K"), rows("customer_dummy_cl", "entity_id")), [], LIVE),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_facts_5(bench: Bench, fact: Fact) -> None:
    fact.check(bench)


def test_facts_5_2_2_4_8_notes_changes_by_triggers(released: Bench) -> None:
    """On the datetime, decimal and int tables and on addresses, not on varchar and text; nobody else writes there."""
    bench = released
    if bench.shop.features.address_validators:
        bench.sql("DELETE FROM {p}customer_dummy_cl")
        entity_id = bench.create()
        assert {row["entity_id"] for row in bench.rows("customer_dummy_cl")} == {entity_id}
        bench.sql("DELETE FROM {p}customer_dummy_cl")
        bench.change(entity_id, employee_number="1")
        assert bench.rows("customer_dummy_cl") == [], "varchar, and updated_at alone"
        bench.change(entity_id, department=bench.option_id("department", "Sales"))
        assert {row["entity_id"] for row in bench.rows("customer_dummy_cl")} == {entity_id}
        bench.sql("DELETE FROM {p}customer_dummy_cl")
        bench.remove(entity_id)
