"""How the service says how it is, and what it writes into its log."""

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import prometheus_client
import pytest
import sqlalchemy as sa
import structlog
from prometheus_client import parser

from app import logs
from app.magento import guard
from app.mapping import ways
from tests import live
from tests.faults.wire import Wire
from tests.users.conftest import PATCH, ROOT, USER, Client, Make, ledger_tables, make, scim

__all__ = ["ledger_tables", "make", "scim"]


CHECKS = {"database", "tables", "mapping", "guard", "indexer", "replica"}


def ready(client: Client) -> tuple[int, dict[str, Any]]:
    """Ask whether it can work: the status, and what each check says."""
    answer = client.app.test_client().get("/readyz")
    return answer.status_code, answer.get_json()["checks"]


def test_it_runs_and_can_work(scim: Client) -> None:
    assert scim.app.test_client().get("/healthz").get_json() == {"status": "ok"}
    status, checks = ready(scim)
    assert (status, set(checks)) == (200, CHECKS)
    assert {name: check["ok"] for name, check in checks.items()} == dict.fromkeys(CHECKS, True)


def test_ready_says_that_the_database_is_away_and_back(scim: Client, service_url: str) -> None:
    url = sa.make_url(service_url)
    with Wire(url.port or 3306) as wire:
        settings = {
            "SCIM_DATABASE_URL": url.set(port=wire.port).render_as_string(hide_password=False),
            "SCIM_TABLE_PREFIX": scim.prefix,
        }
        with live.serve(settings, workers=1) as base:
            root = base.removesuffix("/scim/v2")
            assert httpx2.get(f"{root}/readyz").status_code == 200
            wire.behind = live.free_port()
            wire.cut()
            away = httpx2.get(f"{root}/readyz")
            assert (away.status_code, away.json()["checks"]["database"]["ok"]) == (503, False)
            assert "scim_database_up 0.0" in httpx2.get(f"{root}/metrics").text
            assert httpx2.get(f"{root}/healthz").status_code == 200, "the process is well: nothing restarts it"
            wire.behind = url.port or 3306
            assert httpx2.get(f"{root}/readyz").status_code == 200


def test_ready_says_that_our_tables_are_another_version_s(scim: Client) -> None:
    table = f"{scim.prefix}scim_version"
    (before,) = (row["version_num"] for row in scim.rows("scim_version"))
    scim.execute(f"UPDATE `{table}` SET version_num = '0007'")
    try:
        status, checks = ready(scim)
    finally:
        scim.execute(f"UPDATE `{table}` SET version_num = :before", before=before)
    assert (status, checks["tables"]["ok"], "0007" in checks["tables"]["detail"]) == (503, False, True)


def test_ready_says_that_the_mapping_as_it_stands_is_not_in_force(make: Make, tmp_path: Path) -> None:
    client = make((ROOT / "mapping.yaml").read_text())
    watch = client.app.extensions["magento-scim"].watch
    (tmp_path / "mapping.yaml").write_text("version: 1\ncustomer: {nonsense: here}\n")
    watch.look()
    status, checks = ready(client)
    assert (status, checks["mapping"]["ok"], "nonsense" in checks["mapping"]["detail"]) == (503, False, True)
    assert "scim_mapping_current 0.0" in client.app.test_client().get("/metrics").text
    (tmp_path / "mapping.yaml").write_text((ROOT / "mapping.yaml").read_text() + "# well\n")
    watch.look()
    assert ready(client)[0] == 200


def test_ready_says_how_the_guard_is(scim: Client) -> None:
    names = ways.prefixed(scim.prefix)
    assert ready(scim)[1]["guard"]["guard"] in ("off", "unknown"), "MariaDB tells who may not make one nothing"
    guard.on(scim.engine, names)
    try:
        status, checks = ready(scim)
        assert (status, checks["guard"]["guard"]) == (200, "on")
        assert "scim_guard_on 1.0" in scim.app.test_client().get("/metrics").text
    finally:
        guard.off(scim.engine, names)


@pytest.mark.parametrize("state", ["invalid", "working", "valid"])
def test_ready_says_how_the_customer_grid_is(scim: Client, state: str) -> None:
    scim.execute("UPDATE {p}indexer_state SET status = :s WHERE indexer_id = 'customer_grid'", s=state)
    status, checks = ready(scim)
    assert (status, checks["indexer"]["customer_grid"]) == (200, state)


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


Families = dict[str, dict[tuple[tuple[str, str], ...], float]]


def scrape(base: str) -> Families:
    """Read the metrics as Prometheus does: sample -> labels -> value."""
    answer = httpx2.get(f"{base.removesuffix('/scim/v2')}/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain"), answer.headers
    found: Families = {}
    for family in parser.text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


def test_what_prometheus_reads_of_several_workers(scim: Client, service_url: str, tmp_path: Path) -> None:
    """All that docs/operate.md names, whichever worker answers, and no label that a client can choose."""
    settings = {
        "SCIM_DATABASE_URL": service_url,
        "SCIM_TABLE_PREFIX": scim.prefix,
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
    }
    scim.execute("UPDATE {p}scim_token SET expires_at = UTC_TIMESTAMP() + INTERVAL 3 DAY")
    scim.execute("REPLACE INTO {p}scim_setting VALUES ('swept_at', :t)", t=datetime.now(UTC).replace(tzinfo=None))
    with live.serve(settings, workers=2) as base:
        for number in range(30):
            with httpx2.Client(headers=scim.headers) as client:  # a connection each: another worker each
                assert client.get(f"{base}/Users/{number}").status_code == 404
                client.request(f"ODD{number}", f"{base}/Users")
                client.get(f"{base}/nowhere/{number}", headers={"X-Request-Id": f"r-{number}", "User-Agent": "x"})
        with httpx2.Client(headers=scim.headers) as client:
            user = {"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "A", "familyName": "L"}}
            made = client.post(f"{base}/Users", json=user).json()["id"]
            off = [{"op": "Replace", "path": "active", "value": "False"}]
            assert client.patch(f"{base}/Users/{made}", json={"schemas": [PATCH], "Operations": off}).is_success
        found = scrape(base)
    scim.execute("DELETE FROM {p}scim_setting WHERE name = 'swept_at'")
    of_users = {"method": "GET", "profile": "lenient", "route": "/scim/v2/Users/<user_id>", "status": "404"}
    assert found["scim_requests_total"][tuple(sorted(of_users.items()))] == 30, "of both workers"
    timed = (("method", "GET"), ("route", "/scim/v2/Users/<user_id>"))
    assert found["scim_request_seconds_count"][timed] == 30
    assert found["scim_database_seconds_count"][()] > 30, "each request sends a message at least"
    assert found["scim_database_seconds_sum"][()] > 0
    assert found["scim_tolerances_total"][(("tolerance", "boolean_text"),)] == 1
    alone = {
        name: found[name][()]
        for name in found
        if name.startswith("scim_") and () in found[name] and not name.startswith("scim_database_seconds")
    }
    assert 0 <= alone.pop("scim_sweep_age_seconds") < 60
    assert alone.pop("scim_journal_entry") > 0
    assert alone == {
        "scim_database_up": 1,
        "scim_mapping_current": 1,
        "scim_guard_on": 0,
        "scim_users": 1,
        "scim_users_inactive": 1,
        "scim_locks_held": 1,
        "scim_locks_open": 0,
        "scim_deletions_held": 0,
        "scim_requests_unheard_total": 0,
    }
    ((labels, seconds),) = found["scim_token_expires_seconds"].items()
    assert (labels, seconds == pytest.approx(3 * 86400, abs=60)) == ((("tenant", "default"), ("token", "test")), True)
    words = {value for each in found.values() for labels in each for _, value in labels}
    assert not [word for word in words if "ODD" in word or "nowhere" in word or "@" in word or "r-" in word]
    told = set(re.findall(r"`(scim_\w+)`", (ROOT / "docs" / "operate.md").read_text()))
    plain = {re.sub(r"_(total|created|count|sum|bucket)$", "", name) for name in found if name.startswith("scim_")}
    assert plain <= told, "docs/operate.md names every metric"


def test_transactions_that_start_again_are_counted(scim: Client) -> None:
    user = scim.create()["id"]

    def count() -> float:
        return prometheus_client.REGISTRY.get_sample_value("scim_database_retries_total", {"reason": "busy"}) or 0

    before = count()
    with scim.engine.begin() as other:
        other.execute(sa.text(f"SELECT * FROM `{scim.prefix}customer_entity` FOR UPDATE"))
        held = scim.patch(user, {"op": "replace", "path": "name.familyName", "value": "King"})
    assert held.status_code == 503
    assert count() == before + 2, "three attempts"


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """The log as the service writes it."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    logs.configure("info", "json")
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
