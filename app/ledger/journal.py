"""The journal: what every change of a request did to which rows, with the values before and after.

What may not be read in it (passwords' hashes, tokens, masked attributes) stands in it as a mark, the same for the same
value; the values themselves are sealed beside it, so that a change can be taken back and nobody can read them.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from nacl import secret

from app import jsontext
from app.ledger import tables
from app.sql import sending

MARK = "#"  # {"#": "…"} stands for a value that may not be read
BYTES = "base64"


@dataclass(frozen=True)
class Row:
    """One row's change: table without prefix, key, and the columns before and after (None: the row is not there).

    `cascade`: the database took it along with another row.
    """

    table: str
    key: Mapping[str, Any]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    cascade: bool = False


@dataclass(frozen=True)
class Entry:
    """One change of one resource, and who asked for it. Times are naive UTC.

    `reasons`: attribute of the shop -> what gave its value ("line", "from"). `undoes`: the entry that it takes back.
    """

    request_id: str
    at: datetime
    tenant: str
    actor: str
    token_id: int | None
    profile: str
    operation: str
    resource_type: str
    resource_id: int
    rows: tuple[Row, ...]
    reasons: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    undoes: int | None = None
    entry_id: int = 0
    undone: bool = False


Hidden = Callable[[str, Mapping[str, Any], str], bool]
"""Says whether a column of a row (table, the row's values, column) may not be read in the journal."""


def encode(value: Any) -> Any:
    """Give a column's value as JSON has it: the same text for the same value."""
    match value:
        case datetime():
            return value.isoformat(" ")
        case date() | timedelta() | Decimal():
            return str(value)
        case bytes():
            return {BYTES: base64.b64encode(value).decode()}
    return value


def decode(value: Any) -> Any:
    """Give an encoded value in the form that the database takes."""
    if isinstance(value, dict) and set(value) == {BYTES}:
        return base64.b64decode(value[BYTES])
    return value


def hides(value: Any) -> bool:
    """Say whether an encoded value is a mark."""
    return isinstance(value, dict) and set(value) == {MARK}


def record(connection: sa.Connection, ledger: tables.Tables, key: bytes, entry: Entry, hidden: Hidden) -> None:
    """Write an entry in the transaction of the change it tells of. `key`: 32 bytes."""
    record_all(connection, ledger, key, [entry], hidden)


def record_all(
    connection: sa.Connection, ledger: tables.Tables, key: bytes, entries: Iterable[Entry], hidden: Hidden
) -> None:
    """Write several entries, in the order in which they are to be found."""
    for order in sending.inserting(
        ledger.journal, connection.dialect, [_values(key, entry, hidden) for entry in entries]
    ):
        sending.later(connection, order)


def _values(key: bytes, entry: Entry, hidden: Hidden) -> dict[str, Any]:
    """Give an entry's row."""
    shown: list[Any] = []
    kept: dict[str, Any] = {}
    for place, row in enumerate(entry.rows):
        before, after = (_part(row, side, hidden, key, kept, place) for side in ("before", "after"))
        shown.append([row.table, {c: encode(v) for c, v in row.key.items()}, before, after, int(row.cascade)])
    return {
        "request_id": entry.request_id,
        "at": entry.at,
        "tenant": entry.tenant,
        "actor": entry.actor,
        "token_id": entry.token_id,
        "profile": entry.profile,
        "operation": entry.operation,
        "resource_type": entry.resource_type,
        "resource_id": entry.resource_id,
        "changes": jsontext.dump(shown),
        "reasons": jsontext.dump(entry.reasons) if entry.reasons else None,
        "sealed": secret.SecretBox(key).encrypt(jsontext.dump(kept).encode()) if kept else None,
        "undoes": entry.undoes,
    }


def _part(row: Row, side: str, hidden: Hidden, key: bytes, kept: dict[str, Any], place: int) -> dict[str, Any] | None:
    """Encode one side of a row's change, with marks for what may not be read, which goes to `kept`."""
    values: Mapping[str, Any] | None = getattr(row, side)
    if values is None:
        return None
    shown = {}
    known = {**row.key, **(row.before or {}), **(row.after or {})}
    for column, value in values.items():
        shown[column] = encode(value)
        if value not in (None, "") and hidden(row.table, known, column):
            kept[f"{place}.{side}.{column}"] = shown[column]
            mark = hmac.new(key, str(shown[column]).encode(), hashlib.sha256).hexdigest()[:16]
            shown[column] = {MARK: mark}
    return shown


# --- reading ---


@dataclass(frozen=True)
class Wanted:
    """Which entries are looked for; None stands for all. Times are naive UTC, `limit` counts from the newest."""

    request_id: str | None = None
    entry_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    tenant: str | None = None
    resource_type: str | None = None
    resource_id: int | None = None
    operation: str | None = None
    actor: str | None = None
    limit: int | None = None


def fetch(connection: sa.Connection, ledger: tables.Tables, wanted: Wanted, key: bytes | None = None) -> list[Entry]:
    """Read entries, the newest first; with `key` the sealed values stand in the place of their marks."""
    table = ledger.journal
    query = sa.select(table)
    for name in ("request_id", "entry_id", "tenant", "resource_type", "resource_id", "operation", "actor"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(table.c[name] == value)
    if wanted.since is not None:
        query = query.where(table.c.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.c.at < wanted.until)
    query = query.order_by(table.c.entry_id.desc())
    if wanted.limit is not None:
        query = query.limit(wanted.limit)
    rows = connection.execute(query).all()
    undone = _undone(connection, ledger, {row.entry_id for row in rows})
    return [_entry(row, key, row.entry_id in undone) for row in rows]


def _undone(connection: sa.Connection, ledger: tables.Tables, ids: Collection[int]) -> set[int]:
    """Find out which entries are taken back, by an undo that is not taken back itself."""
    if not ids:
        return set()
    table = ledger.journal
    query = sa.select(table.c.entry_id, table.c.undoes).where(table.c.undoes.in_(ids))
    undoes = {row.entry_id: row.undoes for row in connection.execute(query)}
    redone = _undone(connection, ledger, undoes.keys())
    return {undone for entry_id, undone in undoes.items() if entry_id not in redone}


def _entry(row: sa.Row[Any], key: bytes | None, undone: bool) -> Entry:
    changes = json.loads(row.changes)
    if key is not None and row.sealed is not None:
        for place, value in json.loads(secret.SecretBox(key).decrypt(row.sealed)).items():
            number, side, column = place.split(".", 2)
            changes[int(number)][2 if side == "before" else 3][column] = value
    return Entry(
        **{name: getattr(row, name) for name in COLUMNS},
        rows=tuple(Row(table, where, before, after, bool(cascade)) for table, where, before, after, cascade in changes),
        reasons=json.loads(row.reasons) if row.reasons else {},
        undone=undone,
    )


COLUMNS = (
    *("entry_id", "request_id", "at", "tenant", "actor", "token_id", "profile"),
    *("operation", "resource_type", "resource_id", "undoes"),
)


def columns(rows: Iterable[Row]) -> Iterable[tuple[Row, str, Any, Any]]:
    """Walk what changed, column by column: (row, column, before, after)."""
    for row in rows:
        names = dict.fromkeys((*(row.before or {}), *(row.after or {})))
        for column in names:
            yield row, column, (row.before or {}).get(column), (row.after or {}).get(column)
