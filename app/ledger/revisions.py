"""Says of which revision the ledger's tables are, and which one this program was written for."""

from pathlib import Path

import sqlalchemy as sa

MIGRATIONS = Path(__file__).parent / "migrations"


def version_table(prefix: str) -> str:
    """Name the table in which Alembic keeps our version, apart from anybody else's Alembic."""
    return f"{prefix}scim_version"


def newest() -> str:
    """Give the revision that this program was written for: the last of `migrations/`, whose files begin with theirs."""
    return max(path.stem.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def current(connection: sa.Connection, prefix: str) -> str | None:
    """Give the revision of the tables in the database, None where they are missing."""
    name = version_table(prefix)
    if not sa.inspect(connection).has_table(name):
        return None
    found: str | None = connection.execute(sa.text(f"SELECT version_num FROM `{name}`")).scalar()  # noqa: S608 # nosec B608
    return found
