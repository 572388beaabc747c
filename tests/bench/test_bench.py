"""The benchmark measures: a small run of all of it, and its parts."""

import http.server
import itertools
import json
import subprocess
import sys
import threading
import xml.etree.ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import goals, load, measure, processor, report

ROOT = Path(__file__).parent.parent.parent
FLOORED = {goal.name for goal in goals.GOALS} - {"bulk", "group_few", "group_many"}


def test_a_small_run(tmp_path: Path) -> None:
    """Every kind of work is done without an error, beside its floor, and told in results.json and results.svg."""
    command = [sys.executable, "-m", "bench", "200", "--seconds", "0.3", "--soak", "50"]
    where = ["--directory", str(tmp_path / "bench"), "--results", str(tmp_path)]
    done = subprocess.run([*command, *where], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    told = json.loads((tmp_path / "results.json").read_text())
    (size,) = told["sizes"]
    assert set(size["figures"]) == {goal.name for goal in goals.GOALS}
    for name, found in size["figures"].items():
        assert found["errors"] == {}, (name, found["sample"])
        assert found["rate"] > 0, name
        assert 0 < found["p50"] <= found["p99"], name
    assert set(size["floor"]) == FLOORED
    for name, found in size["floor"].items():
        assert found["errors"] == {}, (name, found["sample"])
        assert found["rate"] > 0, name
    assert size["members"] == 20
    assert size["requests"] >= 50
    assert 20 < size["memory_start"] <= size["memory_end"]
    missed = [check for check in told["checks"] if not check["met"]]
    assert done.returncode == bool(missed)
    assert f"{len(told['checks']) - len(missed)} of {len(told['checks'])} goals are met." in done.stdout
    drawn = xml.etree.ElementTree.parse(tmp_path / "results.svg").getroot()
    assert drawn.tag.endswith("svg")


# --- the parts ---


class Answers(http.server.BaseHTTPRequestHandler):
    """Answers by the path: /200 with a body in two parts, /204 without one."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status = int(self.path[1:])
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "10")
        self.end_headers()
        if status != 204:
            for part in (b"01234", b"56789"):
                self.wfile.write(part)
                self.wfile.flush()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def _asked(*statuses: int) -> Iterator[bytes]:
    return (f"GET /{status} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for status in statuses)


def test_load_counts_and_judges(port: int) -> None:
    statuses = [200, 204, 500, 200, 204, 200]
    outcome = load.run(port, _asked(*statuses), concurrency=2, expected=(200, 204))
    assert len(outcome.latencies) == len(statuses)
    assert outcome.errors == {"500": 1}
    assert outcome.sample == "0123456789"
    heard: list[bytes] = []
    outcome = load.run(port, _asked(200, 200), concurrency=1, right=lambda body: bool(heard.append(body)))
    assert outcome.errors == {"wrong answer": 2}
    assert heard == [b"0123456789"] * 2


def test_load_ends_in_time(port: int) -> None:
    outcome = load.run(port, itertools.cycle(_asked(200)), seconds=0.2, concurrency=4)
    assert 0.2 <= outcome.seconds < 2
    assert len(outcome.latencies) > 10


def test_figures() -> None:
    outcome = load.Outcome(2.0, [number / 1000 for number in range(1, 101)])
    found = measure.figures(outcome, 0.5, 10)
    assert (found.rate, found.cpu, found.p50, found.p99, found.requests) == (500.0, 0.5, 51.0, 100.0, 100)


def test_the_processor_s_time_is_counted() -> None:
    program = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True), input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as busy:
        assert busy.stdout is not None
        busy.stdout.readline()
        assert 0.25 < processor.used([busy.pid]) < 1
        assert processor.resident(busy.pid) > 1
        busy.communicate(b"\n")


def _size(size: int, cpu: float, **more: float) -> measure.Size:
    figures = {goal.name: measure.Figures(1000, cpu, 1, 2, 100) for goal in goals.GOALS}
    figures["bulk"] = measure.Figures(2000, cpu, 1, 2, 1)
    given = {"first_answer": 1.0, "memory_start": 80.0, "memory_warm": 90.0, "memory_end": 90.0, **more}
    return measure.Size(size, size // 10, 118, figures=figures, **given)  # type: ignore[arg-type]


MISSED = (
    ([_size(10_000, 1.0), _size(1_000_000, 1.1)], set()),
    ([_size(10_000, 0.5), _size(1_000_000, 0.6)], {goal.title + ": its cost" for goal in goals.GOALS}),
    ([_size(200, 1.15)], {"GET by id", "filter userName eq", "filter externalId eq", "filter work e-mail eq"}),
    ([_size(200, 1.0, memory_end=121.0)], {"memory of a worker", "its growth"}),
    ([_size(200, 1.0, first_answer=2.1)], {"first answer"}),
)


@pytest.mark.parametrize(("sizes", "missed"), MISSED)
def test_goals(sizes: list[measure.Size], missed: set[str]) -> None:
    told = [check.what for check in report.checks(sizes) if not check.met]
    assert len(told) == len(missed)
    assert all(any(what.startswith(start) for start in missed) for what in told), told


def test_errors_are_a_miss() -> None:
    wrong = _size(200, 1.0)
    wrong.figures["put"].errors = {"503": 2}
    assert [check.what for check in report.checks([wrong]) if not check.met] == ["PUT at 200: errors"]
