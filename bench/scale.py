"""The figures of docs/scale.md: `python -m bench.scale sizes 100000`, `… drivers`, `… replica`.

Processor time is the service's alone (the thread's, median), taken turn by turn, so that a busy machine shifts both.
"""

import contextlib
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import flask
import rich.progress
import sqlalchemy as sa
import structlog

import app as magento_scim
from app import config, launch
from app.ledger import counters, tables, tokens
from app.sandbox import connection, filling, server, shop

ROOT = Path(__file__).parent.parent
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
TIMES = 400


@contextlib.contextmanager
def _shop() -> Iterator[server.MariaDB]:
    with tempfile.TemporaryDirectory() as folder, server.MariaDB(Path(folder)) as running:
        shop.make(running.url(), customers=False)
        launch.prepare(config.read({"SCIM_DATABASE_URL": running.url(), "SCIM_MAPPING": str(ROOT / "mapping.yaml")}))
        yield running


def sizes(count: int) -> None:
    """Print the bytes that a customer takes in Magento's tables and in ours, and in the journal of its making."""
    query = (
        "SELECT table_name LIKE 'scim\\_%%', SUM(data_length), SUM(index_length) FROM information_schema.tables"
        " WHERE table_schema = DATABASE() GROUP BY 1 ORDER BY 1"
    )
    with _shop() as running, connection.to(running.url()) as target, target.cursor() as cursor:
        with filling.relaxed(running.url("mysql", "root")), rich.progress.Progress() as progress:
            bar = progress.add_task("customers", total=count)
            for there, _ in filling.fill(running.url(), count):
                progress.update(bar, completed=there)
        names = [str(row[0]) for row in _rows(cursor, "SHOW TABLES")]
        _rows(cursor, f"ANALYZE TABLE {', '.join(names)}")
        for own, data, index in _rows(cursor, query):
            whose = "ours" if own else "Magento's"
            print(f"{whose}: {int(data) / count:.0f} bytes of rows and {int(index) / count:.0f} of indexes a customer")


def _rows(cursor: object, query: str) -> list[tuple[object, ...]]:
    cursor.execute(query)  # type: ignore[attr-defined]
    return list(cursor.fetchall())  # type: ignore[attr-defined]


def drivers() -> None:
    """Print the service's processor time of a GET and of a POST with each driver."""
    with _shop() as running:
        url = running.url()
        _compare(
            running, {name: {"SCIM_DATABASE_URL": url.replace("pymysql", name)} for name in ("pymysql", "mysqldb")}
        )


def replica() -> None:
    """Print the service's processor time of a GET and of a POST with and without a replica: here the same server."""
    with _shop() as running:
        own = {"SCIM_DATABASE_URL": running.url()}
        _compare(running, {"primary": own, "replica": {**own, "SCIM_READ_DATABASE_URL": running.url()}})


def _compare(running: server.MariaDB, ways: dict[str, dict[str, str]]) -> None:
    engine = sa.create_engine(running.url())
    with engine.begin() as opened:
        secret = tokens.create(opened, tables.define(), "t", "default", tokens.SCOPES, datetime(2026, 1, 1))
        for slot in range(counters.CALLERS):  # of a caller that has written much
            counters.rise(opened, tables.define(), [(1, slot)])
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/scim+json"}
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    beside = {"SCIM_MAPPING": str(ROOT / "mapping.yaml"), "SCIM_SEEN": "0"}
    apps = {name: magento_scim.create_app(config.read({**settings, **beside})) for name, settings in ways.items()}
    number = 0

    def post(which: flask.Flask) -> str:
        nonlocal number
        number += 1
        address = {
            "type": "work",
            "streetAddress": "1 Main St",
            "locality": "Wien",
            "postalCode": "1010",
            "country": "AT",
        }
        name = {"givenName": "Ada", "familyName": "Lovelace"}
        body = {"schemas": [USER], "userName": f"u{number}@example.com", "name": name, "addresses": [address]}
        answer = which.test_client().post("/scim/v2/Users", headers=headers, data=json.dumps(body))
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["id"])

    known = post(next(iter(apps.values())))

    def get(which: flask.Flask) -> None:
        assert which.test_client().get(f"/scim/v2/Users/{known}", headers=headers).status_code == 200

    works: dict[str, Callable[[flask.Flask], object]] = {"GET by id": get, "POST, one address": post}
    for what, work in works.items():
        spent: dict[str, list[float]] = {name: [] for name in apps}
        for _ in range(TIMES):
            for name, which in apps.items():
                began = time.thread_time()
                work(which)
                spent[name].append((time.thread_time() - began) * 1000)
        print(what, ", ".join(f"{name} {statistics.median(each[50:]):.2f} ms" for name, each in spent.items()))
    with connection.to(running.url()) as shop, shop.cursor() as cursor:
        entry = "COALESCE(LENGTH(changes), 0) + COALESCE(LENGTH(reasons), 0) + COALESCE(LENGTH(sealed), 0)"
        ((size,),) = _rows(cursor, f"SELECT AVG({entry}) FROM scim_journal WHERE operation = 'create'")  # noqa: S608
        print(f"The journal's entry of such a POST: {size:.0f} bytes of text")
    for which in apps.values():
        which.extensions["magento-scim"].shop.dispose()


if __name__ == "__main__":
    what, *given = sys.argv[1:]
    {"sizes": sizes, "drivers": drivers, "replica": replica}[what](*map(int, given))
