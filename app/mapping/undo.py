"""In charge of taking changes back: entries of the journal turned round, held against the rows, carried out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from app.ledger import journal
from app.magento import cascades, changes, customers, database, driver_errors, options
from app.magento import errors as shop_errors
from app.mapping import bridges, claims, clock, leaving, writes
from app.sql import sending

DERIVED = frozenset({"updated_at"})  # the database and Magento set it with any other change
COUNTED: Mapping[str, frozenset[str]] = {"scim_group": frozenset({"version", "modified_at"})}  # go on, never back
# A choice that was made may be others' by now; e-mails are claimed anew.
KEPT = frozenset({options.OPTION, options.LABEL, "scim_option", claims.TABLE})
Row = changes.RowChange


@dataclass(frozen=True)
class Conflict:
    """A row that is no longer as the change left it. `column` None: the row as a whole; `final`: nothing forces it."""

    entry_id: int
    table: str
    key: Mapping[str, Any]
    column: str | None
    reason: str
    final: bool = False

    def __str__(self) -> str:
        key = ", ".join(f"{column} {value}" for column, value in self.key.items())
        return f"{self.table}{f' ({key})' if key else ''}{f', {self.column}' if self.column else ''}: {self.reason}"


@dataclass(frozen=True)
class Undone:
    """What taking back comes to: entries, newest first, with the rows that are written, and what is in the way."""

    entries: tuple[tuple[journal.Entry, tuple[Row, ...]], ...]
    conflicts: tuple[Conflict, ...]


class Refused(Exception):
    """Rows have changed since; nothing was written. `undone` says which, and what would have been."""

    def __init__(self, undone: Undone) -> None:
        super().__init__("rows have changed since")
        self.undone = undone


Bridges = Callable[[str], bridges.Bridge]
"""Gives the bridge of a tenant."""


def find(bridge: bridges.Bridge, wanted: journal.Wanted) -> list[journal.Entry]:
    """Find the entries to be taken back, newest first: not those that are undone, no undo unless asked for by name."""
    with database.reading(bridge.shop.engine) as connection:
        found = journal.fetch(connection, bridge.ledger, wanted, bridge.settings.journal_key)
    named = wanted.request_id is not None or wanted.entry_id is not None
    return [entry for entry in found if not entry.undone and (named or entry.undoes is None)]


def carry_out(
    bridge: bridges.Bridge,
    entries: Sequence[journal.Entry],
    tenants: Bridges,
    *,
    force: bool = False,
    dry: bool = False,
) -> Undone:
    """Take entries back in one transaction, the newest first, and tell the journal.

    `force`: also where rows have changed since; `dry`: write nothing. Raises Refused, naming the rows in the way.
    """

    if not entries:
        return Undone((), ())
    at = entries[0]

    def work(connection: sa.Connection) -> Undone:
        nonlocal at
        done, conflicts = [], []
        for entry in entries:
            at = entry
            rows, taken, found = _entry(connection, bridge, entry, force)
            conflicts += found
            if rows:
                done.append((entry, tuple(_write(connection, tenants(entry.tenant), entry, rows, taken))))
                sending.tell(connection)  # so that an error is this entry's
        undone = Undone(tuple(done), tuple(conflicts))
        if conflicts and not force and not dry:
            raise Refused(undone)
        if dry:
            raise _Rolled(undone)
        return undone

    try:
        return database.transaction(bridge.shop.engine, work)
    except _Rolled as rolled:
        return rolled.undone
    except (shop_errors.Duplicate, shop_errors.Changed) as error:
        cause: Exception = error
        found = driver_errors.translate(error.__cause__) if isinstance(error.__cause__, exc.DBAPIError) else error
        if not isinstance(found, shop_errors.Duplicate):
            raise
        refused = _refused(at, found.key, f"{found.entry!r} is somebody else's by now: change it there first")
    except shop_errors.Rejected as error:
        refused, cause = _refused(at, error.code, error.reason), error
    if dry:
        return refused.undone
    raise refused from cause


def _refused(entry: journal.Entry, what: str, reason: str) -> Refused:
    """Say what the shop, or the database's keys, have against the rows, forced or not."""
    of = f"{entry.operation} of {entry.resource_type} {entry.resource_id}"
    return Refused(Undone((), (Conflict(entry.entry_id, of, {}, what, reason, final=True),)))


class _Rolled(Exception):
    """Ends a dry run, so that the transaction is rolled back."""

    def __init__(self, undone: Undone) -> None:
        super().__init__()
        self.undone = undone


def _write(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    entry: journal.Entry,
    rows: Iterable[Row],
    taken: Iterable[Row],
) -> list[Row]:
    """Write an entry's rows and tell the journal, also of what goes along with them (`taken`)."""
    rows = list(rows)
    rows += claims.plan(connection, bridge, rows)  # as any write: an e-mail that comes back is claimed again
    tables = {row.table: _table(bridge, row.table, [r for r in rows if r.table == row.table]) for row in rows}
    done = customers.write(connection, bridge.shop, rows, tables=tables, follow=False)
    deed = writes.Deed("undo", entry.resource_type, entry.resource_id, entry.entry_id)
    writes.tell(connection, bridge, deed, done, taken)
    return done


def _table(bridge: bridges.Bridge, name: str, rows: Iterable[Row]) -> Any:
    """Describe a table by the columns that are written, without types: values go back as they came."""
    columns = dict.fromkeys(c for row in rows for part in (row.key, row.before, row.after) for c in part or ())
    return sa.table(bridge.shop.prefix + name, *(sa.column(column) for column in columns))


# --- one entry ---


def _entry(
    connection: sa.Connection, bridge: bridges.Bridge, entry: journal.Entry, force: bool
) -> tuple[list[Row], list[Row], list[Conflict]]:
    """Turn an entry's rows round and hold them against the rows as they stand.

    Gives the rows to write, those that go or are cut loose along with them, and what is in the way.
    """
    undone = (row for row in entry.rows if row.table not in KEPT)
    turned = [Row(row.table, _decoded(row.key) or {}, row.after, row.before) for row in undone]
    hanging = bridge.shop.cascades()
    ranked = _ranks(hanging, bridge.shop.prefix, {row.table for row in turned})
    made = sorted((r for r in turned if r.before is None), key=lambda r: ranked[r.table])
    gone = sorted((r for r in reversed(turned) if r.after is None), key=lambda r: -ranked[r.table])
    changed = [r for r in reversed(turned) if r.before is not None and r.after is not None]
    rows: list[Row] = []
    conflicts: list[Conflict] = []
    first = [row for row in gone if row.table == leaving.TABLE]  # else the guard would hold what is given back
    for row in (*first, *made, *changed, *(row for row in gone if row.table != leaving.TABLE)):
        standing = _standing(connection, bridge, row)
        reasons = _differences(row, standing)
        conflicts += [Conflict(entry.entry_id, row.table, row.key, column, reason) for column, reason in reasons]
        if not reasons or force:
            rows += _fitted(row, standing)
    new = cascades.capture(connection, hanging, bridge.shop.prefix, [row for row in rows if row.after is None])
    conflicts += [
        Conflict(entry.entry_id, row.table, row.key, None, "came since and hangs on a row that would go")
        for row in new
        if not row.table.startswith("scim_")
    ]
    return rows, new, conflicts


def _ranks(hanging: cascades.Cascades, prefix: str, tables: Iterable[str]) -> dict[str, int]:
    """Number tables so that whoever refers to another comes after it."""
    parents: dict[str, set[str]] = {}
    for (parent, _), references in hanging.references.items():
        for reference in references:
            if reference.table != parent:
                parents.setdefault(reference.table.removeprefix(prefix), set()).add(parent.removeprefix(prefix))

    def rank(table: str, seen: frozenset[str] = frozenset()) -> int:
        above = [rank(parent, seen | {table}) for parent in parents.get(table, ()) if parent not in seen | {table}]
        return 1 + max(above, default=0)

    return {table: rank(table) for table in tables}


def _standing(connection: sa.Connection, bridge: bridges.Bridge, row: Row) -> dict[str, Any] | None:
    """Read a row as it stands, held until the transaction ends; None where it is not there."""
    where = " AND ".join(f"`{column}` = :k{place}" for place, column in enumerate(row.key))
    query = sa.text(f"SELECT * FROM `{bridge.shop.prefix}{row.table}` WHERE {where} FOR UPDATE")  # noqa: S608 # nosec B608
    found = connection.execute(query, {f"k{place}": value for place, value in enumerate(row.key.values())})
    standing = found.mappings().first()
    return dict(standing) if standing is not None else None


def _differences(row: Row, standing: Mapping[str, Any] | None) -> list[tuple[str | None, str]]:
    """Say in what a row is not as the change left it."""
    if row.before is None:
        return [] if standing is None else [(None, "is there again")]
    if standing is None:
        return [(None, "is gone")]
    return [
        (column, f"was left as {_shown(value)}, is {_shown(journal.encode(standing.get(column)))}")
        for column, value in row.before.items()
        if column not in DERIVED | COUNTED.get(row.table, frozenset()) and journal.encode(standing.get(column)) != value
    ]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _fitted(row: Row, standing: Mapping[str, Any] | None) -> list[Row]:
    """Make a turned row fit what stands: nothing where it is gone already, an overwriting where it is there again."""
    after = _decoded(row.after)
    if standing is None:
        return [replace(row, after=after)] if row.before is None else []
    if after is None:
        return [replace(row, before=standing, after=None)]
    after = {**{column: standing[column] for column in DERIVED if column in standing}, **after}
    if row.table in COUNTED and any(_counted_on(row, standing, column) for column in COUNTED[row.table]):
        after |= {"version": standing["version"] + 1, "modified_at": clock.now()}
    before = {column: standing.get(column) for column in after if column in standing}
    return [replace(row, before=before, after=after)]


def _counted_on(row: Row, standing: Mapping[str, Any], column: str) -> bool:
    """Say whether something else has been counted since."""
    left = row.before or {}
    return column in left and journal.encode(standing.get(column)) != left[column]


def _decoded(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else {column: journal.decode(value) for column, value in values.items()}
