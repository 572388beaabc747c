"""In charge of a request that is only tried: what it would write, and which line of mapping.yaml gives each value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.magento import addresses, changes
from app.mapping import bridges, grouping, rules, users, writes
from app.scim import errors, memberships, patch, profiles, schemas


@dataclass(frozen=True)
class Value:
    """One column that would change. `line`: of mapping.yaml, None where no rule gives it; `hidden`: never printed."""

    table: str
    key: Mapping[str, Any]
    column: str
    attribute: str | None
    before: Any
    after: Any
    line: int | None
    hidden: bool


@dataclass(frozen=True)
class Trial:
    """What a request would come to: `operation` None and `problems` where it would be refused."""

    operation: str | None
    entity_id: int | None
    values: tuple[Value, ...] = ()
    problems: tuple[str, ...] = ()


def run(bridge: bridges.Bridge, body: Mapping[str, Any], user_id: str | None) -> Trial:
    """Try a body: as a POST, for a user as a PUT, or as a PATCH where it has Operations. Nothing is written."""
    bridge = replace(bridge, rehearsing=True)
    try:
        _send(bridge, body, user_id)
    except writes.Rehearsed as told:
        values = tuple(_values(bridge, told.rows, body))
        return Trial(told.deed.operation, told.deed.resource_id, values)
    except errors.ScimError as error:
        return Trial(None, int(user_id) if user_id else None, problems=tuple(error.detail.split("; ")))
    raise AssertionError("a rehearsed request has written")


def _send(bridge: bridges.Bridge, body: Mapping[str, Any], user_id: str | None) -> None:
    if user_id is None:
        post(bridge, body)
        return
    patched = any(key.casefold() == "operations" for key in body)
    kind = "patch" if patched else "replace"
    if not patched:
        resource, said = user(bridge, body, kind)
        users.replace(bridge, user_id, resource, changes=said)
    else:
        published, profile = bridge.ruleset.published, bridge.profile
        given, said = _said(bridge, body, kind)
        understood, _ = profiles.rewrite(given, kind, published, profile)
        kept = next(value for key, value in given.items() if key.casefold() == "operations")
        operations = patch.parse(understood, published, profile) if kept or not said else ()
        users.modify(bridge, user_id, operations, changes=said)


def post(bridge: bridges.Bridge, body: Mapping[str, Any]) -> None:
    """Send a body as a POST; a rehearsing bridge raises writes.Rehearsed, or what refuses it."""
    users.create(bridge, *user(bridge, body, "create"))


def user(
    bridge: bridges.Bridge, body: Mapping[str, Any], kind: str
) -> tuple[dict[str, Any], tuple[memberships.Change, ...]]:
    """Read a body as a user, and what it says of memberships, as the service does; raises InvalidValue."""
    given, said = _said(bridge, body, kind)
    understood, _ = profiles.rewrite(given, kind, bridge.ruleset.accepted, bridge.profile)
    return schemas.load(bridge.ruleset.accepted, understood, profile=bridge.profile), said


def _said(bridge: bridges.Bridge, body: Mapping[str, Any], kind: str) -> tuple[Any, tuple[memberships.Change, ...]]:
    named = bridge.ruleset.groups.by_name
    return memberships.take(body, kind, bridge.ruleset.accepted, bridge.profile, named=named)


def _values(bridge: bridges.Bridge, rows: list[changes.RowChange], body: Mapping[str, Any]) -> Iterator[Value]:
    hidden = writes.hidden(bridge)
    for row in rows:
        known = {**row.key, **(row.before or {}), **(row.after or {})}
        for column in dict.fromkeys((*(row.before or {}), *(row.after or {}))):
            before, after = (row.before or {}).get(column), (row.after or {}).get(column)
            if before == after:
                continue
            attribute = writes.attribute_of(bridge, row.table, known, column)
            rule = _rule(bridge, row, column, attribute)
            line = rule.line if rule else _group_line(bridge, body) if attribute == "group_id" else None
            covered = hidden(row.table, known, column)
            yield Value(row.table, row.key, column, attribute, before, after, line, covered)


def _rule(
    bridge: bridges.Bridge, row: changes.RowChange, column: str, attribute: str | None
) -> rules.Rule | rules.Address | None:
    """Find what in mapping.yaml gives a column its value."""
    kinds = {default: kind for kind, default in addresses.DEFAULTS.items()}
    if column in kinds:
        return next((each for each in bridge.ruleset.addresses if kinds[column] in each.default), None)
    if row.table.startswith("customer_address_entity"):
        named = [value.name for value in row.key.values() if isinstance(value, changes.New)]
        own = [each for each in bridge.ruleset.addresses if f"address {each.name}" in named]
        fields = (each.field(column) for each in own or bridge.ruleset.addresses)
        return next((field for field in fields if field is not None and field.goes_in), None)
    rule = bridge.ruleset.rule(attribute) if attribute else None
    return rule if rule is not None and rule.goes_in else None


def _group_line(bridge: bridges.Bridge, body: Mapping[str, Any]) -> int | None:
    rule = grouping.matched(bridge.ruleset.groups, body, bridge.shop.groups)
    return rule.line if rule else None
