"""In charge of drift: managed customers whose values in the shop are not what the rules make of their documents.

Magento saves a customer by writing back every column that it read before; what was written in between is lost, and an
administrator may edit by hand. Reading shows it (the shop has the last word); here it is found, and written again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.ledger import links
from app.magento import addresses as shop_addresses
from app.magento import customers, database, plans, values
from app.magento import errors as shop_errors
from app.mapping import addresses, addressing, books, bridges, clock, following, projection, turns, writes

BATCH = 500


@dataclass(frozen=True)
class Difference:
    """An attribute of a customer that does not hold what its rule would write. `hidden`: never to be printed.

    `attribute`: its code; of an address the rule's name before it, as in `work.city`.
    """

    entity_id: int
    attribute: str
    line: int
    wanted: Any
    found: Any
    hidden: bool


@dataclass(frozen=True)
class Batch:
    """What was found among some customers; `last`: the highest id among them. `refused`: id -> why not repaired."""

    last: int
    looked_at: int
    differences: tuple[Difference, ...]
    repaired: int = 0
    refused: tuple[tuple[int, str], ...] = ()


def count(bridge: bridges.Bridge, after: int = 0) -> int:
    """Count the managed customers with an id above `after`."""
    link = bridge.ledger.link
    there = (link.c.tenant == bridge.tenant, link.c.deleted_at.is_(None))
    query = sa.select(sa.func.count()).where(*there, link.c.entity_id > after)
    with database.reading(bridge.shop.engine) as connection:
        return int(connection.execute(query).scalar_one())


def walk(bridge: bridges.Bridge, *, after: int = 0, repair: bool = False, size: int = BATCH) -> Iterator[Batch]:
    """Look at the managed customers with an id above `after`, a batch at a time; `repair` writes the rules again.

    Each customer is repaired in a transaction of its own, its row locked and looked at anew.
    """
    while True:
        with database.reading(bridge.shop.engine) as connection:
            ids = managed(connection, bridge, after, size)
            found = _differences(connection, bridge, ids)
        if not ids:
            return
        after = ids[-1]
        repaired, refused = 0, []
        for entity_id in sorted({each.entity_id for each in found}) if repair else ():
            try:
                repaired += _repair(bridge, entity_id)
            except shop_errors.Duplicate as error:
                refused.append((entity_id, f"{error.entry!r} is another customer's"))
            except shop_errors.Rejected as error:
                refused.append((entity_id, f"{error.code}: {error.reason}"))
        yield Batch(after, len(ids), tuple(found), repaired, tuple(refused))


def managed(connection: sa.Connection, bridge: bridges.Bridge, after: int, size: int) -> list[int]:
    """Give the first ids above `after` of the customers whom the tenant manages."""
    link = bridge.ledger.link
    there = (link.c.tenant == bridge.tenant, link.c.deleted_at.is_(None))
    query = sa.select(link.c.entity_id).where(*there, link.c.entity_id > after)
    return list(connection.execute(query.order_by(link.c.entity_id).limit(size)).scalars())


def _differences(
    connection: sa.Connection, bridge: bridges.Bridge, ids: list[int], *, lock: bool = False
) -> list[Difference]:
    """Compare what the rules make of the documents with what the shop holds."""
    if lock:
        turns.of_users(connection, bridge, ids)
    found = customers.fetch(connection, bridge.shop, ids, codes=bridge.codes, lock=lock)
    linked = links.fetch(connection, bridge.ledger, list(found))
    book = books.fetch(connection, bridge, found, lock=lock)
    member_of = following.named(connection, bridge, list(found))
    return [
        difference
        for entity_id, link in sorted(linked.items())
        for difference in (
            *_of_one(
                bridge,
                entity_id,
                link.document,
                bridge.context(found[entity_id].data).within(member_of.get(entity_id, {})),
            ),
            *_of_addresses(bridge, entity_id, link.document, found[entity_id], book[entity_id]),
        )
    ]


def _of_one(
    bridge: bridges.Bridge, entity_id: int, document: dict[str, Any], context: projection.Context
) -> Iterator[Difference]:
    for rule in bridge.ruleset.rules:
        wanted = projection.outcome(rule, document, context) if rule.goes_in else projection.KEEP
        standing = context.data.get(rule.target)
        if wanted.keep or wanted.problem or values.equal(rule.attribute, standing, wanted.value):
            continue
        yield Difference(entity_id, rule.target, rule.line, wanted.value, standing, rule.mask)


def _of_addresses(
    bridge: bridges.Bridge, entity_id: int, document: dict[str, Any], customer: customers.Customer, book: books.Book
) -> Iterator[Difference]:
    """Compare addresses; what the shop would not take, or what no rule made, differs from nothing."""
    for rule in bridge.ruleset.addresses:
        own, new = book.own.get(rule.name), books.context(bridge, customer)
        wanted = addresses.project(rule, document, new.of(own.data) if own else new)
        if wanted.values is None or wanted.problems or (own is None and book.stand_in(rule)):
            continue
        for field in rule.fields:
            standing = own.data.get(field.target) if own else None
            value = wanted.values.get(field.target, standing)
            if not shop_addresses.equal(field.attribute, standing, value):
                place = f"{rule.name}.{field.target}"
                yield Difference(entity_id, place, field.line, value, standing, field.mask)


def _repair(bridge: bridges.Bridge, entity_id: int) -> int:
    """Write what the rules want of one customer; gives 1 where anything was written."""

    def work(connection: sa.Connection) -> int:
        found = _differences(connection, bridge, [entity_id], lock=True)
        customer = customers.fetch(connection, bridge.shop, [entity_id], codes=bridge.codes).get(entity_id)
        if customer is None or not found:
            return 0
        book = books.fetch(connection, bridge, {entity_id: customer}, lock=True)[entity_id]
        document = links.fetch(connection, bridge.ledger, [entity_id])[entity_id].document
        wanted = {each.attribute: each.wanted for each in found if each.attribute in bridge.shop.catalog.customer}
        planned = addressing.plan(connection, bridge, customer, book, None, document, clock.now(), again=True)
        planned += plans.change(bridge.shop, customer, wanted, clock.now())
        return int(bool(writes.carry_out(connection, bridge, writes.Deed("repair", "User", entity_id), planned)))

    return database.transaction(bridge.shop.engine, work)
