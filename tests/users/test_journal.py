"""Nothing is ever lost: every change stands in the journal, and can be taken back (issue 5)."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from app import cli
from app.ledger import journal
from app.magento import cascades, grid_rows
from app.mapping import bridges, undo, why
from tests.users.conftest import ENTERPRISE, PATCH, ROOT, Client, Make

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
MASKED = f"""
version: 1
prefixes: {{ent: "{ENTERPRISE}"}}
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
  employee_number: {{from: ent:employeeNumber, mask: true}}
"""


def bridge_of(scim: Client) -> bridges.Bridge:
    service = scim.app.extensions["magento-scim"]
    made: bridges.Bridge = service.bridge(
        service.tenant("default"), "http://localhost", bridges.Origin("test", "a test")
    )
    return made


def entries(scim: Client, **wanted: Any) -> list[journal.Entry]:
    bridge = bridge_of(scim)
    with scim.engine.connect() as connection:
        return journal.fetch(connection, bridge.ledger, journal.Wanted(**wanted))


def take_back(scim: Client, *, force: bool = False, dry: bool = False, **wanted: Any) -> undo.Undone:
    bridge = bridge_of(scim)
    found = undo.find(bridge, journal.Wanted(**wanted))
    return undo.carry_out(bridge, found, lambda _: bridge, force=force, dry=dry)


def everything(scim: Client, *, without: tuple[str, ...] = ("scim_journal", "scim_token")) -> dict[str, list[Any]]:
    """Read every row of every table of the shop."""
    found = {}
    with scim.engine.connect() as connection:
        for name in sa.inspect(connection).get_table_names():
            plain = name.removeprefix(scim.prefix)
            if plain not in without:
                rows = connection.execute(sa.text(f"SELECT * FROM `{name}`")).mappings()
                found[plain] = sorted((dict(row) for row in rows), key=repr)
    return {name: rows for name, rows in found.items() if rows}


def test_a_change_stands_in_the_journal(scim: Client) -> None:
    user = scim.create()
    answer = scim.patch(user["id"], {"op": "replace", "path": "name.familyName", "value": "King"}, X_Request_Id="r-1")
    assert answer.headers["X-Request-Id"] == "r-1"
    (entry,) = entries(scim, request_id="r-1")
    assert (entry.operation, entry.resource_type, entry.resource_id) == ("modify", "User", int(user["id"]))
    assert (entry.tenant, entry.actor, entry.profile) == ("default", "test", "lenient")
    (row,) = (row for row in entry.rows if row.table == "customer_entity")
    assert row.before is not None
    assert row.after is not None
    assert (row.before["lastname"], row.after["lastname"]) == ("Lovelace", "King")
    line = next(n for n, text in enumerate((ROOT / "mapping.yaml").read_text().splitlines(), 1) if "lastname:" in text)
    assert entry.reasons["lastname"] == {"line": line, "from": "name.familyName or displayName"}


def test_what_changes_nothing_is_not_in_the_journal(scim: Client) -> None:
    user = scim.create()
    scim.patch(user["id"], {"op": "replace", "path": "name.familyName", "value": "Lovelace"})
    scim.send("PUT", f"/Users/{user['id']}", user)
    scim.send("GET", f"/Users/{user['id']}")
    assert [entry.operation for entry in entries(scim)] == ["create"]


def test_undoing_a_change_a_create_and_a_group(scim: Client) -> None:
    before = everything(scim)
    user = scim.create(externalId="x", emails=[{"value": "second@example.com", "type": "home"}])
    made = everything(scim)
    scim.patch(
        user["id"],
        {"op": "replace", "path": "name.familyName", "value": "King"},
        {"op": "replace", "path": "active", "value": False},
        X_Request_Id="r-change",
    )
    take_back(scim, request_id="r-change")
    revoked = everything(scim).pop("jwt_auth_revoked", None)
    assert revoked is None, "facts 4.3: the revocation goes with what it was for"
    assert everything(scim) == made
    body = {"schemas": [GROUP], "displayName": "Staff", "members": [{"value": user["id"]}]}
    group = scim.send("POST", "/Groups", body, X_Request_Id="r-group").get_json()
    with_group = everything(scim)
    scim.send("DELETE", f"/Groups/{group['id']}", X_Request_Id="r-gone")
    assert everything(scim) != with_group
    take_back(scim, request_id="r-gone")
    same = ("indexer_state",)
    for name in set(with_group) - set(same):
        assert _steady(everything(scim)[name]) == _steady(with_group[name]), name
    take_back(scim, request_id="r-group")
    for name in set(made) - set(same):
        assert _steady(everything(scim)[name]) == _steady(made[name]), name
    take_back(scim, resource_id=int(user["id"]), operation="create")
    after = everything(scim)
    assert {n: r for n, r in after.items() if n not in same} == {n: r for n, r in before.items() if n not in same}


def _steady(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out ids that the database gives anew to rows made again by their natural key."""
    return [{c: v for c, v in row.items() if c != "membership_id"} for row in rows]


def test_an_undo_can_be_undone(scim: Client) -> None:
    user = scim.create()
    scim.patch(user["id"], {"op": "replace", "path": "name.familyName", "value": "King"}, X_Request_Id="r-1")
    take_back(scim, request_id="r-1")
    assert scim.customer(user["id"])["lastname"] == "Lovelace"
    assert entries(scim, request_id="r-1")[0].undone
    take_back(scim, request_id="test")
    assert scim.customer(user["id"])["lastname"] == "King"
    assert not entries(scim, request_id="r-1")[0].undone
    assert scim.get(f"/Users/{user['id']}").get_json()["name"]["familyName"] == "King"


def test_a_time_is_taken_back_from_its_newest_change_on(scim: Client) -> None:
    user = scim.create()
    since = entries(scim)[0].at
    for name in ("King", "Byron", "Noel"):
        scim.patch(user["id"], {"op": "replace", "path": "name.familyName", "value": name})
    later = entries(scim)[2].at
    take_back(scim, since=later)
    assert scim.customer(user["id"])["lastname"] == "Lovelace"
    assert scim.get(f"/Users/{user['id']}").get_json()["name"]["familyName"] == "Lovelace"
    take_back(scim, since=since)
    assert scim.rows("customer_entity") == []
    assert take_back(scim, since=since).entries == (), "what is undone is not undone again"


def test_what_has_changed_since_is_named_and_not_written(scim: Client) -> None:
    user = scim.create()
    scim.patch(user["id"], {"op": "replace", "path": "name.familyName", "value": "King"}, X_Request_Id="r-1")
    scim.execute("UPDATE {p}customer_entity SET lastname='Byron'")
    standing = everything(scim)
    with pytest.raises(undo.Refused) as caught:
        take_back(scim, request_id="r-1")
    (conflict,) = (c for c in caught.value.undone.conflicts if c.table == "customer_entity")
    assert (conflict.column, conflict.reason) == ("lastname", "was left as 'King', is 'Byron'")
    assert everything(scim) == standing
    take_back(scim, request_id="r-1", force=True)
    assert scim.customer(user["id"])["lastname"] == "Lovelace"


def test_a_created_customer_with_rows_of_others_is_not_taken_away(scim: Client) -> None:
    user = scim.create()
    scim.execute("INSERT INTO {p}wishlist (customer_id, shared) VALUES (:e, 0)", e=int(user["id"]))
    with pytest.raises(undo.Refused, match="changed since"):
        take_back(scim, operation="create")
    assert scim.customer(user["id"])
    take_back(scim, operation="create", force=True)
    assert scim.rows("wishlist") == []


def test_a_dry_run_writes_nothing(scim: Client) -> None:
    user = scim.create()
    scim.send("DELETE", f"/Users/{user['id']}", X_Request_Id="r-1")
    standing = everything(scim, without=())
    undone = take_back(scim, request_id="r-1", dry=True)
    assert {row.table for _, rows in undone.entries for row in rows} >= {"customer_entity", "scim_link"}
    assert everything(scim, without=()) == standing


# --- a deletion takes along what hangs on the customer, and the undo brings all of it back ---


class Filler:
    """Puts a row into every table that refers to customers, with a row of whatever else it refers to."""

    def __init__(self, scim: Client) -> None:
        self.scim = scim
        self.made: list[str] = []

    def fill(self, entity_id: int) -> set[str]:
        """Fill the tables below one customer; gives their names without prefix."""
        root, seen = f"{self.scim.prefix}customer_entity", set[str]()
        with self.scim.engine.begin() as connection:
            hanging = cascades.load(connection)
            connection.execute(sa.text("SET foreign_key_checks=0"))
            below = [root]
            while below:
                parent = below.pop(0)
                for (table, column), references in hanging.references.items():
                    if table != parent:
                        continue
                    value = entity_id if parent == root else self.newest(connection, parent, column)
                    for reference in references:
                        name = reference.table
                        if name in seen or "scim_" in name:
                            continue
                        seen.add(name)
                        if name not in self.made:
                            self.insert(connection, name, {reference.column: value})
                        below += [name] if reference.rule == cascades.TAKEN else []
            connection.execute(sa.text("SET foreign_key_checks=1"))
        return {name.removeprefix(self.scim.prefix) for name in seen}

    def newest(self, connection: sa.Connection, table: str, column: str) -> Any:
        return connection.execute(sa.text(f"SELECT MAX(`{column}`) FROM `{table}`")).scalar()

    def insert(self, connection: sa.Connection, table: str, row: dict[str, Any]) -> None:
        inspector = sa.inspect(connection)
        for key in inspector.get_foreign_keys(table):
            column, parent, referred = key["constrained_columns"][0], key["referred_table"], key["referred_columns"][0]
            if column not in row:
                if self.newest(connection, parent, referred) is None:
                    self.insert(connection, parent, {})
                row[column] = self.newest(connection, parent, referred)
        for described in inspector.get_columns(table):
            name, kind = described["name"], described["type"]
            if name in row or described.get("autoincrement") is True or described["nullable"]:
                continue
            if described["default"] is not None and not isinstance(kind, sa.String):
                continue
            text = name[: kind.length] if isinstance(kind, sa.String) and kind.length else name
            binary = b"\x00\xff" if isinstance(kind, sa.LargeBinary) else 1
            row[name] = text if isinstance(kind, sa.String) else binary
            if isinstance(kind, sa.DateTime | sa.Date | sa.TIMESTAMP):
                row[name] = "2026-01-02"
        names, places = ", ".join(f"`{n}`" for n in row), ", ".join(f":{n}" for n in row)
        connection.execute(sa.text(f"INSERT INTO `{table}` ({names}) VALUES ({places})"), row)
        self.made.append(table)

    def clean(self) -> None:
        with self.scim.engine.begin() as connection:
            connection.execute(sa.text("SET foreign_key_checks=0"))
            for table in set(self.made):
                connection.execute(sa.text(f"DELETE FROM `{table}`"))
            connection.execute(sa.text("SET foreign_key_checks=1"))


@pytest.fixture
def filler(scim: Client) -> Iterator[Filler]:
    made = Filler(scim)
    yield made
    made.clean()


def test_a_deletion_is_taken_back_with_every_row_that_hung_on_it(scim: Client, filler: Filler) -> None:
    group = scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Staff"}).get_json()
    user = scim.create(externalId="x", emails=[{"value": "second@example.com", "type": "home"}])
    scim.send(
        "PATCH",
        f"/Groups/{group['id']}",
        {"schemas": [PATCH], "Operations": [{"op": "add", "path": "members", "value": [{"value": user["id"]}]}]},
    )
    filled = filler.fill(int(user["id"]))
    assert {"customer_entity_varchar", "customer_address_entity", "customer_address_entity_int"} <= filled
    assert {"wishlist", "oauth_token", "persistent_session", "sales_order"} <= filled
    scim.execute(
        "INSERT INTO {p}newsletter_subscriber (store_id, customer_id, subscriber_email, subscriber_status,"
        " subscriber_confirm_code) VALUES (1, :e, 'ada@example.com', 1, 'c0de')",
        e=int(user["id"]),
    )
    with scim.engine.begin() as connection:
        grid_rows.rewrite(connection, bridge_of(scim).shop, [int(user["id"])])
    before = everything(scim)
    scim.send("DELETE", f"/Users/{user['id']}", X_Request_Id="r-1")
    assert scim.rows("customer_entity") == []
    assert scim.rows("wishlist") == []
    assert [row["customer_id"] for row in scim.rows("sales_order")] == [None], "facts 6.2: SET NULL"
    take_back(scim, request_id="r-1")
    assert everything(scim) == before, "byte-equal"
    assert scim.get(f"/Users/{user['id']}").get_json()["groups"][0]["value"] == group["id"]


def test_a_group_that_changed_since_is_in_no_one_s_way_and_its_tag_goes_on(scim: Client) -> None:
    ada, bob = (scim.create(userName=f"{name}@example.com")["id"] for name in ("ada", "bob"))
    body = {"schemas": [GROUP], "displayName": "Staff", "members": [{"value": ada}, {"value": bob}]}
    path = f"/Groups/{scim.send('POST', '/Groups', body).get_json()['id']}"
    tags = [scim.get(path).headers["ETag"]]
    scim.send("DELETE", f"/Users/{ada}", X_Request_Id="r-1")
    tags.append(scim.get(path).headers["ETag"])
    scim.send("PUT", path, {**body, "displayName": "Crew", "members": [{"value": bob}]})
    tags.append(scim.get(path).headers["ETag"])
    take_back(scim, request_id="r-1")
    answer = scim.get(path)
    assert [member["value"] for member in answer.get_json()["members"]] == [ada, bob]
    assert answer.get_json()["displayName"] == "Crew"
    assert len({*tags, answer.headers["ETag"]}) == 4


# --- what may not be read in it ---


def test_no_secret_can_be_read_in_the_journal(make: Make) -> None:
    scim = make(mapping=MASKED)
    secrets = {"Sup3r-Secret!", "hunter-mask-4711", "tok3n-s3cret", "h4sh-0f-token"}
    body = {ENTERPRISE: {"employeeNumber": "hunter-mask-4711"}}
    user = scim.create(**body, password="Sup3r-Secret!")
    scim.execute(
        "INSERT INTO {p}oauth_token (customer_id, type, token, secret, callback_url)"
        " VALUES (:e, 'access', 'tok3n-s3cret', 'h4sh-0f-token', '')",
        e=int(user["id"]),
    )
    hashed = scim.customer(user["id"])["password_hash"]
    scim.send("DELETE", f"/Users/{user['id']}", X_Request_Id="r-1")
    with scim.engine.connect() as connection:
        rows = connection.execute(sa.text(f"SELECT * FROM `{scim.prefix}scim_journal`")).all()
    text = " ".join(repr(list(row)) for row in rows)
    for secret in (*secrets, hashed, hashed[:20]):
        assert secret not in text
    take_back(scim, request_id="r-1")
    assert scim.customer(user["id"])["password_hash"] == hashed
    (token,) = scim.rows("oauth_token")
    assert (token["token"], token["secret"]) == ("tok3n-s3cret", "h4sh-0f-token")
    shown = scim.get(f"/Users/{user['id']}").get_json()
    assert shown[ENTERPRISE]["employeeNumber"] == "hunter-mask-4711"


def test_the_same_hidden_value_has_the_same_mark(make: Make) -> None:
    scim = make(mapping=MASKED)
    user = scim.create(**{ENTERPRISE: {"employeeNumber": "1"}})
    for value in ("2", "1"):
        path = f"{ENTERPRISE}:employeeNumber"
        scim.patch(user["id"], {"op": "replace", "path": path, "value": value})
    marks = [step.after for step in why.find(bridge_of(scim), int(user["id"]), "employee_number")]
    assert all(journal.hides(mark) for mark in marks)
    assert marks[0] == marks[2] != marks[1]


# --- the commands ---


@pytest.fixture
def run(scim: Client, shop_url: str, table_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("SCIM_DATABASE_URL", shop_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)
    monkeypatch.setenv("COLUMNS", "250")

    def command(*words: str, code: int = 0, **more: Any) -> str:
        result = CliRunner().invoke(cli.main, words, **more)
        assert result.exit_code == code, result.output
        return result.output

    return command


def test_log_why_and_undo(scim: Client, run: Any) -> None:
    user = scim.create()
    scim.patch(user["id"], {"op": "replace", "path": "name.familyName", "value": "King"}, X_Request_Id="r-1")
    assert re.search(
        r"r-1 .* test .* modify .* User \d+ .* lastname, scim_link 1", run("log", "--user", "ada@example.com")
    )
    (shown,) = json.loads(run("log", "--request", "r-1", "--format", "json"))
    assert shown["reasons"]["lastname"]["from"] == "name.familyName or displayName"
    assert "Lovelace" in run("log", "--rows")
    assert "is no group's id: it is one like group-4" in run("log", "--group", "4", code=1)
    group = scim.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Staff"}).get_json()["id"]
    assert f"create    │ Group {group}" in run("log", "--group", group)
    assert {entry["resource_id"] for entry in json.loads(run("log", "--group", group, "--format", "json"))} == {group}
    for name in ("lastname", "name.familyName"):
        steps = json.loads(run("why", user["id"], name, "--format", "json"))
        assert [(step["before"], step["after"]) for step in steps if step["line"]] == [
            ("Lovelace", "King"),
            (None, "Lovelace"),
        ]
    assert "mapping.yaml:" in run("why", "ada@example.com", "lastname")
    assert "neither an attribute" in run("why", user["id"], "nonsense", code=1)
    assert "There is nothing to take back" in run("undo", "r-2", code=1)
    scim.execute("UPDATE {p}customer_entity SET lastname='Byron'")
    assert "was left as 'King', is 'Byron'" in run("undo", "r-1", "--yes", code=1)
    scim.execute("UPDATE {p}customer_entity SET lastname='King'")
    assert "Lovelace" in run("undo", "r-1", "--dry-run")
    assert scim.customer(user["id"])["lastname"] == "King"
    run("undo", "r-1", code=1, input="n\n")
    assert scim.customer(user["id"])["lastname"] == "King"
    assert "1 change is taken back" in run("undo", "r-1", input="y\n")
    assert scim.customer(user["id"])["lastname"] == "Lovelace"
    assert "(undone)" in run("log")


def test_what_went_along_with_a_forced_undo_comes_back_too(scim: Client, run: Any) -> None:
    user = scim.create()
    (made,) = (entry for entry in entries(scim) if entry.operation == "create")
    scim.execute(
        "INSERT INTO {p}wishlist (customer_id, shared, sharing_code) VALUES (:e, 0, 'came since')", e=int(user["id"])
    )
    stood = everything(scim)
    assert "came since and hangs on a row that would go" in run("undo", made.request_id, "--yes", code=1)
    run("undo", made.request_id, "--yes", "--force")
    assert not scim.rows("wishlist")
    request = scim.rows("scim_journal")[-1]["request_id"]
    run("undo", request, "--yes")
    assert everything(scim) == stood


def test_the_preview_of_an_undo_says_whose_an_email_is(scim: Client, run: Any) -> None:
    user = scim.create()
    assert scim.send("DELETE", f"/Users/{user['id']}", X_Request_Id="r-1").status_code == 204
    scim.create()
    for words in (("--yes",), ("--yes", "--force"), ("--dry-run",)):
        said = run("undo", "r-1", *words, code=1)
        assert "is somebody else's by now: change it there first" in said
        assert "forced or not" in said
