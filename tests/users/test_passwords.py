"""A user's password: stored as Magento stores it, under the shop's rules, and to be found nowhere else (facts 3)."""

import json
import logging
import threading
from typing import Any

import pytest
import sqlalchemy as sa

from app.magento import passwords
from tests.users.conftest import ENTERPRISE, PATCH, USER, Client, Make

PLAIN = "Sup3r-Secret!"
OTHER = "An0ther-Secret!"
NAME = {"givenName": "Ada", "familyName": "Lovelace"}
GOOD = {"schemas": [USER], "userName": "ada@example.com", "name": NAME}
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def _put(scim: Client, user_id: str, **more: Any) -> Any:
    return scim.send("PUT", f"/Users/{user_id}", {**GOOD, **more})


def _set(value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": "password", "value": value}


WAYS = {
    "PUT": lambda scim, i: _put(scim, i, password=OTHER),
    "PATCH": lambda scim, i: scim.patch(i, _set(OTHER)),
    "PATCH without path": lambda scim, i: scim.patch(i, {"op": "add", "value": {"password": OTHER}}),
    "PATCH twice": lambda scim, i: scim.patch(i, _set("F1rst-Secret!"), _set(OTHER)),
    "Bulk": lambda scim, i: scim.send(
        "POST",
        "/Bulk",
        {
            "schemas": [BULK],
            "Operations": [
                {"method": "PATCH", "path": f"/Users/{i}", "data": {"schemas": [PATCH], "Operations": [_set(OTHER)]}}
            ],
        },
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_new_password_ends_sessions_and_the_reset_link(scim: Client, way: str) -> None:
    """Facts 3.3. The JWTs stay, and visitor rows: without them the cut would do nothing (facts 4.3)."""
    user_id = scim.create(password=PLAIN)["id"]
    scim.execute(
        "UPDATE {p}customer_entity SET rp_token = 'x', rp_token_created_at = UTC_TIMESTAMP(), session_cutoff = NULL"
    )
    scim.execute("INSERT INTO {p}customer_visitor (customer_id, created_at) VALUES (:i, '2020-01-01')", i=int(user_id))
    visitors = scim.rows("customer_visitor")
    answer = WAYS[way](scim, user_id)
    assert answer.status_code == 200, answer.text
    row = scim.customer(user_id)
    assert passwords.verify(row["password_hash"], OTHER)
    assert (row["rp_token"], row["rp_token_created_at"]) == (None, None)
    assert row["session_cutoff"] == row["updated_at"]
    assert scim.rows("jwt_auth_revoked") == []
    assert scim.rows("customer_visitor") == visitors


@pytest.mark.parametrize("way", ["PUT", "PATCH"])
def test_the_same_password_again_changes_nothing(scim: Client, way: str) -> None:
    """An identity provider that sends the password with every change signs nobody out."""
    user_id = scim.create(password=OTHER)["id"]
    scim.execute("UPDATE {p}customer_entity SET updated_at = '2020-01-01', session_cutoff = NULL")
    before = scim.rows("customer_entity")
    assert WAYS[way](scim, user_id).status_code == 200
    assert scim.rows("customer_entity") == before


def test_the_same_password_in_an_old_form_is_stored_anew(scim: Client) -> None:
    """As Magento does at a login (facts 3.3, UpgradeCustomerPasswordObserver)."""
    user_id = scim.create()["id"]
    old = "5b7ebb4765e68bcca637ddf46ff35eac062a47be65287ac3f58254d247bf74cb:AbCdEfGhIjKlMnOpQrStUvWxYz012345:1"
    scim.execute("UPDATE {p}customer_entity SET password_hash = :h", h=old)
    scim.patch(user_id, _set(PLAIN))
    stored = scim.customer(user_id)["password_hash"]
    assert stored != old
    assert passwords.is_current(stored)
    assert passwords.verify(stored, PLAIN)


RULES: list[tuple[str, dict[str, str], str]] = [
    ("short1!", {}, "at least 8 characters"),
    ("alllowercase", {}, "3 of: digits, capitals, small letters, others"),
    (" Sup3r-Secret!", {}, "begins or ends with a blank"),
    ("Aa1!" * 65, {}, "longer than 256"),
    ("Ada@Example.com", {"required_character_classes_number": "1"}, "it is the e-mail address"),
    (PLAIN, {"minimum_password_length": "20"}, "at least 20 characters"),
]


@pytest.mark.parametrize(("plain", "settings", "said"), RULES)
def test_the_shops_rules(make: Make, plain: str, settings: dict[str, str], said: str) -> None:
    scim = make()
    for name, value in settings.items():
        scim.execute(
            "INSERT INTO {p}core_config_data (scope, scope_id, path, value) VALUES ('default', 0, :p, :v)",
            p=f"customer/password/{name}",
            v=value,
        )
    scim.app.extensions["magento-scim"].shop.refresh()
    answer = scim.send("POST", "/Users", {**GOOD, "password": plain})
    assert (answer.status_code, answer.get_json()["scimType"]) == (400, "invalidValue"), answer.text
    assert said in answer.get_json()["detail"]
    assert plain not in answer.text
    assert scim.rows("customer_entity") == []


def test_a_password_that_is_the_new_email(scim: Client) -> None:
    user_id = scim.create()["id"]
    email = "Sup3r-Secret@example.com"
    assert _put(scim, user_id, userName=email, password=email.upper() + "a").status_code == 200
    assert _put(scim, user_id, userName=email, password=email.upper()).status_code == 400


def test_no_password_is_stored_where_none_is_sent(scim: Client) -> None:
    user_id = scim.create()["id"]
    assert scim.customer(user_id)["password_hash"] is None, "facts 1.2"
    scim.patch(user_id, {"op": "replace", "path": "title", "value": "x"})
    assert scim.customer(user_id)["password_hash"] is None


def test_ignored_where_mapping_yaml_says_so(make: Make) -> None:
    from tests.users.conftest import ROOT

    scim = make((ROOT / "mapping.yaml").read_text().replace("password: accept", "password: ignore"))
    user_id = scim.create(password="x")["id"]
    assert scim.customer(user_id)["password_hash"] is None


def test_it_is_hashed_before_the_transaction(scim: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection waits, and no row is locked, while 64 MiB are filled."""
    user_id = scim.create()["id"]
    shop = scim.app.extensions["magento-scim"].shop
    out: list[int] = []
    real = passwords.hash
    monkeypatch.setattr(passwords, "hash", lambda plain: (out.append(shop.engine.pool.checkedout()), real(plain))[1])
    scim.patch(user_id, _set(PLAIN))
    scim.send("POST", "/Users", {**GOOD, "userName": "b@example.com", "password": PLAIN})
    assert out == [0, 0]


def test_too_many_at_once_are_told_when_to_come_back(scim: Client) -> None:
    lane = passwords.Lane(1, wait=0.05)
    scim.app.extensions["magento-scim"].lane = lane
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lane._slot():
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    answer = scim.send("POST", "/Users", {**GOOD, "password": PLAIN})
    done.set()
    thread.join()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert scim.send("POST", "/Users", {**GOOD, "password": PLAIN}).status_code == 201


def _everything(scim: Client) -> str:
    """Read all tables of the database, ours too, as one text."""
    with scim.engine.connect() as connection:
        tables = connection.execute(sa.text("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")).scalars().all()
        return "\n".join(
            str(row) for table in tables for row in connection.execute(sa.text(f"SELECT * FROM `{table}`"))
        )


def test_a_password_is_found_nowhere(
    make: Make, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not in any table, any log or any answer, whether the request is carried out, refused, malformed or breaks."""
    scim, secret = make(), "Fl4mingo-Zeppelin!"
    caplog.set_level(logging.DEBUG)
    answers = [
        scim.send("POST", "/Users", {**GOOD, "password": secret}),
        scim.send("POST", "/Users", {**GOOD, "password": secret}),  # is there already
        scim.send("POST", "/Users", {**GOOD, "userName": "b@example.com", "password": [secret]}),
        scim.send("POST", "/Users", {**GOOD, "userName": "b@example.com", "password": {"value": secret}}),
        scim.send("POST", "/Users", {**GOOD, "userName": "b@example.com", "Password ": secret}),
        scim.send("POST", "/Users", {**GOOD, "userName": "b@example.com", "password": f" {secret}"}),
        scim.send("POST", "/Users", {**GOOD, "userName": "b@example.com", "password": secret * 20}),
        scim.send("POST", "/Users", {**GOOD, "userName": "b@example.com", ENTERPRISE: {"password": secret}}),
        scim.send("POST", "/Users", json.dumps({**GOOD, "password": secret})[:-2]),
        scim.send(
            "POST", "/Users", {**GOOD, "userName": f"{secret}@example.com".lower(), "password": secret, "name": {}}
        ),
    ]
    user_id = answers[0].get_json()["id"]
    answers += [
        scim.patch(user_id, _set(secret)),
        scim.patch(user_id, _set([secret])),
        scim.patch(user_id, _set({"value": secret})),
        scim.patch(user_id, {"op": "add", "path": "password", "value": secret}, {"op": "remove", "path": "nosuch"}),
        scim.patch(
            user_id, {"op": "add", "path": "password", "value": secret + "1"}, {"op": "remove", "path": "userName"}
        ),
        scim.patch(user_id, {"op": "replace", "value": {"password": secret, "active": False}}),
        _put(scim, user_id, password=secret + "2"),
        scim.get(f"/Users/{user_id}", attributes="password"),
        scim.get("/Users", filter='password eq "x"'),
        scim.get("/Users", filter="password pr"),
        scim.get("/Users", sortBy="password"),
    ]
    scim.execute("ALTER TABLE {p}scim_link RENAME TO {p}scim_link_away")  # the next request breaks half way
    try:
        answers.append(scim.patch(user_id, _set(secret + "3")))
        answers.append(scim.send("POST", "/Users", {**GOOD, "userName": "c@example.com", "password": secret}))
    finally:
        scim.execute("ALTER TABLE {p}scim_link_away RENAME TO {p}scim_link")
    assert {answer.status_code for answer in answers} >= {200, 201, 400, 409}
    assert any(answer.status_code >= 500 for answer in answers)
    shown = [answer.text + str(answer.headers) for answer in answers]
    captured = capfd.readouterr()
    for text in (*shown, _everything(scim), caplog.text, captured.out, captured.err):
        assert secret.casefold() not in text.casefold()
    stored = scim.customer(user_id)["password_hash"]
    assert stored is not None
    for text in (*shown, caplog.text.replace("password_hash=", "")):
        assert stored.split(":")[0] not in text, "nor its hash"
