"""External ids that users came with: one user's by a unique key, so that of two requests at once one makes the user.

An external id may be given to several users later (RFC 7643 section 3.1 makes it no unique one), and the one that a
user came with may have become another since: what stands here is for those who come, not for those who are there.
"""

import functools
import hashlib
from collections.abc import Iterable

import sqlalchemy as sa

from app.ledger import tables
from app.sql import sending


def key(external_id: str) -> str:
    """Give the form in which an external id is kept here."""
    return hashlib.sha256(external_id.encode()).hexdigest()


def fetch(
    connection: sa.Connection, ledger: tables.Tables, tenant: str, external_id: str, entity_id: int | None
) -> tuple[int | None, str | None]:
    """Give the customer who came with an external id, and the key of the one that a customer came with."""
    orders = [asked(ledger, connection.dialect, tenant, external_id)]
    if entity_id is not None:
        orders.append(sending.Order(_texts(ledger, connection.dialect)[1], {"customer": entity_id}))
    found = [answer.rows[0][0] if answer.rows else None for answer in sending.ask(connection, *orders)]
    return found[0], found[1] if entity_id is not None else None


def asked(ledger: tables.Tables, dialect: sa.Dialect, tenant: str, external_id: str) -> sending.Order:
    """Give what `fetch` asks about who comes."""
    return sending.Order(_texts(ledger, dialect)[0], {"tenant": tenant, "key": key(external_id)})


def asked_of_any(ledger: tables.Tables, dialect: sa.Dialect, tenant: str, external_ids: Iterable[str]) -> sending.Order:
    """Ask whether anybody has come with one of some external ids."""
    return sending.Order(_texts(ledger, dialect)[2], {"tenant": tenant, "keys": [key(each) for each in external_ids]})


@functools.lru_cache(maxsize=8)
def _texts(ledger: tables.Tables, dialect: sa.Dialect) -> tuple[sending.Text, sending.Text, sending.Text]:
    """Make the statements: who came with an external id; with which one a customer came; who came with one of some."""
    table = ledger.external_id
    mine, who = table.c.tenant == sa.bindparam("tenant"), sa.select(table.c.entity_id)
    this, some = table.c.external_key == sa.bindparam("key"), sending.among(table.c.external_key, "keys")
    own = sa.select(table.c.external_key).where(table.c.entity_id == sa.bindparam("customer"))
    queries = who.where(mine, this), own, who.where(mine, some)
    first, second, third = (sending.Text(query, dialect) for query in queries)
    return first, second, third
