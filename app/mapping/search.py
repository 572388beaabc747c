"""In charge of finding the users of a page: SQL says whom a filter fits, and who is to be judged one by one."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from app.mapping import bridges, candidates, clauses, conditions, sort_orders, totals, visibility
from app.scim import cursors, errors, trees

MOST_JUDGED = 20_000  # candidates that the evaluator looks at before a filter is too wide
BATCH = 500
Judge = Callable[[Collection[int], trees.Node], set[int]]
"""Says which of some users a filter fits, by reading them."""


@dataclass(frozen=True)
class Slice:
    """Some ids in order, how many fit in all, and where the slice ended (None: nothing comes after it)."""

    ids: list[int]
    total: int
    end: tuple[int, Any] | None = None


def find(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    where: trees.Node | None,
    order: sort_orders.Order,
    judge: Judge,
    *,
    start: int = 1,
    count: int,
    after: cursors.Place | None = None,
) -> Slice:
    """Find the ids of a page: `count` users from the `start`-th (from 1), or those who come `after` a place.

    A page after a place takes the total from there. Raises InvalidFilter, TooMany.
    """
    query = visibility.customers(bridge)
    ids = query.selected_columns.entity_id
    clause = clauses.exactly(clauses.TRUE) if where is None else conditions.translate(bridge, where)
    keys = candidates.keys(bridge, where) if where is not None else None
    if keys is not None:
        named = keys.subquery()
        query = query.join(named, named.c.entity_id == ids)
    sure = clause.sure
    if where is not None and not clause.exact and after is None:
        open_ = connection.execute(query.where(clause.may, sa.not_(sure)).limit(MOST_JUDGED + 1)).scalars().all()
        fitting = _judged(open_, where, judge)
        sure = sa.or_(sure, ids.in_(sorted(fitting))) if fitting else sure
    counted = query.where(sure)
    if order.column is not None:
        query = query.add_columns(order.column.label("sorted"))
    if after is not None:
        query = query.where(order.after(ids, after))
    query = query.order_by(*order.clauses(ids))
    if where is not None and not clause.exact and after is not None:
        return _next(connection, query, clause, where, judge, count, after)
    rows = connection.execute(query.where(sure).limit(count + 1).offset(start - 1)).all() if count else []
    if after is not None:
        total = after.total
    elif start == 1 and count and len(rows) <= count:
        total = len(rows)
    elif where is None:
        total = totals.users(connection, bridge)
    else:
        total = int(connection.execute(sa.select(sa.func.count()).select_from(counted.subquery())).scalar_one())
    return Slice([row.entity_id for row in rows[:count]], total, _end(rows[:count]) if len(rows) > count else None)


def _judged(ids: Sequence[int], where: trees.Node, judge: Judge) -> set[int]:
    """Judge those of whom SQL could not tell; raises TooMany where they are too many."""
    if len(ids) > MOST_JUDGED:
        raise errors.TooMany("The filter is too wide to be judged: name a userName, externalId, id or e-mail in it.")
    fitting: set[int] = set()
    for first in range(0, len(ids), BATCH):
        fitting |= judge(ids[first : first + BATCH], where)
    return fitting


def _next(
    connection: sa.Connection,
    query: sa.Select[Any],
    clause: clauses.Clause,
    where: trees.Node,
    judge: Judge,
    count: int,
    after: cursors.Place,
) -> Slice:
    """Find the page after a place: candidates are judged in their order, only as many as it needs."""
    query = query.where(clause.may).add_columns(clause.sure.label("sure"))
    rows = connection.execute(query.limit(MOST_JUDGED + 1)).all()
    fitting: list[Any] = []
    for first in range(0, len(rows), BATCH):
        batch = rows[first : first + BATCH]
        judged = judge([row.entity_id for row in batch if not row.sure], where)
        fitting += [row for row in batch if row.sure or row.entity_id in judged]
        if len(fitting) > count:
            break
    page = fitting[:count]
    return Slice([row.entity_id for row in page], after.total, _end(page) if len(fitting) > count else None)


def _end(rows: Sequence[Any]) -> tuple[int, Any] | None:
    if not rows:
        return None
    value = getattr(rows[-1], "sorted", None)
    return rows[-1].entity_id, str(value) if isinstance(value, datetime | Decimal) else value
