"""Makes, upgrades and drops the ledger's tables; with Alembic, which a process that answers requests need not load."""

import alembic.command
import alembic.config
import sqlalchemy as sa

from app.ledger import revisions, tables


def _config(prefix: str, connection: sa.Connection | None = None) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(revisions.MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["prefix"] = prefix
    config.attributes["connection"] = connection
    return config


def remove(connection: sa.Connection, prefix: str) -> list[str]:
    """Drop our tables, those that are there, the one with our version last; give their names."""
    present = set(sa.inspect(connection).get_table_names())
    dropped = [name for name in (*tables.names(prefix), revisions.version_table(prefix)) if name in present]
    for name in dropped:
        connection.execute(sa.text(f"DROP TABLE IF EXISTS `{name}`"))
    return dropped


def upgrade(connection: sa.Connection, prefix: str) -> None:
    """Bring the tables to the newest revision; nothing happens where they already are."""
    alembic.command.upgrade(_config(prefix, connection), "head")
