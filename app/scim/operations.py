"""In charge of reading PATCH bodies: a message becomes operations, each on one path with a value of the right type.

An operation without path, or on a whole extension, becomes one operation per attribute, so that every operation but the
removal of a whole extension names an attribute. Source: RFC 7644 section 3.5.2.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.scim import attributes, errors, grammar, names, paths, profiles, schemas, values

PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
OPS = ("add", "remove", "replace")
MOST = 10_000  # operations in one request

Resource = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One change: `op` is add, remove or replace; the value is of its attribute's type (a list for all values of a
    multi-valued attribute, null to unassign)."""

    op: str
    path: paths.Path
    value: Any = None

    def __str__(self) -> str:
        return f"{self.op} {self.path}"


def parse(
    body: Any, resource_type: attributes.ResourceType, profile: profiles.Profile | None = None
) -> tuple[Operation, ...]:
    """Read a PATCH body, after `profiles.rewrite`, as operations.

    Raises errors.InvalidSyntax for the message's structure, InvalidPath and InvalidFilter for paths, InvalidValue for
    values, NoTarget for a remove without path, Mutability for what could succeed on no resource at all.
    """
    found: list[Operation] = []
    for index, raw in enumerate(_message(body, strict=profile is not None and profile.name == "strict")):
        try:
            found += _operations(raw, resource_type, profile)
        except errors.ScimError as error:
            raise type(error)(f"Operations[{index}]: {error.detail}") from error
    return tuple(found)


def _message(body: Any, *, strict: bool) -> list[Any]:
    """Check the message around the operations and give them."""
    if not isinstance(body, dict):
        raise errors.InvalidSyntax(f"A PATCH must be a JSON object, not {values.kind(body)}.")
    held = {key.casefold(): value for key, value in body.items()}
    if not values.named(held.get("schemas"), PATCH_URN, alone=strict):
        raise errors.InvalidSyntax(f"schemas must hold {PATCH_URN!r}{' alone' if strict else ''}.")
    operations = held.get("operations")
    if not isinstance(operations, list) or not operations:
        raise errors.InvalidSyntax("Operations must be a list of one operation or more.")
    if len(operations) > MOST:
        raise errors.TooLarge(f"A PATCH may have {MOST} operations, this one has {len(operations)}.")
    return operations


def _operations(raw: Any, resource_type: attributes.ResourceType, profile: profiles.Profile | None) -> list[Operation]:
    if not isinstance(raw, dict):
        raise errors.InvalidSyntax(f"an operation must be an object, not {values.kind(raw)}.")
    held = {key.casefold(): value for key, value in raw.items()}
    op = held.get("op")
    if len(held) < len(raw) or not isinstance(op, str):
        raise errors.InvalidSyntax("an operation must have one op: add, remove or replace.")
    if op.casefold() not in OPS:
        raise errors.InvalidSyntax(f"op must be add, remove or replace, not {values.quote(op)}.")
    op, text = op.casefold(), held.get("path")
    if isinstance(text, paths.Path) or text is None:
        path = text  # a tolerance has made it
    elif not isinstance(text, str):
        raise errors.InvalidPath(f"path must be a string, not {values.kind(text)}.")
    else:
        path = None if resource_type.is_core(text) else paths.parse(text, resource_type)
    for attribute in (path.attribute, path.sub) if path is not None else ():
        if attribute is not None and attribute.mutability == "readOnly":
            raise errors.Mutability(f"{path} is read-only.")
    if op == "remove":
        return [_removal(path, held.get("value"))]
    if "value" not in held or (op == "add" and held["value"] is None):
        raise errors.InvalidValue(f"{op} needs a value.")
    reading = _Reading(op, resource_type, profile)
    if path is None or path.attribute is None:
        return reading.object(path, held["value"])
    return list(reading.one(path, held["value"]))


def _removal(path: paths.Path | None, value: Any) -> Operation:
    if path is None:
        raise errors.NoTarget("remove needs a path.")
    if path.leaf is not None and path.leaf.required and (path.filter is None or path.sub is not None):
        raise errors.Mutability(f"{path} is required.")
    whole = path.attribute is not None and path.attribute.multi and path.filter is None and path.sub is None
    if whole and value not in (None, []):
        raise errors.InvalidValue(
            f'remove takes no value and would remove all of {path}; select what to remove: {path}[value eq "…"].'
        )
    return Operation("remove", path)


@dataclass(frozen=True)
class _Reading:
    """What reading the values of one operation needs to know."""

    op: str
    resource_type: attributes.ResourceType
    profile: profiles.Profile | None

    def object(self, path: paths.Path | None, value: Any) -> list[Operation]:
        """Read a value for the whole resource (path None) or a whole extension: one operation per attribute."""
        where = f"the value for {path}" if path else "a value without path"
        if value is None and path is not None:
            return [_removal(path, None)]
        if not isinstance(value, dict):
            raise errors.InvalidValue(f"{where} must be an object of attributes, not {values.kind(value)}.")
        if not value and not (self.profile and profiles.UNKNOWN_ATTRIBUTES in self.profile.tolerances):
            raise errors.InvalidValue(f"{where} must have an attribute.")
        found: list[Operation] = []
        schema = self.resource_type.extension(path.urn) if path is not None and path.urn else None
        for key, held in value.items():
            inner = self.resource_type.extension(key) if schema is None else None
            if inner is not None:
                if held != {}:
                    found += self.object(paths.Path(inner.urn, None), held)
                continue
            attribute = schema.find(key) if schema is not None else self.resource_type.find(key)
            if schema is not None and attribute is None and names.tells_its_schema(schema, key, held):
                continue
            if path is None and attribute is not None and attribute.name == "schemas":
                self.check_schemas(held)  # it describes the value and takes nothing away
                continue
            if attribute is None:
                known = schema.attributes if schema is not None else self.resource_type.attributes
                near = grammar.nearest(key, (other.name for other in known))
                raise errors.InvalidValue(f"{key!r} {values.UNKNOWN}{near}.")
            found += self.one(paths.Path(schema.urn if schema else None, attribute), held)
        return found

    def one(self, path: paths.Path, value: Any) -> Iterator[Operation]:
        """Read a value for an attribute; what it says of read-only sub-attributes becomes operations of its own."""
        attribute = path.attribute
        assert attribute is not None
        if attribute.mutability == "readOnly":
            yield Operation(self.op, path, names.canonical_value(attribute, value, str(path), readonly=True))
            return
        if value is None and path.filter is None and path.leaf is not None and path.leaf.required:
            raise errors.Mutability(f"{path} is required.")
        if isinstance(value, dict) and path.leaf is not None and path.leaf.complex and not attribute.multi:
            yield from self.claims(path, value)
        loaded = schemas.load_value(path, value, profile=self.profile)
        if attribute.name == "schemas" and path.urn is None:
            self.check_schemas(loaded)
        yield Operation(self.op, path, loaded)

    def claims(self, path: paths.Path, value: Mapping[str, Any]) -> Iterator[Operation]:
        assert path.attribute is not None
        for key, held in value.items():
            sub = path.attribute.find(key)
            if sub is not None and sub.mutability == "readOnly" and held is not None:
                yield Operation(self.op, paths.Path(path.urn, path.attribute, sub=sub), held)

    def check_schemas(self, urns: list[str] | None) -> None:
        for urn in urns or ():
            if not self.resource_type.is_core(urn) and self.resource_type.extension(urn) is None:
                raise errors.InvalidValue(f"schemas: {values.quote(urn)} is no schema of a {self.resource_type.name}.")


def values_of(operations: Iterable[Operation], name: str) -> list[Any]:
    """Give the values that operations would set a core attribute to, without nulls."""
    return [
        operation.value
        for operation in operations
        if operation.path.urn is None
        and operation.path.attribute is not None
        and operation.path.attribute.name == name
        and operation.path.sub is None
        and operation.value is not None
    ]
