"""What a user's change means elsewhere in the shop, in the same transaction (facts 5.1, 5.2)."""

import logging
from typing import Any

import pytest

from tests.users.conftest import ROOT, Client, Make

MAPPING = (ROOT / "mapping.yaml").read_text()


def _shopped(scim: Client, user_id: str) -> None:
    """Give a customer an open cart and a finished one, an order that carries its e-mail and one that does not."""
    for active in (1, 0):
        scim.execute(
            "INSERT INTO {p}quote (store_id, is_active, customer_id, customer_email, customer_group_id)"
            " VALUES (1, :a, :i, 'ada@example.com', 1)",
            a=active,
            i=int(user_id),
        )
    for number, email in enumerate(("ada@example.com", "gift@example.com"), 1):
        for table in ("sales_order", "sales_order_grid"):
            scim.execute(
                f"INSERT INTO {{p}}{table} (entity_id, store_id, customer_id, customer_email) VALUES (:n, 1, :i, :e)",
                n=number,
                i=int(user_id),
                e=email,
            )


def _emails(scim: Client, table: str) -> list[Any]:
    return [row["customer_email"] for row in scim.rows(table)]


OLD, NEW = "ada@example.com", "ada@example.org"
ORDERS = [
    ("", NEW),
    ("consequences: {}\n", NEW),
    ("consequences: {orders: true}\n", NEW),
    ("consequences: {orders: false}\n", OLD),
]


@pytest.mark.parametrize(("section", "email"), ORDERS)
def test_orders_follow_the_email_where_mapping_yaml_lets_them(make: Make, section: str, email: str) -> None:
    scim = make(MAPPING + section)
    user_id = scim.create()["id"]
    _shopped(scim, user_id)
    answer = scim.patch(user_id, {"op": "replace", "path": "userName", "value": NEW})
    assert answer.status_code == 200, answer.text
    for table in ("sales_order", "sales_order_grid"):
        assert _emails(scim, table) == [email, "gift@example.com"], "facts 5.1: only those that carry the old one"
    assert _emails(scim, "quote") == [NEW, OLD], "facts 5.1: the current quote"


def test_the_open_cart_follows_the_group(make: Make) -> None:
    scim = make(MAPPING)
    user_id = scim.create()["id"]
    _shopped(scim, user_id)
    member = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]}
    add = {"op": "add", "path": "members", "value": [{"value": user_id}]}
    assert scim.send("PATCH", "/Groups/group-2", {**member, "Operations": [add]}).status_code in (200, 204)
    assert [row["customer_group_id"] for row in scim.rows("quote")] == [2, 1]


def test_a_reset_link_ends_with_the_email(make: Make) -> None:
    scim = make(MAPPING)
    user_id = scim.create()["id"]
    scim.execute("UPDATE {p}customer_entity SET rp_token = 'x', rp_token_created_at = UTC_TIMESTAMP()")
    scim.patch(user_id, {"op": "replace", "path": "userName", "value": NEW})
    row = scim.customer(user_id)
    assert (row["rp_token"], row["rp_token_created_at"], row["confirmation"]) == (None, None, None)


@pytest.mark.parametrize(("status", "written"), [("valid", True), ("invalid", True), ("working", False)])
def test_the_indexers_state_is_respected(
    make: Make, caplog: pytest.LogCaptureFixture, status: str, written: bool
) -> None:
    """Facts 5.2: the row is always written but while the grid is being rebuilt; the state itself is left alone."""
    scim = make(MAPPING)
    scim.execute("DELETE FROM {p}indexer_state WHERE indexer_id = 'customer_grid'")
    scim.execute(
        "INSERT INTO {p}indexer_state (indexer_id, status, hash_config) VALUES ('customer_grid', :s, '')", s=status
    )
    with caplog.at_level(logging.WARNING, "app.magento.grid_rows"):
        scim.create()
    assert bool(scim.rows("customer_grid_flat")) == written
    assert ("being rebuilt" in caplog.text) == (not written)
    (state,) = scim.rows("indexer_state", indexer_id="customer_grid")
    assert state["status"] == status


def test_a_failure_takes_everything_back(make: Make) -> None:
    """All of it is one transaction: no order, cart or subscription follows an e-mail that is taken."""
    scim = make(MAPPING)
    user_id = scim.create()["id"]
    scim.execute(
        "INSERT INTO {p}customer_entity (website_id, email, group_id, store_id, firstname, lastname)"
        " VALUES (1, 'ada@example.org', 1, 1, 'Other', 'Ada')"
    )
    _shopped(scim, user_id)
    tables = ("customer_entity", "quote", "sales_order", "sales_order_grid", "customer_grid_flat", "scim_link")
    before = {table: scim.rows(table) for table in tables}
    answer = scim.patch(user_id, {"op": "replace", "path": "userName", "value": NEW})
    assert answer.status_code == 409
    assert {table: scim.rows(table) for table in tables} == before
