"""Counters that rise within the transactions that write.

Turns: what a transaction has read to decide on, raised before it is read, so that two of a cluster's nodes collide. A
caller's counters: a replica that shows what the primary shows has applied all of the caller's writes.
"""

import random
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from app.ledger import tables

Counter = tuple[int, int]  # subject, slot
Marks = Mapping[int, int]
"""A caller's counters: slot -> number."""

TURNS = 0  # the subject; any other one is a caller
NAMES, BREAKER = (TURNS, 0), (TURNS, 1)
GROUPS, USERS = 1_000, 60_000  # slots that they share: two of one slot are taken for one, which costs a retry
CALLERS = 16  # slots of a caller, so that its writes do not wait for each other


def group(group_id: int) -> Counter:
    """Give the counter of a group's turn."""
    return TURNS, 2 + group_id % GROUPS


def user(entity_id: int) -> Counter:
    """Give the counter of a user's turn."""
    return TURNS, 2 + GROUPS + entity_id % USERS


def caller(number: int) -> Counter:
    """Give one of a caller's counters, any of them."""
    return number, random.randrange(CALLERS)  # noqa: S311 # nosec B311 - spreads locks, no secret


def fetch(connection: sa.Connection, ledger: tables.Tables, number: int) -> Marks:
    """Read a caller's counters."""
    return {row[0]: row[1] for row in connection.execute(_query(ledger), {"number": number})}


def beside(ledger: tables.Tables, number: sa.ColumnElement[int]) -> sa.ScalarSelect[str]:
    """Make a column with the counters of a caller whom another column names, for `read`."""
    table = ledger.counter
    pair = sa.func.concat(table.c.slot, ":", table.c.number)
    return sa.select(sa.func.group_concat(pair)).where(table.c.subject == number).scalar_subquery()


def read(text: str | None) -> Marks:
    """Read what `beside` gives."""
    pairs = (pair.split(":") for pair in text.split(",")) if text else ()
    return {int(slot): int(number) for slot, number in pairs}


def reached(there: Marks, wanted: Marks) -> bool:
    """Say whether a server that shows `there` has all that `wanted` counts."""
    return all(there.get(slot, 0) >= number for slot, number in wanted.items())


def rise(connection: sa.Connection, ledger: tables.Tables, wanted: Collection[Counter]) -> None:
    """Raise counters by one; their rows are held until the transaction ends."""
    rows = [{"subject": subject, "slot": slot, "number": 1} for subject, slot in sorted(wanted)]
    if rows:
        connection.execute(_rising(ledger), rows if len(rows) > 1 else rows[0])


@lru_cache(maxsize=8)
def _query(ledger: tables.Tables) -> sa.Select[Any]:
    table = ledger.counter
    return sa.select(table.c.slot, table.c.number).where(table.c.subject == sa.bindparam("number"))


@lru_cache(maxsize=8)
def _rising(ledger: tables.Tables) -> mysql.Insert:
    return mysql.insert(ledger.counter).on_duplicate_key_update(number=ledger.counter.c.number + 1)
