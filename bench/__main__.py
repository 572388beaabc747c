"""`python -m bench SIZE…`: measures, prints, writes results.json and results.svg; 1 where a goal is missed."""

import argparse
import contextlib
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rich.console
import rich.progress

from app import launch
from app.sandbox import server
from bench import measure, report, service, stage

HERE = Path(__file__).parent


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sizes", metavar="SIZE", nargs="+", type=int, help="customers, at least 200")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each kind of work (%(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="of gunicorn (%(default)s)")
    parser.add_argument("--threads", type=int, default=4, help="of each worker (%(default)s)")
    parser.add_argument("--driver", default="pymysql", help="of the service, such as mysqldb (%(default)s)")
    parser.add_argument("--soak", type=int, default=0, help="requests at the last size, before memory is looked at")
    parser.add_argument("--only", nargs="*", help="kinds of work, to look at one closely; then nothing is judged")
    parser.add_argument("--dump", type=Path, help="a shop's mysqldump, for the time to the first answer")
    parser.add_argument("--directory", type=Path, default=Path("var/bench"), help="the database's place (%(default)s)")
    parser.add_argument("--results", type=Path, default=HERE, help="where results.* are written (%(default)s)")
    found = parser.parse_args(given)
    if min(found.sizes) < 200:
        parser.error("a shop of fewer than 200 customers says nothing")
    return found


def main(given: Sequence[str] | None = None) -> int:
    """Measure everything; gives the exit code."""
    wanted = _arguments(sys.argv[1:] if given is None else given)
    console = rich.console.Console()
    if not console.is_terminal:
        console.width = max(console.width, 160)
    sizes: list[measure.Size] = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(launch.signals())
        try:
            database = stack.enter_context(server.MariaDB(wanted.directory, options=stage.options()))
            about = _about(wanted, database)
            for size in sorted(wanted.sizes):
                sizes.append(_size(wanted, database, size, last=size == max(wanted.sizes)))
                report.show(console, sizes[-1])
            dump = _dump(wanted, database)
        except launch.Stopped:
            return 130
    if wanted.only:
        return 0
    done = report.checks(sizes, dump)
    report.conclude(console, done)
    wanted.results.mkdir(parents=True, exist_ok=True)
    report.write(wanted.results / "results.json", sizes, done, {**about, "dump": dump})
    report.plot(wanted.results / "results.svg", sizes)
    return 0 if all(check.met for check in done) else 1


def _size(wanted: argparse.Namespace, database: server.MariaDB, size: int, *, last: bool) -> measure.Size:
    pid = int(database.pid_file.read_text())
    console = rich.console.Console(stderr=True)
    progress = rich.progress.Progress(console=console, disable=not console.is_terminal, transient=True)
    with progress:
        where = stage.make(database, size, progress)
    stage.quiet(pid, wanted.seconds)
    log = wanted.directory / "service.log"
    try:
        with (
            service.serve(
                where.url.replace("pymysql", wanted.driver, 1),
                where.token,
                log,
                workers=wanted.workers,
                threads=wanted.threads,
            ) as running,
            console.status("") as status,
        ):

            def tell(what: str) -> None:
                status.update(f"{size:,}: {what}")

            found = measure.size(running, where, pid, wanted.seconds, tell, wanted.only)
            if last and wanted.soak:
                tell(f"{wanted.soak:,} requests")
                measure.soak(running, where, pid, found, wanted.soak)
    finally:
        stage.tidy(where)
    return found


def _dump(wanted: argparse.Namespace, database: server.MariaDB) -> dict[str, Any] | None:
    """Take the time to the first answer on a whole shop's schema."""
    if wanted.dump is None:
        return None
    url, token, tables = stage.of_dump(database, wanted.dump)
    log = wanted.directory / "service.log"
    with service.serve(url, token, log, workers=wanted.workers, threads=wanted.threads) as running:
        print(f"On the dump's {tables} tables the first answer came after {running.first_answer:.2f} s.")
        return {"tables": tables, "first_answer": running.first_answer}


def _about(wanted: argparse.Namespace, database: server.MariaDB) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
        "server": stage.version(database.url()),
        "workers": wanted.workers,
        "threads": wanted.threads,
        "seconds": wanted.seconds,
    }


if __name__ == "__main__":
    sys.exit(main())
