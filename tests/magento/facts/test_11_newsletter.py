"""Facts 11: newsletter rows. The whole table of statuses is in test_newsletter.py."""

import re

import pytest

from app.magento import newsletter
from tests.magento.conftest import NOW, Bench
from tests.magento.facts.table import Fact, after, changed, made, rows, setting, sql, values

TABLE = "newsletter_subscriber"
STATUS = values(TABLE, "subscriber_status")
SUBSCRIBED = made("email", newsletter=True)
GUEST = sql(
    "INSERT INTO {p}newsletter_subscriber (store_id, customer_id, subscriber_email, subscriber_status) VALUES (1, 0, 'ADA@example.com', 1)"
)
CONFIRM, CONFIRM_ACCOUNT = setting(newsletter.CONFIRM, "1"), setting(newsletter.CONFIRM_ACCOUNT, "1")


def _code(bench: Bench) -> bool:
    bench.create(newsletter=True)
    return bool(re.fullmatch("[a-z0-9]{32}", bench.row(TABLE)["subscriber_confirm_code"]))


FACTS = [
    Fact("11", "found by customer id, so no second row", after(SUBSCRIBED, changed(newsletter=False), changed(newsletter=True), STATUS), [1]),
    Fact("11", "else by e-mail", after(GUEST, SUBSCRIBED, rows(TABLE, "subscriber_email", "subscriber_status")), [("ada@example.com", 1)]),
    Fact("11", "a new row", after(SUBSCRIBED, rows(TABLE, "store_id", "subscriber_email", "subscriber_status", "change_status_at")), [(1, "ada@example.com", 1, NOW)]),
    Fact("11", "its code: 32 small letters and digits", _code, True),
    Fact("11", "change_status_at only when the status changes", after(SUBSCRIBED, changed(email="n@example.com"), values(TABLE, "change_status_at")), [NOW]),
    Fact("11", "status 4 while the account waits for its confirmation", after(CONFIRM_ACCOUNT, made("email", newsletter=True, confirmation="k"), STATUS), [4]),
    Fact("11", "status 2 where the newsletter wants one", after(CONFIRM, SUBSCRIBED, STATUS), [2]),
    Fact("11", "else status 1", after(SUBSCRIBED, STATUS), [1]),
    Fact("11", "unsubscribe: 1 becomes 3", after(SUBSCRIBED, changed(newsletter=False), STATUS), [3]),
    Fact("11", "unsubscribe: no row is made", after(made("email", newsletter=False), STATUS), []),
    Fact("11", "status 4 without a confirmation becomes a subscription", after(
        CONFIRM_ACCOUNT, made("email", newsletter=True, confirmation="k"), changed(confirmation=None), STATUS), [1]),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_facts_11(bench: Bench, fact: Fact) -> None:
    fact.check(bench)
