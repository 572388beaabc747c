"""`magento-scim run`: from nothing to a working service, and nothing left behind when it ends."""

import contextlib
import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from app.sandbox.server import MariaDB
from tests.live import free_port

ROOT = Path(__file__).parent.parent
RUN = [sys.executable, "-m", "app.cli", "run"]


class Run:
    """One `magento-scim run` with what it printed."""

    def __init__(self, folder: Path, port: int, **environment: str) -> None:
        self.folder = folder
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("SCIM_", "MAGENTO_"))}
        self.process = subprocess.Popen(
            [*RUN, "--port", str(port)],
            cwd=folder,
            env={**clean, "PYTHONPATH": str(ROOT), "SCIM_MAPPING": str(ROOT / "mapping.yaml"), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def lines(self, count: int) -> dict[str, str]:
        """Read the first lines, as `name: value`; the curl is called curl."""
        assert self.process.stdout is not None
        found = {}
        for _ in range(count):
            line = self.process.stdout.readline().rstrip("\n")
            name, _, value = line.partition(": ")
            found["curl" if line.startswith("curl ") else name] = line if line.startswith("curl ") else value
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(40)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code


def _answer(curl: str, **environment: str) -> str:
    """Do what a curl pasted into a shell does, on a machine that need not have one; wait until the service answers."""
    shell = f"curl() {{ printf '%s\\0' \"$@\"; }}; {curl}"
    done = subprocess.run(["sh", "-c", shell], env=environment, capture_output=True, text=True, check=True)
    words = done.stdout.split("\0")
    pairs = list(itertools.pairwise(words))
    given = dict(pairs)
    headers = dict(word.split(": ", 1) for flag, word in pairs if flag == "-H")
    (url,) = [word for word in words if word.startswith("http")]
    for _ in range(100):
        try:
            return httpx2.request(
                "POST" if "-d" in given else "GET", url, headers=headers, content=given.get("-d")
            ).text
        except httpx2.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"nothing answers at {url}")


def test_the_sandbox_from_nothing(tmp_path: Path) -> None:
    port = free_port()
    first = Run(tmp_path, port)
    said = first.lines(4)
    assert list(said) == ["SCIM Base URL", "Bearer token", "Shop database", "curl"]
    assert said["SCIM Base URL"] == f"http://127.0.0.1:{port}/scim/v2"
    assert re.fullmatch(r"mysql://magento:\w+@127\.0\.0\.1:\d+/magento", said["Shop database"])
    assert '"userName":"ada@example.com"' in _answer(said["curl"])
    pid = int((tmp_path / "var/sandbox/mariadb.pid").read_text())
    headers = {"Authorization": f"Bearer {said['Bearer token']}"}
    listed = httpx2.get(f"{said['SCIM Base URL']}/Users", headers=headers).json()
    assert 20 <= listed["totalResults"] <= 30
    assert first.stop() == 0
    assert not Path(f"/proc/{pid}").exists(), "the database still runs"

    again = Run(tmp_path, port)
    said = again.lines(4)
    assert "Bearer token" not in said, "a token is shown once"
    secret = headers["Authorization"].removeprefix("Bearer ")
    assert '"scimType":"uniqueness"' in _answer(said["curl"], TOKEN=secret), "pasted again, with the token of last time"
    assert (
        httpx2.get(f"{said['SCIM Base URL']}/Users", headers=headers).json()["totalResults"] == listed["totalResults"]
    )
    assert again.stop(signal.SIGINT) == 0


def _left(folder: Path) -> list[str]:
    """List the processes that run in a folder, waiting ten seconds for them to end."""
    deadline = time.monotonic() + 10
    while True:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (process / "cwd").readlink().is_relative_to(folder):
                    found.append((process / "cmdline").read_text().replace("\0", " "))
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="2026-11-25: only Linux tells a child of its parent's death")
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGHUP, 0), (signal.SIGKILL, -signal.SIGKILL)],
)
def test_nothing_is_left_however_it_ends(tmp_path: Path, number: signal.Signals, code: int) -> None:

    with MariaDB(tmp_path / "var/sandbox", fast=True):  # found by the run, so that it need not make one each time
        pass
    run = Run(tmp_path, free_port())
    _answer(run.lines(4)["curl"])
    assert run.stop(number) == code
    assert _left(tmp_path) == []


def test_a_port_in_use_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        run = Run(tmp_path, taken.getsockname()[1])
        out, error = run.process.communicate(timeout=30)
    assert (run.process.returncode, out) == (1, "")
    assert re.fullmatch(r"Error: Cannot listen on 127\.0\.0\.1:\d+ \(Address .*\): name another port.*\n", error)
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"SCIM_DATABASE_URL": "mysql://u:secret@127.0.0.1:9/x"},
            r"The shop at mysql://u:\*\*\*@127\.0\.0\.1:9/x cannot be used",
        ),
        ({"MAGENTO_ROOT": "/nowhere"}, "MAGENTO_ROOT: cannot read /nowhere/app/etc/env.php"),
        ({"SCIM_DATABASE_URL": "mysql://u@h"}, "SCIM_DATABASE_URL names no database"),
        (
            {"SCIM_DATABASE_URL": "mysql://u@127.0.0.1:9/x", "SCIM_DATABASE_TLS_CA": __file__},
            r"The files that SCIM_DATABASE_TLS_\* name cannot be used for TLS",
        ),
    ],
)
def test_what_cannot_start_says_why(tmp_path: Path, environment: dict[str, str], sentence: str) -> None:
    run = Run(tmp_path, 9, **environment)
    out, error = run.process.communicate(timeout=30)
    assert run.process.returncode == 1
    assert re.search(sentence, error), error
    assert "Traceback" not in out + error


def test_wsgi_refuses_with_a_sentence(shop_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "SCIM_DATABASE_URL": shop_url, "SCIM_MAPPING": str(tmp_path / "none.yaml")}
    done = subprocess.run(
        [sys.executable, "-c", "import wsgi"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "scim_* tables" in done.stderr or "Cannot read the mapping" in done.stderr
