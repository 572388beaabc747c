"""In charge of names: a body's keys, in any case, become the names that the schemas give them."""

from collections.abc import Mapping
from typing import Any

from app.scim import attributes

Problem = tuple[str, str]  # where, what


def canonical(
    resource_type: attributes.ResourceType,
    body: Mapping[str, Any],
    problems: list[Problem] | None = None,
    *,
    readonly: bool = False,
) -> dict[str, Any]:
    """Give a copy of a body with canonical names; what is unknown keeps its name.

    What is read-only is left out unless `readonly`. A name given twice in two spellings is a problem; where nobody
    collects problems, both stay.
    """
    named: dict[str, Any] = {}
    for key, value in body.items():
        schema = resource_type.extension(key)
        attribute = None if schema else resource_type.find(key)
        if schema is not None:
            inner = canonical_object(schema, value, f"{schema.urn}:", problems, readonly)
            _put(named, schema.urn, inner, key, "", problems)
        elif attribute is None:
            named[key] = value
        elif readonly or attribute.mutability != "readOnly":
            inner = canonical_value(attribute, value, attribute.name, problems, readonly)
            _put(named, attribute.name, inner, key, "", problems)
    return named


def _put(named: dict[str, Any], name: str, value: Any, key: str, lead: str, problems: list[Problem] | None) -> None:
    if name not in named:
        named[name] = value
    elif problems is None:
        named[key] = value
    else:
        problems.append((f"{lead}{name}", f"is given twice, once as {key!r}"))


def canonical_object(
    schema: attributes.Schema | attributes.Attribute,
    value: Any,
    lead: str,
    problems: list[Problem] | None,
    readonly: bool,
) -> Any:
    """Give a copy of an object with canonical names: an extension's container or a complex value."""
    if not isinstance(value, dict):
        return value
    named: dict[str, Any] = {}
    for key, held in value.items():
        attribute = schema.find(key)
        if attribute is None:
            if not tells_its_schema(schema, key, held):
                named[key] = held
        elif readonly or attribute.mutability != "readOnly":
            inner = canonical_value(attribute, held, f"{lead}{attribute.name}", problems, readonly)
            _put(named, attribute.name, inner, key, lead, problems)
    return named


def tells_its_schema(holder: attributes.Schema | attributes.Attribute, key: str, value: Any) -> bool:
    """Say whether a name in an extension's container is `schemas`, and says what the container is anyway.

    RFC 7643 section 3 has `schemas` name what defines the attributes "in the current JSON structure"; scim2-models
    writes it into extensions, too.
    """
    own = isinstance(holder, attributes.Schema) and key.casefold() == "schemas" and isinstance(value, list)
    return own and [str(urn).casefold() for urn in value] == [getattr(holder, "urn", "").casefold()]


def canonical_value(
    attribute: attributes.Attribute,
    value: Any,
    where: str,
    problems: list[Problem] | None = None,
    readonly: bool = False,
) -> Any:
    """Give a copy of an attribute's value with canonical names; `where` is its path, for problems."""
    if not attribute.complex:
        return value
    if isinstance(value, list):
        return [
            canonical_object(attribute, element, f"{where}[{index}].", problems, readonly)
            for index, element in enumerate(value)
        ]
    return canonical_object(attribute, value, f"{where}.", problems, readonly)
