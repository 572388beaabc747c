"""Who is out stays out: what Magento writes to a locked customer (facts 4.2), on every release's tables.

Each row says in SQL what Magento does; afterwards the lock stands, by the guard's trigger alone, or after a sweep.
"""

import itertools
from typing import Any

import pytest
import sqlalchemy as sa

from app.magento import database
from tests.leavers.conftest import Stay, deactivate, reactivate

NUMBERS = itertools.count(1)
UNLOCK = "failures_num = 0, first_failure = NULL, lock_expires = NULL"
LOCK_AGAIN = "first_failure IS NULL OR failures_num + 1 = 1"
# Model/Authentication::processAuthenticationFailure: the counter, without a look at the lock.
FAILURE = f"""
    UPDATE {{p}}customer_entity SET
      lock_expires = CASE WHEN {LOCK_AGAIN} THEN NULL
        WHEN failures_num + 1 >= 10 THEN UTC_TIMESTAMP() + INTERVAL 10 MINUTE ELSE lock_expires END,
      first_failure = IF({LOCK_AGAIN}, UTC_TIMESTAMP(), first_failure),
      failures_num = IF(failures_num + 1 = 1, 1, failures_num + 1)
    WHERE entity_id = :id"""
TOKEN = "rp_token = '0:3:bWFpbGVk', rp_token_created_at = UTC_TIMESTAMP()"
EVENT = (
    "INSERT INTO {p}password_reset_request_event (request_type, account_reference, ip, created_at)"
    " SELECT 0, email, '192.0.2.7', UTC_TIMESTAMP() FROM {p}customer_entity WHERE entity_id = :id"
)
# What happens, as facts 4.2 names it, and what Magento writes then.
EVENTS: dict[str, list[str]] = {
    "successful login": [
        f"UPDATE {{p}}customer_entity SET {UNLOCK} WHERE entity_id = :id",
        "INSERT INTO {p}customer_log (customer_id, last_login_at) VALUES (:id, UTC_TIMESTAMP())"
        " ON DUPLICATE KEY UPDATE last_login_at = VALUES(last_login_at)",
    ],
    "reset password with a mailed token": [
        EVENT,
        f"UPDATE {{p}}customer_entity SET {TOKEN} WHERE entity_id = :id",
        f"UPDATE {{p}}customer_entity SET {UNLOCK}, password_hash = 'new:salt:3_32_2_67108864', rp_token = NULL,"
        " rp_token_created_at = NULL, updated_at = UTC_TIMESTAMP() WHERE entity_id = :id",
        "UPDATE {p}customer_entity SET session_cutoff = UTC_TIMESTAMP() WHERE entity_id = :id",
    ],
    "requesting the mail": [EVENT, f"UPDATE {{p}}customer_entity SET {TOKEN} WHERE entity_id = :id"],
    "opening the reset link": [
        f"UPDATE {{p}}customer_entity SET confirmation = NULL, {TOKEN} WHERE entity_id = :id",
    ],
    "GraphQL reset, refused while locked": [
        "UPDATE {p}customer_entity SET password_hash = 'new:salt:1', rp_token = NULL"
        " WHERE entity_id = :id AND (lock_expires IS NULL OR lock_expires < UTC_TIMESTAMP())"
    ],
    "administrator's unlock": [f"UPDATE {{p}}customer_entity SET {UNLOCK} WHERE entity_id = :id"],
    "wrong captcha, wrong current password": [FAILURE] * 12,
    "CSV import": [
        "INSERT INTO {p}customer_entity (entity_id, website_id, email, group_id, store_id, lock_expires, failures_num)"
        " SELECT entity_id, website_id, email, 1, store_id, NULL, 0 FROM {p}customer_entity e WHERE entity_id = :id"
        " ON DUPLICATE KEY UPDATE group_id = VALUES(group_id), lock_expires = VALUES(lock_expires),"
        " failures_num = VALUES(failures_num)",
    ],
    "login as customer, social login": [
        "INSERT INTO {p}login_as_customer (secret, customer_id, admin_id, created_at)"
        " VALUES (CONCAT('s', :id), :id, 1, UTC_TIMESTAMP())",
        "INSERT INTO {p}customer_visitor (customer_id) VALUES (:id)",
    ],
    "somebody's own SQL": [
        f"UPDATE {{p}}customer_entity SET is_active = 1, {UNLOCK} WHERE entity_id = :id",
        "UPDATE {p}customer_entity SET is_active = 1 WHERE entity_id = :id",
    ],
}


def _join(stay: Stay, **more: Any) -> str:
    name = f"leaver{next(NUMBERS)}.{stay.how}@example.com"
    return str(stay.client.create(userName=name, **more)["id"])


@pytest.mark.parametrize("event", EVENTS)
def test_the_lock_stands(stay: Stay, event: str) -> None:
    user_id = _join(stay)
    deactivate(stay.client, user_id)
    assert stay.is_out(user_id)
    for statement in EVENTS[event]:
        stay.bench.sql(statement, id=user_id)
        if stay.how == "guard":
            assert stay.is_out(user_id), "at no moment it is open"
    stay.hold()
    assert stay.is_out(user_id), f"facts 4.2: {event}"
    assert stay.client.get(f"/Users/{user_id}").get_json()["active"] is False
    row = stay.client.customer(user_id)
    assert row["rp_token"] is None, "the mailed link is no way in either"
    if stay.how == "sweep":
        assert stay.bench.rows("login_as_customer", customer_id=user_id) == []


SAVED = (  # every static attribute, as Magento's repository writes them
    *("website_id", "email", "group_id", "store_id", "created_at", "disable_auto_group_change", "created_in", "prefix"),
    *("firstname", "middlename", "lastname", "suffix", "dob", "password_hash", "rp_token", "rp_token_created_at"),
    *("default_billing", "default_shipping", "taxvat", "confirmation", "gender", "failures_num", "first_failure"),
    *("lock_expires",),
)


def test_a_concurrent_save_of_magento_does_not_undo_it(stay: Stay) -> None:
    """Facts 4.2, last row: Magento read the customer before, and writes all that it read after the deactivation."""
    user_id = _join(stay)
    table = f"`{stay.bench.shop.prefix}customer_entity`"
    with stay.bench.engine.connect().execution_options(isolation_level="REPEATABLE READ") as magento:
        read = dict(
            magento.execute(sa.text(f"SELECT * FROM {table} WHERE entity_id = :id"), {"id": user_id}).mappings().one()
        )
        deactivate(stay.client, user_id)
        columns = ", ".join(f"`{column}` = :{column}" for column in SAVED)
        magento.execute(
            sa.text(f"UPDATE {table} SET {columns} WHERE entity_id = :id"),
            {**{column: read[column] for column in SAVED}, "id": user_id},
        )
        magento.commit()
    if stay.how == "sweep":
        assert not stay.is_out(user_id), "the lost update is real"
    stay.hold()
    assert stay.is_out(user_id)


def test_our_own_reactivation_passes(stay: Stay) -> None:
    user_id = _join(stay)
    before = stay.client.customer(user_id)
    deactivate(stay.client, user_id)
    stay.bench.sql("UPDATE {p}customer_entity SET firstname = 'Changed' WHERE entity_id = :id", id=user_id)
    answer = stay.client.patch(user_id, {"op": "replace", "path": "name.familyName", "value": "Renamed"})
    assert (answer.status_code, answer.get_json()["active"]) == (200, False)
    assert stay.is_out(user_id), "a change of the name is none of the lock"
    reactivate(stay.client, user_id)
    after = stay.client.customer(user_id)
    for column in ("is_active", "lock_expires", "first_failure", "failures_num", "group_id", "password_hash"):
        assert after[column] == before[column], column
    stay.hold()
    assert not stay.is_out(user_id), "and stays in"


def test_who_was_not_deactivated_by_us_is_left_alone(stay: Stay) -> None:
    user_id = _join(stay)
    theirs = "UPDATE {p}customer_entity SET is_active = 0, lock_expires = '2037-12-31 23:59:59' WHERE entity_id = :id"
    stay.bench.sql(theirs, id=user_id)
    stay.bench.sql(f"UPDATE {{p}}customer_entity SET is_active = 1, {UNLOCK} WHERE entity_id = :id", id=user_id)
    stay.hold()
    row = stay.client.customer(user_id)
    assert (row["is_active"], row["lock_expires"]) == (1, None)


def test_another_time_zone_does_not_move_the_lock(stay: Stay) -> None:
    user_id = _join(stay)
    deactivate(stay.client, user_id)
    lock = stay.client.customer(user_id)["lock_expires"]
    with database.reading(stay.bench.engine) as connection:
        connection.exec_driver_sql("SET SESSION time_zone = '-07:00'")
        connection.execute(
            sa.text(f"UPDATE `{stay.bench.shop.prefix}customer_entity` SET {UNLOCK} WHERE entity_id = :id"),
            {"id": user_id},
        )
        connection.commit()
        connection.invalidate()
    stay.hold()
    assert stay.client.customer(user_id)["lock_expires"] == lock
