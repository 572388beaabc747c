"""A process dies at any statement: afterwards nothing or all of it stands, and the same request succeeds (issue 5)."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

import app as magento_scim
from app import config
from app.ledger import install, tables, tokens
from app.sandbox import seed
from app.sandbox import tables as shop_tables
from app.sandbox.server import MariaDB
from tests.users.conftest import PATCH, ROOT, USER, Client, Make

MOST_STATEMENTS = 120


@dataclass(frozen=True)
class Deed:
    """A request, what its answer's status is when it is sent again after a death, and the rows that it makes whole."""

    name: str
    send: Callable[[Client, str], TestResponse]
    again: tuple[int, ...]


def _create(scim: Client, _user: str) -> TestResponse:
    name = {"givenName": "Grace", "familyName": "Hopper"}
    body = {"schemas": [USER], "userName": "grace@example.com", "externalId": "g", "name": name}
    return scim.send("POST", "/Users", body)


def _patch(scim: Client, user: str, path: str, value: Any) -> TestResponse:
    body = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": path, "value": value}]}
    return scim.send("PATCH", f"/Users/{user}", body)


DEEDS = (
    Deed("create", _create, (201, 409)),
    Deed("change", lambda scim, user: _patch(scim, user, 'emails[type eq "work"].value', "new@example.com"), (200,)),
    Deed("deactivate", lambda scim, user: _patch(scim, user, "active", False), (200,)),
    Deed("delete", lambda scim, user: scim.send("DELETE", f"/Users/{user}"), (204, 404)),
)


def state(scim: Client) -> dict[str, list[dict[str, Any]]]:
    """Read what a request may change, but for times and the marks of tokens' use."""
    found = {}
    watched = ("customer_entity", "customer_grid_flat", "customer_entity_varchar", "newsletter_subscriber", "quote")
    for name in (*watched, "jwt_auth_revoked", "oauth_token", "scim_link", "scim_email", "scim_journal"):
        found[name] = scim.rows(name)
    return found


def whole(scim: Client) -> None:
    """Every customer has its link, its grid row and its entry in the journal."""
    there = state(scim)
    customers = {row["entity_id"]: row for row in there["customer_entity"]}
    grid = {row["entity_id"]: row for row in there["customer_grid_flat"]}
    assert set(customers) == set(grid) == {row["entity_id"] for row in there["scim_link"]}
    for entity_id, row in customers.items():
        assert (grid[entity_id]["email"], grid[entity_id]["lock_expires"]) == (row["email"], row["lock_expires"])
        assert (row["is_active"] == 1) is (row["lock_expires"] is None)
    made = {row["resource_id"] for row in there["scim_journal"] if row["operation"] == "create"}
    gone = {row["resource_id"] for row in there["scim_journal"] if row["operation"] == "delete"}
    assert made - gone == set(customers)


def user(scim: Client) -> str:
    """Make the user to whom things happen, with what hangs on one."""
    emails = [{"value": "ada@example.com", "type": "work"}]
    user_id: str = scim.create(emails=emails)["id"]
    scim.execute(
        "INSERT INTO {p}newsletter_subscriber (store_id, customer_id, subscriber_email, subscriber_status)"
        " VALUES (1, :e, 'ada@example.com', 1)",
        e=int(user_id),
    )
    scim.execute("INSERT INTO {p}quote (store_id, customer_id, is_active) VALUES (1, :e, 1)", e=int(user_id))
    return user_id


@dataclass
class Trap:
    """Does something right before the n-th statement, or commit, of an engine."""

    engine: sa.Engine
    at: int
    spring: Callable[[], None]
    count: int = 0

    def __post_init__(self) -> None:
        sa.event.listen(self.engine, "before_cursor_execute", self._step)
        sa.event.listen(self.engine, "commit", self._step)

    def _step(self, *_: Any) -> None:
        self.count += 1
        if self.count == self.at:
            self.spring()

    def remove(self) -> None:
        sa.event.remove(self.engine, "before_cursor_execute", self._step)
        sa.event.remove(self.engine, "commit", self._step)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _in_a_process(scim: Client, deed: Deed, user_id: str, at: int) -> bool:
    """Send the request in a process that dies at a statement; gives whether it died."""
    child = os.fork()
    if child == 0:
        engine = scim.app.extensions["magento-scim"].shop.engine
        engine.dispose(close=False)
        Trap(engine, at, _die)
        deed.send(scim, user_id)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_a_worker_dies_at_each_statement(make: Make, deed: Deed) -> None:
    scim = make()
    scim.get("/Users", count=0)  # the token's use is noted once
    deaths = 0
    for at in range(1, MOST_STATEMENTS):
        user_id = user(scim)
        before = state(scim)
        scim.app.extensions["magento-scim"].shop.dispose()
        died = _in_a_process(scim, deed, user_id, at)
        if died:
            deaths += 1
            assert state(scim) == before, f"died at statement {at}: something was written"
        whole(scim)
        assert deed.send(scim, user_id).status_code in deed.again
        whole(scim)
        for row in scim.rows("customer_entity"):
            scim.send("DELETE", f"/Users/{row['entity_id']}")
        scim.execute("DELETE FROM {p}quote")
        if not died:
            break
    assert deaths >= 3, "at each message, and at the commit"


# --- the database dies ---


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A database server of this test's own, whose commits survive its death."""
    with MariaDB(tmp_path_factory.mktemp("mortal")) as running:
        shop_tables.build(running.url())
        seed.seed(running.url(), customers=False)
        yield running


@pytest.fixture
def beside(mortal: MariaDB) -> Iterator[Client]:
    """The service on it."""
    engine = sa.create_engine(
        mortal.url(), connect_args={"init_command": "SET time_zone='+00:00'", "ssl_disabled": True}
    )
    with engine.connect() as connection:
        install.upgrade(connection, "")
        connection.commit()
    found = config.read(
        {"SCIM_DATABASE_URL": mortal.url(), "SCIM_MAPPING": str(ROOT / "mapping.yaml"), "SCIM_SEEN": "0"}
    )
    made = magento_scim.create_app(found)
    with engine.begin() as connection:
        secret = tokens.create(connection, tables.define(), "t", "default", tokens.SCOPES, datetime(2026, 1, 1))
    yield Client(made, engine, secret, "")
    made.extensions["magento-scim"].shop.dispose()
    engine.dispose()


@pytest.mark.long
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_the_database_dies_at_each_statement(beside: Client, mortal: MariaDB, deed: Deed) -> None:
    scim, service = beside, beside.app.extensions["magento-scim"]

    def kill() -> None:
        pid = int(Path(mortal.pid_file).read_text())
        os.kill(pid, signal.SIGKILL)
        mortal.stop()

    deaths = 0
    for at in range(1, MOST_STATEMENTS):
        user_id = user(scim)
        before = state(scim)
        trap = Trap(service.shop.engine, at, kill)
        answer = deed.send(scim, user_id)
        trap.remove()
        died = trap.count >= at
        if died:
            deaths += 1
            assert answer.status_code == 503, answer.text
            assert answer.headers["Retry-After"]
            mortal.start()
            scim.engine.dispose()
            assert state(scim) == before
        whole(scim)
        assert deed.send(scim, user_id).status_code in deed.again
        whole(scim)
        for row in scim.rows("customer_entity"):
            scim.send("DELETE", f"/Users/{row['entity_id']}")
        scim.execute("DELETE FROM quote")
        if not died:
            break
    assert deaths >= 3, "at each message, and at the commit"
