"""In charge of taking turns where the database's own locks do not reach: on another node of a cluster.

There a lock is its node's own, and what two transactions only read is nobody's conflict. So who holds a row by FOR
UPDATE to decide something raises a counter first: of two transactions that did so at once, the cluster lets one through
and ends the other, which starts again. On a single server nothing is sent.
"""

from collections.abc import Collection

import sqlalchemy as sa

from app.ledger import counters
from app.magento import database
from app.mapping import bridges


def of_users(connection: sa.Connection, bridge: bridges.Bridge, ids: Collection[int]) -> None:
    """Take the turn of users, before their rows are read."""
    _take(connection, bridge, {counters.user(entity_id) for entity_id in ids})


def of_group(connection: sa.Connection, bridge: bridges.Bridge, group_id: int) -> None:
    """Take the turn of a group, before it is read."""
    _take(connection, bridge, {counters.group(group_id)})


def of_names(connection: sa.Connection, bridge: bridges.Bridge) -> None:
    """Take the turn of those who give names to the shop's groups, for which it has no key."""
    _take(connection, bridge, {counters.NAMES})


def of_breaker(connection: sa.Connection, bridge: bridges.Bridge) -> None:
    """Take the turn of those who count how many left."""
    _take(connection, bridge, {counters.BREAKER})


def _take(connection: sa.Connection, bridge: bridges.Bridge, wanted: Collection[counters.Counter]) -> None:
    if connection.info.get(database.CLUSTER):
        counters.rise(connection, bridge.ledger, wanted)
