"""The service as a process: scim2-tester against gunicorn, and the database taken away and given back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from app.sandbox import seed
from app.sandbox import tables as sandbox_tables
from app.sandbox.server import MariaDB
from tests.live import serve
from tests.users.conftest import ROOT, USER, Client


@pytest.fixture(params=["lenient", "strict"])
def live(scim: Client, shop_url: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The SCIM base URL of a gunicorn with two workers on the tests' shop, in each profile."""
    settings = {"SCIM_DATABASE_URL": shop_url, "SCIM_TABLE_PREFIX": scim.prefix, "SCIM_PROFILE": request.param}
    with serve(settings) as base:
        yield base


def test_scim2_tester_finds_nothing(scim: Client, live: str) -> None:
    """The same as a user would run it: `scim --url … test`; nothing is allowed to fail, in no profile."""
    environment = {**os.environ, "SCIM_CLI_HEADERS": f"Authorization: {scim.headers['Authorization']}"}
    command = [str(Path(sys.executable).parent / "scim"), "--url", live, "test", "--verbose"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") > 20, done.stdout
    assert "ERROR" not in done.stdout + done.stderr, done.stdout
    assert "CRITICAL" not in done.stdout + done.stderr, done.stdout


@pytest.mark.requirement(103, 140)
def test_what_the_server_refuses_itself_is_a_scim_error_too(scim: Client, shop_url: str) -> None:
    """A request line or a header too long for gunicorn never reaches the service."""
    with serve({"SCIM_DATABASE_URL": shop_url, "SCIM_TABLE_PREFIX": scim.prefix}, workers=1) as base:
        for status, path, headers in (
            (414, "/Users?filter=" + "x" * 9000, {}),
            (431, "/Users", {"X-Long": "x" * 9000}),
            (200, "/Users?attributes=" + "userName," * 850 + "id", {}),
        ):
            answer = httpx2.get(base + path, headers={**scim.headers, **headers})
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/scim+json"), (
                answer.text
            )
            assert status == 200 or answer.json()["status"] == str(status)


@pytest.mark.requirement(136)
def test_the_database_goes_away_and_comes_back(tmp_path: Path) -> None:
    """Requirement 136: 503 with Retry-After while it is away, and no restart of the service afterwards."""
    directory = tmp_path / "db"
    environment = {**os.environ, "SCIM_MAPPING": str(ROOT / "mapping.yaml")}
    with MariaDB(directory, fast=True) as server:
        sandbox_tables.build(server.url())
        seed.seed(server.url(), customers=False)
        environment["SCIM_DATABASE_URL"] = server.url()
        magento_scim = [sys.executable, "-m", "app.cli"]
        subprocess.run([*magento_scim, "install"], env=environment, cwd=ROOT, check=True, capture_output=True)
        made = subprocess.run(
            [*magento_scim, "token", "create", "t"], env=environment, cwd=ROOT, check=True, capture_output=True
        )
        headers = {"Authorization": f"Bearer {made.stdout.decode().split(': ')[1].strip()}"}
        user = {"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "A", "familyName": "L"}}
        with serve(environment, workers=1) as base:
            users = f"{base}/Users"
            created = httpx2.post(users, json=user, headers=headers)
            assert created.status_code == 201
            database_port = server.port
            server.stop()
            away = httpx2.get(users, headers=headers)
            assert (away.status_code, away.json()["status"]) == (503, "503")
            assert int(away.headers["Retry-After"]) > 0
            with MariaDB(directory, port=database_port, fast=True):
                back = httpx2.get(f"{users}/{created.json()['id']}", headers=headers)
                assert back.status_code == 200, back.text
