"""The sandbox's tables are Magento's: compared with a real shop's dump and with its declared schema."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.sandbox import connection, dump, seed, server, shop, tables

MATERIAL = Path(__file__).parents[3] / "shared" / "magento"
DUMP = MATERIAL / "shop-2.4.7.sql.gz"
SCHEMA = MATERIAL / "schema.json"
# In schema.json but not in the dump, whose shop has the two-factor module switched off.
NOT_IN_DUMP = {"tfa_user_config"}
# Rows that differ from shop to shop, or that the sandbox leaves out on purpose.
NOT_COMPARED = {"core_config_data"}
# Where a real shop (the dump) has something else than schema.json's notation says.
NOTATION: dict[tuple[str, str], dict[str, Any]] = {
    ("patch_list", "patch_id"): {"nullable": False},
    ("newsletter_subscriber", "subscriber_confirm_code"): {"default": "NULL"},  # the four letters
}

needs_dump = pytest.mark.skipif(not DUMP.exists(), reason=f"2026-11-23: {DUMP} is not on this machine")
needs_schema = pytest.mark.skipif(not SCHEMA.exists(), reason=f"2026-11-23: {SCHEMA} is not on this machine")

# MySQL does not quote defaults: done for it.
COLUMNS = """
    SELECT table_name, column_name, column_type, is_nullable,
        IF(VERSION() LIKE '%MariaDB%', column_default, QUOTE(column_default)), extra, collation_name
    FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position"""
KEYS = """
    SELECT table_name, index_name, non_unique, index_type,
        GROUP_CONCAT(column_name ORDER BY seq_in_index)
    FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY 1, 2, 3, 4 ORDER BY 1, 2"""
FOREIGN_KEYS = """
    SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_name, k.referenced_column_name,
        r.delete_rule, r.update_rule
    FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
        ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
        AND r.table_name = k.table_name
    WHERE k.table_schema = DATABASE() ORDER BY 1, 2"""


def described(url: str, question: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of the answer by their first column, the table."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with connection.to(url) as target, target.cursor() as cursor:
        cursor.execute(question)
        for table, *rest in cursor.fetchall():
            found.setdefault(table, []).append(tuple(rest))
    return found


@pytest.fixture(scope="module")
def dumped(server: server.MariaDB) -> str:
    """The URL of a real shop."""
    url = server.create("dumped")
    dump.load(url, DUMP)
    return url


@pytest.fixture(scope="module")
def built(server: server.MariaDB) -> str:
    """The URL of a sandbox shop without customers."""
    url = server.create("built")
    tables.build(url)
    seed.seed(url, customers=False)
    return url


@needs_dump
@pytest.mark.parametrize("question", [COLUMNS, KEYS, FOREIGN_KEYS], ids=["columns", "keys", "foreign keys"])
def test_the_tables_are_those_of_the_dump(built: str, dumped: str, question: str) -> None:
    ours, theirs = described(built, question), described(dumped, question)
    assert {name: rows for name, rows in ours.items() if name not in NOT_IN_DUMP} == {
        name: rows for name, rows in theirs.items() if name in ours
    }


@needs_dump
def test_what_is_referred_to_is_there(built: str, dumped: str) -> None:
    assert set(described(dumped, COLUMNS)) & NOT_IN_DUMP == set()
    assert set(described(built, COLUMNS)) == set(tables.names())
    assert {row[2] for rows in described(built, FOREIGN_KEYS).values() for row in rows} <= set(tables.names())


@needs_dump
def test_the_rows_are_those_of_a_fresh_install(built: str, dumped: str) -> None:
    fresh = seed.fresh()
    with connection.to(dumped) as real, connection.to(built) as sandbox:
        for name in fresh.keys() - NOT_COMPARED:
            where = ""
            if name in ("eav_attribute", "eav_entity_attribute"):
                where = "WHERE entity_type_id IN (1, 2)"
            if name == "eav_attribute_group":
                where = "WHERE attribute_set_id IN (1, 2)"
            answers = []
            for database in (real, sandbox):
                with database.cursor() as cursor:
                    cursor.execute(f"SELECT * FROM {name} {where} ORDER BY 1, 2")
                    answers.append(cursor.fetchall())
            assert answers[0] == answers[1], name


@needs_schema
@pytest.mark.parametrize("release", tables.RELEASES)
def test_the_tables_are_those_that_the_release_declares(server: server.MariaDB, release: str) -> None:
    declared = json.loads(SCHEMA.read_text())[release]["tables"]
    url = server.create("declared_" + release.replace(".", "_"))
    tables.build(url, release, custom_attributes=False)
    columns, keys, foreign = (described(url, question) for question in (COLUMNS, KEYS, FOREIGN_KEYS))
    assert set(declared) <= set(columns)
    for name, table in declared.items():
        wanted = {as_declared(name, column) for column in table["columns"]}
        there = {as_lived(row) for row in columns[name]}
        assert wanted <= there if table.get("partial") else wanted == there, name
        lived = {(not row[1], tuple(row[3].split(","))) for row in keys.get(name, ())}
        assert as_keys(table) <= lived, name
        supporting = {(False, (row[1],)) for row in foreign.get(name, ())}  # the server's, for a foreign key
        assert lived - as_keys(table) <= supporting, name
        assert {
            (key["column"], key["ref_table"], key["ref_column"], key["on_delete"]) for key in table["foreign_keys"]
        } == {row[1:5] for row in foreign.get(name, ())}, name


def as_declared(table: str, column: dict[str, Any]) -> tuple[Any, ...]:
    """Return a column of schema.json as (name, type, nullable, default, extra), without display widths."""
    column = column | NOTATION.get((table, column["name"]), {})
    kind, default = column["type"], column["default"]
    types = {
        "varchar": f"varchar({column['length']})",
        "decimal": f"decimal({column.get('precision')},{column.get('scale')})",
        "boolean": "tinyint(1)",
    }
    if kind in ("timestamp", "datetime") and default == "0":
        default = "0000-00-00 00:00:00"
    elif kind == "boolean" and default is not None:
        default = {"true": "1", "false": "0"}.get(str(default).lower(), default)
    elif kind == "decimal" and default is not None:
        default = f"{float(default):.{column['scale']}f}"
    type_ = types.get(kind, kind) + (" unsigned" if column["unsigned"] else "")
    extra = "auto_increment" if column["identity"] else "on update current_timestamp"
    extra = extra if column["identity"] or column["on_update"] else ""
    return column["name"], type_, column["nullable"], default, extra


def as_lived(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a column of information_schema in the same form; MariaDB and MySQL write them differently."""
    name, type_, nullable, default, extra = row[:5]
    if default == "NULL":
        default = None
    elif default is not None:
        default = default.strip("'").replace("current_timestamp()", "CURRENT_TIMESTAMP")
    type_ = re.sub(r"(?<!tiny)int\(\d+\)", "int", type_)
    extra = extra.lower().replace("default_generated", "").replace("()", "").strip()
    return name, type_, nullable == "YES", default, extra


def as_keys(table: dict[str, Any]) -> set[tuple[bool, tuple[str, ...]]]:
    """Return the declared keys as (unique, columns)."""
    keys = {(True, tuple(table["primary_key"]))} | {(True, tuple(key["columns"])) for key in table["unique"]}
    for kind in ("indexes", "fulltext_indexes"):
        keys |= {(False, tuple(key["columns"])) for key in table.get(kind, ())}
    return keys


def test_a_prefix_is_on_every_table_and_the_names_stay_unique_and_short(server: server.MariaDB) -> None:
    url = server.create("prefixed")
    assert shop.make(url, "2.4.8", "a_rather_long_prefix_")
    found = described(url, COLUMNS)
    assert set(found) == {f"a_rather_long_prefix_{name}" for name in tables.names()}
    foreign = [row for rows in described(url, FOREIGN_KEYS).values() for row in rows]
    assert len(foreign) == len({row[0] for row in foreign})
    assert all(len(row[0]) <= tables.LONGEST_NAME for row in foreign)


def test_an_interrupted_shop_is_made_again_and_a_whole_one_is_left(server: server.MariaDB) -> None:
    url = server.create("interrupted")
    tables.build(url)  # and no rows
    assert shop.make(url)
    assert not shop.make(url)


def test_the_triggers_of_schedule_mode_note_the_customer(server: server.MariaDB) -> None:
    url = server.create("watched")
    tables.build(url, "2.4.8", schedule_triggers=True)
    seed.seed(url)
    with connection.to(url) as target, target.cursor() as cursor:
        cursor.execute("DELETE FROM customer_dummy_cl")
        cursor.execute("UPDATE customer_entity SET updated_at = NOW() WHERE entity_id = 1")
        cursor.execute("UPDATE customer_entity SET firstname = 'Max' WHERE entity_id = 2")
        cursor.execute("UPDATE customer_address_entity SET city = 'Bern' WHERE parent_id = 6")
        cursor.execute("UPDATE customer_entity_varchar SET value = 'E-9' WHERE entity_id = 5")
        cursor.execute("DELETE FROM customer_entity_int WHERE entity_id = 5")
        cursor.execute("SELECT entity_id FROM customer_dummy_cl ORDER BY version_id")
        assert [row[0] for row in cursor.fetchall()] == [2, 6, 5]
