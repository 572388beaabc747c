"""PATCH as a client sees it (RFC 7644 section 3.5.2). The engine's own table is in tests/scim/test_patch.py."""

from typing import Any

import pytest

from tests.conformance.conftest import Service, told
from tests.scim.table import rows
from tests.users.conftest import ENTERPRISE, PATCH, USER

HOME, WORK = {"value": "NEW.home@b.example", "type": "home"}, {"value": "NEW@b.example", "type": "work"}
OTHER = {"value": "NEW.other@b.example", "type": "other"}
BEFORE: dict[str, Any] = {
    "title": "x",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "emails": [{**WORK, "primary": True}, HOME],
    "roles": [{"value": "a"}, {"value": "b"}],
    ENTERPRISE: {"division": "d", "costCenter": "c"},
}


def _add(path: str | None, value: Any) -> dict[str, Any]:
    return {"op": "add", "value": value} | ({"path": path} if path else {})


def _replace(path: str | None, value: Any) -> dict[str, Any]:
    return {"op": "replace", "value": value} | ({"path": path} if path else {})


def _remove(path: str) -> dict[str, Any]:
    return {"op": "remove", "path": path}


PRIMARY = {"primary": True}
NAME = {"givenName": "Ada", "familyName": "Lovelace"}
# operations | what is read back: null for "not there"
DONE = rows(
    (71, [{**_add("title", "y"), "op": "ADD"}], {"title": "y"}),
    (71, [{**_replace("title", "y"), "op": "Replace"}], {"title": "y"}),
    (71, [{**_remove("title"), "op": "REMOVE"}], {"title": None}),
    (74, [_replace("title", "y"), _add("nickName", "n"), _replace("title", "z")], {"title": "z", "nickName": "n"}),
    (74, [_remove("roles"), _add("roles", [{"value": "c"}])], {"roles": [{"value": "c"}]}),
    (77, [_add("emails", [{**OTHER, **PRIMARY}])], {"emails": [{**WORK, "primary": False}, HOME, {**OTHER, **PRIMARY}]}),
    (77, [_replace('emails[type eq "home"].primary', True)], {"emails": [{**WORK, "primary": False}, {**HOME, **PRIMARY}]}),
    ((78, 101), [_replace(f"{USER}:title", "y")], {"title": "y"}),
    ((78, 101), [_replace(f"{USER}:name.familyName", "K")], {"name": {**NAME, "familyName": "K"}}),
    (78, [_replace(f"{ENTERPRISE}:division", "e")], {ENTERPRISE: {"division": "e", "costCenter": "c"}}),
    (78, [_replace('emails[type eq "home"].value', "NEW2@b.example")], {"emails": [{**WORK, **PRIMARY}, {**HOME, "value": "NEW2@b.example"}]}),
    (78, [_replace("NAME.FAMILYNAME", "K")], {"name": {**NAME, "familyName": "K"}}),
    (79, [_add(None, {"title": "y", "nickName": "n"})], {"title": "y", "nickName": "n"}),
    (79, [_replace(None, {ENTERPRISE: {"division": "e"}})], {ENTERPRISE: {"division": "e", "costCenter": "c"}}),
    (79, [_replace(None, {"schemas": [USER, ENTERPRISE], "title": "y"})], {"title": "y"}),
    (81, [_add("nickName", "n")], {"nickName": "n"}),
    (81, [_add("title", "y")], {"title": "y"}),
    (81, [_add("name", {"middleName": "K"})], {"name": {**NAME, "middleName": "K"}}),
    (81, [_add("roles", [{"value": "c"}])], {"roles": [{"value": "a"}, {"value": "b"}, {"value": "c"}]}),
    (81, [_add(ENTERPRISE, {"division": "e"})], {ENTERPRISE: {"division": "e", "costCenter": "c"}}),
    (84, [_remove("title")], {"title": None}),
    (84, [_remove("roles")], {"roles": None}),
    (84, [_remove('roles[value eq "a"]')], {"roles": [{"value": "b"}]}),
    (84, [_remove('emails[type eq "work"].primary')], {"emails": [WORK, HOME]}),
    (84, [_remove('roles[value eq "a" or value eq "b"]')], {"roles": None}),
    (84, [_remove(f"{ENTERPRISE}:division"), _remove(f"{ENTERPRISE}:costCenter")], {ENTERPRISE: None, "schemas": [USER]}),
    (84, [_remove(ENTERPRISE)], {ENTERPRISE: None, "schemas": [USER]}),
    (86, [_replace("nickName", "n")], {"nickName": "n"}),
    (86, [_replace("name.middleName", "K")], {"name": {**NAME, "middleName": "K"}}),
    (87, [_replace("roles", [{"value": "c"}])], {"roles": [{"value": "c"}]}),
    (87, [_replace('roles[value eq "a"]', {"value": "c"})], {"roles": [{"value": "c"}, {"value": "b"}]}),
    (87, [_replace('roles[value eq "a"].display', "A")], {"roles": [{"value": "a", "display": "A"}, {"value": "b"}]}),
    ((11, 87), [_replace("title", None)], {"title": None}),
    ((11, 87), [_replace("roles", [])], {"roles": None}),
    (21, [_replace("password", "An0ther-Secret!")], {"password": None}),
)  # fmt: skip

# nothing changes: the tag and lastModified stay
NOTHING = rows(
    (82, [_add("title", "x")]),
    (82, [_add("roles", [{"value": "a"}])]),
    (82, [_add("emails", [HOME])]),
    (82, [_add("name", {"givenName": "Ada"})]),
    (82, [_add(None, {"title": "x", "active": True})]),
    (82, [_replace("title", "x")]),
    (82, [_remove("nickName")]),
    (82, [_replace("title", "y"), _replace("title", "x")]),
)

SYNTAX, VALUE, MUTABILITY = (400, "invalidSyntax"), (400, "invalidValue"), (400, "mutability")
NO_TARGET, PATH, FILTER = (400, "noTarget"), (400, "invalidPath"), (400, "invalidFilter")
# operations | the error; "strict": the lenient profile takes it
REFUSED = rows(
    (70, [], SYNTAX, ""),
    (70, None, SYNTAX, ""),
    (70, "add", SYNTAX, ""),
    (71, [{"path": "title", "value": "y"}], SYNTAX, ""),
    (71, [{"op": "move", "path": "title", "value": "y"}], SYNTAX, ""),
    (71, [{"op": ["add"], "path": "title", "value": "y"}], SYNTAX, ""),
    ((14, 75), [_replace("id", "7")], MUTABILITY, ""),
    (75, [_replace("meta.created", "2011-05-13T04:42:34Z")], MUTABILITY, ""),
    (75, [_add("groups", [{"value": "1"}])], MUTABILITY, ""),
    (75, [_replace(f"{ENTERPRISE}:manager.displayName", "x")], MUTABILITY, ""),
    ((3, 76), [_replace("title", 7)], VALUE, ""),
    (76, [_replace("active", "perhaps")], VALUE, ""),
    (76, [_replace("emails", "x")], VALUE, ""),
    (76, [_replace("name", "Ada")], VALUE, ""),
    (76, [_replace("userName", "")], VALUE, ""),
    (76, [_add("emails", [{**HOME, **PRIMARY}, {**OTHER, **PRIMARY}])], VALUE, ""),
    (78, [_replace("name..familyName", "x")], PATH, ""),
    (78, [_replace("nothing", "x")], PATH, ""),
    (78, [_replace("name.nothing", "x")], PATH, ""),
    (78, [_replace("emails[type eq", "x")], PATH, ""),
    (78, [_replace('emails[type eqq "x"]', {"value": "x"})], FILTER, ""),
    (78, [_replace("emails[]", {"value": "x"})], FILTER, ""),
    (80, [{"op": "add", "path": "title"}], VALUE, ""),
    (80, [{"op": "add"}], VALUE, ""),
    (83, [{"op": "remove"}], NO_TARGET, ""),
    (83, [{"op": "remove", "path": None}], NO_TARGET, ""),
    (85, [_remove("userName")], MUTABILITY, ""),
    (85, [_remove("id")], MUTABILITY, ""),
    (85, [_remove("groups")], MUTABILITY, ""),
    (85, [_replace("userName", None)], MUTABILITY, ""),
    (88, [_replace('emails[type eq "pager"]', {"value": "NEW3@b.example"})], NO_TARGET, "strict"),
    (88, [_replace('emails[value eq "nobody@b.example"].display', "x")], NO_TARGET, "strict"),
    (72, [_replace("title", "changed"), _replace("nickName", "changed"), _remove("userName")], MUTABILITY, ""),
    (72, [_replace("title", "changed"), {"op": "remove"}], NO_TARGET, ""),
    (72, [_remove("roles"), _replace("active", "perhaps")], VALUE, ""),
)  # fmt: skip


@pytest.mark.requirement(73)
@pytest.mark.parametrize(("operations", "shown"), DONE)
def test_done(scim: Service, operations: list[Any], shown: dict[str, Any]) -> None:
    before, operations, shown = scim.filled(BEFORE, operations, shown)
    user = scim.create(**before)
    answer = scim.change(f"/Users/{user['id']}", *operations)
    assert answer.status_code == 200, answer.text
    for found in (answer.get_json(), scim.read(user["id"])):
        assert {name: _plain(found.get(name)) for name in shown} == _plain(shown)
        kept = {name: value for name, value in before.items() if name not in shown}
        assert {name: found.get(name) for name in kept} == kept, "the rest stays"


def _plain(value: Any) -> Any:
    """A primary that is false is none (RFC 7643 section 2.4)."""
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items() if (key, held) != ("primary", False)}
    return [_plain(held) for held in value] if isinstance(value, list) else value


@pytest.mark.parametrize("operations", NOTHING)
def test_nothing_changes(scim: Service, operations: list[Any]) -> None:
    before, operations = scim.filled(BEFORE, operations)
    user = scim.create(**before)
    scim.execute("UPDATE {p}scim_link SET modified_at = '2020-01-01'")
    scim.execute("UPDATE {p}customer_entity SET updated_at = '2020-01-01', created_at = '2020-01-01'")
    meta = scim.read(user["id"])["meta"]
    answer = scim.change(f"/Users/{user['id']}", *operations)
    assert answer.status_code in (200, 204), answer.text
    assert scim.read(user["id"])["meta"] == meta
    assert meta["lastModified"].startswith("2020")


@pytest.mark.parametrize(("operations", "error", "only"), REFUSED)
def test_refused(scim: Service, operations: Any, error: tuple[int, str], only: str) -> None:
    before, operations = scim.filled(BEFORE, operations)
    user = scim.create(**before)
    answer = scim.send("PATCH", f"/Users/{user['id']}", {"schemas": [PATCH], "Operations": operations})
    if only == "strict" and scim.profile == "lenient":
        assert answer.status_code == 200
        return
    assert told(answer) == error, answer.text
    assert scim.read(user["id"]) == user, "nothing has happened"


@pytest.mark.requirement(70)
@pytest.mark.parametrize("schemas", [[], [USER], "x"])
def test_a_patch_names_its_message(scim: Service, schemas: Any) -> None:
    user = scim.create()["id"]
    answer = scim.send("PATCH", f"/Users/{user}", {"schemas": schemas, "Operations": [_add("title", "y")]})
    if scim.profile == "strict" or schemas == "x":
        assert told(answer)[0] == 400
    else:
        assert answer.status_code in (200, 400)


@pytest.mark.requirement(73)
def test_with_attributes_the_answer_has_them(scim: Service) -> None:
    user = scim.create()
    answer = scim.change(f"/Users/{user['id']}?attributes=title", _add("title", "y"))
    assert (answer.status_code, answer.get_json()["title"]) == (200, "y")
    assert "name" not in answer.get_json()


@pytest.mark.requirement(81, 84, 87, 135)
def test_members(scim: Service) -> None:
    ada, bob, cleo = (scim.create()["id"] for _ in range(3))
    group = scim.group(ada)["id"]

    def members(*operations: dict[str, Any]) -> list[str]:
        answer = scim.change(f"/Groups/{group}", *operations)
        assert answer.status_code == 200, answer.text
        return [member["value"] for member in scim.get(f"/Groups/{group}").get_json().get("members", [])]

    assert members(_add("members", [{"value": bob}, {"value": ada}])) == [ada, bob]
    assert members(_remove(f'members[value eq "{ada}"]')) == [bob]
    assert members(_replace("members", [{"value": cleo}])) == [cleo]
    assert members(_add(None, {"members": [{"value": ada}]})) == [ada, cleo]
    assert members(_remove("members")) == []


@pytest.mark.requirement(72)
def test_a_group_s_patch_is_whole_or_not_at_all(scim: Service) -> None:
    group = scim.group(scim.create()["id"])
    answer = scim.change(f"/Groups/{group['id']}", _remove("members"), _remove("displayName"))
    assert told(answer) == (400, "mutability")
    assert scim.get(f"/Groups/{group['id']}").get_json() == group
