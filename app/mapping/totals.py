"""In charge of how many users a tenant has: counted over the narrowest indexes, and for large shops kept a moment."""

import time
from dataclasses import dataclass

import sqlalchemy as sa

from app.mapping import bridges

LARGE = 50_000  # users, from which on counting costs more than the rest of a page
SECONDS = 10.0  # for which a large total is kept


@dataclass(frozen=True)
class Total:
    """A count, and when it was taken (monotonic seconds)."""

    users: int
    at: float


def users(connection: sa.Connection, bridge: bridges.Bridge) -> int:
    """Count the users that a tenant has, as `visibility.customers` selects them; of a LARGE total maybe SECONDS ago."""
    kept: dict[tuple[str, int | None], Total] = bridge.shop.lasting("totals", dict)
    name = (bridge.tenant, bridge.match_website)
    found = kept.get(name)
    if found is None or time.monotonic() - found.at > SECONDS:
        found = Total(count(connection, bridge), time.monotonic())
        if found.users >= LARGE:
            kept[name] = found
        else:
            kept.pop(name, None)
    return found.users


def count(connection: sa.Connection, bridge: bridges.Bridge) -> int:
    """Count everybody of the website, without those whom others manage or who are deleted, with our own elsewhere.

    So nobody's row is read but those of the few who make the difference.
    """
    website = bridge.match_website
    query = bridge.shop.prepared(("total", website is None), lambda: _query(bridge))
    given = {"tenant": bridge.tenant} | ({} if website is None else {"website": website})
    return int(connection.execute(query, given).scalar_one())


def _query(bridge: bridges.Bridge) -> sa.Select[tuple[int]]:
    entity, link = bridge.shop.tables["customer_entity"], bridge.ledger.link
    both = link.join(entity, entity.c.entity_id == link.c.entity_id)
    number = sa.func.count()
    everybody = sa.select(number).select_from(entity)
    others = sa.select(number).select_from(both).where(link.c.tenant != sa.bindparam("tenant"))
    gone = sa.select(number).select_from(both)
    gone = gone.where(link.c.deleted_at.is_not(None), link.c.tenant == sa.bindparam("tenant"))
    if bridge.match_website is None:
        return sa.select(
            everybody.scalar_subquery() - others.scalar_subquery() - gone.scalar_subquery(),
        )
    here = entity.c.website_id == sa.bindparam("website")
    elsewhere = sa.or_(entity.c.website_id.is_(None), entity.c.website_id != sa.bindparam("website"))
    ours = sa.select(number).select_from(both)
    ours = ours.where(elsewhere, link.c.tenant == sa.bindparam("tenant"), link.c.deleted_at.is_(None))
    return sa.select(
        everybody.where(here).scalar_subquery()
        - others.where(here).scalar_subquery()
        - gone.where(here).scalar_subquery()
        + ours.scalar_subquery(),
    )
