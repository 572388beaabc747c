"""In charge of changing who is a member of a group: what a request wants of its members, and carrying it out.

No change of one member reads or rewrites the others.
"""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import groups as memberships
from app.ledger import links, marks
from app.magento import changes, customers, doors, plans
from app.mapping import (
    bridges,
    following,
    group_filters,
    group_ids,
    group_members,
    group_standing,
    grouping,
    leaving,
    turns,
    visibility,
    writes,
)
from app.scim import errors, filters, patch

log = logging.getLogger(__name__)
BATCH = 500  # members that are changed in one go


@dataclass
class Members:
    """What the operations of a request want of a group's members, in order.

    `exactly`: the members are these and no others; else some are added to those that are there, some removed.
    """

    exactly: bool = False
    added: dict[int, None] = field(default_factory=dict)
    removed: set[int] = field(default_factory=set)

    def add(self, ids: Iterable[int]) -> None:
        """Add members."""
        for entity_id in ids:
            self.added[entity_id] = None
            self.removed.discard(entity_id)

    def remove(self, ids: Iterable[int]) -> None:
        """Remove members."""
        for entity_id in ids:
            self.added.pop(entity_id, None)
            self.removed.add(entity_id)

    def replace(self, ids: Iterable[int]) -> None:
        """Make these the only members."""
        self.exactly = True
        self.removed.clear()
        self.added = dict.fromkeys(ids)


def is_member_operation(operation: patch.Operation) -> bool:
    """Say whether an operation of a PATCH is about a group's members."""
    return operation.path.attribute is not None and operation.path.attribute.name == "members"


def note(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    held: group_standing.Held,
    operation: patch.Operation,
    wanted: Members,
) -> None:
    """Note what one operation wants of the members (RFC 7644 section 3.5.2)."""
    given = operation.value if isinstance(operation.value, list) else [operation.value] if operation.value else []
    selected = operation.path.filter
    if operation.path.sub is not None:
        raise errors.Mutability(f"{operation.path}: what a member is cannot be changed; remove it and add another.")
    match operation.op:
        case "add":
            wanted.add(named(connection, bridge, given))
        case "remove" if selected is None:
            wanted.replace(())
        case "remove":
            wanted.remove(_selected(connection, bridge, held, selected, wanted))
        case "replace" if selected is None:
            wanted.replace(named(connection, bridge, given))
        case "replace":
            found = _selected(connection, bridge, held, selected, wanted)
            if not found:
                raise errors.NoTarget(f"{operation.path} selects no member.")
            wanted.remove(found)
            wanted.add(named(connection, bridge, given))


def _selected(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    held: group_standing.Held,
    where: filters.Node | None,
    wanted: Members,
) -> list[int]:
    """Find the members that a value filter selects; where it names them, without reading the others."""
    assert where is not None
    ids = group_filters.named_members(where)
    there = set(wanted.added)
    if not wanted.exactly:
        there |= set(group_members.find(connection, bridge, held.group_id, ids)) - wanted.removed
    if ids is not None:
        return sorted(there & ids)
    return [int(one["value"]) for one in group_standing.shown(bridge, sorted(there)) if filters.evaluate(where, one)]


def named(connection: sa.Connection, bridge: bridges.Bridge, given: Any) -> list[int]:
    """Give the customers that members name; raises InvalidValue for who is none, unless the profile ignores it."""
    listed = [one for one in given or () if isinstance(one, dict)]
    nested = [str(one.get("value")) for one in listed if _is_group(one)]
    if nested:
        raise errors.InvalidValue(f"members: only users can be members, not the group {', '.join(nested[:10])}.")
    wanted = {str(one.get("value")): group_members.number(one.get("value")) for one in listed}
    there: set[int] = set()
    numbers = sorted({number for number in wanted.values() if number})
    for first in range(0, len(numbers), 1000):
        there |= visibility.among(connection, bridge, numbers[first : first + 1000])
    unknown = [text for text, number in wanted.items() if number not in there]
    if unknown and bridge.profile.unknown_member != "ignore":
        raise errors.InvalidValue(f"members: there is no user {', '.join(map(repr, unknown[:10]))}.")
    if unknown:
        log.warning("%d members that there are not were ignored", len(unknown))
    return [number for number in wanted.values() if number in there]


def _is_group(member: Mapping[str, Any]) -> bool:
    """Say whether a member is a group, by its id or by what is told of it."""
    kind, reference = str(member.get("type") or ""), str(member.get("$ref") or "")
    told = kind.casefold() == "group" or "/groups/" in f"/{reference.casefold()}"
    return told or group_ids.number(member.get("value")) > 0


def enrol(connection: sa.Connection, bridge: bridges.Bridge, group_id: int, wanted: Members, now: datetime) -> bool:
    """Carry out what is wanted of the members and settle everybody's effective group; gives whether any changed."""
    if wanted.exactly:
        there = group_members.find(connection, bridge, group_id)
        wanted.removed = set(there) - set(wanted.added)
    touched = sorted({*wanted.added, *wanted.removed})
    changed = False
    bridge.know_groups(connection)
    for first in range(0, len(touched), BATCH):
        batch = touched[first : first + BATCH]
        turns.of_users(connection, bridge, batch)
        held = customers.fetch(connection, bridge.shop, batch, codes=bridge.codes, lock=True)
        member_of = memberships.of_customers(connection, bridge.ledger, bridge.tenant, batch)
        taken = leaving.many(marks.fetch(connection, bridge.ledger, batch))
        asked = bridge.ruleset.groups.decides or bridge.ruleset.reads_groups
        linked = links.fetch(connection, bridge.ledger, batch) if asked else {}
        planned: list[changes.RowChange] = []
        for entity_id, real in held.items():
            customer = doors.behind(real, taken.get(entity_id))
            before = member_of.get(entity_id, [])
            rest = [i for i in before if i != group_id]
            joins = entity_id in wanted.added
            after = rest if not joins else before if group_id in before else [group_id, *rest]
            planned += following.rows(entity_id, before, after)
            left = () if joins else (group_id,)
            document = linked[entity_id].document if entity_id in linked else {}
            given = following.values(connection, bridge, customer, document, before, after)
            base = grouping.settled(bridge, document, customer.data["store_id"])
            group = following.destination(connection, bridge, customer, (before, base), (after, base), left)
            given |= {} if group is None else {"group_id": group}
            moved = plans.change(bridge.shop, customer, given, now)
            planned += leaving.settle(connection, bridge, real, taken.get(entity_id), moved, None, now)
        deed = writes.Deed("members", "Group", group_id)
        changed = bool(writes.carry_out(connection, bridge, deed, planned)) or changed
    return changed
