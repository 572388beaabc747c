"""In charge of every way into a customer's account: shut for a leaver, opened again (facts 4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.magento import aftermath, changes, customers, shop

TABLE = "customer_entity"
LOCKED_UNTIL = datetime(2037, 12, 31, 23, 59, 59)  # TIMESTAMP ends in January 2038
# Counts up by one per wrong captcha; only at 1 would Magento lift the lock, at 10 shorten it (facts 4.2).
FAILURES = -32768
# Rows that let somebody in or wait to; all optional, found by customer_id.
KEYS_IN_HAND = ("oauth_token", "persistent_session", "login_as_customer")


def is_shut(customer: customers.Customer) -> bool:
    """Say whether the marker and the lock stand as shut() leaves them."""
    data = customer.data
    return bool(
        not data["is_active"]
        and data["lock_expires"] is not None
        and data["lock_expires"] >= LOCKED_UNTIL
        and data["first_failure"] is not None
        and data["failures_num"] is not None
        and data["failures_num"] < 0
    )


def shut(
    connection: sa.Connection, shop: shop.Shop, customer: customers.Customer, now: datetime
) -> list[changes.RowChange]:
    """Plan to shut every door: marker, lock, reset link, sessions, API tokens, cart cookie, admin's pending logins.

    customer: fetched with lock=True in this transaction, or a newcomer. now: naive UTC. Nothing is planned
    when all doors are shut already. Sessions and tokens are cut again whenever a door had come open. Visitor
    rows stay: without them the session cut does nothing. Source: facts 4.3, 4.5.
    """
    moment = now.replace(microsecond=0)
    row: dict[str, Any] = {}
    planned = _keys_in_hand(connection, shop, customer.entity_id)
    if not is_shut(customer) or customer.data["session_cutoff"] is None:
        row = {
            "is_active": 0,
            "lock_expires": LOCKED_UNTIL,
            "first_failure": moment,
            "failures_num": FAILURES,
        }
    if customer.data["rp_token"] is not None or customer.data["rp_token_created_at"] is not None:
        row |= {"rp_token": None, "rp_token_created_at": None}
    if row or planned or not _tokens_revoked(connection, shop, customer.entity_id):
        row["session_cutoff"] = moment
        planned += aftermath.revoke_tokens(connection, shop, customer.entity_id, moment)
    return _with_row(customer, row, planned, moment)


def open(customer: customers.Customer, now: datetime) -> list[changes.RowChange]:
    """Plan to take marker and lock off; never the session cut, which would revive old sessions (facts 4.3).

    A lock that Magento itself set for a while after wrong passwords stays. customer, now: as for shut().
    """
    data = customer.data
    row: dict[str, Any] = {}
    if not data["is_active"]:
        row["is_active"] = 1
    if row or (data["lock_expires"] is not None and data["lock_expires"] >= LOCKED_UNTIL):
        row |= {"failures_num": 0, "first_failure": None, "lock_expires": None}
    return _with_row(customer, row, [], now.replace(microsecond=0))


def _with_row(
    customer: customers.Customer,
    row: dict[str, Any],
    others: list[changes.RowChange],
    moment: datetime,
) -> list[changes.RowChange]:
    after = {column: value for column, value in row.items() if customer.data[column] != value}
    planned = list(others)
    if after:
        after["updated_at"] = moment
        before = {column: customer.data[column] for column in after}
        planned.insert(0, changes.RowChange(TABLE, {"entity_id": customer.entity_id}, before, after))
    return planned


def _keys_in_hand(connection: sa.Connection, shop: shop.Shop, entity_id: changes.Id) -> list[changes.RowChange]:
    found: list[changes.RowChange] = []
    for name in () if isinstance(entity_id, changes.New) else KEYS_IN_HAND:
        table = shop.tables.get(name)
        if table is None:
            continue
        key = next(iter(table.primary_key.columns)).name
        for row in connection.execute(sa.select(table).where(table.c.customer_id == entity_id)).mappings():
            found.append(changes.RowChange(name, {key: row[key]}, dict(row), None))
    return found


def _tokens_revoked(connection: sa.Connection, shop: shop.Shop, entity_id: changes.Id) -> bool:
    table = shop.tables.get("jwt_auth_revoked")
    if table is None or isinstance(entity_id, changes.New):
        return True
    mine = sa.and_(table.c.user_type_id == aftermath.CUSTOMER_TYPE, table.c.user_id == entity_id)
    return connection.execute(sa.select(table.c.revoke_before).where(mine)).first() is not None
