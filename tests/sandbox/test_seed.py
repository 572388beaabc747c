"""The sandbox's customers are as Magento would have written them, and a test leaves no trace in the shop."""

import json
from pathlib import Path
from typing import Any

import nacl.pwhash.argon2id as argon2id
import pytest
import sqlalchemy

from app.sandbox import connection, seed, tables
from app.sandbox.server import MariaDB

REFERENCE = Path(__file__).parents[3] / "shared" / "magento" / "reference-customers.json"

# What the grid is made of.
SOURCES = ("customer_entity", "customer_address_entity", "customer_entity_varchar", "customer_entity_int")


@pytest.fixture(scope="module")
def shop(server: MariaDB) -> str:
    url = server.create("seeded")
    tables.build(url)
    seed.seed(url)
    return url


def rows(url: str, question: str) -> list[dict[str, Any]]:
    with connection.to(url) as target, target.cursor() as cursor:
        cursor.execute(question)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_there_are_about_twenty_of_all_kinds(shop: str) -> None:
    customers = rows(shop, "SELECT * FROM customer_entity")
    assert len(customers) == 20
    for column in ("prefix", "middlename", "suffix", "dob", "gender", "taxvat", "confirmation"):
        assert {customer[column] is None for customer in customers} == {True, False}, column
    assert sum(customer["lock_expires"] is not None for customer in customers) == 1
    assert {customer["is_active"] for customer in customers} == {0, 1}
    assert {customer["group_id"] for customer in customers} == {1, 2, 3}
    assert all(customer["email"].endswith("@example.com") for customer in customers)
    assert all(len(customer["rp_token"]) == 84 for customer in customers)


def test_the_password_is_the_one_that_is_documented() -> None:
    digest, salt, version = seed.HASHES["current"].split(":")
    assert version == "3_32_2_67108864"
    made = argon2id.kdf(32, seed.PASSWORD.encode(), salt[:16].encode(), opslimit=2, memlimit=67108864)
    assert made.hex() == digest


@pytest.mark.skipif(not REFERENCE.exists(), reason=f"2026-11-23: {REFERENCE} is not on this machine")
def test_the_grid_is_what_magento_makes_of_the_same_rows(server: MariaDB) -> None:
    reference = json.loads(REFERENCE.read_text())["rows"]
    url = server.create("reference")
    tables.build(url)
    with connection.to(url) as target:
        for name in SOURCES:
            with target.cursor() as cursor:
                for row in reference[name]:
                    columns = ", ".join(row)
                    places = ", ".join(["%s"] * len(row))
                    cursor.execute(f"INSERT INTO {name} ({columns}) VALUES ({places})", tuple(row.values()))
        seed.fill_grid(target)
    found = rows(url, "SELECT * FROM customer_grid_flat ORDER BY entity_id")
    for row in found:
        row |= {name: str(row[name]) for name in ("created_at", "dob", "lock_expires") if row[name]}
    assert found == reference["customer_grid_flat"]


@pytest.mark.parametrize("attempt", ["change", "look"])
def test_what_a_test_changed_is_put_back(database: sqlalchemy.Engine, table_prefix: str, attempt: str) -> None:
    changes = (
        "INSERT INTO {}customer_entity (email, website_id) VALUES ('trace@example.com', 1)",
        "INSERT INTO {}customer_group (customer_group_code, tax_class_id) VALUES ('Trace', 3)",
        "INSERT INTO {}core_config_data (path, value) VALUES ('trace', '1')",
        "INSERT INTO {}eav_attribute_option (attribute_id) VALUES (138)",
        "UPDATE {}store SET name = 'Trace' WHERE store_id = 1",
        "UPDATE {}indexer_state SET status = 'working'",
        "DELETE FROM {}tax_class WHERE class_id = 2",
    )
    traces = (
        "SELECT COUNT(*) FROM {}customer_entity",
        "SELECT COUNT(*) FROM {}customer_group WHERE customer_group_code = 'Trace'",
        "SELECT COUNT(*) FROM {}core_config_data WHERE path = 'trace'",
        "SELECT COUNT(*) FROM {}store WHERE name = 'Trace'",
        "SELECT COUNT(*) FROM {}indexer_state WHERE status = 'working'",
        "SELECT COUNT(*) - 1 FROM {}tax_class WHERE class_id = 2",
    )
    with database.begin() as connection_:
        for trace in traces:
            assert connection_.execute(sqlalchemy.text(trace.format(table_prefix))).scalar() == 0, trace
        if attempt == "change":
            for change in changes:
                connection_.execute(sqlalchemy.text(change.format(table_prefix)))
