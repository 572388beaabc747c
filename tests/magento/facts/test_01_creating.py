"""Facts 1: what stands in the tables after a customer was created."""

from datetime import date

import pytest

from tests.magento.conftest import LATER, NOW, Bench
from tests.magento.facts.table import LIVE, REFUSED, Fact, after, changed, made, rows, setting, sql, taken, values

UNTOUCHED = (
    *("customer_log", "customer_visitor", "newsletter_subscriber", "eav_entity_store", "jwt_auth_revoked"),
    *(f"customer_entity_{kind}" for kind in ("datetime", "decimal", "int", "text", "varchar")),
    *("oauth_token", "persistent_session", "login_as_customer", "password_reset_request_event", "quote", "sales_order"),
)
NUMBERED = setting("customer/create_account/generate_human_friendly_id", "1")
OF_A_STRANGER = "INSERT INTO {p}customer_entity_varchar (attribute_id, entity_id, value) SELECT {a}, entity_id, 'x' FROM {p}customer_entity"


def _untouched(bench: Bench) -> list[str]:
    bench.create(middlename="", employee_number="", department=None)
    return [table for table in UNTOUCHED if table in bench.shop.tables or table.startswith("customer_")
            if bench.rows(table)]  # fmt: skip


def _ids_of_this_shop(bench: Bench) -> tuple[str, int]:
    """Give the select another option under another number, and store it by its label's id."""
    bench.sql("DELETE FROM {p}eav_attribute_option WHERE option_id = 2")
    bench.put("eav_attribute_option", option_id=77, attribute_id=bench.shop.catalog.customer["gender"].attribute_id)
    bench.put("eav_attribute_option_value", option_id=77, store_id=0, value="Female")
    bench.shop.refresh()
    female = bench.option_id("gender", "Female")
    return "Female", bench.row("customer_entity", entity_id=bench.create(gender=female))["gender"]


def _outside_every_set(bench: Bench) -> tuple[object, list[str]]:
    attribute_id = bench.attribute("stranger", "varchar", in_set=False)
    entity_id = bench.create()
    bench.put("customer_entity_varchar", attribute_id=attribute_id, entity_id=entity_id, value="x")
    bench.change(entity_id, lastname="King")
    return bench.shop.catalog.customer["stranger"].read_only_reason is not None, values(
        "customer_entity_varchar", "value"
    )(bench)


FACTS = [
    Fact("1.1", "no other table is written, nor a value row for an empty value", _untouched, [], LIVE),
    Fact("1.1", "is_active, failures_num and session_cutoff have the database's defaults",
         made("is_active", "failures_num", "session_cutoff"), (1, 0, None), LIVE),
    Fact("1.1", "without addresses no default address", made("default_billing", "default_shipping"), (None, None), LIVE),
    Fact("1.1", "the grid has the row", after(made("email"), rows("customer_grid_flat", "name", "email")),
         [("Ada Lovelace", "ada@example.com")], LIVE),
    Fact("1.2", "website and its default store view", made("website_id", "store_id"), (1, 1)),
    Fact("1.2", "store must belong to the website where accounts are per website",
         after(lambda b: b.second_website(), taken(website_id=1, store_id=2)), REFUSED),
    Fact("1.2", "group: the default of the store view's scope", after(setting("customer/create_account/default_group", "3", "stores", 1), made("group_id")), 3),
    Fact("1.2", "a group that is not there is refused: no key would", taken(group_id=99), REFUSED),
    Fact("1.2", "created_in is the store view's name as text", made("created_in"), "Default Store View"),
    Fact("1.2", "increment_id is NULL unless the shop numbers its customers", made("increment_id"), None),
    Fact("1.2", "disable_auto_group_change is 0", made("disable_auto_group_change"), 0),
    Fact("1.2", "created_at and updated_at are UTC", made("created_at", "updated_at"), (NOW, NOW)),
    Fact("1.2", "updated_at on every save", after(made("email"), changed(lastname="K"), rows("customer_entity", "created_at", "updated_at")), [(NOW, LATER)]),
    Fact("1.2", "is_active: no save ever writes it", after(made("email"), sql("UPDATE {p}customer_entity SET is_active = 0"), changed(lastname="K"), values("customer_entity", "is_active")), [0], LIVE),
    Fact("1.2", "confirmation is NULL: an identity provider vouches for the address", made("confirmation"), None),
    Fact("1.2", "password_hash is NULL without a password", made("password_hash"), None),
    Fact("1.2", "rp_token: no reset link is made where no mail is sent", made("rp_token", "rp_token_created_at"), (None, None)),
    Fact("1.2", "first_failure and lock_expires are NULL", made("first_failure", "lock_expires"), (None, None)),
    Fact("1.2", "gender is an option id, resolved by the table", _ids_of_this_shop, ("Female", 77), LIVE),
    Fact("1.2", "dob is a DATE", made("dob", dob="1985-12-10T23:59:59Z"), date(1985, 12, 10)),
    Fact("1.2", "prefix holds 40 characters", taken(prefix="x" * 41), REFUSED),
    Fact("1.2", "suffix holds 40 characters", made("suffix", suffix="x" * 40), "x" * 40),
    Fact("1.2", "taxvat holds 50 characters", taken(taxvat="x" * 51), REFUSED),
    Fact("1.2", "names and e-mail hold 255 characters", taken(firstname="x" * 256), REFUSED),
    Fact("1.2", "confirmation holds 64 characters", taken(confirmation="x" * 65), REFUSED),
    Fact("1.2", "blanks around a name are stored as they are", made("firstname", firstname=" Jane "), " Jane ", LIVE),
    Fact("1.3", "the entity types are 1 and 2 on a fresh shop", lambda b: sorted(
        (row["entity_type_id"], row["entity_type_code"]) for row in b.rows("eav_entity_type") if row["entity_type_code"].startswith("customer")),
        [(1, "customer"), (2, "customer_address")], LIVE),
    Fact("1.3", "every stock attribute is a column", lambda b: {a.code for a in b.shop.catalog.customer.values()
         if not a.static and not a.user_defined and not a.subscription and a.attribute_id and a.attribute_id < 137}, set()),
    Fact("1.3", "a value row for a custom attribute", after(made("email", employee_number="E-1"), rows("customer_entity_varchar", "attribute_id", "value")), [(137, "E-1")]),
    Fact("1.3", "an empty value has no row", after(made("email", employee_number=""), rows("customer_entity_varchar", "value")), []),
    Fact("1.3", "changed to empty, the row goes", after(made("email", employee_number="E-1"), changed(employee_number=""), rows("customer_entity_varchar", "value")), []),
    Fact("1.3", "what is in no attribute set is ignored, its row untouched", _outside_every_set, (True, ["x"]), LIVE),
    Fact("1.3", "the first number", after(NUMBERED, made("increment_id")), "000000001"),
    Fact("1.3", "the next number", after(NUMBERED, made("increment_id"), made("increment_id", email="b@example.com")), "000000002"),
    Fact("1.3", "one counter for all store views, prefix 0", after(NUMBERED, made("increment_id"), rows("eav_entity_store", "entity_type_id", "store_id", "increment_prefix", "increment_last_id")), [(1, 0, "0", "000000001")]),
    Fact("1.5", "the least row is enough to be found and changed", after(
        sql("INSERT INTO {p}customer_entity (website_id, email, group_id, store_id, created_in, firstname, lastname)"
            " VALUES (1, 'a@example.com', 1, 1, 'Default Store View', 'A', 'B')"), changed(lastname="K"),
        rows("customer_grid_flat", "name")), [("A K",)], LIVE),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_facts_1(bench: Bench, fact: Fact) -> None:
    fact.check(bench)
