"""In charge of PATCH and PUT: operations, or a whole new body, turn a resource into another one (RFC 7644 section 3.5).

All of it is pure. `apply` starts from a copy: when an operation fails, nothing has happened.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.scim import attributes, errors, folding, operations, paths, profiles, trees

Operation = operations.Operation
parse = operations.parse
values_of = operations.values_of

Resource = dict[str, Any]


def apply(
    resource: Mapping[str, Any],
    changes: Iterable[Operation],
    resource_type: attributes.ResourceType,
    profile: profiles.Profile | None = None,
    fired: set[str] | None = None,
) -> Resource:
    """Give the resource as the operations leave it, one after the other; the given one is not changed.

    Where nothing is to change, the result equals the given resource. `fired` collects the tolerances that were needed.
    Raises errors.NoTarget, Mutability or InvalidValue.
    """
    result: Resource = copied(dict(resource))
    work = _Work(result, resource_type, profile, fired if fired is not None else set())
    for operation in changes:
        work.run(operation)
    return result


def copied(value: Any) -> Any:
    """Copy a JSON value, all the way down."""
    if isinstance(value, dict):
        return {key: copied(held) for key, held in value.items()}
    return [copied(held) for held in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class _Work:
    """A resource that is being changed, in place."""

    resource: Resource
    resource_type: attributes.ResourceType
    profile: profiles.Profile | None
    fired: set[str]

    def run(self, operation: Operation) -> None:
        path = operation.path
        attribute = path.attribute
        if attribute is None:
            self.drop_extension(path)
        elif "readOnly" in (attribute.mutability, path.sub.mutability if path.sub else ""):
            self.check_claim(operation)
        elif attribute.name == "schemas" and path.urn is None:
            self.change_schemas(operation)
        else:
            holder = self.resource if path.urn is None else self.resource.setdefault(path.urn, {})
            if attribute.multi:
                self.change_values(holder, attribute, operation)
            else:
                self.change_single(holder, attribute, operation)
            if path.urn is not None and not holder:
                del self.resource[path.urn]

    def drop_extension(self, path: paths.Path) -> None:
        """Remove a whole extension, unless the type requires it or something in it is immutable."""
        for extension in self.resource_type.extensions:
            if extension.schema.urn == path.urn:
                held = self.resource.get(extension.schema.urn) or {}
                if extension.required:
                    raise errors.Mutability(f"{path} is required.")
                for attribute in extension.schema.attributes:
                    if attribute.mutability == "immutable" and held.get(attribute.name) is not None:
                        raise errors.Mutability(f"{path}:{attribute.name} is immutable.")
        self.resource.pop(str(path.urn), None)

    def check_claim(self, operation: Operation) -> None:
        """Let a read-only value pass that is the one that is there, or nothing where nothing is."""
        found = trees.read(self.resource, operation.path)
        attribute = operation.path.leaf
        assert attribute is not None
        given = operation.value if isinstance(operation.value, list) else [operation.value]
        given = [value for value in given if value is not None]
        same = len(given) == len(found) and all(
            folding.covers(attribute, held, value) for held, value in zip(found, given, strict=True)
        )
        if not same:
            raise errors.Mutability(f"{operation.path} is read-only.")

    def change_schemas(self, operation: Operation) -> None:
        """Take the extensions away whose URN leaves `schemas`; what is added there shows when it has attributes."""
        if operation.op == "add":
            return
        chosen = {str(urn).casefold() for urn in operation.value or ()}
        if operation.op == "remove":
            gone = trees.elements({"schemas": list(self.resource_type.urns)}, operation.path)
            chosen = {urn.casefold() for urn in self.resource_type.urns} - {urn.casefold() for urn in gone}
        if self.resource_type.schema.urn.casefold() not in chosen:
            raise errors.Mutability(f"schemas must hold {self.resource_type.schema.urn!r}.")
        for urn in self.resource_type.urns[1:]:
            if urn in self.resource and urn.casefold() not in chosen:
                self.drop_extension(paths.Path(urn, None))
        if "schemas" in self.resource:
            self.resource["schemas"] = [
                self.resource_type.schema.urn,
                *(urn for urn in self.resource_type.urns[1:] if self.resource.get(urn)),
            ]

    # -- single attributes -------------------------------------------------------------------------------------

    def change_single(self, holder: Resource, attribute: attributes.Attribute, operation: Operation) -> None:
        """Set or unassign an attribute with one value, or sub-attributes of it."""
        sub, value = operation.path.sub, operation.value
        if not attribute.complex:
            _set(holder, attribute, value, str(operation.path))
            return
        held = holder.get(attribute.name)
        inner: Resource = dict(held) if isinstance(held, dict) else {}
        if sub is not None:
            _set(inner, sub, value, str(operation.path))
        elif value is not None:
            _merge(inner, attribute, value, str(operation.path))
        else:
            _let_go(inner, attribute, str(operation.path))
            inner = {}
        if attribute.mutability == "immutable" and held and inner != held:
            raise errors.Mutability(f"{operation.path} is immutable.")
        if inner:
            holder[attribute.name] = inner
        else:
            holder.pop(attribute.name, None)

    # -- multi-valued attributes -------------------------------------------------------------------------------

    def change_values(self, holder: Resource, attribute: attributes.Attribute, operation: Operation) -> None:
        """Change the values of a multi-valued attribute, or sub-attributes of some of them."""
        path = operation.path
        held = holder.get(attribute.name)
        before: list[Any] = held if isinstance(held, list) else []
        primary = {id(value) for value in before if isinstance(value, dict) and value.get("primary") is True}
        if path.filter is None and path.sub is None:
            after = _whole(before, attribute, operation)
        else:
            after = self.change_selected(before, attribute, operation)
        if attribute.mutability == "immutable" and before and after != held:
            raise errors.Mutability(f"{path} is immutable.")
        after = [value for value in after if value not in (None, {})]
        _settle_primary(after, primary, path)
        if after:
            holder[attribute.name] = folding.fold(attribute, after)
        elif attribute.required and before:
            raise errors.Mutability(f"{path.top} is required and would have no value left.")
        else:
            holder.pop(attribute.name, None)

    def change_selected(self, before: list[Any], attribute: attributes.Attribute, operation: Operation) -> list[Any]:
        """Change the values that the path's filter selects, without filter all of them."""
        path, value = operation.path, operation.value
        chosen = [
            index
            for index, element in enumerate(before)
            if path.filter is None or trees.evaluate(path.filter, trees.scoped(element))
        ]
        if not chosen and operation.op != "remove":
            return [*before, *self.made(attribute, operation)]
        given = {path.sub.name: value} if path.sub is not None else value
        if len(chosen) > 1 and isinstance(given, dict) and given.get("primary") is True:
            raise errors.InvalidValue(f"{path}: more than one value would become primary.")
        after = list(before)
        for index in chosen:
            element = after[index]
            if path.sub is not None:
                if isinstance(element, dict):
                    _set(element, path.sub, value, str(path))
            elif value is None:
                _let_go(element if isinstance(element, dict) else {}, attribute, str(path), whole=True)
                after[index] = None
            elif isinstance(element, dict):
                _merge(element, attribute, value, str(path))
            else:
                after[index] = value
        return after

    def made(self, attribute: attributes.Attribute, operation: Operation) -> list[Any]:
        """Make a value where none was selected: the RFC has it without filter, a profile also with one."""
        path, value = operation.path, operation.value
        given = {path.sub.name: value} if path.sub is not None else value
        if path.filter is None:
            return [] if value is None else [given]
        if not (self.profile and profiles.CREATE_VALUE in self.profile.tolerances):
            raise errors.NoTarget(f"{path}: no value of {path.top} is selected.")
        self.fired.add(profiles.CREATE_VALUE)
        if value is None:
            return []
        made = {**paths.described(path.filter), **given} if attribute.complex else given
        made = _bare(made) if attribute.complex else made
        if not trees.evaluate(path.filter, trees.scoped(made)):
            raise errors.NoTarget(f"{path}: no value is selected, and none can be made that would be.")
        return [made]


def _bare(value: Mapping[str, Any]) -> Resource:
    return {name: held for name, held in value.items() if held is not None}


def _set(holder: Resource, attribute: attributes.Attribute, value: Any, where: str) -> None:
    """Set one attribute or sub-attribute, null unassigns it; obeys immutable and required."""
    held = holder.get(attribute.name)
    if held is not None and attribute.mutability == "immutable" and held != value:
        raise errors.Mutability(f"{where} is immutable and has a value.")
    if value is not None:
        holder[attribute.name] = value
    elif held is not None:
        if attribute.required:
            raise errors.Mutability(f"{where} is required.")
        del holder[attribute.name]


def _merge(holder: Resource, attribute: attributes.Attribute, given: Mapping[str, Any], where: str) -> None:
    """Set the sub-attributes that are given, leave the others."""
    for name, value in given.items():
        sub = attribute.find(name)
        assert sub is not None
        _set(holder, sub, value, f"{where}.{name}")


def _let_go(holder: Resource, attribute: attributes.Attribute, where: str, *, whole: bool = False) -> None:
    """Check that a complex value may be unassigned. A value of many may go though its sub-attributes are immutable."""
    for sub in attribute.sub if not whole else ():
        if sub.mutability == "immutable" and holder.get(sub.name) is not None:
            raise errors.Mutability(f"{where}.{sub.name} is immutable.")


def _whole(before: list[Any], attribute: attributes.Attribute, operation: Operation) -> list[Any]:
    """Add to all values, replace them, or remove them."""
    given = [_bare(value) if isinstance(value, dict) else value for value in operation.value or ()]
    return given if operation.op != "add" else joined(attribute, before, given)


def joined(attribute: attributes.Attribute, held: list[Any], given: list[Any]) -> list[Any]:
    """Append values to values; one that is there already only adds what it says more (RFC 7644 section 3.5.2.1)."""
    after = list(held)
    known = {folding.identity(attribute, value): value for value in reversed(after)}
    for value in given:
        key = folding.identity(attribute, value)
        if key in known:
            if isinstance(value, dict) and not folding.covers(attribute, known[key], value):
                known[key].update(folding.merged(attribute, known[key], value))
        else:
            known[key] = value
            after.append(value)
    return after


def _settle_primary(after: list[Any], before: set[int], path: paths.Path) -> None:
    """Leave the value that has just become primary the only one (RFC 7644 section 3.5.2)."""
    new = [
        value for value in after if isinstance(value, dict) and value.get("primary") is True and id(value) not in before
    ]
    if len(new) > 1:
        raise errors.InvalidValue(f"{path}: more than one value would become primary.")
    if new:
        paths.demote(after, new[0])


# -- PUT -------------------------------------------------------------------------------------------------------


def replace(current: Mapping[str, Any], given: Mapping[str, Any], resource_type: attributes.ResourceType) -> Resource:
    """Give the resource that a PUT's body (as `schemas.load` gave it) leaves behind (RFC 7644 section 3.5.1).

    What is read-only stays as it is, what is immutable must be given as it is or not at all, else errors.Mutability.
    All else is as given, null and absent alike unassigned.
    """
    result = _replaced(resource_type.attributes, current, given, "")
    for extension in resource_type.extensions:
        urn = extension.schema.urn
        inner = _replaced(extension.schema.attributes, current.get(urn) or {}, given.get(urn) or {}, f"{urn}:")
        if inner:
            result[urn] = inner
    return result


def _replaced(
    known: Iterable[attributes.Attribute], current: Mapping[str, Any], given: Mapping[str, Any], lead: str
) -> Resource:
    result: Resource = {}
    for attribute in known:
        name = attribute.name
        held, value = current.get(name), given.get(name)
        if attribute.mutability == "readOnly":
            value = held
        elif attribute.mutability == "immutable" and trees.present(held):
            if value is not None and value != held:
                raise errors.Mutability(f"{lead}{name} is immutable.")
            value = held
        elif attribute.complex and not attribute.multi and isinstance(held, dict) and value is not None:
            value = _replaced(attribute.sub, held, value, f"{lead}{name}.")
        if value is not None and value not in ([], {}):
            result[name] = copied(value)
    return result
