"""The golden files of this folder's folders, one test per file and profile. What a file is: see `golden`.

A new quirk of an identity provider is a row in app/scim/profiles.py and a file here.
"""

import json
import time
from datetime import UTC, datetime
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from app.idp import comparison
from app.ledger import tables, tokens
from app.scim import profiles
from tests.idp import golden
from tests.idp.conftest import AppOf

STORIES = golden.stories()
SHOWN = 2000  # characters of an answer in a message
UNCOUNTED = {"loose_formats"}  # a check that is not made, rather than a body that is rewritten


def cases() -> list[Any]:
    """Make a test of every file under every profile that it names."""
    found = []
    for story in STORIES:
        marks: list[pytest.MarkDecorator] = []
        if story.requirements:
            marks.append(pytest.mark.requirement(*story.requirements))
        if story.open:
            marks.append(pytest.mark.xfail(strict=True, reason=story.open))
        found += [pytest.param(story, profile, marks=marks, id=f"{story.name}-{profile}") for profile in story.profiles]
    return found


class Teller:
    """Goes through a story, step by step."""

    def __init__(self, story: golden.Story, profile: str, app: flask.Flask, engine: sa.Engine, prefix: str) -> None:
        self.story = story
        self.profile = profile
        self.service = app.extensions["magento-scim"]
        self.client = app.test_client()
        self.engine = engine
        self.prefix = prefix
        self.names = comparison.Names()
        self.before = {table: self.rows(table) for table in story.tables}

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.engine.connect() as connection:
            found = connection.execute(sa.text(f"SELECT * FROM `{self.prefix}{table}` ORDER BY 1")).mappings()
            return [dict(row) for row in found]

    def tell(self, number: int, step: dict[str, Any], secret: str) -> None:
        """Do a step and compare; fails with all that differs."""
        self.service.fired.clear()
        wanted = golden.answers(step["answer"])
        wanted = wanted.get(self.profile, wanted.get("others"))
        started = time.monotonic()
        answer = self.send(step["request"], secret)
        took = (time.monotonic() - started) * 1000
        found = self.answer_differences(wanted, answer)
        if took > wanted.get("within", took):
            found.append(f"it took {took:.0f} ms, {wanted['within']} are allowed")
        for table, rows in step.get("rows", {}).items():
            new = [row for row in self.rows(table) if row not in self.before[table]]
            found += golden.row_differences(self.names, table, rows, new)
        if "needs" in step and set(step["needs"]) - UNCOUNTED != set(self.service.fired):
            found.append(f"needs: expected {sorted(step['needs'])}, found {sorted(self.service.fired)}")
        if found:
            request = step["request"]
            lines = "\n  ".join(found)
            pytest.fail(
                f"{self.story.name} under {self.profile}, step {number} ({step['step']}):\n"
                f"  {request['method']} {self.names.fill(request['path'])}\n  {lines}\n"
                f"  the answer was {answer.status_code} {answer.text[:SHOWN]}",
                pytrace=False,
            )

    def send(self, request: dict[str, Any], secret: str) -> Any:
        filled = self.names.fill(request)
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/scim+json"}
        headers |= {**self.story.headers, **filled.get("headers", {})}
        body = filled.get("body")
        return self.client.open(
            filled.get("base", "/scim/v2") + filled["path"],
            method=filled["method"],
            query_string=filled.get("query"),
            data=body if body is None or isinstance(body, str) else json.dumps(body),
            headers={name: value for name, value in headers.items() if value is not None},
        )

    def answer_differences(self, wanted: dict[str, Any], answer: Any) -> list[str]:
        found = list(self.names.differences(wanted["status"], answer.status_code, "status"))
        if answer.status_code == 204 and answer.data:
            found.append(f"a body with 204: {answer.text!r}")
        if "body" in wanted:
            found += self.names.differences(wanted["body"], answer.get_json(force=True, silent=True))
        found += self.names.differences(wanted.get("headers", {}), dict(answer.headers), "headers")
        return found


@pytest.mark.parametrize(("story", "profile"), cases())
def test_golden(
    story: golden.Story,
    profile: str,
    app_of: AppOf,
    database: sa.Engine,
    table_prefix: str,
    ledger_tables: tables.Tables,
) -> None:
    app = app_of(profile, story.switches, story.mapping)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    with database.begin() as connection:
        secret = tokens.create(connection, ledger_tables, "golden", "default", tokens.SCOPES, now)
    teller = Teller(story, profile, app, database, table_prefix)
    for number, step in enumerate(story.steps, 1):
        teller.tell(number, step, secret)


@pytest.mark.requirement(150)
def test_every_tolerance_has_a_file_that_needs_it_and_one_in_which_strict_refuses_it() -> None:
    needed = {name for story in STORIES if story.folder != "strict" for name in story.noted("needs")}
    refused = {name for story in STORIES if story.profiles == ("strict",) for name in story.noted("refuses")}
    assert needed == profiles.EVERY
    assert refused == profiles.EVERY


def test_every_profile_has_files() -> None:
    assert {story.folder for story in STORIES} == set(profiles.PROFILES) - {"lenient"} | {"every"}
    assert all(set(story.profiles) <= set(profiles.PROFILES) for story in STORIES)
