"""The operator's commands on a real shop: tables, tokens, grants, and a sentence where something is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from click.testing import CliRunner, Result

from app import cli
from app.ledger import revisions, tables

ROOT = Path(__file__).parent.parent


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database: sa.Engine, shop_url: str, table_prefix: str):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)
    monkeypatch.setenv("SCIM_MAPPING", str(ROOT / "mapping.yaml"))

    def command(*words: str) -> Result:
        return CliRunner().invoke(cli.main, list(words))

    assert command("install").exit_code == 0
    return command


def test_install_again_changes_nothing(run, database: sa.Engine, table_prefix: str) -> None:  # type: ignore[no-untyped-def]
    assert "already" in run("install").output
    there = sa.inspect(database).get_table_names()
    assert set(tables.names(table_prefix)) <= set(there)


@pytest.mark.requirement(115, 145)
def test_tokens_are_made_listed_and_revoked(run) -> None:  # type: ignore[no-untyped-def]
    secret = run("token", "create", "okta", "--days", "3", "--read-only").output.partition(": ")[2].strip()
    assert len(secret) >= 43
    (listed,) = json.loads(run("token", "list", "--format", "json").output)
    assert (listed["name"], listed["scopes"], listed["state"]) == ("okta", "read", "alive")
    assert listed["expires"] > listed["created"]
    assert secret not in run("token", "list").output
    assert run("token", "revoke", str(listed["id"])).exit_code == 0
    again = run("token", "revoke", str(listed["id"]))
    assert (again.exit_code, "no living token" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 1, "mapping.yaml has no tenant 'default': name one with --tenant, eu or us."),
        (("--tenant", "usa"), 1, "mapping.yaml has no tenant 'usa'"),
        (("--tenant", "us"), 0, "Bearer token: "),
    ],
)
def test_a_token_is_some_tenants(
    run, tmp_path: Path, monkeypatch, words: tuple[str, ...], code: int, said: str
) -> None:  # type: ignore[no-untyped-def]
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text((ROOT / "mapping.yaml").read_text() + "tenants: {eu: {}, us: {profile: okta}}\n")
    monkeypatch.setenv("SCIM_MAPPING", str(mapping))
    done = run("token", "create", "okta", *words)
    assert (done.exit_code, said in done.output) == (code, True), done.output
    if code == 0:
        assert json.loads(run("token", "list", "--format", "json").output)[0]["tenant"] == "us"


def test_a_mapping_with_a_mistake_stops_no_token(run, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "mapping.yaml").write_text("version: 3\n")
    monkeypatch.setenv("SCIM_MAPPING", str(tmp_path / "mapping.yaml"))
    done = run("token", "create", "okta", "--tenant", "eu")
    assert (done.exit_code, "is not checked" in done.stderr, "Bearer token: " in done.stdout) == (0, True, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("",), "a token's name has 1 to 100 characters"),
        (("x" * 101,), "a token's name has 1 to 100 characters"),
        (("x", "--days", "99999999"), "is not in the range"),
        (("x", "--user", "nobody@example.com"), "There is no user 'nobody@example.com'"),
    ],
)
def test_what_is_no_token_is_told(run, words: tuple[str, ...], sentence: str) -> None:  # type: ignore[no-untyped-def]
    done = run("token", "create", *words)
    assert done.exit_code in (1, 2)
    assert sentence in done.output
    assert json.loads(run("token", "list", "--format", "json").output) == []


@pytest.mark.requirement(115, 118)
def test_the_secret_is_not_in_the_database(run, database: sa.Engine, table_prefix: str) -> None:  # type: ignore[no-untyped-def]
    secret = run("token", "create", "x").output.partition(": ")[2].strip()
    with database.connect() as connection:
        rows = connection.execute(sa.text(f"SELECT * FROM `{table_prefix}scim_token`")).all()
    assert secret not in repr(rows)


def test_grants_want_our_tables_first(run, database: sa.Engine, table_prefix: str) -> None:  # type: ignore[no-untyped-def]
    """GRANT names no table that is not there, and half of a list is no list."""
    with database.begin() as connection:
        connection.execute(sa.text(f"DELETE FROM `{table_prefix}scim_version`"))
    try:
        done = run("grants")
    finally:
        with database.begin() as connection:
            connection.execute(sa.text(f"INSERT INTO `{table_prefix}scim_version` VALUES ('{revisions.newest()}')"))
    assert (done.exit_code, "GRANT SELECT" in done.output) == (1, False)
    assert "run `magento-scim install` first" in done.output


def test_a_table_is_plain_text_and_never_cut(run) -> None:  # type: ignore[no-untyped-def]
    name = "[/bold] :smile: a name longer than a narrow terminal is wide"
    assert run("token", "create", name).exit_code == 0
    listed = run("token", "list").output
    assert "[/bold] :smile:" in listed
    assert "…" not in listed


def test_grants_name_every_table_once(run, table_prefix: str) -> None:  # type: ignore[no-untyped-def]
    lines = [line for line in run("grants", "--user", "'x'@'%'").output.splitlines() if line.startswith("GRANT")]
    named = [line.split("`")[3] for line in lines]
    assert len(named) == len(set(named))
    assert {f"{table_prefix}customer_entity", *tables.names(table_prefix)} <= set(named)
    assert all(line.endswith("TO 'x'@'%';") for line in lines)


@pytest.mark.parametrize(
    "words", [[], ["token"], ["install"], ["grants"], ["run"], ["connect"], ["simulate"], ["token", "create"]]
)
def test_help_is_everywhere(words: list[str]) -> None:
    done = CliRunner().invoke(cli.main, [*words, "--help"])
    assert (done.exit_code, done.output.startswith("Usage: ")) == (0, True)


def test_a_database_that_is_away_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCIM_DATABASE_URL", "mysql://nobody@127.0.0.1:9/none")
    done = CliRunner().invoke(cli.main, ["token", "list"])
    assert done.exit_code == 1
    assert done.output.startswith("Error: The shop's database cannot be used")


def test_the_newest_revision_is_alembic_s_head() -> None:
    scripts = ScriptDirectory(str(revisions.MIGRATIONS))
    assert scripts.get_current_head() == revisions.newest()


def test_who_answers_requests_loads_no_alembic() -> None:
    """Ten megabytes in each worker."""
    code = "import sys, app.service, app.endpoints, app.workers; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
