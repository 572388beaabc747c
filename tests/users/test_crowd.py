"""New users in a bulk request: they share transactions, and each is whole or not there, whatever befalls the others."""

from typing import Any

import pytest
import sqlalchemy as sa

from app import jobs
from app.sql import wire
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


@pytest.mark.parametrize("at", [5, 17, 40])
def test_a_connection_that_breaks_loses_and_doubles_nobody(make: Make, at: int) -> None:
    scim = make()
    engine = scim.app.extensions["magento-scim"].shop.engine
    messages: list[str] = []

    def cut(connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if isinstance(statement, wire.Message):
            messages.append(statement)
            if len(messages) == at:
                number = connection.connection.driver_connection.thread_id()  # type: ignore[union-attr]
                scim.execute(f"KILL {number}")

    sa.event.listen(engine, "before_cursor_execute", cut)
    results = _send(scim, *(_new(number) for number in range(12)))
    sa.event.remove(engine, "before_cursor_execute", cut)
    assert len(messages) > at
    assert {result["status"] for result in results} == {"201"}, results
    _whole(scim, results)
