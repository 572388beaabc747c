"""Claims: whose an e-mail is on all websites together, by a unique key, which Magento's own table has not.

A claim stands for the e-mail that its customer was last given here; the shop may have given it another one since.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from app.ledger import tables


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
    claim = ledger.claim
    found = []
    for condition in (claim.c.email == email, claim.c.entity_id == (entity_id or 0)):
        row = connection.execute(sa.select(claim).where(condition).with_for_update()).one_or_none()
        found.append(Claim(row.entity_id, row.email, row.version) if row else None)
    return found[0], found[1]


def row(email: str, before: Claim | None) -> dict[str, str | int]:
    """Give a claim's row but for its key, in the place of the customer's last one."""
    return {"email": email, "version": before.version + 1 if before else 1}
