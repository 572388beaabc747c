"""Reads YAML 1.2 strictly and keeps for every word where it stands.

Strict: `NO` is Norway, `12:30` and `0123` are text, a repeated key or an alias is a problem; tags make nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import ruamel.yaml
from ruamel.yaml import nodes

WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z")


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in a file: line and column count from 1."""

    line: int
    column: int
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        hint = f"; did you mean {self.suggestion!r}?" if self.suggestion else ""
        return f"{self.line}:{self.column}: {self.message}{hint}"


@dataclass(frozen=True)
class Node:
    """A value and its place. `value` is a scalar, a list of Nodes, or a dict of key text to Node.

    `keys` gives the place of each key of a dict; `plain` is False for a quoted scalar.
    """

    value: Any
    line: int
    column: int
    keys: dict[str, "Node"] = field(default_factory=dict)
    text: str = ""

    @property
    def kind(self) -> str:
        """Name what stands here, in the words of a message."""
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        return "nothing" if self.value is None else repr(self.text)

    def plain(self) -> Any:
        """Give the value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def items(self) -> "Iterator[tuple[Node, Node]]":
        """Walk a dict as pairs of key node and value node."""
        for key, node in self.value.items():
            yield self.keys[key], node

    def problem(self, message: str, suggestion: str | None = None) -> Problem:
        """Say that something is wrong here."""
        return Problem(self.line, self.column, message, suggestion)


def _scalar(node: nodes.ScalarNode) -> Any:
    text = node.value
    if node.style is not None:
        return text
    if text in WORDS:
        return WORDS[text]
    if INTEGER.match(text):
        return int(text)
    if DECIMAL.match(text):
        return float(text)
    return text


def _convert(node: Any, problems: list[Problem], anchors: set[int]) -> Node:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if id(node) in anchors:
        problems.append(Problem(line, column, f"an alias to line {line} is not allowed: write the value out"))
        return Node(None, line, column)
    if isinstance(node, nodes.ScalarNode):
        return Node(_scalar(node), line, column, text=node.value)
    anchors.add(id(node))
    if isinstance(node, nodes.SequenceNode):
        return Node([_convert(item, problems, anchors) for item in node.value], line, column)
    values: dict[str, Node] = {}
    keys: dict[str, Node] = {}
    for key_node, value_node in node.value:
        key = _convert(key_node, problems, anchors)
        if not isinstance(key_node, nodes.ScalarNode):
            problems.append(key.problem("a key must be a word"))
        elif key.text in values:
            problems.append(
                key.problem(f"the key {key.text!r} stands here a second time (first in line {keys[key.text].line})")
            )
        else:
            keys[key.text] = key
            values[key.text] = _convert(value_node, problems, anchors)
    return Node(values, line, column, keys)


def read(text: str) -> tuple[Node, list[Problem]]:
    """Read one YAML document.

    Returns the tree and every problem of its form; a file that is no YAML at all gives an empty mapping and one
    problem.
    """
    yaml = ruamel.yaml.YAML(typ="safe", pure=True)
    problems: list[Problem] = []
    try:
        root = yaml.compose(text)
    except ruamel.yaml.error.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = " ".join(part for part in (error.context, error.problem) if part)
        return Node({}, 1, 1), [Problem(line, column, f"this is not YAML: {message}")]
    except ruamel.yaml.error.YAMLError as error:
        return Node({}, 1, 1), [Problem(1, 1, f"this is not YAML: {error}")]
    if root is None:
        return Node({}, 1, 1), [Problem(1, 1, "the file is empty")]
    return _convert(root, problems, set()), problems
