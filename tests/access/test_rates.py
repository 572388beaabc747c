"""How often a token may ask: 429, Retry-After and the headers that count (requirement 140)."""

import os
import time

import pytest

from app import rates
from tests.users.conftest import Client, Make


def test_a_minute_s_requests_may_come_at_once_and_then_one_by_one() -> None:
    accounts = rates.Rates(6)
    assert [accounts.take(1, 100.0).remaining for _ in range(6)] == [5, 4, 3, 2, 1, 0]
    refused = accounts.take(1, 100.0)
    assert (refused.remaining, refused.wait) == (0, pytest.approx(10))
    assert accounts.take(1, 109.0).wait == pytest.approx(1)
    assert accounts.take(1, 110.0).wait == 0
    assert accounts.take(1, 110.0).wait == pytest.approx(10)
    assert accounts.take(2, 110.0).remaining == 5, "another token has an account of its own"
    assert accounts.take(1, 500.0).remaining == 5, "the past is forgotten"


def test_workers_count_together() -> None:
    accounts = rates.Rates(100)
    for _ in range(3):
        if (child := os.fork()) == 0:
            for _ in range(10):
                accounts.take(7, 50.0)
            os._exit(0)
        os.waitpid(child, 0)
    assert accounts.take(7, 50.0).remaining == 69


@pytest.mark.requirement(140)
def test_who_asks_too_often_is_told_when_to_come_again(make: Make) -> None:
    scim = make(rate_limit=3)
    now = time.time()
    for left in (2, 1, 0):
        answer = scim.get("/Users", count=0)
        assert (answer.status_code, answer.headers["X-Rate-Limit-Remaining"]) == (200, str(left))
        assert answer.headers["X-Rate-Limit-Limit"] == "3"
        assert now < int(answer.headers["X-Rate-Limit-Reset"]) <= now + 62
    refused = scim.send("POST", "/Users", {})
    assert refused.status_code == 429
    assert refused.get_json()["status"] == "429"
    assert 1 <= int(refused.headers["Retry-After"]) <= 21
    assert refused.headers["X-Rate-Limit-Remaining"] == "0"
    assert "3 times a minute" in refused.get_json()["detail"]
    other = Client(scim.app, scim.engine, scim.of("default").headers["Authorization"][7:], scim.prefix)
    assert other.get("/Users", count=0).status_code == 200


def test_without_a_limit_nothing_is_counted(scim: Client) -> None:
    assert not [name for name, _ in scim.get("/Users", count=0).headers if "rate" in name.lower()]
