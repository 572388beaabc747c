"""Whatever is done in whatever order, by us and by Magento, the rows stay whole and the documents true (issue 4)."""

import json
from collections import Counter
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from werkzeug.test import TestResponse

from app import service
from app.mapping import bridges, drift, sweep
from tests.order import shopside
from tests.tenants.conftest import Websites
from tests.users.conftest import ENTERPRISE, PATCH, USER, Client, Make

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
SHOP = "urn:example:magento:Customer"
ADDRESS = """
  - name: {name}
    root: 'addresses[type eq "{name}"]'
    default: [{default}]
    existing: {existing}
    on_invalid: {on_invalid}
    fields:
      firstname: /name.givenName
      lastname: /name.familyName
      street: streetAddress
      city: locality
      region: region
      postcode: postalCode
      country_id: country
      telephone: {{from: '/phoneNumbers[type eq "{name}"].value', default: '-'}}
"""
MAPPING = f"""
version: 1
prefixes: {{shop: "{SHOP}", ent: "{ENTERPRISE}"}}
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
  suffix: name.honorificSuffix
  employee_number: ent:employeeNumber
  department: ent:department
  newsletter: {{from: shop:newsletter, on_absent: keep}}
  website_id: {{from: shop:website, on_absent: keep}}
addresses:
""" + "".join(
    ADDRESS.format(name=name, default=default, existing=existing, on_invalid=on_invalid)
    for name, default, existing, on_invalid in (
        ("work", "billing, shipping", "keep", "drop"),
        ("home", "billing", "replace", "reject"),
        ("other", "shipping", "adopt", "drop"),
    )
)
OURS = ("scim_link", "scim_group", "scim_membership", "scim_shared_email", "scim_journal", "scim_departure")

# The same few of everything, so that people meet: spellings of one e-mail, options that are there, empty values.
EMAILS = st.sampled_from([f"{x}{n}@example.com" for n in range(4) for x in ("u", "U", "ü")])
NAMES = st.sampled_from(["Ada", "O'Neil", "Æther", "a" * 255])
MAYBE = st.sampled_from([None, "", "x", "007", "Jr."])
DEPARTMENTS = st.sampled_from([None, "Sales", "engineering"])
WHICH = st.integers(0, 30)
WEBSITES = st.sampled_from(["base", "eu"])
KIND_NAMES = ("work", "home", "other")
KINDS = st.sampled_from(KIND_NAMES)
PLACES = st.sampled_from([
    {"streetAddress": "1 Main St", "locality": "Austin", "region": "TX", "postalCode": "73301", "country": "US"},
    {"streetAddress": "Hauptstr. 5\nHof", "locality": "München", "region": "Bayern", "postalCode": "1", "country": "DE"},
    {"streetAddress": "5 Rd", "locality": "Hong Kong", "country": "HK"},
    {"streetAddress": "half of one", "country": "US"},
])  # fmt: skip
HALF = "half of one"
OPERATIONS = 1000  # in each kind of shop


class Life(RuleBasedStateMachine):
    """People that come, change and go, by an identity provider's requests and by the shop's own code."""

    scim: ClassVar[Client]
    websites: ClassVar[Websites]
    shared: ClassVar[bool]
    count: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.magento = shopside.Magento(self.scim.engine, self.scim.prefix)
        self.everybody: list[int] = []
        self.groups: list[str] = []
        self.reads: list[shopside.Read] = []
        self.touched: int | None = None
        self.answer: dict[str, Any] | None = None

    # --- by the identity provider ---

    def send(self, method: str, path: str, body: Any, *allowed: int) -> TestResponse:
        answer = self.scim.send(method, path, body)
        self.count[f"{method} {path.split('/')[1]}: {answer.status_code}"] += 1
        assert answer.status_code in allowed, f"{method} {path} {body}: {answer.text}"
        return answer

    def patch(self, entity_id: int, operation: dict[str, Any], *refused: int) -> bool:
        """Change a user: all of it, or nothing. Who has a namesake may be refused, whatever is changed."""
        self.touched = entity_id
        allowed = {*refused, *([409] if self.namesake(entity_id) else [])}
        body = {"schemas": [PATCH], "Operations": [operation]}
        answer = self.send("PATCH", f"/Users/{entity_id}", body, 200, *allowed)
        self.answer = answer.get_json() if answer.status_code == 200 else None
        return answer.status_code == 200

    def seen(self, entity_id: int) -> dict[str, Any]:
        answer = self.scim.get(f"/Users/{entity_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def namesake(self, entity_id: int) -> bool:
        """Say whether somebody else is called as this one is: two customers of two websites with one e-mail."""
        query = (
            "SELECT o.entity_id FROM {p}customer_entity e JOIN {p}customer_entity o"
            " ON o.email = e.email AND o.entity_id <> e.entity_id WHERE e.entity_id = :e"
        )
        return bool(self.magento.sql(query, e=entity_id))

    def one(self, number: int) -> int:
        return self.everybody[number % len(self.everybody)]

    def named(self, email: str) -> list[dict[str, Any]]:
        """Give the customers that have an e-mail."""
        return self.magento.sql("SELECT * FROM {p}customer_entity WHERE email = :m", m=email)

    def website(self, code: str) -> int:
        return self.websites.there if code == "eu" else self.websites.here

    @initialize(kind=KINDS, place=PLACES)
    def begin(self, kind: str, place: dict[str, Any]) -> None:
        """Let there be somebody: two who were provisioned, and one who registered."""
        for email in ("u0@example.com", "u1@example.com"):
            self.create(email, "Ada", "007", "Sales", "base", kind, place)
        self.magento_registers("u2@example.com", "base")

    @rule(email=EMAILS, name=NAMES, number=MAYBE, department=DEPARTMENTS, website=WEBSITES, kind=KINDS, place=PLACES)
    def create(
        self, email: str, name: str, number: str | None, department: str | None, website: str, kind: str, place: Any
    ) -> None:
        held = self.named(email)
        body = {
            "schemas": [USER],
            "userName": email,
            "name": {"givenName": name, "familyName": "Lovelace"},
            "addresses": [{"type": kind, **place}],
            ENTERPRISE: {"employeeNumber": number, "department": department},
            SHOP: {"website": website, "newsletter": name == "Ada"},
        }
        answer = self.send("POST", "/Users", body, 201, 409, 400)
        if answer.status_code == 400:
            assert (kind, place["streetAddress"]) == ("home", HALF), "what the shop would not take"
        elif not held:
            assert answer.status_code == 201, "nobody has this e-mail"
        if answer.status_code == 201:
            self.touched = int(answer.get_json()["id"])

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH, name=NAMES, suffix=MAYBE, department=DEPARTMENTS, employee=MAYBE, news=st.booleans())
    def change(
        self, number: int, name: str, suffix: str | None, department: str | None, employee: str | None, news: bool
    ) -> None:
        more = {"employeeNumber": employee, "department": department}
        value = {"name": {"givenName": name, "honorificSuffix": suffix}, ENTERPRISE: more, SHOP: {"newsletter": news}}
        entity_id = self.one(number)
        if self.patch(entity_id, {"op": "replace", "value": value}):
            row = self.scim.customer(str(entity_id))
            assert (row["firstname"], row["suffix"]) == (name, suffix or None)

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH, email=EMAILS)
    def change_email(self, number: int, email: str) -> None:
        entity_id = self.one(number)
        taken = [409] if {row["entity_id"] for row in self.named(email)} - {entity_id} else []
        if self.patch(entity_id, {"op": "replace", "path": "userName", "value": email}, *taken):
            assert self.scim.customer(str(entity_id))["email"] == email

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH, website=WEBSITES)
    def move(self, number: int, website: str) -> None:
        entity_id = self.one(number)
        if self.patch(entity_id, {"op": "replace", "path": f"{SHOP}:website", "value": website}):
            assert self.scim.customer(str(entity_id))["website_id"] == self.website(website)

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH, kind=KINDS, place=PLACES)
    def change_address(self, number: int, kind: str, place: dict[str, Any]) -> None:
        entity_id = self.one(number)
        others = [each for each in self.seen(entity_id).get("addresses", ()) if each["type"] != kind]
        value = [*others, {"type": kind, **place}]
        if self.patch(entity_id, {"op": "replace", "path": "addresses", "value": value}, 400):
            streets = {each["street"] for each in self.magento.read(entity_id).addresses.values()}
            assert place["streetAddress"] in {HALF, *streets}

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH, kind=KINDS)
    def remove_address(self, number: int, kind: str) -> None:
        entity_id = self.one(number)
        if self.patch(entity_id, {"op": "remove", "path": f'addresses[type eq "{kind}"]'}):
            assert self.address(entity_id, kind) is None

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH, name=NAMES)
    def replace(self, number: int, name: str) -> None:
        self.touched = entity_id = self.one(number)
        body = {"schemas": [USER], "userName": self.seen(entity_id)["userName"]}
        body["name"] = {"givenName": name, "familyName": "Put"}  # type: ignore[assignment]
        allowed = [409] if self.namesake(entity_id) else []
        answer = self.send("PUT", f"/Users/{entity_id}", body, 200, *allowed)
        if answer.status_code == 200:
            self.answer = answer.get_json()
            assert not [each for each in KIND_NAMES if self.address(entity_id, each)]

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH, active=st.booleans())
    def turn(self, number: int, active: bool) -> None:
        entity_id = self.one(number)
        if self.patch(entity_id, {"op": "replace", "path": "active", "value": active}):
            row = self.scim.customer(str(entity_id))
            assert (row["is_active"], row["lock_expires"] is None) == ((1, True) if active else (0, False))

    @rule(name=st.sampled_from(["Gold", "Silver", "gold"]), numbers=st.lists(WHICH, max_size=3))
    def create_group(self, name: str, numbers: list[int]) -> None:
        ids = {self.one(number) for number in numbers} if self.everybody else set()
        members = [{"value": str(each)} for each in sorted(ids)]
        body = {"schemas": [GROUP], "displayName": name, "members": members}
        answer = self.send("POST", "/Groups", body, 201, 409)
        if answer.status_code == 201:
            self.groups.append(answer.get_json()["id"])

    @precondition(lambda self: self.everybody and self.groups)
    @rule(number=WHICH, group=WHICH, op=st.sampled_from(["add", "remove", "replace"]))
    def change_members(self, number: int, group: int, op: str) -> None:
        self.touched = entity_id = self.one(number)
        group_id = self.groups[group % len(self.groups)]
        operation: dict[str, Any] = {"op": op, "path": "members", "value": [{"value": str(entity_id)}]}
        if op == "remove":
            operation = {"op": op, "path": f'members[value eq "{entity_id}"]'}
        self.send("PATCH", f"/Groups/{group_id}", {"schemas": [PATCH], "Operations": [operation]}, 200, 204)
        held = {each["value"] for each in self.seen(entity_id).get("groups", ())}
        assert (group_id in held) is (op != "remove")

    @precondition(lambda self: self.groups)
    @rule(group=WHICH)
    def delete_group(self, group: int) -> None:
        self.send("DELETE", f"/Groups/{self.groups.pop(group % len(self.groups))}", None, 204)

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH)
    def delete(self, number: int) -> None:
        entity_id = self.one(number)
        self.send("DELETE", f"/Users/{entity_id}", None, 204)
        assert self.scim.get(f"/Users/{entity_id}").status_code == 404
        assert self.scim.rows("newsletter_subscriber", customer_id=entity_id) == []

    # --- by Magento ---

    @rule(email=EMAILS, website=WEBSITES)
    def magento_registers(self, email: str, website: str) -> None:
        store = self.websites.there_store if website == "eu" else self.websites.here_store
        self.touched = self.magento.register(email, self.website(website), store, self.shared)

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH)
    def magento_reads(self, number: int) -> None:
        self.reads.append(self.magento.read(self.one(number)))

    @precondition(lambda self: self.reads)
    @rule(which=WHICH, lastname=NAMES, employee=MAYBE)
    def magento_saves_late(self, which: int, lastname: str, employee: str | None) -> None:
        """What was written since it read is lost."""
        read = self.reads.pop(which % len(self.reads))
        read.row["lastname"] = lastname
        read.values["employee_number"] = employee
        known = self.magento.sql("SELECT customer_group_id FROM {p}customer_group WHERE customer_group_id > 0")
        if read.row["group_id"] not in {each["customer_group_id"] for each in known}:
            read.row["group_id"] = 1  # Magento would refuse the save
        if self.magento.save(read, self.shared):
            self.touched = read.row["entity_id"]

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH, email=EMAILS, suffix=MAYBE, group=st.sampled_from([1, 2, 3]))
    def magento_edits(self, number: int, email: str, suffix: str | None, group: int) -> None:
        self.touched = self.one(number)
        read = self.magento.read(self.touched)
        read.row |= {"email": email, "suffix": suffix or None, "group_id": group}
        self.magento.save(read, self.shared)

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH, which=WHICH, deed=st.sampled_from(["add", "move", "delete", "default", "no default"]))
    def magento_edits_addresses(self, number: int, which: int, deed: str) -> None:
        self.touched = self.one(number)
        read = self.magento.read(self.touched)
        ids = sorted(read.addresses)
        chosen = ids[which % len(ids)] if ids else None
        if deed == "add":
            chosen = self.magento.address(self.touched, "Waco")
            read = self.magento.read(self.touched)
        elif chosen and deed == "move":
            read.addresses[chosen] |= {"city": "Dallas", "street": "9 Elm St"}
        elif chosen and deed == "delete":
            del read.addresses[chosen]
        if deed != "move":
            read.row["default_billing"] = None if deed == "no default" else chosen
        if deed == "default":
            read.row["default_shipping"] = chosen
        self.magento.save(read, self.shared)

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH)
    def magento_unlocks(self, number: int) -> None:
        self.touched = self.one(number)
        self.magento.unlock(self.touched)

    @precondition(lambda self: self.everybody)
    @rule(number=WHICH)
    def magento_deletes(self, number: int) -> None:
        entity_id = self.one(number)
        self.magento.delete(entity_id, self.shared)
        assert self.scim.get(f"/Users/{entity_id}").status_code == 404

    @precondition(lambda self: self.groups)
    @rule(group=WHICH)
    def magento_deletes_a_group(self, group: int) -> None:
        name = self.scim.get(f"/Groups/{self.groups.pop(group % len(self.groups))}").get_json()["displayName"]
        (row,) = self.magento.sql("SELECT * FROM {p}customer_group WHERE customer_group_code = :n", n=name)
        self.magento.delete_group(row["customer_group_id"])

    # --- by the operator ---

    @rule()
    def operator_sweeps(self) -> None:
        sweep.sweep(self.bridge())
        query = "SELECT e.* FROM {p}scim_inactive JOIN {p}customer_entity e USING (entity_id)"
        assert all(row["lock_expires"] and not row["is_active"] for row in self.magento.sql(query)), "who left is out"

    @rule()
    def operator_repairs(self) -> None:
        batches = list(drift.walk(self.bridge(), repair=True))
        refused = {entity_id for batch in batches for entity_id, _ in batch.refused}
        left = [each for batch in drift.walk(self.bridge()) for each in batch.differences]
        assert {each.entity_id for each in left} <= refused, f"{left}: repaired, and there again"

    def bridge(self) -> bridges.Bridge:
        here: service.Service = self.scim.app.extensions["magento-scim"]
        return here.bridge(here.tenant("default"), "http://localhost/", bridges.Origin("test", "test"))

    # --- what always holds ---

    def address(self, entity_id: int, kind: str) -> dict[str, Any] | None:
        found = self.magento.sql(
            "SELECT a.* FROM {p}scim_address r JOIN {p}customer_address_entity a ON a.entity_id = r.address_id"
            " WHERE r.entity_id = :e AND r.name = :n AND a.parent_id = :e",
            e=entity_id,
            n=kind,
        )
        return found[0] if found else None

    @invariant()
    def the_rows_are_whole(self) -> None:
        self.count["steps"] += 1
        assert list(shopside.broken(self.magento)) == []
        on = "email" if self.shared else "email, website_id"
        people = self.magento.sql("SELECT entity_id FROM {p}customer_entity ORDER BY entity_id")
        twice = f"SELECT email FROM {{p}}customer_entity GROUP BY {on} HAVING COUNT(*) > 1"
        assert self.magento.sql(twice) == [], "an e-mail is one customer"
        self.everybody = [int(row["entity_id"]) for row in people]
        if self.touched in self.everybody:
            seen = self.seen(self.touched)
            assert self.answer in (None, seen), "what a change answers is what is read"
            self.agrees(seen, self.scim.customer(str(self.touched)))
        self.touched = self.answer = None

    def agrees(self, user: dict[str, Any], row: dict[str, Any]) -> None:
        """See that what is read of a user is what its rows say."""
        entity_id = row["entity_id"]
        assert user["id"] == str(entity_id)
        name, more, shop = user.get("name", {}), user.get(ENTERPRISE, {}), user.get(SHOP, {})
        assert user["userName"] == row["email"]
        assert (name.get("givenName"), name.get("familyName"), name.get("honorificSuffix") or None) == (
            *(row["firstname"], row["lastname"], row["suffix"]),
        )
        assert user["active"] is bool(row["is_active"])
        read = self.magento.read(entity_id)
        assert (more.get("employeeNumber") or None) == read.values["employee_number"]
        labels = {None: None} | {option: label for label, option in self.departments.items()}
        assert (more.get("department") or "").casefold() == (labels[read.values["department"]] or "").casefold()
        assert self.website(shop["website"]) == row["website_id"]
        held = {each["type"]: each for each in user.get("addresses", ())}
        for kind in ("work", "home", "other"):
            own, shown = self.address(entity_id, kind), held.get(kind)
            if own is not None:
                assert shown is not None
                place = (shown.get("locality"), shown["streetAddress"])
                assert place in ((own["city"], own["street"]), (None, HALF)), "half of one waits to be whole"
        managed = self.magento.sql("SELECT 1 FROM {p}scim_link WHERE entity_id = :e", e=entity_id)
        if managed:
            for kind, shown in held.items():
                known = self.address(entity_id, kind) is not None
                assert known or shown["streetAddress"] == HALF or shown["locality"] in self.cities(read)
        groups = {each["display"] for each in user.get("groups", ())}
        (own_group,) = self.magento.sql(
            "SELECT * FROM {p}customer_group WHERE customer_group_id = :g", g=row["group_id"]
        )
        assert row["group_id"] == 1 or own_group["customer_group_code"] in groups

    def cities(self, read: shopside.Read) -> set[str]:
        defaults = (read.row["default_billing"], read.row["default_shipping"])
        return {read.addresses[each]["city"] for each in defaults if each}

    departments: ClassVar[dict[str, int]] = {}

    def teardown(self) -> None:
        """Look at everybody, have everything repaired, and see that documents and rows are the same."""
        try:
            self.the_rows_are_whole()
            self.everybody_agrees()
            refused = {i for batch in drift.walk(self.bridge(), repair=True) for i, _ in batch.refused}
            self.the_rows_are_whole()
            for link in self.magento.sql("SELECT entity_id, document FROM {p}scim_link"):
                if link["entity_id"] not in refused:
                    self.is_stored(link["entity_id"], json.loads(link["document"]))
        finally:
            self.forget()

    def is_stored(self, entity_id: int, document: dict[str, Any]) -> None:
        """See that a user is read as its document says, but for an address in whose place a default one stands."""
        seen = self.seen(entity_id)
        addresses = [each for each in document.pop("addresses", ()) if self.address(entity_id, each["type"])]
        assert {key: seen.get(key) for key in document} == document
        assert all(each in seen["addresses"] for each in addresses)

    def everybody_agrees(self) -> None:
        rows = {str(row["entity_id"]): row for row in self.magento.sql("SELECT * FROM {p}customer_entity")}
        users = {user["id"]: user for user in self.scim.get("/Users", count=1000).get_json()["Resources"]}
        assert set(users) == set(rows)
        for user_id, row in rows.items():
            assert users[user_id] == self.seen(int(user_id)), "in a list as by its id"
            self.agrees(users[user_id], row)
        for group in self.scim.get("/Groups", count=1000).get_json()["Resources"]:
            members = {each["value"] for each in group.get("members", ())}
            theirs = {
                user_id
                for user_id, user in users.items()
                if group["id"] in {g["value"] for g in user.get("groups", ())}
            }
            assert members == theirs, group["displayName"]

    def forget(self) -> None:
        """Leave an empty shop to the next life."""
        for table in ("customer_entity", "customer_grid_flat", "newsletter_subscriber", "jwt_auth_revoked", *OURS):
            self.magento.sql(f"DELETE FROM {{p}}{table}")
        self.magento.sql("DELETE FROM {p}customer_group WHERE customer_group_id > 3")


@pytest.mark.parametrize("shared", [False, True], ids=["per website", "shared"])
def test_any_order(make: Make, websites: Websites, shared: bool) -> None:
    """2,000 operations in both, the same ones each time."""
    if shared:
        websites.share()

    class OnThisShop(Life):
        pass

    OnThisShop.websites, OnThisShop.shared, OnThisShop.count = websites, shared, Counter()
    OnThisShop.scim = make(MAPPING)
    OnThisShop.departments = {label: i for i, label in websites.bench.shop.options("department").items()}
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        OnThisShop,
        settings=settings(
            max_examples=OPERATIONS // 40,  # of up to 50 each
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=[Phase.generate],  # shrinking takes minutes: add Phase.shrink to look into a finding
            report_multiple_bugs=False,
        ),
    )
    assert OnThisShop.count["steps"] >= OPERATIONS
