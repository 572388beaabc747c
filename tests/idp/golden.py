"""Golden files: how they are read, and how an answer or a table is compared with what they say.

A file is one story: an object with `about` (what, and who sends it so), `steps`, and where it needs them

    profiles      under which it runs; else its folder's and `lenient`; of the folder `every` all but `strict`
    switches      of the profile that are set otherwise for it: {"unknown_member": "ignore"}
    mapping       rules of mapping.yaml that are others for it: {"firstname": "[name.givenName, userName]"}
    headers       that all its requests have; null takes one away
    requirements  the numbers of the requirements that it shows
    open          a date and a sentence: it is known to fail

A step is an object with

    step      what happens, in words
    request   method, path (below /scim/v2 unless `base` says otherwise), query, headers, body (a text is sent as it is)
    answer    status, headers, body, within (milliseconds); or these by the name of the profile (or `others`)
    rows      table -> the rows in it that were not there, or not so, before the story: all of them, in order
    needs     the tolerances that fire, all of them (where strict refuses: `refuses`, the tolerances it does not have)

Of an object in an answer or a row the named parts are compared, of a list all elements. In texts

    {id:ada}        is captured where an answer shows it for the first time and stands for it from then on
    <any> <absent>  there with whatever value; not there
    <text> <number> a text that is not empty; a number
    <has x>         a text in which x stands
    <lacks x>       a value in whose JSON x does not stand
"""

import datetime
import decimal
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.scim import profiles

HERE = Path(__file__).parent
PLACEHOLDER = re.compile(r"\{([a-z]+:[\w.-]+)\}")
WORDS = {
    "file": {"about", "profiles", "switches", "mapping", "headers", "requirements", "open", "steps"},
    "step": {"step", "request", "answer", "rows", "needs", "refuses"},
    "request": {"method", "base", "path", "query", "headers", "body"},
    "answer": {"status", "headers", "body", "within"},
}


@dataclass(frozen=True)
class Story:
    """One golden file."""

    name: str
    profiles: tuple[str, ...]
    steps: tuple[dict[str, Any], ...]
    switches: Mapping[str, Any]
    mapping: Mapping[str, str]
    headers: Mapping[str, Any]
    requirements: tuple[int, ...]
    open: str | None

    @property
    def folder(self) -> str:
        """The identity provider."""
        return self.name.partition("/")[0]

    @property
    def tables(self) -> list[str]:
        """The tables that it looks at."""
        return sorted({table for step in self.steps for table in step.get("rows", ())})

    def noted(self, word: str) -> set[str]:
        """Collect the tolerances under `needs` or `refuses`."""
        return {name for step in self.steps for name in step.get(word, ())}


def stories() -> list[Story]:
    """Read all golden files, in the order of their names."""
    return [read(path) for path in sorted(HERE.glob("*/*.json"))]


def read(path: Path) -> Story:
    """Read a golden file; raises ValueError for a word that it cannot have."""
    name = path.relative_to(HERE).as_posix()
    content = json.loads(path.read_text(encoding="utf-8"))
    _check(name, "file", content)
    for step in content["steps"]:
        _check(name, "step", step)
        _check(name, "request", step["request"])
        for answer in answers(step["answer"]).values():
            _check(name, "answer", answer)
    folder = path.parent.name
    usual = {"strict": ["strict"], "every": [profile for profile in profiles.PROFILES if profile != "strict"]}
    return Story(
        name,
        tuple(content.get("profiles", usual.get(folder, [folder, "lenient"]))),
        tuple(content["steps"]),
        content.get("switches", {}),
        content.get("mapping", {}),
        content.get("headers", {}),
        tuple(content.get("requirements", ())),
        content.get("open"),
    )


def answers(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the expected answers by profile; "others" stands for all that are not named."""
    return {"others": given} if "status" in given else given


def _check(name: str, what: str, given: Mapping[str, Any]) -> None:
    if wrong := set(given) - WORDS[what]:
        raise ValueError(f"{name}: a {what} has no {', '.join(sorted(wrong))}")


# --- comparing ---


@dataclass
class Names:
    """What the placeholders of a story stand for by now."""

    known: dict[str, str] = field(default_factory=dict)

    def fill(self, value: Any) -> Any:
        """Put what is known into all texts of a JSON value; raises KeyError for a name that is not."""
        if isinstance(value, str):
            return PLACEHOLDER.sub(lambda match: self.known[match[1]], value)
        if isinstance(value, dict):
            return {key: self.fill(held) for key, held in value.items()}
        return [self.fill(held) for held in value] if isinstance(value, list) else value

    def differences(self, expected: Any, found: Any, where: str = "", *, capture: bool = True) -> Iterator[str]:
        """Tell where something found is not as expected; captures what is not known yet."""
        if isinstance(expected, str):
            if not self.fits(expected, found, capture):
                told = PLACEHOLDER.sub(lambda match: self.known.get(match[1], match[0]), expected)
                yield f"{where}: expected {told!r}, found {found!r}"
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
        wanted = PLACEHOLDER.sub(lambda match: self.known.get(match[1], match[0]), expected)
        if wanted.startswith("<lacks ") and wanted.endswith(">"):
            return found is not ABSENT and wanted[7:-1] not in json.dumps(found)
        if wanted.startswith("<has ") and wanted.endswith(">"):
            return isinstance(found, str) and wanted[5:-1] in found
        return isinstance(found, str) and found == wanted


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


def row_differences(names: Names, table: str, expected: list[Any], found: list[dict[str, Any]]) -> Iterator[str]:
    """Tell where the rows of a table are not as expected."""
    if len(expected) != len(found):
        yield f"{table}: expected {len(expected)} rows, found {len(found)}: {found}"
        return
    for index, (wanted, row) in enumerate(zip(expected, found, strict=True)):
        plain = {column: _plain(value, wanted.get(column)) for column, value in row.items()}
        yield from names.differences(wanted, plain, f"{table}[{index}]", capture=False)


def _plain(value: Any, wanted: Any) -> Any:
    """Give a column's value as JSON has it; a document that is compared as an object as one."""
    if isinstance(wanted, dict) and isinstance(value, str):
        return json.loads(value)
    if isinstance(value, datetime.datetime | datetime.date | decimal.Decimal):
        return str(value)
    return str(value) if isinstance(wanted, str) and PLACEHOLDER.search(wanted) and value is not None else value
