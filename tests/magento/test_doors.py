"""Every door of a leaver is shut, and only what was shut is opened (facts 4)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.magento import changes, doors
from tests.magento.conftest import LATER, NOW, Bench

SHUT = {
    "is_active": 0,
    "lock_expires": datetime(2037, 12, 31, 23, 59, 59),
    "first_failure": NOW,
    "failures_num": -32768,
    "rp_token": None,
    "rp_token_created_at": None,
    "session_cutoff": NOW + doors.CUT,
}


def _turn(bench: Bench, turn: Any, entity_id: int, now: datetime = NOW) -> list[changes.RowChange]:
    return bench.turn(entity_id, now, active=turn is doors.open)


@pytest.fixture
def leaver(bench: Bench) -> int:
    """A customer with every way in open: reset link, tokens, remembered cart, pending admin login, a session."""
    entity_id = bench.create(password_hash="x:y:1")
    bench.sql("UPDATE {p}customer_entity SET rp_token='t', rp_token_created_at='2026-11-24 00:00:00'")
    token: dict[str, Any] = {"type": "access", "secret": "s", "callback_url": "", "authorized": 1}
    bench.put("oauth_token", customer_id=entity_id, token="t1", **token)
    bench.put("oauth_token", customer_id=entity_id, token="t2", **token)
    bench.put("persistent_session", customer_id=entity_id, website_id=1, **{"key": "k"})
    bench.put("login_as_customer", secret="s", customer_id=entity_id, admin_id=1)
    bench.put("customer_visitor", customer_id=entity_id)
    return entity_id


def test_every_door_is_shut(bench: Bench, leaver: int) -> None:
    done = _turn(bench, doors.shut, leaver)
    row = bench.row("customer_entity", entity_id=leaver)
    assert {column: row[column] for column in SHUT} == SHUT, "facts 4.2, 4.5"
    revoked = bench.row("jwt_auth_revoked")
    moment = int(NOW.replace(tzinfo=UTC).timestamp())
    assert revoked == {"user_type_id": 3, "user_id": leaver, "revoke_before": moment}, "facts 4.3"
    for table in ("oauth_token", "persistent_session", "login_as_customer"):
        assert bench.rows(table) == [], f"facts 4.3: {table}"
    assert len(bench.rows("customer_visitor")) == 1, "facts 4.3: without visitor rows the cut does nothing"
    assert bench.row("customer_grid_flat")["lock_expires"] == SHUT["lock_expires"], "facts 4.5: grid row"
    assert row["password_hash"] == "x:y:1", "the password stays"
    assert {c.table for c in done} == {
        *("customer_entity", "jwt_auth_revoked", "oauth_token", "persistent_session", "login_as_customer")
    }
    assert row["updated_at"] == NOW


def test_shutting_twice_writes_nothing(bench: Bench, leaver: int) -> None:
    _turn(bench, doors.shut, leaver)
    before = bench.rows("customer_entity"), bench.rows("jwt_auth_revoked")
    bench.statements.clear()
    assert _turn(bench, doors.shut, leaver, LATER) == []
    assert all(s.startswith("SELECT") for s in bench.statements)
    assert (bench.rows("customer_entity"), bench.rows("jwt_auth_revoked")) == before


# What somebody else does to a shut customer, and the door that is shut again.
UNDONE = [
    "UPDATE {p}customer_entity SET lock_expires=NULL",
    "UPDATE {p}customer_entity SET failures_num=0, first_failure=NULL, lock_expires=NULL",  # facts 4.2: reset by mail
    "UPDATE {p}customer_entity SET lock_expires='2026-11-25 00:00:00'",
    "UPDATE {p}customer_entity SET is_active=1",
    "UPDATE {p}customer_entity SET failures_num=0",
    "UPDATE {p}customer_entity SET rp_token='t', rp_token_created_at='2026-11-24 11:00:00'",
    "UPDATE {p}customer_entity SET session_cutoff=NULL",
    "DELETE FROM {p}jwt_auth_revoked",
    "INSERT INTO {p}persistent_session (`key`, customer_id, website_id) SELECT 'k', entity_id, 1 FROM {p}customer_entity",
]


@pytest.mark.parametrize("undone", UNDONE, ids=range(len(UNDONE)))
def test_what_came_open_is_shut_again(bench: Bench, leaver: int, undone: str) -> None:
    _turn(bench, doors.shut, leaver)
    bench.sql(undone)
    assert _turn(bench, doors.shut, leaver, LATER)
    row = bench.row("customer_entity", entity_id=leaver)
    assert doors.is_shut(bench.customer(leaver))
    assert row["rp_token"] is None
    assert row["session_cutoff"] == LATER + doors.CUT, "sessions opened in between end"
    assert bench.row("jwt_auth_revoked")["revoke_before"] == int(LATER.replace(tzinfo=UTC).timestamp())
    assert bench.rows("persistent_session") == []
    assert _turn(bench, doors.shut, leaver, LATER) == []


def test_a_few_wrong_captchas_do_not_undo_it(bench: Bench, leaver: int) -> None:
    _turn(bench, doors.shut, leaver)
    bench.sql("UPDATE {p}customer_entity SET failures_num=failures_num+5")
    assert _turn(bench, doors.shut, leaver, LATER) == [], "facts 4.2: the counter may climb"


def test_reopening_takes_lock_and_marker_only(bench: Bench, leaver: int) -> None:
    _turn(bench, doors.shut, leaver)
    assert _turn(bench, doors.open, leaver, LATER)
    row = bench.row("customer_entity", entity_id=leaver)
    expected = {
        "is_active": 1,
        "failures_num": 0,
        "first_failure": None,
        "lock_expires": None,
        "session_cutoff": NOW + doors.CUT,
    }
    assert {column: row[column] for column in expected} == expected, "facts 4.3: never the session cut-off"
    assert bench.row("jwt_auth_revoked")
    assert bench.row("customer_grid_flat")["lock_expires"] is None
    assert _turn(bench, doors.open, leaver, LATER) == []


def test_magentos_own_short_lock_stays(bench: Bench) -> None:
    entity_id = bench.create()
    bench.sql(
        "UPDATE {p}customer_entity SET failures_num=10, first_failure='2026-11-24 10:00:00',"
        " lock_expires='2026-11-24 10:30:00'"
    )
    assert _turn(bench, doors.open, entity_id) == []
    assert bench.row("customer_entity")["failures_num"] == 10


def test_a_marker_alone_is_not_shut(bench: Bench) -> None:
    entity_id = bench.create()
    bench.sql("UPDATE {p}customer_entity SET is_active=0")
    assert not doors.is_shut(bench.customer(entity_id)), "facts 4.1: nothing checks is_active"
    assert _turn(bench, doors.shut, entity_id)
    assert doors.is_shut(bench.customer(entity_id))
    assert _turn(bench, doors.open, entity_id)


def test_an_older_revocation_is_moved_forward_only(bench: Bench, leaver: int) -> None:
    late = int(LATER.replace(tzinfo=UTC).timestamp())
    bench.put("jwt_auth_revoked", user_type_id=3, user_id=leaver, revoke_before=late)
    _turn(bench, doors.shut, leaver, NOW)
    assert bench.row("jwt_auth_revoked")["revoke_before"] == late


def test_tables_a_shop_may_lack(bench: Bench, leaver: int, monkeypatch: pytest.MonkeyPatch) -> None:
    there = bench.shop.tables._found
    kept = {n: t for n, t in there.items() if n not in (*doors.KEYS_IN_HAND, "jwt_auth_revoked", "customer_grid_flat")}
    monkeypatch.setattr(bench.shop.tables, "_found", kept)
    assert len(_turn(bench, doors.shut, leaver)) == 1
    assert _turn(bench, doors.shut, leaver) == []
