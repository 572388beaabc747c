"""Where a customer belongs: websites, store views and groups, by code or id (facts 1.2, 2.1, 10)."""

from typing import Any

import pytest

from app.magento import errors, placement
from tests.magento.conftest import Bench

SHARED = ("customer/account_share/scope", "0")


@pytest.fixture
def europe(bench: Bench) -> tuple[Bench, int, int]:
    """A shop with a second website: the bench, the website's id and its store view's."""
    return bench, *bench.second_website()


@pytest.mark.parametrize(
    ("attribute", "value", "found"),
    [
        ("website_id", "base", 1),
        ("website_id", " BASE ", 1),
        ("website_id", "eu", "website"),
        ("website_id", 1, 1),
        ("website_id", "1", 1),
        ("store_id", "default", 1),
        ("store_id", "eu", "store"),
        ("store_id", "1", 1),
        ("group_id", "General", 1),
        ("group_id", "wholesale", 2),
        ("group_id", "3", 3),
        ("group_id", 3, 3),
        ("website_id", "nowhere", "no website nowhere, only 'base', 'eu'"),
        ("store_id", "base", "no store view base, only 'default', 'eu'"),
        ("store_id", "admin", "no store view admin"),
        ("store_id", True, "no store view True"),
        ("store_id", "9" * 30, "no store view 9"),
        ("store_id", 1.5, "no store view 1.5"),
        ("group_id", "Generals", "no customer group Generals, only 'General', 'Wholesale', 'Retailer'"),
        ("group_id", "NOT LOGGED IN", "no customer group NOT LOGGED IN"),
        ("group_id", "0", "guests"),
    ],
)
def test_codes_and_ids(europe: tuple[Bench, int, int], attribute: str, value: Any, found: Any) -> None:
    bench, website, store = europe
    wanted = {"website": website, "store": store}.get(found, found)
    if isinstance(wanted, int):
        assert placement.find(bench.shop, attribute, value) == wanted
        return
    with pytest.raises(errors.Rejected, match=wanted) as caught:
        placement.find(bench.shop, attribute, value)
    assert caught.value.code == attribute


def test_a_code_of_digits_is_a_code(bench: Bench) -> None:
    group = bench.put("customer_group", customer_group_code="2", tax_class_id=3)
    assert placement.find(bench.shop, "group_id", "2") == 2, "not known yet, so an id"
    bench.shop.refresh()
    assert placement.find(bench.shop, "group_id", "2") == group
    assert placement.find(bench.shop, "group_id", 2) == 2


def test_a_group_made_this_moment_is_found(bench: Bench) -> None:
    assert placement.find(bench.shop, "group_id", "General") == 1
    group = bench.put("customer_group", customer_group_code="Staff", tax_class_id=3)
    assert placement.find(bench.shop, "group_id", "staff") == group


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(
    ("given", "placed"),
    [
        ({}, (1, 1, 1, "Default Store View")),
        ({"website_id": "eu"}, ("website", "store", 3, "EU view")),
        ({"store_id": "eu"}, ("website", "store", 3, "EU view")),
        ({"website_id": "base", "store_id": "default"}, (1, 1, 1, "Default Store View")),
        ({"website_id": "base", "store_id": "eu"}, (1, "store", 3, "EU view")),
        ({"website_id": "eu", "store_id": "default"}, ("website", 1, 1, "Default Store View")),
        ({"website_id": "eu", "group_id": "Wholesale"}, ("website", "store", 2, "EU view")),
        ({"website_id": "eu", "created_in": "SCIM"}, ("website", "store", 3, "SCIM")),
        ({"website_id": "", "store_id": None, "created_in": ""}, (1, 1, 1, "Default Store View")),
    ],
)
def test_a_new_customer(
    europe: tuple[Bench, int, int], shared: bool, given: dict[str, Any], placed: tuple[Any, ...]
) -> None:
    """Its store view is of its website, but where accounts are shared; the group is the store view's default."""
    bench, website, store = europe
    bench.setting("customer/create_account/default_group", "3", "stores", store)
    if shared:
        bench.setting(*SHARED)
    ids = {"website": website, "store": store}
    wanted = tuple(ids.get(each, each) for each in placed)
    if not shared and (wanted[0] == 1) != (wanted[1] == 1):
        with pytest.raises(errors.Rejected, match="is not of website"):
            bench.create(**given)
        return
    row = bench.row("customer_entity", entity_id=bench.create(**given))
    assert tuple(row[c] for c in ("website_id", "store_id", "group_id", "created_in")) == wanted


@pytest.mark.parametrize(
    ("shared", "change", "moved"),
    [
        (False, {"website_id": "eu"}, ("website", "store")),
        (False, {"website_id": "eu", "store_id": "eu"}, ("website", "store")),
        (False, {"store_id": "eu"}, "store view eu is not of website base"),
        (False, {"website_id": "eu", "store_id": "default"}, "store view default is not of website eu"),
        (False, {"website_id": "base", "store_id": "default", "firstname": "A"}, (1, 1)),
        (True, {"website_id": "eu"}, ("website", 1)),
        (True, {"store_id": "eu"}, (1, "store")),
    ],
)
def test_a_customer_that_moves(
    europe: tuple[Bench, int, int], shared: bool, change: dict[str, Any], moved: tuple[Any, Any] | str
) -> None:
    bench, website, store = europe
    customer = bench.create()
    if shared:
        bench.setting(*SHARED)
    if isinstance(moved, str):
        with pytest.raises(errors.Rejected, match=moved):
            bench.change(customer, **change)
        return
    bench.change(customer, **change)
    row = bench.row("customer_entity", entity_id=customer)
    ids = {"website": website, "store": store}
    assert (row["website_id"], row["store_id"]) == tuple(ids.get(each, each) for each in moved)
    assert row["created_in"] == "Default Store View", "where it began"
    grid = bench.row("customer_grid_flat", entity_id=customer)
    assert (grid["website_id"], grid["created_in"]) == (row["website_id"], "Default Store View")


def test_a_customer_of_a_deleted_website(europe: tuple[Bench, int, int]) -> None:
    """Its rows have neither website nor store view (facts 10); it may be changed, and moved to a website."""
    bench, website, store = europe
    customer = bench.create(website_id=website)
    bench.sql("DELETE FROM {p}store_website WHERE code = 'eu'")
    bench.shop.refresh()
    row = bench.row("customer_entity", entity_id=customer)
    assert (row["website_id"], row["store_id"]) == (None, None), "by the foreign keys"
    assert bench.change(customer, firstname="Augusta")
    with pytest.raises(errors.Rejected, match="store view default is not of any website that the customer belongs to"):
        bench.change(customer, store_id="default")
    assert bench.change(customer, website_id="base")
    row = bench.row("customer_entity", entity_id=customer)
    assert (row["website_id"], row["store_id"], row["firstname"]) == (1, 1, "Augusta")
    assert store not in bench.shop.stores.stores


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        ("ada@example.com", "ADA@EXAMPLE.COM"),
        ("josé@example.com", "jose@example.com"),
        ("jose@example.com", "JOSÉ@example.com"),
        ("jose@example.com  ", "jose@example.com"),
    ],
)
@pytest.mark.parametrize("shared", [False, True])
def test_emails_are_compared_by_the_columns_collation(
    europe: tuple[Bench, int, int], stored: str, wanted: str, shared: bool
) -> None:
    """Without regard to case, accents and blanks at the end, on a website or on all (facts 2.1)."""
    bench, website, _ = europe
    bench.sql("UPDATE {p}customer_entity SET email = :e WHERE entity_id = :i", e=stored, i=bench.create())
    if shared:
        bench.setting(*SHARED)
    with pytest.raises(errors.Duplicate):
        bench.create(email=wanted)
    if not shared:
        assert bench.create(email=wanted, website_id=website)
        return
    with pytest.raises(errors.Duplicate):
        bench.create(email=wanted, website_id=website)
