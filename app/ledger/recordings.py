"""Recorded requests: the last ones of each tenant, masked, with their answers."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import tables


@dataclass(frozen=True)
class Recording:
    """One request and its answer as they may be read. `at`: naive UTC; `number`: 0 until it is stored."""

    tenant: str
    request_id: str
    at: datetime
    actor: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None
    status: int
    ms: float
    answer_headers: Mapping[str, str]
    answer: str | None
    number: int = 0


@dataclass(frozen=True)
class Wanted:
    """Which recordings are looked for; None stands for all. `statuses`: from the first up to the second, included."""

    tenant: str
    number: int | None = None
    request_id: str | None = None
    method: str | None = None
    statuses: tuple[int, int] | None = None
    limit: int | None = None


def add(connection: sa.Connection, ledger: tables.Tables, found: Collection[Recording], keep: int) -> None:
    """Store recordings and leave of each of their tenants the last `keep`."""
    rows = [{name: value for name, value in one.__dict__.items() if name != "number"} for one in found]
    for row in rows:
        row |= {name: _dump(row[name]) for name in ("headers", "answer_headers")}
    connection.execute(ledger.request.insert(), rows)
    for tenant in sorted({one.tenant for one in found}):
        _prune(connection, ledger, tenant, keep)


def _prune(connection: sa.Connection, ledger: tables.Tables, tenant: str, keep: int) -> None:
    table = ledger.request
    numbers = sa.select(table.c.number).where(table.c.tenant == tenant).order_by(table.c.number.desc())
    oldest = connection.execute(numbers.limit(1).offset(keep)).scalar()
    if oldest is not None:
        connection.execute(table.delete().where(table.c.tenant == tenant, table.c.number <= oldest))


def fetch(connection: sa.Connection, ledger: tables.Tables, wanted: Wanted) -> list[Recording]:
    """Read recordings, the newest first: by their time, since each process numbers its own when it writes them."""
    table = ledger.request
    query = sa.select(table).where(table.c.tenant == wanted.tenant).order_by(table.c.at.desc(), table.c.number.desc())
    for name in ("number", "request_id", "method"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(table.c[name] == value)
    if wanted.statuses is not None:
        query = query.where(table.c.status.between(*wanted.statuses))
    if wanted.limit is not None:
        query = query.limit(wanted.limit)
    return [_recording(dict(row)) for row in connection.execute(query).mappings()]


def _recording(row: Mapping[str, Any]) -> Recording:
    read = {name: json.loads(row[name]) for name in ("headers", "answer_headers")}
    return Recording(**{**row, **read, "ms": float(row["ms"])})


def forget(connection: sa.Connection, ledger: tables.Tables, tenant: str) -> int:
    """Delete all recordings of a tenant; give how many there were."""
    return connection.execute(ledger.request.delete().where(ledger.request.c.tenant == tenant)).rowcount


def _dump(headers: Mapping[str, str]) -> str:
    return json.dumps(headers, ensure_ascii=False)
