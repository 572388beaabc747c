"""Runs the floor in processes of its own, as many as the service has workers, and takes what it costs."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.engine import make_url

from app.sandbox import processes
from bench import floor, load, processor, service
from bench import stage as stages

CONCURRENCY = 8


@dataclass
class Comparison:
    """The floor of one stage. `made`: the ids of the customers that it created, for those it deletes."""

    stage: stages.Stage
    mark: str
    processes: int
    seconds: float
    made: list[int] = field(default_factory=list)

    def run(self, work: str, database: int) -> tuple[load.Outcome, float]:
        """Do one kind of work; gives what came of it, and the seconds that clients and `database` used.

        database: the database server's process id.
        """
        orders = [self._order(work, number) for number in range(self.processes)]
        if work == "delete":
            self.made = []
        with contextlib.ExitStack() as stack:
            running = [stack.enter_context(_started(order)) for order in orders]
            before = processor.used([database])
            for process in running:
                _say(process, "go")
            told = [json.loads(_line(process)) for process in running]
            used = processor.used([database]) - before + sum(each["cpu"] for each in told)
        outcome = load.Outcome(max(each["seconds"] for each in told))
        for each in told:
            outcome.latencies += each["latencies"]
            for sentence in each["wrong"]:
                outcome.fail("database", sentence.encode())
            if work == "post":
                self.made += each["made"]
        return outcome, used

    def _order(self, work: str, number: int) -> floor.Order:
        mine = [asdict(user) for user in self.stage.users[number :: self.processes]]
        users = [list(user.values()) for user in mine]
        made = self.made[number :: self.processes] if work == "delete" else []
        deep = self.stage.first + self.stage.size * 9 // 10
        threads = CONCURRENCY // self.processes
        return floor.Order(self._place(), work, self.seconds, threads, f"{self.mark}f{number}", users, made, deep)

    def _place(self) -> dict[str, Any]:
        parts = make_url(self.stage.url)
        user = {"user": parts.username, "password": parts.password, "database": parts.database}
        return {**user, "host": parts.host, "port": parts.port or 3306, **parts.query}


@contextlib.contextmanager
def _started(order: floor.Order) -> "Iterator[subprocess.Popen[str]]":
    """Give a process that waits to begin; end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.floor"],
        cwd=service.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=processes.die_with_parent(os.getpid()),
    )
    try:
        _say(process, json.dumps(asdict(order)))
        if _line(process) != "ready\n":
            raise RuntimeError("The floor's process did not start.")
        yield process
    finally:
        process.kill()
        process.communicate()


def _say(process: "subprocess.Popen[str]", text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.flush()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()
