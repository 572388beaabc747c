"""In charge of what a request is sure to ask further down, so that it is asked along with the first message.

Whoever needs an answer asks for it as ever; what was not foreseen costs a message, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from app.ledger import claims, external_ids
from app.magento import doors, newsletter, plans
from app.mapping import bridges
from app.scim import patch
from app.sql import sending, wire

Orders = list[sending.Order]


def coming(connection: sa.Connection, bridge: bridges.Bridge, resource: dict[str, Any]) -> None:
    """Ask ahead what making a user will ask."""
    orders: Orders = []
    if email := bridge.email_of(resource):
        orders += newsletter.asked_of_newcomer(bridge.shop, email)
    if external_id := resource.get("externalId"):
        orders.append(external_ids.asked(bridge.ledger, connection.dialect, bridge.tenant, external_id))
    for order in orders:
        sending.later(connection, sending.ahead(connection, order))


def crowd(connection: sa.Connection, bridge: bridges.Bridge, resources: Sequence[dict[str, Any]]) -> None:
    """Ask ahead what making several users will ask, in a statement for all: mostly nothing is there for any of them."""
    ledger, dialect = bridge.ledger, connection.dialect
    emails = [email for email in map(bridge.email_of, resources) if email]
    came = [resource["externalId"] for resource in resources if resource.get("externalId")]
    for order in newsletter.asked_of_newcomer(bridge.shop, *emails):
        parts = [part for email in emails for part in newsletter.asked_of_newcomer(bridge.shop, email)]
        sending.later(connection, _of_all(connection, order, parts))
    if emails and bridge.shop.settings.shares_accounts():
        held = [claims.asked(ledger, dialect, email) for email in emails]
        sending.later(connection, _of_all(connection, claims.asked(ledger, dialect, *emails), held))
    if came:
        known = [external_ids.asked(ledger, dialect, bridge.tenant, external_id) for external_id in came]
        order = external_ids.asked_of_any(ledger, dialect, bridge.tenant, came)
        sending.later(connection, _of_all(connection, order, known))


def _of_all(connection: sa.Connection, order: sending.Order, parts: Orders) -> sending.Order:
    """Let the answer to an order, that nothing is there, be the answer to all that ask for a part of it."""

    def heard(answer: wire.Answer) -> None:
        for part in parts:
            if answer.rows:
                sending.later(connection, sending.ahead(connection, part))
            else:
                sending.known(connection, part, answer)

    return replace(order, heard=heard)


def replaced(bridge: bridges.Bridge, user_id: str, resource: dict[str, Any]) -> Orders:
    """Give what the change by a PUT's body will ask."""
    return _changed(bridge, user_id, leaves=resource.get("active") is False)


def modified(bridge: bridges.Bridge, user_id: str, operations: tuple[patch.Operation, ...]) -> Orders:
    """Give what the change by a PATCH will ask."""
    return _changed(bridge, user_id, leaves=False in patch.values_of(operations, "active"))


def deleted(bridge: bridges.Bridge, user_id: str) -> Orders:
    """Give what a deletion will ask."""
    entity_id, policy = _number(user_id), bridge.ruleset.lifecycle.delete
    if entity_id is None:
        return []
    return (
        plans.asked_of_removal(bridge.shop, entity_id) if policy == "remove" else _changed(bridge, user_id, leaves=True)
    )


def _changed(bridge: bridges.Bridge, user_id: str, *, leaves: bool) -> Orders:
    entity_id = _number(user_id)
    if entity_id is None:
        return []
    if leaves:
        return doors.asked_of_shutting(bridge.shop, entity_id, bridge.ruleset.lifecycle.deactivate)
    return newsletter.asked_of_change(bridge.shop, entity_id)


def _number(user_id: str) -> int | None:
    return int(user_id) if user_id.isascii() and user_id.isdigit() and len(user_id) < 11 else None
