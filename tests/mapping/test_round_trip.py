"""For random mappings and users: project, then turn back, gives what was sent, or the reader had asked for `out` or `in`."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from app.magento import database as shop_database
from app.magento import options, values
from app.magento import shop as shops
from app.mapping import converters, projection, reader, rules
from app.scim import paths

URN = "urn:example:magento:Customer"
HEAD = f"""version: 1
prefixes: {{shop: "{URN}"}}
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
"""
GIVEN = {"userName": "ada@example.com", "displayName": "Ada", "name": {"givenName": "Ada", "familyName": "Lovelace"}}
# Attributes of the tests' shop that hold any text, and paths that hold any.
TEXTS = ("prefix", "suffix", "middlename", "taxvat", "employee_number")
PATHS = (
    "title",
    "nickName",
    "userType",
    "locale",
    "timezone",
    "profileUrl",
    "preferredLanguage",
    "name.middleName",
    "name.honorificSuffix",
    "shop:one",
    "emails.display",
    'phoneNumbers[type eq "fax"].value',
)
# Its attributes of every other type, each with what an identity provider may send for it.
OTHERS: dict[str, tuple[Any, ...]] = {
    "gender": ("Male", "female", "Not Specified", "m", "1", "3", "nobody"),
    "department": ("Sales", "FINANCE", "s", "5", "nobody"),
    "dob": ("1985-12-10", "2000-02-29T23:00:00-05:00", "1999-01-01T00:00:00Z"),
    "disable_auto_group_change": (True, False, "true", "No", "1", 0),
    "newsletter": (True, False, "yes", "off"),
    "group_id": ("General", "wholesale", "3"),
    "store_id": ("default", "1"),
}
TABLES = {
    "gender": ({"m": "Male", "f": "Female", "*": "Not Specified"}, {"m": "Male", "*": "{value}"}),
    "department": ({"s": "Sales", "*": "{value}"},),
    "disable_auto_group_change": ({"yes": "true", "*": "{value}"},),
    "group_id": ({"staff": "Wholesale", "*": "{value}"},),
}
OPTIONS: tuple[Any, ...] = (
    *("label", "admin_label", "id", {"missing": "drop"}, {"match": "label", "missing": "reject"}),
    {"match": "admin_label", "missing": "create"},
)
TARGETS = (*TEXTS, *OTHERS)
CALLS = (
    "trim",
    "lower",
    "upper",
    "title",
    "digits",
    "first_word",
    "last_word",
    "slug",
    "truncate(5)",
    'pad_left(6, "0")',
    'replace("a", "b")',
    'extract("([a-z]+)")',
    'split("-", 0)',
    'join("-")',
    "date",
    'date("%d.%m.%Y")',
)
CALL = st.sampled_from(CALLS)
WORD = st.text(st.characters(codec="latin-1", categories=("L", "N", "Zs"), include_characters="-_.*"), max_size=12)
TABLE = st.dictionaries(
    st.sampled_from(("a", "b", "C", "x*", "y*", "*", "eins")), st.sampled_from(("1", "2", "A", "{value}", "eins"))
).map(lambda table: dict(sorted(table.items(), key=lambda row: (row[0] == "*", row[0]))))


@pytest.fixture(scope="module")
def shop(shop_url: str, table_prefix: str) -> Iterator[shops.Shop]:
    engine = shop_database.engine(shop_url)
    yield shops.open(engine, table_prefix, fresh_seconds=3600)
    engine.dispose()


# Words of any rule; what is not drawn is as the language has it.
WORDS: dict[str, tuple[Any, ...]] = {
    "write": ("create", "if_empty", "always"),
    "on_null": ("keep", "error", "clear"),
    "on_absent": ("keep", "clear"),
    "on_invalid": ("drop", "reject"),
    "direction": ("in", "out", "inout", "off"),
    "trim": (False, True),
    "mask": (True,),
    "required": (False,),
    "when": ('userName ew "@example.com"', 'userName eq "nobody"', "displayName pr or shop:one pr"),
}


@st.composite
def _rules(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Make rules for some attributes, each from paths of its own."""
    targets = draw(st.lists(st.sampled_from(TARGETS), unique=True, min_size=1, max_size=5))
    sources = draw(st.permutations(PATHS))
    return {target: _rule(draw, target, sources) for target in targets}


def _rule(draw: st.DrawFn, target: str, sources: list[str]) -> dict[str, Any]:
    paths = [sources.pop() for _ in range(draw(st.sampled_from((1, 1, 2))))]
    rule: dict[str, Any] = {"from": paths if len(paths) > 1 else paths[0]}
    for word, choices in WORDS.items():
        if draw(st.integers(0, 4)) == 0:
            rule[word] = draw(st.sampled_from(choices))
    if target in TEXTS:
        rule |= _conversion(draw, target)
    elif target in TABLES and draw(st.booleans()):
        rule["lookup"] = draw(st.sampled_from(TABLES[target]))
    if target in ("gender", "department") and draw(st.booleans()):
        rule["option"] = draw(st.sampled_from(OPTIONS))
    if "when" in rule and target in TEXTS and "type" not in rule and draw(st.booleans()):
        rule["otherwise"] = "other"
    return rule


def _conversion(draw: st.DrawFn, target: str) -> dict[str, Any]:
    """Make the words that only a text takes."""
    found: dict[str, Any] = {}
    if draw(st.booleans()):
        found["transform"] = draw(st.lists(CALL, min_size=1, max_size=3))
    if draw(st.booleans()):
        found["lookup"] = draw(TABLE.filter(bool))
    if draw(st.integers(0, 3)) == 0:
        found["type"] = draw(st.sampled_from(tuple(converters.TYPES)))
    if "type" not in found and draw(st.integers(0, 3)) == 0:
        found["default"] = draw(st.sampled_from(("none", "A", "7", "{displayName | first_word}")))
    if draw(st.integers(0, 5)) == 0:
        found["out"] = f"No. {{customer.{target} | upper}}"
    return found


def _yaml(found: dict[str, dict[str, Any]]) -> str:
    """Write rules as YAML's flow style, every text quoted."""

    def write(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{write(key)}: {write(held)}" for key, held in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(write, value)) + "]"
        if isinstance(value, bool):
            return str(value).lower()
        return "'" + str(value).replace("'", "''") + "'"

    return HEAD + "".join(f"  {target}: {write(rule)}\n" for target, rule in found.items())


@st.composite
def _cases(draw: st.DrawFn) -> tuple[dict[str, dict[str, Any]], dict[str, tuple[Any, int]]]:
    """Make rules, and for each attribute what is sent for it and at which of its paths."""
    found = _rules()
    drawn = draw(found)
    typed = st.sampled_from(("2026-01-31", "2026-01-31T12:00:00+02:00", "true", "12", "1.50"))
    sent = {
        target: (
            draw(st.sampled_from(OTHERS[target]) if target in OTHERS else typed if "type" in rule else WORD),
            draw(st.integers(0, 1)),
        )
        for target, rule in drawn.items()
        if draw(st.integers(0, 5))
    }
    return drawn, sent


def _document(ruleset: rules.Ruleset, sent: dict[str, tuple[Any, int]]) -> dict[str, Any]:
    document: dict[str, Any] = {**GIVEN, "name": dict(GIVEN["name"])}  # type: ignore[call-overload]
    for target, (value, number) in sent.items():
        rule = ruleset.rule(target)
        assert rule is not None
        source = rule.sources[number % len(rule.sources)]
        if value != "" and source.leaf is not None:
            paths.write(document, source, converters.to_string(value) if source.leaf.type == "string" else value)
    return document


def _read(shop: shops.Shop, found: dict[str, dict[str, Any]]) -> rules.Rulebook | None:
    """Read the rules; None where the reader asked for `out` or `direction: in`, and for nothing else."""
    asked: list[str] = []
    try:
        return reader.read(_yaml(found), "mapping.yaml", shop)
    except reader.MappingError as error:
        asked = [str(each) for each in error.problems]
    assert all("cannot be turned back: add `out` or `direction: in`" in each for each in asked), asked
    assert all(found[each.split(": ")[1]].get("direction") != "in" for each in asked)
    return None


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    """Give values as the shop's rows hold them: who does not want the newsletter is unsubscribed."""
    return {code: 3 if code == "newsletter" and not value else value for code, value in values.items()}


def _without(silent: list[rules.Rule], document: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is the shop's to say: of rules that never write, left alone what was sent, or keep what is there."""
    left = copy.deepcopy(document)
    for path in (path for rule in silent if rule.comes_out for path in rule.sources):
        paths.remove(left, path)
    for name, held in left.items():
        if isinstance(held, list):  # what only says of which type it would be says nothing
            left[name] = [each for each in held if not isinstance(each, dict) or set(each) - {"type"}]
    return {name: held for name, held in left.items() if held != []}


@settings(
    max_examples=250,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(case=_cases())
def test_what_is_projected_is_turned_back(
    shop: shops.Shop, case: tuple[dict[str, dict[str, Any]], dict[str, tuple[Any, int]]]
) -> None:
    found, sent = case
    note(f"{_yaml(found)}\n{sent}")
    book = _read(shop, found)
    if book is None:
        return
    ruleset = book.tenants["default"].ruleset
    document = _document(ruleset, sent)
    new = projection.Context(shop, 1, {}, creating=True)
    stored, problems = projection.desired(ruleset, None, document, new)
    outcomes = projection.outcomes(ruleset, document, new)
    if problems or any(isinstance(value, options.Choice) for value in stored.values()):
        return  # refused, or an option that the shop is to make first
    lost = [rule for rule in ruleset.rules if not rule.goes_in or outcomes[rule.target].keep]
    nothing = {target for target, outcome in outcomes.items() if outcome.value is None}
    nothing |= {rule.target for rule in ruleset.rules if rules.first(document, rule.sources) is None}
    kept = [rule for rule in ruleset.rules if rule.on_null == "keep" and rule.target in nothing]
    held = {rule.target: None for rule in ruleset.rules} | _stored(stored)
    standing = projection.Context(shop, 1, held)
    read = projection.correct(ruleset, document, standing, linked=True)
    assert _without([*lost, *kept], read) == _without([*lost, *kept], document), "what was sent is read"
    bare = projection.correct(ruleset, {}, standing, linked=False)
    again, problems = projection.desired(ruleset, None, {**bare, "displayName": "Ada"}, new)
    shown = [
        rule
        for rule in ruleset.rules
        if rule.comes_out and rule.goes_in and rule.out is None and rule.when is None and rule not in lost
        # whether what a template gives will be taken when it comes back, nobody can say beforehand
        if rule.default is None or rule.default.fixed
    ]
    assert not [rule.target for rule, _ in problems if rule in shown]
    changed = {
        rule.target: (held[rule.target], again.get(rule.target))
        for rule in shown
        if not values.equal(rule.attribute, held[rule.target], again.get(rule.target))
    }
    assert not changed, "what is read from the rows alone, sent again, changes nothing"
    other = _document(ruleset, dict(sorted(sent.items())[::2]))
    for before, after in ((document, other), (other, document), (document, document)):
        asked, _ = projection.desired(ruleset, before, after, standing)
        was, then = (projection.outcomes(ruleset, each, standing) for each in (before, after))
        differs = {target for target, outcome in then.items() if outcome != was[target] and not outcome.keep}
        assert asked == {target: then[target].value for target in differs if target in asked}
        left_out = [rule for rule in ruleset.rules if rule.target in differs - asked.keys()]
        assert all(then[rule.target].problem or rule.on_null == "error" for rule in left_out)
