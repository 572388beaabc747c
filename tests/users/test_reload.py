"""mapping.yaml and a running gunicorn with two workers: SIGHUP, the watched file, a bad file (issue 6)."""

import contextlib
import http.client
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.ledger import tables
from tests import live

RULES = """version: 1
prefixes: {{shop: "urn:example:params:scim:schemas:magento:2.0:Customer"}}
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
  taxvat: shop:{name}
"""
FIRST, SECOND, BAD = RULES.format(name="first"), RULES.format(name="second"), RULES.format(name="bad") + "  emial: x\n"
LOOKS = 24  # requests, each on a connection of its own: both workers answer some
SECONDS = 15


class Running:
    """A gunicorn with two workers, its mapping file and its log."""

    def __init__(self, base: str, master: "subprocess.Popen[bytes]", mapping: Path, log: Path) -> None:
        self.base, self.master, self.mapping, self.log = base, master, mapping, log

    def get(self, path: str) -> tuple[int, str]:
        """Send one request on a connection of its own, so that any worker may answer it."""
        host, port = self.base.split("/")[2].split(":")
        with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=10)) as connection:
            connection.request("GET", path, headers={"Connection": "close"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def workers(self) -> set[int]:
        found = Path(f"/proc/{self.master.pid}/task/{self.master.pid}/children").read_text()
        return {int(pid) for pid in found.split()}

    def published(self) -> str:
        """Say which rules answer a request: the name that the extension's attribute has."""
        code, text = self.get("/scim/v2/Schemas")
        assert code == 200, text
        named = [name for name in ("first", "second", "bad") if f'"name":"{name}"' in text]
        (name,) = named
        return name

    def everywhere(self) -> set[str]:
        return {self.published() for _ in range(LOOKS)}

    def hup(self) -> None:
        """Send SIGHUP and wait until two other workers are there."""
        before = self.workers()
        self.master.send_signal(signal.SIGHUP)
        self.until(lambda: len(self.workers()) == 2 and not before & self.workers())

    def until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not done():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def readiness(self) -> tuple[int, str]:
        return self.get("/readyz")


Start = Callable[[str], Running]


@pytest.fixture
def start(shop_url: str, table_prefix: str, ledger_tables: tables.Tables, tmp_path: Path) -> Iterator[Start]:
    """Start the service with SCIM_MAPPING_WATCH as given."""
    with contextlib.ExitStack() as stack:

        def begin(watch: str) -> Running:
            mapping, log, counts = tmp_path / "mapping.yaml", tmp_path / "log", tmp_path / "counts"
            mapping.write_text(FIRST)
            counts.mkdir()
            settings = {"SCIM_DATABASE_URL": shop_url, "SCIM_TABLE_PREFIX": table_prefix, "SCIM_MAPPING": str(mapping)}
            settings |= {"SCIM_MAPPING_WATCH": watch, "PROMETHEUS_MULTIPROC_DIR": str(counts)}
            base, master = stack.enter_context(live.process(settings, log=log))
            return Running(base, master, mapping, log)

        yield begin


@contextlib.contextmanager
def _requests(running: Running) -> Iterator[None]:
    """Have requests come in all the while; none may fail, none may see anything but whole rules."""
    ended, faults = threading.Event(), list[BaseException]()

    def ask() -> None:
        while not ended.is_set():
            try:
                running.published()
            except BaseException as error:
                faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert faults == []


def test_sighup_reads_the_file_that_nobody_watches(start: Start) -> None:
    running = start("0")
    running.mapping.write_text(SECOND)
    assert running.everywhere() == {"first"}, "nobody looks"
    with _requests(running):
        running.hup()
    assert running.everywhere() == {"second"}
    assert running.readiness()[0] == 200
    running.mapping.write_text(BAD)
    with _requests(running):
        running.hup()
    assert running.everywhere() == {"second"}, "the last good one, not the one of the start"
    code, told = running.readiness()
    assert (code, "did you mean 'email'" in told) == (503, True), told
    assert "scim_mapping_current 0.0" in running.get("/metrics")[1]
    assert "the mapping is not taken" in running.log.read_text()


def test_every_worker_takes_a_changed_file_and_a_new_one_the_last_good(start: Start) -> None:
    running = start("0.2")
    assert running.everywhere() == {"first"}
    running.mapping.write_text(SECOND)
    with _requests(running):
        running.until(lambda: running.everywhere() == {"second"})
    running.mapping.write_text(BAD)
    running.until(lambda: running.readiness()[0] == 503)
    assert running.everywhere() == {"second"}
    before = running.workers()
    os.kill(min(before), signal.SIGKILL)  # a worker of the gunicorn that this test has started
    running.until(lambda: len(running.workers()) == 2 and running.workers() != before)
    assert running.everywhere() == {"second"}, "a worker that starts while the file is bad"
    running.hup()
    assert running.everywhere() == {"second"}
    running.mapping.write_text(FIRST)
    running.until(lambda: running.everywhere() == {"first"})
    running.until(lambda: {running.readiness()[0] for _ in range(LOOKS)} == {200})
