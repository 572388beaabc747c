"""A worker, or the database, dies at any statement of what happens to a leaver, an undo among it.

Nothing or all of it stands, and the same request succeeds.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.ledger import journal
from app.magento import doors, errors
from app.mapping import undo
from app.sandbox.server import MariaDB
from tests.faults.test_killed import MOST_STATEMENTS, Deed, Trap, _in_a_process, mortal  # noqa: F401
from tests.leavers.conftest import EVERY_DOOR, bridge_of, deactivate, mapping, open_app
from tests.users.conftest import PATCH, Client, Make

TABLES = (
    *("customer_entity_varchar", "newsletter_subscriber", "scim_email"),
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


def _undo(client: Client, _user_id: str) -> TestResponse:
    """Take the last request back, as the command does; answers like one: 200, 404 for nothing to do, 503."""
    bridge = bridge_of(client)
    try:
        (request,) = client.rows("scim_journal")[-1:]
        found = undo.find(bridge, journal.Wanted(entry_id=request["undoes"] or request["entry_id"]))
        undo.carry_out(bridge, found, lambda _: bridge)
    except errors.Unavailable as error:
        return TestResponse([], "503", {"Retry-After": str(error.retry_after)}, None)  # type: ignore[arg-type]
    return TestResponse([], "200" if found else "404", {}, None)  # type: ignore[arg-type]


# The deed, words of `lifecycle`, and what is done before it.
DEEDS: list[tuple[Deed, dict[str, str], tuple[str, ...]]] = [
    (Deed("deactivate", _set_active(False), (200,)), {}, ()),
    (Deed("reactivate", _set_active(True), (200,)), {}, ("deactivate",)),
    (Deed("kept", _delete, (204, 404)), {"delete": "deactivate"}, ()),
    (Deed("anonymized", _delete, (204, 404)), {"delete": "anonymize"}, ()),
    (Deed("held", _delete, (204, 404)), {"breaker": "{per_hour: 0}"}, ()),
    (Deed("revived", _return, (201, 409)), {"delete": "deactivate"}, ("delete",)),
    (Deed("made anew", _return, (201, 409)), {"delete": "deactivate", "returning": "anew"}, ("delete",)),
    (Deed("undo of a deactivation", _undo, (200, 404)), {}, ("deactivate",)),
    (Deed("undo of a deletion", _undo, (200, 404)), {"delete": "remove"}, ("delete",)),
    (Deed("undo of an anonymization", _undo, (200, 404)), {"delete": "anonymize"}, ("deactivate", "delete")),
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


IDS = [deed.name for deed, _, _ in DEEDS]


def _user(client: Client, before: tuple[str, ...]) -> str:
    """Make the user to whom it happens, with what hangs on one, and do what comes before."""
    user_id: str = client.create(password="Gr8-enough-Secret", title="Countess")["id"]
    client.execute(
        "INSERT INTO {p}newsletter_subscriber (store_id, customer_id, subscriber_email, subscriber_status)"
        " VALUES (1, :e, 'ada@example.com', 1)",
        e=int(user_id),
    )
    if "deactivate" in before:
        deactivate(client, user_id)
    if "delete" in before:
        assert _delete(client, user_id).status_code == 204
    return user_id


def _clear(client: Client) -> None:
    client.execute("DELETE FROM {p}customer_entity")
    client.execute("DELETE FROM {p}customer_grid_flat")
    client.execute("DELETE FROM {p}newsletter_subscriber")


@pytest.mark.parametrize(("deed", "words", "before"), DEEDS, ids=IDS)
def test_a_worker_dies_at_each_statement(
    make: Make, deed: Deed, words: dict[str, str], before: tuple[str, ...]
) -> None:
    client = make(mapping(deactivate=EVERY_DOOR, **words))
    client.get("/Users", count=0)  # the token's use is noted once
    deaths = 0
    for at in range(1, MOST_STATEMENTS):
        user_id = _user(client, before)
        stood = _state(client)
        bridge_of(client).shop.dispose()
        died = _in_a_process(client, deed, user_id, at)
        if died:
            deaths += 1
            assert _state(client) == stood, f"died at statement {at}: something was written"
        _whole(client)
        assert deed.send(client, user_id).status_code in deed.again
        _whole(client)
        _clear(client)
        if not died:
            break
    assert deaths > 5
    assert deaths < MOST_STATEMENTS - 1, "it was seen to its end"


@pytest.mark.long
@pytest.mark.parametrize(("deed", "words", "before"), DEEDS, ids=IDS)
def test_the_database_dies_at_each_statement(
    mortal: MariaDB,  # noqa: F811
    tmp_path: Path,
    deed: Deed,
    words: dict[str, str],
    before: tuple[str, ...],
) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(mapping(deactivate=EVERY_DOOR, **words))
    settings = {"init_command": "SET time_zone='+00:00'", "ssl_disabled": True}
    engine = sa.create_engine(mortal.url(), connect_args=settings)
    client = open_app(mortal.url(), "", path, engine)

    def kill() -> None:
        os.kill(int(Path(mortal.pid_file).read_text()), signal.SIGKILL)
        mortal.stop()

    deaths = 0
    for at in range(1, MOST_STATEMENTS):
        user_id = _user(client, before)
        stood = _state(client)
        trap = Trap(bridge_of(client).shop.engine, at, kill)
        answer = deed.send(client, user_id)
        trap.remove()
        died = trap.count >= at
        if died:
            deaths += 1
            assert (answer.status_code, "Retry-After" in answer.headers) == (503, True), answer.text
            mortal.start()
            engine.dispose()
            assert _state(client) == stood, f"died at statement {at}: something was written"
        _whole(client)
        assert deed.send(client, user_id).status_code in deed.again
        _whole(client)
        _clear(client)
        if not died:
            break
    bridge_of(client).shop.engine.dispose()
    engine.dispose()
    assert 5 < deaths < MOST_STATEMENTS - 1
