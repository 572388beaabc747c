"""In charge of JSON Schemas (draft 2020-12) of resources that are sent back, and of the words for one value.

Resources that come in are described by the marshmallow schemas of `schemas`, whose fields take their `words` from here;
messages by `envelopes`.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app.scim import attributes

Json = dict[str, Any]

_TYPES: Mapping[str, str] = {"boolean": "boolean", "integer": "integer", "decimal": "number"}  # all others: string
_FORMATS: Mapping[str, str] = {"dateTime": "date-time", "reference": "uri-reference"}


def words(attribute: attributes.Attribute, *, written: bool = True) -> Json:
    """Describe one value of an attribute, but for its parts.

    `written`: as a client writes it. What is read back has a format only where the service itself made the value.
    """
    found: Json = {"description": attribute.description or attribute.name}
    if not attribute.complex:
        found["type"] = _TYPES.get(attribute.type, "string")
    if attribute.type in _FORMATS and (written or attribute.mutability == "readOnly"):
        found["format"] = _FORMATS[attribute.type]
    if attribute.canonical:
        found["examples"] = list(attribute.canonical)
    if written and attribute.mutability == "writeOnly":
        found["writeOnly"] = True
    return found


def _value(attribute: attributes.Attribute) -> Json:
    """Describe an attribute as it is read back."""
    shown = words(attribute, written=False)
    if attribute.complex:
        shown |= {"type": "object", "properties": _values(attribute.sub), "additionalProperties": False}
    if attribute.mutability == "readOnly":
        shown["readOnly"] = True
    if not attribute.multi:
        return shown
    description = shown.pop("description")
    return {"type": "array", "description": description, "items": shown}


def _values(known: Iterable[attributes.Attribute]) -> Json:
    return {attribute.name: _value(attribute) for attribute in known if attribute.returned != "never"}


def answer(resource_type: attributes.ResourceType) -> Json:
    """Describe a resource as it is read back: whole or in parts, as the request asks; nothing else is ever in it."""
    properties = _values(resource_type.attributes)
    properties["schemas"] = urns(*resource_type.urns)
    for extension in resource_type.extensions:
        properties[extension.schema.urn] = whole(
            _values(extension.schema.attributes), description=extension.schema.description
        )
    return whole(properties, ["schemas", "id"], description=resource_type.schema.description)


def discovered(schema: attributes.Schema, *, identified: bool = True) -> Json:
    """Describe what the service says of itself, by its schema; `identified`: it has an id."""
    known = [attribute for attribute in attributes.COMMON if attribute.name == "meta" or identified]
    properties = _values(attribute for attribute in known if attribute.name != "externalId") | _values(
        schema.attributes
    )
    properties["schemas"] = urns(schema.urn)
    needed = ["schemas", *(attribute.name for attribute in schema.attributes if attribute.required)]
    return whole(properties, needed + (["id"] if identified else []), description=schema.description)


def urns(*known: str) -> Json:
    """Describe a list of URNs out of those that are known."""
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string", "enum": list(known)}}


def whole(properties: Json, required: Iterable[str] = (), *, description: str, closed: bool = True) -> Json:
    """Describe an object; `closed`: it has no other properties."""
    shown: Json = {"type": "object", "description": description, "properties": properties}
    if needed := sorted(required):
        shown["required"] = needed
    return shown | ({"additionalProperties": False} if closed else {})
