"""Groups: a SCIM group is a customer group of the shop.

A customer is in exactly one group of the shop and may be a member of several here: the ledger remembers the
memberships, the effective group follows `groups.priority`, then the newest. Being in the shop's default group is being
a member of none. No change of one member reads or rewrites the others.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as replace_
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import groups as memberships
from app.ledger import links, marks
from app.magento import changes, customers, database, doors, plans
from app.magento import errors as shop_errors
from app.magento import groups as shop_groups
from app.mapping import bridges, clock, group_ids, grouping, leaving, pages, projection, turns, visibility, writes
from app.scim import attributes, cursors, errors, filters, lazy, messages, patch, queries, sorting, trees
from app.scim import memberships as said
from app.sql import sending

Resource = dict[str, Any]
log = logging.getLogger(__name__)
Check = Callable[[str], None]
LONGEST_NAME = 255
BATCH = 500  # members that are changed in one go
FEW = 100  # members that the answer to a PATCH shows unasked; of more it shows nothing at all
ACCEPTED = attributes.GROUP_TYPE


def _published() -> attributes.ResourceType:
    """Give the Group type as it is published: members are users, their names are taken from clients, but not kept."""
    members = ACCEPTED.schema.find("members")
    assert members is not None
    changed: dict[str, dict[str, Any]] = {
        "display": {"mutability": "readOnly"},
        "type": {"canonical": ("User",)},
        "$ref": {"references": ("User",)},
    }
    subs = tuple(replace_(sub, **changed.get(sub.name, {})) for sub in members.sub)
    kept = tuple(replace_(members, sub=subs) if each is members else each for each in ACCEPTED.schema.attributes)
    return replace_(ACCEPTED, schema=replace_(ACCEPTED.schema, attributes=kept))


PUBLISHED = _published()


@dataclass(frozen=True)
class Held:
    """A group as it stands: the shop's code and our record of it (None: not managed yet)."""

    group_id: int
    code: str
    record: memberships.Group | None

    @property
    def name(self) -> str:
        """The whole name."""
        return self.record.display_name if self.record else self.code


@dataclass(frozen=True)
class Changed:
    """A group after a PATCH; not `whole` where it has more members than were to be read, and shows none."""

    resource: Resource
    whole: bool = True


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


# --- reading ---


def get(bridge: bridges.Bridge, group_id: str, *, members: bool = True) -> Resource:
    """Read one group; without `members` no member is read. Raises NotFound."""
    with bridge.reading() as connection:
        return _dress(connection, bridge, _one(connection, bridge, group_id), members=members)


def find(
    bridge: bridges.Bridge,
    where: filters.Node | None,
    query: queries.Query,
    after: cursors.Place | None = None,
    *,
    members: bool = True,
) -> pages.Page:
    """Read a page of the groups that a filter fits. A shop has few groups: they are judged and sorted one by one."""
    by = sorting.path(query.sort_by, ACCEPTED) if query.sort_by is not None else None
    with bridge.reading() as connection:
        fitting = _fitting(connection, bridge, where)
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
        shown = _dress_all(connection, bridge, [held for _, held in page], members=members)
        return pages.Page(shown, len(placed), end)


def _sortable(connection: sa.Connection, bridge: bridges.Bridge, held: Held, by: trees.Path | None) -> Resource:
    """Make the resource with its first member where it is sorted by members, since none of them is the primary one."""
    resource = _dress(connection, bridge, held, members=False)
    if by is not None and by.attribute is not None and by.attribute.name == "members":
        first = _members(connection, bridge, held.group_id)[:1]
        resource["members"] = list(_shown(bridge, first))
    return resource


def fetch(bridge: bridges.Bridge, ids: Collection[int]) -> dict[str, Resource]:
    """Read some groups with their members, by the id that they show; unknown ones are left out."""
    with bridge.reading() as connection:
        found = _dress_all(connection, bridge, list(_all(connection, bridge, ids).values()), members=True)
        return {group["id"]: group for group in found}


def _fitting(connection: sa.Connection, bridge: bridges.Bridge, where: filters.Node | None) -> list[Held]:
    """Find the groups that a filter fits: read with the members that it names, with all only where it must be."""
    everyone = _all(connection, bridge)
    if where is None:
        return list(everyone.values())
    asked = _asked_of_members(where)
    needed = asked is None or asked
    members = _members_of(connection, bridge, list(everyone), asked) if needed else {}
    found = []
    for group_id, held in everyone.items():
        resource = _dress(connection, bridge, held, members=False)
        if members.get(group_id):
            resource["members"] = list(_shown(bridge, members[group_id]))
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
            return _named_members(inner)
        case filters.Compare(op="eq", path=path, value=value) if str(path) == "members.value" and value is not None:
            return {_number(value)}
        case filters.Compare(path=path) | filters.Present(path=path) | filters.Has(path=path):
            return None if path.attribute is not None and path.attribute.name == "members" else set()
    return None


def names(connection: sa.Connection, bridge: bridges.Bridge, ids: Collection[int]) -> dict[int, str]:
    """Give the whole names of some groups."""
    return {group_id: held.name for group_id, held in _all(connection, bridge, ids).items()}


def _all(
    connection: sa.Connection, bridge: bridges.Bridge, ids: Collection[int] | None = None, *, lock: bool = False
) -> dict[int, Held]:
    """Read groups that this tenant may see, without those that are hidden, in one message."""
    if ids is not None and not ids:
        return {}

    def build() -> tuple[sending.Text, sending.Text]:
        table, record = bridge.shop.tables["customer_group"], bridge.ledger.group
        query = sa.select(table.c.customer_group_id, table.c.customer_group_code).order_by(table.c.customer_group_id)
        query, records = query.with_for_update() if lock else query, sa.select(record)
        if ids is not None:
            query = query.where(sending.among(table.c.customer_group_id, "ids"))
            records = records.where(sending.among(record.c.group_id, "ids"))
        return sending.Text(query, connection.dialect), sending.Text(records, connection.dialect)

    texts = bridge.shop.prepared(("groups", ids is None, lock), build)
    given = {} if ids is None else {"ids": sorted(set(ids))}
    groups, known = sending.ask(connection, *(sending.Order(text, given) for text in texts))
    records = {record.group_id: record for record in map(memberships.of, known.rows)}
    found = {}
    for group_id, code in groups.rows:
        record = records.get(group_id)
        hidden = {shop_groups.BLOCKED, *bridge.ruleset.groups.hidden}
        shown = group_id != shop_groups.GUESTS and code not in hidden
        if shown and (record is None or record.tenant == bridge.tenant):
            found[group_id] = Held(group_id, code, record)
    return found


def _one(connection: sa.Connection, bridge: bridges.Bridge, group_id: str, *, lock: bool = False) -> Held:
    number = group_ids.number(group_id)
    if lock:
        turns.of_group(connection, bridge, number)
    held = _all(connection, bridge, [number], lock=lock).get(number) if number else None
    if held is None:
        raise errors.NotFound(f"There is no group {group_id!r}.")
    return held


def _number(text: Any) -> int:
    """Read a user's id; 0, which nobody has, for what is none."""
    given = str(text)
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 11 else 0
    return number if str(number) == given else 0


def _dress(connection: sa.Connection, bridge: bridges.Bridge, held: Held, *, members: bool) -> Resource:
    """Make the resource. Its ETag counts changes, so that it needs no member."""
    record = held.record
    resource: Resource = {"id": group_ids.text(held.group_id), "displayName": held.name}
    if record and record.external_id is not None:
        resource["externalId"] = record.external_id
    created = record.created_at if record else bridge.settings.installed_at
    modified = record.modified_at if record else created
    dressed = messages.dress(resource, ACCEPTED, bridge.base_url, created, modified)
    changed = [record.version if record else 0, messages.timestamp(modified)]  # undoing takes back the count
    dressed["meta"]["version"] = messages.etag({**resource, "changed": changed})
    ids = _members(connection, bridge, held.group_id) if members else []
    if ids:
        dressed["members"] = _shown(bridge, ids)
    return dressed


def _dress_all(connection: sa.Connection, bridge: bridges.Bridge, some: list[Held], *, members: bool) -> list[Resource]:
    """Make the resources of some groups, whose members are read at once."""
    ids = _members_of(connection, bridge, [held.group_id for held in some]) if members else {}
    found = [_dress(connection, bridge, held, members=False) for held in some]
    for held, resource in zip(some, found, strict=True):
        if ids.get(held.group_id):
            resource["members"] = _shown(bridge, ids[held.group_id])
    return found


def _shown(bridge: bridges.Bridge, ids: Collection[int]) -> lazy.Lazy:
    users = f"{bridge.base_url}/Users/"
    return lazy.Lazy(ids, lambda i: {"value": str(i), "$ref": f"{users}{i}", "type": "User"})


def _members(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    group_id: int,
    among: Collection[int] | None = None,
    *,
    most: int | None = None,
) -> list[int]:
    """Read the members, or `most` of them: who was put into the group here, and whom the shop has in it."""
    mine = visibility.customers(bridge)
    if among is not None:
        mine = mine.where(bridge.shop.tables["customer_entity"].c.entity_id.in_(among))
    parts = [_put(bridge, group_id, mine)]
    chosen = _not_by_default(bridge, group_id)
    if chosen is not None:
        parts += [theirs.where(chosen) for theirs in _of_shop(bridge, group_id, mine)]
    if most is not None:
        parts = [sa.select(part.limit(most).subquery()) for part in parts]
    union = sa.union(*parts).subquery()
    found = sa.select(union.c.entity_id).order_by(union.c.entity_id).limit(most)
    return list(connection.execute(found).scalars())


def _members_of(
    connection: sa.Connection, bridge: bridges.Bridge, ids: Collection[int], among: Collection[int] | None = None
) -> dict[int, list[int]]:
    """Read the members of many groups, of those that nobody is in unasked in two statements."""
    usual = unasked(bridge)
    found = {group_id: _members(connection, bridge, group_id, among) for group_id in usual & set(ids)}
    chosen = sorted(set(ids) - usual)
    if not chosen:
        return found
    entity, grid, member = bridge.shop.tables["customer_entity"], bridge.shop.grid, bridge.ledger.membership
    mine = visibility.customers(bridge)
    if among is not None:
        mine = mine.where(entity.c.entity_id.in_(among))
    put = mine.add_columns(member.c.group_id).join(member, member.c.entity_id == entity.c.entity_id)
    held = mine.add_columns(entity.c.group_id).where(entity.c.group_id.in_(chosen))
    if grid is not None:  # it has an index of the group
        on = sa.and_(grid.c.entity_id == entity.c.entity_id, grid.c.group_id == entity.c.group_id)
        held = held.join(grid, on).where(grid.c.group_id.in_(chosen))
    several: dict[int, set[int]] = {}
    for query in (put.where(member.c.group_id.in_(chosen)), held):
        for entity_id, group_id in connection.execute(query):
            several.setdefault(group_id, set()).add(entity_id)
    return found | {group_id: sorted(them) for group_id, them in several.items()}


def unasked(bridge: bridges.Bridge) -> set[int]:
    """Give the groups that the shop puts its customers into by itself."""
    return {bridge.default_group(store) for store in (None, *bridge.shop.stores.store_ids(bridge.match_website))}


def seen(bridge: bridges.Bridge, group_id: int) -> sa.ColumnElement[bool]:
    """Give the condition that there is a group which this tenant may see."""
    group, record = bridge.shop.tables["customer_group"], bridge.ledger.group
    hidden = [shop_groups.BLOCKED, *sorted(bridge.ruleset.groups.hidden)]
    query = sa.exists().where(group.c.customer_group_id == group_id, group.c.customer_group_id != shop_groups.GUESTS)
    others = sa.exists().where(record.c.group_id == group_id, record.c.tenant != bridge.tenant)
    return sa.and_(query.where(group.c.customer_group_code.not_in(hidden)), sa.not_(others))


def _put(bridge: bridges.Bridge, group_id: int, among: sa.Select[Any]) -> sa.Select[Any]:
    """Select those customers among some who were put into a group here."""
    entity, member = bridge.shop.tables["customer_entity"], bridge.ledger.membership
    return among.join(member, member.c.entity_id == entity.c.entity_id).where(member.c.group_id == group_id)


def _not_by_default(bridge: bridges.Bridge, group_id: int) -> sa.ColumnElement[bool] | None:
    """Give the condition that a customer's store view does not put everybody into a group; None where each does."""
    store_id = bridge.shop.tables["customer_entity"].c.store_id
    stores = bridge.shop.stores.store_ids(bridge.match_website)
    putting = [store for store in stores if bridge.default_group(store) == group_id]
    without_store = bridge.default_group() == group_id
    if without_store and len(putting) == len(stores):
        return None
    elsewhere = store_id.not_in(putting)
    return sa.and_(elsewhere, store_id.is_not(None)) if without_store else sa.or_(elsewhere, store_id.is_(None))


def _of_shop(bridge: bridges.Bridge, group_id: int, among: sa.Select[Any]) -> tuple[sa.Select[Any], ...]:
    """Select those customers among some whom the shop has in a group, or has again when they are active again."""
    return in_shop_group(bridge, group_id, among), held_aside(bridge, group_id, among)


def in_shop_group(bridge: bridges.Bridge, group_id: int, among: sa.Select[Any] | None = None) -> sa.Select[Any]:
    """Select the customers whom the shop has in a group, all or some, by the grid's index where the shop has a grid."""
    entity, grid = bridge.shop.tables["customer_entity"], bridge.shop.grid
    query = sa.select(entity.c.entity_id) if among is None else among
    query = query.where(entity.c.group_id == group_id)
    if grid is None:
        return query
    return query.join(grid, grid.c.entity_id == entity.c.entity_id).where(grid.c.group_id == group_id)


def held_aside(bridge: bridges.Bridge, group_id: int, among: sa.Select[Any] | None = None) -> sa.Select[Any]:
    """Select the deactivated customers, all or some, who are held in another group and go back to this one."""
    entity, mark = bridge.shop.tables["customer_entity"], bridge.ledger.inactive
    query = sa.select(entity.c.entity_id).select_from(entity) if among is None else among
    return query.join(mark, mark.c.entity_id == entity.c.entity_id).where(mark.c.group_id == group_id)


# --- writing ---


def create(bridge: bridges.Bridge, resource: Resource, *, members: bool = True) -> Resource:
    """Create a group, or take over one of the shop's that nobody manages yet; with its members.

    `members` says whether the answer shows them. Raises Uniqueness with the existing id where there is a managed one of
    that name.
    """
    name = _name(resource)

    def work(connection: sa.Connection) -> Resource:
        now = clock.now()
        group_id = shop_groups.find(connection, bridge.shop, name)
        record = memberships.fetch(connection, bridge.ledger, [group_id]).get(group_id) if group_id else None
        taken = _named(connection, bridge, name)
        if record is not None and taken is None and len(name) > shop_groups.LONGEST:
            group_id, record = None, None
        ours = (shop_groups.GUESTS, shop_groups.find(connection, bridge.shop, shop_groups.BLOCKED))
        if taken is not None or record is not None or (group_id is not None and group_id in ours):
            raise _taken(connection, bridge, group_id if taken is None else taken, name)
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
        wanted = Members()
        wanted.add(_ids(connection, bridge, resource.get("members")))
        _enrol(connection, bridge, group_id, wanted, now)
        return _dress(connection, bridge, _one(connection, bridge, group_ids.text(group_id)), members=members)

    return writes.transact(bridge, work, lambda: _conflict(bridge, name))


def replace(
    bridge: bridges.Bridge, group_id: str, resource: Resource, check: Check | None = None, *, members: bool = True
) -> Resource:
    """Replace a group by a PUT's body. Members that are not mentioned stay, unless the profile clears them."""
    name = _name(resource)

    def work(connection: sa.Connection) -> Resource:
        held = _one(connection, bridge, group_id, lock=True)
        wanted = Members()
        if "members" in resource or bridge.profile.put_members == "clear":
            wanted.replace(_ids(connection, bridge, resource.get("members")))
        after = {"displayName": name, "externalId": resource.get("externalId")}
        _change(connection, bridge, held, after, wanted, check)
        return _dress(connection, bridge, _one(connection, bridge, group_id), members=members)

    return writes.transact(bridge, work, lambda: _conflict(bridge, name))


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
        held = _one(connection, bridge, group_id, lock=True)
        before = _dress(connection, bridge, held, members=False)
        wanted = Members()
        others = tuple(each for each in operations if not _is_member_operation(each))
        for operation in operations:
            if _is_member_operation(operation):
                _note(connection, bridge, held, operation, wanted)
        after = patch.apply(before, others, ACCEPTED, bridge.profile)
        latest["displayName"] = _name(after)
        _change(connection, bridge, held, after, wanted, check)
        held = _one(connection, bridge, group_id)
        whole = not members or most is None or len(_members(connection, bridge, held.group_id, most=most + 1)) <= most
        return Changed(_dress(connection, bridge, held, members=members and whole), whole)

    return writes.transact(bridge, work, lambda: _conflict(bridge, latest["displayName"]))


def delete(bridge: bridges.Bridge, group_id: str, check: Check | None = None) -> None:
    """Remove a group; its customers go to the next of their groups, else to the default one."""

    def work(connection: sa.Connection) -> None:
        held = _one(connection, bridge, group_id, lock=True)
        if check:
            check(_dress(connection, bridge, held, members=False)["meta"]["version"])
        _refuse_others(connection, bridge, held)
        now = clock.now()
        wanted = Members()
        wanted.remove(connection.execute(_put(bridge, held.group_id, visibility.customers(bridge))).scalars())
        _enrol(connection, bridge, held.group_id, wanted, now)
        try:
            planned = shop_groups.remove(connection, bridge.shop, held.group_id, now)
            writes.carry_out(connection, bridge, writes.Deed("delete", "Group", held.group_id), planned)
            sending.tell(connection)
        except shop_errors.Rejected as error:
            raise errors.Forbidden(f"The group {held.name!r} cannot be deleted: {error.reason}.") from error

    writes.transact(bridge, work, lambda: _conflict(bridge, ""))


def _refuse_others(connection: sa.Connection, bridge: bridges.Bridge, held: Held) -> None:
    """Raise Forbidden where a group has customers who are not this tenant's: they would lose it."""
    others = _of_shop(bridge, held.group_id, visibility.others(bridge))
    if any(connection.execute(each.limit(1)).first() is not None for each in others):
        raise errors.Forbidden(
            f"The group {held.name!r} cannot be deleted: the shop has customers in it who are not among these users."
        )


def _change(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    held: Held,
    after: Mapping[str, Any],
    wanted: Members,
    check: Check | None,
) -> None:
    """Write what differs: names, then members; nothing differs: nothing is written."""
    if check:
        check(_dress(connection, bridge, held, members=False)["meta"]["version"])
    now = clock.now()
    name, external_id = _name(after), after.get("externalId")
    named = name != held.name or external_id != (held.record.external_id if held.record else None)
    moved = _enrol(connection, bridge, held.group_id, wanted, now)
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
    bridge: bridges.Bridge, held: Held, name: str, external_id: str | None, now: datetime | None
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


def _enrol(connection: sa.Connection, bridge: bridges.Bridge, group_id: int, wanted: Members, now: datetime) -> bool:
    """Carry out what is wanted of the members and settle everybody's effective group; gives whether any changed."""
    if wanted.exactly:
        there = _members(connection, bridge, group_id)
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
            planned += _memberships(entity_id, before, after)
            left = () if joins else (group_id,)
            document = linked[entity_id].document if entity_id in linked else {}
            given = _follows(connection, bridge, customer, document, before, after)
            base = grouping.settled(bridge, document, customer.data["store_id"])
            group = _destination(connection, bridge, customer, (before, base), (after, base), left)
            given |= {} if group is None else {"group_id": group}
            moved = plans.change(bridge.shop, customer, given, now)
            planned += leaving.settle(connection, bridge, real, taken.get(entity_id), moved, None, now)
        deed = writes.Deed("members", "Group", group_id)
        changed = bool(writes.carry_out(connection, bridge, deed, planned)) or changed
    return changed


def _memberships(entity_id: changes.Id, before: list[int], after: list[int]) -> list[changes.RowChange]:
    """Plan the rows of memberships that come and go."""

    def row(group_id: int, there: Resource | None, then: Resource | None) -> changes.RowChange:
        return changes.RowChange("scim_membership", {"group_id": group_id, "entity_id": entity_id}, there, then)

    gone = [row(i, {}, None) for i in before if i not in after]
    return gone + [row(i, None, {}) for i in reversed(after) if i not in before]


def _follows(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    customer: customers.Customer,
    document: Resource,
    before: list[int],
    after: list[int],
) -> dict[str, Any]:
    """Give the values that follow from other memberships, where rules ask for them; what would be refused is left."""
    if not bridge.ruleset.reads_groups or before == after or not document:
        return {}
    named, context = names(connection, bridge, {*before, *after}), bridge.context(customer.data)
    was, then = (context.within({i: named[i] for i in ids if i in named}) for ids in (before, after))
    given, problems = projection.desired(bridge.ruleset, document, document, then, was)
    for rule, reason in problems:
        log.warning("customer %s: %s does not follow its groups: %s", customer.entity_id, rule.target, reason)
    return given


def named(connection: sa.Connection, bridge: bridges.Bridge, entity_ids: list[int]) -> dict[int, dict[int, str]]:
    """Give the groups that customers were put into here, id -> name; none where no rule asks for them."""
    if not bridge.ruleset.reads_groups:
        return {}
    found = memberships.of_customers(connection, bridge.ledger, bridge.tenant, entity_ids)
    called = names(connection, bridge, {i for ids in found.values() for i in ids})
    return {entity_id: {i: called[i] for i in ids if i in called} for entity_id, ids in found.items()}


def _destination(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    customer: customers.Customer,
    before: tuple[list[int], int | None],
    after: tuple[list[int], int],
    left: Collection[int],
) -> int | None:
    """Give the effective group that a customer moves to, None where it stays: also where somebody else has moved it.

    `before`, `after`: its groups, newest first, and the one that it is in without any. `left`: those it is taken out
    of, be it only the shop's own.
    """
    bridge.shop.know_groups(connection, after[0])  # another process, or this very transaction, may have made them
    had = effective(connection, bridge, before[0]) or before[1]
    want = effective(connection, bridge, after[0]) or after[1]
    current = customer.data["group_id"]
    return want if current != want and (had != want or current in left) else None


def effective(connection: sa.Connection, bridge: bridges.Bridge, ids: list[int]) -> int | None:
    """Choose of a customer's groups, newest first, the one that the shop gets; None where there is none."""
    if len(ids) < 2 or not bridge.ruleset.groups.priority:
        return ids[0] if ids else None
    found = _all(connection, bridge, ids)
    called = {name.casefold(): i for i, held in found.items() for name in (held.code, held.name)}
    for name in bridge.ruleset.groups.priority:
        if name.casefold() in called:
            return called[name.casefold()]
    return ids[0]


# --- memberships told by the user's side ---


@dataclass(frozen=True)
class Followed:
    """What a write of a user comes to for its groups: rows, the effective group it moves to, and (where rules ask) the
    names of those that it is a member of afterwards."""

    rows: list[changes.RowChange] = field(default_factory=list)
    group_id: int | None = None
    member_of: Mapping[int, str] = field(default_factory=dict)


def follow(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    customer: customers.Customer,
    wanted: tuple[said.Change, ...],
    documents: tuple[Resource | None, Resource],
) -> Followed:
    """Plan the memberships of one customer, locked or new, and the effective group it moves to, if any.

    `documents`: before (None: not managed yet) and after. Raises InvalidValue for a group that there is not.
    """
    if not wanted and not bridge.ruleset.groups.decides and not bridge.ruleset.reads_groups:
        return Followed()
    entity_id, before, left = customer.entity_id, list[int](), set[int]()
    if isinstance(entity_id, int):
        found = memberships.of_customers(connection, bridge.ledger, bridge.tenant, [entity_id])
        before = found.get(entity_id, [])
    after = list(before)
    for change in wanted:
        named = [_known(connection, bridge, text) for text in change.groups or ()]
        if change.op != "add":
            leave = set(after) - set(named) if change.op == "replace" else set(named if change.groups else after)
            left |= leave
            after = [i for i in after if i not in leave]
        if change.op != "remove":
            after = [*(i for i in reversed(named) if i not in after), *after]
            left -= set(named)
    bases = _bases(bridge, customer, documents)
    group_id = _destination(connection, bridge, customer, (before, bases[0]), (after, bases[1]), left)
    called = names(connection, bridge, after) if bridge.ruleset.reads_groups else {}
    return Followed(_memberships(entity_id, before, after), group_id, called)


def joined(connection: sa.Connection, bridge: bridges.Bridge, wanted: tuple[said.Change, ...]) -> dict[int, str]:
    """Name the groups that a new customer comes into, where rules ask for them."""
    if not bridge.ruleset.reads_groups:
        return {}
    ids = [_known(connection, bridge, text) for each in wanted if each.op != "remove" for text in each.groups or ()]
    return names(connection, bridge, ids) if ids else {}


def _bases(
    bridge: bridges.Bridge, customer: customers.Customer, documents: tuple[Resource | None, Resource]
) -> tuple[int | None, int]:
    """Give the groups that a customer was in, and is to be in, without any membership.

    Whom nobody managed before was in none, so that a rule moves it; but `otherwise` moves nobody who has a group.
    """
    before, after = documents
    want = grouping.settled(bridge, after, customer.data["store_id"])
    if before is not None:
        return grouping.settled(bridge, before, customer.data["store_id"]), want
    by_rule = grouping.matched(bridge.ruleset.groups, after, bridge.shop.groups) is not None
    return (None if by_rule or isinstance(customer.entity_id, changes.New) else want), want


def _known(connection: sa.Connection, bridge: bridges.Bridge, text: str) -> int:
    try:
        return _one(connection, bridge, text).group_id
    except errors.NotFound as error:
        raise errors.InvalidValue(f"groups: {error.detail}") from error


# --- operations on members ---


def _is_member_operation(operation: patch.Operation) -> bool:
    return operation.path.attribute is not None and operation.path.attribute.name == "members"


def _note(
    connection: sa.Connection, bridge: bridges.Bridge, held: Held, operation: patch.Operation, wanted: Members
) -> None:
    """Note what one operation wants of the members (RFC 7644 section 3.5.2)."""
    given = operation.value if isinstance(operation.value, list) else [operation.value] if operation.value else []
    selected = operation.path.filter
    if operation.path.sub is not None:
        raise errors.Mutability(f"{operation.path}: what a member is cannot be changed; remove it and add another.")
    match operation.op:
        case "add":
            wanted.add(_ids(connection, bridge, given))
        case "remove" if selected is None:
            wanted.replace(())
        case "remove":
            wanted.remove(_selected(connection, bridge, held, selected, wanted))
        case "replace" if selected is None:
            wanted.replace(_ids(connection, bridge, given))
        case "replace":
            found = _selected(connection, bridge, held, selected, wanted)
            if not found:
                raise errors.NoTarget(f"{operation.path} selects no member.")
            wanted.remove(found)
            wanted.add(_ids(connection, bridge, given))


def _selected(
    connection: sa.Connection, bridge: bridges.Bridge, held: Held, where: filters.Node | None, wanted: Members
) -> list[int]:
    """Find the members that a value filter selects; where it names them, without reading the others."""
    assert where is not None
    ids = _named_members(where)
    there = set(wanted.added)
    if not wanted.exactly:
        there |= set(_members(connection, bridge, held.group_id, ids)) - wanted.removed
    if ids is not None:
        return sorted(there & ids)
    return [int(one["value"]) for one in _shown(bridge, sorted(there)) if filters.evaluate(where, one)]


def _named_members(where: filters.Node) -> set[int] | None:
    """Give the ids that a filter names by `value eq`, alone or one or the other; None for any other filter."""
    parts = where.parts if isinstance(where, filters.Or) else (where,)
    named = [
        part for part in parts if isinstance(part, filters.Compare) and part.op == "eq" and part.leaf.name == "value"
    ]
    return {_number(part.value) for part in named} if len(named) == len(parts) else None


def _ids(connection: sa.Connection, bridge: bridges.Bridge, given: Any) -> list[int]:
    """Give the customers that members name; raises InvalidValue for who is none, unless the profile ignores it."""
    listed = [one for one in given or () if isinstance(one, dict)]
    nested = [str(one.get("value")) for one in listed if _is_group(one)]
    if nested:
        raise errors.InvalidValue(f"members: only users can be members, not the group {', '.join(nested[:10])}.")
    wanted = {str(one.get("value")): _number(one.get("value")) for one in listed}
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
    named = kind.casefold() == "group" or "/groups/" in f"/{reference.casefold()}"
    return named or group_ids.number(member.get("value")) > 0


# --- names ---


def _name(resource: Mapping[str, Any]) -> str:
    name = str(resource.get("displayName") or "").strip()
    if not name:
        raise errors.InvalidValue("displayName is required.")
    if len(name) > LONGEST_NAME:
        raise errors.InvalidValue(f"displayName is longer than {LONGEST_NAME} characters.")
    return name


def _named(connection: sa.Connection, bridge: bridges.Bridge, name: str) -> int | None:
    wanted = name.casefold()
    return next(
        (i for i, held in _all(connection, bridge).items() if held.record and held.name.casefold() == wanted), None
    )


def _taken(connection: sa.Connection, bridge: bridges.Bridge, group_id: int | None, name: str) -> errors.Uniqueness:
    """Make the error that names the group in the way; not one that is another tenant's or hidden."""
    if group_id is None or group_id not in _all(connection, bridge, [group_id]):
        return errors.Uniqueness(f"The shop has a group {name!r} that is not among these groups: choose another name.")
    shown = group_ids.text(group_id)
    return errors.Uniqueness(f"There is a group {name!r} already, its id is {shown!r}.", shown)


def _conflict(bridge: bridges.Bridge, name: str) -> errors.Uniqueness:
    """Find out, after the database's keys decided, which group a write ran into."""
    with database.reading(bridge.shop.reader) as connection:
        found = _named(connection, bridge, name) or shop_groups.find(connection, bridge.shop, name)
        return _taken(connection, bridge, found, name)
