"""Groups: a SCIM group is a customer group of the shop.

Each public function is one request's work: it opens the one transaction, locks the group, and writes what differs. How
groups stand is group_standing's to say, who comes and goes enrolment's, and what that means for a customer following's.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from dataclasses import replace as replace_
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import groups as memberships
from app.magento import changes
from app.magento import errors as shop_errors
from app.magento import groups as shop_groups
from app.mapping import (
    bridges,
    clock,
    enrolment,
    group_filters,
    group_ids,
    group_members,
    group_names,
    group_standing,
    group_type,
    pages,
    turns,
    visibility,
    writes,
)
from app.scim import cursors, errors, filters, patch, queries, sorting, trees
from app.sql import sending

Resource = dict[str, Any]
Check = Callable[[str], None]
FEW = 100  # members that the answer to a PATCH shows unasked; of more it shows nothing at all


@dataclass(frozen=True)
class Changed:
    """A group after a PATCH; not `whole` where it has more members than were to be read, and shows none."""

    resource: Resource
    whole: bool = True


# --- reading ---


def get(bridge: bridges.Bridge, group_id: str, *, members: bool = True) -> Resource:
    """Read one group; without `members` no member is read. Raises NotFound."""
    with bridge.reading() as connection:
        held = group_standing.one(connection, bridge, group_id)
        return group_standing.dress(connection, bridge, held, members=members)


def find(
    bridge: bridges.Bridge,
    where: filters.Node | None,
    query: queries.Query,
    after: cursors.Place | None = None,
    *,
    members: bool = True,
) -> pages.Page:
    """Read a page of the groups that a filter fits. A shop has few groups: they are judged and sorted one by one."""
    by = sorting.path(query.sort_by, group_type.ACCEPTED) if query.sort_by is not None else None
    with bridge.reading() as connection:
        fitting = group_filters.fitting(connection, bridge, where)
        placed = [(sorting.key(_sortable(connection, bridge, held, by), by), held) for held in fitting]
        placed.sort(key=lambda pair: pair[0], reverse=query.descending and by is not None)
        start, size = query.start if query.cursor is None else 1, query.count
        if after is not None:
            last, size, falling = (after.last_id, after.last_value), after.count, query.descending and by is not None
            start = 1 + sum(not sorting.comes_after(key, held.group_id, last, falling) for key, held in placed)
        page = placed[start - 1 : start - 1 + size]
        end = None
        if page and start - 1 + size < len(placed):
            (absent, value), held = page[-1]
            end = cursors.Place(held.group_id, None if absent else value, len(placed), size)
        shown = group_standing.dress_all(connection, bridge, [held for _, held in page], members=members)
        return pages.Page(shown, len(placed), end)


def _sortable(
    connection: sa.Connection, bridge: bridges.Bridge, held: group_standing.Held, by: trees.Path | None
) -> Resource:
    """Make the resource with its first member where it is sorted by members, since none of them is the primary one."""
    resource = group_standing.dress(connection, bridge, held, members=False)
    if by is not None and by.attribute is not None and by.attribute.name == "members":
        first = group_members.find(connection, bridge, held.group_id)[:1]
        resource["members"] = list(group_standing.shown(bridge, first))
    return resource


def fetch(bridge: bridges.Bridge, ids: Collection[int]) -> dict[str, Resource]:
    """Read some groups with their members, by the id that they show; unknown ones are left out."""
    with bridge.reading() as connection:
        held = list(group_standing.fetch(connection, bridge, ids).values())
        return {group["id"]: group for group in group_standing.dress_all(connection, bridge, held, members=True)}


# --- writing ---


def create(bridge: bridges.Bridge, resource: Resource, *, members: bool = True) -> Resource:
    """Create a group, or take over one of the shop's that nobody manages yet; with its members.

    `members` says whether the answer shows them. Raises Uniqueness with the existing id where there is a managed one of
    that name.
    """
    name = group_names.read(resource)

    def work(connection: sa.Connection) -> Resource:
        now = clock.now()
        group_id = shop_groups.find(connection, bridge.shop, name)
        record = memberships.fetch(connection, bridge.ledger, [group_id]).get(group_id) if group_id else None
        taken = group_names.find(connection, bridge, name)
        if record is not None and taken is None and len(name) > shop_groups.LONGEST:
            group_id, record = None, None
        ours = (shop_groups.GUESTS, shop_groups.find(connection, bridge.shop, shop_groups.BLOCKED))
        if taken is not None or record is not None or (group_id is not None and group_id in ours):
            raise group_names.taken(connection, bridge, group_id if taken is None else taken, name)
        created = now if group_id is None else bridge.settings.installed_at
        if group_id is None and bridge.ruleset.groups.missing == "error":
            raise errors.InvalidValue(
                f"displayName: the shop has no customer group {name!r}, and mapping.yaml says groups.missing: error. "
                "Make it in Magento, or name one that there is."
            )
        if group_id is None:
            turns.of_names(connection, bridge)
            planned = shop_groups.create(connection, bridge.shop, name)
            group_id = shop_groups.made(writes.carry_out(connection, bridge, writes.Deed("create", "Group"), planned))
        row = memberships.row(bridge.tenant, name, resource.get("externalId"), 1, created, now)
        named = changes.RowChange("scim_group", {"group_id": group_id}, None, row)
        writes.carry_out(connection, bridge, writes.Deed("create", "Group", group_id), [named])
        wanted = enrolment.Members()
        wanted.add(enrolment.named(connection, bridge, resource.get("members")))
        enrolment.enrol(connection, bridge, group_id, wanted, now)
        held = group_standing.one(connection, bridge, group_ids.text(group_id))
        return group_standing.dress(connection, bridge, held, members=members)

    return writes.transact(bridge, work, lambda: group_names.conflict(bridge, name))


def replace(
    bridge: bridges.Bridge, group_id: str, resource: Resource, check: Check | None = None, *, members: bool = True
) -> Resource:
    """Replace a group by a PUT's body. Members that are not mentioned stay, unless the profile clears them."""
    name = group_names.read(resource)

    def work(connection: sa.Connection) -> Resource:
        held = group_standing.one(connection, bridge, group_id, lock=True)
        wanted = enrolment.Members()
        if "members" in resource or bridge.profile.put_members == "clear":
            wanted.replace(enrolment.named(connection, bridge, resource.get("members")))
        after = {"displayName": name, "externalId": resource.get("externalId")}
        _change(connection, bridge, held, after, wanted, check)
        held = group_standing.one(connection, bridge, group_id)
        return group_standing.dress(connection, bridge, held, members=members)

    return writes.transact(bridge, work, lambda: group_names.conflict(bridge, name))


def modify(
    bridge: bridges.Bridge,
    group_id: str,
    operations: tuple[patch.Operation, ...],
    check: Check | None = None,
    *,
    members: bool = True,
    most: int | None = None,
) -> Changed:
    """Change a group by the operations of a PATCH, all or none.

    `members` says whether the answer shows them, `most` how many there may be for that: of more none is shown.
    """
    latest = {"displayName": ""}

    def work(connection: sa.Connection) -> Changed:
        held = group_standing.one(connection, bridge, group_id, lock=True)
        before = group_standing.dress(connection, bridge, held, members=False)
        wanted = enrolment.Members()
        others = tuple(each for each in operations if not enrolment.is_member_operation(each))
        for operation in operations:
            if enrolment.is_member_operation(operation):
                enrolment.note(connection, bridge, held, operation, wanted)
        after = patch.apply(before, others, group_type.ACCEPTED, bridge.profile)
        latest["displayName"] = group_names.read(after)
        _change(connection, bridge, held, after, wanted, check)
        held = group_standing.one(connection, bridge, group_id)
        whole = not members or most is None or not _more_than(connection, bridge, held, most)
        return Changed(group_standing.dress(connection, bridge, held, members=members and whole), whole)

    return writes.transact(bridge, work, lambda: group_names.conflict(bridge, latest["displayName"]))


def _more_than(connection: sa.Connection, bridge: bridges.Bridge, held: group_standing.Held, most: int) -> bool:
    """Say whether a group has more than `most` members, without reading them all."""
    return len(group_members.find(connection, bridge, held.group_id, most=most + 1)) > most


def delete(bridge: bridges.Bridge, group_id: str, check: Check | None = None) -> None:
    """Remove a group; its customers go to the next of their groups, else to the default one."""

    def work(connection: sa.Connection) -> None:
        held = group_standing.one(connection, bridge, group_id, lock=True)
        if check:
            check(group_standing.dress(connection, bridge, held, members=False)["meta"]["version"])
        _refuse_others(connection, bridge, held)
        now = clock.now()
        wanted = enrolment.Members()
        put = group_members.put(bridge, held.group_id, visibility.customers(bridge))
        wanted.remove(connection.execute(put).scalars())
        enrolment.enrol(connection, bridge, held.group_id, wanted, now)
        try:
            planned = shop_groups.remove(connection, bridge.shop, held.group_id, now)
            writes.carry_out(connection, bridge, writes.Deed("delete", "Group", held.group_id), planned)
            sending.tell(connection)
        except shop_errors.Rejected as error:
            raise errors.Forbidden(f"The group {held.name!r} cannot be deleted: {error.reason}.") from error

    writes.transact(bridge, work, lambda: group_names.conflict(bridge, ""))


def _refuse_others(connection: sa.Connection, bridge: bridges.Bridge, held: group_standing.Held) -> None:
    """Raise Forbidden where a group has customers who are not this tenant's: they would lose it."""
    others = group_members.of_shop(bridge, held.group_id, visibility.others(bridge))
    if any(connection.execute(each.limit(1)).first() is not None for each in others):
        raise errors.Forbidden(
            f"The group {held.name!r} cannot be deleted: the shop has customers in it who are not among these users."
        )


def _change(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    held: group_standing.Held,
    after: Mapping[str, Any],
    wanted: enrolment.Members,
    check: Check | None,
) -> None:
    """Write what differs: names, then members; nothing differs: nothing is written."""
    if check:
        check(group_standing.dress(connection, bridge, held, members=False)["meta"]["version"])
    now = clock.now()
    name, external_id = group_names.read(after), after.get("externalId")
    named = name != held.name or external_id != (held.record.external_id if held.record else None)
    moved = enrolment.enrol(connection, bridge, held.group_id, wanted, now)
    planned: list[changes.RowChange] = []
    if name != held.name:
        turns.of_names(connection, bridge)
        planned = shop_groups.rename(connection, bridge.shop, held.group_id, name)
    if named or moved or held.record is None:
        record = memberships.fetch(connection, bridge.ledger, [held.group_id], lock=True)
        held = replace_(held, record=record.get(held.group_id))  # users who go count in it, too
        planned.append(_record(bridge, held, name, external_id, now if named or moved else None))
    writes.carry_out(connection, bridge, writes.Deed("modify", "Group", held.group_id), planned)


def _record(
    bridge: bridges.Bridge, held: group_standing.Held, name: str, external_id: str | None, now: datetime | None
) -> changes.RowChange:
    """Plan our record of a group; a group that we did not make stands there as long as we do. `now`: it changes."""
    old, made = held.record, bridge.settings.installed_at
    before = None
    if old is not None:
        before = memberships.row(
            old.tenant, old.display_name, old.external_id, old.version, old.created_at, old.modified_at
        )
    version = (old.version if old else 0) + (1 if now or old is None else 0)
    after = memberships.row(bridge.tenant, name, external_id, version, old.created_at if old else made, now or made)
    return changes.RowChange("scim_group", {"group_id": held.group_id}, before, after)
