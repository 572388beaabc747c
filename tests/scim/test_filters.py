"""Filters: what parses, what it means, what is refused and how that is told (RFC 7644 section 3.4.2.2)."""

import time

import pytest

from app.scim import errors, filters, trees
from tests.scim.table import CORE, ENTERPRISE, GROUP, USER, ada, rows

MATCHES = rows(
    # every operator
    (55, 'userName eq "ada@example.com"', True),
    (55, 'userName ne "ada@example.com"', False),
    (55, 'userName co "EXAMPLE"', True),
    (55, 'userName sw "ada@"', True),
    (55, 'userName sw "example"', False),
    (55, 'userName ew ".com"', True),
    (55, 'userName sw "ada@example.com"', True),
    (55, "title pr", True),
    (55, "nickName pr", False),
    (55, 'title gt "Baron"', True),
    (55, 'title ge "countess"', True),
    (55, 'title lt "countess"', False),
    (55, 'title le "countess"', True),
    # names, operators and keywords in any case
    ((1, 55), 'USERNAME Eq "ada@example.com" AND Title PR', True),
    ((1, 55), 'NOT(username pr) Or Name.GIVENname CO "d"', True),
    ((55, 101), f'{CORE}:userName sw "A"', True),
    ((55, 101), f'{CORE.upper()}:name.familyName eq "lovelace"', True),
    ((55, 101), f'{ENTERPRISE}:employeeNumber eq "42"', True),
    ((55, 101), f'{ENTERPRISE}:manager.value eq "aB3"', True),
    (101, 'employeeNumber eq "42"', True),
    # precedence: grouping, not, and, or
    (56, 'title pr or nickName pr and userType eq "Intern"', True),
    (56, '(title pr or nickName pr) and userType eq "Intern"', False),
    (56, "not (nickName pr) and title pr", True),
    (56, "not (nickName pr and title pr)", True),
    (56, "not (title pr) or title pr", True),
    (56, "not (not (title pr))", True),
    ((56, 64), "not(nickName pr)", True),
    ((56, 64), "not   (nickName pr)", True),
    # dates are compared as instants, whatever their zone and fraction
    (57, 'meta.created eq "2011-05-13T06:42:34+02:00"', True),
    (57, 'meta.created eq "2011-05-13T04:42:34.000Z"', True),
    (57, 'meta.created gt "2011-05-13T06:42:33+02:00"', True),
    (57, 'meta.created lt "2011-05-13T04:42:34Z"', False),
    (57, 'meta.created le "2011-05-13T04:42:34Z"', True),
    (57, 'meta.lastModified gt "2011-05-13T04:42:34.4999999999Z"', True),
    (57, 'meta.lastModified ge "2011-05-13T04:42:34.50Z"', True),
    (57, 'meta.lastModified lt "2011-05-12T20:42:35-08:00"', True),
    (57, 'meta.created ne "2011-05-13T04:42:34Z"', False),
    # multi-valued: any value
    (58, 'emails eq "ada@example.com"', True),
    (58, 'emails co "example.org"', True),
    (58, 'emails.type eq "home"', True),
    (58, 'emails.type eq "other"', False),
    (58, 'emails ne "ada@example.com"', True),
    (58, 'phoneNumbers ne "+1"', False),
    (58, "emails pr", True),
    (58, "ims pr", False),
    (58, "emails.display pr", False),
    # one value must satisfy all that stands in the brackets
    (55, 'emails[type eq "work" and value co "@example.com"]', True),
    (55, 'emails[type eq "home" and value co "@example.com"]', False),
    (55, 'emails.type eq "home" and emails.value co "@example.com"', True),
    (55, 'emails[not (type eq "work")]', True),
    (55, 'emails[not (type eq "work") and not (type eq "home")]', False),
    (55, 'emails[(type eq "work" or type eq "home") and primary eq true]', True),
    (55, "emails[value pr]", True),
    (55, 'emails[type eq "work"].value eq "ada@example.com"', True),
    (55, 'emails[type eq "home"].value eq "ada@example.com"', False),
    (55, 'emails[type eq "home"].primary pr', False),
    (55, 'name[givenName eq "ada"]', True),
    (55, 'name[not (givenName eq "ada") or familyName sw "L"]', True),
    (55, f'schemas eq "{ENTERPRISE}"', True),
    (55, f'schemas[value eq "{ENTERPRISE}"]', True),
    ((15, 55), 'id eq "7" and externalId eq "Ext-7"', True),
    # case as the attribute says
    ((36, 60), 'externalId eq "ext-7"', False),
    ((36, 60), f'{ENTERPRISE}:manager.value eq "ab3"', False),
    ((36, 60), 'displayName eq "ADA LOVELACE"', True),
    ((5, 36), 'x509Certificates eq "AQID"', True),
    ((5, 36), 'x509Certificates eq "aqid"', False),
    # what is not there
    (61, 'nickName eq "x"', False),
    (61, 'nickName ne "x"', True),
    (61, 'not (nickName eq "x")', True),
    (61, 'nickName gt "x"', False),
    (61, 'nickName co ""', False),
    (61, 'ims.value ne "x"', True),
    (61, 'name.middleName ne "x"', True),
    ((61, 63), "nickName eq null", True),
    ((61, 63), "nickName ne null", False),
    ((61, 63), "title eq null", False),
    ((61, 63), "title ne null", True),
    ((61, 63), "ims eq null", True),
    (61, 'emails[display eq null and type eq "work"]', True),
    # a primary that is not given is false
    (8, 'emails[primary eq false].value co "home"', True),
    (8, 'emails[type eq "home" and primary ne true]', True),
    (8, "ims.primary eq false", False),
    # literals
    (55, "active eq true", True),
    (55, "active eq false", False),
    (55, "active ne false", True),
    (55, 'title eq "Count\\u0065ss"', True),
    (55, 'title ne "a \\"quoted\\" \\\\ text"', True),
)


@pytest.mark.parametrize(("text", "expected"), MATCHES)
def test_meaning(text: str, expected: bool) -> None:
    node = filters.parse(text, USER)
    assert filters.evaluate(node, ada()) is expected
    assert filters.parse(str(node), USER) == node, "the canonical form parses to the same tree"


EXAMPLES = rows(
    *(
        (55, text)
        for text in (
            'userName eq "bjensen"',
            'name.familyName co "O\'Malley"',
            'userName sw "J"',
            'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"',
            "title pr",
            'meta.lastModified gt "2011-05-13T04:42:34Z"',
            'title pr and userType eq "Employee"',
            'title pr or userType eq "Intern"',
            'schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"',
            'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
            'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
            'userType eq "Employee" and (emails.type eq "work")',
            'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
            'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
        )
    )
)


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_of_the_rfc(text: str) -> None:
    assert filters.parse(str(filters.parse(text, USER)), USER) == filters.parse(text, USER)


TREES = rows(
    ((55, 58), 'emails eq "x"', 'emails.value eq "x"'),
    (55, 'emails[type eq "work"].value Eq "x"', 'emails[type eq "work" and value eq "x"]'),
    (55, 'emails[type eq "a" or type eq "b"].value pr', 'emails[(type eq "a" or type eq "b") and value pr]'),
    (55, 'name[givenName eq "x"]', 'name pr and name.givenName eq "x"'),
    (56, "((title pr and (nickName pr and (id pr))))", "title pr and nickName pr and id pr"),
    (56, "title pr or (nickName pr or id pr)", "title pr or nickName pr or id pr"),
    (101, f"{CORE}:name.GIVENNAME pr", "name.givenName pr"),
    (101, "DEPARTMENT pr", f"{ENTERPRISE}:department pr"),
    (55, 'title eq "a\\/b\\u00e9"', 'title eq "a/bé"'),
)


@pytest.mark.parametrize(("text", "canonical"), TREES)
def test_canonical_form(text: str, canonical: str) -> None:
    assert str(filters.parse(text, USER)) == canonical


@pytest.mark.requirement(55)
def test_tree_of_a_value_path() -> None:
    node = filters.parse('emails[type eq "work" and not (value ew "x")]', USER)
    match node:
        case trees.Has(
            path=trees.Path(urn=None, sub=None),
            inner=trees.And(parts=(trees.Compare(op="eq", value="work"), trees.Not(part=trees.Compare(op="ew")))),
        ):
            assert node.path.attribute is USER.find("emails")
        case _:
            pytest.fail(repr(node))


REFUSED = rows(
    # grammar
    ((55, 142), "", "attribute name"),
    ((55, 142), "userName", "operator"),
    ((55, 142), "userName eq", "expected a value, found the end at position 12"),
    ((55, 142), 'userName eq "x" and', "attribute name"),
    ((55, 142), 'userName eq "x" title pr', "'and', 'or' or the end"),
    ((55, 142), 'userName "x"', "operator"),
    ((55, 142), "(title pr", "expected ')'"),
    ((55, 142), "title pr)", "found ')' at position 9"),
    ((55, 142), 'emails[type eq "work"', "expected ']'"),
    ((55, 142), "emails[]", "attribute name"),
    ((55, 142), 'emails[type eq "work"]]', "found ']' at position 23"),
    ((55, 142), 'emails[type eq "work"] .value eq "x"', "space"),
    ((55, 142), 'emails[ims[type eq "x"]]', "no sub-attribute 'ims'"),
    ((55, 142), 'emails[type[value eq "x"]]', "cannot stand inside another"),
    ((55, 142), 'emails.value[type eq "x"]', "multi-valued or complex"),
    ((55, 142), 'userName[value eq "x"]', "multi-valued or complex"),
    ((55, 142), "not title pr", "'not' must be followed by '('"),
    ((55, 142), 'userName eq "x', "not closed, or has a control character at position 13"),
    ((55, 142), 'userName eq "\\x"', "bad escape"),
    ((55, 142), 'userName eq "\\ud800"', "bad escape"),
    ((55, 142), 'userName eq "a\x01"', "control character"),
    ((55, 142), "userName eq x", "a text stands in double quotes"),
    ((55, 142), "userName eq 'x'", "a text stands in double quotes"),
    ((55, 142), "active eq True", "expected a value"),
    ((55, 142), "active eq 1e999", "out of range"),
    ((55, 142), '"userName" eq "x"', "attribute name"),
    # names
    (54, 'usrName eq "x"', "no attribute 'usrName' at position 1; did you mean 'userName'?"),
    (54, 'name.givnName eq "x"', "'givnName' at position 1; did you mean 'givenName'?"),
    (54, 'emails[typ eq "x"]', "did you mean 'type'?"),
    (54, 'urn:none:userName eq "x"', "no attribute"),
    (54, f'{ENTERPRISE}:userName eq "x"', "no attribute"),
    (54, 'userName.value eq "x"', "no sub-attribute"),
    (54, 'members eq "x"', "no attribute"),
    # operators
    (59, 'userName regex "x"', "no such operator, found 'regex' at position 10"),
    (59, 'userName eqq "x"', "did you mean 'eq'?"),
    # types
    (57, "active gt true", "boolean"),
    (57, "active ge true", "boolean"),
    (57, "emails.primary lt true", "boolean"),
    (57, "emails[primary le true]", "boolean"),
    (57, 'x509Certificates gt "AQID"', "binary"),
    (57, 'x509Certificates.value le "AQID"', "binary"),
    (57, 'active co "t"', "boolean"),
    (57, 'meta.created sw "2011"', "dateTime"),
    (57, 'meta.created gt "yesterday"', "date and time"),
    (57, 'meta.created eq "2011-05-13"', "date and time"),
    (57, 'active eq "true"', "boolean"),
    (57, "userName eq 5", "string"),
    (57, "userName eq true", "string"),
    (63, "title gt null", "null"),
    (63, "title co null", "null"),
    # complex attributes
    (58, 'name eq "x"', "complex: name a sub-attribute, as in name.formatted"),
    (58, 'addresses eq "x"', "complex"),
    (58, f'{ENTERPRISE}:manager eq "x"', "complex"),
    (58, 'meta eq "x"', "complex"),
    # never
    ((21, 62), 'password eq "x"', "never returned"),
    ((21, 62), "password pr", "never returned"),
    ((21, 62), 'userName pr or not (password sw "a")', "never returned"),
    ((21, 62), f'{CORE}:PASSWORD eq "x"', "never returned"),
    # size
    (142, 'title eq "' + "x" * 10_000 + '"', "longer than 10000"),
    (142, "(" * 51 + "title pr" + ")" * 51, "deeper than 50"),
    (142, "not (" * 51 + "title pr" + ")" * 51, "deeper than 50"),
    (142, " and ".join(["title pr"] * 201), "more than 200 comparisons"),
)


@pytest.mark.parametrize(("text", "told"), REFUSED)
def test_refusal(text: str, told: str) -> None:
    with pytest.raises(errors.InvalidFilter) as caught:
        filters.parse(text, USER)
    assert told in caught.value.detail
    assert (caught.value.status, caught.value.scim_type) == (400, "invalidFilter")


@pytest.mark.requirement(142)
def test_just_within_the_limits() -> None:
    assert filters.parse("(" * 49 + "title pr" + ")" * 49, USER)
    assert filters.parse(" and ".join(["title pr"] * 200), USER)


@pytest.mark.requirement(142)
@pytest.mark.parametrize(
    "text",
    ["(" * 9_000, "not(" * 2_000, '"' * 9_999, "\\" * 9_999, "a" * 9_999, "a." * 4_999, "1" * 9_999, "[" * 9_999],
)
def test_hostile_text_is_refused_at_once(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(errors.InvalidFilter):
        filters.parse(text, USER)
    assert time.process_time() - begun < 0.5


ABSENT = rows(
    (54, 'members.value eq "x"', False),
    (54, "members pr", False),
    (54, 'members ne "x"', True),
    (54, 'members[value eq "x"]', False),
    (54, 'not (members[value eq "x"])', True),
    (54, 'members eq "x" or userName sw "ada"', True),
    (54, "urn:none:thing.part gt 5", False),
    (54, "name.thing pr", False),
    (54, 'emails[thing eq "x"]', False),
)


@pytest.mark.parametrize(("text", "expected"), ABSENT)
def test_unknown_attributes_have_no_value_at_the_root(text: str, expected: bool) -> None:
    assert filters.evaluate(filters.parse(text, USER, absent=True), ada()) is expected


@pytest.mark.requirement(54, 62)
def test_password_is_refused_at_the_root_too() -> None:
    with pytest.raises(errors.InvalidFilter):
        filters.parse("password pr", USER, absent=True)


@pytest.mark.requirement(55)
def test_members_of_a_group() -> None:
    group = {"displayName": "A", "members": [{"value": "1"}, {"value": "2", "type": "User"}]}
    assert filters.evaluate(filters.parse('members eq "2" and displayName eq "a"', GROUP), group)
    assert not filters.evaluate(filters.parse('members[value eq "1" and type eq "User"]', GROUP), group)


@pytest.mark.requirement(61)
@pytest.mark.parametrize("value", ["", None, [], {}, {"givenName": ""}, [{"value": None}]])
def test_nothing_is_not_present(value: object) -> None:
    assert trees.present(value) is False


@pytest.mark.requirement(61)
@pytest.mark.parametrize("value", ["x", 0, False, [0], {"a": False}])
def test_something_is_present(value: object) -> None:
    assert trees.present(value) is True


@pytest.mark.requirement(57)
def test_stored_values_of_the_wrong_type_match_nothing() -> None:
    odd = {"title": 5, "active": "yes", "meta": {"created": "never"}}
    for text in ('title co "5"', 'title gt "1"', "active eq true", 'meta.created gt "2011-05-13T04:42:34Z"'):
        assert not filters.evaluate(filters.parse(text, USER), odd)


@pytest.mark.requirement(60, 112)
def test_texts_are_compared_composed_and_folded() -> None:
    held = {"displayName": "\u00c9lodie Stra\u00dfe", "externalId": "\u00c9"}
    for text in ('displayName eq "e\u0301lodie STRASSE"', 'displayName sw "\u00e9LO"', 'displayName ew "SSE"'):
        assert filters.evaluate(filters.parse(text, USER), held)
    assert not filters.evaluate(filters.parse('externalId eq "\u00e9"', USER), held)


@pytest.mark.requirement(55)
def test_an_unknown_node_is_an_error() -> None:
    with pytest.raises(TypeError):
        filters.evaluate("x", {})  # type: ignore[arg-type]
