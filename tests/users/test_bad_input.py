"""Bad input gets a SCIM error that names the attribute and the reason, and the shop's rows stay untouched."""

import threading
from typing import Any

import pytest

from tests.users.conftest import USER, Client, Make

MAPPING = """
version: 1
prefixes: {shop: "urn:example:magento:Customer", ent: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}
customer:
  email: {from: ['emails[type eq "work"].value', userName], transform: [lower]}
  firstname: name.givenName
  lastname: name.familyName
  prefix: name.honorificPrefix
  dob: shop:birthDate
  gender: shop:gender
  disable_auto_group_change: shop:fixedGroup
"""
GOOD = {"userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Lovelace"}}
SHOP = "urn:example:magento:Customer"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


def _tables(scim: Client) -> list[Any]:
    return [scim.rows(name) for name in ("customer_entity", "customer_grid_flat", "scim_link", "customer_entity_int")]


@pytest.mark.requirement(20, 22, 76)
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({**GOOD, "userName": "ada"}, ["""emails[type eq "work"].value or userName (email): """, "'ada'"]),
        (
            {"userName": "ada@example.com"},
            ["name.givenName (firstname): the shop requires", "name.familyName (lastname): the shop requires"],
        ),
        ({**GOOD, "name": {"givenName": "Ada"}}, ["name.familyName (lastname): "]),
        ({**GOOD, "name": {"givenName": "A" * 256, "familyName": "L"}}, ["name.givenName (firstname): ", "255"]),
        ({**GOOD, "name": {**GOOD["name"], "honorificPrefix": "P" * 41}}, ["name.honorificPrefix (prefix): ", "40"]),  # type: ignore[dict-item]
        ({**GOOD, "name": {"givenName": "Ada 😀", "familyName": "L"}}, ["name.givenName (firstname): ", "U+1F600"]),
        ({**GOOD, "name": "Ada"}, ["name"]),
        ({**GOOD, "active": "perhaps"}, ["active"]),
        ({**GOOD, SHOP: {"gender": "Robot"}}, [f"{SHOP}:gender (gender): ", "Robot", "Female"]),
        ({**GOOD, SHOP: {"birthDate": "10.12.1815"}}, [f"{SHOP}:birthDate (dob): ", "10.12.1815"]),
        ({**GOOD, SHOP: {"fixedGroup": "maybe"}}, ["fixedGroup"]),
        ({**GOOD, "userName": "x" * 250 + "@example.com"}, ["userName", "255"]),
        ({**GOOD, "password": "short"}, ["password", "8"]),
        ({**GOOD, "userName": 7}, ["userName"]),
        ({"schemas": [USER]}, ["userName"]),
    ],
)
def test_a_bad_user_is_not_created(make: Make, body: dict[str, Any], words: list[str]) -> None:
    scim = make(MAPPING)
    before = _tables(scim)
    answer = scim.send("POST", "/Users", {"schemas": [USER], **body})
    error = answer.get_json()
    assert answer.status_code == 400, answer.text
    assert (error["schemas"], error["status"], error["scimType"]) == ([ERROR], "400", "invalidValue")
    assert [word for word in words if word not in error["detail"]] == [], error["detail"]
    assert _tables(scim) == before


def test_a_bad_change_changes_nothing(make: Make) -> None:
    scim = make(MAPPING)
    user_id = scim.create()["id"]
    before = _tables(scim)
    for value in (
        {"name": {"familyName": "L" * 256}, "title": "x"},
        {"emails": [{"value": "no mail", "type": "work"}]},
    ):
        answer = scim.patch(user_id, {"op": "replace", "value": value})
        assert (answer.status_code, answer.get_json()["scimType"]) == (400, "invalidValue")
    assert _tables(scim) == before


@pytest.mark.requirement(103, 104, 140, 142)
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "scim_type"),
    [
        ("POST", "/Users", b"{", 400, "invalidSyntax"),
        ("POST", "/Users", b"[]", 400, "invalidSyntax"),
        ("POST", "/Users", b'{"userName": "\xff"}', 400, "invalidSyntax"),
        ("POST", "/Users", b"", 400, "invalidSyntax"),
        ("POST", "/Users", b'{"a": NaN}', 400, "invalidSyntax"),
        ("POST", "/Users", b"[" * 100_000, 400, "invalidSyntax"),
        ("GET", "/Users/0", None, 404, None),
        ("GET", "/Users/99999999999999999999", None, 404, None),
        ("GET", "/Users/007", None, 404, None),
        ("GET", "/Users/%C2%B2", None, 404, None),
        ("PUT", "/Users/4711", GOOD, 404, None),
        ("PATCH", "/Users/4711", {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                                  "Operations": [{"op": "add", "path": "title", "value": "x"}]}, 404, None),
        ("DELETE", "/Users/4711", None, 404, None),
        ("GET", "/Nothing", None, 404, None),
        ("DELETE", "/Users", None, 405, None),
        ("POST", "/Schemas", {}, 405, None),
        ("GET", "/Users?filter=userName%20is%20%22x%22", None, 400, "invalidFilter"),
        ("GET", "/Users?filter=nothing%20eq%20%22x%22", None, 400, "invalidFilter"),
        ("GET", "/Users?count=many", None, 400, "invalidValue"),
        ("GET", "/Schemas?filter=id%20pr", None, 403, None),
        ("GET", "/Schemas/urn:nothing", None, 404, None),
    ],
)  # fmt: skip
def test_errors_are_scim_documents(
    scim: Client, method: str, path: str, body: Any, status: int, scim_type: str | None
) -> None:
    answer = scim.send(method, path, body)
    error = answer.get_json()
    assert (answer.status_code, error["status"], error.get("scimType")) == (status, str(status), scim_type)
    assert error["schemas"] == [ERROR]
    assert error["detail"]
    assert answer.headers["Content-Type"] == "application/scim+json"


@pytest.mark.requirement(99, 140)
def test_media_types(scim: Client) -> None:
    assert scim.send("POST", "/Users", "x", Content_Type="text/plain").status_code == 415
    for kind in ("application/json", "application/json; charset=utf-8", "application/scim+json; charset=UTF-8", ""):
        user = {**GOOD, "userName": f"u{len(kind)}@example.com", "schemas": [USER]}
        assert scim.send("POST", "/Users", user, Content_Type=kind).status_code == 201
    answer = scim.send("GET", "/Users", Accept="application/json")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.requirement(140, 142)
def test_a_body_too_large(make: Make) -> None:
    scim = make(max_body=1000)
    answer = scim.send("POST", "/Users", {**GOOD, "title": "x" * 2000})
    assert (answer.status_code, answer.get_json()["status"]) == (413, "413")
    assert "1000" in answer.get_json()["detail"]


@pytest.mark.requirement(20, 37, 49, 112)
@pytest.mark.parametrize(
    "body",
    [
        {"userName": "ADA@example.com"},
        {"userName": "other", "emails": [{"value": "ada@example.com", "type": "work"}]},
        {"userName": "other", "externalId": "00u1"},
        {"userName": "\uff41da@example.com"},  # full width: the same name by PRECIS
    ],
)
def test_a_second_user_of_one_name_is_a_conflict(scim: Client, body: dict[str, Any]) -> None:
    first = scim.create(externalId="00u1")
    before = _tables(scim)
    answer = scim.send("POST", "/Users", {"schemas": [USER], **GOOD, **body})
    error = answer.get_json()
    assert (answer.status_code, error["scimType"]) == (409, "uniqueness")
    assert repr(first["id"]) in error["detail"]
    assert _tables(scim) == before


@pytest.mark.requirement(139)
def test_a_rename_to_a_taken_name_is_a_conflict(scim: Client) -> None:
    first = scim.create()
    second = scim.create(userName="bob@example.com")
    for path, value in (("userName", "Ada@example.com"), ('emails[type eq "work"].value', "ada@example.com")):
        answer = scim.patch(second["id"], {"op": "add", "path": path, "value": value})
        assert (answer.status_code, answer.get_json()["scimType"]) == (409, "uniqueness"), path
        assert repr(first["id"]) in answer.get_json()["detail"]
    assert scim.customer(second["id"])["email"] == "bob@example.com"


@pytest.mark.requirement(134)
def test_of_creates_at_once_one_wins(scim: Client) -> None:
    """Requirement 134: the database's keys decide, the others are told the id."""
    answers: list[Any] = []
    gate = threading.Barrier(8)

    def create() -> None:
        gate.wait()
        answers.append(scim.send("POST", "/Users", {"schemas": [USER], **GOOD}))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    (winner,) = (answer.get_json()["id"] for answer in answers if answer.status_code == 201)
    assert all(repr(winner) in answer.get_json()["detail"] for answer in answers if answer.status_code == 409)
    assert len(scim.rows("customer_entity")) == len(scim.rows("scim_link")) == len(scim.rows("customer_grid_flat")) == 1


@pytest.mark.requirement(41, 117, 145)
def test_tokens(scim: Client) -> None:
    def status(**headers: str) -> tuple[int, str | None]:
        answer = scim.send("GET", "/Users", **headers)
        return answer.status_code, answer.headers.get("WWW-Authenticate")

    good = scim.headers["Authorization"]
    scim.headers = {}
    assert status() == (401, 'Bearer realm="SCIM"')
    assert status(Authorization="Bearer nonsense") == (401, 'Bearer realm="SCIM", error="invalid_token"')
    assert status(Authorization="non-token")[0] == 401
    assert status(Authorization=good.replace("Bearer", "bearer"))[0] == 200
    assert scim.send("GET", "/ServiceProviderConfig").status_code == 200
    assert scim.send("GET", "/Schemas", Authorization="Bearer nonsense").status_code == 401
    scim.execute("UPDATE {p}scim_token SET scopes = 'read'")
    assert scim.send("POST", "/Users", GOOD, Authorization=good).status_code == 403
    scim.execute("UPDATE {p}scim_token SET expires_at = '2020-01-01'")
    assert status(Authorization=good)[0] == 401
    scim.execute("UPDATE {p}scim_token SET expires_at = NULL, revoked_at = '2020-01-01'")
    assert status(Authorization=good)[0] == 401


@pytest.mark.requirement(42)
def test_discovery_can_ask_for_a_token(make: Make) -> None:
    scim = make(open_discovery=False)
    scim.headers = {}
    assert scim.send("GET", "/ServiceProviderConfig").status_code == 401
