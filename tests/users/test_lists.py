"""Lists: sorting, pages by index and by cursor, .search, the root query, Bulk, /Me, ETags (RFC 7644, RFC 9865)."""

from typing import Any

import pytest

from tests.users.conftest import PATCH, USER, Client

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def _people(scim: Client) -> list[str]:
    people = [("carl", "Zuse", "b"), ("ada", "Lovelace", None), ("bob", "abel", "A"), ("dora", "Müller", "c")]
    return [
        scim.create(
            userName=f"{name}@example.com",
            name={"givenName": name.title(), "familyName": family},
            **({"title": title} if title else {}),
        )["id"]
        for name, family, title in people
    ]


def _names(answer: Any) -> list[str]:
    return [user["userName"].partition("@")[0] for user in answer.get_json()["Resources"]]


@pytest.mark.requirement(65, 124)
@pytest.mark.parametrize(
    ("sort_by", "order", "names"),
    [
        ("userName", "ascending", ["ada", "bob", "carl", "dora"]),
        ("userName", "descending", ["dora", "carl", "bob", "ada"]),
        ("name.familyName", "ascending", ["bob", "ada", "dora", "carl"]),
        ("title", "ascending", ["bob", "carl", "dora", "ada"]),
        ("title", "descending", ["ada", "dora", "carl", "bob"]),
        ("id", "descending", ["dora", "bob", "ada", "carl"]),
        ("emails", "ascending", ["carl", "ada", "bob", "dora"]),  # carl is the only one who shows any
        (f"{USER}:NAME.givenname", "ascending", ["ada", "bob", "carl", "dora"]),
        ("addresses.locality", "ascending", ["carl", "ada", "bob", "dora"]),
        ("meta.created", "ascending", ["carl", "ada", "bob", "dora"]),
    ],
)
def test_sort(scim: Client, sort_by: str, order: str, names: list[str]) -> None:
    _people(scim)
    assert _names(scim.get("/Users", sortBy=sort_by, sortOrder=order)) == names
    walked, cursor = [], ""
    for _ in range(5):
        answer = scim.get("/Users", sortBy=sort_by, sortOrder=order, count=1, cursor=cursor)
        walked += _names(answer)
        cursor = answer.get_json().get("nextCursor")
        if not cursor:
            break
    assert walked == names, "by cursor the same order"


def test_a_wrong_sort_is_refused(scim: Client) -> None:
    assert scim.get("/Users", sortBy="nothing").get_json()["scimType"] in ("invalidPath", "invalidValue")
    assert scim.get("/Users", sortOrder="sideways").status_code == 400


@pytest.mark.requirement(66, 119, 120)
def test_cursor_pages_lose_and_repeat_nothing_while_rows_come_and_go(scim: Client) -> None:
    ids = [scim.create(userName=f"u{number}@example.com")["id"] for number in range(9)]
    answer = scim.get("/Users", cursor="", count=3).get_json()
    assert "startIndex" not in answer
    assert answer["totalResults"] == 9
    seen = [user["id"] for user in answer["Resources"]]
    scim.send("DELETE", f"/Users/{ids[0]}")
    scim.create(userName="late@example.com")
    while "nextCursor" in answer:
        answer = scim.get("/Users", cursor=answer["nextCursor"], count=3).get_json()
        seen += [user["id"] for user in answer["Resources"]]
    assert seen[:9] == ids
    assert len(seen) == len(set(seen)) == 10


@pytest.mark.requirement(122, 123)
def test_cursors_are_sealed_and_bound(scim: Client) -> None:
    _people(scim)
    cursor = scim.get("/Users", cursor="", count=2).get_json()["nextCursor"]

    def error(**query: Any) -> str | None:
        answer = scim.get("/Users", **query)
        return None if answer.status_code == 200 else answer.get_json()["scimType"]

    assert error(cursor=cursor) is None
    assert error(cursor=cursor, count=2) is None
    assert error(cursor=cursor, count=3) == "invalidCount"
    assert error(cursor="", count=100_000) == "invalidCount"
    assert error(cursor=cursor, filter="active eq true") == "invalidCursor"
    assert error(cursor=cursor, sortBy="userName") == "invalidCursor"
    assert error(cursor=cursor[:-4] + "AAAA") == "invalidCursor"
    assert error(cursor="nonsense") == "invalidCursor"
    answer = scim.get("/Groups", cursor=cursor)
    assert answer.get_json()["scimType"] == "invalidCursor"


def test_a_cursor_with_a_filter_that_only_the_evaluator_can_judge(scim: Client) -> None:
    _people(scim)
    query = {"filter": 'name.givenName co "a"', "count": 2}
    first = scim.get("/Users", cursor="", **query).get_json()
    second = scim.get("/Users", cursor=first["nextCursor"], **query).get_json()
    assert first["totalResults"] == 3
    assert len(first["Resources"]) == 2
    assert [user["userName"] for user in second["Resources"]] == ["dora@example.com"]
    assert "nextCursor" not in second


@pytest.mark.requirement(120, 124)
def test_groups_by_cursor(scim: Client) -> None:
    for name in ("Delta", "alpha", "Charlie"):
        scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": name})
    names, cursor = [], ""
    while cursor is not None:
        answer = scim.get("/Groups", sortBy="displayName", count=2, cursor=cursor).get_json()
        names += [group["displayName"] for group in answer["Resources"]]
        cursor = answer.get("nextCursor")
    assert names == ["alpha", "Charlie", "Delta", "General", "Retailer", "Wholesale"]


@pytest.mark.requirement(68, 116, 126)
def test_search_by_post(scim: Client) -> None:
    _people(scim)
    body = {"schemas": [SEARCH], "filter": 'userName sw "a"', "attributes": ["userName"], "startIndex": 1, "count": 10}
    answer = scim.send("POST", "/Users/.search", body)
    assert answer.status_code == 200
    (user,) = answer.get_json()["Resources"]
    assert set(user) == {"schemas", "id", "userName"}
    assert scim.send("POST", "/Groups/.search", {"schemas": [SEARCH], "count": 1}).get_json()["itemsPerPage"] == 1
    assert scim.send("POST", "/Users/.search", {"schemas": [USER]}).get_json()["scimType"] == "invalidSyntax"
    first = scim.send("POST", "/Users/.search", {"schemas": [SEARCH], "count": 3, "cursor": ""}).get_json()
    rest = scim.send("POST", "/Users/.search", {"schemas": [SEARCH], "cursor": first["nextCursor"]}).get_json()
    assert len(rest["Resources"]) == 1


@pytest.mark.requirement(54)
def test_the_root_query_spans_types(scim: Client) -> None:
    _people(scim)
    everything = scim.send("GET", "/").get_json()
    assert everything["totalResults"] == 4 + 3
    kinds = [resource["meta"]["resourceType"] for resource in everything["Resources"]]
    assert kinds == ["User"] * 4 + ["Group"] * 3
    assert scim.get("/", startIndex=4, count=2).get_json()["itemsPerPage"] == 2
    assert scim.get("/", filter='displayName eq "Wholesale"').get_json()["totalResults"] == 1
    assert scim.get("/", filter='meta.resourceType eq "User"').get_json()["totalResults"] == 4
    found = scim.send("POST", "/.search", {"schemas": [SEARCH], "filter": 'userName eq "ada@example.com"'}).get_json()
    assert found["totalResults"] == 1


@pytest.mark.requirement(107, 108, 109)
def test_etags(scim: Client) -> None:
    user = scim.create()
    path, tag = f"/Users/{user['id']}", user["meta"]["version"]
    assert scim.send("GET", path, If_None_Match=tag).status_code == 304
    assert scim.send("GET", path, If_None_Match='W/"other"').status_code == 200
    operation = {"op": "replace", "path": "title", "value": "x"}
    assert scim.patch(user["id"], operation, If_Match='W/"other"').status_code == 412
    assert scim.patch(user["id"], operation, If_Match=f'W/"other", {tag}').status_code == 200
    assert scim.send("DELETE", path, If_Match=tag).status_code == 412
    body = {"schemas": [USER], "userName": "ada@example.com", "name": user["name"]}
    assert scim.send("PUT", path, body, If_Match=tag).status_code == 412
    assert scim.send("DELETE", path, If_Match="*").status_code == 204


@pytest.mark.requirement(92, 93, 95)
def test_bulk(scim: Client) -> None:
    def post(name: str, **more: Any) -> dict[str, Any]:
        data = {"schemas": [USER], "userName": f"{name}@example.com", "name": {"givenName": "A", "familyName": "B"}}
        return {"method": "POST", "path": "/Users", "bulkId": name, "data": {**data, **more}}

    operations = [
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"schemas": [GROUP], "displayName": "Staff",
                                                                     "members": [{"value": "bulkId:ada"}]}},
        post("ada"),
        post("ada2", userName="ADA@example.com"),
        {"method": "PATCH", "path": "/Users/bulkId:ada",
         "data": {"schemas": [PATCH], "Operations": [{"op": "add", "path": "title", "value": "x"}]}},
        {"method": "DELETE", "path": "/Users/4711"},
    ]  # fmt: skip
    answer = scim.send("POST", "/Bulk", {"schemas": [BULK], "Operations": operations})
    assert answer.status_code == 200, answer.text
    results = answer.get_json()["Operations"]
    assert [result["status"] for result in results] == ["201", "201", "409", "200", "404"]
    assert results[2]["response"]["scimType"] == "uniqueness"
    assert results[1]["location"].endswith(f"/Users/{scim.rows('customer_entity')[0]['entity_id']}")
    (member,) = scim.rows("scim_membership")
    assert member["entity_id"] == int(results[1]["location"].rpartition("/")[2])


@pytest.mark.requirement(94, 97)
def test_bulk_stops_and_limits(scim: Client) -> None:
    bad = {"method": "DELETE", "path": "/Users/4711"}
    answer = scim.send("POST", "/Bulk", {"schemas": [BULK], "failOnErrors": 2, "Operations": [bad] * 5})
    assert len(answer.get_json()["Operations"]) == 2
    many = scim.send("POST", "/Bulk", {"schemas": [BULK], "Operations": [bad] * 1001})
    assert (many.status_code, "1000" in many.get_json()["detail"]) == (413, True)


@pytest.mark.requirement(102)
def test_me(scim: Client) -> None:
    assert (scim.get("/Me").status_code, scim.get("/Me").get_json()["status"]) == (501, "501")
    user = scim.create()
    scim.execute("UPDATE {p}scim_token SET user_id = :i", i=int(user["id"]))
    answer = scim.get("/Me")
    assert answer.status_code == 200
    assert answer.headers["Location"] == user["meta"]["location"]


@pytest.mark.requirement(53, 143)
@pytest.mark.parametrize(
    "path", ["/Users/", "//Users", "/users", "/USERS?count=1", "/Users?aadOptscim062020", "/serviceproviderconfig"]
)
def test_paths_as_clients_write_them(scim: Client, path: str) -> None:
    assert scim.send("GET", path).status_code == 200
