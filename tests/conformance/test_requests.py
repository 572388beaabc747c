"""Requests about one resource, and what holds for all requests (RFC 7644 sections 3.1 to 3.6 and 3.8 to 3.14)."""

from typing import Any

import pytest

from tests.conformance.conftest import GROUP, Service, told
from tests.scim.table import rows
from tests.users.conftest import ENTERPRISE, PATCH, USER

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SCIM_TYPES = {"invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget",
              "invalidValue", "invalidVers", "sensitive", "invalidCursor", "expiredCursor", "invalidCount"}  # fmt: skip
STATUSES = {307, 308, 400, 401, 403, 404, 405, 409, 412, 413, 415, 429, 500, 501, 503}


@pytest.mark.requirement(45, 46, 47, 48, 99, 107)
def test_a_create_is_answered_with_the_resource(scim: Service) -> None:
    answer = scim.post(nickName="Ada")
    user = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == user["meta"]["location"]
    assert answer.headers["ETag"] == user["meta"]["version"]
    assert answer.headers["Content-Type"] == "application/scim+json"
    assert user["nickName"] == "Ada"
    assert "title" not in user
    assert scim.read(user["id"]) == user


@pytest.mark.requirement(49, 137)
@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_a_create_sent_twice_names_whom_it_made(scim: Service, endpoint: str) -> None:
    body = scim.body() if endpoint == "/Users" else {"schemas": [GROUP], "displayName": scim.name()}
    first = scim.send("POST", endpoint, body)
    again = scim.send("POST", endpoint, body)
    assert told(again) == (409, "uniqueness")
    assert again.headers["Location"] == first.headers["Location"]


@pytest.mark.requirement(51)
@pytest.mark.parametrize(
    "path",
    [
        *("/Users/4711", "/Users/none", "/Users/0", "/Users/group-1"),
        *("/Groups/group-4711", "/Groups/none", "/Groups/group-0", "/Groups/1", "/Groups/group-01", "/Groups/GROUP-1"),
        *("/Groups/group-", "/Groups/group--1", "/Groups/group-1%20", "/Groups/group-%D9%A1"),
        *("/Groups/group-9999999999", "/Groups/group-99999999999"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_nobody_is_404(scim: Service, method: str, path: str) -> None:
    body: Any = scim.body() if "Users" in path else {"schemas": [GROUP], "displayName": "x"}
    if method == "PATCH":
        body = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "externalId", "value": "x"}]}
    assert told(scim.send(method, path, None if method in ("GET", "DELETE") else body)) == (404, None)


@pytest.mark.requirement(44)
def test_a_put_creates_nobody(scim: Service) -> None:
    before = scim.get("/Users", count=0).get_json()["totalResults"]
    assert told(scim.send("PUT", "/Users/4711", {**scim.body(), "id": "4711"})) == (404, None)
    assert scim.get("/Users", count=0).get_json()["totalResults"] == before


# --- PUT (section 3.5.1) ---

FULL = {
    "title": "x",
    "nickName": "n",
    "emails": [{"value": "NEW@example.com", "type": "work"}],
    ENTERPRISE: {"division": "d"},
    "active": False,
}
# sent beside userName and name | what is read back: null for "not there"
PUT = rows(
    (69, {"title": "y"}, {"title": "y", "nickName": None, "emails": None, ENTERPRISE: None}),
    (69, {"title": None, "nickName": "n"}, {"title": None, "nickName": "n"}),
    (69, {ENTERPRISE: {"costCenter": "c"}}, {ENTERPRISE: {"costCenter": "c"}}),
    ((69, 34), {"id": "9", "groups": [{"value": "1"}], "meta": {}}, {"groups": None}),
    ((69, 149), {}, {"active": False}),
    ((69, 149), {"active": None}, {"active": False}),
    (69, {"active": True}, {"active": True}),
    (69, {"password": "Sup3r-Secret!"}, {"password": None}),
)


@pytest.mark.parametrize(("given", "shown"), PUT)
def test_put(scim: Service, given: dict[str, Any], shown: dict[str, Any]) -> None:
    (full,) = scim.filled(FULL)
    user = scim.create(**full)
    mail = {"emails": full["emails"]} if "emails" not in shown else {}
    body = {
        "schemas": [USER],
        "userName": user["userName"],
        "name": {"givenName": "A", "familyName": "K"},
        **mail,
        **given,
    }
    answer = scim.send("PUT", f"/Users/{user['id']}", body)
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert {name: found.get(name) for name in shown} == shown
    assert (found["id"], found["name"]["familyName"]) == (user["id"], "K")
    assert scim.read(user["id"]) == found


@pytest.mark.requirement(69)
@pytest.mark.parametrize("gone", [{"userName": None}, {"userName": ""}, {"schemas": [USER], "userName": None}])
def test_put_without_what_is_required(scim: Service, gone: dict[str, Any]) -> None:
    user = scim.create()
    assert told(scim.send("PUT", f"/Users/{user['id']}", scim.body(**gone))) == (400, "invalidValue")
    assert scim.read(user["id"]) == user


@pytest.mark.requirement(149)
def test_put_of_a_group_without_members(scim: Service) -> None:
    """Strict clears them, as the RFC may be read; the lenient profile keeps what is not mentioned."""
    group = scim.group(scim.create()["id"])
    answer = scim.send("PUT", f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": group["displayName"]})
    assert len(answer.get_json().get("members", [])) == (0 if scim.profile == "strict" else 1)
    cleared = scim.send("PUT", f"/Groups/{group['id']}", {**answer.get_json(), "members": []})
    assert cleared.get_json().get("members", []) == []


# --- DELETE (section 3.6) ---


@pytest.mark.requirement(89, 90, 91)
@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_delete(scim: Service, endpoint: str) -> None:
    body = scim.body() if endpoint == "/Users" else {"schemas": [GROUP], "displayName": scim.name()}
    created = scim.send("POST", endpoint, body).get_json()
    path, key = f"{endpoint}/{created['id']}", "userName" if endpoint == "/Users" else "displayName"
    answer = scim.send("DELETE", path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    change = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "externalId", "value": "x"}]}
    for method, sent in (("GET", None), ("PUT", body), ("PATCH", change), ("DELETE", None)):
        assert told(scim.send(method, path, sent)) == (404, None), method
    for text in (f'id eq "{created["id"]}"', f'{key} eq "{body[key]}"'):
        assert scim.get(endpoint, filter=text).get_json()["totalResults"] == 0
    everywhere = f'{key} eq "{body[key]}"'
    assert scim.get("/", filter=everywhere).get_json()["totalResults"] == 0
    again = scim.send("POST", endpoint, body)
    assert again.status_code == 201
    assert again.get_json()["id"] != created["id"]


@pytest.mark.requirement(90)
def test_who_is_deleted_is_in_no_group(scim: Service) -> None:
    user = scim.create()["id"]
    group = scim.group(user)["id"]
    scim.send("DELETE", f"/Users/{user}")
    assert scim.get(f"/Groups/{group}").get_json().get("members", []) == []
    assert scim.get("/Groups", filter=f'members.value eq "{user}"').get_json()["totalResults"] == 0


# --- media types, encoding, versions (sections 3.8 and 3.13) ---


@pytest.mark.requirement(99)
@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/scim+json"),
        ("*/*", "application/scim+json"),
        ("application/scim+json", "application/scim+json"),
        ("application/json", "application/json"),
        ("application/json;q=0.5, application/scim+json", "application/scim+json"),
        ("application/scim+json;charset=utf-8", "application/scim+json"),
        ("text/html", "application/scim+json"),
    ],
)
def test_media_types_of_answers(scim: Service, accept: str, kind: str) -> None:
    for path, status in (("/Users", 200), ("/Users/4711", 404), ("/Schemas", 200)):
        answer = scim.send("GET", path, Accept=accept)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, kind)


@pytest.mark.requirement(99)
def test_text_is_utf_8(scim: Service) -> None:
    text = "Müller Ω 日本 😀 \u200d"
    user = scim.create(nickName=text)
    assert user["nickName"] == scim.read(user["id"])["nickName"] == text
    assert text.encode() in scim.send("GET", f"/Users/{user['id']}").data


@pytest.mark.requirement(106)
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/scim/v2/Users", (200, None)),
        ("/scim/Users", (200, None)),
        ("/scim/v1/Users", (400, "invalidVers")),
        ("/scim/v3/Users", (400, "invalidVers")),
        ("/scim/v1.1/Schemas", (400, "invalidVers")),
        ("/scim/v22/Users", (400, "invalidVers")),
        ("/Users", (404, None)),
    ],
)
def test_versions(scim: Service, path: str, expected: tuple[int, str | None]) -> None:
    assert told(scim.app.test_client().get(path, headers=scim.headers)) == expected


@pytest.mark.requirement(53, 143)
@pytest.mark.parametrize(
    "path", ["/Users?aadOptscim062020", "/Users?x=y&nothing", "/Users/?count=1", "/Groups/?x", "/Schemas/?x=1", "/?x=y"]
)
def test_what_is_unknown_in_a_url_is_passed_over(scim: Service, path: str) -> None:
    assert scim.send("GET", path).status_code == 200


# --- /Me (section 3.11) ---


@pytest.mark.requirement(102)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "POST"])
def test_me_for_nobody(scim: Service, method: str) -> None:
    body: Any = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "x"}]}
    sent = {"GET": None, "DELETE": None, "PATCH": body}.get(method, scim.body())
    assert told(scim.send(method, "/Me", sent)) == (501, None)


@pytest.mark.requirement(102)
def test_me(scim: Service) -> None:
    user = scim.create()
    mine = scim.token(user_id=int(user["id"]))
    answer = scim.send("GET", "/Me", **mine)
    assert answer.get_json() == user
    assert answer.headers["Location"] == user["meta"]["location"]
    change = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "x"}]}
    changed = scim.send("PATCH", "/Me", change, **mine)
    assert changed.get_json()["title"] == "x"
    assert changed.headers["Location"] == user["meta"]["location"]
    assert scim.send("DELETE", "/Me", **mine).status_code == 204
    assert told(scim.get(f"/Users/{user['id']}")) == (404, None)


# --- errors (section 3.12) ---

# method, path, body | status and scimType
ERRORS = rows(
    (103, "GET", "/Nothing", None, (404, None)),
    (103, "GET", "/Users/4711", None, (404, None)),
    ((103, 142), "POST", "/Users", b"{", (400, "invalidSyntax")),
    ((103, 142), "POST", "/Users", b'{"a": "\xff"}', (400, "invalidSyntax")),
    ((103, 142), "POST", "/Users", b"[]", (400, "invalidSyntax")),
    ((103, 142), "POST", "/Users", b"", (400, "invalidSyntax")),
    ((103, 142), "POST", "/Users", b"[" * 50_000, (400, "invalidSyntax")),
    ((103, 142), "GET", "/Users?filter=" + "(" * 500, None, (400, "invalidFilter")),
    ((103, 142), "GET", f"/Users?filter=title%20eq%20%22{'x' * 60_000}%22", None, (400, "invalidFilter")),
    (103, "GET", "/Users?filter=", None, (400, "invalidFilter")),
    (103, "GET", "/Users?count=x", None, (400, "invalidValue")),
    ((103, 105, 110), "DELETE", "/Users", None, (405, None)),
    ((103, 140), "PUT", "/Groups", {}, (405, None)),
    ((103, 68), "POST", "/Users/.search", {"schemas": [USER]}, (400, "invalidSyntax")),
    ((103, 92), "POST", "/Bulk", {"schemas": [BULK]}, (400, "invalidSyntax")),
    ((103, 70), "PATCH", "/Users/1", {"schemas": [PATCH]}, (400, "invalidSyntax")),
    (103, "GET", "/Users?cursor=x", None, (400, "invalidCursor")),
    (103, "GET", "/Users?cursor=&count=100000", None, (400, "invalidCount")),
    (103, "POST", "/Me", {}, (501, None)),
)


@pytest.mark.requirement(104, 140)
@pytest.mark.parametrize(("method", "path", "body", "expected"), ERRORS)
def test_errors(scim: Service, method: str, path: str, body: Any, expected: tuple[int, str | None]) -> None:
    answer = scim.send(method, path, body)
    assert told(answer) == expected
    assert answer.headers["Content-Type"] == "application/scim+json"
    assert answer.status_code in STATUSES
    assert answer.get_json().get("scimType") in {None, *SCIM_TYPES}
    assert set(answer.get_json()) <= {"schemas", "status", "scimType", "detail"}


@pytest.mark.requirement(105)
def test_statuses_are_those_of_the_rfc() -> None:
    from app.scim import errors

    assert {kind.status for kind in errors.ScimError.__subclasses__()} <= STATUSES | {406}


@pytest.mark.requirement(140)
def test_too_much_and_too_strange_a_body(scim: Service) -> None:
    limit = scim.app.config["MAX_CONTENT_LENGTH"]
    too_large = scim.send("POST", "/Users", b" " * (limit + 1))
    assert told(too_large) == (413, None)
    assert str(limit) in too_large.get_json()["detail"]
    assert told(scim.send("POST", "/Users", "<user/>", Content_Type="application/xml")) == (415, None)


@pytest.mark.requirement(140)
def test_a_fault_and_too_many_requests(scim: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.mapping import users
    from app.scim import errors

    def slow(*_: Any) -> None:
        raise errors.TooManyRequests("Slower, please.", 7)

    def faulty(*_: Any) -> None:
        raise ZeroDivisionError("the secret reason")

    monkeypatch.setattr(users, "get", slow)
    answer = scim.get("/Users/1")
    assert (told(answer), answer.headers["Retry-After"]) == ((429, None), "7")
    monkeypatch.setattr(users, "get", faulty)
    answer = scim.get("/Users/1")
    assert told(answer) == (500, None)
    assert "secret" not in answer.text


# --- entity tags (section 3.14) ---


@pytest.mark.requirement(107)
@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_every_answer_has_its_entity_tag(scim: Service, endpoint: str) -> None:
    created = scim.create() if endpoint == "/Users" else scim.group()
    path, kept = f"{endpoint}/{created['id']}", {k: v for k, v in created.items() if k not in ("id", "meta")}
    read, put = scim.get(path), scim.send("PUT", path, kept)
    patched = scim.change(path, {"op": "add", "path": "externalId", "value": scim.name()})
    tags = [answer.headers["ETag"] for answer in (read, put, patched)]
    assert tags[0] == created["meta"]["version"] == tags[1], "a PUT of the same changes nothing"
    assert tags[2] == patched.get_json()["meta"]["version"] == scim.get(path).headers["ETag"] != tags[0]


# the header, {} for the current tag | whether it is the resource's
MATCH = [("{}", True), ("*", True), ('"x", {}', True), ('W/"x"', False), ('"x"', False), ('W/"x", "y"', False)]


@pytest.mark.requirement(69, 108)
@pytest.mark.parametrize(("header", "fits"), MATCH)
@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_if_match(scim: Service, method: str, endpoint: str, header: str, fits: bool) -> None:
    created = scim.create() if endpoint == "/Users" else scim.group()
    change = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "externalId", "value": scim.name()}]}
    body: Any = {"PUT": {**created, "externalId": scim.name()}, "PATCH": change, "DELETE": None}[method]
    path, tag = f"{endpoint}/{created['id']}", header.replace("{}", created["meta"]["version"])
    answer = scim.send(method, path, body, If_Match=tag)
    if fits:
        assert answer.status_code == (204 if method == "DELETE" else 200), answer.text
    else:
        assert told(answer) == (412, None)
        assert scim.get(path).headers["ETag"] == created["meta"]["version"]


@pytest.mark.requirement(109)
@pytest.mark.parametrize(("header", "fits"), MATCH)
@pytest.mark.parametrize("endpoint", ["/Users", "/Groups"])
def test_if_none_match(scim: Service, endpoint: str, header: str, fits: bool) -> None:
    created = scim.create() if endpoint == "/Users" else scim.group()
    tag = header.replace("{}", created["meta"]["version"])
    answer = scim.send("GET", f"{endpoint}/{created['id']}", If_None_Match=tag)
    assert (answer.status_code, answer.data == b"") == ((304, True) if fits else (200, False))
    assert answer.headers["ETag"] == created["meta"]["version"]
