"""In charge of filters over groups: each is judged as a client would read it, with no more members than are asked for.

A shop has few groups, but a group may have many members.
"""

import sqlalchemy as sa

from app.mapping import bridges, group_members, group_standing
from app.scim import filters


def fitting(connection: sa.Connection, bridge: bridges.Bridge, where: filters.Node | None) -> list[group_standing.Held]:
    """Find the groups that a filter fits: read with the members that it names, with all only where it must be."""
    everyone = group_standing.fetch(connection, bridge)
    if where is None:
        return list(everyone.values())
    asked = _asked_of_members(where)
    needed = asked is None or asked
    members = group_members.of_groups(connection, bridge, list(everyone), asked) if needed else {}
    found = []
    for group_id, held in everyone.items():
        resource = group_standing.dress(connection, bridge, held, members=False)
        if members.get(group_id):
            resource["members"] = list(group_standing.shown(bridge, members[group_id]))
        if filters.evaluate(where, resource):
            found.append(held)
    return found


def _asked_of_members(where: filters.Node) -> set[int] | None:
    """Collect the ids that a filter compares members with; None where it asks more of them than who they are."""
    match where:
        case filters.Not(part=part):
            return _asked_of_members(part)
        case filters.And(parts=parts) | filters.Or(parts=parts):
            found = [_asked_of_members(part) for part in parts]
            return None if None in found else {i for ids in found if ids for i in ids}
        case filters.Has(path=path, inner=inner) if str(path) == "members":
            return named_members(inner)
        case filters.Compare(op="eq", path=path, value=value) if str(path) == "members.value" and value is not None:
            return {group_members.number(value)}
        case filters.Compare(path=path) | filters.Present(path=path) | filters.Has(path=path):
            return None if path.attribute is not None and path.attribute.name == "members" else set()
    return None


def named_members(where: filters.Node) -> set[int] | None:
    """Give the ids that a filter names by `value eq`, alone or one or the other; None for any other filter."""
    parts = where.parts if isinstance(where, filters.Or) else (where,)
    named = [
        part for part in parts if isinstance(part, filters.Compare) and part.op == "eq" and part.leaf.name == "value"
    ]
    return {group_members.number(part.value) for part in named} if len(named) == len(parts) else None
