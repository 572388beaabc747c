"""Addresses on every release's tables: what each may hold, which rows it comes to (facts 9, 2.3, 5.1)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from app.magento import addresses, changes, countries, customers, errors, places
from tests.magento.conftest import LATER, NOW, Bench

Place = places.Place
US, DE, GB = Place(1, 1, "US"), Place(1, 1, "DE"), Place(1, 1, "GB")
HOME = {
    **{"firstname": "Ada", "lastname": "Lovelace", "street": "1 Main St\nFloor 2", "city": "Austin", "telephone": "+1"},
    **{"country_id": "US", "region": "Texas", "region_id": 57, "postcode": "73301"},
}


@contextmanager
def setting(bench: Bench, path: str, value: str, scope: str = "default", scope_id: int = 0) -> Iterator[None]:
    """Have another setting for a while."""
    where = "scope = :s AND scope_id = :i AND path = :p"
    before = bench.sql(f"SELECT value FROM {{p}}core_config_data WHERE {where}", s=scope, i=scope_id, p=path)
    bench.sql(f"DELETE FROM {{p}}core_config_data WHERE {where}", s=scope, i=scope_id, p=path)
    bench.setting(path, value, scope, scope_id)
    try:
        yield
    finally:
        bench.sql(f"DELETE FROM {{p}}core_config_data WHERE {where}", s=scope, i=scope_id, p=path)
        if before:
            bench.setting(path, before[0]["value"], scope, scope_id)
        bench.shop.refresh()


def _stored(bench: Bench, code: str, value: Any, place: Place) -> Any:
    return addresses.normalize(bench.shop, bench.shop.catalog.address[code], value, place)


VALUES: list[tuple[str, Any, Place, Any]] = [
    ("country_id", "us", US, "US"),
    ("country_id", "DEU", US, "DE"),
    ("country_id", " gb ", US, "GB"),
    ("region", "TX", US, "Texas"),
    ("region", "tx", US, "Texas"),
    ("region", "US-TX", US, "Texas"),
    ("region", "texas", US, "Texas"),
    ("region", " New   York", US, "New York"),
    ("region", "57", US, "Texas"),
    ("region", "baden-wurttemberg", DE, "Baden-Württemberg"),
    ("region", "BAY", DE, "Bayern"),
    ("region", "Greater London", GB, "Greater London"),
    ("region", "", DE, None),
    ("region", "anything", Place(1, 1), "anything"),
    ("region_id", 57, US, 57),
    ("region_id", "57", US, 57),
    ("region_id", 0, US, None),
    ("region_id", 0, GB, 0),
    ("region_id", None, US, None),
    ("street", "1 Main St", US, "1 Main St"),
    ("street", " 1 Main St \r\n\n Floor 2\n", US, "1 Main St\nFloor 2"),
    ("street", "1 Main St\nFloor 2\nDoor 3\nBell 4", US, "1 Main St\nFloor 2, Door 3, Bell 4"),
    ("postcode", "", GB, None),
    ("company", "", US, None),
    ("prefix", "x" * 40, US, "x" * 40),
    ("city", "x" * 100, US, "x" * 100),
]


@pytest.mark.parametrize(("code", "value", "place", "stored"), VALUES)
def test_how_a_value_is_stored(bench: Bench, code: str, value: Any, place: Place, stored: Any) -> None:
    assert _stored(bench, code, value, place) == stored


REFUSED: list[tuple[str, Any, Place, str]] = [
    ("country_id", "Germany", US, "'Germany' is no country of this shop: send the two letters"),
    ("country_id", "ZZ", US, "no country of this shop"),
    ("country_id", "", US, "requires it"),
    ("region", "Bayren", DE, "'Bayren' is no region of DE; there are Bayern (BAY), "),
    ("region", "Bavaria", DE, "and 10 more"),
    ("region", "AE", US, "may be Armed Forces Africa (AE), Armed Forces Canada (AE)"),
    ("region", "", US, "requires it"),
    ("region", "81", US, "no region of US"),
    ("region_id", 81, US, "US has no region 81"),
    ("region_id", 81, GB, "GB has no region 81"),
    ("region_id", "x", US, "whole number"),
    ("postcode", "", US, "requires it"),
    ("postcode", None, DE, "requires it"),
    ("street", "", US, "requires it"),
    ("street", " \n ", US, "requires it"),
    ("city", "", US, "requires it"),
    ("firstname", "", US, "requires it"),
    ("lastname", "", US, "requires it"),
    ("telephone", "", US, "requires it"),
    ("prefix", "x" * 41, US, "the shop keeps 40"),
    ("company", "x" * 256, US, "the shop keeps 255"),
    ("city", "Paris \U0001f5fc", US, "U+1F5FC"),
]


@pytest.mark.parametrize(("code", "value", "place", "reason"), REFUSED)
def test_what_is_refused(bench: Bench, code: str, value: Any, place: Place, reason: str) -> None:
    with pytest.raises(errors.Rejected) as caught:
        _stored(bench, code, value, place)
    assert caught.value.code == code
    assert reason in caught.value.reason


SETTINGS: list[tuple[str, str, str, Callable[[Bench], Any], Any]] = [
    (places.POSTCODE_OPTIONAL, "default", "US", lambda b: places.wants_postcode(b.shop, US), False),
    (places.POSTCODE_OPTIONAL, "default", "US", lambda b: places.wants_postcode(b.shop, GB), True),
    (places.REGION_REQUIRED, "default", "DE,GB", lambda b: places.wants_region(b.shop, US), False),
    (places.REGION_REQUIRED, "default", "DE,GB", lambda b: places.wants_region(b.shop, GB), True),
    (places.REGION_REQUIRED, "stores", "DE", lambda b: places.wants_region(b.shop, DE), True),
    (places.ALLOWED, "stores", "DE,AT", lambda b: places.country(b.shop, US, "at"), "AT"),
    (places.ALLOWED, "websites", "DE,AT", lambda b: places.country(b.shop, US, "DE"), "DE"),
    (places.ALLOWED, "default", "DE", lambda b: places.country(b.shop, Place(1), "DE"), "DE"),
]


@pytest.mark.parametrize(("path", "scope", "value", "ask", "answer"), SETTINGS)
def test_what_the_settings_say(
    bench: Bench, path: str, scope: str, value: str, ask: Callable[[Bench], Any], answer: Any
) -> None:
    with setting(bench, path, value, scope, 0 if scope == "default" else 1):
        assert ask(bench) == answer


@pytest.mark.parametrize("scope", ["default", "websites", "stores"])
def test_a_country_that_the_store_does_not_allow(bench: Bench, scope: str) -> None:
    with (
        setting(bench, places.ALLOWED, "DE,AT", scope, 0 if scope == "default" else 1),
        pytest.raises(errors.Rejected, match="no addresses in US, only in AT, DE"),
    ):
        places.country(bench.shop, US, "US")


def test_where_accounts_are_shared_any_website_s_countries_are_allowed(bench: Bench) -> None:
    """Customer Plugin/AllowedCountries: with global accounts the lists of all websites count."""
    website, store = bench.second_website()
    place = Place(website, store)
    with setting(bench, places.ALLOWED, "DE"), setting(bench, places.ALLOWED, "FR", "websites", website):
        assert places.country(bench.shop, place, "FR") == "FR"
        with pytest.raises(errors.Rejected):
            places.country(bench.shop, place, "DE")
        with setting(bench, "customer/account_share/scope", "0"):
            assert places.country(bench.shop, place, "DE") == "DE"


def test_a_region_s_name_is_the_locale_s_then_en_us_s_then_its_own() -> None:
    names = {"fr_FR": "Bavière", "en_US": "Bavaria"}
    region = countries.Region(81, "DE", "BAY", "Bayern", names)
    assert [region.name(locale) for locale in ("fr_FR", "de_DE", "en_US")] == ["Bavière", "Bavaria", "Bavaria"]
    assert countries.Region(81, "DE", "BAY", "Bayern").name("fr_FR") == "Bayern"


def test_the_region_is_named_in_the_store_s_language(released: Bench) -> None:
    released.put("directory_country_region_name", locale="fr_FR", region_id=81, name="Bavière")
    try:
        with setting(released, places.LOCALE, "fr_FR", "stores", 1):
            assert _stored(released, "region", "BAY", DE) == "Bavière"
            assert _stored(released, "region", "BAY", Place(1, None, "DE")) == "Bayern"
            assert _stored(released, "region", "HES", DE) == "Hessen", "no name in this language"
            assert _stored(released, "region", "bayern", DE) == "Bavière", "found by a name in any language"
    finally:
        released.sql("DELETE FROM {p}directory_country_region_name WHERE locale = 'fr_FR'")
        released.shop.refresh()


SETTLED: list[tuple[Place, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (US, {"region": "Texas"}, {}, {"region": "Texas", "region_id": 57}),
    (US, {"region_id": 57}, {}, {"region": "Texas", "region_id": 57}),
    (US, {"region_id": 57, "region": "Ohio"}, {}, {"region": "Texas", "region_id": 57}),
    (DE, {"region": None}, {"region_id": 81}, {"region": None, "region_id": None}),
    (GB, {"region": "Kent"}, {"region_id": 57}, {"region": "Kent", "region_id": None}),
    (GB, {"region": "Kent", "region_id": 0}, {}, {"region": "Kent", "region_id": 0}),
    (GB, {"country_id": "GB"}, {"country_id": "US", "region_id": 57}, {"region": None, "region_id": None}),
    (US, {"city": "Dallas"}, {"country_id": "US", "region_id": 57}, {}),
]


@pytest.mark.parametrize(("place", "values", "held", "settled"), SETTLED)
def test_region_and_its_number_say_the_same(
    bench: Bench, place: Place, values: dict[str, Any], held: Mapping[str, Any], settled: Mapping[str, Any]
) -> None:
    given = dict(values)
    places.settle(bench.shop, place, given, held)
    assert given == {**values, **settled}


@pytest.mark.parametrize(
    ("flags", "codes"),
    [
        ({}, ["postcode", "region"]),
        ({"company": 1}, ["company", "postcode", "region"]),
        ({"telephone": 0}, ["postcode", "region"]),
    ],
)
def test_what_an_address_lacks_by_this_website_s_flags(bench: Bench, flags: dict[str, int], codes: list[str]) -> None:
    """facts 2.3: the website's row has the first word where it is not NULL."""
    for code, required in flags.items():
        attribute_id = bench.shop.catalog.address[code].attribute_id
        key = {"a": attribute_id, "r": required}
        bench.sql("DELETE FROM {p}customer_eav_attribute_website WHERE attribute_id = :a", a=attribute_id)
        bench.sql(
            "INSERT INTO {p}customer_eav_attribute_website (attribute_id, website_id, is_required) VALUES (:a, 1, :r)",
            **key,
        )
    bench.shop.refresh()
    data = {code: value for code, value in HOME.items() if code not in ("postcode", "region")}
    if flags.get("telephone") == 0:
        data["telephone"] = ""
    missing = [attribute.code for attribute in addresses.missing(bench.shop, data, US)]
    assert sorted(missing) == codes
    assert [a.code for a in addresses.missing(bench.shop, data, GB)] == [c for c in codes if c == "company"]


def test_a_telephone_that_is_optional_is_stored_as_an_empty_text(bench: Bench) -> None:
    bench.sql("UPDATE {p}eav_attribute SET is_required = 0 WHERE attribute_code = 'telephone'")
    bench.shop.refresh()
    assert _stored(bench, "telephone", None, US) == ""


@pytest.mark.parametrize(("everywhere", "here", "kept"), [(2, None, 2), (3, None, 3), (1, None, 1), (2, 4, 4)])
def test_street_lines_as_this_website_keeps_them(bench: Bench, everywhere: int, here: int | None, kept: int) -> None:
    street = bench.shop.catalog.address["street"].attribute_id
    bench.sql(
        "UPDATE {p}customer_eav_attribute SET multiline_count = :n WHERE attribute_id = :a", n=everywhere, a=street
    )
    if here:
        bench.sql("DELETE FROM {p}customer_eav_attribute_website WHERE attribute_id = :a", a=street)
        bench.put("customer_eav_attribute_website", attribute_id=street, website_id=1, multiline_count=here)
    bench.shop.refresh()
    stored = _stored(bench, "street", "a\nb\nc\nd", US)
    assert stored.count("\n") == kept - 1
    assert stored.replace("\n", ", ") == "a, b, c, d"


# --- rows ---


def _customer(connection: sa.Connection, bench: Bench, entity_id: int) -> customers.Customer:
    codes = tuple(addresses.DEFAULTS.values())
    return customers.fetch(connection, bench.shop, [entity_id], codes=codes, lock=True)[entity_id]


def _add(bench: Bench, entity_id: int, *kinds: str, **data: Any) -> int:
    """Make an address as the room plans it, and make it the default of some kinds."""

    def plan(connection: sa.Connection) -> list[changes.RowChange]:
        customer = _customer(connection, bench, entity_id)
        made = changes.New("a")
        rows = addresses.create(bench.shop, "a", entity_id, {**HOME, **data}, NOW)
        return [*rows, addresses.settle(customer, dict.fromkeys(kinds, made), (), NOW)]

    done = bench.write(plan)
    return next(int(c.key["entity_id"]) for c in done if c.table == addresses.TABLE)


def _change(bench: Bench, address_id: int, **wanted: Any) -> list[changes.RowChange]:
    def plan(connection: sa.Connection) -> list[changes.RowChange]:
        address = addresses.fetch(connection, bench.shop, [address_id], lock=True)[address_id]
        customer = _customer(connection, bench, address.parent_id)
        rows = addresses.change(bench.shop, address, wanted, LATER)
        return [*rows, addresses.settle(customer, {}, (), LATER)] if rows else []

    return bench.write(plan)


def _remove(bench: Bench, address_id: int) -> list[changes.RowChange]:
    def plan(connection: sa.Connection) -> list[changes.RowChange]:
        address = addresses.fetch(connection, bench.shop, [address_id], lock=True)[address_id]
        customer = _customer(connection, bench, address.parent_id)
        return [*addresses.remove(bench.shop, address), addresses.settle(customer, {}, [address_id], LATER)]

    return bench.write(plan)


def test_a_whole_life(released: Bench) -> None:
    """facts 9, 5.1, 5.2: rows, defaults, the grid, and nothing left behind, on every release."""
    bench = released
    entity_id = bench.create()
    office = _add(bench, entity_id, "billing", "shipping", company="Engines", region_id=57)
    row = bench.row("customer_address_entity", entity_id=office)
    assert {code: row[code] for code in HOME} == HOME
    assert (row["parent_id"], row["is_active"], row["created_at"], row["updated_at"]) == (entity_id, 1, NOW, NOW)
    assert all(row[c] is None for c in ("increment_id", "fax", "vat_id", "vat_is_valid", "vat_request_success"))
    grid = bench.row("customer_grid_flat", entity_id=entity_id)
    assert grid["shipping_full"] == grid["billing_full"] == "1 Main St\nFloor 2 Austin Texas 73301"
    assert (grid["billing_company"], grid["billing_region_id"]) == ("Engines", 57)

    assert _change(bench, office, **HOME) == [], "nothing differs"
    _change(bench, office, city="Dallas")
    row = bench.row("customer_address_entity", entity_id=office)
    assert (row["city"], row["updated_at"], row["created_at"]) == ("Dallas", LATER, NOW)
    assert bench.row("customer_grid_flat", entity_id=entity_id)["billing_city"] == "Dallas"
    assert bench.row("customer_entity", entity_id=entity_id)["updated_at"] == LATER

    home = _add(bench, entity_id, "shipping", city="Waco")
    customer = bench.row("customer_entity", entity_id=entity_id)
    assert (customer["default_billing"], customer["default_shipping"]) == (office, home)
    _remove(bench, office)
    customer = bench.row("customer_entity", entity_id=entity_id)
    assert (customer["default_billing"], customer["default_shipping"]) == (None, home), "no foreign key does this"
    grid = bench.row("customer_grid_flat", entity_id=entity_id)
    assert (grid["billing_full"], grid["billing_city"]) == ("", None)
    assert grid["shipping_full"] == "1 Main St\nFloor 2 Waco Texas 73301"
    bench.remove(entity_id)
    assert bench.rows("customer_address_entity") == []


def test_a_new_customer_s_default_is_an_address_that_is_made_after_it(released: Bench) -> None:
    """facts 1.1: the customer's row, its address, then the customer's row again, which names the address."""
    bench = released

    def plan(connection: sa.Connection) -> list[changes.RowChange]:
        from app.magento import plans

        planned = plans.create(connection, bench.shop, {"email": "n@x.org", "firstname": "N", "lastname": "N"}, NOW)
        customer = plans.newcomer(bench.shop, planned)
        planned += addresses.create(bench.shop, "home", changes.NEW, HOME, NOW)
        return [*planned, addresses.settle(customer, {"billing": changes.New("home")}, (), NOW)]

    done = bench.write(plan)
    entity_id = int(done[0].key["entity_id"])
    row = bench.row("customer_entity", entity_id=entity_id)
    assert row["default_billing"] == bench.row("customer_address_entity", parent_id=entity_id)["entity_id"]
    assert (row["default_shipping"], row["updated_at"]) == (None, NOW)
    assert [c.table for c in done] == ["customer_entity", "customer_address_entity", "customer_entity"]
    bench.remove(entity_id)


def test_a_region_s_number_0_is_none(bench: Bench) -> None:
    address = _add(bench, bench.create(), country_id="GB", region="Kent", region_id=0)
    assert _change(bench, address, region="Kent", region_id=None) == []
    _change(bench, address, country_id="US", region="Texas", region_id=57)
    assert bench.row("customer_address_entity", entity_id=address)["region_id"] == 57


CUSTOM: list[tuple[str, str, str, Any, Any]] = [
    ("varchar", "text", "floor", "3rd", "4th"),
    ("int", "boolean", "lift", 1, 0),
    ("text", "textarea", "way", "left\nright", "right"),
    ("decimal", "price", "rent", 1, 2),
]


@pytest.mark.parametrize(("backend", "kind", "code", "first", "second"), CUSTOM)
def test_custom_attributes_of_addresses(
    bench: Bench, backend: str, kind: str, code: str, first: Any, second: Any
) -> None:
    """facts 1.3, 8.1: one value row, none when it is empty."""
    attribute_id = bench.attribute(code, backend, kind, entity="customer_address")
    table = f"customer_address_entity_{backend}"
    address = _add(bench, bench.create(), **{code: _stored(bench, code, first, US)})

    def held() -> list[Any]:
        return [row["value"] for row in bench.rows(table, entity_id=address, attribute_id=attribute_id)]

    assert held() == [first]
    assert bench.read(lambda c: addresses.fetch(c, bench.shop, [address]))[address].data[code] == first
    assert _change(bench, address, **{code: _stored(bench, code, first, US)}) == []
    _change(bench, address, **{code: _stored(bench, code, second, US)})
    assert held() == [second]
    _change(bench, address, **{code: None})
    assert held() == []
    _change(bench, address, **{code: first})
    done = _remove(bench, address)
    assert [(c.table, c.after) for c in done[:2]] == [(table, None), (addresses.TABLE, None)], "what went can come back"
    assert bench.rows(table) == bench.rows("customer_address_entity") == []


def test_addresses_are_read_in_as_many_statements_for_many_as_for_one(bench: Bench) -> None:
    bench.attribute("floor", "varchar", entity="customer_address")
    ids = [_add(bench, bench.create(email=f"{n}@example.com"), floor=str(n)) for n in range(5)]
    for wanted in (ids[:1], ids):
        bench.statements.clear()
        found = bench.read(lambda c, wanted=wanted: addresses.fetch(c, bench.shop, wanted))  # type: ignore[misc]
        assert [found[i].data["floor"] for i in wanted] == [str(n) for n in range(len(wanted))]
        assert len([s for s in bench.statements if s.startswith(("SELECT", "(SELECT"))]) == 2, bench.statements
