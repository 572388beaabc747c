"""Bulk requests: what is read, in which order it runs, who stands for which bulkId (RFC 7644 section 3.7)."""

import time
from typing import Any

import pytest

from app.scim import bulk, errors, jobs
from tests.scim.table import rows

ENDPOINTS = ("/Users", "/Groups")
BASE = "https://example.com/scim/v2"


def request(*operations: Any, **more: Any) -> dict[str, Any]:
    return {"schemas": [bulk.REQUEST_URN], "Operations": list(operations), **more}


def post(name: str, *references: str, endpoint: str = "/Users", **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"name": name}
    if references:
        data["members"] = [{"value": f"bulkId:{reference}"} for reference in references]
    return {"method": "POST", "path": endpoint, "bulkId": name, "data": {**data, **more}}


def parsed(body: Any, **more: Any) -> bulk.Request:
    return bulk.parse(body, ENDPOINTS, **{"max_operations": 1_000, **more})


class Server:
    """A place where operations are noted; creating `name` gives the id `id-name`, and names in `bad` fail."""

    def __init__(self, *bad: str) -> None:
        self.bad = bad
        self.seen: list[bulk.Operation] = []

    def __call__(self, operation: bulk.Operation) -> bulk.Result:
        self.seen.append(operation)
        assert not any(jobs.references([operation.data, operation.path])), "references are resolved"
        name = operation.bulk_id or operation.resource_id or ""
        if name in self.bad or f"{operation.method} {name}" in self.bad:
            return bulk.failure(errors.InvalidValue(f"{name} is bad"), None)
        if operation.method == "POST":
            where = f"{BASE}{operation.endpoint}/id-{name}"
            return bulk.Result(201, f"id-{name}", where, 'W/"1"')
        return bulk.Result(204 if operation.method == "DELETE" else 200, name, f"{BASE}{operation.path}", 'W/"2"')

    @property
    def order(self) -> list[str]:
        return [f"{o.method} {o.bulk_id or o.resource_id}" for o in self.seen]


def carried_out(server: Server, *operations: Any, **more: Any) -> list[tuple[str, int]]:
    results = jobs.run(parsed(request(*operations, **more)), server, lambda o: f"{BASE}{o.path}")
    return [(operation.bulk_id or operation.path, result.status) for operation, result in results]


@pytest.mark.requirement(92)
def test_operations_are_read() -> None:
    found = parsed(
        request(
            {"method": "post", "path": "/users", "bulkId": "a", "data": {}},
            {"METHOD": "PUT", "Path": "Users/1", "VERSION": 'W/"x"', "data": {}},
            {"method": "PATCH", "path": f"{BASE}/Groups/2", "data": {}},
            {"method": "DELETE", "path": "/Users/3/"},
            failOnErrors=2,
        ),
        base=BASE + "/",
    )
    assert found.fail_on_errors == 2
    assert [o.error for o in found.operations] == [None] * 4
    assert [(o.method, o.path, o.endpoint, o.resource_id) for o in found.operations] == [
        ("POST", "/Users", "/Users", None),
        ("PUT", "/Users/1", "/Users", "1"),
        ("PATCH", "/Groups/2", "/Groups", "2"),
        ("DELETE", "/Users/3", "/Users", "3"),
    ]
    assert found.operations[1].version == 'W/"x"'


REFUSED: list[Any] = rows(
    (92, [], errors.InvalidSyntax, "a list"),
    (92, {"Operations": [post("a")]}, errors.InvalidSyntax, "schemas must hold"),
    (92, {"schemas": ["urn:x"], "Operations": [post("a")]}, errors.InvalidSyntax, "schemas must hold"),
    (92, {"schemas": [bulk.REQUEST_URN]}, errors.InvalidSyntax, "one operation or more"),
    (92, request(), errors.InvalidSyntax, "one operation or more"),
    (92, {"schemas": [bulk.REQUEST_URN], "Operations": post("a")}, errors.InvalidSyntax, "a list"),
    (94, request(post("a"), failOnErrors="1"), errors.InvalidSyntax, "failOnErrors must be"),
    (94, request(post("a"), failOnErrors=-1), errors.InvalidSyntax, "failOnErrors must be"),
    (94, request(post("a"), failOnErrors=True), errors.InvalidSyntax, "failOnErrors must be"),
    (97, request(*[post("a")] * 1_001), errors.TooLarge, "maxOperations (1000)"),
)


@pytest.mark.parametrize(("body", "error", "told"), REFUSED)
def test_requests_are_refused(body: Any, error: type[errors.ScimError], told: str) -> None:
    with pytest.raises(error) as caught:
        parsed(body)
    assert told in caught.value.detail


@pytest.mark.requirement(92, 150)
def test_schemas_may_be_missing_where_that_is_tolerated() -> None:
    assert parsed({"Operations": [post("a")]}, strict=False)
    with pytest.raises(errors.InvalidSyntax):
        parsed({"schemas": ["urn:x"], "Operations": [post("a")]}, strict=False)


FAULTY: list[Any] = rows(
    (92, "x", errors.InvalidSyntax),
    (92, {}, errors.InvalidSyntax),
    (92, {"method": "GET", "path": "/Users/1"}, errors.InvalidSyntax),
    (92, {"method": 5, "path": "/Users/1"}, errors.InvalidSyntax),
    (92, {"method": "POST", "path": "/Users", "data": {}}, errors.InvalidValue),
    (92, {"method": "POST", "path": "/Users", "bulkId": "", "data": {}}, errors.InvalidValue),
    (92, {"method": "POST", "path": "/Users", "bulkId": 5, "data": {}}, errors.InvalidSyntax),
    (92, {"method": "POST", "path": "/Users/1", "bulkId": "a", "data": {}}, errors.InvalidValue),
    (92, {"method": "POST", "path": "/Cars", "bulkId": "a", "data": {}}, errors.InvalidValue),
    (92, {"method": "POST", "bulkId": "a", "data": {}}, errors.InvalidValue),
    (92, {"method": "POST", "path": "/Users", "bulkId": "a"}, errors.InvalidSyntax),
    (92, {"method": "POST", "path": "/Users", "bulkId": "a", "data": [1]}, errors.InvalidSyntax),
    (92, {"method": "DELETE", "path": "/Users"}, errors.InvalidValue),
    (92, {"method": "PATCH", "path": "/Users/1"}, errors.InvalidSyntax),
)


@pytest.mark.parametrize(("operation", "error"), FAULTY)
def test_a_faulty_operation_fails_alone(operation: Any, error: type[errors.ScimError]) -> None:
    server = Server()
    found = parsed(request(operation, post("b")))
    assert isinstance(found.operations[0].error, error)
    results = jobs.run(found, server)
    assert [result.status for _, result in results] == [400, 201]
    assert server.order == ["POST b"]


@pytest.mark.requirement(92)
def test_a_bulk_id_is_used_once() -> None:
    server = Server()
    assert carried_out(server, post("a"), post("a")) == [("a", 201), ("a", 400)]


@pytest.mark.requirement(93, 96)
def test_answer() -> None:
    server = Server("b", "PUT 1")
    found = parsed(
        request(
            post("a"),
            post("b"),
            {"method": "PUT", "path": "/Users/1", "data": {}},
            {"method": "DELETE", "path": "/Users/2"},
            {"method": "PATCH", "path": "/Users/3"},
        )
    )
    answer = bulk.response(jobs.run(found, server, lambda o: f"{BASE}{o.path}"))
    assert answer["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]
    ok, bad, put, deleted, faulty = answer["Operations"]
    assert ok == {
        "method": "POST",
        "bulkId": "a",
        "version": 'W/"1"',
        "location": f"{BASE}/Users/id-a",
        "status": "201",
    }
    assert "location" not in bad
    assert (bad["status"], bad["response"]["scimType"]) == ("400", "invalidValue")
    assert (put["status"], put["response"]["status"]) == ("400", "400")
    assert deleted == {"method": "DELETE", "version": 'W/"2"', "location": f"{BASE}/Users/2", "status": "204"}
    assert (faulty["location"], faulty["response"]["scimType"]) == (f"{BASE}/Users/3", "invalidSyntax")


@pytest.mark.requirement(94)
@pytest.mark.parametrize(("limit", "ran"), [(None, "abcde"), (1, "ab"), (0, "ab"), (2, "abcd"), (3, "abcde")])
def test_fail_on_errors(limit: int | None, ran: str) -> None:
    server = Server("b", "d")
    more = {} if limit is None else {"failOnErrors": limit}
    found = carried_out(server, *(post(name) for name in "abcde"), **more)
    assert [name for name, _ in found] == list(ran)
    assert [status for _, status in found] == [400 if name in "bd" else 201 for name in ran]


@pytest.mark.requirement(94)
def test_faulty_operations_count_as_errors() -> None:
    assert len(carried_out(Server(), "x", post("a"), failOnErrors=1)) == 1


@pytest.mark.requirement(95)
def test_backward_references() -> None:
    server = Server()
    manager = {"urn:x:User": {"manager": {"value": "bulkId:a", "$ref": "../Users/bulkId:a"}}}
    member = {"op": "add", "path": 'members[value eq "bulkId:a"].display', "value": "bulkId:a"}
    carried_out(
        server,
        post("a"),
        post("b", **manager),
        {"method": "PATCH", "path": "/Groups/5", "data": {"Operations": [member]}},
        {"method": "PUT", "path": "/Users/bulkId:b", "data": {"x": "not bulkId:a", "y": ["bulkId:a"]}},
    )
    assert server.seen[1].data["urn:x:User"]["manager"] == {"value": "id-a", "$ref": "../Users/id-a"}
    changes = server.seen[2].data["Operations"]
    assert changes == [{"op": "add", "path": 'members[value eq "id-a"].display', "value": "id-a"}]
    assert server.seen[3].path == "/Users/id-b"
    assert server.seen[3].data == {"x": "not bulkId:a", "y": ["id-a"]}


@pytest.mark.requirement(95, 98)
def test_forward_references_wait() -> None:
    server = Server()
    found = carried_out(server, post("g", "u", "v", endpoint="/Groups"), post("u"), post("w"), post("v"))
    assert server.order == ["POST u", "POST w", "POST v", "POST g"]
    assert found == [("g", 201), ("u", 201), ("w", 201), ("v", 201)], "results are in the client's order"
    assert server.seen[3].data["members"] == [{"value": "id-u"}, {"value": "id-v"}]


@pytest.mark.requirement(98)
def test_operations_on_one_resource_keep_their_order() -> None:
    server = Server()
    change = {"method": "PATCH", "path": "/Groups/5", "data": {"add": "bulkId:u"}}
    carried_out(
        server, change, {"method": "DELETE", "path": "/Groups/5"}, {"method": "DELETE", "path": "/Users/7"}, post("u")
    )
    assert server.order == ["DELETE 7", "POST u", "PATCH 5", "DELETE 5"]


@pytest.mark.requirement(95)
def test_circular_references() -> None:
    server = Server()
    found = carried_out(server, post("a", "b", endpoint="/Groups"), post("b", "a", endpoint="/Groups"))
    assert found == [("a", 201), ("b", 201)]
    assert server.order == ["POST a", "POST b", "PATCH id-a"]
    assert server.seen[0].data == {"name": "a", "members": []}
    assert server.seen[1].data["members"] == [{"value": "id-a"}]
    assert server.seen[2].data["Operations"] == [{"op": "add", "path": "members", "value": [{"value": "id-b"}]}]
    results = jobs.run(parsed(request(post("a", "b"), post("b", "a"))), Server())
    assert results[0][1].version == 'W/"2"', "the version is that after the PATCH"


@pytest.mark.requirement(95)
def test_circles_of_every_kind() -> None:
    server = Server()
    alone = post("self", "self")
    boss = {"urn:x:2.0:User": {"manager": {"value": "bulkId:chief"}, "division": "d"}}
    found = carried_out(
        server, post("before", "a"), alone, post("a", "b"), post("b", "c"), post("c", "a"), post("chief", **boss)
    )
    assert {status for _, status in found} == {201}
    by_name = {o.bulk_id or f"PATCH {o.resource_id}": o for o in server.seen}
    assert by_name["self"].data["members"] == []
    assert by_name["PATCH id-self"].data["Operations"][0]["value"] == [{"value": "id-self"}]
    assert by_name["before"].data["members"] == [{"value": "id-a"}], "what only leads to a circle waits for it"
    assert by_name["c"].data["members"] == [{"value": "id-a"}]
    assert by_name["chief"].data["urn:x:2.0:User"] == {"division": "d"}
    assert by_name["PATCH id-chief"].data["Operations"] == [
        {"op": "add", "path": "urn:x:2.0:User:manager", "value": {"value": "id-chief"}}
    ]


@pytest.mark.requirement(95)
@pytest.mark.parametrize(
    ("operations", "bad", "expected"),
    [
        ([post("a", "none")], (), [("a", 400)]),
        ([post("a"), post("b", "a")], ("a",), [("a", 400), ("b", 409)]),
        ([post("b", "a"), post("a")], ("a",), [("b", 409), ("a", 400)]),
        ([{"method": "DELETE", "path": "/Users/bulkId:none"}], (), [("/Users/bulkId:none", 400)]),
        ([post("a", "b", "none"), post("b", "a")], (), [("a", 400), ("b", 409)]),
        ([post("a", "b"), post("b", "a")], ("a",), [("a", 400), ("b", 409)]),
        ([post("a", "b"), post("b", "a")], ("b",), [("a", 409), ("b", 400)]),
        ([post("a", "b"), post("b", "a")], ("PATCH id-a",), [("a", 400), ("b", 201)]),
        ([post("a", ""), post("b")], (), [("a", 201), ("b", 201)]),
    ],
)
def test_references_that_lead_nowhere(operations: list[Any], bad: tuple[str, ...], expected: list[Any]) -> None:
    assert carried_out(Server(*bad), *operations) == expected


@pytest.mark.requirement(94, 95)
def test_stopped_within_a_circle() -> None:
    results = jobs.run(parsed(request(post("a", "b"), post("b", "a"), failOnErrors=1)), Server("b"))
    (_, a), (_, b) = results
    assert (a.status, b.status) == (409, 400)
    assert a.location == f"{BASE}/Users/id-a", "it is there, and its location is told"


@pytest.mark.requirement(95, 142)
def test_a_thousand_in_one_circle_are_done_quickly() -> None:
    server = Server()
    begun = time.process_time()
    ring = [post(str(number), str((number + 1) % 1_000)) for number in range(1_000)]
    tangle = [post(f"t{number}", *(f"t{other}" for other in range(0, 500, 10))) for number in range(500)]
    assert {status for _, status in carried_out(server, *ring)} == {201}
    assert {status for _, status in carried_out(Server(), *tangle)} == {201}
    assert time.process_time() - begun < 2
