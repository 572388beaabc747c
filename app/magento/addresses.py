"""In charge of addresses: finds them, says what one may hold, and plans their rows as Magento's save writes them.

Which of a customer's addresses are the default ones stands in the customer's row (facts 9).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.magento import catalog, changes, customers, errors, places, shop, value_rows, values
from app.sql import sending, wire

TABLE = "customer_address_entity"
DEFAULTS = {"billing": "default_billing", "shipping": "default_shipping"}  # kind -> column of the customer's row
ALWAYS = frozenset({"firstname", "lastname", "street", "city", "country_id"})  # Address/Validator/General, Country
FIRST = ("country_id", "region_id", "region")  # the order in which they are to be judged: one follows from another

Place = places.Place


@dataclass(frozen=True)
class Address:
    """An address as it stands: column or code of a custom attribute -> value as stored.

    hollow: custom attributes that have a value row with NULL in it.
    """

    entity_id: int
    parent_id: int
    data: Mapping[str, Any]
    hollow: frozenset[str] = frozenset()


# --- reading ---


def fetch(
    connection: sa.Connection, shop: shop.Shop, ids: Collection[int], *, lock: bool = False
) -> dict[int, Address]:
    """Read addresses by their ids in one statement, and one more where addresses have custom attributes.

    lock: hold the rows until the transaction ends; hold their customers first.
    """
    return _read(connection, shop, "entity_id", sorted(ids), lock) if ids else {}


def of(connection: sa.Connection, shop: shop.Shop, customer_id: int) -> dict[int, Address]:
    """Read all addresses of a customer, whose row is held, and hold them too."""
    return _read(connection, shop, "parent_id", [customer_id], lock=True)


def _read(connection: sa.Connection, shop: shop.Shop, key: str, ids: list[int], lock: bool) -> dict[int, Address]:
    """Read the addresses that have one of some ids in a column."""
    table = shop.tables[TABLE]

    def build() -> sending.Text:
        query = sa.select(table).where(sending.among(table.c[key], "ids")).order_by(table.c.entity_id)
        return sending.Text(query.with_for_update() if lock else query, shop.engine.dialect)

    text = shop.prepared(("addresses", key, lock), build)
    return read(connection, shop, sending.ask(connection, sending.Order(text, {"ids": ids}))[0])


def order(
    shop: shop.Shop, ids: Sequence[int], also: Callable[[str], sa.Select[Any]], *, lock: bool = False
) -> sending.Order:
    """Ask for the default addresses of customers, and for others of theirs; `read` reads the answer.

    also: makes the statement that gives the others' ids, by the customers' under the name that it is given.
    """

    def build() -> sending.Text:
        table, entity = shop.tables[TABLE], shop.tables[customers.TABLE]
        mine = sending.among(entity.c.entity_id, "ids")
        default = [sa.select(entity.c[column].label("address_id")).where(mine) for column in DEFAULTS.values()]
        wanted = sa.union(*default, also("ids")).subquery("wanted")
        query = sa.select(table).join(wanted, wanted.c.address_id == table.c.entity_id).order_by(table.c.entity_id)
        return sending.Text(query.with_for_update(of=table) if lock else query, shop.engine.dialect, kept=True)

    return sending.Order(shop.prepared(("addresses of customers", lock), build), {"ids": ids})


def read(connection: sa.Connection, shop: shop.Shop, answer: wire.Answer) -> dict[int, Address]:
    """Make addresses of their rows, in one statement more where addresses have custom attributes."""
    names = [column.name for column in shop.tables[TABLE].columns]
    rows = {row["entity_id"]: row for row in (dict(zip(names, each, strict=True)) for each in answer.rows)}
    custom = [a for a in shop.catalog.address.values() if not a.static and a.readable]
    more = value_rows.order(shop, custom, list(rows))
    extra = value_rows.held(custom, sending.ask(connection, more)[0]) if more else {}
    none = dict.fromkeys(a.code for a in custom)
    return {
        i: Address(
            i,
            row["parent_id"],
            {**none, **extra.get(i, {}), **row},
            frozenset(code for code, value in extra.get(i, {}).items() if value is None),
        )
        for i, row in rows.items()
    }


# --- what an address may hold ---


def requires(shop: shop.Shop, attribute: catalog.Attribute, place: Place) -> bool:
    """Say whether an address here must have a value: always, in this country, or by the attribute's flags."""
    if attribute.code == "region":
        return places.wants_region(shop, place)
    if attribute.code == "postcode":
        return places.wants_postcode(shop, place)
    return attribute.code in ALWAYS or attribute.required_on(place.website_id)


def missing(shop: shop.Shop, data: Mapping[str, Any], place: Place) -> list[catalog.Attribute]:
    """List the attributes that an address here must have and data leaves empty."""
    wanted = (a for a in shop.catalog.address.values() if requires(shop, a, place))
    return [a for a in wanted if values.is_empty(data.get(a.code)) and not a.read_only_reason]


def normalize(shop: shop.Shop, attribute: catalog.Attribute, value: Any, place: Place) -> Any:
    """Turn a value into the one that is stored in an address; raises Rejected. Order: as FIRST says."""
    if attribute.code == "street":
        value, attribute = _fitted(attribute, value, place)
    stored = values.normalize(shop, attribute, value, place.website_id)
    if values.is_empty(stored) and requires(shop, attribute, place):
        raise errors.Rejected(attribute.code, "this shop requires it: give a value that is not empty")
    judge = _JUDGES.get(attribute.code)
    return judge(shop, place, stored) if judge and stored is not None else stored


_JUDGES: Mapping[str, Callable[[Any, Place, Any], Any]] = {
    "country_id": places.country,
    "region_id": places.region_id,
    "region": places.region,
}


def _fitted(attribute: catalog.Attribute, value: Any, place: Place) -> tuple[Any, catalog.Attribute]:
    """Put the lines that the shop does not keep behind the last that it keeps (setting street_lines)."""
    lines, kept = [line.strip() for line in str(value or "").split("\n")], attribute.lines_on(place.website_id)
    lines = [line for line in lines if line]
    if kept and len(lines) > kept:
        lines[kept - 1 :] = [", ".join(lines[kept - 1 :])]
    return "\n".join(lines), replace(attribute, multiline_count=kept)


def equal(attribute: catalog.Attribute, stored: Any, wanted: Any) -> bool:
    """Say whether a stored value is the wanted one; a region's number 0 is none."""
    if attribute.code == "region_id":
        return (stored or None) == (wanted or None)
    return values.equal(attribute, stored, wanted)


def holds(shop: shop.Shop, address: Address, wanted: Mapping[str, Any]) -> bool:
    """Say whether an address has all of the wanted values."""
    return all(equal(shop.catalog.address[code], address.data.get(code), value) for code, value in wanted.items())


# --- planning ---


def create(
    shop: shop.Shop, name: str, parent_id: changes.Id, data: Mapping[str, Any], now: datetime
) -> list[changes.RowChange]:
    """Plan the rows of a new address, whose id is changes.New(name). data: as normalize gave it; now: naive UTC."""
    attributes, entity_id = shop.catalog.address, changes.New(name)
    moment = now.replace(microsecond=0)
    row: dict[str, Any] = {"parent_id": parent_id, "created_at": moment, "updated_at": moment}
    row |= {a.column: "" for a in attributes.values() if a.static and not a.nullable and a.type == "string"}
    row |= {code: value for code, value in data.items() if attributes[code].static and value is not None}
    planned = [changes.RowChange(TABLE, {"entity_id": entity_id}, None, row)]
    custom = [code for code, value in data.items() if not attributes[code].static and value is not None]
    return planned + [value_rows.plan(attributes[code], entity_id, data[code], None) for code in sorted(custom)]


def change(shop: shop.Shop, address: Address, wanted: Mapping[str, Any], now: datetime) -> list[changes.RowChange]:
    """Plan what must be written for an address to hold the wanted values, and updated_at; nothing when it does."""
    row: dict[str, Any] = {}
    rows: list[changes.RowChange] = []
    for code, value in sorted(wanted.items()):
        attribute, current = shop.catalog.address[code], address.data.get(code)
        if equal(attribute, current, value):
            continue
        if attribute.static:
            row[code] = value
        else:
            there = current is not None or code in address.hollow
            rows.append(value_rows.plan(attribute, address.entity_id, value, {"value": current} if there else None))
    if not row and not rows:
        return []
    row["updated_at"] = now.replace(microsecond=0)
    before = {code: address.data[code] for code in row}
    return [changes.RowChange(TABLE, {"entity_id": address.entity_id}, before, row), *rows]


def remove(shop: shop.Shop, address: Address) -> list[changes.RowChange]:
    """Plan that an address goes, its custom attributes' values first. Who has it as default is to let go of it."""
    held = {a.code: a for a in shop.catalog.address.values() if not a.static}
    rows = [
        value_rows.plan(held[code], address.entity_id, None, {"value": address.data[code]})
        for code in sorted(held)
        if address.data.get(code) is not None or code in address.hollow
    ]
    before = {column.name: address.data[column.name] for column in shop.tables[TABLE].columns}
    return [*rows, changes.RowChange(TABLE, {"entity_id": address.entity_id}, before, None)]


def settle(
    customer: customers.Customer, chosen: Mapping[str, changes.Id | None], gone: Iterable[int], now: datetime
) -> changes.RowChange:
    """Plan the customer's own row after a change of its addresses: updated_at, and the default addresses.

    chosen: kind ("billing", "shipping") -> the new default; gone: the addresses that are removed.
    """
    after: dict[str, Any] = {}
    for kind, column in DEFAULTS.items():
        current = customer.data.get(column)
        if kind in chosen:
            after[column] = chosen[kind]
        elif current is not None and current in set(gone):
            after[column] = None
    after = {column: value for column, value in after.items() if customer.data.get(column) != value}
    after["updated_at"] = now.replace(microsecond=0)
    before = {column: customer.data.get(column) for column in after}
    return changes.RowChange(customers.TABLE, {"entity_id": customer.entity_id}, before, after)
