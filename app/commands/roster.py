"""In charge of reading whom an identity provider has out of a file: SCIM as JSON, JSON lines, or a CSV export."""

import csv
import io
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import config

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
SAMPLE = 8192  # characters from which a CSV's delimiter is guessed
WORK = "emails.work"
# What exports call an attribute, without regard to case, blanks and punctuation.
COLUMNS = {
    **dict.fromkeys(("username", "login", "userprincipalname"), "userName"),
    **dict.fromkeys(("email", "emails", "mail", "emailaddress", "primaryemail", "workemail"), WORK),
    **dict.fromkeys(("externalid", "objectid"), "externalId"),
    **dict.fromkeys(("firstname", "givenname", "namegivenname"), "name.givenName"),
    **dict.fromkeys(("lastname", "surname", "familyname", "namefamilyname"), "name.familyName"),
    **dict.fromkeys(("displayname", "fullname"), "displayName"),
    "active": "active",
}
NAMES = frozenset({"name.givenName", "name.familyName", "displayName"})
STAND_IN = {"givenName": "Unknown", "familyName": "Unknown"}  # where a file has no names, so that a shop may want some
SWITCH = {
    **dict.fromkeys(("true", "1", "yes", "active"), True),
    **dict.fromkeys(("false", "0", "no", "inactive"), False),
}
Person = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True)
class Roster:
    """The users of a file as bodies of POSTs, with their places; `ignored`: columns that say nothing to us."""

    people: tuple[Person, ...]
    ignored: tuple[str, ...] = ()
    unnamed: bool = False


def read(path: Path) -> Roster:
    """Read a file, `-` for standard input; raises config.Refused where it is none of the known ones."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise config.Refused(f"{path} cannot be read as UTF-8 text: {error}.") from error
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise config.Refused(f"{path} is empty.")
    found = _json(path, text) if text.lstrip()[0] in "{[" else _csv(path, text)
    if not found.people:
        raise config.Refused(f"{path} has no users.")
    return found


def _json(path: Path, text: str) -> Roster:
    try:
        whole = json.loads(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            whole = [json.loads(line) for line in lines]
        except ValueError as error:
            raise config.Refused(f"{path} is neither JSON nor JSON lines: {error}.") from error
    users = list(_users(whole))
    wrong = next((place for place, each in enumerate(users, 1) if not isinstance(each, dict)), None)
    if wrong is not None:
        raise config.Refused(f"{path}: user {wrong} is no JSON object.")
    return Roster(tuple((place, {"schemas": [USER], **each}) for place, each in enumerate(users, 1)))


def _users(whole: Any) -> Iterator[Any]:
    """Take apart a list, a ListResponse, several of them in a row (pages), or one user."""
    for each in whole if isinstance(whole, list) else [whole]:
        key = next((key for key in each if key.casefold() == "resources"), None) if isinstance(each, dict) else None
        if key is None:
            yield each
        else:
            yield from each[key] if isinstance(each[key], list) else [each[key]]


def _csv(path: Path, text: str) -> Roster:
    try:
        dialect: Any = csv.Sniffer().sniff(text[:SAMPLE].splitlines()[0], ",;\t|")
    except csv.Error:
        dialect = csv.excel  # one column
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), dialect, strict=True))
    except csv.Error as error:
        raise config.Refused(f"{path} is no CSV: {error}.") from error
    columns = [_column(header) for header in rows[0]]
    if "userName" not in columns and WORK not in columns:
        raise config.Refused(f"{path}: no column is userName or email. The first line names the columns.")
    unnamed = not NAMES & set(columns)
    people = [(place, _body(path, place, columns, row, unnamed)) for place, row in enumerate(rows[1:], 1) if any(row)]
    ignored = tuple(header for header, column in zip(rows[0], columns, strict=True) if column is None)
    return Roster(tuple(people), ignored, unnamed)


def _column(header: str) -> str | None:
    """Find out which attribute a column is; an extension's by its URN."""
    header = header.strip()
    if header.casefold().startswith("urn:") and header.count(":") > 2:
        return header
    return COLUMNS.get("".join(letter for letter in header.casefold() if letter.isalnum()))


def _body(path: Path, place: int, columns: list[str | None], row: list[str], unnamed: bool) -> dict[str, Any]:
    """Make the body of a user of a line of the CSV: without userName, its e-mail is that."""
    body: dict[str, Any] = {"schemas": [USER]}
    if len(row) > len(columns):
        raise config.Refused(f"{path}: user {place} has {len(row)} columns, the first line {len(columns)}.")
    for column, cell in zip(columns, (cell.strip() for cell in row), strict=False):
        if column is None or not cell:
            continue
        if column == WORK:
            body["emails"] = [{"value": cell, "type": "work", "primary": True}]
        elif column == "active":
            body["active"] = SWITCH.get(cell.casefold(), cell)
        elif column.casefold().startswith("urn:"):
            urn, _, name = column.rpartition(":")
            body.setdefault(urn, {})[name] = cell
            body["schemas"] = list(dict.fromkeys((*body["schemas"], urn)))
        elif column.startswith("name."):
            body.setdefault("name", {})[column.removeprefix("name.")] = cell
        else:
            body[column] = cell
    if "userName" not in body and "emails" in body:
        body["userName"] = body["emails"][0]["value"]
    return {**body, "name": STAND_IN} if unnamed else body
