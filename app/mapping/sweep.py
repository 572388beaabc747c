"""In charge of the sweep: customers whom we deactivated and whose doors came open are shut again.

It needs no right that the service has not. Any number of hosts may sweep at once: each customer is judged again under
its lock, and who is shut already is left alone.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from app.ledger import departures, links, marks, settings
from app.magento import aftermath, blocking, customers, database, doors
from app.mapping import bridges, clock, leaving, turns, writes

log = logging.getLogger(__name__)
BATCH = 100  # customers that are shut again in one transaction
Told = Callable[[int], None]


@dataclass(frozen=True)
class Swept:
    """How many customers are deactivated by us, and who of them had come open."""

    deactivated: int
    shut: tuple[int, ...]


def sweep(bridge: bridges.Bridge, begun: Told = lambda _count: None, done: Told = lambda _count: None) -> Swept:
    """Shut again whatever came undone, of all tenants.

    `begun` is told how many look undone, `done` how many more are dealt with.
    """
    mark = bridge.ledger.inactive
    with database.reading(bridge.shop.engine) as connection:
        count = int(connection.execute(sa.select(sa.func.count()).select_from(mark)).scalar_one())
        blocked = connection.execute(sa.select(mark.c.entity_id).where(_held(mark, doors.GROUP)).limit(1)).first()
    if blocked is not None:
        database.transaction(bridge.shop.engine, lambda c: blocking.group(c, bridge.shop))
    with database.reading(bridge.shop.engine) as connection:
        ids = list(connection.execute(undone(bridge)).scalars())
    begun(len(ids))
    shut: list[int] = []
    for first in range(0, len(ids), BATCH):
        batch = ids[first : first + BATCH]
        shut += database.transaction(bridge.shop.engine, lambda c, batch=batch: _shut(c, bridge, batch))  # type: ignore[misc]
        done(len(batch))
    database.transaction(bridge.shop.engine, lambda c: _note(c, bridge))
    for entity_id in shut:
        log.warning("customer %d had come open and was shut again", entity_id)
    return Swept(count, tuple(shut))


def _note(connection: sa.Connection, bridge: bridges.Bridge) -> None:
    departures.forget(connection, bridge.ledger, clock.now())
    settings.note_sweep(connection, bridge.ledger, clock.now())


def _shut(connection: sa.Connection, bridge: bridges.Bridge, ids: Sequence[int]) -> list[int]:
    """Shut what their marks hold of some customers; gives those with whom anything was to do."""
    turns.of_users(connection, bridge, ids)
    found = customers.fetch(connection, bridge.shop, ids, codes=(), lock=True)
    taken = leaving.many(marks.fetch(connection, bridge.ledger, list(found)))
    linked = links.fetch(connection, bridge.ledger, list(found))
    shut = []
    for entity_id, mark in sorted(taken.items()):
        link = linked.get(entity_id)
        own = replace(bridge, tenant=link.tenant) if link else bridge
        planned = leaving.settle(connection, own, found[entity_id], mark, [], False, clock.now(), frozenset())
        if writes.carry_out(connection, own, writes.Deed("sweep", "User", entity_id), planned):
            shut.append(entity_id)
    return shut


def undone(bridge: bridges.Bridge) -> sa.Select[tuple[int]]:
    """Select the ids of customers whom we deactivated and who look as if a door had come open."""
    tables, mark = bridge.shop.tables, bridge.ledger.inactive
    entity = tables["customer_entity"]
    open_ = [entity.c.is_active != 0]
    open_ += [sa.and_(_held(mark, door), condition) for door, condition in _columns(entity, mark).items()]
    for name, door in doors.KEYS_IN_HAND.items():
        table = tables.get(name)
        if table is not None:
            row = sa.select(table.c.customer_id).where(table.c.customer_id == mark.c.entity_id)
            open_.append(sa.and_(_held(mark, door), row.correlate(mark).exists()))
    revoked, event = tables.get("jwt_auth_revoked"), tables.get(doors.EVENTS)
    if revoked is not None:
        mine = sa.and_(revoked.c.user_type_id == aftermath.CUSTOMER_TYPE, revoked.c.user_id == mark.c.entity_id)
        row = sa.select(revoked.c.user_id).where(mine)
        open_.append(sa.and_(_held(mark, doors.TOKENS), sa.not_(row.correlate(mark).exists())))
    if event is not None:
        mine = sa.and_(event.c.id == mark.c.reset_event_id, event.c.account_reference == entity.c.email)
        row = sa.select(event.c.id).where(mine, event.c.created_at >= doors.LOCKED_UNTIL)
        away = sa.or_(entity.c.email.is_(None), row.correlate(mark, entity).exists())
        open_.append(sa.and_(_held(mark, doors.MAIL), sa.not_(away)))
    both = mark.join(entity, entity.c.entity_id == mark.c.entity_id)
    return sa.select(mark.c.entity_id).select_from(both).where(sa.or_(*open_)).order_by(mark.c.entity_id)


def _held(mark: sa.Table, door: str) -> sa.ColumnElement[bool]:
    return sa.func.find_in_set(door, mark.c.doors) > 0


def _columns(entity: sa.Table, mark: sa.Table) -> dict[str, sa.ColumnElement[bool]]:
    """Say by door how a customer's own row looks when it came open; never unknown on null."""
    c = entity.c
    locked = sa.and_(c.lock_expires >= doors.LOCKED_UNTIL, c.first_failure.is_not(None), c.failures_num < 0)
    blocked = sa.and_(c.group_id == mark.c.blocked_group_id, c.disable_auto_group_change == 1)
    return {
        doors.LOCK: sa.not_(sa.func.coalesce(locked, 0) == 1),
        doors.LINK: sa.or_(c.rp_token.is_not(None), c.rp_token_created_at.is_not(None)),
        doors.PASSWORD: sa.func.coalesce(c.password_hash, "") != doors.UNUSABLE,
        doors.GROUP: sa.not_(sa.func.coalesce(blocked, 0) == 1),
        doors.SESSIONS: c.session_cutoff.is_(None),
    }
