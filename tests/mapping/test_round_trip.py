"""For random mappings and users: project, then turn back, gives what was sent, or the reader had asked for `out` or `in`."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.magento import database as shop_database
from app.magento import shop as shops
from app.mapping import projection, reader, rules
from app.scim import paths

URN = "urn:example:magento:Customer"
HEAD = f"""version: 1
prefixes: {{shop: "{URN}"}}
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
"""
GIVEN = {"userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Lovelace"}}
# Attributes of every shop that hold any text, and paths that hold any.
TARGETS = ("prefix", "suffix", "middlename", "taxvat")
PATHS = (
    "title",
    "nickName",
    "userType",
    "name.middleName",
    "shop:one",
    "emails.display",
    'phoneNumbers[type eq "fax"].value',
)
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
)
CALL = st.sampled_from(CALLS)
WORD = st.text(st.characters(codec="latin-1", categories=("L", "N", "Zs"), include_characters="-_.*"), max_size=12)
TABLE = st.dictionaries(
    st.sampled_from(("a", "b", "C", "x*", "y*", "*", "eins")), st.sampled_from(("1", "2", "A", "{value}", "eins"))
)


@pytest.fixture(scope="module")
def shop(shop_url: str, table_prefix: str) -> Iterator[shops.Shop]:
    engine = shop_database.engine(shop_url)
    yield shops.open(engine, table_prefix, fresh_seconds=3600)
    engine.dispose()


@st.composite
def _rules(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Make rules for some attributes, each from a path of its own."""
    targets = draw(st.lists(st.sampled_from(TARGETS), unique=True, min_size=1))
    sources = draw(st.permutations(PATHS))
    found = {}
    for target in targets:
        rule: dict[str, Any] = {"from": sources.pop()}
        if draw(st.booleans()):
            rule["transform"] = draw(st.lists(CALL, min_size=1, max_size=3))
        if draw(st.booleans()):
            rule["lookup"] = draw(TABLE.filter(bool))
        if draw(st.integers(0, 4)) == 0:
            rule["on_invalid"] = "drop"
        if draw(st.integers(0, 4)) == 0:
            rule["direction"] = "in"
        found[target] = rule
    return found


def _yaml(found: dict[str, dict[str, Any]]) -> str:
    """Write rules as YAML's flow style, every text quoted."""

    def write(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{write(key)}: {write(held)}" for key, held in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(write, value)) + "]"
        return "'" + str(value).replace("'", "''") + "'"

    return HEAD + "".join(f"  {target}: {write(rule)}\n" for target, rule in found.items())


def _document(ruleset: rules.Ruleset, values: list[str]) -> dict[str, Any]:
    document: dict[str, Any] = {**GIVEN, "name": dict(GIVEN["name"])}  # type: ignore[call-overload]
    sources = [rule.sources[0] for rule in ruleset.rules if rule.target in TARGETS]
    for source, value in zip(sources, values, strict=False):
        if value:
            paths.write(document, source, value)
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


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=_rules(), values=st.lists(WORD, min_size=4, max_size=4))
def test_what_is_projected_is_turned_back(
    shop: shops.Shop, found: dict[str, dict[str, Any]], values: list[str]
) -> None:
    book = _read(shop, found)
    if book is None:
        return
    ruleset = book.tenants["default"].ruleset
    document = _document(ruleset, values)
    new = projection.Context(shop, 1, {}, creating=True)
    stored, problems = projection.desired(ruleset, None, document, new)
    if problems or any(each.keep for each in projection.outcomes(ruleset, document, new).values()):
        return  # refused, or dropped as the file says
    held = {rule.target: None for rule in ruleset.rules} | stored
    standing = projection.Context(shop, 1, held)
    assert projection.correct(ruleset, document, standing, linked=True) == document, "what was sent is read"
    bare = projection.correct(ruleset, {}, standing, linked=False)
    again, problems = projection.desired(ruleset, None, bare, new)
    shown = {rule.target for rule in ruleset.rules if rule.comes_out}
    assert not [rule.target for rule, _ in problems if rule.target in shown]
    assert {c: v for c, v in again.items() if c in shown} == {c: v for c, v in stored.items() if c in shown}, (
        "what is read from the rows alone, sent again, changes nothing"
    )
