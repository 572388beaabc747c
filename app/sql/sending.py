"""In charge of sending several statements in one message: of a short one's time most is the way there and back.

A statement whose answer nobody waits for is sent with the next one: `later` puts it behind those that wait already, and
`ask`, any statement of SQLAlchemy's and the commit send them first. So they are carried out in the order in which they
were given, in their transaction, and an error is raised at the latest by the commit. A rollback forgets what waits.

Who knows what will be asked further down sends that question along (`ahead`); whoever then asks it in the same words
and with the same values has the answer without a message of its own, unless something was written in between.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from app.sql import keeping, wire

WAITING = "waiting"  # under which a connection keeps its statements that wait
AHEAD = "ahead"  # under which it keeps the answers that were asked for ahead
ROWS = "rows"
LISTENS = "listens"  # what a connection keeps whose next statement sends them
MOST_WAITING = 200
MOST_ROWS = 100  # of a statement


class Text:
    """A statement in the driver's words, made once and sent again with other values."""

    def __init__(
        self, statement: Any, dialect: sa.Dialect, columns: Sequence[str] | None = None, *, kept: bool = False
    ) -> None:
        """Put a statement of SQLAlchemy's into words.

        columns: those that an INSERT or UPDATE sets; kept: whether the server is to keep it (`keeping`).
        """
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        self.sql: str = keeping.Kept(compiled.string) if kept else compiled.string
        self.order: Sequence[str] | None = compiled.positiontup
        self.given = {
            n: b.effective_value for n, b in compiled.binds.items() if not b.required and n not in (columns or ())
        }
        self.inward = _processors(dialect, "bind_processor", {n: b.type for n, b in compiled.binds.items()})
        self.asks = self.sql.startswith(("SELECT", "(SELECT"))
        shown = statement.selected_columns if isinstance(statement, sa.SelectBase) else ()
        self.names = [column.name for column in shown]
        self.outward = _processors(dialect, "result_processor", {i: column.type for i, column in enumerate(shown)})

    def values(self, given: Mapping[str, Any]) -> Any:
        """Give what the driver is to put in, in the form in which it asks for it."""
        values = self.inner(given)
        return values if self.order is None else tuple(values[name] for name in self.order)

    def inner(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Give what the driver is to put in, by name."""
        values = {**self.given, **given}
        for name, process in self.inward.items():
            values[name] = process(values[name])
        return values

    def rows(self, rows: Iterable[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
        """Give rows as SQLAlchemy would give them."""
        if not self.outward:
            return tuple(rows)
        shown = [list(row) for row in rows]
        for row in shown:
            for place, process in self.outward.items():
                row[place] = process(row[place])
        return [tuple(row) for row in shown]


def _processors(dialect: sa.Dialect, kind: str, types: Mapping[Any, Any]) -> dict[Any, Callable[[Any], Any]]:
    """Find the types whose values are not the driver's own."""
    found = {}
    for name, held in types.items():
        own = held.dialect_impl(dialect)
        process = own.bind_processor(dialect) if kind == "bind_processor" else own.result_processor(dialect, None)
        if process is not None:
            found[name] = process
    return found


class Rows(Text):
    """The words that insert several rows at once, made of those that insert one; the values of all come under ROWS."""

    def __init__(self, one: Text, count: int) -> None:
        head, between, row = one.sql.rpartition(" VALUES ")
        names = one.order or keeping.PLACE.findall(row)
        self.sql = head + between + ", ".join([keeping.PLACE.sub("%s", row)] * count)
        self.order, self.asks, self.names, self.outward = (ROWS,), False, [], {}
        self._of_row = lambda row: map(one.inner(row).__getitem__, names)

    def values(self, given: Mapping[str, Any]) -> Any:
        """Give the values of all rows, one behind the other."""
        return tuple(itertools.chain.from_iterable(map(self._of_row, given[ROWS])))


@dataclass(frozen=True)
class Order:
    """A statement to be sent, with its values.

    heard: told of the answer, may raise. failed: told of the database's error instead, and raises what it means; where
    it raises nothing, the statement counts as not sent.
    """

    text: Text
    given: Mapping[str, Any] = field(default_factory=dict)
    heard: Callable[[wire.Answer], None] | None = None
    failed: Callable[[exc.DBAPIError], None] | None = None

    @property
    def question(self) -> tuple[str, str]:
        """What is the same for orders that ask the same."""
        return self.text.sql, repr(self.text.values(self.given))


def later(connection: sa.Connection, order: Order) -> None:
    """Have a statement sent with the next one of this transaction.

    At once where nobody listens for the next one, or where many wait: a message must fit into a packet.
    """
    _written(connection, order)
    if LISTENS in connection.info and len(connection.info.setdefault(WAITING, [])) < MOST_WAITING:
        connection.info[WAITING].append(order)
    else:
        ask(connection, order)


def ask(connection: sa.Connection, *orders: Order) -> list[wire.Answer]:
    """Send statements together with all that wait, and give their answers; what was asked ahead is not sent again."""
    told = connection.info.get(AHEAD)
    if told and all(order.text.asks for order in orders):
        found = [told.get(order.question) for order in orders]
        missing = [order for order, answer in zip(orders, found, strict=True) if answer is None]
        rest = iter(_ask(connection, missing) if missing or not orders else ())
        for order, answer in zip(orders, found, strict=True):
            if answer is not None and order.heard is not None:
                order.heard(answer)
        return [next(rest) if answer is None else answer for answer in found]
    for order in orders:
        _written(connection, order)
    return _ask(connection, orders)


def _ask(connection: sa.Connection, orders: Sequence[Order]) -> list[wire.Answer]:
    waiting: list[Order] = connection.info.pop(WAITING, [])
    heard: list[wire.Answer] = []
    left = [*waiting, *orders]
    while left:
        message = wire.Message([(order.text.sql, order.text.values(order.given)) for order in left])
        error = _send(connection, message)
        if error is not None and connection.invalidated:
            raise error  # nobody has anything of answers on a connection that is gone
        for order, answer in zip(left, message.answers, strict=False):
            _written(connection, order)
            answer.rows = order.text.rows(answer.rows)
            if order.heard is not None:
                order.heard(answer)
            heard.append(answer)
        left = left[len(message.answers) :]
        if error is not None:
            if not left or (failed := left[0].failed) is None:
                raise error
            failed(error)
            heard.append(wire.Answer())
            left = left[1:]
    return heard[len(waiting) :]


def ahead(connection: sa.Connection, order: Order) -> Order:
    """Give an order to be sent whose answer is kept for who asks the same later in this transaction."""
    return replace(order, heard=functools.partial(known, connection, order))


def known(connection: sa.Connection, order: Order, answer: wire.Answer) -> None:
    """Keep the answer to a question that need not be asked: another one's answer says it already."""
    connection.info.setdefault(AHEAD, {})[order.question] = answer


def _written(connection: sa.Connection, order: Order) -> None:
    """Let answers be forgotten that a statement may have changed."""
    if not order.text.asks:
        connection.info.pop(AHEAD, None)


def soon(connection: sa.Connection, order: Order) -> Callable[[], wire.Answer]:
    """Ask along with the next statement; what is given gives the answer, and asks for it where it is not there yet."""
    told = connection.info.get(AHEAD, {}).get(order.question) if AHEAD in connection.info else None
    heard: list[wire.Answer] = [] if told is None else [told]
    if not heard:
        later(connection, replace(order, heard=heard.append))

    def answer() -> wire.Answer:
        if not heard:
            tell(connection)
        return heard[0]

    return answer


def tell(connection: sa.Connection) -> None:
    """Send what waits."""
    if connection.info.get(WAITING):
        ask(connection)


def forget(connection: sa.Connection) -> None:
    """Forget what waits, and what was asked ahead."""
    if not connection.invalidated:
        for name in (WAITING, AHEAD):
            connection.info.pop(name, None)


def is_one_message(connection: sa.Connection) -> bool:
    """Say whether statements go in one message on this connection: another driver sends one by one."""
    return isinstance(connection.connection.driver_connection, wire.Connection)


def _send(connection: sa.Connection, message: wire.Message) -> exc.DBAPIError | None:
    """Send a message; its answers are those of the statements that were carried out before one failed."""
    try:
        if is_one_message(connection):
            connection.exec_driver_sql(message)
            return None
        for sql, values in message.parts:
            result = connection.exec_driver_sql(sql, values)
            described = result.cursor.description if result.cursor and result.returns_rows else ()
            rows = [tuple(row) for row in result] if result.returns_rows else []
            message.answers.append(wire.Answer(rows, result.rowcount, result.lastrowid, described))
    except exc.DBAPIError as error:
        return error
    return None


def listen(engine: sa.Engine) -> None:
    """Let what waits on an engine's connections be sent before any other statement and the commit."""

    def before(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if not isinstance(statement, wire.Message):
            tell(connection)
            if not statement.lstrip().upper().startswith("SELECT"):
                connection.info.pop(AHEAD, None)

    def rest(_connection: Any, record: sa.pool.ConnectionPoolEntry) -> None:
        for name in (WAITING, AHEAD):
            record.info.pop(name, None)

    def finish(connection: sa.Connection) -> None:
        tell(connection)
        connection.info.pop(AHEAD, None)

    sa.event.listen(engine, "connect", lambda _connection, record: record.info.update({LISTENS: True}))
    sa.event.listen(engine, "before_cursor_execute", before)
    sa.event.listen(engine, "commit", finish)
    sa.event.listen(engine, "rollback", forget)
    sa.event.listen(engine, "checkin", rest)


@functools.lru_cache(maxsize=1000)
def insert(table: sa.Table, dialect: sa.Dialect, columns: tuple[str, ...]) -> Text:
    """Give the words that insert one row; the values go by the columns' names."""
    return Text(table.insert(), dialect, columns)


def inserting(
    table: sa.Table,
    dialect: sa.Dialect,
    rows: Sequence[Mapping[str, Any]],
    failed: Callable[[exc.DBAPIError], None] | None = None,
) -> list[Order]:
    """Give the orders that insert rows of the same columns: several rows each, as many as fit into a packet."""
    one = insert(table, dialect, tuple(rows[0]))
    parts: list[list[Mapping[str, Any]]] = []
    size = wire.LONGEST + 1
    for row in rows:
        longer = sum(len(value) for value in row.values() if isinstance(value, str | bytes))
        size += longer
        if size > wire.LONGEST or len(parts[-1]) >= MOST_ROWS:
            parts.append([])
            size = longer
        parts[-1].append(row)
    several = [(Rows(one, len(part)), {ROWS: part}) if len(part) > 1 else (one, part[0]) for part in parts]
    return [Order(text, given, failed=failed) for text, given in several]


@functools.lru_cache(maxsize=1000)
def update(table: sa.Table, dialect: sa.Dialect, columns: tuple[str, ...], keys: tuple[str, ...]) -> Text:
    """Give the words that update the row of a key, whose values go by the names of `where`."""
    return Text(table.update().where(*_is(table, keys)), dialect, columns)


@functools.lru_cache(maxsize=1000)
def select(table: sa.Table, dialect: sa.Dialect, keys: tuple[str, ...]) -> Text:
    """Give the words that read the rows with some values, whose names are those of `where`."""
    return Text(sa.select(table).where(*_is(table, keys)), dialect)


@functools.lru_cache(maxsize=1000)
def delete(table: sa.Table, dialect: sa.Dialect, keys: tuple[str, ...]) -> Text:
    """Give the words that delete the row of a key, whose values go by the names of `where`."""
    return Text(table.delete().where(*_is(table, keys)), dialect)


def among(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """Make the condition of a Text that a column has one of the values, not none, that come under a name."""
    return column.op("IN", is_comparison=True)(sa.bindparam(name, type_=sa.types.NULLTYPE))


def where(key: Mapping[str, Any]) -> dict[str, Any]:
    """Give a key's values by the names that `select`, `update` and `delete` know them under."""
    return {f"where_{column}": value for column, value in key.items()}


def _is(table: sa.Table, keys: Sequence[str]) -> list[sa.ColumnElement[bool]]:
    return [table.c[column] == sa.bindparam(f"where_{column}", type_=table.c[column].type) for column in keys]
