"""Attributes of every backend type and input: what is stored, and the same value read back (facts 1.2, 1.3, 8.1)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from app.magento import shop as shops
from tests.magento.conftest import Bench
from tests.users.conftest import USER, Client, Make

SHOP = "urn:example:magento:Customer"
TABLE_SOURCE = "Magento\\Eav\\Model\\Entity\\Attribute\\Source\\Table"
BOOLEAN_SOURCE = "Magento\\Eav\\Model\\Entity\\Attribute\\Source\\Boolean"
COLOURS = ("Red", "Green", "Blue, dark", "Ärger")
# Code -> backend type, input, options, more of the attribute.
CUSTOM: dict[str, tuple[str, str, tuple[str, ...], dict[str, Any]]] = {
    "x_text": ("varchar", "text", (), {}),
    "x_area": ("text", "textarea", (), {}),
    "x_hidden": ("varchar", "hidden", (), {}),
    "x_number": ("int", "text", (), {}),
    "x_select": ("int", "select", COLOURS, {}),
    "x_picked": ("varchar", "select", COLOURS, {"source_model": TABLE_SOURCE}),
    "x_several": ("text", "multiselect", COLOURS, {"backend_model": "Magento\\Eav\\Model\\Entity\\Attribute\\Backend\\ArrayBackend"}),
    "x_some": ("varchar", "multiselect", COLOURS, {}),
    "x_yes": ("int", "boolean", (), {"source_model": BOOLEAN_SOURCE}),
    "x_flag": ("varchar", "boolean", (), {}),
    "x_date": ("datetime", "date", (), {"backend_model": "Magento\\Eav\\Model\\Entity\\Attribute\\Backend\\Datetime"}),
    "x_time": ("datetime", "datetime", (), {}),
    "x_lines": ("text", "multiline", (), {"multiline_count": 3}),
    "x_price": ("decimal", "price", (), {}),
    "x_weight": ("decimal", "weight", (), {}),
}  # fmt: skip
STATIC = (
    "prefix",
    "middlename",
    "suffix",
    "taxvat",
    "dob",
    "gender",
    "disable_auto_group_change",
    "confirmation",
    "created_in",
)
TABLES = {code: f"customer_entity_{backend}" for code, (backend, *_) in CUSTOM.items()}
MAPPING = (
    f'version: 1\nprefixes: {{shop: "{SHOP}"}}\ncustomer:\n'
    "  email: userName\n  firstname: name.givenName\n  lastname: name.familyName\n"
    + "".join(f"  {code}: shop:{code}\n" for code in (*STATIC, *CUSTOM))
)
GOOD = {"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Lovelace"}}

# What IdPs send as text: no blanks at the ends (a rule trims), nothing above U+FFFF, no letter that a name may not have.
PLAIN = st.characters(codec="utf-8", max_codepoint=0xFFFF, categories=("L", "M", "N", "P", "S"))
TEXT = st.text(PLAIN, min_size=1, max_size=40)
NAME = st.from_regex(r"[A-Za-zÀ-ÿ]([A-Za-zÀ-ÿ '.,-]{0,20}[A-Za-zÀ-ÿ])?", fullmatch=True).filter(
    lambda t: "×" not in t and "÷" not in t
)
CENTS = st.decimals(-99_999_999, 99_999_999, places=4).map(float)
DAY = st.dates(date(1000, 1, 1), date(9999, 12, 31)).map(date.isoformat)
MOMENT = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31)).map(
    lambda m: m.replace(microsecond=0).isoformat() + "Z"
)
SEVERAL = st.lists(st.sampled_from(COLOURS), min_size=1, unique=True)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "prefix": TEXT,
    "middlename": NAME,
    "suffix": TEXT,
    "taxvat": TEXT,
    "created_in": TEXT,
    "confirmation": TEXT,
    "dob": st.dates(date(1000, 1, 1), date.today() - timedelta(days=2)).map(date.isoformat),
    "gender": st.sampled_from(("Male", "Female", "Not Specified")),
    "disable_auto_group_change": st.booleans(),
    "x_text": TEXT,
    "x_area": TEXT,
    "x_hidden": TEXT,
    "x_number": st.integers(-(2**31), 2**31 - 1),
    "x_select": st.sampled_from(COLOURS),
    "x_picked": st.sampled_from(COLOURS),
    "x_several": SEVERAL,
    "x_some": SEVERAL,
    "x_yes": st.booleans(),
    "x_flag": st.booleans(),
    "x_date": DAY,
    "x_time": MOMENT,
    "x_lines": st.lists(TEXT, min_size=1, max_size=3).map("\n".join),
    "x_price": CENTS,
    "x_weight": CENTS,
}


@pytest.fixture
def scim(make: Make, database: sa.Engine, table_prefix: str) -> Client:
    past = Bench(database, shops.open(database, table_prefix))
    for code, (backend, kind, options, more) in CUSTOM.items():
        past.attribute(code, backend, kind, options, **more)
    return make(MAPPING)


def test_every_value_is_read_back_as_it_was_written(scim: Client) -> None:
    """Projected into the shop's rows, and turned back from the rows alone, without the document."""
    answer = scim.send("POST", "/Users", GOOD)
    assert answer.status_code == 201, answer.text
    user_id = answer.get_json()["id"]

    @hypothesis.settings(max_examples=60, deadline=None, derandomize=True)
    @hypothesis.given(st.fixed_dictionaries({}, optional=VALUES))
    def check(values: dict[str, Any]) -> None:
        changed = scim.send("PUT", f"/Users/{user_id}", {**GOOD, SHOP: values})
        assert changed.status_code == 200, changed.text
        scim.execute("DELETE FROM {p}scim_link")
        read = scim.get(f"/Users/{user_id}").get_json().get(SHOP, {})
        given = {"disable_auto_group_change": False, **values}
        for code in ("x_several", "x_some"):
            assert set(read.pop(code, [])) == set(given.pop(code, [])), code
        assert read == {"created_in": read.get("created_in"), **given}
        assert _empty_rows(scim) == []

    check()


def _empty_rows(scim: Client) -> list[str]:
    return [
        f"{table}: {row}"
        for table in sorted(set(TABLES.values()))
        for row in scim.rows(table)
        if row["value"] in (None, "")
    ]


# Code, what is sent, what stands in the value row (a callable is given the label's id), None for no row.
Stored = Callable[[Callable[[str], int]], Any]
STORED: list[tuple[str, Any, Any]] = [
    ("x_text", "é" * 255, "é" * 255),
    ("x_area", "a\nb" * 500, "a\nb" * 500),
    ("x_hidden", "secret", "secret"),
    ("x_number", -7, -7),
    ("x_select", "green", lambda ids: ids("Green")),
    ("x_picked", "Green", lambda ids: str(ids("Green"))),
    ("x_several", ["Red", "Blue, dark"], lambda ids: f"{ids('Red')},{ids('Blue, dark')}"),
    ("x_several", ["red, GREEN"], lambda ids: f"{ids('Red')},{ids('Green')}"),
    ("x_several", [], None),
    ("x_some", ["Red"], lambda ids: str(ids("Red"))),
    ("x_yes", True, 1),
    ("x_yes", False, 0),
    ("x_flag", True, "1"),
    ("x_date", "2024-02-29", datetime(2024, 2, 29)),
    ("x_time", "2024-02-29T10:11:12+02:00", datetime(2024, 2, 29, 8, 11, 12)),
    ("x_lines", "a\nb\nc", "a\nb\nc"),
    ("x_price", 1.23456, Decimal("1.2346")),
    ("x_price", 0, Decimal("0.0000")),
    ("x_weight", 12, Decimal("12.0000")),
    ("x_text", None, None),
    ("x_text", "", None),
]


@pytest.mark.parametrize(("code", "sent", "stored"), STORED, ids=lambda v: str(v)[:20])
def test_the_form_it_is_stored_in(scim: Client, code: str, sent: Any, stored: Any) -> None:
    answer = scim.send("POST", "/Users", {**GOOD, SHOP: {code: sent}})
    assert answer.status_code == 201, answer.text

    def number(label: str) -> int:
        (attribute,) = scim.rows("eav_attribute", attribute_code=code)
        mine = {row["option_id"] for row in scim.rows("eav_attribute_option", attribute_id=attribute["attribute_id"])}
        return next(
            r["option_id"] for r in scim.rows("eav_attribute_option_value", value=label) if r["option_id"] in mine
        )

    rows = scim.rows(TABLES[code])
    expected = stored(number) if callable(stored) else stored
    assert [row["value"] for row in rows] == ([] if expected is None else [expected]), "facts 8.1"


REFUSED: list[tuple[str, Any, str]] = [
    ("x_text", "x" * 256, "the shop keeps 255"),
    ("x_text", "a\U0001f600", "the shop cannot store"),
    ("x_number", 2**31, "out of range"),
    ("x_select", "Pink", "the shop has no option 'Pink'"),
    ("x_several", ["Red", "Pink"], "the shop has no option 'Pink'"),
    ("x_lines", "a\nb\nc\nd", "this shop keeps 3"),
    ("x_price", 1e9, "too large"),
    ("x_date", "tomorrow", "is not a date"),
    ("x_time", "2024-13-01T00:00:00Z", "must be a date and time"),
    ("x_yes", "maybe", "must be true or false"),
]


@pytest.mark.parametrize(("code", "sent", "said"), REFUSED, ids=lambda v: str(v)[:20])
def test_what_the_shop_would_not_hold_is_refused(scim: Client, code: str, sent: Any, said: str) -> None:
    answer = scim.send("POST", "/Users", {**GOOD, SHOP: {code: sent}})
    assert (answer.status_code, said in answer.get_json()["detail"]) == (400, True), answer.text
    assert scim.rows("customer_entity") == []


READ_ONLY = [
    ("varchar", "file", {}, "uploaded file"),
    ("varchar", "image", {}, "uploaded file"),
    ("varchar", "text", {"backend_model": "Vendor\\Module\\Model\\Backend"}, "Vendor\\Module\\Model\\Backend"),
    ("varchar", "text", {"in_set": False}, "in no attribute set"),
]


@pytest.mark.parametrize(("backend", "kind", "more", "said"), READ_ONLY, ids=[row[3] for row in READ_ONLY])
def test_what_no_rule_may_write_can_be_read(
    make: Make, database: sa.Engine, table_prefix: str, backend: str, kind: str, more: dict[str, Any], said: str
) -> None:
    """Files, attributes of unknown backend models, and those that Magento ignores (facts 1.3, 8.1, 8.2)."""
    past = Bench(database, shops.open(database, table_prefix))
    attribute_id = past.attribute("x_odd", backend, kind, **more)
    lines = f'version: 1\nprefixes: {{shop: "{SHOP}"}}\ncustomer:\n  email: userName\n'
    lines += "  firstname: name.givenName\n  lastname: name.familyName\n"
    with pytest.raises(Exception, match="x_odd cannot be written") as caught:
        make(lines + "  x_odd: shop:odd\n")
    assert said in str(caught.value)
    scim = make(lines + "  x_odd: {from: shop:odd, direction: out}\n")
    user_id = scim.send("POST", "/Users", {**GOOD, SHOP: {"odd": "mine"}}).get_json()["id"]
    assert scim.rows(f"customer_entity_{backend}") == []
    past.put(f"customer_entity_{backend}", attribute_id=attribute_id, entity_id=int(user_id), value="/a/b.png")
    assert scim.get(f"/Users/{user_id}").get_json()[SHOP]["odd"] == "/a/b.png"
