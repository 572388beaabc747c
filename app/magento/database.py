"""In charge of the connection to the shop's database and of what its driver's errors mean."""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc, pool

from app.magento import driver_errors, errors
from app.sql import sending, wire

T = TypeVar("T")

ATTEMPTS = 3
PING_AFTER = 0.05  # seconds a pooled connection may rest before it is asked whether it is alive

# A read waits until its node has what any other node has committed, and a transaction before its first statement.
SYNC_WAIT = "SET SESSION wsrep_sync_wait=7"
CLUSTER = "cluster"  # the note on a connection whose server is a node of a Galera cluster

HEARD: list[Callable[[str], None]] = []  # who is told why a transaction starts again: busy, lost
LOOKING = ("SELECT", "SHOW", "SET", "EXPLAIN", "DESCRIBE")

# How long a statement may take. MySQL has this for SELECT alone; what writes is bounded by its locks.
LONGEST = {True: "SET SESSION max_statement_time={seconds}", False: "SET SESSION max_execution_time={seconds}000"}
DRIVER_WAITS = 10  # seconds beyond which the driver ends a connection on which nothing comes

# Magento itself runs with SQL_MODE '' and lets the server truncate; this program never does (facts 10).
# NO_AUTO_VALUE_ON_ZERO stays off: nobody here inserts an id 0.
SQL_MODE = "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
SESSION = (
    "SET SESSION time_zone='+00:00', sql_mode='" + SQL_MODE + "', innodb_lock_wait_timeout={lock_wait},"
    " lock_wait_timeout={lock_wait},"  # for a table that somebody alters or locks, else a day
    " group_concat_max_len=1048576",  # else MySQL cuts joined lists off at 1024 bytes
    "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci",
)


def engine(
    url: str | sa.URL,
    *,
    tls: Mapping[str, str] | None = None,
    connect_timeout: int = 5,
    statement_seconds: int = 20,
    lock_wait: int = 5,
    pool_size: int = 5,
    max_overflow: int = 5,
    pool_timeout: float = 10,
    autocommit: bool = False,
) -> sa.Engine:
    """Make the engine every statement goes through.

    url: `mysql://user:password@host:port/database`, or with a driver as in `mysql+mysqldb://`;
    `?unix_socket=/path` is known. tls: paths under ca, cert and key; verify "0" keeps the encryption
    but not the certificate check; {"verify": "1"} alone asks for TLS with the system's authorities; empty or
    None: TLS only if the server asks for it, unchecked, and none on this machine. Timeouts and lock_wait in
    seconds; what takes longer than statement_seconds is ended by the server. autocommit: for an engine that only
    reads. Nothing connects before the first use.
    Each connection speaks UTC, strict SQL mode, utf8mb4, READ COMMITTED (facts 10).
    """
    target = sa.make_url(url)
    if target.drivername in ("mysql", "mariadb"):
        target = target.set(drivername="mysql+pymysql")
    arguments: dict[str, Any] = {"connect_timeout": connect_timeout}
    if target.drivername.endswith(("+pymysql", "+mysqldb")):
        patience = statement_seconds + DRIVER_WAITS
        arguments |= {"charset": "utf8mb4", "read_timeout": patience, "write_timeout": patience}
    if tls:
        arguments["ssl"] = _tls(target, tls)
    elif target.drivername.endswith("+pymysql") and stays_here(target):
        arguments["ssl_disabled"] = True  # else the driver reads all authorities, 40 ms for each connection
    made = sa.create_engine(
        target,
        connect_args=arguments,
        hide_parameters=True,  # errors are logged, and what customers are called does not belong there
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=pool_timeout,
        pool_recycle=1800,
        pool_reset_on_return=None,  # whoever opens a transaction ends it, and a second ROLLBACK is a way there and back
        skip_autocommit_rollback=autocommit,
    )
    if target.drivername.endswith("+pymysql"):
        sa.event.listen(made, "do_connect", lambda _d, _record, given, named: wire.Connection(*given, **named))
    _prepare_connections(made, lock_wait, statement_seconds)
    sending.listen(made)
    return made


def stays_here(target: sa.URL) -> bool:
    """Say whether the connection never leaves this machine."""
    return "unix_socket" in target.query or target.host in (None, "localhost", "127.0.0.1", "::1")


def _tls(target: sa.URL, tls: Mapping[str, str]) -> Any:
    if not target.drivername.endswith("+pymysql"):
        return {name: tls[name] for name in ("ca", "cert", "key") if name in tls}
    context = ssl.create_default_context(cafile=tls.get("ca"))
    if tls.get("verify", "1") == "0":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if "cert" in tls:
        context.load_cert_chain(tls["cert"], tls.get("key"))
    return context


def _prepare_connections(made: sa.Engine, lock_wait: int, statement_seconds: int) -> None:
    """Set each new connection up once; ask a rested one whether it lives; drop all of them when one broke."""

    @sa.event.listens_for(made, "connect")
    def set_up(connection: Any, record: pool.ConnectionPoolEntry) -> None:
        with connection.cursor() as cursor:
            for statement in (*SESSION, LONGEST[getattr(made.dialect, "is_mariadb", False)]):
                cursor.execute(statement.format(lock_wait=lock_wait, seconds=statement_seconds))
            cursor.execute("SHOW VARIABLES LIKE 'wsrep_on'")
            record.info[CLUSTER] = bool(row := cursor.fetchone()) and row[1] == "ON"
            if record.info[CLUSTER]:
                cursor.execute(SYNC_WAIT)

    @sa.event.listens_for(made, "checkin")
    def rest(_connection: Any, record: pool.ConnectionPoolEntry) -> None:
        record.info["resting_since"] = time.monotonic()

    @sa.event.listens_for(made, "checkout")
    def wake(connection: Any, record: pool.ConnectionPoolEntry, _proxy: object) -> None:
        since = record.info.pop("resting_since", None)
        if since is None or time.monotonic() - since < PING_AFTER:
            return
        try:
            made.dialect.do_ping(connection)
        except made.dialect.loaded_dbapi.Error as error:
            raise exc.InvalidatePoolError("the database closed its connections") from error

    @sa.event.listens_for(made, "handle_error")
    def recognise(context: sa.engine.ExceptionContext) -> None:
        if driver_errors.number(context.original_exception) in driver_errors.CONNECTION_ENDED:
            context.is_disconnect = True


@contextmanager
def translated() -> Iterator[None]:
    """Let no driver error out: each leaves as a ShopError with the driver's as its cause."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise driver_errors.translate(error) from error
    except UnicodeEncodeError as error:  # half of a surrogate pair, which no character set holds
        raise errors.Rejected("", f"it is not valid text: {error.reason}") from error


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a connection for statements that write nothing. Raises ShopError for every driver error."""
    with translated(), engine.connect() as connection:
        yield connection


def refuse_writes(*engines: sa.Engine) -> None:
    """Let no statement through any more that writes: for commands that only look. They raise errors.Unsupported."""

    def refuse(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: bool) -> None:
        for each, _ in wire.each(statement):
            if not each.lstrip().upper().startswith(LOOKING):
                raise errors.Unsupported(f"a command that only looks would have written: {each.split()[0]}")

    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", refuse)


def transaction(engine: sa.Engine, work: Callable[[sa.Connection], T], *, attempts: int = ATTEMPTS) -> T:
    """Run work in one transaction and commit it; give back what work gives back.

    Deadlocks, lock waits and rows that changed under way, at the commit too, start the whole work again, until that
    were `attempts`, then Busy. A connection that broke before the commit is tried once more. work must
    therefore have no effect outside the connection. Raises ShopError for every driver error.
    """
    lost = False
    attempt = 1
    while True:
        committing = False
        try:
            with translated(), engine.connect() as connection, connection.begin() as begun:
                result = work(connection)
                sending.tell(connection)
                committing = True
                begun.commit()
            return result
        except errors.Busy:
            if attempt >= attempts:
                raise
            _tell("busy")
            time.sleep(random.uniform(0.5, 1.5) * 0.02 * 2**attempt)  # noqa: S311 - a pause, not a secret
            attempt += 1
        except errors.Unavailable as error:
            error.unsure = committing
            if lost or committing or not error.lost:
                raise
            _tell("lost")
            lost = True


def _tell(reason: str) -> None:
    for hear in HEARD:
        hear(reason)
