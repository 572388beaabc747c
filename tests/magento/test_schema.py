"""Which tables are touched, and that they are the ones Magento has."""

import json
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.magento import database, errors, schema, shop
from tests.magento.conftest import Bench

DECLARED = Path(__file__).parents[3] / "shared/magento/schema.json"


def test_every_table_we_name_is_magentos() -> None:
    if not DECLARED.exists():
        pytest.skip("2026-11: the declared schema is not part of the repository")
    releases = json.loads(DECLARED.read_text())
    for release in ("2.4.4", "2.4.6", "2.4.7", "2.4.8"):
        unknown = {use.name for use in schema.TABLES} - set(releases[release]["tables"])
        assert not unknown, f"{release} has no {unknown}"


def test_names_are_unique_and_privileges_known() -> None:
    names = [use.name for use in schema.TABLES]
    assert len(names) == len(set(names))
    assert all(set(use.privileges) <= {"SELECT", "INSERT", "UPDATE", "DELETE"} and use.why for use in schema.TABLES)


def test_only_our_tables_are_read(bench: Bench) -> None:
    tables = bench.read(lambda c: schema.reflect(c, bench.shop.prefix))
    assert set(tables) <= {use.name for use in schema.TABLES}
    assert all(use.name in tables for use in schema.TABLES if use.required)
    assert tables["customer_entity"].name == f"{bench.shop.prefix}customer_entity"


def test_a_whole_shop_opens_in_two_seconds(bench: Bench) -> None:
    started = time.process_time()  # that of this process, so that what else the machine does makes no difference
    shop.open(bench.engine, bench.shop.prefix)
    assert time.process_time() - started < 2
    bench.statements.clear()
    bench.read(lambda c: schema.reflect(c, bench.shop.prefix))
    assert len(bench.statements) <= 1 + len(schema.TABLES), "one list of names, then one statement per table"


def test_what_is_missing_is_named(bench: Bench) -> None:
    with pytest.raises(errors.Unsupported, match="nosuch_customer_entity"):
        shop.open(bench.engine, "nosuch_")
    with pytest.raises(errors.Unsupported, match="no table prefix"):
        shop.open(bench.engine, "a`b")


def test_an_absent_optional_table_is_none(bench: Bench) -> None:
    tables = schema.Tables({}, "p_")
    assert tables.get("quote") is None
    assert tables.quote is None
    assert "quote" not in tables
    with pytest.raises(errors.Unsupported, match="p_quote"):
        tables["quote"]


def test_a_unique_key_says_what_it_stands_for(bench: Bench) -> None:
    with database.reading(bench.engine) as connection:
        name = connection.execute(
            sa.text(
                "SELECT index_name FROM information_schema.statistics WHERE table_schema = DATABASE()"
                " AND table_name = :t AND column_name = 'email' AND non_unique = 0"
            ),
            {"t": f"{bench.shop.prefix}customer_entity"},
        ).scalar()
    assert bench.shop.tables.unique_key(str(name)) == ("customer_entity", ("email", "website_id"))
    assert bench.shop.tables.unique_key("nosuch") is None


def test_grants_name_every_table_with_its_prefix() -> None:
    found = dict(schema.grants("m_"))
    assert found["m_customer_entity"] == ("SELECT", "INSERT", "UPDATE", "DELETE")
    assert found["m_core_config_data"] == ("SELECT",)
    assert found["m_eav_attribute_option"] == ("SELECT",)
    assert dict(schema.grants(makes_options=True))["eav_attribute_option"] == ("SELECT", "INSERT")
