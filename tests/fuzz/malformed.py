"""Makes malformed and half-right SCIM requests out of a seed: the same seed and number give the same request.

Ids stand as {user}, {other}, {group}, {shopgroup}, {tag}: who sends the request puts those in that there are.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SHOP = "urn:magento-scim:params:scim:schemas:magento:2.0:Customer"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
MESSAGE = "urn:ietf:params:scim:api:messages:2.0:"
PATCH, SEARCH, BULK = f"{MESSAGE}PatchOp", f"{MESSAGE}SearchRequest", f"{MESSAGE}BulkRequest"


@dataclass
class Request:
    """One request as it goes over the wire: `path` still percent-encoded, with its query."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = self.body if len(self.body) < 3000 else self.body[:3000] + b"..."
        return f"{self.method} {self.path[:2000]} {self.headers} {shown!r}"


ATTRIBUTES = (
    "userName", "externalId", "id", "active", "name", "name.givenName", "name.familyName", "displayName", "title", "emails",
    "emails.value", "emails.type", "emails.primary", "phoneNumbers", "addresses", "addresses.country", "groups", "roles",
    "groups.value", "members", "members.value", "meta", "meta.created", "meta.lastModified", "meta.resourceType", "schemas",
    "password", "x509Certificates", "x509Certificates.value", "photos.value", "profileUrl", "locale", "timezone", "entitlements",
    "preferredLanguage", "nickName", "userType", "ims", f"{USER}:userName", f"{USER}:name.givenName", ENTERPRISE, SHOP,
    f"{ENTERPRISE}:manager", f"{ENTERPRISE}:manager.value", f"{ENTERPRISE}:department", f"{ENTERPRISE}:employeeNumber",
    f"{SHOP}:taxNumber", "nothing", "name.nothing", "urn:x:y", "a.b.c", "$ref", "EMAILS", "emails..value", ".", "",
)  # fmt: skip
OPERATORS = (
    "eq",
    "ne",
    "co",
    "sw",
    "ew",
    "gt",
    "ge",
    "lt",
    "le",
    "pr",
    "EQ",
    "is",
    "=",
    "",
    "eq eq",
    "not",
    "and",
    "like",
)
TEXTS = (
    "", " ", "a", "x" * 255, "x" * 256, "x" * 5000, "ada@example.com", "ADA@EXAMPLE.COM", "p1@example.com", "\x00", "a\x00b",
    "\ud800", "\udfff\ud800", "\U0001f600", "\uffff", "\u202e", "Stra\u00dfe", "e\u0301", "\u0130", "'", "' OR '1'='1", '"',
    "\\", "%", "_", "%s", "{0}", "${7*7}", "null", "true", "True", "0", "-1", "9" * 5000, "1e400", "NaN", "2024-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999999-14:00", "2024-02-30T00:00:00Z", "\n", "\r\nX-Evil: 1", "\t",
    "../../etc/passwd", "<script>", "{user}", "{other}", "{group}", "bulkId:a", "work", "home", "A" * 31, "a b@c", "@", "a@b",
    "a@" + "b" * 300 + ".example", "\u00e4\u00f6\u00fc@example.com", "a@xn--.example", "Aa1!aaaaaa", "short", "https://example.com",
    "a@b.\u0661\u0662", "\uff41da", "customer-1", "urn:" * 50, "*", "W/\"x\"", "\x7f\x80\x9f", "[" * 100, "\u2028",
)  # fmt: skip
NUMBERS = (0, 1, -1, 2, 7, 2**31, -(2**31), 2**32, 2**63, 2**64, 10**40, 1.5, -0.0, 1e308, 5e-324, 3.0)
IDS = (
    "{user}", "{other}", "{group}", "{shopgroup}", "0", "1", "-1", "+1", "01", "1.0", "1e3", "99999999999", "9" * 400, "%00", "%20",
    "%C2%B2", "%D9%A1", "{user}%20", "{user}/", "{user}/x", "..", "%2e%2e", "%2F", "{user}%2F{other}", "ada@example.com", "*", "null",
    "{user};x", "{user}%00", "%FF", "%ED%A0%80", "%", "%zz", "%u0031", "'", "%27%20OR%201=1--", "4294967296", ".search", "bulkId:a",
    "18446744073709551616", "{user}?x", "{user}#x", "\xff", "%F0%9F%98%80", "x" * 3000,
)  # fmt: skip
METHODS = (
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "PROPFIND",
    "get",
    "FOO",
    "QUERY",
    "\x00",
    "",
)
CONTENT_TYPES = (
    "application/scim+json", "application/json", "application/json; charset=utf-16", "text/plain", "application/xml", "", ";", "/",
    "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/scim+json; charset=\xff", "x" * 5000,
    "application/json-patch+json", "*/*", "APPLICATION/JSON",
)  # fmt: skip
ACCEPTS = (
    "*/*", "application/scim+json", "application/json;q=0", "text/html", "", ";q=", "application/*;q=1.0.0", "a" * 5000, ",", "q=1;;",
    "application/json;q=NaN", "application/json;q=1e400",
)  # fmt: skip
TAGS = (
    "*",
    "",
    '"',
    'W/""',
    "{tag}",
    '"x", {tag}',
    "W/",
    '"' * 2000,
    "\xff",
    ",,,",
    '"a\\"b"',
    "{tag}{tag}",
    "'",
    "W/*",
)
SPECIAL: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"": ""}, {"value": None}, [{}], "", 0)


class Maker:
    """Draws from one random generator."""

    def __init__(self, seed: int, number: int) -> None:
        self.random = random.Random(f"{seed}/{number}")
        self.pick = self.random.choice

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    # -- values --

    def text(self) -> str:
        if self.chance(0.8):
            return self.pick(TEXTS)
        return "".join(chr(self.random.choice((9, 32, 39, 97, 233, 0x4E2D, 0x1F600, 0xD800, 0, 0x300)) + self.random.randrange(3))
                       for _ in range(self.random.randrange(30)))  # fmt: skip

    def value(self, depth: int = 0) -> Any:
        roll = self.random.random()
        if roll < 0.4 or depth > 4:
            return self.text()
        if roll < 0.55:
            return self.pick(NUMBERS)
        if roll < 0.7:
            return self.pick(SPECIAL)
        if roll < 0.85:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return {self.key(): self.value(depth + 1) for _ in range(self.random.randrange(4))}

    def key(self) -> str:
        if self.chance(0.2):
            return self.text()[:300]
        return str(self.pick(("value", "type", "primary", "display", "$ref", "givenName", "familyName", "locality", "country",
                              *ATTRIBUTES)))  # fmt: skip

    def deep(self) -> Any:
        value: Any = self.value()
        for _ in range(self.pick((5, 50, 200, 900))):
            value = [value] if self.chance(0.5) else {self.key(): value}
        return value

    # -- bodies --

    def user(self) -> dict[str, Any]:
        number = self.random.randrange(100_000)
        body: dict[str, Any] = {
            "schemas": [USER], "userName": f"f{number}@example.com", "name": {"givenName": "Fuzz", "familyName": "Er"},
            "emails": [{"value": f"f{number}@example.com", "type": "work", "primary": True}], "active": True, "title": "x",
            "phoneNumbers": [{"value": "1", "type": "home"}], "addresses": [{"locality": "Wien", "country": "AT"}],
            ENTERPRISE: {"department": "R&D", "manager": {"value": "{other}"}}, SHOP: {"taxNumber": "AT1"},
        }  # fmt: skip
        return {key: value for key, value in body.items() if self.chance(0.8)}

    def group(self) -> dict[str, Any]:
        name = f"G{self.random.randrange(1000)}"
        return {"schemas": [GROUP], "displayName": name, "members": [{"value": self.pick(("{user}", "{other}"))}]}

    def patch(self) -> dict[str, Any]:
        return {"schemas": [PATCH], "Operations": [self.operation() for _ in range(self.pick((1, 1, 1, 2, 3, 8)))]}

    def operation(self) -> Any:
        if self.chance(0.03):
            return self.value()
        made: dict[str, Any] = {"op": self.pick(("add", "replace", "remove", "Add", "REPLACE", "move", "test", ""))}
        if self.chance(0.85):
            made["path"] = self.path()
        if self.chance(0.85):
            made["value"] = self.value() if self.chance(0.7) else self.pick((self.user, self.group))()
        return made

    def path(self) -> Any:
        roll = self.random.random()
        if roll < 0.45:
            return self.pick(ATTRIBUTES)
        if roll < 0.8:
            sub = self.pick(("", "", ".value", ".type", ".primary", ".nothing", ".", "..value", ".$ref"))
            return f"{self.pick(ATTRIBUTES)}[{self.filter(3)}]{sub}"
        return self.pick((self.text(), self.value(), self.filter(2)))

    def bulk(self) -> dict[str, Any]:
        operations: list[Any] = []
        for number in range(self.pick((1, 2, 5, 12))):
            one: dict[str, Any] = {
                "method": self.pick(("POST", "PUT", "PATCH", "DELETE", "GET", "post", "")),
                "path": self.pick(("/Users", "/Groups", "/Users/{user}", "/Groups/{group}", "/Users/bulkId:0", "/Users/bulkId:9", "/Me",
                                   "/Bulk", "Users", "//Users", "/Users/{user}/x", "https://evil.example/Users", "/", "", "/Users/../x")),
                "bulkId": self.pick((str(number), "0", "", None, "9" * 300)),
                "data": self.pick((self.user, self.group, self.patch, self.value))(),
            }  # fmt: skip
            if self.chance(0.3):
                one["data"] = {
                    "schemas": [GROUP],
                    "displayName": f"B{number}",
                    "members": [{"value": "bulkId:0"}, {"value": "bulkId:1"}],
                }
            if self.chance(0.2):
                one["version"] = self.pick(TAGS)
            operations.append(
                {key: held for key, held in one.items() if self.chance(0.92)} if self.chance(0.95) else self.value()
            )
        body: dict[str, Any] = {"schemas": [BULK], "Operations": operations}
        if self.chance(0.3):
            body["failOnErrors"] = self.pick((0, 1, -1, "1", 1.5, None, 10**30))
        return body

    def search(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "schemas": [SEARCH], "filter": self.filter(4), "attributes": [self.pick(ATTRIBUTES)], "excludedAttributes": self.value(),
            "sortBy": self.pick((*ATTRIBUTES, 5)), "sortOrder": self.pick(("ascending", "descending", "x", 1)),
            "startIndex": self.pick((1, 0, -5, "2", "x", 10**30, 1.5)), "count": self.pick((5, 0, -1, 10**30, "x", True)),
            "cursor": self.pick(("", "x", "A" * 200, 5, None)),
        }  # fmt: skip
        return {key: held for key, held in body.items() if key == "schemas" or self.chance(0.35)}

    def damaged(self, body: Any) -> Any:
        """Put a wrong value somewhere into a body."""
        if isinstance(body, dict) and body:
            body = dict(body)
            key = self.pick(list(body))
            roll = self.random.random()
            if roll < 0.5:
                body[key] = self.damaged(body[key])
            elif roll < 0.6:
                body[self.pick((key.upper(), key + " ", self.key()))] = body.pop(key)
            elif roll < 0.7:
                del body[key]
            else:
                body[key] = self.value()
            return body
        if isinstance(body, list) and body and self.chance(0.7):
            place = self.random.randrange(len(body))
            return [*body[:place], self.damaged(body[place]), *body[place + self.pick((0, 1)) :]]
        return self.value()

    def written(self, body: Any) -> bytes:
        """Write a body as JSON, now and then broken."""
        text = json.dumps(body, ensure_ascii=self.chance(0.5))
        raw = text.encode("utf-8", self.pick(("surrogatepass", "replace")))
        if self.chance(0.8):
            return raw
        place = self.random.randrange(len(raw) + 1)
        return self.pick(
            (
                raw[:place], raw[place:], raw + raw, raw[:place] + b"\xff" + raw[place:], b"\xef\xbb\xbf" + raw, b"", b"null", b"0", b"[]",
                text.encode("utf-16", "replace"), b"\x00" + raw, b'"' + raw, raw.replace(b'"', b"'"), raw.replace(b":", b""),
                b"[" * 5000, b'{"a":' * 3000 + b"1" + b"}" * 3000, b"9" * 6000, b'{"userName":NaN}', b'{"userName":"a","userName":"b"}',
                b'{"schemas":["' + USER.encode() + b'"],"userName":' + b"9" * 5000 + b"}", raw[:place] + b"\x00" + raw[place:],
            )
        )  # fmt: skip

    # -- filters --

    def filter(self, depth: int) -> str:
        roll = self.random.random()
        if depth <= 0 or roll < 0.45:
            return f"{self.pick(ATTRIBUTES)} {self.pick(OPERATORS)} {self.literal()}"
        if roll < 0.6:
            return f"{self.filter(depth - 1)} {self.pick(('and', 'or', 'AND', 'xor', ''))} {self.filter(depth - 1)}"
        if roll < 0.7:
            return f"{self.pick(('not', 'NOT', '', 'not not'))} ({self.filter(depth - 1)}{self.pick((')', ')', ''))}"
        if roll < 0.85:
            return f"{self.pick(ATTRIBUTES)}[{self.filter(depth - 2)}{self.pick((']', ']', '', ']]'))}"
        if roll < 0.9:
            return self.pick(("(" * 500, "not (" * 300 + "title pr" + ")" * 300, "title pr and " * 500 + "title pr",
                              '"' * 50, "[]" * 50, "emails[" * 60, 'title eq "' + "x" * 9900, "x" * 11000,
                              " or ".join(["title co \"a\""] * 190)))  # fmt: skip
        return " ".join(
            self.pick((*ATTRIBUTES, *OPERATORS, "(", ")", "[", "]", self.literal()))
            for _ in range(self.random.randrange(12))
        )

    def literal(self) -> str:
        roll = self.random.random()
        if roll < 0.7:
            return json.dumps(self.text(), ensure_ascii=self.chance(0.5))
        if roll < 0.85:
            return self.pick(
                (
                    "true",
                    "false",
                    "null",
                    "TRUE",
                    "nil",
                    "1",
                    "-1",
                    "1.5",
                    "1e400",
                    "9" * 5000,
                    "0x1",
                    "",
                    "'a'",
                    "a",
                    '"',
                )
            )
        return json.dumps(self.value(), ensure_ascii=False)

    # -- whole requests --

    def query(self) -> str:
        made = []
        for name, held in (
            ("filter", self.filter(4)), ("sortBy", self.pick(ATTRIBUTES)), ("sortOrder", self.pick(("ascending", "DESCENDING", "x"))),
            ("startIndex", self.pick(("1", "0", "-1", "x", "9" * 30, "1.5", "%00", "\u0661", "9" * 18, "--5", "-" + "9" * 30))),
            ("count", self.pick(("1", "0", "-1", "x", "9" * 30, " 5 ", "--5", "+-5", "-"))), ("cursor", self.pick(("", "x", "A" * 500, "\xff", "===="))),
            ("attributes", ",".join(self.pick(ATTRIBUTES) for _ in range(self.random.randrange(5)))),
            ("excludedAttributes", self.pick((*ATTRIBUTES, "x" * 3000, "," * 500))), (self.text()[:50], self.text()[:200]),
        ):  # fmt: skip
            if self.chance(0.3):
                raw = str(held).encode("utf-8", "surrogatepass")
                kept = quote(raw) if self.chance(0.9) else raw.decode("latin-1").replace("\n", "").replace("#", "")
                made.append(f"{quote(name.encode('utf-8', 'surrogatepass'))}{self.pick(('=', '=', '=', ''))}{kept}")
        return ("?" + self.pick(("&", "&", "&", ";")).join(made)) if made else ""

    def headers(self) -> dict[str, str]:
        made = {"Content-Type": "application/scim+json"}
        if self.chance(0.1):
            made["Content-Type"] = self.pick(CONTENT_TYPES)
        for name, choices in (
            ("Accept", ACCEPTS), ("If-Match", TAGS), ("If-None-Match", TAGS), ("Host", ("evil.example", "", "a b", "x" * 300, "[::1", "a:b:c")),
            ("X-HTTP-Method-Override", METHODS[:8]), ("X-Forwarded-Host", ("evil.example",)), ("Content-Encoding", ("gzip", "br", "x")),
            ("Authorization", ("Bearer", "Bearer ", "Basic x", "Bearer \xff", "Bearer " + "x" * 5000, "", "bearer  {token} ")),
            ("Range", ("bytes=0-1",)), ("Expect", ("x",)), ("Accept-Encoding", ("gzip",)), ("Accept-Charset", ("utf-16",)),
        ):  # fmt: skip
            if self.chance(0.04):
                made[name] = self.pick(choices)
        return made

    def resource(self) -> tuple[str, Callable[[], Any]]:
        return self.pick((("Users", self.user), ("Users", self.user), ("Groups", self.group)))

    def request(self) -> Request:
        """Make one request."""
        endpoint, body = self.resource()
        name = self.pick(("{user}", "{other}") if endpoint == "Users" else ("{group}", "{shopgroup}"))
        kind = self.pick(
            (
                "list",
                "list",
                "create",
                "create",
                "replace",
                "patch",
                "patch",
                "patch",
                "bulk",
                "search",
                "path",
                "method",
            )
        )
        match kind:
            case "list":
                made = Request("GET", f"/scim/v2/{endpoint}{self.query()}")
            case "create":
                made = Request("POST", f"/scim/v2/{endpoint}", self.written(self.damaged(body())))
            case "replace":
                made = Request("PUT", f"/scim/v2/{endpoint}/{name}", self.written(self.damaged(body())))
            case "patch":
                sent = self.patch()
                made = Request(
                    "PATCH",
                    f"/scim/v2/{endpoint}/{name}",
                    self.written(self.damaged(sent) if self.chance(0.3) else sent),
                )
            case "bulk":
                sent = self.bulk()
                made = Request("POST", "/scim/v2/Bulk", self.written(self.damaged(sent) if self.chance(0.2) else sent))
            case "search":
                where = self.pick(("/Users", "/Groups", "", "/Schemas", "/Users/{user}"))
                made = Request("POST", f"/scim/v2{where}/.search", self.written(self.search()))
            case "path":
                lead = self.pick(("/scim/v2/Users/", "/scim/v2/Groups/", "/scim/v2/Schemas/", "/scim/v2/ResourceTypes/", "/scim/v2/",
                                  "/", "/scim/", "/SCIM/V2/users/", "//scim//v2//Users//", "/scim/v2/Me/", "/scim/x/v2/Users/"))  # fmt: skip
                method = self.pick(METHODS[:6])
                sent = (
                    self.written(self.pick((self.patch, body, self.value))()) if method not in ("GET", "HEAD") else b""
                )
                made = Request(method, lead + self.pick(IDS) + self.query(), sent)
            case _:
                where = self.pick(("Users", "Groups", "Users/{user}", "Groups/{group}", "Bulk", "Me", "Schemas", "ResourceTypes",
                                   "ServiceProviderConfig", "", ".search", "Users/.search", "openapi.json"))  # fmt: skip
                sent = self.pick((b"", self.written(self.value()), self.written(self.deep())))
                made = Request(self.pick(METHODS), f"/scim/v2/{where}", sent)
        if self.chance(0.03) and made.body:
            made.body = self.written(self.deep())
        made.headers = self.headers()
        return made


def request(seed: int, number: int) -> Request:
    """Make the request of a number."""
    return Maker(seed, number).request()
