"""`python -m tests.fuzz N`: sends N malformed requests to the app on a sandbox of its own; see `make fuzz`."""

import argparse
import logging
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

import app as magento_scim
from app import config
from app.ledger import install, tables, tokens
from app.sandbox import seed as sandbox_seed
from app.sandbox import tables as sandbox_tables
from app.sandbox.server import MariaDB
from tests.fuzz import walk

SHOWN = 20


def main() -> int:
    """Run the numbers of one job, or start the jobs."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("count", type=int, help="how many requests")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the number of the first request")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes, each with a shop of its own")
    parser.add_argument("--minutes", type=float, default=60, help="after how long to end in any case")
    parser.add_argument("--profile", default="lenient")
    given = parser.parse_args()
    if given.jobs == 1:
        return _one(given)
    share = -(-given.count // given.jobs)
    jobs = [
        subprocess.Popen([sys.executable, "-m", "tests.fuzz", str(share), "--seed", str(given.seed), "--first",
                          str(given.first + job * share), "--minutes", str(given.minutes), "--profile", given.profile])
        for job in range(given.jobs)
    ]  # fmt: skip
    return max(job.wait() for job in jobs)


def _one(given: argparse.Namespace) -> int:
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as directory, MariaDB(Path(directory) / "db", fast=True) as server:
        url = server.url()
        sandbox_tables.build(url)
        sandbox_seed.seed(url)
        settings = replace(config.read({"SCIM_DATABASE_URL": url, "SCIM_PROFILE": given.profile}), max_body=200_000)
        engine = sa.create_engine(settings.database)
        with engine.begin() as connection:
            install.upgrade(connection, "")
        with engine.begin() as connection:
            now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
            secret = tokens.create(connection, tables.define(""), "fuzz", "default", tokens.SCOPES, now)
        served = magento_scim.create_app(settings)
        until = time.monotonic() + given.minutes * 60
        numbers = range(given.first, given.first + given.count)
        found = walk.Walk(served, engine, "", secret).run(numbers, given.seed, until)
        served.extensions["magento-scim"].shop.dispose()
        engine.dispose()
    print(f"numbers {numbers.start} to {numbers.start + found.requests - 1} of seed {given.seed}: {found}")
    for fault in found.faults[:SHOWN]:
        print(fault)
    return 1 if found.faults or found.requests < given.count else 0


if __name__ == "__main__":
    sys.exit(main())
