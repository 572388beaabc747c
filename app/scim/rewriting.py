"""In charge of passing a body through the tolerances: which rows see what, in which order, and what has fired."""

from collections.abc import Sequence
from typing import Any, Protocol

from app.scim import attributes, dialects, errors, names, paths

Body = dict[str, Any]
ResourceType = attributes.ResourceType
Attribute = attributes.Attribute
OPS = ("add", "remove", "replace")
UNKNOWN = "unknown_attributes"


class Row(Protocol):
    """What a row of the table must have."""

    @property
    def name(self) -> str: ...
    @property
    def at(self) -> str: ...
    @property
    def apply(self) -> Any: ...


class Rewriting:
    """One rewriting: the rows in force and what has fired."""

    def __init__(self, resource_type: ResourceType, rows: Sequence[Row], tolerances: frozenset[str]) -> None:
        self.resource_type = resource_type
        self.tolerances = tolerances
        self.rows = {at: [row for row in rows if row.at == at] for at in ("message", "body", "operation", "value")}
        self.fired: set[str] = set()

    def through(self, at: str, thing: Any, *more: Any) -> Any:
        """Pass a thing through all rows of a kind."""
        for row in self.rows[at]:
            after = row.apply(thing, *more)
            if after is not thing:
                self.fired.add(row.name)
                thing = after
        return thing

    def body(self, body: Body) -> Body:
        """Rewrite a resource."""
        named = names.canonical(self.resource_type, body, readonly=True)
        named = self.through("body", named, self.resource_type)
        return self.resource(named)

    def resource(self, named: Body) -> Body:
        """Rewrite the values of a resource with canonical names."""
        found: Body = {}
        for key, value in named.items():
            schema = self.resource_type.extension(key)
            if schema is not None and isinstance(value, dict):
                found[key] = self.object(value, schema)
            elif schema is not None or key == "schemas":
                found[key] = value
            else:
                self.put(found, key, value, self.resource_type.find(key))
        return found

    def object(self, value: Body, holder: attributes.Schema | Attribute) -> Body:
        found: Body = {}
        for key, held in value.items():
            self.put(found, key, held, holder.find(key))
        return found

    def put(self, found: Body, key: str, value: Any, attribute: Attribute | None) -> None:
        """Rewrite one attribute's value and put it into an object, or leave it out if nothing knows it."""
        if attribute is None:
            if UNKNOWN in self.tolerances:
                self.fired.add(UNKNOWN)
            else:
                found[key] = value
        elif attribute.mutability == "readOnly":
            found[key] = value
        else:
            found[key] = self.value(value, attribute)

    def value(self, value: Any, attribute: Attribute, *, single: bool = False) -> Any:
        """Rewrite a value of an attribute; with `single` it is one value of a multi-valued one."""
        many = attribute.multi and not single
        value = self.through("value", value, attribute, many)
        if attribute.complex and isinstance(value, dict):
            return self.object(value, attribute)
        if many and isinstance(value, list):
            return [self.value(held, attribute, single=True) for held in value]
        return value

    # -- PATCH -------------------------------------------------------------------------------------------------

    def patch(self, body: Body) -> Body:
        """Rewrite a PATCH message, its operations and their values."""
        body = self.through("message", body, self.resource_type)
        key = next((key for key in body if key.casefold() == "operations"), None)
        if key is None or not isinstance(body[key], list):
            return body
        found: list[Any] = []
        for raw in body[key]:
            found += self.operation(raw)
        return {**body, key: found}

    def operation(self, raw: Any) -> list[Any]:
        if not isinstance(raw, dict):
            return [raw]
        held = {key.casefold(): value for key, value in raw.items()}
        if len(held) < len(raw) or str(held.get("op")).casefold() not in OPS:
            return [raw]
        held["op"] = held["op"].casefold()
        if isinstance(held.get("path"), str):
            held["path"] = self.path(held["path"])
        several = [held]
        for row in self.rows["operation"]:
            after = [one for each in several for one in _listed(row.apply(each, self.resource_type))]
            if len(after) != len(several) or any(one is not each for one, each in zip(after, several, strict=True)):
                self.fired.add(row.name)
                several = after
        return [self.operation_value(one) for one in several]

    def path(self, text: str) -> str:
        """Write a path without what only a tolerance lets pass."""
        try:
            path, needed = paths.accept(text, self.resource_type, self.tolerances)
        except errors.ScimError:
            return text
        self.fired |= set(needed)
        return str(path)

    def operation_value(self, held: Body) -> Body:
        value = held.get("value")
        if held["op"] == "remove" or value is None:
            return held
        path = dialects.target(held, self.resource_type)
        if path is None:
            if isinstance(value, dict) and held.get("path") is None:
                return {**held, "value": self.resource(names.canonical(self.resource_type, value, readonly=True))}
            return held
        if path.attribute is None:
            schema = self.resource_type.extension(path.urn or "")
            if schema is not None and isinstance(value, dict):
                value = self.object(names.canonical_object(schema, value, "", None, True), schema)
            return {**held, "value": value}
        leaf = path.leaf
        assert leaf is not None
        if "readOnly" in (path.attribute.mutability, leaf.mutability):
            return held
        value = names.canonical_value(leaf, value, "", readonly=True)
        if leaf.multi and path.filter is None and isinstance(value, dict):
            value = [value]  # the RFC has one value added as it is, too
        return {**held, "value": self.value(value, leaf, single=path.filter is not None and path.sub is None)}


def rewrite(
    body: Body, kind: str, resource_type: ResourceType, rows: Sequence[Row], tolerances: frozenset[str]
) -> tuple[Body, tuple[str, ...]]:
    """Rewrite a body of a kind with rows; gives it and the names of the rows that had something to do."""
    work = Rewriting(resource_type, rows, tolerances)
    done = work.patch(body) if kind == "patch" else work.body(body)
    return done, tuple(sorted(work.fired))


def _listed(after: Any) -> list[Any]:
    return after if isinstance(after, list) else [after]
