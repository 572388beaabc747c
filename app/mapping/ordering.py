"""In charge of lists that are sorted by what SQL does not know: each user is read, and all are put in order here.

That is what several rows make together (groups, addresses, an entity tag), or a rule turns into another form.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

import sqlalchemy as sa

from app.mapping import bridges, search, sort_orders
from app.scim import cursors, errors, sorting, trees

MOST = 5000  # users that are read to be sorted
Read = Callable[[Collection[int]], Mapping[int, dict[str, Any]]]
"""Reads users, as a client would, by their numbers."""


def find(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    where: trees.Node | None,
    by: tuple[trees.Path, bool],
    judge: search.Judge,
    read: Read,
    *,
    start: int,
    count: int,
    after: cursors.Place | None,
) -> search.Slice:
    """Find the ids of a page as `search.find` does; `by`: the path, and whether it falls. Raises TooMany."""
    path, descending = by
    fitting = search.find(connection, bridge, where, sort_orders.Order(), judge, count=MOST)
    if fitting.end is not None:
        raise errors.TooMany(f"sortBy: more than {MOST} users would have to be read for their {path}: add a filter.")
    placed: list[tuple[sorting.Key, int]] = []
    for first in range(0, len(fitting.ids), search.BATCH):
        batch = read(fitting.ids[first : first + search.BATCH])
        placed += [(sorting.key(resource, path), entity_id) for entity_id, resource in sorted(batch.items())]
    placed.sort(key=lambda pair: pair[0], reverse=descending)
    begin = start - 1 if after is None else passed(placed, after, descending)
    page, more = placed[begin : begin + count], len(placed) > begin + count
    end = None
    if page and more:
        (absent, value), last = page[-1]
        end = last, None if absent else value
    return search.Slice([entity_id for _, entity_id in page], after.total if after else len(placed), end)


def passed(placed: list[tuple[sorting.Key, int]], after: cursors.Place, descending: bool) -> int:
    """Count how many of those in order do not come after a place."""
    last = (after.last_id, after.last_value)
    return sum(not sorting.comes_after(key, number, last, descending) for key, number in placed)
