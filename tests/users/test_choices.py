"""Selects and multiselects by their labels: found, refused, made where the rule says so, one for two requests (facts 8.1)."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from app.magento import shop as shops
from tests.magento.conftest import Bench
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
CREATE = "{match: admin_label, missing: create}"
MADE = f"team: {{from: shop:team, option: {CREATE}}}"


@pytest.fixture
def past(database: sa.Engine, table_prefix: str) -> Bench:
    """The shop past the service: its admin registers attributes."""
    return Bench(database, shops.open(database, table_prefix))


@pytest.fixture
def with_rule(make: Make, past: Bench) -> Callable[[str], Client]:
    """Make a client whose mapping has one more rule, on attributes `team` (select) and `skills` (multiselect)."""
    past.attribute("team", "int", "select", ["Sales", "Engineering"])
    past.attribute(
        "floor", "varchar", "select", ["Ground"], source_model="Magento\\Eav\\Model\\Entity\\Attribute\\Source\\Table"
    )
    past.attribute("skills", "text", "multiselect", ["SQL", "PHP", "Red, dark"])
    return lambda rule: make(f"{BASE}  {rule}\n")


def labels(scim: Client, code: str) -> dict[int, str]:
    """Read an attribute's options past the service, in their order."""
    query = (
        "SELECT o.option_id, v.value FROM {p}eav_attribute a JOIN {p}eav_attribute_option o USING (attribute_id)"
        " JOIN {p}eav_attribute_option_value v ON v.option_id = o.option_id AND v.store_id = 0"
        " WHERE attribute_code = :c ORDER BY o.sort_order, o.option_id"
    )
    with scim.engine.connect() as connection:
        found = connection.execute(sa.text(query.replace("{p}", scim.prefix)), {"c": code})
        return {row.option_id: row.value for row in found}


def stored(scim: Client, kind: str) -> list[Any]:
    return [row["value"] for row in scim.rows(f"customer_entity_{kind}")]


def sent(scim: Client, **shop: Any) -> Any:
    return scim.send("POST", "/Users", {**GOOD, SHOP: shop})


def test_a_choice_is_made_with_the_rows_of_magentos_admin(with_rule: Callable[[str], Client]) -> None:
    scim = with_rule(MADE)
    answer = sent(scim, team=" Research ")
    assert answer.status_code == 201, answer.text
    new = max(row["option_id"] for row in scim.rows("eav_attribute_option"))
    (option,) = scim.rows("eav_attribute_option", option_id=new)
    attribute_id = next(r["attribute_id"] for r in scim.rows("eav_attribute", attribute_code="team"))
    assert option == {"option_id": new, "attribute_id": attribute_id, "sort_order": 1}
    (label,) = scim.rows("eav_attribute_option_value", option_id=new)
    assert (label["store_id"], label["value"]) == (0, "Research")
    assert stored(scim, "int") == [new]
    shown = answer.get_json()[SHOP]["team"]
    assert shown == " Research ", "as it was sent"
    for _ in range(2):
        assert scim.get(f"/Users/{answer.get_json()['id']}").get_json()[SHOP]["team"] == shown
    again = scim.send("POST", "/Users", {**GOOD, "userName": "b@example.com", SHOP: {"team": "RESEARCH"}})
    assert again.status_code == 201
    assert (len(labels(scim, "team")), stored(scim, "int")) == (3, [new, new])


def test_the_label_of_a_choice_that_was_just_made_is_read_from_the_shop(with_rule: Callable[[str], Client]) -> None:
    """The answer to the request that made it, and what is read without a document."""
    scim = with_rule(f"team: {{from: shop:team, lookup: {{r: Research}}, option: {CREATE}}}")
    made = sent(scim, team="r").get_json()
    assert made[SHOP]["team"] == "r"
    scim.execute("DELETE FROM {p}scim_link")
    assert scim.get(f"/Users/{made['id']}").get_json()[SHOP]["team"] == "r"


def test_an_option_of_a_text_column_is_its_number_as_text(with_rule: Callable[[str], Client]) -> None:
    scim = with_rule(f"floor: {{from: shop:floor, option: {CREATE}}}")
    assert (answer := sent(scim, floor="Attic")).status_code == 201, answer.text
    assert stored(scim, "varchar") == [str(max(labels(scim, "floor")))]


@pytest.mark.parametrize(
    ("given", "texts", "made"),
    [
        (["sql", "PHP"], ["SQL", "PHP"], []),
        (["SQL, PHP"], ["SQL", "PHP"], []),
        (["Red, dark", "SQL"], ["Red, dark", "SQL"], []),
        (["SQL", "Python", "python", "Go"], ["SQL", "Python", "Go"], ["Python", "Go"]),
        (["SQL,Rust"], ["SQL", "Rust"], ["Rust"]),
    ],
)
def test_a_multiselect(with_rule: Callable[[str], Client], given: list[str], texts: list[str], made: list[str]) -> None:
    scim = with_rule(f"skills: {{from: shop:skills, option: {CREATE}}}")
    before = labels(scim, "skills")
    answer = sent(scim, skills=given)
    assert answer.status_code == 201, answer.text
    now = labels(scim, "skills")
    assert [text for i, text in now.items() if i not in before] == made
    ids = {text: i for i, text in now.items()}
    assert stored(scim, "text") == [",".join(str(ids[text]) for text in texts)], "facts 8.1: no blanks"
    user_id = answer.get_json()["id"]
    sent_back = [text for number, text in enumerate(given) if text.casefold() not in map(str.casefold, given[:number])]
    assert scim.get(f"/Users/{user_id}").get_json()[SHOP]["skills"] == answer.get_json()[SHOP]["skills"] == sent_back
    scim.execute("DELETE FROM {p}scim_link")
    assert scim.get(f"/Users/{user_id}").get_json()[SHOP]["skills"] == texts


SKILLS = [
    ("skills: {from: shop:skills, type: string}", {SHOP: {"skills": "sql,PHP"}}, {SHOP: {"skills": "SQL, PHP"}}),
    ("skills: userType", {"userType": "php"}, {"userType": "PHP"}),
    (
        "skills: roles.value",
        {"roles": [{"value": "SQL"}, {"value": "PHP"}]},
        {"roles": [{"value": "SQL"}, {"value": "PHP"}]},
    ),
    (
        "skills: 'roles[type eq \"skill\"].value'",
        {"roles": [{"value": "boss", "type": "x"}, {"value": "sql", "type": "skill"}]},
        {"roles": [{"value": "SQL", "type": "skill"}]},
    ),
]


@pytest.mark.parametrize(("rule", "given", "shown"), SKILLS)
def test_where_a_multiselect_comes_from(
    with_rule: Callable[[str], Client], rule: str, given: dict[str, Any], shown: dict[str, Any]
) -> None:
    scim = with_rule(rule)
    answer = scim.send("POST", "/Users", {**GOOD, **given})
    assert answer.status_code == 201, answer.text
    assert given.items() <= scim.get(f"/Users/{answer.get_json()['id']}").get_json().items()
    scim.execute("DELETE FROM {p}scim_link")
    assert shown.items() <= scim.get(f"/Users/{answer.get_json()['id']}").get_json().items()


def test_what_the_shop_chose_stands_beside_what_no_rule_made(with_rule: Callable[[str], Client]) -> None:
    scim = with_rule("skills: 'roles[type eq \"skill\"].value'")
    roles = [{"value": "boss", "type": "x"}, {"value": "SQL", "type": "skill"}]
    user_id = scim.send("POST", "/Users", {**GOOD, "roles": roles}).get_json()["id"]
    php = next(i for i, text in labels(scim, "skills").items() if text == "PHP")
    scim.execute("UPDATE {p}customer_entity_text SET value = CONCAT(value, ',', :i)", i=str(php))
    read = scim.get(f"/Users/{user_id}").get_json()["roles"]
    assert read == [*roles, {"value": "PHP", "type": "skill"}]


def test_a_patch_adds_to_a_multiselect(with_rule: Callable[[str], Client]) -> None:
    scim = with_rule("skills: shop:skills")
    user_id = sent(scim, skills=["SQL"]).get_json()["id"]
    answer = scim.patch(user_id, {"op": "add", "path": f"{SHOP}:skills", "value": ["PHP"]})
    assert answer.get_json()[SHOP]["skills"] == ["SQL", "PHP"]
    assert len(stored(scim, "text")[0].split(",")) == 2
    scim.patch(user_id, {"op": "remove", "path": f"{SHOP}:skills"})
    assert stored(scim, "text") == [], "facts 1.3: an empty value has no row"


@pytest.mark.parametrize(
    ("rule", "given", "said"),
    [
        ("team: shop:team", {"team": "Nobody"}, "the shop has no option 'Nobody', only 'Sales', 'Engineering'"),
        (MADE, {"team": "x" * 256}, "256 characters; the shop keeps 255"),
        (MADE, {"team": "a\U0001f600"}, "the shop cannot store"),
        (MADE, {"team": "Twice"}, "2 options labelled 'Twice'"),
        ("skills: shop:skills", {"skills": ["SQL", "C"]}, "the shop has no option 'C'"),
    ],
)
def test_what_is_refused(with_rule: Callable[[str], Client], past: Bench, rule: str, given: Any, said: str) -> None:
    scim = with_rule(rule)
    team = next(r["attribute_id"] for r in scim.rows("eav_attribute", attribute_code="team"))
    for label in ("Twice", "twice"):
        past.option(team, label)
    answer = sent(scim, **given)
    assert (answer.status_code, said in answer.get_json()["detail"]) == (400, True), answer.text
    assert scim.rows("customer_entity") == []


def test_a_label_that_the_admin_has_just_added_is_found(with_rule: Callable[[str], Client], past: Bench) -> None:
    scim = with_rule("team: shop:team")
    team = next(r["attribute_id"] for r in scim.rows("eav_attribute", attribute_code="team"))
    option_id = past.option(team, "Fresh")
    assert sent(scim, team="fresh").status_code == 201
    assert stored(scim, "int") == [option_id]


def test_requests_at_once_make_one_choice(with_rule: Callable[[str], Client]) -> None:
    scim = with_rule(MADE)
    start, answers = threading.Barrier(6), []

    def post(number: int) -> None:
        body = {**GOOD, "userName": f"u{number}@example.com", SHOP: {"team": "Same" if number % 2 else "SAME "}}
        own = Client(scim.app, scim.engine, scim.headers["Authorization"].split()[1], scim.prefix)
        start.wait()
        answers.append(own.send("POST", "/Users", body))

    threads = [threading.Thread(target=post, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201] * 6, [answer.text for answer in answers]
    fresh = [i for i, text in labels(scim, "team").items() if text.casefold().strip() == "same"]
    assert (len(fresh), stored(scim, "int")) == (1, fresh * 6)


@pytest.mark.parametrize(
    "what",
    [
        "UPDATE {p}eav_attribute_option_value SET value = 'Other' WHERE option_id = :i",
        "DELETE FROM {p}eav_attribute_option WHERE option_id = :i",
    ],
)
def test_a_choice_that_the_admin_renamed_or_deleted_is_made_anew(with_rule: Callable[[str], Client], what: str) -> None:
    scim = with_rule(MADE)
    user_id = sent(scim, team="Research").get_json()["id"]
    old = max(labels(scim, "team"))
    scim.execute(what, i=old)
    scim.app.extensions["magento-scim"].shop.refresh()
    shown = scim.get(f"/Users/{user_id}").get_json()[SHOP]["team"]
    assert shown == ("Other" if "UPDATE" in what else str(old)), "the shop has the last word"
    answer = scim.send("POST", "/Users", {**GOOD, "userName": "b@example.com", SHOP: {"team": "research"}})
    assert answer.status_code == 201, answer.text
    assert max(labels(scim, "team")) > old
    (claim,) = scim.rows("scim_option")
    assert claim["option_id"] == max(labels(scim, "team"))


def test_a_refused_request_makes_no_choice(with_rule: Callable[[str], Client]) -> None:
    scim = with_rule(MADE)
    before = labels(scim, "team")
    assert sent(scim, team="Research").status_code == 201
    answer = scim.send("POST", "/Users", {**GOOD, "userName": "ada@example.com", SHOP: {"team": "Lost"}})
    assert answer.status_code == 409
    assert set(labels(scim, "team").values()) - set(before.values()) == {"Research"}


ADDRESSES = f"""addresses:
  - name: work
    root: 'addresses[type eq "work"]'
    fields:
      firstname: /name.givenName
      lastname: /name.familyName
      street: streetAddress
      city: locality
      country_id: country
      postcode: postalCode
      region: region
      telephone: {{const: '1'}}
      gate: {{from: /shop:gate, option: {CREATE}}}
"""
WORK = {
    "type": "work",
    "streetAddress": "1 Main St",
    "locality": "Austin",
    "country": "US",
    "region": "TX",
    "postalCode": "73301",
}


def test_a_choice_of_an_address(make: Make, past: Bench) -> None:
    past.attribute("gate", "int", "select", ["North"], entity="customer_address")
    scim = make(BASE + ADDRESSES)
    answer = scim.send("POST", "/Users", {**GOOD, "addresses": [WORK], SHOP: {"gate": "South"}})
    assert answer.status_code == 201, answer.text
    new = max(row["option_id"] for row in scim.rows("eav_attribute_option"))
    assert [row["value"] for row in scim.rows("customer_address_entity_int")] == [new]
    assert answer.get_json()[SHOP]["gate"] == "South"
    assert scim.get(f"/Users/{answer.get_json()['id']}").get_json()[SHOP]["gate"] == "South"
    again = {**GOOD, "userName": "b@example.com", "addresses": [WORK], SHOP: {"gate": "SOUTH"}}
    assert scim.send("POST", "/Users", again).status_code == 201
    assert [row["value"] for row in scim.rows("customer_address_entity_int")] == [new, new]


def test_a_choice_stays_when_its_user_is_taken_back(with_rule: Callable[[str], Client]) -> None:
    """Others may have it by then; the journal names the user, not the option that came first."""
    scim = with_rule(MADE)
    user_id = sent(scim, team="Research").get_json()["id"]
    (entry,) = test_journal.entries(scim)
    assert (entry.resource_id, entry.operation) == (int(user_id), "create")
    assert {row.table for row in entry.rows} >= {"eav_attribute_option", "eav_attribute_option_value", "scim_option"}
    test_journal.take_back(scim, resource_id=int(user_id))
    assert scim.rows("customer_entity") == []
    assert "Research" in labels(scim, "team").values()
    assert sent(scim, team="research").status_code == 201
    assert len(labels(scim, "team")) == 3
