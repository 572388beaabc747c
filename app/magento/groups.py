"""In charge of customer groups: finds them, plans to create, rename and remove them (facts 7)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.magento import changes, errors, placement, shop, values

LONGEST = 32
GUESTS = placement.GUESTS
ALL_GROUPS = 32000  # a constant of Magento's that no group may have as its id
DEFAULT_GROUP = placement.DEFAULT_GROUP
NEW = changes.New("group")
BLOCKED = "Deactivated (no login)"  # the group of those who may log in to no website

Shorten = Callable[[str, Callable[[str], bool]], str]


@dataclass(frozen=True)
class Group:
    """A customer group as it stands. excluded: websites it may not log in to."""

    group_id: int
    code: str
    tax_class_id: int
    excluded: frozenset[int] = frozenset()


def fetch(connection: sa.Connection, shop: shop.Shop, lock: bool = False) -> dict[int, Group]:
    """Read every group by its id, guests included, in two statements."""
    table = shop.tables["customer_group"]
    statement = sa.select(table.c.customer_group_id, table.c.customer_group_code, table.c.tax_class_id)
    statement = statement.order_by(table.c.customer_group_id)
    rows = connection.execute(statement.with_for_update() if lock else statement).all()
    excluded: dict[int, set[int]] = {}
    websites = shop.tables.get("customer_group_excluded_website")
    if websites is not None:
        for group_id, website_id in connection.execute(sa.select(websites.c.customer_group_id, websites.c.website_id)):
            excluded.setdefault(group_id, set()).add(website_id)
    return {i: Group(i, code, tax, frozenset(excluded.get(i, ()))) for i, code, tax in rows}


def find(connection: sa.Connection, shop: shop.Shop, code: str) -> int | None:
    """Find a group by its code as the database compares: without case and accents. The oldest, if several."""
    table = shop.tables["customer_group"]
    return connection.execute(
        sa.select(table.c.customer_group_id)
        .where(table.c.customer_group_code == code)
        .order_by(table.c.customer_group_id)
        .limit(1)
    ).scalar()


def shorten(code: str, taken: Callable[[str], bool]) -> str:
    """Cut a long code to 32 characters; when that is taken, end it in a mark made from the whole code.

    The same code always gives the same two candidates, so a second try finds the first one's group.
    """
    short = code[:LONGEST].rstrip()
    if not taken(short):
        return short
    mark = hashlib.sha256(code.encode()).hexdigest()[:6]
    return f"{code[: LONGEST - 7].rstrip()}~{mark}"


def create(
    connection: sa.Connection,
    shop: shop.Shop,
    code: str,
    *,
    tax_class_id: int | None = None,
    shorten: Shorten = shorten,
) -> list[changes.RowChange]:
    """Plan a group; its row comes first, its id is NEW. Its writers go one by one.

    tax_class_id: that of the shop's default group for None. Raises Duplicate("customer_group_code", …) when
    the code is taken, Rejected for an empty code or a tax class that is none of customers'.
    """
    queue(connection, shop)
    stored = _code(connection, shop, code, shorten)
    row = {"customer_group_code": stored, "tax_class_id": _tax_class(connection, shop, tax_class_id)}
    return [changes.RowChange("customer_group", {"customer_group_id": NEW}, None, row)]


def made(done: list[changes.RowChange]) -> int:
    """Give the id of the group whose plan was carried out. Raises Changed, so that all is done again with the next id,
    when the database gave the one that no group may have.
    """
    group_id = int(done[0].key["customer_group_id"])
    if group_id == ALL_GROUPS:
        raise errors.Changed("customer_group", group_id)
    return group_id


def rename(
    connection: sa.Connection, shop: shop.Shop, group_id: int, code: str, *, shorten: Shorten = shorten
) -> list[changes.RowChange]:
    """Plan that a group gets another code; nothing where it has it. Raises as create does."""
    queue(connection, shop)
    group = fetch(connection, shop).get(group_id)
    if group is None:
        raise errors.Rejected("group_id", f"this shop has no customer group {group_id}")
    if group_id == GUESTS:
        raise errors.Rejected("customer_group_code", "the guests' group keeps its name")
    if code == group.code:
        return []
    stored = _code(connection, shop, code, shorten, group_id)
    if stored == group.code:
        return []
    before, after = {"customer_group_code": group.code}, {"customer_group_code": stored}
    return [changes.RowChange("customer_group", {"customer_group_id": group_id}, before, after)]


def remove(connection: sa.Connection, shop: shop.Shop, group_id: int, now: datetime) -> list[changes.RowChange]:
    """Plan to delete a group; its customers go to the default group of their store view. now: naive UTC.

    Nothing where there is none. Raises Rejected for the guests' group and for a default group of any store
    view. Rows of price and cart rules go by the database's cascade.
    """
    if group_id == GUESTS:
        raise errors.Rejected("group_id", "the guests' group cannot be deleted")
    defaults = _defaults(shop)
    if group_id in defaults.values():
        stores = ", ".join(str(store) for store, group in defaults.items() if group == group_id and store)
        raise errors.Rejected(
            "group_id",
            f"it is the default group of store view {stores or 'none but the default'}: change {DEFAULT_GROUP} first",
        )
    queue(connection, shop)
    planned = _moves(connection, shop, group_id, defaults, now)
    for name, column in (("customer_group_excluded_website", "customer_group_id"), ("customer_group", None)):
        table = shop.tables.get(name)
        if table is None:
            continue
        key = next(iter(table.primary_key.columns)).name
        rows = connection.execute(sa.select(table).where(table.c[column or key] == group_id)).mappings()
        planned += [changes.RowChange(name, {key: row[key]}, dict(row), None) for row in rows]
    return planned if planned and planned[-1].table == "customer_group" else []


def queue(connection: sa.Connection, shop: shop.Shop) -> None:
    """Hold the guests' group, which always exists: codes have no key, so their writers go one by one."""
    table = shop.tables["customer_group"]
    connection.execute(
        sa.select(table.c.customer_group_id).where(table.c.customer_group_id == GUESTS).with_for_update()
    ).all()


def _code(connection: sa.Connection, shop: shop.Shop, code: str, shorten: Shorten, group_id: int | None = None) -> str:
    def taken(candidate: str) -> bool:
        return find(connection, shop, candidate) not in (None, group_id)

    stored = code.strip() if len(code.strip()) <= LONGEST else shorten(code.strip(), taken)
    if not stored:
        raise errors.Rejected("customer_group_code", "a customer group needs a name")
    if len(stored) > LONGEST:
        raise errors.Rejected("customer_group_code", f"it is longer than {LONGEST} characters")
    values.refuse_unstorable("customer_group_code", stored)
    if taken(stored):
        raise errors.Duplicate("customer_group_code", stored)
    return stored


def _tax_class(connection: sa.Connection, shop: shop.Shop, tax_class_id: int | None) -> int:
    group, classes = shop.tables["customer_group"], shop.tables.get("tax_class")
    if tax_class_id is None:
        default = shop.settings.number(DEFAULT_GROUP)
        found = connection.execute(sa.select(group.c.tax_class_id).where(group.c.customer_group_id == default)).scalar()
        tax_class_id = found if found is not None else 3
    if classes is not None:
        kind = connection.execute(sa.select(classes.c.class_type).where(classes.c.class_id == tax_class_id)).scalar()
        if kind != "CUSTOMER":
            raise errors.Rejected("tax_class_id", f"{tax_class_id} is no tax class of customers")
    return tax_class_id


def _defaults(shop: shop.Shop) -> dict[int | None, int]:
    """Give the default group of every store view; None: where a customer has no store view."""
    settings = shop.settings
    found: dict[int | None, int] = {None: settings.number(DEFAULT_GROUP)}
    return found | {store: settings.number(DEFAULT_GROUP, store_id=store) for store in shop.stores.stores}


def _moves(
    connection: sa.Connection, shop: shop.Shop, group_id: int, defaults: dict[int | None, int], now: datetime
) -> list[changes.RowChange]:
    """Plan that a group's customers move to the default groups of their store views, holding their rows."""
    entity = shop.tables["customer_entity"]
    columns = (entity.c.entity_id, entity.c.store_id, entity.c.updated_at)
    rows = connection.execute(
        sa.select(*columns).where(entity.c.group_id == group_id).order_by(entity.c.entity_id).with_for_update()
    )
    moment = now.replace(microsecond=0)
    return [
        changes.RowChange(
            "customer_entity",
            {"entity_id": entity_id},
            {"group_id": group_id, "updated_at": updated_at},
            {"group_id": defaults.get(store_id, defaults[None]), "updated_at": moment},
        )
        for entity_id, store_id, updated_at in rows
    ]
