"""In charge of what the process believes: each rule with where its value comes from, goes to, and how it is found."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.mapping import bridges, candidates, rules
from app.scim import errors, filters, paths


@dataclass(frozen=True)
class Belief:
    """One rule as it is carried out. `indexed`: a filter by the path is found by an index."""

    attribute: str
    paths: tuple[str, ...]
    direction: str
    table: str
    column: str
    attribute_id: int | None
    type: str
    conversion: str
    indexed: bool
    line: int


def walk(bridge: bridges.Bridge) -> Iterator[Belief]:
    """Walk the rules of a tenant in the file's order, those of addresses last."""
    for rule in bridge.ruleset.rules:
        yield _belief(rule, rule.target, bridge)
    for address in bridge.ruleset.addresses:
        for field in address.fields:
            yield _belief(field, f"{address.name}.{field.target}", None)


def _belief(rule: rules.Rule, name: str, bridge: bridges.Bridge | None) -> Belief:
    attribute = rule.attribute
    named = tuple(str(path) for path in rule.sources) or tuple(f"{{{path}}}" for path in rule.reads())
    first = rule.sources[0] if rule.sources else None
    indexed = bridge is not None and first is not None and rule.comes_out and _indexed(bridge, first)
    return Belief(
        name,
        named,
        rule.direction,
        attribute.table,
        attribute.column,
        attribute.attribute_id,
        rule.type,
        _conversion(rule),
        indexed,
        rule.line,
    )


def _indexed(bridge: bridges.Bridge, path: paths.Path) -> bool:
    """Say whether `path eq "…"` starts from an index, or reads all of the tenant's customers."""
    if path.leaf is None or path.leaf.type not in ("string", "reference"):
        return False
    question = f'{path} eq "x"'
    if path.filter is not None:
        question = f'{path.top}[({path.filter}) and {path.sub.name if path.sub else "value"} eq "x"]'
    try:
        asked = filters.parse(question, bridge.ruleset.accepted)
    except errors.ScimError:
        return False
    return candidates.keys(bridge, asked) is not None


def _conversion(rule: rules.Rule) -> str:
    """Say in one line how a value is made."""
    steps = ["const"] if rule.const is not rules.NOTHING else ["template"] if rule.template else []
    steps += [str(call) for call in rule.transform]
    steps += [f"lookup of {len(rule.lookup.rows)}"] if rule.lookup else []
    steps += [f"when {rule.when}"] if rule.when is not None else []
    steps += ["default"] if rule.default else []
    steps += [f"option by {rule.option.match}"] if rule.option else []
    steps += [f"write {rule.write}"] if rule.write != "always" else []
    return ", ".join(steps)
