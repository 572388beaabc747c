"""In charge of the values of multi-valued attributes: when two are the same, and how they become one."""

from collections.abc import Mapping
from typing import Any

from app.scim import attributes, trees


def fold(attribute: attributes.Attribute, found: list[Any]) -> list[Any]:
    """Put values together that are the same: what `same` says, or of the same type and value (RFC 7643 section 2.4).

    The first keeps its place; what a later one adds or changes is taken over. Null values go.
    """
    kept: list[Any] = []
    places: dict[Any, int] = {}
    for value in found:
        if value is None:
            continue
        key = identity(attribute, value)
        if key not in places:
            places[key] = len(kept)
            kept.append(value)
        elif isinstance(value, dict):
            place = places[key]
            kept[place] = merged(attribute, kept[place], value)
    return kept


def merged(attribute: attributes.Attribute, held: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Take over what a value adds to or changes in one that is the same; what is immutable, or the same, stays."""
    new = {}
    for name, value in given.items():
        sub = attribute.find(name)
        fixed = sub is not None and sub.mutability == "immutable" and held.get(name) is not None
        if value is not None and not fixed and _key(sub, held.get(name)) != _key(sub, value):
            new[name] = value
    return {**held, **new}


def identity(attribute: attributes.Attribute, value: Any) -> Any:
    """Give what makes a value of a multi-valued attribute this value and no other, as a hashable key.

    Its type and value if it has a value (a member: its value alone), else all that it has; texts as their attribute
    compares them.
    """
    if not isinstance(value, dict):
        return trees.comparable(attribute, value)
    main = attribute.find("value")
    if main is not None and value.get("value") is not None:
        names: Any = ("value",) if main.mutability == "immutable" else ("type", "value")
    else:
        names = sorted(name for name, held in value.items() if held is not None)
    return tuple((name, _key(attribute.find(name), value.get(name))) for name in names)


def _key(attribute: attributes.Attribute | None, value: Any) -> Any:
    if isinstance(value, list | dict):
        return repr(value)
    return value if attribute is None else trees.comparable(attribute, value)


def covers(attribute: attributes.Attribute, held: Any, given: Any) -> bool:
    """Say whether a held value already is what is given: it has each given sub-attribute, with the same value."""
    if not (isinstance(held, dict) and isinstance(given, dict)):
        return bool(_key(attribute, held) == _key(attribute, given))
    return all(
        _key(attribute.find(name), held.get(name)) == _key(attribute.find(name), value)
        for name, value in given.items()
        if value is not None
    )
