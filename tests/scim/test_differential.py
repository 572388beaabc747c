"""Our filters and PATCHes against those of scim2-models, over generated users: where both have an answer, it is the same.

Left out, because the two read the RFC differently on purpose: `ne` on a multi-valued attribute (ours: any value, as the
RFC says of all operators), a `primary` that is not given (ours: false), the same value twice (ours: folded), and a
sub-attribute of a multi-valued attribute that has no values (ours: a value is made).
"""

import contextlib
import json
from typing import Any

import pydantic
import pytest
import scim2_models
from hypothesis import given
from hypothesis import strategies as st

from app.scim import errors, filters, folding, messages, operations, patch, paths
from tests.scim.table import CORE, ENTERPRISE, USER

ROLES: Any = USER.find("roles")
Oracle = scim2_models.User[scim2_models.EnterpriseUser]
Filter = scim2_models.ScimFilter[Oracle]
Patch = scim2_models.PatchOp[Oracle]
PATCH_REQUEST = scim2_models.Context.RESOURCE_PATCH_REQUEST

TEXTS = st.text("aAbB1 %_\\\"'é", max_size=4)
FILLED = st.text("aAbB1%_é", min_size=1, max_size=3)
ADDRESSES = st.sampled_from(["a@x.org", "A@x.org", "b@y.org", "ab@x.org"])
TYPES = st.sampled_from(["work", "WORK", "home", "x"])
KNOWN_TYPES = st.sampled_from(["work", "home", "other"])  # of e-mails they know no others
MOMENTS = st.sampled_from(
    ["2011-05-13T04:42:34Z", "2011-05-13T06:42:34+02:00", "2011-05-13T04:42:34.5Z", "2010-01-01T00:00:00-08:00"]
)


@st.composite
def plurals(
    draw: st.DrawFn, main: st.SearchStrategy[str], types: st.SearchStrategy[str] = TYPES
) -> list[dict[str, Any]]:
    """Make values of a multi-valued attribute, no two the same, at most one primary."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        value: dict[str, Any] = {"value": draw(main)}
        if draw(st.booleans()):
            value["type"] = draw(types)
        if draw(st.booleans()):
            value["display"] = draw(FILLED)
        found.append(value)
    found = folding.fold(ROLES, found)
    if found and draw(st.booleans()):
        draw(st.sampled_from(found))["primary"] = True
    return found


@st.composite
def users(draw: st.DrawFn) -> dict[str, Any]:
    """Make a user in which much may be missing."""
    made: dict[str, Any] = {
        "schemas": [CORE],
        "id": "7",
        "userName": draw(FILLED),
        "externalId": draw(st.none() | FILLED),
        "title": draw(st.none() | FILLED),
        "nickName": draw(st.none() | FILLED),
        "active": draw(st.none() | st.booleans()),
        "name": {"givenName": draw(st.none() | FILLED), "familyName": draw(st.none() | FILLED)},
        "emails": draw(plurals(ADDRESSES, KNOWN_TYPES)),
        "roles": draw(plurals(FILLED)),
        ENTERPRISE: {"division": draw(st.none() | FILLED), "manager": {"value": draw(st.none() | FILLED)}},
        "meta": {"resourceType": "User", "created": draw(MOMENTS)},
    }
    pruned: dict[str, Any] = messages.prune(made)
    return pruned


# -- filters -----------------------------------------------------------------------------------------------------

SINGLE = ["userName", "externalId", "title", "NICKNAME", "name.givenName", "Name.familyName", f"{ENTERPRISE}:division"]
SINGLE += [f"{CORE}:title", f"{ENTERPRISE}:manager.value", "id"]
MANY = ["roles", "roles.value", "roles.type", "emails.type", "roles.display"]
ORDER = ["eq", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "Co"]
SPACES = st.sampled_from([" ", "  "])


def _quoted(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return text.map(json.dumps)


def _compare(names: list[str], ops: list[str], literals: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    parts = st.tuples(st.sampled_from(names), SPACES, st.sampled_from(ops), SPACES, literals)
    return parts.map("".join)


LEAVES = st.one_of(
    _compare(SINGLE, [*ORDER, "ne"], _quoted(TEXTS)),
    _compare(SINGLE, ["eq", "ne"], st.just("null")),
    _compare(MANY, ORDER, _quoted(TEXTS | TYPES)),
    _compare(["emails", "emails.value"], ["eq"], _quoted(ADDRESSES)),
    _compare(["emails", "emails.value"], ["co", "sw", "ew"], _quoted(TEXTS)),
    _compare(["active"], ["eq", "ne"], st.sampled_from(["true", "false", "null"])),
    _compare(["emails.primary", "roles.primary"], ["eq"], st.just("true")),
    _compare(["meta.created"], ["eq", "ne", "gt", "ge", "lt", "le"], _quoted(MOMENTS)),
    st.sampled_from([*SINGLE, *MANY, "name", "emails", "active", "roles.primary", "ims"]).map(
        lambda name: f"{name} pr"
    ),
)
INNER = st.one_of(
    _compare(["value", "type", "display", "TYPE"], [*ORDER, "ne"], _quoted(TEXTS | TYPES)),
    _compare(["display", "type"], ["eq", "ne"], st.just("null")),
    _compare(["primary"], ["eq", "ne"], st.just("true")),
    st.sampled_from(["value pr", "type pr", "display Pr", "primary pr"]),
)


def _logic(part: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    word = st.sampled_from([" and ", " or ", " AND ", " Or "])
    return st.one_of(
        st.tuples(part, word, part).map("".join),
        part.map(lambda text: f"({text})"),
        part.map(lambda text: f"not ({text})"),
        part.map(lambda text: f"NOT({text})"),
    )


SELECTIONS = st.recursive(INNER, _logic, max_leaves=4)
VALUE_PATHS = st.one_of(
    SELECTIONS.map(lambda inner: f"roles[{inner}]"),
    SELECTIONS.map(lambda inner: f'roles[{inner}].value co "a"'),
)
FILTERS = st.recursive(LEAVES | VALUE_PATHS, _logic, max_leaves=6)


@pytest.mark.requirement(55, 56, 57, 58, 60, 61, 63)
@given(text=FILTERS, found=st.lists(users(), min_size=1, max_size=4))
def test_filters_mean_the_same(text: str, found: list[dict[str, Any]]) -> None:
    node = filters.parse(text, USER)
    theirs = Filter(text)
    again = filters.parse(str(node), USER)
    assert again == node
    assert str(again) == str(node)
    for user in found:
        expected = theirs.match(Oracle.model_validate(user))
        assert filters.evaluate(node, user) is expected
        assert Filter(str(node)).match(Oracle.model_validate(user)) is expected, "they understand our canonical form"


WORDS = st.sampled_from(
    [
        "userName", "title", "emails", "roles.type", "name", "name.givenName", "meta.created", "nothing", "eq", "ne", "co",
        "pr", "gt", "and", "or", "not", "(", ")", "[", "]", '"x"', '"work"', "true", "null", "5", "x", "type", "value",
        'emails[type eq "work"]', ".value",
    ]
)  # fmt: skip


def _mangled(text: str) -> st.SearchStrategy[str]:
    """Cut something out of a filter, or put something in."""
    place = st.integers(0, len(text))
    cut = st.tuples(place, place).map(lambda two: text[: min(two)] + text[max(two) :])
    return cut | st.tuples(place, WORDS).map(lambda two: f"{text[: two[0]]} {two[1]} {text[two[0] :]}")


def _syntax(text: str) -> bool:
    """Ask scim2-models whether a filter is one, as far as the grammar goes."""
    try:
        scim2_models.ScimFilter(text)
    except (scim2_models.SCIMException, ValueError):
        return False
    return True


@pytest.mark.requirement(55, 142)
@given(text=FILTERS.flatmap(_mangled) | st.lists(WORDS, max_size=9).map(" ".join))
def test_what_is_no_filter_is_refused(text: str) -> None:
    try:
        node = filters.parse(text, USER)
    except errors.InvalidFilter:
        return
    assert filters.parse(str(node), USER) == node
    # a space before ".sub" and words without space between a literal and a keyword are the differences of two lexers
    assert _syntax(text) or _syntax(str(node))


@pytest.mark.requirement(55, 78, 142)
@given(text=st.text('aeimnoqstuvw.:[]()" \\=\x00é🙂', max_size=60) | FILTERS.flatmap(_mangled))
def test_any_text_is_a_path_a_filter_or_refused(text: str) -> None:
    for parse, kinds in (
        (filters.parse, (errors.InvalidFilter,)),
        (paths.parse, (errors.InvalidFilter, errors.InvalidPath)),
    ):
        with contextlib.suppress(*kinds):
            assert parse(str(parse(text, USER)), USER) == parse(text, USER)  # type: ignore[operator]


# -- PATCH -------------------------------------------------------------------------------------------------------

SELECTED = [
    '[type eq "work"]',
    "[primary eq true]",
    '[value sw "a"]',
    '[type eq "none"]',
    "[not (display pr)]",
    "[value pr]",
]


def _values(main: st.SearchStrategy[str], types: st.SearchStrategy[str] = TYPES) -> st.SearchStrategy[dict[str, Any]]:
    optional = {"type": types, "display": FILLED, "primary": st.booleans()}
    return st.fixed_dictionaries({"value": main}, optional=optional)


NAMES = st.fixed_dictionaries({}, optional={"givenName": FILLED | st.none(), "middleName": FILLED})
ROLE_LISTS = st.lists(_values(FILLED), max_size=3).map(lambda found: folding.fold(ROLES, found))
PARTS = st.fixed_dictionaries({}, optional={"display": FILLED, "type": TYPES, "primary": st.booleans()})
WHOLES = st.fixed_dictionaries(
    {"title": FILLED},
    optional={
        "name": NAMES,
        "roles": ROLE_LISTS,
        "NICKNAME": FILLED | st.none(),
        ENTERPRISE: st.just({"division": "x"}),
    },
)
TARGETS = st.one_of(
    st.tuples(st.sampled_from(["title", "nickName", "name.givenName", f"{ENTERPRISE}:division"]), FILLED),
    st.tuples(st.just("active"), st.booleans()),
    st.tuples(st.just("name"), NAMES),
    st.tuples(st.just(f"{ENTERPRISE}:manager"), st.fixed_dictionaries({"value": FILLED})),
    st.tuples(
        st.just("emails"),
        st.lists(_values(ADDRESSES, KNOWN_TYPES), max_size=3).map(lambda found: folding.fold(ROLES, found)),
    ),
    st.tuples(st.just("roles"), ROLE_LISTS | _values(FILLED)),
    st.tuples(st.sampled_from(SELECTED).map("roles{}".format), PARTS),
    st.tuples(st.sampled_from(SELECTED).map("roles{}.display".format), FILLED),
    st.tuples(st.sampled_from(SELECTED).map("roles{}.primary".format), st.booleans()),
    st.tuples(st.just("roles.display"), FILLED),
    st.tuples(st.just("userName"), FILLED),
    st.tuples(st.sampled_from(["id", "groups", "nothing", "roles[type", "roles[none pr]", "name.none"]), FILLED),
    st.tuples(st.none(), WHOLES),
)


def _operation(op: str, target: tuple[str | None, Any]) -> dict[str, Any]:
    path, value = target
    made: dict[str, Any] = {"op": op}
    if path is not None:
        made["path"] = path
    return made if op == "remove" else {**made, "value": value}


OPERATIONS = st.one_of(
    st.builds(_operation, st.sampled_from(["add", "replace", "remove", "Add"]), TARGETS),
    st.sampled_from(["title", "roles", "name", "userName"]).map(lambda p: {"op": "replace", "path": p, "value": None}),
)


def _ours(user: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | str | None:
    body = {"schemas": [operations.PATCH_URN], "Operations": [operation]}
    try:
        return patch.apply(user, patch.parse(body, USER), USER)
    except errors.ScimError as error:
        return error.scim_type


def _theirs(user: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | str | None:
    body = {"schemas": [operations.PATCH_URN], "Operations": [operation]}
    held = Oracle.model_validate(user)
    try:
        Patch.model_validate(body, scim_ctx=PATCH_REQUEST).patch(held)
    except scim2_models.SCIMException as error:
        return error.scim_type
    except pydantic.ValidationError as error:
        return str(error.errors()[0]["type"]).removeprefix("scim_")
    shown: dict[str, Any] = messages.prune(json.loads(held.model_dump_json()))
    return shown


def _comparable(result: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is computed, and fold what is there twice."""
    found = {name: held for name, held in messages.prune(result).items() if name not in ("schemas", "meta")}
    for name in ("emails", "roles"):
        attribute = USER.find(name)
        if name in found and attribute is not None:
            found[name] = folding.fold(attribute, found[name])
    return found


def _known_difference(user: dict[str, Any], operation: dict[str, Any]) -> bool:
    path, value = operation.get("path") or "", operation.get("value")
    if path == "roles.display" and not user.get("roles") and operation["op"] != "remove":
        return True
    # two primary values in one list: ours always refuses, theirs not where one of them is there already
    lists = [value, *value.values()] if isinstance(value, dict) else [value]
    return any(isinstance(each, list) and sum(one.get("primary") is True for one in each) > 1 for each in lists)


@pytest.mark.requirement(71, 74, 75, 76, 77, 78, 81, 82, 84, 85, 86, 87, 88)
@given(user=users(), changes=st.lists(OPERATIONS, min_size=1, max_size=5))
def test_patches_do_the_same(user: dict[str, Any], changes: list[dict[str, Any]]) -> None:
    for change in changes:
        before = patch.copied(user)
        ours, theirs = _ours(user, change), _theirs(user, change)
        assert user == before
        if _known_difference(user, change):
            continue
        if isinstance(ours, dict) and isinstance(theirs, dict):
            assert _comparable(ours) == _comparable(theirs), change
            user = messages.prune(ours)
        else:
            assert ours == theirs, change


@pytest.mark.requirement(72, 82)
@given(user=users(), changes=st.lists(OPERATIONS, min_size=1, max_size=3))
def test_doing_it_twice_changes_nothing_more(user: dict[str, Any], changes: list[dict[str, Any]]) -> None:
    for change in changes:
        once = _ours(user, change)
        selects = "[" in (change.get("path") or "")  # what is selected may have changed
        if isinstance(once, dict) and not selects:
            assert messages.canonical(_ours(once, change) or {}) == messages.canonical(once)  # type: ignore[arg-type]
