"""Reads Magento's `app/etc/env.php`, a PHP file that returns one array, without PHP.

It knows literals only: what would have to be run stands in the array as a Computed that says where.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

TOKENS = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|\#[^\n]*|/\*.*?\*/)
      | (?P<single>'(?:[^'\\]|\\.)*')
      | (?P<double>"(?:[^"\\$]|\\.)*")
      | (?P<filled>"(?:[^"\\]|\\.)*")
      | (?P<number>[+-]?\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<mark>=>|->|::|\?>|[^'"])""",
    re.X | re.S,
)
WORDS = {"true": True, "false": False, "null": None}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "e": "\x1b", "f": "\f", "0": "\0"}


OPENING, CLOSING = "[({", "])}"
ENDS = ("=>", ",", ";", "]", ")", "")  # what may follow a value


class EnvError(ValueError):
    """The file is not what Magento writes; the message says what stands where."""


@dataclass(frozen=True)
class Computed:
    """A value that only PHP could work out: a call, a constant, a concatenation. Not shown: it may hold a password."""

    line: int


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    position = 0
    while position < len(text):
        match = TOKENS.match(text, position)
        line = text.count("\n", 0, position) + 1
        if match is None:
            raise EnvError(f"line {line}: cannot read {text[position : position + 20]!r}")
        position = match.end()
        if match.lastgroup != "skip":
            yield str(match.lastgroup), match[0], line
    while True:
        yield "end", "", text.count("\n") + 1


def _text(kind: str, token: str) -> str:
    inner = token[1:-1]
    if kind == "single":
        return re.sub(r"\\([\\'])", r"\1", inner)
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1] if m[1] in '"\\$' else m[0]), inner, flags=re.S)


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.token = next(self.tokens)

    def next(self) -> tuple[str, str, int]:
        """Step on and give the token stepped over."""
        over, self.token = self.token, next(self.tokens)
        return over

    def expect(self, mark: str) -> None:
        if self.token[1] != mark:
            raise EnvError(f"line {self.token[2]}: expected {mark!r}, found {self.token[1] or 'the end'!r}")
        self.next()

    def value(self) -> Any:
        """Read one value; a literal with something more behind it is no literal."""
        kind, token, line = self.next()
        value: Any = Computed(line)
        if kind in ("single", "double"):
            value = _text(kind, token)
        elif kind == "number":
            value = float(token) if "." in token else int(token)
        elif kind == "word" and token.lower() in WORDS:
            value = WORDS[token.lower()]
        elif token == "[":  # noqa: S105 - a bracket
            value = self.array("]")
        elif token.lower() == "array" and self.token[1] == "(":
            self.next()
            value = self.array(")")
        elif not token or token in CLOSING + ",;" or token == "=>":  # noqa: S105
            raise EnvError(f"line {line}: expected a value, found {token or 'the end'!r}")
        if self.token[0] in ("single", "double", "number") and not isinstance(value, Computed):
            raise EnvError(f"line {self.token[2]}: expected ',', found {self.token[1]!r}")
        if isinstance(value, Computed) or self.token[1] not in ENDS:
            self.skip(depth=int(token in ("(", "{")))
            return Computed(line)
        return value

    def skip(self, depth: int) -> None:
        """Step over the rest of a value that is no literal, `depth` brackets deep in it."""
        while self.token[0] != "end" and (depth or self.token[1] not in ENDS):
            _, token, _ = self.next()
            depth += (token in OPENING) - (token in CLOSING)

    def array(self, close: str) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        while self.token[1] != close:
            key: Any = len(result)
            value = self.value()
            if self.token[1] == "=>":
                self.next()
                line = self.token[2]
                key, value = value, self.value()
                if isinstance(key, dict):
                    raise EnvError(f"line {line}: an array cannot be a key")
            result[key] = value
            if self.token[1] != close:
                self.expect(",")
        self.next()
        return result


def parse(text: str) -> dict[Any, Any]:
    """Turn the text of an env.php into nested dicts (a PHP list gets the keys 0, 1, …).

    Raises EnvError with the line where the file is not one array.
    """
    reader, depth = _Reader(text), 0
    while depth or reader.token[1].lower() != "return":
        if reader.token[0] == "end":
            raise EnvError("the file returns nothing: expected <?php return [ … ];")
        _, token, _ = reader.next()
        depth += (token == "{") - (token == "}")  # noqa: S105 - a bracket
    reader.next()
    value = reader.value()
    if not isinstance(value, dict):
        raise EnvError("the file does not return an array")
    return value
