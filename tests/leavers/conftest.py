"""Apps on shops of every release, with the guard and without it, and what leavers are made of."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

import app as magento_scim
from app import config
from app.ledger import install, tables, tokens
from app.magento import doors, guard
from app.mapping import bridges, sweep, ways
from tests.magento.conftest import Bench, released  # noqa: F401
from tests.users.conftest import ROOT, Client, ledger_tables, make, scim  # noqa: F401

EVERY_DOOR = "[" + ", ".join(doors.EVERY) + "]"


def mapping(**lifecycle: str) -> str:
    """Give the shipped mapping with other words under `lifecycle`, in YAML."""
    text = (ROOT / "mapping.yaml").read_text().partition("\nlifecycle:")[0]
    return text + "\nlifecycle:\n" + "".join(f"  {word}: {value}\n" for word, value in lifecycle.items())


def bridge_of(client: Client) -> bridges.Bridge:
    """Give the bridge that the client's app works on."""
    here = client.app.extensions["magento-scim"]
    found: bridges.Bridge = here.bridge(here.tenant("default"), "http://localhost/", bridges.Origin("test", "test"))
    return found


def deactivate(client: Client, user_id: str) -> None:
    answer = client.patch(user_id, {"op": "replace", "path": "active", "value": False})
    assert (answer.status_code, answer.get_json()["active"]) == (200, False), answer.text


def reactivate(client: Client, user_id: str) -> None:
    answer = client.patch(user_id, {"op": "replace", "path": "active", "value": True})
    assert (answer.status_code, answer.get_json()["active"]) == (200, True), answer.text


@dataclass
class Stay:
    """One release's shop with an app on it, deactivating in all ways or the usual ones, and what keeps leavers out."""

    bench: Bench
    client: Client
    how: str

    @property
    def bridge(self) -> bridges.Bridge:
        return bridge_of(self.client)

    def hold(self) -> None:
        """Let the guard have held, or sweep."""
        if self.how == "sweep":
            sweep.sweep(self.bridge)

    def is_out(self, user_id: str) -> bool:
        """Say whether the lock stands as Magento looks at it, and against its failure counter (facts 4.1, 4.2)."""
        (row,) = self.bench.sql(
            "SELECT lock_expires > UTC_TIMESTAMP() + INTERVAL 5 YEAR AND is_active = 0 AND failures_num < -1000"
            " AND first_failure IS NOT NULL AS is_out FROM {p}customer_entity WHERE entity_id = :id",
            id=user_id,
        )
        return bool(row["is_out"])


def open_app(url: str, prefix: str, path: Path, engine: sa.Engine) -> Client:
    """Start an app on a shop and give a client of it."""
    with engine.connect() as connection:
        install.upgrade(connection, prefix)
        connection.commit()
    environment = {"SCIM_DATABASE_URL": url, "SCIM_TABLE_PREFIX": prefix, "SCIM_MAPPING": str(path), "SCIM_SEEN": "0"}
    base = replace(config.read(environment), token_seconds=0)
    app = magento_scim.create_app(base)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    with engine.begin() as connection:
        secret = tokens.create(connection, tables.define(prefix), "test", "default", tokens.SCOPES, now)
    return Client(app, engine, secret, prefix)


@pytest.fixture(scope="session")
def on_release(
    released: Bench,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Client]:
    """An app on each release's shop."""
    path = tmp_path_factory.mktemp("release") / "mapping.yaml"
    path.write_text(mapping(delete="remove"))
    url = released.engine.url.render_as_string(hide_password=False)
    client = open_app(url, released.shop.prefix, path, released.engine)
    yield client
    bridge_of(client).shop.dispose()


@pytest.fixture(params=["guard", "sweep"])
def stay(released: Bench, on_release: Client, request: pytest.FixtureRequest) -> Stay:  # noqa: F811
    """Each release's shop, with the guard on, or off and swept."""
    bridge = bridge_of(on_release)
    switch = guard.on if request.param == "guard" else guard.off
    switch(bridge.shop.engine, ways.names(bridge))
    return Stay(released, on_release, request.param)
