"""In charge of one rule of mapping.yaml: a line that says how one attribute of the shop is filled, and shown."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

from app.magento import catalog
from app.mapping import converters, rules
from app.mapping.reading import sense, words
from app.mapping.yamlfile import Node

CHOICES = {
    "direction": ("in", "out", "inout", "off"),
    "write": ("always", "create", "if_empty"),
    "on_null": ("clear", "keep", "error"),
    "on_absent": ("clear", "keep"),
    "on_invalid": ("reject", "drop", "default"),
    "type": tuple(converters.TYPES),
}
OPTION = {"match": ("label", "admin_label", "id"), "missing": ("reject", "drop", "create")}
FLAGS = ("trim", "required", "unique", "mask")
DEFAULTS = ("direction", "write", "on_null", "on_absent", "on_invalid", "trim")
VALUES = (
    "from",
    "const",
    "template",
    "default",
    "when",
    "otherwise",
    "transform",
    "lookup",
    "option",
    "max_length",
    "out",
)
RULE = (*VALUES, *CHOICES, *FLAGS)


def read(
    reader: words.Reader,
    attributes: Mapping[str, catalog.Attribute],
    key: Node,
    node: Node,
    whose: str = "customers",
) -> rules.Rule | None:
    """Read one line: the shop's attribute, and where its value comes from; None where there is no such attribute.

    `attributes`: those that there are, by their codes, and `whose`.
    """
    attribute = attributes.get(key.text)
    if attribute is None:
        reader.note(key, f"the shop's {whose} have no attribute {key.text!r}", key.text, attributes)
        return None
    if not isinstance(node.value, dict):
        node = Node({"from": node}, node.line, node.column, {"from": Node("from", node.line, node.column, text="from")})
    reader.known(node, RULE, f"the rule for {key.text}")
    rule = _words(reader, key, node, attribute)
    sense.check(reader, key, node, rule)
    return rule


def _words(reader: words.Reader, key: Node, node: Node, attribute: catalog.Attribute) -> rules.Rule:
    given: dict[str, Any] = dict(reader.defaults)
    readers: dict[str, Callable[[Node], Any]] = {
        "when": reader.condition,
        "template": reader.template,
        "default": reader.template,
        "out": reader.shown,
        "lookup": reader.lookup,
        "option": functools.partial(_option, reader),
        "transform": lambda value: reader.each(value, reader.call),
        "const": Node.plain,
        "otherwise": Node.plain,
        "max_length": functools.partial(_length, reader),
    }
    readers |= {word: functools.partial(reader.choice, allowed=CHOICES[word], what=word) for word in CHOICES}
    readers |= {word: functools.partial(reader.flag, what=word) for word in FLAGS}
    given |= {word: read(node.value[word]) for word, read in readers.items() if word in node.value}
    sources = reader.each(node.value["from"], reader.source) if "from" in node.value else ()
    if "direction" not in node.value and given.get("direction", "inout") == "inout" and not reader.shows(sources):
        given["direction"] = "in"
    if attribute.has_options:
        given.setdefault("option", rules.Option())
    given.setdefault("type", "string" if given.get("option") or attribute.belonging else attribute.type)
    return rules.Rule(target=key.text, attribute=attribute, line=key.line, sources=sources, **given)


def _length(reader: words.Reader, node: Node) -> int | None:
    if not isinstance(node.value, int) or node.value < 1:
        reader.note(node, f"max_length is a whole number from 1, not {node.kind}")
        return None
    return node.value


def _option(reader: words.Reader, node: Node) -> rules.Option:
    if isinstance(node.value, dict):
        reader.known(node, OPTION, "option")
        given = {key: allowed for key, allowed in OPTION.items() if key in node.value}
        return rules.Option(
            **{key: reader.choice(node.value[key], allowed, f"option.{key}") for key, allowed in given.items()}
        )
    return rules.Option(reader.choice(node, OPTION["match"], "option"))
