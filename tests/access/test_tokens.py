"""From where a token may be used, what is said of one that soon ends, and of a header that never arrived."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.users.conftest import Client, Make


def _only_from(scim: Client, networks: str) -> None:
    scim.execute("UPDATE {p}scim_token SET networks = :n", n=networks)


@pytest.mark.parametrize(
    ("address", "networks", "status"),
    [
        ("203.0.113.9", "203.0.113.0/24", 200),
        ("203.0.114.9", "203.0.113.0/24", 403),
        ("203.0.114.9", "203.0.113.0/24 203.0.114.9/32", 200),
        ("2001:db8::7", "2001:db8::/64", 200),
        ("2001:db9::7", "2001:db8::/64", 403),
        ("::ffff:203.0.113.9", "203.0.113.0/24", 200),
        ("", "203.0.113.0/24", 403),
    ],
)
def test_a_token_is_for_its_addresses_only(scim: Client, address: str, networks: str, status: int) -> None:
    _only_from(scim, networks)
    client = scim.app.test_client()
    answer = client.get("/scim/v2/Users?count=0", headers=scim.headers, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status
    if status == 403:
        assert "token create --from" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        (0, "203.0.113.9", 403),  # anybody can write the header
        (1, "203.0.113.9", 200),
        (1, "203.0.113.9, 198.51.100.1", 403),  # the last one is what the server in front saw
        (2, "203.0.113.9, 198.51.100.1", 200),
    ],
)
def test_behind_web_servers_the_address_is_what_they_saw(make: Make, proxies: int, forwarded: str, status: int) -> None:
    scim = make(proxies=proxies)
    _only_from(scim, "203.0.113.0/24")
    headers = {**scim.headers, "X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https, https"}
    answer = scim.app.test_client().get("/scim/v2/Users?count=0", headers=headers)
    assert answer.status_code == status


def test_a_location_is_https_where_the_web_server_in_front_says_so(make: Make) -> None:
    scim = make(proxies=1)
    headers = {**scim.headers, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    found = scim.app.test_client().get("/scim/v2/ServiceProviderConfig", headers=headers).get_json()
    assert found["meta"]["location"].startswith("https://")


def test_the_log_warns_of_a_token_that_soon_ends(scim: Client, caplog: pytest.LogCaptureFixture) -> None:
    soon = datetime.now(UTC).replace(tzinfo=None) + timedelta(days=3)
    scim.execute("UPDATE {p}scim_token SET expires_at = :at", at=soon)
    with caplog.at_level(logging.WARNING):
        assert [scim.get("/Users", count=0).status_code for _ in range(3)] == [200] * 3
    assert len([record for record in caplog.records if "make its successor" in record.getMessage()]) == 1


@pytest.mark.parametrize(
    ("header", "value", "named"),
    [("X-Forwarded-For", "203.0.113.9", "X-Forwarded-For"), ("Via", "1.1 front", "Via")],
)
def test_a_header_that_a_front_server_swallowed_is_recognised(
    scim: Client, header: str, value: str, named: str
) -> None:
    answer = scim.app.test_client().get("/scim/v2/Users", headers={header: value})
    assert answer.status_code == 401
    detail = answer.get_json()["detail"]
    assert named in detail
    assert "CGIPassAuth" in detail
    assert "proxy_set_header Authorization" in detail


def test_a_header_that_apache_moved_is_recognised(scim: Client) -> None:
    moved = {"REDIRECT_HTTP_AUTHORIZATION": scim.headers["Authorization"]}
    answer = scim.app.test_client().get("/scim/v2/Users", environ_overrides=moved)
    assert "CGIPassAuth" in answer.get_json()["detail"]


def test_without_a_front_server_nobody_is_blamed(scim: Client) -> None:
    detail = scim.app.test_client().get("/scim/v2/Users").get_json()["detail"]
    assert detail == "Send the header: Authorization: Bearer <token>."


def test_a_front_server_s_own_password_is_recognised(scim: Client) -> None:
    answer = scim.app.test_client().get("/scim/v2/Users", headers={"Authorization": "Basic YTpi"})
    assert "a web server in front that asks for a password" in answer.get_json()["detail"]


def test_browsers_and_caches_may_do_nothing_with_an_answer(scim: Client) -> None:
    for path in ("/scim/v2/Users?count=0", "/scim/v2/nowhere", "/scim/v2/Schemas", "/healthz"):
        headers = scim.app.test_client().get(path, headers=scim.headers).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert (headers["Referrer-Policy"], headers["X-Frame-Options"]) == ("no-referrer", "DENY")


def test_a_revoked_token_is_refused_when_it_is_read_again_at_the_latest(make: Make) -> None:
    scim = make(token_seconds=1.5)
    reads: list[str] = []
    reader = scim.app.extensions["magento-scim"].shop.reader

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        reads.append(statement)

    sa.event.listen(reader, "before_cursor_execute", note)
    for _ in range(3):
        assert scim.get("/Users", count=0).status_code == 200
    assert len([s for s in reads if "scim_token" in s]) == 1, "it is read once"
    scim.execute("UPDATE {p}scim_token SET revoked_at = '2026-01-01'")
    revoked, answer = time.monotonic(), scim.get("/Users", count=0)
    while answer.status_code == 200 and time.monotonic() - revoked < 5:
        time.sleep(0.1)
        answer = scim.get("/Users", count=0)
    assert answer.status_code == 401
    assert time.monotonic() - revoked < 2.5


def test_an_unknown_token_is_looked_for_every_time(make: Make) -> None:
    scim = make(token_seconds=60)
    scim.execute("UPDATE {p}scim_token SET hash = REVERSE(hash)")
    assert scim.get("/Users", count=0).status_code == 401
    scim.execute("UPDATE {p}scim_token SET hash = REVERSE(hash)")
    assert scim.get("/Users", count=0).status_code == 200, "a new token works at once"
