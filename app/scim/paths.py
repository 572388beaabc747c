"""In charge of paths: parsing one (RFC 7644 section 3.5.2, figure 7), and reading, writing and removing what it names.

`read`, `write` and `remove` work on plain dictionaries with canonical names, in place, and know nothing of mutability:
that is `patch`'s business.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

from app.scim import attributes, errors, filters, grammar, tokens, trees

Path = trees.Path
read = trees.read

LENGTH = 10_000


class _Parser(grammar.Parser):
    """The filter parser, with the errors of a path outside the brackets."""

    error: type[errors.ScimError] = errors.InvalidPath

    def parse_path(self) -> Path:
        """Parse the whole text."""
        signs = [word.text for word in self.words if word.kind == "sign"]
        if signs.count("[") != signs.count("]"):
            raise errors.InvalidPath("path: a '[' without its ']', or the reverse")
        token = self.take()
        if token.kind != "name":
            self.malformed("expected an attribute name", token)
        extension = self.resource_type.extension(token.text)
        if extension is not None and self.next.kind == "end":
            return Path(extension.urn, None)
        path = self.resolve(token, grammar.Scope(self.resource_type))
        if self.at_sign("["):
            path = self.selection(path, token)
        if self.next.kind != "end":
            self.malformed("expected the end", self.next)
        return path

    def selection(self, path: Path, token: tokens.Token) -> Path:
        """Parse `[filter]` and perhaps `.sub`."""
        if path.attribute is None or path.sub is not None or not path.attribute.multi:
            self.malformed("'[' can only follow a multi-valued attribute", token)
        self.error = errors.InvalidFilter
        inner = self.brackets(path, token)
        self.error = errors.InvalidPath
        sub = self.sub(path) if self.next.kind == "sub" else None
        return Path(path.urn, path.attribute, inner, sub)

    def malformed(self, reason: str, token: tokens.Token) -> NoReturn:
        word = repr(token.text[:60]) if token.kind != "end" else "the end"
        raise errors.InvalidPath(f"path: {reason}, found {word} at position {token.start + 1}")


def parse(text: str, resource_type: attributes.ResourceType) -> Path:
    """Parse a path as the RFC has it.

    Raises errors.InvalidPath for a malformed path or an unknown attribute, errors.InvalidFilter for what is wrong
    between its brackets.
    """
    return accept(text, resource_type, frozenset())[0]


def accept(
    text: str, resource_type: attributes.ResourceType, tolerances: frozenset[str]
) -> tuple[Path, tuple[str, ...]]:
    """Parse a path with tolerances for its filter; gives the path and the tolerances that it needed."""
    build = _accept if len(text) <= filters.CACHED else _accept.__wrapped__
    return build(text, resource_type, tolerances)


@lru_cache(maxsize=2048)
def _accept(
    text: str, resource_type: attributes.ResourceType, tolerances: frozenset[str]
) -> tuple[Path, tuple[str, ...]]:
    if len(text) > LENGTH:
        raise errors.InvalidPath(f"the path is longer than {LENGTH} characters")
    try:
        parser = _Parser(text, resource_type, tolerances, what="path")
    except errors.InvalidFilter as error:
        if "[" in text:
            raise
        raise errors.InvalidPath(error.detail) from error
    path = parser.parse_path()
    return path, tuple(sorted(parser.fired))


def mentioned(body: Mapping[str, Any], path: Path) -> bool:
    """Say whether a body says anything about a path, be it null.

    A multi-valued attribute that is given speaks for all paths into it, a complex one for its sub-attributes given.
    """
    held = trees.container(body, path)
    if path.urn is not None and (held is None or path.attribute is None):
        return path.urn in body
    if not isinstance(held, dict) or path.attribute is None or path.attribute.name not in held:
        return False
    value = held[path.attribute.name]
    return path.attribute.multi or path.sub is None or not isinstance(value, dict) or path.sub.name in value


def write(resource: dict[str, Any], path: Path, value: Any) -> None:
    """Set what a path names, in place, making the containers and the value it needs.

    `emails[type eq "work"].value` goes into the first value that the filter selects, else into a new one that has what
    the filter's eq-comparisons say; `emails.value` into the first value. A selected value that is given as an object
    keeps the sub-attributes that are not given. A value made primary is the only one.
    """
    held = resource if path.urn is None else resource.get(path.urn)
    if not isinstance(held, dict):
        held = resource[str(path.urn)] = {}
    if path.attribute is None:
        held.update(value)
        return
    name = path.attribute.name
    if not path.attribute.multi:
        if path.sub is None:
            held[name] = value
        else:
            inner = held.get(name)
            if not isinstance(inner, dict):
                inner = held[name] = {}
            inner[path.sub.name] = value
    elif path.sub is None and path.filter is None:
        held[name] = value
    else:
        _write_element(resource, held, path, value)


def holds(resource: Mapping[str, Any], path: Path, value: Any) -> bool:
    """Say whether a value, which is no list, stands at a path alone, so that `write` would change nothing."""
    found = trees.elements(resource, path)
    if len(found) != 1 or path.attribute is None or (path.attribute.multi and path.sub is None):
        return False
    held = found[0] if path.sub is None else found[0].get(path.sub.name) if isinstance(found[0], dict) else None
    return type(held) is type(value) and bool(held == value)


def lacks(resource: Mapping[str, Any], path: Path) -> bool:
    """Say whether nothing at all stands at a path, so that `remove` would change nothing."""
    if path.attribute is None or path.attribute.multi:
        return not trees.elements(resource, path)
    return not trees.read(resource, path)


def _write_element(resource: dict[str, Any], held: dict[str, Any], path: Path, value: Any) -> None:
    assert path.attribute is not None
    name = path.attribute.name
    found = trees.elements(resource, path)
    given = {path.sub.name: value} if path.sub is not None else value
    if not isinstance(given, dict):
        values = held[name] = _listed(held.get(name))
        at = values.index(found[0]) if found else len(values)
        values[at : at + 1] = [given]
        return
    if found:
        element = found[0]
    else:
        element = described(path.filter) if path.filter is not None else {}
        held[name] = [*_listed(held.get(name)), element]
    element.update(given)
    if element.get("primary") is True:
        demote(held[name], element)


def spread(resource: dict[str, Any], path: Path, values: list[Any]) -> None:
    """Make the values at a path into a multi-valued attribute these, in place, one for each; what its filter does not
    select stays."""
    remove(resource, Path(path.urn, path.attribute, path.filter))
    held = resource if path.urn is None else resource.setdefault(path.urn, {})
    assert path.attribute is not None
    given = described(path.filter) if path.filter is not None else {}
    made = [{**given, path.sub.name: value} if path.sub is not None else value for value in values]
    held[path.attribute.name] = [*_listed(held.get(path.attribute.name)), *made]


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def described(node: filters.Node) -> dict[str, Any]:
    """Give the value that a filter's eq-comparisons describe: `type eq "work" and primary eq true` is a work value.

    Of alternatives the first counts; what is no eq-comparison says nothing.
    """
    match node:
        case filters.Or(parts=parts):
            return described(parts[0])
        case filters.And(parts=parts):
            return {name: value for part in parts for name, value in described(part).items()}
        case filters.Compare(path=Path(attribute=attributes.Attribute(name=name)), op="eq", value=value):
            return {} if value is None else {name: value}
    return {}


def demote(values: list[Any], chosen: Mapping[str, Any]) -> None:
    """Leave one value primary: set the others' `primary` to false (RFC 7644 section 3.5.2)."""
    for value in values:
        if value is not chosen and isinstance(value, dict) and value.get("primary"):
            value["primary"] = False


def remove(resource: dict[str, Any], path: Path) -> None:
    """Take away what a path names, in place, and the containers and values that it leaves empty."""
    held = trees.container(resource, path)
    if not isinstance(held, dict):
        return
    if path.attribute is not None:
        _remove(resource, held, path, path.attribute)
        if held or path.urn is None:
            return
    resource.pop(str(path.urn), None)


def _remove(resource: dict[str, Any], held: dict[str, Any], path: Path, attribute: attributes.Attribute) -> None:
    name = attribute.name
    if path.filter is None and path.sub is None:
        held.pop(name, None)
        return
    chosen = {id(element) for element in trees.elements(resource, path)}
    values = held.get(name)
    kept = []
    for element in values if isinstance(values, list) else [values]:
        if id(element) in chosen and path.sub is not None and isinstance(element, dict):
            element.pop(path.sub.name, None)
        elif id(element) in chosen:
            continue
        if element not in (None, {}):
            kept.append(element)
    if not kept:
        held.pop(name, None)
    else:
        held[name] = kept if attribute.multi else kept[0]
