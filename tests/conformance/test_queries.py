"""Lists: filters, sorting, pages, .search, the root query, cursors (RFC 7644 sections 3.4.2 and 3.4.3, RFC 9865)."""

from collections.abc import Callable
from typing import Any

import pytest

from app.mapping import group_ids
from app.sql import wire
from tests.conformance.conftest import GROUP, Service, told
from tests.scim.table import rows
from tests.users.conftest import ENTERPRISE, USER

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

# Three people whom every filter is asked about; HERE keeps them apart from those of other tests.
PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {
        "userType": "HERE",
        "externalId": "Ext-HERE",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "title": "Countess",
        "emails": [{"value": "ada.HERE@example.com", "type": "work", "primary": True},
                   {"value": "ada.home.HERE@example.org", "type": "home"}],
        "roles": [{"value": "admin"}, {"value": "editor"}],
        ENTERPRISE: {"employeeNumber": "42", "manager": {"value": "aB3"}},
    },
    "bob": {
        "userType": "HERE",
        "name": {"givenName": "Bob", "familyName": "Dylan", "honorificSuffix": "100%_\\x"},
        "title": "countess of x",
        "active": False,
        "emails": [{"value": "bob.HERE@example.com", "type": "work"}],
        "x509Certificates": [{"value": "AQID"}],
        ENTERPRISE: {"employeeNumber": "7"},
    },
    "cleo": {"userType": "HERE", "name": {"givenName": "Cléo", "familyName": "Müller"}, "nickName": ""},
}  # fmt: skip

FOUND = rows(
    *((55, text, names) for text, names in [
        ('userName eq "ada.HERE@example.com"', "ada"),
        ('name.givenName ne "Ada"', "bob cleo"),
        ('name.familyName co "OVEL"', "ada"),
        ('title sw "count"', "ada bob"),
        ('title ew "X"', "bob"),
        ("title pr", "ada bob"),
        ('title gt "Countess"', "bob"),
        ('title ge "Countess"', "ada bob"),
        ('title lt "countess of x"', "ada"),
        ('title le "COUNTESS"', "ada"),
        ('emails[type eq "work" and value co ".com"]', "ada bob"),
        ('emails[type eq "home"].value ew ".org"', "ada"),
        ('emails[not (type eq "work")]', "ada"),
        ('TITLE EQ "countess" AND NOT (nickname PR)', "ada"),
        ('title eq "Countess" or title eq "countess of x"', "ada bob"),
    ]),
    (56, 'title pr or nickName pr and name.givenName eq "Zoe"', "ada bob"),
    (56, '(title pr or nickName pr) and name.givenName eq "Ada"', "ada"),
    (56, 'not (title pr) or name.givenName eq "Ada"', "ada cleo"),
    (56, 'not (title pr and name.givenName eq "Ada")', "bob cleo"),
    (57, 'meta.created gt "2011-05-13T04:42:34Z"', "ada bob cleo"),
    (57, 'meta.created lt "2011-05-13T04:42:34+02:00"', ""),
    (57, 'userName gt "b" and userName lt "c"', "bob"),
    (58, 'emails co "example.org"', "ada"),
    (58, 'emails eq "bob.HERE@example.com"', "bob"),
    (58, 'roles eq "editor"', "ada"),
    (60, 'externalId eq "Ext-HERE"', "ada"),
    (60, 'externalId eq "EXT-HERE"', ""),
    (60, 'name.givenName eq "ADA"', "ada"),
    (60, 'name.givenName eq "CLÉO"', "cleo"),
    (60, f'{ENTERPRISE}:manager.value eq "AB3"', ""),
    (60, f'{ENTERPRISE}:manager.value eq "aB3"', "ada"),
    (61, 'title ne "Countess"', "bob cleo"),
    (61, 'not (title eq "Countess")', "bob cleo"),
    (61, 'nickName eq "x"', ""),
    ((61, 11), "nickName pr", ""),
    ((61, 11), "not (nickName pr)", "ada bob cleo"),
    (61, "active eq true", "ada cleo"),
    (61, "active eq false", "bob"),
    (63, "title eq null", "cleo"),
    (63, "title ne null", "ada bob"),
    (64, 'not(title eq "Countess")', "bob cleo"),
    (64, 'not (title eq "Countess")', "bob cleo"),
    (101, f'{USER}:name.givenName eq "Ada"', "ada"),
    (101, f'{USER.upper()}:title eq "countess"', "ada"),
    (101, f'{ENTERPRISE}:employeeNumber eq "42"', "ada"),
    (141, 'name.honorificSuffix co "%"', "bob"),
    (141, 'name.familyName sw "1%"', ""),
    (141, 'name.honorificSuffix co "0%_"', "bob"),
    (141, 'name.honorificSuffix ew "_\\\\x"', "bob"),
    (141, 'title co "_"', ""),
    (141, 'emails.value co "%"', ""),
)  # fmt: skip

# the filter | whether a lenient profile understands it all the same
BAD_FILTERS = rows(
    (57, "active gt true", False),
    (57, "active le false", False),
    (57, 'x509Certificates.value gt "AQID"', False),
    (57, "title gt 7", True),
    (58, 'name eq "Ada"', False),
    (58, 'name co "Ada"', False),
    (58, 'addresses eq "x"', False),
    (58, f'{ENTERPRISE}:manager gt "x"', True),
    (59, 'title is "x"', False),
    (59, 'title eqq "x"', False),
    (59, "title", False),
    (55, 'title eq "x" and', False),
    (55, '(title eq "x"', False),
    (55, 'title eq "x")', False),
    (55, 'title eq "x', False),
    (55, "title eq x'y", True),
    (55, 'title eq "x" title eq "y"', False),
    (55, 'emails[type eq "work"', False),
    (55, 'not title eq "x"', False),
    (55, 'title pr "x"', False),
    (55, "", False),
    (62, 'password eq "x"', False),
    (62, "password pr", False),
    (55, 'nothing eq "x"', False),
)


@pytest.fixture(scope="module")
def people(scim: Service) -> dict[str, Any]:
    """Make the people, once for each service."""
    made = {}
    (filled,) = scim.filled({"word": "NEW"})
    word = filled["word"].lower()
    for name, given in PEOPLE.items():
        text = _replaced(given, word)
        made[name] = scim.create(userName=f"{name}.{word}@example.com", **text)["id"]
    return {"word": word, **made}


def _replaced(value: Any, word: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(held, word) for key, held in value.items()}
    if isinstance(value, list):
        return [_replaced(held, word) for held in value]
    return value.replace("HERE", word) if isinstance(value, str) else value


@pytest.mark.parametrize(("text", "names"), FOUND)
def test_filters(scim: Service, people: dict[str, Any], text: str, names: str) -> None:
    here = f'userType eq "{people["word"]}" and ({text.replace("HERE", people["word"])})'
    wanted = [people[name] for name in names.split()]
    listed = scim.get("/Users", filter=here)
    assert listed.status_code == 200, listed.text
    assert [user["id"] for user in listed.get_json()["Resources"]] == wanted
    searched = scim.send("POST", "/Users/.search", {"schemas": [SEARCH], "filter": here}).get_json()
    assert searched == listed.get_json()
    assert searched["totalResults"] == len(wanted)


@pytest.mark.parametrize(("text", "tolerated"), BAD_FILTERS)
def test_filters_that_are_none(scim: Service, text: str, tolerated: bool) -> None:
    if tolerated and scim.profile == "lenient":
        assert scim.get("/Users", filter=text).status_code == 200
        return
    for path in ("/Users", "/"):
        if (path, text) != ("/", 'nothing eq "x"'):
            assert told(scim.get(path, filter=text)) == (400, "invalidFilter"), path
    body = {"schemas": [SEARCH], "filter": text}
    assert told(scim.send("POST", "/Users/.search", body)) == (400, "invalidFilter")


# --- lists and pages ---


@pytest.mark.requirement(52)
def test_the_list_message(scim: Service, people: dict[str, Any]) -> None:
    here = f'userType eq "{people["word"]}"'
    answer = scim.get("/Users", filter=here, startIndex=2, count=1).get_json()
    assert (answer["schemas"], answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (
        [LIST],
        3,
        2,
        1,
    )
    assert len(answer["Resources"]) == 1
    none = scim.get("/Users", filter='userName eq "nobody@example.com"')
    assert (none.status_code, none.get_json()["totalResults"], none.get_json().get("Resources", [])) == (200, 0, [])


# startIndex and count | whom
PAGES = rows(
    *((66, query, names) for query, names in [
        ({}, "ada bob cleo"),
        ({"startIndex": 1, "count": 2}, "ada bob"),
        ({"startIndex": 3, "count": 2}, "cleo"),
        ({"startIndex": 4}, ""),
        ({"startIndex": 0, "count": 1}, "ada"),
        ({"startIndex": -5, "count": 1}, "ada"),
        ({"count": 0}, ""),
        ({"count": -1}, ""),
        ({"count": 1_000_000}, "ada bob cleo"),
    ]),
)  # fmt: skip


@pytest.mark.parametrize(("query", "names"), PAGES)
def test_pages(scim: Service, people: dict[str, Any], query: dict[str, int], names: str) -> None:
    here = f'userType eq "{people["word"]}"'
    answer = scim.get("/Users", filter=here, **query).get_json()
    assert [user["id"] for user in answer.get("Resources", [])] == [people[name] for name in names.split()]
    assert answer["totalResults"] == 3
    assert answer["itemsPerPage"] == len(names.split())
    assert scim.send("POST", "/Users/.search", {"schemas": [SEARCH], "filter": here, **query}).get_json() == answer


SORTED = rows(
    *((65, query, names) for query, names in [
        ({"sortBy": "name.givenName"}, "ada bob cleo"),
        ({"sortBy": "name.givenName", "sortOrder": "descending"}, "cleo bob ada"),
        ({"sortBy": "NAME.givenname", "sortOrder": "ASCENDING"}, "ada bob cleo"),
        ({"sortBy": f"{USER}:userName", "sortOrder": "descending"}, "cleo bob ada"),
        ({"sortBy": "title"}, "ada bob cleo"),
        ({"sortBy": "title", "sortOrder": "descending"}, "cleo bob ada"),
        ({"sortBy": f"{ENTERPRISE}:employeeNumber"}, "ada bob cleo"),
        ({"sortBy": "emails.value", "sortOrder": "ascending"}, "ada bob cleo"),
        ({"sortBy": "emails"}, "ada bob cleo"),
        ({"sortOrder": "ascending"}, "ada bob cleo"),
    ]),
)  # fmt: skip


@pytest.mark.requirement(124)
@pytest.mark.parametrize(("query", "names"), SORTED)
def test_sort(scim: Service, people: dict[str, Any], query: dict[str, str], names: str) -> None:
    query = {"filter": f'userType eq "{people["word"]}"', **query}
    wanted = [people[name] for name in names.split()]
    assert [user["id"] for user in scim.get("/Users", **query).get_json()["Resources"]] == wanted
    walked, cursor = [], ""
    while cursor is not None:
        page = scim.get("/Users", **query, cursor=cursor, count=2).get_json()
        walked += [user["id"] for user in page["Resources"]]
        cursor = page.get("nextCursor")
    assert walked == wanted


# --- the root (section 3.4.2.1) and .search (section 3.4.3) ---


@pytest.mark.requirement(54, 68)
def test_the_root_spans_types(scim: Service, people: dict[str, Any]) -> None:
    group = scim.group(people["ada"], displayName=f"Group of {people['word']}")
    texts = {
        f'userType eq "{people["word"]}"': ["User"] * 3,
        f'displayName eq "{group["displayName"]}"': ["Group"],
        f'userType eq "{people["word"]}" or displayName eq "{group["displayName"]}"': ["User"] * 3 + ["Group"],
        f'members.value eq "{people["ada"]}"': ["Group"],
        f'groups.value eq "{group["id"]}"': ["User"],
        'noSuchAttribute eq "x"': [],
    }
    for text, kinds in texts.items():
        listed = scim.get("/", filter=text).get_json()
        assert [found["meta"]["resourceType"] for found in listed["Resources"]] == kinds, text
        assert listed["totalResults"] == len(kinds)
        assert scim.send("POST", "/.search", {"schemas": [SEARCH], "filter": text}).get_json() == listed


def walk(scim: Service, path: str, **query: Any) -> list[tuple[str, str]]:
    """Read all pages by cursor; gives the types and ids."""
    found, cursor = [], ""
    while cursor is not None:
        page = scim.get(path, **query, cursor=cursor).get_json()
        assert len(page["Resources"]) <= query["count"]
        found += [(each["meta"]["resourceType"], each["id"]) for each in page["Resources"]]
        cursor = page.get("nextCursor")
    return found


ROOT_SORTS = rows(
    (54, {}, "ada bob cleo A D"),
    ((54, 65), {"sortBy": "displayName"}, "A ada bob D cleo"),
    ((54, 65), {"sortBy": "displayName", "sortOrder": "descending"}, "cleo D bob ada A"),
    ((54, 65), {"sortBy": "userName", "sortOrder": "descending"}, "A D cleo bob ada"),
    ((54, 65), {"sortBy": "userName"}, "ada bob cleo A D"),
    ((54, 65), {"sortBy": "externalId"}, "ada D A bob cleo"),
)


@pytest.mark.requirement(124)
@pytest.mark.parametrize(("query", "names"), ROOT_SORTS)
def test_the_root_is_sorted_and_paged_as_one_list(scim: Service, query: dict[str, str], names: str) -> None:
    word = scim.name("w").partition("@")[0]
    ids = {}
    for name, shown, external in (("ada", "B", "1"), ("bob", "c", None), ("cleo", "e", None)):
        given = {"displayName": f"{word} {shown}", "externalId": external and f"{word}-{external}"}
        ids[name] = ("User", scim.create(userType=word, **given)["id"])
    for name, external in (("A", "3"), ("D", "2")):
        made = scim.group(displayName=f"{word} {name}", externalId=f"{word}-{external}")
        ids[name] = ("Group", made["id"])
    wanted = [ids[name] for name in names.split()]
    query = {"filter": f'displayName sw "{word}"', **query}
    for count in (1, 2, 3, 4, 5):
        assert walk(scim, "/", count=count, **query) == wanted
        by_index = []
        for start in range(1, 7, count):
            page = scim.get("/", startIndex=start, count=count, **query).get_json()
            assert page["totalResults"] == 5
            by_index += [(each["meta"]["resourceType"], each["id"]) for each in page["Resources"]]
        assert by_index == wanted


@pytest.mark.requirement(122, 123)
def test_a_cursor_of_the_root_is_bound_as_well(scim: Service) -> None:
    scim.create()
    cursor = scim.get("/", count=1, cursor="").get_json()["nextCursor"]
    assert told(scim.get("/", count=1, cursor=cursor)) == (200, None)
    assert told(scim.get("/", count=1, cursor=cursor, sortBy="id")) == (400, "invalidCursor")
    assert told(scim.get("/Users", count=1, cursor=cursor)) == (400, "invalidCursor")
    assert told(scim.get("/", count=2, cursor=cursor)) == (400, "invalidCount")


@pytest.mark.requirement(65)
@pytest.mark.parametrize("path", ["/Users", "/Groups", "/"])
@pytest.mark.parametrize(
    "name", ["nothing", "name", "password", 'emails[type eq "work"].value', ENTERPRISE, "urn:x:title"]
)
def test_what_nothing_can_be_sorted_by(scim: Service, path: str, name: str) -> None:
    assert told(scim.get(path, sortBy=name)) == (400, "invalidValue")


@pytest.mark.requirement(65, 101)
@pytest.mark.parametrize("order", ["ascending", "descending"])
@pytest.mark.parametrize("name", ["externalId", f"{GROUP}:displayName", "meta.lastModified", "id", "meta.created"])
def test_groups_are_sorted_by_any_attribute(scim: Service, name: str, order: str) -> None:
    word = scim.name("w").partition("@")[0]
    for shown, external in (("b", "1"), ("A", "3"), ("c", None), ("D", "2")):
        scim.group(displayName=f"{word} {shown}", **({"externalId": f"{word}-{external}"} if external else {}))
    query = {"filter": f'displayName sw "{word}"', "sortBy": name, "sortOrder": order}
    found = scim.get("/Groups", **query).get_json()["Resources"]

    def key(group: dict[str, Any]) -> tuple[bool, str]:
        held: Any = group
        for part in name.rpartition(":")[2].split("."):
            held = (held or {}).get(part)
        return held is None, str(held).casefold()

    by_id = sorted(found, key=lambda group: group_ids.number(group["id"]))
    assert len(found) == 4
    assert found == sorted(by_id, key=key, reverse=order == "descending")
    assert walk(scim, "/Groups", count=3, **query) == [("Group", group["id"]) for group in found]


@pytest.mark.requirement(65)
def test_groups_are_sorted_by_members_and_users_by_groups(scim: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    word = scim.name("w").partition("@")[0]
    ada, bob, cleo = (scim.create(userType=word)["id"] for _ in range(3))
    by_ada, by_bob = (
        scim.group(*ids, displayName=f"{word} {name}") for ids, name in (((ada, bob), "b"), ((bob,), "a"))
    )
    nobody = scim.group(displayName=f"{word} c")
    query = {"filter": f'displayName sw "{word}"', "sortBy": "members.value"}
    first, second = sorted((by_ada, by_bob), key=lambda group: ada if group is by_ada else bob)
    found = [group["id"] for group in scim.get("/Groups", **query).get_json()["Resources"]]
    assert found == [first["id"], second["id"], nobody["id"]]
    query = {"filter": f'userType eq "{word}"', "sortBy": "groups.display"}
    for order, wanted in (("ascending", [ada, bob, cleo]), ("descending", [cleo, bob, ada])):
        users = scim.get("/Users", **query, sortOrder=order).get_json()
        shown = [user["groups"][0]["display"] if "groups" in user else None for user in users["Resources"]]
        assert shown == sorted(shown, key=lambda name: (name is None, name or ""), reverse=order == "descending")
        assert {user["id"] for user in users["Resources"]} == set(wanted)
        assert walk(scim, "/Users", count=2, **query, sortOrder=order) == [
            ("User", user["id"]) for user in users["Resources"]
        ]
    monkeypatch.setattr("app.mapping.ordering.MOST", 2)
    assert told(scim.get("/Users", **query)) == (400, "tooMany")


@pytest.mark.requirement(65)
def test_of_several_emails_the_primary_one_counts(scim: Service) -> None:
    word, ids = scim.name("w").partition("@")[0], {}
    for name, emails in {
        "b": [
            {"value": "b.{w}@example.com", "type": "home", "primary": True},
            {"value": "z.{w}@example.com", "type": "work"},
        ],
        "c": [{"value": "c.{w}@example.com", "type": "work"}],
        "a": [{"value": "a.{w}@example.com"}, {"value": "zz.{w}@example.com"}],
        "none": [],
    }.items():
        written = [{**email, "value": str(email["value"]).replace("{w}", word)} for email in emails]
        ids[scim.create(userType=word, emails=written)["id"]] = name
    for by in ("emails", "emails.value"):
        for order, names in (("ascending", ["a", "b", "c", "none"]), ("descending", ["none", "c", "b", "a"])):
            answer = scim.get("/Users", filter=f'userType eq "{word}"', sortBy=by, sortOrder=order).get_json()
            assert [ids[user["id"]] for user in answer["Resources"]] == names


@pytest.mark.requirement(54)
def test_a_filter_too_wide_to_be_judged() -> None:
    from app.scim import errors

    assert (errors.TooMany.status, errors.TooMany.scim_type) == (400, "tooMany")


@pytest.mark.requirement(68, 116)
@pytest.mark.parametrize("path", ["/Users/.search", "/Groups/.search", "/.search"])
def test_search(scim: Service, path: str) -> None:
    scim.create()
    body = {"schemas": [SEARCH], "attributes": ["id"], "startIndex": 1, "count": 1, "sortOrder": "ascending"}
    answer = scim.send("POST", path, body)
    assert answer.status_code == 200
    assert answer.get_json()["schemas"] == [LIST]
    assert [set(found) for found in answer.get_json()["Resources"]] == [{"schemas", "id"}]
    assert told(scim.send("POST", path, {"schemas": [USER]})) == (400, "invalidSyntax")
    assert told(scim.send("POST", path, {**body, "filter": "x"})) == (400, "invalidFilter")
    assert told(scim.send("POST", path, {**body, "filter": 7})) == (400, "invalidFilter")
    assert told(scim.send("POST", path, {**body, "excludedAttributes": ["name"]})) == (400, "invalidValue")
    assert told(scim.send("GET", path)) in ((404, None), (405, None))


# --- cursors (RFC 9865) ---


@pytest.mark.requirement(119, 120, 121, 126, 130)
@pytest.mark.parametrize("path", ["/Users", "/Groups"])
@pytest.mark.parametrize("posted", [False, True])
def test_a_walk_by_cursor(scim: Service, people: dict[str, Any], path: str, posted: bool) -> None:
    query: dict[str, Any] = {"count": 2}
    if path == "/Users":
        query["filter"] = f'userType eq "{people["word"]}"'

    def page(cursor: str) -> dict[str, Any]:
        if posted:
            body = {"schemas": [SEARCH], **query, "cursor": cursor}
            return scim.send("POST", f"{path}/.search", body).get_json()  # type: ignore[no-any-return]
        return scim.get(path, **query, cursor=cursor).get_json()  # type: ignore[no-any-return]

    whole = scim.get(path, **{**query, "count": 1000}).get_json()
    seen, answer = [], page("")
    assert "previousCursor" not in answer
    assert "startIndex" not in answer
    while True:
        assert len(answer["Resources"]) <= 2
        assert answer["totalResults"] == whole["totalResults"]
        seen += [found["id"] for found in answer["Resources"]]
        if "nextCursor" not in answer:
            break
        assert len(seen) < whole["totalResults"], "no next one on the last page"
        answer = page(answer["nextCursor"])
    assert seen == [found["id"] for found in whole["Resources"]]


@pytest.mark.requirement(125)
def test_without_a_cursor_pages_are_by_index(scim: Service, people: dict[str, Any]) -> None:
    answer = scim.get("/Users", filter=f'userType eq "{people["word"]}"', count=1).get_json()
    assert answer["startIndex"] == 1
    assert "nextCursor" not in answer


@pytest.mark.requirement(122, 123)
def test_cursors_are_bound_and_sealed(scim: Service, people: dict[str, Any]) -> None:
    query = {"filter": f'userType eq "{people["word"]}"', "count": 1}
    cursor = scim.get("/Users", **query, cursor="").get_json()["nextCursor"]
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    assert people["word"] not in cursor
    page, invalid = {**query, "cursor": cursor}, (400, "invalidCursor")
    assert told(scim.get("/Users", **page)) == (200, None)
    assert told(scim.get("/Users", filter=query["filter"], cursor=cursor)) == (200, None)
    assert told(scim.get("/Users", **{**page, "count": 2})) == (400, "invalidCount")
    assert told(scim.get("/Users", **{**query, "cursor": "", "count": 1001})) == (400, "invalidCount")
    assert told(scim.get("/Users", **{**page, "filter": "active eq true"})) == invalid
    assert told(scim.get("/Users", **page, sortBy="title")) == invalid
    assert told(scim.get("/Groups", **{**page, "filter": 'displayName eq "x"'})) == invalid
    for forged in (
        cursor[:-1] + ("A" if cursor[-1] != "A" else "B"),
        cursor[::-1],
        cursor[:-8],
        "x",
        "\u00e9",
        "A" * 5000,
    ):
        assert told(scim.get("/Users", **{**page, "cursor": forged})) == invalid


@pytest.mark.requirement(123)
def test_a_cursor_grows_old(scim: Service, people: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from app.scim import cursors

    query = {"filter": f'userType eq "{people["word"]}"', "count": 1}
    cursor = scim.get("/Users", **query, cursor="").get_json()["nextCursor"]
    monkeypatch.setattr(cursors, "SECONDS", -1)
    assert told(scim.get("/Users", **query, cursor=cursor)) == (400, "expiredCursor")


@pytest.mark.requirement(128, 129)
def test_a_cursor_gives_no_rights(scim: Service, people: dict[str, Any]) -> None:
    query = {"filter": f'userType eq "{people["word"]}"', "count": 1}
    path, mine, other = "/Users", scim.token(), scim.token()

    def send(cursor: str, headers: dict[str, str]) -> Any:
        return scim.app.test_client().get(f"/scim/v2{path}", query_string={**query, "cursor": cursor}, headers=headers)

    cursor = send("", mine).get_json()["nextCursor"]
    assert told(send(cursor, mine)) == (200, None)
    taken, forged = send(cursor, other), send("forged", other)
    assert told(taken) == told(forged) == (400, "invalidCursor")
    assert taken.get_json() == forged.get_json(), "nothing is told about whose it is"
    assert told(send(cursor, {})) == (401, None)
    scim.execute("UPDATE {p}scim_token SET revoked_at = '2020-01-01' ORDER BY token_id DESC LIMIT 2")
    assert told(send(cursor, mine)) == (401, None)


@pytest.mark.requirement(141)
def test_a_user_name_is_found_by_an_index(start: Callable[..., Service]) -> None:
    import sqlalchemy as sa

    scim = start()
    statements: list[tuple[str, Any]] = []
    engine = scim.app.extensions["magento-scim"].shop.reader
    sa.event.listen(
        engine, "before_cursor_execute", lambda c, cursor, text, values, *_: statements.extend(wire.each(text, values))
    )
    user = scim.create()
    statements.clear()
    assert scim.get("/Users", filter=f'userName eq "{user["userName"]}"').get_json()["totalResults"] == 1
    asked = [(text, values) for text, values in statements if text.startswith("SELECT") and "scim_link" in text]
    assert asked
    with engine.connect() as connection:
        for text, values in asked:
            for row in connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {text}", values).mappings():
                assert row["table"] is None or row["table"].startswith("<") or row["key"], dict(row)


@pytest.mark.requirement(148)
def test_a_list_without_members_reads_none(scim: Service) -> None:
    group = scim.group(scim.create()["id"])
    shown = scim.get(f"/Groups/{group['id']}", excludedAttributes="members").get_json()
    assert "members" not in shown
    assert told(scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": group["displayName"].upper()})) == (
        409,
        "uniqueness",
    )
