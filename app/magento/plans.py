"""In charge of planning: which rows a customer's new values come to. Writes no row (facts 1, 6, 8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.magento import (
    aftermath,
    cascades,
    catalog,
    changes,
    customers,
    errors,
    newsletter,
    numbering,
    placement,
    shop,
    value_rows,
    values,
)
from app.sql import sending

TABLE = "customer_entity"
NEWSLETTER = catalog.NEWSLETTER.code
HUMAN_NUMBER = "customer/create_account/generate_human_friendly_id"


def missing(shop: shop.Shop, data: Mapping[str, Any], website_id: int | None = None) -> list[str]:
    """Name the attributes this shop requires of a new customer that data leaves empty (facts 2.3).

    Website, store view and group are not among them: create finds them itself.
    """
    website_id = website_id or shop.stores.default_website_id()
    return [
        code
        for code, attribute in shop.catalog.customer.items()
        if attribute.required_on(website_id) and code not in catalog.FILLED and values.is_empty(data.get(code))
    ]


def create(
    connection: sa.Connection,
    shop: shop.Shop,
    data: Mapping[str, Any],
    now: datetime,
    *,
    password_hash: str | None = None,
) -> list[changes.RowChange]:
    """Plan the rows of a new customer: the entity row, first, and one value row per custom attribute (facts 1).

    data: attribute code -> value; website, store view, group and created_in are found where they are missing.
    now: naive UTC. The customer's id is changes.NEW. Raises Rejected.
    """
    subscribe = _subscribe(shop, data)
    placed = placement.new(shop, {code: value for code, value in data.items() if code != NEWSLETTER})
    website_id = placed["website_id"]
    for code in missing(shop, placed, website_id):
        raise errors.Rejected(code, "this shop requires it: give a value that is not empty")
    stored = {
        code: values.normalize(shop, _writable(shop, code), value, website_id)
        for code, value in placed.items()
        if not values.is_empty(value)
    }
    row = {code: value for code, value in stored.items() if shop.catalog.customer[code].static}
    moment = now.replace(microsecond=0)
    row |= {"created_at": moment, "updated_at": moment}
    if password_hash is not None:
        row["password_hash"] = password_hash
    planned = [changes.RowChange(TABLE, {"entity_id": changes.NEW}, None, row)]
    if shop.settings.flag(HUMAN_NUMBER):
        row["increment_id"], taken = numbering.take(connection, shop)
        planned.append(taken)
    custom = [shop.catalog.customer[code] for code in stored if not shop.catalog.customer[code].static]
    for attribute in sorted(custom, key=lambda a: (a.table, a.attribute_id)):
        planned.append(value_rows.plan(attribute, changes.NEW, stored[attribute.code], None))
    return planned + newsletter.welcome(connection, shop, row, subscribe, now)


def change(
    shop: shop.Shop,
    customer: customers.Customer,
    desired: Mapping[str, Any],
    now: datetime,
    *,
    password_hash: str | None = None,
) -> list[changes.RowChange]:
    """Plan what must be written for the customer to hold the desired values; nothing when it does already.

    customer must have been fetched with the codes of desired. Only columns and value rows that differ are
    written, and updated_at; a new e-mail or password ends the reset link, a new password every session
    (facts 3.3, 5.1). now: naive UTC. Raises Rejected.
    """
    moment = now.replace(microsecond=0)
    website_id = customer.data.get("website_id")
    row: dict[str, Any] = {}
    rows: list[changes.RowChange] = []
    for code, value in placement.moved(shop, customer.data, desired).items():
        attribute = _writable(shop, code)
        if attribute.subscription:
            continue
        current = customer.data[code]
        if current == value or (attribute.type == "string" and values.equal(attribute, current, value)):
            continue  # also where today's rules would refuse it
        wanted = values.normalize(shop, attribute, value, website_id)
        if values.equal(attribute, current, wanted):
            continue
        if attribute.static:
            row[code] = wanted
        else:
            there = current is not None or code in customer.hollow
            rows.append(value_rows.plan(attribute, customer.entity_id, wanted, {"value": current} if there else None))
    changes_password = password_hash not in (None, customer.data["password_hash"])
    if changes_password:
        row |= {"password_hash": password_hash, "session_cutoff": moment}
    if NEWSLETTER in desired:
        reader = newsletter.reader(shop, customer.entity_id, {**customer.data, **row})
        rows += newsletter.plan(shop, reader, customer.subscription, _subscribe(shop, desired) or False, now)
    if "email" in row or changes_password:
        row |= {c: None for c in ("rp_token", "rp_token_created_at") if customer.data.get(c) is not None}
    if not row and not rows:
        return []
    row["updated_at"] = moment
    before = {code: customer.data.get(code) for code in row}
    rows.sort(key=lambda change: (change.table, change.key.get("attribute_id", 0)))
    return [changes.RowChange(TABLE, {"entity_id": customer.entity_id}, before, row), *rows]


def newcomer(shop: shop.Shop, planned: Iterable[changes.RowChange]) -> customers.Customer:
    """Give the customer that create() planned as it will stand: what is left out has the database's defaults."""
    row = next(change.after or {} for change in planned if change.table == TABLE)
    columns = shop.tables[TABLE].columns
    defaults = {column.name: row.get(column.name) for column in columns}
    given = {"is_active": 1, "failures_num": 0, "disable_auto_group_change": 0}
    return customers.Customer(changes.NEW, {**defaults, **given, **row})


def remove(
    connection: sa.Connection, shop: shop.Shop, entity_id: int, now: datetime, addresses: Iterable[int] = ()
) -> list[changes.RowChange]:
    """Plan a customer's removal as Magento does it (facts 6.1), holding its row; nothing when it is not there.

    Rows that hang on the customer by foreign keys go by the database's cascade. now: naive UTC. addresses: those of the
    customer's that are known, so that what hangs on them is asked ahead.
    """
    answer = sending.ask(connection, _to_go(shop, entity_id))[0]
    if not answer.rows:
        return []
    row = dict(zip(answer.names, answer.rows[0], strict=True))
    below = [(f"{shop.prefix}customer_address_entity", {"entity_id": address}) for address in addresses]
    cascades.ask_ahead(connection, shop.cascades(), shop.prefix + TABLE, row, below)
    gone = changes.RowChange(TABLE, {"entity_id": entity_id}, row, None)
    return [gone, *aftermath.farewell(connection, shop, row, now)]


def asked_of_removal(shop: shop.Shop, entity_id: int) -> list[sending.Order]:
    """Give what `remove` will ask, and who writes what it plans."""
    hanging = cascades.asked_of(shop.cascades(), shop.engine.dialect, shop.prefix + TABLE, {"entity_id": entity_id})
    return [_to_go(shop, entity_id), *aftermath.asked_of_tokens(shop, entity_id), *hanging]


def _to_go(shop: shop.Shop, entity_id: int) -> sending.Order:
    entity = shop.tables[TABLE]

    def build() -> sending.Text:
        query = sa.select(entity).where(entity.c.entity_id == sa.bindparam("it")).with_for_update()
        return sending.Text(query, shop.engine.dialect)

    return sending.Order(shop.prepared("customer to go", build), {"it": entity_id})


def _subscribe(shop: shop.Shop, data: Mapping[str, Any]) -> bool | None:
    """Say whether the newsletter is wanted; None where data says nothing of it."""
    wanted = data.get(NEWSLETTER)
    return None if wanted is None else bool(int(values.normalize(shop, _writable(shop, NEWSLETTER), wanted)))


def _writable(shop: shop.Shop, code: str) -> catalog.Attribute:
    attribute = shop.catalog.customer.get(code)
    if attribute is None:
        raise errors.Rejected(code, "this shop's customers have no such attribute")
    if attribute.read_only_reason:
        raise errors.Rejected(code, f"it cannot be written: {attribute.read_only_reason}")
    return attribute
