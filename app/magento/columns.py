"""In charge of what a database column can hold: its type in our words, lengths and bounds."""

from __future__ import annotations

import functools
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

BOOLEAN_SOURCE = "Magento\\Eav\\Model\\Entity\\Attribute\\Source\\Boolean"


def kind(text_input: str, backend: str, source: str, column: sa.Column[Any] | None) -> str:
    """Say which type the values have: the column decides, the input only where it narrows it."""
    held = None if column is None else column.type
    if text_input == "boolean" or source == BOOLEAN_SOURCE:
        return "boolean"
    if isinstance(held, sa.Date):
        return "date"
    if isinstance(held, (sa.DateTime, mysql.TIMESTAMP, mysql.DATETIME)):
        return "date" if text_input == "date" and backend != "static" else "dateTime"
    if isinstance(held, sa.Integer):
        return "integer"
    if isinstance(held, sa.Numeric):
        return "decimal"
    return "string"


def length(column: sa.Column[Any] | None) -> int | None:
    """Give the characters a char column holds, None for other columns."""
    held = None if column is None else column.type
    return held.length if isinstance(held, sa.String) and not isinstance(held, sa.Text) else None


def size(column: sa.Column[Any] | None) -> int | None:
    """Give the bytes a text column holds, None for other columns."""
    held = None if column is None else column.type
    for text, most in ((mysql.LONGTEXT, 2**32 - 1), (mysql.MEDIUMTEXT, 2**24 - 1), (mysql.TINYTEXT, 255)):
        if isinstance(held, text):
            return most
    return 2**16 - 1 if isinstance(held, sa.Text) else None


def digits(column: sa.Column[Any] | None) -> tuple[int, int] | None:
    """Give a decimal column's digits in all and those after the point, None for other columns."""
    held = None if column is None else column.type
    if isinstance(held, sa.Numeric) and not isinstance(held, sa.Float) and held.precision:
        return held.precision, held.scale or 0
    return None


def bounds(column: sa.Column[Any] | None) -> tuple[int, int] | None:
    """Give the smallest and the largest number of an integer column, None for other columns."""
    held = None if column is None else column.type
    if not isinstance(held, sa.Integer):
        return None
    sizes = ((mysql.TINYINT, 8), (mysql.SMALLINT, 16), (mysql.MEDIUMINT, 24), (mysql.BIGINT, 64))
    bits = next((bits for cls, bits in sizes if isinstance(held, cls)), 32)
    return (0, 2**bits - 1) if getattr(held, "unsigned", False) else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


@functools.lru_cache(maxsize=4096)
def default(column: sa.Column[Any] | None) -> str | None:
    """Give what the database puts into a column that nobody fills, where that is a plain value."""
    given = None if column is None else column.server_default
    text = str(given.arg) if isinstance(given, sa.DefaultClause) else ""
    quoted = re.fullmatch(r"'(.*)'|(-?[0-9.]+)", text, re.S)
    return None if quoted is None else quoted[1] if quoted[1] is not None else quoted[2]
