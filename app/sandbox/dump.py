"""Loads a mysqldump file into a database, without a client program. Not a general SQL shell."""

import gzip
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import pymysql

from app.sandbox import connection

# What is inside quotes, up to the closing one (a doubled quote closes and opens again).
INSIDE = {
    b"'": re.compile(rb"(?:[^'\\]+|\\.)*", re.DOTALL),
    b'"': re.compile(rb'(?:[^"\\]+|\\.)*', re.DOTALL),
    b"`": re.compile(rb"[^`]*"),
}
DELIMITER = re.compile(rb"\s*DELIMITER\s+(\S+)", re.IGNORECASE)
# Statements that name another database, or need rights that only the server's owner has.
SKIPPED = re.compile(
    rb"(?:/\*M?!\d+\s*)?(?:(?:CREATE|DROP)\s+DATABASE|USE\s|SET\s+@@(?:GLOBAL|SESSION)\.|SET\s+@MYSQLDUMP_TEMP)",
    re.IGNORECASE,
)
DEFINER = re.compile(rb"DEFINER\s*=\s*`[^`]*`@`[^`]*`", re.IGNORECASE)
# MySQL 8's own collations, which MariaDB up to 11.3 does not know.
MYSQL_COLLATION = re.compile(rb"utf8mb4_0900_\w+")


def load(url: str, path: Path) -> None:
    """Load a .sql or .sql.gz file, as mysqldump writes it, into the database of a `mysql+pymysql://` URL.

    Whatever database the dump names, its tables go into this one; definers are left out. Raises pymysql's
    errors, OSError.
    """
    with connection.to(url) as target, _opened(path) as lines:
        known = _knows(target, "utf8mb4_0900_ai_ci")
        for statement in statements(lines):
            if SKIPPED.match(statement):
                continue
            if not statement.startswith(b"INSERT"):
                statement = DEFINER.sub(b"", statement)
                if not known:
                    statement = MYSQL_COLLATION.sub(b"utf8mb4_unicode_ci", statement)
            target.query(statement)


def statements(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the statements of SQL text without delimiters; heeds quotes, comments and DELIMITER lines."""
    kept: list[bytes] = []
    quote = b""  # what we are inside of: a quote, or a comment
    delimiter = b";"
    special = _special(delimiter)
    for line in lines:
        if not quote and not b"".join(kept).strip() and (command := DELIMITER.match(line)):
            delimiter, kept = command[1], []
            special = _special(delimiter)
            continue
        at = 0
        while at < len(line):
            if quote == b"/*":
                end = line.find(b"*/", at)
                at, quote = (len(line), quote) if end < 0 else (end + 2, b"")
            elif quote:
                end = _end_of(INSIDE[quote], line, at)
                kept.append(line[at : end + 1])
                at, quote = end + 1, quote if end >= len(line) else b""
            elif found := special.search(line, at):
                mark = found[0]
                kept.append(line[at : found.start()])
                at = found.end()
                if mark == delimiter:
                    if statement := b"".join(kept).strip():
                        yield statement
                    kept = []
                elif mark in INSIDE:
                    kept.append(mark)
                    quote = mark
                elif mark == b"/*":
                    quote = mark
                else:  # a comment to the end of the line
                    at = len(line)
            else:
                kept.append(line[at:])
                at = len(line)
    if statement := b"".join(kept).strip():
        yield statement


def _special(delimiter: bytes) -> re.Pattern[bytes]:
    """Return the pattern of what ends plain SQL. A comment with ! is SQL, but for the sandbox mark."""
    return re.compile(rb"""['"`]|--(?=\s)|\#|/\*(?!!|M!(?!999999))|""" + re.escape(delimiter))


def _end_of(inside: re.Pattern[bytes], line: bytes, at: int) -> int:
    found = inside.match(line, at)
    return found.end() if found else at


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _knows(target: "pymysql.Connection[Any]", collation: str) -> bool:
    with target.cursor() as cursor:
        return bool(cursor.execute("SHOW COLLATION LIKE %s", (collation,)))
