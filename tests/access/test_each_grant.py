"""The privileges that `magento-scim grants` prints are no more than needed: each one taken away breaks something.

The service and its commands do all that they can, as the user that has these privileges, and are listened to. Then each
privilege is taken away alone: the database has to refuse one of the statements that were sent. That a refused statement
is told as 503, and changes nothing, is tests/access/test_grants.py.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import cli, granting
from app.magento import cascades
from app.magento import shop as shops
from app.mapping import group_ids
from app.sandbox import connection as plain
from app.sandbox.server import MariaDB
from app.sql import wire
from tests.leavers.conftest import EVERY_DOOR, deactivate, mapping, reactivate
from tests.magento.conftest import Bench
from tests.users.conftest import PATCH, USER, Client, Make

DENIED = (1142, 1143)  # ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR
SHOP = "urn:magento-scim:params:scim:schemas:magento:2.0:Customer"
TYPES = {"datetime": "2020-01-31", "decimal": 1.5, "int": 7, "text": "long", "varchar": "short"}
HOME = {"type": "work", "streetAddress": "1 High St", "locality": "Leeds", "postalCode": "LS1 1AA", "country": "GB"}
OTHERS = re.compile(
    r"scim_|customer_entity|customer_address|customer_grid|customer_group$"
)  # whose rows are made by us
Run = Callable[..., Result]


class Heard:
    """The statements that a database user sent through SQLAlchemy, as they were written."""

    def __init__(self, user: str) -> None:
        self.user, self.statements = user, dict[str, None]()

    @contextmanager
    def listening(self) -> Iterator[None]:
        sa.event.listen(sa.Engine, "before_cursor_execute", self._note)
        try:
            yield
        finally:
            sa.event.remove(sa.Engine, "before_cursor_execute", self._note)

    def _note(self, connection: sa.Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if connection.engine.url.username == self.user:
            self.statements |= dict.fromkeys(text for text, _ in wire.each(statement))


# --- what the service can do ---


def _rules(**lifecycle: str) -> str:
    """Give the shipped rules, and some for each of the shop's tables of values."""
    own = "".join(f"  x_{kind}: shop:x{kind}\n" for kind in TYPES)
    choice = "  team: {from: shop:team, option: {match: admin_label, missing: create}}\n  newsletter: shop:newsletter\n"
    text = mapping(**{"deactivate": EVERY_DOOR, "breaker": "{per_hour: 99}", **lifecycle})
    text = text.replace("\naddresses:", f"\n{own}{choice}\naddresses:".replace("\n\n", "\n"), 1)
    fields = "".join(f"      y_{kind}: /shop:y{kind}\n" for kind in TYPES)
    return text.replace("    fields:\n", f"    fields:\n{fields}", 1)


def _person(number: int, **shop: Any) -> dict[str, Any]:
    values = {f"{letter}{kind}": value for letter in "xy" for kind, value in TYPES.items()}
    return {
        "userName": f"user{number}@example.com",
        "externalId": f"e{number}",
        "emails": [{"value": f"user{number}@example.com", "type": "work"}, {"value": "h@home.example", "type": "home"}],
        "addresses": [HOME],
        "password": "Gr8-enough-Secret",
        SHOP: {**values, "newsletter": True, "team": f"Team {number}", **shop},
    }


class Hanging:
    """Gives customers and groups rows in the shop's other tables."""

    def __init__(self, url: str, prefix: str, tables: Iterable[str]) -> None:
        self.url, self.prefix, self.tables = url, prefix, list(tables)

    def on_customer(self, customer: int, email: str) -> None:
        """Give a customer a row in each table that has a place for one."""
        person = {"customer_id": customer, "customer_email": email}
        by = (person, {"user_id": customer}, {"user_name": email}, {"account_reference": email})
        self._hang("customer_entity", customer, by)

    def on_group(self, group: int) -> None:
        """Give a group a row in each table that refers to one."""
        self._hang("customer_group", group, ({"customer_group_id": group, "website_id": 1},))

    def _hang(self, parent: str, number: int, by: Iterable[Mapping[str, Any]]) -> None:
        engine = sa.create_engine(self.url)
        with engine.connect() as opened, plain.to(self.url) as shop, shop.cursor() as cursor:
            shop.autocommit(True)
            inspector = sa.inspect(opened)
            wanted: list[tuple[str, Mapping[str, Any]]] = [
                (each.table, {each.column: number})
                for (name, _), references in cascades.load(opened).references.items()
                for each in references
                if name == f"{self.prefix}{parent}"
            ]
            for values in by:
                wanted = [(name, values) for name in self.tables] + wanted
            for table, values in wanted:
                columns = {column["name"]: column["type"] for column in inspector.get_columns(table)}
                here = {name: value for name, value in values.items() if name in columns}
                if not OTHERS.match(table.removeprefix(self.prefix)) and next(iter(values)) in here:
                    given = {**_unique(inspector, table, columns, number), **_parents(inspector, cursor, table), **here}
                    names = ", ".join(f"`{name}`" for name in given)
                    places = ", ".join(["%s"] * len(given))
                    cursor.execute(f"INSERT IGNORE INTO `{table}` ({names}) VALUES ({places})", tuple(given.values()))
        engine.dispose()


def _unique(inspector: sa.Inspector, table: str, columns: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Give texts that must be unique a value each."""
    keys = [index["column_names"] for index in inspector.get_indexes(table) if index["unique"]]
    keys.append(inspector.get_pk_constraint(table)["constrained_columns"])
    names = [name for key in keys for name in key if name is not None]
    return {name: f"{table}-{number}" for name in names if isinstance(columns[name], sa.String)}


def _parents(inspector: sa.Inspector, cursor: Any, table: str) -> dict[str, Any]:
    """Find a row for each foreign key of a table, making one where the table that it points at has none."""
    found = {}
    for key in inspector.get_foreign_keys(table):
        column, parent, other = key["constrained_columns"][0], key["referred_table"], key["referred_columns"][0]
        cursor.execute(f"SELECT `{other}` FROM `{parent}` LIMIT 1")
        row = cursor.fetchone()
        if row is None:
            cursor.execute(f"INSERT INTO `{parent}` () VALUES ()")
            row = (cursor.lastrowid,)
        found[column] = row[0]
    return found


@pytest.fixture
def run(service_url: str, table_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command as the operator would, with the service's own user; it must succeed."""
    monkeypatch.setenv("SCIM_DATABASE_URL", service_url)
    monkeypatch.setenv("SCIM_TABLE_PREFIX", table_prefix)

    def command(*words: str, rules: str = _rules(), code: int = 0) -> Result:
        path = tmp_path / "command.yaml"
        path.write_text(rules)
        monkeypatch.setenv("SCIM_MAPPING", str(path))
        done = CliRunner().invoke(cli.main, list(words))
        assert done.exit_code == code, (words, done.output, done.exception)
        return done

    return command


def _put(client: Client, user_id: str, body: dict[str, Any]) -> None:
    name = {"givenName": "Ada", "familyName": "King"}
    answer = client.send("PUT", f"/Users/{user_id}", {"schemas": [USER], "name": name, **body})
    assert answer.status_code == 200, answer.text


def _users(client: Client, hanging: Hanging) -> None:
    """Users: made, found, changed, replaced, deactivated and back."""
    user_id = client.create(**_person(1))["id"]
    hanging.on_customer(int(user_id), "user1@example.com")
    client.execute("UPDATE {p}scim_token SET last_used_at = NULL")
    for query in ("userName", "externalId", "emails.value", "addresses.locality", f"{SHOP}:team", "groups.value"):
        assert client.get("/Users", filter=f'{query} eq "user1@example.com"', sortBy="userName").status_code == 200
    deactivate(client, user_id)
    for path, value in (("password", "An0ther-Secret!"), ('emails[type eq "work"].value', "else@example.com")):
        assert client.patch(user_id, {"op": "replace", "path": path, "value": value}).status_code == 200
    reactivate(client, user_id)
    changed = {**_person(1, newsletter=False, team="Other", xint=8), "externalId": "e9"}
    changed["emails"] = [{"value": "new@example.com", "type": "work"}]
    changed["addresses"] = [{**HOME, "locality": "York"}]
    changed[SHOP] |= {"xdatetime": "2021-01-01", "xdecimal": 2, "xtext": "longer", "xvarchar": "shorter"}
    changed[SHOP] |= {"ydatetime": "2021-01-01", "ydecimal": 2, "yint": 8, "ytext": "longer", "yvarchar": "shorter"}
    _put(client, user_id, changed)
    # Somebody gives the address to another customer, and names the option anew, past us; both are asked for again.
    other = client.create(userName="other@example.com")["id"]
    client.execute("UPDATE {p}customer_address_entity SET parent_id = :other", other=other)
    client.execute("UPDATE {p}eav_attribute_option_value SET value = 'Renamed' WHERE value = 'Other'")
    _put(client, user_id, {**changed, "title": "Countess"})
    client.create(**{**_person(2, team="Other"), "addresses": []})
    _put(client, user_id, {"userName": "user1@example.com"})


def _groups(client: Client, run: Run, hanging: Hanging) -> None:
    """Groups: made, filled, renamed, deleted, taken back; one stays."""
    user_id = client.create(userName="member@example.com")["id"]
    group = client.send("POST", "/Groups", {"displayName": "Gold", "externalId": "g"}).get_json()["id"]
    for word in ("add", "remove", "add"):
        body = {"op": word, "path": "members", "value": [{"value": user_id}]}
        assert client.send("PATCH", f"/Groups/{group}", {"schemas": [PATCH], "Operations": [body]}).status_code == 200
    assert client.send("PUT", f"/Groups/{group}", {"displayName": "Silver", "members": []}).status_code == 200
    hanging.on_group(group_ids.number(group) or 0)
    assert client.send("DELETE", f"/Groups/{group}", X_Request_Id="group-gone").status_code == 204
    run("undo", "group-gone", "--yes")


def _leavers(make: Make, run: Run, hanging: Hanging) -> None:
    """Deletions by every policy, taken back, carried out later, swept, purged, retired."""
    for number, policy in enumerate(("remove", "anonymize", "deactivate"), 10):
        rules = _rules(delete=policy)
        client = make(rules)
        user_id = client.create(**_person(number))["id"]
        hanging.on_customer(int(user_id), f"user{number}@example.com")
        answer = client.send("DELETE", f"/Users/{user_id}", X_Request_Id=f"gone-{number}")
        assert answer.status_code == 204, answer.text
        run("undo", f"gone-{number}", "--yes", rules=rules)
        assert client.send("DELETE", f"/Users/{user_id}").status_code == 204
    assert client.create(**_person(number) | {"externalId": "back"})["id"] == user_id, "revived"
    held = make(_rules(breaker="{per_hour: 0}"))
    for number in (20, 21):
        user_id = held.create(**_person(number))["id"]
        assert held.send("DELETE", f"/Users/{user_id}").status_code == 204
    ids = [str(row["held_id"]) for row in held.rows("scim_held")]
    run("release", ids[0])
    run("discard", ids[1])
    held.execute("UPDATE {p}customer_entity SET lock_expires = NULL, failures_num = 0, is_active = 1")
    run("sweep")
    held.execute("UPDATE {p}scim_link SET deleted_at = '2020-01-01' WHERE deleted_at IS NOT NULL")
    run("purge", rules=_rules(delete="deactivate", purge="{after: 1d, how: remove}"))


def _commands(client: Client, run: Run) -> None:
    client.execute("UPDATE {p}scim_journal SET at = at - INTERVAL 500 DAY WHERE operation = 'create'")
    run("prune", "--older-than", "400d", "--yes")
    run("token", "create", "second")
    run("token", "revoke", str(client.rows("scim_token")[-1]["token_id"]))
    run("doors", "user1@example.com", code=3)
    run("requests", "--forget")
    run("seen", "--forget")
    run("doctor")
    run("retire", "--all", "--leavers", "restore", "--yes")


def _everything(make: Make, run: Run, hanging: Hanging, past: Bench) -> None:
    client = make(_rules(), seen=True, record_requests=2)
    _users(client, hanging)
    _groups(client, run, hanging)
    past.setting("customer/create_account/generate_human_friendly_id", "1")
    past.setting("customer/account_share/scope", "0")
    shared = make(_rules())
    for number in (30, 31):
        user_id = shared.create(**_person(number))["id"]
        shared.patch(user_id, {"op": "replace", "path": "userName", "value": f"other{number}@example.com"})
        assert shared.send("DELETE", f"/Users/{user_id}").status_code == 204
    _leavers(make, run, hanging)
    client.app.extensions["magento-scim"].observer.flush()
    copied = make(_rules(), read_database=client.app.extensions["magento-scim"].config.database)
    for name in ("rea", "reb"):  # a caller's writes are counted where there is a read replica
        assert copied.get(f"/Users/{copied.create(userName=f'{name}@example.com')['id']}").status_code == 200
    _commands(client, run)


# --- each privilege ---


def _refused(cursor: Any, statements: list[str]) -> bool:
    """Say whether the user may not send one of some statements; preparing one is enough for the database to judge."""
    for statement in statements:
        refused = 0
        text = re.sub(r"\bIN %(\(\w+\))?s", "IN (?)", statement)
        text = re.sub(r"%(\(\w+\))?s", "?", text).replace("%%", "%")
        try:
            cursor.execute("PREPARE judged FROM %s", (text,))
        except pymysql.err.MySQLError as error:
            refused = error.args[0]
        assert refused in (0, *DENIED), f"error {refused}: {text}"
        if refused:
            return True
    return False


def test_each_privilege_taken_away_breaks_something(
    make: Make, run: Run, server: MariaDB, shop_url: str, service_url: str, table_prefix: str, database: sa.Engine
) -> None:
    past = Bench(database, shops.open(database, table_prefix))
    for kind in TYPES:
        past.attribute(f"x_{kind}", kind, "date" if kind == "datetime" else "text")
        past.attribute(f"y_{kind}", kind, "date" if kind == "datetime" else "text", entity="customer_address")
    past.attribute("team", "int", "select", ["Sales"])
    with database.connect() as opened:
        needed = granting.privileges(opened, table_prefix, makes_options=True)

    heard = Heard("scim")
    with heard.listening():
        _everything(make, run, Hanging(shop_url, table_prefix, needed), past)
    idle = []
    name = sa.make_url(shop_url).database
    with plain.to(server.url("mysql", "root")) as root, plain.to(service_url) as user, user.cursor() as cursor:
        assert not _refused(cursor, list(heard.statements)), "they are enough"
        for table, privileges in needed.items():
            about = [text for text in heard.statements if re.search(rf"\b{table}\b", text)]
            for privilege in privileges:
                plain.run(root, f"REVOKE {privilege} ON `{name}`.`{table}` FROM scim@'%'")
                try:
                    if not _refused(cursor, about):
                        idle.append(f"{privilege} ON {table}")
                finally:
                    plain.run(root, f"GRANT {privilege} ON `{name}`.`{table}` TO scim@'%'")
    assert idle == [], f"{len(idle)} privileges are printed that nothing needs"
