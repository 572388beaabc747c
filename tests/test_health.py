"""How the service says how it is, and what it writes into its log."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from app import logs
from tests.users.conftest import Client, ledger_tables, make, scim

__all__ = ["ledger_tables", "make", "scim"]


def test_it_runs_and_can_work(scim: Client) -> None:
    client = scim.app.test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    checks = ready.get_json()["checks"]
    assert {name: check["ok"] for name, check in checks.items()} == dict.fromkeys(checks, True)
    assert {"database", "tables", "mapping", "indexer"} <= set(checks)


def test_metrics_count_by_route_and_never_by_user(scim: Client) -> None:
    user = scim.create()
    scim.patch(user["id"], {"op": "Replace", "path": "active", "value": "False"})
    scim.get("/Users/nobody@example.com")
    text = scim.app.test_client().get("/metrics").text
    assert 'scim_requests_total{method="POST",profile="lenient",route="/scim/v2/Users",status="201"}' in text
    assert 'route="/scim/v2/Users/<user_id>",status="404"' in text
    assert 'scim_tolerances_total{tolerance="boolean_text"}' in text
    assert "scim_database_seconds_count" in text
    assert "scim_users 1.0" in text
    assert "scim_users_inactive 1.0" in text
    assert "example.com" not in text


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The log as the service writes it."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("info", "json")
    written = io.StringIO()
    root.handlers[0].setStream(written)  # type: ignore[attr-defined]
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_for_each_request_that_tells_nobody_s_name(scim: Client, log: io.StringIO) -> None:
    scim.create(password="Sup3r-Secret!", externalId="hidden-4711")
    scim.get("/Users", filter='userName eq "ada@example.com"')
    scim.get("/Users/ada@example.com")
    scim.send("POST", "/Users", {"userName": "ada@example.com"}, X_Request_Id="mine-1")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["method"], line["status"]) for line in requests] == [
        ("POST", 201),
        ("GET", 200),
        ("GET", 404),
        ("POST", 409),
    ]
    assert requests[0]["route"] == "/scim/v2/Users"
    assert requests[0]["token"] == "test"
    assert requests[3]["request_id"] == "mine-1"
    assert all(line["request_id"] for line in requests)
    for secret in ("ada@", "Lovelace", "Sup3r", "hidden-4711", scim.headers["Authorization"].split()[1]):
        assert secret not in log.getvalue()
