"""The guides in docs/connect: what they print is what `connect` prints, what they quote is what the service says."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from werkzeug.test import TestResponse

from app import cli
from app.commands import frame
from app.idp import catalogue
from app.ledger import tables, tokens
from tests.leavers import conftest as leavers
from tests.users.conftest import ROOT, Client, Make
from tests.users.conftest import make as make
from tests.users.conftest import scim as scim

GUIDES = sorted((ROOT / "docs/connect").glob("*.md"))
QUOTED = sorted(
    {
        (int(status), sentence)
        for guide in GUIDES
        for status, sentence in re.findall(r"\b([45]\d\d) `([^`]+)`", guide.read_text())
    }
)


@pytest.mark.parametrize("name", catalogue.names())
def test_a_guide_has_what_connect_prints(name: str) -> None:
    provider = catalogue.get(name)
    text = (ROOT / provider.guide).read_text()
    for label in provider.fields:
        assert f"| {label} |" in text, label
    for row in (*provider.attributes, *provider.groups):
        assert f"| {row.theirs} | `{row.ours}` |" in text, row
    for switch in provider.switches:
        assert f"| {switch.name} | {switch.setting} |" in text, switch
    if provider.profile:
        assert f"`SCIM_PROFILE={provider.profile}`" in text
        assert f"`profile: {provider.profile}`" in text
    assert f"magento-scim connect {provider.name}" in text
    assert f"magento-scim simulate {provider.name}" in text


@pytest.mark.parametrize("name", [name for name in catalogue.names() if catalogue.get(name).profile])
def test_a_guide_is_whole(name: str) -> None:
    """Its profile, what to paste, the attributes, leaving, what to look at when the test fails, trouble with its cure."""
    text = (ROOT / catalogue.get(name).guide).read_text()
    for heading in ("Profile", r"(?:1\. Token and v|V)alues", "Trouble and cure", r"If .+ fails"):
        assert re.search(rf"^## {heading}$", text, re.M), heading
    trouble = text.partition("## Trouble and cure")[2]
    rows = [line.split(" | ") for line in trouble.splitlines() if line.startswith("| ")]
    assert rows[0] == ["| what you see", "cause", "cure |"]
    assert len(rows) > 5
    assert all(len(row) == 3 and all(cell.strip("| ") for cell in row) for row in rows)
    assert f"magento-scim simulate {name} --part" in text


def test_every_guide_is_listed_and_every_link_leads_somewhere() -> None:
    index = (ROOT / "docs/connect/README.md").read_text()
    for guide in GUIDES:
        assert guide.name == "README.md" or f"({guide.name})" in index
        for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", guide.read_text()):
            assert (guide.parent / target).exists(), f"{guide.name}: {target}"


def _commands(text: str) -> list[str]:
    """Find the commands of a guide: lines of its code blocks, and code within its text."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in (*lines, *re.findall(r"`(magento-scim [^`]+)`", text)) if line.startswith("magento-scim")]


@pytest.mark.parametrize("guide", [*GUIDES, ROOT / "README.md"], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_command_of_a_guide_is_one(guide: Path) -> None:
    for line in _commands(guide.read_text()):
        words = line.partition(">")[0].split()[1:]
        command: click.Command = cli.main
        while isinstance(command, click.Group) and words:
            command = command.commands[words.pop(0)]
        with command.make_context("magento-scim", words) as context:
            assert context.command is command, line


# --- what the service says, caused ---


def _post(body: dict[str, Any], path: str = "/Users") -> Callable[[Client], TestResponse]:
    return lambda scim: scim.send("POST", path, body)


def _sent(authorization: str | None) -> Callable[[Client], TestResponse]:
    def ask(scim: Client) -> TestResponse:
        scim.headers = {"Authorization": authorization} if authorization else {}
        return scim.get("/Users")

    return ask


def _twice(path: str, body: dict[str, Any]) -> Callable[[Client], TestResponse]:
    def ask(scim: Client) -> TestResponse:
        assert scim.send("POST", path, body).status_code == 201
        return scim.send("POST", path, body)

    return ask


def _member(scim: Client) -> TestResponse:
    operation = {"op": "add", "path": "members", "value": [{"value": "4000000000"}]}
    return scim.send("PATCH", "/Groups/group-2", {"Operations": [operation]})


NAMED = {"name": {"givenName": "Ada", "familyName": "Lovelace"}}
ADA = {"userName": "ada@example.com", **NAMED}
CAUSES: dict[str, Callable[[Client], TestResponse]] = {
    "The bearer token is not valid: it is unknown, revoked or expired.": _sent("Bearer other"),
    "Send the header: Authorization: Bearer <token>.": _sent(None),
    'The Authorization header must read "Bearer <token>".': _sent("Basic eDp5"),
    "The base URL is /scim/v2, or a tenant's.": lambda scim: scim.get("/Userss"),
    "There is no tenant": lambda scim: scim.app.test_client().get("/scim/eu/v2/Users", headers=scim.headers),
    "There is a user with": _twice("/Users", ADA),
    "There is a group": _twice("/Groups", {"displayName": "Staff"}),
    "the shop requires a First Name": _post({"userName": "ada@example.com"}),
    "the shop requires a Last Name": _post({"userName": "ada@example.com"}),
    "is no e-mail address for Magento": _post({"userName": "ada", **NAMED}),
    "this shop asks for at least": _post({**ADA, "password": "Aa1!"}),
    "the shop cannot store": _post({**ADA, "name": {"givenName": "Ada \U0001f600", "familyName": "L"}}),
    "members: there is no user": _member,
    "cannot be deleted: it is the default group": lambda scim: scim.send("DELETE", "/Groups/group-1"),
    "filter: no such operator": lambda scim: scim.get("/Users", filter='userName is "ada"'),
}
ELSEWHERE = {
    "make one with the scope 'write'",  # below
    "lifecycle.allow in mapping.yaml leaves it out",  # below
    "is protected and cannot be",  # below
    "Nobody is at /scim/v2",  # below
    "The shop's database cannot be used at the moment",  # test_live takes the database away
}


@pytest.mark.parametrize(("status", "sentence"), QUOTED)
def test_what_a_guide_quotes_is_what_the_service_says(status: int, sentence: str, scim: Client) -> None:
    if sentence in ELSEWHERE:
        return
    answer = CAUSES[sentence](scim)
    assert answer.status_code == status, answer.text
    assert sentence in answer.get_json()["detail"]


def test_a_file_with_tenants_has_nobody_at_the_plain_url(make: Make) -> None:
    scim = make(mapping=(ROOT / "mapping.yaml").read_text() + "\ntenants:\n  eu:\n")
    answer = scim.get("/Users")
    assert (answer.status_code, "Nobody is at /scim/v2" in answer.text) == (404, True)


@pytest.mark.parametrize(
    ("lifecycle", "sentence"),
    [
        ({"allow": "[create, update, deactivate]"}, "lifecycle.allow in mapping.yaml leaves it out"),
        ({"protect": "['userName ew \"@example.com\"']"}, "is protected and cannot be"),
    ],
)
def test_what_the_mapping_forbids_is_told(lifecycle: dict[str, str], sentence: str, make: Make) -> None:
    scim = make(mapping=leavers.mapping(**lifecycle))
    answer = scim.send("DELETE", f"/Users/{scim.create()['id']}")
    assert (answer.status_code, sentence in answer.text) == (403, True), answer.text


def test_a_token_that_may_only_read_is_told(scim: Client, ledger_tables: tables.Tables) -> None:
    with scim.engine.begin() as connection:
        secret = tokens.create(connection, ledger_tables, "reader", "default", ("read",), frame.now())
    scim.headers = {"Authorization": f"Bearer {secret}"}
    answer = scim.send("POST", "/Users", ADA)
    assert (answer.status_code, "make one with the scope 'write'" in answer.text) == (403, True)
