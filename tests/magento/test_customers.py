"""Customers are created, changed and removed as Magento's own save does it (facts 1, 5.1, 6, 8)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.magento import changes, customers, errors, passwords, plans
from tests.magento.conftest import LATER, NOW, PERSON, Bench

# facts 1.2: column values of a fresh customer
FRESH = {
    "website_id": 1,
    "store_id": 1,
    "group_id": 1,
    "created_in": "Default Store View",
    "increment_id": None,
    "is_active": 1,
    "disable_auto_group_change": 0,
    "created_at": NOW,
    "updated_at": NOW,
    "confirmation": None,
    "password_hash": None,
    "rp_token": None,
    "rp_token_created_at": None,
    "failures_num": 0,
    "first_failure": None,
    "lock_expires": None,
    "session_cutoff": None,
    "default_billing": None,
    "default_shipping": None,
    "prefix": None,
    "middlename": None,
    "suffix": None,
    "dob": None,
    "gender": None,
    "taxvat": None,
    **PERSON,
}


# --- create (facts 1) -------------------------------------------------------------------------------------


def test_a_fresh_customer(bench: Bench) -> None:
    row = bench.row("customer_entity", entity_id=bench.create())
    assert {column: row[column] for column in FRESH} == FRESH, "facts 1.2"
    assert len(row) == len(FRESH) + 1


def test_nothing_else_is_written_at_creation(bench: Bench) -> None:
    bench.statements.clear()
    bench.create(employee_number="", department=None)
    written = {s.split("(")[0].strip() for s in bench.statements if not s.startswith("SELECT")}
    tables = {f"INSERT INTO {bench.shop.prefix}{t}" for t in ("customer_entity", "customer_grid_flat")}
    assert written == tables, "facts 1.1: no log, visitor, newsletter or sequence rows, no empty values"


def test_few_statements_create(bench: Bench) -> None:
    bench.statements.clear()
    bench.create(employee_number="1", department=bench.option_id("department", "Sales"))
    assert len(bench.statements) == 5, "one looks for the newsletter that a guest may have had"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"gender": 2, "dob": "1985-12-10", "taxvat": "T"}, {"gender": 2, "dob": date(1985, 12, 10), "taxvat": "T"}),
        ({"group_id": 3}, {"group_id": 3}),
        ({"created_in": "HR"}, {"created_in": "HR"}),
        ({"disable_auto_group_change": True}, {"disable_auto_group_change": 1}),
        ({"confirmation": "key"}, {"confirmation": "key"}),
        ({"firstname": " Jane "}, {"firstname": " Jane "}),
        ({"email": "MiXed@Example.com"}, {"email": "MiXed@Example.com"}),
    ],
    ids=range(7),
)
def test_given_values_stand(bench: Bench, data: dict[str, Any], expected: dict[str, Any]) -> None:
    row = bench.row("customer_entity", entity_id=bench.create(**data))
    assert {column: row[column] for column in expected} == expected


def test_microseconds_are_cut_and_not_rounded(bench: Bench) -> None:
    entity_id = bench.create(now=datetime(2026, 1, 1, 0, 0, 59, 999999))
    assert bench.row("customer_entity", entity_id=entity_id)["created_at"] == datetime(2026, 1, 1, 0, 0, 59)


def test_another_website(bench: Bench) -> None:
    website, store = bench.second_website()
    entity_id = bench.create(website_id=website)
    row = bench.row("customer_entity", entity_id=entity_id)
    assert (row["store_id"], row["created_in"]) == (store, "EU view"), "facts 1.2: the website's default store view"
    by_store = bench.row("customer_entity", entity_id=bench.create(email="s@example.com", store_id=store))
    assert by_store["website_id"] == website, "facts 1.2: else website of the store"


def test_a_store_view_of_another_website_is_refused_unless_accounts_are_shared(bench: Bench) -> None:
    website, _ = bench.second_website()
    with pytest.raises(errors.Rejected) as caught:
        bench.create(website_id=website, store_id=1)
    assert caught.value.code == "store_id"
    bench.setting("customer/account_share/scope", "0")
    assert bench.create(website_id=website, store_id=1), "facts 1.2: with global sharing any store view"


@pytest.mark.parametrize(
    ("scope", "scope_id", "group"), [("default", 0, 2), ("websites", 1, 3), ("stores", 1, 2), ("stores", 77, 1)]
)
def test_the_default_group_is_the_store_views(bench: Bench, scope: str, scope_id: int, group: int) -> None:
    bench.setting("customer/create_account/default_group", str(2 if group == 1 else group), scope, scope_id)
    assert bench.row("customer_entity", entity_id=bench.create())["group_id"] == group, "facts 1.2"


@pytest.mark.parametrize(("code", "value"), [("email", None), ("email", ""), ("firstname", ""), ("lastname", None)])
def test_what_the_shop_requires(bench: Bench, code: str, value: str | None) -> None:
    with pytest.raises(errors.Rejected, match="requires") as caught:
        bench.create(**{code: value})
    assert caught.value.code == code
    assert bench.rows("customer_entity") == []
    data = {k: v for k, v in PERSON.items() if k != code}
    assert plans.missing(bench.shop, data, 1) == [code]


def test_a_required_custom_attribute(bench: Bench) -> None:
    bench.attribute("badge", "varchar", is_required=1)
    assert plans.missing(bench.shop, PERSON) == ["badge"]
    with pytest.raises(errors.Rejected):
        bench.create()
    assert bench.create(badge="7")


@pytest.mark.parametrize(
    "data",
    [
        {"password_hash": "x"},
        {"is_active": 0},
        {"entity_id": 5},
        {"created_at": "2020-01-01"},
        {"nosuch": "x"},
        {"lock_expires": "2037-01-01"},
        {"rp_token": "x"},
        {"default_billing": 1},
    ],
    ids=lambda d: next(iter(d)),
)
def test_what_no_rule_may_write(bench: Bench, data: dict[str, Any]) -> None:
    with pytest.raises(errors.Rejected) as caught:
        bench.read(lambda c: plans.create(c, bench.shop, {**PERSON, **data}, NOW))
    assert caught.value.code == next(iter(data))
    customer = bench.customer(bench.create())
    with pytest.raises(errors.Rejected):
        plans.change(bench.shop, customer, data, NOW)


def test_a_refused_value_leaves_nothing(bench: Bench) -> None:
    with pytest.raises(errors.Rejected):
        bench.create(department=9999)
    for table in ("customer_entity", "customer_entity_int", "customer_grid_flat"):
        assert bench.rows(table) == []


def test_a_password_arrives_as_its_hash(bench: Bench) -> None:
    stored = passwords.hash("Passw0rd!lab")
    row = bench.row("customer_entity", entity_id=bench.create(password_hash=stored))
    assert passwords.verify(row["password_hash"], "Passw0rd!lab")


VALUES = [  # facts 8.1: backend type, input, given, stored
    ("varchar", "text", "E-1", "E-1"),
    ("text", "textarea", "long " * 100, "long " * 100),
    ("int", "boolean", False, 0),
    ("datetime", "date", "2024-02-29", datetime(2024, 2, 29)),
    ("datetime", "datetime", "2024-02-29T01:02:03Z", datetime(2024, 2, 29, 1, 2, 3)),
    ("decimal", "price", "12.5", Decimal("12.5000")),
]


@pytest.mark.parametrize(("backend", "kind", "given", "stored"), VALUES, ids=[f"{v[0]}-{v[1]}" for v in VALUES])
def test_a_value_row_lives_and_dies_with_its_value(
    bench: Bench, backend: str, kind: str, given: Any, stored: Any
) -> None:
    attribute_id = bench.attribute("extra", backend, kind)
    table = f"customer_entity_{backend}"
    entity_id = bench.create(extra=given)
    assert bench.row(table, entity_id=entity_id, attribute_id=attribute_id)["value"] == stored, "facts 8.1"
    assert bench.customer(entity_id).data["extra"] == stored
    assert not bench.change(entity_id, extra=given), "equal: nothing is written"
    assert bench.change(entity_id, extra=None)
    assert bench.rows(table, entity_id=entity_id) == [], "facts 1.3: changed to empty, the row goes"
    assert bench.customer(entity_id).data["extra"] is None
    assert bench.change(entity_id, extra=given)
    assert bench.row(table, entity_id=entity_id)["value"] == stored


def test_a_hollow_value_row_is_filled_and_left_alone(bench: Bench) -> None:
    """Some extensions leave rows with NULL or ''; Magento itself keeps none (facts 1.3)."""
    entity_id = bench.create()
    bench.put("customer_entity_varchar", attribute_id=137, entity_id=entity_id, value=None)
    assert not bench.change(entity_id, employee_number=None)
    assert bench.change(entity_id, employee_number="7")
    assert bench.row("customer_entity_varchar", entity_id=entity_id)["value"] == "7"
    bench.sql("UPDATE {p}customer_entity_varchar SET value=''")
    assert not bench.change(entity_id, employee_number="")
    assert bench.change(entity_id, employee_number="8")
    assert bench.row("customer_entity_varchar", entity_id=entity_id)["value"] == "8"


# --- e-mail (facts 2.1) -----------------------------------------------------------------------------------

SAME_TO_THE_DATABASE = ["JOSE@example.com", "josé@example.com", "jose@EXAMPLE.com"]


@pytest.mark.parametrize("email", SAME_TO_THE_DATABASE)
def test_an_email_is_found_as_the_database_compares(bench: Bench, email: str) -> None:
    entity_id = bench.create(email="jose@example.com")
    assert bench.read(lambda c: customers.find_by_email(c, bench.shop, email, 1)) == [entity_id], "facts 2.1"
    with pytest.raises(errors.Duplicate):
        bench.create(email=email)


def test_trailing_blanks_find_too(bench: Bench) -> None:
    entity_id = bench.create()
    assert bench.read(lambda c: customers.find_by_email(c, bench.shop, "ADA@example.com  ", 1)) == [entity_id]


@pytest.mark.parametrize(
    "email", ["😀@example.com", "a\ud800@example.com", "a\0@example.com", "", "nobody@example.com"]
)
def test_an_email_no_magento_could_hold_is_nobodys(bench: Bench, email: str) -> None:
    bench.create()
    assert bench.read(lambda c: customers.find_by_email(c, bench.shop, email, None)) == []


def test_websites_are_apart_unless_accounts_are_shared(bench: Bench) -> None:
    website, _ = bench.second_website()
    first = bench.create()
    second = bench.create(website_id=website)
    find = customers.find_by_email
    assert bench.read(lambda c: find(c, bench.shop, "ada@example.com", website)) == [second]
    assert bench.read(lambda c: find(c, bench.shop, "ada@example.com", None)) == [first, second]
    bench.setting("customer/account_share/scope", "0")
    with pytest.raises(errors.Duplicate) as caught:
        bench.create(website_id=website, email="ADA@example.com")
    assert caught.value.key == "email", "facts 2.1: global sharing is not protected by a key"
    assert bench.change(first, firstname="Eva"), "its own e-mail is not in its way"
    with pytest.raises(errors.Duplicate):
        bench.change(bench.create(email="x@example.com"), email="ada@example.com")


def test_a_unique_attribute_is_checked(bench: Bench) -> None:
    bench.attribute("badge", "varchar", is_unique=1)
    first, second = bench.create(badge="7"), bench.create(email="b@example.com", badge="8")
    for write in (
        lambda: bench.create(email="c@example.com", badge="7"),
        lambda: bench.change(second, badge="7"),
    ):
        with pytest.raises(errors.Duplicate) as caught:
            write()
        assert caught.value.key == "badge", "facts 8.2: only PHP guards is_unique"
    assert bench.change(first, badge="9")
    assert bench.change(second, badge="7")


# --- increment ids (facts 1.3) ----------------------------------------------------------------------------


def test_no_number_unless_the_shop_wants_it(bench: Bench) -> None:
    bench.create()
    assert bench.rows("eav_entity_store") == [], "facts 1.1: not written"


def test_numbers_are_magentos(bench: Bench) -> None:
    bench.setting("customer/create_account/generate_human_friendly_id", "1")
    ids = [bench.create(email=f"{n}@example.com") for n in range(2)]
    numbers = [bench.row("customer_entity", entity_id=i)["increment_id"] for i in ids]
    assert numbers == ["000000001", "000000002"], "facts 1.3"
    counter = bench.row("eav_entity_store")
    assert (counter["store_id"], counter["increment_prefix"], counter["increment_last_id"]) == (0, "0", "000000002")
    bench.sql("UPDATE {p}eav_entity_store SET increment_prefix='K', increment_last_id='K00000041'")
    third = bench.create(email="k@example.com")
    assert bench.row("customer_entity", entity_id=third)["increment_id"] == "K00000042"


# --- fetch ------------------------------------------------------------------------------------------------


def test_any_number_of_customers_in_two_statements(bench: Bench) -> None:
    ids = [bench.create(email=f"{n}@example.com", employee_number=str(n)) for n in range(5)]
    bench.statements.clear()
    found = bench.read(lambda c: customers.fetch(c, bench.shop, [*ids, 10**12]))
    assert len(bench.statements) == 2
    assert list(found) == ids
    assert [c.data["employee_number"] for c in found.values()] == ["0", "1", "2", "3", "4"]
    assert found[ids[0]].data["department"] is None
    assert bench.read(lambda c: customers.fetch(c, bench.shop, [])) == {}


def test_only_the_wanted_codes(bench: Bench) -> None:
    entity_id = bench.create(employee_number="1")
    found = bench.read(lambda c: customers.fetch(c, bench.shop, [entity_id], ["firstname"]))[entity_id]
    assert found.data["firstname"] == "Ada"
    assert "employee_number" not in found.data
    assert set(customers.ALWAYS) < set(found.data)
    with pytest.raises(errors.Unsupported, match="nosuch"):
        bench.read(lambda c: customers.fetch(c, bench.shop, [entity_id], ["nosuch"]))


def test_values_keep_their_types(bench: Bench) -> None:
    bench.attribute("paid", "decimal", "price")
    bench.attribute("since", "datetime", "date")
    bench.attribute("note", "text", "textarea")
    entity_id = bench.create(
        paid="1.5",
        since="2024-01-31",
        note="n",
        employee_number="0007",
        department=bench.option_id("department", "Sales"),
    )
    data = bench.customer(entity_id).data
    kinds = {
        code: type(data[code]) for code in ("paid", "since", "note", "employee_number", "department", "created_at")
    }
    assert kinds == {
        **{"paid": Decimal, "since": datetime, "note": str},
        **{"employee_number": str, "department": int, "created_at": datetime},
    }


# --- change (facts 1.3, 5.1) ------------------------------------------------------------------------------


def test_equal_writes_nothing(bench: Bench) -> None:
    data = {
        "gender": 2,
        "dob": "1985-12-10",
        "employee_number": "E",
        "department": bench.option_id("department", "Sales"),
    }
    entity_id = bench.create(**data)
    before = bench.rows("customer_entity")
    bench.statements.clear()
    assert not bench.change(entity_id, **PERSON, **data, middlename=None, suffix="", taxvat=None, group_id="1")
    assert len(bench.statements) == 2, "only the reading"
    assert bench.rows("customer_entity") == before


def test_only_what_differs_is_written(bench: Bench) -> None:
    entity_id = bench.create(taxvat="T", employee_number="E")
    customer = bench.customer(entity_id)
    planned = plans.change(bench.shop, customer, {**PERSON, "taxvat": None, "employee_number": "F"}, LATER)
    assert planned == [
        changes.RowChange(
            "customer_entity",
            {"entity_id": entity_id},
            {"taxvat": "T", "updated_at": NOW},
            {"taxvat": None, "updated_at": LATER},
        ),
        changes.RowChange(
            "customer_entity_varchar", {"entity_id": entity_id, "attribute_id": 137}, {"value": "E"}, {"value": "F"}
        ),
    ]


def test_a_value_row_alone_touches_updated_at(bench: Bench) -> None:
    entity_id = bench.create()
    assert bench.change(entity_id, employee_number="7")
    row = bench.row("customer_entity", entity_id=entity_id)
    assert (row["created_at"], row["updated_at"]) == (NOW, LATER), "facts 1.2: updated_at on every save"


def test_a_change_of_case_is_a_change(bench: Bench) -> None:
    entity_id = bench.create()
    assert bench.change(entity_id, email="ADA@example.com", lastname="LOVELACE")
    assert bench.row("customer_entity", entity_id=entity_id)["email"] == "ADA@example.com", "facts 2.1: as given"


def test_a_new_email_ends_the_reset_link(bench: Bench) -> None:
    entity_id = bench.create()
    bench.sql("UPDATE {p}customer_entity SET rp_token='t', rp_token_created_at='2026-11-24 00:00:00'")
    assert bench.change(entity_id, firstname="Eva")
    assert bench.row("customer_entity", entity_id=entity_id)["rp_token"] == "t"
    assert bench.change(entity_id, email="new@example.com")
    row = bench.row("customer_entity", entity_id=entity_id)
    assert (row["rp_token"], row["rp_token_created_at"]) == (None, None), "facts 5.1"
    assert row["confirmation"] is None


def test_a_new_password_ends_reset_link_and_sessions(bench: Bench) -> None:
    entity_id = bench.create()
    bench.sql("UPDATE {p}customer_entity SET rp_token='t', rp_token_created_at='2026-11-24 00:00:00'")
    assert bench.change(entity_id, password_hash="h:s:1")
    row = bench.row("customer_entity", entity_id=entity_id)
    wanted = ("h:s:1", None, None, LATER)
    assert (row["password_hash"], row["rp_token"], row["rp_token_created_at"], row["session_cutoff"]) == wanted, (
        "facts 3.3"
    )


def test_an_old_value_todays_rules_refuse_is_not_in_the_way(bench: Bench) -> None:
    entity_id = bench.create()
    bench.sql("UPDATE {p}customer_entity SET email='odd@localhost', group_id=77")
    assert bench.change(entity_id, email="odd@localhost", group_id=77, firstname="Eva")
    with pytest.raises(errors.Rejected):
        bench.change(entity_id, email="other@localhost")


def test_a_required_attribute_cannot_be_emptied(bench: Bench) -> None:
    entity_id = bench.create()
    with pytest.raises(errors.Rejected, match="requires"):
        bench.change(entity_id, lastname="")
    assert bench.row("customer_entity", entity_id=entity_id)["lastname"] == "Lovelace"


# --- remove (facts 6) -------------------------------------------------------------------------------------


def test_a_removed_customer_leaves_what_magento_leaves(bench: Bench) -> None:
    entity_id, other = bench.create(employee_number="1"), bench.create(email="b@example.com")
    mine = {"customer_id": entity_id}
    address = {"parent_id": entity_id, "firstname": "A", "lastname": "L", "street": "1", "city": "C", "telephone": "1"}
    bench.put("customer_address_entity", **address, country_id="US")
    bench.put("newsletter_subscriber", store_id=1, **mine, subscriber_email="ada@example.com", subscriber_status=1)
    bench.put(
        "newsletter_subscriber", store_id=1, customer_id=0, subscriber_email="ADA@example.com", subscriber_status=1
    )
    bench.put(
        "newsletter_subscriber", store_id=1, customer_id=other, subscriber_email="b@example.com", subscriber_status=1
    )
    bench.put("quote", store_id=1, **mine, is_active=1, customer_email="ada@example.com")
    bench.put("sales_order", store_id=1, **mine, customer_email="ada@example.com")
    bench.put("wishlist", **mine, shared=0)
    done = bench.remove(entity_id)
    gone = ("customer_address_entity", "customer_entity_varchar", "wishlist")
    assert [bench.rows(table) for table in gone] == [[], [], []], "facts 6.2: cascades"
    assert bench.rows("customer_entity", entity_id=entity_id) == []
    assert bench.rows("customer_grid_flat", entity_id=entity_id) == [], "facts 6.2: no key does it"
    assert [r["customer_id"] for r in bench.rows("newsletter_subscriber")] == [other], "facts 6.1: by e-mail"
    assert bench.row("sales_order")["customer_id"] is None, "facts 6.2: the order stays"
    assert bench.row("quote")["customer_id"] == entity_id, "facts 6.2: dangling, as Magento leaves it"
    revoked = bench.row("jwt_auth_revoked")
    assert (revoked["user_type_id"], revoked["user_id"]) == (3, entity_id), "facts 6.1"
    assert bench.rows("customer_grid_flat", entity_id=other)
    assert done[0].before is not None
    assert done[0].before["email"] == "ada@example.com"
    assert [change.table for change in done] == [
        *("customer_entity", "newsletter_subscriber", "newsletter_subscriber", "jwt_auth_revoked")
    ]


def test_another_websites_subscription_stays(bench: Bench) -> None:
    _, store = bench.second_website()
    entity_id = bench.create()
    bench.put(
        "newsletter_subscriber", store_id=store, customer_id=0, subscriber_email="ada@example.com", subscriber_status=1
    )
    bench.remove(entity_id)
    assert len(bench.rows("newsletter_subscriber")) == 1, "facts 6.1: limited to the website's store views"
    bench.setting("customer/account_share/scope", "0")
    bench.remove(bench.create())
    assert bench.rows("newsletter_subscriber") == []


def test_removing_nobody_is_nothing(bench: Bench) -> None:
    assert bench.remove(99) == []


def test_a_removed_customer_may_come_again(bench: Bench) -> None:
    first = bench.create()
    bench.remove(first)
    assert bench.create() > first
