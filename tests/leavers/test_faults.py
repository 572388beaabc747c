"""A worker dies at any statement of a leaver's request: nothing or all of it stands, and the same request succeeds."""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from app.magento import doors
from tests.faults.test_killed import MOST_STATEMENTS, Deed, _in_a_process
from tests.leavers.conftest import EVERY_DOOR, bridge_of, deactivate, mapping
from tests.users.conftest import PATCH, Client, Make

TABLES = (
    *("customer_entity", "customer_grid_flat", "jwt_auth_revoked", "password_reset_request_event", "customer_group"),
    *("customer_group_excluded_website", "scim_link", "scim_inactive", "scim_held", "scim_departure", "scim_journal"),
)


def _set_active(value: bool) -> Callable[[Client, str], TestResponse]:
    operation = {"op": "replace", "path": "active", "value": value}
    body = {"schemas": [PATCH], "Operations": [operation]}
    return lambda client, user_id: client.send("PATCH", f"/Users/{user_id}", body)


def _delete(client: Client, user_id: str) -> TestResponse:
    return client.send("DELETE", f"/Users/{user_id}")


def _return(client: Client, _user_id: str) -> TestResponse:
    name = {"givenName": "Ada", "familyName": "Lovelace"}
    return client.send("POST", "/Users", {"schemas": [], "userName": "ada@example.com", "name": name})


# The deed, words of `lifecycle`, and what is done before it.
DEEDS: list[tuple[Deed, dict[str, str], tuple[str, ...]]] = [
    (Deed("deactivate", _set_active(False), (200,)), {}, ()),
    (Deed("reactivate", _set_active(True), (200,)), {}, ("deactivate",)),
    (Deed("kept", _delete, (204, 404)), {"delete": "deactivate"}, ()),
    (Deed("anonymized", _delete, (204, 404)), {"delete": "anonymize"}, ()),
    (Deed("held", _delete, (204, 404)), {"breaker": "{per_hour: 0}"}, ()),
    (Deed("revived", _return, (201, 409)), {"delete": "deactivate"}, ("delete",)),
    (Deed("made anew", _return, (201, 409)), {"delete": "deactivate", "returning": "anew"}, ("delete",)),
]


def _state(client: Client) -> dict[str, list[dict[str, Any]]]:
    return {table: client.rows(table) for table in TABLES}


def _whole(client: Client) -> None:
    """Who is locked has a mark, and who has a mark is locked; who is deleted and kept is locked."""
    marked = {row["entity_id"] for row in client.rows("scim_inactive")}
    for row in client.rows("customer_entity"):
        assert (row["entity_id"] in marked) is doors.is_locked(row) is (row["is_active"] == 0)
    gone = {row["entity_id"] for row in client.rows("scim_link") if row["deleted_at"]}
    assert gone <= marked


@pytest.mark.parametrize(("deed", "words", "before"), DEEDS, ids=[deed.name for deed, _, _ in DEEDS])
def test_a_worker_dies_at_each_statement(
    make: Make, deed: Deed, words: dict[str, str], before: tuple[str, ...]
) -> None:
    client = make(mapping(deactivate=EVERY_DOOR, **words))
    client.get("/Users", count=0)  # the token's use is noted once
    deaths = 0
    for at in range(1, MOST_STATEMENTS):
        user_id = client.create(password="Gr8-enough-Secret")["id"]
        if "deactivate" in before:
            deactivate(client, user_id)
        if "delete" in before:
            assert _delete(client, user_id).status_code == 204
        stood = _state(client)
        bridge_of(client).shop.dispose()
        died = _in_a_process(client, deed, user_id, at)
        if died:
            deaths += 1
            assert _state(client) == stood, f"died at statement {at}: something was written"
        _whole(client)
        assert deed.send(client, user_id).status_code in deed.again
        _whole(client)
        client.execute("DELETE FROM {p}customer_entity")
        client.execute("DELETE FROM {p}customer_grid_flat")
        if not died:
            break
    assert deaths > 5
    assert deaths < MOST_STATEMENTS - 1, "it was seen to its end"
