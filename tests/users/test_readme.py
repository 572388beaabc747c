"""The terminal in README: what it shows of check, try and diff is what the program prints."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.users.conftest import ROOT, USER, Make
from tests.users.test_tools import Run, _whole, run

__all__ = ["run"]
README = (ROOT / "README.md").read_text()
SHIPPED = (ROOT / "mapping.yaml").read_text()
VARYING = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d| +$", re.M)  # times, and blanks after a table's title
TESTS = """
tests:
  - name: the least miniOrange sends
    given: {userName: Ada@Example.com, displayName: Ada Lovelace, active: true}
    expect: {customer.email: ada@example.com, customer.lastname: Lovlace, group: General}
"""
PEOPLE = (("ada", "Ada", "Lovelace"), ("grace", "Grace", "Hopper"), ("alan", "Alan", "Turing"))


def _shown() -> Iterator[tuple[str, str]]:
    """Walk the commands that README shows, each with what it prints."""
    for block in re.findall(r"^```console\n(.*?)^```$", README, re.S | re.M):
        yield from re.findall(r"^\$ magento-scim (.*)\n((?:(?!\$ ).*\n)*)", block, re.M)


def _other(old: str, new: str) -> str:
    assert old in SHIPPED
    return SHIPPED.replace(old, new)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """A folder with the files that README's commands name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    ada = {"schemas": [USER], "userName": "ada@corp.example", "name": {"givenName": "Ada", "familyName": "King"}}
    files = {
        "bad.yaml": _other("name.middleName", "name.midleName"),
        "tested.yaml": SHIPPED + TESTS,
        "new.yaml": _other("'{displayName | last_word}'}\n  middlename", "'{displayName | last_word}', transform: upper}\n  middlename"),
        "ada.json": json.dumps(ada),
        "mapping.yaml": SHIPPED,
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("number", range(len(list(_shown()))), ids=[command for command, _ in _shown()])
def test_what_readme_shows_is_what_the_program_prints(
    make: Make, run: Run, place: Path, database: sa.Engine, number: int
) -> None:
    command, printed = list(_shown())[number]
    scim = make(SHIPPED)
    scim.execute("ALTER TABLE {p}customer_entity AUTO_INCREMENT = 21")
    for name, given, family in PEOPLE:
        scim.create(userName=f"{name}@corp.example", name={"givenName": given, "familyName": family})
    for table, column in (("customer_entity", "updated_at"), ("scim_link", "modified_at")):
        scim.execute(f"UPDATE {{p}}{table} SET {column} = '2026-11-25 02:58:24'")
    before = _whole(database)
    done = run(*command.split())
    assert VARYING.sub("", done.output) == VARYING.sub("", printed)
    assert _whole(database) == before


def test_readme_shows_each_of_them() -> None:
    assert {command.split()[0] for command, _ in _shown()} == {"check", "try", "diff"}
