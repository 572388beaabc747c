"""Settings with their scopes, Magento's own values, and where customers belong (facts 1.2, 2.1, 10)."""

import pytest

from app.magento import settings, shop
from tests.magento.conftest import Bench

PATH = "customer/create_account/default_group"
STORES = settings.Stores(
    {
        0: settings.Website(0, "admin", "Admin", 0, False),
        1: settings.Website(1, "base", "Main", 1, True),
        2: settings.Website(2, "eu", "EU", 2, False),
        3: settings.Website(3, "empty", "Empty", 9, False),
    },
    {1: settings.Group(1, 1, "Main", 1), 2: settings.Group(2, 2, "EU", 99)},
    {
        0: settings.Store(0, 0, "admin", "Admin", True),
        1: settings.Store(1, 1, "default", "Default Store View", True),
        5: settings.Store(5, 2, "de", "German", True),
    },
)


@pytest.mark.parametrize(
    ("rows", "scope", "expected"),
    [
        ({}, {}, "1"),
        ({("default", 0): "2"}, {}, "2"),
        ({("default", 0): "2"}, {"store_id": 5}, "2"),
        ({("default", 0): "2", ("websites", 2): "3"}, {"store_id": 5}, "3"),
        ({("default", 0): "2", ("websites", 2): "3"}, {"store_id": 1}, "2"),
        ({("default", 0): "2", ("websites", 2): "3"}, {"website_id": 2}, "3"),
        ({("websites", 2): "3", ("stores", 5): "4"}, {"store_id": 5}, "4"),
        ({("websites", 2): "3", ("stores", 5): "4"}, {"website_id": 2}, "3"),
        ({("websites", 2): "3", ("stores", 5): "4"}, {}, "1"),
        ({("websites", 2): None}, {"website_id": 2}, None),
        ({("websites", 2): "3"}, {"store_id": 77, "website_id": 2}, "3"),
    ],
)
def test_the_nearest_scope_wins(
    rows: dict[tuple[str, int], str | None], scope: dict[str, int], expected: str | None
) -> None:
    made = settings.Settings({(*key, PATH): value for key, value in rows.items()}, STORES)
    assert made.value(PATH, **scope) == expected, "facts 10: stores, websites, default, built-in"


def test_what_is_locked_outside_the_database_wins() -> None:
    made = settings.Settings({("default", 0, PATH): "2"}, STORES, {PATH: "9"})
    assert made.number(PATH, store_id=5) == 9


@pytest.mark.parametrize(
    ("text", "flag", "number"), [("1", True, 1), ("0", False, 0), ("", False, 0), ("x", True, 0), (None, False, 0)]
)
def test_flags_and_numbers(text: str | None, flag: bool, number: int) -> None:
    made = settings.Settings({("default", 0, PATH): text}, STORES)
    assert (made.flag(PATH), made.number(PATH)) == (flag, number)


# facts 3.3, 4.4, 10: built in, because core_config_data holds only what was changed
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("customer/account_share/scope", "1"),
        ("customer/create_account/confirm", "0"),
        ("customer/create_account/default_group", "1"),
        ("customer/create_account/generate_human_friendly_id", "0"),
        ("customer/password/minimum_password_length", "8"),
        ("customer/password/required_character_classes_number", "3"),
        ("customer/password/lockout_failures", "10"),
        ("customer/password/reset_link_expiration_period", "2"),
        ("customer/password/password_reset_protection_type", "1"),
        ("customer/password/min_time_between_password_reset_requests", "10"),
        ("customer/address/telephone_show", "req"),
        ("customer/address/street_lines", "2"),
        ("general/country/optional_zip_countries", "HK,IE,MO,PA,GB"),
    ],
)
def test_built_in_values(bench: Bench, path: str, value: str) -> None:
    assert bench.shop.settings.value(path) == value


@pytest.mark.parametrize(("website", "store"), [(1, 1), (2, 5), (3, None), (77, None)])
def test_a_websites_default_store_view(website: int, store: int | None) -> None:
    assert STORES.default_store(website) == store, "facts 1.2: default_group_id, then default_store_id"


def test_looking_up_places() -> None:
    assert STORES.default_website_id() == 1
    assert STORES.website_by_code("eu") == STORES.websites[2]
    assert STORES.store_by_code("de") == STORES.stores[5]
    assert STORES.website_by_code("xx") is None
    assert STORES.store_ids(2) == [5]
    assert STORES.store_ids(None) == [0, 1, 5]


def test_the_shops_own_places(bench: Bench) -> None:
    website, store = bench.second_website()
    stores = bench.shop.stores
    assert (stores.default_website_id(), stores.default_store(1)) == (1, 1)
    assert stores.default_store(website) == store
    assert stores.stores[1].name == "Default Store View"


def test_a_change_in_the_admin_is_seen_in_time(bench: Bench) -> None:
    own = shop.open(bench.engine, bench.shop.prefix, fresh_seconds=0)
    bench.put("core_config_data", scope="default", scope_id=0, path="customer/account_share/scope", value="0")
    assert own.settings.shares_accounts()
    patient = shop.open(bench.engine, bench.shop.prefix, fresh_seconds=3600)
    bench.sql("DELETE FROM {p}core_config_data WHERE path = 'customer/account_share/scope'")
    assert patient.settings.shares_accounts(), "read again only after fresh_seconds"
    assert not own.settings.shares_accounts()


def test_what_was_known_stays_when_the_database_is_away(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    own = shop.open(bench.engine, bench.shop.prefix, fresh_seconds=0)
    broken = bench.engine.execution_options()
    monkeypatch.setattr(broken, "connect", lambda: (_ for _ in ()).throw(_away()))
    own.engine = broken
    assert own.stores.default_website_id() == 1


def _away() -> Exception:
    import sqlalchemy as sa
    from pymysql import err

    return sa.exc.DBAPIError.instance("", None, err.OperationalError(2003, "away"), err.Error)


def test_overrides_reach_the_shop(bench: Bench) -> None:
    own = shop.open(bench.engine, bench.shop.prefix, overrides={PATH: "3"})
    assert own.settings.number(PATH) == 3
