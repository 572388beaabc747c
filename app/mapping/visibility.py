"""In charge of which of the shop's customers are a tenant's.

Its own: whom it manages, wherever the shop has put them since, but for deleted users whom only the shop keeps. And
whom nobody manages, on its website.
"""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from app.mapping import bridges


def customers(bridge: bridges.Bridge) -> sa.Select[Any]:
    """Select the ids of all customers that a tenant has."""
    return _with_links(bridge).where(_seen(bridge))


def others(bridge: bridges.Bridge) -> sa.Select[Any]:
    """Select the ids of other tenants' customers, and of those on other websites."""
    entity, link = bridge.shop.tables["customer_entity"], bridge.ledger.link
    managed = sa.and_(link.c.entity_id.is_not(None), link.c.tenant != bridge.tenant)
    if bridge.match_website is None:
        return _with_links(bridge).where(managed)
    elsewhere = sa.and_(link.c.entity_id.is_(None), entity.c.website_id != bridge.match_website)
    return _with_links(bridge).where(sa.or_(managed, elsewhere))


def among(connection: sa.Connection, bridge: bridges.Bridge, ids: Collection[int]) -> set[int]:
    """Give those of some ids that are a tenant's customers."""
    if not ids:
        return set()
    entity = bridge.shop.tables["customer_entity"]
    return set(connection.execute(customers(bridge).where(entity.c.entity_id.in_(ids))).scalars())


def _with_links(bridge: bridges.Bridge) -> sa.Select[Any]:
    entity, link = bridge.shop.tables["customer_entity"], bridge.ledger.link
    joined = entity.outerjoin(link, link.c.entity_id == entity.c.entity_id)
    return sa.select(entity.c.entity_id).select_from(joined)


def _seen(bridge: bridges.Bridge) -> sa.ColumnElement[bool]:
    entity, link = bridge.shop.tables["customer_entity"], bridge.ledger.link
    free: sa.ColumnElement[bool] = link.c.entity_id.is_(None)
    if bridge.match_website is not None:
        free = sa.and_(free, entity.c.website_id == bridge.match_website)
    return sa.or_(free, sa.and_(link.c.tenant == bridge.tenant, link.c.deleted_at.is_(None)))
