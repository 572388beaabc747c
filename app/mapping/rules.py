"""What mapping.yaml says, as values: rules bound to this shop's attributes and to the protocol's paths.

`reader` makes them out of the file, `projection` runs them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from app.magento import catalog, doors
from app.mapping import converters
from app.scim import attributes, filters, paths, trees

NOTHING: Any = object()  # "not given", where None is a value
DEFAULT_TENANT = "default"
OPERATIONS = ("create", "update", "deactivate", "delete")


@dataclass(frozen=True)
class Slot:
    """One `{…}` of a template: a path of the resource or a column of the customer (or address), then functions."""

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

    @property
    def fixed(self) -> bool:
        """Say whether it is plain text, the same for every user."""
        return all(isinstance(part, str) for part in self.parts)

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
    unique: bool = False
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

    def reads(self) -> tuple[paths.Path, ...]:
        """List the paths that its value is made of, without the default's."""
        return (*self.sources, *(self.template.paths() if self.template else ()))

    @cached_property
    def roots(self) -> frozenset[str]:
        """Name what of a user its outcome depends on: top-level attributes, and URNs of extensions."""
        read = [*self.reads(), *(self.default.paths() if self.default else ())]
        read += trees.paths_of(self.when) if self.when is not None else ()
        return frozenset(path.urn or (path.attribute.name if path.attribute else "") for path in read)

    def supplied_by(self) -> str:
        """Name the paths that would give the attribute a value, for a message."""
        names = [str(path) for path in (*self.sources, *(self.default.paths() if self.default else ()))]
        return " or ".join(dict.fromkeys(names))

    @property
    def place(self) -> str:
        """Name the rule in a message to a client: what it can send, then what that fills."""
        sources = self.supplied_by()
        return f"{sources} ({self.target})" if sources else self.target


@dataclass(frozen=True)
class Address:
    """One entry under `addresses`: which value of the user is an address of the customer, and how it is filled.

    `root` selects the value; the paths of `fields` go into it, or from the user itself where they began with "/".
    The fields stand in the order in which they are judged. `default`: of what kinds it becomes the default address;
    `existing`: what happens then to a default address that the customer has already.
    """

    name: str
    root: paths.Path
    fields: tuple[Rule, ...]
    line: int
    default: tuple[str, ...] = ()
    existing: str = "keep"  # keep: as the default | replace: beside this one | adopt: as this one
    on_invalid: str = "reject"
    on_absent: str = "clear"

    @cached_property
    def inside(self) -> tuple[paths.Path, ...]:
        """List the paths into the selected value by which the shop's address gets its values."""
        read = (path for field in self.fields if field.goes_in for path in field.reads())
        return tuple(path for path in read if self.holds(path))

    def holds(self, path: paths.Path) -> bool:
        """Say whether a path goes into the selected value."""
        return path.sub is not None and path.top == self.root.top and path.filter == self.root.filter

    def field(self, target: str) -> Rule | None:
        """Find the rule for an attribute of the shop's address."""
        return next((field for field in self.fields if field.target == target), None)


@dataclass(frozen=True)
class Match:
    """Which existing customer an incoming user is."""

    by: tuple[paths.Path, ...]
    existing: str = "adopt"  # adopt | reject | review
    scope: str = "auto"


@dataclass(frozen=True)
class GroupRule:
    """One row under `groups.rules`: who is put into a group of the shop by names or attributes, not by membership.

    `idp`: a pattern for the names of the user's groups, where `*` is any text; `when`: a filter over the user. Both
    hold where both are given.
    """

    group_id: int
    line: int
    idp: str | None = None
    when: filters.Node | None = None


@dataclass(frozen=True)
class Groups:
    """How groups are dealt with: which of several memberships the shop gets, which groups are not shown.

    `rules`, `otherwise`: the group of a user who is a member of none, `otherwise` None for the shop's default one.
    """

    priority: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset({"NOT LOGGED IN"})
    rules: tuple[GroupRule, ...] = ()
    otherwise: int | None = None
    missing: str = "create"  # create | error

    @property
    def decides(self) -> bool:
        """Say whether the file chooses groups at all, beside memberships."""
        return bool(self.rules) or self.otherwise is not None

    @property
    def by_name(self) -> bool:
        """Say whether `groups` on a user are names for the rules, not memberships."""
        return any(rule.idp is not None for rule in self.rules)


@dataclass(frozen=True)
class Example:
    """One entry under `tests`: a user as it is sent, and what must come of it.

    `given`: the body of a POST. `expect`: the key as the file has it -> the value and its line and column. `error`: a
    part of the message with which the user must be refused.
    """

    name: str
    given: Mapping[str, Any]
    expect: Mapping[str, tuple[Any, int, int]]
    error: str | None
    line: int
    column: int


@dataclass(frozen=True)
class Protection:
    """Users who cannot be deactivated or deleted here: a filter, and its text as it stands in the file."""

    text: str
    where: filters.Node


@dataclass(frozen=True)
class Purge:
    """What becomes of deleted users whom the shop keeps, and how long after: `how` is remove or anonymize."""

    after: timedelta
    how: str


@dataclass(frozen=True)
class Lifecycle:
    """How users leave, and what an identity provider may do at all.

    `deactivate`: doors that are shut, by the names in `magento/doors`. `delete`: remove | deactivate | anonymize.
    `returning`: revive | anew, for who is created again while the shop keeps the deleted one. `breaker`: how many may
    leave within an hour before deletions wait for a person; None: any number. `allow`: of OPERATIONS.
    """

    deactivate: frozenset[str] = doors.USUAL
    delete: str = "remove"
    returning: str = "revive"
    purge: Purge | None = None
    protect: tuple[Protection, ...] = ()
    breaker: int | None = None
    allow: frozenset[str] = frozenset(OPERATIONS)


@dataclass(frozen=True)
class Consequences:
    """What follows a customer's change elsewhere in the shop; `orders`: those that carry an old e-mail get the new."""

    orders: bool = True


@dataclass(frozen=True)
class Ruleset:
    """The rules of one tenant, checked against one shop.

    `accepted` is the User resource type as we take it; `published` carries besides, as required, what the shop and the
    rules need, so that a client that reads /Schemas sends enough.
    """

    rules: tuple[Rule, ...]
    match: Match
    password: str
    groups: Groups
    accepted: attributes.ResourceType
    published: attributes.ResourceType
    addresses: tuple[Address, ...] = ()
    lifecycle: Lifecycle = Lifecycle()
    examples: tuple[Example, ...] = ()
    consequences: Consequences = Consequences()

    @property
    def makes_options(self) -> bool:
        """Say whether a label that the shop does not have may become a new option of a select."""
        rules = (*self.rules, *(rule for address in self.addresses for rule in address.fields))
        return any(rule.option and rule.option.missing == "create" for rule in rules)

    @cached_property
    def reads_groups(self) -> bool:
        """Say whether any rule asks which groups a user is in, so that a membership may change what it writes."""
        return any(_asks_for(rule, "groups") for rule in self.rules)

    def rule(self, target: str) -> Rule | None:
        """Find the rule for an attribute of the shop."""
        return next((rule for rule in self.rules if rule.target == target), None)


@dataclass(frozen=True)
class Tenant:
    """One identity provider's side of a shop: its rules, and where they hold.

    `website_id`: where its customers are, None for the shop's default website. `profile`: None for SCIM_PROFILE.
    """

    name: str
    ruleset: Ruleset
    website_id: int | None = None
    profile: str | None = None


@dataclass(frozen=True)
class Rulebook:
    """A whole mapping.yaml, checked against one shop: its tenants by their names."""

    tenants: Mapping[str, Tenant]


def _asks_for(rule: Rule, name: str) -> bool:
    asked = [*rule.reads(), *(rule.default.paths() if rule.default else ())]
    asked += trees.paths_of(rule.when) if rule.when is not None else ()
    return any(path.attribute is not None and path.urn is None and path.attribute.name == name for path in asked)
