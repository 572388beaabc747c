"""Fills a sandbox with many customers as Magento would have written them, and with our rows of those who are managed.

The server makes the rows itself: one transaction for each batch, so that a filling that was stopped goes on where it
was. The documents are what mapping.yaml, as it is delivered, makes these customers of.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pymysql

from app.sandbox import connection, seed

BATCH = 10_000
MANY = 100_000  # members of the large group: every tenth customer, until it has so many
FEW = 10
GROUPS = {"many": "Filled, every tenth", "few": "Filled, ten"}
FIRST_NAMES = [
    "Ada",
    "Bo",
    "Clara",
    "Dara",
    "Emil",
    "Fay",
    "Grace",
    "Hugo",
    "Ines",
    "Jon",
    "Kim",
    "Lea",
    "Max",
    "Nora",
    "Otto",
    "Pia",
]
LAST_NAMES = [
    "Lovelace",
    "Miller",
    "Hopper",
    "Turing",
    "Noether",
    "Curie",
    "Euler",
    "Gauss",
    "Kepler",
    "Lamarr",
    "Mayer",
]
CITIES = {"80331": "München", "90402": "Nürnberg", "97070": "Würzburg", "93047": "Regensburg", "86150": "Augsburg"}
FILLED = "@filled.example.com"  # how their e-mails end
DIGITS = " UNION ALL ".join(f"SELECT {digit} AS d" for digit in range(10))
NUMBERS = (
    f"(SELECT %(first)s + a.d + 10 * b.d + 100 * c.d + 1000 * d.d AS id FROM ({DIGITS}) a CROSS JOIN ({DIGITS}) b"  # noqa: S608
    f" CROSS JOIN ({DIGITS}) c CROSS JOIN ({DIGITS}) d) n"
)
RELAXED = {"innodb_flush_log_at_trx_commit": 0, "innodb_buffer_pool_size": 2 << 30}


@dataclass(frozen=True)
class Plan:
    """What is the same for every batch: table prefix, tenant, percentage of managed customers, the groups' ids."""

    prefix: str
    tenant: str
    linked: int
    many: int
    few: int
    region_id: int
    region: str


def fill(
    url: str, count: int, *, linked: int = 100, tenant: str = "default", prefix: str = ""
) -> Iterator[tuple[int, int]]:
    """Fill the shop of a `mysql+pymysql://` URL up to `count` customers; our tables must be there.

    linked: of a hundred customers so many are managed by `tenant`, each with a document and an external id. Yields how
    many there are, and how many there are to be, before the first batch and after each. Raises pymysql's errors.
    """
    with connection.to(url) as target:
        plan = _plan(target, prefix, tenant, linked)
        target.commit()
        there = _number(target, f"SELECT COUNT(*) FROM `{prefix}customer_entity`")  # noqa: S608
        yield there, count
        while there < count:
            size = min(BATCH, count - there)
            _batch(target, plan, size)
            target.commit()
            there += size
            yield there, count
        _count(target, prefix)


@contextlib.contextmanager
def relaxed(root_url: str) -> Iterator[None]:
    """Let the server forget its caution while a shop is filled; `root_url`: as its root."""
    with connection.to(root_url) as root:
        before = {name: _number(root, f"SELECT @@GLOBAL.{name}") for name in RELAXED}
        for name, value in RELAXED.items():
            connection.run(root, f"SET GLOBAL {name} = {max(value, before[name]) if value else value}")
    try:
        yield
    finally:
        with connection.to(root_url) as root:
            for name, value in before.items():
                connection.run(root, f"SET GLOBAL {name} = {value}")


def group_ids(url: str, prefix: str = "") -> dict[str, int]:
    """Return the ids of the groups that a filling makes: `many`, `few`."""
    with connection.to(url) as target:
        return {name: _group(target, prefix, code) or 0 for name, code in GROUPS.items()}


def _plan(target: "pymysql.Connection[Any]", prefix: str, tenant: str, linked: int) -> Plan:
    """Make the two groups at need, and look up what the rows refer to."""
    ids = {}
    for name, code in GROUPS.items():
        if _group(target, prefix, code) is None:
            with target.cursor() as cursor:
                sql = f"INSERT INTO `{prefix}customer_group` (customer_group_code, tax_class_id) VALUES (%s, 3)"  # noqa: S608
                cursor.execute(sql, (code,))
                cursor.execute(
                    f"INSERT INTO `{prefix}scim_group` (group_id, tenant, name_key, display_name, version,"  # noqa: S608
                    " created_at, modified_at) VALUES (LAST_INSERT_ID(), %s, %s, %s, 1, %s, %s)",
                    (tenant, code.casefold(), code, seed.FIRST_DAY, seed.FIRST_DAY),
                )
        ids[name] = _group(target, prefix, code) or 0
    with target.cursor() as cursor:
        cursor.execute(
            f"SELECT region_id, default_name FROM `{prefix}directory_country_region`"  # noqa: S608
            " WHERE country_id = 'DE' AND code = 'BAY'"
        )
        region_id, region = cursor.fetchone() or (0, "")
    return Plan(prefix, tenant, linked, ids["many"], ids["few"], region_id, region)


def _group(target: "pymysql.Connection[Any]", prefix: str, code: str) -> int | None:
    with target.cursor() as cursor:
        sql = f"SELECT customer_group_id FROM `{prefix}customer_group` WHERE customer_group_code = %s"  # noqa: S608
        cursor.execute(sql, (code,))
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _batch(target: "pymysql.Connection[Any]", plan: Plan, size: int) -> None:
    """Insert the rows of `size` more customers into every table."""
    first, first_address = (_next(target, plan.prefix, f"customer{name}_entity") for name in ("", "_address"))
    values = {
        **plan.__dict__,
        "first": first,
        "last": first + size - 1,
        "shift": first_address - first,
        # every tenth, and of the rest every tenth, while the groups take more
        "end_of_many": first + 10 * _room(target, plan.prefix, plan.many, MANY),
        "end_of_few": first + 10 * _room(target, plan.prefix, plan.few, FEW),
        "password": seed.HASHES["current"],
        "first_day": seed.FIRST_DAY,
    }
    with target.cursor() as cursor:
        for table, columns in ROWS.items():
            names, expressions = ", ".join(f"`{name}`" for name in columns), ", ".join(columns.values())
            sql = f"INSERT INTO `{plan.prefix}{table}` ({names}) SELECT {expressions} FROM {FROM[table]}"  # noqa: S608
            cursor.execute(sql.replace("{prefix}", plan.prefix), values)
    seed.fill_grid(target, plan.prefix, since=first)


def _count(target: "pymysql.Connection[Any]", prefix: str) -> None:
    """Let the server look at how the rows are spread now, instead of some time later."""
    connection.run(
        target, f"ANALYZE TABLE {', '.join(f'`{prefix}{table}`' for table in (*ROWS, 'customer_grid_flat'))}"
    )


def _next(target: "pymysql.Connection[Any]", prefix: str, table: str) -> int:
    """Return the number that the table gives next; also numbers of deleted rows are never given again."""
    with target.cursor() as cursor:
        cursor.execute(f"SHOW CREATE TABLE `{prefix}{table}`")
        found = re.search(r"AUTO_INCREMENT=(\d+)", (cursor.fetchone() or ("", ""))[1])
    return int(found[1]) if found else 1


def _room(target: "pymysql.Connection[Any]", prefix: str, group_id: int, most: int) -> int:
    sql = f"SELECT COUNT(*) FROM `{prefix}scim_membership` WHERE group_id = {group_id}"  # noqa: S608
    return max(0, most - _number(target, sql))


def _number(target: "pymysql.Connection[Any]", sql: str) -> int:
    with target.cursor() as cursor:
        cursor.execute(sql)
        return int((cursor.fetchone() or (0,))[0])


def _choice(number: str, texts: list[str]) -> str:
    """Return the SQL that chooses one of some texts by a number."""
    return f"ELT(1 + {number} %% {len(texts)}, {', '.join(repr(text) for text in texts)})"


def _concatenated(text: str) -> str:
    """Return the SQL that puts text together in which SQL stands in angle brackets."""
    parts = re.split("<(.+?)>", text)
    return f"CONCAT({', '.join(part if number % 2 else repr(part) for number, part in enumerate(parts))})"


# --- the rows: column -> SQL, for each table in the order in which they are made ----------------------------------

_FIRST, _LAST = _choice("id", FIRST_NAMES), _choice("(id DIV 7)", LAST_NAMES)
_EMAIL = f"CONCAT(LOWER({_FIRST}), '.', LOWER({_LAST}), '.', id, '{FILLED}')"
_MADE = "%(first_day)s + INTERVAL id SECOND"
_IN_MANY = "{id} %% 10 = 0 AND {id} < %(end_of_many)s"
_IN_FEW = "{id} %% 10 = 5 AND {id} < %(end_of_few)s"
_GROUP = f"CASE WHEN {_IN_MANY} THEN %(many)s WHEN {_IN_FEW} THEN %(few)s".replace("{id}", "id")
_NEW = "e.entity_id BETWEEN %(first)s AND %(last)s"
_LINKED = f"{_NEW} AND e.entity_id %% 100 < %(linked)s"
_ENTITY, _ADDRESS = "`{prefix}customer_entity` e", "`{prefix}customer_address_entity` a"
_BOTH = f"{_ENTITY} JOIN {_ADDRESS} ON a.entity_id = e.default_billing"
_EXTERNAL = "CONCAT('00u', LPAD(e.entity_id, 17, '0'))"
# As our tables hold a document: keys in order, no blanks; in angle brackets what the server fills in.
_DOCUMENT = _concatenated(
    json.dumps(
        {
            "addresses": [
                {
                    "country": "DE",
                    "locality": "<a.city>",
                    "postalCode": "<a.postcode>",
                    "region": "BAY",
                    "streetAddress": "<a.street>",
                    "type": "work",
                }
            ],
            "emails": [{"primary": True, "type": "work", "value": "<e.email>"}],
            "externalId": f"<{_EXTERNAL}>",
            "name": {"familyName": "<e.lastname>", "givenName": "<e.firstname>"},
            "phoneNumbers": [{"type": "work", "value": "<a.telephone>"}],
            "userName": "<e.email>",
        },
        sort_keys=True,
        separators=(",", ":"),
    )
)

ROWS = {
    "customer_entity": {
        "entity_id": "id",
        "website_id": "1",
        "email": _EMAIL,
        "group_id": f"{_GROUP} ELSE 1 END",
        "store_id": "1",
        "created_at": _MADE,
        "updated_at": f"{_MADE} + INTERVAL 1 SECOND",
        "created_in": "'Default Store View'",
        "firstname": _FIRST,
        "lastname": _LAST,
        "password_hash": "%(password)s",
        "rp_token": f"CONCAT('0:3:', REPLACE(TO_BASE64(LEFT(UNHEX(SHA2({_EMAIL}, 512)), 60)), '\\n', ''))",
        "rp_token_created_at": _MADE,
        "default_billing": "id + %(shift)s",
        "default_shipping": "id + %(shift)s",
    },
    "customer_address_entity": {
        "entity_id": "e.default_billing",
        "parent_id": "e.entity_id",
        "created_at": "e.created_at",
        "updated_at": "e.created_at",
        "firstname": "e.firstname",
        "lastname": "e.lastname",
        "street": "CONCAT('Hauptstr. ', 1 + e.entity_id %% 200)",
        "postcode": _choice("e.entity_id", list(CITIES)),
        "city": _choice("e.entity_id", list(CITIES.values())),
        "region": "%(region)s",
        "region_id": "%(region_id)s",
        "country_id": "'DE'",
        "telephone": "CONCAT('+49 89 ', LPAD(e.entity_id, 8, '0'))",
    },
    "customer_entity_varchar": {
        "attribute_id": "t.attribute_id",
        "entity_id": "e.entity_id",
        "value": "CONCAT('E-', e.entity_id)",
    },
    "customer_entity_int": {
        "attribute_id": "t.attribute_id",
        "entity_id": "e.entity_id",
        "value": "4 + e.entity_id %% 3",
    },
    "scim_link": {
        "entity_id": "e.entity_id",
        "tenant": "%(tenant)s",
        "user_name": "e.email",
        "external_id": _EXTERNAL,
        "document": _DOCUMENT,
        "created_at": "e.created_at",
        "modified_at": "e.updated_at",
    },
    "scim_address": {"entity_id": "e.entity_id", "name": "'work'", "address_id": "a.entity_id"},
    "scim_external_id": {
        "entity_id": "e.entity_id",
        "tenant": "%(tenant)s",
        "external_key": f"SHA2({_EXTERNAL}, 256)",
    },
    "scim_membership": {"group_id": "e.group_id", "entity_id": "e.entity_id"},
}
_ATTRIBUTE = "JOIN `{prefix}eav_attribute` t ON t.entity_type_id = 1 AND t.attribute_code"
FROM = {
    "customer_entity": f"{NUMBERS} WHERE id <= %(last)s ORDER BY id",
    "customer_address_entity": f"{_ENTITY} WHERE {_NEW}",
    "customer_entity_varchar": f"{_ENTITY} {_ATTRIBUTE} = 'employee_number' WHERE {_NEW}",
    "customer_entity_int": f"{_ENTITY} {_ATTRIBUTE} = 'department' WHERE {_NEW} AND e.entity_id %% 2 = 0",
    "scim_link": f"{_BOTH} WHERE {_LINKED}",
    "scim_address": f"{_BOTH} WHERE {_LINKED}",
    "scim_external_id": f"{_ENTITY} WHERE {_LINKED}",
    "scim_membership": f"{_ENTITY} WHERE {_NEW} AND e.group_id IN (%(many)s, %(few)s)",
}
