"""The rules of our own (134 to 150) that no other file shows."""

import threading
from typing import Any

import pytest

from app.magento import customers, database, plans
from tests.conformance.conftest import GROUP, Service, told


def _at_once(*works: Any) -> list[Any]:
    gate, found = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int) -> None:
        gate.wait()
        found[place] = works[place]()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.requirement(134)
def test_of_the_same_user_twice_at_once_one_is_made(scim: Service) -> None:
    body = scim.body()
    answers = _at_once(*[lambda: scim.send("POST", "/Users", body)] * 4)
    assert sorted(told(answer)[0] for answer in answers) == [201, 409, 409, 409]


@pytest.mark.requirement(135)
def test_members_added_at_once_are_all_there(scim: Service) -> None:
    users = [scim.create()["id"] for _ in range(4)]
    group = scim.group()["id"]

    def add(user: str) -> Any:
        return lambda: (
            scim.change(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": user}]}).status_code
        )

    assert _at_once(*map(add, users)) == [200] * 4
    assert {member["value"] for member in scim.get(f"/Groups/{group}").get_json()["members"]} == set(users)


@pytest.mark.requirement(138)
def test_a_user_who_left_and_comes_back(scim: Service) -> None:
    user = scim.create(active=False, title="x")
    answer = scim.post(userName=user["userName"])
    if scim.profile == "strict":
        assert told(answer) == (409, "uniqueness")
    else:
        assert (answer.status_code, answer.get_json()["id"], answer.get_json()["active"]) == (201, user["id"], True)


@pytest.mark.requirement(139)
def test_a_new_name_is_the_same_user(scim: Service) -> None:
    user, other = scim.create(), scim.create()
    new = scim.name()
    answer = scim.change(f"/Users/{user['id']}", {"op": "replace", "path": "userName", "value": new})
    assert (answer.get_json()["id"], answer.get_json()["userName"]) == (user["id"], new)
    email = {"op": "add", "path": "emails", "value": [{"type": "work", "value": other["userName"]}]}
    assert told(scim.change(f"/Users/{user['id']}", email)) == (409, "uniqueness")
    assert told(scim.send("PUT", f"/Users/{user['id']}", scim.body(userName=other["userName"]))) == (409, "uniqueness")
    assert scim.read(user["id"])["userName"] == new


@pytest.mark.requirement(144)
def test_the_shop_s_own_groups_are_protected(scim: Service) -> None:
    assert told(scim.send("DELETE", "/Groups/group-1")) == (403, None)
    assert told(scim.send("DELETE", "/Groups/group-0")) == (404, None)
    assert scim.get("/Groups/group-1").status_code == 200


@pytest.mark.requirement(147)
def test_a_plan_writes_nothing_and_says_what_would_change(scim: Service) -> None:
    from datetime import datetime

    user = scim.create()
    shop = scim.app.extensions["magento-scim"].shop
    before = (scim.rows("customer_entity"), scim.rows("customer_grid_flat"), scim.rows("scim_link"))
    with database.reading(shop.engine) as connection:
        (customer,) = customers.fetch(connection, shop, [int(user["id"])]).values()
        planned = plans.change(shop, customer, {"lastname": "King"}, datetime(2030, 1, 1))
    assert (planned[0].table, planned[0].after) == (
        "customer_entity",
        {"lastname": "King", "updated_at": datetime(2030, 1, 1)},
    )
    assert (scim.rows("customer_entity"), scim.rows("customer_grid_flat"), scim.rows("scim_link")) == before


@pytest.mark.requirement(148)
def test_a_group_s_name_is_one_group_s(scim: Service) -> None:
    name = scim.name("g")
    scim.group(displayName=name)
    assert told(scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": name.upper()})) == (409, "uniqueness")


@pytest.mark.requirement(149)
def test_nobody_comes_back_by_accident(scim: Service) -> None:
    user = scim.create(active=False)
    for body in (scim.body(userName=user["userName"]), scim.body(userName=user["userName"], active=None)):
        answer = scim.send("PUT", f"/Users/{user['id']}", body)
        assert answer.get_json()["active"] is False
    change = {"op": "replace", "path": "title", "value": "x"}
    assert scim.change(f"/Users/{user['id']}", change).get_json()["active"] is False
