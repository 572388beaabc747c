"""In charge of a request's write: one transaction, and the change set carried out in it."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import sqlalchemy as sa

from app.magento import changes, customers, database
from app.magento import errors as shop_errors
from app.mapping import bridges
from app.scim import errors

T = TypeVar("T")
SHOWN = {"customer_group_code": "displayName"}  # what no rule of mapping.yaml names


def transact(
    bridge: bridges.Bridge, work: Callable[[sa.Connection], T], conflict: Callable[[], errors.Uniqueness]
) -> T:
    """Run one request's work in one transaction and put what the shop says against it in the protocol's words.

    `conflict` finds out, after the database's keys decided, whom the write ran into. Raises Uniqueness, InvalidValue.
    """
    try:
        return database.transaction(bridge.shop.engine, work)
    except shop_errors.Duplicate as error:
        raise conflict() from error
    except shop_errors.Rejected as error:
        rule = bridge.ruleset.rule(error.code)
        hint = f" (from {rule.supplied_by()})" if rule and rule.sources else ""
        raise errors.InvalidValue(f"{SHOWN.get(error.code, error.code)}{hint}: {error.reason}.") from error


def carry_out(
    connection: sa.Connection, bridge: bridges.Bridge, planned: Iterable[changes.RowChange]
) -> list[changes.RowChange]:
    """Write a change set of customers and of what we keep of them; give the changes executed, none for none."""
    orders = bridge.ruleset.consequences.orders
    return customers.write(connection, bridge.shop, planned, tables=bridge.tables, orders=orders)
