"""In charge of queries over all types: users and groups as one list, sorted, in pages (RFC 7644 section 3.4.2.1).

The two lists are merged: a page by index looks at as many users more as there are groups, a page by cursor remembers a
place in each list. A shop has few groups, so all that fit are at hand.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.mapping import bridges, group_ids, group_type, groups, pages, users
from app.scim import cursors, errors, filters, queries, sorting, trees

Resource = dict[str, Any]
Place = tuple[int, Any]  # an id and its sort value
Paths = Mapping[str, trees.Path | None]  # by the type's name: what it is sorted by
BEGIN: Place = (0, None)
USERS_DONE = -1  # stands for the id after the last user


@dataclass(frozen=True)
class Where:
    """The filter as each type understands it."""

    users: filters.Node | None
    groups: filters.Node | None


def find(
    bridge: bridges.Bridge, where: Where, query: queries.Query, after: cursors.Place | None = None, *, members: bool
) -> pages.Page:
    """Read a page of all resources that a filter fits; `members` says whether groups show theirs.

    Users come before groups where the sort does not say otherwise. Raises errors.InvalidValue for a `sortBy` that is an
    attribute of neither type.
    """
    by = _sorted_by(bridge, query)
    of_users = replace(query, sort_by=query.sort_by if by["User"] else None)
    all_groups = replace(
        query, sort_by=query.sort_by if by["Group"] else None, start=1, count=queries.MOST, cursor=None
    )
    some = groups.find(bridge, where.groups, all_groups, members=False)
    if query.cursor is None:
        skipped = max(query.start - 1 - some.total, 0)
        window = replace(of_users, start=skipped + 1, count=query.count + some.total)
        found = users.find(bridge, where.users, window)
        first = query.start - 1 - skipped
        page = _merged(found.resources, some.resources, by, query)[first : first + query.count]
        return pages.Page(_with_members(bridge, page, members), found.total + some.total)
    return _next(bridge, where, of_users, some, by, after, members)


def _sorted_by(bridge: bridges.Bridge, query: queries.Query) -> Paths:
    """Give the path by which each type is sorted: an attribute that only one has is no value of the other's."""
    found: dict[str, trees.Path | None] = {}
    refused: errors.InvalidValue | None = None
    for kind in (bridge.ruleset.accepted, group_type.ACCEPTED):
        try:
            found[kind.name] = sorting.path(query.sort_by, kind) if query.sort_by else None
        except errors.InvalidValue as error:
            found[kind.name], refused = None, refused or error
    if refused and not any(found.values()):
        raise refused
    return found


def _merged(some_users: list[Resource], some_groups: list[Resource], by: Paths, query: queries.Query) -> list[Resource]:
    """Put two sorted lists together, each in its own order; users come first among those alike."""

    def key(resource: Resource) -> sorting.Key:
        return sorting.key(resource, by[resource["meta"]["resourceType"]])

    falling = query.descending and any(by.values())
    return list(heapq.merge(some_users, some_groups, key=key, reverse=falling))


def _next(
    bridge: bridges.Bridge,
    where: Where,
    query: queries.Query,
    some: pages.Page,
    by: Paths,
    after: cursors.Place | None,
    members: bool,
) -> pages.Page:
    """Read the page after a place in each list."""
    size, falling = after.count if after else query.count, query.descending and any(by.values())
    of_users, of_groups = after.last_value if after else (BEGIN, BEGIN)
    ahead = [each for each in some.resources if _is_ahead(each, by, of_groups, falling)]
    found = _users_after(bridge, where, query, of_users, size)
    page = _merged(found.resources, ahead, by, query)[:size]
    shown = [each for each in page if _is_group(each)]
    count = len(page) - len(shown)
    total, end = after.total if after else found.total + some.total, None
    if page and (len(shown) < len(ahead) or count < len(found.resources) or found.end):
        if count:
            last = found if count == len(found.resources) else _users_after(bridge, where, query, of_users, count)
            of_users = (last.end.last_id, last.end.last_value) if last.end else (USERS_DONE, None)
        if shown:
            absent, value = sorting.key(shown[-1], by["Group"])
            of_groups = (group_ids.number(shown[-1]["id"]), None if absent else value)
        end = cursors.Place(0, [of_users, of_groups], total, size)
    return pages.Page(_with_members(bridge, page, members), total, end)


def _is_group(resource: Resource) -> bool:
    return bool(resource["meta"]["resourceType"] == group_type.ACCEPTED.name)


def _is_ahead(group: Resource, by: Paths, place: Place, falling: bool) -> bool:
    key = sorting.key(group, by["Group"])
    return place[0] == BEGIN[0] or sorting.comes_after(key, group_ids.number(group["id"]), place, falling)


def _users_after(bridge: bridges.Bridge, where: Where, query: queries.Query, place: Place, count: int) -> pages.Page:
    last_id, last_value = place
    if last_id == USERS_DONE:
        return pages.Page([], 0)
    after = cursors.Place(last_id, last_value, 0, count) if last_id else None
    return users.find(bridge, where.users, replace(query, count=count), after)


def _with_members(bridge: bridges.Bridge, page: list[Resource], members: bool) -> list[Resource]:
    """Read the members of the groups on a page, where they are shown."""
    if not members:
        return page
    ids = [group_ids.number(each["id"]) for each in page if _is_group(each)]
    read = groups.fetch(bridge, ids) if ids else {}
    return [read.get(each["id"], each) if _is_group(each) else each for each in page]
