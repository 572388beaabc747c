"""Runs the tests that stand in mapping.yaml: what would become of a new user, without a database's row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.magento import groups as shop_groups
from app.magento import placement, places, shop
from app.mapping import addresses, converters, grouping, projection, rules
from app.mapping.yamlfile import Problem
from app.scim import errors, memberships, messages, profiles, schemas

Resource = dict[str, Any]
NOTHING = "nothing"


@dataclass(frozen=True)
class Came:
    """What came of an example: values by the key that a test expects them under, each in all its forms."""

    values: Mapping[str, tuple[Any, ...]]
    refused: str | None = None


def judge(ruleset: rules.Ruleset, shop: shop.Shop, website_id: int, profile: profiles.Profile) -> Iterator[Problem]:
    """Run every test of a mapping; gives a problem for each thing that is not as expected."""
    for example in ruleset.examples:
        yield from _judge(example, run(example.given, ruleset, shop, website_id, profile))


def _judge(example: rules.Example, came: Came) -> Iterator[Problem]:
    lead = f"test {example.name!r}: "
    if example.error is not None:
        if came.refused is None:
            yield Problem(example.line, example.column, f"{lead}this user should be refused, and would be taken")
        elif example.error.casefold() not in came.refused.casefold():
            wanted = f"the error should name {example.error!r}, but it is: {came.refused}"
            yield Problem(example.line, example.column, lead + wanted)
        return
    if came.refused is not None:
        yield Problem(example.line, example.column, f"{lead}this user would be refused: {came.refused}")
        return
    for key, (wanted, line, column) in example.expect.items():
        forms = came.values.get(key, (None,))
        if wanted not in forms and str(wanted) not in map(_text, forms):
            yield Problem(line, column, f"{lead}{key} should be {_shown(wanted)}, but it is {_shown(forms[0])}")


def _text(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _shown(value: Any) -> str:
    return NOTHING if value is None else repr(value if isinstance(value, bool | int) else _text(value))


def run(
    given: Mapping[str, Any], ruleset: rules.Ruleset, shop: shop.Shop, website_id: int, profile: profiles.Profile
) -> Came:
    """Take a body as a POST takes it, as far as no other customer matters."""
    try:
        document = _taken(given, ruleset, profile)
    except errors.ScimError as error:
        return Came({}, error.detail)
    context = projection.Context(shop, website_id, {}, creating=True)
    values, problems = projection.desired(ruleset, None, document, context)
    told = [f"{rule.place}: {reason}" for rule, reason in problems]
    came = {f"customer.{code}": _forms(ruleset.rule(code), value, shop) for code, value in values.items()}
    for rule in ruleset.addresses:
        place = places.Place(website_id, values.get("store_id"))
        new = addresses.Context(shop, website_id, {}, creating=True, place=place)
        projected = addresses.project(rule, document, new)
        if rule.on_invalid == "reject":
            told += projected.problems
        came[rule.name] = (None,) if projected.values is None or projected.problems else ("an address",)
        for code, value in (projected.values or {}).items():
            came[f"{rule.name}.{code}"] = _forms(rule.field(code), value, shop)
    came["group"] = (_group(ruleset, shop, website_id, document, values),)
    return Came(came, "; ".join(told) or None)


def _taken(given: Mapping[str, Any], ruleset: rules.Ruleset, profile: profiles.Profile) -> Resource:
    """Read a body as the endpoint does; gives the document, with the names of groups where rules go by them."""
    named, accepted = ruleset.groups.by_name, ruleset.accepted
    body, changes = memberships.take(given, "create", accepted, profile, named=named)
    understood, _ = profiles.rewrite(body, "create", accepted, profile)
    resource = schemas.load(accepted, understood, profile=profile)
    away = ("id", "meta", "schemas", "active", "password", "groups")
    document: Resource = messages.prune({key: value for key, value in resource.items() if key not in away})
    return grouping.told(document, {}, changes) if named else document


def _group(
    ruleset: rules.Ruleset,
    shop: shop.Shop,
    website_id: int,
    document: Resource,
    values: Mapping[str, Any],
) -> str | None:
    """Name the group that a new customer comes into without being pushed into any."""
    if ruleset.rule("group_id") and values.get("group_id") is not None:
        return shop.groups.get(int(values["group_id"]))
    rule = grouping.matched(ruleset.groups, document, shop.groups)
    store_id = values.get("store_id") or shop.stores.default_store(website_id)
    default = ruleset.groups.otherwise or shop.settings.number(shop_groups.DEFAULT_GROUP, store_id=store_id)
    return shop.groups.get(rule.group_id if rule else default)


def _forms(rule: rules.Rule | None, value: Any, shop: shop.Shop) -> tuple[Any, ...]:
    """Give the forms in which a test may name a stored value: itself, and what a reader would call it."""
    if rule is None or value is None or value == "":
        return (None, "")
    forms: list[Any] = [value]
    labels = shop.options_of(rule.attribute) if rule.option else {}
    if rule.attribute.belonging:
        labels = placement.codes(shop, rule.target)
    if str(value).isdecimal() and int(value) in labels:
        forms.insert(0, labels[int(value)])
    if rule.attribute.type == "boolean":
        forms.insert(0, converters.to_boolean(value))
    return tuple(forms)
