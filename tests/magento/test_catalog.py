"""Where each attribute lives, its type and flags (facts 2.3, 8)."""

from typing import Any

import pytest

from app.magento import catalog, options
from tests.magento.conftest import Bench

# facts 8.3: code, type, required, longest, has options, writable
STOCK = [
    ("website_id", "integer", True, None, False, True),
    ("store_id", "integer", True, None, False, True),
    ("group_id", "integer", True, None, False, True),
    ("created_in", "string", False, 255, False, True),
    ("prefix", "string", False, 40, False, True),
    ("firstname", "string", True, 255, False, True),
    ("middlename", "string", False, 255, False, True),
    ("lastname", "string", True, 255, False, True),
    ("suffix", "string", False, 40, False, True),
    ("email", "string", True, 255, False, True),
    ("dob", "date", False, None, False, True),
    ("taxvat", "string", False, 50, False, True),
    ("confirmation", "string", False, 64, False, True),
    ("gender", "integer", False, None, True, True),
    ("disable_auto_group_change", "boolean", False, None, False, True),
    ("password_hash", "string", False, 128, False, False),
    ("rp_token", "string", False, 128, False, False),
    ("rp_token_created_at", "dateTime", False, None, False, False),
    ("default_billing", "integer", False, None, False, False),
    ("default_shipping", "integer", False, None, False, False),
    ("created_at", "dateTime", False, None, False, False),
    ("updated_at", "dateTime", False, None, False, False),
    ("failures_num", "integer", False, None, False, False),
    ("first_failure", "dateTime", False, None, False, False),
    ("lock_expires", "dateTime", False, None, False, False),
    # columns that are no attributes
    ("entity_id", "integer", False, None, False, False),
    ("increment_id", "string", False, 50, False, False),
    ("is_active", "boolean", False, None, False, False),
    ("session_cutoff", "dateTime", False, None, False, False),
]


@pytest.mark.parametrize("row", STOCK, ids=lambda row: row[0])
def test_stock_attributes(bench: Bench, row: tuple[Any, ...]) -> None:
    code, kind, required, longest, options, writable = row
    found = bench.shop.catalog.customer[code]
    assert (found.type, found.required, found.max_length, found.has_options) == (kind, required, longest, options)
    assert (found.read_only_reason is None) is writable, f"facts 8: {found.read_only_reason}"
    assert (found.table, found.column, found.static) == ("customer_entity", code, True)


def test_every_stock_attribute_is_known(bench: Bench) -> None:
    assert {row[0] for row in STOCK} <= set(bench.shop.catalog.customer)
    static = {code for code, a in bench.shop.catalog.customer.items() if a.static}
    assert static == {row[0] for row in STOCK}, "facts 8.3: 25 static attributes and four mere columns"


# facts 8.1: backend type, input -> our type, value table
CUSTOM = [
    ("varchar", "text", "string", 255),
    ("text", "textarea", "string", None),
    ("text", "multiselect", "string", None),
    ("int", "select", "integer", None),
    ("varchar", "select", "string", 255),
    ("int", "boolean", "boolean", None),
    ("datetime", "date", "date", None),
    ("datetime", "datetime", "dateTime", None),
    ("decimal", "price", "decimal", None),
    ("varchar", "multiline", "string", 255),
    ("int", "text", "integer", None),
]


@pytest.mark.parametrize(("backend", "kind", "expected", "longest"), CUSTOM, ids=[f"{c[0]}-{c[1]}" for c in CUSTOM])
def test_custom_attributes(bench: Bench, backend: str, kind: str, expected: str, longest: int | None) -> None:
    attribute_id = bench.attribute("extra", backend, kind)
    found = bench.shop.catalog.customer["extra"]
    assert (found.attribute_id, found.table, found.column) == (attribute_id, f"customer_entity_{backend}", "value")
    assert (found.type, found.input, found.max_length) == (expected, kind, longest)
    assert found.has_options is (kind in ("select", "multiselect"))
    assert found.user_defined
    assert not found.static
    assert found.read_only_reason is None
    assert found.digits == ((12, 4) if backend == "decimal" else None)


# facts 1.3, 8.2: what must not be written by a rule
READ_ONLY = [
    ({"backend_model": "Acme\\Loyalty\\Model\\Points"}, "varchar", "text", "Acme"),
    ({}, "varchar", "file", "file"),
    ({}, "varchar", "image", "file"),
    ({"in_set": False}, "varchar", "text", "attribute set"),
    ({"backend_table": "acme_values"}, "varchar", "text", "acme_values"),
    ({"backend_model": "Magento\\Eav\\Model\\Entity\\Attribute\\Backend\\ArrayBackend"}, "text", "multiselect", None),
    ({"backend_model": "\\Magento\\Eav\\Model\\Entity\\Attribute\\Backend\\Datetime"}, "datetime", "date", None),
]


@pytest.mark.parametrize(("more", "backend", "kind", "reason"), READ_ONLY, ids=range(len(READ_ONLY)))
def test_what_may_not_be_written(
    bench: Bench, more: dict[str, Any], backend: str, kind: str, reason: str | None
) -> None:
    bench.attribute("extra", backend, kind, **more)
    found = bench.shop.catalog.customer["extra"]
    if reason is None:
        assert found.read_only_reason is None
    else:
        assert reason in str(found.read_only_reason)


# facts 2.3: flag, website's flag, effective on that website, effective without a website
OVERRIDES = [
    (0, None, False, False),
    (0, 1, True, False),
    (1, 0, False, True),
    (1, None, True, True),
    (1, 1, True, True),
]


@pytest.mark.parametrize(("flag", "override", "here", "anywhere"), OVERRIDES)
def test_a_websites_required_flag(bench: Bench, flag: int, override: int | None, here: bool, anywhere: bool) -> None:
    attribute_id = bench.attribute("extra", "varchar", is_required=flag)
    bench.put("customer_eav_attribute_website", attribute_id=attribute_id, website_id=1, is_required=override)
    bench.shop.refresh()
    found = bench.shop.catalog.customer["extra"]
    assert (found.required_on(1), found.required_on(None)) == (here, anywhere), "facts 2.3: a NULL row says nothing"


def test_a_hidden_attribute_is_not_asked_for(bench: Bench) -> None:
    attribute_id = bench.attribute("extra", "varchar", is_required=1, is_visible=0)
    assert not bench.shop.catalog.customer["extra"].required_on(1), "facts 2.2: skipped when not visible"
    bench.put("customer_eav_attribute_website", attribute_id=attribute_id, website_id=1, is_visible=1)
    bench.shop.refresh()
    assert bench.shop.catalog.customer["extra"].required_on(1)


@pytest.mark.parametrize(
    ("text", "rules"),
    [(None, {}), ("[]", {}), ("", {}), ("no json", {}), ('{"max_text_length":5}', {"max_text_length": 5})],
)
def test_validate_rules(bench: Bench, text: str | None, rules: dict[str, Any]) -> None:
    bench.attribute("extra", "varchar", validate_rules=text)
    assert bench.shop.catalog.customer["extra"].validate_rules == rules, "facts 8.2: an object, [] or NULL"


def test_options_are_the_admins_labels(bench: Bench) -> None:
    assert list(bench.shop.options("gender").values()) == ["Male", "Female", "Not Specified"]
    attribute_id = bench.attribute("floor", "int", "select", options=["Ground", "First"])
    first = bench.option_id("floor", "First")
    bench.put("eav_attribute_option_value", option_id=first, store_id=1, value="Erster Stock")
    bench.shop.refresh()
    assert list(bench.shop.options("floor").values()) == ["Ground", "First"], "facts 8.1: store_id 0"
    read = bench.read(lambda c: options.fetch(c, bench.shop.tables, [attribute_id]))
    assert read == {attribute_id: bench.shop.options("floor")}
    assert bench.shop.options("nosuch") == {}


def test_options_come_in_the_shops_order(bench: Bench) -> None:
    attribute_id = bench.attribute("floor", "int", "select", options=["Second", "First"])
    bench.sql(
        "UPDATE {p}eav_attribute_option SET sort_order=5 WHERE option_id=:o", o=bench.option_id("floor", "Second")
    )
    bench.shop.refresh()
    assert list(bench.shop.options("floor").values()) == ["First", "Second"]
    assert attribute_id


def test_addresses_have_attributes_too(bench: Bench) -> None:
    found = bench.shop.catalog.address
    assert found["street"].multiline_count == 2
    assert [c for c, a in found.items() if a.required] == [
        *("firstname", "lastname", "street", "city", "country_id", "telephone")
    ], "facts 2.3"
    assert found["vat_is_valid"].read_only_reason
    bench.attribute("door", "varchar", entity="customer_address")
    assert bench.shop.catalog.address["door"].table == "customer_address_entity_varchar"
    assert "door" not in bench.shop.catalog.customer


def test_an_attribute_whose_column_is_missing_is_not_read(bench: Bench) -> None:
    bench.attribute("ghost", "static")
    found = bench.shop.catalog.customer["ghost"]
    assert not found.readable
    assert found.read_only_reason
    assert bench.customer(bench.create()).data["firstname"] == "Ada"


def test_few_statements_read_it_all(bench: Bench) -> None:
    bench.statements.clear()
    bench.read(lambda c: catalog.load(c, bench.shop.tables))
    assert len(bench.statements) == 4
