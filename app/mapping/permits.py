"""In charge of what an identity provider may do to users at all: operations, protected users, the breaker."""

from datetime import datetime

import sqlalchemy as sa

from app.ledger import departures
from app.magento import changes
from app.mapping import bridges, standing, turns
from app.scim import errors, filters

DEPARTURE = changes.New("departure")


def operation(bridge: bridges.Bridge, name: str) -> None:
    """Let an operation pass (create, update, deactivate, delete); raises Forbidden where mapping.yaml has it off."""
    if name not in bridge.ruleset.lifecycle.allow:
        raise errors.Forbidden(f"This service does not {name} users: lifecycle.allow in mapping.yaml leaves it out.")


def departure(bridge: bridges.Bridge, held: standing.Held, what: str) -> None:
    """Let a user be deactivated or deleted (`what`); raises Forbidden for a protected one, with the rule's text."""
    shown = standing.dress(bridge, held) if bridge.ruleset.lifecycle.protect else {}
    for rule in bridge.ruleset.lifecycle.protect:
        if filters.evaluate(rule.where, shown):
            raise errors.Forbidden(
                f"User {str(held.entity_id)!r} is protected and cannot be {what}: lifecycle.protect in mapping.yaml"
                f" has the rule {rule.text}"
            )


def counted(bridge: bridges.Bridge, held: standing.Held, kind: str, now: datetime) -> changes.RowChange:
    """Plan the row by which the breaker counts that somebody leaves; `kind` is deactivate or delete."""
    row = departures.row(bridge.tenant, held.entity_id, kind, now)
    return changes.RowChange("scim_departure", {"departure_id": departures.new_id()}, None, row)


def tripped(connection: sa.Connection, bridge: bridges.Bridge, held: standing.Held, now: datetime) -> bool:
    """Say whether so many of the tenant's users left within the hour that this one's deletion must wait."""
    limit = bridge.ruleset.lifecycle.breaker
    if limit is None:
        return False
    turns.of_breaker(connection, bridge)
    return departures.others(connection, bridge.ledger, bridge.tenant, held.entity_id, now) >= limit
