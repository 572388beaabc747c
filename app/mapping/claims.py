"""In charge of what no other key guards: that an e-mail is one customer's while all websites share accounts, and that
of users who come at once with one external id one is made.

Magento only looks before it writes (facts 2.1). Two requests at once, on two hosts or two nodes of a cluster, both
look and find nothing. So each e-mail written here is claimed in the same transaction, in a table of ours with a
unique key, which lets one of them through.
"""

from collections.abc import Iterable

import sqlalchemy as sa

from app.ledger import claims, external_ids, links
from app.magento import changes, errors
from app.mapping import bridges

TABLE = "scim_shared_email"
EXTERNAL = "scim_external_id"
COMING = ("create", "adopt")  # what a POST comes to


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


def external(
    connection: sa.Connection, bridge: bridges.Bridge, planned: Iterable[changes.RowChange]
) -> list[changes.RowChange]:
    """Plan the claims of the external ids that users come with, where a user is known by it (`match.by`).

    Raises Duplicate where one is another user's by now. The claim of who has got another external id since is void.
    """
    if not any(path.attribute and path.attribute.name == "externalId" for path in bridge.ruleset.match.by):
        return []
    found: list[changes.RowChange] = []
    for change in planned:
        external_id = (change.after or {}).get("external_id") if change.table == "scim_link" else None
        if external_id is not None:
            found += _came(connection, bridge, change.key["entity_id"], external_id)
    return found


def _came(
    connection: sa.Connection, bridge: bridges.Bridge, entity_id: changes.Id, external_id: str
) -> list[changes.RowChange]:
    known = entity_id if isinstance(entity_id, int) else None
    came, own = external_ids.fetch(connection, bridge.ledger, bridge.tenant, external_id, known)
    if came is not None and came == known:
        return []
    found: list[changes.RowChange] = []
    wanted = {"tenant": bridge.tenant, "external_key": external_ids.key(external_id)}
    if came is not None:
        if links.find(connection, bridge.ledger, bridge.tenant, external_id=external_id) == came:
            raise errors.Duplicate(EXTERNAL, external_id)
        found.append(changes.RowChange(EXTERNAL, {"entity_id": came}, wanted, None))
    before = {**wanted, "external_key": own} if own is not None else None
    return [*found, changes.RowChange(EXTERNAL, {"entity_id": entity_id}, before, wanted)]
