"""Sightings: how often an identity provider sent which attribute, and how often which rule gave a value.

Names only, never a value.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from app.ledger import tables

MOST = 500  # names of one kind that are kept for a tenant
OTHERS = "(others)"  # stands for all that come after these
LENGTH = 255

Key = tuple[str, str, str]
"""Tenant; kind: the name of a resource type, or RULE; name: an attribute's path, or a rule's."""
RULE = "Rule"


@dataclass
class Count:
    """How often, how often of that without a value, and when. Times are naive UTC."""

    times: int
    empty: int
    first_at: datetime
    last_at: datetime

    def __add__(self, other: "Count") -> "Count":
        first, last = min(self.first_at, other.first_at), max(self.last_at, other.last_at)
        return Count(self.times + other.times, self.empty + other.empty, first, last)


def add(connection: sa.Connection, ledger: tables.Tables, found: Mapping[Key, Count]) -> None:
    """Add to the counts; names beyond the first MOST of a tenant and kind are counted together."""
    counts: dict[Key, Count] = {}
    for tenant, kind in sorted({key[:2] for key in found}):
        known = set(fetch(connection, ledger, tenant, kind))
        for key, count in found.items():
            if key[:2] != (tenant, kind):
                continue
            name = key[2][:LENGTH]
            if name not in known and len(known) >= MOST:
                name = OTHERS
            known.add(name)
            kept = (tenant, kind, name)
            counts[kept] = counts[kept] + count if kept in counts else count
    if not counts:
        return
    statement = mysql.insert(ledger.seen)
    new = statement.inserted
    statement = statement.on_duplicate_key_update(
        times=ledger.seen.c.times + new.times,
        empty=ledger.seen.c.empty + new.empty,
        last_at=sa.func.greatest(ledger.seen.c.last_at, new.last_at),
    )
    names = ("tenant", "kind", "name")
    rows = [{**dict(zip(names, key, strict=True)), **count.__dict__} for key, count in sorted(counts.items())]
    connection.execute(statement, rows)


def fetch(connection: sa.Connection, ledger: tables.Tables, tenant: str, kind: str) -> dict[str, Count]:
    """Read what was counted of a tenant: name -> count."""
    table = ledger.seen
    query = sa.select(table).where(table.c.tenant == tenant, table.c.kind == kind).order_by(table.c.name)
    return {row.name: Count(row.times, row.empty, row.first_at, row.last_at) for row in connection.execute(query)}


def forget(connection: sa.Connection, ledger: tables.Tables, tenant: str) -> int:
    """Begin to count anew for a tenant; give how many names were known."""
    return connection.execute(ledger.seen.delete().where(ledger.seen.c.tenant == tenant)).rowcount
