"""What a list request asks: its numbers, its lists of names, its parameters as clients write them."""

from typing import Any

import pytest

from app.scim import errors, profiles, queries
from tests.scim.table import rows

PAGE = 1000
HUGE = "9" * 60

# a parameter, and the part of the query that it becomes
NUMBERS = rows(
    (66, {"count": "0"}, 0),
    (66, {"count": "-1"}, 0),
    (66, {"count": f"-{HUGE}"}, 0),
    (66, {"count": "007"}, 7),
    (66, {"count": "+7"}, 7),
    (66, {"count": " 7 "}, 7),
    (66, {"count": 7}, 7),
    (66, {"count": "1001"}, PAGE),
    (66, {"count": HUGE}, PAGE),
    (66, {"count": int(HUGE)}, PAGE),
    (66, {"count": ""}, queries.DEFAULT_COUNT),
    (66, {"startIndex": "0"}, 1),
    (66, {"startIndex": f"-{HUGE}"}, 1),
    (66, {"startIndex": "0020"}, 20),
    (66, {"startIndex": HUGE}, queries.MOST),
    (66, {"startIndex": -int(HUGE)}, 1),
)


@pytest.mark.parametrize(("given", "wanted"), NUMBERS)
def test_numbers(given: dict[str, Any], wanted: int) -> None:
    query = queries.parse(given, max_count=PAGE)
    assert wanted == (query.count if "count" in given else query.start)


@pytest.mark.requirement(66)
@pytest.mark.parametrize("name", ["count", "startIndex"])
@pytest.mark.parametrize(
    "text", ["--5", "+-5", "-", "+", "1.5", "1e2", "0x10", "1 2", "٣", "²", "abc", True, 1.5, [1], {}]
)
def test_what_is_no_number(name: str, text: Any) -> None:
    with pytest.raises(errors.InvalidValue):
        queries.parse({name: text}, max_count=PAGE)


# what a URL says | what is understood of it, by all profiles or by the lenient one
PARAMETERS = rows(
    (53, [("x", "1"), ("aadOptscim062020", "")], {}, True),
    (67, [("attributes", "userName"), ("attributes", "emails,name")], {"attributes": "userName,emails,name"}, True),
    (67, [("excludedAttributes", "a"), ("excludedAttributes", "b")], {"excludedAttributes": "a,b"}, True),
    (66, [("count", "5"), ("count", "5")], {"count": "5"}, True),
    (66, [("startindex", "5"), ("COUNT", "2")], {"startIndex": "5", "count": "2"}, False),
    (67, [("Attributes", "userName")], {"attributes": "userName"}, False),
)


@pytest.mark.parametrize(("given", "understood", "by_all"), PARAMETERS)
def test_parameters(given: list[tuple[str, str]], understood: dict[str, str], by_all: bool) -> None:
    fired: set[str] = set()
    assert queries.parameters(given, profiles.LENIENT.tolerances, fired) == understood
    assert fired == (set() if by_all else {"query_names"})
    assert queries.parameters(given, profiles.STRICT.tolerances, set()) == (understood if by_all else {})


@pytest.mark.requirement(52, 66)
@pytest.mark.parametrize("name", ["filter", "count", "startIndex", "sortBy", "sortOrder", "cursor"])
def test_what_is_given_twice_and_differently(name: str) -> None:
    with pytest.raises(errors.InvalidFilter if name == "filter" else errors.InvalidValue):
        queries.parameters([(name, "1"), (name, "2")], frozenset(), set())


@pytest.mark.requirement(67, 100)
def test_both_lists_of_names() -> None:
    with pytest.raises(errors.InvalidValue):
        queries.parse({"attributes": "id", "excludedAttributes": "meta"}, max_count=PAGE)
    assert queries.shown({"attributes": "", "excludedAttributes": "meta"}) == (None, ("meta",))


# the schemas of a .search | whether a strict profile takes it, whether a lenient one does
SCHEMAS = rows(
    (68, [queries.messages.SEARCH_URN], True, True),
    (68, [queries.messages.SEARCH_URN.lower()], True, True),
    (68, None, False, True),
    (68, [], False, True),
    (68, queries.messages.SEARCH_URN, False, False),
    (68, ["urn:example:other"], False, False),
    (68, [queries.messages.SEARCH_URN, "urn:example:other"], False, True),
    (68, [queries.messages.SEARCH_URN] * 2, False, True),
)


@pytest.mark.parametrize(("urns", "strictly", "leniently"), SCHEMAS)
def test_the_schema_of_a_search(urns: Any, strictly: bool, leniently: bool) -> None:
    body = {"count": 3} if urns is None else {"schemas": urns, "count": 3}
    for strict, taken in ((True, strictly), (False, leniently)):
        if taken:
            assert queries.search(body, max_count=PAGE, strict=strict).count == 3
        else:
            with pytest.raises(errors.InvalidSyntax):
                queries.search(body, max_count=PAGE, strict=strict)
