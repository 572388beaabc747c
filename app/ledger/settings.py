"""Our own settings, shared by all processes: made at installation, read at start; and when the last sweep was."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from app.ledger import tables

SWEPT = "swept_at"


@dataclass(frozen=True)
class Settings:
    """What was settled when our tables were made.

    `cursor_key`: 32 bytes that seal cursors, `journal_key`: 32 that seal what may not be read in the journal.
    `installed_at` (naive UTC): the time that stands for the making of what
    the shop keeps without a time, its customer groups.
    """

    cursor_key: bytes
    journal_key: bytes
    installed_at: datetime


def read(connection: sa.Connection, ledger: tables.Tables, journal_key: bytes | None = None) -> Settings:
    """Read the settings; raises KeyError where the installation is not complete.

    `journal_key`: the key that is kept outside the database; without it, one is derived from the one that is in it.
    """
    rows = {row.name: row.value for row in connection.execute(sa.select(ledger.setting))}
    cursor_key = bytes.fromhex(rows["cursor_key"])
    derived = hashlib.blake2b(key=cursor_key, person=b"journal", digest_size=32).digest()
    return Settings(cursor_key, journal_key or derived, datetime.fromisoformat(rows["installed_at"]))


def note_sweep(connection: sa.Connection, ledger: tables.Tables, now: datetime) -> None:
    """Write down that leavers were swept, naive UTC."""
    row = mysql.insert(ledger.setting).values(name=SWEPT, value=now.isoformat())
    connection.execute(row.on_duplicate_key_update(value=row.inserted.value))


def swept_at(connection: sa.Connection, ledger: tables.Tables) -> datetime | None:
    """Say when the last sweep was, naive UTC; None before the first."""
    query = sa.select(ledger.setting.c.value).where(ledger.setting.c.name == SWEPT)
    found = connection.execute(query).scalar()
    return datetime.fromisoformat(found) if found else None
