"""In charge of who is a member of a group, as SQL: who was put into it here, and whom the shop has in it.

Being in a group that the shop puts its customers into by itself is being a member of none.
"""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from app.mapping import bridges, visibility


def number(text: Any) -> int:
    """Read a user's id, as a member has it; 0, which nobody has, for what is none."""
    given = str(text)
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 11 else 0
    return number if str(number) == given else 0


def find(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    group_id: int,
    among: Collection[int] | None = None,
    *,
    most: int | None = None,
) -> list[int]:
    """Read the members, or `most` of them: who was put into the group here, and whom the shop has in it."""
    mine = visibility.customers(bridge)
    if among is not None:
        mine = mine.where(bridge.shop.tables["customer_entity"].c.entity_id.in_(among))
    parts = [put(bridge, group_id, mine)]
    chosen = _not_by_default(bridge, group_id)
    if chosen is not None:
        parts += [theirs.where(chosen) for theirs in of_shop(bridge, group_id, mine)]
    if most is not None:
        parts = [sa.select(part.limit(most).subquery()) for part in parts]
    union = sa.union(*parts).subquery()
    found = sa.select(union.c.entity_id).order_by(union.c.entity_id).limit(most)
    return list(connection.execute(found).scalars())


def of_groups(
    connection: sa.Connection, bridge: bridges.Bridge, ids: Collection[int], among: Collection[int] | None = None
) -> dict[int, list[int]]:
    """Read the members of many groups, of those that nobody is in unasked in two statements."""
    usual = unasked(bridge)
    found = {group_id: find(connection, bridge, group_id, among) for group_id in usual & set(ids)}
    chosen = sorted(set(ids) - usual)
    if not chosen:
        return found
    entity, grid, member = bridge.shop.tables["customer_entity"], bridge.shop.grid, bridge.ledger.membership
    mine = visibility.customers(bridge)
    if among is not None:
        mine = mine.where(entity.c.entity_id.in_(among))
    placed = mine.add_columns(member.c.group_id).join(member, member.c.entity_id == entity.c.entity_id)
    held = mine.add_columns(entity.c.group_id).where(entity.c.group_id.in_(chosen))
    if grid is not None:  # it has an index of the group
        on = sa.and_(grid.c.entity_id == entity.c.entity_id, grid.c.group_id == entity.c.group_id)
        held = held.join(grid, on).where(grid.c.group_id.in_(chosen))
    several: dict[int, set[int]] = {}
    for query in (placed.where(member.c.group_id.in_(chosen)), held):
        for entity_id, group_id in connection.execute(query):
            several.setdefault(group_id, set()).add(entity_id)
    return found | {group_id: sorted(them) for group_id, them in several.items()}


def unasked(bridge: bridges.Bridge) -> set[int]:
    """Give the groups that the shop puts its customers into by itself."""
    return {bridge.default_group(store) for store in (None, *bridge.shop.stores.store_ids(bridge.match_website))}


def put(bridge: bridges.Bridge, group_id: int, among: sa.Select[Any]) -> sa.Select[Any]:
    """Select those customers among some who were put into a group here."""
    entity, member = bridge.shop.tables["customer_entity"], bridge.ledger.membership
    return among.join(member, member.c.entity_id == entity.c.entity_id).where(member.c.group_id == group_id)


def _not_by_default(bridge: bridges.Bridge, group_id: int) -> sa.ColumnElement[bool] | None:
    """Give the condition that a customer's store view does not put everybody into a group; None where each does."""
    store_id = bridge.shop.tables["customer_entity"].c.store_id
    stores = bridge.shop.stores.store_ids(bridge.match_website)
    putting = [store for store in stores if bridge.default_group(store) == group_id]
    without_store = bridge.default_group() == group_id
    if without_store and len(putting) == len(stores):
        return None
    elsewhere = store_id.not_in(putting)
    return sa.and_(elsewhere, store_id.is_not(None)) if without_store else sa.or_(elsewhere, store_id.is_(None))


def of_shop(bridge: bridges.Bridge, group_id: int, among: sa.Select[Any]) -> tuple[sa.Select[Any], ...]:
    """Select those customers among some whom the shop has in a group, or has again when they are active again."""
    return in_shop_group(bridge, group_id, among), held_aside(bridge, group_id, among)


def in_shop_group(bridge: bridges.Bridge, group_id: int, among: sa.Select[Any] | None = None) -> sa.Select[Any]:
    """Select the customers whom the shop has in a group, all or some, by the grid's index where the shop has a grid."""
    entity, grid = bridge.shop.tables["customer_entity"], bridge.shop.grid
    query = sa.select(entity.c.entity_id) if among is None else among
    query = query.where(entity.c.group_id == group_id)
    if grid is None:
        return query
    return query.join(grid, grid.c.entity_id == entity.c.entity_id).where(grid.c.group_id == group_id)


def held_aside(bridge: bridges.Bridge, group_id: int, among: sa.Select[Any] | None = None) -> sa.Select[Any]:
    """Select the deactivated customers, all or some, who are held in another group and go back to this one."""
    entity, mark = bridge.shop.tables["customer_entity"], bridge.ledger.inactive
    query = sa.select(entity.c.entity_id).select_from(entity) if among is None else among
    return query.join(mark, mark.c.entity_id == entity.c.entity_id).where(mark.c.group_id == group_id)
