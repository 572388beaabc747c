"""Reads Magento's `app/etc/env.php`, a PHP file that returns one literal array, without PHP.

It knows literals only: anything that would have to be run is an error that says where.
"""

import re
from collections.abc import Iterator
from typing import Any

TOKENS = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|\#[^\n]*|/\*.*?\*/)
      | (?P<single>'(?:[^'\\]|\\.)*')
      | (?P<double>"(?:[^"\\$]|\\.)*")
      | (?P<number>[+-]?\d+(?:\.\d+)?)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<mark>=>|[\[\](),;])""",
    re.X | re.S,
)
WORDS = {"true": True, "false": False, "null": None}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "e": "\x1b", "f": "\f", "0": "\0"}


class EnvError(ValueError):
    """The file is not what Magento writes; the message says what stands where."""


def _tokens(text: str, start: int) -> Iterator[tuple[str, str, int]]:
    position = start
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
    def __init__(self, text: str, start: int) -> None:
        self.tokens = _tokens(text, start)
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
        kind, token, line = self.next()
        if kind in ("single", "double"):
            return _text(kind, token)
        if kind == "number":
            return float(token) if "." in token else int(token)
        if kind == "word" and token.lower() in WORDS:
            return WORDS[token.lower()]
        if token == "[":  # noqa: S105 - a bracket
            return self.array("]")
        if token.lower() == "array":
            self.expect("(")
            return self.array(")")
        raise EnvError(f"line {line}: {token or 'the end'!r} is not a literal value")

    def array(self, close: str) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        while self.token[1] != close:
            key: Any = len(result)
            value = self.value()
            if self.token[1] == "=>":
                self.next()
                key, value = value, self.value()
            result[key] = value
            if self.token[1] != close:
                self.expect(",")
        self.next()
        return result


def parse(text: str) -> dict[Any, Any]:
    """Turn the text of an env.php into nested dicts (a PHP list gets the keys 0, 1, …).

    Raises EnvError with the line where the file is no literal array.
    """
    start = re.search(r"\breturn\b", text)
    if start is None:
        raise EnvError("the file returns nothing: expected <?php return [ … ];")
    value = _Reader(text, start.end()).value()
    if not isinstance(value, dict):
        raise EnvError("the file does not return an array")
    return value
