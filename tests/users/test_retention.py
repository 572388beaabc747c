"""The journal is kept as long as the operator wants, and what is still needed longer (issue 5)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import cli
from app.ledger import retention
from tests.leavers.conftest import mapping
from tests.users.conftest import Client, Make

Run = Callable[..., Result]
OLD = "UPDATE {p}scim_journal SET at = at - INTERVAL 500 DAY"


@pytest.fixture
def run(shop_url: str, table_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words, **more: CliRunner().invoke(cli.main, ["prune", *words], **more)


def operations(client: Client) -> list[str]:
    return [row["operation"] for row in client.rows("scim_journal")]


def rename(client: Client, user_id: str, name: str, **headers: Any) -> None:
    answer = client.patch(user_id, {"op": "replace", "path": "name.familyName", "value": name}, **headers)
    assert answer.status_code == 200


def test_what_is_old_goes_and_an_entry_says_so(scim: Client, run: Run) -> None:
    user = scim.create()["id"]
    rename(scim, user, "King")
    scim.execute(OLD)
    rename(scim, user, "Byron")
    assert "No entry is old enough" in run("--older-than", "501d").output
    told = json.loads(run("--older-than", "400d", "--dry-run", "--format", "json").stdout)
    assert ([(each["tenant"], each["entries"]) for each in told["going"]], told["kept"]) == ([("default", 2)], 0)
    assert operations(scim) == ["create", "modify", "modify"]
    assert run("--older-than", "400d", input="n\n").exit_code == 1
    assert len(operations(scim)) == 3
    assert "2 entries are removed." in run("--older-than", "400d", "--yes").output
    assert operations(scim) == ["modify", "prune"]
    (entry,) = scim.rows("scim_journal", operation="prune")
    assert json.loads(entry["reasons"])["journal"]["entries"] == 2
    assert "No entry is old enough" in run("--older-than", "400d", "--yes").output


@pytest.mark.parametrize("age", ["400", "0d", "12h", "d", "-3d", "999999d"])
def test_an_age_is_days_or_weeks(run: Run, scim: Client, age: str) -> None:
    done = run("--older-than", age)
    assert (done.exit_code, "write 400d" in done.output) == (2, True)


@pytest.mark.parametrize("words", [{"delete": "deactivate"}, {"breaker": "{per_hour: 0}"}])
def test_what_may_yet_be_undone_stays(make: Make, run: Run, words: dict[str, str]) -> None:
    client = make(mapping(**words))
    kept, other = client.create()["id"], client.create(userName="b@example.com")["id"]
    assert client.send("DELETE", f"/Users/{kept}", X_Request_Id="gone").status_code == 204
    client.execute(OLD)
    done = run("--older-than", "400d", "--yes")
    assert "2 older entries stay" in done.output
    assert [row["resource_id"] for row in client.rows("scim_journal")] == [int(kept), int(kept), 0]
    assert CliRunner().invoke(cli.main, ["undo", "gone", "--yes"]).exit_code == 0
    assert client.get(f"/Users/{kept}").status_code == 200
    assert client.get(f"/Users/{other}").status_code == 200
    client.execute(OLD)
    assert "4 entries are removed." in run("--older-than", "400d", "--yes").output


def test_an_undo_never_goes_before_what_it_takes_back(scim: Client, run: Run) -> None:
    """Clocks of hosts differ: entries go in their order."""
    user = scim.create()["id"]
    rename(scim, user, "King", X_Request_Id="r")
    assert CliRunner().invoke(cli.main, ["undo", "r", "--yes"]).exit_code == 0
    scim.execute(OLD + " WHERE operation IN ('create', 'undo')")
    run("--older-than", "400d", "--yes")
    assert operations(scim) == ["modify", "undo", "prune"]
    assert CliRunner().invoke(cli.main, ["undo", "r", "--yes"]).exit_code == 1, "it is undone"


def test_batch_by_batch(scim: Client, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    user = scim.create()["id"]
    for name in "BCDE":
        rename(scim, user, name)
    scim.execute(OLD)
    assert "5 entries are removed." in run("--older-than", "400d", "--yes").output
    assert operations(scim) == ["prune"]
