"""Groups by rules, for identity providers that push none; what follows from memberships; `missing`; `review`; `unique`."""

from typing import Any

import pytest
from click.testing import CliRunner

from app import cli
from app.mapping import group_ids
from tests.users.conftest import USER, Client, Make

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
BASE = """version: 1
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
"""
RULES = """groups:
  rules:
    - {idp: 'shop-wholesale-*', magento: Wholesale}
    - {when: 'userType eq "Employee"', magento: Retailer}
"""
GENERAL, WHOLESALE, RETAILER = 1, 2, 3


def _group(scim: Client, user: dict[str, Any]) -> Any:
    return scim.customer(user["id"])["group_id"]


def _push(scim: Client, name: str, *members: str) -> str:
    body = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members]}
    answer = scim.send("POST", "/Groups", body)
    assert answer.status_code == 201, answer.text
    return answer.get_json()["id"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("body", "more", "group"),
    [
        ({}, "", GENERAL),
        ({"userType": "Employee"}, "", RETAILER),
        ({"groups": [{"display": "Shop-Wholesale-EU"}]}, "", WHOLESALE),
        ({"groups": ["x", "shop-wholesale-"], "userType": "Employee"}, "", WHOLESALE),
        ({"groups": [{"value": "shop-wholesale-1"}]}, "", WHOLESALE),
        ({"groups": [{"display": "not-shop-wholesale-1"}]}, "", GENERAL),
        ({}, "  otherwise: Retailer\n", RETAILER),
        ({}, "  otherwise: default\n", GENERAL),
    ],
)
def test_the_first_rule_that_holds_gives_the_group(make: Make, body: dict[str, Any], more: str, group: int) -> None:
    scim = make(BASE + RULES + more)
    user = scim.create(**body)
    assert _group(scim, user) == group


def test_a_rule_follows_what_the_identity_provider_changes_and_nothing_else(make: Make) -> None:
    scim = make(BASE + RULES)
    user = scim.create(userType="Employee")
    scim.patch(user["id"], {"op": "replace", "path": "userType", "value": "Guest"})
    assert _group(scim, user) == GENERAL
    scim.execute("UPDATE {p}customer_entity SET group_id = 3")
    scim.patch(user["id"], {"op": "replace", "path": "title", "value": "x"})
    assert _group(scim, user) == RETAILER, "what was set by hand stays"
    scim.patch(user["id"], {"op": "add", "path": "groups", "value": [{"display": "shop-wholesale-eu"}]})
    assert _group(scim, user) == WHOLESALE
    scim.send("PUT", f"/Users/{user['id']}", {"schemas": [USER], "userName": "a@example.com", "name": user["name"]})
    assert _group(scim, user) == WHOLESALE, "a PUT that says nothing of groups leaves them"
    assert "shop-wholesale-eu" not in scim.get(f"/Users/{user['id']}").text, "names are for the rules"
    scim.patch(user["id"], {"op": "remove", "path": 'groups[display eq "shop-wholesale-eu"]'})
    assert _group(scim, user) == GENERAL


def test_a_membership_comes_before_the_rules_and_they_hold_again_after_it(make: Make) -> None:
    scim = make(BASE + RULES)
    user = scim.create(userType="Employee")
    group = _push(scim, "Gold", user["id"])
    assert _group(scim, user) == group_ids.number(group)
    scim.send("DELETE", f"/Groups/{group}")
    assert _group(scim, user) == RETAILER


def test_who_is_taken_over_is_moved_by_a_rule_but_not_by_otherwise(make: Make) -> None:
    scim = make(BASE + RULES + "  otherwise: Retailer\n")
    for name, body, group in (("a", {}, GENERAL), ("b", {"groups": ["shop-wholesale-x"]}, WHOLESALE)):
        scim.execute(
            "INSERT INTO {p}customer_entity (website_id, store_id, group_id, email) VALUES (1, 1, 1, :e)",
            e=f"{name}@example.com",
        )
        assert _group(scim, scim.create(userName=f"{name}@example.com", **body)) == group


def test_a_rule_may_ask_for_the_groups_that_are_pushed(make: Make) -> None:
    scim = make(BASE + "  suffix: {const: VIP, when: 'groups.display eq \"VIP\"', otherwise: '-', direction: in}\n")
    user = scim.create()
    assert scim.customer(user["id"])["suffix"] == "-"
    group = _push(scim, "VIP", user["id"])
    assert scim.customer(user["id"])["suffix"] == "VIP"
    scim.patch(user["id"], {"op": "replace", "path": "title", "value": "x"})
    assert scim.customer(user["id"])["suffix"] == "VIP"
    scim.send("DELETE", f"/Groups/{group}")
    assert scim.customer(user["id"])["suffix"] == "-"


@pytest.mark.parametrize(("missing", "status"), [("create", 201), ("error", 400)])
def test_a_pushed_group_that_the_shop_does_not_have(make: Make, missing: str, status: int) -> None:
    scim = make(f"{BASE}groups: {{missing: {missing}}}\n")
    answer = scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Platinum"})
    assert answer.status_code == status
    assert status == 201 or "no customer group 'Platinum'" in answer.get_json()["detail"]
    assert scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Wholesale"}).status_code == 201


def test_review_waits_for_a_person(
    make: Make, shop_url: str, table_prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    scim = make(BASE + "match: {existing: review}\n")
    scim.execute(
        "INSERT INTO {p}customer_entity (website_id, store_id, email, lastname) VALUES (1, 1, 'a@example.com', 'Old')"
    )
    (row,) = scim.rows("customer_entity", email="a@example.com")
    body = {"schemas": [USER], "userName": "a@example.com", "name": {"givenName": "A", "familyName": "New"}}
    user_id = row["entity_id"]
    for method, path in (("POST", "/Users"), ("PUT", f"/Users/{user_id}")):
        refused = scim.send(method, path, body)
        assert (refused.status_code, f"magento-scim adopt {user_id}" in refused.text) == (409, True)
    assert scim.rows("scim_link") == []
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)
    monkeypatch.setenv("SCIM_MAPPING", str(tmp_path / "mapping.yaml"))
    done = CliRunner().invoke(cli.main, ["adopt", "a@example.com"])
    assert (done.exit_code, "next request" in done.output) == (0, True), done.output
    assert "already" in CliRunner().invoke(cli.main, ["adopt", str(user_id)]).output
    assert scim.get(f"/Users/{user_id}").get_json()["name"]["familyName"] == "Old"
    assert scim.send("POST", "/Users", body).status_code == 201
    assert scim.customer(str(user_id))["lastname"] == "New"
    assert scim.send("POST", "/Users", body).status_code == 409


@pytest.mark.parametrize(("existing", "status"), [("adopt", 201), ("reject", 409), ("review", 409)])
def test_what_becomes_of_a_customer_whom_nobody_manages(make: Make, existing: str, status: int) -> None:
    scim = make(f"{BASE}match: {{existing: {existing}}}\n")
    scim.execute("INSERT INTO {p}customer_entity (website_id, store_id, email) VALUES (1, 1, 'a@example.com')")
    body = {"schemas": [USER], "userName": "a@example.com", "name": {"givenName": "A", "familyName": "B"}}
    assert scim.send("POST", "/Users", body).status_code == status
    assert [row["lastname"] for row in scim.rows("customer_entity")] == ["B" if status == 201 else None]


MAIL = "match: {by: ['emails[type eq \"work\"].value', userName]}\n"


@pytest.mark.parametrize(
    ("match", "found"),
    [
        (MAIL, "mail@example.com"),
        ("match: {by: [userName]}\n", "name@example.com"),
        ("match: {by: externalId}\n", None),
    ],
)
def test_the_first_path_that_finds_a_customer_says_who_is_meant(make: Make, match: str, found: str | None) -> None:
    scim = make(BASE.replace("email: userName", "email: nickName") + match)
    for mail in ("mail@example.com", "name@example.com"):
        scim.execute("INSERT INTO {p}customer_entity (website_id, store_id, email) VALUES (1, 1, :m)", m=mail)
    before = {row["entity_id"]: row["email"] for row in scim.rows("customer_entity")}
    mails = [{"type": "work", "value": "mail@example.com"}]
    user = scim.create(
        userName="name@example.com", nickName="new@example.com", emails=mails, externalId="mail@example.com"
    )
    assert before.get(int(user["id"])) == found


def test_a_unique_value_is_given_once(make: Make) -> None:
    scim = make(BASE + "  taxvat: {from: title, unique: true}\n")
    scim.create(title="7")
    answer = scim.send(
        "POST",
        "/Users",
        {"schemas": [USER], "userName": "b@example.com", "title": "7", "name": {"givenName": "B", "familyName": "B"}},
    )
    assert (answer.status_code, answer.get_json()["scimType"]) == (409, "uniqueness")
    assert "taxvat: '7' is another customer's (from title)" in answer.get_json()["detail"]
    assert len(scim.rows("customer_entity")) == 1
