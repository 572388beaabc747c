"""In charge of what must be unique without a database key: only Magento's PHP guards it (facts 2.1, 8.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from app.magento import catalog, changes, errors, shop


def refuse_taken(
    connection: sa.Connection,
    shop: shop.Shop,
    planned: Iterable[changes.RowChange],
    besides: Collection[str] = (),
) -> None:
    """Refuse a planned value that another customer has. Raises Duplicate with the attribute's code.

    Looked at: the e-mail when accounts are shared by all websites, attributes flagged is_unique, and those `besides`.
    """
    for attribute, value, entity_id in _guarded(shop, planned, besides):
        table = shop.tables[attribute.table]
        statement = sa.select(table.c.entity_id).where(table.c[attribute.column] == value).limit(1)
        if not attribute.static:
            statement = statement.where(table.c.attribute_id == attribute.attribute_id)
        if entity_id != changes.NEW:
            statement = statement.where(table.c.entity_id != entity_id)
        if connection.execute(statement).first() is not None:
            raise errors.Duplicate(attribute.code, str(value))


def _guarded(
    shop: shop.Shop, planned: Iterable[changes.RowChange], besides: Collection[str]
) -> Iterator[tuple[catalog.Attribute, Any, changes.Id]]:
    attributes = shop.catalog.customer
    codes = {*besides, *(("email",) if shop.settings.shares_accounts() else ())}
    unique = [a for a in attributes.values() if not a.subscription and (a.unique or a.code in codes)]
    for change in planned:
        for attribute in unique:
            if attribute.table != change.table or not change.after:
                continue
            row = {**change.key, **change.after}
            if attribute.static or row["attribute_id"] == attribute.attribute_id:
                value = change.after.get(attribute.column)
                if value is not None:
                    yield attribute, value, row["entity_id"]
