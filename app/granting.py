"""In charge of which privileges the service's database user needs: Magento's tables, what hangs on them, and ours."""

import sqlalchemy as sa

from app.ledger import revisions, tables
from app.magento import cascades, schema


def privileges(connection: sa.Connection, prefix: str, *, makes_options: bool) -> dict[str, tuple[str, ...]]:
    """Give what is needed, by table with prefix. The connection's user must see all tables."""
    present = set(sa.inspect(connection).get_table_names())
    roots = [f"{prefix}{root}" for root in ("customer_entity", "customer_group")]
    own = schema.grants(prefix, makes_options=makes_options)
    needed = {table: granted for table, granted in own if table in present}
    for table, granted in cascades.privileges(cascades.load(connection), roots).items():
        needed[table] = tuple(dict.fromkeys((*needed.get(table, ()), *granted)))
    return needed | tables.privileges(prefix) | {revisions.version_table(prefix): ("SELECT",)}


def reading(connection: sa.Connection, prefix: str) -> tuple[str, ...]:
    """List the tables, with prefix, that a read replica's user must be able to read."""
    return tuple(privileges(connection, prefix, makes_options=False))
