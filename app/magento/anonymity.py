"""In charge of anonymizing a customer: the orders stay, the person goes. docs/leavers.md lists it field by field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.magento import aftermath, changes, doors, errors, shop

TABLE = "customer_entity"
DOMAIN = "anonymous.invalid"  # RFC 2606: no such domain will ever be, so no mail arrives and nobody can take it
NAMES = {"firstname": "Deleted", "lastname": "Customer"}
# Of the customer's row these stay: where it belongs, when it came, how it is locked; all other columns are emptied.
KEPT = frozenset(
    {
        *("entity_id", "website_id", "store_id", "group_id", "created_at", "updated_at", "created_in", "increment_id"),
        *("is_active", "disable_auto_group_change", "failures_num", "first_failure", "lock_expires", "session_cutoff"),
    }
)
# Rows that go, found by customer_id. Visitor rows stay: they name nobody, and the session cut needs them.
GOING = (
    *("quote", "wishlist", "customer_log", "vault_payment_token"),
    *("product_alert_price", "product_alert_stock", "catalog_compare_item", "catalog_compare_list"),
    *("report_viewed_product_index", "report_compared_product_index", "login_as_customer_assistance_allowed"),
    *doors.KEYS_IN_HAND,
)
# Rows that go, found by the e-mail address in a column, but for those that keep reset mails away.
BY_ADDRESS = (("password_reset_request_event", "account_reference"), ("oauth_token_request_log", "user_name"))
# Columns elsewhere that name the person, found by customer_id.
NAMED = (("review_detail", "nickname", "Anonymous"), ("magento_login_as_customer_log", "customer_email", None))


def address(entity_id: int) -> str:
    """Give the unique e-mail address, usable by nobody, of an anonymized customer."""
    return f"deleted-{entity_id}@{DOMAIN}"


def plan(connection: sa.Connection, shop: shop.Shop, entity_id: int, now: datetime) -> list[changes.RowChange]:
    """Plan that nothing of a customer says who it was, holding its row; orders and their documents stay as they are.

    now: naive UTC. Gives changes to be carried out without those of orders that follow a new e-mail. Raises
    Unsupported where there is no such customer.
    """
    entity = shop.tables[TABLE]
    query = sa.select(entity).where(entity.c.entity_id == entity_id).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise errors.Unsupported(f"this shop has no customer {entity_id}")
    planned = _own_row(entity, dict(row), now.replace(microsecond=0))
    planned += _values(connection, shop, entity_id)
    planned += changes.removal(connection, shop.tables, ["customer_address_entity"], entity_id, "parent_id")
    planned += changes.removal(connection, shop.tables, GOING, entity_id)
    for name, column in BY_ADDRESS if row["email"] else ():
        found = changes.removal(connection, shop.tables, [name], row["email"], column)
        planned += [change for change in found if (change.before or {}).get("ip") != doors.NO_ADDRESS]
    for name, column, value in NAMED:
        planned += _renamed(connection, shop, name, column, value, entity_id)
    return planned + aftermath.farewell(connection, shop, dict(row), now)


def _own_row(entity: sa.Table, row: Mapping[str, Any], moment: datetime) -> list[changes.RowChange]:
    wanted: dict[str, Any] = {column.name: None for column in entity.columns if column.nullable}
    wanted |= {**NAMES, "email": address(row["entity_id"])}
    after = {c: v for c, v in wanted.items() if c not in KEPT and row[c] != v}
    if after:
        after["updated_at"] = moment
    before = {column: row[column] for column in after}
    return [changes.RowChange(TABLE, {"entity_id": row["entity_id"]}, before, after)] if after else []


def _values(connection: sa.Connection, shop: shop.Shop, entity_id: int) -> list[changes.RowChange]:
    """Plan that every custom attribute's value goes: who can say which of them is not personal."""
    found: list[changes.RowChange] = []
    tables = {a.table for a in shop.catalog.customer.values() if not a.static and not a.subscription}
    for name in sorted(tables & set(shop.tables)):
        table = shop.tables[name]
        for row in connection.execute(sa.select(table).where(table.c.entity_id == entity_id)).mappings():
            key = {"entity_id": entity_id, "attribute_id": row["attribute_id"]}
            found.append(changes.RowChange(name, key, dict(row), None))
    return found


def _renamed(
    connection: sa.Connection, shop: shop.Shop, name: str, column: str, value: str | None, entity_id: int
) -> list[changes.RowChange]:
    table = shop.tables.get(name)
    if table is None:
        return []
    key = next(iter(table.primary_key.columns)).name
    query = sa.select(table.c[key], table.c[column]).where(table.c.customer_id == entity_id)
    return [
        changes.RowChange(name, {key: row[0]}, {column: row[1]}, {column: value})
        for row in connection.execute(query)
        if row[1] != value
    ]
