"""Claims: whose an e-mail is on all websites together, by a unique key, which Magento's own table has not.

A claim stands for the e-mail that its customer was last given here; the shop may have given it another one since.
"""

import functools
from dataclasses import dataclass

import sqlalchemy as sa

from app.ledger import tables
from app.sql import sending


@dataclass(frozen=True, slots=True)
class Claim:
    """One customer's claim. `version` rises with every write, so that two writers of one row always collide."""

    entity_id: int
    email: str
    version: int


def hold(
    connection: sa.Connection, ledger: tables.Tables, email: str, entity_id: int | None
) -> tuple[Claim | None, Claim | None]:
    """Give the claim on an e-mail, compared as the shop does, and a customer's own; both held until the end.

    They are one where it is the customer's. Held until the transaction ends, on this server; on another one of a
    cluster the unique key decides at the commit.
    """
    orders = [asked(ledger, connection.dialect, email)]
    if entity_id is not None:
        orders.append(sending.Order(_texts(ledger, connection.dialect)[1], {"customer": entity_id}))
    found = [Claim(*answer.rows[0]) if answer.rows else None for answer in sending.ask(connection, *orders)]
    return found[0], found[1] if entity_id is not None else None


def asked(ledger: tables.Tables, dialect: sa.Dialect, *emails: str) -> sending.Order:
    """Give what `hold` asks about who comes with an e-mail, or the same about several at once."""
    return sending.Order(_texts(ledger, dialect)[0], {"emails": [*emails]})


@functools.lru_cache(maxsize=8)
def _texts(ledger: tables.Tables, dialect: sa.Dialect) -> tuple[sending.Text, sending.Text]:
    """Make the statements that hold the claims on e-mails, and a customer's own."""
    claim = ledger.claim
    query = sa.select(claim.c.entity_id, claim.c.email, claim.c.version)
    conditions = sending.among(claim.c.email, "emails"), claim.c.entity_id == sa.bindparam("customer")
    of_emails, own = (sending.Text(query.where(each).with_for_update(), dialect) for each in conditions)
    return of_emails, own


def row(email: str, before: Claim | None) -> dict[str, str | int]:
    """Give a claim's row but for its key, in the place of the customer's last one."""
    return {"email": email, "version": before.version + 1 if before else 1}
