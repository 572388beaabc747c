"""gunicorn on the shop, as it is meant to be run, with its processes and memory."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.sandbox import processes
from bench import load, processor

ROOT = Path(__file__).parent.parent
START_SECONDS = 60


@dataclass
class Service:
    """A running service. `first_answer`: seconds from the start of the process to its first answer about the shop."""

    pid: int
    port: int
    token: str
    first_answer: float = 0.0

    @property
    def pids(self) -> list[int]:
        """The ids of its processes, the master first."""
        return [self.pid, *self.workers]

    @property
    def workers(self) -> list[int]:
        """The ids of its workers."""
        return processor.children(self.pid)

    @property
    def memory(self) -> float:
        """The resident memory of its largest worker, MB."""
        return max(processor.resident(pid) for pid in self.workers)

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Make the bytes of a request to the SCIM endpoints."""
        head = f"{method} /scim/v2{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n"
        if body:
            head += f"Content-Type: application/scim+json\r\nContent-Length: {len(body)}\r\n"
        return head.encode() + b"\r\n" + body


@contextlib.contextmanager
def serve(database_url: str, token: str, log: Path, *, workers: int, threads: int) -> Iterator[Service]:
    """Run the service on a shop and give it once it has answered a request for users; end it."""
    port = processes.free_port(None)
    listen = ["--bind", f"127.0.0.1:{port}", "--workers", str(workers), "--threads", str(threads)]
    command = [sys.executable, "-m", "gunicorn", *listen, "--config", "python:app.workers", "wsgi:application"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SCIM_", "MAGENTO_"))}
    environment = {**kept, "SCIM_DATABASE_URL": database_url, "SCIM_MAPPING": str(ROOT / "mapping.yaml")}
    with tempfile.TemporaryDirectory(prefix="magento-scim-bench-") as counters, log.open("wb") as out:
        environment["PROMETHEUS_MULTIPROC_DIR"] = counters
        started = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=processes.die_with_parent(os.getpid()),
        )
        try:
            running = Service(process.pid, port, token)
            _await(process, running, log)
            running.first_answer = time.perf_counter() - started
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            finally:
                process.kill()  # nothing to it once it has ended
                process.wait()


def _await(process: "subprocess.Popen[bytes]", running: Service, log: Path) -> None:
    """Wait until a list of one user is answered; raises RuntimeError with the log's end where that never comes."""
    deadline = time.monotonic() + START_SECONDS
    question = running.request("GET", "/Users?count=1")
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(ConnectionError):
            outcome = load.run(running.port, iter([question]), concurrency=1)
            if not outcome.errors:
                return
            raise RuntimeError(f"The service answers {dict(outcome.errors)}: {outcome.sample}")
        time.sleep(0.005)
    raise RuntimeError(f"The service does not start: {log.read_text(errors='replace')[-2000:]}")
