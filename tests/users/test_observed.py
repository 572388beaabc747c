"""What identity providers send: recorded requests, masked, and what is seen of attributes and rules (issue 6)."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import cli, observer
from app.ledger import recordings, sightings, tables
from app.mapping import masking
from tests import live
from tests.users.conftest import ENTERPRISE, PATCH, USER, Client, Make

Run = Callable[..., Result]
RULES = """version: 1
prefixes: {ent: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}
customer:
  email: {from: ['emails[type eq "work"].value', userName]}
  firstname: name.givenName
  lastname: name.familyName
  taxvat: {from: nickName, MASK}
  employee_number: {from: ent:employeeNumber, MASK}
  suffix: {const: Esq, when: 'userType eq "Board"', direction: in}
  prefix: name.honorificPrefix
groups:
  rules:
    - {when: 'userType eq "Employee"', magento: Retailer}
    - {idp: 'shop-*', magento: Wholesale}
addresses:
  - name: work
    root: 'addresses[type eq "work"]'
    fields: {firstname: /name.givenName, lastname: /name.familyName, street: streetAddress, city: locality,
             country_id: country, telephone: {default: '-', from: /phoneNumbers.value}, postcode: postalCode}
  - name: home
    root: 'addresses[type eq "home"]'
    fields: {firstname: /name.givenName, lastname: /name.familyName, street: streetAddress, city: locality,
             country_id: country, telephone: {default: '-', from: /phoneNumbers.value}, postcode: postalCode}
"""
OPEN, MASKED = RULES.replace(", MASK", ""), RULES.replace("MASK", "mask: true")
WORK = {"type": "work", "streetAddress": "Main St 1", "locality": "Bonn", "country": "DE", "postalCode": "53111"}


@pytest.fixture
def run(shop_url: str, table_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)
    monkeypatch.setenv("SCIM_MAPPING", str(tmp_path / "mapping.yaml"))

    def command(*words: str) -> Result:
        return CliRunner().invoke(cli.main, list(words))

    return command


@pytest.fixture
def listening(make: Make, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Client]:
    """Make a client of an app that records and counts, and writes only when the test says so (`_flush`)."""
    monkeypatch.setattr(observer.Observer, "ensure", lambda _self: None)

    def build(mapping: str = MASKED, **settings: Any) -> Client:
        return make(mapping=mapping, **{"record_requests": 20, "seen": True, **settings})

    return build


def _flush(scim: Client) -> None:
    scim.app.extensions["magento-scim"].observer.flush()


def _recorded(scim: Client, run: Run, *words: str) -> list[dict[str, Any]]:
    _flush(scim)
    done = run("requests", "--format", "json", *words)
    assert done.exit_code == 0, done.output
    return json.loads(done.output)  # type: ignore[no-any-return]


# --- recorded requests ---


def test_a_request_is_shown_with_its_answer(listening: Callable[..., Client], run: Run) -> None:
    scim = listening(OPEN)
    body = {"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "L'Ovelace"}}
    answer = scim.send("POST", "/Users", body, X_Request_Id="r-1", User_Agent="Okta SCIM")
    (found,) = _recorded(scim, run)
    assert found["body"] == body
    assert found["answer"] == answer.get_json()
    assert (found["method"], found["url"], found["status"], found["actor"]) == ("POST", "/scim/v2/Users", 201, "test")
    assert (found["request_id"], found["headers"]["User-Agent"]) == ("r-1", "Okta SCIM")
    assert found["answer_headers"]["Location"].endswith(f"/Users/{answer.get_json()['id']}")
    shown = run("requests", "--show", str(found["number"])).output
    assert shown.startswith("# request r-1 of test, ")
    assert "curl -X POST $SERVER'/scim/v2/Users' \\\n  -H \"Authorization: Bearer $TOKEN\"" in shown, shown
    assert "201 in " in shown
    assert '"familyName": "L\'"\'"\'Ovelace"' in shown
    listed = run("requests").output
    assert ("/scim/v2/Users" in listed, "201" in listed) == (True, True)


def test_the_last_ones_of_each_tenant_are_kept(listening: Callable[..., Client], run: Run) -> None:
    first = listening(OPEN + "tenants: {a: {}, b: {}}\n", record_requests=3)
    a, b = first.of("a"), first.of("b")
    for number in range(5):
        a.get("/Users", count=number)
    _flush(a)
    b.get("/Users", count=7)
    for number in range(5, 7):
        a.get("/Users", count=number)
    urls = [each["url"] for each in _recorded(a, run, "--tenant", "a")]
    assert urls == [f"/scim/a/v2/Users?count={number}" for number in (6, 5, 4)]
    assert [each["url"] for each in _recorded(a, run, "--tenant", "b")] == ["/scim/b/v2/Users?count=7"]
    assert len(a.rows("scim_request")) == 4
    assert run("requests", "--tenant", "a", "--forget").output == "3 requests are forgotten.\n"
    assert len(a.rows("scim_request")) == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--status", "4xx"), ["GET 404", "POST 400"]),
        (("--status", "404"), ["GET 404"]),
        (("--method", "post"), ["POST 400", "POST 201"]),
        (("--last", "1"), ["GET 404"]),
        (("--request", "first"), ["POST 201"]),
    ],
)
def test_some_are_chosen(
    listening: Callable[..., Client], run: Run, words: tuple[str, ...], expected: list[str]
) -> None:
    scim = listening(OPEN)
    body = {"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "L"}}
    scim.send("POST", "/Users", body, X_Request_Id="first")
    scim.send("POST", "/Users", "{")
    scim.get("/Users/0")
    assert [f"{each['method']} {each['status']}" for each in _recorded(scim, run, *words)] == expected


def test_words_that_mean_nothing_are_sentences(listening: Callable[..., Client], run: Run) -> None:
    listening(OPEN)
    assert "is no status: write 404, or 4xx" in run("requests", "--status", "bad").output
    assert "No request 99 of the tenant 'default' is recorded" in run("requests", "--show", "99").output
    assert "Set SCIM_RECORD_REQUESTS=50" in run("requests").output


def test_it_is_off_where_nobody_asks_for_it(make: Make) -> None:
    scim = make(mapping=OPEN)
    scim.create()
    _flush(scim)
    assert (scim.rows("scim_request"), scim.rows("scim_seen")) == ([], [])
    scim = make(mapping=OPEN, seen=True)
    scim.create(userName="b@example.com")
    _flush(scim)
    assert scim.rows("scim_request") == []
    assert scim.rows("scim_seen")


SECRET = "X-99-secret-7"
HIDING: list[tuple[str, str, Any]] = [
    ("POST", "/Users", {"schemas": [USER], "userName": "a@example.com", "nickName": SECRET, "password": SECRET,
                        "name": {"givenName": "A", "familyName": "L"}}),
    ("POST", "/Users", {"schemas": [USER], "userName": "a@example.com", "NICKNAME": [SECRET]}),
    ("POST", "/Users", {"schemas": [USER], "userName": "a@example.com", "unknown": {"deep": [SECRET]}}),
    ("POST", "/Users", {"schemas": [USER], ENTERPRISE: {"employeeNumber": SECRET}, "userName": "a@example.com"}),
    ("POST", "/Users", {"schemas": [USER], f"{ENTERPRISE}:employeeNumber": SECRET, "userName": SECRET}),
    ("POST", "/Users", {"schemas": [USER], USER: {"nickName": SECRET}, "displayName": f"{SECRET} Ada"}),
    ("PATCH", "/Users/1", {"Operations": [{"op": "replace", "path": "nickName", "value": SECRET}]}),
    ("PATCH", "/Users/1", {"Operations": [{"op": "replace", "path": "nikName", "value": SECRET}]}),
    ("PATCH", "/Users/1", {"Operations": [{"op": "Add", "value": {"nickName": SECRET}}]}),
    ("PATCH", "/Users/1", {"Operations": [{"op": "add", "path": ENTERPRISE, "value": {"employeeNumber": SECRET}}]}),
    ("PATCH", "/Users/1", {"Operations": [{"op": "add", "path": "password", "value": SECRET}]}),
    ("PATCH", "/Users/1", {"Operations": [{"op": "remove", "path": f'x[nickName eq "{SECRET}"]'}]}),
    ("POST", "/Bulk", {"Operations": [{"method": "POST", "path": "/Users", "bulkId": "q",
                                       "data": {"userName": "a@example.com", "nickName": SECRET, "password": SECRET}}]}),
    ("POST", "/Bulk", {"Operations": [{"method": "PATCH", "path": "/Users/1", "data": {
        "Operations": [{"op": "add", "path": "nickName", "value": SECRET}]}}]}),
    ("POST", "/Users/.search", {"filter": f'nickName eq "{SECRET}"'}),
    ("GET", f'/Users?filter=nickName eq "{SECRET}"', None),
    ("GET", f'/Users?filter=nickName qe "{SECRET}"', None),
    ("POST", "/Users", f'{{"nickName": "{SECRET}"'),
    ("PUT", "/Users/1", {"schemas": [USER], "userName": "a@example.com", "nickName": SECRET, "apiKey": SECRET}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), HIDING)
def test_what_is_masked_stands_nowhere(
    listening: Callable[..., Client], run: Run, method: str, path: str, body: Any
) -> None:
    scim = listening(MASKED)
    scim.send(method, path, body)
    _flush(scim)
    (row,) = scim.rows("scim_request")
    assert SECRET not in repr(row), row
    secret = scim.headers["Authorization"].split()[1]
    assert secret not in repr(row)
    assert "Authorization" not in repr(row)
    assert SECRET not in repr(scim.rows("scim_seen"))
    if isinstance(body, dict):
        assert masking.MARK in row["body"]


def test_passwords_are_masked_without_any_rule(listening: Callable[..., Client], run: Run) -> None:
    scim = listening(OPEN)
    scim.create(password="Passw0rd!x", nickName="seen")
    scim.patch("1", {"op": "replace", "value": {"password": "Passw0rd!x"}})
    assert "Passw0rd" not in repr(scim.rows("scim_request"))
    found = _recorded(scim, run)
    assert (found[1]["body"]["password"], found[1]["body"]["nickName"]) == (masking.MARK, "seen")
    assert found[0]["body"]["Operations"][0]["value"]["password"] == masking.MARK


def test_short_masked_values_go_from_sentences_too(listening: Callable[..., Client], run: Run) -> None:
    scim = listening(MASKED.replace("from: nickName, mask", "from: nickName, lookup: {a: b}, direction: in, mask"))
    answer = scim.send("POST", "/Users", {"schemas": [USER], "userName": "a@example.com", "nickName": "q7"})
    assert "'q7'" in answer.get_json()["detail"]
    (found,) = _recorded(scim, run)
    assert f"'{masking.MARK}'" in found["answer"]["detail"]
    assert "q7" not in repr(found)


def test_large_bodies_are_cut_and_very_large_ones_left_out(listening: Callable[..., Client], run: Run) -> None:
    scim = listening(OPEN)
    body = {"schemas": [USER], "userName": "x", "title": "t" * 20_000}
    scim.send("POST", "/Users", body)
    scim.send("POST", "/Users", {**body, "title": "t" * (observer.LARGEST + 1)})
    newest, first = _recorded(scim, run)
    assert len(first["body"]) < masking.KEPT + 100
    assert "(cut: 20" in first["body"]
    assert "bytes, too many to be kept)" in newest["body"]


def test_nobody_without_a_valid_token_is_heard(listening: Callable[..., Client], run: Run) -> None:
    scim = listening(OPEN)
    client = scim.app.test_client()
    client.get("/healthz")
    client.post("/scim/v2/Users", json={"userName": "x"})
    client.post("/scim/v2/Users", json={"userName": "x"}, headers={"Authorization": "Bearer wrong"})
    client.get("/scim/v2/Schemas")
    assert _recorded(scim, run) == []
    assert scim.rows("scim_seen") == []


def test_what_does_not_fit_is_counted_and_stops_nobody(
    listening: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    scim = listening(OPEN)
    monkeypatch.setattr(observer, "MOST", 2)
    for _ in range(5):
        assert scim.get("/Users", count=0).status_code == 200
    assert "scim_requests_unheard_total 3.0" in scim.app.test_client().get("/metrics").text
    assert len(_recorded(scim, run)) == 2


def test_a_database_that_is_away_costs_what_was_put_aside_and_no_more(
    listening: Callable[..., Client], caplog: pytest.LogCaptureFixture
) -> None:
    scim = listening(OPEN)
    scim.get("/Users", count=0)
    scim.execute("RENAME TABLE `{p}scim_request` TO `{p}scim_away`")
    try:
        _flush(scim)
    finally:
        scim.execute("RENAME TABLE `{p}scim_away` TO `{p}scim_request`")
    assert "could not be written" in caplog.text
    scim.get("/Users", count=0)
    _flush(scim)
    assert len(scim.rows("scim_request")) == 1


def test_the_thread_writes_and_ends_with_the_app(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observer, "SECONDS", 0.05)
    scim = make(mapping=OPEN, record_requests=5)
    scim.get("/Users", count=0)
    for _ in range(200):
        if scim.rows("scim_request"):
            return
        time.sleep(0.05)
    raise AssertionError("nobody wrote")


def test_each_worker_writes_and_what_is_left_at_its_end(
    shop_url: str, scim: Client, ledger_tables: tables.Tables, database: sa.Engine
) -> None:
    """Two gunicorn workers that were forked, ended at once after the last request."""
    settings = {"SCIM_DATABASE_URL": shop_url, "SCIM_TABLE_PREFIX": scim.prefix, "SCIM_RECORD_REQUESTS": "100"}
    import httpx2

    with live.serve(settings) as base:
        for number in range(12):
            body = {
                "schemas": [USER],
                "userName": f"p{number}@example.com",
                "name": {"givenName": "A", "familyName": "B"},
            }
            assert httpx2.post(f"{base}/Users", json=body, headers=scim.headers).status_code == 201
    with database.connect() as connection:
        kept = recordings.fetch(connection, ledger_tables, recordings.Wanted("default"))
        names = sightings.fetch(connection, ledger_tables, "default", "User")
    assert sorted(json.loads(each.body or "")["userName"] for each in kept) == sorted(
        f"p{n}@example.com" for n in range(12)
    )
    assert names["userName"].times == 12


# --- seen ---


def _seen(scim: Client, run: Run, *words: str) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    _flush(scim)
    done = run("seen", "--format", "json", *words)
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    return {each["name"]: each for each in found["sent"]}, {each["name"]: each for each in found["rules"]}


def test_what_is_sent_how_often_and_who_uses_it(listening: Callable[..., Client], run: Run) -> None:
    scim = listening(OPEN)
    emails = [{"type": "Work", "value": "a@example.com", "primary": True}, {"type": "home", "value": "h@example.com"}]
    user = scim.create(emails=emails, title="T", nickName="", userType="Board", locale="en", addresses=[WORK])
    scim.create(
        userName="b@example.com", title="T", userType="Employee", shoeSize=9, **{ENTERPRISE: {"employeeNumber": "7"}}
    )
    scim.patch(user["id"], {"op": "replace", "path": 'emails[type eq "work"].value', "value": "c@example.com"},
               {"op": "remove", "path": "locale"}, {"op": "add", "value": {"name": {"givenName": "Eve"}}})  # fmt: skip
    scim.send("POST", "/Groups", {"displayName": "shop-x", "members": [{"value": user["id"]}]})
    sent, fired = _seen(scim, run)
    assert {name: (each["times"], each["empty"]) for name, each in sent.items()} == {
        "userName": (2, 0),
        "name.givenName": (3, 0),
        "name.familyName": (2, 0),
        'emails[type eq "work"].value': (2, 0),
        'emails[type eq "home"].value': (1, 0),
        "title": (2, 0),
        "nickName": (1, 1),
        "userType": (2, 0),
        "locale": (2, 1),
        "shoeSize": (1, 0),
        'addresses[type eq "work"].streetAddress': (1, 0),
        'addresses[type eq "work"].locality': (1, 0),
        'addresses[type eq "work"].country': (1, 0),
        'addresses[type eq "work"].postalCode': (1, 0),
        f"{ENTERPRISE}:employeeNumber": (1, 0),
        "displayName": (1, 0),
        "members.value": (1, 0),
    }
    assert {name: each["used_by"] for name, each in sent.items() if "address" not in name} == {
        "userName": ["(the service)", "email", "match"],
        "name.givenName": ["firstname", "work.firstname", "home.firstname"],
        "name.familyName": ["lastname", "work.lastname", "home.lastname"],
        'emails[type eq "work"].value': ["email", "match"],
        'emails[type eq "home"].value': [],
        "title": [],
        "nickName": ["taxvat"],
        "userType": ["suffix", 'group Retailer when userType eq "Employee"'],
        "locale": [],
        "shoeSize": [],
        f"{ENTERPRISE}:employeeNumber": ["employee_number"],
        "displayName": ["(the service)"],
        "members.value": ["(the service)"],
    }
    assert sent['addresses[type eq "work"].locality']["used_by"] == ["work.city"]
    assert {name: each["times"] for name, each in fired.items() if each["times"]} == {
        "email": 3,
        "firstname": 3,
        "lastname": 2,
        "suffix": 1,
        "employee_number": 1,
        'group Retailer when userType eq "Employee"': 1,
        "work.firstname": 2,
        "work.lastname": 1,
        "work.street": 1,
        "work.city": 1,
        "work.country_id": 1,
        "work.telephone": 1,
        "work.postcode": 1,
    }
    never = {name for name, each in fired.items() if not each["times"]}
    assert {"taxvat", "prefix", "home.city", "group Wholesale idp shop-*"} <= never
    assert (fired["taxvat"]["sent"], fired["prefix"]["sent"]) == (1, 0)
    shown = run("seen").output
    assert ("never fired" in shown, "no rule" in shown) == (True, True)
    sent, fired = _seen(scim, run, "--unused")
    assert ("title" in sent, "userName" in sent, "prefix" in fired, "email" in fired) == (True, False, True, False)


def test_counts_add_up_over_processes_and_reloads(listening: Callable[..., Client], run: Run) -> None:
    scim = listening(OPEN)
    for number in range(3):
        scim.create(userName=f"p{number}@example.com")
        _flush(scim)
    other = listening(OPEN)
    other.create(userName="other@example.com")
    _flush(other)
    sent, fired = _seen(scim, run)
    assert (sent["userName"]["times"], fired["email"]["times"]) == (4, 4)
    assert "counts are forgotten" in run("seen", "--forget").output
    assert run("seen").output.startswith("Nothing was counted of the tenant 'default' yet.")


def test_no_client_fills_the_table(listening: Callable[..., Client]) -> None:
    scim = listening(OPEN, profile="lenient")
    for lot in range(3):
        body = {f"made-up-{lot}-{number}": 1 for number in range(400)}
        scim.send("POST", "/Users", {"schemas": [USER], "userName": "x", **body})
        _flush(scim)
    names = scim.rows("scim_seen", kind="User")
    assert len(names) == sightings.MOST + 1
    (others,) = [each for each in names if each["name"] == sightings.OTHERS]
    assert others["times"] > 600


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("ada@example.com ist da", "(unreadable)"),
        ('emails[value eq "ada@example.com"].type', None),
        ("x" * 300, "(unreadable)"),
        ("shoeSize", "shoeSize"),
    ],
)
def test_names_tell_nothing_of_anybody(listening: Callable[..., Client], key: str, name: str | None) -> None:
    scim = listening(OPEN)
    scim.send("PATCH", "/Users/1", {"schemas": [PATCH], "Operations": [{"op": "add", "path": key, "value": 1}]})
    _flush(scim)
    assert [each["name"] for each in scim.rows("scim_seen")] == ([name] if name else [])


def test_a_bulk_is_counted_by_its_operations(listening: Callable[..., Client], run: Run) -> None:
    scim = listening(OPEN)
    data = {"userName": "b@example.com", "name": {"givenName": "A", "familyName": "B"}, "title": "x"}
    bulk = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "POST", "path": "/Users", "bulkId": "1", "data": data},
        {"method": "POST", "path": "/Groups", "bulkId": "2", "data": {"displayName": "g"}}]}  # fmt: skip
    scim.send("POST", "/Bulk", bulk)
    sent, fired = _seen(scim, run)
    assert {name: each["kind"] for name, each in sent.items()} == {
        **dict.fromkeys(("userName", "name.givenName", "name.familyName", "title"), "User"),
        "displayName": "Group",
    }
    assert fired["email"]["times"] == 1
