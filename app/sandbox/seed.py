"""Puts into Magento's tables what a fresh install has there, and customers as Magento would write them.

Every sandbox customer with a password has PASSWORD. Not the service's way to write: it stays apart, so that
tests have something to compare with.
"""

import base64
import csv
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from importlib import resources
from typing import Any

import pymysql

from app.sandbox import connection

PASSWORD = "Sandbox-Passw0rd"  # noqa: S105
SALT = "Sa1tOfTheSandboxSa1tOfTheSandbox"
# PASSWORD in the forms that stand in shops: today's, the one before Argon2id, and that one upgraded.
HASHES = {
    "current": f"3118e4d4568cb30afd7687e0a4ee5d0e9525d0ec78155e135fbe79d0593615db:{SALT}:3_32_2_67108864",
    "sha256": f"e66797c9c7fbbb831fcd58443789651d91847641cd9a919557d41867012d26bb:{SALT}:1",
    "upgraded": f"8e320b5537bc1f570673e68913c0cfb01b352bc993ab1dc331d0a20daccc0360:{SALT}:1:3_32_2_67108864",
}
CUSTOM_ATTRIBUTES = {137: ("employee_number", "varchar"), 138: ("department", "int")}
FIRST_DAY = datetime(2026, 1, 5, 9, 30)

NAMES = "prefix firstname middlename lastname suffix"
PLAIN = f"{NAMES} dob gender taxvat"
ADDRESS = "prefix middlename suffix company street city country_id postcode telephone fax vat_id"
GRID = "email group_id created_at website_id confirmation created_in dob gender taxvat lock_expires"
BILLING = "firstname lastname telephone postcode country_id region region_id street city fax vat_id company"

Row = Mapping[str, Any]


def seed(url: str, prefix: str = "", *, customers: bool = True, custom_attributes: bool = True) -> None:
    """Fill the tables that tables.build made in the database of a `mysql+pymysql://` URL.

    customers: about 20 customers as well. custom_attributes: employee_number and department are registered.
    Raises pymysql's errors.
    """
    with connection.to(url) as target:
        for table, rows in fresh(custom_attributes).items():
            _insert(target, prefix, table, rows)
        if customers:
            for table, rows in written(custom_attributes).items():
                _insert(target, prefix, table, rows)
            fill_grid(target, prefix, custom_attributes)


def fresh(custom_attributes: bool = True) -> dict[str, list[Row]]:
    """Return the rows of a fresh install, by table: stores, groups, attributes, settings, regions."""
    tables: dict[str, list[Row]] = {}
    for table, (columns, *rows) in json.loads(_read("fresh.json")).items():
        tables[table] = [dict(zip(columns, row, strict=True)) for row in rows]
        if not custom_attributes:
            tables[table] = [row for row in tables[table] if row.get("attribute_id") not in CUSTOM_ATTRIBUTES]
    if not custom_attributes:
        options = {row["option_id"] for row in tables["eav_attribute_option"]}
        values = tables["eav_attribute_option_value"]
        tables["eav_attribute_option_value"] = [row for row in values if row["option_id"] in options]
    tables["directory_country"] = [
        {"country_id": code, "iso2_code": code, "iso3_code": iso3} for code, iso3 in _lines("countries.csv")
    ]
    regions = list(_lines("regions.csv"))
    tables["directory_country_region"] = [
        {"region_id": int(number), "country_id": country, "code": code, "default_name": name}
        for number, country, code, name in regions
    ]
    tables["directory_country_region_name"] = [
        {"locale": "en_US", "region_id": int(number), "name": name} for number, _, _, name in regions
    ]
    return tables


def written(custom_attributes: bool = True) -> dict[str, list[Row]]:
    """Return the rows that Magento wrote for the customers of customers.json, by table, without the grid."""
    tables: dict[str, list[Row]] = {}
    regions = {(country, code): (int(number), name) for number, country, code, name in _lines("regions.csv")}

    def add(table: str, row: Row) -> int:
        tables.setdefault(table, []).append(row)
        return len(tables[table])

    for entity_id, given in enumerate(json.loads(_read("customers.json")), start=1):
        created = FIRST_DAY + timedelta(days=entity_id, minutes=7 * entity_id)
        customer = _customer(entity_id, given, created)
        add("customer_entity", customer)
        for attribute_id, (code, kind) in CUSTOM_ATTRIBUTES.items():
            if custom_attributes and given.get(code) is not None:
                row = {"attribute_id": attribute_id, "entity_id": entity_id, "value": given[code]}
                add(f"customer_entity_{kind}", row)
        for address in given.get("addresses", ()):
            number = add("customer_address_entity", _address(customer, address, regions))
            for use in address["default"]:
                customer[f"default_{use}"] = number
        if "newsletter" in given:
            add("newsletter_subscriber", _subscriber(customer, given["newsletter"]))
        if given.get("seen"):
            row = {"customer_id": entity_id, "last_login_at": customer["updated_at"], "last_logout_at": None}
            add("customer_log", row)
    return tables


def fill_grid(
    target: "pymysql.Connection[Any]", prefix: str = "", custom_attributes: bool = True, *, since: int = 0
) -> None:
    """Write customer_grid_flat from the other tables, as Magento's full reindex does; `since`: from this id on."""
    columns = {"entity_id": "e.entity_id", "name": _joined("e", NAMES)}
    columns |= {name: f"e.{name}" for name in GRID.split()}
    joins = ""
    if custom_attributes:
        for attribute_id, (code, kind) in CUSTOM_ATTRIBUTES.items():
            columns[code] = f"{code}.value"
            joins += f" LEFT JOIN `{prefix}customer_entity_{kind}` {code} ON {code}.entity_id = e.entity_id"
            joins += f" AND {code}.attribute_id = {attribute_id}"
    for alias, use in (("s", "shipping"), ("b", "billing")):
        columns[f"{use}_full"] = _joined(alias, "street city region postcode")
        joins += f" LEFT JOIN `{prefix}customer_address_entity` {alias}"
        joins += f" ON {alias}.entity_id = e.default_{use}"
    columns |= {f"billing_{name}": f"b.{name}" for name in BILLING.split()}
    connection.run(
        target,
        f"REPLACE INTO `{prefix}customer_grid_flat` ({', '.join(columns)})"  # noqa: S608
        f" SELECT {', '.join(columns.values())} FROM `{prefix}customer_entity` e{joins} WHERE e.entity_id >= {since}",
    )


def _customer(entity_id: int, given: Row, created: datetime) -> dict[str, Any]:
    """Return the customer_entity row, default addresses still empty."""
    changed = created + timedelta(days=3) if given.get("seen") else created + timedelta(seconds=1)
    kind = given.get("password", "current")
    locked = given.get("locked")
    token = base64.b64encode(hashlib.sha512(given["email"].encode()).digest()[:60]).decode()
    return {
        "entity_id": entity_id,
        "website_id": 1,
        "email": given["email"],
        "group_id": given.get("group_id", 1),
        "store_id": 1,
        "created_at": created,
        "updated_at": changed,
        "is_active": given.get("is_active", 1),
        "disable_auto_group_change": given.get("disable_auto_group_change", 0),
        "created_in": "Default Store View",
        **{column: given.get(column) for column in PLAIN.split()},
        "password_hash": HASHES[kind] if kind else None,
        "rp_token": f"0:3:{token}",
        "rp_token_created_at": created,
        "default_billing": None,
        "default_shipping": None,
        "confirmation": _random("confirmation", given["email"]) if given.get("confirmation") else None,
        "failures_num": 10 if locked else 0,
        "first_failure": changed if locked else None,
        "lock_expires": datetime(2037, 12, 31, 23, 59, 59) if locked else None,
    }


def _address(customer: Row, given: Row, regions: Mapping[tuple[str, str], tuple[int, str]]) -> dict[str, Any]:
    """Return the customer_address_entity row. A region without a list keeps its text, and 0 for its id."""
    text = given.get("region")
    number, name = regions.get((given["country_id"], text or ""), (0 if text else None, text))
    return {
        "parent_id": customer["entity_id"],
        "created_at": customer["created_at"],
        "updated_at": customer["created_at"],
        "firstname": customer["firstname"],
        "lastname": customer["lastname"],
        **{column: given.get(column) for column in ADDRESS.split()},
        "region": name,
        "region_id": number,
    }


def _subscriber(customer: Row, status: int) -> dict[str, Any]:
    """Return the newsletter_subscriber row: 1 subscribed, 2 not active, 3 unsubscribed, 4 unconfirmed."""
    return {
        "store_id": 1,
        "change_status_at": customer["created_at"],
        "customer_id": customer["entity_id"],
        "subscriber_email": customer["email"],
        "subscriber_status": status,
        "subscriber_confirm_code": _random("newsletter", customer["email"]),
    }


def _insert(target: "pymysql.Connection[Any]", prefix: str, table: str, rows: Sequence[Row]) -> None:
    """Insert rows of the same columns, but for columns that this release does not have."""
    with target.cursor() as cursor:
        cursor.execute(f"SHOW COLUMNS FROM `{prefix}{table}`")
        there = {str(row[0]) for row in cursor.fetchall()}
        columns = [column for column in rows[0] if column in there]
        names = ", ".join(f"`{column}`" for column in columns)
        places = ", ".join(["%s"] * len(columns))
        cursor.executemany(
            f"INSERT INTO `{prefix}{table}` ({names}) VALUES ({places})",  # noqa: S608
            [tuple(row[column] for column in columns) for row in rows],
        )


def _joined(alias: str, columns: str) -> str:
    """Return the SQL that joins an alias's filled columns by blanks."""
    filled = ", ".join(f"NULLIF({alias}.{column}, '')" for column in columns.split())
    return f"TRIM(CONCAT_WS(' ', {filled}))"


def _random(purpose: str, email: str) -> str:
    """Return 32 letters and digits that look random and are the same each time."""
    return hashlib.sha256(f"{purpose} {email}".encode()).hexdigest()[:32]


def _read(name: str) -> str:
    return resources.files("app.sandbox").joinpath(name).read_text(encoding="utf-8")


def _lines(name: str) -> Iterable[list[str]]:
    """Return the lines of a CSV file without its heading."""
    return list(csv.reader(_read(name).splitlines()))[1:]
