"""In charge of what tells one release of Magento from another: asked of the tables, not of a version (facts 0).

What the tables do not show (a table that may not be read, indexes that somebody changed) counts as not there, so that
the stricter rule holds: Magento would refuse a name it does not take when the customer next saves the account.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import sqlalchemy as sa

from app.magento import schema


@dataclass(frozen=True)
class Features:
    """What this shop's Magento does. Each is also there in every later release.

    more_quotes: names may hold ’ and the backtick (2.4.5). ampersands: names may hold & (2.4.7).
    address_validators: names of addresses, cities, telephones and dates of birth are judged (2.4.8).
    """

    more_quotes: bool = False
    ampersands: bool = False
    address_validators: bool = False


def _column(table: str, name: str) -> Callable[[schema.Tables], bool]:
    def shown(tables: schema.Tables) -> bool:
        there = tables.get(table)
        return there is not None and name in there.c

    return shown


def _index(table: str, *columns: str) -> Callable[[schema.Tables], bool]:
    def shown(tables: schema.Tables) -> bool:
        there = tables.get(table)
        return there is not None and any(_names(index) == columns for index in there.indexes)

    return shown


def _names(index: sa.Index) -> tuple[str, ...]:
    return tuple(column.name for column in index.columns)


# What shows each, the newest release first: any of them does (facts 0, the differences of db_schema.xml).
SHOWN_BY: dict[str, tuple[Callable[[schema.Tables], bool], ...]] = {
    "address_validators": (
        _index("eav_attribute_option_value", "store_id", "option_id"),
        _index("customer_group", "customer_group_code"),
    ),
    "ampersands": (
        _index("quote", "store_id", "updated_at"),
        _index("sales_order", "store_id", "state", "created_at"),
    ),
    "more_quotes": (_column("customer_eav_attribute", "grid_filter_condition_type"),),
}


def detect(tables: schema.Tables) -> Features:
    """Say what this shop's Magento does; a later release's sign stands for the earlier ones too."""
    found, later = {}, False
    for name, signs in SHOWN_BY.items():
        later = later or any(shown(tables) for shown in signs)
        found[name] = later
    assert set(found) == {field.name for field in fields(Features)}
    return Features(**found)
