"""`magento-scim run`: from nothing to a working service, and nothing left behind when it ends."""

import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

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


def _answer(curl: str) -> str:
    """Do what a pasted curl does, on a machine that need not have one; wait until the service answers."""
    words = shlex.split(curl)
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
    _answer(f"curl -s {said['SCIM Base URL']}/ServiceProviderConfig")
    assert (
        httpx2.get(f"{said['SCIM Base URL']}/Users", headers=headers).json()["totalResults"] == listed["totalResults"]
    )
    assert again.stop(signal.SIGINT) == 0


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        (
            {"SCIM_DATABASE_URL": "mysql://u:secret@127.0.0.1:9/x"},
            r"The shop at mysql\+pymysql://u:\*\*\*@127\.0\.0\.1:9/x cannot be used",
        ),
        ({"MAGENTO_ROOT": "/nowhere"}, "MAGENTO_ROOT: cannot read /nowhere/app/etc/env.php"),
        ({"SCIM_DATABASE_URL": "mysql://u@h"}, "SCIM_DATABASE_URL names no database"),
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
