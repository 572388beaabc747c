"""What a client sees while the database is in trouble, what stands in it afterwards, and when all is well again.

Each row of docs/reliability.md is a row here: the service runs as it is deployed, the fault is caused, and requests are
sent before, during and after it.
"""

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import scene as scenes
from tests.faults.scene import LONGEST, Cause, Scene
from tests.users.conftest import ROOT


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
    with scenes.opened(small_disk / "shop") as opened:
        yield opened


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
    Row("the database is stopped", scenes.stopped, (503,), (503,)),
    Row("the database is restarted", scenes.restarted, (201,), (200,)),
    Row("the database is read-only", scenes.read_only, (503,), (200,)),
    Row("the database has no connection left", scenes.out_of_connections, (503,), (503,)),
    Row("the database is slow", scenes.slow, (201,), (200,)),
    Row("the customers' table is held by somebody", scenes.held, (503,), (503,)),
    Row("the statement takes too long", scenes.endless, (503,), (200,)),
    Row("the network is cut at the first row", scenes.cut(b"INSERT INTO customer_entity "), (201,), (200,)),
    Row("the network is cut in the middle of a transaction", scenes.cut(b"INSERT INTO scim_journal"), (201,), (200,)),
    Row("the network is cut at the commit", scenes.cut(b"COMMIT"), (503,), (200,)),
    Row("the disk is full", scenes.disk_full, (503,), (200, 503), attempts=400, more=400_000),
    Row("the network says nothing any more", scenes.silent, (503,), (503,)),
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
