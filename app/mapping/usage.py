"""In charge of what an identity provider's requests make of the mapping: what is sent and used, which rules fire."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.ledger import sightings
from app.mapping import bridges, firing, group_type, rules
from app.scim import attributes, leaves, paths, trees

SERVICE = "(the service)"
OWN = {
    "User": frozenset({"userName", "externalId", "active", "password", "groups"}),
    "Group": frozenset({"displayName", "externalId", "members"}),
}  # what needs no rule


@dataclass(frozen=True)
class Sent:
    """One attribute that was sent. `empty`: how often without a value; `used_by`: rules, none where nobody uses it."""

    kind: str
    name: str
    times: int
    empty: int
    first_at: datetime
    last_at: datetime
    used_by: tuple[str, ...]


@dataclass(frozen=True)
class Fired:
    """One rule. `times`: how often it gave a value that was written; `sent`: how often something that it reads came."""

    name: str
    line: int
    times: int
    last_at: datetime | None
    sent: int


def sent(connection: sa.Connection, bridge: bridges.Bridge) -> list[Sent]:
    """List what was sent of users and groups, the most frequent first."""
    found = []
    readers = list(_readers(bridge))
    for resource_type in (bridge.ruleset.accepted, group_type.ACCEPTED):
        kind = resource_type.name
        for name, count in sightings.fetch(connection, bridge.ledger, bridge.tenant, kind).items():
            used = _users(name, resource_type, readers if kind == "User" else ())
            found.append(Sent(kind, name, count.times, count.empty, count.first_at, count.last_at, used))
    return sorted(found, key=lambda each: (each.kind != "User", -each.times, each.name))


def fired(connection: sa.Connection, bridge: bridges.Bridge, seen: Iterable[Sent]) -> list[Fired]:
    """List the rules that write, in the file's order."""
    counts = sightings.fetch(connection, bridge.ledger, bridge.tenant, sightings.RULE)
    sums: dict[str, int] = {}
    for each in seen:
        for name in each.used_by:
            sums[name] = sums.get(name, 0) + each.times
    found = []
    for name, line, _ in _readers(bridge):
        count = counts.get(name[: sightings.LENGTH])
        if name != MATCH:
            times, last = (count.times, count.last_at) if count else (0, None)
            found.append(Fired(name, line, times, last, sums.get(name, 0)))
    return sorted(found, key=lambda each: each.line)


MATCH = "match"


def _readers(bridge: bridges.Bridge) -> Iterator[tuple[str, int, tuple[paths.Path, ...]]]:
    """Walk what reads incoming users: name, line, paths."""
    ruleset = bridge.ruleset
    for rule in ruleset.rules:
        if rule.goes_in:
            yield rule.target, rule.line, _read_by(rule)
    for address in ruleset.addresses:
        for field in address.fields:
            if field.goes_in:
                yield f"{address.name}.{field.target}", field.line, _read_by(field)
    for each in ruleset.groups.rules:
        asked = tuple(trees.paths_of(each.when)) if each.when is not None else ()
        yield firing.name(each, bridge.shop.groups), each.line, asked
    yield MATCH, 0, ruleset.match.by


def _read_by(rule: rules.Rule) -> tuple[paths.Path, ...]:
    asked = trees.paths_of(rule.when) if rule.when is not None else ()
    return (*rule.reads(), *(rule.default.paths() if rule.default else ()), *asked)


def _users(
    name: str, resource_type: attributes.ResourceType, readers: Iterable[tuple[str, int, tuple[paths.Path, ...]]]
) -> tuple[str, ...]:
    path = leaves.parsed(name, resource_type)
    if path is None or path.attribute is None:
        return ()
    own = path.urn is None and path.attribute.name in OWN[resource_type.name]
    used = [reader for reader, _, read in readers if any(_meet(path, each) for each in read)]
    return (SERVICE, *used) if own else tuple(used)


def _meet(sent: paths.Path, read: paths.Path) -> bool:
    """Say whether a path that is read may find what was sent at another: where both say a type, the same one."""
    if sent.urn != read.urn or (read.attribute is not None and sent.attribute != read.attribute):
        return False
    if read.sub is not None and sent.sub is not None and read.sub.name != sent.sub.name:
        return False
    kinds = {kind for kind in (leaves.chosen(sent.filter), leaves.chosen(read.filter)) if kind.startswith("[type")}
    return len(kinds) < 2
