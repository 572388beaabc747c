"""External ids that users came with: one user's by a unique key, so that of two requests at once one makes the user.

An external id may be given to several users later (RFC 7643 section 3.1 makes it no unique one), and the one that a
user came with may have become another since: what stands here is for those who come, not for those who are there.
"""

import hashlib

import sqlalchemy as sa

from app.ledger import tables


def key(external_id: str) -> str:
    """Give the form in which an external id is kept here."""
    return hashlib.sha256(external_id.encode()).hexdigest()


def fetch(
    connection: sa.Connection, ledger: tables.Tables, tenant: str, external_id: str, entity_id: int | None
) -> tuple[int | None, str | None]:
    """Give the customer who came with an external id, and the key of the one that a customer came with."""
    table = ledger.external_id
    came = sa.select(table.c.entity_id).where(table.c.tenant == tenant, table.c.external_key == key(external_id))
    own = sa.select(table.c.external_key).where(table.c.entity_id == (entity_id or 0))
    return connection.execute(came).scalar(), connection.execute(own).scalar()
