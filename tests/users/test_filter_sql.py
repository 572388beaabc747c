"""Filters and sort orders as SQL, against the protocol's own evaluator on what a client reads.

The users are as varied as a shop's: linked and not, changed behind the service by SQL, deactivated, with letters,
blanks and wildcards that collations and LIKE are known to trip over. SCIM_FILTER_EXAMPLES asks for more filters.
"""

import json
import os
import re
import unicodedata
from typing import Any

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import strategies as st

from app import service
from app.scim import filters
from app.sql import wire
from tests.users.conftest import ENTERPRISE, ROOT, USER, Client, Make

EXAMPLES = int(os.environ.get("SCIM_FILTER_EXAMPLES", "120"))
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
SHOP = "urn:example:magento:Customer"
SHIPPED = (ROOT / "mapping.yaml").read_text()
WIDE = """
version: 1
prefixes: {shop: "urn:example:magento:Customer", ent: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}
customer:
  email:      {from: userName, transform: [lower]}
  firstname:  {from: name.givenName, default: '{displayName | first_word}'}
  lastname:   {from: [name.familyName, nickName], transform: [upper]}
  prefix:     {from: [ent:costCenter, title]}
  taxvat:     externalId
  suffix:     {from: 'phoneNumbers[type eq "work"].value'}
  dob:        shop:birthDate
  gender:     shop:gender
  disable_auto_group_change: shop:fixedGroup
  created_in: {from: profileUrl, direction: in}
"""
ADDRESSES = """
version: 1
prefixes: {ent: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}
customer:
  email:      {from: ['emails[type eq "work"].value', emails.value, userName], transform: [lower]}
  firstname:  {from: name.givenName, default: '{displayName | first_word}'}
  lastname:   {from: name.familyName, default: '{displayName | last_word}'}
addresses:
  - name: work
    root: 'addresses[type eq "work"]'
    default: [billing]
    on_invalid: drop
    fields:
      firstname: /name.givenName
      lastname:  /name.familyName
      company:   {from: /ent:division, direction: inout}
      street:    {from: streetAddress, default: '-'}
      city:      locality
      country_id: country
      postcode:  {from: postalCode, default: '0'}
      telephone: {from: '/phoneNumbers[type eq "work"].value', default: '-', direction: inout}
"""
MAPPINGS = {"shipped": SHIPPED, "wide": WIDE, "addresses": ADDRESSES}

NAMES = ("Ada", "ada", "ÅDA", "Åda", "Müller", "Mu\u0308ller", "MUELLER", "Strauß", "STRAUSS", "O'Neil", "a_b", "a%b",
         "a\\b", "a!b", "ab", 'q"t', "Ada ", " Ada", "ſam", "ΟΔΟΣ", "İnci", "z")  # fmt: skip
REFUSED = re.compile(r'[%\\!"]')  # by Magento in names; they come into the shop by other ways
TITLES = (None, "x", "X ", "x\t", "", "50%", "5_%", "!%", "\\", "a\\nb", 'say "x"', "ß", "SS", "Ärger", "ärger", "null",
          "true", "7", "[1]", "{}", "\U0001f600", "x" * 300)  # fmt: skip


def _person(number: int, *, wide: bool) -> dict[str, Any]:
    """Make up one user; everything follows from the number."""
    given, family = NAMES[number % len(NAMES)], NAMES[(number * 7 + 3) % len(NAMES)]
    address = f"u{number}@example.com"
    if number % 9 == 4:
        address = f"Strau\u00df{number}@example.com" if number % 2 else f"m\u00fc_{number}%x@Example.com"
    name = {"givenName": REFUSED.sub("-", given), "familyName": REFUSED.sub("-", family)}
    user: dict[str, Any] = {"userName": address, "name": name}
    if number % 3 == 0:
        user["userName"] = ("Jane Doe", "STRAUSSe", "Stra\u00dfen", "na_me", "na%me", "name ", "\uff41da", "\u00c9mile",
                            "E\u0301mil", "z")[number // 3 % 10] + ("" if number % 2 and number < 30 else str(number))  # fmt: skip
        user["emails"] = [{"value": address, "type": ("work", "home")[number // 3 % 2], "primary": number % 2 == 0}]
    if number % 4 == 1:
        kind = ("home", "other", "WORK")[number // 4 % 3]
        user["emails"] = [
            *user.get("emails", [{"value": address}]),
            {"value": f"Second{number}@Example.org", "type": kind},
        ]
    if (title := TITLES[number % len(TITLES)]) is not None:
        user["title"] = title
    if number % 5 == 0:
        user["externalId"] = ("Ext", "ext", "EXT ", "e%t", "\u00e9xt", "x_t", "42", "eXT")[number // 5 % 8]
    if number % 5 == 2:
        user["phoneNumbers"] = [
            {"value": f"+49 {number}", "type": "work"},
            {"value": "1", "type": "home", "primary": True},
        ]
        user["addresses"] = [{"locality": NAMES[number % len(NAMES)], "country": "DE", "type": "work"}]
    if number % 7 == 1:
        user[ENTERPRISE] = {
            "employeeNumber": str(number),
            "costCenter": TITLES[number % 11] or "cc",
            "department": "R&D",
        }
        user[ENTERPRISE]["manager"] = {"value": str(number % 4)}
    if number % 6 == 5:
        user["nickName"], user["preferredLanguage"], user["userType"] = (
            NAMES[number % 5],
            "de-DE",
            ("a", "A ")[number % 2],
        )
        user["roles"] = [{"value": "admin"}, {"value": "Editor", "primary": True}]
    if number % 8 == 7:
        user["displayName"] = f"{given} {family}"
        user["profileUrl"] = "https://example.com/~x"
    user["active"] = number % 11 != 5
    if wide:
        local = user["userName"].strip().replace(" ", "").partition("@")[0]
        user["userName"] = f"{local}{number}@Example.com"
        user["title"] = user.get("title", "")[:30].replace("\U0001f600", "t")
        user[SHOP] = {
            "gender": ("Male", "female")[number % 2],
            "birthDate": "1985-12-10",
            "fixedGroup": number % 3 == 0,
        }
    return user


def _meddle(scim: Client, ids: list[int]) -> None:
    """Do what others do to the shop: other values, other groups, customers that nobody manages."""
    changes = [
        "email = 'Changed@example.com'", "email = 'stra\u00dfe@example.com'", "firstname = 'Behind '", "lastname = NULL",
        "firstname = 'behind'", "group_id = 2", "is_active = 0", "prefix = 'Dr.'", "lastname = 'STRAUSS'", "taxvat = 'EXT'",
        "taxvat = NULL", "suffix = NULL", "updated_at = '2020-02-02 02:02:02'", "created_at = '2019-01-01 00:00:00'",
    ]  # fmt: skip
    for number, entity_id in enumerate(ids):
        if REFUSED.search(name := NAMES[number % len(NAMES)]):
            scim.execute("UPDATE {p}customer_entity SET firstname = :n WHERE entity_id = :i", n=name, i=entity_id)
    for number, change in enumerate(changes):
        scim.execute(f"UPDATE {{p}}customer_entity SET {change} WHERE entity_id = :i", i=ids[number * 2])
    others = [("anna_%@example.com", "Anna", "M\u00fcller", 1), ("Jos\u00c9@example.com", "Jos\u00e9", "Ada", 3),
              ("stra\u00dfer@example.com", "", "O'Neil", 1), (None, "No", "Mail", 1), ("", "Empty", "Mail", 1),
              ("u500@example.com", "a_b", "x ", 2)]  # fmt: skip
    for email, first, last, group in others:
        scim.execute(
            "INSERT INTO {p}customer_entity (website_id, email, group_id, store_id, firstname, lastname, is_active,"
            " created_at, updated_at) VALUES (1, :e, :g, 1, :f, :l, :a, '2018-01-01', '2021-05-05 05:05:05')",
            e=email, g=group, f=first, l=last, a=int(group != 3),
        )  # fmt: skip
    every = [row["entity_id"] for row in scim.rows("customer_entity")]
    for number, entity_id in enumerate((*ids[3:12:4], *every[-5:])):
        scim.execute(
            "INSERT INTO {p}customer_address_entity (parent_id, firstname, lastname, street, city, country_id, telephone,"
            " company) VALUES (:e, 'A', 'B', 'x', :c, 'DE', '+49 7', 'Division')",
            e=entity_id, c=NAMES[number],
        )  # fmt: skip
    scim.execute(
        "UPDATE {p}customer_entity SET default_billing = (SELECT MAX(a.entity_id) FROM {p}customer_address_entity a"
        " WHERE a.parent_id = {p}customer_entity.entity_id)"
    )
    scim.execute("UPDATE {p}customer_address_entity SET city = 'Behind' WHERE city = 'Müller'")
    scim.execute(
        "INSERT INTO {p}customer_grid_flat (entity_id, email, group_id) SELECT entity_id, email, group_id"
        " FROM {p}customer_entity e WHERE e.entity_id NOT IN (SELECT entity_id FROM {p}customer_grid_flat)"
    )
    scim.execute(
        "UPDATE {p}customer_grid_flat g JOIN {p}customer_entity e USING (entity_id) SET g.group_id = e.group_id"
    )


@pytest.fixture(params=sorted(MAPPINGS))
def crowd(make: Make, request: pytest.FixtureRequest) -> tuple[Client, dict[str, dict[str, Any]]]:
    """A client and all users as each is read, by id."""
    scim, wide = make(MAPPINGS[request.param]), request.param == "wide"
    ids = []
    for number in range(40):
        ids.append(int(scim.create(**_person(number, wide=wide))["id"]))
    members = [{"value": str(entity_id)} for entity_id in ids[:6]]
    for name in ("Staff", "Stra\u00dfe"):
        answer = scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": name, "members": members})
        assert answer.status_code == 201, answer.text
    _meddle(scim, ids)
    rows = scim.rows("customer_entity")
    return scim, {str(row["entity_id"]): scim.get(f"/Users/{row['entity_id']}").get_json() for row in rows}


TEXTS = ("userName", "externalId", "title", "displayName", "nickName", "profileUrl", "preferredLanguage", "userType",
         "name.givenName", "name.familyName", "name.honorificPrefix", "name.honorificSuffix", "id", "meta.resourceType",
         "addresses.type", "addresses.streetAddress", f"{ENTERPRISE}:division", "meta.location", "meta.version", "emails", "emails.value", "emails.type", "phoneNumbers.value", "addresses.locality",
         "addresses.country", "roles", "groups", "groups.value", "groups.display", f"{USER}:userName", "schemas",
         f"{ENTERPRISE}:employeeNumber", f"{ENTERPRISE}:costCenter", f"{ENTERPRISE}:department",
         f"{ENTERPRISE}:manager.value")  # fmt: skip
FLAGS = ("active", "emails.primary", "phoneNumbers.primary", "roles.primary")
MOMENTS = ("meta.created", "meta.lastModified")
ONLY_PRESENT = ("name", "meta", "addresses", f"{ENTERPRISE}:manager")
INNER = {"emails": ("value", "type", "display"), "phoneNumbers": ("value", "type"), "addresses": ("locality", "country"),
         "roles": ("value",), "groups": ("value", "display", "type")}  # fmt: skip
OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")


def _values(people: dict[str, dict[str, Any]]) -> list[str]:
    """Collect every text in the resources, and what is near to it."""
    found: set[str] = {"", " ", "%", "_", "\\", "!", "no such", "work", "WORK", "1", "01", "0", "9" * 20, "customer-1"}

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, str):
            found.add(value)

    for person in people.values():
        walk({key: value for key, value in person.items() if key != "meta"})
    near = [str.swapcase, str.upper, lambda t: t + " ", str.strip, lambda t: t[:2], lambda t: t[-3:], lambda t: t[1:-1],
            lambda t: unicodedata.normalize("NFD", t), lambda t: t.replace("\u00df", "ss"), lambda t: t + "x"]  # fmt: skip
    return sorted(found | {change(text) for text in found for change in near})


def _filters(people: dict[str, dict[str, Any]]) -> st.SearchStrategy[str]:
    quoted = st.sampled_from([json.dumps(text) for text in _values(people)])
    operator = st.sampled_from(OPERATORS)
    moments = sorted({person["meta"][name] for person in people.values() for name in ("created", "lastModified")})
    moments += ["2019-01-01T01:00:00+01:00", "2021-05-05T05:05:05.5Z", "0001-01-01T00:00:00+14:00", "2021-05-05T24:00:00Z",
                "9999-12-31T23:59:59-14:00", "2020-02-02T02:02:02.0000000001Z", "2020-02-02T02:02:02"]  # fmt: skip

    def compare(path: st.SearchStrategy[str], op: st.SearchStrategy[str], value: st.SearchStrategy[str]) -> Any:
        return st.tuples(path, op, value).map(" ".join)

    equal = st.sampled_from(["eq", "ne"])
    order = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])
    wide = any(SHOP in person for person in people.values())
    extra = (f"{SHOP}:gender", f"{SHOP}:birthDate", f"{SHOP}:fixedGroup") if wide else ()
    texts = st.sampled_from((*TEXTS, *extra[:2]))
    named = st.sampled_from([(path, sub) for path, subs in INNER.items() for sub in subs])
    inside = st.one_of(
        *(compare(st.sampled_from(subs), operator, quoted).map(lambda text, path=path: f"{path}[{text}]")
          for path, subs in INNER.items()),
        *(st.tuples(compare(st.just("value"), equal, quoted), st.sampled_from(["and", "or", "and not"]),
                    compare(st.sampled_from(["type", "display"]), equal, quoted))
          .map(lambda t, path=path: f"{path}[{t[0]} {t[1]} ({t[2]})]") for path in ("emails", "groups")),
        st.tuples(quoted, quoted).map(lambda t: f"emails[type eq {t[0]}].value eq {t[1]}"),
        st.sampled_from(["emails[primary eq true]", "emails[not (type pr)]", "roles[primary eq false]",
                         'emails[type eq "work" and primary eq false]', "groups[value pr]"]),
        named.map(lambda t: f"{t[0]}[{t[1]} pr]"),
    )  # fmt: skip
    single = st.one_of(
        compare(texts, operator, quoted),
        compare(texts, operator, quoted),
        compare(texts, operator, quoted),
        compare(texts, equal, st.just("null")),
        st.sampled_from((*TEXTS, *FLAGS, *MOMENTS, *ONLY_PRESENT, *extra)).map(lambda path: f"{path} pr"),
        compare(st.sampled_from(FLAGS), equal, st.sampled_from(["true", "false", "null"])),
        compare(st.sampled_from(MOMENTS), order, st.sampled_from([json.dumps(moment) for moment in moments])),
        inside,
    )
    return st.recursive(
        single,
        lambda part: st.one_of(
            st.tuples(part, st.sampled_from([" and ", " or "]), part).map(lambda t: f"({t[0]}){t[1]}({t[2]})"),
            part.map(lambda text: f"not ({text})"),
        ),
        max_leaves=4,
    )


def _tree(scim: Client, text: str) -> filters.Node:
    with scim.app.app_context():
        return filters.parse(text, service.current().rulebook.tenants["default"].ruleset.published)


def _fit(scim: Client, people: dict[str, dict[str, Any]], text: str) -> list[str]:
    node = _tree(scim, text)
    return sorted((i for i, person in people.items() if filters.evaluate(node, person)), key=int)


def _found(scim: Client, text: str, **query: Any) -> list[str]:
    answer = scim.get("/Users", filter=text, **{"count": 1000, "attributes": "id", **query})
    assert answer.status_code == 200, (text, answer.text)
    body = answer.get_json()
    assert body["totalResults"] == len(body["Resources"]), text
    return [user["id"] for user in body["Resources"]]


def test_a_filter_finds_whom_the_evaluator_finds(crowd: tuple[Client, dict[str, dict[str, Any]]]) -> None:
    scim, people = crowd

    @hypothesis.settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(_filters(people))
    def run(text: str) -> None:
        assert _found(scim, text) == _fit(scim, people, text), text

    run()


# --- sort and cursors ---


def _key(person: dict[str, Any], path: str) -> Any:
    """Give what a user is sorted by as text; None where it has no value (RFC 7644 section 3.4.2.3)."""
    value: Any = person
    for name in path.split("."):
        if isinstance(value, list):
            value = next((one for one in value if one.get("primary")), value[0])
        value = (value or {}).get(name)
    return value.lower() if isinstance(value, str) and path != "externalId" else value


SORTS = ("userName", "externalId", "title", "nickName", "name.familyName", "name.givenName", "active", "meta.created",
         "meta.lastModified", "phoneNumbers.value", "roles.value", "addresses.locality", "userType", "groups.value",
         "groups.display", "meta.version", "addresses.country")  # fmt: skip


def test_sort_orders_are_python_s(crowd: tuple[Client, dict[str, dict[str, Any]]]) -> None:
    """Plain letters and digits sort alike in Python and in every collation; who has no value is last, else first."""
    scim, people = crowd
    for path in SORTS:
        for order in ("ascending", "descending"):
            answer = scim.get("/Users", sortBy=path, sortOrder=order, count=1000, attributes="id").get_json()
            ids = [user["id"] for user in answer["Resources"]]
            assert sorted(ids, key=int) == sorted(people, key=int), path
            keys = [(_key(people[i], path), int(i)) for i in ids]
            absent = [key is None for key, _ in keys]
            assert absent == sorted(absent, reverse=order == "descending"), (path, order)
            plain = [
                pair
                for pair in keys
                if not isinstance(pair[0], str) or re.fullmatch(r"[\w:/.@\"-]+", pair[0], re.ASCII)
            ]
            plain = [pair for pair in plain if pair[0] is not None and str(pair[0]).isascii()]
            by_id = sorted(plain, key=lambda pair: pair[1])
            assert plain == sorted(by_id, key=lambda pair: pair[0], reverse=order == "descending"), (path, order)


def test_a_cursor_walks_past_each_fitting_user_once(crowd: tuple[Client, dict[str, dict[str, Any]]]) -> None:
    scim, _ = crowd
    count, walks = (
        9,
        [
            (path, "ascending")
            for path in ("userName", "externalId", "name.familyName", "active", "roles.value", "groups.display")
        ],
    )
    for text in (None, 'name.givenName co "a"', 'not (title sw "x") and emails pr'):
        for path, order in (*walks, ("id", "descending"), ("title", "descending")):
            query = {"sortBy": path, "sortOrder": order, "attributes": "id", **({"filter": text} if text else {})}
            whole = [user["id"] for user in scim.get("/Users", count=1000, **query).get_json()["Resources"]]
            walked: list[str] = []
            cursor: str | None = ""
            while cursor is not None:
                answer = scim.get("/Users", cursor=cursor, count=count, **query).get_json()
                assert answer["totalResults"] == len(whole)
                walked += [user["id"] for user in answer["Resources"]]
                cursor = answer.get("nextCursor")
            assert walked == whole, (text, path, order)


# --- indexes ---

LOOKUPS = (
    'userName eq "u700@example.com"', 'userName eq "U2700@Example.com"', 'externalId eq "e700"', 'id eq "700"',
    'emails eq "u700@example.com"', 'emails.value eq "u2700@example.com"', 'emails[value eq "u700@example.com"]',
    'emails[type eq "work" and value eq "u700@example.com"]', 'emails[type eq "home"].value eq "h700@example.org"',
    'emails.value eq "h700@example.org"', 'userName eq "u700@example.com" and active eq true',
    'userName eq "u7@example.com" or externalId eq "e8"', 'userName eq "stra\u00dfe"', 'userName eq "\U0001f600"',
    'emails eq "\U0001f600@example.com"', 'emails.value eq "\u00fcber@example.com"',
    'groups eq "{group}"', 'groups.value eq "{group}"', 'groups[value eq "{group}"]', 'groups.value eq "group-3"',
)  # fmt: skip
LARGE = ("customer_entity", "scim_link", "scim_email", "scim_membership", "customer_grid_flat")


@pytest.fixture
def many(scim: Client) -> tuple[Client, str]:
    """A shop with 3000 customers, 2000 of them managed, and a group with five members; gives the group's id."""
    numbers = "(SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n FROM " + ", ".join(
        "(SELECT 0 AS n" + "".join(f" UNION ALL SELECT {digit}" for digit in range(1, limit)) + f") {name}"
        for name, limit in (("a", 10), ("b", 10), ("c", 10), ("d", 3))
    ) + ") numbers"  # fmt: skip
    scim.execute(
        "INSERT INTO {p}customer_entity (entity_id, website_id, email, group_id, store_id, firstname, lastname)"
        " SELECT n + 1, 1, CONCAT('u', n + 1, '@example.com'), IF(n % 1000 = 7, 3, 1), 1, 'A', 'B' FROM " + numbers
    )
    scim.execute(
        "INSERT INTO {p}customer_grid_flat (entity_id, email, group_id) SELECT entity_id, email, group_id FROM {p}customer_entity"
    )
    scim.execute(
        "INSERT INTO {p}scim_link (entity_id, tenant, user_name, external_id, document, created_at, modified_at)"
        " SELECT entity_id, 'default', email, CONCAT('e', entity_id), CONCAT('{\"externalId\":\"e', entity_id,"
        ' \'","userName":"\', email,'
        ' \'","emails":[{"value":"\', email, \'","type":"work"},{"type":"home","value":"h\', entity_id,'
        " '@example.org\"}]}'), '2026-01-01', '2026-01-01' FROM {p}customer_entity WHERE entity_id <= 2000"
    )
    scim.execute("INSERT INTO {p}scim_email SELECT entity_id, CONCAT('h', entity_id, '@example.org') FROM {p}scim_link")
    members = [{"value": str(entity_id)} for entity_id in range(100, 105)]
    group = scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Staff", "members": members}).get_json()
    for table in LARGE:
        scim.execute(f"ANALYZE TABLE {{p}}{table}")
    return scim, group["id"]


def test_who_is_named_is_found_by_an_index(many: tuple[Client, str]) -> None:
    scim, group = many
    engine = scim.app.extensions["magento-scim"].shop.reader
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        seen.extend(wire.each(statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    scanned = []
    for text in LOOKUPS:
        seen.clear()
        answer = scim.get("/Users", filter=text.replace("{group}", group))
        assert answer.status_code == 200, answer.text
        assert answer.get_json()["totalResults"] == _expected(text), text
        with scim.engine.connect() as connection:
            for statement, parameters in seen:
                if statement.startswith("SELECT"):
                    plan = connection.exec_driver_sql(f"EXPLAIN FORMAT=TRADITIONAL {statement}", parameters).mappings()
                    scanned += [
                        (text, row["table"], row["type"], row["rows"], statement)
                        for row in plan
                        if str(row["table"]).removeprefix(scim.prefix) in LARGE
                        and row["type"] in ("ALL", "index")
                        and int(row["rows"]) > 100
                    ]
    sa.event.remove(engine, "before_cursor_execute", note)
    assert scanned == []


def _expected(text: str) -> int:
    if "group" in text:
        return 3 if "group-3" in text else 5
    if "\u00df" in text or "\U0001f600" in text or "\u00fc" in text:
        return 0
    return 2 if " or " in text else 1
