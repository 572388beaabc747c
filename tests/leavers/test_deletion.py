"""Deletion by policy: gone for the identity provider at once; what the shop keeps; who is created again."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.magento import anonymity, doors
from app.mapping import afterwards, clock, sweep
from tests.leavers.conftest import bridge_of, deactivate, mapping, reactivate
from tests.users.conftest import PATCH, USER, Client, Make

POLICIES = ("remove", "deactivate", "anonymize")
PASSWORD = "Gr8-enough-Secret"
ADA: dict[str, Any] = {
    "userName": "ada@example.com",
    "externalId": "00u1",
    "nickName": "Countess",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "emails": [{"value": "ada@example.com", "type": "work"}, {"value": "ada@home.example", "type": "home"}],
}


def _delete(client: Client, user_id: str) -> None:
    answer = client.send("DELETE", f"/Users/{user_id}")
    assert (answer.status_code, answer.data) == (204, b"")


def _put_into(client: Client, group_id: str, user_id: str) -> int:
    operation = {"op": "add", "path": "members", "value": [{"value": user_id}]}
    answer = client.send("PATCH", f"/Groups/{group_id}", {"schemas": [PATCH], "Operations": [operation]})
    return int(answer.status_code)


@pytest.mark.parametrize("policy", [*POLICIES, "held"])
def test_a_deleted_user_is_gone_everywhere_at_once(make: Make, policy: str) -> None:
    words = {"breaker": "{per_hour: 0}"} if policy == "held" else {"delete": policy}
    client = make(mapping(**words))
    gold = client.send("POST", "/Groups", {"displayName": "Gold"}).get_json()["id"]
    user_id = client.create(**ADA)["id"]
    other = client.create(userName="other@example.com")["id"]
    assert _put_into(client, gold, user_id) == 200
    _delete(client, user_id)
    body = {"schemas": [USER], "userName": "ada@example.com", "name": ADA["name"]}
    patch = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "active", "value": True}]}
    for method, sent in (("GET", None), ("PUT", body), ("PATCH", patch), ("DELETE", None)):
        assert client.send(method, f"/Users/{user_id}", sent).status_code == 404, method
    assert [each["id"] for each in client.get("/Users").get_json()["Resources"]] == [other]
    for text in (
        'userName eq "ada@example.com"',
        'externalId eq "00u1"',
        f'id eq "{user_id}"',
        'emails.value eq "ada@home.example"',
        f'groups.value eq "{gold}"',
        'nickName eq "Countess"',
        "active eq false",
    ):
        assert client.get("/Users", filter=text).get_json()["totalResults"] == 0, text
    assert "members" not in client.get(f"/Groups/{gold}").get_json()
    assert client.get("/Groups", filter=f'members.value eq "{user_id}"').get_json()["totalResults"] == 0
    assert _put_into(client, gold, user_id) == 400, "nobody can make it a member"
    if policy != "remove":
        assert doors.is_locked(client.customer(user_id)), "out by all doors"
        assert client.customer(user_id)["session_cutoff"] is not None


def test_another_may_take_a_deleted_user_s_name(make: Make) -> None:
    """The name is free at once; the e-mail is the shop's as long as the shop keeps the customer."""
    client = make(mapping(delete="deactivate"))
    user_id = client.create(**ADA)["id"]
    other = client.create(userName="other@example.com", emails=[{"value": "other@example.com", "type": "work"}])["id"]
    _delete(client, user_id)
    renamed = client.patch(other, {"op": "replace", "path": "userName", "value": "ada@example.com"})
    assert renamed.status_code == 200, renamed.text
    taken = client.patch(other, {"op": "replace", "path": 'emails[type eq "work"].value', "value": "ada@example.com"})
    assert taken.status_code == 409
    assert "magento-scim purge" in taken.get_json()["detail"]


def test_created_again_is_revived_with_its_id(make: Make) -> None:
    client = make(mapping(delete="deactivate"))
    user_id = client.create(**ADA, password=PASSWORD)["id"]
    before = client.customer(user_id)
    _delete(client, user_id)
    again = client.create(**{**ADA, "externalId": "00u2", "name": {"givenName": "Augusta", "familyName": "King"}})
    assert (again["id"], again["active"], again["externalId"]) == (user_id, True, "00u2")
    assert again["name"]["givenName"] == "Augusta"
    row = client.customer(user_id)
    same = ("is_active", "lock_expires", "failures_num", "first_failure", "password_hash", "email", "group_id")
    assert {c: row[c] for c in same} == {c: before[c] for c in same}
    assert client.get("/Users", filter='userName eq "ada@example.com"').get_json()["totalResults"] == 1
    _delete(client, user_id)
    assert client.create(**ADA)["id"] == user_id, "as often as it is said"


@pytest.mark.parametrize("match", ["[externalId]", "[externalId, userName]"])
def test_never_409_for_ever(make: Make, match: str) -> None:
    """The e-mail alone is the deleted one's, and `match.by` does not name it: the shop could not hold a second one."""
    text = mapping(delete="deactivate").replace(
        """by: [externalId, userName, 'emails[type eq "work"].value']""", f"by: {match}"
    )
    client = make(text)
    user_id = client.create(userName="ada", externalId="1", emails=[{"value": "ada@example.com", "type": "work"}])["id"]
    _delete(client, user_id)
    again = client.create(userName="lovelace", externalId="2", emails=[{"value": "ada@example.com", "type": "work"}])
    assert again["id"] == user_id


@pytest.mark.parametrize("how", ["anonymize", "remove"])
def test_created_again_is_made_anew_where_that_is_the_policy(make: Make, how: str) -> None:
    client = make(mapping(delete="deactivate", returning="anew", purge=f"{{after: 90d, how: {how}}}"))
    user_id = client.create(**ADA)["id"]
    _delete(client, user_id)
    again = client.create(**ADA)
    assert again["id"] != user_id
    old = client.rows("customer_entity", entity_id=user_id)
    assert [row["email"] for row in old] == ([] if how == "remove" else [anonymity.address(int(user_id))])


@pytest.mark.parametrize("policy", ["remove", "anonymize"])
def test_after_a_final_deletion_the_same_person_is_new(make: Make, policy: str) -> None:
    client = make(mapping(delete=policy))
    user_id = client.create(**ADA)["id"]
    _delete(client, user_id)
    again = client.create(**ADA)
    assert again["id"] != user_id
    _delete(client, again["id"])
    assert client.create(**ADA)["id"] not in (user_id, again["id"])


def test_a_customer_whom_nobody_managed_is_deleted_alike(make: Make) -> None:
    client = make(mapping(delete="deactivate"))
    client.execute(
        "INSERT INTO {p}customer_entity (entity_id, email, website_id, store_id, group_id, firstname, lastname)"
        " VALUES (77, 'shop@example.com', 1, 1, 1, 'S', 'P')"
    )
    _delete(client, "77")
    assert client.get("/Users/77").status_code == 404
    assert client.get("/Users").get_json()["totalResults"] == 0
    assert client.create(userName="shop@example.com")["id"] == "77"


def test_purge_ends_those_whose_time_is_over(make: Make) -> None:
    client = make(mapping(delete="deactivate", purge="{after: 90d, how: remove}"))
    bridge, now = bridge_of(client), clock.now()
    old, young = (client.create(userName=f"{name}@example.com")["id"] for name in ("old", "young"))
    there = client.create(userName="there@example.com")["id"]
    for user_id in (old, young):
        _delete(client, user_id)
    client.execute("UPDATE {p}scim_link SET deleted_at = :at WHERE entity_id = :id", at=now - timedelta(91), id=old)
    assert afterwards.due(bridge, now) == [int(old)]
    assert [afterwards.purge(bridge, i) for i in (int(old), int(old), int(there))] == [True, False, False]
    assert client.rows("customer_entity", entity_id=old) == []
    assert client.rows("customer_entity", entity_id=young)
    assert afterwards.due(bridge, now) == []


def test_purge_by_anonymizing_is_done_once(make: Make) -> None:
    client = make(mapping(delete="deactivate", purge="{after: 1h}"))
    bridge, later = bridge_of(client), clock.now() + timedelta(hours=2)
    user_id = client.create(**ADA)["id"]
    _delete(client, user_id)
    assert afterwards.due(bridge, later) == [int(user_id)]
    assert afterwards.purge(bridge, int(user_id))
    assert client.customer(user_id)["firstname"] == "Deleted"
    assert afterwards.due(bridge, later) == []


# --- anonymize ---

SECRETS = ("ada", "lovelace", "countess", "analytical", "babbage", "00u1", "1815", "de123", "00441")
# Rows with the person in it; what is deleted with an order's documents is not among them.
PERSONAL = (
    "UPDATE {p}customer_entity SET prefix = 'Lady', middlename = 'Lovelace', dob = '1815-12-10', taxvat = 'DE123',"
    " rp_token = 'ada', rp_token_created_at = UTC_TIMESTAMP(), confirmation = 'ada', gender = 2 WHERE entity_id = :id",
    "INSERT INTO {p}customer_address_entity (entity_id, parent_id, country_id, city, firstname, lastname, street,"
    " telephone, region_id) VALUES (5, :id, 'GB', 'Analytical', 'Ada', 'Lovelace', 'Babbage St', '00441', 0)",
    "UPDATE {p}customer_entity SET default_billing = 5, default_shipping = 5 WHERE entity_id = :id",
    "INSERT INTO {p}customer_entity_varchar (entity_id, attribute_id, value) VALUES (:id, 137, 'ada-00u1')",
    "INSERT INTO {p}newsletter_subscriber (customer_id, subscriber_email, store_id) VALUES (:id, 'ada@example.com', 1)",
    "INSERT INTO {p}newsletter_subscriber (customer_id, subscriber_email, store_id) VALUES (0, 'ada@example.com', 1)",
    "INSERT INTO {p}quote (customer_id, customer_email, is_active, customer_firstname, store_id)"
    " VALUES (:id, 'ada@example.com', 1, 'Ada', 1)",
    "INSERT INTO {p}wishlist (customer_id) VALUES (:id)",
    "INSERT INTO {p}customer_log (customer_id, last_login_at) VALUES (:id, UTC_TIMESTAMP())",
    "INSERT INTO {p}vault_payment_token (customer_id, public_hash, payment_method_code, type, gateway_token)"
    " VALUES (:id, 'ada', 'm', 'card', 'ada')",
    "INSERT INTO {p}password_reset_request_event (request_type, account_reference, ip, created_at)"
    " VALUES (0, 'ada@example.com', '192.0.2.1', UTC_TIMESTAMP())",
    "INSERT INTO {p}oauth_token_request_log (user_name, user_type) VALUES ('ada@example.com', 3)",
    "INSERT INTO {p}magento_login_as_customer_log (user_id, customer_id, customer_email) VALUES (1, :id, 'ada@example.com')",
    "INSERT INTO {p}catalog_compare_list (customer_id) VALUES (:id)",
    "INSERT INTO {p}login_as_customer_assistance_allowed (customer_id) VALUES (:id)",
)
OF_PERSON = (
    *("customer_entity", "customer_address_entity", "customer_entity_varchar", "newsletter_subscriber", "quote"),
    *("wishlist", "customer_log", "vault_payment_token", "password_reset_request_event", "oauth_token_request_log"),
    *("magento_login_as_customer_log", "catalog_compare_list", "login_as_customer_assistance_allowed"),
    *("customer_grid_flat", "scim_link", "scim_email", "scim_membership", "scim_inactive", "scim_held"),
)


@pytest.mark.parametrize("options", ["[lock]", "[lock, scramble_password, block_group, block_reset]"])
def test_anonymized_the_orders_stay_and_the_person_goes(make: Make, options: str) -> None:
    client = make(mapping(delete="anonymize", deactivate=options))
    user_id = client.create(**ADA, password=PASSWORD)["id"]
    for statement in PERSONAL:
        client.execute(statement, id=user_id)
    client.execute(
        "INSERT INTO {p}sales_order (entity_id, customer_id, customer_email, customer_firstname, store_id)"
        " VALUES (9, :id, 'ada@example.com', 'Ada', 1)",
        id=user_id,
    )
    client.execute("INSERT INTO {p}customer_visitor (customer_id) VALUES (:id)", id=user_id)
    order = client.rows("sales_order")
    _delete(client, user_id)
    assert client.rows("sales_order") == order, "a business record, with its customer's id"
    for table in OF_PERSON:
        text = str(client.rows(table)).casefold()
        assert not [secret for secret in SECRETS if secret in text], f"{table}: {text}"
    row = client.customer(user_id)
    assert row["email"] == f"deleted-{user_id}@anonymous.invalid"
    assert (row["firstname"], row["lastname"]) == ("Deleted", "Customer")
    assert row["password_hash"] in (None, doors.UNUSABLE)
    assert doors.is_locked(row)
    assert client.rows("customer_visitor"), "facts 4.3: without it the session cut does nothing"
    assert sweep.sweep(bridge_of(client)).shut == (), "and it stays as it is"


def test_another_website_s_namesake_is_left_alone(make: Make) -> None:
    client = make(mapping(delete="anonymize"))
    client.execute(
        "INSERT INTO {p}customer_entity (entity_id, email, website_id, store_id, group_id, firstname, lastname)"
        " VALUES (77, 'ada@example.com', NULL, 1, 1, 'Other', 'Person')"
    )
    user_id = client.create(**ADA)["id"]
    _delete(client, user_id)
    assert client.customer("77")["email"] == "ada@example.com"


# --- the shop's own hand on kept customers ---


def test_kept_customers_are_swept_like_all(make: Make) -> None:
    client = make(mapping(delete="deactivate"))
    user_id = client.create(**ADA)["id"]
    _delete(client, user_id)
    client.execute("UPDATE {p}customer_entity SET lock_expires = NULL, is_active = 1")
    assert sweep.sweep(bridge_of(client)).shut == (int(user_id),)
    assert client.customer(user_id)["lock_expires"] == datetime(2037, 12, 31, 23, 59, 59)


def test_a_deactivated_user_that_was_deleted_and_came_back_may_be_deactivated_again(make: Make) -> None:
    client = make(mapping(delete="deactivate"))
    user_id = client.create(**ADA, password=PASSWORD)["id"]
    stood = client.customer(user_id)
    deactivate(client, user_id)
    _delete(client, user_id)
    assert client.create(**ADA)["id"] == user_id
    assert client.customer(user_id)["lock_expires"] is None
    deactivate(client, user_id)
    reactivate(client, user_id)
    row = client.customer(user_id)
    for column in ("is_active", "lock_expires", "first_failure", "failures_num", "password_hash"):
        assert row[column] == stood[column]
