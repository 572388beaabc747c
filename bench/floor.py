"""The floor: the rows that each kind of work reads and writes, by bare PyMySQL and nothing else of ours.

`python -m bench.floor` reads one order as a line of JSON, says `ready`, begins at the next line, and prints what
came of it. Nothing is checked, converted or answered here: what the service needs beyond it is the service.
"""

import hashlib
import itertools
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pymysql

OURS = "bench-"  # how the user names of customers begin that the benchmark makes
Rows = list[tuple[Any, ...]]
ENTITY = (
    "entity_id, website_id, store_id, group_id, email, is_active, updated_at, created_at, firstname, lastname,"
    " middlename, prefix, suffix, taxvat, default_billing, default_shipping"
)
LINK = "entity_id, tenant, user_name, external_id, document, created_at, modified_at, deleted_at"


@dataclass
class Order:
    """What one process does: a kind of work for so many seconds, on these users. `place`: how to connect."""

    place: dict[str, Any]
    work: str
    seconds: float
    threads: int
    mark: str
    users: list[list[Any]]  # id, user name, external id, document
    made: list[int] = field(default_factory=list)
    deep: int = 0


@dataclass
class Session:
    """One thread's connection."""

    order: Order
    number: int
    connection: "pymysql.Connection[Any]"
    made: list[int] = field(default_factory=list)

    def ask(self, sql: str, *values: Any) -> Rows:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def put(self, table: str, **row: Any) -> int:
        names, places = ", ".join(row), ", ".join(["%s"] * len(row))
        with self.connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", tuple(row.values()))  # noqa: S608
            return int(cursor.lastrowid)


# --- reading ---


def _users(session: Session, ids: list[int], *, lock: bool = False) -> Rows:
    """Read whole users: customers, links, memberships, addresses."""
    customers = session.ask(
        f"SELECT {ENTITY} FROM customer_entity WHERE entity_id IN %s{' FOR UPDATE' if lock else ''}",  # noqa: S608
        ids,
    )
    session.ask(f"SELECT {LINK} FROM scim_link WHERE entity_id IN %s", ids)  # noqa: S608
    session.ask("SELECT entity_id, group_id FROM scim_membership WHERE entity_id IN %s", ids)
    session.ask(
        "SELECT s.entity_id, s.name, a.* FROM scim_address s JOIN customer_address_entity a"
        " ON a.entity_id = s.address_id WHERE s.entity_id IN %s",
        ids,
    )
    return customers


def get(session: Session, user: list[Any]) -> None:
    _users(session, [user[0]])


def filter_user_name(session: Session, user: list[Any]) -> None:
    sql = "SELECT entity_id FROM scim_link WHERE tenant = 'default' AND user_name = %s"
    _users(session, [row[0] for row in session.ask(sql, user[1])])


def filter_external_id(session: Session, user: list[Any]) -> None:
    sql = "SELECT entity_id FROM scim_link WHERE tenant = 'default' AND external_id = %s"
    _users(session, [row[0] for row in session.ask(sql, user[2])])


def filter_email(session: Session, user: list[Any]) -> None:
    sql = "SELECT entity_id FROM customer_entity WHERE email = %s AND website_id = 1"
    _users(session, [row[0] for row in session.ask(sql, user[1])])


def list_first(session: Session, _user: list[Any]) -> None:
    session.ask("SELECT COUNT(*) FROM customer_entity WHERE website_id = 1")
    rows = session.ask("SELECT entity_id FROM customer_entity WHERE website_id = 1 ORDER BY entity_id LIMIT 100")
    _users(session, [row[0] for row in rows])


def list_deep(session: Session, _user: list[Any]) -> None:
    sql = "SELECT entity_id FROM customer_entity WHERE website_id = 1 AND entity_id > %s ORDER BY entity_id LIMIT 100"
    _users(session, [row[0] for row in session.ask(sql, session.order.deep)])


# --- writing ---


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def _journal(session: Session, operation: str, entity_id: int, changes: Any) -> None:
    session.put(
        "scim_journal",
        request_id=f"{session.order.mark}-{session.number}",
        at=_now(),
        tenant="default",
        actor="floor",
        profile="lenient",
        operation=operation,
        resource_type="User",
        resource_id=entity_id,
        changes=json.dumps(changes, default=str),
    )


def _grid(session: Session, entity_id: int, **row: Any) -> None:
    names, places = ", ".join(("entity_id", *row)), ", ".join(["%s"] * (len(row) + 1))
    session.ask(f"REPLACE INTO customer_grid_flat ({names}) VALUES ({places})", entity_id, *row.values())  # noqa: S608


def _key(external_id: str) -> str:
    return hashlib.sha256(external_id.encode()).hexdigest()


def post(session: Session, user: list[Any]) -> None:
    """Make a customer: the same tables and columns as the service's create, with nothing looked up before."""
    number = f"{session.order.mark}-{session.number}-{len(session.made)}"
    email, now = f"{OURS}{number}@example.com", _now()
    name = {"firstname": "Bench", "lastname": f"Mark{len(session.made)}"}
    common = {"website_id": 1, "email": email, "group_id": 1, "created_at": now, "created_in": "Default Store View"}
    entity_id = session.put("customer_entity", **common, store_id=1, updated_at=now, **name)
    place = {"city": "München", "country_id": "DE", "postcode": "80331", "region": "Bayern", "region_id": 82}
    place |= {"street": "Hauptstr. 1", "telephone": "+49 89 5550100"}
    address = {"parent_id": entity_id, "created_at": now, "updated_at": now, **name, **place}
    address_id = session.put("customer_address_entity", **address)
    session.ask(
        "UPDATE customer_entity SET updated_at=%s, default_billing=%s, default_shipping=%s WHERE entity_id=%s",
        *(now, address_id, address_id, entity_id),
    )
    session.put("scim_address", entity_id=entity_id, name="work", address_id=address_id)
    document = json.dumps({**user[3], "userName": email, "externalId": number}, sort_keys=True)
    link = {"tenant": "default", "user_name": email, "external_id": number, "document": document}
    session.put("scim_link", entity_id=entity_id, **link, created_at=now, modified_at=now)
    session.put("scim_external_id", entity_id=entity_id, tenant="default", external_key=_key(number))
    full = "Hauptstr. 1 München Bayern 80331"
    billing = {f"billing_{column}": value for column, value in (name | place).items()}
    shown = {"name": f"Bench {name['lastname']}", "shipping_full": full, "billing_full": full}
    _grid(session, entity_id, **shown, **common, **billing)
    _journal(session, "create", entity_id, [common, address, link])
    session.connection.commit()
    session.made.append(entity_id)


def _rename(session: Session, user: list[Any], operation: str) -> None:
    customers = _users(session, [user[0]], lock=True)
    names = (user[3]["name"]["givenName"], f"Floor{time.perf_counter_ns() % 10**9}")
    now, where = _now(), (customers[0][0],)
    document = json.dumps({**user[3], "name": {"givenName": names[0], "familyName": names[1]}}, sort_keys=True)
    for table, key in (("customer_entity", "entity_id"), ("customer_address_entity", "parent_id")):
        sql = f"UPDATE {table} SET firstname=%s, lastname=%s, updated_at=%s WHERE {key}=%s"  # noqa: S608
        session.ask(sql, *names, now, *where)
    session.ask("UPDATE scim_link SET document=%s, modified_at=%s WHERE entity_id=%s", document, now, *where)
    session.ask(
        "UPDATE customer_grid_flat SET name=%s, billing_firstname=%s, billing_lastname=%s WHERE entity_id=%s",
        *(" ".join(names), *names, *where),
    )
    _journal(session, operation, user[0], [[user[3], document]])
    session.connection.commit()


def patch_name(session: Session, user: list[Any]) -> None:
    _rename(session, user, "modify")


def put(session: Session, user: list[Any]) -> None:
    _rename(session, user, "replace")


def patch_active(session: Session, user: list[Any]) -> None:
    """Deactivate a user, and make it active again in a second transaction, which counts as one more."""
    now, entity_id = _now(), user[0]
    for active in (0, 1):
        _users(session, [entity_id], lock=True)
        until = None if active else "2037-12-31 23:59:59"
        session.ask(
            "UPDATE customer_entity SET is_active=%s, lock_expires=%s, updated_at=%s WHERE entity_id=%s",
            *(active, until, now, entity_id),
        )
        if active:
            session.ask("DELETE FROM scim_inactive WHERE entity_id = %s", entity_id)
        else:
            session.put("scim_inactive", entity_id=entity_id, since=now, doors="lock")
            session.put("scim_departure", tenant="default", entity_id=entity_id, kind="deactivate", left_at=now)
            session.ask("REPLACE INTO jwt_auth_revoked VALUES (3, %s, 1)", entity_id)
        session.ask("UPDATE customer_grid_flat SET lock_expires=%s WHERE entity_id=%s", until, entity_id)
        _journal(session, "modify", entity_id, [[active, until]])
        session.connection.commit()


def delete(session: Session, user: list[Any]) -> None:
    """Read whatever goes with a customer, delete it, and keep it in the journal."""
    entity_id = user[0]
    customers = _users(session, [entity_id], lock=True)
    session.ask("DELETE FROM customer_entity WHERE entity_id = %s", entity_id)
    session.ask("DELETE FROM customer_grid_flat WHERE entity_id = %s", entity_id)
    session.put("scim_departure", tenant="default", entity_id=entity_id, kind="delete", left_at=_now())
    session.ask("REPLACE INTO jwt_auth_revoked VALUES (3, %s, 1)", entity_id)
    _journal(session, "delete", entity_id, [list(row) for row in customers])
    session.connection.commit()


READING: tuple[Callable[[Session, list[Any]], None], ...] = (
    get,
    filter_user_name,
    filter_external_id,
    filter_email,
    list_first,
    list_deep,
)
WRITING: tuple[Callable[[Session, list[Any]], None], ...] = (post, patch_active, patch_name, put, delete)
WORK = {work.__name__: work for work in (*READING, *WRITING)}
TWICE = frozenset({"patch_active"})  # two transactions in one call


# --- a process of it ---


def _connect(place: dict[str, Any], *, autocommit: bool) -> "pymysql.Connection[Any]":
    made = pymysql.connect(
        **place,
        charset="utf8mb4",
        autocommit=autocommit,
        init_command="SET time_zone='+00:00'",
        ssl_disabled=True,
    )
    with made.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return made


def _loop(session: Session, users: Iterator[list[Any]], until: float, latencies: list[float], wrong: list[str]) -> None:
    """Work until the time is up or nobody is left."""
    work = WORK[session.order.work]
    while (started := time.perf_counter()) < until:
        user = next(users, None)
        if user is None:
            return
        try:
            work(session, user)
        except pymysql.err.OperationalError as error:  # a deadlock: the floor does not try again
            session.connection.rollback()
            wrong.append(str(error))
            continue
        took = time.perf_counter() - started
        latencies.extend([took / 2] * 2 if session.order.work in TWICE else [took])


def main() -> None:
    """Carry one order out."""
    order = Order(**json.loads(sys.stdin.readline()))
    reads = WORK[order.work] in READING
    sessions = [Session(order, number, _connect(order.place, autocommit=reads)) for number in range(order.threads)]
    print("ready", flush=True)
    sys.stdin.readline()
    latencies: list[float] = []
    wrong: list[str] = []
    started, cpu = time.perf_counter(), time.process_time()
    threads = []
    for session in sessions:
        mine: Iterator[list[Any]] = itertools.cycle(order.users[session.number :: order.threads])
        if order.work == "delete":
            mine = ([entity_id] for entity_id in order.made[session.number :: order.threads])
        arguments = (session, mine, started + order.seconds, latencies, wrong)
        threads.append(threading.Thread(target=_loop, args=arguments))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - cpu,
        "latencies": latencies,
        "wrong": wrong,
        "made": [entity_id for session in sessions for entity_id in session.made],
    }
    print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main()
