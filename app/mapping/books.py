"""In charge of customers' address books: which address is a rule's, what is shown of it, what a change comes to.

A rule's address is the one that is remembered under the rule's name. Addresses that no rule made are not touched,
unless the rule says `adopt`; who is not managed is shown with the default addresses.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import addresses as remembered
from app.magento import addresses, changes, customers
from app.mapping import addresses as projection
from app.mapping import bridges, rules
from app.scim import errors

Resource = dict[str, Any]
Row = changes.RowChange
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Book:
    """What rules may be about of a customer's addresses: those remembered, by the rule's name, and the defaults."""

    own: Mapping[str, addresses.Address] = field(default_factory=dict)
    defaults: Mapping[str, addresses.Address] = field(default_factory=dict)

    def stand_in(self, rule: rules.Address, taken: Collection[int] = ()) -> addresses.Address | None:
        """Give the default address that stands for a rule's: of its kinds, no other rule's and not `taken` else."""
        taken = {*taken, *(address.entity_id for address in self.own.values())}
        found = (self.defaults[kind] for kind in rule.default if kind in self.defaults)
        return next((address for address in found if address.entity_id not in taken), None)


EMPTY = Book()


def fetch(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    found: Mapping[int, customers.Customer],
    *,
    lock: bool = False,
) -> dict[int, Book]:
    """Read the books of customers, in the same few statements whatever their number; none where no rule wants any."""
    if not bridge.ruleset.addresses:
        return dict.fromkeys(found, EMPTY)
    named = {rule.name for rule in bridge.ruleset.addresses}
    kept = remembered.fetch(connection, bridge.ledger, list(found))
    default = {i: _defaults(customer) for i, customer in found.items()}
    ids = {a for each in kept.values() for a in each.values()} | {a for each in default.values() for a in each.values()}
    held = addresses.fetch(connection, bridge.shop, ids, lock=lock)

    def theirs(customer: int, wanted: Mapping[str, int]) -> dict[str, addresses.Address]:
        return {k: held[a] for k, a in wanted.items() if a in held and held[a].parent_id == customer}

    return {
        i: Book({k: a for k, a in theirs(i, kept.get(i, {})).items() if k in named}, theirs(i, default[i]))
        for i in found
    }


def _defaults(customer: customers.Customer) -> dict[str, int]:
    held = {kind: customer.data.get(column) for kind, column in addresses.DEFAULTS.items()}
    return {kind: address_id for kind, address_id in held.items() if address_id is not None}


def context(bridge: bridges.Bridge, customer: customers.Customer) -> projection.Context:
    """Give the rules what they need beside a document for an address of this customer that is to be made."""
    website_id = customer.data.get("website_id") or bridge.website_id
    place = addresses.Place(website_id, customer.data.get("store_id"))
    return projection.Context(bridge.shop, website_id, {}, creating=True, place=place)


def correct(
    bridge: bridges.Bridge, document: Resource, customer: customers.Customer, book: Book, *, linked: bool
) -> Resource:
    """Give the document as the shop's addresses make it true.

    Where a rule has no address (any more), the shop's default address stands for it if the document has one too.
    """
    new, shown = context(bridge, customer), set[int]()
    for rule in bridge.ruleset.addresses:
        address = book.own.get(rule.name)
        if address is None:
            wanted = projection.project(rule, document, new)
            if linked and (wanted.values is None or wanted.problems):
                continue
            address = book.stand_in(rule, shown)
        if address is not None:
            shown.add(address.entity_id)
            document = projection.correct(rule, document, new.of(address.data))
        elif linked:
            document = projection.without(rule, document)
    return document


def plan(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    customer: customers.Customer,
    book: Book,
    before: Resource | None,
    after: Resource,
    now: datetime,
) -> list[Row]:
    """Plan what a change of the document from `before` (None: a new customer) to `after` asks of addresses.

    The customer's own row comes with it whenever anything does. Raises InvalidValue with every reason.
    """
    if not bridge.ruleset.addresses:
        return []
    work = _Work(connection, bridge, customer, book, now)
    for rule in bridge.ruleset.addresses:
        work.run(rule, before, after)
    if work.problems:
        raise errors.InvalidValue("; ".join(work.problems) + ".")
    if work.rows or any(customer.data.get(addresses.DEFAULTS[kind]) != one for kind, one in work.chosen.items()):
        work.rows.append(addresses.settle(customer, work.chosen, work.gone, now))
    return work.rows + work.links


@dataclass
class _Work:
    """A plan under way: rows of addresses, our own rows, the defaults that are chosen, the addresses that go."""

    connection: sa.Connection
    bridge: bridges.Bridge
    customer: customers.Customer
    book: Book
    now: datetime
    rows: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    chosen: dict[str, changes.Id | None] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def run(self, rule: rules.Address, before: Resource | None, after: Resource) -> None:
        """Plan what one rule asks for: only what the change of the document changes."""
        new = context(self.bridge, self.customer)
        own = self.book.own.get(rule.name)
        if own is not None:
            new = new.of(own.data)
        wanted = projection.project(rule, after, new)
        held = projection.project(rule, before, new) if before is not None else projection.Projected()
        if wanted.values is None:
            if own is not None and wanted != held:
                self._remove(rule, own)
        elif wanted.problems and (own is None or set(wanted.problems) - set(held.problems)):
            if wanted != held:
                self._refuse(rule, wanted)
        elif own is not None:
            self.rows += addresses.change(self.bridge.shop, own, _asked(held, wanted), self.now)
        else:
            self._settle(rule, after, wanted, new=wanted != held)

    def _refuse(self, rule: rules.Address, wanted: projection.Projected) -> None:
        if rule.on_invalid == "reject":
            self.problems += wanted.problems
        else:
            who = self.customer.entity_id
            log.info("customer %s: the address %r is left out, the shop would not take it", who, rule.name)

    def _remove(self, rule: rules.Address, own: addresses.Address) -> None:
        key = {"entity_id": own.parent_id, "name": rule.name}
        self.rows.append(Row("scim_address", key, {"address_id": own.entity_id}, None))
        self.rows += addresses.remove(self.bridge.shop, own)
        self.gone.append(own.entity_id)

    def _settle(self, rule: rules.Address, after: Resource, wanted: projection.Projected, *, new: bool) -> None:
        """Give a rule its address: one that is there where it may be taken over, else a new one if one is asked for."""
        existing = self._adoptable(rule, wanted)
        entity_id: changes.Id
        if existing is not None:
            entity_id = existing.entity_id
            again = projection.project(rule, after, context(self.bridge, self.customer).of(existing.data))
            self.rows += addresses.change(self.bridge.shop, existing, again.values or {}, self.now)
        elif new:
            entity_id = changes.New(f"address {rule.name}")
            name, parent = entity_id.name, self.customer.entity_id
            self.rows += addresses.create(self.bridge.shop, name, parent, wanted.values or {}, self.now)
        else:
            return
        key = {"entity_id": self.customer.entity_id, "name": rule.name}
        self.links.append(Row("scim_address", key, None, {"address_id": entity_id}))
        if new:
            self.chosen = {**dict.fromkeys(rule.default, entity_id), **self.chosen}

    def _adoptable(self, rule: rules.Address, wanted: projection.Projected) -> addresses.Address | None:
        """Find what a rule with `adopt` takes over: an address that is as wanted, else the default one."""
        if not rule.adopt or isinstance(self.customer.entity_id, changes.New):
            return None
        taken = {address.entity_id for address in self.book.own.values()} | set(self._promised())
        every = addresses.of(self.connection, self.bridge.shop, self.customer.entity_id)
        free = [address for i, address in every.items() if i not in taken]
        same = (a for a in free if addresses.holds(self.bridge.shop, a, wanted.values or {}))
        stand_in = self.book.stand_in(rule)
        return next(same, stand_in if stand_in is not None and stand_in in free else None)

    def _promised(self) -> list[Any]:
        """List the addresses that rules before this one took over."""
        return [link.after["address_id"] for link in self.links if link.after]


def _asked(held: projection.Projected, wanted: projection.Projected) -> dict[str, Any]:
    """Give the values that the change of the document changes."""
    before = held.values or {}
    return {code: value for code, value in (wanted.values or {}).items() if code not in before or before[code] != value}
