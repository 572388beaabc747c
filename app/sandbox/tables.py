"""Makes Magento's tables in an empty database: tables.sql, turned into a release, with a table prefix."""

import hashlib
import re
from importlib import resources
from typing import Any

import pymysql

from app.sandbox import connection

RELEASES = ("2.4.4", "2.4.6", "2.4.7", "2.4.8")
LONGEST_NAME = 64
OPTIONS = {"2.4.8": "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci"}
USUAL_OPTIONS = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb3 COLLATE=utf8mb3_general_ci"

# tables.sql is 2.4.7. Which releases differ, in which table, and how (facts: Magento's db_schema.xml).
DIFFERENCES = (
    (("2.4.4",), "admin_user_expiration", "MODIFY `expires_at` timestamp NOT NULL DEFAULT 0"),
    (("2.4.4",), "customer_eav_attribute", "DROP COLUMN `grid_filter_condition_type`"),
    (("2.4.4",), "sales_order", "MODIFY `increment_id` varchar(32) DEFAULT NULL"),
    (("2.4.4", "2.4.6"), "sales_order", "DROP KEY `SALES_ORDER_STORE_ID_STATE_CREATED_AT`"),
    (
        ("2.4.4", "2.4.6"),
        "quote",
        "ADD KEY `QUOTE_STORE_ID` (`store_id`), DROP KEY `QUOTE_STORE_ID_UPDATED_AT`",
    ),
    (("2.4.4", "2.4.6"), "vault_payment_token", "DROP COLUMN `website_id`"),
    (("2.4.8",), "customer_group", "ADD KEY `CUSTOMER_GROUP_CUSTOMER_GROUP_CODE` (`customer_group_code`)"),
    (
        ("2.4.8",),
        "eav_attribute_option_value",
        "ADD UNIQUE KEY `EAV_ATTRIBUTE_OPTION_VALUE_STORE_ID_OPTION_ID` (`store_id`,`option_id`)",
    ),
)
NO_CUSTOM_ATTRIBUTES = "DROP COLUMN `employee_number`, DROP COLUMN `department`"

# What 2.4.8 watches in schedule mode: the tables, and their column with the customer's id.
WATCHED = (
    ("customer_entity", "entity_id"),
    ("customer_address_entity", "parent_id"),
    ("customer_entity_datetime", "entity_id"),
    ("customer_entity_decimal", "entity_id"),
    ("customer_entity_int", "entity_id"),
)
OVERLOOKED = "updated_at"  # its change alone is not noted


def build(
    url: str,
    release: str = "2.4.7",
    prefix: str = "",
    *,
    custom_attributes: bool = True,
    schedule_triggers: bool = False,
) -> None:
    """Make the tables of a release in the empty database of a `mysql+pymysql://` URL.

    custom_attributes: the grid has columns for employee_number and department.
    schedule_triggers: the triggers that 2.4.8 makes in schedule mode, which note changed customers in
    customer_dummy_cl (the user needs the TRIGGER privilege).
    Raises pymysql's errors, ValueError for an unknown release.
    """
    if release not in RELEASES:
        raise ValueError(f"Unknown release {release!r}: one of {', '.join(RELEASES)}.")
    changes = [(table, change) for releases, table, change in DIFFERENCES if release in releases]
    if not custom_attributes:
        changes.append(("customer_grid_flat", NO_CUSTOM_ATTRIBUTES))
    text = _text().replace("\n);\n", f"\n) {OPTIONS.get(release, USUAL_OPTIONS)};\n")
    text += "".join(f"ALTER TABLE `{table}` {change};\n" for table, change in changes)
    with connection.to(url) as target:
        connection.run(target, prefixed(text, prefix))
        if schedule_triggers:
            for table, key in WATCHED:
                _watch(target, prefix, table, key)


def names() -> list[str]:
    """Return the names of the tables that build makes, without prefix."""
    return re.findall(r"^CREATE TABLE `(\w+)`", _text(), re.MULTILINE)


def prefixed(text: str, prefix: str) -> str:
    """Return SQL text in which every backquoted table, key and constraint name carries the prefix.

    A key's name that gets too long becomes a hash, as Magento makes it.
    """
    if not prefix:
        return text
    text = re.sub(r"((?:CREATE|ALTER) TABLE|REFERENCES) `(\w+)`", rf"\1 `{prefix}\2`", text)

    def rename(found: re.Match[str]) -> str:
        name = f"{prefix}{found[2]}".upper()
        if len(name) > LONGEST_NAME:
            name = f"{found[2][:3]}_{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}".upper()
        return f"{found[1]} `{name}`"

    return re.sub(r"(KEY|CONSTRAINT) `(\w+)`", rename, text)


def _text() -> str:
    return resources.files("app.sandbox").joinpath("tables.sql").read_text(encoding="utf-8")


def _watch(target: "pymysql.Connection[Any]", prefix: str, table: str, key: str) -> None:
    """Make the three triggers on a table that note the customer's id in customer_dummy_cl."""
    with target.cursor() as cursor:
        cursor.execute(f"SHOW COLUMNS FROM `{prefix}{table}`")
        columns = [str(row[0]) for row in cursor.fetchall() if row[0] != OVERLOOKED]
    differs = " OR ".join(f"NOT (NEW.`{column}` <=> OLD.`{column}`)" for column in columns)
    for event, row, condition in (("insert", "NEW", "1"), ("update", "NEW", differs), ("delete", "OLD", "1")):
        note = f"INSERT IGNORE INTO `{prefix}customer_dummy_cl` (`entity_id`) VALUES ({row}.`{key}`)"  # noqa: S608
        connection.run(
            target,
            f"CREATE TRIGGER `trg_{prefix}{table}_after_{event}` AFTER {event} ON `{prefix}{table}`"
            f" FOR EACH ROW BEGIN IF ({condition}) THEN {note}; END IF; END",
        )
