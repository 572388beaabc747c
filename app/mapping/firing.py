"""In charge of which rules a change was made by: a rule fires when it gives a value that is written."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from app.magento import changes, shop
from app.mapping import grouping, rules

ADDRESS = "customer_address_entity"


def name(rule: rules.GroupRule, there: Mapping[int, str]) -> str:
    """Name a rule under `groups.rules`: what it asks, and the group that it gives."""
    asked = [f"idp {rule.idp}"] if rule.idp is not None else []
    asked += [f"when {rule.when}"] if rule.when is not None else []
    return f"group {there.get(rule.group_id, rule.group_id)} {' and '.join(asked)}"


def addresses(done: Iterable[changes.RowChange]) -> set[int]:
    """List the addresses that were written."""
    return {_id(each) for each in done if each.after is not None and each.table.startswith(ADDRESS)}


def of(
    ruleset: rules.Ruleset, magento: shop.Shop, done: Iterable[changes.RowChange], named: Mapping[int, str]
) -> Counter[str]:
    """Count the rules that gave the values of executed changes; `named`: address -> its entry in the file.

    Names are the shop's attribute for a rule of customers, entry and attribute for one of addresses (`work.city`).
    """
    found: Counter[str] = Counter()
    done = list(done)
    for change in done:
        if change.after is None:
            continue
        if change.table.startswith(ADDRESS):
            entry = next((each for each in ruleset.addresses if each.name == named.get(_id(change))), None)
            targets = _targets(change, entry.fields) if entry else ()
            found.update(f"{entry.name}.{target}" for target in targets if entry)
        elif change.table.startswith("customer_entity"):
            found.update(_targets(change, ruleset.rules))
            if "group_id" in change.after and ruleset.groups.rules:
                found.update(_grouped(ruleset, magento, done))
        elif change.table == "newsletter_subscriber":
            found.update(["newsletter"] if ruleset.rule("newsletter") else [])
    return found


def _id(change: changes.RowChange) -> int:
    return int(change.key.get("entity_id") or 0)


def _targets(change: changes.RowChange, own: Iterable[rules.Rule]) -> list[str]:
    """List the rules that filled columns of a row: those of a new row only where there is a value."""
    after = {column: value for column, value in (change.after or {}).items() if change.before is not None or value}
    found = []
    for rule in own:
        attribute = rule.attribute
        static = attribute.static or change.key.get("attribute_id") == attribute.attribute_id
        if rule.goes_in and attribute.table == change.table and attribute.column in after and static:
            found.append(rule.target)
    return found


def _grouped(ruleset: rules.Ruleset, magento: shop.Shop, done: Iterable[changes.RowChange]) -> Iterable[str]:
    """Name the rule for groups that a written document fulfils."""
    for change in done:
        text: Any = (change.after or {}).get("document") if change.table == "scim_link" else None
        if isinstance(text, str):
            rule = grouping.matched(ruleset.groups, json.loads(text), magento.groups)
            return [name(rule, magento.groups)] if rule else []
    return []
