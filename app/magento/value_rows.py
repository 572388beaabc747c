"""In charge of the rows that hold custom attributes' values, of customers and of addresses (facts 1.3, 8.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.magento import catalog, changes, shop
from app.sql import sending, wire


def order(shop: shop.Shop, attributes: Iterable[catalog.Attribute], ids: Sequence[int]) -> sending.Order | None:
    """Ask for custom attributes of entities in one statement; None where none of these is custom."""
    custom = _custom(attributes)
    if not custom or not ids:
        return None
    text = shop.prepared(("values", *custom), lambda: sending.Text(_select(shop, custom), shop.engine.dialect))
    return sending.Order(text, {"ids": ids})


def held(attributes: Iterable[catalog.Attribute], answer: wire.Answer) -> dict[int, dict[str, Any]]:
    """Read the answer: id -> code -> value, None for a row with NULL in it."""
    custom, found = _custom(attributes), dict[int, dict[str, Any]]()
    for entity_id, attribute_id, *typed in answer.rows:
        value = next((v for v in typed if v is not None), None)
        found.setdefault(entity_id, {})[custom[attribute_id].code] = value
    return found


def _custom(attributes: Iterable[catalog.Attribute]) -> dict[int | None, catalog.Attribute]:
    return {a.attribute_id: a for a in attributes if not a.static and not a.subscription}


def plan(
    attribute: catalog.Attribute, entity_id: changes.Id, wanted: Any, before: Mapping[str, Any] | None
) -> changes.RowChange:
    """Plan a value row: made, changed, or deleted when it becomes empty (facts 1.3)."""
    key = {"entity_id": entity_id, "attribute_id": attribute.attribute_id}
    return changes.RowChange(attribute.table, key, before, None if wanted is None else {"value": wanted})


def _select(shop: shop.Shop, custom: Mapping[int | None, catalog.Attribute]) -> sa.CompoundSelect[Any]:
    """One statement over all value tables, a column for each, so that no value changes its type."""
    tables = sorted({attribute.table for attribute in custom.values()})
    selects = []
    for name in tables:
        table = shop.tables[name]
        attribute_ids: list[sa.ColumnElement[Any]] = [
            sa.literal_column(str(i)) for i, attribute in custom.items() if attribute.table == name
        ]
        typed = [table.c.value if other == name else sa.null() for other in tables]
        labelled = [column.label(f"v{position}") for position, column in enumerate(typed)]
        selects.append(
            sa.select(table.c.entity_id, table.c.attribute_id, *labelled).where(
                sending.among(table.c.entity_id, "ids"), table.c.attribute_id.in_(attribute_ids)
            )
        )
    return sa.union_all(*selects)
