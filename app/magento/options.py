"""In charge of the choices of selects: their labels, and the rows of one that is made (facts 8.1).

A choice that is not there yet is a Choice, an id that the database will give; `settle` says of a change set what has
become of those in it. So a select never holds a label, and two requests that want the same one get the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from app.magento import catalog, changes, errors, schema, shop

LONGEST = 255  # eav_attribute_option_value.value
LAST_PLACE = 2**16 - 1  # eav_attribute_option.sort_order
ROWS = 2  # of each choice that is made: option and label
OPTION, LABEL = "eav_attribute_option", "eav_attribute_option_value"
Made = Mapping[int, Mapping[int, str]]
"""Choices that a transaction has made: attribute id -> option id -> label."""
ADMIN = 0  # the store view whose label is the admin's


@dataclass(frozen=True)
class Choice(changes.New):
    """Stands for the option of a label that has to be made, the same one for every spelling of it."""

    attribute_id: int = 0
    code: str = field(default="", compare=False)
    label: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"(new {self.label})"


def choice(attribute: catalog.Attribute, label: str) -> Choice:
    """Stand for an attribute's option of a label. Raises Rejected for a label that no option can have."""
    text = label.strip()
    if len(text) > LONGEST:
        raise errors.Rejected(attribute.code, f"the label has {len(text)} characters; the shop keeps {LONGEST}")
    return Choice(fold(text), attribute.attribute_id or 0, attribute.code, text)


def fold(label: str) -> str:
    """Give the form in which labels are compared: without case and blanks around them."""
    return label.strip().casefold()


def find(labels: Mapping[int, str], label: str) -> list[int]:
    """Find the options of a label; there are several where the shop has it twice."""
    wanted = fold(label)
    return [option_id for option_id, text in labels.items() if fold(text) == wanted]


def fetch(connection: sa.Connection, tables: schema.Tables, attribute_ids: Iterable[int]) -> dict[int, dict[int, str]]:
    """Read the choices of attributes in one statement: attribute id -> option id -> the admin's label, in order."""
    option, label = tables[OPTION], tables[LABEL]
    admin = sa.and_(label.c.option_id == option.c.option_id, label.c.store_id == ADMIN)
    rows = connection.execute(
        sa.select(option.c.attribute_id, option.c.option_id, label.c.value)
        .select_from(option.outerjoin(label, admin))
        .where(option.c.attribute_id.in_(list(attribute_ids)))
        .order_by(option.c.attribute_id, option.c.sort_order, option.c.option_id, label.c.value_id)
    )
    found: dict[int, dict[int, str]] = {}
    for attribute_id, option_id, text in rows:
        found.setdefault(attribute_id, {})[option_id] = text or ""
    return found


def settle(connection: sa.Connection, shop: shop.Shop, planned: Iterable[changes.RowChange]) -> list[changes.RowChange]:
    """Say what became of the choices among planned changes, and plan the rows of those that nobody has made since.

    Choices that are there are replaced by their ids. Those to be made come first: option and label, as Magento's admin
    writes them (ResourceModel/Entity/Attribute), in the last place. Raises Rejected where the shop has a label twice.
    """
    planned = list(planned)
    wanted = {each: each for row in planned for value in (row.after or {}).values() for each in _choices(value)}
    if not wanted:
        return planned
    there = fetch(connection, shop.tables, {each.attribute_id for each in wanted})
    shop.learn(there)
    known: dict[changes.New, int] = {}
    made: list[changes.RowChange] = []
    places = _places(connection, shop, {each.attribute_id for each in wanted})
    for each in wanted:
        found = find(there.get(each.attribute_id, {}), each.label)
        if len(found) > 1:
            raise errors.Rejected(each.code, twice(each.label, len(found)))
        if found:
            known[each] = found[0]
            continue
        place = places[each.attribute_id] = min(places.get(each.attribute_id, -1) + 1, LAST_PLACE)
        made += _rows(each, place)
    settled = [
        replace(row, after={column: _settled(value, known) for column, value in row.after.items()})
        if row.after
        else row
        for row in planned
    ]
    return [*made, *settled]


def made(done: Iterable[changes.RowChange]) -> Made:
    """Collect the choices that executed changes made."""
    attributes: dict[int, int] = {}
    found: dict[int, dict[int, str]] = {}
    for change in done:
        if change.before is not None or change.after is None:
            continue
        if change.table == OPTION:
            attributes[change.key["option_id"]] = change.after["attribute_id"]
        elif change.table == LABEL and change.after["option_id"] in attributes:
            option_id = change.after["option_id"]
            found.setdefault(attributes[option_id], {})[option_id] = change.after["value"]
    return found


def twice(label: str, times: int) -> str:
    """Say what to do about a label that several options have."""
    return f"the shop has {times} options labelled {label!r}: make their admin labels different"


def _choices(value: Any) -> Iterator[Choice]:
    if isinstance(value, Choice):
        yield value
    elif isinstance(value, changes.Joined):
        yield from (part for part in value.parts if isinstance(part, Choice))


def _settled(value: Any, known: Mapping[changes.New, int]) -> Any:
    if isinstance(value, changes.Joined):
        return changes.joined(known.get(part, part) if isinstance(part, changes.New) else part for part in value.parts)
    return known.get(value, value) if isinstance(value, Choice) else value


def _places(connection: sa.Connection, shop: shop.Shop, attribute_ids: Iterable[int]) -> dict[int, int]:
    """Read each attribute's last place in the order of its choices."""
    option = shop.tables[OPTION]
    last = sa.func.max(option.c.sort_order)
    query = sa.select(option.c.attribute_id, last).where(option.c.attribute_id.in_(list(attribute_ids)))
    return {row[0]: row[1] for row in connection.execute(query.group_by(option.c.attribute_id))}


def _rows(choice: Choice, place: int) -> list[changes.RowChange]:
    option = {"attribute_id": choice.attribute_id, "sort_order": place}
    label = {"option_id": choice, "store_id": ADMIN, "value": choice.label}
    key = {"value_id": changes.New(f"label {choice.attribute_id} {choice.name}")}
    return [
        changes.RowChange(OPTION, {"option_id": choice}, None, option),
        changes.RowChange(LABEL, key, None, label),
    ]
