"""In charge of the group of a user who is a member of none: what `groups.rules` and `groups.otherwise` say.

For identity providers that push no groups: the names of a user's groups come with the user, or its attributes tell.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.mapping import bridges, rules
from app.scim import filters, memberships

Resource = dict[str, Any]


def matched(groups: rules.Groups, document: Mapping[str, Any], there: Iterable[int]) -> rules.GroupRule | None:
    """Find the first rule that holds for a document, of those whose group is still among the shop's (`there`)."""
    named = [name_of(each) for each in document.get("groups") or ()]
    there = set(there)
    return next((rule for rule in groups.rules if rule.group_id in there and _holds(rule, document, named)), None)


def _holds(rule: rules.GroupRule, document: Mapping[str, Any], named: Iterable[str]) -> bool:
    if rule.when is not None and not filters.evaluate(rule.when, document):
        return False
    return rule.idp is None or any(fits(rule.idp, name) for name in named)


def fits(pattern: str, name: str) -> bool:
    """Say whether a name is of a pattern's form: `*` is any text, case does not count."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.I | re.S) is not None


def name_of(group: Any) -> str:
    """Give the name of a group as it stands on a user: its display, else its value."""
    if isinstance(group, Mapping):
        return str(group.get("display") or group.get("value") or "")
    return str(group)


def settled(bridge: bridges.Bridge, document: Mapping[str, Any], store_id: int | None) -> int:
    """Give the group of a user who is a member of none: by the rules, else `otherwise`, else the shop's default."""
    groups, there = bridge.ruleset.groups, bridge.shop.groups
    rule = matched(groups, document, there)
    if rule is not None:
        return rule.group_id
    if groups.otherwise is not None and groups.otherwise in there:
        return groups.otherwise
    return bridge.default_group(store_id)


def told(document: Resource, before: Mapping[str, Any], changes: Iterable[memberships.Change]) -> Resource:
    """Give the document with the names of groups that a request leaves: those `before`, as its changes change them."""
    names = [name_of(each) for each in before.get("groups") or ()]
    for change in changes:
        given = change.groups or ()
        if change.op == "replace":
            names = list(given)
        elif change.op == "add":
            names += [name for name in given if name not in names]
        else:
            names = [name for name in names if change.groups is not None and name not in given]
    rest = {key: value for key, value in document.items() if key != "groups"}
    return {**rest, "groups": [{"display": name} for name in names]} if names else rest
