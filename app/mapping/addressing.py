"""In charge of what a change of a document comes to for addresses: made, changed in place, taken over or removed.

Only a rule's own address is ever changed or removed; one that no rule made becomes a rule's where the rule says
`existing: adopt`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.magento import addresses, changes, customers
from app.mapping import addresses as projection
from app.mapping import books, bridges, rules
from app.scim import errors

Resource = dict[str, Any]
Row = changes.RowChange
log = logging.getLogger(__name__)


def plan(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    customer: customers.Customer,
    book: books.Book,
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
    asked = [work.judge(rule, before, after) for rule in bridge.ruleset.addresses]
    for each in sorted(asked, key=lambda each: each.wanted.values is not None):  # what goes leaves its place to others
        work.run(each)
    if work.problems:
        raise errors.InvalidValue("; ".join(work.problems) + ".")
    if work.rows or any(customer.data.get(addresses.DEFAULTS[kind]) != one for kind, one in work.chosen.items()):
        work.rows.append(addresses.settle(customer, work.chosen, work.gone, now))
    return work.rows + work.links


@dataclass(frozen=True)
class _Asked:
    """What the document `after` a change wants of a rule's address (`own`; None: it has none), and what it `held`."""

    rule: rules.Address
    own: addresses.Address | None
    held: projection.Projected
    wanted: projection.Projected
    after: Resource

    @property
    def new(self) -> bool:
        """Say whether the change is about this address at all."""
        return self.wanted != self.held

    @property
    def drops(self) -> bool:
        """Say whether an address that the shop would not take refuses nobody."""
        return self.rule.on_invalid == "drop"

    @property
    def values(self) -> dict[str, Any]:
        """Give the values that the change changes: all of them where nothing was written before."""
        waited = self.drops and self.held.problems
        before, after = {} if waited else self.held.values or {}, self.wanted.values or {}
        return {code: value for code, value in after.items() if code not in before or before[code] != value}


@dataclass
class _Work:
    """A plan under way: rows of addresses, our own rows, the defaults that are chosen, the addresses that go."""

    connection: sa.Connection
    bridge: bridges.Bridge
    customer: customers.Customer
    book: books.Book
    now: datetime
    rows: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    chosen: dict[str, changes.Id | None] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def judge(self, rule: rules.Address, before: Resource | None, after: Resource) -> _Asked:
        """Find out what the change of the document asks of one rule's address."""
        own = self.book.own.get(rule.name)
        new = books.context(self.bridge, self.customer)
        new = new.of(own.data) if own else new
        held = projection.project(rule, before, new) if before is not None else projection.Projected()
        return _Asked(rule, own, held, projection.project(rule, after, new), after)

    def run(self, asked: _Asked) -> None:
        """Plan what one rule asks for: only what the change of the document changes."""
        rule, own, held, wanted = asked.rule, asked.own, asked.held, asked.wanted
        if wanted.values is None:
            if own is not None and asked.new:
                self._remove(rule, own)
        elif wanted.problems and (own is None or asked.drops or set(wanted.problems) - set(held.problems)):
            if asked.new:
                self._refuse(asked)
        elif own is not None:
            self.rows += addresses.change(self.bridge.shop, own, asked.values, self.now)
        else:
            self._settle(asked)

    def _refuse(self, asked: _Asked) -> None:
        if asked.drops:
            who, name = self.customer.entity_id, asked.rule.name
            log.info("customer %s: the address %r waits in the document, the shop would not take it", who, name)
        else:
            self.problems += asked.wanted.problems

    def _remove(self, rule: rules.Address, own: addresses.Address) -> None:
        key = {"entity_id": own.parent_id, "name": rule.name}
        self.rows.append(Row("scim_address", key, {"address_id": own.entity_id}, None))
        self.rows += addresses.remove(self.bridge.shop, own)
        self.gone.append(own.entity_id)

    def _settle(self, asked: _Asked) -> None:
        """Give a rule its address: one that is there where it may be taken over, else a new one if one is asked for."""
        rule, existing = asked.rule, self._adoptable(asked)
        entity_id: changes.Id
        if existing is not None:
            entity_id = existing.entity_id
            if asked.new:
                here = books.context(self.bridge, self.customer).of(existing.data)
                taken = projection.project(rule, asked.after, here)
                self.rows += addresses.change(self.bridge.shop, existing, taken.values or {}, self.now)
        elif asked.new:
            made = entity_id = changes.New(f"address {rule.name}")
            parent, values = self.customer.entity_id, asked.wanted.values or {}
            self.rows += addresses.create(self.bridge.shop, made.name, parent, values, self.now)
        else:
            return
        self._remember(rule, entity_id)
        if asked.new:
            self._choose(rule, entity_id)

    def _remember(self, rule: rules.Address, entity_id: changes.Id) -> None:
        """Plan that an address is a rule's, and nobody else's."""
        for name, address_id in self.book.kept.items():
            if address_id == entity_id and name != rule.name:
                key = {"entity_id": self.customer.entity_id, "name": name}
                self.links.append(Row("scim_address", key, {"address_id": address_id}, None))
        before = {"address_id": self.book.kept[rule.name]} if rule.name in self.book.kept else None
        key = {"entity_id": self.customer.entity_id, "name": rule.name}
        self.links.append(Row("scim_address", key, before, {"address_id": entity_id}))

    def _choose(self, rule: rules.Address, entity_id: changes.Id) -> None:
        """Make an address the default of the rule's kinds, unless the customer has another that is to stay it."""
        for kind in rule.default:
            current = self.book.defaults.get(kind)
            stays = current is not None and current.entity_id not in self.gone and rule.existing != "replace"
            if kind not in self.chosen and not stays:
                self.chosen[kind] = entity_id

    def _adoptable(self, asked: _Asked) -> addresses.Address | None:
        """Find what a rule takes over that says so: an address that is as wanted, else the default one."""
        if asked.rule.existing != "adopt" or isinstance(self.customer.entity_id, changes.New):
            return None
        taken = {address.entity_id for address in self.book.own.values()}
        taken |= {link.after["address_id"] for link in self.links if link.after}
        every = addresses.of(self.connection, self.bridge.shop, self.customer.entity_id)
        free = [address for i, address in every.items() if i not in taken]
        same = (a for a in free if addresses.holds(self.bridge.shop, a, asked.wanted.values or {}))
        return next(same, self.book.stand_in(asked.rule, taken))
