"""Bulk requests as a client sees them (RFC 7644 section 3.7). The order of operations: tests/scim/test_bulk.py."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.conftest import GROUP, Service, told
from tests.scim.table import rows
from tests.users.conftest import PATCH, USER

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"


def _bulk(scim: Service, *operations: Any, **more: Any) -> list[dict[str, Any]]:
    answer = scim.send("POST", "/Bulk", {"schemas": [BULK], "Operations": list(operations), **more})
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["schemas"] == [RESPONSE]
    return answer.get_json()["Operations"]  # type: ignore[no-any-return]


def _post(scim: Service, bulk_id: str, **given: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": scim.body(**given)}


def _group(scim: Service, bulk_id: str, *members: str) -> dict[str, Any]:
    data = {"schemas": [GROUP], "displayName": scim.name("g"), "members": [{"value": member} for member in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


NOBODY = {"method": "DELETE", "path": "/Users/4711"}


@pytest.mark.requirement(92, 93, 96)
def test_every_method(scim: Service) -> None:
    user, gone = scim.create(), scim.create()
    change = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "y"}]}
    put, deleted = f"/Users/{user['id']}", f"/Users/{gone['id']}"
    results = _bulk(
        scim,
        {**_post(scim, "a"), "method": "post"},
        {"method": "PUT", "path": put, "data": {**user, "title": "x"}, "bulkId": "p"},
        {"method": "PATCH", "path": put, "data": change},
        {"method": "DELETE", "path": deleted},
    )
    assert [result["status"] for result in results] == ["201", "200", "200", "204"]
    assert [result["method"] for result in results] == ["POST", "PUT", "PATCH", "DELETE"]
    assert [result.get("bulkId") for result in results] == ["a", "p", None, None]
    assert [result["location"].rpartition("/v2")[2] for result in results[1:]] == [put, put, deleted]
    made = scim.read(results[0]["location"].rpartition("/")[2])
    assert results[0]["version"] == made["meta"]["version"]
    assert results[2]["version"] == scim.read(user["id"])["meta"]["version"]
    assert not [result for result in results if "response" in result]


@pytest.mark.requirement(92, 108)
def test_a_version_is_a_condition(scim: Service) -> None:
    user = scim.create()
    change = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "y"}]}
    line = {"method": "PATCH", "path": f"/Users/{user['id']}", "data": change}
    results = _bulk(scim, {**line, "version": user["meta"]["version"]}, {**line, "version": 'W/"old"'})
    assert [result["status"] for result in results] == ["200", "412"]


# an operation that fails alone | its status
FAILING = rows(
    (92, {"method": "POST", "path": "/Users", "data": {}}, "400"),
    (92, {"method": "GET", "path": "/Users/1", "bulkId": "x"}, "400"),
    (92, {"method": "POST", "path": "/Nothing", "bulkId": "x", "data": {}}, "400"),
    (92, {"method": "POST", "path": "/Users", "bulkId": "x"}, "400"),
    (92, {"method": "PUT", "path": "/Users/1"}, "400"),
    (92, {"method": "POST", "path": "/Users/1", "bulkId": "x", "data": {}}, "400"),
    (92, {"method": "DELETE", "path": "/Users"}, "400"),
    (93, NOBODY, "404"),
    (95, {"method": "DELETE", "path": "/Users/bulkId:none"}, "4.."),
)


@pytest.mark.parametrize(("operation", "status"), FAILING)
def test_one_fails_the_others_do_not(scim: Service, operation: dict[str, Any], status: str) -> None:
    results = _bulk(scim, _post(scim, "a"), operation, _post(scim, "b"))
    assert [result["status"] for result in results][::2] == ["201", "201"]
    failed = results[1]
    assert failed["status"].startswith(status.rstrip("."))
    assert failed["response"]["status"] == failed["status"]
    assert failed["response"]["detail"]


@pytest.mark.requirement(93, 96, 49)
def test_a_post_that_fails_has_no_location(scim: Service) -> None:
    name = scim.name()
    results = _bulk(scim, _post(scim, "a", userName=name), _post(scim, "b", userName=name), NOBODY)
    assert [result["status"] for result in results] == ["201", "409", "404"]
    assert "location" not in results[1]
    assert results[1]["response"]["scimType"] == "uniqueness"
    assert results[2]["location"].endswith("/Users/4711")


@pytest.mark.requirement(94)
@pytest.mark.parametrize(("limit", "ran"), [(None, 6), (1, 2), (2, 4), (9, 6)])
def test_fail_on_errors(scim: Service, limit: int | None, ran: int) -> None:
    lines = [_post(scim, "a"), NOBODY, _post(scim, "b"), NOBODY, _post(scim, "c"), NOBODY]
    more = {} if limit is None else {"failOnErrors": limit}
    results = _bulk(scim, *lines, **more)
    assert [result["status"] for result in results] == ["201", "404", "201", "404", "201", "404"][:ran]
    names = [line["data"]["userName"] for line in lines[::2]]
    there = [scim.get("/Users", filter=f'userName eq "{name}"').get_json()["totalResults"] for name in names]
    assert sum(there) == (ran + 1) // 2, "what did not run is not there"


@pytest.mark.requirement(95, 98)
def test_references_backward_forward_and_in_paths(scim: Service) -> None:
    results = _bulk(
        scim,
        _group(scim, "g", "bulkId:later", "bulkId:early"),
        _post(scim, "early"),
        _post(scim, "later", title="x"),
        {"method": "PATCH", "path": "/Users/bulkId:later",
         "data": {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": "y"}]}},
    )  # fmt: skip
    assert {result["status"] for result in results} <= {"200", "201"}, results
    ids = {result.get("bulkId"): result["location"].rpartition("/")[2] for result in results}
    members = scim.get(f"/Groups/{ids['g']}").get_json()["members"]
    assert {member["value"] for member in members} == {ids["early"], ids["later"]}
    assert scim.read(ids["later"])["title"] == "y"


@pytest.mark.requirement(95)
def test_circular_references(scim: Service) -> None:
    manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    results = _bulk(
        scim,
        _post(scim, "a", schemas=[USER, manager], **{manager: {"manager": {"value": "bulkId:b"}}}),
        _post(scim, "b", schemas=[USER, manager], **{manager: {"manager": {"value": "bulkId:a"}}}),
    )
    assert [result["status"] for result in results] == ["201", "201"], results
    ids = {result["bulkId"]: result["location"].rpartition("/")[2] for result in results}
    assert scim.read(ids["a"])[manager]["manager"]["value"] == ids["b"]
    assert scim.read(ids["b"])[manager]["manager"]["value"] == ids["a"]


@pytest.mark.requirement(95)
def test_a_reference_to_nothing_fails_its_operation(scim: Service) -> None:
    results = _bulk(scim, _group(scim, "g", "bulkId:nobody"), _post(scim, "a"))
    assert results[0]["status"] in ("400", "409")
    assert results[1]["status"] == "201"


@pytest.mark.requirement(97)
@pytest.mark.parametrize("profile", ["strict", "lenient"])
def test_limits(start: Callable[..., Service], profile: str) -> None:
    scim = start(profile, max_operations=3, max_body=5000)
    told_limits = scim.get("/ServiceProviderConfig").get_json()["bulk"]
    assert (told_limits["maxOperations"], told_limits["maxPayloadSize"]) == (3, 5000)
    many = scim.send("POST", "/Bulk", {"schemas": [BULK], "Operations": [NOBODY] * 4})
    assert (told(many), "3" in many.get_json()["detail"]) == ((413, None), True)
    large = scim.send("POST", "/Bulk", {"schemas": [BULK], "Operations": [{**NOBODY, "bulkId": "x" * 5000}]})
    assert (told(large), "5000" in large.get_json()["detail"]) == ((413, None), True)
    assert len(_bulk(scim, *[NOBODY] * 3)) == 3


@pytest.mark.requirement(92)
@pytest.mark.parametrize(
    "body", [{"schemas": [USER], "Operations": [NOBODY]}, {"schemas": [BULK]}, {"schemas": [BULK], "Operations": []}]
)
def test_what_is_no_bulk_request(scim: Service, body: dict[str, Any]) -> None:
    assert told(scim.send("POST", "/Bulk", body)) == (400, "invalidSyntax")
