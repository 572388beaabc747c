"""Deactivation by options, and reactivation that gives back exactly what was taken."""

from datetime import datetime
from typing import Any

import pytest

from app.magento import doors, groups
from app.mapping import group_ids, leaving, sweep
from tests.leavers.conftest import EVERY_DOOR, bridge_of, deactivate, mapping, reactivate
from tests.users.conftest import PATCH, Client, Make

PASSWORD = "Gr8-enough-Secret"
# What a reactivation gives back to the byte; the rest of the row is not touched, or never given back (facts 4.3).
GIVEN_BACK = (
    *("is_active", "lock_expires", "first_failure", "failures_num", "group_id", "disable_auto_group_change"),
    *("password_hash", "email", "firstname", "lastname", "website_id", "store_id", "default_billing", "confirmation"),
)
BEFORE: dict[str, str] = {
    "as made": "UPDATE {p}customer_entity SET updated_at = updated_at WHERE entity_id = :id",
    "with Magento's own short lock": "UPDATE {p}customer_entity SET failures_num = 10,"
    " first_failure = '2026-11-24 10:00:00', lock_expires = '2026-11-24 10:30:00' WHERE entity_id = :id",
    "after some failures": "UPDATE {p}customer_entity SET failures_num = 3, first_failure = '2026-11-24 10:00:00'"
    " WHERE entity_id = :id",
    "in a group, kept there": "UPDATE {p}customer_entity SET group_id = 2, disable_auto_group_change = 1"
    " WHERE entity_id = :id",
    "without a password": "UPDATE {p}customer_entity SET password_hash = NULL WHERE entity_id = :id",
}


@pytest.fixture
def every(make: Make) -> Client:
    """An app that deactivates by every option."""
    return make(mapping(deactivate=EVERY_DOOR))


def _given_back(client: Client, user_id: str) -> dict[str, Any]:
    row = client.customer(user_id)
    return {column: row[column] for column in GIVEN_BACK}


@pytest.mark.parametrize("options", ["[lock]", EVERY_DOOR], ids=["lock", "every"])
@pytest.mark.parametrize("before", BEFORE)
def test_reactivation_gives_back_what_was_taken(make: Make, options: str, before: str) -> None:
    client = make(mapping(deactivate=options))
    user_id = client.create(password=PASSWORD)["id"]
    client.execute(BEFORE[before], id=user_id)
    stood = _given_back(client, user_id)
    deactivate(client, user_id)
    assert doors.is_locked(client.customer(user_id))
    cut = client.customer(user_id)["session_cutoff"]
    reactivate(client, user_id)
    assert _given_back(client, user_id) == stood
    assert client.customer(user_id)["session_cutoff"] == cut, "facts 4.3: never the session cut"
    assert client.rows("scim_inactive") == []
    assert client.rows("password_reset_request_event") == []
    (grid,) = client.rows("customer_grid_flat", entity_id=user_id)
    assert (grid["group_id"], grid["lock_expires"]) == (stood["group_id"], stood["lock_expires"])


# Options, and what must hold of a customer deactivated by them alone (and a lock that is always needed).
OPTIONS: dict[str, dict[str, Any]] = {
    "lock": {"lock_expires": doors.LOCKED_UNTIL, "failures_num": doors.FAILURES, "session_cutoff": None},
    "end_sessions": {"session_cutoff": datetime},
    "drop_reset_token": {"rp_token": None, "rp_token_created_at": None},
    "scramble_password": {"password_hash": "!"},
    "block_group": {"disable_auto_group_change": 1},
    "revoke_tokens": {},
    "block_reset": {},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_does_what_it_says_and_no_more(make: Make, option: str) -> None:
    client = make(mapping(deactivate=f"[lock, {option}]"))
    user_id = client.create(password=PASSWORD)["id"]
    client.execute("UPDATE {p}customer_entity SET rp_token = 't', rp_token_created_at = '2026-11-24 10:00:00'")
    client.execute(
        "INSERT INTO {p}persistent_session (`key`, customer_id, website_id) VALUES ('k', :id, 1)", id=user_id
    )
    client.execute(
        "INSERT INTO {p}oauth_token (customer_id, type, token, secret, callback_url) VALUES (:id, 'access', 't', 's', '')",
        id=user_id,
    )
    before = client.customer(user_id)
    deactivate(client, user_id)
    row = client.customer(user_id)
    for column, value in OPTIONS[option].items():
        assert row[column] == value or isinstance(row[column], value if value is datetime else ()), column
    changed = {column for column in row if row[column] != before[column]}
    lock = {"is_active", "lock_expires", "first_failure", "failures_num", "updated_at"}
    moved = {"group_id"} if option == "block_group" else set()
    assert changed - lock - moved <= set(OPTIONS[option])
    assert bool(client.rows("persistent_session")) == (option != "end_sessions")
    assert bool(client.rows("oauth_token")) == (option != "revoke_tokens")
    assert bool(client.rows("jwt_auth_revoked")) == (option == "revoke_tokens")
    assert bool(client.rows("password_reset_request_event")) == (option == "block_reset")


def test_reset_mails_are_kept_away_by_a_row_from_the_future(every: Client) -> None:
    """Facts 4.4: Magento takes the newest row of the address and refuses while it is younger than ten minutes."""
    user_id = every.create()["id"]
    deactivate(every, user_id)
    query = (
        "SELECT created_at > UTC_TIMESTAMP() AS refused FROM {p}password_reset_request_event"
        " WHERE request_type = 0 AND account_reference = 'ADA@example.com ' ORDER BY created_at DESC LIMIT 1"
    )
    with every.engine.connect() as connection:
        refused = connection.exec_driver_sql(query.replace("{p}", every.prefix)).scalar()
    assert refused == 1
    every.patch(user_id, {"op": "replace", "path": "userName", "value": "new@example.com"})
    deactivate(every, user_id)
    (event,) = every.rows("password_reset_request_event")
    assert event["account_reference"] == every.customer(user_id)["email"] == "new@example.com"


def test_the_blocking_group_is_made_once_and_shown_to_nobody(every: Client) -> None:
    ids = [every.create(userName=f"u{n}@example.com")["id"] for n in range(3)]
    for user_id in ids:
        deactivate(every, user_id)
    (group,) = every.rows("customer_group", customer_group_code=groups.BLOCKED)
    excluded = every.rows("customer_group_excluded_website", customer_group_id=group["customer_group_id"])
    websites = [row for row in every.rows("store_website") if row["website_id"]]
    assert [row["website_id"] for row in excluded] == [row["website_id"] for row in websites]
    assert all(every.customer(user_id)["group_id"] == group["customer_group_id"] for user_id in ids)
    shown = [g["displayName"] for g in every.get("/Groups").get_json()["Resources"]]
    assert groups.BLOCKED not in shown
    assert every.get(f"/Groups/{group['customer_group_id']}").status_code == 404
    taken = every.send("POST", "/Groups", {"schemas": [], "displayName": groups.BLOCKED.upper()})
    assert taken.status_code == 409
    assert "groups" not in every.get(f"/Users/{ids[0]}").get_json()


def test_memberships_are_shown_as_before_and_can_change_meanwhile(every: Client) -> None:
    gold = every.send("POST", "/Groups", {"displayName": "Gold"}).get_json()["id"]
    silver = every.send("POST", "/Groups", {"displayName": "Silver"}).get_json()["id"]
    user_id = every.create()["id"]
    _members(every, gold, "add", user_id)
    shown = every.get(f"/Users/{user_id}").get_json()["groups"]
    etag = every.get(f"/Groups/{gold}").headers["ETag"]
    deactivate(every, user_id)
    blocked = every.customer(user_id)["group_id"]
    assert every.get(f"/Users/{user_id}").get_json()["groups"] == shown
    assert every.get(f"/Groups/{gold}").headers["ETag"] == etag
    assert [m["value"] for m in every.get(f"/Groups/{gold}").get_json()["members"]] == [user_id]
    found = every.get("/Users", filter=f'groups.value eq "{gold}"').get_json()
    assert [each["id"] for each in found["Resources"]] == [user_id]
    _members(every, gold, "remove", user_id)
    _members(every, silver, "add", user_id)
    assert every.customer(user_id)["group_id"] == blocked, "the group is moved behind the deactivation"
    assert [g["display"] for g in every.get(f"/Users/{user_id}").get_json()["groups"]] == ["Silver"]
    reactivate(every, user_id)
    assert every.customer(user_id)["group_id"] == group_ids.number(silver)


def test_a_customer_of_a_group_of_the_shop_stays_a_member(every: Client) -> None:
    """Whom the shop itself has in a group, without a membership of ours."""
    user_id = every.create()["id"]
    every.execute("UPDATE {p}customer_entity SET group_id = 2 WHERE entity_id = :id", id=user_id)
    every.execute("UPDATE {p}customer_grid_flat SET group_id = 2 WHERE entity_id = :id", id=user_id)
    before = every.get(f"/Users/{user_id}").get_json()["groups"]
    deactivate(every, user_id)
    assert every.get(f"/Users/{user_id}").get_json()["groups"] == before
    assert [m["value"] for m in every.get("/Groups/group-2").get_json()["members"]] == [user_id]
    found = every.get("/Users", filter='groups.value eq "group-2"').get_json()
    assert found["totalResults"] == 1


def test_a_group_that_went_meanwhile_becomes_the_default_one(every: Client) -> None:
    gold = every.send("POST", "/Groups", {"displayName": "Gold"}).get_json()["id"]
    user_id = every.create()["id"]
    _members(every, gold, "add", user_id)
    deactivate(every, user_id)
    every.execute("DELETE FROM {p}customer_group WHERE customer_group_id = :id", id=group_ids.number(gold))
    reactivate(every, user_id)
    assert every.customer(user_id)["group_id"] == 1


def test_a_password_that_comes_meanwhile_is_the_one_after(every: Client) -> None:
    user_id = every.create(password=PASSWORD)["id"]
    first = every.customer(user_id)["password_hash"]
    deactivate(every, user_id)
    assert every.customer(user_id)["password_hash"] == "!"
    answer = every.patch(user_id, {"op": "replace", "path": "password", "value": "An0ther-Secret"})
    assert answer.status_code == 200
    assert every.customer(user_id)["password_hash"] == "!", "it lets nobody in yet"
    reactivate(every, user_id)
    after = every.customer(user_id)["password_hash"]
    assert after not in ("!", first)
    assert after.count(":") == 2


def test_group_and_doors_in_one_request(every: Client) -> None:
    """Out of and into a group while the doors are shut and opened: what is remembered is what was wanted last."""
    client = every
    user_id = client.create(password=PASSWORD)["id"]
    operations = [
        {"op": "replace", "path": "password", "value": "An0ther-Secret"},
        {"op": "replace", "path": "active", "value": False},
        {"op": "replace", "path": "name.givenName", "value": "Augusta"},
    ]
    first = client.customer(user_id)["password_hash"]
    client.patch(user_id, *operations)
    (mark,) = client.rows("scim_inactive")
    assert mark["password_hash"] not in (None, "!", first), "the new password, not the one before"
    reactivate(client, user_id)
    assert client.customer(user_id)["password_hash"] == mark["password_hash"]


def test_a_user_may_begin_inactive(every: Client) -> None:
    user_id = every.create(active=False, password=PASSWORD)["id"]
    row = every.customer(user_id)
    assert (row["is_active"], row["password_hash"], row["lock_expires"]) == (0, "!", doors.LOCKED_UNTIL)
    reactivate(every, user_id)
    row = every.customer(user_id)
    assert (row["is_active"], row["failures_num"], row["lock_expires"], row["group_id"]) == (1, 0, None, 1)
    assert row["password_hash"].count(":") == 2


def test_deactivating_twice_writes_nothing(every: Client) -> None:
    user_id = every.create(password=PASSWORD)["id"]
    deactivate(every, user_id)
    tables = ("customer_entity", "scim_inactive", "jwt_auth_revoked", "password_reset_request_event", "scim_departure")
    before = {table: every.rows(table) for table in tables}
    deactivate(every, user_id)
    assert {table: every.rows(table) for table in tables} == before


def test_more_options_later_are_added(make: Make) -> None:
    user_id = make().create(password=PASSWORD)["id"]
    usual = make()
    stood = _given_back(usual, user_id)
    deactivate(usual, user_id)
    every = make(mapping(deactivate=EVERY_DOOR))
    deactivate(every, user_id)
    assert every.customer(user_id)["password_hash"] == "!"
    (mark,) = every.rows("scim_inactive")
    assert mark["doors"] == ",".join(doors.EVERY)
    reactivate(usual, user_id)
    assert _given_back(usual, user_id) == stood


def test_somebody_else_s_marker_is_not_ours(scim: Client) -> None:
    """A shop's own is_active=0 reads as inactive; to be made active is to take it off (facts 4.1)."""
    user_id = scim.create()["id"]
    scim.execute("UPDATE {p}customer_entity SET is_active = 0")
    assert scim.get(f"/Users/{user_id}").get_json()["active"] is False
    reactivate(scim, user_id)
    assert scim.customer(user_id)["is_active"] == 1


def test_a_flipped_marker_does_not_make_a_leaver_active(scim: Client) -> None:
    user_id = scim.create()["id"]
    other = scim.create(userName="other@example.com")["id"]
    deactivate(scim, user_id)
    scim.execute("UPDATE {p}customer_entity SET is_active = 1, lock_expires = NULL")
    assert scim.get(f"/Users/{user_id}").get_json()["active"] is False
    for text, expected in (("active eq true", [other]), ("active eq false", [user_id])):
        found = scim.get("/Users", filter=text).get_json()["Resources"]
        assert [each["id"] for each in found] == expected, text
    ordered = scim.get("/Users", sortBy="active").get_json()["Resources"]
    assert [each["id"] for each in ordered] == [user_id, other]
    scim.patch(user_id, {"op": "replace", "path": "name.givenName", "value": "Augusta"})
    assert doors.is_locked(scim.customer(user_id)), "any change shuts again what came open"
    reactivate(scim, user_id)
    assert scim.customer(user_id)["lock_expires"] is None


def test_the_sweep_holds_every_option_and_is_idempotent(every: Client) -> None:
    bridge = bridge_of(every)
    ids = [every.create(userName=f"u{n}@example.com", password=PASSWORD)["id"] for n in range(5)]
    for user_id in ids[:4]:
        deactivate(every, user_id)
    shut = {user_id: every.customer(user_id) for user_id in ids[:4]}
    assert sweep.sweep(bridge) == sweep.Swept(4, ())
    every.execute(
        "UPDATE {p}customer_entity SET group_id = 1, password_hash = 'n:s:1' WHERE entity_id = :id", id=ids[0]
    )
    every.execute("UPDATE {p}customer_entity SET disable_auto_group_change = 0 WHERE entity_id = :id", id=ids[1])
    every.execute("DELETE FROM {p}password_reset_request_event WHERE account_reference = 'u2@example.com'")
    every.execute("DELETE FROM {p}jwt_auth_revoked WHERE user_id = :id", id=ids[3])
    swept = sweep.sweep(bridge)
    assert [str(i) for i in swept.shut] == ids[:4]
    for user_id, row in shut.items():
        after = every.customer(user_id)
        assert {c: after[c] for c in GIVEN_BACK} == {c: row[c] for c in GIVEN_BACK}
    assert sweep.sweep(bridge).shut == ()
    assert every.customer(ids[4])["is_active"] == 1


def test_a_website_that_came_later_is_shut_by_the_sweep(every: Client) -> None:
    user_id = every.create()["id"]
    deactivate(every, user_id)
    every.execute("DELETE FROM {p}customer_group_excluded_website")
    sweep.sweep(bridge_of(every))
    assert len(every.rows("customer_group_excluded_website")) == len(every.rows("store_website")) - 1


def test_a_mark_reads_as_it_was_written(every: Client) -> None:
    user_id = every.create(password=PASSWORD)["id"]
    deactivate(every, user_id)
    (row,) = every.rows("scim_inactive")
    mark = leaving.taken({name: value for name, value in row.items() if name != "entity_id"})
    assert mark is not None
    assert mark.doors == frozenset(doors.EVERY)
    assert (mark.failures_num, mark.group_id, mark.lock_expires) == (0, 1, None)


def _members(client: Client, group_id: str, op: str, user_id: str) -> None:
    operation: dict[str, Any] = {"op": op, "path": "members", "value": [{"value": user_id}]}
    if op == "remove":
        operation = {"op": op, "path": f'members[value eq "{user_id}"]'}
    answer = client.send("PATCH", f"/Groups/{group_id}", {"schemas": [PATCH], "Operations": [operation]})
    assert answer.status_code == 200, answer.text


def test_the_journal_never_holds_what_was_taken(every: Client) -> None:
    """The hash that a scrambled password leaves in our mark is a secret as it is in the customer's row."""
    user_id = every.create(password=PASSWORD)["id"]
    hashed = every.customer(user_id)["password_hash"]
    deactivate(every, user_id)
    reactivate(every, user_id)
    assert every.customer(user_id)["password_hash"] == hashed
    texts = [f"{row['changes']}{row['reasons']}" for row in every.rows("scim_journal")]
    assert any("scim_inactive" in text for text in texts)
    assert not any(hashed in text or hashed.split(":")[0] in text for text in texts)


def test_a_session_that_began_in_the_same_second_is_cut(scim: Client) -> None:
    """Magento's CutoffValidator wants the cut to be later than the session's start (facts 4.3)."""
    user_id = scim.create()["id"]
    deactivate(scim, user_id)
    row = scim.customer(user_id)
    scim.execute(
        "INSERT INTO {p}customer_visitor (customer_id, created_at) VALUES (:c, :t)", c=int(user_id), t=row["updated_at"]
    )
    resource = scim.get(f"/Users/{user_id}", attributes="doors").get_json()
    (found,) = (value["doors"] for urn, value in resource.items() if "magento" in urn and isinstance(value, dict))
    assert [door["open"] for door in found if door["name"] == "sessions"] == [False]
