"""PATCH as a table, grouped by the sentences of RFC 7644 section 3.5.2; PUT by those of section 3.5.1."""

from dataclasses import replace
from typing import Any

import pytest

from app.scim import attributes, errors, operations, patch, profiles
from tests.scim.table import CORE, ENTERPRISE, GROUP, USER, ada, rows

WORK = {"value": "ada@work", "type": "work", "primary": True}
HOME = {"value": "ada@home", "type": "home"}
OTHER = {"value": "ada@other", "type": "other"}


def body(*changes: Any, **more: Any) -> dict[str, Any]:
    return {"schemas": [operations.PATCH_URN], "Operations": list(changes), **more}


def applied(
    before: dict[str, Any], *changes: Any, of: attributes.ResourceType = USER, by: profiles.Profile = profiles.STRICT
) -> dict[str, Any]:
    return patch.apply(before, patch.parse(body(*changes), of, by), of, by)


def op(name: str, path: str | None = None, *value: Any) -> dict[str, Any]:
    """Write an operation; without value it has none."""
    made: dict[str, Any] = {"op": name}
    if path is not None:
        made["path"] = path
    if value:
        made["value"] = value[0]
    return made


DONE: list[Any] = rows(
    # "add" · omitted path: the value is a set of attributes
    ((79, 81), {}, [op("add", None, {"nickname": "B", "emails": [HOME]})], {"nickName": "B", "emails": [HOME]}),
    ((79, 81), {"title": "a"}, [op("add", None, {"title": "b"})], {"title": "b"}),
    ((79, 101), {}, [op("add", None, {ENTERPRISE: {"division": "d"}})], {ENTERPRISE: {"division": "d"}}),
    ((79, 101), {}, [op("add", CORE, {"title": "b"})], {"title": "b"}),
    ((79, 101), {}, [op("add", ENTERPRISE, {"division": "d"})], {ENTERPRISE: {"division": "d"}}),
    ((12, 79), {}, [op("add", ENTERPRISE, {"schemas": [ENTERPRISE], "division": "d"})], {ENTERPRISE: {"division": "d"}}),
    ((12, 79), {}, [op("add", None, {ENTERPRISE: {"schemas": [ENTERPRISE], "division": "d"}})], {ENTERPRISE: {"division": "d"}}),
    (79, {}, [op("add", None, {"schemas": [CORE, ENTERPRISE], ENTERPRISE: {"division": "d"}})], {ENTERPRISE: {"division": "d"}}),
    # "add" · the target does not exist: attribute and value are added
    (81, {}, [op("add", "title", "t")], {"title": "t"}),
    (81, {}, [op("add", "name.givenName", "A")], {"name": {"givenName": "A"}}),
    (81, {}, [op("add", "name", {"givenName": "A"})], {"name": {"givenName": "A"}}),
    (81, {}, [op("add", "emails", [HOME])], {"emails": [HOME]}),
    (81, {}, [op("add", "emails.value", "a")], {"emails": [{"value": "a"}]}),
    ((81, 101), {}, [op("add", f"{ENTERPRISE}:manager.value", "5")], {ENTERPRISE: {"manager": {"value": "5"}}}),
    # "add" · a complex attribute: the sub-attributes given are set
    (81, {"name": {"givenName": "A"}}, [op("add", "name", {"familyName": "B"})], {"name": {"givenName": "A", "familyName": "B"}}),
    (81, {"name": {"givenName": "A"}}, [op("add", "name", {"givenName": "B"})], {"name": {"givenName": "B"}}),
    ((11, 81), {"name": {"givenName": "A", "familyName": "B"}}, [op("add", "name", {"familyName": None})], {"name": {"givenName": "A"}}),
    # "add" · a multi-valued attribute: a new value
    (81, {"emails": [WORK]}, [op("add", "emails", [HOME])], {"emails": [WORK, HOME]}),
    (81, {"emails": [WORK]}, [op("add", "emails", HOME)], {"emails": [WORK, HOME]}),
    (81, {"emails": [WORK]}, [op("add", "emails", [HOME, OTHER])], {"emails": [WORK, HOME, OTHER]}),
    (81, {"emails": [WORK]}, [op("add", None, {"emails": [HOME]})], {"emails": [WORK, HOME]}),
    (81, {"emails": [WORK]}, [op("add", "emails", [])], {"emails": [WORK]}),
    # "add" · into the values that a filter selects
    (81, {"emails": [WORK, HOME]}, [op("add", 'emails[type eq "home"]', {"display": "d"})], {"emails": [WORK, {**HOME, "display": "d"}]}),
    (81, {"emails": [WORK, HOME]}, [op("add", 'emails[type eq "home"].display', "d")], {"emails": [WORK, {**HOME, "display": "d"}]}),
    # "add" · a single-valued attribute, or a target that exists: the value is replaced
    (81, {"title": "a"}, [op("add", "title", "b")], {"title": "b"}),
    (81, {"emails": [WORK, HOME]}, [op("add", "emails.type", "other")], {"emails": [{**WORK, "type": "other"}, {**HOME, "type": "other"}]}),
    # "add" · the value is there already: nothing changes
    (82, {"title": "a"}, [op("add", "title", "a")], {"title": "a"}),
    (82, {"emails": [WORK, HOME]}, [op("add", "emails", [HOME])], {"emails": [WORK, HOME]}),
    (82, {"emails": [WORK, HOME]}, [op("add", "emails", [{"value": "ADA@HOME", "type": "Home"}])], {"emails": [WORK, HOME]}),
    (82, {"emails": [WORK, HOME]}, [op("add", "emails", [{"type": "home", "value": "ada@home", "display": None}])], {"emails": [WORK, HOME]}),
    (82, {"name": {"givenName": "A"}}, [op("add", "name", {"givenName": "A"})], {"name": {"givenName": "A"}}),
    (82, {"name": {"givenName": "A"}}, [op("add", "name", {})], {"name": {"givenName": "A"}}),
    ((9, 82), {"emails": [HOME]}, [op("add", "emails", [{**HOME, "display": "d"}])], {"emails": [{**HOME, "display": "d"}]}),
    ((9, 81), {"emails": [HOME]}, [op("add", "emails", [{**HOME, "type": "work"}])], {"emails": [HOME, {**HOME, "type": "work"}]}),
    ((9, 81), {}, [op("add", "emails", [HOME, {**HOME, "display": "d"}])], {"emails": [{**HOME, "display": "d"}]}),
    (82, {"addresses": [{"locality": "a"}]}, [op("add", "addresses", [{"locality": "A"}])], {"addresses": [{"locality": "a"}]}),
    (81, {"addresses": [{"locality": "a"}]}, [op("add", "addresses", [{"locality": "b"}])], {"addresses": [{"locality": "a"}, {"locality": "b"}]}),
    # "remove" · a single value: unassigned
    (84, {"title": "a"}, [op("remove", "title")], {}),
    (84, {"title": "a"}, [op("remove", "nickName")], {"title": "a"}),
    (84, {"name": {"givenName": "A", "familyName": "B"}}, [op("remove", "name.givenName")], {"name": {"familyName": "B"}}),
    (84, {"name": {"givenName": "A"}}, [op("remove", "name.givenName")], {}),
    (84, {"name": {"givenName": "A"}}, [op("remove", "name")], {}),
    ((84, 101), {ENTERPRISE: {"division": "d"}}, [op("remove", f"{ENTERPRISE}:division")], {}),
    ((84, 101), {ENTERPRISE: {"division": "d", "manager": {"value": "1"}}}, [op("remove", ENTERPRISE)], {}),
    (84, {"title": "a"}, [op("remove", "title", None)], {}),
    # "remove" · multi-valued without filter: all values
    (84, {"emails": [WORK, HOME]}, [op("remove", "emails")], {}),
    (84, {"emails": [WORK, HOME]}, [op("remove", "emails.type")], {"emails": [{"value": "ada@work", "primary": True}, {"value": "ada@home"}]}),
    # "remove" · multi-valued with filter: the values that match; none left: unassigned
    (84, {"emails": [WORK, HOME]}, [op("remove", 'emails[type eq "work"]')], {"emails": [HOME]}),
    (84, {"emails": [WORK, HOME]}, [op("remove", 'emails[type eq "work" and value ew "k"]')], {"emails": [HOME]}),
    (84, {"emails": [WORK, HOME]}, [op("remove", "emails[value pr]")], {}),
    (84, {"emails": [WORK, HOME]}, [op("remove", 'emails[not (type eq "work")]')], {"emails": [WORK]}),
    (84, {"emails": [WORK, HOME]}, [op("remove", 'emails[type eq "work"].type')], {"emails": [{"value": "ada@work", "primary": True}, HOME]}),
    (84, {"emails": [{"type": "work"}, HOME]}, [op("remove", 'emails[type eq "work"].type')], {"emails": [HOME]}),
    (84, {"emails": [WORK]}, [op("remove", 'emails[type eq "none"]')], {"emails": [WORK]}),
    (84, {"emails": [WORK]}, [op("remove", 'emails[type eq "none"].value')], {"emails": [WORK]}),
    (84, {}, [op("remove", 'emails[type eq "none"].value')], {}),
    # "replace" · omitted path: the attributes given are replaced, others stay
    ((79, 87), {"emails": [WORK], "title": "t"}, [op("replace", None, {"emails": [HOME], "nickName": "N"})], {"emails": [HOME], "title": "t", "nickName": "N"}),
    ((11, 79), {"title": "t", "emails": [WORK]}, [op("replace", None, {"title": None, "emails": []})], {}),
    (79, {ENTERPRISE: {"division": "d"}}, [op("replace", None, {ENTERPRISE: {"department": "e"}})], {ENTERPRISE: {"division": "d", "department": "e"}}),
    ((11, 79), {ENTERPRISE: {"division": "d"}}, [op("replace", None, {ENTERPRISE: None})], {}),
    (79, {ENTERPRISE: {"division": "d"}}, [op("replace", ENTERPRISE, {"department": "e"})], {ENTERPRISE: {"division": "d", "department": "e"}}),
    # "replace" · single-valued; absent acts as add
    (87, {"title": "a"}, [op("replace", "title", "b")], {"title": "b"}),
    (86, {}, [op("replace", "title", "b")], {"title": "b"}),
    (86, {}, [op("replace", "name.givenName", "b")], {"name": {"givenName": "b"}}),
    (86, {}, [op("replace", "emails", [HOME])], {"emails": [HOME]}),
    (86, {}, [op("replace", "emails.value", "x")], {"emails": [{"value": "x"}]}),
    ((11, 87), {"title": "a"}, [op("replace", "title", None)], {}),
    ((11, 87), {"name": {"givenName": "A"}}, [op("replace", "name", None)], {}),
    # "replace" · complex: sub-attributes that are not given stay
    (87, {"name": {"givenName": "A", "familyName": "B"}}, [op("replace", "name", {"givenName": "C"})], {"name": {"givenName": "C", "familyName": "B"}}),
    # "replace" · multi-valued without filter: the whole set
    (87, {"emails": [WORK, HOME]}, [op("replace", "emails", [OTHER])], {"emails": [OTHER]}),
    (87, {"emails": [WORK, HOME]}, [op("replace", "emails", OTHER)], {"emails": [OTHER]}),
    ((11, 87), {"emails": [WORK, HOME]}, [op("replace", "emails", [])], {}),
    ((11, 87), {"emails": [WORK, HOME]}, [op("replace", "emails", None)], {}),
    (87, {"emails": [WORK, HOME]}, [op("replace", "emails.type", "x")], {"emails": [{**WORK, "type": "x"}, {**HOME, "type": "x"}]}),
    # "replace" · with filter: the values that match, or only their sub-attribute
    (87, {"emails": [WORK, HOME]}, [op("replace", 'emails[type eq "work"]', {"value": "x", "type": "work"})], {"emails": [{**WORK, "value": "x"}, HOME]}),
    (87, {"emails": [WORK, HOME]}, [op("replace", 'emails[type eq "work"].value', "x")], {"emails": [{**WORK, "value": "x"}, HOME]}),
    (87, {"emails": [WORK, HOME]}, [op("replace", "emails[value pr].display", "x")], {"emails": [{**WORK, "display": "x"}, {**HOME, "display": "x"}]}),
    ((11, 87), {"emails": [WORK, HOME]}, [op("replace", 'emails[type eq "work"]', None)], {"emails": [HOME]}),
    ((11, 87), {"emails": [WORK, HOME]}, [op("replace", 'emails[type eq "home"].type', None)], {"emails": [WORK, {"value": "ada@home"}]}),
    (9, {"emails": [WORK, HOME]}, [op("replace", "emails.value", "x"), op("replace", "emails.type", "y")], {"emails": [{"value": "x", "type": "y", "primary": True}]}),
    # one value becoming primary, the others are no more
    (77, {"emails": [WORK]}, [op("add", "emails", [{**HOME, "primary": True}])], {"emails": [{**WORK, "primary": False}, {**HOME, "primary": True}]}),
    (77, {"emails": [WORK, HOME]}, [op("replace", 'emails[type eq "home"].primary', True)], {"emails": [{**WORK, "primary": False}, {**HOME, "primary": True}]}),
    (77, {"emails": [WORK, HOME]}, [op("add", 'emails[type eq "home"]', {"primary": True})], {"emails": [{**WORK, "primary": False}, {**HOME, "primary": True}]}),
    (77, {"emails": [WORK, HOME]}, [op("add", "emails", [{**HOME, "primary": True}])], {"emails": [{**WORK, "primary": False}, {**HOME, "primary": True}]}),
    (77, {"emails": [WORK, HOME]}, [op("replace", 'emails[type eq "work"].primary', True)], {"emails": [WORK, HOME]}),
    (77, {"emails": [WORK, HOME]}, [op("replace", 'emails[type eq "work"].primary', False)], {"emails": [{**WORK, "primary": False}, HOME]}),
    (77, {"emails": [WORK]}, [op("replace", "emails", [{**HOME, "primary": True}])], {"emails": [{**HOME, "primary": True}]}),
    (77, {"addresses": [{"type": "a", "primary": True}, {"type": "b"}]}, [op("replace", 'addresses[type eq "b"]', {"type": "b", "primary": True})], {"addresses": [{"type": "a", "primary": False}, {"type": "b", "primary": True}]}),
    # operations run in order, later ones see what earlier ones did
    (74, {"title": "a"}, [op("remove", "title"), op("add", "title", "b"), op("replace", "title", "c")], {"title": "c"}),
    (74, {"emails": [WORK]}, [op("remove", "emails"), op("add", "emails", [HOME])], {"emails": [HOME]}),
    (74, {}, [op("add", "emails", [HOME]), op("replace", 'emails[type eq "home"].value', "x")], {"emails": [{**HOME, "value": "x"}]}),
    # op in any case, members in any case
    ((1, 71), {}, [{"OP": "Add", "Path": "TITLE", "Value": "x"}], {"title": "x"}),
    # immutable: may be given a value once, and the same again
    ((34, 75), {"members": [{"value": "1"}]}, [op("add", 'members[value eq "1"].type', "User")], {"members": [{"value": "1", "type": "User"}]}),
    ((34, 75), {"members": [{"value": "1"}]}, [op("replace", 'members[value eq "1"].value', "1")], {"members": [{"value": "1"}]}),
    ((27, 84), {"members": [{"value": "1"}, {"value": "2"}]}, [op("remove", 'members[value eq "1"]')], {"members": [{"value": "2"}]}),
    ((27, 82), {"members": [{"value": "1", "type": "User"}]}, [op("add", "members", [{"value": "1", "display": "x"}])], {"members": [{"value": "1", "type": "User", "display": "x"}]}),
    ((27, 82), {"members": [{"value": "1", "display": "a"}]}, [op("add", "members", [{"value": "1", "display": "b"}])], {"members": [{"value": "1", "display": "a"}]}),
    ((27, 87), {"members": [{"value": "1"}]}, [op("replace", "members", [{"value": "2"}])], {"members": [{"value": "2"}]}),
    ((27, 84), {"members": [{"value": "1"}]}, [op("remove", "members"), op("add", "members", [{"value": "2"}])], {"members": [{"value": "2"}]}),
    # read-only, given as it is: no change
    ((75, 82), {"id": "7", "title": "a"}, [op("replace", None, {"id": "7", "title": "b"})], {"id": "7", "title": "b"}),
    ((75, 82), {"groups": [{"value": "1", "display": "x"}]}, [op("add", None, {"groups": [{"value": "1"}]})], {"groups": [{"value": "1", "display": "x"}]}),
    ((28, 75), {ENTERPRISE: {"manager": {"displayName": "x"}}}, [op("add", f"{ENTERPRISE}:manager", {"displayName": "x", "value": "1"})], {ENTERPRISE: {"manager": {"value": "1", "displayName": "x"}}}),
    # schemas
    ((12, 79), {ENTERPRISE: {"division": "d"}}, [op("replace", "schemas", [CORE])], {}),
    ((12, 79), {ENTERPRISE: {"division": "d"}}, [op("remove", f'schemas[value eq "{ENTERPRISE}"]')], {}),
    ((12, 79), {"title": "t"}, [op("add", "schemas", [ENTERPRISE])], {"title": "t"}),
    ((12, 79), {"schemas": [CORE, ENTERPRISE], ENTERPRISE: {"division": "d"}}, [op("replace", "schemas", [CORE])], {"schemas": [CORE]}),
    # the password is set like any other attribute
    (21, {}, [op("replace", "password", "secret")], {"password": "secret"}),
)  # fmt: skip


@pytest.mark.parametrize(("before", "changes", "after"), DONE)
def test_done(before: dict[str, Any], changes: list[Any], after: dict[str, Any]) -> None:
    kind = GROUP if "members" in before else USER
    untouched = patch.copied(before)
    assert applied(before, *changes, of=kind) == after
    assert before == untouched, "the given resource is not changed"


FAILED: list[Any] = rows(
    # the message
    (70, [], errors.InvalidSyntax, "a list"),
    (70, {}, errors.InvalidSyntax, "schemas must hold"),
    (70, {"Operations": [op("remove", "title")]}, errors.InvalidSyntax, "schemas must hold"),
    (70, {"schemas": [CORE], "Operations": [op("remove", "title")]}, errors.InvalidSyntax, "schemas must hold"),
    (70, {"schemas": operations.PATCH_URN, "Operations": [op("remove", "title")]}, errors.InvalidSyntax, "schemas"),
    (70, {"schemas": [operations.PATCH_URN]}, errors.InvalidSyntax, "one operation or more"),
    (70, body(), errors.InvalidSyntax, "one operation or more"),
    (70, {"schemas": [operations.PATCH_URN], "Operations": op("remove", "title")}, errors.InvalidSyntax, "a list"),
    ((70, 142), body("x"), errors.InvalidSyntax, "Operations[0]: an operation must be an object, not a string"),
    ((70, 142), body(op("remove", "title"), None), errors.InvalidSyntax, "Operations[1]"),
    ((70, 142), {"schemas": [operations.PATCH_URN], "Operations": [op("remove", "x")] * 10_001}, errors.TooLarge, "10000"),
    # op
    (71, body({"path": "title"}), errors.InvalidSyntax, "must have one op"),
    (71, body({"op": None, "path": "title"}), errors.InvalidSyntax, "must have one op"),
    (71, body({"op": "add", "OP": "remove", "path": "title", "value": "x"}), errors.InvalidSyntax, "must have one op"),
    (71, body({"op": "move", "path": "title"}), errors.InvalidSyntax, "must be add, remove or replace, not 'move'"),
    (71, body({"op": 5, "path": "title"}), errors.InvalidSyntax, "must have one op"),
    # path
    (78, body(op("replace", "titel", "x")), errors.InvalidPath, "did you mean 'title'"),
    (78, body(op("replace", "", "x")), errors.InvalidPath, "found the end"),
    (78, body({"op": "replace", "path": 5, "value": "x"}), errors.InvalidPath, "must be a string"),
    (78, body(op("replace", "emails[type eq]", {})), errors.InvalidFilter, "expected a value"),
    (78, body(op("remove", "emails[none eq 1]")), errors.InvalidFilter, "no sub-attribute 'none'"),
    (78, body(op("replace", "urn:x:y", "x")), errors.InvalidPath, "no attribute"),
    # value
    (80, body(op("add", "title")), errors.InvalidValue, "add needs a value"),
    (80, body(op("add", "title", None)), errors.InvalidValue, "add needs a value"),
    (80, body(op("add")), errors.InvalidValue, "add needs a value"),
    (76, body(op("replace", "title")), errors.InvalidValue, "replace needs a value"),
    (76, body(op("replace", "title", 5)), errors.InvalidValue, "title: must be a string, not 5"),
    (76, body(op("replace", "active", "False")), errors.InvalidValue, "active: must be true or false, not 'False'"),
    (76, body(op("replace", "name", "x")), errors.InvalidValue, "name: must be an object, not a string"),
    (76, body(op("replace", "name", {"givenName": 5})), errors.InvalidValue, "name.givenName: must be a string"),
    (76, body(op("replace", "name", {"none": 5})), errors.InvalidValue, "name.none: is no attribute here"),
    (76, body(op("add", "emails", [{"value": "x"}, {"value": 5}])), errors.InvalidValue, "emails[1].value: must be"),
    (76, body(op("add", "emails", "x")), errors.InvalidValue, "emails[0]: must be an object"),
    (76, body(op("replace", 'emails[type eq "work"]', "x")), errors.InvalidValue, "must be an object"),
    (76, body(op("replace", 'emails[type eq "work"].value', ["x"])), errors.InvalidValue, "must be a string"),
    (76, body(op("replace", 'emails[type eq "work"].primary', "x")), errors.InvalidValue, "must be true or false"),
    (76, body(op("replace", None, "x")), errors.InvalidValue, "must be an object of attributes"),
    (76, body(op("replace", None, None)), errors.InvalidValue, "must be an object of attributes"),
    (76, body(op("replace", None, {})), errors.InvalidValue, "must have an attribute"),
    ((12, 76), body(op("add", ENTERPRISE, {"schemas": [CORE], "division": "d"})), errors.InvalidValue, "'schemas' is no attribute here"),
    (76, body(op("replace", None, {"titel": "x"})), errors.InvalidValue, "'titel' is no attribute here; did you mean"),
    (76, body(op("replace", None, {"name.givenName": "x"})), errors.InvalidValue, "is no attribute here"),
    (76, body(op("replace", ENTERPRISE, "x")), errors.InvalidValue, "must be an object of attributes"),
    (76, body(op("replace", f"{ENTERPRISE}:manager", "5")), errors.InvalidValue, "must be an object"),
    ((12, 76), body(op("add", "schemas", ["urn:x"])), errors.InvalidValue, "'urn:x' is no schema of a User"),
    ((20, 76), body(op("replace", "userName", "")), errors.InvalidValue, "may not be empty"),
    (8, body(op("add", "emails", [{**HOME, "primary": True}, {**OTHER, "primary": True}])), errors.InvalidValue, "primary"),
    ((8, 77), body(op("add", "emails", [OTHER]), op("replace", "emails.primary", True)), errors.InvalidValue, "more than one value would become primary"),
    ((8, 77), body(op("replace", "emails.primary", True)), errors.InvalidValue, "more than one value would become primary"),
    ((8, 77), body(op("replace", 'emails[value co "ada"]', {"primary": True})), errors.InvalidValue, "more than one value would become primary"),
    ((25, 75), body(op("add", None, {"groups": [{"value": "1"}]})), errors.Mutability, "groups is read-only"),
    # remove
    (83, body(op("remove")), errors.NoTarget, "remove needs a path"),
    (83, body(op("remove", CORE)), errors.NoTarget, "remove needs a path"),
    (84, body(op("remove", "emails", [{"value": "x"}])), errors.InvalidValue, "would remove all of emails"),
    (85, body(op("remove", "userName")), errors.Mutability, "userName is required"),
    ((11, 85), body(op("replace", "userName", None)), errors.Mutability, "userName is required"),
    ((11, 85), body(op("replace", None, {"userName": None})), errors.Mutability, "userName is required"),
    (85, body(op("remove", "id")), errors.Mutability, "id is read-only"),
    (85, body(op("remove", "groups")), errors.Mutability, "groups is read-only"),
    (85, body(op("remove", 'groups[value eq "1"]')), errors.Mutability, "read-only"),
    (85, body(op("remove", "meta.created")), errors.Mutability, "read-only"),
    (85, body(op("remove", f"{ENTERPRISE}:manager.displayName")), errors.Mutability, "read-only"),
    ((12, 85), body(op("remove", "schemas")), errors.Mutability, "schemas"),
    ((12, 85), body(op("replace", "schemas", [ENTERPRISE])), errors.Mutability, "schemas must hold"),
    ((12, 85), body(op("remove", f'schemas[value eq "{CORE}"]')), errors.Mutability, "schemas must hold"),
    # read-only
    ((25, 75), body(op("add", "groups", [{"value": "1"}])), errors.Mutability, "groups is read-only"),
    ((14, 75), body(op("replace", "id", "8")), errors.Mutability, "id is read-only"),
    ((14, 75), body(op("replace", None, {"id": "8"})), errors.Mutability, "id is read-only"),
    ((16, 75), body(op("replace", "meta.lastModified", "2011-05-13T04:42:34Z")), errors.Mutability, "read-only"),
    ((16, 75), body(op("replace", None, {"meta": {"created": "2012-05-13T04:42:34Z"}})), errors.Mutability, "read-only"),
    ((28, 75), body(op("replace", f"{ENTERPRISE}:manager.displayName", "x")), errors.Mutability, "read-only"),
    ((28, 75), body(op("replace", f"{ENTERPRISE}:manager", {"displayName": "x"})), errors.Mutability, "read-only"),
    # a filter that selects nothing
    (88, body(op("replace", 'emails[type eq "none"]', {"value": "x"})), errors.NoTarget, "no value of emails is selected"),
    (88, body(op("replace", 'emails[type eq "none"].value', "x")), errors.NoTarget, "no value of emails is selected"),
    (88, body(op("replace", 'ims[type eq "none"].value', "x")), errors.NoTarget, "no value of ims is selected"),
    (88, body(op("add", 'emails[type eq "none"].value', "x")), errors.NoTarget, "no value of emails is selected"),
    (88, body(op("replace", 'emails[type eq "none"]', None)), errors.NoTarget, "no value of emails is selected"),
    # one operation fails: all fail
    (72, body(op("replace", "title", "x"), op("remove", "userName")), errors.Mutability, "Operations[1]: userName"),
    (72, body(op("replace", "title", "x"), op("replace", 'emails[type eq "none"].value', "x")), errors.NoTarget, "emails"),
)  # fmt: skip


@pytest.mark.parametrize(("message", "error", "told"), FAILED)
def test_failed(message: Any, error: type[errors.ScimError], told: str) -> None:
    before = ada()
    with pytest.raises(errors.ScimError) as caught:
        patch.apply(before, patch.parse(message, USER, profiles.STRICT), USER, profiles.STRICT)
    assert type(caught.value) is error
    assert told in caught.value.detail
    assert before == ada(), "the given resource is not changed"


MEMBERS = {"displayName": "A", "members": [{"value": "1", "type": "User"}, {"value": "2"}]}
FAILED_GROUP: list[Any] = rows(
    ((27, 75), op("replace", 'members[value eq "1"].value', "3"), errors.Mutability),
    ((27, 75), op("replace", 'members[value eq "1"].type', "Group"), errors.Mutability),
    ((27, 75), op("replace", 'members[value eq "1"]', {"value": "3"}), errors.Mutability),
    ((27, 75), op("remove", 'members[value eq "1"].type'), errors.Mutability),
    ((27, 75), op("replace", "members.value", "3"), errors.Mutability),
    ((27, 85), op("remove", "displayName"), errors.Mutability),
    ((27, 76), op("replace", "displayName", ""), errors.InvalidValue),
    (78, op("replace", "userName", "x"), errors.InvalidPath),
    (78, op("replace", f"{ENTERPRISE}:division", "x"), errors.InvalidPath),
)


@pytest.mark.parametrize(("change", "error"), FAILED_GROUP)
def test_failed_on_a_group(change: dict[str, Any], error: type[errors.ScimError]) -> None:
    with pytest.raises(error):
        applied(MEMBERS, change, of=GROUP)


def _kinds() -> attributes.ResourceType:
    """Make a type with what User lacks: immutable and required attributes of every shape."""
    fixed: dict[str, Any] = {"mutability": "immutable"}
    inner = (attributes.Attribute("a", **fixed), attributes.Attribute("b", required=True), attributes.Attribute("c"))
    extra = attributes.Schema(
        "urn:x",
        "X",
        "",
        (
            attributes.Attribute("once", **fixed),
            attributes.Attribute("onces", multi=True, **fixed),
            attributes.Attribute("box", "complex", sub=inner),
            attributes.Attribute("sealed", "complex", sub=(attributes.Attribute("a"),), **fixed),
            attributes.Attribute("boxes", "complex", True, sub=inner, required=True),
            attributes.Attribute("tags", multi=True),
        ),
    )
    return replace(USER, extensions=(attributes.Extension(extra),))


KINDS: list[Any] = rows(
    ((34, 75), {}, [op("add", "urn:x:once", "a")], {"once": "a"}),
    ((34, 75), {"once": "a"}, [op("replace", "urn:x:once", "a")], {"once": "a"}),
    ((34, 75), {"once": "a"}, [op("replace", "urn:x:once", "b")], errors.Mutability),
    ((34, 75), {"once": "a"}, [op("remove", "urn:x:once")], errors.Mutability),
    ((34, 75), {"once": "a"}, [op("remove", "urn:x")], errors.Mutability),
    ((34, 75), {"tags": ["b"]}, [op("remove", "urn:x:once")], {"tags": ["b"]}),
    ((34, 75), {}, [op("add", "urn:x:onces", ["a"])], {"onces": ["a"]}),
    ((34, 75), {"onces": ["a"]}, [op("add", "urn:x:onces", ["a"])], {"onces": ["a"]}),
    ((34, 75), {"onces": ["a"]}, [op("add", "urn:x:onces", ["b"])], errors.Mutability),
    ((34, 75), {"onces": ["a"]}, [op("remove", "urn:x:onces")], errors.Mutability),
    ((34, 75), {"box": {"a": "1"}}, [op("replace", "urn:x:box", {"a": "2"})], errors.Mutability),
    ((34, 75), {"box": {"a": "1"}}, [op("remove", "urn:x:box")], errors.Mutability),
    ((34, 75), {"box": {"a": "1"}}, [op("add", "urn:x:box", {"a": "1", "c": "3"})], {"box": {"a": "1", "c": "3"}}),
    ((34, 75), {"sealed": {"a": "1"}}, [op("remove", "urn:x:sealed")], errors.Mutability),
    ((34, 75), {"sealed": {"a": "1"}}, [op("replace", "urn:x:sealed.a", "2")], errors.Mutability),
    ((34, 75), {"sealed": {"a": "1"}}, [op("replace", "urn:x:sealed", {"a": "1"})], {"sealed": {"a": "1"}}),
    (85, {"box": {"b": "1"}}, [op("remove", "urn:x:box.b")], errors.Mutability),
    (85, {"box": {"b": "1"}}, [op("replace", "urn:x:box", {"b": None})], errors.InvalidValue),
    (85, {"box": {"b": "1"}}, [op("remove", "urn:x:box")], {}),
    (85, {"boxes": [{"b": "1"}]}, [op("remove", "urn:x:boxes")], errors.Mutability),
    (85, {"boxes": [{"b": "1"}]}, [op("remove", 'urn:x:boxes[b eq "1"]')], errors.Mutability),
    (85, {"boxes": [{"b": "1"}]}, [op("replace", "urn:x:boxes", [])], errors.InvalidValue),
    (85, {"boxes": [{"b": "1"}]}, [op("remove", 'urn:x:boxes[b eq "1"].b')], errors.Mutability),
    (84, {"boxes": [{"b": "1"}, {"b": "2"}]}, [op("remove", 'urn:x:boxes[b eq "1"]')], {"boxes": [{"b": "2"}]}),
    (76, {}, [op("add", "urn:x:boxes", [{"c": "1"}])], errors.InvalidValue),
    (81, {"tags": ["a"]}, [op("add", "urn:x:tags", ["A", "b"])], {"tags": ["a", "b"]}),
    (81, {"tags": ["a"]}, [op("add", "urn:x:tags", "b")], {"tags": ["a", "b"]}),
    (84, {"tags": ["a", "b"]}, [op("remove", 'urn:x:tags[value eq "a"]')], {"tags": ["b"]}),
    (87, {"tags": ["a", "b"]}, [op("replace", 'urn:x:tags[value eq "a"]', "c")], {"tags": ["c", "b"]}),
    (87, {"tags": ["a", "b"]}, [op("replace", 'urn:x:tags[value eq "a"]', "b")], {"tags": ["b"]}),
)


@pytest.mark.parametrize(("before", "changes", "after"), KINDS)
def test_immutable_and_required(before: dict[str, Any], changes: list[Any], after: Any) -> None:
    held = {"urn:x": before} if before else {}
    if isinstance(after, dict):
        assert applied(held, *changes, of=_kinds()) == ({"urn:x": after} if after else {})
    else:
        with pytest.raises(after):
            applied(held, *changes, of=_kinds())


@pytest.mark.requirement(32, 85)
def test_a_required_extension_stays() -> None:
    required = replace(USER, extensions=(replace(USER.extensions[0], required=True),))
    with pytest.raises(errors.Mutability, match="is required"):
        applied({ENTERPRISE: {"division": "d"}}, op("remove", ENTERPRISE), of=required)


@pytest.mark.requirement(74)
def test_values_of() -> None:
    found = patch.parse(body(op("add", None, {"password": "a", "title": "t"}), op("replace", "password", "b")), USER)
    assert patch.values_of(found, "password") == ["a", "b"]
    assert [str(each) for each in found] == ["add password", "add title", "replace password"]


@pytest.mark.requirement(82, 148)
def test_ten_thousand_members_are_joined_in_no_time() -> None:
    members = [{"value": str(number)} for number in range(10_000)]
    group = {"displayName": "A", "members": members}
    after = applied(group, op("add", "members", [{"value": "5"}, {"value": "x"}]), of=GROUP)
    assert after["members"] == [*members, {"value": "x"}]


PUT: list[Any] = rows(
    (69, {"title": "a", "nickName": "b"}, {"title": "c"}, {"title": "c"}),
    ((11, 69), {"title": "a"}, {"title": None, "emails": []}, {}),
    (
        (14, 69),
        {"id": "7", "meta": {"created": "x"}},
        {"title": "a"},
        {"id": "7", "title": "a", "meta": {"created": "x"}},
    ),
    (
        (28, 69),
        {ENTERPRISE: {"manager": {"value": "1", "displayName": "x"}}},
        {ENTERPRISE: {"manager": {"value": "2"}}},
        {ENTERPRISE: {"manager": {"value": "2", "displayName": "x"}}},
    ),
    (69, {ENTERPRISE: {"division": "d"}}, {"title": "a"}, {"title": "a"}),
    ((27, 69), {"members": [{"value": "1"}]}, {"members": [{"value": "2"}]}, {"members": [{"value": "2"}]}),
)


@pytest.mark.parametrize(("current", "given", "after"), PUT)
def test_put(current: dict[str, Any], given: dict[str, Any], after: dict[str, Any]) -> None:
    assert patch.replace(current, given, GROUP if "members" in current else USER) == after


PUT_KINDS: list[Any] = rows(
    ((34, 69), {"once": "a"}, {"once": "a"}, {"once": "a"}),
    ((34, 69), {"once": "a"}, {}, {"once": "a"}),
    ((34, 69), {"once": "a"}, {"once": "b"}, None),
    ((34, 69), {}, {"once": "b"}, {"once": "b"}),
    ((34, 69), {"box": {"a": "1", "c": "2"}}, {"box": {"c": "3"}}, {"box": {"a": "1", "c": "3"}}),
    ((34, 69), {"box": {"a": "1"}}, {"box": {"a": "2"}}, None),
)


@pytest.mark.parametrize(("current", "given", "after"), PUT_KINDS)
def test_put_of_what_is_immutable(current: dict[str, Any], given: dict[str, Any], after: dict[str, Any] | None) -> None:
    if after is None:
        with pytest.raises(errors.Mutability):
            patch.replace({"urn:x": current}, {"urn:x": given}, _kinds())
    else:
        assert patch.replace({"urn:x": current}, {"urn:x": given}, _kinds()) == {"urn:x": after}
