"""New users in a bulk request: they are made together, and each is whole or not there, whatever befalls the others."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from app import jobs
from app.magento import shop as shops
from app.sandbox import connection as shop_connection
from app.sandbox.server import MariaDB
from app.sql import wire
from tests import live
from tests.conftest import Pristine
from tests.magento.conftest import Bench
from tests.users import test_journal
from tests.users.conftest import USER, Client, Make

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


def _new(number: int, **more: Any) -> dict[str, Any]:
    data = {
        "schemas": [USER],
        "userName": f"u{number}@example.com",
        "name": {"givenName": "Ada", "familyName": f"No{number}"},
        "addresses": [{"type": "work", "streetAddress": "A 1", "locality": "B", "postalCode": "1", "country": "DE"}],
        **more,
    }
    return {"method": "POST", "path": "/Users", "bulkId": f"b{number}", "data": data}


def _send(scim: Client, *operations: dict[str, Any]) -> list[dict[str, Any]]:
    answer = scim.send("POST", "/Bulk", {"schemas": [BULK], "Operations": list(operations)})
    assert answer.status_code == 200, answer.text
    return answer.get_json()["Operations"]  # type: ignore[no-any-return]


def _whole(scim: Client, results: list[dict[str, Any]]) -> None:
    """Check that just those are there that were said to be made, once and whole."""
    made = [result["location"].rsplit("/", 1)[1] for result in results if result["status"] == "201"]
    there = {str(row["entity_id"]): row for row in scim.rows("customer_entity")}
    assert sorted(made) == sorted(there)
    assert {str(row["entity_id"]) for row in scim.rows("scim_link")} == set(made)
    assert {str(row["entity_id"]) for row in scim.rows("customer_grid_flat")} == set(made)
    assert sorted(str(row["resource_id"]) for row in scim.rows("scim_journal")) == sorted(made)
    for user_id in made:
        assert scim.get(f"/Users/{user_id}").get_json()["name"]["familyName"] == there[user_id]["lastname"]


def test_new_users_share_a_transaction(scim: Client) -> None:
    commits: list[Any] = []
    note = commits.append
    engine = scim.app.extensions["magento-scim"].shop.engine
    sa.event.listen(engine, "commit", note)
    results = _send(scim, *(_new(number) for number in range(2 * jobs.CROWD + 1)))
    sa.event.remove(engine, "commit", note)
    assert {result["status"] for result in results} == {"201"}
    assert len(commits) == 1 + 3, "that the token was used, and three crowds"
    _whole(scim, results)


@pytest.mark.as_sent
@pytest.mark.parametrize("scope", ["0", "1"], ids=["shared", "by website"])
def test_many_take_few_messages(make: Make, database: sa.Engine, table_prefix: str, scope: str) -> None:
    Bench(database, shops.open(database, table_prefix)).setting("customer/account_share/scope", scope)
    scim = make()
    sent: list[str] = []
    engine = scim.app.extensions["magento-scim"].shop.engine
    _send(scim, _new(1000), _new(1001))  # the words of statements are made
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: sent.append(statement))
    results = _send(scim, *(_new(number, externalId=f"x{number}") for number in range(jobs.CROWD)))
    assert {result["status"] for result in results} == {"201"}
    assert len(sent) <= 6, sent
    _whole(scim, [*results, *({"status": "201", "location": f"/{i}"} for i in _first(scim, 2))])


def _first(scim: Client, count: int) -> list[int]:
    return sorted(row["entity_id"] for row in scim.rows("customer_entity"))[:count]


def test_one_that_fails_takes_nobody_along(scim: Client) -> None:
    bad = (
        _new(1, userName="u0@example.com"),
        _new(2, emails=[{"value": "no e-mail", "type": "work"}]),
        _new(3, name={}),
    )
    results = _send(scim, _new(0), *bad, _new(4))
    assert [result["status"] for result in results] == ["201", "409", "400", "400", "201"], results
    _whole(scim, results)


def test_whom_somebody_waits_for_is_made_alone(scim: Client) -> None:
    group = {
        "method": "POST",
        "path": "/Groups",
        "bulkId": "g",
        "data": {"schemas": [], "displayName": "Staff", "members": [{"value": "bulkId:b1"}]},
    }
    results = _send(scim, _new(0), _new(1), group, _new(2))
    assert {result["status"] for result in results} == {"201"}, results
    user_id = results[1]["location"].rsplit("/", 1)[1]
    assert scim.get(f"/Users/{user_id}").get_json()["groups"][0]["display"] == "Staff"


@pytest.mark.as_sent
@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_connection_that_breaks_loses_and_doubles_nobody(scim: Client, server: MariaDB, at: int, times: int) -> None:
    """Once: they are made together on another one; twice: one by one; then the first of these is lost, too."""
    engine = scim.app.extensions["magento-scim"].shop.engine
    messages: list[str] = []
    broken: list[int] = []

    def cut(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if isinstance(statement, wire.Message):
            messages.append(statement)
            if len(messages) % at == 0 and len(broken) < times:
                broken.append(_kill(server, connection))

    sa.event.listen(engine, "before_cursor_execute", cut)
    results = _send(scim, *(_new(number) for number in range(12)))
    sa.event.remove(engine, "before_cursor_execute", cut)
    assert len(broken) == times
    assert {result["status"] for result in results} == {"201"}, results
    _whole(scim, results)


@pytest.mark.parametrize("committed", [True, False])
def test_where_nobody_knows_of_the_commit_each_is_503(scim: Client, server: MariaDB, committed: bool) -> None:
    engine = scim.app.extensions["magento-scim"].shop.engine
    waiting = [True]

    def cut(connection: sa.Connection) -> None:
        if waiting and connection.exec_driver_sql(f"SELECT 1 FROM {scim.prefix}customer_entity LIMIT 1").scalar():
            waiting.clear()
            if committed:
                connection.connection.driver_connection.commit()  # type: ignore[union-attr]
            _kill(server, connection)

    sa.event.listen(engine, "commit", cut)
    results = _send(scim, *(_new(number) for number in range(3)))
    sa.event.remove(engine, "commit", cut)
    assert {result["status"] for result in results} == {"503"}
    assert len(scim.rows("customer_entity")) == (3 if committed else 0)


def _kill(server: MariaDB, connection: sa.Connection) -> int:
    """End a connection as an operator does; gives its number."""
    number = int(connection.connection.driver_connection.thread_id())  # type: ignore[union-attr]
    with shop_connection.to(server.url("mysql", "root")) as root:
        shop_connection.run(root, f"KILL {number}")
    return number


def test_a_user_who_is_made_meanwhile_by_somebody_else(scim: Client) -> None:
    """The database's key decides at the end, and the others are made all the same."""
    engine = scim.app.extensions["magento-scim"].shop.engine
    made: list[Any] = []

    def come(_connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if isinstance(statement, wire.Message) and "INSERT" in statement and not made:
            made.append(None)
            made[0] = scim.create(userName="u3@example.com")["id"]

    sa.event.listen(engine, "before_cursor_execute", come)
    results = _send(scim, *(_new(number) for number in range(6)))
    sa.event.remove(engine, "before_cursor_execute", come)
    assert [result["status"] for result in results] == ["201", "201", "201", "409", "201", "201"], results
    assert made[0] in results[3]["response"]["detail"]


def test_two_bulks_at_once_make_each_user_once(scim: Client) -> None:
    people = [_new(number) for number in range(40)]
    both = live.at_once([lambda: _send(scim, *people), lambda: _send(scim, *reversed(people))])
    by_name = [{result["bulkId"]: result for result in results} for results in both]
    for number in range(40):
        statuses = sorted(results[f"b{number}"]["status"] for results in by_name)
        assert statuses == ["201", "409"], (number, by_name)
    _whole(scim, [result for results in both for result in results if result["status"] == "201"])


def test_of_two_who_may_be_the_same_the_first_is_made(scim: Client) -> None:
    def work(address: str) -> dict[str, Any]:
        return {"emails": [{"value": address, "type": "work"}]}

    results = _send(
        scim,
        _new(0),
        _new(1, userName="U0@EXAMPLE.com"),
        _new(2, externalId="x"),
        _new(3, externalId="x"),
        _new(4, **work("müller@example.com")),
        _new(5, **work("muller@example.com")),
        _new(6, **work("mueller@example.com")),
        _new(7, **work("u2@example.com")),
        _new(8, **work("other@example.com")),
    )
    statuses = [result["status"] for result in results]
    assert statuses == ["201", "409", "201", "409", "201", "409", "201", "409", "201"], results


def test_undo_takes_one_of_them_back(scim: Client) -> None:
    results = _send(scim, *(_new(number, active=number != 2) for number in range(4)))
    user_id = results[2]["location"].rsplit("/", 1)[1]
    test_journal.take_back(scim, resource_id=int(user_id))
    scim.execute("DELETE FROM {p}scim_journal WHERE resource_id = :i", i=int(user_id))
    _whole(scim, [result for result in results if result is not results[2]])


# --- what is written ---

SHOP = "urn:example:magento:Customer"
MAPPING = f"""
version: 1
prefixes: {{shop: "{SHOP}"}}
customer:
  email: {{from: ['emails[type eq "work"].value', userName], transform: [lower]}}
  firstname: name.givenName
  lastname: name.familyName
  middlename: name.middleName
  dob: shop:birth
  newsletter: shop:newsletter
  team: {{from: shop:team, option: {{match: admin_label, missing: create}}}}
  skills: shop:skills
  badge: {{from: shop:badge, unique: true}}
  floor: shop:floor
lifecycle:
  deactivate: [lock, end_sessions, revoke_tokens, drop_reset_token, scramble_password, block_group, block_reset]
groups:
  rules:
    - {{when: 'userType eq "Employee"', magento: Retailer}}
addresses:
""" + "".join(
    f"""
  - name: {name}
    root: 'addresses[type eq "{name}"]'
    {default}
    on_invalid: drop
    fields: {{firstname: /name.givenName, lastname: /name.familyName, middlename: type, street: streetAddress,
      city: locality, postcode: postalCode, country_id: country, telephone: {{const: "1"}}}}
"""
    for name, default in (("work", "default: [billing, shipping]"), ("home", ""))
)


REFUSED = {20: "400", 21: "409", 26: "409"}


def _people() -> list[dict[str, Any]]:
    def address(kind: str, number: int) -> dict[str, Any]:
        where = {"streetAddress": f"A {number}", "locality": "B", "postalCode": "1", "country": "DE"}
        return {"type": kind, **where}

    found = []
    for number in range(60):
        more: dict[str, Any] = {"addresses": [address(kind, number) for kind in ("work", "home")[: number % 3]]}
        shop: dict[str, Any] = {"team": ["Sales", "Engineering"][number % 2], "floor": number % 4}
        if number % 4 == 1:
            more |= {"externalId": f"x{number}", "active": number % 8 == 1, "nickName": "Ä" * number}
        if number % 9 == 5:
            more["userType"] = "Employee"
        if number % 5 == 2:
            more["emails"] = [{"value": f"W{number}@example.com", "type": "work"}, {"value": "all@example.com"}]
        if number % 6 == 3:
            shop |= {"newsletter": True, "birth": "1985-12-10", "skills": ["SQL", "PHP"][: number % 4]}
        if number % 7 == 4:
            more["name"] = {"givenName": "Zoë", "middleName": "M", "familyName": "O'Neill-Ø"}
            shop["badge"] = f"b{number}"
        if number in (10, 40):
            more["password"] = "correct Horse 1 battery"
        found.append(_new(number, **{**more, SHOP: shop}))
    found[20]["data"]["name"] = {}
    found[21]["data"]["userName"] = "u19@example.com"
    found[22]["data"][SHOP]["team"] = "Made"
    found[23]["data"][SHOP]["team"] = "made"
    found[24]["data"] |= {"userName": "there@example.com"}
    found[25]["data"] |= {"userName": "guest@example.com"}
    found[26]["data"][SHOP]["badge"] = "B4"
    return found


NUMBERS = {  # from which its ids are counted
    "customer_entity": 1000000,
    "customer_address_entity": 2000000,
    "newsletter_subscriber": 3000000,
    "eav_attribute_option": 4000000,
    "eav_attribute_option_value": 6000000,
    "password_reset_request_event": 5000000,
    "eav_attribute": 50000,
    "customer_group": 100,
    "customer_group_excluded_website": 100,
}
RANDOM = ("token_id", "value_id", "entry_id", "request_id", "sealed", "subscriber_confirm_code")
TIME = re.compile(r"datetime\.datetime\([\d, ]+\)|\d{4}-\d\d-\d\d[T ][\d:.]+")


def _shown(scim: Client) -> dict[str, list[str]]:
    """Give all rows of the shop: whose they are in the place of ids, no times, nothing that comes of chance."""
    called = {str(row["entity_id"]): f"<{row['email']}>" for row in scim.rows("customer_entity")}
    for row in scim.rows("customer_address_entity"):
        called[str(row["entity_id"])] = f"<address {called[str(row['parent_id'])]} {row['middlename']}>"
    for row in scim.rows("newsletter_subscriber"):
        called[str(row["subscriber_id"])] = f"<subscriber {row['subscriber_email']}>"
    for row in scim.rows("password_reset_request_event"):
        called[str(row["id"])] = f"<event {row['account_reference']}>"

    def text(row: dict[str, Any]) -> str:
        known = {column: value for column, value in row.items() if column not in RANDOM}
        if known.get("password_hash"):
            known["password_hash"] = "#"
        plain = TIME.sub("T", repr(known))
        plain = re.sub(r'\{"#":"[0-9a-f]+"\}', "#", plain)
        return re.sub(r"(?<!\d)[1235]\d{6}(?!\d)", lambda found: called.get(found[0], found[0]), plain)

    rows = test_journal.everything(scim, without=("scim_token", "core_config_data", "eav_entity_attribute"))
    return {table: sorted(map(text, each)) for table, each in rows.items()}


@pytest.fixture
def counted(database: sa.Engine, table_prefix: str, pristine: Pristine) -> Iterator[Callable[[], None]]:
    """Empties the shop and lets ids be counted anew from NUMBERS, until the test is over."""

    def count(numbers: Mapping[str, int]) -> None:
        pristine.restore()
        with database.begin() as connection:
            for table, number in numbers.items():
                connection.exec_driver_sql(f"ALTER TABLE {table_prefix}{table} AUTO_INCREMENT = {number}")

    yield lambda: count(NUMBERS)
    count(dict.fromkeys(NUMBERS, 1))


def _furnished(make: Make, engine: sa.Engine, prefix: str, scope: str) -> Client:
    past = Bench(engine, shops.open(engine, prefix))
    past.attribute("team", "int", "select", ["Sales", "Engineering"])
    past.attribute("skills", "text", "multiselect", ["SQL", "PHP"])
    past.attribute("badge", "varchar")
    past.attribute("floor", "int")
    past.setting("customer/account_share/scope", scope)
    past.create(email="there@example.com", firstname="There", lastname="Before")
    past.put("newsletter_subscriber", store_id=1, subscriber_email="guest@example.com", subscriber_status=1)
    return make(MAPPING)


@pytest.mark.parametrize("scope", ["0", "1"], ids=["shared", "by website"])
def test_what_is_written_is_what_each_alone_would_write(
    make: Make, database: sa.Engine, table_prefix: str, counted: Callable[[], None], scope: str
) -> None:
    counted()
    scim = _furnished(make, database, table_prefix, scope)
    commits: list[Any] = []
    sa.event.listen(scim.app.extensions["magento-scim"].shop.engine, "commit", commits.append)
    results = _send(scim, *_people())
    assert len(commits) == 2 + 4, "the token, who came together, two who bring a choice, one who was there, a guest"
    together = _shown(scim)
    counted()
    scim = _furnished(make, database, table_prefix, scope)
    answers = [scim.send("POST", "/Users", operation["data"]) for operation in _people()]
    alone = _shown(scim)
    assert [result["status"] for result in results] == [str(answer.status_code) for answer in answers]
    refused = {number: result for number, result in enumerate(results) if result["status"] != "201"}
    assert {number: result["status"] for number, result in refused.items()} == REFUSED, refused
    assert together.keys() == alone.keys()
    for table in together:
        assert together[table] == alone[table], table
    assert len(together["scim_link"]) == 57
