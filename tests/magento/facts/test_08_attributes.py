"""Facts 8: where an attribute's values are, in which form, and which flags matter."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from app.magento import changes, options
from tests.magento.conftest import Bench
from tests.magento.facts.table import LIVE, REFUSED, Fact, after, made, sql, taken

TABLE_SOURCE = "Magento\\Eav\\Model\\Entity\\Attribute\\Source\\Table"
STOCK = (
    "website_id store_id created_in prefix firstname middlename lastname suffix email group_id dob password_hash rp_token"
    " rp_token_created_at default_billing default_shipping taxvat confirmation created_at gender"
    " disable_auto_group_change updated_at failures_num first_failure lock_expires"
)
BACKENDS = "Magento\\Eav\\Model\\Entity\\Attribute\\Backend\\"


def stored(backend: str, kind: str, value: Any, *labels: str, **more: Any) -> Callable[[Bench], Any]:
    """Register an attribute, create a customer with it, and give the value of its row. A label stands for its id."""

    def seen(bench: Bench) -> Any:
        bench.attribute("x", backend, kind, labels, **more)
        ids = {label: bench.option_id("x", label) for label in labels}
        given = [ids.get(each, each) for each in value] if isinstance(value, list) else ids.get(value, value)
        bench.create(x=given)
        (row,) = bench.rows(f"customer_entity_{backend}")
        names = {str(option_id): label for label, option_id in ids.items()}
        held = row["value"]
        if not labels:
            return held
        return type(held).__name__, ",".join(names[part] for part in str(held).split(","))

    return seen


def of(code: str, *flags: str) -> Callable[[Bench], Any]:
    """Give what the catalogue says of an attribute."""
    return lambda bench: tuple(getattr(bench.shop.catalog.customer[code], flag) for flag in flags)


def registered(*flags: str, backend: str = "varchar", kind: str = "text", **more: Any) -> Callable[[Bench], Any]:
    return after(lambda bench: bench.attribute("x", backend, kind, **more), of("x", *flags))


def _own_table(bench: Bench) -> tuple[str, bool]:
    """An attribute with a backend_table of its own."""
    bench.attribute("x", "varchar", backend_table="vendor_customer_values")
    attribute = bench.shop.catalog.customer["x"]
    return attribute.table, attribute.readable


def _option_rows(bench: Bench) -> tuple[Any, ...]:
    attribute_id = bench.attribute("x", "int", "select", ["A", "B"])
    bench.sql("UPDATE {p}eav_attribute_option SET sort_order = 7 WHERE option_id = :o", o=bench.option_id("x", "B"))
    attribute = bench.shop.catalog.customer["x"]
    entity_id = bench.create()
    row = {"entity_id": entity_id, "attribute_id": attribute_id}
    value = changes.RowChange("customer_entity_int", row, None, {"value": options.choice(attribute, " New ")})
    done = bench.write(lambda c: options.settle(c, bench.shop, [value]))
    option_id = done[0].key["option_id"]
    option = bench.row("eav_attribute_option", option_id=option_id)
    label = bench.row("eav_attribute_option_value", option_id=option_id)
    assert bench.row("customer_entity_int", entity_id=entity_id)["value"] == option_id
    return option["attribute_id"] == attribute_id, option["sort_order"], label["store_id"], label["value"]


def _twice(bench: Bench) -> bool:
    bench.attribute("x", "int", "select", ["Same", "SAME "])
    return len(options.find(bench.shop.options("x"), "same")) == 2


def _of_a_store_view(bench: Bench) -> list[str]:
    bench.attribute("x", "int", "select", ["Admin's"])
    bench.put("eav_attribute_option_value", option_id=bench.option_id("x", "Admin's"), store_id=1, value="View's")
    bench.shop.refresh()
    return list(bench.shop.options("x").values())


def _unique(bench: Bench) -> str:
    bench.attribute("x", "varchar", is_unique=1)
    bench.create(x="1")
    return str(taken(email="b@example.com", x="1")(bench))


FACTS = [
    Fact("8.1", "static: a column of the customer", of("prefix", "table", "column"), ("customer_entity", "prefix")),
    Fact("8.1", "else the table of the type, no store", registered("table", "column", backend="decimal"), ("customer_entity_decimal", "value")),
    Fact("8.1", "else the attribute's own table, which this program does not know", _own_table, ("vendor_customer_values", False)),
    Fact("8.1", "text: varchar", stored("varchar", "text", "a"), "a"),
    Fact("8.1", "text: 255 characters at most", after(lambda b: b.attribute("x", "varchar"), taken(x="x" * 256)), REFUSED),
    Fact("8.1", "textarea: text", stored("text", "textarea", "a\nb"), "a\nb"),
    Fact("8.1", "multiselect: ids joined by commas without blanks", stored("text", "multiselect", ["B", "A"], "A", "B"), ("str", "B,A")),
    Fact("8.1", "select: the option's id", stored("int", "select", "B", "A", "B"), ("int", "B")),
    Fact("8.1", "select kept as varchar: trust the row", stored("varchar", "select", "B", "A", "B", source_model=TABLE_SOURCE), ("str", "B")),
    Fact("8.1", "boolean: 0 or 1", stored("int", "boolean", "true"), 1),
    Fact("8.1", "boolean: no is a value too", stored("int", "boolean", False), 0),
    Fact("8.1", "date: midnight, no shift", stored("datetime", "date", "2024-02-29T23:00:00-05:00"), datetime(2024, 2, 29)),
    Fact("8.1", "datetime", stored("datetime", "datetime", "2024-02-29T10:11:12Z"), datetime(2024, 2, 29, 10, 11, 12)),
    Fact("8.1", "multiline: lines joined by a newline", stored("text", "multiline", ["a", " b "], multiline_count=2), "a\nb"),
    Fact("8.1", "multiline: so many lines at most", after(lambda b: b.attribute("x", "text", "multiline", multiline_count=2), taken(x="a\nb\nc")), REFUSED),
    Fact("8.1", "price: decimal(12,4)", stored("decimal", "price", "1.23456"), Decimal("1.2346")),
    Fact("8.1", "weight: decimal(12,4)", stored("decimal", "weight", 0), Decimal("0.0000")),
    Fact("8.1", "file: not for SQL", registered("read_only_reason", kind="file"), ("it is the path of an uploaded file",)),
    Fact("8.1", "image: not for SQL", registered("read_only_reason", kind="image"), ("it is the path of an uploaded file",)),
    Fact("8.1", "hidden: as registered", stored("varchar", "hidden", "h"), "h"),
    Fact("8.1", "labels: the admin's, store 0", _of_a_store_view, ["Admin's"]),
    Fact("8.1", "labels are not unique: both are found, and refused", _twice, True),
    Fact("8.1", "a new option: its row in the last place, and the admin's label", _option_rows, (True, 8, 0, "New")),
    Fact("8.2", "is_required", registered("required", is_required=1), (True,)),
    Fact("8.2", "is_unique: no key guards it", _unique, REFUSED),
    Fact("8.2", "is_user_defined has no effect on storage", registered("user_defined", "table"), (True, "customer_entity_varchar")),
    Fact("8.2", "is_visible 0", registered("visible", is_visible=0), (False,)),
    *(Fact("8.2", f"validate_rules may be {text}", registered("validate_rules", validate_rules=text), ({},)) for text in ("[]", None, "{}")),
    *(Fact("8.2", f"known backend model {name}", registered("read_only_reason", backend_model=BACKENDS + name), (None,)) for name in ("Datetime", "ArrayBackend", "DefaultBackend")),
    Fact("8.2", "an unknown backend model: read-only", registered("read_only_reason", backend_model="Vendor\\X"), ("its backend model Vendor\\X may change the value on save",)),
    Fact("8.3", "registered by SQL it is there", stored("varchar", "text", "E-1"), "E-1", LIVE),
    Fact("8.3", "in no set it is not Magento's", registered("read_only_reason", in_set=False), ("Magento ignores it: it is in no attribute set (eav_entity_attribute)",), LIVE),
    Fact("8.3", "the stock attributes", lambda b: set(STOCK.split()) - set(b.shop.catalog.customer), set(), LIVE),
    Fact("8.3", "ids 1-21 and 41-44 on a fresh shop", lambda b: {b.shop.catalog.customer[code].attribute_id for code in STOCK.split()}, {*range(1, 22), *range(41, 45)}, LIVE),
    Fact("8.3", "columns that are no attributes", lambda b: [b.shop.catalog.customer[code].attribute_id for code in ("entity_id", "increment_id", "is_active", "session_cutoff")], [None] * 4),
    Fact("8.3", "and none of them may be written", taken(is_active=0), REFUSED),
    Fact("8.1", "a label instead of an id is refused", after(lambda b: b.attribute("x", "int", "select", ["A"]), taken(x="A")), REFUSED),
    Fact("8.1", "disable_auto_group_change is a column", made("disable_auto_group_change", disable_auto_group_change="yes"), 1),
    Fact("8.1", "an id of another attribute is refused", after(lambda b: b.attribute("x", "int", "select", ["A"]), sql("SELECT 1"), taken(x=1)), REFUSED),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_facts_8(bench: Bench, fact: Fact) -> None:
    fact.check(bench)
