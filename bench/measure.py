"""Measures one shop: every kind of work through the service, and right after it the same by the floor."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from bench import comparison, floor, goals, load, processor, service, stage, work

WARM_UP = 0.2  # of the time
ROUND = 10  # members that are added to a group before they are taken out again


@dataclass
class Figures:
    """What was found of one kind of work: per second, and in ms.

    cpu: the processor's time for each request, of service and database; load: of the sending process beside it.
    """

    rate: float
    cpu: float
    p50: float
    p99: float
    requests: int
    load: float = 0.0
    errors: dict[str, int] = field(default_factory=dict)
    sample: str = ""


@dataclass
class Size:
    """What was found at one size. Memory of the largest worker in MB, times in seconds.

    memory_start: at the first answer; memory_warm: after every kind of work; memory_end: after the soak.
    """

    size: int
    members: int
    tables: int
    first_answer: float
    memory_start: float
    memory_warm: float = 0.0
    memory_end: float = 0.0
    requests: int = 0
    figures: dict[str, Figures] = field(default_factory=dict)
    floor: dict[str, Figures] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Give it as JSON takes it."""
        return asdict(self)


@dataclass
class Meter:
    """Runs work on a service and takes what it costs."""

    running: service.Service
    database: int
    seconds: float
    requests: int = 0

    def warm(self, what: work.Work) -> load.Outcome:
        """Do the work for a short time."""
        return self._run(what, self.seconds * WARM_UP)

    def whole(self, what: work.Work) -> None:
        """Do all of the work; raises RuntimeError where some of it cannot be done."""
        outcome = self._run(what, None)
        if outcome.errors:
            raise RuntimeError(outcome.sample)

    def take(self, what: work.Work) -> Figures:
        """Warm up, unless each request is large, then measure."""
        before = self.warm(what) if what.weight == 1 else load.Outcome()
        pids = [*self.running.pids, self.database]
        cpu, own = processor.used(pids), time.process_time()
        outcome = self._run(what, self.seconds)
        used, own = processor.used(pids) - cpu, time.process_time() - own
        for kind, count in before.errors.items():
            outcome.errors[kind] += count
        outcome.sample = outcome.sample or before.sample
        return figures(outcome, used, what.weight, own)

    def in_rounds(self, rounds: Iterator[tuple[work.Work, work.Work]]) -> Figures:
        """Measure the first of each pair; the second takes it back."""
        whole, used = load.Outcome(), 0.0
        for number, (forth, back) in enumerate(rounds):
            cpu = processor.used([*self.running.pids, self.database])
            outcome = self._run(forth, None)
            spent = processor.used([*self.running.pids, self.database]) - cpu
            undone = self._run(back, None)
            if number:  # the first one warms up
                used += spent
                whole.seconds += outcome.seconds
                whole.latencies += outcome.latencies
            whole.errors += outcome.errors + undone.errors
            whole.sample = whole.sample or outcome.sample or undone.sample
            if number and whole.seconds >= self.seconds / 2:
                break
        return figures(whole, used)

    def _run(self, what: work.Work, seconds: float | None) -> load.Outcome:
        outcome = load.run(
            self.running.port,
            what.requests,
            seconds=seconds,
            concurrency=what.concurrency,
            expected=what.expected,
            right=what.right,
        )
        self.requests += len(outcome.latencies)
        return outcome


def figures(outcome: load.Outcome, used: float, weight: int = 1, own: float = 0.0) -> Figures:
    """Turn what came of requests, each about `weight` resources, into figures; `used`, `own`: seconds of processors."""
    taken = sorted(outcome.latencies) or [0.0]
    count = max(1, len(outcome.latencies)) * weight
    return Figures(
        rate=round(count / outcome.seconds, 1) if outcome.latencies else 0.0,
        cpu=round(1000 * used / count, 3),
        p50=round(1000 * taken[len(taken) // 2], 2),
        p99=round(1000 * taken[min(len(taken) - 1, int(len(taken) * 0.99))], 2),
        requests=len(outcome.latencies),
        load=round(1000 * own / count, 3),
        errors=dict(outcome.errors),
        sample=outcome.sample,
    )


def size(
    running: service.Service,
    where: stage.Stage,
    database: int,
    seconds: float,
    tell: Callable[[str], None],
    only: Collection[str] | None = None,
) -> Size:
    """Measure everything at one size, or some kinds of work; `tell` is told what comes next."""
    meter = Meter(running, database, seconds)
    book = work.Book(running, where, operations=min(1000, where.size // 10))
    bare = comparison.Comparison(where, book.mark, len(running.workers), seconds / 2)
    found = Size(where.size, where.members, where.tables, running.first_answer, running.memory)
    for goal in (goal for goal in goals.GOALS if not only or goal.name in only):
        tell(goal.title)
        stage.quiet(database, seconds)
        if goal.name.startswith("group_"):
            found.figures[goal.name] = meter.in_rounds(_rounds(book, goal.name.removeprefix("group_")))
            continue
        found.figures[goal.name] = meter.take(getattr(book, goal.name)())
        if goal.name == "patch_active":
            meter.whole(book.activate())
        if goal.name in floor.WORK:
            outcome, used = bare.run(goal.name, database)
            found.floor[goal.name] = figures(outcome, used)
    found.memory_warm = found.memory_end = running.memory
    found.requests = meter.requests
    return found


def soak(running: service.Service, where: stage.Stage, database: int, found: Size, requests: int) -> None:
    """Read until a service has answered so many requests, and look at its memory again."""
    meter = Meter(running, database, 1.0)
    book = work.Book(running, where, operations=1)
    kinds = [book.get(), book.filter_user_name(), book.patch_name(), book.list_first()]
    while found.requests + meter.requests < requests:
        for kind in kinds:
            meter.warm(kind)
    found.memory_end, found.requests = running.memory, found.requests + meter.requests


def _rounds(book: work.Book, group: str) -> Iterator[tuple[work.Work, work.Work]]:
    """Give pairs of work: ten are put into a group, and taken out again."""
    outside = [user.entity_id for user in book.stage.users if user.entity_id % 10 not in (0, 5)]
    start = 0
    while True:
        ids = [outside[(start + step) % len(outside)] for step in range(ROUND)]
        start += ROUND
        yield book.members(group, "add", ids), book.members(group, "remove", ids)
