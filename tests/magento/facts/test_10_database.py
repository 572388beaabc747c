"""Facts 10: the connection, character sets, prefixes, and where settings come from."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.magento import shop
from tests.magento.conftest import NOW, Bench
from tests.magento.facts.table import REFUSED, Fact, after, made, setting, taken, values

GROUP = "customer/create_account/default_group"


def variable(name: str) -> Any:
    """Ask the room's own connection."""
    return lambda bench: bench.read(lambda c: c.execute(sa.text(f"SELECT @@SESSION.{name}")).scalar())


def _isolation(bench: Bench) -> str:
    name = "transaction_isolation" if bench.read(lambda c: c.dialect.server_version_info) >= (11, 1) else "tx_isolation"
    return str(variable(name)(bench))


def _stored_time(bench: Bench) -> Any:
    """What another session with another zone sees of our time, brought back to UTC."""
    bench.create()
    with bench.engine.connect() as connection:
        connection.execute(sa.text("SET time_zone = '+05:00'"))
        query = f"SELECT CONVERT_TZ(created_at, '+05:00', '+00:00') FROM `{bench.shop.prefix}customer_entity`"
        seen = connection.execute(sa.text(query)).scalar()
        connection.invalidate()  # nobody else gets a session with another zone
        return seen


def _without_a_website(bench: Bench) -> tuple[Any, Any]:
    """A website goes, its customer stays and belongs to none."""
    website, _ = bench.second_website()
    entity_id = bench.create(website_id=website)
    bench.sql("DELETE FROM {p}store_website WHERE website_id = :w", w=website)
    bench.shop.refresh()
    row = bench.row("customer_entity", entity_id=entity_id)
    return row["website_id"], row["store_id"]


def _locked_outside(bench: Bench) -> int:
    bench.setting(GROUP, "3")
    other = shop.Shop(bench.engine, bench.shop.tables, overrides={GROUP: "2"})
    return other.settings.number(GROUP, store_id=1)


def _written(bench: Bench) -> list[str]:
    """The order of the tables that a change of e-mail, group and value writes."""
    department = bench.option_id("department", "Sales")
    entity_id = bench.create()
    bench.put("quote", store_id=1, is_active=1, customer_id=entity_id, customer_email="ada@example.com")
    bench.put(
        "newsletter_subscriber",
        store_id=1,
        customer_id=entity_id,
        subscriber_email="ada@example.com",
        subscriber_status=1,
    )
    bench.put("sales_order", entity_id=1, store_id=1, customer_id=entity_id, customer_email="ada@example.com")
    bench.statements.clear()
    bench.change(entity_id, email="n@example.com", group_id=2, department=department)
    writes = [text for text in bench.statements if text.startswith(("UPDATE", "INSERT"))]
    return [
        text.replace("`", "").split()[1 if text.startswith("UPDATE") else 2].removeprefix(bench.shop.prefix)
        for text in writes
    ]


FACTS = [
    Fact("10", "the session speaks UTC", variable("time_zone"), "+00:00"),
    Fact("10", "and writes UTC", _stored_time, NOW),
    Fact("10", "strict SQL mode", lambda b: "STRICT_TRANS_TABLES" in variable("sql_mode")(b), True),
    Fact("10", "utf8mb4 on the wire", variable("character_set_client"), "utf8mb4"),
    Fact("10", "READ COMMITTED", _isolation, "READ-COMMITTED"),
    Fact("10", "four-byte characters are refused", taken(firstname="a\U0001f600"), REFUSED),
    Fact("10", "three-byte characters are not", made("prefix", prefix="€中ﷺ"), "€中ﷺ"),
    Fact("10", "nothing is cut in silence", taken(prefix="x" * 41), REFUSED),
    Fact("10", "a deleted website leaves customers of none", _without_a_website, (None, None)),
    Fact("10", "store 0 is the admin's", lambda b: b.shop.stores.stores[0].website_id, 0),
    Fact("10", "settings: the built-in value", lambda b: b.shop.settings.number(GROUP), 1),
    Fact("10", "settings: default before built-in", after(setting(GROUP, "2"), lambda b: b.shop.settings.number(GROUP, store_id=1)), 2),
    Fact("10", "settings: website before default", after(setting(GROUP, "2"), setting(GROUP, "3", "websites", 1), lambda b: b.shop.settings.number(GROUP, store_id=1)), 3),
    Fact("10", "settings: store view before website", after(setting(GROUP, "3", "websites", 1), setting(GROUP, "2", "stores", 1), lambda b: b.shop.settings.number(GROUP, store_id=1)), 2),
    Fact("10", "settings: what env.php locks before all", _locked_outside, 2),
    Fact("10", "the order of writing is Magento's, the grid last", _written,
         ["customer_entity", "customer_entity_int", "quote", "sales_order", "newsletter_subscriber", "customer_grid_flat"]),
    Fact("10", "no row is half written: the refused create leaves none", after(taken(department=999), values("customer_entity", "entity_id")), []),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_facts_10(bench: Bench, fact: Fact) -> None:
    fact.check(bench)


def test_facts_10_the_emails_character_set(bench: Bench, request: pytest.FixtureRequest) -> None:
    """utf8mb3_general_ci on 2.4.7 [L]; a dump may be of another release."""
    if request.config.getoption("--dump"):
        return
    (column,) = bench.sql("SHOW FULL COLUMNS FROM {p}customer_entity LIKE 'email'")
    assert column["Collation"] == "utf8mb3_general_ci"


def test_facts_10_every_name_carries_the_prefix(released: Bench) -> None:
    tables = {row for (row,) in ((next(iter(row.values())),) for row in released.sql("SHOW TABLES"))}
    ours = {released.shop.tables[name].name for name in released.shop.tables}
    assert ours <= tables
    assert all(name.startswith(released.shop.prefix) for name in ours)
