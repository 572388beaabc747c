"""Each statement on a hot path finds its rows by an index: none reads a table through, however large the shop is."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from app.sql import wire

from .conftest import USER, Client

ROWS = 3000
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
NUMBERS = "(SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 1 AS n FROM " + ", ".join(
    "(SELECT 0 AS n" + "".join(f" UNION ALL SELECT {digit}" for digit in range(1, limit)) + f") {name}"
    for name, limit in (("a", 10), ("b", 10), ("c", 10), ("d", 3))
) + ") numbers"  # fmt: skip
FILL = {
    "customer_entity": (
        "(entity_id, website_id, email, group_id, store_id, firstname, lastname, default_billing)"
        " SELECT n, 1, CONCAT('u', n, '@example.com'), IF(n % 1000 = 7, 3, 1), 1, 'A', 'B', n FROM"
    ),
    "customer_grid_flat": "(entity_id, email, group_id) SELECT n, CONCAT('u', n, '@example.com'), 1 FROM",
    "customer_address_entity": (
        "(entity_id, parent_id, firstname, lastname, street, city, country_id, telephone)"
        " SELECT n, n, 'A', 'B', 'S', 'C', 'DE', '-' FROM"
    ),
    "newsletter_subscriber": (
        "(store_id, customer_id, subscriber_email, subscriber_status)"
        " SELECT 1, n, CONCAT('u', n, '@example.com'), 1 FROM"
    ),
    "jwt_auth_revoked": "(user_type_id, user_id, revoke_before) SELECT 3, n + 100000, 1 FROM",
    "scim_link": (
        "(entity_id, tenant, user_name, external_id, document, created_at, modified_at)"
        " SELECT n, 'default', CONCAT('u', n, '@example.com'), CONCAT('e', n), CONCAT('{\"externalId\":\"e', n,"
        ' \'","userName":"u\', n, \'@example.com","emails":[{"type":"work","value":"u\', n,'
        " '@example.com\"}]}'), '2026-01-01', '2026-01-01' FROM"
    ),
    "scim_email": "(entity_id, value) SELECT n, CONCAT('h', n, '@example.org') FROM",
    "scim_address": "(entity_id, name, address_id) SELECT n, 'work', n FROM",
    "scim_departure": "(tenant, entity_id, kind, left_at) SELECT 'default', n, 'delete', '2026-01-01' FROM",
}
# Tables of a few rows, whatever the shop's size, or (in a shop without orders) of none at all.
TINY = {
    *(
        "indexer_state",
        "scim_token",
        "scim_setting",
        "scim_group",
        "scim_membership",
        "customer_group",
        "scim_inactive",
    ),
    *("scim_held", "quote", "sales_order", "sales_order_grid", "oauth_token", "persistent_session"),
    *("login_as_customer", "wishlist", "scim_shared_email", "customer_log", "password_reset_request_event"),
}
NAME = {"op": "replace", "path": "name.familyName", "value": "Byron"}
ADDRESS = {"type": "work", "streetAddress": "S 1", "locality": "Berlin", "postalCode": "10115", "country": "DE"}


def body(name: str, **more: Any) -> dict[str, Any]:
    mail = {"type": "work", "value": f"{name}@example.com"}
    names = {"userName": mail["value"], "externalId": name, "name": {"givenName": "A", "familyName": "B"}}
    return {"schemas": [USER], **names, "emails": [mail], "addresses": [ADDRESS], **more}


def group(scim: Client) -> str:
    made = scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Staff"}).get_json()
    return str(made["id"])


def member(scim: Client) -> Any:
    where = f"/Groups/{group(scim)}"
    add = {"op": "add", "path": "members", "value": [{"value": "700"}]}
    return scim.send(
        "PATCH", where, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [add]}
    )


REQUESTS = {
    "get": lambda scim: scim.get("/Users/700"),
    "by userName": lambda scim: scim.get("/Users", filter='userName eq "u700@example.com"'),
    "by externalId": lambda scim: scim.get("/Users", filter='externalId eq "e700"'),
    "by e-mail": lambda scim: scim.get("/Users", filter='emails[type eq "work"].value eq "u700@example.com"'),
    "list by cursor": lambda scim: scim.get("/Users", count=100, cursor=deep(scim)),
    "create": lambda scim: scim.send("POST", "/Users", body("new")),
    "deactivate": lambda scim: scim.patch("700", {"op": "replace", "path": "active", "value": False}),
    "rename": lambda scim: scim.patch("700", NAME),
    "replace": lambda scim: scim.send("PUT", "/Users/700", body("u700", title="Countess")),
    "delete": lambda scim: scim.send("DELETE", "/Users/700"),
    "add a member": member,
}


def deep(scim: Client) -> str:
    """Give the cursor of a page that is not the first."""
    return str(scim.get("/Users", count=100, cursor="").get_json()["nextCursor"])


@pytest.fixture
def large(scim: Client) -> Iterator[Client]:
    for table, rows in FILL.items():
        scim.execute(f"INSERT INTO {{p}}{table} {rows} {NUMBERS}")
        scim.execute(f"ANALYZE TABLE {{p}}{table}")
    return scim


def scans(scim: Client, statement: str, parameters: Any) -> list[tuple[str, str, int]]:
    """Give the tables that a statement would read through: (table, how, rows)."""
    with scim.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).mappings().all()
    aliases = dict(re.findall(r"`?(\w+)`? AS `?(\w+)`?", statement))
    of_alias = {alias: name for name, alias in aliases.items()}
    found = []
    for row in plan:
        name = of_alias.get(str(row["table"]), str(row["table"])).removeprefix(scim.prefix)
        through = row["type"] == "ALL" or (row["type"] == "index" and int(row["rows"] or 0) > 500)
        written = row["select_type"] == "INSERT"
        if through and not written and not str(row["table"]).startswith("<") and name not in TINY:
            found.append((name, str(row["type"]), int(row["rows"] or 0)))
    return found


@pytest.mark.parametrize("name", REQUESTS)
def test_no_statement_of_a_hot_path_reads_a_table_through(large: Client, name: str) -> None:
    seen: list[tuple[str, Any]] = []
    shop = large.app.extensions["magento-scim"].shop

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        seen.extend(wire.each(statement, parameters))

    large.get("/Users/1")  # what is read once, before
    shop.cascades()
    shop.triggers()
    for engine in shop.engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    answer = REQUESTS[name](large)
    assert answer.status_code < 300, answer.text
    assert seen
    for statement, parameters in seen:
        if statement.split(" ", 1)[0] in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            assert scans(large, statement, parameters) == [], statement


def test_one_user_is_read_in_as_many_statements_as_a_hundred(large: Client) -> None:
    """The token, the users with all that is ours, their addresses; and of a page, who is on it."""
    seen: list[tuple[str, Any]] = []
    for engine in large.app.extensions["magento-scim"].shop.engines:
        sa.event.listen(engine, "before_cursor_execute", lambda c, cursor, s, *rest: seen.extend(wire.each(s)))
    cursor, counts = deep(large), {}
    for name, ask in {
        "get": lambda: large.get("/Users/701"),
        "filter": lambda: large.get("/Users", filter='userName eq "u701@example.com"'),
        "page": lambda: large.get("/Users", count=100, cursor=cursor),
    }.items():
        seen.clear()
        assert ask().status_code == 200
        counts[name] = len(
            [s for s, _ in seen if "customer_group" not in s and "scim_group" not in s.split("FROM")[-1]]
        )
    assert counts == {"get": 3, "filter": 4, "page": 4}, counts
