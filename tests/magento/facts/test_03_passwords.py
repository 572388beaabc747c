"""Facts 3: the stored format, what verifies, and what a change does. The vectors themselves: test_passwords.py."""

import re

import pytest

from app.magento import passwords
from tests.magento.conftest import LATER, Bench
from tests.magento.facts.table import LIVE, Fact, after, changed, made, rows, sql
from tests.magento.test_passwords import SECRET, UNUSABLE, VECTORS

HASH = VECTORS[0][1]
RESET = sql("UPDATE {p}customer_entity SET rp_token = 'x', rp_token_created_at = UTC_TIMESTAMP()")
VISITOR = sql("INSERT INTO {p}customer_visitor (customer_id, created_at) VALUES (7, '2020-01-01')")
CHANGED = changed(password_hash=passwords.hash("An0ther-Secret!"))


def _form(bench: Bench) -> tuple[str, int, int, str]:
    row = bench.row("customer_entity", entity_id=bench.create(password_hash=passwords.hash(SECRET)))
    digest, salt, version = row["password_hash"].split(":")
    return (re.sub("[0-9a-f]", "x", digest), len(set(salt) - set(passwords.SALT_LETTERS)), len(salt), version)


def _verified(bench: Bench) -> bool:
    stored = bench.row("customer_entity", entity_id=bench.create(password_hash=HASH))["password_hash"]
    return passwords.verify(stored, SECRET)


FACTS = [
    Fact("3.1", "hash:salt:version, 64 hex and 32 letters and digits", _form, ("x" * 64, 0, 32, "3_32_2_67108864")),
    Fact("3.1", "it is 113 of the column's 128 characters", lambda b: len(passwords.hash(SECRET)), 113),
    *(Fact("3.1", f"never matches: {str(stored)[:30]}", lambda b, s=stored: passwords.verify(s, SECRET), False, LIVE) for stored in UNUSABLE[:5]),
    Fact("3.2", "Magento's own hash comes back from the table and matches", _verified, True, LIVE),
    Fact("3.1", "current is one version of the newest kind", lambda b: [passwords.is_current(stored) for _, stored in VECTORS], [True, True, True, False, False, False, False]),
    Fact("3.3", "a change ends the reset link", after(made("email"), RESET, CHANGED, rows("customer_entity", "rp_token", "rp_token_created_at")), [(None, None)]),
    Fact("3.3", "and every session", after(made("email"), CHANGED, rows("customer_entity", "session_cutoff")), [(LATER,)]),
    Fact("3.3", "the visitor rows stay: the cut compares with them", after(made("email"), VISITOR, CHANGED, rows("customer_visitor", "customer_id")), [(7,)]),
    Fact("3.3", "JWTs are not revoked by it", after(made("email"), CHANGED, rows("jwt_auth_revoked", "user_id")), []),
    Fact("3.3", "a hash alone is no reason to save anything else", after(made("email"), changed(), rows("customer_entity", "session_cutoff")), [(None,)]),
]  # fmt: skip


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_facts_3(bench: Bench, fact: Fact) -> None:
    fact.check(bench)
