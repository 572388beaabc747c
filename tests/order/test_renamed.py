"""Customers whom the shop called otherwise, and their old names: found by test_any_order."""

import pytest

from tests.order.test_any_order import MAPPING
from tests.users.conftest import PATCH, USER, Client, Make

ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def scim(make: Make) -> Client:
    """Whose userName is the shop's e-mail."""
    return make(MAPPING)


def _renamed(scim: Client, user_id: str, email: str) -> None:
    scim.execute("UPDATE {p}customer_entity SET email = :m WHERE entity_id = :e", m=email, e=user_id)


def _registered(scim: Client, email: str) -> str:
    scim.execute(
        "INSERT INTO {p}customer_entity (website_id, store_id, email, firstname, lastname)"
        " VALUES (1, 1, :m, 'Rita', 'New')",
        m=email,
    )
    (row,) = scim.rows("customer_entity", email=email)
    return str(row["entity_id"])


@pytest.mark.parametrize("way", ["POST", "PUT", "PATCH"])
def test_the_old_name_is_free_for_who_has_it_now(scim: Client, way: str) -> None:
    """It was 503 for good: the index had the name still, and said no each time."""
    ada = scim.create(userName=ADA)["id"]
    _renamed(scim, ada, "a2@example.com")
    rita = _registered(scim, ADA)
    body = {"schemas": [USER], "userName": ADA, "name": {"givenName": "Rita", "familyName": "Newer"}}
    change = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "name.familyName", "value": "Newer"}]}
    sent = {"POST": ("/Users", body), "PUT": (f"/Users/{rita}", body), "PATCH": (f"/Users/{rita}", change)}
    answer = scim.send(way, *sent[way])
    assert answer.status_code == (201 if way == "POST" else 200), answer.text
    assert (answer.get_json()["id"], answer.get_json()["userName"]) == (rita, ADA)
    assert scim.get(f"/Users/{ada}").get_json()["userName"] == "a2@example.com"
    assert scim.patch(ada, {"op": "replace", "path": "name.familyName", "value": "Byron"}).status_code == 200
    names = {row["entity_id"]: row["user_name"] for row in scim.rows("scim_link")}
    assert names == {int(ada): "a2@example.com", int(rita): ADA}


def test_two_whose_names_the_shop_exchanged(scim: Client) -> None:
    ada, bob = scim.create(userName=ADA)["id"], scim.create(userName=BOB)["id"]
    for user_id, email in ((ada, "x@example.com"), (bob, ADA), (ada, BOB)):
        _renamed(scim, user_id, email)
    for user_id, name in ((ada, BOB), (bob, ADA)):
        answer = scim.patch(user_id, {"op": "replace", "path": "name.familyName", "value": "Byron"})
        assert (answer.status_code, answer.get_json()["userName"]) == (200, name), answer.text
    for name, user_id in ((ADA, bob), (BOB, ada)):
        found = scim.get("/Users", filter=f'userName eq "{name}"').get_json()["Resources"]
        assert [each["id"] for each in found] == [user_id]


def test_a_name_that_is_taken_is_said_to_be(make: Make) -> None:
    """Where the userName is no e-mail of the shop's, it stays its user's: 409 with the id, not 503."""
    scim = make()
    ada = scim.create(userName=ADA, emails=[{"type": "work", "value": ADA}])["id"]
    _renamed(scim, ada, "a2@example.com")
    rita = _registered(scim, ADA)
    answer = scim.patch(rita, {"op": "replace", "path": "name.familyName", "value": "Newer"})
    assert (answer.status_code, answer.get_json()["scimType"]) == (409, "uniqueness")
    assert f"its id is '{ada}'" in answer.get_json()["detail"]
