"""In charge of users as executed changes leave them, without reading them again: the after-image of a write.

It is what the next request would read, value for value, else there is none: of whatever the database may have made
something else of a value, or of the row, nothing is supposed here, and the user is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import links
from app.magento import addresses, catalog, changes, columns, customers
from app.mapping import books, bridges, leaving, standing, ways

Rows = Iterable[changes.RowChange]
# Tables of which a user shows nothing.
ELSEWHERE = frozenset(
    {
        *("scim_email", "scim_external_id", "scim_shared_email", "scim_departure", "quote", "sales_order"),
        *("jwt_auth_revoked", "oauth_token", "persistent_session", "login_as_customer", "password_reset_request_event"),
    }
)


class _Unknown(Exception):
    """What a user is after some changes only the database can tell."""


def of(bridge: bridges.Bridge, before: standing.Held | None, done: Rows) -> standing.Held | None:
    """Give a user after executed changes, before which it was not there for None; None where it is to be read."""
    if bridge.shop.triggers() - {ways.names(bridge).trigger}:
        return None  # an extension's, which may make something else of any row
    try:
        return _made(bridge, done) if before is None else _changed(bridge, before, done)
    except _Unknown:
        return None


def _changed(bridge: bridges.Bridge, before: standing.Held, done: Rows) -> standing.Held:
    image = _Image(
        bridge,
        values=dict(before.real.data),
        hollow=set(before.real.hollow),
        link=_link(before.link) if before.link else {},
        mark=leaving.row(before.taken),
        kept=dict(before.book.kept),
        held={each.entity_id: each for each in (*before.book.own.values(), *before.book.defaults.values())},
    )
    missing = {*before.book.kept.values(), *books.defaults(before.real).values()} - image.held.keys()
    image.take(done)
    real = replace(before.real, data=image.values, hollow=frozenset(image.hollow))
    same = all(image.values[column] == before.real.data[column] for column in ("website_id", "store_id"))
    if not same or (before.taken is not None and image.mark is not None):
        raise _Unknown  # the groups that it is in may be others; the guard may have had its say
    found = image.user(real, missing, before.groups, before.member_of)
    if found.customer.data["group_id"] != before.customer.data["group_id"]:
        raise _Unknown
    return found


def _made(bridge: bridges.Bridge, done: Rows) -> standing.Held:
    image = _Image(bridge)
    image.take(done)
    if image.row is None:
        raise _Unknown
    real = customers.read_back(bridge.shop, bridge.codes, image.row, image.values)
    if real.data["group_id"] != bridge.default_group(real.data["store_id"]):
        raise _Unknown
    return image.user(real, set(), {}, {})


@dataclass
class _Image:
    """What changes are applied to.

    row: the customer's whole row, where it is a new one; values: its attributes, of a new one the custom ones; hollow:
    see Customer.
    link, mark: their rows, mark None for none; kept: as in Book; held: its addresses by id.
    """

    bridge: bridges.Bridge
    row: dict[str, Any] | None = None
    values: dict[str, Any] = field(default_factory=dict)
    hollow: set[str] = field(default_factory=set)
    link: dict[str, Any] = field(default_factory=dict)
    mark: dict[str, Any] | None = None
    kept: dict[str, int] = field(default_factory=dict)
    held: dict[int, addresses.Address] = field(default_factory=dict)

    def take(self, done: Rows) -> None:
        """Apply executed changes; raises _Unknown."""
        shop = self.bridge.shop
        of_customer = {attribute.table for attribute in shop.catalog.customer.values() if not attribute.subscription}
        of_address = {attribute.table for attribute in shop.catalog.address.values()}
        for change in done:
            if change.table == customers.TABLE:
                self._customer(change)
            elif change.table == addresses.TABLE:
                self._address(change)
            elif change.table in of_customer:
                self._value(change)
            elif change.table in of_address:
                self._address_value(change)
            elif change.table in ("scim_link", "scim_inactive", "scim_address"):
                self._ours(change)
            elif change.table not in ELSEWHERE and (change.table != catalog.NEWSLETTER.table or self._subscribes):
                raise _Unknown

    def user(
        self,
        real: customers.Customer,
        missing: set[int],
        groups: Mapping[int, str],
        member_of: Mapping[int, str],
    ) -> standing.Held:
        """Put it together. missing: addresses that were looked for before and are not there."""
        wanted = {*self.kept.values(), *books.defaults(real).values()}
        if not self.link or self.link["deleted_at"] is not None or not wanted <= self.held.keys() | missing:
            raise _Unknown
        book = books.make(self.bridge, real, self.kept, self.held) if self.bridge.ruleset.addresses else books.EMPTY
        link = links.of([self.link[column.name] for column in self.bridge.ledger.link.columns])
        return standing.make(self.bridge, real, link, book, leaving.taken(self.mark), groups, member_of)

    @property
    def _subscribes(self) -> bool:
        return catalog.NEWSLETTER.code in self.bridge.codes

    def _customer(self, change: changes.RowChange) -> None:
        table = self.bridge.shop.tables[change.table]
        if change.before is None:
            self.row = _whole(table, change)
            return
        after = _update(table, change)
        if "updated_at" not in after:
            raise _Unknown  # the column follows by itself
        if self.row is not None:
            self.row |= after
        self.values |= {column: value for column, value in after.items() if column in self.values}

    def _value(self, change: changes.RowChange) -> None:
        attributes, attribute_id = self.bridge.shop.catalog.customer.values(), change.key.get("attribute_id")
        attribute = next((a for a in attributes if a.table == change.table and a.attribute_id == attribute_id), None)
        if attribute is None:
            raise _Unknown
        if attribute.code in self.values or self.row is not None:
            self.values[attribute.code] = self._typed(change)
        self.hollow.discard(attribute.code)

    def _typed(self, change: changes.RowChange) -> Any:
        value = (change.after or {}).get("value")
        return None if change.after is None else _read(self.bridge.shop.tables[change.table].c.value, value)

    def _address(self, change: changes.RowChange) -> None:
        table, shop, entity_id = self.bridge.shop.tables[change.table], self.bridge.shop, change.key["entity_id"]
        if change.after is None:
            self.held.pop(entity_id, None)
        elif change.before is None:
            row = _whole(table, change)
            none = dict.fromkeys(a.code for a in shop.catalog.address.values() if not a.static and a.readable)
            self.held[entity_id] = addresses.Address(entity_id, row["parent_id"], {**none, **row})
        else:
            after, known = _update(table, change), self.held.get(entity_id)
            if known is None or "updated_at" not in after or "parent_id" in after:
                raise _Unknown
            self.held[entity_id] = replace(known, data={**known.data, **after})

    def _address_value(self, change: changes.RowChange) -> None:
        known = self.held.get(change.key["entity_id"])
        attributes, attribute_id = self.bridge.shop.catalog.address.values(), change.key.get("attribute_id")
        attribute = next((a for a in attributes if a.table == change.table and a.attribute_id == attribute_id), None)
        if known is None or attribute is None or attribute.code not in known.data:
            raise _Unknown
        data, hollow = {**known.data, attribute.code: self._typed(change)}, known.hollow - {attribute.code}
        self.held[known.entity_id] = replace(known, data=data, hollow=hollow)

    def _ours(self, change: changes.RowChange) -> None:
        table = self.bridge.ledger.named()[change.table]
        after = None if change.after is None else _update(table, change)
        if change.table == "scim_link":
            if after is None:
                raise _Unknown
            self.link = {**self.link, **change.key, **after}
        elif change.table == "scim_inactive":
            self.mark = None if after is None else {**(self.mark or {}), **after}
            if self.mark is not None and not set(table.columns.keys()) <= {"entity_id", *self.mark}:
                raise _Unknown
        elif after is None:
            self.kept.pop(change.key["name"], None)
        else:
            self.kept[change.key["name"]] = after["address_id"]


def _link(link: links.Link) -> dict[str, Any]:
    return {"entity_id": link.entity_id, **links.as_row(link), "document": link.text or links.dump(link.document)}


def _update(table: sa.Table, change: changes.RowChange) -> dict[str, Any]:
    return {name: _read(table.c[name], value) for name, value in (change.after or {}).items()}


def _whole(table: sa.Table, change: changes.RowChange) -> dict[str, Any]:
    """Give the whole row that was inserted, in the order of the table's columns."""
    given = {**change.key, **(change.after or {})}
    return {
        column.name: _read(column, given[column.name]) if column.name in given else _default(column)
        for column in table.columns
    }


def _default(column: sa.Column[Any]) -> Any:
    if column.computed is not None:
        raise _Unknown
    if column.server_default is None:
        return None
    text = columns.default(column)
    if text is None or not isinstance(column.type, sa.Integer):
        raise _Unknown
    return int(text)


def _read(column: sa.Column[Any], value: Any) -> Any:
    """Give what reads back of a value that was written; raises _Unknown where it may be another."""
    kind = column.type
    if value is None:
        same = True
    elif isinstance(kind, sa.String):
        same = type(value) is str and not isinstance(kind, (sa.CHAR, sa.Enum))
    elif isinstance(kind, sa.Integer):
        same = type(value) is int
    elif isinstance(kind, sa.DateTime):
        same = type(value) is datetime and not value.microsecond and value.tzinfo is None
    else:
        same = isinstance(kind, sa.Date) and type(value) is date
    if not same:
        raise _Unknown
    return value
