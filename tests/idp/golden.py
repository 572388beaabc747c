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

Answers and rows are compared, and placeholders filled, as `app.idp.comparison` says.
"""

import datetime
import decimal
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.idp import comparison
from app.mapping import group_ids
from app.scim import profiles

HERE = Path(__file__).parent
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


def row_differences(
    names: comparison.Names, table: str, expected: list[Any], found: list[dict[str, Any]]
) -> Iterator[str]:
    """Tell where the rows of a table are not as expected; a group's id stands in them as the number that it has."""
    names = comparison.Names({name: str(group_ids.number(held) or held) for name, held in names.known.items()})
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
    return (
        str(value) if isinstance(wanted, str) and comparison.PLACEHOLDER.search(wanted) and value is not None else value
    )
