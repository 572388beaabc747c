"""In charge of what a message holds, value by value, however loosely it is written: resources, PATCHes, lists, Bulk.

For those who look at messages, not for those who carry them out: nothing is refused here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.scim import attributes, errors, paths, trees

SERVICE = ("schemas", "meta", "id")  # what the protocol itself says of a resource
BULK = "/Bulk"
NOT_RESOURCES = re.compile(r"urn:ietf:params:scim:api:messages:2\.0:(Error|SearchRequest)", re.I)
NAMED = re.compile(r"[A-Za-z0-9_$.:/-]{1,120}", re.ASCII)
KIND = re.compile(r"[A-Za-z0-9_-]{1,20}", re.ASCII)
UNREADABLE = "(unreadable)"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value of a message, and where it stands: `holder[key]` is `value`; `key` None for a removal without value.

    `resource_type`: of whose resource it is a part; `attribute` None: it has none of that name; `name`: its path, where
    of a filter only `type` and `primary` are left, so that it tells nothing of anybody.
    """

    resource_type: attributes.ResourceType
    urn: str | None
    attribute: attributes.Attribute | None
    sub: str | None
    name: str
    value: Any
    holder: Any
    key: Any


@dataclass(frozen=True)
class _Place:
    """Where an attribute stands in a message."""

    resource_type: attributes.ResourceType
    urn: str | None
    attribute: attributes.Attribute | None
    chosen: str = ""

    def leaf(self, text: str, sub: str | None, holder: Any, key: Any) -> Leaf:
        lead = f"{self.urn}:" if self.urn else ""
        value = None if key is None else holder[key]
        return Leaf(self.resource_type, self.urn, self.attribute, sub, lead + text, value, holder, key)


def walk(body: Any, types: Mapping[str, attributes.ResourceType], endpoint: str) -> Iterator[Leaf]:
    """Walk the values of a message; `types`: by endpoint ("/Users"), `endpoint`: where it was sent, or asked.

    Of one that holds no resources, nor what is to become of one, there are none.
    """
    if not isinstance(body, dict) or endpoint not in (*types, BULK) or NOT_RESOURCES.search(str(body.get("schemas"))):
        return
    resource_type = types.get(endpoint)
    operations, found = _member(body, "operations"), _member(body, "resources")
    if isinstance(found, list):
        for each in found:
            own = types.get("/Groups" if isinstance(each, dict) and _member(each, "members") else endpoint)
            yield from _resource(each, own or next(iter(types.values())))
    elif isinstance(operations, list):
        for each in operations:
            if isinstance(each, dict) and resource_type is not None:
                yield from _operation(each, resource_type)
            elif isinstance(each, dict):
                to = "/" + str(each.get("path", "")).strip("/").partition("/")[0]
                yield from walk(each.get("data"), types, to if to in types else next(iter(types)))
    elif resource_type is not None:
        yield from _resource(body, resource_type)


def _member(body: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in body.items() if key.casefold() == name), None)


def _resource(body: Any, resource_type: attributes.ResourceType) -> Iterator[Leaf]:
    for key, value in body.items() if isinstance(body, dict) else ():
        schema = resource_type.extension(key)
        if key.casefold() in SERVICE:
            continue
        if schema is not None and isinstance(value, dict):
            for name in value:
                yield from _attribute(_Place(resource_type, schema.urn, schema.find(name)), value, name)
        elif resource_type.is_core(key) and isinstance(value, dict):
            yield from _resource(value, resource_type)
        elif (attribute := resource_type.find(key)) is not None:
            yield from _attribute(_Place(resource_type, None, attribute), body, key)
        else:
            path = parsed(key, resource_type) if any(sign in key for sign in ".[:") else None
            yield from _at(path, key, resource_type, body, key)


def _operation(operation: dict[str, Any], resource_type: attributes.ResourceType) -> Iterator[Leaf]:
    key = next((key for key in operation if key.casefold() == "value"), None)
    text = _member(operation, "path")
    if text in (None, ""):
        yield from _resource(operation[key] if key else None, resource_type)
    else:
        path = parsed(text, resource_type) if isinstance(text, str) else None
        yield from _at(path, str(text), resource_type, operation, key)


def parsed(text: str, resource_type: attributes.ResourceType) -> paths.Path | None:
    """Parse a path; None for what is none."""
    try:
        return paths.parse(text.replace('\\"', '"'), resource_type)
    except errors.ScimError:
        return None


def _at(
    path: paths.Path | None, text: str, resource_type: attributes.ResourceType, holder: Any, key: Any
) -> Iterator[Leaf]:
    """Walk what stands under a path."""
    if path is None:
        name = text if NAMED.fullmatch(text) else UNREADABLE
        yield _Place(resource_type, None, None).leaf(name, None, holder, key)
    elif path.attribute is None:
        held = holder[key] if key is not None else None
        schema = resource_type.extension(str(path.urn))
        for name in held if isinstance(held, dict) and schema is not None else ():
            yield from _attribute(_Place(resource_type, path.urn, schema.find(name)), held, name)  # type: ignore[union-attr]
    else:
        place = _Place(resource_type, path.urn, path.attribute, chosen(path.filter))
        if path.sub is not None:
            yield place.leaf(f"{path.attribute.name}{place.chosen}.{path.sub.name}", path.sub.name, holder, key)
        else:
            yield from _attribute(place, holder, key)


def _attribute(place: _Place, holder: Any, key: Any) -> Iterator[Leaf]:
    """Walk the values of an attribute, be they one or a list."""
    values = holder[key] if key is not None else None
    if not isinstance(values, list) or not values:
        yield from _value(place, holder, key)
        return
    for number in range(len(values)):
        yield from _value(place, values, number)


def _value(place: _Place, holder: Any, key: Any) -> Iterator[Leaf]:
    value, attribute = holder[key] if key is not None else None, place.attribute
    if attribute is None:
        name = str(key) if NAMED.fullmatch(str(key)) else UNREADABLE
        yield place.leaf(name, None, holder, key)
    elif not isinstance(value, dict) or not value:
        yield place.leaf(attribute.name + place.chosen, None, holder, key)
    else:
        which = place.chosen or (_kind(value) if attribute.multi else "")
        for name in value:
            known = attribute.find(name)
            sub = known.name if known else name if NAMED.fullmatch(name) else UNREADABLE
            yield place.leaf(f"{attribute.name}{which}.{sub}", sub, value, name)


def _kind(value: Mapping[str, Any]) -> str:
    kind = _member(value, "type")
    return f'[type eq "{kind.lower()}"]' if isinstance(kind, str) and KIND.fullmatch(kind) else ""


def chosen(node: trees.Node | None) -> str:
    """Give a filter in brackets where it only asks for a type or for the primary value, else nothing."""
    match node:
        case trees.Compare(path=trees.Path(attribute=attributes.Attribute(name="type")), op="eq", value=str(kind)):
            return f'[type eq "{kind.lower()}"]' if KIND.fullmatch(kind) else ""
        case trees.Compare(path=trees.Path(attribute=attributes.Attribute(name="primary")), op="eq", value=True):
            return "[primary eq true]"
    return ""
