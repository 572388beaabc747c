"""What Magento itself does to customers, as plain SQL: registrations, saves, deletions (facts 1, 5, 6, 9, 11).

Nothing of app/ is used: whoever reads the rows afterwards cannot tell this from the shop's own code.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

VALUES = {"employee_number": "customer_entity_varchar", "department": "customer_entity_int"}
# Columns of customer_entity that are attributes: a save writes them all, with what was read before (facts 5.1, 8.3).
ATTRIBUTES = (
    *("website_id", "email", "group_id", "store_id", "created_at", "disable_auto_group_change", "created_in"),
    *("prefix", "firstname", "middlename", "lastname", "suffix", "dob", "password_hash", "rp_token"),
    *("rp_token_created_at", "default_billing", "default_shipping", "taxvat", "confirmation", "gender"),
    *("failures_num", "first_failure", "lock_expires"),
)
COPIED = "entity_id email group_id created_at website_id confirmation created_in dob gender taxvat lock_expires"
BILLING = "firstname lastname telephone postcode country_id region region_id street city fax vat_id company"


def _joined(alias: str, columns: str) -> str:
    filled = ", ".join(f"NULLIF({alias}.{column}, '')" for column in columns.split())
    return f"TRIM(CONCAT_WS(' ', {filled}))"


# A grid row's columns and what they hold (facts 5.2).
GRID = {
    **{column: f"e.{column}" for column in COPIED.split()},
    **{f"billing_{column}": f"b.{column}" for column in BILLING.split()},
    "name": _joined("e", "prefix firstname middlename lastname suffix"),
    "billing_full": _joined("b", "street city region postcode"),
    "shipping_full": _joined("s", "street city region postcode"),
    **{code: f"{code}.value" for code in VALUES},
}
SOURCES = (
    "{p}customer_entity e LEFT JOIN {p}customer_address_entity b ON b.entity_id = e.default_billing"
    " LEFT JOIN {p}customer_address_entity s ON s.entity_id = e.default_shipping"
) + "".join(
    f" LEFT JOIN {{p}}{table} {code} ON {code}.entity_id = e.entity_id AND {code}.attribute_id ="
    " (SELECT attribute_id FROM {p}eav_attribute JOIN {p}eav_entity_type USING (entity_type_id)"
    f" WHERE entity_type_code = 'customer' AND attribute_code = '{code}')"
    for code, table in VALUES.items()
)


@dataclass
class Read:
    """A customer as a request of Magento's read it: what its save will write."""

    row: dict[str, Any]
    values: dict[str, Any]
    addresses: dict[int, dict[str, Any]]


class Magento:
    """The shop's own code at work. Each public method is one request of the storefront or the admin."""

    def __init__(self, engine: sa.Engine, prefix: str) -> None:
        self.engine = engine
        self.prefix = prefix

    def sql(self, text: str, connection: sa.Connection | None = None, **values: Any) -> list[dict[str, Any]]:
        """Run one statement, in a transaction of its own where none is given."""
        if connection is None:
            with self.engine.begin() as own:
                return self.sql(text, own, **values)
        result = connection.execute(sa.text(text.replace("{p}", self.prefix)), values)
        return [dict(row) for row in result.mappings()] if result.returns_rows else []

    def register(self, email: str, website: int, store: int, shared: bool) -> int | None:
        """Let somebody register; None where the e-mail is taken."""
        with self.engine.begin() as c:
            if self._taken(c, 0, email, website, shared):
                return None
            self.sql(
                "INSERT INTO {p}customer_entity (website_id, store_id, email, group_id, created_in, firstname, lastname,"
                " created_at, updated_at) VALUES (:w, :s, :e, 1, 'Default Store View', 'Rita', 'Registered', :now, :now)",
                c,
                **{"w": website, "s": store, "e": email, "now": _now()},
            )
            made = int(self.sql("SELECT LAST_INSERT_ID() AS id", c)[0]["id"])
        self._reindex(made)
        return made

    def read(self, entity_id: int) -> Read:
        """Begin a request: load the customer with its values and addresses."""
        with self.engine.begin() as c:
            (row,) = self.sql("SELECT * FROM {p}customer_entity WHERE entity_id = :e", c, e=entity_id)
            addresses = self.sql("SELECT * FROM {p}customer_address_entity WHERE parent_id = :e", c, e=entity_id)
            values = {code: self._value(c, code, entity_id) for code in VALUES}
        return Read(row, values, {int(each["entity_id"]): each for each in addresses})

    def save(self, read: Read, shared: bool = False) -> bool:
        """End a request: write everything back as it was read, or changed since; False where nothing could be saved.

        Addresses that are not among those read go; a default that is not among the customer's becomes none.
        """
        entity_id, row = int(read.row["entity_id"]), read.row
        with self.engine.begin() as c:
            there = self.sql("SELECT * FROM {p}customer_entity WHERE entity_id = :e FOR UPDATE", c, e=entity_id)
            if not there or self._taken(c, entity_id, row["email"], row["website_id"], shared):
                return False
            for code, value in read.values.items():
                self._put_value(c, code, entity_id, value)
            for address_id, address in read.addresses.items():
                columns = ", ".join(f"`{column}`" for column in address)
                places = ", ".join(f":{column}" for column in address)
                self.sql(f"REPLACE INTO {{p}}customer_address_entity ({columns}) VALUES ({places})", c, **address)
                assert address["entity_id"] == address_id
            for each in self.sql(
                "SELECT entity_id FROM {p}customer_address_entity WHERE parent_id = :e", c, e=entity_id
            ):
                if each["entity_id"] not in read.addresses:
                    self.sql("DELETE FROM {p}customer_address_entity WHERE entity_id = :a", c, a=each["entity_id"])
            defaults = {
                column: row[column] if row[column] in read.addresses else None
                for column in ("default_billing", "default_shipping")
            }
            written = {**{column: row[column] for column in ATTRIBUTES}, **defaults, "updated_at": _now()}
            places = ", ".join(f"`{column}` = :{column}" for column in written)
            self.sql(f"UPDATE {{p}}customer_entity SET {places} WHERE entity_id = :id", c, **written, id=entity_id)
            self._follow(c, there[0], row)
        self._reindex(entity_id)
        return True

    def address(self, entity_id: int, city: str) -> int:
        """Begin an address, which the next save writes."""
        with self.engine.begin() as c:
            self.sql(
                "INSERT INTO {p}customer_address_entity (parent_id, firstname, lastname, street, city, country_id,"
                " region_id, region, postcode, telephone)"
                " VALUES (:e, 'Ada', 'Own', '2 Elm St', :city, 'US', 57, 'Texas', '76701', '1')",
                c,
                e=entity_id,
                city=city,
            )
            return int(self.sql("SELECT LAST_INSERT_ID() AS id", c)[0]["id"])

    def unlock(self, entity_id: int) -> None:
        """Press the admin's button Unlock."""
        no_lock = "failures_num = 0, first_failure = NULL, lock_expires = NULL"
        self.sql(f"UPDATE {{p}}customer_entity SET {no_lock} WHERE entity_id = :e", e=entity_id)
        self._reindex(entity_id)

    def delete(self, entity_id: int, shared: bool) -> None:
        """Delete a customer: its row, then what no foreign key takes (facts 6.1)."""
        with self.engine.begin() as c:
            row = self.sql("SELECT * FROM {p}customer_entity WHERE entity_id = :e", c, e=entity_id)[0]
            self.sql("DELETE FROM {p}customer_entity WHERE entity_id = :e", c, e=entity_id)
            where = "" if shared else " AND store_id IN (SELECT store_id FROM {p}store WHERE website_id = :w)"
            gone = "DELETE FROM {p}newsletter_subscriber WHERE subscriber_email = :m" + where
            self.sql(gone, c, m=row["email"], **({} if shared else {"w": row["website_id"]}))
            revoked = "REPLACE INTO {p}jwt_auth_revoked VALUES (3, :e, UNIX_TIMESTAMP())"
            self.sql(revoked, c, e=entity_id)
        self._reindex(entity_id)

    def delete_group(self, group_id: int) -> None:
        """Delete a group: its customers are saved with the default one (facts 7)."""
        held = self.sql("SELECT entity_id FROM {p}customer_entity WHERE group_id = :g", g=group_id)
        with self.engine.begin() as c:
            self.sql("DELETE FROM {p}customer_group WHERE customer_group_id = :g", c, g=group_id)
            self.sql("UPDATE {p}customer_entity SET group_id = 1 WHERE group_id = :g", c, g=group_id)
        for each in held:
            self._reindex(each["entity_id"])

    def _taken(self, c: sa.Connection, entity_id: int, email: str, website: int, shared: bool) -> bool:
        query = "SELECT 1 FROM {p}customer_entity WHERE email = :m AND entity_id <> :e"
        where = "" if shared else " AND website_id = :w"
        return bool(self.sql(query + where, c, m=email, e=entity_id, **({} if shared else {"w": website})))

    def _attribute(self, c: sa.Connection, code: str) -> int:
        query = (
            "SELECT attribute_id FROM {p}eav_attribute JOIN {p}eav_entity_type USING (entity_type_id)"
            " WHERE entity_type_code = 'customer' AND attribute_code = :c"
        )
        return int(self.sql(query, c, c=code)[0]["attribute_id"])

    def _value(self, c: sa.Connection, code: str, entity_id: int) -> Any:
        query = f"SELECT value FROM {{p}}{VALUES[code]} WHERE attribute_id = :a AND entity_id = :e"
        found = self.sql(query, c, a=self._attribute(c, code), e=entity_id)
        return found[0]["value"] if found else None

    def _put_value(self, c: sa.Connection, code: str, entity_id: int, value: Any) -> None:
        key = {"a": self._attribute(c, code), "e": entity_id}
        if value in (None, ""):
            self.sql(f"DELETE FROM {{p}}{VALUES[code]} WHERE attribute_id = :a AND entity_id = :e", c, **key)
            return
        insert = f"INSERT INTO {{p}}{VALUES[code]} (attribute_id, entity_id, value) VALUES (:a, :e, :v)"
        self.sql(insert + " ON DUPLICATE KEY UPDATE value = :v", c, **key, v=value)

    def _follow(self, c: sa.Connection, before: dict[str, Any], row: dict[str, Any]) -> None:
        """Let the newsletter follow (facts 5.1); an old reset link ends with the e-mail."""
        follow = "UPDATE {p}newsletter_subscriber SET subscriber_email = :m WHERE customer_id = :e"
        self.sql(follow, c, m=row["email"], e=row["entity_id"])
        if before["email"] != row["email"]:
            gone = "UPDATE {p}customer_entity SET rp_token = NULL, rp_token_created_at = NULL WHERE entity_id = :e"
            self.sql(gone, c, e=row["entity_id"])

    def _reindex(self, entity_id: int) -> None:
        """Make the grid row anew, after the commit."""
        with self.engine.begin() as c:
            self.sql("DELETE FROM {p}customer_grid_flat WHERE entity_id = :e", c, e=entity_id)
            made = f"INSERT INTO {{p}}customer_grid_flat ({', '.join(GRID)}) SELECT {', '.join(GRID.values())}"
            self.sql(f"{made} FROM {SOURCES} WHERE e.entity_id = :e", c, e=entity_id)


def broken(magento: Magento) -> Iterable[str]:
    """Say what is not whole in the shop, whoever wrote it; nothing where all is well."""
    differs = " OR ".join(f"NOT (g.{name} <=> {expression})" for name, expression in GRID.items())
    questions = {
        "a default address is not the customer's": "SELECT e.entity_id FROM {p}customer_entity e"
        " LEFT JOIN {p}customer_address_entity b ON b.entity_id = e.default_billing AND b.parent_id = e.entity_id"
        " LEFT JOIN {p}customer_address_entity s ON s.entity_id = e.default_shipping AND s.parent_id = e.entity_id"
        " WHERE (e.default_billing IS NOT NULL AND b.entity_id IS NULL)"
        " OR (e.default_shipping IS NOT NULL AND s.entity_id IS NULL)",
        "a grid row is missing or not as Magento's": f"SELECT e.entity_id FROM {SOURCES}"
        f" LEFT JOIN {{p}}customer_grid_flat g ON g.entity_id = e.entity_id WHERE g.entity_id IS NULL OR {differs}",
        "a grid row has no customer": "SELECT entity_id FROM {p}customer_grid_flat WHERE entity_id NOT IN"
        " (SELECT entity_id FROM {p}customer_entity)",
        "a customer's group is none": "SELECT entity_id FROM {p}customer_entity WHERE group_id NOT IN"
        " (SELECT customer_group_id FROM {p}customer_group WHERE customer_group_id > 0)",
        "a newsletter's e-mail is not its customer's": "SELECT customer_id FROM {p}newsletter_subscriber n"
        " JOIN {p}customer_entity e ON e.entity_id = n.customer_id WHERE n.subscriber_email <> e.email",
        "a membership is of nobody or in nothing": "SELECT m.entity_id FROM {p}scim_membership m"
        " LEFT JOIN {p}customer_entity e USING (entity_id) WHERE e.entity_id IS NULL",
        "an address is no address of its customer": "SELECT r.entity_id FROM {p}scim_address r"
        " JOIN {p}customer_address_entity a ON a.entity_id = r.address_id WHERE a.parent_id <> r.entity_id",
    }
    for kind in ("varchar", "text", "int", "datetime", "decimal"):
        empty = "value IS NULL" + (" OR value = ''" if kind in ("varchar", "text") else "")
        for entity in ("customer", "customer_address"):
            table = f"{entity}_entity_{kind}"
            questions[f"a value in {table} is empty"] = f"SELECT entity_id FROM {{p}}{table} WHERE {empty}"
    text = " UNION ALL ".join(
        f"SELECT :q{n} AS wrong, entity_id FROM ({q}) q{n}" for n, q in enumerate(_named(questions))
    )
    found = magento.sql(text, **{f"q{n}": name for n, name in enumerate(questions)})
    return [f"{row['wrong']}: {row['entity_id']}" for row in found]


def _named(questions: dict[str, str]) -> list[str]:
    return [
        question.replace("SELECT customer_id", "SELECT customer_id AS entity_id", 1) for question in questions.values()
    ]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
