"""Runs the rules for addresses: a value of the document into an address of the shop, and the address back into it.

Both ways stand side by side, as in `projection`. Which address of a customer is a rule's is `books`' business.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.magento import addresses, catalog, errors, places
from app.mapping import projection, rules
from app.scim import paths

Resource = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Context(projection.Context):
    """What the fields of an address need to know: `data` is the address as it stands, {} for none; and its place."""

    place: places.Place

    def requires(self, attribute: catalog.Attribute) -> bool:
        """Say whether the shop wants a value here."""
        return addresses.requires(self.shop, attribute, self.place)

    def normalize(self, attribute: catalog.Attribute, value: Any) -> Any:
        """Give the value in the form that is stored; raises errors.Rejected."""
        return addresses.normalize(self.shop, attribute, value, self.place)

    def of(self, data: Mapping[str, Any]) -> "Context":
        """Give the context of an address that stands there."""
        return replace(self, data=data, creating=False)


@dataclass(frozen=True)
class Projected:
    """What a rule wants to stand in the shop: no address (`values` None), or these values by attribute code.

    `problems`: why the shop would not take it, each with the path it is about; `dropped`: the attributes of which
    `on_invalid: drop` lets nothing be said.
    """

    values: Mapping[str, Any] | None = None
    problems: tuple[str, ...] = ()
    dropped: frozenset[str] = frozenset()


@dataclass
class _Work:
    """A projection under way."""

    rule: rules.Address
    context: Context
    values: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)

    def run(self, view: Resource) -> None:
        for each in self.rule.fields:
            self._place()
            known = each.target == "region" and self.values.get("region_id")
            if each.goes_in and not known and not self._waits(each.target):
                self._field(each, view)
        if "country_id" in self.problems:
            return
        self._place()
        try:
            places.settle(self.context.shop, self.context.place, self.values, self.context.data)
        except errors.Rejected as error:
            self.problems[error.code] = error.reason
        held = {**self.context.data, **self.values}
        for attribute in addresses.missing(self.context.shop, held, self.context.place):
            self.problems.setdefault(attribute.code, f"the shop requires a {attribute.label}")

    def _place(self) -> None:
        """Note the country as far as it is known by now."""
        country_id = self.values.get("country_id", self.context.data.get("country_id"))
        if country_id != self.context.place.country_id:
            self.context = replace(self.context, place=replace(self.context.place, country_id=country_id))

    def _waits(self, target: str) -> bool:
        """Say whether nothing can be said of an attribute since its country is wrong."""
        return "country_id" in self.problems and target in ("region_id", "region", "postcode")

    def _field(self, each: rules.Rule, view: Resource) -> None:
        found = projection.outcome(each, view, self.context)
        if found.keep:
            self.dropped |= {each.target} if each.on_invalid == "drop" else set()
            return
        cleared = found.value in (None, "") and each.on_null == "error" and not self.context.creating
        problem = found.problem or ("may not be cleared" if cleared else None)
        if problem:
            self.problems[each.target] = problem
        else:
            self.values[each.target] = found.value

    def told(self) -> tuple[str, ...]:
        """Give the problems, each with the path that it is about."""
        if not self.problems:
            return ()
        places = {each.target: each.place for each in self.rule.fields}
        return tuple(f"{places.get(c, f'{self.rule.root} ({c})')}: {why}" for c, why in self.problems.items())


def project(rule: rules.Address, document: Resource, context: Context) -> Projected:
    """Say what a rule wants of its address for a document; an address that says nothing is none."""
    view = _narrowed(rule, document)
    if view is None:
        return Projected()
    work = _Work(rule, context)
    work.run(view)
    return Projected(work.values, work.told(), frozenset(work.dropped))


def correct(rule: rules.Address, document: Resource, context: Context) -> Resource:
    """Give the document as the shop's address makes it true: what differs is turned back, in a new document.

    What the shop would not take and the rule drops waits in the document and is read as it was sent.
    """
    selected = _selected(rule, document)
    if selected is not None and all(_said(each, document, context) for each in rule.fields if each.comes_out):
        return document
    wanted = project(rule, document, context)
    if wanted.problems and rule.on_invalid == "drop":
        return document
    result = document
    element = dict(selected or (paths.described(rule.root.filter) if rule.root.filter else {}))
    for each in rule.fields:
        if not each.comes_out or _agrees(each, wanted, context) or _said(each, document, context):
            continue
        empty = addresses.equal(each.attribute, context.data.get(each.target), None)
        shown = None if empty else projection.turn(each, context)
        for path in each.sources if shown is None else each.sources[:1]:
            if not rule.holds(path):
                if shown is not None:
                    result = copy.deepcopy(document) if result is document else result
                    paths.write(result, path, shown)
            elif shown is None:
                element.pop(_sub(path), None)
            else:
                element[_sub(path)] = shown
    return document if result is document and element == selected else _with(rule, result, element)


def _said(each: rules.Rule, document: Resource, context: Context) -> bool:
    """Say whether the document has what the address shows of a field, or what comes to it by itself."""
    held = context.data.get(each.target)
    empty = addresses.equal(each.attribute, held, None)
    if projection.says(document, each, None if empty else projection.turn(each, context)):
        return True
    if empty or not each.goes_in:
        return False
    there = replace(context, place=replace(context.place, country_id=context.data.get("country_id")))
    wanted = projection.outcome(each, document, there)
    return not (wanted.keep or wanted.problem) and addresses.equal(each.attribute, held, wanted.value)


def _agrees(each: rules.Rule, wanted: Projected, context: Context) -> bool:
    """Say whether the address holds what the rule would write; what was dropped agrees with nothing at all."""
    held, values = context.data.get(each.target), wanted.values or {}
    if each.target in values:
        return each.goes_in and addresses.equal(each.attribute, held, values[each.target])
    return each.target in wanted.dropped and addresses.equal(each.attribute, held, None)


def without(rule: rules.Address, document: Resource) -> Resource:
    """Give the document without what a rule selects. A new document."""
    result = copy.deepcopy(document)
    paths.remove(result, rule.root)
    return result


def keep_absent(ruleset: rules.Ruleset, before: Resource, body: Resource, after: Resource) -> None:
    """Carry over into a new document the addresses of rules with `on_absent: keep` that the body does not mention."""
    for rule in ruleset.addresses:
        selected = _selected(rule, before)
        if rule.on_absent == "keep" and selected and not paths.mentioned(body, rule.root):
            after |= _with(rule, after, copy.deepcopy(selected))


def _narrowed(rule: rules.Address, document: Resource) -> Resource | None:
    """Give the document with the one value that the rule is about; None where that says nothing of an address."""
    selected = _selected(rule, document)
    if selected is None:
        return None
    view = _with(rule, {**document, _name(rule): []}, selected)
    said = not rule.inside or rules.first(view, rule.inside) is not None
    return view if said else None


def _selected(rule: rules.Address, document: Resource) -> Resource | None:
    return next((value for value in paths.read(document, rule.root) if isinstance(value, dict)), None)


def _with(rule: rules.Address, document: Resource, element: Resource) -> Resource:
    """Give the document with another value in the place of the selected one, or behind the others."""
    held, selected = list(document.get(_name(rule)) or []), _selected(rule, document)
    at = next((i for i, value in enumerate(held) if value is selected), len(held))
    held[at : at + 1] = [element]
    return {**document, _name(rule): held}


def _name(rule: rules.Address) -> str:
    assert rule.root.attribute is not None
    return rule.root.attribute.name


def _sub(path: paths.Path) -> str:
    assert path.sub is not None
    return path.sub.name
