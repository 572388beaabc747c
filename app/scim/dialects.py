"""In charge of the tolerances' functions: each turns one thing that identity providers send into what the RFC has.

Which profile uses which stands in `profiles`. Every function gives back what it was given, the same object, when there
was nothing to do: that is how it is known which tolerances fired.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.scim import attributes, errors, names, paths, trees

PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
FLAT = {"email": "emails", "givenname": "name.givenName", "familyname": "name.familyName"}

Body = dict[str, Any]
ResourceType = attributes.ResourceType
Attribute = attributes.Attribute


def target(operation: Mapping[str, Any], resource_type: ResourceType) -> paths.Path | None:
    """Give the path of an operation; None if it has none, or none that can be parsed."""
    text = operation.get("path")
    if isinstance(text, paths.Path):
        return text
    if not isinstance(text, str) or resource_type.is_core(text):
        return None
    try:
        return paths.parse(text, resource_type)
    except errors.ScimError:
        return None


# -- messages ----------------------------------------------------------------------------------------------------


def flat_patch(body: Body, resource_type: ResourceType) -> Body:
    """Take a partial resource as a PATCH that replaces what it names."""
    urns = next((value for key, value in body.items() if key.casefold() == "schemas"), None)
    declared = isinstance(urns, list) and PATCH_URN.casefold() in (str(urn).casefold() for urn in urns)
    value = {key: held for key, held in body.items() if key.casefold() not in ("schemas", "id", "meta")}
    known = any(
        resource_type.find(key)
        or resource_type.extension(key)
        or key.casefold() in FLAT
        or _literal(key, resource_type)
        for key in value
    )
    if declared or not known or any(key.casefold() == "operations" for key in body):
        return body
    return {"schemas": [PATCH_URN], "Operations": [{"op": "replace", "value": value}]}


def message_schemas(body: Body, _type: ResourceType) -> Body:
    """Say that a PATCH is one."""
    urns = next((value for key, value in body.items() if key.casefold() == "schemas"), None)
    if urns not in (None, []):
        return body
    return {"schemas": [PATCH_URN], **{key: held for key, held in body.items() if key.casefold() != "schemas"}}


# -- bodies ------------------------------------------------------------------------------------------------------


def schemas_missing(body: Body, resource_type: ResourceType) -> Body:
    """Name the core schema where no schema is named."""
    return body if body.get("schemas") not in (None, []) else {**body, "schemas": [resource_type.schema.urn]}


def schemas_unknown(body: Body, resource_type: ResourceType) -> Body:
    """Leave out the schemas that the type does not have, and those named twice; name the core schema."""
    given = body.get("schemas")
    if not isinstance(given, list):
        return body
    kept = known_urns(given, resource_type)
    return body if [str(urn).casefold() for urn in given] == [u.casefold() for u in kept] else {**body, "schemas": kept}


def known_urns(given: Sequence[Any], resource_type: ResourceType) -> list[str]:
    """Give the type's URNs that are among those given, in their order, the core schema's always."""
    wanted = {str(urn).casefold() for urn in given}
    kept = []
    for urn in given:
        for known in resource_type.urns:
            if str(urn).casefold() == known.casefold() and known not in kept:
                kept.append(known)
    return kept if resource_type.schema.urn.casefold() in wanted else [resource_type.schema.urn, *kept]


_SLASHED = re.compile(r'\\"')


def _literal(key: str, resource_type: ResourceType) -> paths.Path | None:
    """Give the path that a key is, which is no plain name: dotted, with a filter, or with a URN."""
    if resource_type.find(key) is not None or resource_type.extension(key) is not None:
        return None
    if not any(sign in key for sign in ".[:"):
        return None
    try:
        return paths.parse(_SLASHED.sub('"', key), resource_type)
    except errors.ScimError:
        return None


def literal_paths(body: Body, resource_type: ResourceType) -> Body:
    """Put the values of keys that are paths where the paths lead."""
    found = [(key, path) for key in body if (path := _literal(key, resource_type))]
    if not found:
        return body
    after: Body = {key: _copied(value) for key, value in body.items()}
    for key, path in found:
        paths.write(after, path, after.pop(key))
    return after


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(held) for key, held in value.items()}
    return [_copied(held) for held in value] if isinstance(value, list) else value


def flat_names(body: Body, resource_type: ResourceType) -> Body:
    """Take email, givenName and familyName at the top for what they mean, where nothing else says it."""
    found = [key for key in body if key.casefold() in FLAT and resource_type.find(key) is None]
    if not found:
        return body
    after: Body = {key: _copied(value) for key, value in body.items() if key not in found}
    for key in found:
        where = FLAT[key.casefold()]
        try:
            path = paths.parse(where, resource_type)
        except errors.ScimError:
            continue
        if trees.read(after, path) or body[key] is None:
            continue
        if path.sub is None and isinstance(body[key], str):
            after[where] = [{"value": body[key], "primary": True}]
        else:
            paths.write(after, path, body[key])
    return after


# -- operations --------------------------------------------------------------------------------------------------


def empty_path(operation: Body, _type: ResourceType) -> Body:
    """Take an empty path for none."""
    return (
        {key: value for key, value in operation.items() if key != "path"} if operation.get("path") == "" else operation
    )


def add_null(operation: Body, _type: ResourceType) -> Body:
    """Take an add of null for a replace by null: it unassigns."""
    if operation["op"] != "add" or operation.get("value", 0) is not None or operation.get("path") is None:
        return operation
    return {**operation, "op": "replace"}


def remove_values(operation: Body, resource_type: ResourceType) -> Body | list[Body]:
    """Turn the removal of listed values into one removal per value, by a filter."""
    value = operation.get("value")
    if operation["op"] != "remove" or value in (None, [], ""):
        return operation
    path = target(operation, resource_type)
    if path is None or path.attribute is None or not path.attribute.multi or path.filter or path.sub:
        return operation
    found = []
    for held in value if isinstance(value, list) else [value]:
        chosen = _selection(path, held)
        if chosen is None:
            return operation
        found.append({"op": "remove", "path": paths.Path(path.urn, path.attribute, chosen)})
    return found


def _selection(path: paths.Path, value: Any) -> trees.Node | None:
    """Make the filter that selects a value: by its `value`, or by all it has; None if that cannot be said."""
    attribute = path.attribute
    assert attribute is not None
    if isinstance(value, dict) and attribute.complex:
        given = names.canonical_value(attribute, value, "", readonly=True)
        chosen = {"value": given["value"]} if given.get("value") is not None else given
    else:
        chosen = {"value": value}
    parts: list[trees.Node] = []
    for name, held in chosen.items():
        sub = attribute.find(name) if attribute.complex else Attribute("value", attribute.type)
        if isinstance(held, str | bool | int) and sub is not None:
            parts.append(trees.Compare(trees.Path(None, sub), "eq", held))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else trees.And(tuple(parts))


def dotted_keys(operation: Body, resource_type: ResourceType) -> Body | list[Body]:
    """Make operations of their own of the keys of a value without path that are paths."""
    value = operation.get("value")
    if operation["op"] == "remove" or operation.get("path") is not None or not isinstance(value, dict):
        return operation
    found = {key: path for key in value if (path := _literal(key, resource_type))}
    if not found:
        return operation
    rest = {key: held for key, held in value.items() if key not in found}
    several = [{**operation, "value": rest}] if rest else []
    return several + [{**operation, "path": path, "value": value[key]} for key, path in found.items()]


def flat_names_patch(operation: Body, resource_type: ResourceType) -> Body:
    """As `flat_names`, in a value without path."""
    value = operation.get("value")
    if operation.get("path") is not None or not isinstance(value, dict):
        return operation
    after = flat_names(value, resource_type)
    return operation if after is value else {**operation, "value": after}


def drop_readonly(operation: Body, resource_type: ResourceType) -> Body:
    """Leave out what is read-only from a value without path, and from the value of a complex attribute."""
    value = operation.get("value")
    if operation["op"] == "remove" or not isinstance(value, dict):
        return operation
    path = target(operation, resource_type)
    if operation.get("path") is None:
        kept = _writable(value, resource_type)
    elif path is not None and path.leaf is not None and path.leaf.complex:
        kept = _writable(value, path.leaf)
    else:
        return operation
    return operation if kept == value else {**operation, "value": kept}


def _writable(value: Body, holder: ResourceType | attributes.Schema | Attribute) -> Body:
    kept: Body = {}
    for key, held in value.items():
        schema = holder.extension(key) if isinstance(holder, ResourceType) else None
        attribute = holder.find(key)
        if schema is not None and isinstance(held, dict):
            kept[key] = _writable(held, schema)
        elif attribute is not None and attribute.complex and isinstance(held, dict):
            if attribute.mutability != "readOnly":
                kept[key] = _writable(held, attribute)
        elif attribute is None or attribute.mutability != "readOnly":
            kept[key] = held
    return kept


def operation_schemas(operation: Body, resource_type: ResourceType) -> Body:
    """Leave out unknown schemas where an operation sets `schemas`."""
    value, path = operation.get("value"), operation.get("path")
    if path is None and isinstance(value, dict):
        key = next((key for key in value if key.casefold() == "schemas"), None)
        if key is None or not isinstance(value[key], list):
            return operation
        kept = known_urns(value[key], resource_type)
        return operation if kept == value[key] else {**operation, "value": {**value, key: kept}}
    if isinstance(path, str) and path.casefold() == "schemas" and isinstance(value, list):
        kept = known_urns(value, resource_type)
        return operation if kept == value else {**operation, "value": kept}
    return operation


# -- values: (value, attribute, whether a list is wanted) -> value -------------------------------------------------


def unwrap(value: Any, attribute: Attribute, many: bool) -> Any:
    """Take a list of one for the one, and {"value": x} for x where an attribute is simple."""
    if many:
        return value
    inner = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not attribute.complex and isinstance(inner, dict) and set(inner) <= {"value", "$ref"} and "value" in inner:
        return inner["value"]
    return inner


def manager_id(value: Any, attribute: Attribute, _many: bool) -> Any:
    """Take {"managerId": x} for {"value": x}."""
    if not attribute.complex or not isinstance(value, dict) or attribute.find("managerId") is not None:
        return value
    key = next((key for key in value if key.casefold() == "managerid"), None)
    if key is None or attribute.find("value") is None:
        return value
    after = {name: held for name, held in value.items() if name != key}
    return {"value": value[key], **after}


def bare_value(value: Any, attribute: Attribute, many: bool) -> Any:
    """Take a text for the value of a complex attribute, "" for none at all."""
    if not attribute.complex or many or not isinstance(value, str) or attribute.find("value") is None:
        return value
    return {"value": value} if value != "" else None


def single_value(value: Any, attribute: Attribute, many: bool) -> Any:
    """Take one value for a list of one."""
    if not many or isinstance(value, list) or value is None:
        return value
    if attribute.complex and not isinstance(value, dict | str):
        return value
    return [] if value == "" else [value]


def boolean_text(value: Any, attribute: Attribute, _many: bool) -> Any:
    """Take "True" and "false" for booleans."""
    if attribute.type != "boolean" or not isinstance(value, str) or value.casefold() not in ("true", "false"):
        return value
    return value.casefold() == "true"
