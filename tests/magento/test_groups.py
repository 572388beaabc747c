"""Customer groups and what hangs on them (facts 7)."""

from typing import Any

import pytest

from app.magento import aftermath, customers, errors, groups
from tests.magento.conftest import LATER, Bench


def _create(bench: Bench, code: str, **more: Any) -> int:
    return bench.run(lambda c: groups.made(customers.write(c, bench.shop, groups.create(c, bench.shop, code, **more))))


def _rename(bench: Bench, group_id: int, code: str) -> bool:
    return bool(bench.write(lambda c: groups.rename(c, bench.shop, group_id, code)))


def _remove(bench: Bench, group_id: int) -> bool:
    bench.shop.refresh()
    return bool(bench.write(lambda c: groups.remove(c, bench.shop, group_id, LATER)))


def _states(bench: Bench) -> dict[str, str]:
    return {row["indexer_id"]: row["status"] for row in bench.rows("indexer_state")}


def test_fresh_groups(bench: Bench) -> None:
    found = bench.read(lambda c: groups.fetch(c, bench.shop))
    assert {i: g.code for i, g in found.items()} == {
        **{0: "NOT LOGGED IN", 1: "General"},
        **{2: "Wholesale", 3: "Retailer"},
    }, "facts 7"
    assert {g.tax_class_id for g in found.values()} == {3}
    assert bench.shop.groups[2] == "Wholesale"


@pytest.mark.parametrize(
    ("code", "group_id"), [("Wholesale", 2), ("WHOLESALE", 2), ("wholesale ", 2), ("Nobody", None)]
)
def test_a_group_is_found_as_the_database_compares(bench: Bench, code: str, group_id: int | None) -> None:
    assert bench.read(lambda c: groups.find(c, bench.shop, code)) == group_id


def test_a_new_group_invalidates_the_price_index(bench: Bench) -> None:
    bench.sql("UPDATE {p}indexer_state SET status='valid'")
    group_id = _create(bench, " Staff ")
    assert bench.row("customer_group", customer_group_id=group_id)["customer_group_code"] == "Staff"
    assert bench.row("customer_group", customer_group_id=group_id)["tax_class_id"] == 3, "facts 7: default tax class"
    states = _states(bench)
    assert {i for i, status in states.items() if status == "invalid"} == set(aftermath.OF_GROUPS) & set(states), (
        "facts 7"
    )


def test_a_taken_code_is_a_duplicate(bench: Bench) -> None:
    for code in ("General", "general", "not logged in"):
        with pytest.raises(errors.Duplicate) as caught:
            _create(bench, code)
        assert caught.value.key == "customer_group_code", "facts 7: unique by PHP only"


@pytest.mark.parametrize(
    ("code", "more"), [("", {}), ("  ", {}), ("a😀", {}), ("x", {"tax_class_id": 2}), ("x", {"tax_class_id": 99})]
)
def test_what_no_group_can_be(bench: Bench, code: str, more: dict[str, Any]) -> None:
    with pytest.raises(errors.Rejected):
        _create(bench, code, **more)
    assert len(bench.rows("customer_group")) == 4


def test_long_codes_are_shortened_and_stay_apart(bench: Bench) -> None:
    long = "Engineering Department, Building"
    ids = [_create(bench, f"{long} {n}") for n in ("North", "South")]
    codes = [bench.row("customer_group", customer_group_id=i)["customer_group_code"] for i in ids]
    assert codes[0] == long
    assert len(codes[1]) == 32
    assert codes[1].startswith("Engineering Department")
    assert codes[0] != codes[1]
    with pytest.raises(errors.Duplicate):
        _create(bench, f"{long} South")
    own = _create(bench, "y" * 40, shorten=lambda code, taken: "mine" if not taken("mine") else "other")
    assert bench.row("customer_group", customer_group_id=own)["customer_group_code"] == "mine"


def test_the_reserved_id_is_skipped(bench: Bench) -> None:
    bench.sql("ALTER TABLE {p}customer_group AUTO_INCREMENT=32000")
    try:
        assert _create(bench, "After") == 32001, "facts 7: 32000 means all groups"
        assert bench.rows("customer_group", customer_group_id=32000) == []
    finally:
        bench.sql("DELETE FROM {p}customer_group WHERE customer_group_id > 3")
        bench.sql("ALTER TABLE {p}customer_group AUTO_INCREMENT=4")


def test_renaming(bench: Bench) -> None:
    group_id = _create(bench, "Staff")
    assert _rename(bench, group_id, "Employees")
    assert not _rename(bench, group_id, "Employees")
    assert _rename(bench, group_id, "EMPLOYEES"), "a change of case is a change"
    with pytest.raises(errors.Duplicate):
        _rename(bench, group_id, "General")
    with pytest.raises(errors.Rejected):
        _rename(bench, 0, "Guests")
    with pytest.raises(errors.Rejected):
        _rename(bench, 99, "X")


def test_removing_moves_its_customers_to_their_default(bench: Bench) -> None:
    website, store = bench.second_website()
    bench.setting("customer/create_account/default_group", "3", "stores", store)
    group_id = _create(bench, "Staff")
    bench.shop.refresh()
    here, there = bench.create(group_id=group_id), bench.create(website_id=website, group_id=group_id)
    homeless = bench.create(email="h@example.com", group_id=group_id)
    bench.sql("UPDATE {p}customer_entity SET store_id=NULL, website_id=NULL WHERE entity_id=:e", e=homeless)
    other = bench.create(email="o@example.com", group_id=2)
    bench.put("quote", store_id=1, customer_id=there, is_active=1, customer_group_id=group_id)
    bench.put("customer_group_excluded_website", customer_group_id=group_id, website_id=1)
    bench.sql("UPDATE {p}indexer_state SET status='valid'")
    excluded = bench.read(lambda c: groups.fetch(c, bench.shop))[group_id].excluded
    assert excluded == {1}
    assert _remove(bench, group_id)
    expected = {here: 1, there: 3, homeless: 1, other: 2}
    found = {r["entity_id"]: r["group_id"] for r in bench.rows("customer_entity")}
    assert found == expected, "facts 7: the default group of the customer's store"
    assert {r["entity_id"]: r["group_id"] for r in bench.rows("customer_grid_flat")} == expected
    assert bench.row("quote")["customer_group_id"] == 3
    assert bench.rows("customer_group_excluded_website") == []
    assert _states(bench)["catalog_product_price"] == "invalid"
    assert not _remove(bench, group_id)


def test_what_may_not_be_removed(bench: Bench) -> None:
    bench.setting("customer/create_account/default_group", "3", "stores", 1)
    for group_id in (0, 1, 3):
        with pytest.raises(errors.Rejected):
            _remove(bench, group_id)
    assert len(bench.rows("customer_group")) == 4, "facts 7: id > 0 and no store's default"
    assert _remove(bench, 2)
