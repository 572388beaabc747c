"""In charge of what a person does about deleted users: purge those whom the shop keeps, end or discard those who wait.

Each is one transaction, judged again under the customer's lock, so that it can be done twice and from several hosts.
"""

from datetime import datetime

import sqlalchemy as sa

from app.ledger import departures, links
from app.magento import database
from app.mapping import bridges, clock, deletion, standing, writes
from app.scim import errors


def due(bridge: bridges.Bridge, now: datetime) -> list[int]:
    """List the tenant's deleted users whose time in the shop is over, by mapping.yaml's lifecycle.purge."""
    purge = bridge.ruleset.lifecycle.purge
    if purge is None:
        return []
    link = bridge.ledger.link
    query = sa.select(link.c.entity_id).where(
        link.c.tenant == bridge.tenant, link.c.deleted_how == links.KEPT, link.c.deleted_at <= now - purge.after
    )
    with database.reading(bridge.shop.engine) as connection:
        return list(connection.execute(query.order_by(link.c.entity_id)).scalars())


def purge(bridge: bridges.Bridge, entity_id: int) -> bool:
    """End a deleted user whom the shop keeps, as lifecycle.purge says; False where there is none (any more)."""

    def work(connection: sa.Connection) -> bool:
        held = _locked(connection, bridge, entity_id, links.KEPT)
        if held is None:
            return False
        planned = deletion.final(connection, bridge, held, deletion.purging(bridge), clock.now())
        deed = writes.Deed("purge", "User", held.entity_id)
        writes.carry_out(connection, bridge, deed, planned, orders=False)
        return True

    return writes.transact(bridge, work, lambda: errors.Uniqueness("Another customer has this e-mail."))


def waiting(bridge: bridges.Bridge) -> list[departures.Held]:
    """List the tenant's deletions that wait for a person, oldest first."""
    with database.reading(bridge.shop.engine) as connection:
        found = departures.held(connection, bridge.ledger)
    return [each for each in found if each.tenant == bridge.tenant]


def release(bridge: bridges.Bridge, wait: departures.Held) -> bool:
    """Carry out a deletion that waits; False where it does not (any more)."""

    def work(connection: sa.Connection) -> bool:
        held = _locked(connection, bridge, wait.entity_id, links.HELD)
        if held is None or not departures.held(connection, bridge.ledger, [wait.held_id]):
            return False
        planned = deletion.final(connection, bridge, held, wait.action, clock.now())
        deed = writes.Deed("release", "User", held.entity_id)
        writes.carry_out(connection, bridge, deed, planned, orders=False)
        return True

    return writes.transact(bridge, work, lambda: errors.Uniqueness("Another customer has this e-mail."))


def discard(bridge: bridges.Bridge, wait: departures.Held) -> bool:
    """Take a deletion that waits back: the user is there again, active if it was; False where it does not wait.

    Raises Uniqueness where another user has the name by now.
    """

    def work(connection: sa.Connection) -> bool:
        held = _locked(connection, bridge, wait.entity_id, links.HELD)
        if held is None or not departures.held(connection, bridge.ledger, [wait.held_id]):
            return False
        planned = deletion.discard(connection, bridge, held, wait, clock.now())
        deed = writes.Deed("discard", "User", held.entity_id)
        writes.carry_out(connection, bridge, deed, planned)
        return True

    sentence = f"Another user has the userName {wait.user_name!r} by now: rename one of them first."
    return writes.transact(bridge, work, lambda: errors.Uniqueness(sentence))


def _locked(connection: sa.Connection, bridge: bridges.Bridge, entity_id: int, how: str) -> standing.Held | None:
    held = standing.fetch(connection, bridge, [entity_id], lock=True, deleted=True).get(entity_id)
    return held if held is not None and held.link is not None and held.link.deleted_how == how else None
