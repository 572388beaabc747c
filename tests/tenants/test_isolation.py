"""Nothing crosses from one tenant to another: ids, filters, lists, cursors, groups, members, Bulk, match (issue 6)."""

import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.mapping import group_ids
from tests.tenants.conftest import Tenants, Websites
from tests.users.conftest import PATCH, USER, Client

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def person(name: str, **more: Any) -> dict[str, Any]:
    return {"schemas": [USER], "userName": name, "name": {"givenName": "Ada", "familyName": "Lovelace"}, **more}


def operations(*given: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(given)}


def group(scim: Client, name: str, *ids: str) -> TestResponse:
    members = [{"value": each} for each in ids]
    return scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": name, "members": members})


@dataclass(frozen=True)
class Pair:
    """Two tenants, mine and theirs, each with a user and a group that it is in."""

    mine: Client
    theirs: Client
    user: str
    their_user: str
    group: str
    their_group: str


@pytest.fixture(params=["two websites", "one website", "shared accounts"])
def pair(request: pytest.FixtureRequest, websites: Websites, tenants: Tenants) -> Pair:
    if request.param == "shared accounts":
        websites.share()
    mine, theirs = tenants("here", "beside" if request.param == "one website" else "there")
    user = mine.create(userName="ada@example.com", externalId="e1")["id"]
    their_user = theirs.create(userName="grace@example.com", externalId="e2")["id"]
    answers = group(mine, "Mine", user), group(theirs, "Theirs", their_user)
    return Pair(mine, theirs, user, their_user, *(answer.get_json()["id"] for answer in answers))


def everything(scim: Client) -> list[tuple[str, str, Any]]:
    """List a request of each endpoint."""
    some = operations({"op": "add", "path": "title", "value": "x"})
    return [
        *(("GET", path, None) for path in ("/", "/Users", "/Users/1", "/Groups", "/Groups/group-1", "/Me")),
        *(("POST", f"{path}/.search", {"schemas": [SEARCH]}) for path in ("", "/Users", "/Groups")),
        *(("PATCH", path, some) for path in ("/Users/1", "/Groups/group-1", "/Me")),
        *(("PUT", path, person("x")) for path in ("/Users/1", "/Groups/group-1", "/Me")),
        *(("DELETE", path, None) for path in ("/Users/1", "/Groups/group-1", "/Me")),
        *(("POST", path, person("x")) for path in ("/Users", "/Groups", "/Me")),
        ("POST", "/Bulk", {"schemas": [BULK], "Operations": [{"method": "DELETE", "path": "/Users/1"}]}),
        *(("GET", path, None) for path in ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/openapi.json")),
    ]


@pytest.mark.usefixtures("websites")
def test_a_token_opens_its_own_tenant_only(tenants: Tenants) -> None:
    mine, theirs = tenants("here", "there")
    before = theirs.rows("customer_entity")
    mine.base, theirs.headers = theirs.base, {}
    refused = [(method, path, mine.send(method, path, body).status_code) for method, path, body in everything(mine)]
    assert [one for one in refused if one[2] != 401] == []
    opened = [path for method, path, body in everything(mine) if theirs.send(method, path, body).status_code == 200]
    assert opened == ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/openapi.json"], "these need no token"
    assert theirs.rows("customer_entity") == before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/scim/here/v2/Users", 200),
        ("/scim/here/Users", 200),
        ("/scim/here/v2/users/", 200),
        ("/SCIM//Here/V2/Users", 200),
        ("/scim/here/v1/Users", 400),
        ("/scim/there/v2/Users", 401),
        ("/scim/nobody/v2/Users", 404),
        ("/scim/v2/Users", 404),
        ("/scim/Users", 404),
        ("/scim/here/v2/Nothing", 404),
        ("/scim/here/there/v2/Users", 404),
    ],
)
@pytest.mark.usefixtures("websites")
def test_urls(tenants: Tenants, path: str, status: int) -> None:
    (mine,) = tenants("here")
    answer = mine.app.test_client().get(path, headers=mine.headers)
    assert (answer.status_code, answer.get_json().get("detail") is None) == (status, status == 200), answer.text


@pytest.mark.usefixtures("websites")
def test_where_a_resource_is(tenants: Tenants) -> None:
    (mine,) = tenants("here", base_url="https://scim.example.com/api/scim/v2")
    made = mine.send("POST", "/Users", person("ada@example.com"))
    where = f"https://scim.example.com/api/scim/here/v2/Users/{made.get_json()['id']}"
    again = mine.send("POST", "/Users", person("ada@example.com"))
    found = (made.get_json()["meta"]["location"], made.headers["Location"], again.headers["Location"])
    assert found == (where, where, where)
    for path in ("/ServiceProviderConfig", "/ResourceTypes/User", f"/Schemas/{USER}"):
        location = mine.get(path).get_json()["meta"]["location"]
        assert location == f"https://scim.example.com/api/scim/here/v2{path}"
    assert mine.get("/openapi.json").get_json()["servers"] == [{"url": "https://scim.example.com/api/scim/here/v2"}]


def test_each_tenant_has_its_profile(websites: Websites, tenants: Tenants) -> None:
    mine, theirs = tenants("here", "there")
    without = {key: value for key, value in person("ada@example.com").items() if key != "schemas"}
    assert [scim.send("POST", "/Users", without).status_code for scim in (mine, theirs)] == [201, 400]
    assert mine.rows("customer_entity")[0]["website_id"] == websites.here


REPLACED = person("ada.b@example.com")
NAMED = {"schemas": [GROUP], "displayName": "New"}
TITLE = operations({"op": "add", "path": "title", "value": "x"})
OWN = operations({"op": "add", "path": "externalId", "value": "x"})


THEIRS: list[tuple[str, str, Any]] = [
    ("GET", "/Users/{user}", None),
    ("PUT", "/Users/{user}", REPLACED),
    ("PATCH", "/Users/{user}", TITLE),
    ("DELETE", "/Users/{user}", None),
    ("GET", "/Groups/{group}", None),
    ("PUT", "/Groups/{group}", NAMED),
    ("PATCH", "/Groups/{group}", OWN),
    ("DELETE", "/Groups/{group}", None),
]


def test_what_is_theirs_is_not_there(pair: Pair, subtests: pytest.Subtests) -> None:
    for method, path, body in THEIRS:
        with subtests.test(f"{method} {path}"):
            _is_not_there(pair, method, path, body)


def _is_not_there(pair: Pair, method: str, path: str, body: Any) -> None:
    before = [pair.mine.rows(table) for table in ("customer_entity", "scim_link", "scim_group", "customer_group")]
    theirs = path.format(user=pair.their_user, group=pair.their_group)
    answer = pair.mine.send(method, theirs, body)
    nobody = pair.mine.send(method, path.format(user=4711, group=4711), body)
    assert (answer.status_code, nobody.status_code) == (404, 404)
    changed = (pair.their_user, "4711") if "Users" in path else (pair.their_group, "4711")
    assert answer.get_json()["detail"].replace(*changed) == nobody.get_json()["detail"]
    bulk = {"schemas": [BULK], "Operations": [{"method": method, "path": theirs, "data": body}]}
    if method != "GET":
        assert pair.mine.send("POST", "/Bulk", bulk).get_json()["Operations"][0]["status"] == "404"
    assert before == [pair.mine.rows(t) for t in ("customer_entity", "scim_link", "scim_group", "customer_group")]


FILTERS = [
    None,
    'id eq "{their_user}"',
    'userName eq "grace@example.com"',
    'externalId eq "e2"',
    'emails.value eq "grace@example.com"',
    'emails[value eq "grace@example.com"]',
    'userName sw "g"',
    'groups.value eq "{their_group}"',
    "active eq true",
    'name.givenName eq "Ada"',
    'not (externalId eq "e1")',
    'meta.created gt "2011-01-01T00:00:00Z"',
]


def test_no_list_has_theirs(pair: Pair, subtests: pytest.Subtests) -> None:
    for filter_, sort in itertools.product(FILTERS, (None, "name.familyName")):
        with subtests.test(f"{filter_}, sorted by {sort}"):
            _no_list_has_theirs(pair, filter_, sort)


def _no_list_has_theirs(pair: Pair, filter_: str | None, sort: str | None) -> None:
    query = {"filter": filter_.format(their_user=pair.their_user, their_group=pair.their_group)} if filter_ else {}
    query |= {"sortBy": sort} if sort else {}
    for scim, own, other in ((pair.mine, pair.user, pair.their_user), (pair.theirs, pair.their_user, pair.user)):
        lists = [scim.get("/Users", **query), scim.get("/Users", **query, cursor="")]
        lists.append(scim.send("POST", "/Users/.search", {"schemas": [SEARCH], **query}))
        lists += [] if sort else [scim.get("/", **query), scim.send("POST", "/.search", {"schemas": [SEARCH], **query})]
        for answer in lists:
            found = answer.get_json()
            ids = {one["id"] for one in found.get("Resources", ()) if one["meta"]["resourceType"] == "User"}
            assert (answer.status_code, other in ids, ids <= {own}) == (200, False, True)
            assert found["totalResults"] == len(found.get("Resources", ()))


OF_GROUPS = (None, 'displayName eq "Theirs"', 'members.value eq "{their_user}"', "members pr")


def test_no_list_has_their_groups(pair: Pair, subtests: pytest.Subtests) -> None:
    for filter_, path in itertools.product(OF_GROUPS, ("/Groups", "/")):
        with subtests.test(f"{path}, {filter_}"):
            query = {"filter": filter_.format(their_user=pair.their_user)} if filter_ else {}
            answer = pair.mine.get(path, **query)
            found = answer.get_json()["Resources"] if answer.get_json()["totalResults"] else []
            assert pair.their_group not in {one["id"] for one in found if one["meta"]["resourceType"] == "Group"}
            assert pair.their_user not in {m["value"] for one in found for m in one.get("members", ())}


def test_a_cursor_is_its_own_tenants(pair: Pair) -> None:
    pair.mine.create(userName="second@example.com")
    cursor = pair.mine.get("/Users", cursor="", count=1).get_json()["nextCursor"]
    assert pair.mine.get("/Users", cursor=cursor, count=1).status_code == 200
    answer = pair.theirs.get("/Users", cursor=cursor, count=1)
    assert (answer.status_code, answer.get_json()["scimType"]) == (400, "invalidCursor")


JOINING: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/Groups", {"schemas": [GROUP], "displayName": "New", "members": ["{theirs}"]}),
    ("PUT", "/Groups/{group}", {"schemas": [GROUP], "displayName": "Mine", "members": ["{theirs}"]}),
    ("PATCH", "/Groups/{group}", {"op": "add", "path": "members", "value": ["{theirs}"]}),
    ("PATCH", "/Groups/{group}", {"op": "replace", "path": "members", "value": ["{theirs}"]}),
]


def test_theirs_cannot_be_made_a_member(pair: Pair, subtests: pytest.Subtests) -> None:
    for method, path, body in JOINING:
        with subtests.test(f"{method} {path} {body.get('op')}"):
            _is_no_member(pair, method, path, body)


def _is_no_member(pair: Pair, method: str, path: str, body: dict[str, Any]) -> None:
    given = {key: [{"value": pair.their_user}] if value == ["{theirs}"] else value for key, value in body.items()}
    sent = operations(given) if method == "PATCH" else given
    answer = pair.mine.send(method, path.format(group=pair.group), sent)
    assert (answer.status_code, answer.get_json()["scimType"]) == (400, "invalidValue")
    assert pair.theirs.get(f"/Users/{pair.their_user}").get_json()["groups"][0]["value"] == pair.their_group


def test_the_shop_puts_them_into_my_group(pair: Pair) -> None:
    pair.mine.execute("UPDATE {p}customer_entity SET group_id = :g", g=group_ids.number(pair.group))
    pair.mine.execute("UPDATE {p}customer_grid_flat SET group_id = :g", g=group_ids.number(pair.group))
    assert [m["value"] for m in pair.mine.get(f"/Groups/{pair.group}").get_json()["members"]] == [pair.user]
    shown = pair.theirs.get(f"/Users/{pair.their_user}").get_json().get("groups", [])
    assert [one["value"] for one in shown] == [pair.their_group], "a group of mine is not told to them"
    body = {"schemas": [GROUP], "displayName": "Mine", "members": []}
    assert pair.mine.send("PUT", f"/Groups/{pair.group}", body).status_code == 200
    assert pair.mine.customer(pair.user)["group_id"] == 1
    assert pair.mine.customer(pair.their_user)["group_id"] == group_ids.number(pair.group), (
        "who is theirs is left alone"
    )
    answer = pair.mine.send("DELETE", f"/Groups/{pair.group}")
    assert (answer.status_code, "not among these users" in answer.get_json()["detail"]) == (403, True)
    assert pair.mine.customer(pair.their_user)["group_id"] == group_ids.number(pair.group)


def test_the_name_of_their_group_is_taken_without_saying_whose(pair: Pair, subtests: pytest.Subtests) -> None:
    ways = (("POST", "/Groups"), ("PUT", f"/Groups/{pair.group}"))
    for name, (method, path) in itertools.product(("Theirs", "THEIRS", " theirs "), ways):
        with subtests.test(f"{method} {name!r}"):
            answer = pair.mine.send(method, path, {"schemas": [GROUP], "displayName": name})
            assert (answer.status_code, answer.headers.get("Location")) == (409, None)
            assert pair.their_group not in answer.get_json()["detail"].replace(name, "")


@pytest.mark.parametrize("profile", ["lenient", "miniorange"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "Bulk"])
def test_their_email_is_taken_without_saying_whose(
    websites: Websites, tenants: Tenants, profile: str, method: str
) -> None:
    (mine, theirs) = tenants("here", "beside", profile=profile)
    for _ in range(3):
        mine.create(userName=f"{_}@example.com")
    own = mine.create(userName="own@example.com")["id"]
    other = theirs.create(userName="grace@example.com", externalId="e2", active=False)["id"]
    name, path = "GRACE@example.com", f"/Users/{own}"
    change = {"op": "replace", "path": "userName", "value": name}
    answer = {
        "POST": lambda: mine.send("POST", "/Users", person(name, externalId="e2")),
        "PUT": lambda: mine.send("PUT", path, person(name)),
        "PATCH": lambda: mine.send("PATCH", path, operations(change)),
        "Bulk": lambda: mine.send(
            "POST",
            "/Bulk",
            {
                "schemas": [BULK],
                "Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": person(name)}],
            },
        ),
    }[method]()
    told = answer.get_json()["Operations"][0]["response"] if method == "Bulk" else answer.get_json()
    assert (int(told["status"]), told["scimType"]) == (409, "uniqueness")
    assert (other in told["detail"], answer.headers.get("Location")) == (False, None)
    assert theirs.customer(other)["is_active"] == 0
    assert len(mine.rows("customer_entity")) == 5
    assert mine.rows("scim_link", entity_id=int(other))[0]["tenant"] == "beside"
    assert websites.here == theirs.customer(other)["website_id"]


def test_names_are_each_tenants_own(websites: Websites, tenants: Tenants) -> None:
    mapping = """version: 1
customer:
  email: emails.value
  firstname: name.givenName
  lastname: name.familyName
tenants: {here: {}, beside: {}}
"""
    mine, theirs = tenants("here", "beside", mapping=mapping)
    ids = [
        scim.create(userName="ada", externalId="e1", emails=[{"value": email}])["id"]
        for scim, email in ((mine, "ada@example.com"), (theirs, "ada@example.org"))
    ]
    for scim, own in zip((mine, theirs), ids, strict=True):
        for filter_ in ('userName eq "ada"', 'externalId eq "e1"'):
            assert [one["id"] for one in scim.get("/Users", filter=filter_).get_json()["Resources"]] == [own]
    assert websites.here


def test_who_is_managed_by_nobody_is_taken_over_by_the_first(websites: Websites, tenants: Tenants) -> None:
    mine, theirs = tenants("here", "beside")
    free = str(websites.bench.create(email="ada@example.com"))
    assert [scim.get(f"/Users/{free}").status_code for scim in (mine, theirs)] == [200, 200]
    assert mine.create(userName="ada@example.com")["id"] == free
    assert [scim.get(f"/Users/{free}").status_code for scim in (mine, theirs)] == [200, 404]
    assert theirs.send("POST", "/Users", person("ada@example.com")).status_code == 409


def test_me_of_another_tenant_is_not_there(pair: Pair) -> None:
    pair.mine.execute("UPDATE {p}scim_token SET user_id = :u WHERE tenant = 'here'", u=int(pair.their_user))
    assert pair.mine.get("/Me").status_code == 404
