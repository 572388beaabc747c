"""Groups as an identity provider knows them (whole name, external id) and who was put into which.

A customer is in one group of the shop and may be a member of several here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import links, tables


@dataclass(frozen=True, slots=True)
class Group:
    """A managed group. `version` counts its changes, of its members too. Times are naive UTC."""

    group_id: int
    tenant: str
    display_name: str
    external_id: str | None
    version: int
    created_at: datetime
    modified_at: datetime


def fetch(
    connection: sa.Connection, ledger: tables.Tables, ids: Collection[int] | None = None, *, lock: bool = False
) -> dict[int, Group]:
    """Read managed groups, all or some; `lock` holds their rows until the transaction ends."""
    query = sa.select(ledger.group)
    if ids is not None:
        query = query.where(ledger.group.c.group_id.in_(ids))
    rows = connection.execute(query.with_for_update() if lock else query)
    return {row.group_id: of(row) for row in rows}


def of(values: Sequence[Any]) -> Group:
    """Make a group of its row's values, which are in the order of the table's columns."""
    group_id, tenant, _, display_name, external_id, version, created_at, modified_at = values
    return Group(group_id, tenant, display_name, external_id, version, created_at, modified_at)


def row(
    tenant: str,
    display_name: str,
    external_id: str | None,
    version: int,
    created_at: datetime,
    modified_at: datetime,
) -> dict[str, Any]:
    """Give a group's row but for its key. The unique key on its name decides between two requests at once."""
    return {
        "tenant": tenant,
        "name_key": links.fold(display_name),
        "display_name": display_name,
        "external_id": external_id,
        "version": version,
        "created_at": created_at,
        "modified_at": modified_at,
    }


# --- memberships ---


def of_customers(
    connection: sa.Connection, ledger: tables.Tables, tenant: str, entity_ids: Collection[int]
) -> dict[int, list[int]]:
    """Read the groups, no other tenant's, that customers are members of, each customer's newest first."""
    if not entity_ids:
        return {}
    member, group = ledger.membership, ledger.group
    query = (
        sa.select(member.c.entity_id, member.c.group_id)
        .outerjoin(group, group.c.group_id == member.c.group_id)
        .where(member.c.entity_id.in_(entity_ids), sa.func.coalesce(group.c.tenant, tenant) == tenant)
        .order_by(member.c.membership_id.desc())
    )
    found: dict[int, list[int]] = {}
    for entity_id, group_id in connection.execute(query):
        found.setdefault(entity_id, []).append(group_id)
    return found
