"""mapping.yaml as operations people write it: what is understood, and what each mistake is told, with its place."""

from collections.abc import Iterator
from copy import copy
from dataclasses import replace

import pytest

from app.magento import database as shop_database
from app.magento import shop as shops
from app.mapping import reader, rules

LEAST = """version: 1
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
"""
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SHOP = "urn:example:magento:2.0:Customer"


@pytest.fixture(scope="module")
def shop(shop_url: str, table_prefix: str) -> Iterator[shops.Shop]:
    engine = shop_database.engine(shop_url)
    yield shops.open(engine, table_prefix)
    engine.dispose()


def _read(shop: shops.Shop, text: str) -> rules.Ruleset:
    return reader.read(text, "mapping.yaml", shop).tenants["default"].ruleset


def _problems(shop: shops.Shop, text: str) -> list[str]:
    with pytest.raises(reader.MappingError) as caught:
        _read(shop, text)
    return [str(problem) for problem in caught.value.problems]


def test_the_least_mapping(shop: shops.Shop) -> None:
    ruleset = _read(shop, LEAST)
    assert [(rule.target, str(rule.sources[0])) for rule in ruleset.rules] == [
        ("email", "userName"),
        ("firstname", "name.givenName"),
        ("lastname", "name.familyName"),
    ]
    assert [str(path) for path in ruleset.match.by] == ["externalId", "userName", 'emails[type eq "work"].value']


def test_defaults_hold_for_every_rule_that_does_not_say_otherwise(shop: shops.Shop) -> None:
    ruleset = _read(
        shop,
        LEAST + "  middlename: {from: name.middleName, on_absent: clear}\ndefaults: {on_absent: keep, trim: false}\n",
    )
    assert {rule.target: (rule.on_absent, rule.trim) for rule in ruleset.rules}["email"] == ("keep", False)
    assert ruleset.rule("middlename").on_absent == "clear"  # type: ignore[union-attr]


def test_a_prefix_makes_an_extension_schema_typed_by_the_shop(shop: shops.Shop) -> None:
    text = LEAST + (
        f"  taxvat: shop:taxNumber\n  gender: {{from: shop:gender}}\n  disable_auto_group_change: shop:fixedGroup\n"
        f"prefixes: {{shop: '{SHOP}', ent: '{ENT}'}}\n"
    )
    ruleset = _read(shop, text)
    (schema,) = [e.schema for e in ruleset.published.extensions if e.schema.urn == SHOP]
    assert {a.name: a.type for a in schema.attributes} == {
        "taxNumber": "string",
        "gender": "string",
        "fixedGroup": "boolean",
    }
    assert set(schema.find("gender").canonical) == {"Male", "Female", "Not Specified"}  # type: ignore[union-attr]


def test_what_the_shop_requires_is_published_as_required(shop: shops.Shop) -> None:
    def required(ruleset: rules.Ruleset) -> set[str]:
        name = ruleset.published.schema.find("name")
        assert name is not None
        found = {a.name for a in ruleset.published.schema.attributes if a.required}
        return found | {f"name.{sub.name}" for sub in name.sub if sub.required}

    assert required(_read(shop, LEAST)) == {"userName", "active", "name", "name.givenName", "name.familyName"}
    by_mail = LEAST.replace("email: userName", "email: [emails.value, userName]")
    assert "emails" in required(_read(shop, by_mail)), "a userName need not be an e-mail"
    fixed = LEAST.replace("lastname: name.familyName", "lastname: {from: name.familyName, default: '-'}")
    assert "name.familyName" not in required(_read(shop, fixed))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["1:1: the file is empty"]),
        ("version: 2\n" + LEAST[11:], ["1:10: the file starts with `version: 1`"]),
        (LEAST + "custmer: {}\n", ["6:1: mapping.yaml has no word 'custmer'; did you mean 'customer'?"]),
        (
            LEAST + "  fristname: name.givenName\n",
            ["6:3: the shop's customers have no attribute 'fristname'; did you mean 'firstname'?"],
        ),
        (
            LEAST + "  middlename: name.midleName\n",
            ["6:15: no such path 'name.midleName': *; did you mean 'name.middleName'?"],
        ),
        (
            LEAST + "  middlename: {form: name.middleName}\n",
            [
                "6:3: middlename gets no value: give `from`, `const` or `template`",
                "6:16: the rule for middlename has no word 'form'; did you mean 'from'?",
            ],
        ),
        (
            LEAST + "  middlename: {from: name.middleName, write: allways}\n",
            ["6:46: write is one of always, create, if_empty, not 'allways'; did you mean 'always'?"],
        ),
        (
            LEAST + "  middlename: {from: name.middleName, trim: yes}\n",
            ["6:45: trim is true or false, not 'yes'"],
        ),
        (
            LEAST + "  middlename: {from: name.middleName, transform: [lower, uper]}\n",
            ["6:58: unknown function 'uper'; did you mean 'upper'?"],
        ),
        (
            LEAST + '  middlename: {from: name.middleName, transform: extract("x")}\n',
            ["6:3: middlename: extract(\"x\") cannot be turned back: add `out` or `direction: in`"],
        ),
        (
            LEAST + "  middlename: {from: name.middleName, lookup: {a: X, b*: Y}}\n",
            ["6:3: middlename: the lookup's 'Y' cannot be turned back: add `out` or `direction: in`"],
        ),
        (LEAST + "  middlename: {from: name.middleName, lookup: names}\n", ["6:47: there is no table 'names' under `tables`"]),
        (LEAST + "  middlename: {from: name.middleName, option: label}\n", ["6:3: middlename is no select: it has no options to look up"]),
        (LEAST + "  gender: {const: Femal}\n", ["6:19: gender has no option 'Femal'; did you mean 'Female'?"]),
        (LEAST + "  middlename: {from: name.middleName, when: 'active is true'}\n", ["6:45: `when` is a SCIM filter: *"]),
        (LEAST + "  middlename: {template: '{name.midle}'}\n", ["6:26: no such path 'name.midle': *; did you mean 'name.middleName'?"]),
        (LEAST + "  middlename: {from: name.middleName, out: '{customer.midlename}'}\n",
         ["6:44: the shop's customers have no attribute 'midlename'; did you mean 'middlename'?"]),
        (LEAST + "  lock_expires: title\n", ["6:3: lock_expires cannot be written: *"]),
        (LEAST + "  email: userName\n", ["6:3: the key 'email' stands here a second time (first in line 3)"]),
        (LEAST + "prefixes: {x: http://y}\n", ["6:15: the prefix x must stand for a URN, not 'http://y'"]),
        (LEAST + "match: {by: [userNam], existing: steal}\n",
         ["6:14: no such path 'userNam': *; did you mean 'userName'?", "6:34: match.existing is one of adopt, reject, review, not 'steal'"]),
        (LEAST + "groups: {prioritee: [x]}\n", ["6:10: groups has no word 'prioritee'; did you mean 'priority'?"]),
        (LEAST + "groups: {missing: drop}\n", ["6:19: groups.missing is one of create, error, not 'drop'"]),
        (LEAST + "groups: {otherwise: Wholsale}\n", ["6:21: this shop has no customer group 'Wholsale'; did you mean 'Wholesale'?"]),
        (LEAST + "groups: {missing: error, priority: [Gold]}\n", ["6:37: this shop has no customer group 'Gold'"]),
        (LEAST + "groups: {rules: x}\n", ["6:17: groups.rules must be a list, first match wins, not 'x'"]),
        (LEAST + "groups: {rules: [x]}\n", ["6:18: a rule for groups must be a mapping of words to values, not 'x'"]),
        (LEAST + "groups: {rules: [{idp: x}]}\n", ["6:18: a rule for groups needs `magento`, and `idp` or `when`"]),
        (LEAST + "groups: {rules: [{idp: x, magento: Retailr}]}\n", ["6:36: this shop has no customer group 'Retailr'; did you mean 'Retailer'?"]),
        (LEAST + "groups: {rules: [{when: 'x is y', magento: Retailer}]}\n", ["6:25: `when` is a SCIM filter: *"]),
        (LEAST + "groups: {rules: [{wen: x, idp: x, magento: Retailer}]}\n", ["6:19: a rule for groups has no word 'wen'; did you mean 'when'?"]),
        (LEAST + "  group_id: {const: Wholesale}\ngroups: {otherwise: Retailer}\n",
         ["7:10: line 6 gives customers their group already: two rules for group_id"]),
        (LEAST + "  group_id: {const: Wholsale}\n", ["6:21: this shop has no customer group 'Wholsale' that a customer may have; did you mean 'Wholesale'?"]),
        (LEAST + "  store_id: {const: defalt}\n", ["6:21: this shop has no store view 'defalt' that a customer may have; did you mean 'default'?"]),
        (LEAST + "  website_id: {from: locale, lookup: {'*': bse}, direction: in}\n",
         ["6:38: this shop has no website 'bse' that a customer may have; did you mean 'base'?"]),
        (LEAST + "  taxvat: {from: title, unique: 1}\n", ["6:33: unique is true or false, not '1'"]),
        (LEAST + "  taxvat: {from: title, max_length: many}\n", ["6:37: max_length is a whole number from 1, not 'many'"]),
        (LEAST + "defaults: {wirte: create}\n", ["6:12: defaults has no word 'wirte'; did you mean 'write'?"]),
        (LEAST + "defaults: {write: never}\n", ["6:19: defaults.write is one of always, create, if_empty, not 'never'"]),
        (LEAST + "tables: {x: y}\n", ["6:13: the table x must be a mapping, not 'y'"]),
        (LEAST + "match: {scope: shop}\n", ["6:16: match.scope is one of auto, website, global, not 'shop'"]),
        (LEAST + "consequences: {order: false, orders: no}\n",
         ["6:16: consequences has no word 'order'; did you mean 'orders'?", "6:38: consequences.orders is true or false, not 'no'"]),
        (LEAST + "  gender: {from: title, option: {missing: make}}\n",
         ["6:43: option.missing is one of reject, drop, create, not 'make'"]),
        (LEAST + "  newsleter: title\n", ["6:3: the shop's customers have no attribute 'newsleter'; did you mean 'newsletter'?"]),
        (LEAST + "password: keep\n", ["6:11: password is one of accept, ignore, not 'keep'"]),
        ("version: 1\ncustomer: [a]\n", ["2:11: customer must be a mapping of words to values, not a list", "*", "*", "*"]),
        (LEAST.replace("  lastname: name.familyName\n", ""), ["3:3: the shop requires lastname (Last Name), and no rule writes it"]),
    ],
)  # fmt: skip
def test_mistakes(shop: shops.Shop, text: str, problems: list[str]) -> None:
    found = _problems(shop, text)
    assert len(found) == len(problems), found
    for message, wanted in zip(found, problems, strict=True):
        head, star, tail = wanted.partition("*")
        assert message.startswith(head), message
        assert star or message == wanted, message
        assert not tail or message.endswith(tail), message


def test_all_mistakes_at_once_in_the_file_s_order(shop: shops.Shop) -> None:
    found = _problems(
        shop, "version: 3\ncustomer:\n  emial: userName\n  firstname: nme.givenName\n  lastname: {from: x}\n"
    )
    assert [problem.split(":")[0] for problem in found] == ["1", "3", "3", "4", "5"]


def test_a_required_attribute_of_this_shop_wants_a_rule(shop: shops.Shop) -> None:
    taxvat = replace(shop.catalog.customer["taxvat"], required=True, visible=True)
    catalog = replace(shop.catalog, customer={**shop.catalog.customer, "taxvat": taxvat})
    stricter = copy(shop)
    stricter._snapshot = replace(shop._snapshot, catalog=catalog)
    with pytest.raises(reader.MappingError, match="the shop requires taxvat"):
        reader.read(LEAST, "mapping.yaml", stricter)


ADDRESS = """addresses:
  - name: work
    root: addresses[type eq "work"]
    default: [billing, shipping]
    fields:
      firstname: /name.givenName
      lastname: /name.familyName
      street: streetAddress
      city: locality
      country_id: country
      telephone: /phoneNumbers.value
"""


def test_the_paths_of_an_address_begin_at_its_value_or_at_the_user(shop: shops.Shop) -> None:
    text = LEAST + ADDRESS + f"      vat_id: {{from: /shop:vat, direction: inout}}\nprefixes: {{shop: '{SHOP}'}}\n"
    ruleset = _read(shop, text)
    (address,) = ruleset.addresses
    assert (address.name, address.default, address.existing, address.on_invalid, address.on_absent) == (
        *("work", ("billing", "shipping"), "keep", "reject", "clear"),
    )
    fields = {field.target: (str(field.sources[0]), field.direction) for field in address.fields}
    assert fields == {
        "country_id": ('addresses[type eq "work"].country', "inout"),
        "firstname": ("name.givenName", "in"),
        "lastname": ("name.familyName", "in"),
        "street": ('addresses[type eq "work"].streetAddress', "inout"),
        "city": ('addresses[type eq "work"].locality', "inout"),
        "telephone": ("phoneNumbers.value", "in"),
        "vat_id": (f"{SHOP}:vat", "inout"),
    }
    assert address.fields[0].target == "country_id", "the others are judged by it"
    assert [str(path) for path in address.inside] == [
        f'addresses[type eq "work"].{sub}' for sub in ("country", "streetAddress", "locality")
    ]


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        ("root: addresses[type eq \"work\"]", "root: addresses.locality",
         ['8:11: root is a whole value of several, such as addresses[type eq "work"]']),
        ("root: addresses[type eq \"work\"]", "root: name", ["8:11: root is a whole value of several, such as *"]),
        ("root: addresses[type eq \"work\"]", "root: address", ["8:11: no such path 'address': *"]),
        ("root: addresses[type eq \"work\"]", "root: addresses[type sw \"w\"]", ["8:11: root cannot be turned back: *"]),
        ("city: locality", "city: localty", ["14:13: no such path 'localty': *; did you mean 'locality'?"]),
        ("/name.givenName", "/name.givnName", ["11:18: no such path '/name.givnName': *; did you mean '/name.givenName'?"]),
        ("/name.givenName", "name.givenName", ["11:18: no such path 'name.givenName': *"]),
        ("city: locality", "cty: locality",
         ["11:7: the shop requires city (City) of addresses, and no field gives it",
          "14:7: the shop's addresses have no attribute 'cty'; did you mean 'city'?"]),
        ("      telephone: /phoneNumbers.value\n", "",
         ["11:7: the shop requires telephone (Phone Number) of addresses, and no field gives it"]),
        ("locality", "{from: locality, out: '{address.cty}'}",
         ["14:35: the shop's addresses have no attribute 'cty'; did you mean 'city'?"]),
        ("locality", "{from: locality, out: '{customer.email}'}", ["14:35: no such path 'customer.email': *"]),
        ("city: locality", "city: locality\n      vat_is_valid: locality", ["15:7: vat_is_valid cannot be written: *"]),
        ("default: [billing, shipping]", "default: [billng]",
         ["9:15: default is one of billing, shipping, not 'billng'; did you mean 'billing'?"]),
        ("default: [billing, shipping]", "existing: take",
         ["9:15: existing is one of keep, replace, adopt, not 'take'"]),
        ("default: [billing, shipping]", "on_invalid: default", ["9:17: on_invalid is one of reject, drop, not 'default'"]),
        ("default: [billing, shipping]", "adopt: true", ["9:5: an address has no word 'adopt'"]),
        ("name: work", "name: at work", ["7:11: a name is up to 64 letters, digits, - and _"]),
        ("name: work", "nam: work", ["7:5: an address has no word 'nam'; did you mean 'name'?", "7:5: an address needs `name`"]),
    ],
)  # fmt: skip
def test_mistakes_in_addresses(shop: shops.Shop, old: str, new: str, problems: list[str]) -> None:
    assert old in ADDRESS
    found = _problems(shop, LEAST + ADDRESS.replace(old, new))
    assert len(found) == len(problems), found
    for message, wanted in zip(found, problems, strict=True):
        head, star, tail = wanted.partition("*")
        assert message.startswith(head), message
        assert star or message == wanted, message
        assert not tail or message.endswith(tail), message


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("addresses: {work: {}}\n", "6:12: addresses must be a list, one entry for each address, not a mapping"),
        ("addresses: [work]\n", "6:13: an address must be a mapping of words to values, not 'work'"),
        (ADDRESS + ADDRESS.partition("\n")[2], "7:3: 2 addresses have the name 'work'*"),
    ],
)
def test_mistakes_around_addresses(shop: shops.Shop, text: str, problem: str) -> None:
    (message,) = _problems(shop, LEAST + text)
    assert message.startswith(problem.rstrip("*"))


def test_the_defaults_hold_for_addresses_too(shop: shops.Shop) -> None:
    defaults = "defaults: {on_invalid: drop, on_absent: keep}\n"
    (address,) = _read(shop, LEAST + ADDRESS + defaults).addresses
    assert (address.on_invalid, address.on_absent) == ("drop", "keep")
    (address,) = _read(shop, LEAST + ADDRESS + "defaults: {on_invalid: default}\n").addresses
    assert address.on_invalid == "reject"


def test_the_shipped_mapping_fits_a_stock_shop(shop: shops.Shop) -> None:
    from tests.users.conftest import ROOT

    ruleset = _read(shop, (ROOT / "mapping.yaml").read_text())
    assert len(ruleset.rules) >= 7
    assert [(a.on_invalid, a.existing) for a in ruleset.addresses] == [("drop", "keep")], "safe for any shop"
