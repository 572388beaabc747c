"""In charge of comparing an answer with what was expected of it, both JSON values.

Of an object the named parts are compared, of a list all elements. In expected texts

    {id:ada}        is captured where an answer shows it for the first time and stands for it from then on
    <any> <absent>  there with whatever value; not there
    <text> <number> a text that is not empty; a number
    <has x>         a text in which x stands
    <lacks x>       a value in whose JSON x does not stand
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

PLACEHOLDER = re.compile(r"\{([a-z]+:[\w.-]+)\}")


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


@dataclass
class Names:
    """What the placeholders stand for by now."""

    known: dict[str, str] = field(default_factory=dict)

    def fill(self, value: Any) -> Any:
        """Put what is known into all texts of a JSON value; raises KeyError for a name that is not."""
        if isinstance(value, str):
            return PLACEHOLDER.sub(lambda match: self.known[match[1]], value)
        if isinstance(value, dict):
            return {key: self.fill(held) for key, held in value.items()}
        return [self.fill(held) for held in value] if isinstance(value, list) else value

    def told(self, text: str) -> str:
        """Put what is known into a text, and leave what is not."""
        return PLACEHOLDER.sub(lambda match: self.known.get(match[1], match[0]), text)

    def differences(self, expected: Any, found: Any, where: str = "", *, capture: bool = True) -> Iterator[str]:
        """Tell where something found is not as expected; captures what is not known yet."""
        if isinstance(expected, str):
            if not self.fits(expected, found, capture):
                yield f"{where}: expected {self.told(expected)!r}, found {found!r}"
        elif isinstance(expected, dict):
            if not isinstance(found, dict):
                yield f"{where}: expected an object, found {found!r}"
                return
            for key, value in expected.items():
                there = found.get(key, ABSENT)
                yield from self.differences(value, there, f"{where}.{key}" if where else key, capture=capture)
        elif isinstance(expected, list):
            if not isinstance(found, list) or len(found) != len(expected):
                yield f"{where}: expected {len(expected)} elements, found {found!r}"
                return
            for index, (value, there) in enumerate(zip(expected, found, strict=True)):
                yield from self.differences(value, there, f"{where}[{index}]", capture=capture)
        elif type(expected) is not type(found) or expected != found:
            yield f"{where}: expected {expected!r}, found {found!r}"

    def fits(self, expected: str, found: Any, capture: bool) -> bool:
        """Say whether a value is what a text with its signs and placeholders stands for."""
        match expected:
            case "<any>":
                return found is not ABSENT
            case "<absent>":
                return found is ABSENT
            case "<text>":
                return isinstance(found, str) and found != ""
            case "<number>":
                return isinstance(found, int | float) and not isinstance(found, bool)
        name = PLACEHOLDER.fullmatch(expected)
        if name and capture and name[1] not in self.known and isinstance(found, str):
            self.known[name[1]] = found
        wanted = self.told(expected)
        if wanted.startswith("<lacks ") and wanted.endswith(">"):
            return found is not ABSENT and wanted[7:-1] not in json.dumps(found)
        if wanted.startswith("<has ") and wanted.endswith(">"):
            return isinstance(found, str) and wanted[5:-1] in found
        return isinstance(found, str) and found == wanted
