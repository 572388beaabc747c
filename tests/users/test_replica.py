"""Reads from a replica (SCIM_READ_DATABASE_URL): two real servers, one of which follows the other, later or not at all.

A caller reads what it has written, whatever the replica has; others read there. A replica that is away is nobody's error.
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app import cli
from app.sandbox import connection
from app.sandbox.server import MariaDB
from tests import live
from tests.conftest import narrow
from tests.users.conftest import PATCH, ROOT, USER

DISTANCE = 3  # seconds that the replica is delayed in a test
WORK = ("customer_entity", "customer_group")  # what a read that the replica answers asks it for


@dataclass
class Pair:
    """A primary, the replica, the service on both, and two callers of it."""

    primary: MariaDB
    replica: MariaDB
    settings: dict[str, str]
    base: str
    writer: httpx2.Client
    other: httpx2.Client

    def create(self, name: str) -> str:
        body = {"schemas": [USER], "userName": name, "name": {"givenName": "Ada", "familyName": "Lovelace"}}
        answer = self.writer.post(f"{self.base}/Users", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def rename(self, user_id: str, family: str) -> None:
        change = {"op": "replace", "path": "name.familyName", "value": family}
        answer = self.writer.patch(f"{self.base}/Users/{user_id}", json={"schemas": [PATCH], "Operations": [change]})
        assert answer.status_code == 200, answer.text
        assert answer.json()["name"]["familyName"] == family, "a write's answer is what it wrote"

    def family(self, client: httpx2.Client, user_id: str) -> str | None:
        answer = client.get(f"{self.base}/Users/{user_id}")
        assert answer.status_code in (200, 404), answer.text
        return str(answer.json()["name"]["familyName"]) if answer.is_success else None

    def administrate(self, statement: str) -> None:
        """Tell the replica something."""
        with connection.to(self.replica.url("mysql", "root")) as root:
            connection.run(root, statement)

    def caught_up(self) -> None:
        """Wait until the replica has all that the primary has."""
        position = _one(self.primary, "SELECT @@gtid_binlog_pos")
        assert _one(self.replica, f"SELECT MASTER_GTID_WAIT('{position}', 30)") == 0, "the replica does not follow"

    def asked(self) -> int:
        """Count the statements about customers and groups that the replica was sent by clients."""
        lines = (self.replica.directory / "general.log").read_text(errors="replace").splitlines()
        asked = ("Query\tSELECT", "Execute\tSELECT")  # the second: a kept statement
        return sum(any(each in line for each in asked) and any(name in line for name in WORK) for line in lines)

    @contextmanager
    def behind(self) -> Iterator[None]:
        """Let the replica stand still where it is."""
        self.caught_up()
        self.administrate("STOP SLAVE SQL_THREAD")
        try:
            yield
        finally:
            self.administrate("START SLAVE")


def _one(server: MariaDB, query: str) -> Any:
    with connection.to(server.url("mysql", "root")) as root, root.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
        return row[0] if row else None


def _follow(primary: MariaDB, replica: MariaDB) -> None:
    password = secrets.token_hex(8)
    with connection.to(primary.url("mysql", "root")) as root:
        connection.run(root, f"CREATE USER repl@'127.0.0.1' IDENTIFIED BY '{password}';")
        connection.run(root, "GRANT REPLICATION SLAVE ON *.* TO repl@'127.0.0.1';")
    with connection.to(replica.url("mysql", "root")) as root:
        connection.run(
            root,
            f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='repl',"
            f" MASTER_PASSWORD='{password}', MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1; START SLAVE;",
        )


def _reader(primary: MariaDB, replica: MariaDB) -> str:
    """Make a user on the replica who may what `magento-scim grants --replica` prints; gives its URL."""
    settings = {"SCIM_DATABASE_URL": primary.client_url(), "SCIM_MAPPING": str(ROOT / "mapping.yaml")}
    printed = CliRunner().invoke(cli.main, ["grants", "--replica", "--user", "reader@'%'"], env=settings).output
    position = _one(primary, "SELECT @@gtid_binlog_pos")
    assert _one(replica, f"SELECT MASTER_GTID_WAIT('{position}', 30)") == 0, "the replica does not follow"
    with connection.to(replica.url("mysql", "root")) as root:
        connection.run(root, "CREATE USER reader@'%' IDENTIFIED BY 'reader';")
        connection.run(root, printed)
    url = sa.make_url(replica.url()).set(username="reader", password="reader")
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MariaDB, MariaDB]]:
    """A primary with the shop and our tables, and a replica that follows it from its first statement."""
    folder = tmp_path_factory.mktemp("pair")
    passwords = {user: secrets.token_hex(12) for user in ("root", "magento")}
    for name in ("primary", "replica"):
        (folder / name).mkdir()
        for user, password in passwords.items():
            (folder / name / f"{user}.password").write_text(password)
    log = folder / "replica" / "general.log"
    writes = ("--log-bin=changes", "--binlog-format=ROW", "--server-id=1")
    reads = ("--server-id=2", "--general-log=ON", f"--general-log-file={log}")
    with (
        MariaDB(folder / "primary", fast=True, options=writes) as primary,
        MariaDB(folder / "replica", fast=True, options=reads) as replica,
    ):
        _follow(primary, replica)
        live.furnish(primary.url())
        yield primary, replica


@pytest.fixture(scope="module")
def pair(servers: tuple[MariaDB, MariaDB]) -> Iterator[Pair]:
    primary, replica = servers
    secret, other = live.furnish(primary.url(), "writer", "other")
    settings = {
        "SCIM_DATABASE_URL": narrow(primary, primary.url(), ""),
        "SCIM_READ_DATABASE_URL": _reader(primary, replica),
        "SCIM_MAPPING": str(ROOT / "mapping.yaml"),
        "SCIM_SEEN": "0",
    }
    with ExitStack() as stack:
        base = stack.enter_context(live.serve(settings))
        clients = [
            stack.enter_context(httpx2.Client(headers={"Authorization": f"Bearer {each}"}, timeout=60))
            for each in (secret, other)
        ]
        found = Pair(primary, replica, settings, base, *clients)
        found.caught_up()
        yield found


@pytest.fixture(autouse=True)
def empty(pair: Pair) -> Iterator[None]:
    """Begin without customers, with a replica that has all of it, and with processes that may ask it."""
    pair.caught_up()
    yield
    with connection.to(pair.primary.url()) as shop:
        connection.run(shop, "SET foreign_key_checks=1; DELETE FROM customer_entity; DELETE FROM customer_grid_flat;")


def test_reads_go_to_the_replica_and_writes_never_do(pair: Pair) -> None:
    ada = pair.create("ada@example.com")
    pair.rename(ada, "Byron")
    pair.caught_up()
    before = pair.asked()
    for client in (pair.writer, pair.other):
        assert pair.family(client, ada) == "Byron"
    assert pair.asked() > before, "no read went to the replica that has everything"
    for path in ("/Users", '/Users?filter=userName eq "ada@example.com"', "/Groups", "/"):
        before = pair.asked()
        assert pair.writer.get(f"{pair.base}{path}").json()["totalResults"] > 0
        assert pair.asked() > before, f"GET {path} did not go to the replica"
    before = pair.asked()
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "count": 1}
    assert pair.writer.post(f"{pair.base}/Users/.search", json=search).json()["totalResults"] == 1
    assert pair.asked() > before, "a search by POST did not go to the replica"
    before = pair.asked()
    pair.rename(ada, "King")
    pair.create("alan@example.com")
    assert pair.writer.delete(f"{pair.base}/Users/{ada}").status_code == 204
    assert pair.asked() == before, "a write asked the replica"


def test_a_caller_reads_what_it_wrote_while_others_read_the_replica_that_is_behind(pair: Pair) -> None:
    ada = pair.create("ada@example.com")
    with pair.behind():
        pair.rename(ada, "Byron")
        alan = pair.create("alan@example.com")
        before = pair.asked()
        for _ in range(10):
            assert pair.family(pair.writer, ada) == "Byron"
            assert pair.family(pair.writer, alan) == "Lovelace"
            found = pair.writer.get(f"{pair.base}/Users", params={"filter": 'userName eq "alan@example.com"'})
            assert found.json()["totalResults"] == 1
        assert pair.asked() == before, "the writer's reads went to the replica that lacks what it wrote"
        for _ in range(10):
            assert pair.family(pair.other, ada) == "Lovelace", "another caller's read did not go to the replica"
        assert pair.asked() > before
    pair.caught_up()
    before = pair.asked()
    assert pair.family(pair.writer, ada) == pair.family(pair.other, ada) == "Byron"
    assert pair.asked() > before, "the writer is kept from a replica that has everything again"


def test_a_replica_that_is_delayed_serves_each_change_to_its_caller_at_once(pair: Pair) -> None:
    ada = pair.create("ada@example.com")
    pair.caught_up()
    pair.administrate(f"STOP SLAVE; CHANGE MASTER TO MASTER_DELAY={DISTANCE}; START SLAVE")
    try:
        for number in range(20):
            pair.rename(ada, f"Name {number}")
            assert pair.family(pair.writer, ada) == f"Name {number}"
        assert pair.family(pair.other, ada) == "Lovelace", "the delay is not felt: the test shows nothing"
        deadline = time.monotonic() + DISTANCE + 10
        while pair.family(pair.other, ada) != "Name 19":
            assert pair.family(pair.writer, ada) == "Name 19"
            assert time.monotonic() < deadline, "the replica never came so far"
    finally:
        pair.administrate("STOP SLAVE; CHANGE MASTER TO MASTER_DELAY=0; START SLAVE")


def test_ready_and_the_doctor_know_the_replica(pair: Pair) -> None:
    ready = f"{pair.base.removesuffix('/scim/v2')}/readyz"
    pair.caught_up()
    checked = httpx2.get(ready).json()["checks"]["replica"]
    assert (checked["ok"], checked["behind_seconds"]) == (True, 0)
    assert _doctor(pair) == "ok"
    with pair.behind():
        pair.create("ada@example.com")
        time.sleep(1)
        answer = httpx2.get(ready)
        assert answer.status_code == 200, "a replica that is behind is no reason to send nobody here"
        assert answer.json()["checks"]["replica"]["behind_seconds"] >= 1
    pair.caught_up()


def test_a_replica_that_is_away_or_lacks_rights_is_nobodys_error(pair: Pair) -> None:
    ada = pair.create("ada@example.com")
    pair.caught_up()
    assert pair.family(pair.other, ada) == "Lovelace"
    rights = f"SELECT ON {sa.make_url(pair.replica.url()).database}.customer_entity"
    pair.administrate(f"REVOKE {rights} FROM reader@'%'")
    for client in (pair.writer, pair.other) * 5:
        assert pair.family(client, ada) == "Lovelace"
    assert _doctor(pair) == "warning"
    pair.administrate(f"GRANT {rights} TO reader@'%'")
    pair.replica.stop()
    for client in (pair.writer, pair.other) * 5:
        assert pair.family(client, ada) == "Lovelace"
        assert client.get(f"{pair.base}/Groups").status_code == 200
    pair.rename(ada, "Byron")
    assert pair.family(pair.writer, ada) == "Byron"
    answer = httpx2.get(f"{pair.base.removesuffix('/scim/v2')}/readyz")
    assert answer.status_code == 200, answer.text
    assert "cannot be used" in answer.json()["checks"]["replica"]["detail"]
    assert _doctor(pair) == "warning"
    pair.replica.start()
    pair.caught_up()
    deadline, before = time.monotonic() + 30, pair.asked()
    while pair.asked() == before:
        assert pair.family(pair.other, ada) == "Byron"
        assert time.monotonic() < deadline, "the replica is back and is not asked"


def _doctor(pair: Pair) -> str:
    """Give how bad the doctor finds the replica."""
    told = CliRunner().invoke(cli.main, ["doctor", "--format", "json"], env=pair.settings).output
    return ", ".join(each["level"] for each in json.loads(told) if each["check"] == "read replica")
