"""What follows a change elsewhere: newsletter, carts, orders (facts 5.1)."""

import logging
from typing import Any

import pytest

from tests.magento.conftest import Bench

OLD, NEW = "ada@example.com", "new@example.com"


def _surroundings(bench: Bench, entity_id: int) -> None:
    mine: dict[str, Any] = {"store_id": 1, "customer_id": entity_id}
    bench.put("newsletter_subscriber", **mine, subscriber_email=OLD, subscriber_status=1)
    bench.put(
        "newsletter_subscriber", store_id=1, customer_id=0, subscriber_email="guest@example.com", subscriber_status=1
    )
    bench.put("quote", **mine, is_active=1, customer_email=OLD, customer_group_id=1)
    bench.put("quote", **mine, is_active=0, customer_email=OLD, customer_group_id=1)
    for email in (OLD, "other@example.com"):
        order_id = bench.put("sales_order", **mine, customer_email=email)
        bench.put("sales_order_grid", entity_id=order_id, **mine, customer_email=email, status="new")


def _emails(bench: Bench, table: str, column: str = "customer_email") -> list[Any]:
    return [row[column] for row in bench.rows(table)]


def test_a_new_email_goes_everywhere(bench: Bench) -> None:
    entity_id = bench.create()
    _surroundings(bench, entity_id)
    assert bench.change(entity_id, email=NEW)
    assert _emails(bench, "newsletter_subscriber", "subscriber_email") == [NEW, "guest@example.com"], "facts 5.1"
    assert _emails(bench, "quote") == [NEW, OLD], "facts 5.1: the current cart only"
    assert _emails(bench, "sales_order") == [NEW, "other@example.com"], "facts 1.4: orders that carried the old one"
    assert _emails(bench, "sales_order_grid") == [NEW, "other@example.com"], "facts 1.4"


def test_orders_may_keep_the_old_email(bench: Bench) -> None:
    entity_id = bench.create()
    _surroundings(bench, entity_id)
    assert bench.change(entity_id, email=NEW, orders=False)
    assert _emails(bench, "sales_order") == [OLD, "other@example.com"]
    assert _emails(bench, "quote") == [NEW, OLD]


def test_a_new_group_goes_to_the_open_cart(bench: Bench) -> None:
    entity_id = bench.create()
    _surroundings(bench, entity_id)
    assert bench.change(entity_id, group_id=3)
    assert [row["customer_group_id"] for row in bench.rows("quote")] == [3, 1], "facts 5.1"
    assert _emails(bench, "quote") == [OLD, OLD]


def test_a_new_name_goes_nowhere(bench: Bench) -> None:
    entity_id = bench.create()
    _surroundings(bench, entity_id)
    bench.statements.clear()
    assert bench.change(entity_id, firstname="Eva")
    touched = " ".join(bench.statements)
    assert not any(table in touched for table in ("quote", "sales_order")), "facts 5.1"
    looked = [each for each in bench.statements if "newsletter" in each]
    assert [each.split()[0] for each in looked] == ["SELECT"], "facts 11: whether a subscription waits"


def test_many_orders_follow_in_one_statement(bench: Bench) -> None:
    entity_id = bench.create()
    for _ in range(30):
        bench.put("sales_order", store_id=1, customer_id=entity_id, customer_email=OLD)
    bench.statements.clear()
    assert bench.change(entity_id, email=NEW)
    assert len([s for s in bench.statements if s.startswith(f"UPDATE {bench.shop.prefix}sales_order ")]) == 1
    assert set(_emails(bench, "sales_order")) == {NEW}


def test_an_email_too_long_for_the_neighbours_is_left_out_there(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    entity_id = bench.create()
    _surroundings(bench, entity_id)
    long = "a@" + ".".join(["b" * 60] * 3) + ".com"
    with caplog.at_level(logging.WARNING):
        assert bench.change(entity_id, email=long)
    assert bench.row("customer_entity", entity_id=entity_id)["email"] == long
    assert _emails(bench, "sales_order") == [OLD, "other@example.com"], "facts 2.1: sales_order keeps 128"
    assert _emails(bench, "newsletter_subscriber", "subscriber_email")[0] == OLD, "facts 2.1: newsletter keeps 150"
    assert _emails(bench, "quote") == [long, OLD]
    assert "stays as it is" in caplog.text
