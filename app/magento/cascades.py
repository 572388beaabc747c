"""In charge of what hangs on a row by foreign keys: what goes, or is cut loose, along with it (facts 6.2)."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.magento import changes
from app.sql import sending

TAKEN, LOOSED = "CASCADE", "SET NULL"


@dataclass(frozen=True)
class Reference:
    """A column of a table that refers to a column of another. Names with prefix. rule: what a deletion does."""

    table: str
    column: str
    rule: str


@dataclass(frozen=True)
class Cascades:
    """Who refers to whom: (table, column) -> references; and the columns of every table's primary key."""

    references: Mapping[tuple[str, str], Sequence[Reference]]
    keys: Mapping[str, Sequence[str]]


def load(connection: sa.Connection) -> Cascades:
    """Read the foreign keys of the database, as far as this user may write to its tables.

    The server's table of them, REFERENTIAL_CONSTRAINTS, is empty for a user of MariaDB whose privileges are given table
    by table: what a deletion does stands in each table's own definition.
    """
    columns = connection.execute(
        sa.text(
            "SELECT TABLE_NAME, COLUMN_NAME, CONSTRAINT_NAME, REFERENCED_TABLE_NAME"
            " FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = DATABASE()"
            " AND (CONSTRAINT_NAME = 'PRIMARY' OR REFERENCED_TABLE_NAME IS NOT NULL)"
            " ORDER BY TABLE_NAME, ORDINAL_POSITION"
        )
    ).all()
    keys: dict[str, list[str]] = {}
    referring = dict[str, None]()
    for table, column, name, parent in columns:
        if name == "PRIMARY":
            keys.setdefault(table, []).append(column)
        if parent is not None:
            referring[table] = None
    references: dict[tuple[str, str], list[Reference]] = {}
    found = sa.inspect(connection).get_multi_foreign_keys(filter_names=list(referring)) if referring else {}
    for (_, table), foreign in sorted(found.items()):
        for each in foreign:
            rule = each.get("options", {}).get("ondelete")
            if rule in (TAKEN, LOOSED):
                for column, parent_column in zip(each["constrained_columns"], each["referred_columns"], strict=True):
                    parent = (each["referred_table"], parent_column)
                    references.setdefault(parent, []).append(Reference(table, column, rule))
    return Cascades(references, keys)


def capture(
    connection: sa.Connection, cascades: Cascades, prefix: str, going: Iterable[changes.RowChange]
) -> list[changes.RowChange]:
    """Read every row that the database will take along, or whose reference it will empty, when rows are deleted.

    going: the planned deletions, with their whole rows. Parents come before their children. Rows that are
    among the planned deletions themselves are left out.
    """
    deleted = [change for change in going if change.before is not None and change.after is None]
    planned: dict[tuple[str, tuple[str, ...]], set[tuple[Any, ...]]] = {}
    for change in deleted:
        columns = tuple(sorted(change.key))
        planned.setdefault((change.table, columns), set()).add(tuple(change.key[column] for column in columns))
    seen: set[tuple[Any, ...]] = set()
    found: list[changes.RowChange] = []
    level: list[tuple[str, Mapping[str, Any]]] = [
        (prefix + change.table, {**(change.before or {}), **change.key}) for change in deleted
    ]
    while level:
        taken = []
        for change in _hanging(connection, cascades, prefix, level):
            place = (change.table, *_sorted(change.key), change.after is None)
            if place in seen or _is_among(change, planned):
                continue
            seen.add(place)
            found.append(change)
            if change.after is None:
                taken.append((prefix + change.table, change.before or {}))
        level = taken
    return found


def privileges(cascades: Cascades, roots: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Say what is needed on the tables below some tables, to read what goes with their rows and to bring it back.

    roots, and the tables given: with prefix.
    """
    found: dict[str, tuple[str, ...]] = {}
    below = list(roots)
    while below:
        table = below.pop()
        for (parent, _), references in cascades.references.items():
            for reference in references if parent == table else ():
                taken = reference.rule == TAKEN
                if taken and "INSERT" not in found.get(reference.table, ()):
                    below.append(reference.table)
                wanted = ("SELECT", "INSERT" if taken else "UPDATE")
                found[reference.table] = tuple(dict.fromkeys((*found.get(reference.table, ()), *wanted)))
    return found


def _is_among(
    change: changes.RowChange, planned: Mapping[tuple[str, tuple[str, ...]], Collection[tuple[Any, ...]]]
) -> bool:
    """Say whether a row is one of the planned, which may name it by another key than its primary one."""
    row = {**(change.before or {}), **change.key}
    return any(
        table == change.table and tuple(row.get(column) for column in columns) in keys
        for (table, columns), keys in planned.items()
    )


def _sorted(key: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted(key.items()))


def _hanging(
    connection: sa.Connection, cascades: Cascades, prefix: str, parents: Sequence[tuple[str, Mapping[str, Any]]]
) -> Iterator[changes.RowChange]:
    """Walk the rows that refer to some rows: first one statement that finds out which tables have any."""
    for reference, row in _rows(connection, _present(connection, _referred(cascades, parents))):
        key = {column: row[column] for column in cascades.keys.get(reference.table, (reference.column,))}
        name = reference.table.removeprefix(prefix)
        if reference.rule == TAKEN:
            yield changes.RowChange(name, key, row, None)
        else:
            yield changes.RowChange(name, key, {reference.column: row[reference.column]}, {reference.column: None})


def asked_of(cascades: Cascades, dialect: sa.Dialect, table: str, row: Mapping[str, Any]) -> list[sending.Order]:
    """Give what `capture` will ask first where one row goes alone. table: with prefix."""
    wanted = _referred(cascades, [(table, row)])
    return [_question(wanted, dialect)] if wanted else []


def ask_ahead(
    connection: sa.Connection,
    cascades: Cascades,
    table: str,
    row: Mapping[str, Any],
    below: Sequence[tuple[str, Mapping[str, Any]]] = (),
) -> None:
    """Ask along with the next message for the rows that `capture` will read first. table: with prefix.

    below: rows that are known to hang on it, with their tables, for what hangs on those, in turn.
    """
    present = _present(connection, _referred(cascades, [(table, row)]))
    orders, deeper = _orders(connection.dialect, present), _referred(cascades, below)
    if deeper:
        tables = {reference.table for reference in present}  # which may have rows for those, too
        likely = {reference: them for reference, them in deeper.items() if reference.table in tables}
        orders += [_question(deeper, connection.dialect), *_orders(connection.dialect, likely)]
    for order in orders:
        sending.later(connection, sending.ahead(connection, order))


def _referred(cascades: Cascades, parents: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[Reference, set[Any]]:
    """Give what may refer to some rows, and by which values."""
    wanted: dict[Reference, set[Any]] = {}
    for table, row in parents:
        for (parent, column), references in cascades.references.items():
            if parent == table and row.get(column) is not None:
                for reference in references:
                    wanted.setdefault(reference, set()).add(row[column])
    return wanted


def _rows(
    connection: sa.Connection, wanted: Mapping[Reference, set[Any]]
) -> Iterator[tuple[Reference, dict[str, Any]]]:
    """Read the rows that refer to some values, in one message."""
    orders = _orders(connection.dialect, wanted)
    for reference, answer in zip(wanted, sending.ask(connection, *orders) if orders else (), strict=True):
        yield from ((reference, dict(zip(answer.names, row, strict=True))) for row in answer.rows)


def _orders(dialect: sa.Dialect, wanted: Mapping[Reference, set[Any]]) -> list[sending.Order]:
    return [sending.Order(_referring(each, dialect), {"them": sorted(them)}) for each, them in wanted.items()]


@functools.lru_cache(maxsize=1000)
def _referring(reference: Reference, dialect: sa.Dialect) -> sending.Text:
    query = f"SELECT * FROM `{reference.table}` WHERE `{reference.column}` IN :them"  # noqa: S608 # nosec B608
    return sending.Text(sa.text(query), dialect)


def _present(connection: sa.Connection, wanted: Mapping[Reference, set[Any]]) -> dict[Reference, set[Any]]:
    """Leave out the references that no row has."""
    if not wanted:
        return {}
    there = {row[0] for row in sending.ask(connection, _question(wanted, connection.dialect))[0].rows}
    return {reference: them for place, (reference, them) in enumerate(wanted.items()) if place in there}


def _question(wanted: Mapping[Reference, set[Any]], dialect: sa.Dialect) -> sending.Order:
    """Ask which of some references a row has: the numbers of those come."""
    given = {f"them{place}": sorted(values) for place, values in enumerate(wanted.values())}
    return sending.Order(_text(tuple(wanted), dialect), given)


@functools.lru_cache(maxsize=100)
def _text(references: tuple[Reference, ...], dialect: sa.Dialect) -> sending.Text:
    parts = (
        f"SELECT {place} FROM DUAL WHERE EXISTS"  # noqa: S608 # nosec B608
        f" (SELECT 1 FROM `{reference.table}` WHERE `{reference.column}` IN :them{place})"
        for place, reference in enumerate(references)
    )
    return sending.Text(sa.text(" UNION ALL ".join(parts)), dialect, kept=True)
