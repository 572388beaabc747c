"""In charge of telling every way into a user's account: for the operator, and as the read-only attribute `doors`."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from app.ledger import links, marks, tables
from app.magento import customers, guard, ways
from app.mapping import bridges, clock, extension, leaving


def names(bridge: bridges.Bridge) -> guard.Names:
    """Give the names of the guard, the table that it guards and the one with our marks."""
    return prefixed(bridge.shop.prefix)


@lru_cache(maxsize=8)
def prefixed(prefix: str) -> guard.Names:
    """Give the same names by the shop's table prefix."""
    return guard.Names(f"{prefix}scim_guard", f"{prefix}customer_entity", tables.define(prefix).inactive.name)


def report(connection: sa.Connection, bridge: bridges.Bridge, ids: Collection[int]) -> dict[int, list[ways.Way]]:
    """Tell of each customer every way in, open or shut, and why."""
    taken = leaving.many(marks.fetch(connection, bridge.ledger, ids))
    guarded = guard.status(connection, names(bridge)).current
    return ways.report(connection, bridge.shop, ids, taken, clock.now(), guarded=guarded)


def find(connection: sa.Connection, bridge: bridges.Bridge, text: str) -> list[int]:
    """Find the customers that an operator means by an id, a userName or an e-mail, deleted users' too."""
    if text.isascii() and text.isdigit() and customers.fetch(connection, bridge.shop, [int(text)], codes=()):
        return [int(text)]
    for deleted in (False, True):
        found = links.find(connection, bridge.ledger, bridge.tenant, user_name=text, deleted=deleted)
        if found is not None:
            return [found]
    return customers.find_by_email(connection, bridge.shop, text, None)


def add(bridge: bridges.Bridge, resources: Collection[dict[str, Any]]) -> None:
    """Put `doors` into resources of users, which is made only when it is asked for."""
    with bridge.reading() as connection:
        told = report(connection, bridge, [int(resource["id"]) for resource in resources])
    for resource in resources:
        found = told.get(int(resource["id"]), ())
        shown = [{"name": way.name, "open": way.open, "reason": way.reason} for way in found]
        resource[extension.OWN] = {**resource.get(extension.OWN, {}), extension.DOORS.name: shown}
