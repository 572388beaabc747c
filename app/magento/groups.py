"""In charge of customer groups: find, create, rename and remove them with what hangs on them (facts 7)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.magento import aftermath, errors, grid_rows, shop, values

LONGEST = 32
GUESTS = 0
ALL_GROUPS = 32000  # a constant of Magento's that no group may have as its id
DEFAULT_GROUP = "customer/create_account/default_group"
# A new group without price index rows sees no priced products; rules name groups too.
INDEXERS = ("catalog_product_price", "catalogrule_rule", "catalogrule_product")

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
    now: datetime,
    *,
    tax_class_id: int | None = None,
    shorten: Shorten = shorten,
) -> int:
    """Create a group; give its id. now: naive UTC.

    tax_class_id: that of the shop's default group for None. Raises Duplicate("customer_group_code", …) when
    the code is taken, Rejected for an empty code or a tax class that is none of customers'.
    """
    _queue(connection, shop)
    stored = _code(connection, shop, code, shorten)
    table = shop.tables["customer_group"]
    row = {"customer_group_code": stored, "tax_class_id": _tax_class(connection, shop, tax_class_id)}
    group_id = int(connection.execute(table.insert().values(row)).lastrowid)
    if group_id == ALL_GROUPS:
        connection.execute(table.delete().where(table.c.customer_group_id == group_id))
        group_id = int(connection.execute(table.insert().values(row)).lastrowid)
    aftermath.invalidate(connection, shop, INDEXERS, now)
    return group_id


def rename(connection: sa.Connection, shop: shop.Shop, group_id: int, code: str, *, shorten: Shorten = shorten) -> bool:
    """Give a group another code; give whether anything was written. Raises as create does."""
    _queue(connection, shop)
    group = fetch(connection, shop).get(group_id)
    if group is None:
        raise errors.Rejected("group_id", f"this shop has no customer group {group_id}")
    if group_id == GUESTS:
        raise errors.Rejected("customer_group_code", "the guests' group keeps its name")
    if code == group.code:
        return False
    stored = _code(connection, shop, code, shorten, group_id)
    if stored == group.code:
        return False
    table = shop.tables["customer_group"]
    connection.execute(table.update().where(table.c.customer_group_id == group_id).values(customer_group_code=stored))
    return True


def remove(connection: sa.Connection, shop: shop.Shop, group_id: int, now: datetime) -> bool:
    """Delete a group; its customers go to the default group of their store view. now: naive UTC.

    Gives whether there was one. Raises Rejected for the guests' group and for a default group of any store
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
    _queue(connection, shop)
    table = shop.tables["customer_group"]
    if not connection.execute(table.delete().where(table.c.customer_group_id == group_id)).rowcount:
        return False
    _move_customers(connection, shop, group_id, defaults, now)
    excluded = shop.tables.get("customer_group_excluded_website")
    if excluded is not None:
        connection.execute(excluded.delete().where(excluded.c.customer_group_id == group_id))
    aftermath.invalidate(connection, shop, INDEXERS, now)
    return True


def _queue(connection: sa.Connection, shop: shop.Shop) -> None:
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


def _move_customers(
    connection: sa.Connection, shop: shop.Shop, group_id: int, defaults: dict[int | None, int], now: datetime
) -> None:
    """Move customers, their grid rows and open carts, a statement for each target group."""
    entity, grid, quote = shop.tables["customer_entity"], shop.grid, shop.tables.get("quote")
    moment = now.replace(microsecond=0)
    other = defaults[None]
    for target in sorted(set(defaults.values())):
        stores = [store for store, group in defaults.items() if group == target and store is not None]
        here: sa.ColumnElement[bool] = entity.c.store_id.in_(stores)
        if target == other:
            here = sa.or_(here, entity.c.store_id.is_(None))
        mine = sa.and_(entity.c.group_id == group_id, here)
        ids = sa.select(entity.c.entity_id).where(mine)
        if quote is not None:
            connection.execute(
                quote.update()
                .where(quote.c.is_active == 1, quote.c.customer_id.in_(ids))
                .values(customer_group_id=target)
            )
        if grid is not None and grid_rows.writable(connection, shop):
            connection.execute(
                grid.update().where(grid.c.group_id == group_id, grid.c.entity_id.in_(ids)).values(group_id=target)
            )
        connection.execute(entity.update().where(mine).values(group_id=target, updated_at=moment))
