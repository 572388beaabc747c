"""In charge of reading what we know of each identity provider: a file each in providers/, checked as it is read.

A file has

    title profile guide   its name for people, the profile that fits, the guide below docs/connect
    where                 where to click, in order
    fields                what the screen asks for: label -> value, with {url} and {token}
    attributes groups     the rows of its mapping screens: [theirs, ours, what to know of it]
    switches              [its name, what to set it to, what the shop does because of it]
    notes                 what else must be known
    headers parts         what it sends: headers of all its requests, and parts that are independent of each other

A part has a name (`part`), `steps`, and `only`: the profile without which it is not expected to work. A step has

    step      what happens, in words
    send      method and path, below the base URL
    query headers body    of the request; a header that is null is left out
    status    of the answer, or several that are right
    answer    what its body must have, as `comparison` says
    pages     the list is read to its end in pages of so many, at most ten of them

`{mail:x}`, `{key:x}` and `{group:x}` are made up once per run: see `fictions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ruamel.yaml

FOLDER = Path(__file__).parent / "providers"
WORDS = {
    "provider": {
        *("title", "profile", "guide", "where", "fields", "attributes", "groups", "switches", "notes", "headers"),
        *("parts", "bodies"),
    },
    "part": {"part", "only", "steps"},
    "step": {"step", "send", "query", "headers", "body", "status", "answer", "pages"},
}


@dataclass(frozen=True)
class Row:
    """A row of a mapping screen: the provider's own attribute, the SCIM path, what to know of it."""

    theirs: str
    ours: str
    note: str


@dataclass(frozen=True)
class Switch:
    """A switch of a provider's screen, how to set it, and what the shop does because of it."""

    name: str
    setting: str
    effect: str


@dataclass(frozen=True)
class Step:
    """One request and what must come back."""

    title: str
    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, str | None]
    body: Any
    status: tuple[int, ...]
    answer: Mapping[str, Any]
    pages: int | None


@dataclass(frozen=True)
class Part:
    """Steps that build on each other. `only`: the profile without which they are not expected to work."""

    name: str
    only: str | None
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Provider:
    """One identity provider."""

    name: str
    title: str
    profile: str | None
    guide: str
    where: tuple[str, ...]
    fields: Mapping[str, str]
    attributes: tuple[Row, ...]
    groups: tuple[Row, ...]
    switches: tuple[Switch, ...]
    notes: tuple[str, ...]
    parts: tuple[Part, ...]


def names() -> list[str]:
    """List all identity providers, in the order of the alphabet."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def simulated() -> list[str]:
    """List those that can be played."""
    return [name for name in names() if get(name).parts]


def get(name: str) -> Provider:
    """Read one of `names`; raises ValueError for a word that its file cannot have."""
    content = ruamel.yaml.YAML(typ="safe", pure=True).load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    _check(name, "provider", content)
    headers = content.get("headers", {})
    return Provider(
        name,
        content["title"],
        content.get("profile"),
        content["guide"],
        tuple(content.get("where", ())),
        content.get("fields", {}),
        tuple(Row(*row) for row in content.get("attributes", ())),
        tuple(Row(*row) for row in content.get("groups", ())),
        tuple(Switch(*row) for row in content.get("switches", ())),
        tuple(content.get("notes", ())),
        tuple(_part(name, part, headers) for part in content.get("parts", ())),
    )


def _part(name: str, content: Mapping[str, Any], headers: Mapping[str, Any]) -> Part:
    _check(name, "part", content)
    return Part(content["part"], content.get("only"), tuple(_step(name, step, headers) for step in content["steps"]))


def _step(name: str, content: Mapping[str, Any], headers: Mapping[str, Any]) -> Step:
    _check(name, "step", content)
    method, _, path = content["send"].partition(" ")
    status = content["status"]
    return Step(
        content["step"],
        method,
        path,
        content.get("query", {}),
        {**headers, **content.get("headers", {})},
        content.get("body"),
        tuple(status) if isinstance(status, list) else (status,),
        content.get("answer", {}),
        content.get("pages"),
    )


def _check(name: str, what: str, content: Mapping[str, Any]) -> None:
    wrong = set(content) - WORDS[what]
    if wrong:
        raise ValueError(f"{name}: a {what} has no {', '.join(sorted(wrong))}")
