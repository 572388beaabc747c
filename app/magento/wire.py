"""In charge of reading what the database sends, in less time than the driver takes and with the same outcome.

PyMySQL is Python all through: of a statement's time it spends most on describing columns, one packet each, that are the
same whenever a statement is sent again, and on rows value by value. Here the descriptions are kept by their bytes. All
else, errors too, is the driver's own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pymysql import connections, converters, err, protocol
from pymysql.constants import FIELD_TYPE

LARGEST = 0xFFFFFF  # bytes of a packet; a longer message goes on in the next one
MOST_SHAPES = 1000
Shape = tuple[list[Any], list[tuple[str | None, Callable[[Any], Any] | None]], tuple[Any, ...]]
"""What the driver makes of a result's columns: fields, how their values are read, and the cursor's description."""


class Connection(connections.Connection):
    """The driver's connection, whose results are read by Result."""

    shapes: dict[tuple[bytes, ...], Shape]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.shapes = {}
        super().__init__(*arguments, **{"conv": CONVERSIONS, **named})

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


class Result(connections.MySQLResult):
    """The driver's result, read quickly."""

    connection: Any
    field_count: Any
    fields: Any
    converters: Any
    description: Any

    def _get_descriptions(self) -> None:
        packets = tuple(_packet(self.connection) for _ in range(self.field_count))
        shapes = self.connection.shapes
        shape = shapes.get(packets)
        if shape is None:
            shape = self._described(packets)
            if len(shapes) >= MOST_SHAPES:
                shapes.clear()
            shapes[packets] = shape
        else:
            _packet(self.connection)  # the end of the descriptions
        self.fields, self.converters, self.description = shape

    def _described(self, packets: tuple[bytes, ...]) -> Shape:
        """Let the driver describe columns, of packets that are read already."""
        replay = _Replay(self.connection, packets)
        real, self.connection = self.connection, replay
        try:
            super()._get_descriptions()  # type: ignore[misc]
        finally:
            self.connection = real
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

    def __init__(self, connection: Any, packets: tuple[bytes, ...]) -> None:
        self._connection = connection
        self._packets = iter(packets)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def _read_packet(self, kind: Any = protocol.MysqlPacket) -> Any:
        data = next(self._packets, None)
        return self._connection._read_packet(kind) if data is None else kind(data, self._connection.encoding)


def _packet(connection: Any) -> bytes:
    """Read one message; raises the driver's errors, of the server's too."""
    read = connection._read_bytes
    whole = b""
    while True:
        header = read(4)
        if header[3] != connection._next_seq_id:
            connection._force_close()
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


CONVERSIONS = {**converters.conversions, FIELD_TYPE.DATETIME: _moment, FIELD_TYPE.TIMESTAMP: _moment}
