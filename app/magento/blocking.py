"""In charge of the group of those who may log in to no website: made once, excluded from every one (facts 4.5, 7)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app.magento import changes, customers, groups, shop

EXCLUDED = "customer_group_excluded_website"


def group(connection: sa.Connection, shop: shop.Shop) -> int:
    """Give the group, after making what of it is missing: itself, or its exclusion from websites that came later.

    It is no part of any customer's change: what is missing is written here, and stays.
    """
    whole = there(connection, shop)
    if whole is not None:
        return whole
    websites = _websites(shop)
    groups.queue(connection, shop)
    found = groups.find(connection, shop, groups.BLOCKED)
    if found is None:
        found = groups.made(customers.write(connection, shop, groups.create(connection, shop, groups.BLOCKED)))
    missing = sorted(websites - _excluded(connection, shop, found))
    names = (changes.New(f"exclusion from {website_id}") for website_id in missing)
    rows = ({"customer_group_id": found, "website_id": website_id} for website_id in missing)
    made = (changes.RowChange(EXCLUDED, {"entity_id": n}, None, row) for n, row in zip(names, rows, strict=True))
    changes.execute(connection, shop.tables, made)
    return found


def there(connection: sa.Connection, shop: shop.Shop) -> int | None:
    """Find the group; None where it, or one of its exclusions, is still to be made."""
    found = groups.find(connection, shop, groups.BLOCKED)
    return found if found is not None and _websites(shop) <= _excluded(connection, shop, found) else None


def removal(connection: sa.Connection, shop: shop.Shop, now: datetime) -> list[changes.RowChange]:
    """Plan that the group goes; nothing where there is none, or somebody is in it. now: naive UTC."""
    found, entity = groups.find(connection, shop, groups.BLOCKED), shop.tables["customer_entity"]
    inside = sa.select(entity.c.entity_id).where(entity.c.group_id == found).limit(1)
    if found is None or connection.execute(inside).first() is not None:
        return []
    return groups.remove(connection, shop, found, now)


def _websites(shop: shop.Shop) -> set[int]:
    return {website for website in shop.stores.websites if website}


def _excluded(connection: sa.Connection, shop: shop.Shop, group_id: int) -> set[int]:
    table = shop.tables[EXCLUDED]
    return set(connection.execute(sa.select(table.c.website_id).where(table.c.customer_group_id == group_id)).scalars())
