"""In charge of bodies: marshmallow schemas built from a resource type read a client's JSON into a resource.

A resource has canonical names, values of the right types, null where the client said null, and nothing read-only.
"""

import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import marshmallow

from app.scim import attributes, errors, grammar, names, profiles, trees, values

SHOWN = 20  # problems told at once
Problem = names.Problem
Siblings = tuple[attributes.Attribute, ...]
Loader = tuple[str | None, marshmallow.Schema, Siblings]
ABSENT: Any = object()


def load(
    resource_type: attributes.ResourceType,
    body: Any,
    *,
    profile: profiles.Profile | None = None,
    partial: bool = False,
) -> dict[str, Any]:
    """Read a body as a resource.

    Names are matched without regard to case. Read-only attributes are dropped unseen, null and [] are kept, `schemas`
    is checked and given back as it must read. `partial` asks for nothing that is required. The profile says how loosely
    formats (country, language, URI) are taken. Raises errors.InvalidSyntax for a body that is no object, else
    errors.InvalidValue with all that is wrong, each with its path.
    """
    if not isinstance(body, dict):
        raise errors.InvalidSyntax(f"The body must be a JSON object, not {values.kind(body)}.")
    loose = profile is not None and profiles.LOOSE_FORMATS in profile.tolerances
    problems: list[Problem] = []
    named = names.canonical(resource_type, body, problems)
    if not partial or "schemas" in named:
        problems += _check_schemas(resource_type, named.get("schemas"))
    named.pop("schemas", None)
    if not partial:
        problems += [
            (extension.schema.urn, "is required")
            for extension in resource_type.extensions
            if extension.required and not named.get(extension.schema.urn)
        ]
    resource: dict[str, Any] = {}
    for urn, schema, known in loaders(resource_type, loose):
        held = named if urn is None else named.pop(urn, ABSENT)
        try:
            if held is None:
                resource[str(urn)] = None
            elif isinstance(held, dict):
                loaded = schema.load(held, partial=partial)
                resource |= loaded if urn is None else {urn: loaded}
            elif held is not ABSENT:
                problems.append((str(urn), f"must be an object, not {values.kind(held)}"))
        except marshmallow.ValidationError as error:
            problems += itertools.islice(_flatten(f"{urn}:" if urn else "", error.messages, known), SHOWN + 1)
    complain(problems)
    used = [urn for urn in resource_type.urns[1:] if resource.get(urn)]
    return {"schemas": [resource_type.schema.urn, *used], **resource}


def load_value(path: trees.Path, value: Any, *, profile: profiles.Profile | None = None) -> Any:
    """Read one value for what a path names, as a PATCH gives it; a single value for a list becomes a list of one.

    With a filter in the path the value is one of the attribute's values, in parts. Raises errors.InvalidValue.
    """
    loose = profile is not None and profiles.LOOSE_FORMATS in profile.tolerances
    attribute, where = path.leaf, str(path)
    if value is None or attribute is None:
        return value
    problems: list[Problem] = []
    single = path.filter is not None and path.sub is None
    value = names.canonical_value(attribute, value, where, problems)
    if attribute.multi and not single and not isinstance(value, list):
        value = [value]
    try:
        value = _field(attribute, loose, single or not attribute.multi).deserialize(value, partial=True)
    except marshmallow.ValidationError as error:
        problems += itertools.islice(_told(where, "", error.messages, attribute), SHOWN + 1)
    complain(problems)
    return value


@lru_cache(maxsize=512)
def _field(attribute: attributes.Attribute, loose: bool, single: bool) -> Any:
    return values.field(attribute, loose, single=single)


def complain(problems: list[Problem]) -> None:
    """Raise errors.InvalidValue with all problems, if there are any."""
    if problems:
        told = [f"{where}: {text}" if where else text for where, text in problems[:SHOWN]]
        raise errors.InvalidValue("; ".join(told) + ("; and more" if len(problems) > SHOWN else "") + ".")


@lru_cache(maxsize=64)
def loaders(resource_type: attributes.ResourceType, loose: bool) -> tuple[Loader, ...]:
    """Make a marshmallow schema for each extension and, last, for the top of the resource.

    They are separate because marshmallow takes a name with dots, as URNs have them, for a nested one.
    """
    found: list[Loader] = [
        (extension.schema.urn, _schema(extension.schema.attributes, loose), extension.schema.attributes)
        for extension in resource_type.extensions
    ]
    top = tuple(attribute for attribute in resource_type.attributes if attribute.name != "schemas")
    return (*found, (None, _schema(top, loose), top))


def _schema(known: Siblings, loose: bool) -> marshmallow.Schema:
    return values.schema(
        {attribute.name: values.field(attribute, loose) for attribute in known if attribute.mutability != "readOnly"}
    )


# -- problems ----------------------------------------------------------------------------------------------------------


def _check_schemas(resource_type: attributes.ResourceType, given: Any) -> Iterator[Problem]:
    """Check the `schemas` of a body: not empty, no duplicates, only the type's (RFC 7643 section 3)."""
    core = resource_type.schema.urn
    if given is None or given == []:
        yield "schemas", f"is required: it must hold {core!r}"
    elif not isinstance(given, list) or not all(isinstance(urn, str) for urn in given):
        yield "schemas", f"must be a list of URNs, not {values.kind(given)}"
    else:
        known = {urn.casefold() for urn in resource_type.urns}
        folded = [urn.casefold() for urn in given]
        for urn in given:
            if urn.casefold() not in known:
                yield "schemas", f"{values.quote(urn)} is no schema of a {resource_type.name}"
        if len(set(folded)) < len(folded):
            yield "schemas", "holds a URN twice"
        if core.casefold() not in folded:
            yield "schemas", f"must hold {core!r}"


def _flatten(lead: str, messages: Any, known: Siblings) -> Iterator[Problem]:
    """Give marshmallow's nested messages with their paths."""
    by_name = {attribute.name: attribute for attribute in known}
    for name, inner in messages.items():
        yield from _named(f"{lead}{name}", str(name), inner, by_name.get(str(name)), known)


def _named(
    where: str, name: str, inner: Any, attribute: attributes.Attribute | None, known: Siblings
) -> Iterator[Problem]:
    if attribute is not None:
        yield from _told(where, name, inner, attribute)
    else:
        near = grammar.nearest(name, (other.name for other in known))
        yield where, f"{values.UNKNOWN}{near}"


def _told(where: str, name: str, inner: Any, attribute: attributes.Attribute) -> Iterator[Problem]:
    """Walk the messages below an attribute: lists of texts, numbered values, sub-attributes."""
    if isinstance(inner, list):
        yield from ((where, str(text)) for text in inner)
        return
    for key, deeper in inner.items():
        if isinstance(key, int):
            yield from _told(f"{where}[{key}]", name, deeper, attribute)
        elif key == "_schema":
            yield from _told(where, name, deeper, attribute)
        else:
            yield from _named(f"{where}.{key}", str(key), deeper, attribute.find(str(key)), attribute.sub)
