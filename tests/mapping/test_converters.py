"""The functions of mapping.yaml: a row each, and what a wrong call is told."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.mapping import converters


@pytest.mark.parametrize(
    ("call", "value", "result"),
    [
        ("trim", "  a ", "a"),
        ("lower", "ÄB", "äb"),
        ("upper", "straße", "STRASSE"),
        ("title", "ada lovelace", "Ada Lovelace"),
        ("digits", "E-00 12", "0012"),
        ("first_word", "Ada King Lovelace", "Ada"),
        ("first_word", "", ""),
        ("last_word", "Ada King Lovelace", "Lovelace"),
        ('pad_left(8, "0")', "12", "00000012"),
        ("truncate(3)", "abcdef", "abc"),
        ("slug", "Große Köpfe & Co.", "groe-kopfe-co"),
        ('replace("-", "")', "a-b-c", "abc"),
        ('extract("^CC-(?P<v>[0-9]{4})$")', "CC-0815", "0815"),
        ('extract("[0-9]+")', "room 12", "12"),
        ('split("-", 1)', "a-b-c", "b"),
        ('split("-", 7)', "a-b", ""),
        ('join("_")', "a b  c", "a_b_c"),
        ('date("%d.%m.%Y")', "2026-01-31", "31.01.2026"),
        ("date", "2026-01-31T12:00:00Z", "2026-01-31"),
    ],
)
def test_functions(call: str, value: str, result: str) -> None:
    assert converters.parse_call(call)(value) == result


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("eval('x')", "unknown function 'eval'"),
        ("pad_left(8)", "pad_left takes int, str, not 1"),
        ('pad_left("8", "0")', "'8' should be a int"),
        ("truncate(1, 2)", "truncate takes int, not 2"),
        ('extract("(")', "is no regular expression"),
        ("lower upper", "is no function call"),
        ("truncate(x)", "cannot read the arguments"),
    ],
)
def test_wrong_calls(call: str, message: str) -> None:
    with pytest.raises(converters.Bad, match=message.replace("(", r"\(")):
        converters.parse_call(call)


@pytest.mark.parametrize("name", [name for name, function in converters.FUNCTIONS.items() if function.settles])
def test_functions_that_settle_do_so(name: str) -> None:
    arguments = {"pad_left": '(6, "0")', "truncate": "(4)"}.get(name, "")
    call = converters.parse_call(name + arguments)
    for value in ("Ada King", " x ", "ÄÖ-12", "", "ß ﬁ", "ǅ"):
        once = call(value)
        assert call(once) == once


LOOKUP = converters.Lookup((("m", "Male"), ("f", "Female"), ("de*", "Germany"), ("*", "Other")))


@pytest.mark.parametrize(
    ("value", "result"), [("M", "Male"), ("f", "Female"), ("de_AT", "Germany"), ("x", "Other"), ("", "Other")]
)
def test_lookup(value: str, result: str) -> None:
    assert LOOKUP.get(value) == result


@pytest.mark.parametrize(("value", "key"), [("Male", "m"), ("Other", "Other"), ("Germany", None)])
def test_lookup_turned_round(value: str, key: str | None) -> None:
    assert LOOKUP.turn(value) == key


def test_lookup_names_what_cannot_be_turned_round() -> None:
    assert LOOKUP.one_way() == ["Germany"]
    assert converters.Lookup((("UK", "GB"), ("*", "{value}"))).one_way() == []


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        ("boolean", "True", True),
        ("boolean", 0, False),
        ("integer", "12", 12),
        ("decimal", "1.50", Decimal("1.50")),
        ("date", "1985-12-10", date(1985, 12, 10)),
        ("date", "1985-12-10T23:00:00-05:00", date(1985, 12, 10)),
        ("dateTime", "2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10)),
        ("string", True, "true"),
        ("string", 7, "7"),
    ],
)
def test_types(kind: str, value: Any, result: Any) -> None:
    assert converters.TYPES[kind][0](value) == result


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("boolean", "maybe"),
        ("integer", "1.5"),
        ("decimal", "NaN"),
        ("decimal", "x"),
        ("date", "31.01.2026"),
        ("dateTime", "yesterday"),
        ("string", {"a": 1}),
    ],
)
def test_types_refuse(kind: str, value: Any) -> None:
    with pytest.raises(converters.Bad):
        converters.TYPES[kind][0](value)
