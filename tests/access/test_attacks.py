"""What somebody tries who wants in, or more than he may: other tenants, scopes, paths, hosts, headers, smuggled requests."""

import json
import re
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from app.ledger import tables, tokens
from tests import live
from tests.users.conftest import PATCH, USER, Client, Make

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
ADA: dict[str, Any] = {"schemas": [USER], "userName": "a@example.com", "name": {"givenName": "A", "familyName": "L"}}
TENANTS = """version: 1
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
tenants:
  mine: {}
  theirs: {}
"""


# --- scopes ---


@pytest.fixture
def reader(scim: Client) -> Client:
    """A client whose token may read only."""
    with scim.engine.begin() as connection:
        ledger = tables.define(scim.prefix)
        secret = tokens.create(connection, ledger, "reader", "default", frozenset({"read"}), datetime(2026, 1, 1))
    return Client(scim.app, scim.engine, secret, scim.prefix)


OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


def test_who_may_read_cannot_write_by_any_way(scim: Client, reader: Client) -> None:
    user_id = scim.create()["id"]
    before = [scim.rows(table) for table in ("customer_entity", "customer_group", "scim_journal")]
    operations = [{"op": "replace", "path": "title", "value": "x"}]
    bulk = {"schemas": [BULK], "Operations": [{"method": "DELETE", "path": f"/Users/{user_id}"}]}
    for method, path, body in (
        ("POST", "/Users", ADA),
        ("PUT", f"/Users/{user_id}", ADA),
        ("PATCH", f"/Users/{user_id}", {"schemas": [PATCH], "Operations": operations}),
        ("DELETE", f"/Users/{user_id}", None),
        ("POST", "/Groups", {"displayName": "Mine"}),
        ("POST", "/Bulk", bulk),
        ("DELETE", "/Me", None),
        ("DELETE", f"//Users//{user_id}", None),
        ("DELETE", f"/users/{user_id}/", None),
    ):
        assert reader.send(method, path, body).status_code == 403, (method, path)
    for header in OVERRIDES:
        for path, given in ((f"/Users/{user_id}", "GET"), ("/Users/.search", "POST")):
            body = {"schemas": [SEARCH]} if given == "POST" else None
            answer = reader.send(given, f"{path}?_method=DELETE", body, **{header: "DELETE"})
            assert answer.status_code == 200, "it is read, and nothing else"
    assert [scim.rows(table) for table in ("customer_entity", "customer_group", "scim_journal")] == before


# --- tenants ---


def test_another_tenant_s_token_opens_nothing(make: Make) -> None:
    app = make(TENANTS)
    mine, theirs = app.of("mine"), app.of("theirs")
    user_id = theirs.create()["id"]
    before = theirs.rows("customer_entity")
    mine.base = ""
    for path in (
        "/scim/theirs/v2/Users",
        f"/scim/theirs/v2/Users/{user_id}",
        "/scim/mine/v2/../../theirs/v2/Users",
        "/scim/mine/../theirs/v2/Users",
        "/scim/mine/..;/theirs/v2/Users",
        "/scim/mine%2f..%2ftheirs/v2/Users",
        "/scim/mine/v2/%2e%2e/%2e%2e/theirs/v2/Users",
        "/SCIM/Theirs/V2/Users",
        "//scim//theirs//v2//Users",
        "/scim/theirs/Users",
        "/scim/theirs%00/v2/Users",
        "/scim/theirs;mine/v2/Users",
        f"/scim/mine/v2/Users/{user_id}",
        f"/scim/mine/v2/Users/%2e%2e%2f%2e%2e%2ftheirs/v2/Users/{user_id}",
    ):
        for method in ("GET", "DELETE"):
            answer = mine.send(method, path, X_Original_URL="/scim/theirs/v2/Users", X_Rewrite_URL="/scim/theirs/v2")
            assert answer.status_code in (401, 404, 405), (method, path, answer.text)
            assert "ada@" not in answer.text
    mine.base = "/scim/mine/v2"
    operations = [
        {"method": "DELETE", "path": path}
        for path in (
            f"/Users/{user_id}",
            f"/scim/theirs/v2/Users/{user_id}",
            f"http://localhost/scim/theirs/v2/Users/{user_id}",
            f"/Users/../../theirs/v2/Users/{user_id}",
            f"/Users/{user_id}%00",
            "/Bulk",
        )
    ]
    done = mine.send("POST", "/Bulk", {"schemas": [BULK], "Operations": operations}).get_json()
    assert {each["status"] for each in done["Operations"]} <= {"400", "404"}, done
    assert theirs.rows("customer_entity") == before


# --- what the service says of itself ---


def test_a_host_that_somebody_made_up_is_in_no_answer_where_the_base_url_is_set(make: Make) -> None:
    client = make(base_url="https://scim.example.com/scim/v2")
    user_id = client.create()["id"]
    group = client.send("POST", "/Groups", {"displayName": "Gold", "members": [{"value": user_id}]}).get_json()["id"]
    for headers in (
        {"Host": "evil.example"},
        {"X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "gopher", "X_Forwarded_Prefix": "/evil"},
        {"Forwarded": "host=evil.example;proto=gopher", "X_Host": "evil.example"},
    ):
        for path in ("/Users", f"/Users/{user_id}", f"/Groups/{group}", "/Schemas", "/openapi.json", "/nowhere"):
            answer = client.send("GET", path, **headers)
            assert "evil" not in answer.text + str(answer.headers), (headers, path)
        again = client.send("POST", "/Users", {**ADA, "userName": "ada@example.com"}, **headers)
        assert again.headers["Location"] == f"https://scim.example.com/scim/v2/Users/{user_id}"


@pytest.mark.parametrize("host", ["evil.example/x", 'a"b', "a b", "<script>", "a@b", "[::1", "a\\b", ""])
def test_a_host_that_is_none_is_no_location(scim: Client, host: str) -> None:
    for method, body in (("GET", None), ("POST", ADA)):
        answer = scim.send(method, "/Users", body, Host=host)
        assert (answer.status_code, answer.get_json()["scimType"]) == (400, "invalidSyntax"), answer.text
    assert scim.rows("customer_entity") == []


def test_nothing_redirects(scim: Client) -> None:
    client = scim.app.test_client()
    for path in (
        "//evil.example/scim/v2/Users",
        "/scim/v2//Users",
        "/scim//v2/Users/",
        "/scim/v2/Users/..%2f",
        "/scim",
    ):
        answer = client.get(path, headers=scim.headers)
        assert answer.status_code not in range(300, 400), path


@pytest.mark.parametrize("text", ["\r\nSet-Cookie: x=1", "\nX-Evil: 1", "\u2028X-Evil: 1", "%0d%0aX-Evil:1", "\x00"])
def test_what_a_client_sends_begins_no_header(scim: Client, text: str) -> None:
    user_id = scim.create(externalId=f"e{text}", nickName=text)["id"]
    sent = "".join(f"%{byte:02x}" for byte in text.encode())
    for answer in (
        scim.send("GET", f"/Users/{sent}"),
        scim.send("GET", f"/Users/{user_id}{sent}"),
        scim.get("/Users", filter=f'externalId eq "e{text}"'),
        scim.send("POST", "/Users", {**ADA, "userName": f"new{text}@example.com"}),
        scim.send("POST", "/Users", {**ADA, "externalId": f"e{text}"}),
        scim.send("GET", f"/{sent}"),
    ):
        assert answer.status_code < 500, answer.text
        assert not {"Set-Cookie", "X-Evil"} & set(answer.headers.keys())


@pytest.mark.parametrize(
    "name", ["__proto__", "constructor", "__class__", "__init__", "self", "kwargs", "$ref", "", "\x00"]
)
def test_a_name_that_means_something_elsewhere_is_a_name(scim: Client, name: str) -> None:
    answer = scim.send("POST", "/Users", {**ADA, name: {"polluted": True, "active": False}})
    assert answer.status_code in (201, 400), answer.text
    if answer.status_code == 201:
        user = scim.get(f"/Users/{answer.get_json()['id']}").get_json()
        assert (user["active"], "polluted" in user) == (True, False)
    for path in (name, f"{name}.x", f'{name}[x eq "1"]'):
        assert scim.patch("1", {"op": "replace", "path": path, "value": 1}).status_code in (400, 404)
        assert scim.get("/Users", filter=f'{path} eq "1"', sortBy=path, attributes=path).status_code in (200, 400)


# --- tokens ---


def test_a_token_is_taken_from_the_header_alone(scim: Client) -> None:
    secret = scim.headers["Authorization"].split()[1]
    scim.headers = {}
    for path, headers in (
        (f"/Users?access_token={secret}", {}),
        (f"/Users?token={secret}", {}),
        ("/Users", {"Cookie": f"access_token={secret}; Authorization=Bearer {secret}"}),
        ("/Users", {"X_Authorization": f"Bearer {secret}"}),
        ("/Users", {"Proxy_Authorization": f"Bearer {secret}"}),
        ("/Users", {"Authorization": f"Bearer {secret[:-1]}"}),
        ("/Users", {"Authorization": f"Bearer {secret}x"}),
        ("/Users", {"Authorization": f"Bearer {secret.swapcase()}"}),
        ("/Users", {"Authorization": f"Bearer {secret}, Bearer x"}),
        ("/Users", {"Authorization": f"Basic {secret}"}),
        ("/Users", {"Authorization": "Bearer \xff\xfe"}),
        ("/Users", {"Authorization": "Bearer %"}),
        ("/Users", {"Authorization": "Bearer ' OR '1'='1"}),
        ("/Users", {"Authorization": "Bearer " + "x" * 7000}),
    ):
        answer = scim.send("GET", path, **headers)
        assert answer.status_code == 401, (path, headers)
        assert secret not in answer.text


def test_a_wrong_token_takes_as_long_whatever_is_right_of_it(scim: Client) -> None:
    """It is looked for by its hash: no letter of it can be guessed by the time that an answer takes."""
    secret = scim.headers["Authorization"].split()[1]

    given = {"near": secret[:-1] + "~", "far": "~" * len(secret)}
    taken: dict[str, list[float]] = {name: [] for name in given}
    for _ in range(100):
        for name, token in given.items():
            started = time.perf_counter()
            assert scim.send("GET", "/Users?count=0", Authorization=f"Bearer {token}").status_code == 401
            taken[name].append(time.perf_counter() - started)
    near, far = (sorted(each)[50] for each in taken.values())
    assert abs(near - far) < 0.3 * max(near, far), (near, far)


# --- the wire ---


@pytest.fixture
def port(scim: Client, service_url: str) -> Iterator[int]:
    """The port of a service with two workers."""
    settings = {"SCIM_DATABASE_URL": service_url, "SCIM_TABLE_PREFIX": scim.prefix}
    with live.serve(settings) as base:
        yield int(base.split(":")[2].split("/")[0])


def _send(port: int, text: str) -> list[int]:
    """Send bytes on one connection; gives the statuses of all answers that come."""
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(text.encode("latin-1"))
        line.shutdown(socket.SHUT_WR)
        got = b""
        while piece := line.recv(65536):
            got += piece
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3})", got)]


def test_no_request_is_smuggled_inside_another(scim: Client, port: int) -> None:
    user_id = scim.create()["id"]
    head = f"Host: x\r\nAuthorization: {scim.headers['Authorization']}\r\nContent-Type: application/scim+json\r\n"
    inner = f"DELETE /scim/v2/Users/{user_id} HTTP/1.1\r\n{head}\r\n"
    search = json.dumps({"schemas": [SEARCH]})
    post = f"POST /scim/v2/Users/.search HTTP/1.1\r\n{head}"
    chunked = f"{len(search):x}\r\n{search}\r\n0\r\n\r\n"
    for name, text in {
        "both lengths": f"{post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        "two lengths": f"{post}Content-Length: 0\r\nContent-Length: {len(inner)}\r\n\r\n{inner}",
        "a list of lengths": f"{post}Content-Length: 0, {len(inner)}\r\n\r\n{inner}",
        "a signed length": f"{post}Content-Length: +0\r\n\r\n{inner}",
        "a negative length": f"{post}Content-Length: -1\r\n\r\n{inner}",
        "a coding nobody knows": f"{post}Transfer-Encoding: xchunked\r\n\r\n{chunked}{inner}",
        "a blank before the colon": f"{post}Transfer-Encoding : chunked\r\n\r\n{chunked}{inner}",
        "a folded header": f"{post}Transfer-Encoding:\r\n chunked\r\n\r\n{chunked}{inner}",
        "a chunk's size with a sign": f"{post}Transfer-Encoding: chunked\r\n\r\n+{chunked}{inner}",
        "a bare line feed": f"{post}X: 1\nTransfer-Encoding: chunked\r\n\r\n{chunked}{inner}",
    }.items():
        statuses = _send(port, text)
        assert 204 not in statuses, f"{name}: {statuses}"
        assert scim.rows("customer_entity", entity_id=int(user_id)), name
        assert all(status < 500 or status == 501 for status in statuses), f"{name}: {statuses}"


def test_headers_that_look_like_others_are_not_taken_for_them(scim: Client, port: int) -> None:
    secret = scim.headers["Authorization"]
    assert _send(port, f"GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization : {secret}\r\n\r\n") == [400]
    assert _send(port, f"GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorizatio\u00f1: {secret}\r\n\r\n") in (
        [400],
        [401],
    )
    scim.execute("UPDATE {p}scim_token SET networks = '203.0.113.0/24'")
    for name in ("X-Forwarded-For", "X_Forwarded_For", "Forwarded", "X-Real-IP", "True-Client-IP", "Client-IP", "Via"):
        text = f"GET /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: {secret}\r\n{name}: 203.0.113.9\r\n"
        assert _send(port, f"{text}Connection: close\r\n\r\n") == [403], name


def test_an_accept_header_or_an_entity_tag_of_any_length_costs_little(scim: Client) -> None:
    user_id = scim.create()["id"]
    for name, text in {
        "Accept": ",".join(f"a/{n};q=0.{n % 10}" for n in range(700)),
        "If-None-Match": ",".join(f'W/"{n}"' for n in range(900)),
        "If-Match": '"' * 8000,
        "Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(900)),
        "Cookie": "; ".join(f"c{n}=1" for n in range(900)),
    }.items():
        started = time.perf_counter()
        answer = scim.send("GET", f"/Users/{user_id}", **{name.replace("-", "_"): text})
        assert answer.status_code in (200, 304, 406, 412), (name, answer.text)
        assert time.perf_counter() - started < 1, name
