"""Magento's validators by what each release has, and the flags of the shop's attributes (facts 0, 2.2, 2.3, 8.2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.magento import customers, errors, features, validators, values
from tests.magento.conftest import Bench

# Release -> what its tables show.
FEATURES = {
    "2.4.4": features.Features(),
    "2.4.6": features.Features(more_quotes=True),
    "2.4.7": features.Features(more_quotes=True, ampersands=True),
    "2.4.8": features.Features(more_quotes=True, ampersands=True, address_validators=True),
}
ALL = frozenset(FEATURES)
FROM_6, FROM_7, FROM_8 = ALL - {"2.4.4"}, frozenset({"2.4.7", "2.4.8"}), frozenset({"2.4.8"})
BEFORE_8 = ALL - FROM_8
NONE: frozenset[str] = frozenset()

# Whose attribute, its code, a value, and the releases that take it (facts 0 and the table in 2.2).
TAKEN: list[tuple[str, str, str, frozenset[str]]] = [
    ("customer", "firstname", "O’Brien", FROM_6),
    ("customer", "firstname", "O`Brien", FROM_6),
    ("customer", "firstname", "A&B", FROM_7),
    ("customer", "firstname", "O'Neil-Müller Jr., 3_b", ALL),
    ("customer", "firstname", "Jean\u00a0Pierre", ALL),
    ("customer", "firstname", "नेहा", ALL),  # letters with marks
    *(("customer", "lastname", bad, NONE) for bad in ("J@ne", "x/y", "John (x)", '"q"', "<b>", "{{var x}}")),
    *(("customer", "middlename", odd, ALL) for odd in ("!!!", "@", "()", "/")),  # nothing matches at all: accepted
    ("customer", "middlename", "!a", NONE),
    ("customer", "firstname", "a" * 255, ALL),
    ("customer", "prefix", "J@ne (x)", ALL),  # no validator looks at it
    ("customer_address", "firstname", "J@ne", BEFORE_8),
    ("customer_address", "firstname", "!!!", ALL),
    ("customer_address", "lastname", "O’Brien & Sons", ALL),
    *(("customer_address", "city", city, BEFORE_8) for city in ("St. Louis", "Paris 15", "Paris, TX", "München/Süd")),
    *(("customer_address", "city", city, ALL) for city in ("Saint Louis", "L'Haÿ-les-Roses", "123", "a" * 100)),
    ("customer_address", "city", "a" * 101, BEFORE_8),
    *(("customer_address", "telephone", bad, BEFORE_8) for bad in ("+1.555.0100", "555-0100 ext 5", "1" * 21)),
    *(("customer_address", "telephone", good, ALL) for good in ("+1 (555) 010-0", "abc", "1" * 20, "-")),
    ("customer_address", "street", "<script>\n[1]", ALL),
]


def _release(bench: Bench) -> str:
    return next(name for name, shown in FEATURES.items() if shown == bench.shop.features)


def test_each_release_is_told_by_its_tables(released: Bench, request: pytest.FixtureRequest) -> None:
    assert request.node.callspec.id.startswith(_release(released)), "facts 0"


def _attribute(bench: Bench, whose: str, code: str) -> Any:
    catalog = bench.shop.catalog
    return (catalog.customer if whose == "customer" else catalog.address)[code]


def test_what_a_release_takes(released: Bench) -> None:
    wrong = []
    for whose, code, value, releases in TAKEN:
        try:
            values.normalize(released.shop, _attribute(released, whose, code), value, 1)
            taken = True
        except errors.Rejected:
            taken = False
        if taken != (_release(released) in releases):
            wrong.append((whose, code, value, taken))
    assert not wrong, "facts 2.2"


def test_the_error_says_whose_rule_it_is(released: Bench) -> None:
    with pytest.raises(errors.Rejected) as caught:
        customers.normalize(released.shop, released.shop.catalog.customer["firstname"], "J@ne")
    assert "this shop's Magento would refuse 'J@ne'" in caught.value.reason
    assert "Name validator takes only letters, digits, blanks and , - _ . '" in caught.value.reason


def test_nobody_is_born_tomorrow(released: Bench) -> None:
    """From 2.4.8 on, by the shop's own clock (facts 2.2)."""
    dob, today = released.shop.catalog.customer["dob"], datetime.now(UTC).date()
    assert values.normalize(released.shop, dob, today - timedelta(days=1), 1)
    if _release(released) in BEFORE_8:
        assert values.normalize(released.shop, dob, today + timedelta(days=2), 1)
    else:
        with pytest.raises(errors.Rejected, match="Dob validator"):
            values.normalize(released.shop, dob, today + timedelta(days=2), 1)


ZONES = [("Pacific/Kiritimati", 14), ("Etc/GMT+12", -12), ("no/such", -12), ("", -12)]


@pytest.mark.parametrize(("zone", "hours"), ZONES)
def test_the_day_of_birth_goes_by_the_websites_clock(bench: Bench, zone: str, hours: int) -> None:
    bench.setting(validators.TIMEZONE, zone, "websites", 1)
    now = datetime.now(validators._zone(bench.shop, 1))
    assert now.utcoffset() == timedelta(hours=hours)


def test_signs_that_cannot_be_seen_count_as_not_there(released: Bench) -> None:
    """A table that may not be read leaves the stricter rule for names."""
    hidden = {name: released.shop.tables[name] for name in released.shop.tables}
    for name in ("quote", "sales_order", "eav_attribute_option_value", "customer_group"):
        hidden.pop(name)
    found = features.detect(type(released.shop.tables)(hidden, released.shop.prefix))
    assert not found.ampersands
    assert not found.address_validators


RULES: list[tuple[str, str, str, str | None]] = [
    ("alphanumeric", "a b", "varchar", "letters and digits"),
    ("alphanumeric", "Ä1", "varchar", None),
    ("alphanum-with-spaces", "Ä 1", "varchar", None),
    ("alphanum-with-spaces", "a-1", "varchar", "letters, digits and blanks"),
    ("numeric", "12", "varchar", None),
    ("numeric", "1.2", "varchar", "digits"),
    ("alpha", "Ada L", "varchar", None),
    ("alpha", "a1", "text", "letters and blanks"),
    ("email", "a@example.com", "varchar", None),
    ("email", "a@localhost", "varchar", "e-mail addresses"),
    ("url", "https://www.example.com:8080/a?b#c", "varchar", None),
    ("url", "https://localhost/a", "varchar", "URLs"),
    ("url", "www.example.com", "varchar", "URLs"),
    ("date", "2024-02-29", "varchar", None),
    ("date", "29.02.2024", "varchar", "dates"),
    ("length", "anything !", "varchar", None),
    ("of another module", "anything !", "varchar", None),
]


@pytest.mark.parametrize(("rule", "value", "backend", "refused"), RULES)
def test_input_validation(bench: Bench, rule: str, value: str, backend: str, refused: str | None) -> None:
    bench.attribute("extra", backend, validate_rules=f'{{"input_validation":"{rule}"}}')
    attribute = bench.shop.catalog.customer["extra"]
    if refused is None:
        assert values.normalize(bench.shop, attribute, value) == value, "facts 8.2"
    else:
        with pytest.raises(errors.Rejected, match=f"the shop's {rule} rule for it takes {refused}"):
            values.normalize(bench.shop, attribute, value)


RANGES = [
    ("2024-01-01", None),
    ("2023-12-31", "no earlier than 2024-01-01"),
    ("2025-01-01", "no later than 2024-12-31"),
]


@pytest.mark.parametrize(("value", "refused"), RANGES)
def test_a_range_of_dates(bench: Bench, value: str, refused: str | None) -> None:
    first, last = (int(datetime(2024, m, d, tzinfo=UTC).timestamp()) for m, d in ((1, 1), (12, 31)))
    bench.attribute(
        "extra", "datetime", "date", validate_rules=f'{{"date_range_min":"{first}","date_range_max":{last}}}'
    )
    attribute = bench.shop.catalog.customer["extra"]
    if refused is None:
        assert values.normalize(bench.shop, attribute, value)
    else:
        with pytest.raises(errors.Rejected, match=refused):
            values.normalize(bench.shop, attribute, value)


# Of the attribute, of website 1's row (None: NULL, the row is there), and whether an empty value is refused there.
FLAGS = [
    ({"is_required": 1}, {"is_required": None}, True),
    ({"is_required": 0}, {"is_required": None}, False),
    ({"is_required": 1}, {"is_required": 0}, False),
    ({"is_required": 0}, {"is_required": 1}, True),
    ({"is_required": 1}, {"is_visible": 0}, False),
    ({"is_required": 1, "is_visible": 0}, {"is_visible": 1}, True),
    ({"is_required": 1, "is_visible": 0}, {"is_visible": None}, False),
]


@pytest.mark.parametrize(("own", "website", "refused"), FLAGS)
def test_a_websites_word_counts_where_it_is_not_null(
    bench: Bench, own: dict[str, int], website: dict[str, int | None], refused: bool
) -> None:
    attribute_id = bench.attribute("extra", "varchar", **own)
    bench.put("customer_eav_attribute_website", attribute_id=attribute_id, website_id=1, **website)
    bench.shop.refresh()
    attribute = bench.shop.catalog.customer["extra"]
    try:
        assert values.normalize(bench.shop, attribute, "", 1) is None
        assert not refused, "facts 2.3"
    except errors.Rejected:
        assert refused, "facts 2.3"


@pytest.mark.parametrize(("website", "lines"), [(None, 3), (2, 2)])
def test_the_lines_of_a_website(bench: Bench, website: int | None, lines: int) -> None:
    attribute_id = bench.attribute("extra", "text", "multiline", multiline_count=3)
    bench.put("customer_eav_attribute_website", attribute_id=attribute_id, website_id=1, multiline_count=website)
    bench.shop.refresh()
    attribute = bench.shop.catalog.customer["extra"]
    assert values.normalize(bench.shop, attribute, ["x"] * lines, 1) == "\n".join("x" * lines)
    with pytest.raises(errors.Rejected, match=f"this shop keeps {lines}"):
        values.normalize(bench.shop, attribute, ["x"] * (lines + 1), 1)
