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
    wanted = list(_guarded(shop, planned, besides))
    if len(wanted) > 1 and not any(isinstance(entity_id, int) for _, _, entity_id in wanted):
        taken = _taken(connection, shop, wanted)
        wanted = [each for each in wanted if each[0] in taken]
    for attribute, value, entity_id in wanted:
        statement = _holders(shop, attribute).where(_column(shop, attribute) == value)
        if isinstance(entity_id, int):
            statement = statement.where(shop.tables[attribute.table].c.entity_id != entity_id)
        if connection.execute(statement).first() is not None:
            raise errors.Duplicate(attribute.code, str(value))


def _taken(
    connection: sa.Connection, shop: shop.Shop, wanted: Iterable[tuple[catalog.Attribute, Any, changes.Id]]
) -> list[catalog.Attribute]:
    """Find the attributes of which somebody has one of the values that newcomers want, in one statement each."""
    values: dict[str, list[Any]] = {}
    attributes = {attribute.code: attribute for attribute, _, _ in wanted}
    for attribute, value, _ in wanted:
        values.setdefault(attribute.code, []).append(value)
    return [
        attribute
        for code, attribute in attributes.items()
        if connection.execute(_holders(shop, attribute).where(_column(shop, attribute).in_(values[code]))).first()
        is not None
    ]


def _column(shop: shop.Shop, attribute: catalog.Attribute) -> sa.Column[Any]:
    return shop.tables[attribute.table].c[attribute.column]


def _holders(shop: shop.Shop, attribute: catalog.Attribute) -> sa.Select[Any]:
    table = shop.tables[attribute.table]
    query = sa.select(table.c.entity_id).limit(1)
    return query if attribute.static else query.where(table.c.attribute_id == attribute.attribute_id)


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
        if isinstance(entity_id, int):
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
