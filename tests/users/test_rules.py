"""Each word of a rule at work: what stands in the shop, and what is read back (docs/mapping.md)."""

from typing import Any

import pytest

from tests.users.conftest import ENTERPRISE, USER, Client, Make

SHOP = "urn:example:magento:Customer"
BASE = f"""
version: 1
prefixes: {{shop: "{SHOP}", ent: "{ENTERPRISE}"}}
tables: {{country: {{"de*": Germany, "*": Elsewhere}}}}
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
"""
GOOD = {"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Lovelace"}}


def value(scim: Client, user_id: str, code: str) -> Any:
    """Read an attribute of the shop: a column, or the value row of one of the two custom attributes."""
    tables = {"employee_number": "customer_entity_varchar", "department": "customer_entity_int"}
    if code not in tables:
        return scim.customer(user_id)[code]
    rows = scim.rows(tables[code], entity_id=int(user_id))
    return rows[0]["value"] if rows else None


@pytest.mark.parametrize(
    ("code", "rule", "body", "stored"),
    [
        ("middlename", "name.middleName", {"name": {**GOOD["name"], "middleName": " King "}}, "King"),  # type: ignore[dict-item]
        ("middlename", "{from: name.middleName, trim: false}", {"name": {**GOOD["name"], "middleName": " K"}}, " K"),  # type: ignore[dict-item]
        ("middlename", "[name.middleName, nickName, title]", {"nickName": "", "title": "T"}, "T"),
        ("suffix", "{const: Esq.}", {}, "Esq."),
        ("suffix", "{template: '{title | upper}/{nickName}'}", {"title": "a", "nickName": "b"}, "A/b"),
        ("suffix", "{from: title, default: '{displayName | last_word}'}", {"displayName": "Ada K. L"}, "L"),
        ("suffix", "{from: title, default: none}", {}, "none"),
        ("taxvat", "{from: title, transform: [digits, 'pad_left(6, \"0\")']}", {"title": "E-12"}, "000012"),
        ("taxvat", "{from: locale, lookup: country, direction: in}", {"locale": "de-AT"}, "Germany"),
        ("taxvat", "{from: locale, lookup: {en: English, '*': '{value}'}}", {"locale": "fr"}, "fr"),
        ("suffix", "{const: VIP, when: 'userType eq \"Board\"', otherwise: no}", {"userType": "board"}, "VIP"),
        ("suffix", "{const: VIP, when: 'userType eq \"Board\"', otherwise: no}", {}, "no"),
        ("suffix", "{const: VIP, when: 'userType eq \"Board\"'}", {}, None),
        ("gender", "shop:gender", {SHOP: {"gender": "FEMALE"}}, 2),
        ("gender", "{from: shop:gender, lookup: {f: Female, m: Male, '*': Not Specified}}", {SHOP: {"gender": "F"}}, 2),
        ("gender", "{from: shop:gender, option: {match: label, missing: drop}}", {SHOP: {"gender": "x"}}, None),
        ("gender", "{from: shop:gender, option: id, type: integer}", {SHOP: {"gender": 3}}, 3),
        ("dob", "shop:born", {SHOP: {"born": "1985-12-10"}}, "1985-12-10"),
        ("disable_auto_group_change", "shop:fixed", {SHOP: {"fixed": True}}, 1),
        ("group_id", "{const: 2}", {}, 2),
        ("group_id", "{const: Wholesale}", {}, 2),
        ("store_id", "{from: locale, lookup: {'de*': '1', '*': default}, direction: in}", {"locale": "de-DE"}, 1),
        ("store_id", "{from: locale, lookup: {'de*': '1', '*': default}, direction: in}", {"locale": "fr"}, 1),
        ("website_id", "{const: base}", {}, 1),
        ("employee_number", "ent:employeeNumber", {ENTERPRISE: {"employeeNumber": "7"}}, "7"),
        ("department", "ent:department", {ENTERPRISE: {"department": "finance"}}, 6),
        ("suffix", "{from: title, on_invalid: drop, max_length: 3}", {"title": "long"}, None),
        ("suffix", "{from: title, on_invalid: default, default: '-', max_length: 3}", {"title": "long"}, "-"),
        ("suffix", "{from: title, direction: out}", {"title": "x"}, None),
        ("suffix", "{from: title, direction: 'off'}", {"title": "x"}, None),
    ],
)
def test_what_a_rule_stores(make: Make, code: str, rule: str, body: dict[str, Any], stored: Any) -> None:
    scim = make(f"{BASE}  {code}: {rule}\n")
    answer = scim.send("POST", "/Users", {**GOOD, **body})
    assert answer.status_code == 201, answer.text
    held = value(scim, answer.get_json()["id"], code)
    assert (str(held) if code == "dob" else held) == stored
    read = scim.get(f"/Users/{answer.get_json()['id']}").get_json()
    kept = {name: given for name, given in body.items() if given not in ("", {})}
    if "out" not in rule and "drop" not in rule and "default" not in rule:
        assert kept.items() <= read.items(), "what was sent is read back"


@pytest.mark.parametrize(
    ("rule", "change", "status", "stored"),
    [
        ("title", {"op": "remove", "path": "title"}, 200, None),
        ("title", {"op": "replace", "path": "title", "value": ""}, 200, None),
        ("{from: title, on_null: keep}", {"op": "remove", "path": "title"}, 200, "old"),
        ("{from: title, on_null: error}", {"op": "remove", "path": "title"}, 400, "old"),
        ("{from: title, write: create}", {"op": "replace", "path": "title", "value": "new"}, 200, "old"),
        ("{from: title, write: if_empty}", {"op": "replace", "path": "title", "value": "new"}, 200, "old"),
        ("{from: title, write: always}", {"op": "replace", "path": "title", "value": "new"}, 200, "new"),
        ("{from: title, required: true}", {"op": "remove", "path": "title"}, 400, "old"),
    ],
)
def test_what_a_rule_does_with_a_change(
    make: Make, rule: str, change: dict[str, Any], status: int, stored: Any
) -> None:
    scim = make(f"{BASE}  suffix: {rule}\n")
    user_id = scim.create(title="old")["id"]
    assert scim.patch(user_id, change).status_code == status
    assert value(scim, user_id, "suffix") == stored


@pytest.mark.parametrize(
    ("rule", "body", "stored"),
    [
        ("title", {}, None),
        ("{from: title, on_absent: keep}", {}, "old"),
        ("{from: title, on_absent: keep}", {"title": None}, None),
        ("{from: title, on_absent: keep}", {"title": "new"}, "new"),
    ],
)
def test_what_a_put_does(make: Make, rule: str, body: dict[str, Any], stored: Any) -> None:
    scim = make(f"{BASE}  suffix: {rule}\n")
    user_id = scim.create(title="old")["id"]
    answer = scim.send("PUT", f"/Users/{user_id}", {**GOOD, **body})
    assert answer.status_code == 200
    assert value(scim, user_id, "suffix") == stored
    assert answer.get_json().get("title") == stored


@pytest.mark.parametrize(
    ("code", "rule", "shop", "path", "shown"),
    [
        ("taxvat", "{from: title, out: 'No. {customer.taxvat}', direction: out}", "7", "title", "No. 7"),
        (
            "taxvat",
            "{from: title, transform: 'extract(\"([0-9]+)\")', out: 'CC-{customer.taxvat}'}",
            "12",
            "title",
            "CC-12",
        ),
        ("taxvat", "{from: title, lookup: {en: English, '*': '-'}}", "English", "title", "en"),
        ("taxvat", "{from: title, lookup: {UK: GB, '*': '{value}'}}", "GB", "title", "GB"),
        ("taxvat", "{from: title, lookup: {en: English, '*': '{value}'}}", "fr", "title", "fr"),
        ("gender", "{from: userType}", "2", "userType", "Female"),
        ("taxvat", "[nickName, title]", "x", "nickName", "x"),
        ("taxvat", "{from: title, direction: in}", "x", "title", "sent"),
    ],
)
def test_how_the_shop_s_value_is_read(make: Make, code: str, rule: str, shop: str, path: str, shown: str) -> None:
    scim = make(f"{BASE}  {code}: {rule}\n")
    user_id = scim.create(**({"title": "sent"} if "direction: in}" in rule else {}))["id"]
    scim.execute(f"UPDATE {{p}}customer_entity SET {code} = :v", v=shop)
    assert scim.get(f"/Users/{user_id}").get_json().get(path) == shown


def test_a_label_that_two_options_have_is_refused(make: Make) -> None:
    scim = make(f"{BASE}  gender: shop:gender\n")
    scim.execute("INSERT INTO {p}eav_attribute_option VALUES (90, 20, 9)")
    scim.execute("INSERT INTO {p}eav_attribute_option_value (option_id, store_id, value) VALUES (90, 0, 'female')")
    scim.app.extensions["magento-scim"].shop.refresh()
    answer = scim.send("POST", "/Users", {**GOOD, SHOP: {"gender": "Female"}})
    assert (answer.status_code, "2 options labelled" in answer.get_json()["detail"]) == (400, True)
