"""In charge of cutting a filter or path into words. It knows no attribute and no grammar."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["name", "string", "number", "sign", "bare", "end"]

# One pattern, tried at each position in this order. A name takes its URN along: the grammar cannot tell where a URN
# ends, the resource type can. `bare` is anything else up to a space, bracket or quote: an unquoted value.
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    | (?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")
    | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?=[\s()\[\]]|$))
    | (?P<sign>[()\[\]])
    | (?P<sub>\.[A-Za-z$][A-Za-z0-9$_-]*)
    | (?P<name>[A-Za-z$](?:[A-Za-z0-9$_.:/%+=@;!*',~?#&-]*[A-Za-z0-9$_-])?(?=[\s()\[\]"]|$))
    | (?P<bare>[^\s()\[\]"]+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word with the place where it begins (0-based). `value` is the JSON value of a string or number."""

    kind: Kind | Literal["sub"]
    text: str
    start: int
    value: Any = None

    @property
    def word(self) -> str:
        """The text for comparing with keywords."""
        return self.text.lower()


class BadText(Exception):
    """A place in the text that is no word: an open quote, a bad escape, a number out of range."""

    def __init__(self, reason: str, start: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.start = start


def split(text: str) -> list[Token]:
    """Cut a text into words, the last of kind "end"; raises BadText."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise BadText("a string that is not closed, or has a control character", place)
        kind: Any = match.lastgroup
        if kind != "space":
            found.append(Token(kind, match[0], place, _value(kind, match[0], place)))
        place = match.end()
    found.append(Token("end", "", len(text)))
    return found


def _value(kind: str, text: str, start: int) -> Any:
    if kind == "string":
        try:
            value = json.loads(text)
            value.encode()
        except ValueError as error:
            raise BadText("a string with a bad escape", start) from error
        return value
    if kind == "number":
        try:
            value = json.loads(text)
        except ValueError as error:  # more digits than Python converts
            raise BadText("a number out of range", start) from error
        if value in (float("inf"), float("-inf")):
            raise BadText("a number out of range", start)
        return value
    return None
