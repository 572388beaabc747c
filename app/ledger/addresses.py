"""Which of the shop's addresses each rule of the mapping keeps: remembered by the rule's name, for every customer."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from app.ledger import tables
from app.sql import sending


def fetch(connection: sa.Connection, ledger: tables.Tables, entity_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Read in one statement: customer -> the rule's name -> the address; customers without any are left out."""
    if not entity_ids:
        return {}
    table = ledger.address
    query = sa.select(table.c.entity_id, table.c.name, table.c.address_id).where(table.c.entity_id.in_(entity_ids))
    found: dict[int, dict[str, int]] = {}
    for entity_id, name, address_id in connection.execute(query):
        found.setdefault(entity_id, {})[name] = address_id
    return found


def ids(ledger: tables.Tables, name: str) -> sa.Select[Any]:
    """Make the statement that gives the addresses that are remembered of customers, theirs come under a name."""
    table = ledger.address
    return sa.select(table.c.address_id).where(sending.among(table.c.entity_id, name))


def named(connection: sa.Connection, ledger: tables.Tables, address_ids: Collection[int]) -> dict[int, str]:
    """Read by which rule's name each of some addresses is remembered; those of no rule are left out."""
    if not address_ids:
        return {}
    table = ledger.address
    query = sa.select(table.c.address_id, table.c.name).where(table.c.address_id.in_(address_ids))
    return {row.address_id: row.name for row in connection.execute(query)}
