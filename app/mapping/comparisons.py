"""In charge of comparing in SQL as a filter compares: texts to the letter or without case, times to the second."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from app.mapping import clauses
from app.scim import trees

Test = Callable[[clauses.Column], clauses.Clause]
"""Says whether a text, given as a column that may be null, satisfies a comparison. Null never does."""


def test(node: trees.Compare, op: str) -> Test:
    """Make the test of a text against a comparison's value.

    Without case SQL is sure of plain letters only: of others a text has several forms that fold to the same.
    """

    def exact(column: clauses.Column) -> clauses.Clause:
        return clauses.exactly(decided(operate(column, op, node.value)))

    def caseless(column: clauses.Column) -> clauses.Clause:
        fits = operate(lower(column), op, node.comparable)
        plain = sa.func.length(column) == sa.func.char_length(column)
        return clauses.Clause(decided(sa.or_(fits, sa.not_(plain))), decided(sa.and_(fits, plain)))

    return exact if node.leaf.exact else caseless


def operate(column: clauses.Column, op: str, value: Any) -> clauses.Condition:
    """Compare a text to the letter: bytes, since all collations take blanks at the end for nothing."""
    if op in SEARCHING:
        return SEARCHING[op](wide(column).collate("utf8mb4_bin"), str(value))
    return COMPARING[op](binary(column), str(value).encode())


SEARCHING: dict[str, Callable[[Any, str], clauses.Condition]] = {
    "co": lambda column, value: column.contains(value, autoescape=True, escape="!"),
    "sw": lambda column, value: column.startswith(value, autoescape=True, escape="!"),
    "ew": lambda column, value: column.endswith(value, autoescape=True, escape="!"),
}
COMPARING: dict[str, Callable[[Any, Any], clauses.Condition]] = {
    "eq": lambda column, value: column == value,
    "gt": lambda column, value: column > value,
    "ge": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "le": lambda column, value: column <= value,
}


def at(column: clauses.Column, node: trees.Compare) -> clauses.Condition:
    """Compare a time, of which the database keeps whole seconds."""
    seconds, fraction = node.comparable
    try:
        moment = datetime.min + timedelta(seconds=seconds - DAY)
    except OverflowError:
        moment = datetime.min if seconds < DAY else datetime.max
    moment = min(max(moment, EARLIEST), LATEST)
    if fraction:  # between two seconds
        return {"eq": lambda: clauses.FALSE, "gt": lambda: column > moment, "ge": lambda: column > moment}.get(
            node.op, lambda: column <= moment
        )()
    return COMPARING[node.op](column, moment)


DAY = 86_400
EARLIEST, LATEST = datetime(1000, 1, 1), datetime(9999, 12, 31)  # what a database can hold


def wide(column: clauses.Column) -> clauses.Column:
    """Give a value as a text with all letters that there are."""
    return sa.cast(column, mysql.CHAR(charset="utf8mb4"))


def binary(column: clauses.Column) -> clauses.Column:
    """Give a value as the bytes of its text."""
    return sa.cast(wide(column), sa.LargeBinary)


def lower(column: clauses.Column) -> clauses.Column:
    """Give a value as a text without case."""
    return sa.func.lower(wide(column))


def sortable(column: clauses.Column) -> clauses.Column:
    """Give a value as a text that is sorted by its letters' numbers, without case."""
    return lower(column).collate("utf8mb4_bin")


def decided(condition: clauses.Condition) -> clauses.Condition:
    """Make a condition that is unknown on null a definite one."""
    return sa.func.coalesce(condition, sa.literal_column("0")) == sa.literal_column("1")
