"""In charge of what another mapping.yaml would change: its rules run over all managed customers, nothing written.

What changes is what the new rules want and the shop does not hold, but for what the rules in force want as well: that
is drift already.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.ledger import groups as memberships
from app.ledger import links
from app.magento import addresses as shop_addresses
from app.magento import customers, database, values
from app.mapping import addresses, books, bridges, drift, following, grouping, projection

Resource = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One value that the new file would change. `line`: of the new file; `hidden`: never to be printed."""

    entity_id: int
    attribute: str
    line: int
    before: Any
    after: Any
    hidden: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why the shop would refuse what the new rules make of a customer that the rules in force are fine with."""

    entity_id: int
    attribute: str
    line: int
    reason: str


@dataclass(frozen=True)
class Batch:
    """What was found among some customers; `last`: the highest id among them."""

    last: int
    looked_at: int
    changes: tuple[Change, ...]
    refusals: tuple[Refusal, ...]


def walk(old: bridges.Bridge, new: bridges.Bridge, *, size: int = drift.BATCH) -> Iterator[Batch]:
    """Run the new bridge's rules over the managed customers, a batch at a time; both are one tenant's."""
    after = 0
    while True:
        with database.reading(old.shop.engine) as connection:
            ids = drift.managed(connection, old, after, size)
            if not ids:
                return
            found = list(_batch(connection, old, new, ids))
        after = ids[-1]
        changes = tuple(each for each in found if isinstance(each, Change))
        refusals = tuple(each for each in found if isinstance(each, Refusal))
        yield Batch(after, len(ids), changes, refusals)


def _batch(
    connection: sa.Connection, old: bridges.Bridge, new: bridges.Bridge, ids: list[int]
) -> Iterator[Change | Refusal]:
    codes = tuple(dict.fromkeys((*old.codes, *new.codes)))
    found = customers.fetch(connection, old.shop, ids, codes=codes)
    linked = links.fetch(connection, old.ledger, list(found))
    member_of = {id(bridge): following.named(connection, bridge, list(found)) for bridge in (old, new)}
    put = memberships.of_customers(connection, old.ledger, old.tenant, list(found))
    own = {id(bridge): books.fetch(connection, bridge, found) for bridge in (old, new)}
    for entity_id, link in sorted(linked.items()):
        customer = found[entity_id]
        was, then = (
            bridge.context(customer.data).within(member_of[id(bridge)].get(entity_id, {})) for bridge in (old, new)
        )
        yield from _values(entity_id, link.document, (old, was), (new, then))
        if not put.get(entity_id):
            yield from _group(entity_id, link.document, customer, old, new)
        for rule in new.ruleset.addresses:
            yield from _address(link.document, customer, new, own[id(new)][entity_id], rule)


Side = tuple[bridges.Bridge, projection.Context]


def _values(entity_id: int, document: Resource, old: Side, new: Side) -> Iterator[Change | Refusal]:
    before = projection.outcomes(old[0].ruleset, document, old[1])
    for rule in new[0].ruleset.rules:
        if not rule.goes_in:
            continue
        then, was = projection.outcome(rule, document, new[1]), before.get(rule.target)
        if then.keep or then == was:
            continue
        standing = new[1].data.get(rule.target)
        if then.problem:
            if was is None or not was.problem:
                yield Refusal(entity_id, rule.target, rule.line, then.problem)
        elif not values.equal(rule.attribute, standing, then.value):
            yield Change(entity_id, rule.target, rule.line, standing, then.value, rule.mask)


def _group(
    entity_id: int, document: Resource, customer: customers.Customer, old: bridges.Bridge, new: bridges.Bridge
) -> Iterator[Change]:
    """Say which group the new file gives to a customer who is a member of none."""
    store_id, current = customer.data["store_id"], customer.data["group_id"]
    was, then = (grouping.settled(bridge, document, store_id) for bridge in (old, new))
    if was != then != current:
        rule = grouping.matched(new.ruleset.groups, document, new.shop.groups)
        names = new.shop.groups
        yield Change(entity_id, "group_id", rule.line if rule else 0, names.get(current), names.get(then))


def _address(
    document: Resource, customer: customers.Customer, new: bridges.Bridge, book: books.Book, rule: Any
) -> Iterator[Change | Refusal]:
    """Say what the new file changes of one rule's address, as it stands under the rule's name."""
    entity_id, held = int(customer.entity_id), book.own.get(rule.name)  # type: ignore[arg-type]
    context = books.context(new, customer)
    wanted = addresses.project(rule, document, context.of(held.data) if held else context)
    if wanted.problems:
        if held is None and rule.on_invalid == "reject":
            yield Refusal(entity_id, rule.name, rule.line, "; ".join(wanted.problems))
        return
    if wanted.values is None:
        return
    for field in rule.fields:
        standing = held.data.get(field.target) if held else None
        if field.target in wanted.values and not shop_addresses.equal(
            field.attribute, standing, wanted.values[field.target]
        ):
            after = wanted.values[field.target]
            yield Change(entity_id, f"{rule.name}.{field.target}", field.line, standing, after, field.mask)
