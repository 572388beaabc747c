"""In charge of `lifecycle` in mapping.yaml: how users leave, and what an identity provider may do at all."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.magento import doors
from app.mapping import rules
from app.mapping.reading import words
from app.mapping.yamlfile import Node

WORDS = ("deactivate", "delete", "returning", "purge", "protect", "breaker", "allow")
POLICIES = ("remove", "deactivate", "anonymize")
RETURNING = ("revive", "anew")
FINAL = ("anonymize", "remove")
SPAN = re.compile(r"([1-9][0-9]{0,4})([hdw])")
UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def read(reader: words.Reader, node: Node | None) -> rules.Lifecycle:
    """Read the section; what it does not say stays as rules.Lifecycle has it."""
    if node is None or not reader.mapping(node, "lifecycle"):
        return rules.Lifecycle()
    reader.known(node, WORDS, "lifecycle")
    readers: dict[str, Callable[[Node], Any]] = {
        "deactivate": lambda value: _several(reader, value, doors.EVERY, "lifecycle.deactivate"),
        "delete": lambda value: reader.choice(value, POLICIES, "lifecycle.delete"),
        "returning": lambda value: reader.choice(value, RETURNING, "lifecycle.returning"),
        "purge": lambda value: _purge(reader, value),
        "protect": lambda value: reader.each(value, lambda each: _protection(reader, each)),
        "breaker": lambda value: _breaker(reader, value),
        "allow": lambda value: _several(reader, value, rules.OPERATIONS, "lifecycle.allow"),
    }
    given: dict[str, Any] = {word: take(node.value[word]) for word, take in readers.items() if word in node.value}
    if "deactivate" in given and not given["deactivate"] & doors.STOPPING:
        stopping = " or ".join(sorted(doors.STOPPING))
        reader.note(node.keys["deactivate"], f"lifecycle.deactivate keeps nobody out: add {stopping}")
    return rules.Lifecycle(**given)


def _several(reader: words.Reader, node: Node, allowed: tuple[str, ...], what: str) -> frozenset[str]:
    nodes = node.value if isinstance(node.value, list) else [node]
    return frozenset(reader.choice(each, allowed, f"each of {what}") for each in nodes)


def _protection(reader: words.Reader, node: Node) -> rules.Protection | None:
    where = reader.condition(node, "protect")
    return rules.Protection(node.text, where) if where is not None else None


def _purge(reader: words.Reader, node: Node) -> rules.Purge | None:
    if not reader.mapping(node, "lifecycle.purge"):
        return None
    reader.known(node, ("after", "how"), "lifecycle.purge")
    how = reader.choice(node.value["how"], FINAL, "lifecycle.purge.how") if "how" in node.value else FINAL[0]
    after = node.value.get("after")
    span = SPAN.fullmatch(after.text) if after is not None else None
    if span is None:
        reader.note(after or node, "lifecycle.purge.after is a time such as 90d, 12h or 4w")
        return None
    return rules.Purge(timedelta(**{UNITS[span[2]]: int(span[1])}), how)


def _breaker(reader: words.Reader, node: Node) -> int | None:
    if not reader.mapping(node, "lifecycle.breaker"):
        return None
    reader.known(node, ("per_hour", "action"), "lifecycle.breaker")
    if "action" in node.value:
        reader.choice(node.value["action"], ("hold",), "lifecycle.breaker.action")
    limit = node.value.get("per_hour")
    if limit is None or isinstance(limit.value, bool) or not isinstance(limit.value, int) or limit.value < 0:
        reader.note(limit or node, "lifecycle.breaker.per_hour is a whole number from 0")
        return None
    return limit.value
