"""A user's life through SCIM, and the rows that stand in the shop after each step (facts 1, 4.5, 5, 6)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.users.conftest import ENTERPRISE, USER, Client

LOCKED = datetime(2037, 12, 31, 23, 59, 59)


def test_create_writes_the_rows_of_a_fresh_customer(scim: Client) -> None:
    resource = scim.create(name={"givenName": "Ada", "familyName": "Lovelace", "middleName": "King"}, title="Countess")
    row = scim.customer(resource["id"])
    assert row["created_at"] == row["updated_at"]
    assert abs(row["created_at"] - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=1)
    shop = {"website_id": 1, "store_id": 1, "group_id": 1, "created_in": "Default Store View", "is_active": 1}
    person = {"email": "ada@example.com", "firstname": "Ada", "middlename": "King", "lastname": "Lovelace"}
    assert shop.items() | person.items() <= row.items()
    empty = ("prefix", "suffix", "dob", "taxvat", "gender", "confirmation", "password_hash", "rp_token", "lock_expires")
    assert {column: row[column] for column in empty} == dict.fromkeys(empty)
    (grid,) = scim.rows("customer_grid_flat", entity_id=row["entity_id"])
    assert (grid["name"], grid["email"], grid["billing_full"]) == ("Ada King Lovelace", "ada@example.com", "")


@pytest.mark.requirement(16, 17, 46, 47, 48, 50, 99)
def test_the_answer_to_a_create(scim: Client) -> None:
    answer = scim.send(
        "POST",
        "/Users",
        {
            "schemas": [USER],
            "userName": "Ada@Example.com",
            "externalId": "00u1",
            "displayName": "Ada Lovelace",
            "active": True,
        },
    )
    resource = answer.get_json()
    assert answer.status_code == 201
    assert (
        answer.headers["Location"] == resource["meta"]["location"] == f"http://localhost/scim/v2/Users/{resource['id']}"
    )
    assert answer.headers["ETag"] == resource["meta"]["version"]
    assert answer.headers["Content-Type"] == "application/scim+json"
    assert resource["meta"]["created"] == resource["meta"]["lastModified"]
    assert resource["schemas"] == [USER]
    assert resource["userName"] == "Ada@Example.com", "as it was sent"
    assert resource["active"] is True
    row = scim.customer(resource["id"])
    assert (row["email"], row["firstname"], row["lastname"]) == ("ada@example.com", "Ada", "Lovelace")


@pytest.mark.requirement(19, 26)
def test_what_has_no_rule_is_kept_and_read_back(scim: Client) -> None:
    given = {
        "title": "Analyst",
        "nickName": "Enchantress",
        "x509Certificates": [{"value": "MII="}],
        ENTERPRISE: {"division": "R&D"},
    }
    resource = scim.create(**given)
    assert given.items() <= scim.get(f"/Users/{resource['id']}").get_json().items()


@pytest.mark.requirement(55, 58, 101)
@pytest.mark.parametrize(
    "filter",
    [
        'userName eq "ADA@example.com"',
        'externalId eq "00u1"',
        'emails.value eq "Ada.work@example.com"',
        'emails eq "ada.work@example.com"',
        'emails[type eq "work"].value eq "ada.work@example.com"',
        'emails[type eq "home"].value eq "ada.home@example.com"',
        'emails[type eq "home" and value co "home"]',
        'userName eq "ada@example.com" and active eq true',
        'userName eq "nobody@example.com" or externalId eq "00u1"',
        'title eq "analyst"',
        'not (title eq "Manager") and name.familyName sw "Love"',
    ],
)
def test_find(scim: Client, filter: str) -> None:
    emails = [{"value": "ada.work@example.com", "type": "work"}, {"value": "ada.home@example.com", "type": "home"}]
    wanted = scim.create(externalId="00u1", emails=emails, title="Analyst")
    scim.create(userName="bob@example.com", name={"givenName": "Bob", "familyName": "Müller"}, title="Manager")
    answer = scim.get("/Users", filter=filter).get_json()
    assert [found["id"] for found in answer["Resources"]] == [wanted["id"]]
    assert answer["totalResults"] == 1


@pytest.mark.requirement(52)
def test_find_nobody_is_an_empty_list(scim: Client) -> None:
    answer = scim.get("/Users", filter='userName eq "nobody@example.com"')
    assert (answer.status_code, answer.get_json()["totalResults"]) == (200, 0)
    assert scim.get("/Users", filter='id eq "4294967999"').get_json()["totalResults"] == 0


@pytest.mark.requirement(52, 66)
def test_pages_by_rising_id(scim: Client) -> None:
    ids = [scim.create(userName=f"u{number}@example.com")["id"] for number in range(7)]
    first = scim.get("/Users", startIndex=1, count=3).get_json()
    last = scim.get("/Users", startIndex=7, count=3).get_json()
    assert [user["id"] for user in first["Resources"]] == ids[:3]
    assert [user["id"] for user in last["Resources"]] == ids[6:]
    assert (first["totalResults"], first["itemsPerPage"], first["startIndex"]) == (7, 3, 1)
    none = scim.get("/Users", count=0).get_json()
    assert (none["totalResults"], none.get("Resources", [])) == (7, [])


@pytest.mark.requirement(73)
def test_a_name_changed_by_patch(scim: Client) -> None:
    resource = scim.create()
    scim.execute("UPDATE {p}customer_entity SET updated_at = '2020-01-01', created_at = '2020-01-01'")
    before = scim.customer(resource["id"])
    answer = scim.patch(resource["id"], {"op": "replace", "path": "name.familyName", "value": "King"})
    assert answer.status_code == 200
    assert answer.get_json()["name"] == {"givenName": "Ada", "familyName": "King"}
    after = scim.customer(resource["id"])
    changed = {column for column in after if after[column] != before[column]}
    assert changed == {"lastname", "updated_at"}, "only what differs is written"
    (grid,) = scim.rows("customer_grid_flat", entity_id=int(resource["id"]))
    assert grid["name"] == "Ada King"


@pytest.mark.requirement(82)
def test_nothing_differs_nothing_is_written(scim: Client) -> None:
    resource = scim.create(title="Analyst")
    scim.execute("UPDATE {p}customer_entity SET updated_at = '2020-01-01'")
    before = (scim.rows("customer_entity"), scim.rows("scim_link"), scim.rows("customer_grid_flat"))
    tag = scim.get(f"/Users/{resource['id']}").headers["ETag"]
    answer = scim.patch(
        resource["id"],
        {"op": "replace", "path": "title", "value": "Analyst"},
        {"op": "add", "value": {"name": {"familyName": "Lovelace"}}},
        {"op": "replace", "path": "active", "value": True},
    )
    assert (answer.status_code, answer.headers["ETag"]) == (200, tag)
    assert (scim.rows("customer_entity"), scim.rows("scim_link"), scim.rows("customer_grid_flat")) == before


def test_deactivate_shuts_the_doors_and_reactivate_opens_them(scim: Client) -> None:
    resource = scim.create(password="Sup3r-Secret!")
    scim.execute("UPDATE {p}customer_entity SET rp_token = 'x', rp_token_created_at = UTC_TIMESTAMP()")
    answer = scim.patch(resource["id"], {"op": "replace", "path": "active", "value": False})
    assert answer.get_json()["active"] is False
    row = scim.customer(resource["id"])
    assert (row["is_active"], row["lock_expires"], row["failures_num"]) == (0, LOCKED, -32768)
    assert None not in (row["first_failure"], row["session_cutoff"])
    assert (row["rp_token"], row["rp_token_created_at"]) == (None, None)
    (revoked,) = scim.rows("jwt_auth_revoked", user_id=row["entity_id"])
    assert revoked["user_type_id"] == 3
    (grid,) = scim.rows("customer_grid_flat", entity_id=row["entity_id"])
    assert grid["lock_expires"] == LOCKED
    assert scim.get("/Users", filter="active eq false").get_json()["totalResults"] == 1

    scim.patch(resource["id"], {"op": "replace", "value": {"active": True}})
    row = scim.customer(resource["id"])
    assert (row["is_active"], row["lock_expires"], row["failures_num"], row["first_failure"]) == (1, None, 0, None)
    assert row["session_cutoff"], "old sessions stay cut"


def test_a_lock_that_came_undone_is_shut_again(scim: Client) -> None:
    resource = scim.create(active=False)
    scim.execute("UPDATE {p}customer_entity SET lock_expires = NULL, failures_num = 0, first_failure = NULL")
    scim.patch(resource["id"], {"op": "replace", "path": "active", "value": False})
    assert scim.customer(resource["id"])["lock_expires"] == LOCKED


@pytest.mark.requirement(69, 149)
def test_put_replaces_and_an_absent_active_changes_nothing(scim: Client) -> None:
    resource = scim.create(
        title="Analyst", name={"givenName": "Ada", "familyName": "Lovelace", "middleName": "King"}, active=False
    )
    body = {"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Byron"}}
    answer = scim.send("PUT", f"/Users/{resource['id']}", body)
    replaced = answer.get_json()
    assert answer.status_code == 200
    assert replaced["active"] is False
    assert "title" not in replaced
    row = scim.customer(resource["id"])
    assert (row["lastname"], row["middlename"], row["is_active"]) == ("Byron", None, 0)


@pytest.mark.requirement(89, 90, 91)
def test_delete_removes_the_customer_as_magento_would(scim: Client) -> None:
    resource = scim.create()
    path, entity_id = f"/Users/{resource['id']}", int(resource["id"])
    scim.execute(
        "INSERT INTO {p}newsletter_subscriber (store_id, customer_id, subscriber_email, subscriber_status)"
        " VALUES (1, :id, 'ada@example.com', 1)",
        id=entity_id,
    )
    answer = scim.send("DELETE", path)
    assert (answer.status_code, answer.data) == (204, b"")
    assert scim.get(path).status_code == 404
    assert scim.send("DELETE", path).status_code == 404
    for table in ("customer_entity", "customer_grid_flat", "scim_link", "newsletter_subscriber"):
        assert scim.rows(table) == [], f"{table} has rows left"
    assert len(scim.rows("jwt_auth_revoked", user_id=entity_id)) == 1
    assert scim.create()["id"] != resource["id"]


def test_an_unmanaged_customer_is_listed_and_taken_over(scim: Client) -> None:
    scim.execute(
        "INSERT INTO {p}customer_entity (website_id, email, group_id, store_id, created_in, firstname, lastname, taxvat)"
        " VALUES (1, 'Old@Example.com', 1, 1, 'Default Store View', 'Old', 'Hand', 'GB1')"
    )
    (listed,) = scim.get("/Users").get_json()["Resources"]
    assert (listed["userName"], listed["name"]) == ("Old@Example.com", {"givenName": "Old", "familyName": "Hand"})
    assert listed["emails"] == [{"type": "work", "value": "Old@Example.com"}]
    assert scim.rows("scim_link") == []
    found = scim.get("/Users", filter='userName eq "old@example.com"').get_json()
    assert found["totalResults"] == 1
    taken = scim.create(userName="old@example.com", name={"givenName": "New", "familyName": "Hand"})
    assert taken["id"] == listed["id"]
    row = scim.customer(taken["id"])
    assert (row["firstname"], row["email"], row["taxvat"]) == ("New", "Old@Example.com", "GB1"), "the rest stays"


@pytest.mark.requirement(22)
def test_the_shop_has_the_last_word(scim: Client) -> None:
    resource = scim.create(emails=[{"value": "Ada@Example.com", "type": "work"}])
    path = f"/Users/{resource['id']}"
    assert scim.get(path).get_json()["emails"][0]["value"] == "Ada@Example.com", "normalising is no drift"
    scim.execute(
        "UPDATE {p}customer_entity SET firstname = 'Augusta', email = 'augusta@example.com', middlename = 'A.'"
    )
    read = scim.get(path).get_json()
    assert read["name"] == {"givenName": "Augusta", "familyName": "Lovelace", "middleName": "A."}
    assert read["emails"] == [{"value": "augusta@example.com", "type": "work"}]
    scim.patch(resource["id"], {"op": "replace", "path": "title", "value": "Analyst"})
    row = scim.customer(resource["id"])
    assert (row["firstname"], row["email"]) == ("Augusta", "augusta@example.com"), "a change elsewhere leaves it"


def test_a_faulty_old_customer_can_still_be_deactivated(scim: Client) -> None:
    scim.execute(
        "INSERT INTO {p}customer_entity (website_id, email, group_id, store_id) VALUES (1, 'x@example.com', 1, 1)"
    )
    (listed,) = scim.get("/Users").get_json()["Resources"]
    answer = scim.patch(listed["id"], {"op": "replace", "path": "active", "value": False})
    assert answer.status_code == 200, answer.text
    assert scim.customer(listed["id"])["is_active"] == 0


@pytest.mark.requirement(21, 39)
def test_a_password_is_stored_as_magento_stores_it(scim: Client) -> None:
    from app.magento import passwords

    resource = scim.create(password="Sup3r-Secret!")
    assert "password" not in resource
    stored = scim.customer(resource["id"])["password_hash"]
    assert passwords.verify(stored, "Sup3r-Secret!")
    assert all("Sup3r-Secret!" not in str(row) for row in scim.rows("scim_link"))
    scim.patch(resource["id"], {"op": "replace", "path": "password", "value": "An0ther-Secret!"})
    row = scim.customer(resource["id"])
    assert passwords.verify(row["password_hash"], "An0ther-Secret!")
    assert row["session_cutoff"], "a new password ends open sessions"


def _same(user: dict[str, Any], other: dict[str, Any]) -> bool:
    return {**user, "meta": None} == {**other, "meta": None}


@pytest.mark.requirement(67)
def test_attributes_and_excluded_attributes(scim: Client) -> None:
    resource = scim.create(title="Analyst")
    path = f"/Users/{resource['id']}"
    assert set(scim.get(path, attributes="userName").get_json()) == {"schemas", "id", "userName"}
    assert "title" not in scim.get(path, excludedAttributes="title,name").get_json()
    assert _same(scim.get(path).get_json(), resource)
