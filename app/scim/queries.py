"""In charge of what a list request asks: filter, attributes, sort and page, of a URL or of a .search body.

Sources: RFC 7644 sections 3.4.2 and 3.4.3, RFC 9865 section 2.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.scim import errors, messages, values

DEFAULT_COUNT = 100
MOST = 10**18  # no larger count or index means anything else; the database takes no number of more than 64 bits
_NUMBER = re.compile(r"[+-]?[0-9]+", re.ASCII)


@dataclass(frozen=True)
class Query:
    """One list request. `start` counts from 1; `cursor` "" is a first page by cursor, None a page by index.

    `asked` is the count as the client gave it, None where it gave none.
    """

    filter: str | None = None
    attributes: tuple[str, ...] | None = None
    excluded: tuple[str, ...] | None = None
    sort_by: str | None = None
    descending: bool = False
    start: int = 1
    count: int = DEFAULT_COUNT
    asked: int | None = None
    cursor: str | None = None

    def text(self) -> str:
        """Say what a cursor is bound to: all that decides which resources follow, and how they are shown."""
        return "\n".join(
            (
                str(self.filter),
                str(self.sort_by and self.sort_by.casefold()),
                str(self.descending),
                str(self.attributes),
                str(self.excluded),
            )
        )


def parse(parameters: Mapping[str, Any], *, max_count: int) -> Query:
    """Read a query's parameters; unknown ones are ignored.

    Raises InvalidFilter or InvalidValue for a parameter of a wrong type, InvalidCount for a page by cursor that is
    larger than `max_count` (RFC 9865 section 2.1); a page by index is cut to it.
    """
    text = _text(parameters, "filter")
    if text is not None and not text.strip():
        raise errors.InvalidFilter("The filter is empty.")
    asked = _number(parameters, "count")
    cursor = _text(parameters, "cursor")
    if cursor is not None and asked is not None and asked > max_count:
        raise errors.InvalidCount(f"count is larger than the largest page, {max_count}.")
    order = (_text(parameters, "sortOrder") or "ascending").casefold()
    if order not in ("ascending", "descending"):
        raise errors.InvalidValue(f"sortOrder is ascending or descending, not {values.quote(order)}.")
    wanted = DEFAULT_COUNT if asked is None else max(asked, 0)
    start = _number(parameters, "startIndex")
    wanted_names, excluded = shown(parameters)
    return Query(
        filter=text,
        attributes=wanted_names,
        excluded=excluded,
        sort_by=_text(parameters, "sortBy") or None,
        descending=order == "descending",
        start=max(start or 1, 1),
        count=min(wanted, max_count),
        asked=asked,
        cursor=cursor,
    )


def search(body: Mapping[str, Any], *, max_count: int, strict: bool = True) -> Query:
    """Read the body of a .search; `strict`: it must name its schema. Raises InvalidSyntax and what `parse` raises."""
    held = {name.casefold(): value for name, value in body.items()}
    urns = held.get("schemas")
    named = values.named(urns, messages.SEARCH_URN, alone=strict)
    if not named and (strict or urns not in (None, [])):
        raise errors.InvalidSyntax(f"schemas must hold {messages.SEARCH_URN!r}{' alone' if strict else ''}.")
    return parse({name: held.get(name.casefold()) for name in NAMES}, max_count=max_count)


NAMES = ("filter", "attributes", "excludedAttributes", "sortBy", "sortOrder", "startIndex", "count", "cursor")
LISTS = ("attributes", "excludedAttributes")
ANY_CASE = "query_names"  # what a profile may let pass: startindex=5; see profiles.ROWS for who sends it


def parameters(given: Iterable[tuple[str, str]], tolerances: frozenset[str], fired: set[str]) -> dict[str, str]:
    """Give the parameters of a URL that mean anything here; adds to `fired` the tolerance that was needed.

    Lists of names that are given several times are one list. Raises InvalidFilter or InvalidValue where anything else
    is given twice and differently: to choose one would be to guess.
    """
    known = {name.casefold(): name for name in NAMES}
    found: dict[str, str] = {}
    for key, value in given:
        name = key if key in NAMES else known.get(key.casefold(), "") if ANY_CASE in tolerances else ""
        if not name:
            continue
        if name != key:
            fired.add(ANY_CASE)
        if name in found and name not in LISTS and found[name] != value:
            kind = errors.InvalidFilter if name == "filter" else errors.InvalidValue
            raise kind(f"{name} is given twice.")
        found[name] = f"{found[name]},{value}" if name in found and name in LISTS else value
    return found


def shown(given: Mapping[str, Any]) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Give the names that an answer shows and those that it leaves out; raises InvalidValue where both are given."""
    wanted, excluded = names(given, "attributes"), names(given, "excludedAttributes")
    if wanted and excluded:
        raise errors.InvalidValue("attributes and excludedAttributes cannot be given together.")
    return wanted, excluded


def names(parameters: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    """Read a list of attribute names, of a URL (separated by commas) or of a body; None where there is none."""
    given = parameters.get(name)
    if given is None or given == "":
        return None
    found = given.split(",") if isinstance(given, str) else given
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise errors.InvalidValue(f"{name} must be a list of attribute names, not {values.quote(given)}.")
    return tuple(each.strip() for each in found if each.strip()) or None


def _text(parameters: Mapping[str, Any], name: str) -> str | None:
    given = parameters.get(name)
    if given is None or isinstance(given, str):
        return given
    kind = errors.InvalidFilter if name == "filter" else errors.InvalidValue
    raise kind(f"{name} must be a text, not {values.kind(given)}.")


def _number(parameters: Mapping[str, Any], name: str) -> int | None:
    given = parameters.get(name)
    if given is None or given == "":
        return None
    text = str(given).strip()
    if isinstance(given, bool) or not _NUMBER.fullmatch(text):
        raise errors.InvalidValue(f"{name} must be a whole number, not {values.quote(given)}.")
    digits = text.lstrip("+-0") or "0"
    number = int(digits) if len(digits) < len(str(MOST)) else MOST
    return -number if text.startswith("-") else number
