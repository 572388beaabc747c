"""The operator's commands for leavers: guard, sweep, held, release, discard, purge; rights, and undo under the guard."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import cli
from app.magento import doors, guard
from app.mapping import ways
from app.sandbox import connection as plain
from app.sandbox.server import MariaDB
from tests.leavers.conftest import EVERY_DOOR, bridge_of, deactivate, mapping, open_app
from tests.users.conftest import Client, Make

UNDONE = "UPDATE {p}customer_entity SET lock_expires = NULL, failures_num = 0, first_failure = NULL"
Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, scim: Client, shop_url: str, tmp_path: Path) -> Iterator[Run]:
    """Run a command as the operator would, on the tests' shop with a mapping of its own."""
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", scim.prefix)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words: str, rules: str = mapping(delete="remove")) -> Result:
        path = tmp_path / "command.yaml"
        path.write_text(rules)
        monkeypatch.setenv("SCIM_MAPPING", str(path))
        return CliRunner().invoke(cli.main, list(words))

    yield command
    guard.off(scim.engine, ways.names(bridge_of(scim)))


def test_the_guard_is_made_and_removed_and_says_so(run: Run, scim: Client) -> None:
    assert run("guard", "status").exit_code == 1
    made = run("guard", "on")
    assert (made.exit_code, "is on." in made.output) == (0, True), made.output
    assert "already" in run("guard", "on").output
    status = run("guard", "status")
    assert (status.exit_code, "is on, with the rights of" in status.output) == (0, True)
    assert "is off." in run("guard", "off").output
    assert "already" in run("guard", "off").output
    assert run("guard", "status").exit_code == 1


def test_the_guard_of_another_version_is_replaced(run: Run, scim: Client) -> None:
    bridge = bridge_of(scim)
    names = ways.names(bridge)
    scim.execute(
        f"CREATE TRIGGER `{names.trigger}` BEFORE UPDATE ON `{names.customers}` FOR EACH ROW SET NEW.suffix = 'x'"
    )
    status = run("guard", "status")
    assert (status.exit_code, "another version" in status.output) == (1, True)
    assert run("guard", "on").exit_code == 0
    assert run("guard", "status").exit_code == 0


def test_turning_the_guard_on_shuts_what_came_open_before(run: Run, scim: Client) -> None:
    user_id = scim.create()["id"]
    deactivate(scim, user_id)
    scim.execute(UNDONE + ", is_active = 1")
    done = run("guard", "on")
    assert f"1 of 1 deactivated customer had come open, now shut: {user_id}" in done.output
    assert doors.is_locked(scim.customer(user_id))


@pytest.fixture
def without_rights(server: MariaDB, shop_url: str, scim: Client) -> sa.URL:
    """The shop's URL for a user who may all that `magento-scim grants` prints, and no more."""
    printed = CliRunner().invoke(
        cli.main,
        ["grants", "--user", "'narrow'@'%'"],
        env={"SCIM_DATABASE_URL": shop_url, "SCIM_TABLE_PREFIX": scim.prefix},
    )
    assert "-- GRANT TRIGGER ON" in printed.output
    grants = [line for line in printed.output.splitlines() if line.startswith("GRANT")]
    with plain.to(server.url("mysql", "root")) as root:
        plain.run(root, "".join(["CREATE OR REPLACE USER narrow@'%' IDENTIFIED BY 'narrow';", *grants]))
    return sa.make_url(shop_url).set(username="narrow", password="narrow")


def test_without_the_right_the_guard_says_what_to_do(
    run: Run, without_rights: sa.URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCIM_DATABASE_URL", without_rights.render_as_string(hide_password=False))
    for words in (("guard", "on"), ("guard", "off"), ("guard", "status")):
        done = run(*words)
        assert done.exit_code == 1, words
        for word in ("GRANT TRIGGER ON", "log_bin_trust_function_creators", "magento-scim sweep"):
            assert word in done.output, (words, done.output)
    swept = run("sweep")
    assert (swept.exit_code, "0 deactivated customers, all shut." in swept.output) == (0, True), swept.output


def test_with_a_binary_log_the_sentence_names_the_setting(server: MariaDB) -> None:
    """What the server says to somebody with TRIGGER and without SUPER: error 1419."""
    from pymysql import err
    from sqlalchemy import exc

    from app.magento import driver_errors, errors

    original = err.OperationalError(1419, "You do not have the SUPER privilege and binary logging is enabled")
    translated = driver_errors.translate(exc.DBAPIError("CREATE TRIGGER", {}, original))
    assert isinstance(translated, errors.NotGranted)
    assert "log_bin_trust_function_creators" in translated.privilege


def test_the_printed_grants_are_enough_for_leavers(without_rights: sa.URL, make: Make, tmp_path: Path) -> None:
    """Every option, every policy, the sweep, the report: with the rights that `grants` prints."""
    scim = make()
    for policy in ("deactivate", "anonymize", "remove"):
        path = tmp_path / f"{policy}.yaml"
        path.write_text(
            mapping(delete=policy, deactivate=EVERY_DOOR, protect="'title eq \"CEO\"'", breaker="{per_hour: 99}")
        )
        client = open_app_as(without_rights, scim, path)
        user_id = client.create(userName=f"{policy}@example.com", password="Gr8-enough-Secret")["id"]
        deactivate(client, user_id)
        assert client.get(f"/Users/{user_id}", attributes="doors").status_code == 200
        assert client.send("DELETE", f"/Users/{user_id}").status_code == 204
        bridge_of(client).shop.dispose()


def open_app_as(url: sa.URL, scim: Client, path: Path) -> Client:
    text = url.render_as_string(hide_password=False)
    return open_app(text, scim.prefix, path, scim.engine)


def test_the_sweep_tells_whom_it_shut(run: Run, scim: Client) -> None:
    ids = [scim.create(userName=f"u{n}@example.com")["id"] for n in range(3)]
    for user_id in ids:
        deactivate(scim, user_id)
    assert "3 deactivated customers, all shut." in run("sweep").output
    scim.execute(UNDONE + " WHERE entity_id <> :id", id=ids[1])
    done = run("sweep")
    assert (
        done.exit_code,
        f"2 of 3 deactivated customers had come open, now shut: {ids[0]}, {ids[2]}" in done.output,
    ) == (
        0,
        True,
    ), done.output
    assert [e["operation"] for e in json.loads(run("log", "--operation", "sweep", "--format", "json").output)] == [
        "sweep"
    ] * 2


def test_held_release_discard_and_purge(run: Run, make: Make) -> None:
    rules = mapping(breaker="{per_hour: 0}")
    client = make(rules)
    ids = [client.create(userName=f"u{n}@example.com")["id"] for n in range(3)]
    for user_id in ids:
        client.send("DELETE", f"/Users/{user_id}")
    listed = json.loads(run("held", "--format", "json").output)
    assert [(str(e["customer"]), e["userName"], e["action"], e["was_active"]) for e in listed] == [
        (user_id, f"u{n}@example.com", "remove", True) for n, user_id in enumerate(ids)
    ]
    assert "u2@example.com" in run("held").output
    assert run("release").exit_code == 2, "say which"
    first, second, _ = (e["id"] for e in listed)
    assert "1 deletion carried out." in run("release", str(first)).output
    again = run("release", str(first), str(second + 1000))
    assert (again.exit_code, "0 deletions" in again.output, "no such deletion waits" in again.output) == (1, True, True)
    assert "1 deletion discarded." in run("discard", str(second)).output
    assert client.get(f"/Users/{ids[1]}").get_json()["active"] is True
    assert "1 deletion carried out." in run("release", "--all").output
    assert [str(row["entity_id"]) for row in client.rows("customer_entity")] == [ids[1]]
    assert json.loads(run("held", "--format", "json").output) == []


def test_purge_by_hand_and_by_time(run: Run, make: Make) -> None:
    rules = mapping(delete="deactivate", purge="{after: 30d, how: remove}")
    client = make(rules)
    ids = [client.create(userName=f"u{n}@example.com")["id"] for n in range(3)]
    for user_id in ids[:2]:
        client.send("DELETE", f"/Users/{user_id}")
    assert "0 to be purged" in run("purge", "--dry-run", rules=rules).output
    client.execute("UPDATE {p}scim_link SET deleted_at = '2026-01-01' WHERE entity_id = :id", id=ids[0])
    assert f"1 to be purged: {ids[0]}" in run("purge", "--dry-run", rules=rules).output
    assert "1 purged." in run("purge", rules=rules).output
    assert "1 purged." in run("purge", "--user", ids[1], rules=rules).output
    there = run("purge", "--user", ids[2], rules=rules)
    assert (there.exit_code, "no deleted user" in there.output) == (1, True)
    assert [str(row["entity_id"]) for row in client.rows("customer_entity")] == [ids[2]]


@pytest.mark.parametrize("words", ["guard", "guard on", "sweep", "doors", "held", "release", "discard", "purge"])
def test_help_is_there(words: str) -> None:
    assert CliRunner().invoke(cli.main, [*words.split(), "--help"]).exit_code == 0


# --- undo, with the guard on ---


@pytest.mark.parametrize("what", ["deactivate", "reactivate", "delete", "delete kept", "anonymize"])
def test_undo_brings_back_what_the_guard_holds(run: Run, make: Make, what: str) -> None:
    policy = {"delete kept": "deactivate", "anonymize": "anonymize"}.get(what, "remove")
    rules = mapping(delete=policy, deactivate=EVERY_DOOR)
    client = make(rules)
    user_id = client.create(password="Gr8-enough-Secret")["id"]
    assert run("guard", "on", rules=rules).exit_code == 0
    if what != "deactivate":
        deactivate(client, user_id)
    if what == "reactivate":
        answer = client.patch(user_id, {"op": "replace", "path": "active", "value": True}, X_Request_Id="it")
        assert answer.status_code == 200
    stood = _rows(client)
    if what == "reactivate" or what == "deactivate":
        client.patch(user_id, {"op": "replace", "path": "active", "value": False}, X_Request_Id="undo-me")
    else:
        client.send("DELETE", f"/Users/{user_id}", X_Request_Id="undo-me")
    request = client.rows("scim_journal")[-1]["request_id"]
    done = run("undo", request, "--yes", rules=rules)
    assert done.exit_code == 0, done.output
    assert _rows(client) == stood


def _rows(client: Client) -> dict[str, list[dict[str, Any]]]:
    tables = ("customer_entity", "scim_link", "scim_inactive", "scim_email", "newsletter_subscriber")
    rows = {table: client.rows(table) for table in tables}
    for row in rows["customer_entity"]:
        del row["updated_at"]
    return rows


def test_the_installation_offers_the_guard(run: Run, without_rights: sa.URL, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "guard on` makes a trigger that closes the password reset by mail for leavers. This" in run("install").output
    run("guard", "on")
    assert "The guard is on: no password reset by mail lets a leaver in." in run("install").output
    run("guard", "off")
    monkeypatch.setenv("SCIM_DATABASE_URL", without_rights.render_as_string(hide_password=False))
    assert "may make none" in run("install").output
