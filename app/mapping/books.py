"""In charge of customers' address books: which address is a rule's, and what is shown of it.

A rule's address is the one that is remembered under the rule's name. Who is not managed is shown with the default
addresses.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.ledger import addresses as remembered
from app.magento import addresses, customers
from app.mapping import addresses as projection
from app.mapping import bridges, rules
from app.sql import sending, wire

Resource = dict[str, Any]


@dataclass(frozen=True)
class Book:
    """What rules may be about of a customer's addresses.

    `own`: those remembered, by the rule's name; `defaults`: by kind; `kept`: all that is remembered, name -> id, also
    of rules that are no longer there.
    """

    own: Mapping[str, addresses.Address] = field(default_factory=dict)
    defaults: Mapping[str, addresses.Address] = field(default_factory=dict)
    kept: Mapping[str, int] = field(default_factory=dict)

    @property
    def ids(self) -> list[int]:
        """The ids of the addresses that are there."""
        return sorted({address.entity_id for address in (*self.own.values(), *self.defaults.values())})

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
    orders = order(bridge, list(found), lock=lock)
    if not orders:
        return dict.fromkeys(found, EMPTY)
    kept = remembered.fetch(connection, bridge.ledger, list(found))
    return of(connection, bridge, found, kept, sending.ask(connection, *orders))


def order(bridge: bridges.Bridge, ids: Sequence[int], *, lock: bool = False) -> list[sending.Order]:
    """Ask for what books of customers are made of (`of`): nothing where no rule wants any."""
    if not bridge.ruleset.addresses or not ids:
        return []
    return [addresses.order(bridge.shop, ids, lambda name: remembered.ids(bridge.ledger, name), lock=lock)]


def of(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    found: Mapping[int, customers.Customer],
    kept: Mapping[int, Mapping[str, int]],
    answers: Sequence[wire.Answer],
) -> dict[int, Book]:
    """Make the books of customers. kept: what is remembered of each; answers: to `order`, those first."""
    if not bridge.ruleset.addresses or not answers:
        return dict.fromkeys(found, EMPTY)
    held = addresses.read(connection, bridge.shop, answers[0])
    return {i: make(bridge, customer, kept.get(i, {}), held) for i, customer in found.items()}


def make(
    bridge: bridges.Bridge,
    customer: customers.Customer,
    kept: Mapping[str, int],
    held: Mapping[int, addresses.Address],
) -> Book:
    """Make a customer's book of what is remembered and of the addresses that there are, by their ids."""
    named, kept = {rule.name for rule in bridge.ruleset.addresses}, dict(sorted(kept.items()))

    def theirs(wanted: Mapping[str, int]) -> dict[str, addresses.Address]:
        return {k: held[a] for k, a in wanted.items() if a in held and held[a].parent_id == customer.entity_id}

    own = {name: address for name, address in theirs(kept).items() if name in named}
    return Book(own, theirs(defaults(customer)), kept)


def defaults(customer: customers.Customer) -> dict[str, int]:
    """Give the ids of a customer's default addresses, by kind."""
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
            wanted = projection.project(rule, document, new) if linked else None
            if wanted and (wanted.values is None or wanted.problems):
                continue
            address = book.stand_in(rule, shown)
        if address is not None:
            shown.add(address.entity_id)
            document = projection.correct(rule, document, new.of(address.data))
        elif linked:
            document = projection.without(rule, document)
    return document
