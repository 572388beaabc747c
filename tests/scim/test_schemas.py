"""Bodies read as resources: names, types, what is required, what is dropped (RFC 7643 sections 2 to 4)."""

from dataclasses import replace
from typing import Any

import pytest

from app.scim import attributes, errors, profiles, schemas, values
from tests.scim.table import CORE, ENTERPRISE, GROUP, USER, rows

Body = dict[str, Any]


def user(**more: Any) -> Body:
    return {"schemas": [CORE], "userName": "ada", **more}


def loaded(body: Any, **more: Any) -> Body:
    """Load a user; without `schemas` and userName, which are always there."""
    found = schemas.load(USER, body, **more)
    return {key: value for key, value in found.items() if key not in ("schemas", "userName")}


TAKEN: list[Any] = rows(
    # names in any case
    (1, {"SCHEMAS": [CORE], "USERNAME": "ada", "Name": {"GIVENNAME": "A"}}, {"name": {"givenName": "A"}}),
    ((1, 19), user(**{ENTERPRISE.upper(): {"DIVISION": "x"}}), {ENTERPRISE: {"division": "x"}}),
    ((1, 12), {"schemas": [CORE.upper()], "userName": "ada"}, {}),
    # types
    (3, user(active=True), {"active": True}),
    ((5, 26), user(x509Certificates=[{"value": "AQID"}, {"value": "AQI="}, {"value": "_-8"}]), None),
    (6, user(profileUrl="https://example.com/ada"), {"profileUrl": "https://example.com/ada"}),
    (6, user(profileUrl="../ada"), {"profileUrl": "../ada"}),
    (24, user(addresses=[{"country": "DE"}]), {"addresses": [{"country": "DE"}]}),
    (150, user(locale="az_Arab", timezone="America/Argentina/Ushuaia"), None),
    # null, [] and absent
    (11, user(nickName=None, emails=[], name=None), {"nickName": None, "emails": [], "name": None}),
    (11, user(name={"givenName": None}), {"name": {"givenName": None}}),
    (11, user(**{ENTERPRISE: None}), {ENTERPRISE: None}),
    (11, user(emails=[{"value": "a", "display": None}]), {"emails": [{"value": "a", "display": None}]}),
    # read-only is ignored, whatever it is
    ((14, 45), user(id="5"), {}),
    ((14, 45), user(id=None), {}),
    ((14, 45), user(id=["not", "even", "text"]), {}),
    ((16, 45), user(meta={"resourceType": "Car", "created": 5}), {}),
    ((25, 45), user(groups=[{"value": "1"}]), {}),
    ((25, 45), user(groups=[]), {}),
    (
        (28, 45),
        user(**{ENTERPRISE: {"manager": {"value": "1", "displayName": "x"}}}),
        {ENTERPRISE: {"manager": {"value": "1"}}},
    ),
    # schemas
    ((12, 19), user(schemas=[ENTERPRISE, CORE], **{ENTERPRISE: {"division": "x"}}), {ENTERPRISE: {"division": "x"}}),
    (12, user(schemas=[CORE, ENTERPRISE]), {}),
    ((12, 13), user(**{ENTERPRISE: {"division": "x"}}), {ENTERPRISE: {"division": "x"}}),
    # the same value twice
    (
        9,
        user(emails=[{"value": "a", "type": "work"}, {"value": "A", "type": "WORK"}]),
        {"emails": [{"value": "a", "type": "work"}]},
    ),
    (9, user(emails=[{"value": "a"}, {"value": "a", "type": "work"}]), None),
    (
        9,
        user(emails=[{"value": "a", "type": "work", "primary": True}, {"value": "a", "type": "work", "display": "d"}]),
        {"emails": [{"value": "a", "type": "work", "primary": True, "display": "d"}]},
    ),
    (
        9,
        user(addresses=[{"locality": "a"}, {"locality": "A"}, {"locality": "b"}]),
        {"addresses": [{"locality": "a"}, {"locality": "b"}]},
    ),
    # `schemas` in an extension, where it says what the container is anyway
    (12, user(**{ENTERPRISE: {"Schemas": [ENTERPRISE.upper()], "division": "d"}}), {ENTERPRISE: {"division": "d"}}),
    # values beyond the canonical ones
    (38, user(emails=[{"value": "a", "type": "anything"}]), {"emails": [{"value": "a", "type": "anything"}]}),
    (21, user(password="secret"), {"password": "secret"}),
    (15, user(externalId="X"), {"externalId": "X"}),
)


@pytest.mark.parametrize(("body", "expected"), TAKEN)
def test_taken(body: Body, expected: Body | None) -> None:
    found = loaded(body)
    if expected is None:
        expected = {key: value for key, value in body.items() if key not in ("schemas", "userName")}
    assert found == expected


REFUSED: list[Any] = rows(
    # structure
    ((76, 142), [], errors.InvalidSyntax, "a list"),
    ((76, 142), "x", errors.InvalidSyntax, "a string"),
    ((76, 142), None, errors.InvalidSyntax, "null"),
    # schemas
    (12, {"userName": "x"}, errors.InvalidValue, "schemas: is required"),
    (12, user(schemas=[]), errors.InvalidValue, "schemas: is required"),
    (12, user(schemas=None), errors.InvalidValue, "schemas: is required"),
    (12, user(schemas=CORE), errors.InvalidValue, "schemas: must be a list of URNs, not a string"),
    (12, user(schemas=[5]), errors.InvalidValue, "must be a list of URNs"),
    (12, user(schemas=[CORE, CORE]), errors.InvalidValue, "twice"),
    (12, user(schemas=[CORE, "urn:x"]), errors.InvalidValue, "'urn:x' is no schema of a User"),
    (12, user(**{ENTERPRISE: {"schemas": [CORE]}}), errors.InvalidValue, "schemas: is no attribute here"),
    (12, user(**{ENTERPRISE: {"schemas": ENTERPRISE}}), errors.InvalidValue, "schemas: is no attribute here"),
    (12, user(name={"schemas": [CORE]}), errors.InvalidValue, "schemas: is no attribute here"),
    (12, user(schemas=[ENTERPRISE]), errors.InvalidValue, f"must hold '{CORE}'"),
    (12, user(schemas=["urn:ietf:params:scim:schemas:core:2.0:Group"]), errors.InvalidValue, "no schema of a User"),
    # required
    (20, {"schemas": [CORE]}, errors.InvalidValue, "userName: is required"),
    (20, user(userName=None), errors.InvalidValue, "userName: is required and may not be null"),
    (20, user(userName=""), errors.InvalidValue, "userName: is required and may not be empty"),
    (20, user(userName="  "), errors.InvalidValue, "userName: is required and may not be empty"),
    # types
    (76, user(userName=5), errors.InvalidValue, "userName: must be a string, not 5"),
    (76, user(userName=True), errors.InvalidValue, "userName: must be a string, not True"),
    (76, user(userName=["x"]), errors.InvalidValue, "userName: must be a string, not a list"),
    (76, user(active="true"), errors.InvalidValue, "active: must be true or false, not 'true'"),
    (76, user(active=1), errors.InvalidValue, "active: must be true or false, not 1"),
    (76, user(name="x"), errors.InvalidValue, "name: must be an object, not a string"),
    (76, user(name=[]), errors.InvalidValue, "name: must be an object, not a list"),
    (76, user(name={"givenName": {}}), errors.InvalidValue, "name.givenName: must be a string, not an object"),
    (76, user(emails={"value": "x"}), errors.InvalidValue, "emails: must be a list, not an object"),
    (76, user(emails="x"), errors.InvalidValue, "emails: must be a list, not a string"),
    (76, user(emails=["x"]), errors.InvalidValue, "emails[0]: must be an object, not a string"),
    (76, user(emails=[None]), errors.InvalidValue, "emails[0]: may not be null"),
    (76, user(emails=[{"value": "a"}, {"value": 5}]), errors.InvalidValue, "emails[1].value: must be a string"),
    (76, user(emails=[{"primary": "yes"}]), errors.InvalidValue, "emails[0].primary: must be true or false"),
    (76, user(**{ENTERPRISE: "x"}), errors.InvalidValue, f"{ENTERPRISE}: must be an object"),
    (76, user(**{ENTERPRISE: {"division": 5}}), errors.InvalidValue, f"{ENTERPRISE}:division: must be a string"),
    (76, user(title="\ud800"), errors.InvalidValue, "title: has half of a surrogate pair"),
    (
        7,
        user(emails=[{"value": {"deep": "x"}}]),
        errors.InvalidValue,
        "emails[0].value: must be a string, not an object",
    ),
    (
        (5, 26),
        user(x509Certificates=[{"value": "A"}]),
        errors.InvalidValue,
        "x509Certificates[0].value: must be base64",
    ),
    ((5, 26), user(x509Certificates=[{"value": "A Q"}]), errors.InvalidValue, "must be base64"),
    ((5, 26), user(x509Certificates=[{"value": 5}]), errors.InvalidValue, "must be base64"),
    (6, user(profileUrl="not a uri"), errors.InvalidValue, "profileUrl: must be a URI"),
    (6, user(photos=[{"value": 5}]), errors.InvalidValue, "photos[0].value: must be a URI"),
    (24, user(addresses=[{"country": "Germany"}]), errors.InvalidValue, "addresses[0].country: must be two letters"),
    (150, user(locale="no language"), errors.InvalidValue, "locale: must be a language tag"),
    (150, user(timezone="not/a zone"), errors.InvalidValue, "timezone: must be a zone"),
    # more than one primary
    (
        8,
        user(emails=[{"primary": True, "value": "a"}, {"primary": True, "value": "b"}]),
        errors.InvalidValue,
        "emails: has more than one primary",
    ),
    # unknown
    (150, user(usrName="x"), errors.InvalidValue, "usrName: is no attribute here; did you mean 'userName'?"),
    (
        150,
        user(name={"givnName": "x"}),
        errors.InvalidValue,
        "name.givnName: is no attribute here; did you mean 'givenName'?",
    ),
    (
        150,
        user(**{ENTERPRISE: {"devision": "x"}}),
        errors.InvalidValue,
        "devision: is no attribute here; did you mean 'division'?",
    ),
    ((19, 150), user(division="x"), errors.InvalidValue, "division: is no attribute here"),
    ((19, 150), user(**{"urn:x": {}}), errors.InvalidValue, "urn:x: is no attribute here"),
    ((19, 150), user(**{CORE: {"title": "x"}}), errors.InvalidValue, "is no attribute here"),
    (1, user(title="x", TITLE="y"), errors.InvalidValue, "title: is given twice, once as 'TITLE'"),
    (1, user(emails=[{"value": "x", "Value": "y"}]), errors.InvalidValue, "emails[0].value: is given twice"),
)


@pytest.mark.parametrize(("body", "error", "told"), REFUSED)
def test_refused(body: Any, error: type[errors.ScimError], told: str) -> None:
    with pytest.raises(error) as caught:
        schemas.load(USER, body)
    assert told in caught.value.detail


@pytest.mark.requirement(76)
def test_all_problems_are_told_at_once() -> None:
    body = {
        "schemas": ["urn:x"],
        "active": "x",
        "emails": [{"value": 1}, {"typ": 2}],
        ENTERPRISE: {"division": 1},
        "zzz": 1,
    }
    with pytest.raises(errors.InvalidValue) as caught:
        schemas.load(USER, body)
    for where in ("schemas", "userName", "active", "emails[0].value", "emails[1].typ", f"{ENTERPRISE}:division", "zzz"):
        assert f"{where}: " in caught.value.detail


@pytest.mark.requirement(76, 142)
def test_ten_thousand_problems_are_cut_short() -> None:
    with pytest.raises(errors.InvalidValue, match="and more") as caught:
        schemas.load(USER, user(**{f"x{number}": 1 for number in range(10_000)}))
    assert len(caught.value.detail) < 2_000


@pytest.mark.requirement(21, 146)
def test_a_password_is_not_repeated_in_an_error() -> None:
    with pytest.raises(errors.InvalidValue) as caught:
        schemas.load(USER, user(password=12345678))
    assert "12345678" not in caught.value.detail


@pytest.mark.requirement(12, 13)
def test_schemas_are_computed() -> None:
    assert schemas.load(USER, user(schemas=[CORE, ENTERPRISE]))["schemas"] == [CORE]
    assert schemas.load(USER, user(**{ENTERPRISE: {"division": "x"}}))["schemas"] == [CORE, ENTERPRISE]


@pytest.mark.requirement(27)
def test_group() -> None:
    body = {"schemas": [attributes.GROUP.urn], "displayName": "A", "members": [{"value": "1", "display": "x"}]}
    assert schemas.load(GROUP, body) == body
    with pytest.raises(errors.InvalidValue, match="displayName: is required"):
        schemas.load(GROUP, {"schemas": [attributes.GROUP.urn]})


@pytest.mark.requirement(9, 27)
def test_a_member_is_its_value() -> None:
    members = [{"value": "1", "type": "User"}, {"value": "1", "display": "x"}, {"value": "2"}]
    body = {"schemas": [attributes.GROUP.urn], "displayName": "A", "members": members}
    found = schemas.load(GROUP, body)["members"]
    assert found == [{"value": "1", "type": "User", "display": "x"}, {"value": "2"}]


def _thing(*, required: bool = True) -> attributes.ResourceType:
    """Make a type with what User lacks: numbers, dates, required sub-attributes and a required extension."""
    extra = attributes.Schema(
        "urn:example:2.0:Extra",
        "Extra",
        "",
        (
            attributes.Attribute("count", "integer", required=True),
            attributes.Attribute("weight", "decimal"),
            attributes.Attribute("since", "dateTime"),
            attributes.Attribute("tags", multi=True, required=True),
            attributes.Attribute("parts", "complex", True, sub=(attributes.Attribute("name", required=True),)),
        ),
    )
    return replace(USER, extensions=(attributes.Extension(extra, required),))


EXTRA: list[Any] = rows(
    (3, {"count": 5}, None),
    (3, {"count": 5.0}, "count: must be a whole number, not 5.0"),
    (3, {"count": 1e3}, "count: must be a whole number"),
    (3, {"count": True}, "count: must be a whole number"),
    (3, {"count": "5"}, "count: must be a whole number"),
    (2, {"weight": 5}, None),
    (2, {"weight": 5.5}, None),
    (2, {"weight": float("nan")}, "weight: must be a number"),
    (2, {"weight": False}, "weight: must be a number"),
    (4, {"since": "2011-05-13T04:42:34Z"}, None),
    (4, {"since": "2011-05-13T04:42:34.123456789+14:00"}, None),
    (4, {"since": "2011-05-13T24:00:00"}, None),
    (4, {"since": "2012-02-29T04:42:34Z"}, None),
    (4, {"since": "2011-05-13"}, "since: must be a date and time"),
    (4, {"since": "2011-05-13T04:42Z"}, "since: must be a date and time"),
    (4, {"since": "2011-05-13 04:42:34Z"}, "since: must be a date and time"),
    (4, {"since": "2011-02-30T04:42:34Z"}, "since: must be a date and time"),
    (4, {"since": "2011-05-13T25:00:00Z"}, "since: must be a date and time"),
    (4, {"since": "2011-05-13T24:00:01Z"}, "since: must be a date and time"),
    (4, {"since": "2011-05-13T04:60:00Z"}, "since: must be a date and time"),
    (4, {"since": "2011-05-13T04:42:34+15:00"}, "since: must be a date and time"),
    (4, {"since": "2011-05-13T04:42:34+01:60"}, "since: must be a date and time"),
    (4, {"since": 1305261754}, "since: must be a date and time"),
    (32, {"tags": []}, "tags: is required and may not be empty"),
    (32, {"tags": ["a", "A", "b"]}, None),
    (76, {"tags": ["a", 5]}, "tags[1]: must be a string"),
    (76, {"parts": [{}]}, "parts[0].name: is required"),
)


@pytest.mark.parametrize(("given", "told"), EXTRA)
def test_types_of_an_extension(given: Body, told: str | None) -> None:
    body = user(**{"urn:example:2.0:Extra": {"count": 1, "tags": ["a"], **given}})
    if told is None:
        found = schemas.load(_thing(), body)["urn:example:2.0:Extra"]
        assert found == {"count": 1, **given, "tags": ["a", "b"] if "tags" in given else ["a"]}
        return
    with pytest.raises(errors.InvalidValue) as caught:
        schemas.load(_thing(), body)
    assert f"urn:example:2.0:Extra:{told}" in caught.value.detail


@pytest.mark.requirement(32)
def test_a_required_extension() -> None:
    for body in (user(), user(**{"urn:example:2.0:Extra": None}), user(**{"urn:example:2.0:Extra": {}})):
        with pytest.raises(errors.InvalidValue, match=r"urn:example:2\.0:Extra: is required"):
            schemas.load(_thing(), body)
    assert schemas.load(_thing(required=False), user())


@pytest.mark.requirement(32)
def test_in_part_nothing_is_required_but_new_values_are_whole() -> None:
    assert schemas.load(_thing(), {"title": "x"}, partial=True)["title"] == "x"
    with pytest.raises(errors.InvalidValue, match="name: is required"):
        schemas.load(_thing(), {"urn:example:2.0:Extra": {"parts": [{}]}}, partial=True)
    with pytest.raises(errors.InvalidValue, match="no schema"):
        schemas.load(_thing(), {"schemas": [CORE, "urn:x"]}, partial=True)


@pytest.mark.requirement(24, 150)
def test_a_lenient_profile_takes_any_format() -> None:
    body = user(locale="x y", timezone="a b", profileUrl="no uri", addresses=[{"country": "Germany"}])
    assert loaded(body, profile=profiles.LENIENT)["locale"] == "x y"


@pytest.mark.requirement(142)
def test_depth() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    assert values.deeper_than(deep, 100)
    assert not values.deeper_than({"a": [{"b": []}]}, 3)
