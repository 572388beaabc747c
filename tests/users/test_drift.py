"""Lost updates: what Magento's save writes over is found, and written again (issue 4)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from app import cli
from app.mapping import bridges, drift
from tests.users.conftest import Client


@pytest.fixture
def run(scim: Client, shop_url: str, table_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words: str) -> Any:
        return CliRunner().invoke(cli.main, ["drift", *words])

    return command


def _three(scim: Client) -> list[str]:
    return [scim.create(userName=f"p{n}@example.com")["id"] for n in range(3)]


def test_nothing_differs(scim: Client, run: Callable[..., Any]) -> None:
    _three(scim)
    result = run()
    assert (result.exit_code, result.stdout) == (0, "0 customers differ in 0 values; 0 repaired.\n")


def test_what_was_overwritten_is_found_and_repaired(scim: Client, run: Callable[..., Any]) -> None:
    first, second, third = _three(scim)
    scim.execute("UPDATE {p}customer_entity SET lastname='Byron', taxvat='X' WHERE entity_id=:e", e=second)
    scim.execute(
        "INSERT INTO {p}customer_entity (website_id, store_id, email, lastname) VALUES (1, 1, 'x@example.com', 'Own')"
    )
    result = run("--format", "json")
    assert result.exit_code == 1
    found = {
        (each["id"], each["attribute"], each["wanted"], each["found"])
        for each in json.loads(result.stdout)["differences"]
    }
    assert found == {(int(second), "lastname", "Lovelace", "Byron"), (int(second), "taxvat", None, "X")}
    assert "1 customer differs in 2 values; 0 repaired" in run().stdout
    assert run("--after", third).exit_code == 0, "those before are not looked at"
    assert scim.customer(second)["lastname"] == "Byron", "a report writes nothing"
    assert run("--repair", "--batch", "1").exit_code == 0
    assert (scim.customer(second)["lastname"], scim.customer(second)["taxvat"]) == ("Lovelace", None)
    (grid,) = scim.rows("customer_grid_flat", entity_id=int(second))
    assert grid["name"] == "Ada Lovelace"
    assert run().exit_code == 0
    assert scim.rows("customer_entity", email="x@example.com")[0]["lastname"] == "Own", (
        "who is not managed is left alone"
    )
    assert [row["operation"] for row in scim.rows("scim_journal", resource_id=int(second))] == ["create", "repair"]
    assert first


def test_what_cannot_be_repaired_is_named(scim: Client, run: Callable[..., Any]) -> None:
    first, *_ = _three(scim)
    scim.execute("UPDATE {p}customer_entity SET email='old@example.com' WHERE entity_id=:e", e=first)
    scim.execute("INSERT INTO {p}customer_entity (website_id, store_id, email) VALUES (1, 1, 'p0@example.com')")
    result = run("--repair")
    assert result.exit_code == 1
    assert f"Customer {first} could not be repaired: " in result.stderr
    assert scim.customer(first)["email"] == "old@example.com"


def test_batches_cost_the_same_number_of_statements(scim: Client) -> None:
    _three(scim)
    service = scim.app.extensions["magento-scim"]
    bridge = service.bridge(service.tenant("default"), "", bridges.Origin("t", "t"))
    assert [batch.looked_at for batch in drift.walk(bridge, size=2)] == [2, 1]
    assert drift.count(bridge) == 3
