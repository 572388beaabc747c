"""Which requests each kind of work is, and what their answers must be."""

import base64
import itertools
import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from nacl import secret

from app.mapping import group_ids
from app.sandbox import connection
from bench import floor, load, service
from bench import stage as stages

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
ID = re.compile(rb'"id":\s*"(\d+)"')
TOTAL = re.compile(rb'"totalResults":\s*(\d+)')
SHOWN = re.compile(rb'"itemsPerPage":\s*(\d+)')
NEXT = re.compile(rb'"nextCursor":\s*"([^"]+)"')
MADE = re.compile(rb'"status":\s*"201"')
PLACE = re.compile(rb"/Users/(\d+)\"")
APART = 16  # an inactive user is made active so many requests later, when the first of them is surely answered
PAGE = 100


def _shows(count: int) -> Callable[[bytes], bool]:
    """Judge a list by how many it shows."""

    def right(body: bytes) -> bool:
        found = SHOWN.search(body)
        return found is not None and int(found[1]) == count

    return right


@dataclass
class Work:
    """One kind of work. `right` judges an answer's body; `weight`: how many resources one request is about."""

    requests: Iterator[bytes]
    expected: tuple[int, ...] = (200,)
    right: Callable[[bytes], bool] = lambda _body: True
    concurrency: int = 8
    weight: int = 1


@dataclass
class Book:
    """All kinds of work on one shop. `made`: the ids of the users that were created, for those who are deleted."""

    running: service.Service
    stage: stages.Stage
    operations: int
    made: list[int] = field(default_factory=list)
    mark: str = field(default_factory=lambda: secrets.token_hex(4))
    numbers: Iterator[int] = field(default_factory=itertools.count)

    # --- reading ---

    def get(self) -> Work:
        return Work(self._get(f"/Users/{user.entity_id}") for user in self._users())

    def filter_user_name(self) -> Work:
        return self._filter("userName", lambda user: user.user_name)

    def filter_external_id(self) -> Work:
        return self._filter("externalId", lambda user: user.external_id)

    def filter_email(self) -> Work:
        return self._filter('emails[type eq "work"].value', lambda user: user.document["emails"][0]["value"])

    def list_first(self) -> Work:
        return Work(itertools.repeat(self._get(f"/Users?count={PAGE}")), right=_shows(PAGE))

    def list_deep(self) -> Work:
        """The page at nine tenths, by a cursor as the service makes it when one gets there page by page."""
        cursor = self._deep()
        page = _shows(min(PAGE, self.stage.size // 10))
        return Work(itertools.repeat(self._get(f"/Users?count={PAGE}&cursor={cursor}")), right=page)

    # --- writing ---

    def post(self) -> Work:
        def right(body: bytes) -> bool:
            found = ID.search(body)
            self.made.append(int(found[1]) if found else 0)
            return found is not None

        return Work((self._post(self.newcomer()) for _ in itertools.count()), (201,), right)

    def bulk(self) -> Work:
        """Many creates in one request; three such requests at once, so that hardly a worker is without one."""

        def right(body: bytes) -> bool:
            self.made.extend(int(found) for found in PLACE.findall(body))
            return len(MADE.findall(body)) == self.operations

        return Work((self._bulk() for _ in itertools.count()), (200,), right, concurrency=3, weight=self.operations)

    def patch_active(self) -> Work:
        """Deactivate users, and as many requests make them active again."""

        def requests() -> Iterator[bytes]:
            behind: list[stages.User] = []
            for user in self._users():
                yield self._patch(user, "active", False)
                behind.append(user)
                if len(behind) > APART:
                    yield self._patch(behind.pop(0), "active", True)

        return Work(requests())

    def patch_name(self) -> Work:
        return Work(
            self._patch(user, "name.familyName", f"Changed{self.mark}{next(self.numbers)}") for user in self._users()
        )

    def put(self) -> Work:
        def requests() -> Iterator[bytes]:
            for user in self._users():
                document = {**user.document, "schemas": [USER], "active": True}
                document["name"] = {**document["name"], "givenName": f"Given{self.mark}{next(self.numbers)}"}
                yield self._request("PUT", f"/Users/{user.entity_id}", document)

        return Work(requests())

    def delete(self) -> Work:
        """Delete those who were made; it ends when nobody is left."""
        doomed = (self._request("DELETE", f"/Users/{self.made.pop()}") for _ in iter(lambda: bool(self.made), False))
        return Work(doomed, (204,))

    def activate(self) -> Work:
        """Make everybody active whom `patch_active` has left inactive."""
        with connection.to(self.stage.url) as target, target.cursor() as cursor:
            cursor.execute("SELECT entity_id FROM scim_inactive")
            ids = [entity_id for (entity_id,) in cursor.fetchall()]
        return Work(self._operation(f"/Users/{i}", "replace", "active", True) for i in ids)

    def members(self, group: str, operation: str, ids: list[int]) -> Work:
        """Add members to a group one by one, or remove them."""
        where = f"/Groups/{group_ids.text(self.stage.groups[group])}"
        if operation == "add":
            some = (self._operation(where, "add", "members", [{"value": str(i)}]) for i in ids)
        else:
            some = (self._operation(where, "remove", f'members[value eq "{i}"]') for i in ids)
        return Work(some, (200, 204), concurrency=1)

    def newcomer(self) -> dict[str, Any]:
        """Make a user that nobody is yet, with one address."""
        number = next(self.numbers)
        email = f"{floor.OURS}{self.mark}-{number}@example.com"
        return {
            "schemas": [USER],
            "userName": email,
            "externalId": f"{self.mark}-{number}",
            "name": {"givenName": "Bench", "familyName": f"Mark{number}"},
            "emails": [{"value": email, "type": "work", "primary": True}],
            "phoneNumbers": [{"value": "+49 89 5550100", "type": "work"}],
            "addresses": [
                {
                    "type": "work",
                    "streetAddress": "Hauptstr. 1",
                    "locality": "München",
                    "region": "BAY",
                    "postalCode": "80331",
                    "country": "DE",
                }
            ],
            "active": True,
        }

    # --- the parts ---

    def _users(self) -> Iterator[stages.User]:
        return itertools.cycle(self.stage.users)

    def _request(self, method: str, path: str, body: Any = None) -> bytes:
        data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        return self.running.request(method, path, data)

    def _get(self, path: str) -> bytes:
        return self._request("GET", path)

    def _post(self, user: dict[str, Any]) -> bytes:
        return self._request("POST", "/Users", user)

    def _patch(self, user: stages.User, path: str, value: Any) -> bytes:
        return self._operation(f"/Users/{user.entity_id}", "replace", path, value)

    def _operation(self, where: str, op: str, path: str, value: Any = None) -> bytes:
        operation = {"op": op, "path": path} | ({} if value is None else {"value": value})
        return self._request("PATCH", where, {"schemas": [PATCH], "Operations": [operation]})

    def _bulk(self) -> bytes:
        operations = [
            {"method": "POST", "path": "/Users", "bulkId": f"b{number}", "data": self.newcomer()}
            for number in range(self.operations)
        ]
        return self._request("POST", "/Bulk", {"schemas": [BULK], "Operations": operations})

    def _filter(self, path: str, value: Callable[[stages.User], str]) -> Work:
        def request(user: stages.User) -> bytes:
            asked = f'{path} eq "{value(user)}"'
            return self._get(f"/Users?filter={quote(asked)}")

        def right(body: bytes) -> bool:
            found = TOTAL.search(body)
            return found is not None and found[1] == b"1"

        return Work((request(user) for user in self._users()), right=right)

    def _deep(self) -> str:
        """Give a cursor that stands at nine tenths.

        Going there page by page would take thousands of requests: the first page's cursor is opened with the shop's
        own key instead, and set down elsewhere; the page that it gives is looked at.
        """
        wanted = self.stage.first + self.stage.size * 9 // 10 - 1
        size = min(PAGE, self.stage.size // 10)
        first = self._one(self._get(f"/Users?count={PAGE}&cursor="))
        sealed = NEXT.search(first)
        if sealed is None:
            raise RuntimeError("The first page by cursor has no next one.")
        with connection.to(self.stage.url) as target, target.cursor() as cursor:
            cursor.execute("SELECT value FROM scim_setting WHERE name = 'cursor_key'")
            box = secret.SecretBox(bytes.fromhex((cursor.fetchone() or ("",))[0]))
        text = sealed[1].decode()
        body = json.loads(box.decrypt(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        body[body.index(self.stage.first + PAGE - 1)] = wanted
        made = base64.urlsafe_b64encode(box.encrypt(json.dumps(body).encode())).decode().rstrip("=")
        page = json.loads(self._one(self._get(f"/Users?count={PAGE}&cursor={made}")))["Resources"]
        if len(page) != size or int(page[0]["id"]) != wanted + 1:
            raise RuntimeError(f"The cursor for {wanted} gave {len(page)} users from {page[0]['id']} on.")
        return made

    def _one(self, request: bytes) -> bytes:
        heard: list[bytes] = []

        def right(body: bytes) -> bool:
            heard.append(body)
            return True

        outcome = load.run(self.running.port, iter([request]), concurrency=1, right=right)
        if outcome.errors:
            raise RuntimeError(f"{request[:200]!r} was answered by {outcome.sample}")
        return heard[0]
