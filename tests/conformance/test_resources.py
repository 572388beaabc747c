"""What a resource may hold and how it is read back (RFC 7643 sections 2 to 4, 7 and 9)."""

from typing import Any

import pytest

from app.mapping import group_ids
from tests.conformance.conftest import GROUP, Service, told
from tests.scim.table import rows
from tests.users.conftest import ENTERPRISE, USER

WORK = {"value": "NEW@example.com", "type": "work"}
PHONES = [{"value": "tel:+1-201-555-0123", "type": "work"}, {"value": "030 1234", "type": "home"}]
LONG = {"value": "TUlJRERFUg==", "display": "one"}

# sent | read back: null stands for "not there", NEW for a word that is new
KEPT = rows(
    (1, {"NICKNAME": "Countess", "eMails": [WORK]}, {"nickName": "Countess", "emails": [WORK]}),
    (1, {"name": {"GIVENNAME": "Ada", "familyname": "King"}}, {"name": {"givenName": "Ada", "familyName": "King"}}),
    (5, {"x509Certificates": [{"value": "AQID+/8="}]}, {"x509Certificates": [{"value": "AQID+/8="}]}),
    (26, {"x509Certificates": [LONG, {"value": "AQID"}]}, {"x509Certificates": [LONG, {"value": "AQID"}]}),
    (6, {"profileUrl": "HTTPS://Example.com/~Ada"}, {"profileUrl": "HTTPS://Example.com/~Ada"}),
    (6, {"profileUrl": "people/ada"}, {"profileUrl": "people/ada"}),
    (8, {"emails": [{**WORK, "primary": True}]}, {"emails": [{**WORK, "primary": True}]}),
    ((9, 10), {"roles": [{"value": "a", "type": "x"}] * 2}, {"roles": [{"value": "a", "type": "x"}]}),
    ((9, 10), {"emails": [WORK, {"value": "new@Example.com", "type": "WORK"}]}, {"emails": [WORK]}),
    (11, {"title": None, "emails": [], "name": None, "displayName": "Ada Lovelace"}, {"title": None, "emails": None}),
    (11, {ENTERPRISE: None}, {ENTERPRISE: None, "schemas": [USER]}),
    (13, {ENTERPRISE: {"division": "x"}}, {ENTERPRISE: {"division": "x"}, "schemas": [USER, ENTERPRISE]}),
    (13, {"schemas": [USER, ENTERPRISE]}, {"schemas": [USER]}),
    (12, {"schemas": [ENTERPRISE, USER], ENTERPRISE: {"division": "x"}}, {"schemas": [USER, ENTERPRISE]}),
    ((14, 45), {"id": "4711"}, {}),
    ((16, 45), {"meta": {"resourceType": "Robot", "created": "2001-01-01T00:00:00Z", "version": "x"}}, {}),
    (15, {"externalId": "Ext-NEW"}, {"externalId": "Ext-NEW"}),
    ((25, 34, 45), {"groups": [{"value": "1"}]}, {"groups": None}),
    (28, {ENTERPRISE: {"manager": {"value": "aB3", "displayName": "X"}}}, {ENTERPRISE: {"manager": {"value": "aB3"}}}),
    ((21, 34, 35), {"password": "Sup3r-Secret!"}, {"password": None}),
    (22, {"emails": [{"value": "NEW@example.com"}]}, {"emails": [{"value": "NEW@example.com"}]}),
    (23, {"phoneNumbers": PHONES}, {"phoneNumbers": PHONES}),
    (24, {"addresses": [{"country": "GB"}]}, {"addresses": [{"country": "GB"}]}),
    (36, {"nickName": "MacHine"}, {"nickName": "MacHine"}),
    (
        38,
        {"emails": [{"value": "NEW@b.example", "type": "yacht"}]},
        {"emails": [{"value": "NEW@b.example", "type": "yacht"}]},
    ),
    (45, {"active": None}, {"active": True, "nickName": None}),
)
# sent | status and scimType of the strict profile | of the lenient one; 201: taken
BAD, TAKEN = (400, "invalidValue"), (201, None)
REFUSED = rows(
    (3, {"startIndex": 1.5}, BAD, TAKEN),  # an unknown attribute here; see also test_schemas.py
    (5, {"x509Certificates": [{"value": "no base 64 !"}]}, BAD, BAD),
    (5, {"x509Certificates": [{"value": 7}]}, BAD, BAD),
    (6, {"profileUrl": "http://a b/"}, BAD, TAKEN),
    (7, {"name": {"givenName": {"first": "A"}, "familyName": "L"}}, BAD, BAD),
    (8, {"emails": [{"value": "a@b.example", "primary": True}, {"value": "c@b.example", "primary": True}]}, BAD, BAD),
    (12, {"schemas": []}, BAD, TAKEN),
    (12, {"schemas": None}, BAD, TAKEN),
    (12, {"schemas": [USER, USER]}, BAD, TAKEN),
    (12, {"schemas": [USER, "urn:example:unknown"]}, BAD, TAKEN),
    (12, {"schemas": [GROUP]}, BAD, TAKEN),
    (12, {"schemas": USER}, BAD, BAD),
    (19, {"division": "x"}, BAD, TAKEN),
    (20, {"userName": None}, BAD, BAD),
    (20, {"userName": ""}, BAD, BAD),
    (20, {"userName": " \t"}, BAD, BAD),
    (22, {"emails": [{"value": "no mail", "type": "work"}]}, BAD, BAD),
    (24, {"addresses": [{"country": "Germany"}]}, BAD, TAKEN),
    (150, {"hobby": "x"}, BAD, TAKEN),
    (150, {"locale": "not a locale!", "timezone": "Mars"}, BAD, TAKEN),
    ((76, 150), {"active": "true"}, BAD, TAKEN),
)


@pytest.mark.parametrize(("given", "shown"), KEPT)
def test_what_is_sent_and_read_back(scim: Service, given: dict[str, Any], shown: dict[str, Any]) -> None:
    given, shown = scim.filled(given, shown)
    answer = scim.send("POST", "/Users", {**scim.body(), **given})
    assert answer.status_code == 201, answer.text
    created = answer.get_json()
    for found in (created, scim.read(created["id"])):
        assert {name: found.get(name) for name in shown} == shown
        assert found["id"] not in ("4711", "")
        assert found["meta"]["resourceType"] == "User"
        assert "password" not in found


@pytest.mark.parametrize(("given", "strict", "lenient"), REFUSED)
def test_what_is_refused(
    scim: Service, given: dict[str, Any], strict: tuple[int, str | None], lenient: tuple[int, str | None]
) -> None:
    answer = scim.post(**given)
    assert told(answer) == (strict if scim.profile == "strict" else lenient), answer.text


@pytest.mark.requirement(7)
def test_the_order_of_attributes_and_values_means_nothing(scim: Service) -> None:
    (emails,) = scim.filled([WORK, {"value": "NEW@b.example", "type": "home"}])
    body = scim.body(emails=emails, title="x")
    created = scim.send("POST", "/Users", body).get_json()
    turned = dict(reversed(body.items())) | {"emails": list(reversed(body["emails"]))}
    answer = scim.send("PUT", f"/Users/{created['id']}", turned)
    assert answer.headers["ETag"] == created["meta"]["version"]


@pytest.mark.requirement(14)
def test_an_id_is_the_service_s_and_stays(scim: Service) -> None:
    first = scim.create(id="mine")
    assert "bulkId" not in first["id"]
    renamed = scim.change(f"/Users/{first['id']}", {"op": "replace", "path": "userName", "value": scim.name()})
    assert renamed.get_json()["id"] == first["id"]
    scim.send("DELETE", f"/Users/{first['id']}")
    assert scim.create()["id"] != first["id"], "never given again"
    for names in ({"attributes": "userName"}, {"excludedAttributes": "id,schemas"}):
        assert set(scim.get(f"/Users/{renamed.get_json()['id']}", **names).get_json()) >= {"schemas"}


@pytest.mark.requirement(14, 54)
def test_no_user_has_the_id_of_a_group(scim: Service) -> None:
    """A user and a group of one number in the shop have ids of their own: RFC 7643 section 3.1 makes no type of it."""
    user = scim.create()
    group = scim.group(user["id"])
    number = group_ids.number(group["id"])
    while int(user["id"]) < number:
        user = scim.create()
    listed = scim.get("/", count=200).get_json()["Resources"]
    ids = [one["id"] for one in listed]
    assert len(ids) == len(set(ids))
    assert {group["id"]} <= set(ids)
    found = scim.get("/", filter=f'id eq "{group["id"]}"').get_json()["Resources"]
    assert [one["meta"]["resourceType"] for one in found] == ["Group"]
    assert scim.get(f"/Users/{group['id']}").status_code == scim.get(f"/Groups/{number}").status_code == 404
    nobody = [
        scim.get("/Groups", filter=f'id eq "{given}"').get_json()["totalResults"] for given in (number, "group-0")
    ]
    assert nobody == [0, 0]


@pytest.mark.requirement(14, 15, 36)
def test_ids_are_compared_with_their_case(scim: Service) -> None:
    external = f"Ext-{scim.name()}"
    created = scim.create(externalId=external)
    found = scim.get("/Users", filter=f'externalId eq "{external}"').get_json()
    assert [user["id"] for user in found["Resources"]] == [created["id"]]
    assert scim.get("/Users", filter=f'externalId eq "{external.upper()}"').get_json()["totalResults"] == 0


@pytest.mark.requirement(16, 17, 48, 50)
def test_meta_is_the_service_s(scim: Service) -> None:
    answer = scim.post()
    meta = answer.get_json()["meta"]
    assert set(meta) == {"resourceType", "created", "lastModified", "location", "version"}
    assert meta["created"] == meta["lastModified"]
    read = scim.get(f"/Users/{answer.get_json()['id']}")
    assert read.headers["Content-Location"] == meta["location"] == answer.headers["Location"]
    assert read.headers["ETag"] == meta["version"]
    scim.execute("UPDATE {p}scim_link SET modified_at = '2020-01-01'")
    scim.execute("UPDATE {p}customer_entity SET updated_at = '2020-01-01', created_at = '2020-01-01'")
    changed = scim.change(f"/Users/{answer.get_json()['id']}", {"op": "add", "path": "title", "value": "x"})
    assert changed.get_json()["meta"]["lastModified"] > changed.get_json()["meta"]["created"]


@pytest.mark.requirement(4)
@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("2011-05-13T04:42:34Z", 200),
        ("2011-05-13T06:42:34.123+02:00", 200),
        ("2011-05-13T04:42:34", 200),
        ("2011-05-13", 400),
        ("04:42:34Z", 400),
        ("2011-13-13T04:42:34Z", 400),
        ("yesterday", 400),
    ],
)
def test_a_time_has_date_and_time(scim: Service, value: str, status: int) -> None:
    answer = scim.get("/Users", filter=f'meta.created gt "{value}"', count=0)
    assert told(answer) == (status, None if status == 200 else "invalidFilter")


@pytest.mark.requirement(6, 25, 27)
def test_references_lead_to_their_resources(scim: Service) -> None:
    user = scim.create()
    group = scim.group(user["id"])
    (member,) = group["members"]
    (held,) = scim.read(user["id"])["groups"]
    assert (member["value"], member["type"]) == (user["id"], "User")
    assert (held["value"], held["display"], held["type"]) == (group["id"], group["displayName"], "direct")
    for reference, wanted in ((member["$ref"], user["id"]), (held["$ref"], group["id"])):
        path = reference.removeprefix("http://localhost/scim/v2")
        assert scim.get(path).get_json()["id"] == wanted


@pytest.mark.requirement(25, 75)
def test_groups_of_a_user_are_changed_at_the_group_only(scim: Service) -> None:
    user, group = scim.create(), scim.group()
    answer = scim.change(f"/Users/{user['id']}", {"op": "add", "path": "groups", "value": [{"value": group["id"]}]})
    assert told(answer) == (400, "mutability")
    put = scim.send("PUT", f"/Users/{user['id']}", {**user, "groups": [{"value": group["id"]}]})
    assert "groups" not in put.get_json()


@pytest.mark.requirement(27)
@pytest.mark.parametrize("name", [None, "", " "])
def test_a_group_has_a_name(scim: Service, name: str | None) -> None:
    assert told(scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": name})) == (400, "invalidValue")
    assert told(scim.send("POST", "/Groups", {"schemas": [GROUP]})) == (400, "invalidValue")


@pytest.mark.requirement(27, 75)
def test_a_member_is_replaced_never_changed(scim: Service) -> None:
    ada, bob = scim.create()["id"], scim.create()["id"]
    group = scim.group(ada)["id"]
    change = {"op": "replace", "path": f'members[value eq "{ada}"].value', "value": bob}
    assert told(scim.change(f"/Groups/{group}", change)) == (400, "mutability")
    assert [member["value"] for member in scim.get(f"/Groups/{group}").get_json()["members"]] == [ada]


@pytest.mark.requirement(20, 37, 49, 112, 139)
@pytest.mark.parametrize("write", ["{}", "{upper}", "\uff41{}"])
def test_a_user_name_is_one_user_s_in_any_case(scim: Service, write: str) -> None:
    name = scim.name("a" if "\uff41" in write else "u")
    first = scim.create(userName=name)
    again = write.replace("{upper}", name.upper()).replace("{}", name[1:] if "\uff41" in write else name)
    assert told(scim.post(userName=again)) == (409, "uniqueness")
    other = scim.create()
    answer = scim.change(f"/Users/{other['id']}", {"op": "replace", "path": "userName", "value": again})
    assert told(answer) == (409, "uniqueness")
    assert scim.read(first["id"])["userName"] == name


@pytest.mark.requirement(21, 34, 39, 62)
def test_a_password_is_never_shown_searched_or_stored_plainly(scim: Service) -> None:
    secret = "Correct-Horse-7!"
    user = scim.create(password=secret)
    path = f"/Users/{user['id']}"
    shown = [
        scim.get(path, attributes="password,userName"),
        scim.get(path),
        scim.get("/Users", filter=f'id eq "{user["id"]}"', attributes="password"),
        scim.change(path, {"op": "replace", "path": "password", "value": secret + "x"}),
        scim.send("PUT", path, {**scim.body(userName=user["userName"]), "password": secret}),
    ]
    assert all(answer.status_code == 200 for answer in shown)
    assert not [answer.text for answer in shown if secret in answer.text or "password" in answer.text]
    for text in (f'password eq "{secret}"', "password pr", f'{USER}:password co "x"', 'not (password eq "x")'):
        assert told(scim.get("/Users", filter=text)) == (400, "invalidFilter")
        assert secret not in scim.get("/Users", filter=text).text
    stored = [
        str(row) for name in ("customer_entity", "scim_link") for row in scim.rows(name, entity_id=int(user["id"]))
    ]
    assert not [row for row in stored if secret in row]
    assert "argon2" in scim.customer(user["id"])["password_hash"] or ":" in scim.customer(user["id"])["password_hash"]


@pytest.mark.requirement(22)
def test_the_shop_gets_an_email_in_canonical_form(scim: Service) -> None:
    name = scim.name()
    user = scim.create(userName=name, emails=[{"value": name.upper(), "type": "work"}])
    assert scim.customer(user["id"])["email"] == name
    assert scim.read(user["id"])["emails"][0]["value"] == name.upper(), "the client reads what it sent"


@pytest.mark.requirement(35, 67, 100)
@pytest.mark.parametrize(
    ("query", "there"),
    [
        ({"attributes": "title"}, {"schemas", "id", "title"}),
        ({"attributes": "TITLE,name.givenName"}, {"schemas", "id", "title", "name"}),
        ({"attributes": f"{USER}:title"}, {"schemas", "id", "title"}),
        ({"attributes": f"{ENTERPRISE}:division"}, {"schemas", "id", ENTERPRISE}),
        ({"attributes": ENTERPRISE}, {"schemas", "id", ENTERPRISE}),
        ({"attributes": "password"}, {"schemas", "id"}),
        ({"attributes": "nothing"}, {"schemas", "id"}),
        ({"excludedAttributes": f"title,name,meta,active,{ENTERPRISE}"}, {"schemas", "id", "userName", "emails"}),
        ({"excludedAttributes": "id,schemas,userName,emails,meta,active,name"}, {"schemas", "id", "title", ENTERPRISE}),
    ],
)
def test_what_is_shown(scim: Service, query: dict[str, str], there: set[str]) -> None:
    name = scim.name()
    given = {"userName": name, "title": "x", "emails": [WORK | {"value": name}], ENTERPRISE: {"division": "x"}}
    body, text = scim.body(**given), "&".join(f"{key}={value}" for key, value in query.items())
    created = scim.send("POST", f"/Users?{text}", body)
    user_id = created.get_json()["id"]
    change = {"op": "replace", "path": "title", "value": "y"}
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": f'id eq "{user_id}"'}
    search |= {key: value.split(",") for key, value in query.items()}
    shown = [
        created.get_json(),
        scim.get(f"/Users/{user_id}", **query).get_json(),
        scim.get("/Users", filter=f'id eq "{user_id}"', **query).get_json()["Resources"][0],
        scim.send("POST", "/Users/.search", search).get_json()["Resources"][0],
        scim.change(f"/Users/{user_id}?{text}", change).get_json(),
        scim.send("PUT", f"/Users/{user_id}?{text}", body).get_json(),
    ]
    assert [set(found) for found in shown] == [there] * len(shown)


@pytest.mark.requirement(67, 100)
def test_attributes_and_excluded_attributes_are_not_given_together(scim: Service) -> None:
    user = scim.create()["id"]
    both = {"attributes": "title", "excludedAttributes": "name"}
    for path in (f"/Users/{user}", "/Users", "/Groups", "/"):
        assert told(scim.get(path, **both)) == (400, "invalidValue"), path
