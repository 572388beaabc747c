"""Opens plain PyMySQL connections for the sandbox: loading tables and rows, not for the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
from pymysql.constants import CLIENT
from sqlalchemy.engine import make_url

SETTINGS = "SET time_zone='+00:00', sql_mode='NO_AUTO_VALUE_ON_ZERO', foreign_key_checks=0, unique_checks=0"


@contextmanager
def to(url: str) -> Iterator["pymysql.Connection[Any]"]:
    """Yield a connection to the database of a `mysql+pymysql://` URL, set up for bulk loading.

    UTC, no SQL mode but the one that keeps id 0, foreign keys unchecked, several statements at once. It is
    committed at the end. Raises pymysql's errors.
    """
    parts = make_url(url)
    connection = pymysql.connect(
        host=parts.host or "127.0.0.1",
        port=parts.port or 3306,
        user=parts.username or "root",
        password=parts.password or "",
        database=parts.database,
        unix_socket=parts.query.get("unix_socket"),
        charset="utf8mb4",
        client_flag=CLIENT.MULTI_STATEMENTS,
        init_command=SETTINGS,
        ssl_disabled=True,  # this machine only; otherwise PyMySQL reads all certificates each time, for 40 ms
    )
    try:
        yield connection
        connection.commit()
    finally:
        connection.close()


def run(connection: "pymysql.Connection[Any]", sql: str) -> None:
    """Run one or several statements of SQL text and throw their results away. Raises pymysql's errors."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        while cursor.nextset():
            pass
