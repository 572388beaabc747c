"""`lifecycle` in mapping.yaml: what its words come to, and what each mistake is told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from app.magento import database, doors
from app.magento import shop as shops
from app.mapping import reader, rules

LEAST = """version: 1
customer: {email: userName, firstname: name.givenName, lastname: name.familyName}
lifecycle:
"""


@pytest.fixture(scope="module")
def shop(shop_url: str, table_prefix: str) -> Iterator[shops.Shop]:
    engine = database.engine(shop_url)
    yield shops.open(engine, table_prefix)
    engine.dispose()


def _read(shop: shops.Shop, text: str) -> rules.Lifecycle:
    rulebook = reader.read(LEAST + f"  {text}\n", "mapping.yaml", shop)
    return rulebook.tenants[rules.DEFAULT_TENANT].ruleset.lifecycle


WORDS: list[tuple[str, str, Any]] = [
    ("deactivate: [lock, block_group]", "deactivate", frozenset({"lock", "block_group"})),
    ("deactivate: lock", "deactivate", frozenset({"lock"})),
    ("delete: anonymize", "delete", "anonymize"),
    ("returning: anew", "returning", "anew"),
    ("purge: {after: 90d, how: remove}", "purge", rules.Purge(timedelta(days=90), "remove")),
    ("purge: {after: 12h}", "purge", rules.Purge(timedelta(hours=12), "anonymize")),
    ("purge: {after: 4w}", "purge", rules.Purge(timedelta(weeks=4), "anonymize")),
    ("breaker: {per_hour: 50, action: hold}", "breaker", 50),
    ("breaker: {per_hour: 0}", "breaker", 0),
    ("allow: [create, update]", "allow", frozenset({"create", "update"})),
    ("allow: []", "allow", frozenset()),
]


@pytest.mark.parametrize(("text", "word", "value"), WORDS)
def test_words(shop: shops.Shop, text: str, word: str, value: Any) -> None:
    assert getattr(_read(shop, text), word) == value


def test_what_is_not_said(shop: shops.Shop) -> None:
    assert _read(shop, "{}") == rules.Lifecycle()
    usual = rules.Lifecycle()
    assert (usual.deactivate, usual.delete, usual.returning, usual.breaker) == (doors.USUAL, "remove", "revive", None)
    assert (usual.purge, usual.protect, usual.allow) == (None, (), frozenset(rules.OPERATIONS))


def test_protections_keep_their_text(shop: shops.Shop) -> None:
    found = _read(shop, "protect: ['userName ew \"@example.com\"', 'title eq \"CEO\"']").protect
    assert [rule.text for rule in found] == ['userName ew "@example.com"', 'title eq "CEO"']


MISTAKES = [
    ("deactivate: [lock, scramble]", "4:22: each of lifecycle.deactivate is one of lock, end_sessions, revoke_tokens"),
    (
        "deactivate: [end_sessions]",
        "4:3: lifecycle.deactivate keeps nobody out: add block_group or lock or scramble_pa",
    ),
    ("deactivate: []", "4:3: lifecycle.deactivate keeps nobody out"),
    ("delete: forget", "4:11: lifecycle.delete is one of remove, deactivate, anonymize, not 'forget'"),
    ("returning: never", "4:14: lifecycle.returning is one of revive, anew, not 'never'"),
    ("purge: 90d", "4:10: lifecycle.purge must be a mapping of words to values, not '90d'"),
    ("purge: {after: 90}", "4:18: lifecycle.purge.after is a time such as 90d, 12h or 4w"),
    ("purge: {how: remove}", "4:10: lifecycle.purge.after is a time such as 90d, 12h or 4w"),
    ("purge: {after: 0d}", "4:18: lifecycle.purge.after is a time"),
    ("protect: ['userNam eq 1']", "4:13: `protect` is a SCIM filter:"),
    ("breaker: {per_hour: many}", "4:23: lifecycle.breaker.per_hour is a whole number from 0"),
    ("breaker: {per_hour: -1}", "4:23: lifecycle.breaker.per_hour is a whole number from 0"),
    ("breaker: {action: hold}", "4:12: lifecycle.breaker.per_hour is a whole number from 0"),
    ("breaker: {per_hour: 1, action: refuse}", "4:34: lifecycle.breaker.action is one of hold, not 'refuse'"),
    ("allow: [destroy]", "4:11: each of lifecycle.allow is one of create, update, deactivate, delete, not 'destroy'"),
    ("protects: []", "4:3: lifecycle has no word 'protects'; did you mean 'protect'?"),
]


@pytest.mark.parametrize(("text", "problem"), MISTAKES)
def test_mistakes(shop: shops.Shop, text: str, problem: str) -> None:
    with pytest.raises(reader.MappingError) as caught:
        _read(shop, text)
    assert str(caught.value.problems[0]).startswith(problem), [str(each) for each in caught.value.problems]
    assert len(caught.value.problems) == 1
