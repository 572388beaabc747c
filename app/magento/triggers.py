"""In charge of triggers that make something else of a row before it is written: extensions have such."""

from collections.abc import Iterable

import sqlalchemy as sa


def before(connection: sa.Connection, tables: Iterable[str]) -> frozenset[str]:
    """Name the triggers that run before rows of some tables (with prefix) are written, as far as this user sees them.

    MariaDB shows them to whoever may read the table, MySQL to those with the privilege TRIGGER.
    """
    query = sa.text(
        "SELECT trigger_name FROM information_schema.triggers"
        " WHERE trigger_schema = DATABASE() AND action_timing = 'BEFORE' AND event_object_table IN :tables"
    ).bindparams(sa.bindparam("tables", expanding=True))
    return frozenset(connection.execute(query, {"tables": sorted(tables)}).scalars())
