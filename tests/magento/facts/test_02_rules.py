"""Facts 2: e-mail addresses, Magento's validators, and which fields are required."""

from collections.abc import Callable
from typing import Any

import pytest

from app.magento import customers
from tests.magento.conftest import Bench
from tests.magento.facts.table import LIVE, REFUSED, Fact, after, made, setting, sql, taken

TAKEN = "taken"
SHARED = setting("customer/account_share/scope", "0")
GOOD_EMAILS = ("a'b@example.com", "user+tag@example.museum", "ü@example.com", "a@exämple.com", "a@example.zzzz")
BAD_EMAILS = ("a@localhost", "a@[1.2.3.4]", "A@b.c", f"{'a' * 65}@example.com")
GOOD_NAMES = ("O’Brien", "A&B", "!!!", "@")
BAD_NAMES = ("J@ne", "x/y", "John (x)", '"q"', "<b>", "{{var x}}", "a\U0001f600", "a" * 256)
REQUIRED = {"website_id", "store_id", "firstname", "lastname", "email", "group_id"}
OF_ADDRESSES = {"firstname", "lastname", "street", "city", "country_id", "telephone"}
CLASH = [
    ("jose@example.com", "josé@example.com"),
    ("JOSÉ@EXAMPLE.com", "josé@example.com"),
    ("ada@example.com ", "ada@example.com"),
]


def _clash(other: str, first: str) -> Callable[[Bench], Any]:
    """Insert a customer as Magento might have, then create one of the other spelling."""
    return after(
        sql("INSERT INTO {p}customer_entity (website_id, email, group_id, store_id, firstname, lastname)"
            f" VALUES (1, '{other}', 1, 1, 'A', 'B')"), taken(email=first),
    )  # fmt: skip


def _found(bench: Bench, email: str) -> int:
    bench.create(email="Ada@Example.com")
    return len(bench.read(lambda c: customers.find_by_email(c, bench.shop, email, 1)))


def _in_both_websites(bench: Bench) -> str:
    website, _ = bench.second_website()
    bench.create()
    return str(taken(website_id=website)(bench))


def _in_no_website(bench: Bench) -> int:
    for _ in range(2):
        bench.put("customer_entity", email="x@example.com", group_id=1, firstname="A", lastname="B")
    return len(bench.rows("customer_entity"))


def _required(bench: Bench, whose: str) -> set[str]:
    return {code for code, a in getattr(bench.shop.catalog, whose).items() if a.required}


FACTS = [
    Fact("2.1", "an e-mail may be in both websites where accounts are per website", _in_both_websites, TAKEN),
    Fact("2.1", "an e-mail is one customer's over all websites where accounts are shared", after(SHARED, _in_both_websites), REFUSED),
    Fact("2.1", "the key does not hold without a website", _in_no_website, 2, LIVE),
    *(Fact("2.1", f"compared by the column's collation: {first!r} is {other!r}", _clash(other, first), REFUSED, LIVE) for other, first in CLASH),
    Fact("2.1", "stored in the case it is given", made("email", email="MiXed@Example.com"), "MiXed@Example.com", LIVE),
    Fact("2.1", "found in any case", lambda b: _found(b, "aDA@example.COM"), 1, LIVE),
    *(Fact("2.1", f"a good address: {email}", taken(email=email), TAKEN, LIVE) for email in GOOD_EMAILS),
    *(Fact("2.1", f"a bad address: {email[:20]}", taken(email=email), REFUSED, LIVE) for email in BAD_EMAILS),
    Fact("2.1", "255 characters at most", taken(email=f"a@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.{'f' * 20}.com"), REFUSED),
    *(Fact("2.2", f"a name: {name}", taken(firstname=name), TAKEN, LIVE) for name in GOOD_NAMES),
    *(Fact("2.2", f"no name: {name[:10]}", taken(lastname=name), REFUSED, LIVE) for name in BAD_NAMES),
    Fact("2.2", "text lengths count only with input_validation", after(
        lambda b: b.attribute("x", "varchar", validate_rules='{"max_text_length":2}'), taken(x="abc")), TAKEN),
    Fact("2.2", "and with it they do", after(
        lambda b: b.attribute("x", "varchar", validate_rules='{"max_text_length":2,"input_validation":"alpha"}'), taken(x="abc")), REFUSED),
    Fact("2.2", "required but hidden and without a value: skipped", after(
        lambda b: b.attribute("x", "varchar", is_required=1, is_visible=0), taken()), TAKEN),
    Fact("2.3", "a fresh shop's rows for website 1 are all NULL, and so say nothing", lambda b: [
        row for row in b.rows("customer_eav_attribute_website") if row["is_required"] is not None or row["is_visible"] is not None], [], LIVE),
    Fact("2.3", "there are 26 of them", sql("SELECT COUNT(*) AS rows_there FROM {p}customer_eav_attribute_website JOIN {p}eav_attribute USING (attribute_id) WHERE is_user_defined = 0"), [{"rows_there": 26}], LIVE),
    Fact("2.3", "what a stock shop requires of a customer", lambda b: _required(b, "customer"), REQUIRED),
    Fact("2.3", "and of an address", lambda b: _required(b, "address"), OF_ADDRESSES),
    Fact("2.3", "the setting alone does nothing", after(setting("customer/address/taxvat_show", "req"), taken()), TAKEN),
    Fact("2.3", "the website's flag does", after(
        sql("UPDATE {p}customer_eav_attribute_website w JOIN {p}eav_attribute a USING (attribute_id)"
            " SET w.is_required = 1, w.is_visible = 1 WHERE a.attribute_code = 'taxvat'"), taken()), REFUSED),
    Fact("2.3", "a list of prefixes is not enforced on save", after(setting("customer/address/prefix_options", "Mr;Mrs"), taken(prefix="Dr")), TAKEN),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_facts_2(bench: Bench, fact: Fact) -> None:
    fact.check(bench)
