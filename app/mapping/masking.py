"""In charge of what of a request may be kept to be read: passwords, tokens and masked attributes become a mark."""

import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.mapping import group_type, rules
from app.scim import attributes, errors, filters, leaves, paths, trees

MARK = "•••"
SECRET = re.compile(r"passw|secret|token|credential|api.?key", re.I)
TELLING = 4  # characters: a masked text of so many is looked for everywhere else in the request and its answer
KEPT = 16_384  # characters of a body
HEADERS = ("Content-Type", "Accept", "User-Agent", "If-Match", "If-None-Match", "X-Request-Id")
ANSWERED = ("Content-Type", "Location", "ETag", "Retry-After", "WWW-Authenticate")
UNKNOWN = re.compile(r"[^0-9A-Za-z/._~-]")


@dataclass(frozen=True)
class Kept:
    """A request and its answer as they may be read."""

    url: str
    body: str | None
    answer: str | None


@dataclass(frozen=True)
class Mask:
    """What one tenant's rules hide. A value that cannot be told from a hidden one is hidden too."""

    ruleset: rules.Ruleset

    @cached_property
    def types(self) -> Mapping[str, attributes.ResourceType]:
        """The resource types by their endpoints."""
        return {each.endpoint: each for each in (self.ruleset.accepted, group_type.ACCEPTED)}

    @cached_property
    def hidden(self) -> tuple[paths.Path, ...]:
        """The paths that rules with `mask` read."""
        every = (*self.ruleset.rules, *(field for address in self.ruleset.addresses for field in address.fields))
        masked = [rule for rule in every if rule.mask]
        read = (path for rule in masked for path in (*rule.reads(), *(rule.default.paths() if rule.default else ())))
        return tuple(dict.fromkeys(read))

    def covers(self, leaf: leaves.Leaf) -> bool:
        """Say whether a value may not be read."""
        if SECRET.search(leaf.name) or (leaf.attribute is not None and leaf.attribute.returned == "never"):
            return True
        if not self.hidden:
            return False
        if leaf.resource_type is not self.ruleset.accepted:
            return leaf.sub == "display"  # of a group's member
        return leaf.attribute is None or self._meets(leaf.urn, leaf.attribute, leaf.sub)

    def _meets(self, urn: str | None, attribute: attributes.Attribute | None, sub: str | None) -> bool:
        return any(
            path.urn == urn
            and (path.attribute is None or attribute is None or path.attribute.name == attribute.name)
            and (path.sub is None or sub is None or path.sub.name == sub)
            for path in self.hidden
        )

    def keep(self, url: str, endpoint: str, body: bytes | str | None, answer: bytes | str | None) -> Kept:
        """Mask a request and its answer; a text instead of bytes is a remark and stays as it is."""
        found = set[str]()
        told, said = (self._masked(data, endpoint, found) for data in (body, answer))
        url = self._url(url)
        for value in sorted(found, key=len, reverse=True):
            if len(value) >= TELLING:
                written = json.dumps(value, ensure_ascii=False)[1:-1]
                told, said = (text and text.replace(written, MARK) for text in (told, said))
                for form in (value, urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value)):
                    url = url.replace(form, MARK)
        return Kept(url[:2000], told and _cut(told), said and _cut(said))

    def _masked(self, data: bytes | str | None, endpoint: str, found: set[str]) -> str | None:
        if data is None or isinstance(data, str):
            return data
        if not data:
            return None
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            return f"({len(data)} bytes that are no JSON, not kept)"
        for leaf in list(leaves.walk(body, self.types, endpoint)):
            if leaf.key is not None and self.covers(leaf):
                found.update(_texts(leaf.value))
                leaf.holder[leaf.key] = MARK
        self._other(body)
        _sentences(body, found)
        return json.dumps(body, ensure_ascii=False, indent=1).encode("utf-8", "replace").decode()

    def _other(self, body: Any) -> None:
        """Mask what stands in a message beside values: the paths of a PATCH, a search's filter, a Bulk's paths."""
        if not self.hidden or not isinstance(body, dict):
            return
        for key, value in body.items():
            if key.casefold() == "filter" and isinstance(value, str) and self._asks(value):
                body[key] = MARK
            elif key.casefold() == "path" and isinstance(value, str):
                body[key] = self._path(value)
            elif key.casefold() in ("operations", "data"):
                for each in value if isinstance(value, list) else [value]:
                    self._other(each)

    def _path(self, text: str) -> str:
        path = leaves.parsed(text, self.ruleset.accepted)
        if path is None or path.filter is None:
            return self._place(text) if text.startswith("/") else text if path or leaves.NAMED.fullmatch(text) else MARK
        covered = self._meets(path.urn, path.attribute, None)
        return f"{path.top}[{MARK}]" + (f".{path.sub.name}" if path.sub else "") if covered else text

    def _url(self, url: str) -> str:
        path, mark, query = url.partition("?")
        if not self.hidden:
            return url
        shown = [
            (name, MARK if name.casefold() == "filter" and self._asks(value) else value)
            for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True)
        ]
        return self._place(path) + mark + urllib.parse.urlencode(shown, safe="•")

    def _place(self, path: str) -> str:
        """Mask a name that stands in a path where usually an id is."""
        before, _, last = path.rpartition("/")
        return f"{before}/{MARK}" if UNKNOWN.search(urllib.parse.unquote(last)) else path

    def _asks(self, text: str) -> bool:
        """Say whether a filter holds a value that may not be read."""
        try:
            node = filters.parse(text, self.ruleset.accepted)
        except errors.ScimError:
            return True
        return any(self._meets(path.urn, path.attribute, None) for path in trees.paths_of(node))


def _sentences(body: Any, found: set[str]) -> None:
    """Take masked texts out of the sentences of errors, however short they are."""
    for value in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
        _sentences(value, found)
    if isinstance(body, dict) and isinstance(body.get("detail"), str):
        for text in sorted(found - {""}, key=len, reverse=True):
            body["detail"] = body["detail"].replace(text, MARK)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case int() | float() if not isinstance(value, bool):
            yield str(value)
        case dict():
            for held in value.values():
                yield from _texts(held)
        case list():
            for held in value:
                yield from _texts(held)


def _cut(text: str) -> str:
    return text if len(text) <= KEPT else f"{text[:KEPT]}\n… (cut: {len(text)} characters in all)"
