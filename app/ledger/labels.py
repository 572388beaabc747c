"""Labels: which choice of a select was made here for which label, so that two requests at once make one.

The shop has no key on labels. A request that makes a choice claims its label in the same transaction; of two, the
database's key lets the later one fail and start again, on a cluster at the commit.
"""

import hashlib
from collections.abc import Collection

import sqlalchemy as sa

from app.ledger import tables


def key(label: str) -> str:
    """Give the form in which a label is claimed; `label` as it is compared."""
    return hashlib.sha256(label.encode()).hexdigest()


def fetch(
    connection: sa.Connection, ledger: tables.Tables, wanted: Collection[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """Read the choices that were made for labels, by attribute id and key. Those that the shop has lost are gone."""
    table = ledger.option
    if not wanted:
        return {}
    query = sa.select(table).where(sa.tuple_(table.c.attribute_id, table.c.label_key).in_(list(wanted)))
    return {(row.attribute_id, row.label_key): row.option_id for row in connection.execute(query)}
