"""In charge of the names of groups: what one may be, and the group that has it already."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from app.magento import database
from app.magento import groups as shop_groups
from app.mapping import bridges, group_ids, group_standing
from app.scim import errors

LONGEST = 255  # characters


def read(resource: Mapping[str, Any]) -> str:
    """Read the name that a resource gives its group. Raises InvalidValue for none, and for one that is too long."""
    name = str(resource.get("displayName") or "").strip()
    if not name:
        raise errors.InvalidValue("displayName is required.")
    if len(name) > LONGEST:
        raise errors.InvalidValue(f"displayName is longer than {LONGEST} characters.")
    return name


def find(connection: sa.Connection, bridge: bridges.Bridge, name: str) -> int | None:
    """Find the managed group, among those that this tenant may see, that has a name in any case."""
    wanted, there = name.casefold(), group_standing.fetch(connection, bridge)
    return next((i for i, held in there.items() if held.record and held.name.casefold() == wanted), None)


def taken(connection: sa.Connection, bridge: bridges.Bridge, group_id: int | None, name: str) -> errors.Uniqueness:
    """Make the error that names the group in the way; not one that is another tenant's or hidden."""
    if group_id is None or group_id not in group_standing.fetch(connection, bridge, [group_id]):
        return errors.Uniqueness(f"The shop has a group {name!r} that is not among these groups: choose another name.")
    shown = group_ids.text(group_id)
    return errors.Uniqueness(f"There is a group {name!r} already, its id is {shown!r}.", shown)


def conflict(bridge: bridges.Bridge, name: str) -> errors.Uniqueness:
    """Find out, after the database's keys decided, which group a write ran into."""
    with database.reading(bridge.shop.reader) as connection:
        found = find(connection, bridge, name) or shop_groups.find(connection, bridge.shop, name)
        return taken(connection, bridge, found, name)
