"""Newsletter subscriptions: the rows that Magento's own save leaves, per website and store view (facts 5.1, 11)."""

import re
from datetime import datetime
from typing import Any

import pytest

from app.magento import customers, errors, newsletter
from tests.magento.conftest import LATER, NOW, Bench

EARLIER = datetime(2020, 1, 1)
EMAIL = "ada@example.com"
CONFIRM, CONFIRM_ACCOUNT = {newsletter.CONFIRM: "1"}, {newsletter.CONFIRM_ACCOUNT: "1"}


def subscription(bench: Bench, **row: Any) -> int:
    given = {"store_id": 1, "subscriber_email": EMAIL, "subscriber_status": 1, "change_status_at": EARLIER}
    return bench.put("newsletter_subscriber", **{**given, "subscriber_confirm_code": "c" * 32, **row})


def test_a_new_subscription_is_magentos_row(bench: Bench) -> None:
    entity_id = bench.create(newsletter=True)
    row = bench.row("newsletter_subscriber")
    code = row.pop("subscriber_confirm_code")
    assert re.fullmatch("[a-z0-9]{32}", code), "facts 11"
    row.pop("subscriber_id")
    assert row == {
        "store_id": 1,
        "change_status_at": NOW,
        "customer_id": entity_id,
        "subscriber_email": EMAIL,
        "subscriber_status": 1,
    }


# Facts 11: what is said at a creation, settings, confirmation of the account -> the new row's status, None for none.
CREATED: list[tuple[bool | None, dict[str, str], str | None, int | None]] = [
    (None, {}, None, None),
    (False, {}, None, None),
    (True, {}, None, 1),
    (True, CONFIRM, None, 2),
    (True, {}, "key", 1),
    (True, CONFIRM_ACCOUNT, None, 1),
    (True, CONFIRM_ACCOUNT, "key", 4),
    (True, {**CONFIRM, **CONFIRM_ACCOUNT}, "key", 4),
]


@pytest.mark.parametrize(("wanted", "settings", "confirmation", "status"), CREATED)
def test_the_status_at_a_creation(
    bench: Bench, wanted: bool | None, settings: dict[str, str], confirmation: str | None, status: int | None
) -> None:
    for path, value in settings.items():
        bench.setting(path, value)
    bench.create(newsletter=wanted, confirmation=confirmation)
    assert [row["subscriber_status"] for row in bench.rows("newsletter_subscriber")] == ([status] if status else [])


# Status before, what is wanted, settings, confirmation -> status afterwards and whether its change is dated.
CHANGED: list[tuple[int, bool | None, dict[str, str], str | None, int]] = [
    (1, True, {}, None, 1),
    (1, False, {}, None, 3),
    (1, None, {}, None, 1),
    (2, True, {}, None, 1),
    (2, True, CONFIRM, None, 2),
    (2, False, {}, None, 2),
    (3, True, {}, None, 1),
    (3, True, CONFIRM, None, 2),
    (3, True, CONFIRM_ACCOUNT, "key", 4),
    (3, False, {}, None, 3),
    (4, False, CONFIRM_ACCOUNT, "key", 4),
    (4, True, CONFIRM_ACCOUNT, "key", 4),
    (4, False, {}, None, 1),  # the side effect: no confirmation is outstanding, so Magento's save subscribes
    (4, True, CONFIRM, None, 2),
]


@pytest.mark.parametrize(("before", "wanted", "settings", "confirmation", "after"), CHANGED)
def test_the_status_at_a_change(
    bench: Bench, before: int, wanted: bool | None, settings: dict[str, str], confirmation: str | None, after: int
) -> None:
    for path, value in settings.items():
        bench.setting(path, value)
    entity_id = bench.create(confirmation=confirmation)
    subscription(bench, customer_id=entity_id, subscriber_status=before)
    assert bench.change(entity_id, **({} if wanted is None else {"newsletter": wanted})) == (before != after)
    row = bench.row("newsletter_subscriber")
    assert row["subscriber_status"] == after
    assert row["change_status_at"] == (EARLIER if before == after else LATER), "facts 11: when the status changes"
    assert row["subscriber_confirm_code"] == "c" * 32
    updated = bench.row("customer_entity")["updated_at"]
    assert updated == (NOW if before == after else LATER), "it is a save of the customer"


def test_unsubscribing_makes_no_row(bench: Bench) -> None:
    entity_id = bench.create()
    assert not bench.change(entity_id, newsletter=False)
    assert bench.rows("newsletter_subscriber") == []


@pytest.mark.parametrize("status", [1, 2, 3, 4])
def test_a_guests_subscription_becomes_the_customers(bench: Bench, status: int) -> None:
    """Found by its e-mail, whatever its case: Plugin/CustomerPlugin takes it over on the first save."""
    subscription(bench, customer_id=0, subscriber_email="ADA@Example.com", subscriber_status=status)
    subscription(bench, customer_id=0, subscriber_email="other@example.com")
    entity_id = bench.create()
    mine, other = bench.rows("newsletter_subscriber")
    assert (mine["customer_id"], mine["subscriber_email"]) == (entity_id, EMAIL)
    assert mine["subscriber_status"] == (1 if status == 4 else status)
    assert other["customer_id"] == 0


@pytest.mark.parametrize(("wanted", "status"), [(True, 1), (False, 3)])
def test_a_wish_holds_for_what_a_guest_had(bench: Bench, wanted: bool, status: int) -> None:
    subscription(bench, customer_id=0, subscriber_status=1 if not wanted else 3)
    bench.create(newsletter=wanted)
    assert bench.row("newsletter_subscriber")["subscriber_status"] == status


def test_a_website_has_its_own(bench: Bench) -> None:
    website, store = bench.second_website()
    elsewhere = subscription(bench, customer_id=0, store_id=1)
    entity_id = bench.create(website_id=website, store_id=store)
    assert bench.row("newsletter_subscriber", subscriber_id=elsewhere)["customer_id"] == 0, "of another website"
    bench.change(entity_id, newsletter=True)
    assert [row["store_id"] for row in bench.rows("newsletter_subscriber")] == [1, store]
    bench.setting(newsletter.CONFIRM, "1", "stores", store)
    bench.change(entity_id, newsletter=False)
    bench.change(entity_id, newsletter=True)
    assert bench.row("newsletter_subscriber", store_id=store)["subscriber_status"] == 2, "the store view's setting"
    assert bench.row("newsletter_subscriber", store_id=1)["subscriber_status"] == 1


def test_the_email_follows_with_its_own_status(bench: Bench) -> None:
    entity_id = bench.create(newsletter=True)
    bench.change(entity_id, email="new@example.com")
    row = bench.row("newsletter_subscriber")
    assert (row["subscriber_email"], row["subscriber_status"], row["change_status_at"]) == ("new@example.com", 1, NOW)


def test_email_and_wish_at_once(bench: Bench) -> None:
    entity_id = bench.create(newsletter=True)
    bench.statements.clear()
    bench.change(entity_id, email="new@example.com", newsletter=False)
    row = bench.row("newsletter_subscriber")
    assert (row["subscriber_email"], row["subscriber_status"]) == ("new@example.com", 3)
    updates = [text for text in bench.statements if text.startswith("UPDATE") and "newsletter" in text]
    assert len(updates) == 1, "one change of one row"


def test_a_guests_subscription_of_the_new_email_becomes_the_customers(bench: Bench) -> None:
    entity_id = bench.create()
    subscription(bench, customer_id=0, subscriber_email="new@example.com")
    bench.change(entity_id, email="new@example.com")
    assert bench.row("newsletter_subscriber")["customer_id"] == entity_id


def test_a_confirmed_account_is_subscribed(bench: Bench) -> None:
    """Facts 11: status 4 without an outstanding confirmation becomes a subscription."""
    bench.setting(newsletter.CONFIRM_ACCOUNT, "1")
    entity_id = bench.create(newsletter=True, confirmation="key")
    assert bench.row("newsletter_subscriber")["subscriber_status"] == 4
    bench.change(entity_id, confirmation=None)
    assert bench.row("newsletter_subscriber")["subscriber_status"] == 1


@pytest.mark.parametrize(("confirmation", "after"), [(None, 1), ("key", 4)])
def test_any_save_subscribes_who_waits_for_no_confirmation(bench: Bench, confirmation: str | None, after: int) -> None:
    """Facts 11: the side effect of a repository save, whatever it changes; deactivation is none."""
    bench.setting(newsletter.CONFIRM_ACCOUNT, "1")
    entity_id = bench.create(confirmation=confirmation)
    subscription(bench, customer_id=entity_id, subscriber_status=4)
    bench.turn(entity_id, active=False)
    assert bench.row("newsletter_subscriber")["subscriber_status"] == 4
    bench.turn(entity_id, active=True)
    bench.change(entity_id, suffix="Jr.")
    assert bench.row("newsletter_subscriber")["subscriber_status"] == after


def test_an_email_that_the_newsletter_cannot_keep(bench: Bench) -> None:
    with pytest.raises(errors.Rejected, match="150 characters"):
        bench.create(newsletter=True, email=f"{'a' * 60}@{'b' * 60}.{'c' * 40}.example.com")


def test_what_is_read(bench: Bench) -> None:
    """Of many customers at once: by id, else by e-mail (facts 11)."""
    first = bench.create(newsletter=True)
    second = bench.create(email="josé@example.com")
    third = bench.create(email="none@example.com")
    subscription(bench, customer_id=0, subscriber_email="JOSE@example.com ", subscriber_status=3)
    ids = [first, second, third]
    found = bench.read(lambda c: customers.fetch(c, bench.shop, ids, codes=["newsletter"]))
    assert [found[entity_id].data["newsletter"] for entity_id in ids] == [1, 3, None]


def test_a_shop_without_a_newsletter_has_no_such_attribute(bench: Bench) -> None:
    assert "newsletter" in bench.shop.catalog.customer
    assert bench.shop.catalog.customer["newsletter"].attribute_id is None
