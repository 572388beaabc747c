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
        ("suffix", "{from: title, write: if_empty}", {"title": "x"}, "x"),
        ("suffix", "{from: title, write: create}", {"title": "x"}, "x"),
        (
            "taxvat",
            "{template: '{ent:costCenter}-{shop:area | upper}'}",
            {ENTERPRISE: {"costCenter": "7"}, SHOP: {"area": "eu"}},
            "7-EU",
        ),
        (
            "suffix",
            "{const: S, when: 'ent:department eq \"Sales\" and not (shop:area pr)'}",
            {ENTERPRISE: {"department": "sales"}},
            "S",
        ),
        ("taxvat", "{from: [shop:tax, ent:costCenter]}", {ENTERPRISE: {"costCenter": "7"}}, "7"),
        (
            "taxvat",
            "{from: locale, transform: ['truncate(2)'], lookup: country, direction: in}",
            {"locale": "de_AT"},
            "Germany",
        ),
        ("taxvat", "{from: title, transform: digits, default: none}", {"title": "x"}, "none"),
        ("gender", "{from: shop:gender, default: Female}", {}, 2),
        ("gender", "{from: shop:gender, option: admin_label}", {SHOP: {"gender": "Male"}}, 1),
        (
            "gender",
            "{const: true, when: 'userType pr', option: id, type: integer, on_invalid: drop}",
            {"userType": "x"},
            1,
        ),
        ("taxvat", "{from: title, type: string}", {"title": "007"}, "007"),
        ("taxvat", "{from: title, type: integer}", {"title": "007"}, "7"),
        ("taxvat", "{from: title, type: decimal}", {"title": "1.50"}, "1.50"),
        ("taxvat", "{from: title, type: date}", {"title": "1985-12-10"}, "1985-12-10"),
        ("taxvat", "{from: shop:since, type: date}", {SHOP: {"since": "1985-12-10T23:00:00-05:00"}}, "1985-12-10"),
        (
            "taxvat",
            "{from: shop:at, type: dateTime}",
            {SHOP: {"at": "2026-01-31T12:00:00+02:00"}},
            "2026-01-31T10:00:00Z",
        ),
        ("taxvat", "{from: shop:ok, type: boolean}", {SHOP: {"ok": True}}, "true"),
        ("disable_auto_group_change", "{from: title, type: boolean}", {"title": "yes"}, 1),
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
        ("{from: title, on_null: keep}", {"op": "replace", "path": "title", "value": ""}, 200, "old"),
        ("{from: title, on_null: error}", {"op": "replace", "path": "title", "value": ""}, 400, "old"),
        ("{from: title, on_null: clear}", {"op": "replace", "path": "title", "value": None}, 200, None),
        ("{from: title, max_length: 3}", {"op": "replace", "path": "title", "value": "long"}, 400, "old"),
        (
            "{from: title, max_length: 3, on_invalid: drop}",
            {"op": "replace", "path": "title", "value": "long"},
            200,
            "old",
        ),
        (
            "{from: title, max_length: 3, on_invalid: default, default: '-'}",
            {"op": "replace", "path": "title", "value": "long"},
            200,
            "-",
        ),
        (
            "{from: title, lookup: {old: old, '*': -}, direction: in}",
            {"op": "replace", "path": "title", "value": "x"},
            200,
            "-",
        ),
        ("{from: title, lookup: {old: old}}", {"op": "replace", "path": "title", "value": "x"}, 400, "old"),
        (
            "{from: title, transform: 'extract(\"^[a-z]+$\")', direction: in}",
            {"op": "replace", "path": "title", "value": "1"},
            400,
            "old",
        ),
        ("{from: title, default: none}", {"op": "remove", "path": "title"}, 200, "none"),
        (
            "{from: title, when: 'not (title eq \"new\")', otherwise: was new}",
            {"op": "replace", "path": "title", "value": "new"},
            200,
            "was new",
        ),
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


REMOVED = {"op": "remove", "path": "title"}
CHANGED = {"op": "replace", "path": "title", "value": "n" * 100}  # longer than the shop's suffix may be


@pytest.mark.parametrize(
    ("defaults", "rule", "change", "status", "stored"),
    [
        ("on_null: keep", "title", REMOVED, 200, "old"),
        ("on_null: keep", "{from: title, on_null: clear}", REMOVED, 200, None),
        ("on_null: error", "title", REMOVED, 400, "old"),
        ("write: create", "title", REMOVED, 200, "old"),
        ("write: create", "{from: title, write: always}", REMOVED, 200, None),
        ("direction: out", "{from: title, direction: in}", REMOVED, 200, None),
        ("direction: in", "title", REMOVED, 200, None),
        ("on_invalid: reject", "title", CHANGED, 400, "old"),
        ("on_invalid: drop", "title", CHANGED, 200, "old"),
        ("on_invalid: drop", "{from: title, on_invalid: reject}", CHANGED, 400, "old"),
        ("on_invalid: default", "{from: title, default: '-'}", CHANGED, 200, "-"),
        ("trim: false", "title", {**CHANGED, "value": " x"}, 200, " x"),
        ("on_absent: keep", "title", None, 200, "old"),
        ("on_absent: keep", "{from: title, on_absent: clear}", None, 200, None),
    ],
)
def test_what_the_defaults_say_holds_where_a_rule_says_nothing(
    make: Make, defaults: str, rule: str, change: dict[str, Any] | None, status: int, stored: Any
) -> None:
    """`change` None: a PUT without the attribute."""
    plain = BASE if "direction" not in defaults else BASE.replace("userName", "{from: userName, direction: inout}", 1)
    for path in ("name.givenName", "name.familyName") if plain is not BASE else ():
        plain = plain.replace(path, f"{{from: {path}, direction: inout}}")
    scim = make(f"{plain}  suffix: {rule}\ndefaults: {{{defaults}}}\n")
    user_id = scim.create(title="old")["id"]
    answer = scim.send("PUT", f"/Users/{user_id}", GOOD) if change is None else scim.patch(user_id, change)
    assert answer.status_code == status, answer.text
    assert value(scim, user_id, "suffix") == stored


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
        ("taxvat", "{from: title, direction: 'off'}", "x", "title", None),
        ("taxvat", "{from: title, type: integer}", "007", "title", "7"),
        ("taxvat", "{from: title, type: integer}", "n/a", "title", "n/a"),
        ("taxvat", "{from: title, type: date}", "soon", "title", "soon"),
        ("taxvat", "{from: shop:n, type: integer}", "7", SHOP, {"n": 7}),
        ("taxvat", "{from: shop:n, type: integer}", "n/a", SHOP, None),
        ("taxvat", "{from: shop:n, type: decimal}", "n/a", SHOP, None),
        ("taxvat", "{from: shop:n, type: dateTime}", "soon", SHOP, None),
        ("taxvat", "{from: shop:n, type: boolean}", "true", SHOP, {"n": True}),
        ("taxvat", "{from: shop:n, type: boolean}", "perhaps", SHOP, None),
        ("taxvat", "{from: title, direction: out}", "x", "title", "x"),
        ("taxvat", "{from: title, transform: [upper, 'pad_left(3, \"0\")']}", "07", "title", "07"),
        ("taxvat", "{from: ['emails[type eq \"tax\"].value', title]}", "x", "emails", [{"type": "tax", "value": "x"}]),
        ("taxvat", "{from: title, out: '{customer.firstname | upper} {customer.taxvat}'}", "7", "title", "ADA 7"),
    ],
)
def test_how_the_shop_s_value_is_read(make: Make, code: str, rule: str, shop: str, path: str, shown: str) -> None:
    scim = make(f"{BASE}  {code}: {rule}\n")
    user_id = scim.create(**({"title": "sent"} if "direction: in}" in rule else {}))["id"]
    scim.execute(f"UPDATE {{p}}customer_entity SET {code} = :v", v=shop)
    answer = scim.get(f"/Users/{user_id}")
    assert (answer.status_code, answer.get_json().get(path)) == (200, shown)


def test_a_label_that_two_options_have_is_refused(make: Make) -> None:
    scim = make(f"{BASE}  gender: shop:gender\n")
    scim.execute("INSERT INTO {p}eav_attribute_option VALUES (90, 20, 9)")
    scim.execute("INSERT INTO {p}eav_attribute_option_value (option_id, store_id, value) VALUES (90, 0, 'female')")
    scim.app.extensions["magento-scim"].shop.refresh()
    answer = scim.send("POST", "/Users", {**GOOD, SHOP: {"gender": "Female"}})
    assert (answer.status_code, "2 options labelled" in answer.get_json()["detail"]) == (400, True)
