"""Where an identity provider's users are put: rules for website, store view and group, tenants' websites (issue 4)."""

from typing import Any

import pytest

from tests.tenants.conftest import RULES, Tenants, Websites
from tests.tenants.test_isolation import GROUP, group, operations, person
from tests.users.conftest import Client, Make

SHOP = "urn:example:magento:Customer"
LOCALES = """  store_id: {from: [locale, preferredLanguage], lookup: locale_to_store, write: create, direction: in}
tables: {locale_to_store: {'de*': de, '*': default}}
"""
TABLE = {"here": 1, "there": "eu"}


def placed(scim: Client, user_id: str) -> tuple[Any, ...]:
    row = scim.customer(user_id)
    return tuple(row[column] for column in ("website_id", "store_id", "group_id", "created_in"))


def store(websites: Websites, code: str, website: int) -> int:
    """Add a store view to a website."""
    (row,) = websites.bench.rows("store_group", website_id=website)
    place = {"website_id": website, "group_id": row["group_id"], "sort_order": 5, "is_active": 1}
    store_id = websites.bench.put("store", code=code, name=f"{code.upper()} view", **place)
    websites.bench.shop.refresh()
    return store_id


def test_a_tenants_customers_are_on_its_website(websites: Websites, tenants: Tenants) -> None:
    websites.bench.setting("customer/create_account/default_group", "2", "stores", websites.there_store)
    websites.bench.setting("customer/create_account/default_group", "3", "websites", websites.there)
    for scim, place in zip(
        tenants("here", "there"),
        [
            (websites.here, websites.here_store, 1, "Default Store View"),
            (websites.there, websites.there_store, 2, "EU view"),
        ],
        strict=True,
    ):
        user = scim.create(userName="ada@example.com")["id"]
        assert placed(scim, user) == place, "the store view's own default group, then the website's"
        assert "groups" not in scim.get(f"/Users/{user}").get_json(), "the default group is none"
        websites.bench.sql("UPDATE {p}customer_entity SET group_id = 3 WHERE entity_id = :i", i=int(user))
        assert scim.get(f"/Users/{user}").get_json()["groups"][0]["display"] == "Retailer"


def test_the_default_group_of_each_store_view(websites: Websites, tenants: Tenants) -> None:
    """Members of a group are those whom something else than their own store view put there."""
    other = store(websites, "de", websites.here)
    websites.bench.setting("customer/create_account/default_group", "2", "stores", other)
    (here,) = tenants("here")
    ids = {}
    for store_id in (websites.here_store, other, None):
        for group_id in (1, 2):
            ids[store_id, group_id] = user = here.create(userName=f"{store_id}-{group_id}@example.com")["id"]
            for table in ("customer_entity", "customer_grid_flat"):
                values = "group_id = :g, store_id = :s" if table == "customer_entity" else "group_id = :g"
                statement = f"UPDATE {{p}}{table} SET {values} WHERE entity_id = :i"
                here.execute(
                    statement, **{"g": group_id, "i": int(user)}, **({"s": store_id} if ":s" in values else {})
                )
    wanted = {"group-1": {ids[other, 1]}, "group-2": {ids[websites.here_store, 2], ids[None, 2]}}
    for group_id, members in wanted.items():
        shown = here.get(f"/Groups/{group_id}").get_json().get("members", [])
        assert {member["value"] for member in shown} == members
        found = here.get("/Users", filter=f'groups.value eq "{group_id}"').get_json()["Resources"]
        assert {one["id"] for one in found} == members
        assert all([g["value"] for g in one["groups"]] == [group_id] for one in found)


@pytest.mark.parametrize(
    ("body", "code", "created_in"),
    [
        ({"locale": "de-AT"}, "de", "DE view"),
        ({"preferredLanguage": "de"}, "de", "DE view"),
        ({"locale": "fr"}, "default", "Default Store View"),
        ({}, "default", "Default Store View"),
    ],
)
def test_the_store_view_by_the_language(
    websites: Websites, make: Make, body: dict[str, Any], code: str, created_in: str
) -> None:
    """The example of mapping.yaml's language: codes of store views as the results of a lookup."""
    german = store(websites, "de", websites.here)
    websites.bench.setting("customer/create_account/default_group", "3", "stores", german)
    scim = make(RULES + LOCALES)
    user = scim.create(userName="ada@example.com", **body)["id"]
    store_id, group_id = (german, 3) if code == "de" else (websites.here_store, 1)
    assert placed(scim, user) == (websites.here, store_id, group_id, created_in)
    other = operations({"op": "replace", "path": "locale", "value": "de" if code == "default" else "fr"})
    assert scim.send("PATCH", f"/Users/{user}", other).status_code == 200
    assert placed(scim, user)[1] == store_id, "write: create"


@pytest.mark.parametrize(
    ("rule", "sent", "group_id", "shown"),
    [
        ("{const: Wholesale}", None, 2, None),
        ("{from: userType}", "retailer", 3, "retailer"),
        ("{from: userType}", "2", 2, "2"),
        ("{from: userType, lookup: {Partner: Wholesale, '*': General}, direction: in}", "partner", 2, "partner"),
        ("{const: Wholesale, when: 'userType eq \"Partner\"', otherwise: Retailer}", "x", 3, "x"),
        ("{from: userType, default: Retailer}", None, 3, None),
        ("{from: userType}", None, 1, "General"),
        ("{from: userType, on_invalid: drop}", "Nobody", 1, "General"),
        ("{from: userType}", "Nobody", None, None),
        ("{from: userType}", "NOT LOGGED IN", None, None),
    ],
)
def test_the_group_by_its_code(
    make: Make, rule: str, sent: str | None, group_id: int | None, shown: str | None
) -> None:
    scim = make(f"{RULES}  group_id: {rule}\n")
    answer = scim.send("POST", "/Users", person("ada@example.com", userType=sent))
    if group_id is None:
        assert (answer.status_code, answer.get_json()["scimType"]) == (400, "invalidValue")
        assert "no customer group" in answer.get_json()["detail"]
        return
    user = answer.get_json()["id"]
    assert placed(scim, user)[2] == group_id
    assert scim.get(f"/Users/{user}").get_json().get("userType") == shown


def test_the_shops_group_and_store_view_are_read_by_their_codes(websites: Websites, make: Make) -> None:
    german = store(websites, "de", websites.here)
    rules = (
        f"prefixes: {{shop: '{SHOP}'}}\n{RULES}  group_id: userType\n  store_id: shop:view\n  website_id: shop:site\n"
    )
    scim = make(rules)
    given = {SHOP: {"view": "DEFAULT", "site": "1"}}
    user = scim.create(userName="ada@example.com", userType="general", **given)
    assert (user["userType"], user[SHOP]) == ("general", given[SHOP]), "as sent: it is what the shop holds"
    scim.execute("UPDATE {p}customer_entity SET group_id = 2, store_id = :s", s=german)
    shown = scim.get(f"/Users/{user['id']}").get_json()
    assert (shown["userType"], shown[SHOP]) == ("Wholesale", {"view": "de", "site": "1"})
    for filter_ in ('userType eq "wholesale"', f'{SHOP}:view eq "de"', f'{SHOP}:site eq "1"'):
        assert scim.get("/Users", filter=filter_).get_json()["totalResults"] == 1
    schema = scim.get(f"/Schemas/{SHOP}").get_json()
    assert {one["name"]: one["type"] for one in schema["attributes"]} == {"view": "string", "site": "string"}


@pytest.mark.parametrize("shared", [False, True])
def test_a_rule_for_the_website(websites: Websites, make: Make, shared: bool) -> None:
    """One tenant that spans the websites: each user's own is in what the identity provider sends."""
    if shared:
        websites.share()
    scim = make(
        f"{RULES}  website_id: {{from: userType, lookup: {{Europe: eu, '*': base}}, write: create, direction: in}}\n"
    )
    free = websites.bench.create(email="free@example.com", website_id=websites.there)
    ids = [
        scim.create(userName=name, userType=kind)["id"]
        for name, kind in (("a@example.com", "Europe"), ("b@example.com", "America"), ("free@example.com", "Europe"))
    ]
    assert ids[2] == str(free), "the one on the website that the rule names is taken over"
    assert [scim.customer(i)["website_id"] for i in ids] == [websites.there, websites.here, websites.there]
    assert scim.customer(ids[0])["store_id"] == websites.there_store
    assert {one["id"] for one in scim.get("/Users").get_json()["Resources"]} == set(ids)
    again = scim.send("POST", "/Users", person("x", userType="America", emails=[{"value": "a@example.com"}]))
    assert again.status_code == 400, "RULES take the e-mail from userName"
    members = group(scim, "Mine", *ids)
    assert (members.status_code, len(members.get_json()["members"])) == (201, 3)


def test_the_same_email_on_two_websites_of_one_tenant(websites: Websites, make: Make) -> None:
    rules = """version: 1
match: {by: [externalId, emails.value]}
customer:
  email: emails.value
  firstname: name.givenName
  lastname: name.familyName
  website_id: {from: userType, lookup: {Europe: eu, '*': base}}
"""
    scim = make(rules.replace("'*': base}}", "'*': base}, direction: in}"))
    both = [
        scim.send("POST", "/Users", person(name, userType=kind, emails=[{"value": "ada@example.com"}]))
        for name, kind in (("one", "Europe"), ("two", "America"), ("three", "Europe"), ("four", "America"))
    ]
    assert [answer.status_code for answer in both] == [201, 201, 409, 409]
    one, two = (answer.get_json()["id"] for answer in both[:2])
    assert [one in both[2].get_json()["detail"], two in both[3].get_json()["detail"]] == [True, True]
    move = operations({"op": "replace", "path": "userType", "value": "Europe"})
    answer = scim.send("PATCH", f"/Users/{two}", move)
    assert (answer.status_code, one in answer.get_json()["detail"]) == (409, True), "its e-mail is taken there"
    assert scim.customer(two)["website_id"] == websites.here


def test_required_attributes_are_the_tenants_websites(websites: Websites, tenants: Tenants) -> None:
    """An attribute that only one website requires (facts 2.3) is asked for there only."""
    (attribute,) = websites.bench.rows("eav_attribute", attribute_code="taxvat", entity_type_id=1)
    key = {"attribute_id": attribute["attribute_id"], "website_id": websites.there}
    websites.bench.sql("REPLACE INTO {p}customer_eav_attribute_website SET attribute_id=:attribute_id,"
                       " website_id=:website_id, is_visible=1, is_required=1", **key)  # fmt: skip
    mapping = RULES + "  taxvat: title\ntenants: {here: {}, there: {website: eu}}\n"
    here, there = tenants("here", "there", mapping=mapping)
    without, given = person("ada@example.com"), person("ada@example.com", title="DE1")
    assert [scim.send("POST", "/Users", without).status_code for scim in (here, there)] == [201, 400]
    assert there.send("POST", "/Users", given).status_code == 201


def test_a_group_of_nobody_is_the_first_tenants_that_writes_to_it(websites: Websites, tenants: Tenants) -> None:
    """Customer groups are the whole shop's: one tenant manages it, the others use it by a rule (docs/mapping.md)."""
    mapping = (
        RULES
        + "  group_id: {const: Wholesale, when: 'userType eq \"Partner\"'}\ntenants: {here: {}, there: {website: eu}}\n"
    )
    here, there = tenants("here", "there", mapping=mapping)
    seen = [[one["displayName"] for one in scim.get("/Groups").get_json()["Resources"]] for scim in (here, there)]
    assert seen[0] == seen[1] == ["General", "Wholesale", "Retailer"]
    user = here.create(userName="ada@example.com")["id"]
    body = {"schemas": [GROUP], "displayName": "Wholesale", "members": [{"value": user}]}
    assert here.send("POST", "/Groups", body).status_code == 201
    assert [one["displayName"] for one in there.get("/Groups").get_json()["Resources"]] == ["General", "Retailer"]
    partner = there.create(userName="grace@example.com", userType="Partner")
    assert there.customer(partner["id"])["group_id"] == here.customer(user)["group_id"] == 2
    assert "groups" not in partner
    assert here.send("DELETE", "/Groups/group-2").status_code == 403, "grace would lose it"
    assert websites.there == there.customer(partner["id"])["website_id"]
