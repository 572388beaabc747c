"""In charge of one row's change as a value: what a write executes, a dry run prints and a journal keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from app.magento import driver_errors, errors, schema
from app.sql import sending, wire

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
    return execute_all(connection, tables, [list(changes)])[0]


def execute_all(
    connection: sa.Connection, tables: Tables, plans: Sequence[Sequence[RowChange]]
) -> list[list[RowChange]]:
    """Write several plans, each in its order and with ids of its own, as execute does; give back each.

    What plans have in common at their places shares a statement, or a message. No plan may be about a row of another.
    """
    works = [_Work(plan) for plan in plans]
    while any(work.left for work in works):
        kind = max(works, key=lambda work: len(work.left)).next[0]
        run = [(work, change) for work in works for change in work.take(kind)]
        if kind[0] == "insert":
            _insert(connection, tables, run, kind[2])
        else:
            _update_or_delete(connection, tables[kind[1]], [change for _, change in run])
            for work, change in run:
                work.done.append(change)
    return [work.done for work in works]


class _Work:
    """A plan under way. left: what is still to be done, the next last; ids: those that the database chose."""

    def __init__(self, plan: Sequence[RowChange]) -> None:
        self.left = list(reversed(plan))
        self.ids: dict[New, int] = {}
        self.done: list[RowChange] = []
        self._next: tuple[Kind, RowChange] | None = None

    @property
    def next(self) -> tuple[Kind, RowChange]:
        """The change that comes next, with the ids that are known by now, and its kind of statement."""
        if self._next is None:
            change = _resolved(self.left[-1], self.ids)
            self._next = _kind(change), change
        return self._next

    def child(self, change: RowChange) -> RowChange | None:
        """Take the change that comes next where it may go along with this one, which makes a row and its id; else None.

        It may where it makes a row, too, whose id others wait for, and waits itself for nothing but this id.
        """
        coming = _resolved(self.left[-1], self.ids) if self.left else change
        unknown = [value for value in (coming.after or {}).values() if isinstance(value, New | Joined)]
        if coming.before is not None or unknown != list(change.key.values()) or not _news(coming.key):
            return None
        self.left.pop()
        return coming

    def made(self, change: RowChange, number: int) -> None:
        """Note that a row was made, and its id."""
        self.ids[_news(change.key)[0]] = number
        self.done.append(_resolved(change, self.ids))

    def take(self, kind: Kind) -> Iterator[RowChange]:
        """Take the changes of a kind that come next: one where the database gives it an id, for which others wait."""
        while self.left and self.next[0] == kind:
            yield self.next[1]
            self.left.pop()
            self._next = None
            if kind[2]:
                return


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


Kind = tuple[Any, ...]
"""Equal for changes that fit in one statement: what is done, the table, the columns whose ids are made, the rest."""


def _kind(change: RowChange) -> Kind:
    if change.before is None:
        automatic = tuple(column for column, value in change.key.items() if isinstance(value, New))
        return ("insert", change.table, automatic, tuple(sorted(change.after or ())))
    columns = tuple(sorted(change.key))
    if change.after is None:
        return ("delete", change.table, (), columns)
    return ("update", change.table, (), columns, repr(sorted(change.after.items())))


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
    connection: sa.Connection, tables: Tables, run: Sequence[tuple[_Work, RowChange]], automatic: Sequence[str]
) -> None:
    table, keys = tables[run[0][1].table], [dict(change.key) for _, change in run]

    def refused(error: exc.DBAPIError) -> None:
        if automatic or driver_errors.number(error.orig) != ER_DUP_ENTRY:
            raise error
        taken = driver_errors.translate(error)
        other = isinstance(taken, errors.Duplicate) and taken.key != "PRIMARY"
        raise errors.Changed(table.name, keys if len(keys) > 1 else keys[0], taken=other) from error

    rows = [{**change.key, **(change.after or {})} for _, change in run]
    if not automatic:
        for order in sending.inserting(table, connection.dialect, rows, refused):
            sending.later(connection, order)
        for work, change in run:
            work.done.append(change)
        return
    rows = [{column: value for column, value in row.items() if column not in automatic} for row in rows]
    text = sending.insert(table, connection.dialect, tuple(rows[0]))
    orders = [sending.Order(text, row) for row in rows]
    child = run[0][0].child(run[0][1]) if len(run) == 1 and sending.is_one_message(connection) else None
    if child is not None:
        given = child.after or {}
        row = {column: wire.LAST_ID if isinstance(value, New) else value for column, value in given.items()}
        text = sending.insert(tables[child.table], connection.dialect, tuple(row))
        orders.append(sending.Order(text, row))
        run = [*run, (run[0][0], child)]
    for (work, change), answer in zip(run, sending.ask(connection, *orders), strict=True):
        work.made(change, answer.lastrowid)


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
