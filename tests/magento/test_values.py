"""The form a value is stored in, what is refused, and what is equal (facts 1.2, 1.3, 2.2, 8.1)."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from app.magento import customers, errors, values
from tests.magento.conftest import Bench

EXTRA: dict[str, tuple[str, str, dict[str, Any]]] = {
    "x_text": ("varchar", "text", {}),
    "x_area": ("text", "textarea", {}),
    "x_int": ("int", "text", {}),
    "x_bool": ("int", "boolean", {}),
    "x_flag": ("varchar", "boolean", {}),
    "x_date": ("datetime", "date", {}),
    "x_time": ("datetime", "datetime", {}),
    "x_price": ("decimal", "price", {}),
    "x_lines": ("varchar", "multiline", {"multiline_count": 2}),
    "x_alpha": ("varchar", "text", {"validate_rules": '{"input_validation":"alpha","max_text_length":4}'}),
    "x_alnum": ("varchar", "text", {"validate_rules": '{"input_validation":"alphanumeric","min_text_length":"2"}'}),
    "x_digits": ("varchar", "text", {"validate_rules": '{"input_validation":"numeric"}'}),
    "x_url": ("varchar", "text", {"validate_rules": '{"input_validation":"url"}'}),
    "x_long": ("varchar", "text", {"validate_rules": '{"max_text_length":3}'}),
}

STORED = [
    ("firstname", "Ada", "Ada"),
    ("firstname", " Jane ", " Jane "),  # facts 1.2: Magento's API does not trim
    ("firstname", 7, "7"),
    ("middlename", "", None),
    ("middlename", None, None),
    ("email", "O'Neil@Example.com", "O'Neil@Example.com"),
    ("dob", "1985-12-10", date(1985, 12, 10)),
    ("dob", "1985-12-10T23:59:59Z", date(1985, 12, 10)),
    ("dob", date(1985, 12, 10), date(1985, 12, 10)),
    ("dob", datetime(1985, 12, 10, 5), date(1985, 12, 10)),
    ("dob", "9999-12-31", date(9999, 12, 31)),
    ("x_time", "9999-12-31T23:59:59-05:00", datetime(9999, 12, 31, 23, 59, 59)),
    ("gender", 2, 2),
    ("gender", "2", 2),
    ("gender", " 2 ", 2),
    ("website_id", "1", 1),
    ("store_id", 1, 1),
    ("group_id", "3", 3),
    ("disable_auto_group_change", True, 1),
    ("disable_auto_group_change", "False", 0),
    ("disable_auto_group_change", 0, 0),
    ("x_text", "é" * 255, "é" * 255),
    ("x_int", "-5", -5),
    ("x_int", Decimal("7.0"), 7),
    ("x_bool", "true", 1),
    ("x_bool", False, 0),
    ("x_flag", True, "1"),
    ("x_date", "2024-02-29", datetime(2024, 2, 29)),
    ("x_time", "2024-02-29T10:11:12.9Z", datetime(2024, 2, 29, 10, 11, 12)),
    ("x_time", "2024-02-29T10:11:12+02:00", datetime(2024, 2, 29, 8, 11, 12)),
    ("x_time", datetime(2024, 2, 29, 10, tzinfo=timezone(timedelta(hours=-5))), datetime(2024, 2, 29, 15)),
    ("x_time", datetime(2024, 2, 29, 10, tzinfo=UTC), datetime(2024, 2, 29, 10)),
    ("x_time", date(2024, 2, 29), datetime(2024, 2, 29)),
    ("x_price", "1.23456", Decimal("1.2346")),
    ("x_price", 5, Decimal("5.0000")),
    ("x_price", 0.1, Decimal("0.1000")),
    ("x_lines", "a\nb", "a\nb"),
    ("x_lines", [" a ", "", "b"], "a\nb"),
    ("x_lines", [], None),
    ("x_alpha", "Äbcd", "Äbcd"),
    ("x_alnum", "a1", "a1"),
    ("x_digits", "0123", "0123"),
    ("x_url", "https://example.com/a?b", "https://example.com/a?b"),
    ("x_long", "longer than three", "longer than three"),  # facts 2.2: only with input_validation
]
REFUSED = [
    ("firstname", "", "requires"),
    ("firstname", None, "requires"),
    ("email", None, "requires"),
    ("firstname", "x" * 256, "256 characters"),
    ("prefix", "x" * 41, "41 characters"),
    ("taxvat", "x" * 51, "51 characters"),
    ("x_text", "x" * 256, "256 characters"),
    ("x_area", "é" * 40000, "bytes"),
    ("firstname", "a😀", "U\\+1F600"),
    ("firstname", "a\0b", "U\\+0000"),
    ("firstname", "a\ud800", "U\\+D800"),
    ("firstname", True, "text is needed"),
    ("firstname", {"a": 1}, "text is needed"),
    ("firstname", ["a"], "text is needed"),
    ("email", "a@localhost", "e-mail"),
    ("dob", "10.12.1985", "1985|date like"),
    ("dob", "2023-02-29", "date like"),
    ("dob", 19851210, "date like"),
    ("dob", "0999-01-01", "before the year 1000"),
    ("dob", "1985-12-10 noon", "date like"),
    ("dob", "2024-W09-4", "date like"),
    ("x_time", "20240229T101112", "dateTime like"),
    ("gender", 99, "no option"),
    ("gender", "Female", "no option"),
    ("gender", True, "no option"),
    ("website_id", 9, "no website 9"),
    ("store_id", 9, "no store view 9"),
    ("group_id", 9, "no customer group 9"),
    ("group_id", 0, "guests"),
    ("group_id", "x", "no customer group x"),
    ("disable_auto_group_change", "maybe", "true or false"),
    ("disable_auto_group_change", None, "cannot leave it empty"),
    ("x_int", "1.5", "whole number"),
    ("x_int", 1.5, "whole number"),
    ("x_int", True, "whole number"),
    ("x_int", 2**31, "out of range"),
    ("x_int", "9" * 30, "whole number"),
    ("x_time", "yesterday", "dateTime like"),
    ("x_price", "1e9", "too large"),
    ("x_price", "NaN", "number is needed"),
    ("x_price", "Infinity", "number is needed"),
    ("x_price", "abc", "number is needed"),
    ("x_price", True, "number is needed"),
    ("x_lines", "a\nb\nc", "3 lines"),
    ("x_alpha", "a1", "letters and blanks only"),
    ("x_alpha", "abcde", "max_text_length"),
    ("x_alnum", "a", "min_text_length"),
    ("x_digits", "1a", "numeric rule for it takes digits only"),
    ("x_url", "example", "URLs only"),
]


@pytest.fixture
def extras(bench: Bench) -> Bench:
    for code, (backend, kind, more) in EXTRA.items():
        bench.attribute(code, backend, kind, **more)
    bench.attribute("x_multi", "text", "multiselect", options=["A", "B", "C"])
    bench.attribute("x_pick", "varchar", "select", options=["One", "Two"])
    return bench


def test_values_in_the_form_they_are_stored_in(extras: Bench) -> None:
    wrong = []
    for code, given, expected in STORED:
        found = customers.normalize(extras.shop, extras.shop.catalog.customer[code], given, 1)
        if found != expected or type(found) is not type(expected):
            wrong.append((code, given, expected, found))
    assert not wrong, "facts 8.1"


def test_values_that_are_refused(extras: Bench) -> None:
    for code, given, reason in REFUSED:
        with pytest.raises(errors.Rejected, match=reason) as caught:
            customers.normalize(extras.shop, extras.shop.catalog.customer[code], given, 1)
        assert caught.value.code == code
        assert len(caught.value.reason) < 300, "a refused value is not repeated at length"


def test_choices(extras: Bench) -> None:
    catalog, ids = extras.shop.catalog.customer, {v: k for k, v in extras.shop.options("x_multi").items()}
    a, b = ids["A"], ids["B"]
    for given in ([a, b], [str(a), str(b)], f"{a},{b}", f" {a}, {b},", [a, b, a]):
        assert customers.normalize(extras.shop, catalog["x_multi"], given) == f"{a},{b}", "facts 8.1: no blanks"
    with pytest.raises(errors.Rejected):
        customers.normalize(extras.shop, catalog["x_multi"], [a, 9999])
    two = extras.option_id("x_pick", "Two")
    assert customers.normalize(extras.shop, catalog["x_pick"], two) == str(two), "facts 8.1: trust the backend type"


def test_a_new_option_is_seen_at_once(extras: Bench) -> None:
    attribute = extras.shop.catalog.customer["x_multi"]
    option = extras.option(attribute.attribute_id or 0, "D")
    extras.shop._snapshot.__dict__["read_at"] -= 5  # misses are served once a second
    assert customers.normalize(extras.shop, attribute, [option]) == str(option)


def test_a_new_group_is_seen_at_once_though_all_was_just_read(bench: Bench) -> None:
    """An identity provider pushes a group to one process and its members, a moment later, to another."""
    bench.shop.refresh()
    group_id = bench.put("customer_group", customer_group_code="Fresh", tax_class_id=3)
    assert customers.normalize(bench.shop, bench.shop.catalog.customer["group_id"], group_id) == group_id


EQUAL = [
    ("firstname", "Ada", "Ada", True),
    ("firstname", "Ada", "ada", False),
    ("firstname", "Ada", "Ada ", False),
    ("middlename", None, "", True),
    ("middlename", "", None, True),
    ("middlename", "x", None, False),
    ("dob", date(1985, 12, 10), date(1985, 12, 10), True),
    ("x_date", datetime(1985, 12, 10), datetime(1985, 12, 10), True),
    ("x_date", datetime(1985, 12, 10, 1), datetime(1985, 12, 10), False),
    ("x_price", Decimal("1.5000"), Decimal("1.5"), True),
    ("x_bool", 1, True, True),
    ("x_bool", 0, 1, False),
    ("x_bool", 0, None, False),
    ("x_multi", "1,2", "2,1", True),
    ("x_multi", "1,2", "2", False),
    ("x_pick", "5", 5, True),
    ("gender", 2, 2, True),
]


def test_equal_per_type(extras: Bench) -> None:
    for code, stored, wanted, same in EQUAL:
        found = customers.equal(extras.shop.catalog.customer[code], wanted, stored)
        assert found is same, f"{code}: {stored!r} and {wanted!r}"


@pytest.mark.parametrize(
    ("value", "empty"),
    [
        (None, True),
        ("", True),
        ([], True),
        (["", None], True),
        (0, False),
        (False, False),
        (" ", False),
        (["x"], False),
    ],
)
def test_empty_is_what_magento_keeps_no_row_for(value: Any, empty: bool) -> None:
    assert values.is_empty(value) is empty, "facts 1.3"
