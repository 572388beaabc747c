"""Users: the SCIM resource whose document is in the ledger and whose projection is a customer of the shop.

Each public function is one request's work: it opens the one transaction, locks the row, reads the document corrected
by the shop, changes it, projects it, and writes what differs.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from app.ledger import links
from app.magento import changes as rows
from app.magento import customers
from app.magento import errors as shop_errors
from app.mapping import (
    addresses,
    afterimage,
    bridges,
    candidates,
    clock,
    deletion,
    foresight,
    matching,
    naming,
    ordering,
    pages,
    permits,
    projection,
    search,
    sort_orders,
    standing,
    wanted,
    writes,
)
from app.scim import cursors, errors, filters, memberships, patch, queries, sorting

Resource = dict[str, Any]
Changes = tuple[memberships.Change, ...]
Check = Callable[[str], None]
"""Judges the resource's current ETag under the lock; raises PreconditionFailed."""


# --- reading ---


def get(bridge: bridges.Bridge, user_id: str) -> Resource:
    """Read one user by its id; raises NotFound."""
    with bridge.reading() as connection:
        return standing.dress(bridge, standing.one(connection, bridge, user_id))


def find(
    bridge: bridges.Bridge, where: filters.Node | None, query: queries.Query, after: cursors.Place | None = None
) -> pages.Page:
    """Read a page of the users that a filter fits, sorted, from the query's start or after a cursor's place."""
    with bridge.reading() as connection:
        if where is not None and query.sort_by is None and after is None:
            page = _named(connection, bridge, where, query)
            if page is not None:
                return page

        def judge(ids: Collection[int], node: filters.Node) -> set[int]:
            return {i for i, resource in read(ids).items() if filters.evaluate(node, resource)}

        def read(ids: Collection[int]) -> dict[int, Resource]:
            return {i: standing.dress(bridge, held) for i, held in standing.fetch(connection, bridge, ids).items()}

        path = sorting.path(query.sort_by, bridge.ruleset.accepted) if query.sort_by is not None else None
        start, count = query.start if query.cursor is None else 1, after.count if after else query.count
        if path is None or sort_orders.knows(bridge, path):
            order = sort_orders.Order() if path is None else sort_orders.by(bridge, path, query.descending)
            found = search.find(connection, bridge, where, order, judge, start=start, count=count, after=after)
        else:
            by = path, query.descending
            found = ordering.find(connection, bridge, where, by, judge, read, start=start, count=count, after=after)
        held = standing.fetch(connection, bridge, found.ids)
        shown = [standing.dress(bridge, held[entity_id]) for entity_id in found.ids if entity_id in held]
        size = after.count if after else query.count
        return pages.Page(shown, found.total, cursors.Place(*found.end, found.total, size) if found.end else None)


def _named(
    connection: sa.Connection, bridge: bridges.Bridge, where: filters.Node, query: queries.Query
) -> pages.Page | None:
    """Read the page of a filter that names somebody: the few are read and judged. None for any other filter."""
    few = candidates.named(connection, bridge, where)
    if few is None:
        return None
    held = standing.fetch(connection, bridge, few)
    fitting = [user for i in sorted(held) if filters.evaluate(where, user := standing.dress(bridge, held[i]))]
    if query.cursor is not None and len(fitting) > query.count:
        return None  # who has a cursor gets the next page from a place
    start = query.start - 1 if query.cursor is None else 0
    return pages.Page(fitting[start : start + query.count], len(fitting), None)


# --- writing ---


@dataclasses.dataclass(frozen=True)
class Coming:
    """A user that is to be made, its password hashed; `changes` are of its memberships."""

    resource: Resource
    password: wanted.Password | None
    changes: Changes

    @property
    def wanted(self) -> wanted.Wanted:
        """What is wanted of a customer that is new. Raises InvalidValue."""
        return wanted.Wanted(wanted.clean(self.resource), self.resource.get("active"), self.password, self.changes)


def coming(bridge: bridges.Bridge, resource: Resource, changes: Changes = ()) -> Coming:
    """Get a user ready to be made; no transaction must be open, since that may take long. Raises Forbidden."""
    permits.operation(bridge, "create")
    return Coming(*wanted.take_password(bridge, resource), changes)


def create(bridge: bridges.Bridge, resource: Resource, changes: Changes = ()) -> Resource:
    """Create a user, or take over an existing customer that nobody manages yet; `changes` are of its memberships.

    Raises Uniqueness with the existing id where one of that name, external id or e-mail is managed already,
    InvalidValue where the shop would not take what the rules make of it.
    """
    return make(bridge, coming(bridge, resource, changes))


def make(bridge: bridges.Bridge, coming: Coming) -> Resource:
    """Make a user that is ready for it; raises what `create` raises."""
    resource = coming.resource

    def work(connection: sa.Connection) -> Resource:
        foresight.coming(connection, bridge, resource)
        free = matching.is_nobody(connection, bridge, resource)
        held = None if free else _existing(connection, bridge, resource)
        if held is not None:
            return _adopt(connection, bridge, held, coming)
        bridge.know_groups(connection)
        planned = wanted.newcomer(connection, bridge, coming.wanted, clock.now(), free=free)
        done = writes.carry_out(connection, bridge, writes.Deed("create", "User"), planned)
        return standing.dress(bridge, *read_back(connection, bridge, [(None, done)]))

    return writes.transact(bridge, work, lambda: matching.conflict(bridge, resource))


def replace(
    bridge: bridges.Bridge, user_id: str, resource: Resource, check: Check | None = None, changes: Changes = ()
) -> Resource:
    """Replace a user by a PUT's body. An absent `active` or `password` changes nothing; raises NotFound."""
    resource, password = wanted.take_password(bridge, resource, user_id)

    def change(before: Resource) -> Resource:
        if bridge.profile.put_absent == "keep":
            return wanted.merged(bridge, before, resource)
        after = wanted.clean(resource)
        projection.keep_absent(bridge.ruleset, before, resource, after)
        addresses.keep_absent(bridge.ruleset, before, resource, after)
        return after

    def work(connection: sa.Connection) -> Resource:
        held = standing.one(connection, bridge, user_id, lock=True, ahead=foresight.replaced(bridge, user_id, resource))
        new = wanted.Wanted(change(held.document), resource.get("active"), password, changes)
        _permit_update(connection, bridge, held, new)
        return _change(connection, bridge, "replace", held, new, check)

    return writes.transact(bridge, work, lambda: matching.conflict(bridge, {"id": user_id, **resource}))


def modify(
    bridge: bridges.Bridge,
    user_id: str,
    operations: tuple[patch.Operation, ...],
    check: Check | None = None,
    changes: Changes = (),
) -> Resource:
    """Change a user by the operations of a PATCH, all or none; raises NotFound and what `patch.apply` raises."""
    latest: Resource = {}
    fired: set[str] = set()
    last = patch.values_of(operations, "password")[-1:]  # the only one that can be left at the end
    passwords = {plain: wanted.password(bridge, plain, user_id) for plain in last}

    def work(connection: sa.Connection) -> Resource:
        ahead = foresight.modified(bridge, user_id, operations)
        held = standing.one(connection, bridge, user_id, lock=True, ahead=ahead)
        before = {**held.document, "id": str(held.entity_id), "active": held.active}
        after = patch.apply(before, operations, bridge.ruleset.published, bridge.profile, fired)
        password = passwords.get(after.pop("password", ""))
        latest.clear()
        latest.update(after)
        new = wanted.Wanted(wanted.clean(after), after.get("active"), password, changes)
        _permit_update(connection, bridge, held, new)
        return _change(connection, bridge, "modify", held, new, check)

    changed = writes.transact(bridge, work, lambda: matching.conflict(bridge, latest))
    bridge.note(fired)
    return changed


def delete(bridge: bridges.Bridge, user_id: str, check: Check | None = None) -> None:
    """Delete a user, and deal with the customer as mapping.yaml says; raises NotFound, Forbidden."""

    def work(connection: sa.Connection) -> None:
        held = standing.one(connection, bridge, user_id, lock=True, ahead=foresight.deleted(bridge, user_id))
        if check:
            check(standing.etag(bridge, held))
        planned = deletion.plan(connection, bridge, held, clock.now())
        writes.carry_out(connection, bridge, writes.Deed("delete", "User", held.entity_id), planned, orders=False)

    writes.transact(bridge, work, lambda: matching.conflict(bridge, {}))


def promise(bridge: bridges.Bridge, entity_id: int) -> bool:
    """Give a customer whom nobody manages to the tenant's identity provider, whose next request takes it over.

    Gives whether anything was written; raises NotFound.
    """

    def work(connection: sa.Connection) -> bool:
        held = standing.one(connection, bridge, str(entity_id), lock=True)
        if held.link is not None:
            return False
        now = clock.now()
        row = links.row(bridge.tenant, {"userName": held.document["userName"]}, now, now)
        planned = naming.freed(connection, bridge, None, held.document["userName"])
        planned.append(rows.RowChange("scim_link", {"entity_id": entity_id}, None, row))
        return bool(writes.carry_out(connection, bridge, writes.Deed("adopt", "User", entity_id), planned))

    return writes.transact(bridge, work, lambda: matching.conflict(bridge, {}))


def _change(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    operation: str,
    held: standing.Held,
    new: wanted.Wanted,
    check: Check | None = None,
) -> Resource:
    """Write what differs between a user as it stands and as it is wanted, be it nothing."""
    if check:
        check(standing.etag(bridge, held))
    if held.link is None and bridge.ruleset.match.existing == "review":
        raise matching.unreviewed(held.entity_id)
    now = clock.now()
    leaves = new.active is False and held.active
    if leaves:
        permits.operation(bridge, "deactivate")
        permits.departure(bridge, held, "deactivated")
    planned = wanted.change(connection, bridge, held, new, now)
    if leaves:
        planned.append(permits.counted(bridge, held, "deactivate", now))
    if held.link is not None and held.link.deleted_at:
        planned += deletion.waits_no_more(connection, bridge, held)
    done = writes.carry_out(connection, bridge, writes.Deed(operation, "User", held.entity_id), planned)
    if done:
        (held,) = read_back(connection, bridge, [(held, done)])
    return standing.dress(bridge, held)


def read_back(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    written: Iterable[tuple[standing.Held | None, Sequence[rows.RowChange]]],
) -> list[standing.Held]:
    """Give users as executed changes leave them: each of how it was before, None for a new one, and its changes."""
    found: dict[int, standing.Held | None] = {}
    for before, done in written:
        bridge = bridge.knowing(done)
        entity_id = customers.made(done) if before is None else before.entity_id
        found[entity_id] = afterimage.of(bridge, before, done)
    missing = [entity_id for entity_id, held in found.items() if held is None]
    read = standing.fetch(connection, bridge, missing) if missing else {}
    return [read[entity_id] if held is None else held for entity_id, held in found.items()]


def _permit_update(connection: sa.Connection, bridge: bridges.Bridge, held: standing.Held, new: wanted.Wanted) -> None:
    """Raise Forbidden where updates are switched off and more is wanted than a deactivation."""
    if "update" in bridge.ruleset.lifecycle.allow:
        return
    rest = dataclasses.replace(new, active=None) if new.active is False else new
    if wanted.change(connection, bridge, held, rest, clock.now()):
        permits.operation(bridge, "update")


def _existing(connection: sa.Connection, bridge: bridges.Bridge, resource: Resource) -> standing.Held | None:
    """Find the customer that a new user is, locked; None for nobody, also after it made way for another one."""
    found = matching.find(connection, bridge, resource)
    if found is None:
        return None
    held = standing.fetch(connection, bridge, [found.entity_id], lock=True, deleted=found.deleted).get(found.entity_id)
    if held is None:
        raise shop_errors.Changed("customer_entity", found.entity_id)
    if not found.deleted or deletion.is_revived(bridge, held):
        return held
    planned = deletion.final(connection, bridge, held, deletion.purging(bridge), clock.now())
    writes.carry_out(connection, bridge, writes.Deed("purge", "User", held.entity_id), planned, orders=False)
    return None


def _adopt(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    held: standing.Held,
    coming: Coming,
) -> Resource:
    """Take a customer over, or up again, and give it what was sent; what was not mentioned stays as it is."""
    if held.link is not None:
        if not held.link.deleted_at and not matching.may_take_up(bridge, held):
            raise matching.taken(held.entity_id, "this name")
    elif bridge.ruleset.match.existing == "review":
        raise matching.unreviewed(held.entity_id)
    elif bridge.ruleset.match.existing == "reject":
        raise errors.Uniqueness(
            f"The shop has a customer with this e-mail that is not managed by SCIM, id {held.entity_id!r}, "
            "and mapping.yaml says match.existing: reject."
        )
    after = wanted.merged(bridge, held.document, coming.resource)
    active = coming.resource.get("active", held.link is not None or None)
    return _change(connection, bridge, "adopt", held, wanted.Wanted(after, active, coming.password, coming.changes))
