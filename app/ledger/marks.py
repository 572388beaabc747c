"""Marks of leavers: the row that says that a customer is deactivated by us, and what that took of it.

The guard's trigger and the sweep look at these rows. What the columns mean is the shop's business.
"""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from app.ledger import tables

Mark = Mapping[str, Any]
LEAD = "mark_"  # of a mark's columns where they stand beside another table's


def fetch(connection: sa.Connection, ledger: tables.Tables, entity_ids: Collection[int]) -> dict[int, Mark]:
    """Read the marks of some customers, column -> value without the key; who has none is not in the answer."""
    if not entity_ids:
        return {}
    query = sa.select(ledger.inactive).where(ledger.inactive.c.entity_id.in_(entity_ids))
    return {row["entity_id"]: _without_key(dict(row)) for row in connection.execute(query).mappings()}


def columns(ledger: tables.Tables) -> list[sa.Label[Any]]:
    """Give the columns of a mark, labelled so that they can stand beside another table's."""
    return [column.label(LEAD + column.name) for column in ledger.inactive.columns]


def of(row: Mapping[str, Any]) -> Mark | None:
    """Take the mark out of a row that was selected with `columns`; None where there is none."""
    if row[f"{LEAD}entity_id"] is None:
        return None
    found = {name.removeprefix(LEAD): value for name, value in row.items() if name.startswith(LEAD)}
    return _without_key(found)


def _without_key(row: Mapping[str, Any]) -> Mark:
    return {name: value for name, value in row.items() if name != "entity_id"}
