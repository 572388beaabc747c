"""In charge of one row's change as a value: what a write executes, a dry run prints and a journal keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from app.magento import driver_errors, errors, schema
from app.sql import sending

ER_DUP_ENTRY = 1062


@dataclass(frozen=True)
class New:
    """Stands for an id that the database gives when the row called name is inserted."""

    name: str

    def __str__(self) -> str:
        return f"(new {self.name})"


NEW = New("customer")


@dataclass(frozen=True)
class Joined:
    """Stands for a text of ids joined by commas, some of which the database will give."""

    parts: tuple[str | New, ...]

    def __str__(self) -> str:
        return ",".join(map(str, self.parts))


def joined(parts: Iterable[int | str | New]) -> str | Joined:
    """Join ids by commas: a text, or what stands for it as long as one of them is not known."""
    known = tuple(part if isinstance(part, New) else str(part) for part in parts)
    if any(isinstance(part, New) for part in known):
        return Joined(known)
    return ",".join(map(str, known))


Tables = Mapping[str, sa.Table] | schema.Tables
Id = int | New


@dataclass(frozen=True)
class RowChange:
    """One row inserted (before is None), deleted (after is None) or updated.

    table: without prefix. key: column -> value, identifying the row; for an insert with an automatic id
    `{column: New(...)}`. before, after: column -> value; for an update only the columns that differ.
    """

    table: str
    key: Mapping[str, Any]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def execute(connection: sa.Connection, tables: Tables, changes: Iterable[RowChange]) -> list[RowChange]:
    """Write the changes in their order and give them back with the ids the database chose.

    Neighbours that do the same to one table share a statement. Where nobody waits for its answer it is sent with the
    next one (sending.later), at the latest by the commit. Raises Changed, then, when a row to update or delete is
    gone, or a row to insert with a known key came up since; driver errors leave as they are (the transaction
    translates them).
    """
    ids: dict[New, int] = {}
    done: list[RowChange] = []
    for _, neighbours in groupby(changes, key=_statement):
        run = [_resolved(change, ids) for change in neighbours]
        table = tables[run[0].table]
        if run[0].before is None:
            done += _insert(connection, table, run, ids)
        else:
            _update_or_delete(connection, table, run)
            done += run
    return done


def merged(planned: Iterable[RowChange]) -> list[RowChange]:
    """Make one change of all that are planned for the same row, in the place of the first, a deletion in its own.

    What ends as it began is left out, and so is a row that is made and taken away again. What names a row that is
    made only after that place stays where it is.
    """
    found: dict[tuple[Any, ...], RowChange] = {}
    made: dict[New, tuple[Any, ...]] = {}
    for change in planned:
        row: tuple[Any, ...] = (change.table, *sorted(change.key.items()))
        places = list(found) if row in found and _news(change.after) else []
        if any(places.index(made[new]) > places.index(row) for new in _news(change.after) if places and new in made):
            row = (*row, "later")
        made |= {new: row for new in _news(change.key) if new not in made}
        whole = _after(found[row], change) if row in found else change
        if change.after is None:
            found.pop(row, None)
        found[row] = whole
    return [change for change in found.values() if change.before != change.after]


def _news(values: Mapping[str, Any] | None) -> list[New]:
    return [value for value in (values or {}).values() if isinstance(value, New)]


def _after(first: RowChange, second: RowChange) -> RowChange:
    """Put two changes of one row, in this order, into one."""
    if second.after is None:
        whole = None if first.before is None else {**(second.before or {}), **first.before}
        return replace(first, before=whole, after=None)
    if first.before is None or first.after is None:
        return replace(first, after={**(first.after or {}), **second.after})
    before = {**(second.before or {}), **first.before}
    after = {**first.after, **second.after}
    changed = [column for column in after if column not in before or before[column] != after[column]]
    return replace(first, before={c: before.get(c) for c in changed}, after={c: after[c] for c in changed})


def removal(
    connection: sa.Connection, tables: Tables, names: Iterable[str], value: Any, column: str = "customer_id"
) -> list[RowChange]:
    """Plan that the rows of some tables go which have a value, the customer's id, in a column; tables may be absent."""
    there = [(name, table) for name in names if (table := tables.get(name)) is not None]
    answers = sending.ask(connection, *asked_of_removal(connection.dialect, tables, names, value, column))
    found: list[RowChange] = []
    for (name, table), answer in zip(there, answers, strict=True):
        keys, columns = table.primary_key.columns.keys(), table.columns.keys()
        for row in (dict(zip(columns, each, strict=True)) for each in answer.rows):
            found.append(RowChange(name, {key: row[key] for key in keys}, row, None))
    return found


def asked_of_removal(
    dialect: sa.Dialect, tables: Tables, names: Iterable[str], value: Any, column: str = "customer_id"
) -> list[sending.Order]:
    """Give what `removal` will ask."""
    there = [table for name in names if (table := tables.get(name)) is not None]
    return [sending.Order(sending.select(table, dialect, (column,)), sending.where({column: value})) for table in there]


def reverse(change: RowChange) -> RowChange:
    """Turn a change round: what takes it back."""
    return replace(change, before=change.after, after=change.before)


def _statement(change: RowChange) -> tuple[Any, ...]:
    """Equal for neighbours that fit in one statement; an insert that makes an id stands alone."""
    if change.before is None:
        new = next((value for value in change.key.values() if isinstance(value, New)), None)
        return ("insert", change.table, new, tuple(sorted(change.after or ())))
    columns = tuple(sorted(change.key))
    if change.after is None:
        return ("delete", change.table, columns)
    return ("update", change.table, columns, repr(sorted(change.after.items())))


def _resolved(change: RowChange, ids: Mapping[New, int]) -> RowChange:
    """Put the ids that are known by now in the place of their names."""

    def known(value: Any) -> Any:
        if isinstance(value, Joined):
            return joined(known(part) for part in value.parts)
        return ids.get(value, value) if isinstance(value, New) else value

    key = {column: known(value) for column, value in change.key.items()}
    after = {column: known(value) for column, value in change.after.items()} if change.after else change.after
    return replace(change, key=key, after=after)


def _insert(
    connection: sa.Connection, table: sa.Table, run: Sequence[RowChange], ids: dict[New, int]
) -> list[RowChange]:
    first = run[0]
    automatic = [(column, value) for column, value in first.key.items() if isinstance(value, New)]
    rows = [
        {c: v for c, v in {**change.key, **(change.after or {})}.items() if not isinstance(v, New)} for change in run
    ]

    def refused(error: exc.DBAPIError) -> None:
        if automatic or driver_errors.number(error.orig) != ER_DUP_ENTRY:
            raise error
        taken = driver_errors.translate(error)
        other = isinstance(taken, errors.Duplicate) and taken.key != "PRIMARY"
        raise errors.Changed(table.name, dict(first.key), taken=other) from error

    if len(rows) > 1:
        try:
            connection.execute(table.insert(), rows)
        except exc.IntegrityError as error:
            refused(error)
        return list(run)
    text = sending.insert(table, connection.dialect, tuple(rows[0]))
    order = sending.Order(text, rows[0], failed=refused)
    if not automatic:
        sending.later(connection, order)
        return list(run)
    column, name = automatic[0]
    ids[name] = sending.ask(connection, order)[0].lastrowid
    return [replace(first, key={**first.key, column: ids[name]})]


def _update_or_delete(connection: sa.Connection, table: sa.Table, run: Sequence[RowChange]) -> None:
    keys, after = [change.key for change in run], run[0].after

    def judge(count: int) -> None:
        if count != len(run):
            raise errors.Changed(table.name, [dict(key) for key in keys])

    columns = tuple(keys[0])
    if len(run) == 1:
        if after is None:
            text = sending.delete(table, connection.dialect, columns)
        else:
            text = sending.update(table, connection.dialect, tuple(after), columns)
        given = {**sending.where(keys[0]), **(after or {})}
        sending.later(connection, sending.Order(text, given, heard=lambda answer: judge(answer.rowcount)))
        return
    condition: sa.ColumnElement[bool]
    if len(columns) == 1:
        condition = table.c[columns[0]].in_([key[columns[0]] for key in keys])
    else:
        condition = sa.or_(*(sa.and_(*(table.c[c] == key[c] for c in columns)) for key in keys))
    statement = table.delete().where(condition) if after is None else table.update().where(condition).values(after)
    judge(connection.execute(statement).rowcount)
