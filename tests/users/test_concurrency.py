"""Many requests at once: none is lost, none is half done, the database's keys and locks decide (issue 3)."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.mapping import group_ids
from tests import live
from tests.users.conftest import PATCH, USER, Client

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
THREADS = 16


def statuses(answers: Sequence[TestResponse]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


def user(name: str, **more: Any) -> dict[str, Any]:
    return {"schemas": [USER], "userName": name, "name": {"givenName": "Ada", "familyName": "Lovelace"}, **more}


def patch(scim: Client, path: str, *operations: dict[str, Any], **headers: str) -> TestResponse:
    return scim.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)


def add(scim: Client, group_id: str, *ids: str) -> TestResponse:
    value = [{"value": each} for each in ids]
    return patch(scim, f"/Groups/{group_id}", {"op": "add", "path": "members", "value": value})


def group(scim: Client, name: str, *ids: str) -> str:
    body = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in ids]}
    answer = scim.send("POST", "/Groups", body)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["id"])


def people(scim: Client, count: int) -> list[str]:
    return [scim.create(userName=f"p{number}@example.com")["id"] for number in range(count)]


@pytest.fixture
def whole(scim: Client) -> Any:
    """Afterwards every customer stands whole: link, grid row, and the same in both."""
    yield
    customers = {row["entity_id"]: row for row in scim.rows("customer_entity")}
    grid = {row["entity_id"]: row for row in scim.rows("customer_grid_flat")}
    links = {row["entity_id"] for row in scim.rows("scim_link")}
    assert set(customers) == set(grid) == links
    for entity_id, customer in customers.items():
        row = grid[entity_id]
        assert (row["email"], row["group_id"]) == (customer["email"], customer["group_id"])
        assert row["name"].split()[:2] == [customer["firstname"], customer["lastname"]]
    for member in scim.rows("scim_membership"):
        assert member["entity_id"] in customers


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize(
    "body",
    [
        lambda number: user("ada@example.com"),
        lambda number: user("ada" if number % 2 else "ADA", emails=[{"value": f"{number}@example.com", "type": "work"}]),
        lambda number: user(f"u{number}", emails=[{"value": "ada@example.com", "type": "work"}]),
        lambda number: user(f"u{number}@example.com", externalId="e1"),
    ],
)  # fmt: skip
def test_of_users_with_the_same_name_one_is_created(scim: Client, body: Callable[[int], dict[str, Any]]) -> None:
    answers = live.at_once(
        [lambda number=number: scim.send("POST", "/Users", body(number)) for number in range(THREADS)]
    )  # type: ignore[misc]
    assert statuses(answers) == [201] + [409] * (THREADS - 1)
    (made,) = [answer.get_json()["id"] for answer in answers if answer.status_code == 201]
    assert all(repr(made) in answer.get_json()["detail"] for answer in answers if answer.status_code == 409)


@pytest.mark.usefixtures("whole")
def test_different_users_are_all_created(scim: Client) -> None:
    answers = live.at_once(
        [lambda n=n: scim.send("POST", "/Users", user(f"u{n}@example.com", externalId=f"e{n}")) for n in range(THREADS)]  # type: ignore[misc]
    )
    assert statuses(answers) == [201] * THREADS
    assert len({answer.get_json()["id"] for answer in answers}) == THREADS


CHANGES = {
    "title": "t", "nickName": "n", "displayName": "d", "name.givenName": "G", "name.familyName": "F",
    "name.middleName": "M", "name.honorificPrefix": "P", "name.honorificSuffix": "S", "userType": "u", "locale": "de-DE",
    "timezone": "Europe/Berlin", "preferredLanguage": "de", "profileUrl": "https://example.com/", "externalId": "x",
    'phoneNumbers[type eq "work"].value': "1", 'addresses[type eq "home"].locality': "Wien",
}  # fmt: skip


def test_no_update_is_lost(scim: Client) -> None:
    user_id = scim.create()["id"]
    work = [
        lambda path=path, value=value: scim.patch(user_id, {"op": "add", "path": path, "value": value})  # type: ignore[misc]
        for path, value in CHANGES.items()
    ]
    assert statuses(live.at_once(work)) == [200] * len(CHANGES)
    resource = scim.get(f"/Users/{user_id}").get_json()
    for path, value in CHANGES.items():
        found: Any = resource
        for step in path.replace("[", ".[").split("."):
            found = found[0] if step.startswith("[") else found[step]
        assert found == value, path
    customer = scim.customer(user_id)
    assert (customer["firstname"], customer["middlename"], customer["prefix"]) == ("G", "M", "P")


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("kind", ["Users", "Groups"])
def test_of_writes_with_the_same_etag_one_succeeds(scim: Client, kind: str) -> None:
    resource_id = scim.create()["id"] if kind == "Users" else group(scim, "Staff")
    path = f"/{kind}/{resource_id}"
    tag = scim.send("GET", path).headers["ETag"]
    work = [
        lambda n=n: patch(scim, path, {"op": "replace", "path": "displayName", "value": f"d{n}"}, If_Match=tag)  # type: ignore[misc]
        for n in range(THREADS)
    ]
    assert statuses(live.at_once(work)) == [200] + [412] * (THREADS - 1)


@pytest.mark.usefixtures("whole")
def test_members_added_at_once_are_all_there(scim: Client) -> None:
    ids, staff = people(scim, THREADS), group(scim, "Staff")
    answers = live.at_once([lambda user_id=user_id: add(scim, staff, user_id) for user_id in ids])  # type: ignore[misc]
    assert statuses(answers) == [200] * THREADS
    assert [one["value"] for one in scim.get(f"/Groups/{staff}").get_json()["members"]] == ids
    assert all(scim.customer(user_id)["group_id"] == group_ids.number(staff) for user_id in ids)


@pytest.mark.usefixtures("whole")
def test_the_same_member_added_at_once_is_there_once(scim: Client) -> None:
    (ada,), staff = people(scim, 1), group(scim, "Staff")
    assert statuses(live.at_once([lambda: add(scim, staff, ada)] * THREADS)) == [200] * THREADS
    assert len(scim.rows("scim_membership")) == 1
    assert scim.customer(ada)["group_id"] == group_ids.number(staff)


@pytest.mark.parametrize("name", ["Staff", "A name that is longer than the shop's 32 characters", "Wholesale"])
def test_of_groups_of_the_same_name_one_is_created(scim: Client, name: str) -> None:
    body = {"schemas": [GROUP], "displayName": name}
    answers = live.at_once([lambda: scim.send("POST", "/Groups", body)] * THREADS)
    assert statuses(answers) == [201] + [409] * (THREADS - 1)
    assert len(scim.rows("customer_group")) == 4 + (name != "Wholesale")
    assert len(scim.rows("scim_group")) == 1


@pytest.mark.usefixtures("whole")
def test_a_user_deleted_while_it_is_changed(scim: Client) -> None:
    staff = group(scim, "Staff")
    for user_id in people(scim, 8):
        path = f"/Users/{user_id}"
        answers = live.at_once(
            [
                lambda path=path: scim.send("DELETE", path),  # type: ignore[misc]
                lambda path=path: scim.send("DELETE", path),  # type: ignore[misc]
                lambda user_id=user_id: scim.patch(user_id, {"op": "add", "path": "title", "value": "x"}),  # type: ignore[misc]
                lambda user_id=user_id: scim.patch(user_id, {"op": "replace", "path": "active", "value": False}),  # type: ignore[misc]
                lambda user_id=user_id: scim.send("PUT", f"/Users/{user_id}", user(f"new{user_id}@example.com")),  # type: ignore[misc]
                lambda path=path: scim.send("GET", path),  # type: ignore[misc]
                lambda user_id=user_id: add(scim, staff, user_id),  # type: ignore[misc]
            ]
        )
        assert sorted(answer.status_code for answer in answers[:2]) == [204, 404]
        assert all(answer.status_code in (200, 404) for answer in answers[2:6]), statuses(answers)
        assert answers[6].status_code in (200, 400), answers[6].text
    assert scim.rows("customer_entity") == []


@pytest.mark.usefixtures("whole")
def test_a_group_deleted_while_members_come(scim: Client) -> None:
    ids = people(scim, 4)
    for number in range(4):
        gone = group(scim, f"Gone {number}", ids[0])
        answers = live.at_once(
            [
                lambda gone=gone: scim.send("DELETE", f"/Groups/{gone}"),  # type: ignore[misc]
                *(lambda gone=gone, user_id=user_id: add(scim, gone, user_id) for user_id in ids),  # type: ignore[misc]
                lambda gone=gone: patch(scim, f"/Groups/{gone}", {"op": "remove", "path": "members"}),  # type: ignore[misc]
            ]
        )
        assert answers[0].status_code == 204, answers[0].text
        assert all(answer.status_code in (200, 404) for answer in answers[1:]), [a.text for a in answers]
    assert {scim.customer(user_id)["group_id"] for user_id in ids} == {1}
    assert scim.rows("scim_membership") == []


@pytest.mark.usefixtures("whole")
def test_groups_that_share_their_members_in_opposite_order(scim: Client) -> None:
    ids = people(scim, 8)
    groups = [group(scim, f"Group {number}") for number in range(4)]
    work = [
        lambda g=g, n=n: add(scim, g, *(ids if n % 2 else reversed(ids)))  # type: ignore[misc]
        for n, g in enumerate(groups * 3)
    ]
    assert statuses(live.at_once(work)) == [200] * len(work)
    assert len(scim.rows("scim_membership")) == len(ids) * len(groups)


@pytest.mark.usefixtures("whole")
def test_names_swapped_at_once(scim: Client) -> None:
    first, second = people(scim, 2)
    work = [
        lambda: scim.patch(first, {"op": "replace", "path": "userName", "value": "p1@example.com"}),
        lambda: scim.patch(second, {"op": "replace", "path": "userName", "value": "p0@example.com"}),
    ] * 4
    assert set(statuses(live.at_once(work))) == {409}


@pytest.mark.usefixtures("whole")
def test_a_deadlock_is_tried_again(scim: Client) -> None:
    """Somebody holds the grid's row and then wants the customer's; the service has it the other way round."""
    ids = people(scim, 12)
    customer, grid = f"`{scim.prefix}customer_entity`", f"`{scim.prefix}customer_grid_flat`"
    answers: list[TestResponse] = []
    met: list[int] = []
    engine = scim.app.extensions["magento-scim"].shop.engine
    sa.event.listen(engine, "handle_error", lambda context: met.append(context.original_exception.args[0]))
    change = {"op": "replace", "path": "name.givenName", "value": "Grace"}
    thread = threading.Thread(target=lambda: answers.append(scim.patch(ids[0], change)))
    with scim.engine.connect() as other, other.begin():
        # Of two transactions in a deadlock the one that changed less is taken back: that shall be the service's.
        other.execute(sa.text(f"UPDATE {customer} SET taxvat = 'x' WHERE entity_id <> :i"), {"i": int(ids[0])})
        other.execute(sa.text(f"SELECT * FROM {grid} WHERE entity_id = :i FOR UPDATE"), {"i": int(ids[0])})
        thread.start()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and not _waits(scim):
            time.sleep(0.02)
        other.execute(sa.text(f"UPDATE {customer} SET suffix = 'Jr.' WHERE entity_id = :i"), {"i": int(ids[0])})
    thread.join(30)
    assert [answer.status_code for answer in answers] == [200], answers[0].text
    assert met == [1213]
    row = scim.customer(ids[0])
    assert (row["firstname"], row["suffix"]) == ("Grace", "Jr.")


def _waits(scim: Client) -> bool:
    """Say whether the service has a statement under way on the grid; only its own database user sees that."""
    with scim.app.extensions["magento-scim"].shop.engine.connect() as connection:
        query = (
            "SELECT COUNT(*) FROM information_schema.processlist"
            " WHERE info LIKE '%customer_grid_flat%' AND id <> CONNECTION_ID()"
        )
        return bool(connection.execute(sa.text(query)).scalar())
