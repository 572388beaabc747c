"""What mapping.yaml says, as values: rules bound to this shop's attributes and to the protocol's paths.

`reader` makes them out of the file, `projection` runs them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.magento import catalog
from app.mapping import converters
from app.scim import attributes, filters, paths

NOTHING: Any = object()  # "not given", where None is a value


@dataclass(frozen=True)
class Slot:
    """One `{…}` of a template: a path of the resource or a column of the customer, then functions."""

    path: paths.Path | None
    code: str | None
    calls: tuple[converters.Call, ...] = ()


@dataclass(frozen=True)
class Template:
    """Text with slots; empty where any of its slots is empty, unless it has text of its own around them."""

    parts: tuple[str | Slot, ...]

    def render(self, resource: Mapping[str, Any], data: Mapping[str, Any]) -> str:
        """Fill the slots from a resource and a customer's data; raises converters.Bad."""
        return "".join(part if isinstance(part, str) else _fill(part, resource, data) for part in self.parts)

    def paths(self) -> Iterator[paths.Path]:
        """Walk the paths of the resource that the template reads."""
        return (part.path for part in self.parts if isinstance(part, Slot) and part.path is not None)


def _fill(slot: Slot, resource: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    value = data.get(slot.code) if slot.code else first(resource, (slot.path,) if slot.path else ())
    return "" if value is None else converters.apply(slot.calls, converters.to_string(value))


def first(resource: Mapping[str, Any], sources: tuple[paths.Path, ...]) -> Any:
    """Give the first value that is neither absent, null nor "" among the sources, else None."""
    for source in sources:
        for value in paths.read(resource, source):
            if value is not None and value != "":
                return value
    return None


@dataclass(frozen=True)
class Option:
    """How a select's value is found among its options, and what happens when none fits."""

    match: str = "label"  # label | admin_label (the same: the admin store's label) | id
    missing: str = "reject"  # reject | drop | create


@dataclass(frozen=True)
class Rule:
    """One line of the mapping: how one attribute of the shop's customer is filled, and shown."""

    target: str
    attribute: catalog.Attribute
    line: int
    type: str
    sources: tuple[paths.Path, ...] = ()
    const: Any = NOTHING
    template: Template | None = None
    default: Template | None = None
    when: filters.Node | None = None
    otherwise: Any = NOTHING
    transform: tuple[converters.Call, ...] = ()
    lookup: converters.Lookup | None = None
    option: Option | None = None
    write: str = "always"
    direction: str = "inout"
    on_null: str = "clear"
    on_absent: str = "clear"
    on_invalid: str = "reject"
    required: bool = False
    max_length: int | None = None
    out: Template | None = None
    mask: bool = False
    trim: bool = True

    @property
    def goes_in(self) -> bool:
        """Say whether the rule writes into the shop."""
        return self.direction in ("in", "inout")

    @property
    def comes_out(self) -> bool:
        """Say whether the rule shows the shop's value."""
        return self.direction in ("out", "inout") and bool(self.sources)

    @property
    def lists(self) -> bool:
        """Say whether the shop's attribute holds several values: the options of a multiselect, the lines of a text."""
        return self.attribute.input in ("multiselect", "multiline")

    def supplied_by(self) -> str:
        """Name the paths that would give the attribute a value, for a message."""
        names = [str(path) for path in (*self.sources, *(self.default.paths() if self.default else ()))]
        return " or ".join(dict.fromkeys(names))


@dataclass(frozen=True)
class Match:
    """Which existing customer an incoming user is."""

    by: tuple[paths.Path, ...]
    existing: str = "adopt"
    scope: str = "auto"


@dataclass(frozen=True)
class Groups:
    """How groups are dealt with: which of several memberships the shop gets, which groups are not shown."""

    priority: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset({"NOT LOGGED IN"})


@dataclass(frozen=True)
class Consequences:
    """What follows a customer's change elsewhere in the shop; `orders`: those that carry an old e-mail get the new."""

    orders: bool = True


@dataclass(frozen=True)
class Ruleset:
    """A whole mapping.yaml, checked against one shop.

    `accepted` is the User resource type as we take it; `published` carries besides, as required, what the shop and the
    rules need, so that a client that reads /Schemas sends enough.
    """

    rules: tuple[Rule, ...]
    match: Match
    password: str
    groups: Groups
    accepted: attributes.ResourceType
    published: attributes.ResourceType
    consequences: Consequences = Consequences()

    def rule(self, target: str) -> Rule | None:
        """Find the rule for an attribute of the shop."""
        return next((rule for rule in self.rules if rule.target == target), None)
