"""Filling a sandbox: rows as Magento and the service write them, in batches that can be stopped and gone on with."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from app import config, launch, service
from app.mapping import bridges, drift, users
from app.sandbox import connection, filling, seed, shop
from app.sandbox.server import MariaDB

ROOT = Path(__file__).parent.parent.parent
FIRST, COUNT = 120, 250


@pytest.fixture(scope="module")
def url(server: MariaDB) -> str:
    """A shop that was filled to 120, of which a half is managed, and then to 250, all managed."""
    url = server.create("filling")
    shop.make(url)
    launch.prepare(_settings(url))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling, "BATCH", 40)
        half = list(filling.fill(url, FIRST, linked=50))
        assert half == [(20, FIRST), (60, FIRST), (100, FIRST), (FIRST, FIRST)]
        assert list(filling.fill(url, COUNT))[-1] == (COUNT, COUNT)
    return url


@pytest.fixture(scope="module")
def bridge(url: str) -> Iterator[bridges.Bridge]:
    here = service.start(_settings(url))
    yield here.bridge(here.tenant("default"), "http://127.0.0.1", bridges.Origin("r", "test"))
    here.shop.engine.dispose()


def _settings(url: str) -> config.Config:
    return config.read({"SCIM_DATABASE_URL": url, "SCIM_MAPPING": str(ROOT / "mapping.yaml")})


def _rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    with connection.to(url) as target, target.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def test_full_is_full(url: str) -> None:
    assert list(filling.fill(url, COUNT)) == [(COUNT, COUNT)]
    assert list(filling.fill(url, 10)) == [(COUNT, 10)]
    assert _rows(url, "SELECT COUNT(*), COUNT(DISTINCT email) FROM customer_entity") == [(COUNT, COUNT)]


def test_the_share_that_is_managed(url: str) -> None:
    """Of the ids 21 to 120 those whose last two digits are below 50, and all from 121 on."""
    ids = {row[0] for row in _rows(url, "SELECT entity_id FROM scim_link")}
    assert ids == {i for i in range(21, COUNT + 1) if i % 100 < 50 or i > FIRST}


def test_documents_are_as_the_service_writes_them(url: str, bridge: bridges.Bridge) -> None:
    """A customer that the service makes of a filled one's document has the same document and no other further rows."""
    text = _rows(url, "SELECT document FROM scim_link WHERE entity_id = 250")[0][0]
    document = json.loads(text)
    again = text.replace(document["userName"], "again@example.com").replace(document["externalId"], "again")
    made = users.create(bridge, json.loads(again))
    assert _rows(url, f"SELECT document FROM scim_link WHERE entity_id = {made['id']}") == [(again,)]
    for table in ("scim_email", "scim_address", "scim_external_id", "customer_address_entity"):
        key = "parent_id" if table == "customer_address_entity" else "entity_id"
        counts = [_rows(url, f"SELECT COUNT(*) FROM {table} WHERE {key} = {i}")[0][0] for i in (250, made["id"])]
        assert counts[0] == counts[1], table
    came = "SELECT external_key = SHA2(%s, 256) FROM scim_external_id WHERE entity_id = %s"
    for external_id, entity_id in ((document["externalId"], 250), ("again", made["id"])):
        assert _rows(url, came % (repr(external_id), entity_id)) == [(1,)]
    users.delete(bridge, made["id"])


def test_nothing_drifts(bridge: bridges.Bridge) -> None:
    batches = list(drift.walk(bridge))
    assert sum(batch.looked_at for batch in batches) == drift.count(bridge) > 100
    assert [batch.differences for batch in batches if batch.differences] == []


def test_a_user_is_read(url: str, bridge: bridges.Bridge) -> None:
    user = users.get(bridge, "220")
    assert user["addresses"][0]["type"] == "work"
    assert user["userName"] == user["emails"][0]["value"]
    assert [group["display"] for group in user["groups"]] == [filling.GROUPS["many"]]


def test_groups(url: str, bridge: bridges.Bridge) -> None:
    ids = filling.group_ids(url)
    for name, digit, most in (("many", 0, filling.MANY), ("few", 5, filling.FEW)):
        wanted = [i for i in range(21, COUNT + 1) if i % 10 == digit][:most]
        members = _rows(url, f"SELECT entity_id FROM scim_membership WHERE group_id = {ids[name]} ORDER BY entity_id")
        assert [row[0] for row in members] == wanted
        held = _rows(url, f"SELECT entity_id FROM customer_entity WHERE group_id = {ids[name]} ORDER BY entity_id")
        assert held == members


def test_the_grid_is_as_a_reindex_makes_it(url: str) -> None:
    before = _rows(url, "SELECT * FROM customer_grid_flat ORDER BY entity_id")
    with connection.to(url) as target:
        seed.fill_grid(target)
    assert _rows(url, "SELECT * FROM customer_grid_flat ORDER BY entity_id") == before
    assert len(before) == COUNT


def test_a_number_is_never_given_again(url: str) -> None:
    """The next filling goes on after the highest id there ever was, also when that customer is gone."""
    highest = _rows(url, "SELECT MAX(entity_id) FROM customer_entity")[0][0]
    with connection.to(url) as target:
        connection.run(target, f"SET foreign_key_checks=1; DELETE FROM customer_entity WHERE entity_id = {highest}")
        connection.run(target, f"DELETE FROM customer_grid_flat WHERE entity_id = {highest}")
    list(filling.fill(url, COUNT))
    assert _rows(url, "SELECT MAX(entity_id) FROM customer_entity")[0][0] > highest
    assert _rows(url, f"SELECT COUNT(*) FROM customer_entity WHERE entity_id = {highest}") == [(0,)]


def test_the_server_is_as_careful_as_before(server: MariaDB) -> None:
    root = server.url("mysql", "root")
    asked = "SELECT " + ", ".join(f"@@GLOBAL.{name}" for name in filling.RELAXED)
    before = _rows(root, asked)
    with filling.relaxed(root):
        assert _rows(root, asked)[0][0] == 0
    assert _rows(root, asked) == before
    with pytest.raises(pymysql.err.ProgrammingError), filling.relaxed(root):
        _rows(root, "SELECT * FROM nowhere.nothing")
    assert _rows(root, asked) == before


def test_a_real_shop_is_never_filled(shop_url: str, tmp_path: Path) -> None:
    """Also where its database could be reached: the sandbox is not even started."""
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "sandbox", "fill", "10", "--directory", str(tmp_path / "sandbox")],
        cwd=ROOT,
        env={"SCIM_DATABASE_URL": shop_url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "only a sandbox is ever filled" in done.stderr
    assert not (tmp_path / "sandbox").exists()


def test_the_command(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "sandbox", "fill", "35", "--directory", str(tmp_path / "sandbox")]
    done = subprocess.run(command, cwd=ROOT, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "has 35 customers: 15 made in" in done.stdout
