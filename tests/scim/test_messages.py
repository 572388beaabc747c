"""What is sent back: projections, entity tags, lists and errors."""

import inspect
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from app.scim import attributes, errors, messages
from tests.scim.table import CORE, ENTERPRISE, USER, ada, rows

BASE = "https://example.com/scim/v2"
LEAST = {"schemas": [CORE], "id": "7"}
EMAILS = ada()["emails"]


PROJECTED: list[Any] = rows(
    ((67, 100), ["userName"], None, {**LEAST, "userName": "Ada@Example.com"}),
    ((1, 67), ["USERNAME"], None, {**LEAST, "userName": "Ada@Example.com"}),
    ((67, 101), [f"{CORE}:userName"], None, {**LEAST, "userName": "Ada@Example.com"}),
    (67, ["name.givenName"], None, {**LEAST, "name": {"givenName": "Ada"}}),
    (67, ["name"], None, {**LEAST, "name": {"givenName": "Ada", "familyName": "Lovelace"}}),
    (67, ["name.givenName", "name"], None, {**LEAST, "name": {"givenName": "Ada", "familyName": "Lovelace"}}),
    (67, ["emails.type"], None, {**LEAST, "emails": [{"type": "work"}, {"type": "home"}]}),
    (67, ["emails.display"], None, LEAST),
    (67, ["meta.created"], None, {**LEAST, "meta": {"created": "2011-05-13T04:42:34Z"}}),
    ((67, 101), [f"{ENTERPRISE}:employeeNumber"], None, {**LEAST, "schemas": [CORE, ENTERPRISE], ENTERPRISE: {"employeeNumber": "42"}}),
    ((67, 101), ["employeeNumber"], None, {**LEAST, "schemas": [CORE, ENTERPRISE], ENTERPRISE: {"employeeNumber": "42"}}),
    ((67, 101), [f"{ENTERPRISE}:manager.value"], None, {**LEAST, "schemas": [CORE, ENTERPRISE], ENTERPRISE: {"manager": {"value": "aB3"}}}),
    ((67, 101), [ENTERPRISE], None, {**LEAST, "schemas": [CORE, ENTERPRISE], ENTERPRISE: ada()[ENTERPRISE]}),
    ((67, 100), ["id"], None, LEAST),
    ((21, 67), ["password"], None, LEAST),
    (67, ["none", "", "]["], None, LEAST),
    (67, ['emails[type eq "work"]'], None, {**LEAST, "emails": EMAILS}),
    ((67, 101), [CORE], None, {key: value for key, value in ada().items() if key != ENTERPRISE} | {"schemas": [CORE]}),
    (67, ["emails.value", "title"], None, {**LEAST, "title": "Countess", "emails": [{"value": e["value"]} for e in EMAILS]}),
)  # fmt: skip


@pytest.mark.parametrize(("names", "excluded", "expected"), PROJECTED)
def test_attributes(names: list[str] | None, excluded: list[str] | None, expected: dict[str, Any]) -> None:
    assert messages.project({**ada(), "password": "secret"}, USER, names, excluded) == expected


EXCLUDED: list[Any] = rows(
    (67, ["title"], {"title"}),
    ((1, 67), ["TITLE", "emails"], {"title", "emails"}),
    ((67, 100), ["id", "schemas", "title"], {"title"}),
    ((67, 101), [f"{CORE}:title"], {"title"}),
    ((13, 67), [ENTERPRISE], {ENTERPRISE}),
    ((13, 67), [f"{ENTERPRISE}:employeeNumber", f"{ENTERPRISE}:manager"], {ENTERPRISE}),
    (67, ["none"], set()),
    (67, ["meta"], {"meta"}),
)


@pytest.mark.parametrize(("excluded", "gone"), EXCLUDED)
def test_excluded_attributes(excluded: list[str], gone: set[str]) -> None:
    shown = messages.project(ada(), USER, None, excluded)
    expected = {key: value for key, value in ada().items() if key not in gone}
    if ENTERPRISE in gone:
        expected["schemas"] = [CORE]
    assert shown == expected


@pytest.mark.requirement(67)
def test_excluded_sub_attributes() -> None:
    shown = messages.project(ada(), USER, None, ["emails.value", "name.givenName", f"{ENTERPRISE}:manager.value"])
    assert shown["emails"] == [{"type": "work", "primary": True}, {"type": "home"}]
    assert shown["name"] == {"familyName": "Lovelace"}
    assert shown[ENTERPRISE]["manager"] == {"displayName": "Babbage"}


@pytest.mark.requirement(67, 100)
def test_both_are_refused() -> None:
    with pytest.raises(errors.InvalidValue, match="together"):
        messages.project(ada(), USER, ["title"], ["name"])


def _returning() -> attributes.ResourceType:
    """Make a type with every kind of `returned`."""
    sub = tuple(attributes.Attribute(word, returned=word) for word in ("always", "never", "default", "request"))
    extra = attributes.Schema(
        "urn:x",
        "X",
        "",
        (
            attributes.Attribute("ever", returned="always"),
            attributes.Attribute("asked", returned="request"),
            attributes.Attribute("box", "complex", sub=sub),
        ),
    )
    return replace(USER, extensions=(attributes.Extension(extra),))


@pytest.mark.requirement(35)
@pytest.mark.parametrize(
    ("names", "excluded", "expected"),
    [
        (None, None, {"ever": 1, "box": {"always": 1, "default": 1}}),
        (["title"], None, {"ever": 1}),
        (["urn:x:asked"], None, {"ever": 1, "asked": 1}),
        (["urn:x"], None, {"ever": 1, "box": {"always": 1, "default": 1}}),
        (["urn:x:box"], None, {"ever": 1, "box": {"always": 1, "default": 1}}),
        (["urn:x:box.request"], None, {"ever": 1, "box": {"always": 1, "request": 1}}),
        (["urn:x:box.never"], None, {"ever": 1, "box": {"always": 1}}),
        (None, ["urn:x:ever", "urn:x:box.default"], {"ever": 1, "box": {"always": 1}}),
        (None, ["urn:x:ever", "urn:x:box"], {"ever": 1}),
    ],
)
def test_returned(names: list[str] | None, excluded: list[str] | None, expected: dict[str, Any]) -> None:
    box = {"always": 1, "never": 1, "default": 1, "request": 1}
    shown = messages.project({"id": "1", "urn:x": {"ever": 1, "asked": 1, "box": box}}, _returning(), names, excluded)
    assert shown["urn:x"] == expected


@pytest.mark.requirement(11, 21, 34)
def test_nothing_empty_and_no_password_is_shown() -> None:
    resource = {"id": "1", "password": "x", "title": None, "emails": [], ENTERPRISE: {"division": None}, "unknown": 5}
    assert messages.project(resource, USER) == {"schemas": [CORE], "id": "1"}
    assert messages.project(resource, USER, ["emails", "title", ENTERPRISE]) == {"schemas": [CORE], "id": "1"}


@pytest.mark.requirement(11)
def test_prune() -> None:
    held = {"a": None, "b": [], "c": {}, "d": {"e": None}, "f": [None, {"g": None}, {"h": 0}], "i": "", "j": False}
    assert messages.prune(held) == {"f": [{"h": 0}], "i": "", "j": False}


@pytest.mark.requirement(7, 107)
def test_the_tag_is_of_what_is_said_not_how() -> None:
    one, other = ada(), ada()
    other["emails"].reverse()
    other = dict(reversed(other.items()))
    other["nickName"] = None
    other["meta"] = {"location": "elsewhere"}
    assert messages.etag(one) == messages.etag(other)
    assert messages.etag(one).startswith('W/"')
    for change in ({"title": "x"}, {"active": False}, {"emails": one["emails"][:1]}, {ENTERPRISE: {}}):
        assert messages.etag({**one, **change}) != messages.etag(one)


MATCHED: list[Any] = rows(
    (108, "*", True),
    (108, 'W/"a"', True),
    (108, '"a"', True),
    (108, '"b", W/"a" , "c"', True),
    (108, "W/a", True),
    (108, "a", True),
    (108, '"b"', False),
    (108, '"b", "c"', False),
    (108, "", False),
    (108, '"A"', False),
)


@pytest.mark.parametrize(("header", "expected"), MATCHED)
def test_etag_matches(header: str, expected: bool) -> None:
    assert messages.etag_matches(header, 'W/"a"') is expected


@pytest.mark.requirement(16, 17, 48, 50)
def test_dress() -> None:
    made = datetime(2011, 5, 13, 4, 42, 34)
    changed = datetime(2011, 5, 13, 6, 42, 35, 500_000, tzinfo=timezone(timedelta(hours=2)))
    held = {"id": "7", "userName": "ada", "meta": {"resourceType": "Car"}, ENTERPRISE: {"division": "x"}}
    dressed = messages.dress(held, USER, BASE + "/", made, changed)
    assert dressed["schemas"] == [CORE, ENTERPRISE]
    assert dressed["meta"] == {
        "resourceType": "User",
        "created": "2011-05-13T04:42:34Z",
        "lastModified": "2011-05-13T04:42:35.500000Z",
        "location": f"{BASE}/Users/7",
        "version": messages.etag(dressed),
    }
    assert messages.timestamp(made.replace(tzinfo=UTC)) == messages.timestamp(made)


@pytest.mark.requirement(52, 66)
def test_list_response() -> None:
    page = messages.list_response([{"id": "1"}], 5, 3)
    assert page == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": 5,
        "itemsPerPage": 1,
        "startIndex": 3,
        "Resources": [{"id": "1"}],
    }
    assert messages.list_response([], 0)["Resources"] == []


@pytest.mark.requirement(120, 121, 130)
def test_list_response_by_cursor() -> None:
    page = messages.list_response([{"id": "1"}], None, None, next_cursor="n", previous_cursor="p")
    assert "startIndex" not in page
    assert "totalResults" not in page
    assert (page["nextCursor"], page["previousCursor"]) == ("n", "p")
    assert not messages.list_response([], 1, None).keys() & {"nextCursor", "previousCursor", "startIndex"}


ERRORS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.ScimError) and kind is not errors.ScimError
]  # fmt: skip
TYPES = {
    "invalidFilter": 400, "tooMany": 400, "uniqueness": 409, "mutability": 400, "invalidSyntax": 400, "invalidPath": 400,
    "noTarget": 400, "invalidValue": 400, "invalidVers": 400, "sensitive": 403, "invalidCursor": 400,
    "expiredCursor": 400, "invalidCount": 400,
}  # fmt: skip


@pytest.mark.requirement(103, 104, 105)
@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_error_document(kind: type[errors.ScimError]) -> None:
    document = messages.error_document(kind("what went wrong"))
    assert json.loads(json.dumps(document)) == document
    assert document["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert document["status"] == str(kind.status)
    assert document["detail"] == "what went wrong"
    assert "scimType" not in document or TYPES[document["scimType"]] == kind.status
    assert kind.__doc__


@pytest.mark.requirement(104)
def test_every_scim_type_has_its_error() -> None:
    assert {kind.scim_type for kind in ERRORS} - {None} == TYPES.keys()
    assert errors.NotFound.scim_type is None


@pytest.mark.requirement(105)
def test_errors_carry_their_data() -> None:
    assert errors.Uniqueness("x", "5").existing == "5"
    assert errors.Unavailable("x", 9).retry_after == 9
    assert errors.TooManyRequests("x", 9).retry_after == 9
    assert errors.MethodNotAllowed("x", ("GET",)).allowed == ("GET",)
    assert errors.Unauthorized("x").code == "invalid_token"
    assert errors.Unauthorized("x", None).code is None
