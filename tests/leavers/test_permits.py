"""What an identity provider may do at all: operations switched off, protected users, the breaker."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from app.magento import doors
from app.mapping import afterwards, clock
from tests.leavers.conftest import bridge_of, deactivate, mapping, reactivate
from tests.users.conftest import USER, Client, Make

NAME = {"givenName": "Ada", "familyName": "Lovelace"}
RENAME = {"op": "replace", "path": "name.familyName", "value": "King"}
LEAVE = {"op": "replace", "path": "active", "value": False}
RETURN = {"op": "replace", "path": "active", "value": True}


def _attempt(client: Client, user_id: str, what: str) -> Any:
    body = {"schemas": [USER], "userName": "ada@example.com", "name": NAME}
    match what:
        case "create":
            return client.send("POST", "/Users", {**body, "userName": "new@example.com"})
        case "update by PATCH":
            return client.patch(user_id, RENAME)
        case "update by PUT":
            return client.send("PUT", f"/Users/{user_id}", {**body, "nickName": "Countess"})
        case "nothing by PUT":
            return client.send("PUT", f"/Users/{user_id}", body)
        case "deactivate by PATCH":
            return client.patch(user_id, LEAVE)
        case "deactivate by PUT":
            return client.send("PUT", f"/Users/{user_id}", {**body, "active": False})
        case "deactivate and update":
            return client.patch(user_id, LEAVE, RENAME)
        case "delete":
            return client.send("DELETE", f"/Users/{user_id}")
    raise AssertionError(what)


# What is switched on, what is tried, and the answer.
ALLOWED = [
    ("[create, update, deactivate, delete]", "create", 201),
    ("[update, deactivate, delete]", "create", 403),
    ("[create, deactivate, delete]", "update by PATCH", 403),
    ("[create, deactivate, delete]", "update by PUT", 403),
    ("[create, deactivate, delete]", "nothing by PUT", 200),
    ("[create, deactivate, delete]", "deactivate by PATCH", 200),
    ("[create, deactivate, delete]", "deactivate by PUT", 200),
    ("[create, deactivate, delete]", "deactivate and update", 403),
    ("[create, update, delete]", "deactivate by PATCH", 403),
    ("[create, update, delete]", "deactivate by PUT", 403),
    ("[create, update, delete]", "deactivate and update", 403),
    ("[create, update, delete]", "update by PATCH", 200),
    ("[create, update, deactivate]", "delete", 403),
    ("[create, update, delete]", "delete", 204),
    ("[]", "delete", 403),
]


@pytest.mark.parametrize(("allow", "what", "status"), ALLOWED, ids=lambda value: str(value))
def test_each_operation_has_a_switch(make: Make, allow: str, what: str, status: int) -> None:
    user_id = make().create()["id"]
    client = make(mapping(allow=allow))
    before = client.customer(user_id)
    answer = _attempt(client, user_id, what)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert "lifecycle.allow" in answer.get_json()["detail"]
        assert client.customer(user_id) == before, "nothing of a refused request is written"


def test_reactivating_is_an_update(make: Make) -> None:
    user_id = make().create()["id"]
    client = make(mapping(allow="[deactivate]"))
    deactivate(client, user_id)
    assert client.patch(user_id, RETURN).status_code == 403
    assert doors.is_locked(client.customer(user_id))


RULE = 'userName ew "@owner.example" or title eq "CEO"'


@pytest.mark.requirement(144)
@pytest.mark.parametrize("what", ["deactivate by PATCH", "deactivate by PUT", "deactivate and update", "delete"])
@pytest.mark.parametrize("who", [{"userName": "boss@owner.example"}, {"title": "CEO"}])
def test_protected_users_stay(make: Make, what: str, who: dict[str, str]) -> None:
    client = make(mapping(protect=f"['{RULE}', 'externalId eq \"never\"']"))
    user_id = client.create(**who)["id"]
    before = client.customer(user_id)
    answer = _attempt(client, user_id, what)
    assert answer.status_code == 403, answer.text
    assert RULE in answer.get_json()["detail"], "the rule's text"
    assert client.customer(user_id) == before
    assert client.patch(user_id, RENAME).status_code == 200, "everything else may be done to it"


def test_others_are_not_protected(make: Make) -> None:
    client = make(mapping(protect=f"'{RULE}'"))
    user_id = client.create()["id"]
    deactivate(client, user_id)
    assert client.send("DELETE", f"/Users/{user_id}").status_code == 204


# --- the breaker ---


def _users(client: Client, count: int) -> list[str]:
    return [client.create(userName=f"u{n}@example.com")["id"] for n in range(count)]


@pytest.mark.parametrize("policy", ["remove", "anonymize"])
def test_over_the_limit_the_lock_goes_through_and_the_deletion_waits(make: Make, policy: str) -> None:
    client = make(mapping(delete=policy, breaker="{per_hour: 2, action: hold}"))
    ids = _users(client, 4)
    for user_id in ids:
        assert client.send("DELETE", f"/Users/{user_id}").status_code == 204
        assert client.get(f"/Users/{user_id}").status_code == 404, "gone for the identity provider"
    done = [
        not row or row[0]["firstname"] == "Deleted"
        for i in ids
        for row in [client.rows("customer_entity", entity_id=i)]
    ]
    assert done == [True, True, False, False]
    assert all(doors.is_locked(client.customer(user_id)) for user_id in ids[2:])
    waiting = afterwards.waiting(bridge_of(client))
    assert [(str(w.entity_id), w.action, w.was_active, w.user_name) for w in waiting] == [
        (ids[2], policy, True, "u2@example.com"),
        (ids[3], policy, True, "u3@example.com"),
    ]


def test_deactivations_count_and_are_never_held(make: Make) -> None:
    client = make(mapping(breaker="{per_hour: 2}"))
    ids = _users(client, 4)
    for user_id in ids[:3]:
        deactivate(client, user_id)
    client.send("DELETE", f"/Users/{ids[3]}")
    assert client.rows("customer_entity", entity_id=ids[3]), "the fourth to leave within the hour"
    client.send("DELETE", f"/Users/{ids[0]}")
    assert client.rows("customer_entity", entity_id=ids[0]), "three others left besides"


def test_deactivated_and_then_deleted_is_one_who_leaves(make: Make) -> None:
    client = make(mapping(breaker="{per_hour: 2}"))
    for user_id in _users(client, 2):
        deactivate(client, user_id)
        client.send("DELETE", f"/Users/{user_id}")
    assert client.rows("customer_entity") == []


def test_the_hour_passes(make: Make) -> None:
    client = make(mapping(breaker="{per_hour: 1}"))
    first, second, third = _users(client, 3)
    client.send("DELETE", f"/Users/{first}")
    client.send("DELETE", f"/Users/{second}")
    client.execute("UPDATE {p}scim_departure SET left_at = :at", at=clock.now() - timedelta(minutes=61))
    client.send("DELETE", f"/Users/{third}")
    assert [str(row["entity_id"]) for row in client.rows("customer_entity")] == [second]


def test_the_count_is_the_database_s(make: Make) -> None:
    """Two processes count together."""
    clients = [make(mapping(breaker="{per_hour: 2}")) for _ in range(2)]
    for position, user_id in enumerate(_users(clients[0], 4)):
        clients[position % 2].send("DELETE", f"/Users/{user_id}")
    assert len(clients[0].rows("customer_entity")) == 2


def test_many_at_once_are_counted_one_by_one(make: Make) -> None:
    client = make(mapping(breaker="{per_hour: 5}"))
    ids = _users(client, 20)

    def delete(user_id: str) -> int:
        http = client.app.test_client()
        return http.delete(f"/scim/v2/Users/{user_id}", headers=client.headers).status_code

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(delete, ids)) == {204}
    assert len(client.rows("customer_entity")) == 15, "exactly five were removed"
    assert len(client.rows("scim_held")) == 15


def test_without_a_breaker_nothing_waits(make: Make) -> None:
    client = make(mapping(delete="remove"))
    for user_id in _users(client, 5):
        client.send("DELETE", f"/Users/{user_id}")
    assert client.rows("customer_entity") == []
    assert len(client.rows("scim_departure")) == 5, "counted all the same: a breaker set tomorrow knows of today"


def test_release_carries_out_and_discard_takes_back(make: Make) -> None:
    client = make(mapping(breaker="{per_hour: 0}"))
    ended, back, inactive = _users(client, 3)
    stood = client.customer(back)
    shown = client.get(f"/Users/{back}").get_json()
    deactivate(client, inactive)
    for user_id in (ended, back, inactive):
        client.send("DELETE", f"/Users/{user_id}")
    bridge = bridge_of(client)
    first, second, third = afterwards.waiting(bridge)
    assert afterwards.release(bridge, first)
    assert client.rows("customer_entity", entity_id=ended) == []
    assert not afterwards.release(bridge, first), "once is enough"
    assert afterwards.discard(bridge, second)
    assert not afterwards.discard(bridge, second)
    assert not afterwards.release(bridge, second)
    again = client.get(f"/Users/{back}").get_json()
    assert {k: v for k, v in again.items() if k != "meta"} == {k: v for k, v in shown.items() if k != "meta"}
    row = client.customer(back)
    for column in ("is_active", "lock_expires", "first_failure", "failures_num", "password_hash", "group_id"):
        assert row[column] == stood[column], column
    assert afterwards.discard(bridge, third)
    assert client.get(f"/Users/{inactive}").get_json()["active"] is False, "as it was"
    reactivate(client, inactive)
    assert afterwards.waiting(bridge) == []


def test_release_anonymizes_where_that_was_the_policy(make: Make) -> None:
    client = make(mapping(delete="anonymize", breaker="{per_hour: 0}"))
    (user_id,) = _users(client, 1)
    client.send("DELETE", f"/Users/{user_id}")
    bridge = bridge_of(client)
    (wait,) = afterwards.waiting(bridge)
    assert afterwards.release(bridge, wait)
    assert client.customer(user_id)["firstname"] == "Deleted"
    assert client.rows("scim_held") == []


@pytest.mark.parametrize("returning", ["revive", "anew"])
def test_created_again_while_the_deletion_waits(make: Make, returning: str) -> None:
    """What waits for a person is never ended by an identity provider: the user is simply there again."""
    client = make(mapping(breaker="{per_hour: 0}", returning=returning))
    user_id = client.create()["id"]
    client.send("DELETE", f"/Users/{user_id}")
    assert client.create()["id"] == user_id
    assert client.rows("scim_held") == []
    assert client.customer(user_id)["is_active"] == 1


def test_discard_tells_of_a_name_that_is_taken(make: Make) -> None:
    client = make(mapping(breaker="{per_hour: 0}"))
    first = client.create(userName="ada", emails=[{"value": "ada@example.com", "type": "work"}])["id"]
    other = client.create(userName="other", emails=[{"value": "other@example.com", "type": "work"}])["id"]
    client.send("DELETE", f"/Users/{first}")
    assert client.patch(other, {"op": "replace", "path": "userName", "value": "ada"}).status_code == 200
    bridge = bridge_of(client)
    (wait,) = afterwards.waiting(bridge)
    with pytest.raises(Exception, match="has the userName 'ada' by now"):
        afterwards.discard(bridge, wait)
    assert client.get(f"/Users/{first}").status_code == 404
