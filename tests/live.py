"""The service as a process: gunicorn on a free port, and what is needed to wait for it and to end it."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import sqlalchemy as sa

from app.ledger import install, tables, tokens
from app.sandbox import processes, shop

T = TypeVar("T")

ROOT = Path(__file__).parent.parent


def furnish(url: str, *names: str) -> list[str]:
    """Make an empty shop with our tables in a database; gives the secrets of new tokens of these names."""
    shop.make(url, customers=False)
    engine = sa.create_engine(url)
    with engine.connect() as opened:
        install.upgrade(opened, "")
        opened.commit()
    with engine.begin() as opened:
        ledger, now = tables.define(), datetime(2026, 1, 1)
        secrets = [tokens.create(opened, ledger, name, "default", tokens.SCOPES, now) for name in names]
    engine.dispose()
    return secrets


def at_once(work: Sequence[Callable[[], T]]) -> list[T]:
    """Do all of it at the same moment; gives the answers in the work's order."""
    gate = threading.Barrier(len(work))
    answers: list[Any] = [None] * len(work)

    def run(place: int) -> None:
        gate.wait()
        answers[place] = work[place]()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert None not in answers, "somebody never answered"
    return answers


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
        master = subprocess.Popen(
            command, cwd=ROOT, env=environment, stderr=told, preexec_fn=processes.die_with_parent(os.getpid())
        )
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
