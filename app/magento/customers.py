"""In charge of customers: find, create, change and remove them as Magento's save would (facts 1, 5, 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.magento import aftermath, catalog, changes, errors, numbering, plans, shop, uniqueness, values

TABLE = "customer_entity"
# What changing a customer needs to know whatever is changed.
ALWAYS = (
    *("website_id", "store_id", "group_id", "email", "is_active", "password_hash", "rp_token"),
    *("rp_token_created_at", "failures_num", "first_failure", "lock_expires", "session_cutoff", "updated_at"),
)


@dataclass(frozen=True)
class Customer:
    """A customer as it stands: attribute code -> value as stored, None where there is none.

    hollow: custom attributes that have a value row with NULL in it, as some extensions leave behind.
    """

    entity_id: int
    data: Mapping[str, Any]
    hollow: frozenset[str] = frozenset()


def fetch(
    connection: sa.Connection,
    shop: shop.Shop,
    ids: Iterable[int],
    codes: Iterable[str] | None = None,
    lock: bool = False,
) -> dict[int, Customer]:
    """Read customers in two statements, whatever their number; unknown ids are left out.

    codes: the attributes wanted besides ALWAYS, all readable ones for None. lock: hold the rows until the
    transaction ends.
    """
    wanted_ids = sorted(set(ids))
    if not wanted_ids:
        return {}
    attributes = _wanted(shop, codes)
    entity = shop.tables[TABLE]
    columns = [entity.c[a.column] for a in attributes if a.static and a.column != "entity_id"]
    statement = sa.select(entity.c.entity_id, *columns).where(entity.c.entity_id.in_(wanted_ids))
    statement = statement.order_by(entity.c.entity_id)
    if lock:
        statement = statement.with_for_update()
    none = dict.fromkeys(a.code for a in attributes)
    found = {row["entity_id"]: {**none, **row} for row in connection.execute(statement).mappings()}
    custom = {a.attribute_id: a for a in attributes if not a.static}
    hollow: dict[int, set[str]] = {}
    if found and custom:
        for entity_id, attribute_id, *typed in connection.execute(_values(shop, custom, list(found))):
            code, value = custom[attribute_id].code, next((v for v in typed if v is not None), None)
            found[entity_id][code] = value
            if value is None:
                hollow.setdefault(entity_id, set()).add(code)
    return {i: Customer(i, data, frozenset(hollow.get(i, ()))) for i, data in found.items()}


def find_by_email(connection: sa.Connection, shop: shop.Shop, email: str, website_id: int | None) -> list[int]:
    """Find customers by e-mail as the database compares: without case, accents, trailing blanks (facts 2.1).

    website_id: None looks on all websites. What no Magento could have stored is found nowhere; asking the
    database would only make it convert every row.
    """
    if not values.storable(email):
        return []
    entity = shop.tables[TABLE]
    statement = sa.select(entity.c.entity_id).where(entity.c.email == email).order_by(entity.c.entity_id)
    if website_id is not None:
        statement = statement.where(entity.c.website_id == website_id)
    return list(connection.execute(statement).scalars())


def normalize(shop: shop.Shop, attribute: catalog.Attribute, value: Any, website_id: int | None = None) -> Any:
    """Turn a value into the stored one or raise Rejected; see values.normalize."""
    return values.normalize(shop, attribute, value, website_id)


def equal(attribute: catalog.Attribute, wanted: Any, stored: Any) -> bool:
    """Say whether a stored value is the wanted one; see values.equal."""
    return values.equal(attribute, stored, wanted)


def create(
    connection: sa.Connection,
    shop: shop.Shop,
    data: Mapping[str, Any],
    now: datetime,
    *,
    password_hash: str | None = None,
) -> int:
    """Create a customer with its value rows and grid row; give its entity_id.

    Raises Rejected; Duplicate when the e-mail is taken (the database's key decides, at the latest in
    transaction()) or another attribute's value that must be unique.
    """
    planned = plans.create(shop, data, now, password_hash=password_hash)
    uniqueness.refuse_taken(connection, shop, planned)
    if shop.settings.flag("customer/create_account/generate_human_friendly_id"):
        number = {"increment_id": numbering.next_number(connection, shop)}
        planned[0] = replace(planned[0], after={**(planned[0].after or {}), **number})
    done = changes.execute(connection, shop.tables, planned)
    entity_id = int(done[0].key["entity_id"])
    aftermath.grid(connection, shop, [entity_id])
    return entity_id


def change(
    connection: sa.Connection,
    shop: shop.Shop,
    customer: Customer,
    desired: Mapping[str, Any],
    now: datetime,
    *,
    password_hash: str | None = None,
    orders: bool = True,
) -> bool:
    """Write the desired values and what follows from them; give whether anything was written.

    customer: fetched with lock=True in this transaction. orders: orders carrying the old e-mail follow it.
    """
    planned = plans.change(shop, customer, desired, now, password_hash=password_hash)
    if not planned:
        return False
    write(connection, shop, customer, planned, orders=orders)
    return True


def write(
    connection: sa.Connection,
    shop: shop.Shop,
    customer: Customer,
    planned: list[changes.RowChange],
    *,
    orders: bool = True,
) -> list[changes.RowChange]:
    """Execute a planned change with its consequences (facts 5.1) and give all changes executed."""
    uniqueness.refuse_taken(connection, shop, planned, customer.entity_id)
    follow = aftermath.consequences(connection, shop, customer.entity_id, planned, orders=orders)
    done = changes.execute(connection, shop.tables, [*planned, *follow])
    aftermath.grid(connection, shop, [customer.entity_id])
    return done


def remove(connection: sa.Connection, shop: shop.Shop, entity_id: int, now: datetime) -> list[changes.RowChange]:
    """Delete a customer as Magento does (facts 6.1); give the changes executed, none when it is not there.

    Rows that hang on the customer by foreign keys go by the database's cascade.
    """
    entity = shop.tables[TABLE]
    row = (
        connection.execute(sa.select(entity).where(entity.c.entity_id == entity_id).with_for_update())
        .mappings()
        .first()
    )
    if row is None:
        return []
    planned = [changes.RowChange(TABLE, {"entity_id": entity_id}, dict(row), None)]
    planned += aftermath.farewell(connection, shop, dict(row), now)
    done = changes.execute(connection, shop.tables, planned)
    aftermath.forget(connection, shop, [entity_id])
    return done


def _wanted(shop: shop.Shop, codes: Iterable[str] | None) -> list[catalog.Attribute]:
    known = shop.catalog.customer
    if codes is None:
        return [attribute for attribute in known.values() if attribute.readable]
    codes = list(codes)
    unknown = [code for code in codes if code not in known or not known[code].readable]
    if unknown:
        raise errors.Unsupported(f"this shop's customers have no attribute {', '.join(unknown)}")
    return [known[code] for code in dict.fromkeys((*ALWAYS, *codes))]


def _values(shop: shop.Shop, custom: Mapping[int | None, catalog.Attribute], ids: list[int]) -> sa.CompoundSelect[Any]:
    """One statement over all value tables, a column for each, so that no value changes its type."""
    tables = sorted({attribute.table for attribute in custom.values()})
    selects = []
    for name in tables:
        table = shop.tables[name]
        attribute_ids = [i for i, attribute in custom.items() if attribute.table == name]
        typed = [table.c.value if other == name else sa.null() for other in tables]
        labelled = [column.label(f"v{position}") for position, column in enumerate(typed)]
        selects.append(
            sa.select(table.c.entity_id, table.c.attribute_id, *labelled).where(
                table.c.entity_id.in_(ids), table.c.attribute_id.in_(attribute_ids)
            )
        )
    return sa.union_all(*selects)
