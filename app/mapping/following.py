"""In charge of what its memberships mean for a customer: the group that the shop gets, and what rules make of them.

A customer is in exactly one group of the shop and may be a member of several here: the effective group follows
`groups.priority`, then the newest. Who is a member of none is in the group that grouping settles.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.ledger import groups as memberships
from app.magento import changes, customers
from app.mapping import bridges, group_standing, grouping, projection
from app.scim import errors
from app.scim import memberships as said

Resource = dict[str, Any]
log = logging.getLogger(__name__)


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
    group_id = destination(connection, bridge, customer, (before, bases[0]), (after, bases[1]), left)
    called = group_standing.names(connection, bridge, after) if bridge.ruleset.reads_groups else {}
    return Followed(rows(entity_id, before, after), group_id, called)


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
        return group_standing.one(connection, bridge, text).group_id
    except errors.NotFound as error:
        raise errors.InvalidValue(f"groups: {error.detail}") from error


def joined(connection: sa.Connection, bridge: bridges.Bridge, wanted: tuple[said.Change, ...]) -> dict[int, str]:
    """Name the groups that a new customer comes into, where rules ask for them."""
    if not bridge.ruleset.reads_groups:
        return {}
    ids = [_known(connection, bridge, text) for each in wanted if each.op != "remove" for text in each.groups or ()]
    return group_standing.names(connection, bridge, ids) if ids else {}


def named(connection: sa.Connection, bridge: bridges.Bridge, entity_ids: list[int]) -> dict[int, dict[int, str]]:
    """Give the groups that customers were put into here, id -> name; none where no rule asks for them."""
    if not bridge.ruleset.reads_groups:
        return {}
    found = memberships.of_customers(connection, bridge.ledger, bridge.tenant, entity_ids)
    called = group_standing.names(connection, bridge, {i for ids in found.values() for i in ids})
    return {entity_id: {i: called[i] for i in ids if i in called} for entity_id, ids in found.items()}


def rows(entity_id: changes.Id, before: list[int], after: list[int]) -> list[changes.RowChange]:
    """Plan the rows of memberships that come and go."""

    def row(group_id: int, there: Resource | None, then: Resource | None) -> changes.RowChange:
        return changes.RowChange("scim_membership", {"group_id": group_id, "entity_id": entity_id}, there, then)

    gone = [row(i, {}, None) for i in before if i not in after]
    return gone + [row(i, None, {}) for i in reversed(after) if i not in before]


def values(
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
    named, context = group_standing.names(connection, bridge, {*before, *after}), bridge.context(customer.data)
    was, then = (context.within({i: named[i] for i in ids if i in named}) for ids in (before, after))
    given, problems = projection.desired(bridge.ruleset, document, document, then, was)
    for rule, reason in problems:
        log.warning("customer %s: %s does not follow its groups: %s", customer.entity_id, rule.target, reason)
    return given


def destination(
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
    had = _effective(connection, bridge, before[0]) or before[1]
    want = _effective(connection, bridge, after[0]) or after[1]
    current = customer.data["group_id"]
    return want if current != want and (had != want or current in left) else None


def _effective(connection: sa.Connection, bridge: bridges.Bridge, ids: list[int]) -> int | None:
    """Choose of a customer's groups, newest first, the one that the shop gets; None where there is none."""
    if len(ids) < 2 or not bridge.ruleset.groups.priority:
        return ids[0] if ids else None
    found = group_standing.fetch(connection, bridge, ids)
    called = {name.casefold(): i for i, held in found.items() for name in (held.code, held.name)}
    for name in bridge.ruleset.groups.priority:
        if name.casefold() in called:
            return called[name.casefold()]
    return ids[0]
