"""In charge of `groups` on a user, where a profile lets it be written: what a body says of memberships.

The RFC has `groups` read-only (RFC 7643 section 4.1.2): this is for clients that know no other way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.scim import attributes, dialects, errors, paths, profiles, trees


@dataclass(frozen=True)
class Change:
    """What is wanted of a user's groups: add them, remove them, or replace all others by them; None stands for all."""

    op: str
    groups: tuple[str, ...] | None


def take(
    body: Any, kind: str, resource_type: attributes.ResourceType, profile: profiles.Profile, *, named: bool = False
) -> tuple[Any, tuple[Change, ...]]:
    """Take what is said of groups out of a body, if the profile lets a user's groups be written.

    `named`: whatever the profile says, and what is said are not ids but names of groups (`display`, else `value`).

    `kind` is "create", "replace" or "patch", the body is as the client sent it or as `profiles.rewrite` left it.
    Gives the body without it, and the changes in their order. An empty list in a resource changes nothing: many clients
    send one without meaning it.
    """
    allowed = named or profiles.GROUPS_ON_USER in profile.tolerances
    allowed = allowed and resource_type.find("groups") is not None
    if not allowed or not isinstance(body, dict):
        return body, ()
    if kind != "patch":
        return _from_resource(body, "replace" if kind == "replace" else "add", named)
    key = next((key for key in body if key.casefold() == "operations"), None)
    if key is None or not isinstance(body[key], list):
        return body, ()
    kept: list[Any] = []
    found: list[Change] = []
    for raw in body[key]:
        rest, changes = _from_operation(raw, resource_type, named)
        kept += rest
        found += changes
    return ({**body, key: kept}, tuple(found)) if found else (body, ())


def _from_resource(body: Mapping[str, Any], op: str, named: bool) -> tuple[dict[str, Any], tuple[Change, ...]]:
    key = next((key for key in body if key.casefold() == "groups"), None)
    if key is None:
        return dict(body), ()
    rest = {name: held for name, held in body.items() if name != key}
    groups = _ids(body[key], named)
    return rest, (Change(op, groups),) if groups else ()


def _from_operation(
    raw: Any, resource_type: attributes.ResourceType, named: bool
) -> tuple[list[Any], tuple[Change, ...]]:
    """Take the changes out of one operation; what is left of it is a list of none or one."""
    if not isinstance(raw, dict):
        return [raw], ()
    held = {key.casefold(): value for key, value in raw.items()}
    op = str(held.get("op")).casefold()
    value = held.get("value")
    if op not in ("add", "remove", "replace"):
        return [raw], ()
    if held.get("path") is None and isinstance(value, dict) and op != "remove":
        rest, changes = _from_resource(value, op, named)
        if len(rest) == len(value):
            return [raw], ()
        return ([{**held, "value": rest}] if rest else []), changes
    path = dialects.target(held, resource_type)
    if path is None or path.attribute is None or path.attribute.name != "groups" or path.urn or path.sub:
        return [raw], ()
    if path.filter is not None:
        chosen = _chosen(path, named)
        return ([], (Change("remove", chosen),)) if op == "remove" and chosen else ([raw], ())
    if op == "remove":
        return [], (Change("remove", _ids(value, named) or None),)
    return [], (Change(op, _ids(value, named)),)


def _chosen(path: paths.Path, named: bool) -> tuple[str, ...]:
    """Give the ids that a filter of the form `value eq "…"`, or several of it joined with or, selects; or names."""
    asked = ("display", "value") if named else ("value",)
    node = path.filter
    parts = node.parts if isinstance(node, trees.Or) else (node,)
    found = []
    for part in parts:
        if not isinstance(part, trees.Compare) or part.op != "eq" or part.leaf.name not in asked:
            return ()
        found.append(str(part.value))
    return tuple(found)


def _ids(value: Any, named: bool) -> tuple[str, ...]:
    """Give the ids, or names, in a list of groups: objects with `value`, or bare texts. Raises errors.InvalidValue."""
    found = []
    for each in value if isinstance(value, list) else [] if value is None else [value]:
        group = each.get("value") if isinstance(each, dict) else each
        if named and isinstance(each, dict):
            group = each.get("display") or group
        if not isinstance(group, str) or not group:
            what = "a display, the group's name" if named else "a value, the group's id"
            raise errors.InvalidValue(f"groups: each must have {what}.")
        found.append(group)
    return tuple(dict.fromkeys(found))
