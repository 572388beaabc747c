"""Our own settings, shared by all processes: made at installation, read at start."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.ledger import tables


@dataclass(frozen=True)
class Settings:
    """What was settled when our tables were made.

    `cursor_key`: 32 bytes that seal cursors. `installed_at` (naive UTC): the time that stands for the making of what
    the shop keeps without a time, its customer groups.
    """

    cursor_key: bytes
    installed_at: datetime


def read(connection: sa.Connection, ledger: tables.Tables) -> Settings:
    """Read the settings; raises KeyError where the installation is not complete."""
    rows = {row.name: row.value for row in connection.execute(sa.select(ledger.setting))}
    return Settings(bytes.fromhex(rows["cursor_key"]), datetime.fromisoformat(rows["installed_at"]))
