"""In charge of what a deletion comes to, by mapping.yaml's policy, and of what can follow: purge, release, return.

A deleted user is gone for its identity provider at once. What the shop keeps of it is said by its link
(`deleted_how`): the whole customer, one whose deletion waits for a person, or one that is nobody any more.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from app.ledger import departures, links
from app.ledger import groups as memberships
from app.magento import anonymity, changes, doors, plans
from app.mapping import bridges, leaving, permits, standing, wanted

Row = changes.RowChange
HELD = changes.New("held deletion")


def plan(connection: sa.Connection, bridge: bridges.Bridge, held: standing.Held, now: datetime) -> list[Row]:
    """Plan a user's deletion; raises Forbidden where it is switched off or the user is protected."""
    permits.operation(bridge, "delete")
    permits.departure(bridge, held, "deleted")
    policy = bridge.ruleset.lifecycle.delete
    if policy == links.KEPT:
        planned = kept(connection, bridge, held, links.KEPT, now)
    elif permits.tripped(connection, bridge, held, now):
        planned = [*kept(connection, bridge, held, links.HELD, now), _wait(bridge, held, policy, now)]
    else:
        planned = final(connection, bridge, held, policy, now)
    return [*planned, permits.counted(bridge, held, "delete", now)]


def final(connection: sa.Connection, bridge: bridges.Bridge, held: standing.Held, how: str, now: datetime) -> list[Row]:
    """Plan what nobody takes back: the customer removed, or anonymized."""
    if how == "remove":
        return plans.remove(connection, bridge.shop, held.entity_id, now, held.book.ids)
    planned = anonymity.plan(connection, bridge.shop, held.entity_id, now)
    planned += [*waits_no_more(connection, bridge, held), *_memberships_end(connection, bridge, held)]
    nobody = {"userName": anonymity.address(held.entity_id)}
    planned += _ledger(bridge, held, links.ANONYMOUS, nobody, now)
    return _locked(connection, bridge, held, planned, now)


def kept(connection: sa.Connection, bridge: bridges.Bridge, held: standing.Held, how: str, now: datetime) -> list[Row]:
    """Plan that a user is gone while the shop keeps the customer, locked by all doors."""
    return _locked(connection, bridge, held, _ledger(bridge, held, how, held.document, now), now)


def discard(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    held: standing.Held,
    waiting: departures.Held,
    now: datetime,
) -> list[Row]:
    """Plan that a deletion which waits is not to be: the user is there again, and active if it was."""
    planned = [*waits_no_more(connection, bridge, held), *_ledger(bridge, held, None, held.document, now)]
    active = True if waiting.was_active else None
    return leaving.settle(connection, bridge, held.real, held.taken, planned, active, now)


def waits_no_more(connection: sa.Connection, bridge: bridges.Bridge, held: standing.Held) -> list[Row]:
    """Plan that a user's deletion does not wait any more, because it is carried out, or not to be."""
    found = departures.held(connection, bridge.ledger, customer=held.entity_id)
    return [Row("scim_held", {"held_id": each.held_id}, departures.as_row(each), None) for each in found]


def is_revived(bridge: bridges.Bridge, held: standing.Held) -> bool:
    """Say whether a deleted user that is created again is the same one; whose deletion waits always is."""
    assert held.link is not None
    return bridge.ruleset.lifecycle.returning == "revive" or held.link.deleted_how == links.HELD


def purging(bridge: bridges.Bridge) -> str:
    """Say how a user whom the shop keeps ends: remove or anonymize."""
    purge = bridge.ruleset.lifecycle.purge
    return purge.how if purge else "anonymize"


# --- rows ---


def _locked(
    connection: sa.Connection, bridge: bridges.Bridge, held: standing.Held, planned: Sequence[Row], now: datetime
) -> list[Row]:
    shutting = bridge.ruleset.lifecycle.deactivate | doors.USUAL
    return leaving.settle(connection, bridge, held.real, held.taken, planned, False, now, shutting)


def _ledger(
    bridge: bridges.Bridge, held: standing.Held, how: str | None, document: standing.Resource, now: datetime
) -> list[Row]:
    """Plan the link of a user who is gone, or (`how` None) there again, with the e-mails that are indexed."""
    rows = wanted.ledger(bridge, held.entity_id, held.link, document, now)
    if how is None:
        return rows
    link = next(row for row in rows if row.table == "scim_link")
    assert link.after is not None
    gone = links.gone(dict(link.after), held.entity_id, how, now)
    return [Row(row.table, row.key, row.before, gone) if row is link else row for row in rows]


def _wait(bridge: bridges.Bridge, held: standing.Held, action: str, now: datetime) -> Row:
    row = {
        "entity_id": held.entity_id,
        "tenant": bridge.tenant,
        "action": action,
        "was_active": int(held.active),
        "held_at": now,
    }
    return Row("scim_held", {"held_id": HELD}, None, row)


def _memberships_end(connection: sa.Connection, bridge: bridges.Bridge, held: standing.Held) -> list[Row]:
    ids = memberships.of_customers(connection, bridge.ledger, bridge.tenant, [held.entity_id]).get(held.entity_id, [])
    return [Row("scim_membership", {"group_id": i, "entity_id": held.entity_id}, {}, None) for i in ids]
