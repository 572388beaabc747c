"""A user that was written is told without being read again: as reading would tell it, and in few messages.

That what is told is true, each test that writes a user sees: tests/conftest.py, `true_images`.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.sql import wire
from tests.users.conftest import PATCH, USER, Client

ADDRESS = {"type": "work", "streetAddress": "1 Main St", "locality": "Wien", "postalCode": "1010", "country": "AT"}
TRIGGER = "CREATE TRIGGER `{p}loud` BEFORE %s ON `{p}customer_entity` FOR EACH ROW SET NEW.firstname = 'LOUD'"


def _replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def _patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


def _shop(scim: Client) -> Any:
    return scim.app.extensions["magento-scim"].shop


@pytest.fixture
def sent(scim: Client) -> Iterator[list[list[str]]]:
    """The messages that were sent to the database, each with its statements."""
    heard: list[list[str]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "scim_token" not in statement:
            heard.append([text for text, _ in wire.each(statement)])

    for engine in _shop(scim).engines:
        sa.event.listen(engine, "before_cursor_execute", hear)
    yield heard
    for engine in _shop(scim).engines:
        sa.event.remove(engine, "before_cursor_execute", hear)


@pytest.mark.as_sent
def test_a_write_is_few_messages_and_its_answer_none(scim: Client, sent: list[list[str]]) -> None:
    first = scim.create(userName="first@example.com")
    scim.send("DELETE", f"/Users/{first['id']}")  # what is read once for all has been read
    sent.clear()
    user_id = scim.create(externalId="e1", addresses=[ADDRESS])["id"]
    assert len(sent) == 3, "questions, customer with address, the rest"
    for changed in (_replace("name.familyName", "Byron"), _replace("active", False), _replace("active", True)):
        for table in ("customer_entity", "customer_address_entity"):  # within a second only the database knows the time
            scim.execute(f"UPDATE {{p}}{table} SET updated_at = '2026-01-01'")
        sent.clear()
        assert scim.patch(user_id, changed).status_code == 200
        assert len(sent) == 2, (changed, "the locked user with what will be asked; what is written")
        assert not [text for text in sent[-1] if text.startswith("SELECT")], "the answer was read from the database"
    sent.clear()
    assert scim.send("DELETE", f"/Users/{user_id}").status_code == 204
    assert len(sent) == 3, "the locked user; newsletter, who hangs on it and on its address; what is written"


def test_what_was_told_is_what_is_read(scim: Client) -> None:
    """The entity tag of an answer is that of the next read: else the client's next change would be refused."""
    user = scim.create(externalId="e1", addresses=[ADDRESS], phoneNumbers=[{"value": "1", "type": "work"}])
    assert scim.get(f"/Users/{user['id']}").get_json() == user
    requests = [
        ("PATCH", _patch(_replace("name.givenName", "Augusta"))),
        ("PATCH", _patch(_replace("active", False))),
        ("PATCH", _patch(_replace("name.familyName", "Byron"))),
        ("PATCH", _patch(_replace("active", True))),
        ("PATCH", _patch(_replace("addresses", [{**ADDRESS, "locality": "Graz"}]))),
        ("PUT", {"schemas": [USER], "userName": "ada@example.com", "name": user["name"]}),
    ]
    for method, body in requests:
        answer = scim.send(method, f"/Users/{user['id']}", body)
        assert answer.status_code == 200, answer.text
        read = scim.get(f"/Users/{user['id']}")
        assert (read.get_json(), read.headers["ETag"]) == (answer.get_json(), answer.headers["ETag"])


@pytest.mark.parametrize("when", ["INSERT", "UPDATE"])
def test_where_a_trigger_may_write_something_else_the_user_is_read(scim: Client, when: str) -> None:
    """Extensions have triggers; what they make of a row nobody can tell but the database."""
    scim.execute(TRIGGER % when)
    _shop(scim)._triggers = None  # as ten minutes later
    try:
        user = scim.create(active=True)
        if when == "UPDATE":
            user = scim.patch(user["id"], _replace("name.familyName", "Byron")).get_json()
        assert user["name"]["givenName"] == "LOUD"
        assert scim.get(f"/Users/{user['id']}").get_json() == user
    finally:
        scim.execute("DROP TRIGGER `{p}loud`")
