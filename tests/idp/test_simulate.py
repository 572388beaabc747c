"""`magento-scim simulate` against the service as a process: every identity provider, and a service that is at fault."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import cli
from app.commands import frame
from app.idp import catalogue, fictions, simulation, wire
from app.ledger import tables, tokens
from tests import live
from tests.idp import faults
from tests.leavers import conftest as leavers

WATCHED = ("customer_entity", "customer_group", "customer_grid_flat", "scim_link", "scim_group", "scim_membership")
OTHERS = ("ada.lovelace@example.com", "bob@example.com")  # people of the shop, who must not be touched
ServeAs = Callable[[str], str]
PROFILES = sorted({profile for name in catalogue.simulated() if (profile := catalogue.get(name).profile)})


@pytest.fixture(scope="module")
def serve_as(
    shop_url: str, table_prefix: str, ledger_tables: tables.Tables, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServeAs]:
    """Give the base URL under which one service, started once, serves a profile: its tenant is called like it."""
    mapping = tmp_path_factory.mktemp("simulate") / "mapping.yaml"
    named = "".join(f"  {profile}: {{profile: {profile}}}\n" for profile in PROFILES)
    mapping.write_text((live.ROOT / "mapping.yaml").read_text() + f"\ntenants:\n  default: {{}}\n{named}")
    settings = {"SCIM_DATABASE_URL": shop_url, "SCIM_TABLE_PREFIX": table_prefix, "SCIM_MAPPING": str(mapping)}
    with live.serve(settings) as url:
        yield lambda profile: frame.tenant_url(url, "default" if profile == "lenient" else profile)


class Shop:
    """A shop with people of its own, a token, and a look at its rows."""

    def __init__(self, engine: sa.Engine, prefix: str, ledger: tables.Tables) -> None:
        self.engine, self.prefix = engine, prefix
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        with engine.begin() as connection:
            self.token = tokens.create(connection, ledger, "simulate", "default", tokens.SCOPES, now)
            self.reader = tokens.create(connection, ledger, "reader", "default", ("read",), now)
            self.tokens = {
                profile: tokens.create(connection, ledger, "simulate", profile, tokens.SCOPES, now)
                for profile in PROFILES
            }

    def people(self, url: str, token: str | None = None) -> None:
        for mail in OTHERS:
            body = {"userName": mail, "externalId": mail, "name": {"givenName": "Ada", "familyName": "Lovelace"}}
            body |= {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}
            answer = httpx2.post(f"{url}/Users", json=body, headers={"Authorization": f"Bearer {token or self.token}"})
            assert answer.status_code == 201, answer.text

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        with self.engine.connect() as connection:
            return {
                name: [tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM `{self.prefix}{name}`"))]
                for name in WATCHED
            }


@pytest.fixture
def shop(database: sa.Engine, table_prefix: str, ledger_tables: tables.Tables) -> Shop:
    return Shop(database, table_prefix, ledger_tables)


def _simulate(*words: str) -> Result:
    return CliRunner().invoke(cli.main, ["simulate", *words])


@pytest.mark.parametrize("own", [False, True], ids=["lenient", "own profile"])
@pytest.mark.parametrize("name", catalogue.simulated())
def test_every_identity_provider_gets_what_it_wants(name: str, own: bool, serve_as: ServeAs, shop: Shop) -> None:
    profile = catalogue.get(name).profile if own else None
    url, token = (serve_as(profile), shop.tokens[profile]) if profile else (serve_as("lenient"), shop.token)
    shop.people(url, token)
    before = shop.rows()
    done = _simulate(name, "--url", url, "--token", token, *(["--own-profile"] if own else []))
    assert done.exit_code == 0, done.output
    assert "FAIL" not in done.output
    assert ("n/a" in done.output) == (name == "miniorange" and not own), done.output
    assert shop.rows() == before, "it leaves the shop as it was"
    assert token not in done.output


def test_readme_shows_what_it_prints(serve_as: ServeAs, shop: Shop) -> None:
    url = serve_as("lenient")
    printed = _simulate("okta", "--url", url, "--token", shop.token).output
    (shown,) = re.findall(r"^```\n(Okta at .*?)^```$", (live.ROOT / "README.md").read_text(), re.S | re.M)
    head, tail = shown.replace("http://127.0.0.1:8080/scim/v2", url).split("…\n")
    assert printed.startswith(head)
    assert printed.endswith(tail)


def test_the_report_as_json(serve_as: ServeAs, shop: Shop) -> None:
    done = _simulate(
        "okta", "--url", serve_as("okta"), "--token", shop.tokens["okta"], "--part", "users", "--format", "json"
    )
    report = json.loads(done.output)
    assert (done.exit_code, report["passed"], report["left_behind"], report["taken_away"]) == (0, True, [], 1)
    assert {step["part"] for step in report["steps"]} == {"users"}
    created = next(step for step in report["steps"] if step["status"] == 201)
    assert (created["verdict"], created["request"]) == ("passed", "POST /Users")
    assert "no password" in created["checked"]


def test_without_a_token_it_makes_one_for_the_run(
    monkeypatch: pytest.MonkeyPatch, serve_as: ServeAs, shop: Shop, shop_url: str, table_prefix: str
) -> None:
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)
    done = _simulate("jumpcloud", "--url", serve_as("lenient"))
    assert done.exit_code == 0, done.output
    listed = json.loads(CliRunner().invoke(cli.main, ["token", "list", "--format", "json"]).output)
    assert [entry["state"] for entry in listed if (entry["name"], entry["tenant"]) == ("simulate", "default")] == [
        "alive",
        "revoked",
    ]
    elsewhere = _simulate("jumpcloud", "--url", "https://shop.example.com/scim/v2")
    assert (elsewhere.exit_code, "Say --token" in elsewhere.output) == (1, True), "no token of ours goes to strangers"


def test_a_tenant_has_its_own_url_token_and_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, shop: Shop, shop_url: str, table_prefix: str
) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text((live.ROOT / "mapping.yaml").read_text() + "\ntenants:\n  eu: {profile: miniorange}\n")
    settings = {"SCIM_DATABASE_URL": shop_url, "SCIM_TABLE_PREFIX": table_prefix, "SCIM_MAPPING": str(mapping)}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    before = shop.rows()
    with live.serve(settings) as url:
        done = _simulate("miniorange", "--url", url, "--tenant", "eu", "--own-profile")
        assert (done.exit_code, "/scim/eu/v2" in done.output) == (0, True), done.output
        other = _simulate("miniorange", "--url", url, "--tenant", "eu", "--token", shop.token)
        assert (other.exit_code, "expected 200, found 401" in other.output) == (1, True), "another tenant's token"
    assert shop.rows() == before


@pytest.mark.parametrize("policy", ["deactivate", "anonymize"])
def test_what_a_deletion_comes_to_is_the_mapping_s_business(
    policy: str, tmp_path: Path, shop: Shop, shop_url: str, table_prefix: str
) -> None:
    """The made-up people are gone for the identity provider; the shop keeps them locked, or nameless."""
    path = tmp_path / "mapping.yaml"
    path.write_text(leavers.mapping(delete=policy))
    settings = {"SCIM_DATABASE_URL": shop_url, "SCIM_TABLE_PREFIX": table_prefix, "SCIM_MAPPING": str(path)}
    with live.serve(settings) as url:
        for name in catalogue.simulated():
            done = _simulate(name, "--url", url, "--token", shop.token)
            assert done.exit_code == 0, done.output
        listed = httpx2.get(f"{url}/Users", headers={"Authorization": f"Bearer {shop.token}"}).json()
    assert listed["totalResults"] == 0
    with shop.engine.connect() as connection:
        kept = connection.execute(sa.text(f"SELECT is_active, email FROM `{table_prefix}customer_entity`")).all()
    assert kept, "customers that a deletion does not remove"
    assert {row.is_active for row in kept} == {0}
    assert all((fictions.DOMAIN in row.email) == (policy == "deactivate") for row in kept)


# What is wrong with the service, which identity provider finds out, what it says.
FAULTS = [
    pytest.param(faults.Fault("POST /Users"), "okta", ["FAIL  create, with", "found 500", "its log says"], id="500"),
    pytest.param(
        faults.Fault("POST /Users", 200, pass_on=True, body="{}"),
        "okta",
        ["FAIL  create, with", "status: expected 201, found 200", "no SCIM JSON"],
        id="made, but said nothing of it",
    ),
    pytest.param(
        faults.Fault("POST /Users", pass_on=True, drop=True),
        "entra",
        ["FAIL  the manager-to-be", "the connection broke"],
        id="made, but the answer was lost",
    ),
    pytest.param(faults.Fault("PATCH /Groups"), "okta", ["FAIL  its name again"], id="500 at a group"),
    pytest.param(
        faults.Fault("GET /Users\\?", rewrite=('"totalResults":(\\d+)', '"totalResults":"\\1"')),
        "okta",
        ["FAIL  Test Connector", "totalResults: not a number", "-     look whether the user is there"],
        id="numbers as text",
    ),
    pytest.param(
        faults.Fault("POST /Users", rewrite=('"active":true', '"active":"True"')),
        "onelogin",
        ["FAIL  create, from the template", "active: expected True, found 'True'"],
        id="booleans as text",
    ),
    pytest.param(
        faults.Fault("PUT /Users", rewrite=('"familyName":"King"', '"familyName":"Lovelace"')),
        "ping",
        ["FAIL  update, by PUT", "name.familyName: expected 'King', found 'Lovelace'"],
        id="an update that is lost",
    ),
    pytest.param(
        faults.Fault("GET /", 302, headers={"Location": "https://x"}), "okta", ["FAIL", "The URL redirects"], id="302"
    ),
    pytest.param(
        faults.Fault("GET /", 404, "<h1>Magento</h1>"), "okta", ["FAIL", "Another server answers here"], id="404"
    ),
    pytest.param(
        faults.Fault("PATCH /", 405, "<h1>nginx</h1>"), "okta", ["FAIL", "let GET, POST, PUT, PATCH"], id="405"
    ),
    pytest.param(
        faults.Fault("DELETE /Groups", 405, "no"), "onelogin", ["FAIL  delete", "Left behind"], id="no DELETE"
    ),
    pytest.param(
        faults.Fault("GET /Groups\\?startIndex=3", rewrite=('"id":"group-\\d+"', '"id":"group-1"')),
        "sailpoint",
        ["FAIL  aggregate all groups", "the page from 3: the id group-1 stands twice"],
        id="pages that overlap",
    ),
]


@pytest.mark.parametrize(("fault", "name", "said"), FAULTS)
def test_a_fault_is_told_and_cleaned_up_after(
    fault: faults.Fault, name: str, said: list[str], serve_as: ServeAs, shop: Shop
) -> None:
    url = serve_as("lenient")
    shop.people(url)
    before = shop.rows()
    with faults.serve(url, fault) as server:
        done = _simulate(name, "--url", server.url, "--token", shop.token)
    assert done.exit_code == 1, done.output
    for sentence in said:
        assert sentence in done.output, done.output
    left = {table: rows for table, rows in shop.rows().items() if rows != before[table]}
    if "Left behind" in said:
        assert set(left) == {"customer_group", "scim_group"}, "what could not be deleted is told"
    else:
        assert not left, done.output


def test_a_service_that_asks_for_patience_gets_it(serve_as: ServeAs, shop: Shop) -> None:
    fault = faults.Fault("POST /Users", 429, '{"detail":"wait"}', {"Retry-After": "1"}, times=1)
    with faults.serve(serve_as("lenient"), fault) as server:
        done = _simulate("okta", "--url", server.url, "--token", shop.token, "--part", "users")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("not-a-token", ["FAIL", "expected 200, found 401", "magento-scim token create okta"]),
        ("reader", ["ok    Test Connector", "FAIL  create", "found 403", "--read-only"]),
        ("two words", ["The token is not one"]),
    ],
)
def test_a_token_that_is_wrong(token: str, said: list[str], serve_as: ServeAs, shop: Shop) -> None:
    before = shop.rows()
    secret = shop.reader if token == "reader" else token
    done = _simulate("okta", "--url", serve_as("lenient"), "--token", secret)
    assert done.exit_code == 1
    assert all(sentence in done.output for sentence in said), done.output
    assert secret not in done.output
    assert shop.rows() == before


def test_somebody_else_is_never_touched(serve_as: ServeAs, shop: Shop) -> None:
    """A service that answers every POST with a customer of the shop."""
    stranger = '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","userName":"ada@example.com"}'
    headers = {"Content-Type": "application/scim+json", "Location": "http://x/scim/v2/Users/1"}
    fault = faults.Fault("POST /(Users|Groups)", 201, stranger, headers)
    for name in catalogue.simulated():
        with faults.serve(serve_as("lenient"), fault) as server:
            done = _simulate(name, "--url", server.url, "--token", shop.token)
        assert done.exit_code == 1, done.output
        assert [asked for asked in server.asked if asked.startswith(("PUT", "PATCH", "DELETE"))] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: signal.Signals, serve_as: ServeAs, shop: Shop) -> None:
    before = shop.rows()
    with faults.serve(serve_as("lenient"), faults.Fault("PATCH /Users", seconds=5)) as server:
        command = [sys.executable, "-m", "app.cli", "simulate", "okta", "--url", server.url]
        environment = {**os.environ, "SCIM_TOKEN": shop.token}
        process = subprocess.Popen(command, cwd=live.ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        assert server.reached.wait(30)
        process.send_signal(number)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 1, said
    assert "Stopped before its end" in said
    assert shop.rows() == before


def test_nobody_answers() -> None:
    done = _simulate("okta", "--url", f"http://127.0.0.1:{live.free_port()}/scim/v2", "--token", "x")
    assert (done.exit_code, "nobody listens there" in done.output) == (1, True), done.output
    assert done.output.count("FAIL") == 1


def test_a_service_that_hangs_is_told(serve_as: ServeAs, shop: Shop) -> None:
    with faults.serve(serve_as("lenient"), faults.Fault("GET /Users", seconds=2)) as server:
        run = simulation.Simulation(catalogue.get("okta"), wire.Wire(server.url, shop.token, seconds=0.5))
        with run:
            first = next(run.play())
    assert (first.verdict, first.status) == (simulation.FAILED, None)
    assert "no answer came in time" in first.problems[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["google"], "Google Workspace sends no SCIM"),
        (["okta", "--part", "Users"], "has no part 'Users': they are connection, users"),
        (["okta", "--url", "shop.example.com/scim/v2"], "is no base URL"),
        (["okta", "--url", "ftp://127.0.0.1/scim/v2"], "is no base URL"),
        (["okta", "--url", "http://127.0.0.1/scim", "--tenant", "eu"], "does not end in /v2"),
    ],
)
def test_what_cannot_be_played_says_why(words: list[str], said: str) -> None:
    done = _simulate(*words, "--token", "x")
    assert (done.exit_code, said in done.output) == (1, True), done.output
