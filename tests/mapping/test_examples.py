"""The section `tests` of mapping.yaml: what is expected, what is said when it is not so, each with its place."""

from collections.abc import Iterator

import pytest

from app.magento import database as shop_database
from app.magento import shop as shops
from app.mapping import reader

BASE = """version: 1
prefixes: {ent: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", shop: "urn:example:magento:Customer"}
customer:
  email: {from: userName, transform: [lower]}
  firstname: {from: name.givenName, default: '{displayName | first_word}'}
  lastname: {from: name.familyName, default: '{displayName | last_word}'}
  gender: {from: shop:gender, lookup: {m: Male, f: Female, '*': Not Specified}}
  disable_auto_group_change: shop:fixed
  dob: shop:born
  department: ent:department
  store_id: {from: locale, lookup: {'*': default}, direction: in}
addresses:
  - name: work
    root: 'addresses[type eq "work"]'
    fields: {firstname: /name.givenName, lastname: /name.familyName, street: streetAddress, city: locality,
             country_id: country, telephone: {default: '-', from: /phoneNumbers.value}, postcode: postalCode}
groups:
  rules:
    - {idp: 'shop-wholesale-*', magento: Wholesale}
    - {when: 'userType eq "Employee"', magento: Retailer}
tests:
"""
ADA = "userName: Ada@Example.com, displayName: Ada Lovelace"
WORK = (
    "addresses: [{type: work, streetAddress: Main St 1, locality: Bonn, country: DE, postalCode: '53111'}], "
    "name: {givenName: Ada, familyName: Lovelace}"
)
LINE = BASE.count("\n") + 1


@pytest.fixture(scope="module")
def shop(shop_url: str, table_prefix: str) -> Iterator[shops.Shop]:
    engine = shop_database.engine(shop_url)
    yield shops.open(engine, table_prefix)
    engine.dispose()


def _problems(shop: shops.Shop, text: str) -> list[str]:
    try:
        reader.read(text, "mapping.yaml", shop)
    except reader.MappingError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("given", "key", "value", "other", "told"),
    [
        (ADA, "customer.email", "ada@example.com", "Ada@Example.com", "'ada@example.com'"),
        (ADA, "customer.lastname", "Lovelace", "Byron", "'Lovelace'"),
        (f"{ADA}, shop:gender: f", "customer.gender", "Female", "Male", "'Female'"),
        (f"{ADA}, shop:gender: f", "customer.gender", "2", "1", "'Female'"),
        (f"{ADA}, shop: {{gender: x}}", "customer.gender", "Not Specified", "Male", "'Not Specified'"),
        (f"{ADA}, shop:fixed: true", "customer.disable_auto_group_change", "true", "false", "True"),
        (f"{ADA}, shop:born: 1985-12-10", "customer.dob", "1985-12-10", "1985-12-11", "'1985-12-10'"),
        (f"{ADA}, ent:department: finance", "customer.department", "Finance", "Sales", "'Finance'"),
        (f"{ADA}, locale: de-DE", "customer.store_id", "default", "admin", "'default'"),
        (ADA, "customer.dob", "null", "1985-12-11", "nothing"),
        (ADA, "group", "General", "Wholesale", "'General'"),
        (f"{ADA}, userType: Employee", "group", "Retailer", "General", "'Retailer'"),
        (f"{ADA}, groups: [{{display: Shop-Wholesale-EU}}]", "group", "Wholesale", "General", "'Wholesale'"),
        (f"{ADA}, groups: [x, shop-wholesale-us]", "group", "Wholesale", "General", "'Wholesale'"),
        (f"{ADA}, {WORK}", "work.city", "Bonn", "Berlin", "'Bonn'"),
        (f"{ADA}, {WORK}", "work.postcode", "'53111'", "'1'", "'53111'"),
        (ADA, "work", "null", "x", "nothing"),
    ],
)
def test_what_is_expected(shop: shops.Shop, given: str, key: str, value: str, other: str, told: str) -> None:
    head = f"  - name: t\n    given: {{{given}}}\n    expect: {{{key}: "
    assert _problems(shop, f"{BASE}{head}{value}}}\n") == []
    (problem,) = _problems(shop, f"{BASE}{head}{other}}}\n")
    where = f"{LINE + 2}:{len(head.splitlines()[-1]) + 1}: test 't': {key} should be "
    assert problem.startswith(where)
    assert problem.endswith(f", but it is {told}")


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{name: t, given: {userName: x@example.com, name: {givenName: X}}, error: lastname}", None),
        (f"{{name: t, given: {{{ADA}}}, error: lastname}}", "5: test 't': this user should be refused, and would be taken"),
        ("{name: t, given: {userName: x@example.com}, error: taxvat}", "5: test 't': the error should name 'taxvat', but it is: *"),
        ("{name: t, given: {userName: x@example.com}, expect: {group: General}}", "5: test 't': this user would be refused: *"),
        ("{name: t, given: {usrName: x}, expect: {group: General}}", "5: test 't': this user would be refused: *"),
        (f"{{name: t, given: {{{ADA}}}, expect: {{customer.emial: x}}}}", "87: a test cannot expect 'customer.emial'; did you mean 'customer.email'?"),
        (f"{{name: t, given: {{{ADA}}}, expect: {{work.cty: x}}}}", "87: a test cannot expect 'work.cty'; did you mean 'work.city'?"),
        ("{name: t, given: {userName: x}}", "5: a test needs `name`, `given`, and either `expect` or `error`"),
        ("{name: t, gven: {}, given: {}, error: x}", "15: a test has no word 'gven'; did you mean 'given'?"),
        ("t", "5: a test must be a mapping of words to values, not 't'"),
        ("{name: t, tenant: defalt, given: {userName: x}, expect: {group: nobody}}",
         "23: there is no tenant 'defalt': this test would never run; did you mean 'default'?"),
    ],
)  # fmt: skip
def test_mistakes(shop: shops.Shop, entry: str, problem: str | None) -> None:
    found = _problems(shop, f"{BASE}  - {entry}\n")
    if problem is None:
        assert found == []
        return
    head, star, _ = f"{LINE}:{problem}".partition("*")
    assert len(found) == 1
    assert found[0].startswith(head) if star else found[0] == head, found


def test_no_list(shop: shops.Shop) -> None:
    text = BASE.removesuffix("tests:\n") + "tests: x\n"
    assert _problems(shop, text) == [f"{LINE - 1}:8: tests must be a list, one entry for each user, not 'x'"]


def test_a_tenant_has_tests_of_its_own(shop: shops.Shop) -> None:
    text = BASE + (
        f"  - {{name: a, tenant: eu, given: {{{ADA}}}, expect: {{customer.firstname: EU}}}}\n"
        f"  - {{name: b, tenant: us, given: {{{ADA}}}, expect: {{customer.firstname: EU}}}}\n"
        "tenants:\n  eu: {override: {customer: {firstname: {const: EU, from: null}}}}\n  us:\n"
    )
    found = _problems(shop, text)
    assert [problem.split("'")[1] for problem in found] == ["b"], found
