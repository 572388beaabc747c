"""A database server of the benchmark's own, and in it a shop for each size, made once and used again."""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymysql
import rich.progress
import sqlalchemy as sa

from app import config, launch, service
from app.ledger import tables, tokens
from app.magento import database
from app.sandbox import connection, dump, filling, server, shop
from bench import floor, processor

SAMPLE = 20_000  # customers that requests are about
SEED = 7
QUIET_STEPS = 60
PAGES = {"MemTotal": 2, "most": 4 << 30}  # the buffer pool: half of the memory, at most 4 GB
# What the rows were before and must be again, so that the next run finds the same shop.
EMPTIED = ("scim_journal", "scim_departure", "jwt_auth_revoked")


@dataclass(frozen=True)
class User:
    """A filled customer: its id, and its document as the identity provider established it."""

    entity_id: int
    user_name: str
    external_id: str
    document: dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """A filled shop. `first`, `last`: the ids of the filled customers. `groups`: `many` and `few` -> id."""

    size: int
    url: str
    token: str
    users: Sequence[User]
    first: int
    last: int
    groups: dict[str, int]
    members: int
    tables: int


def options() -> tuple[str, ...]:
    """Say what the server needs to hold a million customers: memory, and a log that is not full at once."""
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    pool = min(int(memory.split()[1]) * 1024 // 2, PAGES["most"])
    return (f"--innodb-buffer-pool-size={pool}", "--loose-innodb-log-file-size=512M")


def make(running: server.MariaDB, size: int, progress: rich.progress.Progress) -> Stage:
    """Make or find the shop of `size` customers, everything in memory, with a new token."""
    url = _by_socket(running, running.create(f"bench_{size}"))
    shop.make(url, customers=False)
    token = _token(url)
    with filling.relaxed(running.url("mysql", "root")):
        _tidy(url)
        task = progress.add_task(f"filling to {size:,}", total=size)
        for there, total in filling.fill(url, size):
            progress.update(task, completed=there, total=total)
        progress.remove_task(task)
    _warm(url)
    first, last = _ends(url)
    with connection.to(url) as target:
        groups = filling.group_ids(url)
        members = _rows(target, "SELECT COUNT(*) FROM scim_membership WHERE group_id = %s", groups["many"])[0][0]
        count = _rows(target, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()")[0][0]
    return Stage(size, url, token, _sample(url, first, last), first, last, groups, members, count)


def of_dump(running: server.MariaDB, path: Path) -> tuple[str, str, int]:
    """Load a shop's dump into a database of its own; gives its URL, a token and how many tables it has."""
    name = "bench_dump"
    with connection.to(running.url("mysql", "root")) as root:
        connection.run(root, f"DROP DATABASE IF EXISTS `{name}`")
    url = running.create(name)
    dump.load(url, path)
    token = _token(url)
    with connection.to(url) as target:
        count = _rows(target, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()")[0][0]
    return url, token, count


def version(url: str) -> str:
    """Say which database server it is."""
    with connection.to(url) as target:
        return str(_rows(target, "SELECT VERSION()")[0][0])


def tidy(stage: Stage) -> None:
    """Take away what the measuring made."""
    _tidy(stage.url)


def quiet(pid: int, seconds: float) -> None:
    """Wait until the server has done what it had put off, for some times `seconds` at most."""
    step = min(0.5, seconds / 3)
    for _ in range(QUIET_STEPS):
        before = processor.used([pid])
        time.sleep(step)
        if processor.used([pid]) - before <= 0.04 * step:
            return


def _by_socket(running: server.MariaDB, url: str) -> str:
    """Give the URL by which who is on this machine connects, as Magento does where its host is localhost."""
    place = sa.make_url(url).set(host="localhost", port=None, query={"unix_socket": str(running.socket)})
    return place.render_as_string(hide_password=False)


def _token(url: str) -> str:
    settings = config.read({"SCIM_DATABASE_URL": url})
    launch.prepare(settings)
    engine, ledger = service.engine(settings), tables.define()
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    try:
        return database.transaction(
            engine, lambda shop: tokens.create(shop, ledger, "bench", service.DEFAULT_TENANT, tokens.SCOPES, now)
        )
    finally:
        engine.dispose()


def _tidy(url: str) -> None:
    """Remove the customers that the benchmark made, a run that was killed included, and the journal of it all."""
    mine = f"SELECT entity_id FROM customer_entity WHERE email LIKE '{floor.OURS}%'"  # noqa: S608
    added = "m.entity_id % 10 NOT IN (0, 5)"  # whom no filling puts into a group
    with connection.to(url) as target:
        for statement in (
            "SET foreign_key_checks=1",
            f"DELETE FROM customer_grid_flat WHERE entity_id IN ({mine})",  # noqa: S608
            f"DELETE FROM customer_entity WHERE email LIKE '{floor.OURS}%'",  # noqa: S608
            "UPDATE customer_entity e JOIN scim_inactive USING (entity_id) SET e.is_active=1, e.lock_expires=NULL,"
            " e.first_failure=NULL, e.failures_num=0",
            "UPDATE customer_grid_flat JOIN scim_inactive i USING (entity_id) SET customer_grid_flat.lock_expires=NULL",
            "DELETE FROM scim_inactive",
            f"UPDATE customer_entity e JOIN scim_membership m USING (entity_id) SET e.group_id=1 WHERE {added}",  # noqa: S608
            f"UPDATE customer_grid_flat g JOIN scim_membership m USING (entity_id) SET g.group_id=1 WHERE {added}",  # noqa: S608
            f"DELETE m FROM scim_membership m WHERE {added}",
            *(f"TRUNCATE TABLE {table}" for table in EMPTIED),
        ):
            connection.run(target, statement)


def _warm(url: str) -> None:
    """Read what requests will read, so that each size is measured from memory."""
    with connection.to(url) as target:
        for question in (
            "SELECT SUM(LENGTH(document)) FROM scim_link",
            "SELECT COUNT(former_name), COUNT(DISTINCT user_name) FROM scim_link",
            "SELECT COUNT(DISTINCT external_id) FROM scim_link",
            "SELECT SUM(LENGTH(rp_token)) FROM customer_entity",
            "SELECT COUNT(DISTINCT email) FROM customer_entity",
            "SELECT SUM(LENGTH(street)) FROM customer_address_entity",
            "SELECT COUNT(DISTINCT parent_id) FROM customer_address_entity",
            "SELECT SUM(address_id) FROM scim_address",
            "SELECT SUM(LENGTH(billing_full)) FROM customer_grid_flat",
        ):
            _rows(target, question)


def _ends(url: str) -> tuple[int, int]:
    with connection.to(url) as target:
        first, last = _rows(target, "SELECT MIN(entity_id), MAX(entity_id) FROM scim_link")[0]
    return int(first), int(last)


def _sample(url: str, first: int, last: int) -> list[User]:
    """Choose customers by chance, the same in every run. None is in the large group alone at one size."""
    wanted = random.Random(SEED).sample(range(first, last + 1), min(SAMPLE, last + 1 - first))  # noqa: S311
    found: dict[int, User] = {}
    with connection.to(url) as target:
        for start in range(0, len(wanted), 1000):
            part = wanted[start : start + 1000]
            sql = "SELECT entity_id, user_name, external_id, document FROM scim_link WHERE entity_id IN %s"
            for entity_id, user_name, external_id, document in _rows(target, sql, part):
                found[entity_id] = User(entity_id, user_name, external_id, json.loads(document))
    return [found[entity_id] for entity_id in wanted]


def _rows(target: "pymysql.Connection[Any]", sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with target.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
