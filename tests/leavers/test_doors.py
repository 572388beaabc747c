"""`magento-scim doors` and the attribute `doors`: every way in, open or shut, and why."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import cli
from app.magento import ways as shop_ways
from app.mapping import extension, ways
from tests.leavers.conftest import EVERY_DOOR, bridge_of, deactivate, mapping
from tests.magento.conftest import Bench
from tests.users.conftest import ROOT, USER, Client, Make

PASSWORD = "Gr8-enough-Secret"
ASKED = f"{extension.OWN}:doors"


def _doors(client: Client, user_id: str) -> dict[str, bool]:
    answer = client.get(f"/Users/{user_id}", attributes="doors").get_json()
    return {way["name"]: way["open"] for way in answer[extension.OWN]["doors"]}


def _told(client: Client, user_id: str, name: str) -> tuple[bool, str]:
    answer = client.get(f"/Users/{user_id}", attributes=ASKED).get_json()
    (way,) = (each for each in answer[extension.OWN]["doors"] if each["name"] == name)
    return way["open"], way["reason"]


def _setting(client: Client, path: str, value: str) -> None:
    client.execute("INSERT INTO {p}core_config_data (path, value) VALUES (:p, :v)", p=path, v=value)
    bridge_of(client).shop.refresh()


ROW = "UPDATE {p}customer_entity SET "
# What stands in the shop, the way in that it is about, whether it is open, and a word of the reason.
STANDS: list[tuple[str, str, bool, str]] = [
    (ROW + "updated_at = updated_at", "login", True, "password is enough"),
    (ROW + "lock_expires = UTC_TIMESTAMP() + INTERVAL 5 MINUTE", "login", False, "locked until"),
    (ROW + "lock_expires = UTC_TIMESTAMP() - INTERVAL 5 MINUTE", "login", True, "password is enough"),
    (ROW + "password_hash = NULL", "login", False, "no password"),
    (ROW + "password_hash = '!'", "login", False, "scrambled"),
    (ROW + "is_active = 0", "login", True, "password is enough"),  # facts 4.1: nothing looks at it
    (ROW + "confirmation = 'key'", "login", True, "password is enough"),  # facts 4.1: only where the shop asks for it
    (
        "INSERT INTO {p}customer_group_excluded_website (customer_group_id, website_id) VALUES (1, 1)",
        "login",
        False,
        "group",
    ),
    (ROW + "updated_at = updated_at", "password_reset", True, "mailbox"),
    (ROW + "rp_token = 't', rp_token_created_at = UTC_TIMESTAMP()", "reset_link", True, "still good"),
    (ROW + "rp_token = 't', rp_token_created_at = '2020-01-01'", "reset_link", False, "too old"),
    (ROW + "updated_at = updated_at", "reset_link", False, "no reset link"),
    (
        "INSERT INTO {p}customer_visitor (customer_id) SELECT entity_id FROM {p}customer_entity",
        "sessions",
        True,
        "began",
    ),
    (ROW + "updated_at = updated_at", "sessions", False, "no session"),
    (ROW + "lock_expires = '2037-01-01'", "api_tokens", True, "none was revoked"),
    (
        "INSERT INTO {p}oauth_token (customer_id, type, token, secret, callback_url)"
        " SELECT entity_id, 'access', 't', 's', '' FROM {p}customer_entity",
        "opaque_tokens",
        True,
        "1 opaque",
    ),
    (
        "INSERT INTO {p}persistent_session (`key`, customer_id, website_id) SELECT 'k', entity_id, 1 FROM {p}customer_entity",
        "remembered_cart",
        True,
        "1 persistent",
    ),
    (
        "INSERT INTO {p}login_as_customer (secret, customer_id, admin_id) SELECT 's', entity_id, 1 FROM {p}customer_entity",
        "login_as_customer",
        True,
        "waits",
    ),
]


@pytest.mark.parametrize(("statement", "name", "is_open", "reason"), STANDS)
def test_what_stands_in_the_shop_is_told(scim: Client, statement: str, name: str, is_open: bool, reason: str) -> None:
    user_id = scim.create(password=PASSWORD)["id"]
    scim.execute(statement)
    told = _told(scim, user_id, name)
    assert (told[0], reason in told[1]) == (is_open, True), told


def test_settings_count(scim: Client) -> None:
    user_id = scim.create(password=PASSWORD)["id"]
    scim.execute(ROW + "confirmation = 'key'")
    _setting(scim, "customer/create_account/confirm", "1")
    assert _told(scim, user_id, "login") == (False, "the e-mail address was never confirmed")
    _setting(scim, "login_as_customer/general/enabled", "1")
    assert _told(scim, user_id, "login_as_customer")[0], "no lock stops an administrator (facts 4.2)"


def test_a_leaver_s_doors(make: Make) -> None:
    client = make()
    user_id = client.create(password=PASSWORD)["id"]
    client.execute("INSERT INTO {p}customer_visitor (customer_id, created_at) VALUES (:id, '2026-01-01')", id=user_id)
    assert any(_doors(client, user_id).values())
    deactivate(client, user_id)
    is_open = [name for name, open_ in _doors(client, user_id).items() if open_]
    assert is_open == ["password_reset"], "without the guard a mailed reset takes the lock off (facts 4.2)"
    assert "guard" in _told(client, user_id, "password_reset")[1]
    every = make(mapping(deactivate=EVERY_DOOR))
    deactivate(every, user_id)
    assert not any(_doors(every, user_id).values())
    every.execute("DELETE FROM {p}customer_group_excluded_website")
    is_open, reason = _told(every, user_id, "password_reset")
    assert (is_open, "REST" in reason) == (True, True), "facts 4.4: REST looks at the row from 2.4.8 on"
    _setting(every, PROTECTION, "0")
    is_open, reason = _told(every, user_id, "password_reset")
    assert (is_open, "password_reset_protection_type" in reason) == (True, True), "facts 4.4"


def test_rest_is_watched_from_2_4_8_on(released: Bench, request: pytest.FixtureRequest) -> None:
    """Facts 0 and 4.4: told by the tables, which are all that a database shows of a release."""
    release = request.node.callspec.params["released"].name
    assert shop_ways._rest_is_watched(released.shop) is (release == "2.4.8")


PROTECTION = "customer/password/password_reset_protection_type"


def test_it_is_told_only_on_request(scim: Client) -> None:
    user_id = scim.create()["id"]
    statements: list[str] = []
    engine = scim.app.extensions["magento-scim"].shop.reader
    import sqlalchemy as sa

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    for answer in (scim.get(f"/Users/{user_id}"), scim.get("/Users"), scim.get("/Users", attributes=extension.OWN)):
        assert extension.OWN not in answer.text
    assert statements
    assert not [s for s in statements if "persistent_session" in s or "information_schema" in s], "it costs nothing"
    sa.event.remove(engine, "before_cursor_execute", note)


def test_it_is_told_wherever_it_is_asked_for(scim: Client) -> None:
    user_id = scim.create()["id"]
    body = {"schemas": [USER], "userName": "b@example.com", "name": {"givenName": "B", "familyName": "C"}}
    answers = [
        scim.get(f"/Users/{user_id}", attributes="doors,userName").get_json(),
        scim.get("/Users", attributes=ASKED).get_json()["Resources"][0],
        scim.get("/", attributes=ASKED).get_json()["Resources"][0],
        scim.send("POST", f"/Users?attributes={ASKED}", body).get_json(),
        scim.send("PUT", f"/Users/{user_id}?attributes=doors", body | {"userName": "c@example.com"}).get_json(),
    ]
    for answer in answers:
        assert len(answer[extension.OWN]["doors"]) == len(ways.ways.WAYS), answer
        assert extension.OWN in answer["schemas"]


def test_it_is_published_read_only(scim: Client) -> None:
    schema = scim.get(f"/Schemas/{extension.OWN}").get_json()
    (doors,) = (each for each in schema["attributes"] if each["name"] == "doors")
    assert (doors["mutability"], doors["returned"], doors["multiValued"]) == ("readOnly", "request", True)
    user_id = scim.create()["id"]
    answer = scim.patch(user_id, {"op": "replace", "path": f"{ASKED}", "value": []})
    assert (answer.status_code, answer.get_json()["scimType"]) == (400, "mutability")
    found = scim.get("/Users", filter=f"{ASKED}[open eq true]")
    assert (found.status_code, found.get_json()["scimType"]) == (400, "invalidFilter")


def test_asking_for_doors_is_not_answered_from_the_client_s_cache(scim: Client) -> None:
    made = scim.create()
    tag = {"If_None_Match": made["meta"]["version"]}
    assert scim.send("GET", f"/Users/{made['id']}", **tag).status_code == 304
    assert scim.send("GET", f"/Users/{made['id']}?attributes=doors", **tag).status_code == 200


# --- the command ---


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, scim: Client, shop_url: str) -> Any:
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", scim.prefix)
    monkeypatch.setenv("SCIM_MAPPING", str(ROOT / "mapping.yaml"))
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words: str) -> Result:
        return CliRunner().invoke(cli.main, list(words))

    return command


def test_the_command_tells_by_id_name_and_address(run: Any, scim: Client) -> None:
    user_id = scim.create(userName="ada", emails=[{"value": "ada@example.com", "type": "work"}])["id"]
    for name in (user_id, "ADA", "ada@example.com"):
        done = run("doors", name, "--format", "json")
        assert done.exit_code == 3, done.output
        told = json.loads(done.output)
        assert told["id"] == user_id
        assert [way["name"] for way in told["doors"]] == list(ways.ways.WAYS)
    table = run("doors", user_id)
    assert "password_reset" in table.output
    assert "open" in table.output


def test_the_exit_code_says_whether_anybody_can_get_in(run: Any, scim: Client, make: Make) -> None:
    user_id = scim.create(password=PASSWORD)["id"]
    assert run("doors", user_id).exit_code == 3
    every = make(mapping(deactivate=EVERY_DOOR))
    deactivate(every, user_id)
    assert run("doors", user_id).exit_code == 0
    nobody = run("doors", "nobody@example.com")
    assert (nobody.exit_code, "no user 'nobody@example.com'" in nobody.output) == (1, True)


def test_a_deleted_user_s_doors_are_told_too(run: Any, make: Make) -> None:
    client = make(mapping(delete="deactivate", deactivate=EVERY_DOOR))
    client.create(password=PASSWORD)
    user_id = client.get("/Users").get_json()["Resources"][0]["id"]
    client.send("DELETE", f"/Users/{user_id}")
    done = run("doors", "ada@example.com", "--format", "json")
    assert (json.loads(done.output)["id"], done.exit_code) == (user_id, 0)


def test_two_customers_of_one_address_are_told_apart(run: Any, scim: Client) -> None:
    insert = "INSERT INTO {p}customer_entity (entity_id, email, website_id, store_id, group_id) VALUES (:id, 'x@y.zz', :w, 1, 1)"
    scim.execute(insert, id=71, w=1)
    scim.execute(insert, id=72, w=None)
    done = run("doors", "x@y.zz")
    assert (done.exit_code, "71, 72" in done.output) == (1, True)
