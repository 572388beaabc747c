"""Runs the rules: a document into the shop's values, and the shop's values back into the document.

Both ways stand side by side, so that what is read is what was written.
"""

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Self

from app.magento import catalog, errors, placement, shop, values
from app.mapping import choices, converters, group_ids, rules
from app.scim import filters, paths

Resource = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a rule says of its attribute: a storable value, or nothing at all (`keep`), or why it cannot."""

    value: Any = None
    keep: bool = False
    problem: str | None = None


KEEP = Outcome(keep=True)


@dataclass(frozen=True)
class Context:
    """What rules need to know beside the document: the shop, the website, and the customer's data as it stands.

    Also the shop's own judgement of a value, which is another one for addresses. `groups`: the groups that the user is
    a member of, id -> name, where rules ask for them.
    """

    shop: shop.Shop
    website_id: int
    data: Mapping[str, Any]
    creating: bool = False
    groups: Mapping[int, str] = field(default_factory=dict)

    def within(self, groups: Mapping[int, str]) -> Self:
        """Give the context of a member of some groups."""
        return replace(self, groups=groups)

    def seen(self, document: Resource) -> Resource:
        """Give the document as conditions and sources see it: with the groups that its user is a member of."""
        if not self.groups:
            return document
        pushed = [{"value": group_ids.text(group_id), "display": name} for group_id, name in self.groups.items()]
        return {**document, "groups": [*document.get("groups", ()), *pushed]}

    def requires(self, attribute: catalog.Attribute) -> bool:
        """Say whether the shop wants a value here."""
        return attribute.required_on(self.website_id)

    def normalize(self, attribute: catalog.Attribute, value: Any) -> Any:
        """Give the value in the form that is stored; raises errors.Rejected."""
        return values.normalize(self.shop, attribute, value, self.website_id)


def outcome(rule: rules.Rule, document: Resource, context: Context) -> Outcome:
    """Say what one rule wants to stand in the shop for a document, as far as its `write` lets it."""
    if rule.write == "create" and not context.creating:
        return KEEP
    if rule.write == "if_empty" and context.data.get(rule.target) not in (None, ""):
        return KEEP
    return _made(rule, document, context)


def _made(rule: rules.Rule, document: Resource, context: Context) -> Outcome:
    """Say what a document comes to by one rule, whether it may be written now or not.

    Order: condition, select, transform and lookup, default, option, type, then the shop's own checks.
    """
    document = context.seen(document)
    if rule.when is not None and not filters.evaluate(rule.when, document):
        return KEEP if rule.otherwise is rules.NOTHING else stored(rule, rule.otherwise, context)
    try:
        value = _shape(rule, _select(rule, document, context))
    except converters.Bad as error:
        return _invalid(rule, str(error), document, context)
    if value is None and rule.default is not None:
        value = _default(rule, document, context)
    if value is None and rule.on_null == "keep" and not context.creating:
        return KEEP
    result = stored(rule, value, context)
    if result.problem and value is not None:
        return _invalid(rule, result.problem, document, context)
    return result


def _select(rule: rules.Rule, document: Resource, context: Context) -> Any:
    if rule.const is not rules.NOTHING:
        return rule.const
    if rule.template is not None:
        return rule.template.render(document, context.data)
    for source in rule.sources if rule.lists else ():
        found = paths.read(document, source)
        if len(found) > 1 and _takes_lists(source):
            return found
        if found:
            break
    return rules.first(document, rule.sources)


def _shape(rule: rules.Rule, value: Any) -> Any:
    """Trim, transform and look up; numbers and booleans pass unless a function wants their text."""
    if isinstance(value, list):
        shaped = [_shape(rule, each) for each in value]
        return [each for each in shaped if each is not None] or None
    if isinstance(value, str) and rule.trim:
        value = value.strip()
    if value is None or value == "":
        return None
    if rule.transform or rule.lookup:
        text = converters.apply(rule.transform, converters.to_string(value))
        if rule.lookup:
            found = rule.lookup.get(text)
            if found is None:
                raise converters.Bad(f"{text!r} is in no row of the lookup")
            text = found
        value = text or None
    return value


def _default(rule: rules.Rule, document: Resource, context: Context) -> str | None:
    assert rule.default is not None
    return rule.default.render(document, context.data).strip() or None


def _invalid(rule: rules.Rule, reason: str, document: Resource, context: Context) -> Outcome:
    """Carry out what `on_invalid` says."""
    if rule.on_invalid == "drop":
        return KEEP
    if rule.on_invalid == "default" and rule.default is not None:
        return stored(rule, _default(rule, document, context), context)
    return Outcome(problem=reason)


def stored(rule: rules.Rule, value: Any, context: Context) -> Outcome:
    """Find the option, take the type, and let the shop's own rules judge."""
    attribute = rule.attribute
    if value is None or value == "":
        if attribute.code in catalog.FILLED:
            return KEEP  # the shop itself knows what a customer gets
        if rule.required or context.requires(attribute):
            return Outcome(problem=_missing(rule))
        if attribute.static and not attribute.nullable and attribute.type != "string":
            return KEEP if attribute.default is None else Outcome(context.normalize(attribute, attribute.default))
        return Outcome("" if attribute.static and not attribute.nullable else None)
    try:
        if rule.option and rule.option.match != "id":
            value = choices.store(rule, value, context.shop)
            if value is None:
                return KEEP
        else:
            value = _typed(rule, value)
        if isinstance(value, list) and attribute.input == "multiline":
            value = "\n".join(value)
        return Outcome(context.normalize(attribute, value))
    except converters.Bad as error:
        return Outcome(problem=str(error))
    except errors.Rejected as error:
        return Outcome(problem=error.reason)


def _missing(rule: rules.Rule) -> str:
    label = rule.attribute.label or rule.target
    return f"the shop requires a {label}" + ("" if rule.supplied_by() else ", and mapping.yaml gives none")


def _typed(rule: rules.Rule, value: Any) -> Any:
    """Give a value, or each of a list, the rule's type; raises converters.Bad."""
    if isinstance(value, list):
        return [_typed(rule, each) for each in value]
    typed = converters.TYPES[rule.type][0](value)
    if rule.max_length and len(str(typed)) > rule.max_length:
        raise converters.Bad(f"is longer than the {rule.max_length} characters that mapping.yaml allows")
    if rule.attribute.type == "string" and isinstance(typed, bool | date):
        return converters.to_string(converters.TYPES[rule.type][1](typed))  # a text of the shop that holds one
    return typed


def outcomes(ruleset: rules.Ruleset, document: Resource, context: Context) -> dict[str, Outcome]:
    """Run every rule that writes; gives the outcome by the shop's attribute code."""
    return {rule.target: outcome(rule, document, context) for rule in ruleset.rules if rule.goes_in}


def turn(rule: rules.Rule, context: Context) -> Any:
    """Turn the shop's value of a rule's attribute into what the protocol shows; None where it is empty."""
    actual = values.meaning(rule.attribute, context.data.get(rule.target))
    if actual is None or actual == "":
        return None
    if rule.out is not None:
        return rule.out.render({}, context.data)
    if rule.attribute.belonging:
        shown: Any = placement.codes(context.shop, rule.target).get(int(actual), str(actual))
    elif rule.option and rule.option.match != "id":
        shown = choices.show(rule, actual, context.shop)
    elif rule.lists and _takes_lists(rule.sources[0]):
        shown = str(actual).split("," if rule.attribute.input == "multiselect" else "\n")
    else:
        shown = _of_type(rule, actual)
    if isinstance(shown, list):
        listed = [_looked_up(rule, each) for each in shown]
        return listed if _takes_lists(rule.sources[0]) else ", ".join(listed)
    if shown is None:
        return None
    shown = _looked_up(rule, shown)
    return converters.to_string(shown) if _is_text(rule.sources[0]) else shown


def _of_type(rule: rules.Rule, actual: Any) -> Any:
    """Give the shop's value as the rule's type; where its text is none, that text, or nothing where no text fits."""
    try:
        return converters.TYPES[rule.type][1](actual)
    except ValueError:
        return str(actual) if _is_text(rule.sources[0]) else None


def _is_text(path: paths.Path) -> bool:
    return path.leaf is not None and path.leaf.type == "string"


def _looked_up(rule: rules.Rule, shown: Any) -> Any:
    """Turn a result of the rule's lookup back."""
    turned = rule.lookup.turn(str(shown)) if rule.lookup else None
    return shown if turned is None else turned


def _takes_lists(path: paths.Path) -> bool:
    """Say whether a path names the values themselves of a multi-valued attribute."""
    named = path.sub is None or path.sub.name == "value"
    return path.attribute is not None and path.attribute.multi and named


def correct(ruleset: rules.Ruleset, document: Resource, context: Context, *, linked: bool) -> Resource:
    """Give the document as the shop makes it true: where a target holds something else, the shop has the last word.

    Without a link (`linked` False) every rule is turned back. The given document is not changed.
    """
    result = document
    for rule in ruleset.rules:
        if not rule.comes_out:
            continue
        shown = turn(rule, context)
        if says(result, rule, shown) or (linked and _agrees(rule, document, context)):
            continue
        result = copy.deepcopy(document) if result is document else result
        targets = rule.sources if shown is None else rule.sources[:1]
        for path in targets:
            if isinstance(shown, list):
                paths.spread(result, path, shown)
            elif shown is not None:
                paths.write(result, path, shown)
            elif path.attribute is not None and path.attribute.name != "userName":
                paths.remove(result, path)
    return result


def says(document: Resource, rule: rules.Rule, shown: Any) -> bool:
    """Say whether a document has what the shop shows already, so that writing it there would change nothing.

    Where that takes long to find out, the answer is no: it is only to spare the way forth, which takes longer.
    """
    if shown is None:
        return all(paths.lacks(document, path) for path in rule.sources)
    return paths.holds(document, rule.sources[0], shown)


def _agrees(rule: rules.Rule, document: Resource, context: Context) -> bool:
    """Say whether the shop holds what the rule would write for this document."""
    if not rule.goes_in:
        return False
    wanted = _made(rule, document, context)
    if wanted.keep or wanted.problem:
        return wanted.problem is not None and context.data.get(rule.target) is None
    return values.equal(rule.attribute, context.data.get(rule.target), wanted.value)


def desired(
    ruleset: rules.Ruleset, before: Resource | None, after: Resource, context: Context, was: Context | None = None
) -> tuple[dict[str, Any], list[tuple[rules.Rule, str]]]:
    """Give the values that the shop should get when a document changes from `before` to `after`.

    Only what the change of the document changes is asked for: a fault that was there before stops nobody, a value that
    a shop's administrator set by hand stays. `before` None: a new customer, everything is asked for. `was`: the context
    of `before`, where it is another one.

    Returns the values by attribute code, and the problems with the rules they belong to.
    """
    was, changed = was or context, None
    if before is not None and was.data is context.data and was.groups == context.groups:
        changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    wanted: dict[str, Any] = {}
    problems: list[tuple[rules.Rule, str]] = []
    for rule in ruleset.rules:
        if not rule.goes_in or (changed is not None and changed.isdisjoint(rule.roots)):
            continue
        result = outcome(rule, after, context)
        if result.keep or (before is not None and result == outcome(rule, before, was)):
            continue
        cleared = result.value is None and rule.on_null == "error" and before is not None
        reason = result.problem or ("may not be cleared" if cleared else None)
        if reason:
            problems.append((rule, reason))
        else:
            wanted[rule.target] = result.value
    return wanted, problems


def keep_absent(
    ruleset: rules.Ruleset, before: Resource, body: Resource, after: Resource, *, always: bool = False
) -> None:
    """Carry over into a new document what the body does not mention of the sources of rules with `on_absent: keep`.

    `always`: of all rules.
    """
    for rule in ruleset.rules:
        if (always or rule.on_absent == "keep") and not any(paths.mentioned(body, path) for path in rule.sources):
            for path in rule.sources:
                for value in paths.read(before, path)[:1]:
                    paths.write(after, path, value)


def masked(ruleset: rules.Ruleset) -> Collection[str]:
    """List the attribute codes whose values are never printed."""
    return [rule.target for rule in ruleset.rules if rule.mask]
