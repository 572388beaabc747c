"""The service as a process: gunicorn on a free port, and what is needed to wait for it and to end it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(url: str, process: "subprocess.Popen[bytes]", seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service ended"
        try:
            httpx2.get(url)
            return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"nothing answers at {url}")


@contextlib.contextmanager
def process(
    settings: Mapping[str, str], workers: int = 2, log: Path | None = None
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run the service as it is deployed, with these settings in its environment; gives its SCIM base URL and gunicorn.

    `log`: the file that gets what it logs.
    """
    port = free_port()
    listen = ["-b", f"127.0.0.1:{port}", "-w", str(workers), "-k", "gthread", "--threads", "4"]
    command = [sys.executable, "-m", "gunicorn", "--config", "python:app.workers", *listen, "wsgi:application"]
    environment = {**os.environ, "SCIM_MAPPING": str(ROOT / "mapping.yaml"), **settings}
    with (log or Path(os.devnull)).open("wb") as told:
        master = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=told)
    base = f"http://127.0.0.1:{port}/scim/v2"
    try:
        wait_until(f"{base}/ServiceProviderConfig", master)
        yield base, master
    finally:
        master.terminate()
        assert master.wait(30) == 0


@contextlib.contextmanager
def serve(settings: Mapping[str, str], workers: int = 2) -> Iterator[str]:
    """Run the service with these settings in its environment; gives its SCIM base URL."""
    with process(settings, workers) as (base, _):
        yield base
