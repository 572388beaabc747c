"""In charge of what no key of the shop guards: that an e-mail is one customer's while all websites share accounts.

Magento only looks before it writes (facts 2.1). Two requests at once, on two hosts or two nodes of a cluster, both
look and find nothing. So each e-mail written here is claimed in the same transaction, in a table of ours with a
unique key, which lets one of them through.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from app.ledger import claims
from app.magento import changes, errors
from app.mapping import bridges

TABLE = "scim_shared_email"


def plan(
    connection: sa.Connection, bridge: bridges.Bridge, planned: Iterable[changes.RowChange]
) -> list[changes.RowChange]:
    """Plan the claims of the e-mails that customers are to get; nothing where accounts are not shared.

    Raises Duplicate where one is another customer's. A claim whose customer has got another e-mail since, from the
    shop, is void and goes.
    """
    if not bridge.shop.settings.shares_accounts():
        return []
    found: list[changes.RowChange] = []
    for change in planned:
        email = (change.after or {}).get("email") if change.table == "customer_entity" else None
        if email:
            found += _claimed(connection, bridge, change.key["entity_id"], email)
    return found


def _claimed(
    connection: sa.Connection, bridge: bridges.Bridge, entity_id: changes.Id, email: str
) -> list[changes.RowChange]:
    standing, own = claims.hold(
        connection, bridge.ledger, email, None if isinstance(entity_id, changes.New) else entity_id
    )
    found: list[changes.RowChange] = []
    if standing is not None and standing.entity_id != entity_id:
        if _holds(connection, bridge, standing.entity_id, email):
            raise errors.Duplicate("email", email)
        found.append(_row(standing.entity_id, standing, None))
    return [*found, _row(entity_id, own, email)]


def _row(entity_id: changes.Id, before: claims.Claim | None, email: str | None) -> changes.RowChange:
    there = {"email": before.email, "version": before.version} if before else None
    after = None if email is None else claims.row(email, before)
    return changes.RowChange(TABLE, {"entity_id": entity_id}, there, after)


def _holds(connection: sa.Connection, bridge: bridges.Bridge, entity_id: int, email: str) -> bool:
    """Say whether a customer has an e-mail now, as the shop compares."""
    entity = bridge.shop.tables["customer_entity"]
    query = sa.select(entity.c.entity_id).where(entity.c.entity_id == entity_id, entity.c.email == email)
    return connection.execute(query).first() is not None
