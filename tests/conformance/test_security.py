"""Who may ask, and what is told (RFC 7643 section 9, RFC 7644 sections 2, 6 and 7)."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import launch
from app.ledger import tokens
from app.mapping import group_ids
from tests.conformance.conftest import GROUP, Service, told
from tests.users.conftest import PATCH

ROOT = Path(__file__).parent.parent.parent


def _as(scim: Service, headers: dict[str, str], method: str, path: str, body: Any = None) -> Any:
    client = scim.app.test_client()
    return client.open(f"/scim/v2{path}", method=method, json=body, headers=headers)


@pytest.mark.requirement(41, 42, 117)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/Users"), ("POST", "/Users"), ("GET", "/Users/1"), ("PUT", "/Users/1"), ("PATCH", "/Users/1"),
     ("DELETE", "/Users/1"), ("GET", "/Groups"), ("POST", "/Groups"), ("POST", "/Bulk"), ("POST", "/Users/.search"),
     ("POST", "/.search"), ("GET", "/"), ("GET", "/Me"), ("POST", "/Me")],
)  # fmt: skip
def test_nobody_gets_in_without_a_token(scim: Service, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}):
        answer = _as(scim, headers, method, path, scim.body())
        assert told(answer) == (401, None)
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="SCIM"')


@pytest.mark.requirement(41, 118)
def test_a_token_has_scopes(scim: Service) -> None:
    reader, writer = scim.token(scopes="read"), scim.token(scopes="write")
    user = scim.create()
    path = f"/Users/{user['id']}"
    assert _as(scim, reader, "GET", path).status_code == 200
    assert _as(scim, reader, "POST", "/Users/.search", {"schemas": [], "count": 1}).status_code in (200, 400)
    change = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "x"}]}
    for method, where, body in (
        ("POST", "/Users", scim.body()),
        ("PUT", path, scim.body()),
        ("PATCH", path, change),
        ("DELETE", path, None),
        ("POST", "/Bulk", {}),
        ("POST", "/Groups", {"schemas": [GROUP], "displayName": "x"}),
    ):
        assert told(_as(scim, reader, method, where, body)) == (403, None), method
    assert told(_as(scim, writer, "GET", path)) == (403, None)
    assert scim.read(user["id"]) == user


@pytest.mark.requirement(113)
def test_another_tenant_s_token_does_not_open_this_one(scim: Service) -> None:
    assert told(_as(scim, scim.token(tenant="other"), "GET", "/Users")) == (401, None)


@pytest.mark.requirement(113)
def test_another_tenant_s_users_and_groups_are_not_there(scim: Service) -> None:
    user, group = scim.create(externalId=scim.name("x")), scim.group()
    scim.execute("UPDATE {p}scim_link SET tenant = 'other' WHERE entity_id = :i", i=int(user["id"]))
    scim.execute("UPDATE {p}scim_group SET tenant = 'other' WHERE group_id = :i", i=group_ids.number(group["id"]))
    for path, text in (
        (f"/Users/{user['id']}", f'externalId eq "{user["externalId"]}"'),
        (f"/Groups/{group['id']}", f'displayName eq "{group["displayName"]}"'),
    ):
        assert told(scim.get(path)) == (404, None)
        assert told(scim.send("DELETE", path)) == (404, None)
        assert scim.get("/", filter=text).get_json()["totalResults"] == 0


@pytest.mark.requirement(115, 145)
def test_tokens_end_at_once_and_are_kept_as_hashes(scim: Service) -> None:
    for ending in ({"expires_at": "2020-01-01"}, {"revoked_at": "2020-01-01"}):
        headers = scim.token()
        assert _as(scim, headers, "GET", "/Users").status_code == 200
        secret = headers["Authorization"].partition(" ")[2]
        assert len(secret) >= 43, "256 random bits"
        column, value = next(iter(ending.items()))
        newest = max(row["token_id"] for row in scim.rows("scim_token"))
        (row,) = scim.rows("scim_token", token_id=newest)
        assert row["last_used_at"]
        assert secret not in str(row)
        scim.execute(f"UPDATE {{p}}scim_token SET {column} = '{value}' WHERE token_id = {newest}")
        answer = _as(scim, headers, "GET", "/Users")
        assert (told(answer), "invalid_token" in answer.headers["WWW-Authenticate"]) == ((401, None), True)


@pytest.mark.requirement(145)
def test_a_token_is_rotated_without_a_gap(scim: Service) -> None:
    old = scim.token()
    new = scim.token()
    assert [_as(scim, headers, "GET", "/Users?count=0").status_code for headers in (old, new)] == [200, 200]
    assert tokens.SCOPES == ("read", "write")


@pytest.mark.requirement(114)
def test_behind_a_proxy_every_location_is_its(start: Callable[..., Service]) -> None:
    scim = start(base_url="https://scim.example.com/scim/v2")
    user = scim.create()
    assert user["meta"]["location"] == f"https://scim.example.com/scim/v2/Users/{user['id']}"
    assert scim.get("/ServiceProviderConfig").get_json()["meta"]["location"].startswith("https://scim.example.com/")


@pytest.mark.requirement(114)
def test_it_listens_on_the_machine_itself_only() -> None:
    listening = [*Path(launch.__file__).read_text().split(), *(ROOT / "README.md").read_text().split()]
    assert any("127.0.0.1" in word for word in listening)
    assert not [word for word in listening if "0.0.0.0" in word]


@pytest.mark.requirement(21, 118, 146)
def test_logs_hold_no_secret(scim: Service, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        user = scim.create(password="Correct-Horse-7!", nickName="Enchantress")
        scim.change(f"/Users/{user['id']}", {"op": "replace", "path": "password", "value": "Correct-Horse-8!"})
        scim.get("/Users", filter=f'userName eq "{user["userName"]}"')
        scim.post(userName=user["userName"], password="Correct-Horse-9!")
        scim.post(password="Correct-Horse", userName="")
        scim.post(password=["Correct-Horse"])
    token = scim.headers["Authorization"].partition(" ")[2]
    for secret in ("Correct-Horse", token, "Enchantress", user["userName"]):
        assert secret not in caplog.text


@pytest.mark.requirement(116)
def test_passwords_are_searched_by_nobody(scim: Service) -> None:
    answer = scim.get("/Users", filter='password eq "Correct-Horse-7!"')
    assert told(answer) == (400, "invalidFilter")
    assert "Correct-Horse" not in answer.text
