"""In charge of customer_grid_flat, the admin's list of customers: a copy to be kept true (facts 5.2)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import mysql

from app.magento import catalog, columns, driver_errors, errors, shop
from app.sql import sending, wire

log = logging.getLogger(__name__)

INDEXER, WORKING = "customer_grid", "working"
NAME = ("prefix", "firstname", "middlename", "lastname", "suffix")
FULL_ADDRESS = ("street", "city", "region", "postcode")
TEXT_CHARACTERS = 16383  # what a TEXT column surely holds, at four bytes each
REBUILT = frozenset({1054, 1146})  # unknown column, no such table: Magento rebuilt the grid since it was read


def rewrite(connection: sa.Connection, shop: shop.Shop, entity_ids: Sequence[int]) -> None:
    """Make the customers' grid rows anew from their rows, in one statement and this transaction.

    Nothing is written, with a warning, when the shop has no grid, Magento is rebuilding it, or a value does
    not fit into it: the grid is derived and must never refuse a customer.
    """
    _write(connection, shop, "upsert", entity_ids, _upsert)


def remove(connection: sa.Connection, shop: shop.Shop, entity_ids: Sequence[int]) -> None:
    """Take removed customers out of the grid."""
    _write(connection, shop, "remove", entity_ids, _remove)


Build = Callable[[shop.Shop, sa.Table], Any]
"""Makes a statement about the grid rows of some customers, whose ids come under the name `ids`."""


def _write(
    connection: sa.Connection, shop: shop.Shop, what: str, ids: Sequence[int], build: Build, *, last: bool = False
) -> None:
    """Send a statement about some customers' rows with the next statement (sending.later)."""
    grid = shop.grid
    if grid is None:
        log.warning("the shop has no customer grid; reindex customer_grid")
    if grid is None or not ids:
        return

    def failed(error: exc.DBAPIError) -> None:
        number = driver_errors.number(error.orig)
        if number in REBUILT and not last:
            shop.refresh_grid(connection)
            _write(connection, shop, what, ids, build, last=True)
        elif number in REBUILT or isinstance(driver_errors.translate(error), errors.Rejected):
            log.warning("grid rows of %s not written, reindex customer_grid: error %d", list(ids), number)
        else:
            raise error

    def heard(answer: wire.Answer) -> None:
        if not answer.rowcount:
            log.warning("the customer grid is being rebuilt, or has no rows of %s: it was not changed", list(ids))

    text = shop.prepared(("grid", what), lambda: sending.Text(build(shop, grid), connection.dialect, kept=True))
    sending.later(connection, sending.Order(text, {"ids": ids}, heard=heard, failed=failed))


def _state(shop: shop.Shop) -> sa.Select[Any]:
    """Ask whether Magento is rebuilding the grid: then a row comes, and it will have read what is committed now."""
    state = shop.tables["indexer_state"]
    return sa.select(state.c.status).where(state.c.indexer_id == INDEXER, state.c.status == WORKING)


def _free(shop: shop.Shop) -> sa.ColumnElement[bool]:
    """Make the condition that Magento is not rebuilding the grid."""
    return sa.not_(_state(shop).exists()) if "indexer_state" in shop.tables else sa.true()


def _remove(shop: shop.Shop, grid: sa.Table) -> Any:
    return grid.delete().where(sending.among(grid.c.entity_id, "ids"), _free(shop))


@dataclass(frozen=True)
class Sources:
    """The rows a grid row is made from: the customer and its two default addresses."""

    entity: Any
    billing: Any
    shipping: Any


def _upsert(shop: shop.Shop, grid: sa.Table) -> Any:
    """INSERT … SELECT … ON DUPLICATE KEY UPDATE from a derived table: MySQL 8 and MariaDB both take it."""
    address = shop.tables["customer_address_entity"]
    sources = Sources(shop.tables["customer_entity"].alias("e"), address.alias("b"), address.alias("s"))
    entity, billing, shipping = sources.entity, sources.billing, sources.shipping
    expressions = {
        column.name: _fitting(expression, column)
        for column in grid.c
        if (expression := _expression(shop, sources, column.name)) is not None
    }
    rows = (
        sa.select(*(expression.label(name) for name, expression in expressions.items()))
        .select_from(
            entity.outerjoin(billing, billing.c.entity_id == entity.c.default_billing).outerjoin(
                shipping, shipping.c.entity_id == entity.c.default_shipping
            )
        )
        .where(sending.among(entity.c.entity_id, "ids"), _free(shop))
        .subquery("fresh")
    )
    insert = mysql.insert(grid).from_select(list(expressions), sa.select(rows))
    return insert.on_duplicate_key_update({name: rows.c[name] for name in expressions if name != "entity_id"})


def _expression(shop: shop.Shop, sources: Sources, name: str) -> Any:
    """Say what a grid column holds, None for one that only some extension's indexer knows."""
    entity = sources.entity
    if name == "name":
        return _joined(entity, NAME)
    for which, address in (("billing", sources.billing), ("shipping", sources.shipping)):
        code = name.removeprefix(which + "_")
        if code == name:
            continue
        if code == "full":
            return _joined(address, FULL_ADDRESS)
        return _held(shop, shop.catalog.address.get(code), address, code, entity.c["default_" + which])
    return _held(shop, shop.catalog.customer.get(name), entity, name, entity.c.entity_id)


def _held(
    shop: shop.Shop,
    attribute: catalog.Attribute | None,
    owner: Any,
    code: str,
    entity_id: sa.ColumnElement[Any],
) -> Any:
    """The column of the owner, or the value row of a custom attribute."""
    if attribute is None or attribute.static:
        return owner.c.get(code)
    values = shop.tables.get(attribute.table)
    if values is None:
        return None
    held = values.alias(f"v{attribute.attribute_id}")
    return (
        sa.select(held.c.value)
        .where(held.c.entity_id == entity_id, held.c.attribute_id == attribute.attribute_id)
        .scalar_subquery()
    )


def _joined(owner: Any, codes: Sequence[str]) -> Any:
    parts = [sa.func.nullif(owner.c[code], sa.literal_column("''")) for code in codes if code in owner.c]
    return sa.func.trim(sa.func.concat_ws(sa.literal_column("' '"), *parts))


def _fitting(expression: Any, column: sa.Column[Any]) -> Any:
    """Cut to the grid column, as Magento's SQL_MODE '' lets the server do."""
    if not isinstance(column.type, sa.String):
        return expression
    room = columns.length(column) or TEXT_CHARACTERS
    held = expression.type
    if isinstance(held, sa.String) and not isinstance(held, sa.Text) and held.length and held.length <= room:
        return expression
    return sa.func.left(expression, room, type_=column.type)
