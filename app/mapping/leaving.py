"""In charge of how users go out and come in again: the shop's doors, and our mark of what shutting them took.

The mark is a row of ours beside the customer; the guard's trigger and the sweep look at it. It is written after the
customer's row and removed before it, so that the guard never undoes our own change.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import marks
from app.magento import blocking, changes, customers, doors
from app.mapping import bridges

Row = changes.RowChange
TABLE = "scim_inactive"


def taken(mark: marks.Mark | None) -> doors.Taken | None:
    """Read a mark; None for none."""
    if mark is None:
        return None
    return doors.Taken(**{**mark, "doors": frozenset(mark["doors"].split(","))})


def many(found: dict[int, marks.Mark]) -> dict[int, doors.Taken]:
    """Read marks by customer."""
    read = {entity_id: taken(mark) for entity_id, mark in found.items()}
    return {entity_id: each for entity_id, each in read.items() if each is not None}


def settle(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    customer: customers.Customer,
    before: doors.Taken | None,
    planned: Sequence[Row],
    active: bool | None,
    now: datetime,
    shutting: frozenset[str] | None = None,
) -> list[Row]:
    """Put together what is planned for a customer and whether its doors are to be open.

    `customer`: its row as it is, locked, or a newcomer; `before`: what its deactivation took, None for who is not
    deactivated; `planned`: changes of the customer behind that. `active`: None leaves the doors as they are.
    `shutting`: the doors, those of mapping.yaml if not given.
    """
    shop = bridge.shop
    if before is not None and active:
        back = doors.open(connection, shop, customer, before, now)
        return [*_marked(customer.entity_id, before, None), *back, *planned]
    if before is None and active is not False:
        opened = doors.open(connection, shop, customer, None, now) if active else []
        return [*opened, *planned]
    rest: Sequence[Row] = planned
    held = before
    if held is not None:
        rest, held = doors.put_aside(planned, customer.entity_id, held)
    shut: list[Row] = []
    if active is False:
        will = doors.after(customer, rest)
        wanted = bridge.ruleset.lifecycle.deactivate if shutting is None else shutting
        if bridge.rehearsing and blocking.there(connection, shop) is None:
            wanted -= {doors.GROUP}  # who only looks makes no group
        shut, held = doors.shut(connection, shop, will, now, wanted, held)
    return [*rest, *shut, *_marked(customer.entity_id, before, held)]


def forget(entity_id: changes.Id, before: doors.Taken | None) -> list[Row]:
    """Plan that a customer's mark goes and its doors stay as they are, held shut by nothing."""
    return _marked(entity_id, before, None)


def _marked(entity_id: changes.Id, before: doors.Taken | None, after: doors.Taken | None) -> list[Row]:
    """Plan the row of the mark: made, removed, or changed in the columns that differ."""
    key = {"entity_id": entity_id}
    was, then = row(before), row(after)
    if was is None or then is None:
        return [] if was == then else [Row(TABLE, key, was, then)]
    differing = [column for column in then if then[column] != was[column]]
    if not differing:
        return []
    return [Row(TABLE, key, {c: was[c] for c in differing}, {c: then[c] for c in differing})]


def row(found: doors.Taken | None) -> dict[str, Any] | None:
    """Write a mark's row, but for its key; None for none."""
    if found is None:
        return None
    names: Iterable[str] = (name for name in doors.EVERY if name in found.doors)
    return {**vars(found), "doors": ",".join(names)}
