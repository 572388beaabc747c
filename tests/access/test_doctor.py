"""`magento-scim doctor`: each misconfiguration is found, and its cure is said."""

import json
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app import cli, doctor
from app.magento import guard
from app.mapping import ways
from app.sandbox import connection as plain
from app.sandbox.server import MariaDB
from tests import live
from tests.leavers.conftest import bridge_of, deactivate
from tests.users.conftest import ROOT, Client

Environment = dict[str, str]


@pytest.fixture
def well(scim: Client, service_url: str) -> Environment:
    """The environment of an installation with which nothing is wrong but that the guard is off."""
    return {
        "SCIM_DATABASE_URL": service_url,
        "SCIM_TABLE_PREFIX": scim.prefix,
        "SCIM_MAPPING": str(ROOT / "mapping.yaml"),
        "SCIM_BASE_URL": "https://scim.example.com/scim/v2",
    }


def _wrong(environment: Mapping[str, str], url: str | None = None) -> dict[str, doctor.Finding]:
    found = list(doctor.examine(environment, url))
    assert all(each.cure for each in found if each.level != doctor.OK), "every finding says what to do"
    return {each.check: each for each in found if each.level != doctor.OK}


def test_of_a_sound_installation_nothing_is_said(well: Environment, scim: Client) -> None:
    names = ways.names(bridge_of(scim))
    guard.on(scim.engine, names)
    try:
        assert _wrong(well) == {}
    finally:
        guard.off(scim.engine, names)


@pytest.mark.parametrize(
    ("changed", "check", "level", "cure"),
    [
        ({"SCIM_DATABASE_URL": ""}, "configuration", "error", "Set SCIM_DATABASE_URL or MAGENTO_ROOT"),
        ({"SCIM_MAX_PAGE": "many"}, "configuration", "error", "It takes a whole number from 1."),
        ({"SCIM_DATABASE_URL": "mysql://scim:wrong@127.0.0.1:1/shop"}, "database", "error", "Does the server run?"),
        ({"SCIM_TABLE_PREFIX": "no_"}, "database", "error", "SCIM_TABLE_PREFIX"),
        ({"SCIM_MAPPING": "/nowhere/mapping.yaml"}, "mapping", "error", "Set SCIM_MAPPING."),
        ({"SCIM_PROFILE": "okra"}, "mapping", "error", "It is one of strict,"),
        ({"SCIM_BASE_URL": ""}, "base URL", "warning", "SCIM_BASE_URL"),
        ({"SCIM_BASE_URL": "http://scim.example.com/scim/v2"}, "base URL", "error", "https"),
        ({"PROMETHEUS_MULTIPROC_DIR": "/nowhere/metrics"}, "processes", "error", "mkdir"),
    ],
    ids=str,
)
def test_what_is_set_wrongly(well: Environment, changed: Environment, check: str, level: str, cure: str) -> None:
    found = _wrong(well | changed)[check]
    assert found.level == level
    assert cure in found.cure


def test_a_mapping_with_a_mistake(well: Environment, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text((ROOT / "mapping.yaml").read_text().replace("lastname:", "lastnome:", 1))
    found = _wrong(well | {"SCIM_MAPPING": str(path)})["mapping"]
    assert ("lastnome" in found.what, "magento-scim check" in found.cure) == (True, True)


def test_old_tables_of_ours(well: Environment, scim: Client) -> None:
    name = f"{scim.prefix}scim_version"
    with scim.engine.connect() as connection:
        name = next(n for n in sa.inspect(connection).get_table_names() if n.startswith(name[:-7]) and "version" in n)
    before = scim.rows(name.removeprefix(scim.prefix))[0]["version_num"]
    scim.execute(f"UPDATE `{name}` SET version_num = '0007'")
    try:
        found = _wrong(well)["our tables"]
    finally:
        scim.execute(f"UPDATE `{name}` SET version_num = :v", v=before)
    assert "0007" in found.what
    assert "magento-scim install" in found.cure


def test_a_mapping_that_anybody_may_write(well: Environment, tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text((ROOT / "mapping.yaml").read_text())
    path.chmod(path.stat().st_mode | stat.S_IWOTH)
    assert "chmod o-w" in _wrong(well | {"SCIM_MAPPING": str(path)})["mapping"].cure


def test_a_missing_privilege(well: Environment, scim: Client, server: MariaDB) -> None:
    table = f"`{sa.make_url(well['SCIM_DATABASE_URL']).database}`.`{scim.prefix}quote`"
    with plain.to(server.url("mysql", "root")) as root:
        plain.run(root, f"REVOKE UPDATE ON {table} FROM scim@'%';")
        try:
            found = _wrong(well)["privileges"]
        finally:
            plain.run(root, f"GRANT UPDATE ON {table} TO scim@'%';")
    assert f"UPDATE ON {scim.prefix}quote" in found.what
    assert "magento-scim grants" in found.cure


def test_a_user_who_may_everything(well: Environment, server: MariaDB, scim: Client) -> None:
    name = sa.make_url(well["SCIM_DATABASE_URL"]).database or ""
    found = _wrong(well | {"SCIM_DATABASE_URL": server.url(name, "root")})["privileges"]
    assert (found.level, "ALL PRIVILEGES" in found.what) == ("warning", True)


@pytest.mark.parametrize(
    ("statement", "level", "cure"),
    [
        ("UPDATE {p}scim_token SET revoked_at = '2020-01-01'", "error", "token create"),
        ("UPDATE {p}scim_token SET expires_at = UTC_TIMESTAMP() + INTERVAL 3 DAY", "warning", "successor"),
        ("UPDATE {p}scim_token SET last_used_at = UTC_TIMESTAMP() - INTERVAL 100 DAY", "warning", "token revoke"),
        ("INSERT INTO {p}scim_token (hash, name, tenant, scopes, created_at) VALUES"
         " ('x', 'old', 'gone', 'read', UTC_TIMESTAMP())", "warning", "token revoke"),
    ],
)  # fmt: skip
def test_tokens(well: Environment, scim: Client, statement: str, level: str, cure: str) -> None:
    scim.execute(statement)
    found = _wrong(well)["tokens"]
    assert (found.level, cure in found.cure) == (level, True)


@pytest.mark.parametrize("state", ["invalid", "working"])
def test_the_customer_grid(well: Environment, scim: Client, state: str) -> None:
    scim.execute("UPDATE {p}indexer_state SET status = :s WHERE indexer_id = 'customer_grid'", s=state)
    assert "indexer:reindex customer_grid" in _wrong(well)["customer grid"].cure


def test_leavers_who_came_back(well: Environment, scim: Client) -> None:
    assert "guard on" in _wrong(well)["leavers"].cure
    user_id = scim.create()["id"]
    deactivate(scim, user_id)
    scim.execute("UPDATE {p}customer_entity SET lock_expires = NULL, failures_num = 0, first_failure = NULL")
    found = next(each for each in doctor.examine(well) if each.check == "leavers")
    assert (found.level, found.cure) == ("error", "magento-scim sweep")


def test_the_way_in(well: Environment) -> None:
    with live.serve(well) as base:
        assert "way in" not in _wrong(well, base)
        assert "answers 404" in _wrong(well, base.replace("/v2", "/v2/nowhere"))["way in"].what
    assert "cannot be reached" in _wrong(well, base)["way in"].what


def test_the_command_tells_people_and_programs(
    well: Environment, monkeypatch: pytest.MonkeyPatch, scim: Client
) -> None:
    for name, value in well.items():
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(cli.main, ["doctor"])
    assert (told.exit_code, "0 wrong, 1 to look at" in told.output) == (0, True), told.output
    monkeypatch.setenv("SCIM_PROFILE", "okra")
    told = CliRunner().invoke(cli.main, ["doctor", "--format", "json"])
    assert told.exit_code == 1
    assert json.loads(told.output)[-1]["check"] == "mapping"
