"""The service as it is deployed, under faults of its database and of the wire to it; how each fault is caused."""

import contextlib
import itertools
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pymysql
import sqlalchemy as sa

from app.sandbox import connection
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
    master: "subprocess.Popen[bytes]"
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


@contextlib.contextmanager
def opened(folder: Path, **settings: str) -> Iterator[Scene]:
    """Run the service on a shop of its own in a folder, through a wire, with more settings in its environment."""
    with MariaDB(folder) as server:
        (secret,) = live.furnish(server.url(), "t")
        url = sa.make_url(narrow(server, server.url(), ""))
        with Wire(url.port or 3306) as wire:
            through = url.set(port=wire.port).render_as_string(hide_password=False)
            given = {"SCIM_DATABASE_URL": through, "SCIM_MAPPING": str(ROOT / "mapping.yaml"), "SCIM_SEEN": "0"}
            headers = {"Authorization": f"Bearer {secret}"}
            with (
                live.process({**given, **settings}, log=folder / "service.log") as (base, master),
                httpx2.Client(headers=headers, timeout=LONGEST) as client,
            ):
                yield Scene(server, wire, base, client, master)


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
def killed(scene: Scene) -> Iterator[None]:
    """The database's process dies as if by a power cut, and comes back afterwards."""
    pid = int(scene.server.pid_file.read_text())
    os.kill(pid, signal.SIGKILL)
    scene.server.stop()
    try:
        yield
    finally:
        scene.server.start()


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
def held(scene: Scene) -> Iterator[None]:
    """Somebody holds the customers' table, as a backup or an ALTER TABLE does."""
    with connection.to(scene.server.url()) as other:
        connection.run(other, "LOCK TABLES customer_entity WRITE")
        yield


@contextlib.contextmanager
def endless(scene: Scene) -> Iterator[None]:
    """A statement takes longer than it may."""
    with connection.to(scene.server.url()) as other:
        body = "SET NEW.suffix = IF(SLEEP(50), NEW.suffix, NEW.suffix)"
        connection.run(other, f"CREATE TRIGGER endless BEFORE INSERT ON customer_entity FOR EACH ROW {body}")
        try:
            yield
        finally:
            connection.run(other, "DROP TRIGGER endless")


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
