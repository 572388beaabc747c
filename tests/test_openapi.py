"""The OpenAPI document: valid, whole, true of real answers; and schemathesis finds nothing against it."""

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import openapi_schema_validator
import openapi_spec_validator
import pytest
import schemathesis
import schemathesis.checks
from schemathesis.specs.openapi import checks

from app import openapi
from tests.users.conftest import PATCH, USER, Client, ledger_tables, make, scim

__all__ = ["ledger_tables", "make", "scim"]
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
NOTHING = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
EXAMPLES = int(
    os.environ.get("SCHEMATHESIS_EXAMPLES", "8")
)  # of each operation, in each profile: some ten seconds in all


def _document(scim: Client) -> dict[str, Any]:
    document: dict[str, Any] = scim.get("/openapi.json").get_json()
    return document


def _routes(scim: Client) -> Iterator[tuple[str, str, str]]:
    """Walk the service's own routes: path, method, name."""
    for rule in scim.app.url_map.iter_rules():
        if not rule.rule.startswith("/scim/v2/"):
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield openapi.path(rule), method.lower(), rule.endpoint.rpartition(".")[2]


def test_it_is_valid(scim: Client) -> None:
    answer = scim.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    openapi_spec_validator.validate(answer.get_json())
    assert answer.get_json()["openapi"] == "3.1.0"


def test_a_search_is_no_resource(scim: Client) -> None:
    """`.search` has a method of its own, whatever a resource's id may be."""
    for path in ("/.search", "/Users/.search", "/Groups/.search"):
        assert set(scim.send("OPTIONS", path).headers["Allow"].split(", ")) == {"OPTIONS", "POST"}, path
        assert scim.send("GET", path).status_code == 405


@pytest.mark.parametrize("opened", [True, False])
def test_it_is_read_like_discovery(make: Any, opened: bool) -> None:
    scim = make(open_discovery=opened)
    described = _document(scim)["paths"]["/Schemas"]["get"].get("security")
    scim.headers = {}
    assert scim.send("GET", "/openapi.json").status_code == (200 if opened else 401)
    assert (described == [{}, {"bearer": []}]) is opened


def test_every_route_is_in_it_and_no_other(scim: Client) -> None:
    described = {
        (path, method)
        for path, item in _document(scim)["paths"].items()
        for method in item
        if method not in ("parameters", "summary", "description")
    }
    routes = list(_routes(scim))
    assert described == {(path, method) for path, method, _ in routes}
    assert set(openapi.ROWS) == {name for _, _, name in routes}


def test_bodies_are_described_by_what_reads_them(scim: Client) -> None:
    known = _document(scim)["components"]["schemas"]
    user = known["UserRequest"]["properties"]
    assert user["userName"]["type"] == "string", "required: never null"
    assert user["title"]["type"] == ["string", "null"]
    assert user["password"]["writeOnly"] is True
    assert "groups" not in user, "read-only"
    assert "taxNumber" in user["urn:magento-scim:params:scim:schemas:magento:2.0:Customer"]["properties"]
    assert "password" not in known["User"]["properties"]
    assert known["User"]["properties"]["groups"]["items"]["readOnly"] is True


def _requests(user: str, group: str) -> list[tuple[str, str, str, Any, dict[str, str], int]]:
    """List real requests: method, the document's path, the real one, body, headers, status."""
    grace = {"schemas": [USER], "userName": "grace@example.com", "name": {"givenName": "Grace", "familyName": "Hopper"}}
    ada = {**grace, "userName": "ada@example.com"}
    staff = {"schemas": [GROUP], "displayName": "Crew", "members": [{"value": user}]}
    patch = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "externalId", "value": "x"}]}
    bulk = [
        {"method": "DELETE", "path": "/Users/4711"},
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": grace},
    ]
    of_user, of_group = f"/Users/{user}", f"/Groups/{group}"
    one, other, old = "/Users/{user_id}", "/Groups/{group_id}", {"If-Match": 'W/"old"'}
    return [
        ("GET", "/Users", "/Users", None, {}, 200),
        ("GET", "/Users", "/Users?cursor=&count=1&attributes=emails.value,name", None, {}, 200),
        ("GET", "/Users", "/Users?filter=x", None, {}, 400),
        ("GET", one, of_user, None, {}, 200),
        ("GET", one, "/Users/4711", None, {}, 404),
        ("PATCH", one, of_user, patch, {}, 200),
        ("PATCH", one, of_user, patch, old, 412),
        ("PUT", one, of_user, ada, {}, 200),
        ("POST", "/Users", "/Users", ada, {}, 409),
        ("POST", "/Users", "/Users", grace, {"Authorization": "Bearer x"}, 401),
        ("POST", "/Users", "/Users", grace, {"Content-Type": "text/plain"}, 415),
        ("POST", "/Users/.search", "/Users/.search", {"schemas": [SEARCH], "count": 1}, {}, 200),
        ("GET", "/Groups", "/Groups", None, {}, 200),
        ("GET", other, of_group, None, {}, 200),
        ("PATCH", other, of_group, patch, {}, 200),
        ("PUT", other, of_group, staff, {}, 200),
        ("POST", "/Groups", "/Groups", {**staff, "displayName": "Two"}, {}, 201),
        ("POST", "/Groups/.search", "/Groups/.search", {"schemas": [SEARCH]}, {}, 200),
        ("GET", "/", "/", None, {}, 200),
        ("POST", "/.search", "/.search", {"schemas": [SEARCH]}, {}, 200),
        ("POST", "/Bulk", "/Bulk", {"schemas": [BULK], "Operations": bulk}, {}, 200),
        ("GET", "/Me", "/Me", None, {}, 501),
        ("POST", "/Me", "/Me", grace, {}, 501),
        ("GET", "/ServiceProviderConfig", "/ServiceProviderConfig", None, {}, 200),
        ("GET", "/ResourceTypes", "/ResourceTypes", None, {}, 200),
        ("GET", "/ResourceTypes/{name}", "/ResourceTypes/User", None, {}, 200),
        ("GET", "/Schemas", "/Schemas", None, {}, 200),
        ("GET", "/Schemas", "/Schemas?filter=x", None, {}, 403),
        ("GET", "/Schemas/{name}", f"/Schemas/{USER}", None, {"Accept": "application/json"}, 200),
        ("GET", "/openapi.json", "/openapi.json", None, {}, 200),
        ("DELETE", one, of_user, None, {}, 204),
        ("DELETE", other, of_group, None, {}, 204),
    ]


def test_real_answers_fit_it(scim: Client) -> None:
    document = _document(scim)
    user = scim.create(
        externalId="u1",
        password="Sup3r-Secret!",
        emails=[{"value": "ada@example.com", "type": "work", "primary": True}],
        title="Countess",
        **{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "1"}}},
    )["id"]
    group = scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Staff", "members": [{"value": user}]})
    requests = _requests(user, group.get_json()["id"])
    assert {(path, method.lower()) for method, path, *_ in requests} | {
        ("/Me", method) for method in ("put", "patch", "delete")
    } == {(path, method) for path, method, _ in _routes(scim)}
    for method, path, real, body, headers, status in requests:
        answer = scim.send(method, real, body, **{name.replace("-", "_"): text for name, text in headers.items()})
        assert answer.status_code == status, f"{method} {real}: {answer.text}"
        described = document["paths"][path][method.lower()]["responses"][str(status)]
        if "$ref" in described:
            described = document["components"]["responses"][described["$ref"].rpartition("/")[2]]
        assert set(described.get("headers", {})) <= set(answer.headers.keys()), f"{method} {real}"
        if "content" not in described:
            assert answer.data == b""
            continue
        shape = described["content"][answer.headers["Content-Type"]]["schema"]
        openapi_schema_validator.validate(answer.get_json(), {**shape, "components": document["components"]})


CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def _attack(scim: Client, operation: Any, real: dict[str, str]) -> None:
    """Send one operation's requests, as the document has them and not, some of them about what is there."""
    strategy = hypothesis.strategies.one_of(
        operation.as_strategy(), operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    )

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=strategy, existing=hypothesis.strategies.booleans())
    def send(case: schemathesis.Case, existing: bool) -> None:
        if existing and case.path_parameters:
            case.path_parameters = {name: real[name] for name in case.path_parameters}
        answer = case.call(headers=scim.headers)
        if answer.status_code != 501:
            case.validate_response(answer, checks=CHECKS)

    send()


@pytest.mark.parametrize("profile", ["strict", "lenient"])
def test_schemathesis_finds_nothing(make: Any, profile: str) -> None:
    """Requests made up from the document; only "not offered" may be a server's error."""
    scim = make(profile=profile)
    schema = schemathesis.openapi.from_wsgi("/scim/v2/openapi.json", scim.app, headers=scim.headers)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 25
    for place, operation in enumerate(operations):
        real = {"user_id": scim.create(userName=f"u{place}@example.com")["id"], "group_id": "2", "name": "User"}
        _attack(scim, operation, real)
