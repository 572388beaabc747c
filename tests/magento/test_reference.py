"""A real Magento's rows for given requests: ours are equal, column by column (reference-customers.json)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytest

from app.magento import grid_rows, groups, passwords
from tests.magento.conftest import Bench

# Marked volatile there, or a time; rp_token is NULL here: without the shop's crypt key no link is made.
VOLATILE = {"password_hash", "rp_token", "rp_token_created_at", "created_at", "updated_at", "value_id"}
PASSWORD = "Passw0rd!lab"
PLAIN = (
    *("email", "prefix", "firstname", "middlename", "lastname", "suffix", "dob", "gender", "taxvat"),
    *("website_id", "store_id", "group_id", "disable_auto_group_change"),
)


def _create(bench: Bench, customer: Mapping[str, Any], password: str | None) -> int:
    data = {code: customer[code] for code in PLAIN if code in customer}
    data |= {c["attribute_code"]: c["value"] for c in customer.get("custom_attributes", ())}
    return bench.create(password_hash=passwords.hash(password) if password else None, **data)


@pytest.fixture
def written(bench: Bench, reference: Mapping[str, Any]) -> Bench:
    """The shop after the writing requests, in their order; addresses come from their rows by plain SQL."""
    for table in ("customer_entity", "customer_address_entity"):
        bench.sql(f"ALTER TABLE {{p}}{table} AUTO_INCREMENT=1")
    bench.sql("ALTER TABLE {p}customer_group AUTO_INCREMENT=4")
    for entry in reference["requests"]:
        method, path, body = entry["request"]
        if path.endswith("customerGroups"):
            code, tax = body["group"]["code"], body["group"]["tax_class_id"]
            bench.write(lambda c, code=code, tax=tax: groups.create(c, bench.shop, code, tax_class_id=tax))
            bench.shop.refresh()
        elif method == "POST":
            _create(bench, body["customer"], body.get("password"))
        elif method == "PUT":
            customer = body["customer"]
            bench.change(customer["id"], **{code: customer[code] for code in PLAIN if code in customer})
    for row in reference["rows"]["customer_address_entity"]:
        bench.put("customer_address_entity", **row)
    for row in reference["rows"]["customer_entity"]:
        defaults = {which: row[f"default_{which}"] for which in ("billing", "shipping")}
        if any(defaults.values()):
            bench.sql(
                "UPDATE {p}customer_entity SET default_billing=:billing, default_shipping=:shipping WHERE entity_id=:e",
                e=row["entity_id"],
                **defaults,
            )
            bench.run(lambda c, e=row["entity_id"]: grid_rows.rewrite(c, bench.shop, [e]))
    return bench


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    def text(value: Any) -> Any:
        return str(value) if isinstance(value, (date, datetime)) else value

    return {column: text(value) for column, value in row.items() if column not in VOLATILE}


TABLES = [
    *("customer_entity", "customer_entity_varchar", "customer_entity_int", "customer_entity_text"),
    *("customer_entity_datetime", "customer_entity_decimal", "customer_grid_flat", "customer_group"),
]


@pytest.mark.parametrize("table", TABLES)
def test_rows_equal_magentos(written: Bench, reference: Mapping[str, Any], table: str) -> None:
    key = "customer_group_id" if table == "customer_group" else "entity_id"
    ours = sorted((_plain(row) for row in written.rows(table)), key=lambda row: int(row[key]))
    theirs = sorted((_plain(row) for row in reference["rows"][table]), key=lambda row: int(row[key]))
    assert ours == theirs


def test_passwords_are_those_of_the_requests(written: Bench, reference: Mapping[str, Any]) -> None:
    for row in reference["rows"]["customer_entity"]:
        ours = written.row("customer_entity", entity_id=row["entity_id"])["password_hash"]
        assert (ours is None) == (row["password_hash"] is None)
        assert ours is None or passwords.verify(ours, PASSWORD)
