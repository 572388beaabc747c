"""Users: the SCIM resource whose document is in the ledger and whose projection is a customer of the shop.

Each public function is one request's work: it opens the one transaction, locks the row, reads the document corrected
by the shop, changes it, projects it, and writes what differs.
"""

from collections.abc import Callable, Collection
from typing import Any

import sqlalchemy as sa

from app.magento import customers, database, plans
from app.mapping import bridges, clock, conditions, matching, pages, projection, standing, wanted, writes
from app.scim import cursors, errors, filters, memberships, patch, paths, queries

Resource = dict[str, Any]
Changes = tuple[memberships.Change, ...]
Check = Callable[[str], None]
"""Judges the resource's current ETag under the lock; raises PreconditionFailed."""


# --- reading ---


def get(bridge: bridges.Bridge, user_id: str) -> Resource:
    """Read one user by its id; raises NotFound."""
    with database.reading(bridge.shop.engine) as connection:
        return standing.dress(bridge, standing.one(connection, bridge, user_id))


def find(
    bridge: bridges.Bridge, where: filters.Node | None, query: queries.Query, after: cursors.Place | None = None
) -> pages.Page:
    """Read a page of the users that a filter fits, sorted, from the query's start or after a cursor's place."""
    with database.reading(bridge.shop.engine) as connection:

        def judge(ids: Collection[int], node: filters.Node) -> set[int]:
            candidates = standing.fetch(connection, bridge, ids)
            return {i for i, held in candidates.items() if filters.evaluate(node, standing.dress(bridge, held))}

        order = conditions.Order()
        if query.sort_by is not None:
            path = paths.parse(query.sort_by, bridge.ruleset.accepted)
            order = conditions.Translator(bridge).order(path, query.descending)
        start = query.start if query.cursor is None else 1
        found = conditions.find(
            connection,
            bridge,
            where,
            order,
            judge,
            start=start,
            count=after.count if after else query.count,
            after=after,
        )
        held = standing.fetch(connection, bridge, found.ids)
        shown = [standing.dress(bridge, held[entity_id]) for entity_id in found.ids if entity_id in held]
        size = after.count if after else query.count
        return pages.Page(shown, found.total, cursors.Place(*found.end, found.total, size) if found.end else None)


# --- writing ---


def create(bridge: bridges.Bridge, resource: Resource, changes: Changes = ()) -> Resource:
    """Create a user, or take over an existing customer that nobody manages yet; `changes` are of its memberships.

    Raises Uniqueness with the existing id where one of that name, external id or e-mail is managed already,
    InvalidValue where the shop would not take what the rules make of it.
    """
    resource, password = wanted.take_password(bridge, resource)

    def work(connection: sa.Connection) -> Resource:
        existing = matching.find(connection, bridge, resource)
        if existing is not None:
            return _adopt(connection, bridge, existing, resource, password, changes)
        new = wanted.Wanted(wanted.clean(resource), resource.get("active"), password, changes)
        planned = wanted.newcomer(connection, bridge, new, clock.now())
        done = writes.carry_out(connection, bridge, planned)
        entity_id = customers.made(done)
        return standing.dress(bridge, standing.fetch(connection, bridge, [entity_id], done=done)[entity_id])

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
        return after

    def work(connection: sa.Connection) -> Resource:
        held = standing.one(connection, bridge, user_id, lock=True)
        new = wanted.Wanted(change(held.document), resource.get("active"), password, changes)
        return _change(connection, bridge, held, new, check)

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
        held = standing.one(connection, bridge, user_id, lock=True)
        active = held.customer.data["is_active"] == 1
        before = {**held.document, "id": str(held.entity_id), "active": active}
        after = patch.apply(before, operations, bridge.ruleset.published, bridge.profile, fired)
        password = passwords.get(after.pop("password", ""))
        latest.clear()
        latest.update(after)
        new = wanted.Wanted(wanted.clean(after), after.get("active"), password, changes)
        return _change(connection, bridge, held, new, check)

    changed = writes.transact(bridge, work, lambda: matching.conflict(bridge, latest))
    bridge.note(fired)
    return changed


def delete(bridge: bridges.Bridge, user_id: str, check: Check | None = None) -> None:
    """Remove a user, and the customer as Magento would; raises NotFound."""

    def work(connection: sa.Connection) -> None:
        held = standing.one(connection, bridge, user_id, lock=True)
        if check:
            check(standing.etag(bridge, held))
        writes.carry_out(connection, bridge, plans.remove(connection, bridge.shop, held.entity_id, clock.now()))

    writes.transact(bridge, work, lambda: matching.conflict(bridge, {}))


def _change(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    held: standing.Held,
    new: wanted.Wanted,
    check: Check | None = None,
) -> Resource:
    """Write what differs between a user as it stands and as it is wanted, be it nothing."""
    if check:
        check(standing.etag(bridge, held))
    planned = wanted.change(connection, bridge, held, new, clock.now())
    done = writes.carry_out(connection, bridge, planned)
    if done:
        held = standing.fetch(connection, bridge, [held.entity_id], done=done)[held.entity_id]
    return standing.dress(bridge, held)


def _adopt(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    entity_id: int,
    resource: Resource,
    password: wanted.Password | None,
    changes: Changes,
) -> Resource:
    """Take a customer over, or up again, and give it what was sent; what was not mentioned stays as it is."""
    held = standing.fetch(connection, bridge, [entity_id], lock=True)[entity_id]
    if held.link is not None:
        if not matching.may_take_up(bridge, held.customer):
            raise matching.taken(entity_id, "this name")
    elif bridge.ruleset.match.existing == "reject":
        raise errors.Uniqueness(
            f"The shop has a customer with this e-mail that is not managed by SCIM, id {entity_id!r}, "
            "and mapping.yaml says match.existing: reject."
        )
    after = wanted.merged(bridge, held.document, resource)
    active = resource.get("active", held.link is not None or None)
    return _change(connection, bridge, held, wanted.Wanted(after, active, password, changes))
