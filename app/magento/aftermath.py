"""In charge of what Magento's save does beyond a customer's own rows: newsletter, carts, orders (facts 5)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from app.magento import changes, grid_rows, newsletter, shop
from app.sql import sending

log = logging.getLogger(__name__)

# A new group without price index rows sees no priced products; rules name groups too.
OF_GROUPS = ("catalog_product_price", "catalogrule_rule", "catalogrule_product")
DOORS = {"is_active", "lock_expires"}
CUSTOMER_TYPE = 3  # Magento's user type of customers in jwt_auth_revoked (facts 4.3)


def grid(
    connection: sa.Connection, shop: shop.Shop, done: Iterable[changes.RowChange], owners: Callable[[], set[int]]
) -> None:
    """Bring the grid up to date with executed changes of customers, their values and addresses (facts 5.2).

    The customer's own row need not be among them: within a second its updated_at stays what it is. owners: finds the
    customers whose addresses were changed, as far as the changes do not name them.
    """
    done, kept = list(done), {a.table for a in shop.catalog.customer.values() if not a.subscription}
    of_addresses = {attribute.table for attribute in shop.catalog.address.values()}
    gone = [c.key["entity_id"] for c in done if c.table == "customer_entity" and c.after is None]
    if gone:
        grid_rows.remove(connection, shop, gone)
    named = (_whole(change).get("parent_id") for change in done if change.table in of_addresses)
    changed = {_whole(c)["entity_id"] for c in done if c.table in kept} | owners()
    changed |= {parent for parent in named if parent is not None}
    grid_rows.rewrite(connection, shop, sorted(changed - set(gone)))


def owners(
    connection: sa.Connection, shop: shop.Shop, planned: Iterable[changes.RowChange], owner: int | None = None
) -> Callable[[], set[int]]:
    """Ask for the customers whose addresses are to be changed where the changes do not name them, and give the answer.

    A change of one or two columns does not. owner: who it is, where that is known.
    """
    kept = {attribute.table for attribute in shop.catalog.address.values()}
    some = [_whole(change) for change in planned if change.table in kept]
    ids = (row["entity_id"] for row in some if row.get("parent_id") is None)
    nameless = {entity_id for entity_id in ids if isinstance(entity_id, int)}  # a new one's own row names its customer
    if not nameless or owner is not None:
        return lambda: {owner} if nameless and owner is not None else set()
    table = shop.tables["customer_address_entity"]
    query = sa.select(table.c.parent_id).where(sending.among(table.c.entity_id, "ids"))
    text = shop.prepared("addresses' owners", lambda: sending.Text(query, connection.dialect))
    answer = sending.soon(connection, sending.Order(text, {"ids": sorted(nameless)}))
    return lambda: {row[0] for row in answer().rows}


def _whole(change: changes.RowChange) -> dict[str, Any]:
    """Give what a change says of its row: undone, a value's row is known by its own number."""
    return {**change.key, **(change.before or {}), **(change.after or {})}


def consequences(
    connection: sa.Connection,
    shop: shop.Shop,
    planned: Iterable[changes.RowChange],
    *,
    orders: bool = True,
) -> list[changes.RowChange]:
    """Find the rows elsewhere that must follow planned changes of customers' rows (facts 5.1).

    A new e-mail: the customer's subscriptions, its open carts and, with orders, the orders that carry
    the old one. A new group: the open carts; their totals are counted again when the cart is next loaded.
    """
    planned = list(planned)
    changed = [c for c in planned if c.table == "customer_entity" and c.before and c.after]
    found = [row for change in changed for row in _consequences(connection, shop, change, orders)]
    subscribing = {c.after["customer_id"] for c in planned if c.table == newsletter.TABLE and not c.before and c.after}
    for change in changed:
        if change.key["entity_id"] not in subscribing and _subscribes(connection, shop, change):
            found += _subscriptions(connection, shop, change)
    return found


def _subscribes(connection: sa.Connection, shop: shop.Shop, change: changes.RowChange) -> bool:
    """Say whether a customer's change may be one of its subscription: its own, or as any save of Magento's (facts 11).

    Shutting and opening doors is no save of Magento's, and subscribes nobody.
    """
    columns = set(change.after or ())
    if {"email", "confirmation"} & columns:
        return True
    return not DOORS & columns and newsletter.waits(connection, shop, change.key["entity_id"])


def _subscriptions(connection: sa.Connection, shop: shop.Shop, change: changes.RowChange) -> list[changes.RowChange]:
    entity, entity_id, after = shop.tables["customer_entity"], change.key["entity_id"], change.after or {}
    row = connection.execute(sa.select(entity).where(entity.c.entity_id == entity_id)).mappings().first()
    now = after.get("updated_at") or datetime.now(UTC).replace(tzinfo=None)
    return newsletter.follow(connection, shop, entity_id, {**(row or {}), **after}, now)


def _consequences(
    connection: sa.Connection, shop: shop.Shop, change: changes.RowChange, orders: bool
) -> list[changes.RowChange]:
    entity_id, before, after = change.key["entity_id"], change.before or {}, change.after or {}
    email, group = after.get("email"), after.get("group_id")
    found: list[changes.RowChange] = []
    mine: Mapping[str, Any] = {"customer_id": entity_id}
    cart = {} if email is None else {"customer_email": email}
    if group is not None:
        cart["customer_group_id"] = group
    if cart:
        found += _following(connection, shop, "quote", {**mine, "is_active": 1}, cart)
    if email is not None and orders and before.get("email"):
        old = {**mine, "customer_email": before["email"]}
        found += _following(connection, shop, "sales_order", old, {"customer_email": email})
        found += _following(connection, shop, "sales_order_grid", old, {"customer_email": email})
    return found


def farewell(
    connection: sa.Connection, shop: shop.Shop, row: Mapping[str, Any], now: datetime
) -> list[changes.RowChange]:
    """Find what Magento's plugins write when a customer goes: subscriptions end, API tokens end (facts 6.1).

    row: the customer's row before.
    """
    found: list[changes.RowChange] = []
    until = revoked(connection, shop, row["entity_id"])
    table = shop.tables.get("newsletter_subscriber")
    if table is not None:
        stores = shop.stores.store_ids(None if shop.settings.shares_accounts() else row["website_id"] or 0)
        given = {"customer": row["entity_id"], "email": row["email"], "stores": list(stores) or [-1]}
        text = shop.prepared("subscriptions to go", lambda: sending.Text(_subscribed(table), connection.dialect))
        (answer,) = sending.ask(connection, sending.Order(text, given))
        for subscription in (dict(zip(answer.names, each, strict=True)) for each in answer.rows):
            key = {"subscriber_id": subscription["subscriber_id"]}
            found.append(changes.RowChange("newsletter_subscriber", key, subscription, None))
    return found + revoke_tokens(until, row["entity_id"], now)


def _subscribed(table: sa.Table) -> sa.CompoundSelect[Any]:
    """Make the statement that finds a customer's subscriptions: not by OR, since each half has an index."""
    same = (table.c.subscriber_email == sa.bindparam("email"), sending.among(table.c.store_id, "stores"))
    mine = sa.select(table).where(table.c.customer_id == sa.bindparam("customer"))
    return sa.union(mine, sa.select(table).where(*same))


Revoked = Callable[[], int | None]
"""Gives until when issued API tokens of a customer are refused, seconds since 1970."""


def revoked(connection: sa.Connection, shop: shop.Shop, entity_id: changes.Id) -> Revoked | None:
    """Ask until when a customer's API tokens are refused (facts 4.3: jwt_auth_revoked); None where nobody can tell."""
    asked = [] if isinstance(entity_id, changes.New) else asked_of_tokens(shop, entity_id)
    if not asked:
        return None
    answer = sending.soon(connection, asked[0])
    place = asked[0].text.names.index("revoke_before")
    return lambda: answer().rows[0][place] if answer().rows else None


def asked_of_tokens(shop: shop.Shop, entity_id: int) -> list[sending.Order]:
    """Give what `revoked` will ask."""
    table = shop.tables.get("jwt_auth_revoked")
    if table is None:
        return []
    text = sending.select(table, shop.engine.dialect, ("user_type_id", "user_id"))
    return [sending.Order(text, sending.where(_of(entity_id)))]


def _of(entity_id: int) -> dict[str, int]:
    return {"user_type_id": CUSTOMER_TYPE, "user_id": entity_id}


def revoke_tokens(until: Revoked | None, entity_id: changes.Id, now: datetime) -> list[changes.RowChange]:
    """Plan that every API token issued until now is refused. until: see `revoked`; now: naive UTC."""
    if until is None or isinstance(entity_id, changes.New):
        return []
    key, standing = _of(entity_id), until()
    moment = int(now.replace(tzinfo=UTC).timestamp())
    if standing is not None and standing >= moment:
        return []
    before = None if standing is None else {"revoke_before": standing}
    return [changes.RowChange("jwt_auth_revoked", key, before, {"revoke_before": moment})]


def _following(
    connection: sa.Connection,
    shop: shop.Shop,
    name: str,
    condition: Mapping[str, Any],
    wanted: Mapping[str, Any],
) -> list[changes.RowChange]:
    """Plan updates of the rows under condition whose columns are not as wanted; one change per row."""
    table = shop.tables.get(name)
    if table is None:
        return []
    fitting = {column: value for column, value in wanted.items() if _fits(table, column, value)}
    key = next(iter(table.primary_key.columns)).name
    rows = connection.execute(
        sa.select(table.c[key], *(table.c[column] for column in fitting)).where(
            *(table.c[column] == value for column, value in condition.items())
        )
    ).mappings()
    found = []
    for row in sorted(rows, key=lambda row: int(row[key])):
        after = {column: value for column, value in fitting.items() if row[column] != value}
        if after:
            before = {column: row[column] for column in after}
            found.append(changes.RowChange(name, {key: row[key]}, before, after))
    return found


def _fits(table: sa.Table, column: str, value: Any) -> bool:
    """These tables keep shorter e-mails than customers may have; half an address would be a wrong one."""
    length = getattr(table.c[column].type, "length", None)
    if isinstance(value, str) and length is not None and len(value) > length:
        log.warning("%s.%s keeps %d characters: %s stays as it is", table.name, column, length, column)
        return False
    return True


def indexes(connection: sa.Connection, shop: shop.Shop, done: Iterable[changes.RowChange]) -> None:
    """Have Magento's cron rebuild what hangs on groups when one was made or deleted (facts 7)."""
    if any(c.table == "customer_group" and (c.before is None or c.after is None) for c in done):
        invalidate(connection, shop, OF_GROUPS, datetime.now(UTC).replace(tzinfo=None))


def invalidate(connection: sa.Connection, shop: shop.Shop, indexers: Sequence[str], now: datetime) -> None:
    """Have Magento's cron rebuild these indexes (facts 5.2)."""
    table = shop.tables.get("indexer_state")
    if table is None:
        log.warning("the shop has no table of indexer states: reindex %s by hand", ", ".join(indexers))
        return
    connection.execute(
        table.update()
        .where(table.c.indexer_id.in_(indexers), table.c.status != "invalid")
        .values(status="invalid", updated=now.replace(microsecond=0))
    )
