"""`newsletter` as a key of mapping.yaml: subscribed and not, and how it is read back (facts 11)."""

from typing import Any

import pytest

from tests.users import test_journal
from tests.users.conftest import USER, Client, Make

SHOP = "urn:example:magento:Customer"
BASE = f"""
version: 1
prefixes: {{shop: "{SHOP}"}}
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
"""
GOOD = {"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Lovelace"}}


@pytest.fixture
def scim(make: Make) -> Client:
    return make(BASE + "  newsletter: shop:newsletter\n")


def create(scim: Client, **shop: Any) -> str:
    answer = scim.send("POST", "/Users", {**GOOD, SHOP: shop})
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def read(scim: Client, user_id: str) -> Any:
    return scim.get(f"/Users/{user_id}").get_json().get(SHOP, {}).get("newsletter")


def status(scim: Client) -> int | None:
    rows = scim.rows("newsletter_subscriber")
    return rows[0]["subscriber_status"] if rows else None


def test_it_is_a_boolean_of_the_schema(scim: Client) -> None:
    schema = scim.get(f"/Schemas/{SHOP}").get_json()
    (attribute,) = schema["attributes"]
    assert (attribute["name"], attribute["type"], attribute["multiValued"]) == ("newsletter", "boolean", False)


def test_subscribed_unsubscribed_and_again(scim: Client) -> None:
    user_id = create(scim, newsletter=True)
    assert (status(scim), read(scim, user_id)) == (1, True)
    for wanted, number in ((False, 3), (False, 3), (True, 1)):
        answer = scim.patch(user_id, {"op": "replace", "path": f"{SHOP}:newsletter", "value": wanted})
        assert answer.status_code == 200, answer.text
        assert (status(scim), read(scim, user_id)) == (number, wanted)
    assert scim.patch(user_id, {"op": "remove", "path": f"{SHOP}:newsletter"}).status_code == 200
    assert status(scim) == 3, "on_null: clear"


@pytest.mark.parametrize(("number", "shown"), [(None, False), (1, True), (2, False), (3, False), (4, False)])
def test_how_a_shop_s_customer_is_read(scim: Client, number: int | None, shown: bool) -> None:
    user_id = create(scim)
    scim.execute("DELETE FROM {p}scim_link")
    if number:
        scim.execute(
            "INSERT INTO {p}newsletter_subscriber (store_id, customer_id, subscriber_email, subscriber_status)"
            " VALUES (1, :i, 'ada@example.com', :s)",
            i=int(user_id),
            s=number,
        )
    assert read(scim, user_id) is shown
    found = scim.get("/Users", filter=f"{SHOP}:newsletter eq true").get_json()["totalResults"]
    assert found == int(shown)


# What the identity provider said, the status in the shop -> what is read.
SAID = [
    (True, 1, True),
    (True, 2, True),  # waits for its reader's confirmation, as the shop's own form would: no drift
    (True, 3, False),  # unsubscribed in the shop: the shop has the last word
    (False, 1, True),
    (False, 2, False),
    (False, 3, False),
    (None, 1, True),
    (None, 3, None),
]


@pytest.mark.parametrize(("said", "number", "shown"), SAID)
def test_the_shop_has_the_last_word(scim: Client, said: bool | None, number: int, shown: bool | None) -> None:
    user_id = create(scim, **({} if said is None else {"newsletter": said}))
    scim.execute("DELETE FROM {p}newsletter_subscriber")
    scim.execute(
        "INSERT INTO {p}newsletter_subscriber (store_id, customer_id, subscriber_email, subscriber_status)"
        " VALUES (1, :i, 'ada@example.com', :s)",
        i=int(user_id),
        s=number,
    )
    assert read(scim, user_id) is shown


def test_what_nobody_speaks_of_stays(scim: Client) -> None:
    """Another attribute changed, and a PUT where the rule keeps what is absent."""
    user_id = create(scim, newsletter=True)
    scim.patch(user_id, {"op": "replace", "path": "title", "value": "Countess"})
    assert status(scim) == 1
    assert scim.send("PUT", f"/Users/{user_id}", GOOD).status_code == 200
    assert status(scim) == 3, "on_absent: clear"


def test_kept_where_a_put_says_nothing(make: Make) -> None:
    scim = make(BASE + "  newsletter: {from: shop:newsletter, on_absent: keep}\n")
    user_id = create(scim, newsletter=True)
    scim.send("PUT", f"/Users/{user_id}", GOOD)
    assert (status(scim), read(scim, user_id)) == (1, True)


def test_by_a_condition(make: Make) -> None:
    rule = "{const: true, when: 'userType eq \"Employee\"', otherwise: false, direction: in}"
    scim = make(f"{BASE}  newsletter: {rule}\n")
    user_id = scim.create(userType="Employee")["id"]
    assert status(scim) == 1
    scim.patch(user_id, {"op": "replace", "path": "userType", "value": "Alumnus"})
    assert status(scim) == 3


def test_the_email_follows(scim: Client) -> None:
    user_id = create(scim, newsletter=True)
    scim.patch(user_id, {"op": "replace", "path": "userName", "value": "ada@example.org"})
    (row,) = scim.rows("newsletter_subscriber")
    assert (row["subscriber_email"], row["subscriber_status"]) == ("ada@example.org", 1)


def test_nothing_differs_nothing_is_written(scim: Client) -> None:
    user_id = create(scim, newsletter=True)
    scim.execute("UPDATE {p}customer_entity SET updated_at = '2020-01-01'")
    before = (scim.rows("newsletter_subscriber"), scim.rows("customer_entity"))
    scim.patch(user_id, {"op": "replace", "path": f"{SHOP}:newsletter", "value": True})
    assert (scim.rows("newsletter_subscriber"), scim.rows("customer_entity")) == before


@pytest.mark.parametrize("policy", ["remove", "anonymize", "deactivate"])
def test_what_becomes_of_it_when_its_reader_goes(make: Make, policy: str) -> None:
    """Magento's plugin deletes it with the customer; who is only deactivated keeps it (facts 6.1)."""
    scim = make(BASE + f"  newsletter: shop:newsletter\nlifecycle: {{delete: {policy}}}\n")
    user_id = create(scim, newsletter=True)
    assert scim.send("DELETE", f"/Users/{user_id}").status_code == 204
    assert status(scim) == (1 if policy == "deactivate" else None)


def test_a_subscription_is_taken_back(scim: Client) -> None:
    user_id = create(scim, newsletter=True)
    scim.patch(user_id, {"op": "replace", "path": f"{SHOP}:newsletter", "value": False})
    newest = test_journal.entries(scim)[0].entry_id
    test_journal.take_back(scim, entry_id=newest)
    assert status(scim) == 1
