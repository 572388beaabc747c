"""Paths: parsing, and reading, writing and removing what they name (RFC 7644 sections 3.5.2 and 3.10)."""

from dataclasses import replace
from typing import Any

import pytest

from app.scim import attributes, errors, filters, paths, trees
from tests.scim.table import CORE, ENTERPRISE, GROUP, USER, ada, rows

TAGS = attributes.Attribute("tags", multi=True)

PARSED = rows(
    (78, "userName", "userName"),
    ((1, 78), "NAME.familyname", "name.familyName"),
    (78, "emails", "emails"),
    (78, "emails.value", "emails.value"),
    (78, 'emails[type eq "work"]', 'emails[type eq "work"]'),
    (
        78,
        'emails[type EQ "work" and not(primary eq true)].Value',
        'emails[type eq "work" and not (primary eq true)].value',
    ),
    (78, 'emails[value eq"x"]', 'emails[value eq "x"]'),
    ((78, 101), f"{CORE}:userName", "userName"),
    ((78, 101), f"{CORE}:name.givenName", "name.givenName"),
    ((78, 101), f'{CORE}:emails[type eq "work"].value', 'emails[type eq "work"].value'),
    ((78, 101), f"{ENTERPRISE}:manager.value", f"{ENTERPRISE}:manager.value"),
    ((78, 101), ENTERPRISE.lower(), ENTERPRISE),
    ((78, 101), "costCenter", f"{ENTERPRISE}:costCenter"),
    (78, f'schemas[value eq "{ENTERPRISE}"]', f'schemas[value eq "{ENTERPRISE}"]'),
    (78, "meta.created", "meta.created"),
    (78, "password", "password"),
)


@pytest.mark.parametrize(("text", "canonical"), PARSED)
def test_parses(text: str, canonical: str) -> None:
    path = paths.parse(text, USER)
    assert str(path) == canonical
    assert paths.parse(canonical, USER) == path
    assert hash(paths.parse(canonical, USER)) == hash(path)


BAD = rows(
    (78, "", errors.InvalidPath),
    (78, ".", errors.InvalidPath),
    (78, "user name", errors.InvalidPath),
    (78, "userNme", errors.InvalidPath),
    (78, "name.givenNam", errors.InvalidPath),
    (78, "name.givenName.x", errors.InvalidPath),
    (78, "emails.", errors.InvalidPath),
    (78, "emails]", errors.InvalidPath),
    (78, 'emails[type eq "work"].', errors.InvalidPath),
    (78, 'emails[type eq "work"].none', errors.InvalidPath),
    (78, 'emails[type eq "work"].value.x', errors.InvalidPath),
    (78, 'emails[type eq "work"] .value', errors.InvalidFilter),
    (78, 'emails[type eq "work"].value eq "x"', errors.InvalidPath),
    (78, 'emails.value[type eq "work"]', errors.InvalidPath),
    (78, 'name[givenName eq "x"]', errors.InvalidPath),
    (78, 'userName[value eq "x"]', errors.InvalidPath),
    (78, 'userName eq "x"', errors.InvalidPath),
    (78, "(userName)", errors.InvalidPath),
    (78, "urn:none:attribute", errors.InvalidPath),
    (78, f"{ENTERPRISE}:none", errors.InvalidPath),
    (78, "members", errors.InvalidPath),
    (78, '"userName"', errors.InvalidPath),
    (78, 'userName"', errors.InvalidPath),
    (78, "emails[", errors.InvalidPath),
    (78, "emails[type", errors.InvalidPath),
    (78, "emails]type pr[", errors.InvalidPath),
    (78, "emails[]", errors.InvalidFilter),
    (78, 'emails[type eq "work"', errors.InvalidPath),
    (78, 'emails[type eq "work"]]', errors.InvalidPath),
    (78, "emails[type eq work]", errors.InvalidFilter),
    (78, 'emails[type is "work"]', errors.InvalidFilter),
    (78, 'emails[none eq "work"]', errors.InvalidFilter),
    (78, "emails[primary gt true]", errors.InvalidFilter),
    (78, 'emails[type eq "work]', errors.InvalidFilter),
    ((78, 142), "x" * 10_001, errors.InvalidPath),
    ((78, 142), "emails[" + "(" * 60 + "type pr" + ")" * 60 + "]", errors.InvalidFilter),
)


@pytest.mark.parametrize(("text", "error"), BAD)
def test_refusal(text: str, error: type[errors.ScimError]) -> None:
    with pytest.raises(error):
        paths.parse(text, USER)


@pytest.mark.requirement(78)
def test_a_refusal_says_where_and_what_was_meant() -> None:
    with pytest.raises(
        errors.InvalidPath, match="'emails' has no sub-attribute 'valu' at position 23; did you mean 'value'"
    ):
        paths.parse('emails[type eq "work"].valu', USER)


READ = rows(
    (78, "userName", ["Ada@Example.com"]),
    (78, "nickName", []),
    (78, "name", [{"givenName": "Ada", "familyName": "Lovelace"}]),
    (78, "name.givenName", ["Ada"]),
    (78, "emails.value", ["ada@example.com", "ada@home.example.org"]),
    (78, 'emails[type eq "home"].value', ["ada@home.example.org"]),
    (78, 'emails[type eq "home"]', [{"value": "ada@home.example.org", "type": "home"}]),
    (78, "emails[primary eq true].value", ["ada@example.com"]),
    (78, 'emails[type eq "other"].value', []),
    (78, "emails.primary", [True]),
    (101, f"{ENTERPRISE}:manager.value", ["aB3"]),
    (101, ENTERPRISE, [{"employeeNumber": "42", "manager": {"value": "aB3", "displayName": "Babbage"}}]),
    (78, f'schemas[value sw "{CORE}"]', [CORE]),
)


@pytest.mark.parametrize(("text", "expected"), READ)
def test_read(text: str, expected: list[Any]) -> None:
    assert paths.read(ada(), paths.parse(text, USER)) == expected
    assert paths.read({}, paths.parse(text, USER)) == []


WRITTEN: list[Any] = rows(
    (78, "userName", "x", {}, {"userName": "x"}),
    (78, "name.givenName", "x", {}, {"name": {"givenName": "x"}}),
    (78, "name.givenName", "x", {"name": {"familyName": "y"}}, {"name": {"familyName": "y", "givenName": "x"}}),
    (101, f"{ENTERPRISE}:manager.value", "x", {}, {ENTERPRISE: {"manager": {"value": "x"}}}),
    (101, ENTERPRISE, {"division": "d"}, {}, {ENTERPRISE: {"division": "d"}}),
    (78, "emails", [{"value": "x"}], {"emails": [{"value": "y"}]}, {"emails": [{"value": "x"}]}),
    (78, "emails.value", "x", {}, {"emails": [{"value": "x"}]}),
    (
        78,
        "emails.value",
        "x",
        {"emails": [{"value": "a"}, {"value": "b"}]},
        {"emails": [{"value": "x"}, {"value": "b"}]},
    ),
    (78, 'emails[type eq "work"].value', "x", {}, {"emails": [{"type": "work", "value": "x"}]}),
    (
        78,
        'emails[type eq "work"].value',
        "x",
        {"emails": [{"type": "home"}, {"type": "Work", "value": "y"}]},
        {"emails": [{"type": "home"}, {"type": "Work", "value": "x"}]},
    ),
    (
        8,
        "emails[primary eq true].value",
        "x",
        {"emails": [{"value": "y"}]},
        {"emails": [{"value": "y"}, {"primary": True, "value": "x"}]},
    ),
    (
        8,
        'emails[type eq "home"].primary',
        True,
        {"emails": [{"value": "y", "primary": True}]},
        {"emails": [{"value": "y", "primary": False}, {"type": "home", "primary": True}]},
    ),
    (
        78,
        'addresses[type eq "work"]',
        {"locality": "x"},
        {"addresses": [{"type": "work", "country": "DE"}]},
        {"addresses": [{"type": "work", "country": "DE", "locality": "x"}]},
    ),
    (78, f"{ENTERPRISE}:division", "x", {ENTERPRISE: None}, {ENTERPRISE: {"division": "x"}}),
    (
        78,
        'emails[type eq "a" or type eq "b"].value',
        "x",
        {},
        {"emails": [{"type": "a", "value": "x"}]},
    ),
)


@pytest.mark.parametrize(("text", "value", "before", "after"), WRITTEN)
def test_write(text: str, value: Any, before: dict[str, Any], after: dict[str, Any]) -> None:
    path = paths.parse(text, USER)
    paths.write(before, path, value)
    assert before == after
    if path.sub is not None:
        assert value in paths.read(before, path)


REMOVED: list[Any] = rows(
    (84, "userName", {"userName": "x"}, {}),
    (84, "userName", {}, {}),
    (84, "name.givenName", {"name": {"givenName": "x"}}, {}),
    (84, "name.givenName", {"name": {"givenName": "x", "familyName": "y"}}, {"name": {"familyName": "y"}}),
    (84, f"{ENTERPRISE}:division", {ENTERPRISE: {"division": "x"}}, {}),
    (
        84,
        f"{ENTERPRISE}:division",
        {ENTERPRISE: {"division": "x", "department": "y"}},
        {ENTERPRISE: {"department": "y"}},
    ),
    (84, ENTERPRISE, {ENTERPRISE: {"division": "x"}, "title": "t"}, {"title": "t"}),
    (84, "emails", {"emails": [{"value": "x"}]}, {}),
    (84, 'emails[type eq "work"]', {"emails": [{"type": "work"}, {"type": "home"}]}, {"emails": [{"type": "home"}]}),
    (84, 'emails[type eq "work"]', {"emails": [{"type": "work"}]}, {}),
    (84, 'emails[type eq "work"].value', {"emails": [{"type": "work", "value": "x"}]}, {"emails": [{"type": "work"}]}),
    (84, "emails.value", {"emails": [{"value": "x"}, {"type": "home", "value": "y"}]}, {"emails": [{"type": "home"}]}),
)


@pytest.mark.parametrize(("text", "before", "after"), REMOVED)
def test_remove(text: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    paths.remove(before, paths.parse(text, USER))
    assert before == after


MENTIONED: list[Any] = rows(
    (149, "active", {"active": False}, True),
    (149, "active", {"active": None}, True),
    (149, "active", {}, False),
    (149, "name.givenName", {"name": {"familyName": "x"}}, False),
    (149, "name.givenName", {"name": {"givenName": None}}, True),
    (149, "name.givenName", {"name": None}, True),
    (149, 'emails[type eq "work"].value', {"emails": []}, True),
    (149, 'emails[type eq "work"].value', {}, False),
    (149, f"{ENTERPRISE}:division", {ENTERPRISE: {"department": "x"}}, False),
    (149, f"{ENTERPRISE}:division", {ENTERPRISE: None}, True),
    (149, ENTERPRISE, {ENTERPRISE: {}}, True),
    (149, ENTERPRISE, {}, False),
)


@pytest.mark.parametrize(("text", "body", "expected"), MENTIONED)
def test_mentioned(text: str, body: dict[str, Any], expected: bool) -> None:
    assert paths.mentioned(body, paths.parse(text, USER)) is expected


@pytest.mark.requirement(84)
def test_simple_values_of_a_list() -> None:
    tagged = replace(USER, extensions=(attributes.Extension(attributes.Schema("urn:x", "X", "", (TAGS,))),))
    path = paths.parse('urn:x:tags[value eq "b"]', tagged)
    resource: dict[str, Any] = {"urn:x": {"tags": ["a", "b"]}}
    assert paths.read(resource, path) == ["b"]
    paths.write(resource, path, "c")
    assert resource == {"urn:x": {"tags": ["a", "c"]}}
    paths.write(resource, path, "b")
    paths.remove(resource, paths.parse('urn:x:tags[value ne "b"]', tagged))
    assert resource == {"urn:x": {"tags": ["b"]}}
    odd: dict[str, Any] = {"urn:x": "no object"}
    paths.remove(odd, path)
    assert odd == {"urn:x": "no object"}


@pytest.mark.requirement(55)
def test_conjuncts() -> None:
    node = filters.parse('title eq "a" and (nickName pr or id pr) and userName sw "b"', USER)
    assert [str(part) for part in trees.conjuncts(node)] == ['title eq "a"', 'userName sw "b"']


@pytest.mark.requirement(78)
def test_leaf_and_top() -> None:
    path = paths.parse('members[value eq "1"].display', GROUP)
    assert path.leaf is not None
    assert path.leaf.name == "display"
    assert str(path.top) == "members"
    assert path.top.top == path.top
    assert paths.described(filters.parse('title eq "x" and (nickName pr or id eq null)', USER)) == {"title": "x"}
