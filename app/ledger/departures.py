"""Who left when: the count that the breaker for mass deletions looks at, and the deletions that wait for a person."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.ledger import tables

WINDOW = timedelta(hours=1)
TURN = "breaker"  # the setting whose row those hold who are counted


@dataclass(frozen=True, slots=True)
class Held:
    """A deletion that waits: `action` is remove or anonymize; `user_name` as compared. Times are naive UTC."""

    held_id: int
    entity_id: int
    tenant: str
    action: str
    was_active: bool
    held_at: datetime
    user_name: str | None


def new_id() -> int:
    """Choose a row's id: one that the database chose would have to be waited for, to stand in the journal."""
    return secrets.randbits(62)


def row(tenant: str, entity_id: int, kind: str, now: datetime) -> dict[str, Any]:
    """Give the row that notes that somebody left; `kind` is deactivate or delete."""
    return {"tenant": tenant, "entity_id": entity_id, "kind": kind, "left_at": now}


def others(connection: sa.Connection, ledger: tables.Tables, tenant: str, entity_id: int, now: datetime) -> int:
    """Count the other users of a tenant who left within the last hour, in turn with whoever else counts now.

    The turn ends with the transaction, so that of two deletions at once the second counts the first.
    """
    setting, departure = ledger.setting, ledger.departure
    connection.execute(sa.select(setting.c.value).where(setting.c.name == TURN).with_for_update()).all()
    count = sa.select(sa.func.count(departure.c.entity_id.distinct())).where(
        departure.c.tenant == tenant, departure.c.left_at > now - WINDOW, departure.c.entity_id != entity_id
    )
    return int(connection.execute(count).scalar_one())


def as_row(waiting: Held) -> dict[str, Any]:
    """Give the row of a deletion that waits, but for its key."""
    names = ("entity_id", "tenant", "action", "held_at")
    return {**{name: getattr(waiting, name) for name in names}, "was_active": int(waiting.was_active)}


def forget(connection: sa.Connection, ledger: tables.Tables, now: datetime) -> int:
    """Remove what no count will need again; gives how many rows."""
    departure = ledger.departure
    return connection.execute(departure.delete().where(departure.c.left_at <= now - WINDOW)).rowcount


def held(
    connection: sa.Connection, ledger: tables.Tables, ids: Collection[int] | None = None, *, customer: int | None = None
) -> list[Held]:
    """Read the deletions that wait, oldest first: all, those of some ids, or that of one customer."""
    table, link = ledger.held, ledger.link
    query = sa.select(table, link.c.former_name).order_by(table.c.held_id)
    query = query.select_from(table.outerjoin(link, link.c.entity_id == table.c.entity_id))
    if ids is not None:
        query = query.where(table.c.held_id.in_(ids))
    if customer is not None:
        query = query.where(table.c.entity_id == customer)
    return [
        Held(r.held_id, r.entity_id, r.tenant, r.action, bool(r.was_active), r.held_at, r.former_name)
        for r in connection.execute(query)
    ]
