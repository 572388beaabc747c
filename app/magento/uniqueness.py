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


def refuse_same_email(connection: sa.Connection, shop: shop.Shop, planned: Iterable[changes.RowChange]) -> None:
    """Refuse, before it is written, an e-mail that the database's key on it and the website would refuse.

    For who only looks: between this look and a write anybody may come. Raises Duplicate.
    """
    entity = shop.tables["customer_entity"]
    for change in planned:
        if change.table != entity.name.removeprefix(shop.prefix) or not change.after or not change.after.get("email"):
            continue
        entity_id, website_id = change.key["entity_id"], change.after.get("website_id")
        query = sa.select(entity.c.entity_id).where(entity.c.email == change.after["email"]).limit(1)
        if entity_id != changes.NEW:
            query = query.where(entity.c.entity_id != entity_id)
            if website_id is None:
                own = sa.select(entity.c.website_id).where(entity.c.entity_id == entity_id)
                website_id = connection.execute(own).scalar()
        if connection.execute(query.where(entity.c.website_id == website_id)).first() is not None:
            raise errors.Duplicate("email", change.after["email"])


def guarded(
    shop: shop.Shop, planned: Iterable[changes.RowChange], besides: Collection[str] = ()
) -> Iterator[tuple[str, Any]]:
    """Walk the planned values that no other customer may have: attribute code, value."""
    yield from ((attribute.code, value) for attribute, value, _ in _guarded(shop, planned, besides))


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
