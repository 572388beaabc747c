"""Tolerances: what identity providers send, what becomes of it, and that the strict profile has none of it.

Every row here is something that a vendor's page, template or trace shows; see `profiles.ROWS` for the witnesses.
"""

from typing import Any

import pytest

from app.scim import errors, filters, memberships, operations, patch, paths, profiles, schemas
from tests.scim.table import CORE, ENTERPRISE, GROUP, USER, rows

Body = dict[str, Any]
PATCH = operations.PATCH_URN


def user(**more: Any) -> Body:
    return {"schemas": [CORE], "userName": "ada", **more}


def read(profile: profiles.Profile, body: Any, kind: str = "create", of: Any = USER) -> tuple[Body, tuple[str, ...]]:
    """Take a body as the endpoints do."""
    rewritten, fired = profiles.rewrite(body, kind, of, profile)
    found = schemas.load(of, rewritten, profile=profile)
    return {key: value for key, value in found.items() if key not in ("schemas", "userName", "displayName")}, fired


CREATED: list[Any] = rows(
    # Okta's create; only the fields that it adds to the RFC's
    ((14, 25), user(groups=[], password="x", externalId="e", active=True), {"password": "x", "externalId": "e", "active": True}, ()),
    # Entra: id null, meta, no groups
    ((14, 16), user(id=None, meta={"resourceType": "User"}, groups=[], roles=[]), {"roles": []}, ()),
    # Entra: booleans as text
    (76, user(roles=[{"primary": "True", "value": "x"}]), {"roles": [{"primary": True, "value": "x"}]}, ("boolean_text",)),
    (76, user(active="true"), {"active": True}, ("boolean_text",)),
    (76, user(active="FALSE"), {"active": False}, ("boolean_text",)),
    # no schemas, schemas of other worlds
    (12, {"userName": "ada"}, {}, ("schemas_missing",)),
    (12, user(schemas=[]), {}, ("schemas_missing",)),
    (12, user(schemas=["urn:scim:schemas:core:1.0"]), {}, ("schemas_unknown",)),
    (12, user(schemas=[CORE, "urn:example:other"]), {}, ("schemas_unknown",)),
    (12, user(schemas=[CORE, CORE]), {}, ("schemas_unknown",)),
    (12, user(schemas=[ENTERPRISE], **{ENTERPRISE: {"division": "d"}}), {ENTERPRISE: {"division": "d"}}, ("schemas_unknown",)),
    # attributes that nobody knows
    (150, user(favouriteColour="blue", name={"nick": "x", "givenName": "A"}), {"name": {"givenName": "A"}}, ("unknown_attributes",)),
    (150, user(emails=[{"value": "a", "verified": True}]), {"emails": [{"value": "a"}]}, ("unknown_attributes",)),
    (150, user(**{"urn:example:other": {"x": 1}}), {}, ("unknown_attributes",)),
    (150, user(**{ENTERPRISE: {"level": 5, "division": "d"}}), {ENTERPRISE: {"division": "d"}}, ("unknown_attributes",)),
    # OneLogin's template
    (76, user(id=None, meta={}, active="true", **{ENTERPRISE: {"manager": {"managerId": "5"}}}), {"active": True, ENTERPRISE: {"manager": {"value": "5"}}}, ("boolean_text", "manager_id")),
    # Entra: the manager as text
    (76, user(**{ENTERPRISE: {"manager": "5"}}), {ENTERPRISE: {"manager": {"value": "5"}}}, ("bare_value",)),
    (76, user(**{ENTERPRISE: {"manager": ""}}), {ENTERPRISE: {"manager": None}}, ("bare_value",)),
    # miniOrange: one object for a list, flat names, a path as key
    (76, user(emails={"value": "a"}), {"emails": [{"value": "a"}]}, ("single_value",)),
    (76, user(emails="a"), {"emails": [{"value": "a"}]}, ("bare_value", "single_value")),
    (76, user(emails=""), {"emails": []}, ("single_value",)),
    (76, user(emails=["a"]), {"emails": [{"value": "a"}]}, ("bare_value",)),
    (150, user(email="a", givenName="A", FAMILYNAME="B"), {"emails": [{"value": "a", "primary": True}], "name": {"givenName": "A", "familyName": "B"}}, ("flat_name",)),
    (150, user(email="a", emails=[{"value": "b"}]), {"emails": [{"value": "b"}]}, ("flat_name",)),
    (150, user(givenName="A", name={"givenName": "B"}), {"name": {"givenName": "B"}}, ("flat_name",)),
    (150, user(**{"name.givenName": "A"}), {"name": {"givenName": "A"}}, ("literal_path",)),
    (150, user(**{'emails[type eq "work"].value': "a"}), {"emails": [{"type": "work", "value": "a"}]}, ("literal_path",)),
    (150, user(**{'emails[type eq \\"work\\"].value': "a"}), {"emails": [{"type": "work", "value": "a"}]}, ("literal_path",)),
    (150, user(emails={"value": "b"}, **{'emails[type eq "work"].value': "a"}), {"emails": [{"value": "b"}, {"type": "work", "value": "a"}]}, ("literal_path",)),
    (150, user(**{f"{ENTERPRISE}:division": "d"}), {ENTERPRISE: {"division": "d"}}, ("literal_path",)),
    # Entra's AzureAdScimPatch2017: a list of one for one
    (76, user(title=[{"value": "t"}], **{ENTERPRISE: {"manager": [{"$ref": None, "value": "5"}]}}), {"title": "t", ENTERPRISE: {"manager": {"$ref": None, "value": "5"}}}, ("wrapped_value",)),
)  # fmt: skip


@pytest.mark.parametrize(("body", "expected", "fired"), CREATED)
@pytest.mark.parametrize("name", ["lenient", "miniorange"])
def test_created(body: Body, expected: Body, fired: tuple[str, ...], name: str) -> None:
    untouched = patch.copied(body)
    assert read(profiles.PROFILES[name], body) == (expected, fired)
    assert body == untouched, "the given body is not changed"
    if not fired:
        assert read(profiles.STRICT, body) == (expected, ())
    else:
        with pytest.raises(errors.InvalidValue):
            read(profiles.STRICT, body)


@pytest.mark.requirement(24, 150)
def test_loose_formats() -> None:
    body = user(locale="any thing", timezone="X Y", addresses=[{"country": "Germany"}])
    assert read(profiles.LENIENT, body)[0]["locale"] == "any thing"
    with pytest.raises(errors.InvalidValue, match="locale"):
        read(profiles.STRICT, body)


GROUPS: list[Any] = rows(
    (
        12,
        {"schemas": [GROUP.schema.urn, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"], "displayName": "A", "members": []},
        {"members": []},
        ("schemas_unknown",),
    ),
    (12, {"displayName": "A", "members": [{"$ref": None, "value": "1"}]}, {"members": [{"$ref": None, "value": "1"}]}, ("schemas_missing",)),
)  # fmt: skip


@pytest.mark.parametrize(("body", "expected", "fired"), GROUPS)
def test_groups_created(body: Body, expected: Body, fired: tuple[str, ...]) -> None:
    assert read(profiles.LENIENT, body, of=GROUP) == (expected, fired)


def changed(profile: profiles.Profile, before: Body, message: Any) -> tuple[Body, set[str]]:
    """Apply a PATCH as the endpoints do."""
    kind = GROUP if "members" in before else USER
    rewritten, fired = profiles.rewrite(message, "patch", kind, profile)
    noted = set(fired)
    return patch.apply(before, patch.parse(rewritten, kind, profile), kind, profile, noted), noted


def message(*changes: Body) -> Body:
    return {"schemas": [PATCH], "Operations": list(changes)}


WORK = {"type": "work", "value": "a"}
TWO = {"members": [{"value": "1"}, {"value": "2"}]}
MANAGER = f"{ENTERPRISE}:manager"
CHANGED: list[Any] = rows(
    # Okta
    (79, {"active": True}, message({"op": "replace", "value": {"active": False}}), {"active": False}, set()),
    (75, {**TWO, "id": "5"}, message({"op": "replace", "value": {"id": "5", "displayName": "B"}}), {**TWO, "id": "5", "displayName": "B"}, {"readonly_ignored"}),
    (75, {**TWO, "id": "5"}, message({"op": "replace", "value": {"id": "6", "displayName": "B"}}), {**TWO, "id": "5", "displayName": "B"}, {"readonly_ignored"}),
    (84, TWO, message({"op": "remove", "path": 'members[value eq "1"]'}, {"op": "add", "path": "members", "value": [{"value": "3", "display": "c"}]}), {"members": [{"value": "2"}, {"value": "3", "display": "c"}]}, set()),
    # Entra by default: PascalCase, text for booleans, one operation per attribute
    (71, {"active": True}, message({"op": "Replace", "path": "active", "value": False}), {"active": False}, set()),
    (76, {"active": True}, message({"op": "Replace", "path": "active", "value": "False"}), {"active": False}, {"boolean_text"}),
    (76, {"active": True}, message({"op": "Replace", "value": {"active": "False"}}), {"active": False}, {"boolean_text"}),
    (86, {}, message({"op": "Add", "path": f"{ENTERPRISE}:employeeNumber", "value": "A"}), {ENTERPRISE: {"employeeNumber": "A"}}, set()),
    (88, {"emails": [WORK]}, message({"op": "Add", "path": 'emails[type eq "home"].value', "value": "b"}), {"emails": [WORK, {"type": "home", "value": "b"}]}, {"create_value"}),
    (88, {}, message({"op": "Replace", "path": 'phoneNumbers[type eq "mobile"].value', "value": "1"}), {"phoneNumbers": [{"type": "mobile", "value": "1"}]}, {"create_value"}),
    (88, {}, message({"op": "Add", "path": 'addresses[type eq "work"]', "value": {"locality": "x"}}), {"addresses": [{"type": "work", "locality": "x"}]}, {"create_value"}),
    (88, {}, message({"op": "Replace", "path": 'emails[type eq "home"].value', "value": None}), {}, {"create_value"}),
    (88, {}, message({"op": "Add", "path": 'roles[primary eq "True"].value', "value": "x"}), {"roles": [{"primary": True, "value": "x"}]}, {"create_value", "filter_boolean_text"}),
    (88, {"roles": [{"value": "y", "primary": True}]}, message({"op": "Add", "path": "roles[primary eq True].value", "value": "x"}), {"roles": [{"value": "x", "primary": True}]}, {"filter_boolean_text"}),
    (76, {}, message({"op": "Add", "path": MANAGER, "value": "5"}), {ENTERPRISE: {"manager": {"value": "5"}}}, {"bare_value"}),
    (76, {ENTERPRISE: {"manager": {"value": "5"}}}, message({"op": "Replace", "path": MANAGER, "value": ""}), {}, {"bare_value"}),
    (84, {ENTERPRISE: {"manager": {"value": "5"}}}, message({"op": "Remove", "path": MANAGER}), {}, set()),
    (76, {}, message({"op": "Add", "path": "manager", "value": [{"$ref": "x", "value": "5"}]}), {ENTERPRISE: {"manager": {"$ref": "x", "value": "5"}}}, {"wrapped_value"}),
    (76, {}, message({"op": "Replace", "path": "displayName", "value": [{"$ref": None, "value": "B"}]}), {"displayName": "B"}, {"wrapped_value"}),
    (76, {"emails": [WORK]}, message({"op": "Replace", "path": 'emails[type eq "work"]', "value": [{"value": "b"}]}), {"emails": [{"type": "work", "value": "b"}]}, {"wrapped_value"}),
    (81, TWO, message({"op": "Add", "path": "members", "value": [{"$ref": None, "value": "3"}]}), {"members": [{"value": "1"}, {"value": "2"}, {"value": "3"}]}, set()),
    (84, TWO, message({"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "1"}]}), {"members": [{"value": "2"}]}, {"remove_values"}),
    (84, TWO, message({"op": "Remove", "path": "members", "value": {"value": "1"}}), {"members": [{"value": "2"}]}, {"remove_values"}),
    (84, TWO, message({"op": "Remove", "path": "members", "value": ["1", "9"]}), {"members": [{"value": "2"}]}, {"remove_values"}),
    (84, {"emails": [WORK]}, message({"op": "remove", "path": "emails", "value": [{"type": "work"}]}), {}, {"remove_values"}),
    (84, TWO, message({"op": "Remove", "path": "members", "value": "1"}, {"op": "Add", "path": "members", "value": [{"value": "4"}]}), {"members": [{"value": "2"}, {"value": "4"}]}, {"remove_values"}),
    # Entra with the flag: dotted and URN keys in a value without path
    (79, {}, message({"op": "replace", "value": {"displayName": "B", "name.givenName": "K", f"{ENTERPRISE}:employeeNumber": "A"}}), {"displayName": "B", "name": {"givenName": "K"}, ENTERPRISE: {"employeeNumber": "A"}}, {"literal_path"}),
    (79, {}, message({"op": "add", "value": {f"{CORE}:name.givenName": "K", MANAGER: "5"}}), {"name": {"givenName": "K"}, ENTERPRISE: {"manager": {"value": "5"}}}, {"literal_path", "bare_value"}),
    # miniOrange: no Operations, flat names, one object for a list
    (70, {"active": True}, {"active": False}, {"active": False}, {"flat_patch"}),
    (70, {"active": True}, {"schemas": [CORE], "id": "1", "active": "false", "foo": 1}, {"active": False}, {"flat_patch", "boolean_text", "unknown_attributes"}),
    (70, {}, {"email": "a", "givenName": "A"}, {"emails": [{"value": "a", "primary": True}], "name": {"givenName": "A"}}, {"flat_patch", "flat_name"}),
    (70, {}, {'emails[type eq \\"work\\"].value': "a"}, {"emails": [WORK]}, {"flat_patch", "literal_path", "create_value"}),
    (81, {}, message({"op": "replace", "value": {"emails": {"value": "a"}}}), {"emails": [{"value": "a"}]}, {"single_value"}),
    (81, {}, message({"op": "add", "path": "roles", "value": "x"}), {"roles": [{"value": "x"}]}, {"bare_value", "single_value"}),
    # others
    (70, {}, {"Operations": [{"op": "add", "path": "title", "value": "x"}]}, {"title": "x"}, {"schemas_missing"}),
    (70, {}, {"schemas": [], "operations": [{"op": "add", "path": "title", "value": "x"}]}, {"title": "x"}, {"schemas_missing"}),
    (150, {}, message({"op": "add", "value": {"title": "x", "foo": 1, "name": {"foo": 1}}}), {"title": "x"}, {"unknown_attributes"}),
    (150, {}, message({"op": "add", "value": {"foo": 1}}), {}, {"unknown_attributes"}),
    (78, {}, message({"op": "add", "path": "", "value": {"title": "x"}}), {"title": "x"}, {"empty_path"}),
    (80, {"title": "x"}, message({"op": "add", "path": "title", "value": None}), {}, {"add_null"}),
    (28, {}, message({"op": "add", "path": MANAGER, "value": {"value": "5", "displayName": "B"}}), {ENTERPRISE: {"manager": {"value": "5"}}}, {"readonly_ignored"}),
    (12, {}, message({"op": "add", "value": {"schemas": ["urn:x"], "title": "x"}}), {"title": "x"}, {"schemas_unknown"}),
    (12, {}, message({"op": "add", "path": "schemas", "value": ["urn:x", CORE]}), {}, {"schemas_unknown"}),
    (78, {"emails": [WORK]}, message({"op": "replace", "path": "emails[type eq work].value", "value": "b"}), {"emails": [{"type": "work", "value": "b"}]}, {"filter_unquoted"}),
)  # fmt: skip


@pytest.mark.parametrize(("before", "body", "after", "fired"), CHANGED)
@pytest.mark.parametrize("name", ["lenient", "miniorange"])
def test_changed(before: Body, body: Any, after: Body, fired: set[str], name: str) -> None:
    untouched = patch.copied(body)
    assert changed(profiles.PROFILES[name], before, body) == (after, fired)
    assert body == untouched, "the given body is not changed"


# What the RFC takes too, though a tolerance has a hand in it where there is one.
ALLOWED = ({"readonly_ignored"}, {"single_value"})


@pytest.mark.requirement(150)
@pytest.mark.parametrize(("before", "body", "after", "fired"), CHANGED)
def test_changed_strictly(before: Body, body: Any, after: Body, fired: set[str]) -> None:
    if not fired:
        assert changed(profiles.STRICT, before, body)[0] == after
    elif fired not in ALLOWED:
        with pytest.raises(errors.ScimError):
            changed(profiles.STRICT, before, body)


REFUSED: list[Any] = rows(
    # broken is broken, also for the lenient
    (70, {"schemas": [PATCH]}, errors.InvalidSyntax),
    (70, {}, errors.InvalidSyntax),
    (70, {"foo": 1}, errors.InvalidSyntax),
    (70, {"schemas": [PATCH], "active": False}, errors.InvalidSyntax),
    (70, {"schemas": [CORE], "Operations": [{"op": "add", "path": "title", "value": "x"}]}, errors.InvalidSyntax),
    (71, message({"op": "move", "path": "title"}), errors.InvalidSyntax),
    (78, message({"op": "add", "path": "titel", "value": "x"}), errors.InvalidPath),
    (78, message({"op": "add", "path": "emails[type", "value": "x"}), errors.InvalidPath),
    (76, message({"op": "add", "path": "active", "value": "maybe"}), errors.InvalidValue),
    (76, message({"op": "add", "path": "title", "value": 5}), errors.InvalidValue),
    (76, message({"op": "add", "path": "name", "value": "x"}), errors.InvalidValue),
    (83, message({"op": "remove"}), errors.NoTarget),
    (85, message({"op": "remove", "path": "userName"}), errors.Mutability),
    (75, message({"op": "replace", "path": "id", "value": "8"}), errors.Mutability),
    (25, message({"op": "add", "path": "groups", "value": [{"value": "1"}]}), errors.Mutability),
    (88, message({"op": "add", "path": 'emails[type co "x"].value', "value": "a"}), errors.NoTarget),
    (84, message({"op": "remove", "path": "emails", "value": [{}]}), errors.InvalidValue),
    (70, message("x"), errors.InvalidSyntax),  # type: ignore[arg-type]
    (70, {"Operations": "x"}, errors.InvalidSyntax),
    (70, ["x"], errors.InvalidSyntax),
)


@pytest.mark.parametrize(("body", "error"), REFUSED)
def test_refused_by_all(body: Any, error: type[errors.ScimError]) -> None:
    with pytest.raises(error):
        changed(profiles.LENIENT, {"userName": "ada"}, body)


SEARCHED: list[Any] = rows(
    ((55, 60), 'userName eq "x"', 'userName eq "x"', ()),
    (55, 'username Eq "x"', 'userName eq "x"', ()),
    (55, "externalId eq jyoung", 'externalId eq "jyoung"', ("filter_unquoted",)),
    (55, "userName eq a@b.c and active eq true", 'userName eq "a@b.c" and active eq true', ("filter_unquoted",)),
    (55, "displayName sw 'Group'", 'displayName sw "Group"', ("filter_unquoted",)),
    (55, "userName eq eq", 'userName eq "eq"', ("filter_unquoted",)),
    (55, "userName eq 123", 'userName eq "123"', ("filter_unquoted",)),
    (57, "meta.lastModified ge 2011-05-13T04:42:34Z", 'meta.lastModified ge "2011-05-13T04:42:34Z"', ("filter_unquoted",)),
    (57, 'active eq "True"', "active eq true", ("filter_boolean_text",)),
    (57, "active eq False", "active eq false", ("filter_boolean_text",)),
    (
        58,
        "id eq 54D382A4-2050-4C03-94D1-E769F1D15682 and manager eq 2819c223-7f76-453a-919d-413861904646",
        f'id eq "54D382A4-2050-4C03-94D1-E769F1D15682" and {ENTERPRISE}:manager.value eq "2819c223-7f76-453a-919d-413861904646"',
        ("filter_complex_value", "filter_unquoted"),
    ),
)  # fmt: skip


@pytest.mark.parametrize(("text", "canonical", "fired"), SEARCHED)
def test_searched(text: str, canonical: str, fired: tuple[str, ...]) -> None:
    node, noted = profiles.parse_filter(text, USER, profiles.LENIENT)
    assert (str(node), noted) == (canonical, fired)
    assert filters.parse(canonical, USER) == node
    if fired:
        with pytest.raises(errors.InvalidFilter):
            profiles.parse_filter(text, USER, profiles.STRICT)


@pytest.mark.requirement(57, 59, 62)
@pytest.mark.parametrize(
    "text",
    [
        "userName eq and title pr",
        "userName eq not",
        "active eq maybe",
        "active gt true",
        "name eq x",
        "password eq x",
        "title is x",
        "title eq",
    ],
)
def test_searched_in_vain(text: str) -> None:
    with pytest.raises(errors.InvalidFilter):
        profiles.parse_filter(text, USER, profiles.LENIENT)


@pytest.mark.requirement(150)
def test_every_tolerance_is_shown_by_a_test() -> None:
    shown: set[str] = {"loose_formats", "groups_on_user", "query_names"}
    for table in (CREATED, GROUPS, CHANGED, SEARCHED):
        for row in table:
            shown |= set(row.values[-1])
    assert shown == set(profiles.EVERY)
    assert all(row.witness for row in profiles.ROWS)
    assert all(row.apply is not None or row.at in ("name", "filter", "query", "flag") for row in profiles.ROWS)


@pytest.mark.requirement(150)
def test_profiles() -> None:
    assert set(profiles.PROFILES) == {
        "strict", "okta", "entra", "onelogin", "jumpcloud", "ping", "sailpoint", "miniorange", "lenient"
    }  # fmt: skip
    for profile in profiles.PROFILES.values():
        assert profile.tolerances <= profiles.LENIENT.tolerances | {"groups_on_user"} == profiles.EVERY
    assert profiles.STRICT.tolerances == frozenset()
    assert profiles.STRICT.put_absent == "clear"
    assert "password" in profiles.PROFILES["entra"].hidden


@pytest.mark.requirement(150)
@pytest.mark.parametrize("name", [name for name in profiles.PROFILES if name != "strict"])
def test_what_every_provider_sends_is_taken_by_all_but_the_strict(name: str) -> None:
    profile = profiles.PROFILES[name]
    assert read(profile, {"userName": "ada", "active": "True", "foo": 1})[0] == {"active": True}
    assert changed(profile, {}, message({"op": "Add", "path": 'emails[type eq "home"].value', "value": "b"}))[0]
    assert changed(profile, {}, {"Operations": [{"op": "replace", "value": {"active": "False", "foo": 1}}]})[0]


@pytest.mark.requirement(78, 150)
def test_a_path_needs_its_tolerance() -> None:
    path, fired = paths.accept('roles[primary eq "True"].value', USER, profiles.EVERY)
    assert (str(path), fired) == ("roles[primary eq true].value", ("filter_boolean_text",))
    with pytest.raises(errors.InvalidFilter):
        paths.accept('roles[primary eq "True"].value', USER, frozenset())


MEMBERSHIPS: list[Any] = rows(
    (25, "create", user(groups=[{"value": "1"}, "2", {"value": "1"}]), user(), [("add", ("1", "2"))]),
    (25, "create", user(Groups=[]), user(), []),
    (25, "create", user(), user(), []),
    (25, "replace", user(groups=[{"value": "1"}]), user(), [("replace", ("1",))]),
    (25, "replace", user(groups=[]), user(), []),
    (25, "patch", message({"op": "Add", "path": "groups", "value": [{"value": "1"}]}), message(), [("add", ("1",))]),
    (25, "patch", message({"op": "replace", "path": "groups", "value": []}), message(), [("replace", ())]),
    (25, "patch", message({"op": "remove", "path": "groups"}), message(), [("remove", None)]),
    (25, "patch", message({"op": "remove", "path": "groups", "value": ["1"]}), message(), [("remove", ("1",))]),
    (25, "patch", message({"op": "remove", "path": 'groups[value eq "1" or value eq "2"]'}), message(), [("remove", ("1", "2"))]),
    (
        25,
        "patch",
        message({"op": "add", "value": {"groups": ["1"], "title": "x"}}, {"op": "add", "path": "title", "value": "y"}),
        message({"op": "add", "value": {"title": "x"}}, {"op": "add", "path": "title", "value": "y"}),
        [("add", ("1",))],
    ),
    (25, "patch", message({"op": "add", "value": {"groups": ["1"]}}), message(), [("add", ("1",))]),
    # what cannot be understood stays, and is refused later
    (25, "patch", message({"op": "remove", "path": 'groups[display eq "x"]'}), None, []),
    (25, "patch", message({"op": "replace", "path": 'groups[value eq "1"]', "value": {"value": "2"}}), None, []),
    (25, "patch", message({"op": "move", "path": "groups"}), None, []),
    (25, "patch", message({"op": "add", "path": "title", "value": "x"}), None, []),
    (25, "patch", {"Operations": 5}, None, []),
    (25, "patch", {"Operations": [5]}, None, []),
    (25, "create", [], None, []),
)  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "rest", "changes"), MEMBERSHIPS)
def test_groups_on_a_user(kind: str, body: Any, rest: Any, changes: list[Any]) -> None:
    taken, found = memberships.take(body, kind, USER, profiles.PROFILES["miniorange"])
    assert taken == (body if rest is None else rest)
    assert [(change.op, change.groups) for change in found] == changes
    for other in ("strict", "lenient"):
        assert memberships.take(body, kind, USER, profiles.PROFILES[other]) == (body, ())
    assert memberships.take(body, kind, GROUP, profiles.PROFILES["miniorange"]) == (body, ())


@pytest.mark.requirement(25)
def test_groups_on_a_user_must_have_a_value() -> None:
    with pytest.raises(errors.InvalidValue, match="groups"):
        memberships.take(user(groups=[{"display": "x"}]), "create", USER, profiles.PROFILES["miniorange"])


@pytest.mark.requirement(150)
def test_a_profile_of_ones_own() -> None:
    own = profiles.Profile("own", frozenset({"boolean_text", "flat_name", "single_value"}))
    with pytest.raises(errors.InvalidValue, match="colour"):
        read(own, user(colour="blue", active="True"))
    with pytest.raises(errors.InvalidValue, match="emails: must be a list"):
        read(own, user(emails=5))
    body = {"schemas": [GROUP.schema.urn], "displayName": "A", "email": "x"}
    assert profiles.rewrite(body, "create", GROUP, own)[0] == {"schemas": [GROUP.schema.urn], "displayName": "A"}


@pytest.mark.requirement(76, 101)
def test_a_whole_extension_by_its_path() -> None:
    change = {"op": "Replace", "path": ENTERPRISE, "value": {"manager": "5", "none": 1, "DIVISION": "d"}}
    after, fired = changed(profiles.LENIENT, {}, message(change))
    assert after == {ENTERPRISE: {"manager": {"value": "5"}, "division": "d"}}
    assert fired == {"bare_value", "unknown_attributes"}


@pytest.mark.requirement(142)
@pytest.mark.parametrize(
    "body", [None, [], "x", 5, {"schemas": 5}, {"Operations": [None]}, {"emails": [None, 5, [[]]]}]
)
@pytest.mark.parametrize("kind", ["create", "replace", "patch"])
def test_rewriting_never_fails(body: Any, kind: str) -> None:
    profiles.rewrite(body, kind, USER, profiles.LENIENT)
