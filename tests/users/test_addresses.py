"""Addresses by the rules of mapping.yaml: what stands in the shop, what is read back, what is left alone (facts 9)."""

import copy
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from app.mapping import drift
from app.sql import wire
from tests.users import test_journal
from tests.users.conftest import ENTERPRISE, PATCH, USER, Client, Make

PEOPLE = f"""
version: 1
prefixes: {{ent: "{ENTERPRISE}", shop: "urn:example:magento:Customer"}}
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
addresses:
"""
ENTRY = """
  - name: {name}
    root: 'addresses[type eq "{name}"]'
    default: {default}
    {words}
    fields:
      firstname: /name.givenName
      lastname: /name.familyName
      company: /ent:organization
      street: streetAddress
      city: locality
      region: region
      postcode: postalCode
      country_id: country
      telephone: {{from: ['/phoneNumbers[type eq "{name}"].value', /phoneNumbers.value], default: '-'}}
      {fields}
"""
WORK = {
    **{"type": "work", "streetAddress": "1 Main St\nFloor 2", "locality": "Austin", "region": "TX"},
    **{"postalCode": "73301", "country": "US"},
}
HOME = {
    **{"type": "home", "streetAddress": "Hauptstraße 5", "locality": "München", "region": "BAY"},
    **{"postalCode": "80331", "country": "DE"},
}
ROW = {
    **{"firstname": "Ada", "lastname": "Lovelace", "street": "1 Main St\nFloor 2", "city": "Austin", "telephone": "-"},
    **{"region": "Texas", "region_id": 57, "postcode": "73301", "country_id": "US", "company": None},
}


def entry(name: str = "work", default: str = "[billing, shipping]", words: str = "", fields: str = "") -> str:
    return ENTRY.format(name=name, default=default, words=words, fields=fields)


BOTH = PEOPLE + entry() + entry("home", "[]")


def book(scim: Client, user_id: str) -> list[dict[str, Any]]:
    """Read the rows of a customer's addresses by their ids."""
    return sorted(scim.rows("customer_address_entity", parent_id=int(user_id)), key=lambda row: int(row["entity_id"]))


def defaults(scim: Client, user_id: str) -> tuple[int | None, int | None]:
    row = scim.customer(user_id)
    return row["default_billing"], row["default_shipping"]


def read(scim: Client, user_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scim.get(f"/Users/{user_id}").get_json().get("addresses", [])
    return found


def add(scim: Client, user_id: str, *kinds: str, **values: Any) -> int:
    """Have the shop's own customer make an address, and make it the default of some kinds."""
    row = {**ROW, "parent_id": int(user_id), "city": "Waco", **values}
    columns = ", ".join(row)
    scim.execute(f"INSERT INTO {{p}}customer_address_entity ({columns}) VALUES (:{', :'.join(row)})", **row)
    number = int(book(scim, user_id)[-1]["entity_id"])
    for kind in kinds:
        scim.execute(f"UPDATE {{p}}customer_entity SET default_{kind} = {number} WHERE entity_id = {user_id}")
    return number


def stranger(scim: Client) -> str:
    """Make a customer whom nobody manages yet."""
    scim.execute(
        "INSERT INTO {p}customer_entity (website_id, store_id, group_id, email, firstname, lastname)"
        " VALUES (1, 1, 1, 'ada@example.com', 'Ada', 'Lovelace')"
    )
    return str(scim.rows("customer_entity")[-1]["entity_id"])


def setting(scim: Client, path: str, value: str, scope: str = "default", scope_id: int = 0) -> None:
    scim.execute(
        "REPLACE INTO {p}core_config_data (scope, scope_id, path, value) VALUES (:s, :i, :p, :v)",
        s=scope, i=scope_id, p=path, v=value,
    )  # fmt: skip
    scim.app.extensions["magento-scim"].shop.refresh()


def writes(scim: Client) -> list[str]:
    """Note every statement of the service from now on that writes."""
    noted: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        for text, _ in wire.each(statement):
            if text.split(" ", 1)[0].upper() in ("INSERT", "UPDATE", "DELETE", "REPLACE"):
                noted.append(text)

    for engine in scim.app.extensions["magento-scim"].shop.engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    return noted


def put(scim: Client, user_id: str, **body: Any) -> Any:
    given = {"userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Lovelace"}, **body}
    answer = scim.send("PUT", f"/Users/{user_id}", {"schemas": [USER], **given})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


# --- what is stored, what is read ---


def test_an_address_is_made_with_everything_that_hangs_on_it(make: Make) -> None:
    scim = make(BOTH)
    user = scim.create(addresses=[WORK, HOME], phoneNumbers=[{"type": "home", "value": "+49 89 1"}])
    work, home = book(scim, user["id"])
    assert {code: work[code] for code in ROW} == {**ROW, "telephone": "+49 89 1"}
    assert (home["city"], home["region"], home["region_id"]) == ("München", "Bayern", 81)
    assert work["created_at"] == work["updated_at"] == scim.customer(user["id"])["updated_at"]
    assert defaults(scim, user["id"]) == (work["entity_id"], work["entity_id"])
    (grid,) = scim.rows("customer_grid_flat")
    assert grid["shipping_full"] == grid["billing_full"] == "1 Main St\nFloor 2 Austin Texas 73301"
    assert (grid["billing_city"], grid["billing_region_id"], grid["billing_postcode"]) == ("Austin", 57, "73301")
    kept = {row["name"]: row["address_id"] for row in scim.rows("scim_address")}
    assert kept == {"work": work["entity_id"], "home": home["entity_id"]}
    assert read(scim, user["id"]) == user["addresses"] == [WORK, HOME], "as it was sent, not as it is stored"


STORED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"region": "Texas"}, {"region": "Texas", "region_id": 57}),
    ({"region": "texas "}, {"region": "Texas", "region_id": 57}),
    ({"region": "US-TX"}, {"region": "Texas", "region_id": 57}),
    ({"region": "57"}, {"region": "Texas", "region_id": 57}),
    ({"country": "USA"}, {"country_id": "US"}),
    ({"country": "de", "region": "hessen"}, {"country_id": "DE", "region": "Hessen", "region_id": 86}),
    ({"country": "DE", "region": None}, {"country_id": "DE", "region": None, "region_id": None}),
    ({"country": "GB", "region": "Kent"}, {"country_id": "GB", "region": "Kent", "region_id": None}),
    ({"country": "GB", "region": None, "postalCode": None}, {"postcode": None, "region": None}),
    ({"streetAddress": "a\r\nb\nc\nd"}, {"street": "a\nb, c, d"}),
    ({"streetAddress": "\n a \n\n b "}, {"street": "a\nb"}),
    ({"locality": " Austin "}, {"city": "Austin"}),
    ({"formatted": "printed", "primary": True}, ROW),
]


@pytest.mark.parametrize(("given", "stored"), STORED)
def test_what_is_stored_is_the_shop_s_form_and_what_is_read_is_the_client_s(
    make: Make, given: dict[str, Any], stored: dict[str, Any]
) -> None:
    scim = make(BOTH)
    sent = {name: value for name, value in {**WORK, **given}.items() if value is not None}
    user_id = scim.create(addresses=[sent])["id"]
    (row,) = book(scim, user_id)
    assert {code: row[code] for code in stored} == stored
    noted = writes(scim)
    assert read(scim, user_id) == [sent]
    assert put(scim, user_id, addresses=[sent])["addresses"] == [sent]
    assert noted == [], "nothing differs, nothing is written"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"streetAddress": None}, '.streetAddress (street): the shop requires a Street Address.'),
    ({"locality": None}, '.locality (city): the shop requires a City.'),
    ({"postalCode": None}, '.postalCode (postcode): the shop requires a Zip/Postal Code.'),
    ({"country": None}, '.country (country_id): the shop requires a Country.'),
    ({"region": None}, ".region (region): the shop requires a State/Province."),
    ({"region": "Texass"}, ".region (region): 'Texass' is no region of US; there are Texas (TX), "),
    ({"region": "AE"}, ".region (region): 'AE' may be Armed Forces Africa (AE)"),
    ({"country": "Germany"}, ".country (country_id): 'Germany' is no country of this shop: send the two letters"),
    ({"locality": "x" * 256}, ".locality (city): it has 256 characters; the shop keeps 255"),
    ({"locality": "Paris \U0001f5fc"}, ".locality (city): the shop cannot store"),
    ({"country": "DE"}, ".region (region): 'TX' is no region of DE; there are"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "detail"), REFUSED)
@pytest.mark.parametrize("on_invalid", ["reject", "drop"])
def test_an_address_that_the_shop_would_not_take(
    make: Make, given: dict[str, Any], detail: str, on_invalid: str
) -> None:
    """facts 9; a half address refuses nobody where the rule says drop: it waits in the document."""
    scim = make(PEOPLE + entry(words=f"on_invalid: {on_invalid}"))
    sent = {name: value for name, value in {**WORK, **given}.items() if value is not None}
    body = {
        **{"schemas": [USER], "userName": "ada@example.com", "addresses": [sent]},
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
    }
    answer = scim.send("POST", "/Users", body)
    if on_invalid == "reject":
        assert (answer.status_code, answer.get_json()["scimType"]) == (400, "invalidValue")
        assert answer.get_json()["detail"].startswith(f'addresses[type eq "work"]{detail}')
        assert scim.rows("customer_entity") == scim.rows("customer_address_entity") == []
        return
    assert answer.status_code == 201, answer.text
    user_id = answer.get_json()["id"]
    assert (book(scim, user_id), read(scim, user_id)) == ([], [sent])
    whole = scim.patch(user_id, {"op": "replace", "path": "addresses", "value": [WORK]})
    assert whole.status_code == 200
    assert [row["city"] for row in book(scim, user_id)] == ["Austin"]
    noted = writes(scim)
    assert scim.patch(user_id, {"op": "replace", "path": "addresses", "value": [WORK]}).status_code == 200
    assert noted == []
    scim.patch(user_id, {"op": "replace", "path": "addresses", "value": [sent]})
    assert [row["city"] for row in book(scim, user_id)] == ["Austin"], "what stands stays"
    assert read(scim, user_id) == [sent], "what waits is what is read"
    other, column = ("postalCode", "postcode") if "postalCode" not in given else ("locality", "city")
    for address, held in (({**sent, other: "Elsewhere"}, ROW[column]), ({**WORK, other: "Elsewhere"}, "Elsewhere")):
        scim.patch(user_id, {"op": "replace", "path": "addresses", "value": [address]})
        assert book(scim, user_id)[0][column] == held, "what waited is written with what makes it whole"


def test_a_region_that_the_rule_drops_is_still_read(make: Make) -> None:
    """Of a country that wants no region the address is taken without it, and the document loses nothing."""
    scim = make(PEOPLE + entry().replace("region: region", "region: {from: region, on_invalid: drop}"))
    sent = {**HOME, "type": "work", "region": "somewhere"}
    user_id = scim.create(addresses=[sent])["id"]
    (row,) = book(scim, user_id)
    assert (row["region"], row["region_id"], row["city"]) == (None, None, "München")
    noted = writes(scim)
    assert read(scim, user_id) == put(scim, user_id, addresses=[sent])["addresses"] == [sent]
    assert noted == []
    scim.execute("UPDATE {p}customer_address_entity SET region = 'Bayern', region_id = 81")
    assert read(scim, user_id) == [{**sent, "region": "Bayern"}]


def test_all_reasons_are_told_at_once(make: Make) -> None:
    answer = make(BOTH).send(
        "POST",
        "/Users",
        {
            **{"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "A", "familyName": "B"}},
            "addresses": [{**WORK, "region": "?", "locality": None}, {**HOME, "postalCode": None}],
        },
    )
    detail = answer.get_json()["detail"]
    assert answer.status_code == 400
    for path in ('work"].region', 'work"].locality', 'home"].postalCode'):
        assert path in detail


@pytest.mark.parametrize("element", [{"type": "work"}, {"type": "work", "primary": True, "formatted": "x"}])
def test_a_value_that_says_nothing_of_an_address_is_none(make: Make, element: dict[str, Any]) -> None:
    scim = make(BOTH)
    user_id = scim.create(addresses=[element])["id"]
    assert (book(scim, user_id), read(scim, user_id)) == ([], [element])


def test_a_country_that_the_website_does_not_allow(make: Make) -> None:
    scim = make(BOTH)
    setting(scim, "general/country/allow", "DE,AT", "websites", 1)
    body = {
        **{"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "A", "familyName": "B"}},
        "addresses": [WORK],
    }
    answer = scim.send("POST", "/Users", body)
    assert answer.status_code == 400
    assert "takes no addresses in US, only in AT, DE" in answer.get_json()["detail"]


def test_a_fault_that_was_there_before_stops_nobody(make: Make) -> None:
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK])["id"]
    setting(scim, "general/country/allow", "DE")
    assert scim.patch(user_id, {"op": "add", "path": "nickName", "value": "A"}).status_code == 200
    path = 'addresses[type eq "work"].locality'
    assert scim.patch(user_id, {"op": "replace", "path": path, "value": "Dallas"}).status_code == 200
    assert book(scim, user_id)[0]["city"] == "Dallas"
    assert scim.patch(user_id, {"op": "replace", "path": "addresses", "value": [{**WORK, "country": "FR"}]}).status_code == 400  # fmt: skip


# --- changes ---


def test_an_address_keeps_its_id_when_it_changes(make: Make) -> None:
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK, HOME])["id"]
    scim.execute("UPDATE {p}customer_entity SET updated_at = '2020-01-01'")
    scim.execute("UPDATE {p}customer_address_entity SET updated_at = '2020-01-01'")
    before = book(scim, user_id)
    answer = scim.patch(user_id, {"op": "replace", "path": 'addresses[type eq "work"].locality', "value": "Dallas"})
    assert answer.get_json()["addresses"] == [{**WORK, "locality": "Dallas"}, HOME]
    work, home = book(scim, user_id)
    changed = {column for column in work if work[column] != before[0][column]}
    assert changed == {"city", "updated_at"}
    assert work["updated_at"].year > 2020
    assert home["updated_at"].year == 2020, "the other one is not touched"
    assert scim.customer(user_id)["updated_at"].year > 2020
    assert scim.rows("customer_grid_flat")[0]["billing_city"] == "Dallas"


def test_a_move_to_another_country(make: Make) -> None:
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK])["id"]
    moved = {**WORK, "country": "GB", "region": "Kent", "postalCode": "CT1"}
    put(scim, user_id, addresses=[moved])
    (row,) = book(scim, user_id)
    assert (row["country_id"], row["region"], row["region_id"]) == ("GB", "Kent", None)
    put(scim, user_id, addresses=[WORK])
    (row,) = book(scim, user_id)
    assert (row["country_id"], row["region"], row["region_id"]) == ("US", "Texas", 57)
    assert read(scim, user_id) == [WORK]


GOING = [
    {"op": "remove", "path": 'addresses[type eq "work"]'},
    {"op": "remove", "path": "addresses"},
    {"op": "replace", "path": "addresses", "value": []},
    {"op": "replace", "path": "addresses", "value": [{**WORK, "type": "other"}]},
    {"op": "replace", "path": "addresses", "value": [{"type": "work"}]},
]


@pytest.mark.parametrize("operation", GOING)
def test_an_address_goes_when_the_root_selects_nothing(make: Make, operation: dict[str, Any]) -> None:
    """facts 9: the default columns are nulled, no foreign key does it."""
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK])["id"]
    own = add(scim, user_id)
    assert scim.patch(user_id, operation).status_code == 200
    assert [row["entity_id"] for row in book(scim, user_id)] == [own], "the customer's own one stays"
    assert defaults(scim, user_id) == (None, None)
    assert scim.rows("scim_address") == []
    (grid,) = scim.rows("customer_grid_flat")
    assert (grid["billing_full"], grid["shipping_full"], grid["billing_city"]) == ("", "", None)


@pytest.mark.parametrize(("words", "body", "kept"), [
    ("", {}, 0), ("", {"addresses": None}, 0), ("on_absent: keep", {}, 1), ("on_absent: keep", {"addresses": []}, 0),
])  # fmt: skip
def test_a_put_that_does_not_mention_the_address(make: Make, words: str, body: dict[str, Any], kept: int) -> None:
    scim = make(PEOPLE + entry(words=words))
    user_id = scim.create(addresses=[WORK])["id"]
    put(scim, user_id, **body)
    assert len(book(scim, user_id)) == len(read(scim, user_id)) == kept


def test_one_takes_the_other_s_place_as_default(make: Make) -> None:
    scim = make(PEOPLE + entry("home") + entry("work"))
    user_id = scim.create(addresses=[WORK])["id"]
    put(scim, user_id, addresses=[HOME])
    (row,) = book(scim, user_id)
    assert row["city"] == "München"
    assert defaults(scim, user_id) == (row["entity_id"], row["entity_id"])


def test_of_two_made_at_once_the_first_named_is_the_default(make: Make) -> None:
    scim = make(PEOPLE + entry("home") + entry("work"))
    user_id = scim.create(addresses=[WORK, HOME])["id"]
    assert defaults(scim, user_id) == (book(scim, user_id)[0]["entity_id"],) * 2
    assert book(scim, user_id)[0]["city"] == "München"


def test_a_name_goes_into_the_address_when_it_changes(make: Make) -> None:
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK])["id"]
    scim.patch(user_id, {"op": "replace", "path": "name.givenName", "value": "Augusta"})
    assert book(scim, user_id)[0]["firstname"] == "Augusta"
    scim.execute("UPDATE {p}customer_address_entity SET firstname = 'The', lastname = 'Office'")
    user = scim.get(f"/Users/{user_id}").get_json()
    assert user["name"] == {"givenName": "Augusta", "familyName": "Lovelace"}, "what comes from elsewhere is another's"


def test_a_deleted_user_s_addresses_go(make: Make) -> None:
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK])["id"]
    assert scim.send("DELETE", f"/Users/{user_id}").status_code == 204
    assert scim.rows("customer_address_entity") == scim.rows("scim_address") == []


# --- the shop has the last word ---

EDITED = [
    ("city = 'Dallas'", [{**WORK, "locality": "Dallas"}]),
    ("region = 'Ohio', region_id = 47", [{**WORK, "region": "Ohio"}]),
    ("street = 'x'", [{**WORK, "streetAddress": "x"}]),
    ("postcode = NULL", [{name: value for name, value in WORK.items() if name != "postalCode"}]),
    ("telephone = '5', company = 'Other', firstname = 'X'", [WORK]),
    ("vat_id = 'X'", [WORK]),
]


@pytest.mark.parametrize(("edit", "shown"), EDITED)
def test_what_the_shop_s_admin_edits_is_what_is_read(make: Make, edit: str, shown: list[dict[str, Any]]) -> None:
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK])["id"]
    scim.execute(f"UPDATE {{p}}customer_address_entity SET {edit}")
    (before,) = book(scim, user_id)
    assert read(scim, user_id) == shown
    assert scim.patch(user_id, {"op": "add", "path": "nickName", "value": "A"}).get_json()["addresses"] == shown
    assert book(scim, user_id) == [before], "what the request does not change stays as the admin set it"
    put(scim, user_id, addresses=[WORK], nickName="A")
    assert {c: v for c, v in book(scim, user_id)[0].items() if c in ("city", "region", "street", "postcode")} == {
        c: ROW[c] for c in ("city", "region", "street", "postcode")
    }, "what the identity provider sends again is written again"


def test_an_address_that_the_shop_s_admin_deletes_is_gone_until_it_is_sent_again(make: Make) -> None:
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK, HOME])["id"]
    first = book(scim, user_id)[0]["entity_id"]
    scim.execute("UPDATE {p}customer_entity SET default_billing = NULL, default_shipping = NULL")
    scim.execute("DELETE FROM {p}customer_address_entity WHERE entity_id = :a", a=first)
    assert read(scim, user_id) == [HOME]
    scim.patch(user_id, {"op": "add", "path": "nickName", "value": "A"})
    assert [row["city"] for row in book(scim, user_id)] == ["München"]
    put(scim, user_id, addresses=[WORK, HOME])
    assert [row["city"] for row in book(scim, user_id)] == ["München", "Austin"]
    assert read(scim, user_id) == [WORK, HOME]


def test_the_default_that_the_customer_chose_stays(make: Make) -> None:
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK])["id"]
    own = add(scim, user_id, "shipping")
    put(scim, user_id, addresses=[{**WORK, "locality": "Dallas"}])
    assert defaults(scim, user_id) == (book(scim, user_id)[0]["entity_id"], own)


# --- customers who have addresses already ---

TURNED = {**WORK, "locality": "Waco", "region": "Texas"}


def test_who_is_not_managed_is_shown_with_the_default_address(make: Make) -> None:
    scim = make(BOTH)
    user_id = stranger(scim)
    add(scim, user_id, city="Paris")
    assert read(scim, user_id) == []
    add(scim, user_id, "shipping")
    assert read(scim, user_id) == [TURNED]
    add(scim, user_id, "billing", city="Plano")
    assert read(scim, user_id) == [{**TURNED, "locality": "Plano"}], "the first kind of the rule that there is"
    listed = scim.get("/Users", filter='addresses[type eq "work" and locality eq "Plano"]').get_json()
    assert [user["id"] for user in listed["Resources"]] == [user_id]


@pytest.mark.parametrize("existing", ["keep", "replace", "adopt"])
def test_whoever_becomes_managed_keeps_the_address_and_shows_it(make: Make, existing: str) -> None:
    scim = make(PEOPLE + entry(words=f"existing: {existing}"))
    user_id = stranger(scim)
    own = add(scim, user_id, "billing", "shipping", firstname="Somebody", lastname="Else")
    (before,) = book(scim, user_id)
    assert scim.patch(user_id, {"op": "add", "path": "nickName", "value": "A"}).get_json()["addresses"] == [TURNED]
    assert (book(scim, user_id), defaults(scim, user_id)) == ([before], (own, own)), "nothing asked for it"
    assert len(scim.rows("scim_address")) == (existing == "adopt")
    assert read(scim, user_id) == [TURNED]
    put(scim, user_id)
    assert len(book(scim, user_id)) == (existing != "adopt"), "what is a rule's goes when the user has no more of it"
    assert read(scim, user_id) == []


@pytest.mark.parametrize(
    ("existing", "cities", "default"),
    [("keep", ["Waco", "Austin"], (0, 0)), ("replace", ["Waco", "Austin"], (1, 1)), ("adopt", ["Austin"], (0, 0))],
)
@pytest.mark.parametrize("way", ["POST", "PUT", "PATCH"])
def test_what_becomes_of_the_default_address_that_is_there(
    make: Make, existing: str, cities: list[str], default: tuple[int, int], way: str
) -> None:
    scim = make(PEOPLE + entry(words=f"existing: {existing}"))
    user_id = stranger(scim)
    add(scim, user_id, "billing", "shipping")
    (before,) = book(scim, user_id)
    if way == "POST":
        assert scim.create(addresses=[WORK])["id"] == user_id
    elif way == "PUT":
        put(scim, user_id, addresses=[WORK])
    else:
        scim.patch(user_id, {"op": "replace", "path": 'addresses[type eq "work"]', "value": WORK})
    rows = book(scim, user_id)
    assert [row["city"] for row in rows] == cities
    assert defaults(scim, user_id) == tuple(rows[i]["entity_id"] for i in default)
    assert read(scim, user_id) == [WORK]
    assert existing == "adopt" or rows[0] == before, "an address that no rule made is not touched"
    put(scim, user_id)
    assert [row["city"] for row in book(scim, user_id)] == cities[:-1]


def test_an_equal_address_is_taken_over_rather_than_the_default_one(make: Make) -> None:
    scim = make(PEOPLE + entry(words="existing: adopt") + entry("home", "[billing]", words="existing: adopt"))
    user_id = stranger(scim)
    default = add(scim, user_id, "billing", "shipping")
    equal = add(scim, user_id, city="Austin")
    scim.create(addresses=[WORK, HOME])
    assert {r["name"]: r["address_id"] for r in scim.rows("scim_address")} == {"work": equal, "home": default}
    assert [row["city"] for row in book(scim, user_id)] == ["München", "Austin"]


def test_a_rule_that_is_called_otherwise_takes_its_address_over_where_it_may(make: Make) -> None:
    scim = make(PEOPLE + entry(words="existing: adopt"))
    user_id = scim.create(addresses=[WORK])["id"]
    renamed = make(PEOPLE + entry(words="existing: adopt").replace("name: work", "name: office"))
    renamed.patch(user_id, {"op": "add", "path": "nickName", "value": "A"})
    (kept,) = renamed.rows("scim_address")
    assert (kept["name"], kept["address_id"]) == ("office", book(renamed, user_id)[0]["entity_id"])


def test_an_address_that_went_to_somebody_else_is_left_alone(make: Make) -> None:
    scim = make(BOTH)
    user_id, other = scim.create(addresses=[WORK])["id"], scim.create(userName="bob@example.com")["id"]
    scim.execute("UPDATE {p}customer_address_entity SET parent_id = :o", o=int(other))
    assert read(scim, user_id) == []
    put(scim, user_id, addresses=[WORK])
    assert [len(book(scim, i)) for i in (user_id, other)] == [1, 1]
    assert read(scim, user_id) == [WORK]


# --- the rest ---


def test_custom_attributes_and_lookups_and_conditions(make: Make) -> None:
    scim = make(BOTH)
    for code, number in (("floor", 990), ("gate", 991)):
        scim.execute(
            "INSERT INTO {p}eav_attribute (attribute_id, entity_type_id, attribute_code, backend_type, frontend_input,"
            " frontend_label, is_required, is_user_defined, is_unique) VALUES (:n, 2, :c, 'varchar', 'text', :c, 0, 1, 0)",
            n=number, c=code,
        )  # fmt: skip
        scim.execute("INSERT INTO {p}customer_eav_attribute (attribute_id, is_visible) VALUES (:n, 1)", n=number)
        scim.execute(
            "INSERT INTO {p}eav_entity_attribute (entity_type_id, attribute_set_id, attribute_group_id, attribute_id)"
            " VALUES (2, 2, 2, :n)",
            n=number,
        )
    fields = (
        "floor: '/shop:floor'\n      gate: {const: north, when: 'addresses.locality eq \"Dallas\"', otherwise: south}"
    )
    text = PEOPLE.replace("addresses:", "tables: {land: {Texas country: US, '*': '{value}'}}\naddresses:")
    text += entry(fields=fields).replace("country_id: country", "country_id: {from: country, lookup: land}")
    scim = make(text)
    sent = {**WORK, "country": "Texas Country"}
    user_id = scim.create(addresses=[sent], **{"urn:example:magento:Customer": {"floor": "3"}})["id"]

    def held() -> dict[int, str]:
        return {row["attribute_id"]: row["value"] for row in scim.rows("customer_address_entity_varchar")}

    assert held() == {990: "3", 991: "south"}
    assert read(scim, user_id) == [sent]
    scim.patch(user_id, {"op": "replace", "path": 'addresses[type eq "work"].locality', "value": "Dallas"})
    assert held() == {990: "3", 991: "north"}
    scim.patch(user_id, {"op": "remove", "path": "urn:example:magento:Customer:floor"})
    assert held() == {991: "north"}
    scim.patch(user_id, {"op": "remove", "path": "addresses"})
    assert held() == {}


def test_a_list_reads_addresses_in_as_many_statements_for_many_as_for_one(make: Make) -> None:
    for text, wanted in ((BOTH, 2), (PEOPLE.replace("addresses:\n", ""), 0)):
        scim = make(text)
        for number in range(3):
            scim.create(userName=f"u{number}{len(text)}@example.com", addresses=[WORK, HOME])
        statements: list[str] = []
        engine = scim.app.extensions["magento-scim"].shop.reader
        sa.event.listen(
            engine,
            "before_cursor_execute",
            lambda c, cursor, s, *rest, all=statements: all.extend(text for text, _ in wire.each(s)),
        )
        for size in (1, 3):
            statements.clear()
            assert len(scim.get("/Users", count=size).get_json()["Resources"]) == size
            found = [s for s in statements if "scim_address" in s or "customer_address_entity" in s]
            assert len(found) == wanted, "only where a rule wants any"


def test_the_journal_tells_of_addresses(make: Make) -> None:
    scim = make(BOTH.replace("city: locality", "city: {from: locality, mask: true}"))
    user_id = scim.create(addresses=[WORK])["id"]
    scim.patch(user_id, {"op": "remove", "path": "addresses"})
    made, gone = (row["changes"] for row in scim.rows("scim_journal"))
    for told in (made, gone):
        assert "customer_address_entity" in told
        assert "scim_address" in told
        assert "1 Main St" in told
        assert "Austin" not in told, "masked"


UNDONE = [
    {"op": "replace", "path": 'addresses[type eq "work"].locality', "value": "Dallas"},
    {"op": "replace", "path": 'addresses[type eq "work"].country', "value": "GB"},
    {"op": "remove", "path": 'addresses[type eq "work"]'},
    {"op": "replace", "path": "addresses", "value": [HOME]},
    {"op": "add", "path": "addresses", "value": [{**HOME, "type": "home"}]},
]


@pytest.mark.parametrize("operation", UNDONE)
def test_a_change_of_addresses_is_taken_back(make: Make, operation: dict[str, Any]) -> None:
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK])["id"]
    before = test_journal.everything(scim)
    assert scim.patch(user_id, operation).status_code == 200
    assert test_journal.everything(scim) != before
    newest = test_journal.entries(scim)[0].entry_id
    test_journal.take_back(scim, entry_id=newest)
    after = test_journal.everything(scim)
    assert {name: test_journal._steady(rows) for name, rows in after.items()} == {
        name: test_journal._steady(rows) for name, rows in before.items()
    }
    assert read(scim, user_id) == [WORK]


def test_a_customer_with_addresses_is_taken_back(make: Make) -> None:
    scim = make(BOTH)
    before = test_journal.everything(scim)
    user_id = scim.create(addresses=[WORK, HOME])["id"]
    test_journal.take_back(scim, resource_id=int(user_id))
    assert test_journal.everything(scim) == before
    user_id = scim.create(addresses=[WORK, HOME])["id"]
    before = test_journal.everything(scim)
    assert scim.send("DELETE", f"/Users/{user_id}").status_code == 204
    test_journal.take_back(scim, entry_id=test_journal.entries(scim)[0].entry_id)
    assert test_journal.everything(scim) == before


def test_addresses_that_were_overwritten_or_deleted_are_found_and_repaired(make: Make) -> None:
    """Magento saves a customer with all addresses as it read them (facts 5.1)."""
    scim = make(BOTH)
    user_id = scim.create(addresses=[WORK, HOME])["id"]
    bridge = test_journal.bridge_of(scim)
    assert [each for batch in drift.walk(bridge) for each in batch.differences] == []
    work, home = book(scim, user_id)
    scim.execute("UPDATE {p}customer_address_entity SET city = 'Waco' WHERE entity_id = :i", i=work["entity_id"])
    scim.execute("DELETE FROM {p}customer_address_entity WHERE entity_id = :i", i=home["entity_id"])
    found = {each.attribute: (each.wanted, each.found) for b in drift.walk(bridge) for each in b.differences}
    assert found["work.city"] == ("Austin", "Waco")
    assert found["home.city"] == ("München", None)
    assert [batch.repaired for batch in drift.walk(bridge, repair=True)] == [1]
    assert [row["city"] for row in book(scim, user_id)] == ["Austin", "München"]
    assert read(scim, user_id) == [WORK, HOME]
    assert [each for batch in drift.walk(bridge) for each in batch.differences] == []
    setting(scim, "general/country/allow", "US")
    scim.execute("UPDATE {p}customer_address_entity SET city = 'Waco'")
    assert [batch.repaired for batch in drift.walk(bridge, repair=True)] == [1]
    assert [row["city"] for row in book(scim, user_id)] == ["Austin", "Waco"], "what the shop takes by now"


TEXT = st.text(alphabet="abcXYZ äß'-12", min_size=1, max_size=12).filter(lambda text: text.strip() == text)
PLACES = st.sampled_from([("US", "TX"), ("us", "Texas"), ("DE", "bayern"), ("DEU", None), ("GB", "Kent"), ("IE", None)])


@st.composite
def an_address(draw: Any, kind: str) -> dict[str, Any]:
    country, region = draw(PLACES)
    street = "\n".join(draw(st.lists(TEXT, min_size=1, max_size=4)))
    found = {"type": kind, "streetAddress": street, "locality": draw(TEXT), "postalCode": draw(TEXT)}
    return {**found, "country": country, **({"region": region} if region else {})}


def test_what_was_projected_turns_back_into_what_projects_the_same(make: Make) -> None:
    """Whatever is sent: it is read as sent; and turned back from the rows alone it comes to the same rows."""
    scim = make(BOTH)
    user_id = scim.create()["id"]
    noted = writes(scim)

    @hypothesis.settings(
        max_examples=40, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(st.lists(st.sampled_from(["work", "home"]), unique=True).flatmap(
        lambda kinds: st.tuples(*(an_address(kind) for kind in kinds))
    ))  # fmt: skip
    def run(sent: tuple[dict[str, Any], ...]) -> None:
        assert put(scim, user_id, addresses=copy.deepcopy(sent)).get("addresses", []) == list(sent)
        rows = book(scim, user_id)
        assert len(rows) == len(sent)
        ids = {row["entity_id"] for row in rows}
        assert {i for i in defaults(scim, user_id) if i is not None} <= ids, "no default that is not there"
        assert {row["address_id"] for row in scim.rows("scim_address")} == ids
        noted.clear()
        put(scim, user_id, addresses=copy.deepcopy(sent))
        assert noted == []
        # The document is lost: what is left are the rows.
        document = scim.rows("scim_link")[0]["document"]
        emptied = '{"name":{"familyName":"Lovelace","givenName":"Ada"},"userName":"ada@example.com"}'
        scim.execute("UPDATE {p}scim_link SET document = :d", d=emptied)
        turned = read(scim, user_id)
        scim.execute("UPDATE {p}scim_link SET document = :d", d=document)
        put(scim, user_id, addresses=turned)
        plain = [{c: v for c, v in row.items() if c != "updated_at"} for row in book(scim, user_id)]
        assert plain == [{c: v for c, v in row.items() if c != "updated_at"} for row in rows]

    run()


def test_a_patch_without_path(make: Make) -> None:
    scim = make(BOTH)
    user_id = scim.create()["id"]
    answer = scim.send(
        "PATCH",
        f"/Users/{user_id}",
        {"schemas": [PATCH], "Operations": [{"op": "add", "value": {"addresses": [WORK]}}]},
    )
    assert answer.status_code == 200
    assert [row["city"] for row in book(scim, user_id)] == ["Austin"]
