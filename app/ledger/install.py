"""Makes and upgrades the ledger's tables with Alembic, and says whether they are up to date."""

from pathlib import Path

import alembic.command
import alembic.config
import alembic.runtime.migration
import alembic.script
import sqlalchemy as sa

from app.ledger import tables

MIGRATIONS = Path(__file__).parent / "migrations"


def _config(prefix: str, connection: sa.Connection | None = None) -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["prefix"] = prefix
    config.attributes["connection"] = connection
    return config


def version_table(prefix: str) -> str:
    """Name the table in which Alembic keeps our version, apart from anybody else's Alembic."""
    return f"{prefix}scim_version"


def newest() -> str:
    """Give the revision that this program was written for."""
    head = alembic.script.ScriptDirectory.from_config(_config("")).get_current_head()
    assert head is not None
    return head


def current(connection: sa.Connection, prefix: str) -> str | None:
    """Give the revision of the tables in the database, None where they are missing."""
    context = alembic.runtime.migration.MigrationContext.configure(
        connection, opts={"version_table": version_table(prefix)}
    )
    return context.get_current_revision()


def remove(connection: sa.Connection, prefix: str) -> list[str]:
    """Drop our tables, those that are there, the one with our version last; give their names."""
    present = set(sa.inspect(connection).get_table_names())
    dropped = [name for name in (*tables.names(prefix), version_table(prefix)) if name in present]
    for name in dropped:
        connection.execute(sa.text(f"DROP TABLE IF EXISTS `{name}`"))
    return dropped


def upgrade(connection: sa.Connection, prefix: str) -> None:
    """Bring the tables to `newest()`; nothing happens where they already are."""
    alembic.command.upgrade(_config(prefix, connection), "head")
