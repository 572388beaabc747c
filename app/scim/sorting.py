"""In charge of sorting: by which attribute, and what of a resource counts (RFC 7644 section 3.4.2.3)."""

from collections.abc import Mapping
from typing import Any

from app.scim import attributes, errors, paths, trees

Key = tuple[bool, Any]
"""Whether there is no value, and the value: a text, a number or a boolean. Whoever has none comes last."""


def path(text: str, resource_type: attributes.ResourceType) -> trees.Path:
    """Give the path that `sortBy` names; a list of complex values is sorted by their `value`.

    Raises errors.InvalidValue for what is no attribute, or one that has no order.
    """
    try:
        found = paths.parse(text, resource_type)
    except errors.ScimError as error:
        raise errors.InvalidValue(f"sortBy: {error.detail}") from error
    leaf = found.leaf
    if leaf is None or found.filter is not None or leaf.returned == "never":
        raise errors.InvalidValue(f"sortBy: {text[:60]!r} is no attribute to sort by.")
    if not leaf.complex:
        return found
    value = leaf.find("value") if leaf.multi else None
    if value is None:
        raise errors.InvalidValue(
            f"sortBy: {leaf.name!r} is complex: name a sub-attribute, {found}.{leaf.sub[0].name}."
        )
    return trees.Path(found.urn, found.attribute, sub=value)


def key(resource: Mapping[str, Any], by: trees.Path | None) -> Key:
    """Give what a resource is sorted by: of several values the primary one's, else the first one's."""
    if by is None or by.leaf is None:
        return True, ""
    found = trees.elements(resource, by)
    chosen = next((each for each in found if isinstance(each, dict) and each.get("primary") is True), None)
    value = chosen if chosen is not None else next(iter(found), None)
    if by.sub is not None:
        value = value.get(by.sub.name) if isinstance(value, dict) else None
    if value is None:
        return True, ""
    if by.leaf.type == "dateTime" and (moment := trees.instant(str(value))):
        return False, f"{moment[0]:020d}{str(moment[1]).removeprefix('0')}"
    return False, trees.comparable(by.leaf, value)


def comes_after(given: Key, number: int, place: tuple[int, Any], descending: bool) -> bool:
    """Say whether what is sorted by a key comes after a place: an id and its value; of those alike the ids rise."""
    last: Key = (place[1] is None, "" if place[1] is None else place[1])
    if given == last:
        return number > place[0]
    return given < last if descending else given > last
