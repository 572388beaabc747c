"""In charge of the shop's attributes: where each is stored, its type, flags and choices (facts 8)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.magento import columns, protected, schema

ATTRIBUTE_SETS = {"customer": 1, "customer_address": 2}  # constants in Magento's code (facts 1.3)
OPTION_SOURCE = "Magento\\Eav\\Model\\Entity\\Attribute\\Source\\Table"

COLUMNS_ONLY = ("entity_id", "increment_id", "is_active", "session_cutoff")  # no attributes (facts 8.3)
FILLED = frozenset({"website_id", "store_id", "group_id", "created_in"})  # found at creation (facts 1.2)


@dataclass(frozen=True)
class Attribute:
    """One attribute of this shop.

    table: without prefix; column: the column of the value. type: string, integer, decimal, boolean, date or
    dateTime. input: Magento's frontend_input. attribute_id is None for a mere column. required, visible: the
    flags without website; required_on(website_id) and lines_on(website_id) have the website's word. max_length:
    characters; max_bytes: of text columns. read_only_reason: why no rule may write it, None when one may.
    readable is False when its table or column is not there.
    """

    code: str
    attribute_id: int | None
    backend_type: str
    table: str
    type: str
    input: str
    label: str
    required: bool = False
    unique: bool = False
    max_length: int | None = None
    max_bytes: int | None = None
    has_options: bool = False
    multiline_count: int = 0
    validate_rules: Mapping[str, Any] = field(default_factory=dict)
    read_only_reason: str | None = None
    nullable: bool = True
    default: str | None = None
    column: str = "value"
    visible: bool = True
    required_in: Mapping[int, bool] = field(default_factory=dict)
    visible_in: Mapping[int, bool] = field(default_factory=dict)
    lines_in: Mapping[int, int] = field(default_factory=dict)
    user_defined: bool = False
    in_grid: bool = False
    source_model: str | None = None
    digits: tuple[int, int] | None = None
    bounds: tuple[int, int] | None = None
    readable: bool = True

    @property
    def static(self) -> bool:
        return self.backend_type == "static"

    @property
    def belonging(self) -> bool:
        """Whether it is the customer's website, store view or group, which have codes."""
        return self.static and self.code in ("website_id", "store_id", "group_id")

    @property
    def subscription(self) -> bool:
        """Whether it is the newsletter's: neither a column of the customer nor a value row."""
        return self.backend_type == NEWSLETTER.backend_type

    def required_on(self, website_id: int | None = None) -> bool:
        """Say whether Magento refuses an empty value: required and not hidden, the website's word first."""
        if website_id is None:
            return self.required and self.visible
        return self.required_in.get(website_id, self.required) and self.visible_in.get(website_id, self.visible)

    def lines_on(self, website_id: int | None = None) -> int:
        """Give how many lines a multiline attribute keeps, the website's word first; 0 for any number."""
        return self.lines_in.get(website_id or 0, self.multiline_count)


# Not an attribute of Magento's, but offered like one: whether the customer has the newsletter (facts 11).
NEWSLETTER = Attribute(
    code="newsletter",
    attribute_id=None,
    backend_type="subscription",
    table="newsletter_subscriber",
    type="boolean",
    input="boolean",
    label="Newsletter",
    column="subscriber_status",
)


@dataclass(frozen=True)
class Catalog:
    """Every attribute of customers and of addresses by its code."""

    customer: Mapping[str, Attribute]
    address: Mapping[str, Attribute]


def load(connection: sa.Connection, tables: schema.Tables) -> Catalog:
    """Read both kinds' attributes in four statements at most."""
    types = _types(connection, tables)
    in_set = _attributes_in_set(connection, tables, types)
    overrides = _overrides(connection, tables)
    found: dict[str, dict[str, Attribute]] = {kind: {} for kind in ATTRIBUTE_SETS}
    for row in _rows(connection, tables, types):
        kind = types[row["entity_type_id"]]
        attribute = _attribute(tables, kind, row, row["attribute_id"] in in_set, overrides.get(row["attribute_id"], []))
        found[kind][attribute.code] = attribute
    for code in COLUMNS_ONLY:
        found["customer"].setdefault(code, _column_only(tables["customer_entity"], code))
    if NEWSLETTER.table in tables:
        found["customer"].setdefault(NEWSLETTER.code, NEWSLETTER)
    return Catalog(found["customer"], found["customer_address"])


def _types(connection: sa.Connection, tables: schema.Tables) -> dict[int, str]:
    table = tables["eav_entity_type"]
    rows = connection.execute(
        sa.select(table.c.entity_type_id, table.c.entity_type_code).where(
            table.c.entity_type_code.in_(list(ATTRIBUTE_SETS))
        )
    )
    return {row[0]: row[1] for row in rows}


def _attributes_in_set(connection: sa.Connection, tables: schema.Tables, types: dict[int, str]) -> set[int]:
    table = tables["eav_entity_attribute"]
    rows = connection.execute(
        sa.select(table.c.attribute_id, table.c.entity_type_id, table.c.attribute_set_id).where(
            table.c.entity_type_id.in_(list(types))
        )
    )
    return {attribute for attribute, type_id, set_id in rows if ATTRIBUTE_SETS[types[type_id]] == set_id}


def _overrides(connection: sa.Connection, tables: schema.Tables) -> dict[int, list[Mapping[str, Any]]]:
    table = tables.get("customer_eav_attribute_website")
    if table is None:
        return {}
    found: dict[int, list[Mapping[str, Any]]] = {}
    for row in connection.execute(sa.select(table)).mappings():
        found.setdefault(row["attribute_id"], []).append(dict(row))
    return found


def _rows(connection: sa.Connection, tables: schema.Tables, types: dict[int, str]) -> list[dict[str, Any]]:
    attribute, flags = tables["eav_attribute"], tables["customer_eav_attribute"]
    wanted = [*attribute.c, *(column for column in flags.c if column.name != "attribute_id")]
    statement = (
        sa.select(*wanted)
        .select_from(attribute.outerjoin(flags, flags.c.attribute_id == attribute.c.attribute_id))
        .where(attribute.c.entity_type_id.in_(list(types)))
        .order_by(attribute.c.attribute_id)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def _attribute(
    tables: schema.Tables, kind: str, row: Mapping[str, Any], in_set: bool, overrides: list[Mapping[str, Any]]
) -> Attribute:
    entity_table = f"{kind}_entity"
    code, backend = row["attribute_code"], row["backend_type"]
    static = backend == "static"
    table = entity_table if static else _value_table(entity_table, row)
    column_name = code if static else "value"
    column = tables[table].c.get(column_name) if table in tables else None
    source = (row["source_model"] or "").lstrip("\\")
    text_input = row["frontend_input"] or "text"
    reason = protected.reason(kind, row, table, known=column is not None, in_set=in_set)
    return Attribute(
        code=code,
        attribute_id=row["attribute_id"],
        backend_type=backend,
        table=table,
        type=columns.kind(text_input, backend, source, column),
        input=text_input,
        label=row["frontend_label"] or code,
        required=bool(row["is_required"]),
        unique=bool(row["is_unique"]),
        max_length=columns.length(column),
        max_bytes=columns.size(column),
        has_options=source == OPTION_SOURCE or (not source and text_input in ("select", "multiselect")),
        multiline_count=row.get("multiline_count") or 0,
        validate_rules=_rules(row.get("validate_rules")),
        read_only_reason=reason,
        nullable=True if column is None or not static else bool(column.nullable),
        default=row["default_value"] or (columns.default(column) if static else None),
        column=column_name,
        visible=bool(row.get("is_visible", 1)),
        required_in={website: bool(flag) for website, flag in _flags(overrides, "is_required").items()},
        visible_in={website: bool(flag) for website, flag in _flags(overrides, "is_visible").items()},
        lines_in=_flags(overrides, "multiline_count"),
        user_defined=bool(row["is_user_defined"]),
        in_grid=bool(row.get("is_used_in_grid")),
        source_model=source or None,
        digits=columns.digits(column),
        bounds=columns.bounds(column),
        readable=column is not None,
    )


def _column_only(table: sa.Table, code: str) -> Attribute:
    column = table.c.get(code)
    return Attribute(
        code=code,
        attribute_id=None,
        backend_type="static",
        table="customer_entity",
        type="boolean" if code == "is_active" else columns.kind("", "static", "", column),
        input="",
        label=code,
        max_length=columns.length(column),
        read_only_reason=protected.CUSTOMER[code],
        nullable=column is None or bool(column.nullable),
        column=code,
        visible=False,
        bounds=columns.bounds(column),
        readable=column is not None,
    )


def _value_table(entity_table: str, row: Mapping[str, Any]) -> str:
    """Give the attribute's own table where it has one, else the entity's table of its type (facts 8.1)."""
    return str(row["backend_table"] or f"{entity_table}_{row['backend_type']}")


def _rules(text: str | None) -> dict[str, Any]:
    """Read validate_rules: a JSON object, an empty list or nothing (facts 8.2)."""
    try:
        rules = json.loads(text or "{}")
    except ValueError:
        return {}
    return rules if isinstance(rules, dict) else {}


def _flags(overrides: list[Mapping[str, Any]], name: str) -> dict[int, int]:
    """A website's row counts only where it is not NULL (facts 2.3)."""
    return {row["website_id"]: int(row[name]) for row in overrides if row.get(name) is not None}
