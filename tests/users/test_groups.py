"""Groups as customer groups: the rows of the shop, memberships, the effective group (facts 7)."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.mapping import group_ids
from app.sql import wire
from tests.users.conftest import PATCH, ROOT, Client, Make

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def create(scim: Client, name: str, members: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    body = {"schemas": [GROUP], "displayName": name, "members": [{"value": i} for i in members], **more}
    answer = scim.send("POST", "/Groups", body)
    assert answer.status_code == 201, answer.text
    return answer.get_json()  # type: ignore[no-any-return]


def change(scim: Client, group_id: str, *operations: dict[str, Any]) -> Any:
    return scim.send("PATCH", f"/Groups/{group_id}", {"schemas": [PATCH], "Operations": list(operations)})


def members(scim: Client, group_id: str) -> list[str]:
    return [one["value"] for one in scim.get(f"/Groups/{group_id}").get_json().get("members", [])]


def group_of(scim: Client, user_id: str) -> int:
    """Read the customer's group and see that the grid agrees."""
    (grid,) = scim.rows("customer_grid_flat", entity_id=int(user_id))
    group: int = scim.customer(user_id)["group_id"]
    assert grid["group_id"] == group, "the grid follows"
    return group


def test_the_shop_s_groups_are_listed_without_guests(scim: Client) -> None:
    found = scim.get("/Groups").get_json()["Resources"]
    assert [(group["id"], group["displayName"]) for group in found] == [
        ("group-1", "General"),
        ("group-2", "Wholesale"),
        ("group-3", "Retailer"),
    ]
    assert all(group["meta"]["created"] == group["meta"]["lastModified"] for group in found)


@pytest.mark.requirement(6, 25, 27)
def test_hidden_groups_are_nowhere(make: Make) -> None:
    """`groups.hidden`: not listed, not found, not shown on users; a user's `group` in the shop stays."""
    scim = make((ROOT / "mapping.yaml").read_text() + "\ngroups: {hidden: [Wholesale, NOT LOGGED IN]}\n")
    listed = {group["displayName"]: group["id"] for group in scim.get("/Groups").get_json()["Resources"]}
    assert set(listed) == {"General", "Retailer"}
    user = scim.create()["id"]
    scim.execute("UPDATE {p}customer_entity SET group_id = 2")
    assert scim.get("/Groups/group-2").status_code == 404
    assert scim.get("/Groups", filter='displayName eq "Wholesale"').get_json()["totalResults"] == 0
    assert "groups" not in scim.get(f"/Users/{user}").get_json()
    scim.patch(user, {"op": "replace", "path": "title", "value": "x"})
    assert scim.customer(user)["group_id"] == 2


def test_create_with_members(scim: Client) -> None:
    ada = scim.create()["id"]
    group = create(scim, "Staff", (ada,), externalId="g1")
    (row,) = scim.rows("customer_group", customer_group_id=group_ids.number(group["id"]))
    assert (row["customer_group_code"], row["tax_class_id"]) == ("Staff", 3)
    assert group["members"][0]["value"] == ada
    assert group["members"][0]["$ref"] == f"http://localhost/scim/v2/Users/{ada}"
    assert group_of(scim, ada) == group_ids.number(group["id"])
    user = scim.get(f"/Users/{ada}").get_json()
    assert user["groups"] == [
        {"value": group["id"], "$ref": group["meta"]["location"], "display": "Staff", "type": "direct"}
    ]
    states = {row["indexer_id"]: row["status"] for row in scim.rows("indexer_state")}
    assert states["catalog_product_price"] == states["catalogrule_rule"] == "invalid"


@pytest.mark.requirement(81, 84, 87)
def test_members_come_and_go_and_the_default_group_is_no_membership(scim: Client) -> None:
    ada, bob = (scim.create(userName=f"{name}@example.com")["id"] for name in ("ada", "bob"))
    group = create(scim, "Staff")["id"]
    answer = change(scim, group, {"op": "add", "path": "members", "value": [{"value": ada}, {"value": bob}]})
    assert answer.status_code == 200
    assert members(scim, group) == [ada, bob]
    change(scim, group, {"op": "remove", "path": f'members[value eq "{ada}"]'})
    assert members(scim, group) == [bob]
    assert (group_of(scim, ada), group_of(scim, bob)) == (1, group_ids.number(group))
    assert "groups" not in scim.get(f"/Users/{ada}").get_json()
    change(scim, group, {"op": "replace", "path": "members", "value": [{"value": ada}]})
    assert members(scim, group) == [ada]
    change(scim, group, {"op": "remove", "path": "members"})
    assert members(scim, group) == []
    assert scim.get("/Groups/group-1").get_json().get("members", []) == []


def test_of_several_memberships_priority_then_the_newest(make: Make) -> None:
    scim = make((ROOT / "mapping.yaml").read_text() + "\ngroups: {priority: [Gold]}\n")
    ada = scim.create()["id"]
    gold, first, second = (create(scim, name)["id"] for name in ("Gold", "First", "Second"))
    for group in (gold, first, second):
        change(scim, group, {"op": "add", "path": "members", "value": [{"value": ada}]})
    assert group_of(scim, ada) == group_ids.number(gold)
    assert {group["display"] for group in scim.get(f"/Users/{ada}").get_json()["groups"]} == {"Gold", "First", "Second"}
    for group, left in ((gold, second), (second, first), (first, "group-1")):
        change(scim, group, {"op": "remove", "path": f'members[value eq "{ada}"]'})
        assert group_of(scim, ada) == group_ids.number(left)


def test_the_open_cart_follows(scim: Client) -> None:
    ada = scim.create()["id"]
    scim.execute(
        "INSERT INTO {p}quote (store_id, is_active, customer_id, customer_group_id) VALUES (1, 1, :i, 1)", i=int(ada)
    )
    group = create(scim, "Staff", (ada,))["id"]
    (quote,) = scim.rows("quote")
    assert quote["customer_group_id"] == group_ids.number(group)


@pytest.mark.requirement(107)
def test_whom_the_shop_put_into_a_group_is_its_member(scim: Client) -> None:
    ada = scim.create()["id"]
    tag = scim.get(f"/Users/{ada}").headers["ETag"]
    scim.execute("UPDATE {p}customer_entity SET group_id = 2")
    scim.execute("UPDATE {p}customer_grid_flat SET group_id = 2")
    moved = scim.send("GET", f"/Users/{ada}", If_None_Match=tag)
    assert (moved.status_code, moved.headers["ETag"] != tag) == (200, True), "groups are of the user's tag"
    assert members(scim, "group-2") == [ada]
    assert scim.get(f"/Users/{ada}").get_json()["groups"][0]["display"] == "Wholesale"
    change(scim, "group-2", {"op": "remove", "path": f'members[value eq "{ada}"]'})
    assert group_of(scim, ada) == 1


def test_a_long_name_is_kept_whole_and_shortened_uniquely_in_the_shop(scim: Client) -> None:
    names = ["CN=Employees of the northern region,OU=Shop", "CN=Employees of the northern region,OU=Staff"]
    groups = [create(scim, name) for name in names]
    assert [group["displayName"] for group in groups] == names
    codes = [row["customer_group_code"] for row in scim.rows("customer_group") if row["customer_group_id"] > 3]
    assert len(set(codes)) == 2
    assert all(len(code) <= 32 for code in codes)
    found = scim.get("/Groups", filter=f'displayName eq "{names[1].upper()}"').get_json()
    assert [group["id"] for group in found["Resources"]] == [groups[1]["id"]]


@pytest.mark.requirement(37, 148)
def test_rename_and_names_that_are_taken(scim: Client) -> None:
    group = create(scim, "Staff")
    answer = change(scim, group["id"], {"op": "replace", "value": {"id": group["id"], "displayName": "Crew"}})
    assert answer.get_json()["displayName"] == "Crew"
    assert [
        row["customer_group_code"]
        for row in scim.rows("customer_group", customer_group_id=group_ids.number(group["id"]))
    ] == ["Crew"]
    assert scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "CREW"}).status_code == 409
    other = create(scim, "Others")
    answer = change(scim, other["id"], {"op": "replace", "path": "displayName", "value": "Crew"})
    assert (answer.status_code, answer.get_json()["scimType"]) == (409, "uniqueness")
    assert repr(group["id"]) in answer.get_json()["detail"]


def test_a_group_that_nobody_manages_is_taken_over_once(scim: Client) -> None:
    assert create(scim, "wholesale")["id"] == "group-2"
    assert scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Wholesale"}).status_code == 409
    assert scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "not logged in"}).status_code == 409


@pytest.mark.requirement(89, 90, 144)
def test_delete(scim: Client) -> None:
    ada = scim.create()["id"]
    first, second = create(scim, "First", (ada,))["id"], create(scim, "Second", (ada,))["id"]
    assert group_of(scim, ada) == group_ids.number(second)
    assert scim.send("DELETE", f"/Groups/{second}").status_code == 204
    assert group_of(scim, ada) == group_ids.number(first)
    scim.send("DELETE", f"/Groups/{first}")
    assert group_of(scim, ada) == 1
    assert scim.get(f"/Groups/{first}").status_code == 404
    assert scim.rows("scim_group") == scim.rows("scim_membership") == []
    answer = scim.send("DELETE", "/Groups/group-1")
    assert (answer.status_code, "default group" in answer.get_json()["detail"]) == (403, True)
    assert scim.send("DELETE", "/Groups/group-0").status_code == 404


@pytest.mark.requirement(72, 76)
@pytest.mark.parametrize("value", ["4711", "", "x", "007"])
def test_an_unknown_member_is_refused_and_nothing_written(scim: Client, value: str) -> None:
    ada = scim.create()["id"]
    group = create(scim, "Staff")["id"]
    answer = change(scim, group, {"op": "add", "path": "members", "value": [{"value": ada}, {"value": value}]})
    assert (answer.status_code, answer.get_json()["scimType"]) == (400, "invalidValue")
    assert members(scim, group) == []


@pytest.mark.requirement(82, 107, 108)
def test_an_etag_counts_changes_and_a_no_op_is_none(scim: Client) -> None:
    ada = scim.create()["id"]
    group = create(scim, "Staff", (ada,))
    before = scim.rows("scim_group")
    answer = change(scim, group["id"], {"op": "add", "path": "members", "value": [{"value": ada}]})
    assert answer.headers["ETag"] == scim.get(f"/Groups/{group['id']}").headers["ETag"]
    assert scim.rows("scim_group") == before
    tag = answer.headers["ETag"]
    change(scim, group["id"], {"op": "remove", "path": f'members[value eq "{ada}"]'})
    body = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "X"}]}
    assert scim.send("PATCH", f"/Groups/{group['id']}", body, If_Match=tag).status_code == 412


@pytest.mark.requirement(55)
@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ('displayName eq "staff"', ["Staff"]),
        ('displayName sw "S" or id eq "group-2"', ["Wholesale", "Staff"]),
        ('externalId eq "g1"', ["Staff"]),
        ('members.value eq "{ada}"', ["Staff"]),
        ('members[value eq "{ada}"]', ["Staff"]),
        ('members eq "{ada}" and displayName pr', ["Staff"]),
        ('not (members.value eq "{ada}") and displayName ne "General"', ["Wholesale", "Retailer", "Empty"]),
        ("members pr", ["Staff"]),
        ('displayName eq "nobody"', []),
    ],
)
def test_filters(scim: Client, filter: str, names: list[str]) -> None:
    ada = scim.create()["id"]
    create(scim, "Staff", (ada,), externalId="g1")
    create(scim, "Empty")
    found = scim.get("/Groups", filter=filter.replace("{ada}", ada)).get_json()
    assert [group["displayName"] for group in found["Resources"]] == names


@pytest.mark.requirement(25, 55)
def test_a_user_filter_by_group(scim: Client) -> None:
    ada, _bob = (scim.create(userName=f"{name}@example.com")["id"] for name in ("ada", "bob"))
    group = create(scim, "Staff", (ada,))["id"]
    for filter in (
        f'groups.value eq "{group}"',
        f'groups[value eq "{group}"]',
        'groups.display eq "Staff"',
        "groups pr",
    ):
        found = scim.get("/Users", filter=filter).get_json()
        assert [user["id"] for user in found["Resources"]] == [ada], filter


def reading(scim: Client) -> list[str]:
    """Collect the statements that read a group's members from now on."""
    found: list[str] = []

    def hear(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        for text, _ in wire.each(statement):
            if text.startswith("SELECT") and ("scim_membership" in text or "customer_entity" in text):
                found.append(text)

    for engine in scim.app.extensions["magento-scim"].shop.engines:
        sa.event.listen(engine, "before_cursor_execute", hear)
    return found


EXCLUDED = ("excludedAttributes=members", "attributes=displayName", f"excludedAttributes={GROUP}:members")


@pytest.mark.requirement(67, 148)
@pytest.mark.parametrize("query", EXCLUDED)
def test_without_members_no_member_is_read(scim: Client, query: str) -> None:
    ada = scim.create()["id"]
    group = create(scim, "Staff", (ada,))["id"]
    body = {"schemas": [GROUP], "displayName": "Staff"}
    rename = {"schemas": [PATCH], "Operations": [{"op": "add", "path": "externalId", "value": "g1"}]}
    statements = reading(scim)
    for method, path, sent in (
        ("GET", f"/Groups/{group}", None),
        ("GET", "/Groups", None),
        ("PUT", f"/Groups/{group}", body),
        ("PATCH", f"/Groups/{group}", rename),
        ("POST", "/Groups", {**body, "displayName": "Crew"}),
    ):
        answer = scim.send(method, f"{path}?{query}", sent)
        assert answer.status_code in (200, 201), answer.text
        assert "members" not in answer.text
        assert statements == [], method


@pytest.mark.requirement(148)
@pytest.mark.parametrize("query", ["", "?filter=members%20pr", "?filter=members.value%20eq%20%221%22"])
def test_many_groups_take_as_many_statements_as_few(scim: Client, query: str) -> None:
    ada = scim.create()["id"]
    counts = []
    for first in (0, 2):
        for number in range(first, first + 2 + first * 2):
            create(scim, f"Group {number}", (ada,))
        statements = reading(scim)
        assert scim.send("GET", f"/Groups{query}").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]


@pytest.mark.requirement(67, 101)
@pytest.mark.parametrize("name", ["members", "MEMBERS.value", f"{GROUP}:members", f"{GROUP}:members.value", GROUP])
def test_members_are_asked_for_in_every_notation(scim: Client, name: str) -> None:
    group = create(scim, "Staff", (scim.create()["id"],))["id"]
    for answer in (
        scim.send("GET", f"/Groups/{group}?attributes={name}"),
        change(scim, f"{group}?attributes={name}", {"op": "add", "path": "displayName", "value": "Staff"}),
    ):
        assert answer.get_json()["members"][0]["value"], answer.text


@pytest.mark.requirement(73, 148)
def test_a_patch_of_a_group_with_many_members_reads_few(scim: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.mapping.groups.FEW", 2)
    ids = [scim.create(userName=f"{name}@example.com")["id"] for name in ("ada", "bob", "cleo")]
    group = create(scim, "Staff", tuple(ids[:1]))["id"]
    for member, status in zip(ids[1:], (200, 204), strict=True):
        answer = change(scim, group, {"op": "add", "path": "members", "value": [{"value": member}]})
        assert answer.status_code == status
        assert answer.headers["ETag"] == scim.get(f"/Groups/{group}").headers["ETag"]
        assert answer.headers["Location"].endswith(f"/Groups/{group}")
    asked = change(scim, f"{group}?attributes=members", {"op": "add", "path": "displayName", "value": "Crew"})
    assert (asked.status_code, len(asked.get_json()["members"])) == (200, 3)
    assert members(scim, group) == ids


@pytest.mark.requirement(27, 76)
@pytest.mark.parametrize(
    "more",
    [
        {"type": "Group"},
        {"type": "group"},
        {"$ref": "https://x/v2/Groups/group-2"},
        {"$ref": "Groups/group-2"},
        {"value": "group-2"},
    ],
)
def test_a_group_is_no_member_nor_taken_for_the_user_of_its_number(scim: Client, more: dict[str, str]) -> None:
    ada = scim.create()["id"]
    group = create(scim, "Staff")["id"]
    answer = change(scim, group, {"op": "add", "path": "members", "value": [{"value": ada, **more}]})
    assert (answer.status_code, answer.get_json()["scimType"]) == (400, "invalidValue")
    assert members(scim, group) == []


@pytest.mark.requirement(107, 109)
def test_the_tag_says_that_a_member_was_deleted(scim: Client) -> None:
    ada = scim.create()["id"]
    group = create(scim, "Staff", (ada,))["id"]
    other = scim.get(f"/Groups/{create(scim, 'Others')['id']}").headers["ETag"]
    tag = scim.get(f"/Groups/{group}").headers["ETag"]
    scim.send("DELETE", f"/Users/{ada}")
    answer = scim.send("GET", f"/Groups/{group}", If_None_Match=tag)
    assert (answer.status_code, "members" in answer.get_json()) == (200, False)
    (found,) = scim.get("/Groups", filter='displayName eq "Others"').get_json()["Resources"]
    assert found["meta"]["version"] == other


@pytest.mark.requirement(107)
def test_the_tag_says_that_a_user_joined_from_its_own_side(make: Make) -> None:
    scim = make(profile="miniorange")
    group = create(scim, "Staff")["id"]
    tags = [scim.get(f"/Groups/{group}").headers["ETag"]]
    ada = scim.create(groups=[{"value": group}])["id"]
    tags.append(scim.get(f"/Groups/{group}").headers["ETag"])
    scim.patch(ada, {"op": "remove", "path": "groups"})
    tags.append(scim.get(f"/Groups/{group}").headers["ETag"])
    assert len(set(tags)) == 3
    scim.patch(ada, {"op": "remove", "path": "groups"})
    assert scim.get(f"/Groups/{group}").headers["ETag"] == tags[-1]


@pytest.mark.requirement(135)
def test_a_group_that_another_process_made_takes_members_at_once(make: Make) -> None:
    one, other = make(), make()
    ada = other.create()["id"]
    group = create(one, "Staff")["id"]
    answer = change(other, group, {"op": "add", "path": "members", "value": [{"value": ada}]})
    assert answer.status_code == 200, answer.text
    assert group_of(one, ada) == group_ids.number(group)


@pytest.mark.requirement(149)
def test_put(scim: Client) -> None:
    ada = scim.create()["id"]
    group = create(scim, "Staff", (ada,), externalId="g1")
    body = {"schemas": [GROUP], "displayName": "Crew"}
    answer = scim.send("PUT", f"/Groups/{group['id']}", body).get_json()
    assert (answer["displayName"], answer.get("externalId"), members(scim, group["id"])) == ("Crew", None, [ada])
    scim.send("PUT", f"/Groups/{group['id']}", {**body, "members": []})
    assert members(scim, group["id"]) == []
