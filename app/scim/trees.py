"""In charge of what a parsed path or filter is: closed trees of resolved values that print, compare and evaluate.

Nothing here parses: `paths` and `filters` make these from text, the SQL translator and PATCH walk them.

A filter is one of six nodes:

    And(parts)                all of the parts (two or more; never an And in an And)
    Or(parts)                 any of the parts (two or more; never an Or in an Or)
    Not(part)                 the part is false
    Compare(path, op, value)  op is eq ne co sw ew gt ge lt le; value is a str, bool, int, float or None (null)
    Present(path)             the attribute has a value
    Has(path, inner)          one value of the multi-valued attribute satisfies `inner`, whose paths are sub-attributes
                              of it (`urn` None, `attribute` the sub-attribute; `value` stands for a value without subs)

`emails eq "x"` arrives as Compare(emails.value), `emails[type eq "work"].value eq "x"` as Has(emails, And(…)), and
`name[givenName eq "x"]` as And(Present(name), Compare(name.givenName)). A Compare is always about something that can be
compared so: never a complex attribute, never gt on a boolean, always a value of the attribute's type or null.

What a comparison means (RFC 7644 section 3.4.2.2): a multi-valued attribute matches if any of its values matches; an
attribute without value is null, so it equals null and is not equal to anything else; a `primary` that is not given is
false (RFC 7643 section 2.4).
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from app.scim import attributes

# xsd:dateTime; the zone may be missing (then UTC is meant), a fraction may have any number of digits
DATE_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(?:(Z)|([+-])(\d\d):(\d\d))?", re.ASCII)


Literal = str | bool | int | float | None


@dataclass(frozen=True, eq=False)
class Path:
    """A way into a resource: `urn` of the extension's container, attribute, filter on its values, sub-attribute.

    `urn` is None for common and core attributes, `attribute` None for a whole extension. Equal when they print alike.
    """

    urn: str | None
    attribute: attributes.Attribute | None
    filter: "Node | None" = None
    sub: attributes.Attribute | None = None

    @cached_property
    def text(self) -> str:
        """The canonical form, which parses to the same path."""
        if self.attribute is None:
            return self.urn or ""
        chosen = f"[{self.filter}]" if self.filter is not None else ""
        return (
            (f"{self.urn}:" if self.urn else "")
            + self.attribute.name
            + chosen
            + (f".{self.sub.name}" if self.sub else "")
        )

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Path {self.text}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def leaf(self) -> attributes.Attribute | None:
        """The attribute that the path ends at; None for a whole extension."""
        return self.sub or self.attribute

    @property
    def top(self) -> "Path":
        """The path of the attribute alone, without filter and sub-attribute."""
        return self if self.filter is None and self.sub is None else Path(self.urn, self.attribute)


@dataclass(frozen=True)
class And:
    """All of the parts."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " and ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """Any of the parts."""

    parts: tuple["Node", ...]

    def __str__(self) -> str:
        return " or ".join(str(part) for part in self.parts)


@dataclass(frozen=True)
class Not:
    """Not the part."""

    part: "Node"

    def __str__(self) -> str:
        return f"not ({self.part})"


@dataclass(frozen=True)
class Compare:
    """An attribute compared with a value."""

    path: Path
    op: str
    value: Literal

    def __str__(self) -> str:
        return f"{self.path} {self.op} {json.dumps(self.value, ensure_ascii=False)}"

    @cached_property
    def leaf(self) -> attributes.Attribute:
        """The attribute that is compared."""
        found = self.path.leaf
        assert found is not None
        return found

    @cached_property
    def comparable(self) -> Any:
        """The value in the form that values of the attribute are brought to before comparing."""
        return comparable(self.leaf, self.value)


@dataclass(frozen=True)
class Present:
    """The attribute has a value."""

    path: Path

    def __str__(self) -> str:
        return f"{self.path} pr"


@dataclass(frozen=True)
class Has:
    """One value of the multi-valued attribute satisfies the inner filter."""

    path: Path
    inner: "Node"

    def __str__(self) -> str:
        return f"{self.path}[{self.inner}]"


Node = And | Or | Not | Compare | Present | Has


@lru_cache(maxsize=4096)
def instant(text: str) -> tuple[int, Decimal] | None:
    """Give the instant of an xsd:dateTime as whole seconds and fraction; None if it is none. 24:00:00 is midnight."""
    match = DATE_TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    try:
        days = date(year, month, day).toordinal()
    except ValueError:
        return None
    fraction = Decimal(match[7] or 0)
    midnight = hour == 24 and not (minute or second or fraction)
    if (hour > 23 and not midnight) or minute > 59 or second > 59:
        return None
    offset = 0
    if match[9]:
        away = int(match[10]) * 60 + int(match[11])
        if int(match[11]) > 59 or away > 14 * 60:
            return None
        offset = -away if match[9] == "-" else away
    return ((days * 24 + hour) * 60 + minute - offset) * 60 + second, fraction


def comparable(attribute: attributes.Attribute, value: Any) -> Any:
    """Bring a value of an attribute to a form in which equal means equal and less means before."""
    if isinstance(value, str):
        if attribute.type == "dateTime":
            return instant(value) or value
        return value if attribute.exact else folded(value, wide=attribute.uniqueness == "server")
    return value


def folded(text: str, *, wide: bool = False) -> str:
    """Give the form in which texts are compared whose case does not count: composed and case folded.

    `wide`: full width letters are taken for their usual forms, as user names want it (RFC 8265 section 3.3).
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC" if wide else "NFC", text).casefold())


def container(resource: Mapping[str, Any], path: Path) -> Any:
    """Give the object that holds the path's attribute: the resource or the extension's container (None: absent)."""
    return resource if path.urn is None else resource.get(path.urn)


def elements(resource: Mapping[str, Any], path: Path) -> list[Any]:
    """Give the values at the path's attribute, those that its filter selects, before its sub-attribute is taken."""
    held = container(resource, path)
    if held is None or path.attribute is None:
        return [] if held is None else [held]
    value = held.get(path.attribute.name)
    if value is None:
        return []
    found = value if isinstance(value, list) else [value]
    if path.filter is not None:
        inner = path.filter
        return [element for element in found if evaluate(inner, scoped(element))]
    return found


def scoped(element: Any) -> Mapping[str, Any]:
    """Give an element as something that an inner filter is evaluated on; a simple value is its own `value`."""
    return element if isinstance(element, dict) else {"value": element}


def read(resource: Mapping[str, Any], path: Path) -> list[Any]:
    """Give the values at a path, over all values of a multi-valued attribute; without those that are not there."""
    found = elements(resource, path)
    sub = path.sub
    if sub is None:
        return [value for value in found if value is not None]
    name = sub.name
    return [value for element in found if isinstance(element, dict) and (value := element.get(name)) is not None]


def _compared(resource: Mapping[str, Any], path: Path) -> list[Any]:
    """Give the values that a comparison looks at: None for each that is not there, and for none at all."""
    attribute, sub = path.attribute, path.sub
    if sub is None and path.urn is None and attribute is not None and not attribute.multi:  # the usual case, made fast
        value = resource.get(attribute.name)
        return [_missing(attribute) if value is None else value]
    found = elements(resource, path)
    if sub is not None:
        name, missing = sub.name, _missing(sub)
        found = [element.get(name, missing) if isinstance(element, dict) else None for element in found]
    return found or [None]


def _missing(attribute: attributes.Attribute) -> bool | None:
    """Give what a value is taken for that is not there: a `primary` is false, all else is null."""
    return False if attribute.name == "primary" and attribute.type == "boolean" else None


def _compare(node: Compare, value: Any) -> bool:
    wanted = node.comparable
    if value is None or wanted is None:
        return (value is wanted) == (node.op == "eq") and node.op in ("eq", "ne")
    try:
        return bool(_OPERATORS[node.op](comparable(node.leaf, value), wanted))
    except (TypeError, AttributeError):  # a stored value that is not of its attribute's type
        return node.op == "ne"


_OPERATORS: Mapping[str, Any] = {
    "eq": lambda held, wanted: held == wanted,
    "ne": lambda held, wanted: held != wanted,
    "co": lambda held, wanted: wanted in held,
    "sw": lambda held, wanted: held.startswith(wanted),
    "ew": lambda held, wanted: held.endswith(wanted),
    "gt": lambda held, wanted: held > wanted,
    "ge": lambda held, wanted: held >= wanted,
    "lt": lambda held, wanted: held < wanted,
    "le": lambda held, wanted: held <= wanted,
}
OPERATORS = frozenset(_OPERATORS)


def present(value: Any) -> bool:
    """Say whether a value counts as one: not null, "", [] or {}, nor an object or list of only such."""
    if isinstance(value, dict):
        return any(map(present, value.values()))
    if isinstance(value, list):
        return any(map(present, value))
    return value is not None and value != ""


def evaluate(node: Node, resource: Mapping[str, Any]) -> bool:
    """Say whether a resource (or, inside a value path, a value) satisfies a filter."""
    match node:
        case Compare(path=path):
            return any(_compare(node, value) for value in _compared(resource, path))
        case And(parts=parts):
            return all(evaluate(part, resource) for part in parts)
        case Or(parts=parts):
            return any(evaluate(part, resource) for part in parts)
        case Not(part=part):
            return not evaluate(part, resource)
        case Present(path=path):
            return any(map(present, read(resource, path)))
        case Has(path=path, inner=inner):
            return any(evaluate(inner, scoped(element)) for element in elements(resource, path))
    raise TypeError(f"no such filter node: {node!r}")


def conjuncts(node: Node) -> list[Compare]:
    """Give the comparisons that all must hold for the filter to hold, as far as it is a conjunction."""
    match node:
        case Compare():
            return [node]
        case And(parts=parts):
            return [found for part in parts for found in conjuncts(part)]
    return []


def paths_of(node: Node) -> Iterator[Path]:
    """Walk the paths that a filter asks about, those inside brackets by their whole attribute."""
    match node:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from paths_of(part)
        case Not(part=part):
            yield from paths_of(part)
        case Compare(path=path) | Present(path=path) | Has(path=path):
            yield path
