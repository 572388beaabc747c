"""In charge of talking with the database in less time than the driver takes and with the same outcome.

PyMySQL is Python all through: of a statement's time it spends most on describing columns, one packet each, that are the
same whenever a statement is sent again, and on rows value by value. Here the descriptions are kept by their bytes. And
it sends one statement at a time: a Message holds several, of which the server keeps the long ones (`keeping`). All
else, errors too, is the driver's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymysql import connections, converters, cursors, err, protocol
from pymysql.constants import CLIENT, CR, FIELD_TYPE

from app.sql import keeping

LARGEST = 0xFFFFFF  # bytes of a packet; a longer message goes on in the next one
LONGEST = 1 << 18  # characters that are sent at once: no server's packet is smaller than a megabyte
AHEAD = 1 << 16  # bytes that are read from the socket at once, at most
PROOF = 80  # bytes of the first description by which descriptions are looked up
MOST_SHAPES, MOST_ALIKE = 1000, 20
Shape = tuple[list[Any], list[tuple[str | None, Callable[[Any], Any] | None]], tuple[Any, ...]]
"""What the driver makes of a result's columns: fields, how their values are read, and the cursor's description."""


class LastId:
    """Stands for the id that the database made by the statement before, in the same message."""


LAST_ID = LastId()


@dataclass
class Answer:
    """What the database answered to a statement: the rows it asked for, how many it changed, the id that it made.

    described: the driver's description of the columns.
    """

    rows: Sequence[tuple[Any, ...]] = ()
    rowcount: int = 0
    lastrowid: int = 0
    described: Sequence[Sequence[Any]] = ()

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [column[0] for column in self.described]


class Message(str):
    """Statements that are sent together; as a text, them all without their values.

    parts: each statement in the driver's words, with the values to put in. answers: what was answered so far: when
    one fails, those behind it are not carried out.
    """

    parts: Sequence[tuple[str, Any]]
    answers: list[Answer]

    def __new__(cls, parts: Sequence[tuple[str, Any]]) -> Message:
        """Make a message of statements with their values."""
        made = super().__new__(cls, ";\n".join(sql for sql, _ in parts))
        made.parts, made.answers = parts, []
        return made


def each(text: str, values: Any = None) -> Sequence[tuple[str, Any]]:
    """Give the statements of what was sent, with their values: those of a message, or the one."""
    return text.parts if isinstance(text, Message) else [(text, values)]


class Connection(connections.Connection):
    """The driver's connection, whose results are read by Result."""

    shapes: dict[tuple[int, bytes], list[tuple[bytes, Shape]]]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.shapes = {}
        named["client_flag"] = named.get("client_flag", 0) | CLIENT.MULTI_STATEMENTS
        super().__init__(*arguments, **{"conv": CONVERSIONS, "cursorclass": Cursor, **named})

    def connect(self, sock: Any = None) -> None:
        """Connect, and read more at once than the driver does: descriptions and rows come in one piece."""
        super().connect(sock)
        self._rfile: Any = self._sock.makefile("rb", AHEAD)  # type: ignore[attr-defined]
        self.keeper = keeping.Keeper(self)

    def _read_query_result(self, unbuffered: bool = False) -> Any:
        if unbuffered:
            return super()._read_query_result(unbuffered)  # type: ignore[misc]
        self._result: Any = None
        result: Any = Result(self)
        result.read()
        self._result = result
        if result.server_status is not None:
            self.server_status = result.server_status
        return result.affected_rows


class Cursor(cursors.Cursor):
    """The driver's cursor, which sends messages too."""

    def execute(self, query: Any, args: Any = None) -> int:
        """Send a statement, or a message."""
        if not isinstance(query, Message):
            return super().execute(query, args)
        while self.nextset():
            pass
        self._executed = query
        keeper = self._keeper
        try:
            self._send(query)
        except err.MySQLError as error:
            if error.args[0] not in keeping.UNKEPT or not keeper.willing:
                raise
            keeper.willing = False
            self._send(query)
        self._clear_result()  # type: ignore[attr-defined]
        return 0

    def _send(self, query: Message) -> None:
        """Send what of a message is not answered yet."""
        connection: Any = self.connection
        for piece in _pieces(map(self._words, query.parts[len(query.answers) :])):
            connection.query(piece)
            while True:
                result = connection._result
                rows, described = result.rows or (), result.description or ()
                query.answers.append(Answer(rows, result.affected_rows, result.insert_id, described))
                if not result.has_next:
                    break
                connection.next_result()

    @property
    def _keeper(self) -> keeping.Keeper:
        connection: Any = self.connection
        keeper: keeping.Keeper = connection.keeper
        return keeper

    def _words(self, part: tuple[str, Any]) -> str:
        sql, values = part
        kept = self._keeper.words(sql, values) if isinstance(sql, keeping.Kept) else None
        return self.mogrify(sql, values) if kept is None else kept


def _pieces(statements: Iterable[str]) -> Iterator[str]:
    """Put statements together to texts that any server takes (max_allowed_packet): a longer one alone."""
    held, size = list[str](), 0
    for statement in statements:
        if held and size + len(statement) > LONGEST:
            yield ";\n".join(held)
            held, size = [], 0
        held.append(statement)
        size += len(statement)
    yield ";\n".join(held)


class Result(connections.MySQLResult):
    """The driver's result, read quickly."""

    connection: Any
    field_count: Any
    fields: Any
    converters: Any
    description: Any
    end: Any

    def _get_descriptions(self) -> None:
        connection, begun = self.connection, self.connection._next_seq_id
        ahead = connection._rfile.peek()
        shapes = connection.shapes.setdefault((self.field_count, ahead[:PROOF]), [])
        known = next((each for each in shapes if ahead.startswith(each[0])), None)
        if known is None:
            packets = [_packet(connection) for _ in range(self.field_count)]
            shape = self._described(packets)
            if len(connection.shapes) >= MOST_SHAPES or len(shapes) >= MOST_ALIKE:
                connection.shapes.clear()
            shapes.append((_raw([*packets, self.end.get_all_data()], begun), shape))
        else:
            block, shape = known
            connection._rfile.read(len(block))
            connection._next_seq_id = (begun + self.field_count + 1) % 256
        self.fields, self.converters, self.description = shape

    def _described(self, packets: Sequence[bytes]) -> Shape:
        """Let the driver describe columns, of packets that are read already; keeps the one that ends them."""
        replay = _Replay(self.connection, packets)
        real, self.connection = self.connection, replay
        try:
            super()._get_descriptions()  # type: ignore[misc]
        finally:
            self.connection = real
        self.end = replay.end
        return self.fields, self.converters, self.description

    def _read_rowdata_packet(self) -> None:
        rows = []
        converters = self.converters
        while True:
            data = _packet(self.connection)
            if data[0] == 0xFE and len(data) < 9:
                self._check_packet_is_eof(protocol.MysqlPacket(data, self.connection.encoding))  # type: ignore[attr-defined]
                break
            rows.append(_row(data, converters))
        self.connection = None
        self.affected_rows = len(rows)
        self.rows = tuple(rows)


class _Replay:
    """Stands for a connection from which some packets were read; what comes behind them is still to be read."""

    def __init__(self, connection: Any, packets: Sequence[bytes]) -> None:
        self._connection = connection
        self._packets = iter(packets)
        self.end: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def _read_packet(self, kind: Any = protocol.MysqlPacket) -> Any:
        data = next(self._packets, None)
        if data is None:
            self.end = self._connection._read_packet(kind)
            return self.end
        return kind(data, self._connection.encoding)


def _raw(packets: Sequence[bytes], number: int) -> bytes:
    """Give packets, the first of this number, as they were sent: each behind its size and number."""
    heads = (len(data).to_bytes(3, "little") + bytes([(number + i) % 256]) for i, data in enumerate(packets))
    return b"".join(head + data for head, data in zip(heads, packets, strict=True))


def _packet(connection: Any) -> bytes:
    """Read one message; raises the driver's errors, of the server's too."""
    read = connection._read_bytes
    whole = b""
    while True:
        header = read(4)
        if header[3] != connection._next_seq_id:
            connection._force_close()
            if header[3] == 0:  # MariaDB's last word when it shuts down
                raise err.OperationalError(CR.CR_SERVER_LOST, "Lost connection to MySQL server during query")
            raise err.InternalError(f"Packet sequence number wrong - got {header[3]}")
        connection._next_seq_id = (header[3] + 1) % 256
        size = int.from_bytes(header[:3], "little")
        data: bytes = read(size)
        if size == LARGEST or whole:
            whole += data
            if size == LARGEST:
                continue
            data = whole
        if data[0] == 0xFF:
            protocol.MysqlPacket(data, connection.encoding).raise_for_error()
        return data


def _row(data: bytes, converters: list[tuple[str | None, Callable[[Any], Any] | None]]) -> tuple[Any, ...]:
    """Read a row: texts with their lengths in front (Protocol::LengthEncodedString)."""
    values: list[Any] = []
    at = 0
    for encoding, convert in converters:
        size = data[at]
        at += 1
        if size == 0xFB:
            values.append(None)
            continue
        if size > 0xFB:
            width = WIDTHS[size]
            size = int.from_bytes(data[at : at + width], "little")
            at += width
        value: Any = data[at : at + size]
        at += size
        if encoding is not None:
            value = value.decode(encoding)
        values.append(value if convert is None else convert(value))
    return tuple(values)


WIDTHS = {0xFC: 2, 0xFD: 3, 0xFE: 8}  # a size's first byte -> how many bytes of it follow


def _moment(text: Any) -> Any:
    """Read a DATETIME as the driver does, by a faster way where there is one."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):  # a date of zeros
        return converters.convert_datetime(text)


CONVERSIONS: dict[Any, Any] = {
    **converters.conversions,
    FIELD_TYPE.DATETIME: _moment,
    FIELD_TYPE.TIMESTAMP: _moment,
    LastId: lambda _value, _mapping: "LAST_INSERT_ID()",
}
