"""What is not the same in every release: names, and how e-mails compare whatever their column is (facts 0, 2.1, 10)."""

import pytest

from tests.conftest import Release
from tests.users.conftest import USER, Client

NAMES = [
    ("O\u2019Brien", {"2.4.6", "2.4.7", "2.4.8"}),
    ("A&B", {"2.4.7", "2.4.8"}),
    ("J@ne", set()),
    ("!!!", {"2.4.4", "2.4.6", "2.4.7", "2.4.8"}),
]


@pytest.mark.parametrize(("name", "releases"), NAMES)
def test_a_name_that_some_take(scim: Client, release: Release, name: str, releases: set[str]) -> None:
    body = {"schemas": [USER], "userName": "a@example.com", "name": {"givenName": name, "familyName": "B"}}
    answer = scim.send("POST", "/Users", body)
    assert answer.status_code == (201 if release.name in releases else 400), answer.text
    if answer.status_code == 400:
        assert "this shop's Magento would refuse" in answer.get_json()["detail"]


def test_the_tables_are_as_they_should_be(scim: Client, release: Release) -> None:
    created = scim.rows("customer_entity")
    assert created == []
    with scim.engine.connect() as connection:
        found = connection.exec_driver_sql(f"SHOW FULL COLUMNS FROM `{scim.prefix}customer_entity` LIKE 'email'").all()
    assert (scim.prefix, found[0][2]) == (release.prefix, f"{release.emails}_general_ci")


def test_an_email_is_the_same_by_the_columns_collation(scim: Client) -> None:
    """Without case and accents, in three bytes as in four: one customer, one answer."""
    first = scim.create(userName="jos\u00e9@example.com")
    for email in ("JOS\u00c9@example.com", "jose@example.com", "Jos\u00e9@Example.com"):
        body = {"schemas": [USER], "userName": "x", "name": first["name"], "emails": [{"value": email}]}
        answer = scim.send("POST", "/Users", body)
        assert answer.status_code == 409, answer.text
    found = scim.get("/Users", filter='userName eq "JOS\u00c9@example.com"').get_json()["Resources"]
    assert [user["id"] for user in found] == [first["id"]]


def test_what_lies_above_three_bytes_is_refused(scim: Client) -> None:
    body = {"schemas": [USER], "userName": "a@example.com", "name": {"givenName": "A\U0001f600", "familyName": "B"}}
    answer = scim.send("POST", "/Users", body)
    assert (answer.status_code, "U+1F600" in answer.get_json()["detail"]) == (400, True)
    assert scim.rows("customer_entity") == []
    assert scim.get("/Users", filter='emails.value eq "\U0001f600@example.com"').get_json()["totalResults"] == 0
