"""Sends malformed requests to the app and watches: no 5xx, none slow, and whatever is refused changes nothing."""

import io
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import flask
import sqlalchemy as sa

from app.mapping import group_ids
from tests.fuzz import malformed

SLOW = 2.0  # seconds
MOST_USERS, MOST_GROUPS = 40, 15
TABLES = (
    "customer_entity", "customer_entity_datetime", "customer_entity_decimal", "customer_entity_int", "customer_entity_text",
    "customer_entity_varchar", "customer_address_entity", "customer_grid_flat", "customer_group", "newsletter_subscriber",
    "scim_email", "scim_group", "scim_link", "scim_membership", "scim_setting", "jwt_auth_revoked", "indexer_state",
)  # fmt: skip
READS = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_OFFERED = 501  # /Me for a token that stands for nobody


@dataclass
class Answer:
    """What the app said."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


@dataclass
class Found:
    """What a walk came to: statuses, the slowest request, and what went wrong."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    slowest_request: str = ""
    faults: list[str] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        counted = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.requests} requests in {self.seconds:.0f} s, {len(self.faults)} faults, "
            f"slowest {self.slowest:.2f} s ({self.slowest_request[:200]})\n{counted}"
        )


class Walk:
    """One app on one shop, with users and groups that requests are about."""

    def __init__(self, app: flask.Flask, engine: sa.Engine, prefix: str, token: str) -> None:
        self.app = app
        self.engine = engine
        self.prefix = prefix
        self.token = token
        self.found = Found()
        self.users: list[str] = []
        self.groups: list[str] = []
        self.tag = 'W/"x"'
        with engine.connect() as connection:
            there = sa.inspect(connection).get_table_names()
            self.tables = [f"{prefix}{name}" for name in TABLES if f"{prefix}{name}" in there]

    # -- requests --

    def send(self, request: malformed.Request) -> Answer:
        """Call the app as a WSGI server would."""
        path, _, query = request.path.partition("?")
        headers = {"Authorization": f"Bearer {self.token}", **request.headers}
        environ: dict[str, Any] = {
            "REQUEST_METHOD": request.method, "SCRIPT_NAME": "", "PATH_INFO": unquote_to_bytes(path.encode()).decode("latin-1"),
            "QUERY_STRING": query, "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_LENGTH": str(len(request.body)), "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "HTTP_HOST": "localhost",
        }  # fmt: skip
        for name, value in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
        status: list[str] = []
        given: dict[str, str] = {}

        def start(line: str, lines: Iterable[tuple[str, str]], _error: Any = None) -> None:
            status.append(line)
            given.update(lines)

        began = time.perf_counter()
        chunks = self.app.wsgi_app(environ, start)
        body = b"".join(chunks)
        seconds = time.perf_counter() - began
        if hasattr(chunks, "close"):
            chunks.close()
        return Answer(int(status[-1].split()[0]), given, body, seconds)

    def filled(self, request: malformed.Request) -> malformed.Request:
        """Put ids that there are in the places that stand for them."""
        turn = self.found.requests
        names = {
            "{user}": self.users[turn % len(self.users)], "{other}": self.users[(turn * 7 + 3) % len(self.users)],
            "{group}": self.groups[turn % len(self.groups)], "{shopgroup}": f"group-{turn % 4}", "{tag}": self.tag, "{token}": self.token,
        }  # fmt: skip

        def put(text: str) -> str:
            for name, value in names.items():
                text = text.replace(name, value)
            return text

        body = request.body
        for name, value in names.items():
            body = body.replace(name.encode(), value.encode())
        headers = {name: put(value) for name, value in request.headers.items()}
        return malformed.Request(request.method, put(request.path), body, headers)

    def make(self, method: str, path: str, body: Any) -> Answer:
        sent = malformed.Request(
            method, f"/scim/v2{path}", json.dumps(body).encode(), {"Content-Type": "application/scim+json"}
        )
        return self.send(sent)

    # -- the shop --

    def populate(self) -> None:
        """Bring the shop to a handful of users and groups."""
        for kind, most, ids in (("Users", MOST_USERS, self.users), ("Groups", MOST_GROUPS, self.groups)):
            listed = json.loads(self.make("GET", f"/{kind}?count=1000&attributes=id", None).body)["Resources"]
            there = [one["id"] for one in listed]
            own = [one for one in there if kind == "Users" or group_ids.number(one) > 3]
            for gone in own[most:]:
                self.make("DELETE", f"/{kind}/{gone}", None)
            del own[most:]
            while len(own) < 6:
                own.append(json.loads(self.make("POST", f"/{kind}", self.plain(kind, len(own))).body)["id"])
            ids[:] = own
        self.tag = self.make("GET", f"/Users/{self.users[0]}", None).headers["ETag"]

    def plain(self, kind: str, number: int) -> dict[str, Any]:
        name = f"p{self.found.requests}-{number}"
        if kind == "Groups":
            return {"schemas": [malformed.GROUP], "displayName": name, "members": [{"value": self.users[0]}]}
        return {
            "schemas": [malformed.USER], "userName": f"{name}@example.com", "name": {"givenName": "A", "familyName": "B"},
            "externalId": name, "emails": [{"value": f"{name}@example.com", "type": "work"}, {"value": f"{name}@home.example"}],
        }  # fmt: skip

    def sums(self, connection: sa.Connection) -> list[Any]:
        names = ", ".join(f"`{name}`" for name in self.tables)
        return [tuple(row) for row in connection.exec_driver_sql(f"CHECKSUM TABLE {names}")]

    def rows(self, connection: sa.Connection) -> dict[str, Any]:
        """Read all customers with their links, by id."""
        query = f"SELECT * FROM `{self.prefix}customer_entity` e LEFT JOIN `{self.prefix}scim_link` l ON l.entity_id = e.entity_id"
        return {str(row[0]): tuple(row) for row in connection.exec_driver_sql(query)}

    def consistent(self, connection: sa.Connection) -> str | None:
        """Say what does not fit together in the shop."""
        prefix = self.prefix
        questions = {
            "customers and grid differ": f"SELECT COUNT(*) FROM `{prefix}customer_entity` e LEFT JOIN `{prefix}customer_grid_flat` g"
            " USING (entity_id) WHERE g.entity_id IS NULL OR NOT g.email <=> e.email OR NOT g.group_id <=> e.group_id",
            "rows of the grid without customers": f"SELECT COUNT(*) FROM `{prefix}customer_grid_flat` WHERE entity_id NOT IN"
            f" (SELECT entity_id FROM `{prefix}customer_entity`)",
            "customers in no group": f"SELECT COUNT(*) FROM `{prefix}customer_entity` WHERE group_id NOT IN"
            f" (SELECT customer_group_id FROM `{prefix}customer_group`) OR group_id = 0",
            "a document that is none": f"SELECT COUNT(*) FROM `{prefix}scim_link` WHERE NOT JSON_VALID(document)",
            "names and documents differ": f"SELECT COUNT(*) FROM `{prefix}scim_link` WHERE NOT external_id <=>"
            " JSON_UNQUOTE(JSON_EXTRACT(document, '$.externalId'))",
        }  # fmt: skip
        for fault, question in questions.items():
            if connection.exec_driver_sql(question).scalar():
                return fault
        return None

    # -- the walk --

    def run(self, numbers: Iterable[int], seed: int, until: float | None = None) -> Found:
        """Send the requests of these numbers; `until`: a time.monotonic() at which to end."""
        found, began = self.found, time.monotonic()
        self.populate()
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            sums, rows = self.sums(connection), self.rows(connection)
            changes = 0
            for number in numbers:
                if until is not None and time.monotonic() > until:
                    break
                request = self.filled(malformed.request(seed, number))
                found.requests += 1
                try:
                    answer = self.send(request)
                except Exception as error:
                    self.fault(number, request, f"raised {error!r}")
                    continue
                self.judge(number, request, answer)
                if request.method in READS:
                    continue
                after = self.sums(connection)
                if after == sums:
                    continue
                sums = after
                if answer.status >= 400:
                    self.fault(number, request, f"was refused with {answer.status} and changed the shop")
                now = self.rows(connection)
                target = request.path.partition("?")[0].rpartition("/Users/")[2]
                others = [i for i in rows.keys() | now.keys() if rows.get(i) != now.get(i) and i != target]
                if others and target in rows and request.method in ("PUT", "PATCH", "DELETE"):
                    self.fault(number, request, f"changed other users: {others}")
                rows, changes = now, changes + 1
                if changes % 25 == 0 or request.method == "DELETE" or len(now) > MOST_USERS * 2:
                    self.check(number, request, connection)
                    self.populate()
                    sums, rows = self.sums(connection), self.rows(connection)
            self.check(-1, malformed.Request("", "the end"), connection)
        found.seconds += time.monotonic() - began
        return found

    def judge(self, number: int, request: malformed.Request, answer: Answer) -> None:
        """Note what is wrong with an answer."""
        found = self.found
        found.statuses[answer.status] += 1
        seconds = answer.seconds
        if seconds > SLOW and request.method in READS:
            seconds = min(seconds, self.send(request).seconds)  # was it the request, or a busy machine?
        if seconds > found.slowest:
            found.slowest, found.slowest_request = seconds, f"{number}: {request}"
        if seconds > SLOW:
            self.fault(number, request, f"took {seconds:.1f} s")
        if answer.status >= 500 and answer.status != NOT_OFFERED:
            self.fault(number, request, f"got {answer.status}: {answer.body[:500]!r}")
        if answer.status >= 400 and request.method != "HEAD":
            try:
                document = json.loads(answer.body)
                right = document["status"] == str(answer.status) and document["detail"]
            except (ValueError, KeyError, TypeError):
                right = False
            if not right:
                self.fault(number, request, f"got {answer.status} without a SCIM error: {answer.body[:300]!r}")

    def check(self, number: int, request: malformed.Request, connection: sa.Connection) -> None:
        """See that the shop is consistent and that everybody can be read."""
        wrong = self.consistent(connection)
        if wrong:
            self.fault(number, request, f"left the shop inconsistent: {wrong}")
        for kind in ("Users", "Groups"):
            listed = self.make("GET", f"/{kind}?count=1000", None)
            if listed.status != 200:
                self.fault(number, request, f"left a {kind} list that gives {listed.status}")

    def fault(self, number: int, request: malformed.Request, what: str) -> None:
        self.found.faults.append(f"#{number} {what}\n    {request}")
