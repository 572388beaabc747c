"""How long the journal is kept: what of it may go, and its going, a batch at a time.

The entries of a user whom the shop keeps after its deletion, or whose deletion waits, stay: it may yet be undone. The
others go in their order up to one of them, whatever the clocks of several hosts say, so that what takes an entry back,
which came after it, never goes before it.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.ledger import links, tables

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Old:
    """What may go of a tenant's entries: how many, and the times of the first and the last (naive UTC)."""

    tenant: str
    entries: int
    first: datetime
    last: datetime


def end(connection: sa.Connection, ledger: tables.Tables, limit: datetime) -> int:
    """Give the id of the first entry that is to stay, by its time (naive UTC)."""
    table = ledger.journal
    first = connection.execute(sa.select(sa.func.min(table.c.entry_id)).where(table.c.at >= limit)).scalar()
    last = connection.execute(sa.select(sa.func.max(table.c.entry_id))).scalar()
    return int(first if first is not None else (last or 0) + 1)


def survey(connection: sa.Connection, ledger: tables.Tables, end: int) -> list[Old]:
    """Sum up what may go, by tenant."""
    table = ledger.journal
    sums = sa.select(table.c.tenant, sa.func.count(), sa.func.min(table.c.at), sa.func.max(table.c.at))
    query = sums.where(_may_go(ledger, end)).group_by(table.c.tenant).order_by(table.c.tenant)
    return [Old(*row) for row in connection.execute(query)]


def kept(connection: sa.Connection, ledger: tables.Tables, end: int) -> int:
    """Count the entries that are old enough and stay all the same."""
    table = ledger.journal
    query = sa.select(sa.func.count()).where(table.c.entry_id < end, sa.not_(_may_go(ledger, end)))
    return int(connection.execute(query).scalar_one())


def prune(connection: sa.Connection, ledger: tables.Tables, tenant: str, end: int) -> int:
    """Remove a tenant's oldest entries that may go, BATCH at most; gives how many."""
    table = ledger.journal
    query = sa.select(table.c.entry_id).where(table.c.tenant == tenant, _may_go(ledger, end))
    ids = list(connection.execute(query.order_by(table.c.entry_id).limit(BATCH)).scalars())
    if ids:
        connection.execute(table.delete().where(table.c.entry_id.in_(ids)))
    return len(ids)


def _may_go(ledger: tables.Tables, end: int) -> sa.ColumnElement[bool]:
    table, link = ledger.journal, ledger.link
    undecided = link.c.deleted_how.in_((links.KEPT, links.HELD))
    users = sa.select(link.c.entity_id).where(undecided)
    return sa.and_(table.c.entry_id < end, sa.or_(table.c.resource_type != "User", table.c.resource_id.not_in(users)))
