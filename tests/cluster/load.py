"""Clients that create, change, group and delete at once over several hosts, and remember what they were promised.

Each worker has users of its own, whose state it therefore knows, and meets the others over users, names and a group that
all of them write. At every request it goes to another host, and after each write it reads there what it wrote.
"""

import itertools
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from app.mapping import group_ids

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
# What each worker changes of the user that is everybody's: nobody's change may be lost.
EVERYBODYS = ("title", "nickName", "displayName", "locale", "timezone", "userType", "preferredLanguage", "profileUrl")
AGAIN = (500, 502, 503)


@dataclass
class User:
    """A user as its client was last told: id None where it is not there."""

    name: str
    user_id: str | None = None
    family: str = "Lovelace"
    title: str | None = None
    active: bool = True
    writes: int = 0
    unsure: int = 0  # writes whose answer never came, or was 503, and that were sent again


@dataclass
class Book:
    """What all clients were promised together."""

    users: dict[str, User] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    shared: dict[str, list[str]] = field(default_factory=dict)  # a contested name -> the ids that were answered 201
    members: set[str] = field(default_factory=set)
    everybodys: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Hosts:
    """The hosts' SCIM base URLs, one after the other; those that are said to be away are left out."""

    def __init__(self, bases: Sequence[str]) -> None:
        self.bases = list(bases)
        self.away: set[str] = set()
        self._turns = itertools.count()

    def next(self) -> str:
        there = [base for base in self.bases if base not in self.away]
        return there[next(self._turns) % len(there)]


class Worker:
    """One client: its own connections, its own users, its own part of what is everybody's."""

    def __init__(self, number: int, hosts: Hosts, token: str, book: Book, staff: str, everybody: str) -> None:
        self.number, self.hosts, self.book, self.staff, self.everybody = number, hosts, book, staff, everybody
        self.client = httpx2.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60)
        self.chance = random.Random(number)
        self.patience = 60.0  # seconds for which a request is sent again that was answered 503, or not at all

    def run(self, rounds: int | None, until: Callable[[], bool] = lambda: False) -> None:
        """Work for so many rounds, None: until it is time to end. What goes wrong is in the book."""
        try:
            for number in itertools.count() if rounds is None else range(rounds):
                if until():
                    return
                self.round(number)
        except Exception as error:
            self.book.wrong.append(f"worker {self.number}: {type(error).__name__}: {error}")
        finally:
            self.client.close()

    def round(self, number: int) -> None:
        user = User(f"w{self.number}-{number}@example.com")
        self.book.users[user.name] = user
        self.create(user)
        self.contest(f"shared-{number}@example.com")
        user.family = f"Byron {number}"
        self.change(user, {"op": "replace", "path": "name.familyName", "value": user.family})
        self.enrol(user, number)
        user.title = f"t{number}"
        self.change(user, {"op": "add", "path": "title", "value": user.title})
        self.change_everybodys(f"{self.number}.{number}")
        if number % 3 == 1:
            user.active = False
            self.change(user, {"op": "replace", "path": "active", "value": False})
        if number % 4 == 3:
            self.delete(user)

    # --- requests ---

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[httpx2.Response, int]:
        """Send a request to the next host, again where it was answered 503; gives how often nobody knows what it did."""
        began, unsure = time.monotonic(), 0
        while True:
            base = self.hosts.next()
            try:
                answer = self.client.request(method, f"{base}{path}", json=body, **more)
            except httpx2.TransportError as error:
                self.book.answers[f"{method} {type(error).__name__}"] += 1
                wait = 0.2
            else:
                self.book.answers[f"{method} {answer.status_code}"] += 1
                if answer.status_code not in AGAIN:
                    return answer, unsure
                assert answer.status_code == 503, f"{method} {path}: {answer.status_code} {answer.text}"
                assert answer.headers["Retry-After"], "503 without Retry-After"
                assert answer.json()["status"] == "503", answer.text
                wait = min(float(answer.headers["Retry-After"]), 1.0)
            unsure += 1
            assert time.monotonic() - began < self.patience, f"{method} {path} is not answered in {self.patience} s"
            time.sleep(wait * self.chance.uniform(0.5, 1))

    def create(self, user: User) -> None:
        body = {"schemas": [USER], "userName": user.name, "name": {"givenName": "Ada", "familyName": user.family}}
        answer, unsure = self.send("POST", "/Users", body)
        if unsure and answer.status_code == 409:  # the request before had been carried out after all
            user.user_id = answer.headers["Location"].rpartition("/")[2]
        else:
            assert answer.status_code == 201, f"POST {user.name}: {answer.status_code} {answer.text}"
            user.user_id = answer.json()["id"]
        user.writes += 1
        user.unsure += unsure
        self.look(user, answer)
        found = self.send("GET", "/Users", params={"filter": f'userName eq "{user.name}"'})[0].json()
        self.expect(found["totalResults"] == 1, f"{user.name} was created and is found {found['totalResults']} times")

    def change(self, user: User, *operations: dict[str, Any]) -> None:
        body = {"schemas": [PATCH], "Operations": list(operations)}
        answer, unsure = self.send("PATCH", f"/Users/{user.user_id}", body)
        assert answer.status_code == 200, f"PATCH {user.name}: {answer.status_code} {answer.text}"
        user.writes += 1
        user.unsure += unsure
        self.look(user, answer)

    def look(self, user: User, written: httpx2.Response) -> None:
        """Read on another host what was written: the same, to the ETag, as the write was answered with."""
        answer, _ = self.send("GET", f"/Users/{user.user_id}")
        if answer.status_code != 200:
            self.expect(False, f"{user.name} was written and reads {answer.status_code}")
            return
        found = answer.json()
        told = (found["name"]["familyName"], found.get("title"), found["active"])
        wanted = (user.family, user.title, user.active)
        self.expect(told == wanted, f"{user.name} was written as {wanted} and reads {told}")
        same = written.is_error or written.json() == found
        self.expect(same, f"{user.name} was written as {written.text} and reads {answer.text}")

    def enrol(self, user: User, number: int) -> None:
        """Put a user into everybody's group and, every other time, out again."""
        member = [{"value": user.user_id}]
        assert user.user_id is not None
        path = f"/Groups/{self.staff}"
        answer, _ = self.send("PATCH", path, _patch({"op": "add", "path": "members", "value": member}))
        assert answer.status_code in (200, 204), f"a member: {answer.status_code} {answer.text}"
        self.book.members.add(user.user_id)
        self.grouped(user, True)
        if number % 2:
            gone = {"op": "remove", "path": f'members[value eq "{user.user_id}"]'}
            answer, _ = self.send("PATCH", path, _patch(gone))
            assert answer.status_code in (200, 204), f"no member: {answer.status_code} {answer.text}"
            self.book.members.discard(user.user_id)
            self.grouped(user, False)

    def grouped(self, user: User, there: bool) -> None:
        found = self.send("GET", f"/Users/{user.user_id}")[0].json()
        ids = [group["value"] for group in found.get("groups", [])]
        self.expect(
            (self.staff in ids) == there, f"{user.name} is {'no' if there else 'a'} member right after the PATCH"
        )

    def contest(self, name: str) -> None:
        """Create a user whom everybody creates: one is told 201."""
        body = {"schemas": [USER], "userName": name, "name": {"givenName": "Ada", "familyName": "Shared"}}
        answer, unsure = self.send("POST", "/Users", body)
        made = self.book.shared.setdefault(name, [])
        if answer.status_code == 201:
            made.append(answer.json()["id"])
        else:
            assert answer.status_code == 409, f"POST {name}: {answer.status_code} {answer.text}"
            if unsure:
                self.book.answers["POST 409 after an unsure one"] += 1

    def change_everybodys(self, value: str) -> None:
        """Change this worker's own attribute of the user that everybody changes."""
        name = EVERYBODYS[self.number % len(EVERYBODYS)]
        value = f"https://example.com/{value}" if name == "profileUrl" else value
        value = f"de-{value}" if name in ("locale", "preferredLanguage") else value
        value = "Europe/Berlin" if name == "timezone" else value
        answer, _ = self.send("PATCH", f"/Users/{self.everybody}", _patch({"op": "add", "path": name, "value": value}))
        assert answer.status_code == 200, f"everybody's user: {answer.status_code} {answer.text}"
        self.book.everybodys[name] = answer.json()[name]
        found = self.send("GET", f"/Users/{self.everybody}")[0].json()
        self.expect(
            found.get(name) == self.book.everybodys[name], f"{name} of everybody's user is not what was written"
        )

    def delete(self, user: User) -> None:
        answer, unsure = self.send("DELETE", f"/Users/{user.user_id}")
        assert answer.status_code == 204 or (unsure and answer.status_code == 404), f"DELETE: {answer.status_code}"
        answer, _ = self.send("GET", f"/Users/{user.user_id}")
        self.expect(answer.status_code == 404, f"{user.name} was deleted and reads {answer.status_code}")
        self.book.members.discard(str(user.user_id))
        self.book.gone.add(user.name)
        del self.book.users[user.name]

    def expect(self, holds: bool, sentence: str) -> None:
        if not holds:
            self.book.wrong.append(sentence)


def _patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


def begin(hosts: Hosts, token: str, count: int) -> tuple[Book, list[Worker]]:
    """Make the group and the user that are everybody's, and `count` workers."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx2.Client(headers=headers, timeout=60) as client:
        group = client.post(f"{hosts.next()}/Groups", json={"schemas": [GROUP], "displayName": "Staff"})
        assert group.status_code == 201, group.text
        body = {"schemas": [USER], "userName": "everybody@example.com", "name": {"givenName": "A", "familyName": "B"}}
        user = client.post(f"{hosts.next()}/Users", json=body)
        assert user.status_code == 201, user.text
    book = Book()
    staff, everybody = group.json()["id"], user.json()["id"]
    return book, [Worker(number, hosts, token, book, staff, everybody) for number in range(count)]


def start(
    workers: Sequence[Worker], rounds: int | None, until: Callable[[], bool] = lambda: False
) -> list[threading.Thread]:
    threads = [threading.Thread(target=worker.run, args=(rounds, until)) for worker in workers]
    for thread in threads:
        thread.start()
    return threads


Rows = Callable[[str], list[tuple[Any, ...]]]


def audit(book: Book, workers: Sequence[Worker], rows: Rows) -> None:
    """Compare what clients were promised with what stands in the shop: nothing lost, doubled, or there by half."""
    assert not book.wrong, "\n".join(book.wrong[:20])
    shared = set(book.shared)
    for name, ids in book.shared.items():
        assert len(ids) <= 1, f"{name} was created {len(ids)} times"
    found = rows("SELECT email, entity_id, lastname, group_id FROM customer_entity")
    emails = [email for email, *_ in found]
    assert len(emails) == len(set(emails)), "somebody is there twice"
    assert set(emails) == set(book.users) | shared | {"everybody@example.com"}, "somebody was lost, or not deleted"
    customers = {email: rest for email, *rest in found}
    inactive = {row[0] for row in rows("SELECT entity_id FROM scim_inactive")}
    staff = group_ids.number(workers[0].staff)
    members = {row[0] for row in rows(f"SELECT entity_id FROM scim_membership WHERE group_id = {staff}")}
    assert members == {int(each) for each in book.members}, "a membership was lost, or not taken away"
    count = len(rows("SELECT entity_id FROM scim_membership"))
    assert count == len(members), "a membership is there twice"
    for user in book.users.values():
        entity_id, family, group_id = customers[user.name]
        assert str(entity_id) == user.user_id, user.name
        assert family == user.family, f"a change of {user.name} was lost"
        assert (entity_id in inactive) == (not user.active), f"{user.name} is not {user.active=}"
        assert (group_id == staff) == (entity_id in members), (
            f"{user.name} is in another group than its memberships say"
        )
    for table in ("customer_grid_flat", "scim_link"):
        there = sorted(row[0] for row in rows(f"SELECT entity_id FROM {table}"))
        assert there == sorted(row[1] for row in found), f"{table} does not have who is there"
    _journal(book, rows)
    _everybodys(book, workers, rows)


def _journal(book: Book, rows: Rows) -> None:
    """Each write stands in the journal once, and none that nobody sent."""
    entries = Counter(
        (resource_id, operation)
        for resource_id, operation in rows(
            "SELECT resource_id, operation FROM scim_journal WHERE resource_type = 'User' ORDER BY entry_id"
        )
    )
    for user in book.users.values():
        number = int(str(user.user_id))
        assert entries[number, "create"] == 1, f"{user.name} stands in the journal as created more or less than once"
        changes, wanted = entries[number, "modify"], user.writes - 1
        assert wanted == changes or (user.unsure and changes <= wanted), (
            f"{user.name} was changed {wanted} times and stands in the journal {changes} times"
        )


def _everybodys(book: Book, workers: Sequence[Worker], rows: Rows) -> None:
    (document,) = rows(f"SELECT document FROM scim_link WHERE entity_id = {int(workers[0].everybody)}")
    stands = json.loads(document[0])
    lost = {name for name, value in book.everybodys.items() if stands.get(name) != value}
    assert not lost, f"a change of {', '.join(lost)} of everybody's user was lost"
