"""What a client sees while the database is in trouble, what stands in it afterwards, and when all is well again.

Each row of docs/reliability.md is a row here: the service runs as it is deployed, the fault is caused, and requests are
sent before, during and after it.
"""

import contextlib
import itertools
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pymysql
import pytest
import sqlalchemy as sa

from app.ledger import install, tables, tokens
from app.sandbox import connection, seed
from app.sandbox import tables as shop_tables
from app.sandbox.server import MariaDB
from tests import live
from tests.conftest import narrow
from tests.faults.wire import Wire
from tests.users.conftest import ROOT, USER

LONGEST = 60  # seconds that a fault may last, and that getting well may take
NUMBERS = itertools.count(1)


@dataclass
class Scene:
    """The service under fault: its database, the wire to it, a client, and what the client was told."""

    server: MariaDB
    wire: Wire
    base: str
    client: httpx2.Client
    made: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)

    def create(self, **more: Any) -> httpx2.Response:
        name = f"user{next(NUMBERS)}@example.com"
        body = {"schemas": [USER], "userName": name, "name": {"givenName": "Ada", "familyName": "Lovelace"}, **more}
        try:
            answer = self.client.post(f"{self.base}/Users", json=body)
        except httpx2.TransportError:
            self.unsure.add(name)
            raise
        if answer.status_code == 201:
            self.made[name] = answer.json()["id"]
        else:
            self.unsure.add(name)
        return answer

    def read(self) -> httpx2.Response:
        return self.client.get(f"{self.base}/Users", params={"count": 1})

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with connection.to(self.server.url()) as shop, shop.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def administrate(self, statement: str) -> None:
        with connection.to(self.server.url("mysql", "root")) as root:
            connection.run(root, statement)

    def whole(self) -> None:
        """Everybody whom the client was promised is there once, nobody is there by half."""
        customers = dict(self.rows("SELECT email, entity_id FROM customer_entity"))
        assert set(self.made) <= set(customers), "somebody who was promised is not there"
        assert set(customers) <= set(self.made) | self.unsure, "somebody is there whom nobody made"
        ids = sorted(customers.values())
        for table in ("customer_grid_flat", "scim_link"):
            assert sorted(row[0] for row in self.rows(f"SELECT entity_id FROM {table}")) == ids, table
        entries = [row[0] for row in self.rows("SELECT resource_id FROM scim_journal WHERE operation = 'create'")]
        assert sorted(entries) == ids


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of its own for the database, in memory, small enough to be filled."""
    folder = tmp_path_factory.mktemp("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def scene(small_disk: Path) -> Iterator[Scene]:
    with MariaDB(small_disk / "shop") as server:
        shop_tables.build(server.url())
        seed.seed(server.url(), customers=False)
        engine = sa.create_engine(server.url())
        with engine.connect() as opened:
            install.upgrade(opened, "")
            opened.commit()
        with engine.begin() as opened:
            secret = tokens.create(opened, tables.define(), "t", "default", tokens.SCOPES, datetime(2026, 1, 1))
        engine.dispose()
        url = sa.make_url(narrow(server, server.url(), ""))
        with Wire(url.port or 3306) as wire:
            through = url.set(port=wire.port).render_as_string(hide_password=False)
            settings = {"SCIM_DATABASE_URL": through, "SCIM_MAPPING": str(ROOT / "mapping.yaml"), "SCIM_SEEN": "0"}
            headers = {"Authorization": f"Bearer {secret}"}
            with live.serve(settings) as base, httpx2.Client(headers=headers, timeout=LONGEST) as client:
                yield Scene(server, wire, base, client)


Cause = Callable[[Scene], AbstractContextManager[None]]


@contextlib.contextmanager
def stopped(scene: Scene) -> Iterator[None]:
    scene.server.stop()
    try:
        yield
    finally:
        scene.server.start()


@contextlib.contextmanager
def restarted(scene: Scene) -> Iterator[None]:
    scene.server.stop()
    scene.server.start()
    yield


@contextlib.contextmanager
def read_only(scene: Scene) -> Iterator[None]:
    scene.administrate("SET GLOBAL read_only = 1")
    try:
        yield
    finally:
        scene.administrate("SET GLOBAL read_only = 0")


@contextlib.contextmanager
def out_of_connections(scene: Scene) -> Iterator[None]:
    """All the connections that there may be are somebody else's."""
    url = sa.make_url(scene.server.url())
    ((most,),) = scene.rows("SELECT @@max_connections")
    scene.administrate("SET GLOBAL max_connections = 10")
    scene.wire.cut()
    held = []
    with contextlib.suppress(pymysql.err.OperationalError):
        for _ in range(20):
            held.append(
                pymysql.connect(host=url.host, port=url.port or 3306, user=url.username, password=url.password or "")
            )
    yield
    for each in held:
        each.close()
    scene.administrate(f"SET GLOBAL max_connections = {most}")


@contextlib.contextmanager
def slow(scene: Scene) -> Iterator[None]:
    scene.wire.delay = 0.05
    yield
    scene.wire.delay = 0


@contextlib.contextmanager
def silent(scene: Scene) -> Iterator[None]:
    scene.wire.silent = True
    try:
        yield
    finally:
        scene.wire.silent = False
        scene.wire.cut()


@contextlib.contextmanager
def disk_full(scene: Scene) -> Iterator[None]:
    ballast = Path(scene.server.data).parent / "ballast"
    free = os.statvfs(ballast.parent)
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for _ in range(free.f_bavail * free.f_bsize // (1 << 16) + 2):
            file.write(b"\0" * (1 << 16))
    try:
        yield
    finally:
        ballast.unlink()
        scene.server.stop()  # on a full tmpfs the server may have died: its log is mapped into memory
        scene.server.start()


def cut(trigger: bytes) -> Cause:
    @contextlib.contextmanager
    def cause(scene: Scene) -> Iterator[None]:
        scene.wire.trigger = trigger
        cuts = scene.wire.cuts
        yield
        assert scene.wire.cuts > cuts, "the wire was cut"
        scene.wire.trigger = None

    return cause


@dataclass(frozen=True)
class Row:
    """A fault: how it is caused, what a create and a read are answered meanwhile. more: what the create sends more of."""

    name: str
    cause: Cause
    create: tuple[int, ...]
    read: tuple[int, ...]
    attempts: int = 1
    more: int = 0


ROWS = (
    Row("the database is stopped", stopped, (503,), (503,)),
    Row("the database is restarted", restarted, (201,), (200,)),
    Row("the database is read-only", read_only, (503,), (200,)),
    Row("the database has no connection left", out_of_connections, (503,), (503,)),
    Row("the database is slow", slow, (201,), (200,)),
    Row("the network is cut at the first row", cut(b"INSERT INTO customer_entity "), (201,), (200,)),
    Row("the network is cut in the middle of a transaction", cut(b"INSERT INTO scim_journal"), (201,), (200,)),
    Row("the network is cut at the commit", cut(b"COMMIT"), (503,), (200,)),
    Row("the disk is full", disk_full, (503,), (200, 503), attempts=400, more=400_000),
    Row("the network says nothing any more", silent, (503,), (503,)),
)


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_fault(scene: Scene, row: Row) -> None:
    assert scene.create().status_code == 201
    with row.cause(scene):
        for _ in range(row.attempts):
            answer = scene.create(**({"nickName": "x" * row.more} if row.more else {}))
            if answer.status_code in row.create:
                break
        assert answer.status_code in row.create, answer.text
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.json()["status"] == "503"
        read = scene.read()
        assert read.status_code in row.read, f"{read.text} {scene.server.log.read_text()[-1500:]}"
    started = time.monotonic()
    while (status := scene.create().status_code) != 201:
        assert status == 503
        assert time.monotonic() - started < LONGEST, f"it does not get well: {scene.server.log.read_text()[-1500:]}"
        time.sleep(0.1)
    took = time.monotonic() - started
    scene.whole()
    print(f"{row.name}: create {answer.status_code}, well again after {took:.1f} s")


def test_each_row_is_told() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    told = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| the ")]
    assert told == [row.name for row in ROWS]
