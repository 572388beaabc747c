"""Marks of leavers: the row that says that a customer is deactivated by us, and what that took of it.

The guard's trigger and the sweep look at these rows. What the columns mean is the shop's business.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.ledger import tables

Mark = Mapping[str, Any]


def fetch(connection: sa.Connection, ledger: tables.Tables, entity_ids: Collection[int]) -> dict[int, Mark]:
    """Read the marks of some customers, column -> value without the key; who has none is not in the answer."""
    if not entity_ids:
        return {}
    query = sa.select(ledger.inactive).where(ledger.inactive.c.entity_id.in_(entity_ids))
    return {row["entity_id"]: _without_key(dict(row)) for row in connection.execute(query).mappings()}


def of(ledger: tables.Tables, values: Sequence[Any]) -> Mark | None:
    """Make a mark of its row's values, in the order of the table's columns; None where they are null."""
    if values[0] is None:  # the key
        return None
    return _without_key(dict(zip(ledger.inactive.columns.keys(), values, strict=True)))


def _without_key(row: Mapping[str, Any]) -> Mark:
    return {name: value for name, value in row.items() if name != "entity_id"}
