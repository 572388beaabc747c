"""The database that all tests share: one private server, one shop, and a clean state after every test."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import pymysql
import pytest
import sqlalchemy

from app import granting
from app.mapping import addresses, projection, standing, users
from app.sandbox import connection, dump, seed, tables
from app.sandbox.server import MariaDB

# Rows of these go, even when a dump brings them: a test starts in a shop without customers.
OF_CUSTOMERS = (
    "customer_entity",  # and by foreign keys: values, addresses, tokens, wish lists...
    "customer_grid_flat",
    "customer_log",
    "customer_visitor",
    "customer_dummy_cl",
    "newsletter_subscriber",
    "jwt_auth_revoked",
    "login_as_customer",
    "password_reset_request_event",
    "oauth_token_request_log",
)
# Not looked at after each test: no test changes them.
LARGE = ("directory_country", "directory_country_region", "directory_country_region_name")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--dump",
        default=os.environ.get("DUMP") or None,
        help="run on the shop in this mysqldump file (.sql, .sql.gz) instead of the sandbox's tables",
    )
    parser.addoption(
        "--driver", default="pymysql", help="the service's driver: pymysql, or mysqldb where it is installed"
    )


class Pristine:
    """The rows of a shop as they were at first, and the way back to them.

    It looks for tables that were empty and are not, and for small tables whose checksum changed; what nobody
    touched costs next to nothing. Our own tables (scim_*) are emptied, but for what an installation made.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        with connection.to(url) as shop:
            present = [row[0] for row in _rows(shop, "SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")]
            self.prefix = next(t for t in present if t.endswith("customer_entity"))[: -len("customer_entity")]
            known = {self.prefix + name for name in tables.names()}
            self.tables = [name for name in present if name in known]
            for name in OF_CUSTOMERS:
                if self.prefix + name in present:
                    connection.run(shop, f"SET foreign_key_checks=1; DELETE FROM `{self.prefix}{name}`")
            self.filled = set(self._filled(shop, self.tables))
            self.empty = [name for name in self.tables if name not in self.filled]
            large = tuple(self.prefix + name for name in LARGE)
            watched = [name for name in self.tables if name in self.filled and name not in large]
            self.rows = {name: _rows(shop, f"SELECT * FROM `{name}`") for name in watched}
            self.sums = self._sums(shop)

    def restore(self) -> None:
        with connection.to(self.url) as shop:
            own = [name for (name,) in _rows(shop, f"SHOW TABLES LIKE '{self.prefix}scim\\_%'")]
            for name in self._filled(
                shop, self.empty + [name for name in own if not name.endswith(("version", "setting"))]
            ):
                connection.run(shop, f"DELETE FROM `{name}`")
            for name, checksum in self._sums(shop).items():
                if checksum != self.sums[name]:
                    connection.run(shop, f"DELETE FROM `{name}`")
                    places = ", ".join(["%s"] * len(self.rows[name][0]))
                    with shop.cursor() as cursor:
                        cursor.executemany(f"INSERT INTO `{name}` VALUES ({places})", self.rows[name])

    def _filled(self, shop: "pymysql.Connection[Any]", names: list[str]) -> list[str]:
        """Return those of the tables that have rows."""
        questions = (f"SELECT '{name}' FROM DUAL WHERE EXISTS (SELECT 1 FROM `{name}`)" for name in names)
        return [str(row[0]) for row in _rows(shop, " UNION ALL ".join(questions))] if names else []

    def _sums(self, shop: "pymysql.Connection[Any]") -> dict[str, int]:
        names = ", ".join(f"`{name}`" for name in self.rows)
        sums = _rows(shop, f"CHECKSUM TABLE {names}")
        return {str(name).partition(".")[2]: int(checksum) for name, checksum in sums}


def _rows(shop: "pymysql.Connection[Any]", query: str) -> list[tuple[Any, ...]]:
    with shop.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A running database server of the tests' own."""
    with MariaDB(tmp_path_factory.mktemp("mariadb"), fast=True) as running:
        yield running


@dataclass(frozen=True)
class Release:
    """One kind of shop: a release of Magento, a table prefix, and the character set of the customers' e-mails."""

    name: str
    prefix: str
    emails: str

    def __str__(self) -> str:
        return f"{self.name}-prefix-{self.prefix or 'none'}-{self.emails}"


# Upgraded shops are mixed: a 2.4.8 may have three-byte columns, an older one may have been converted (facts 10).
RELEASES = (
    Release("2.4.4", "", "utf8mb3"),
    Release("2.4.4", "m2_", "utf8mb4"),
    Release("2.4.6", "m2_", "utf8mb3"),
    Release("2.4.6", "", "utf8mb4"),
    Release("2.4.7", "shop_", "utf8mb3"),
    Release("2.4.7", "", "utf8mb4"),
    Release("2.4.8", "", "utf8mb4"),
    Release("2.4.8", "mg_", "utf8mb3"),
)


@pytest.fixture(scope="session")
def build(server: MariaDB) -> Callable[[Release], str]:
    """Make the shop of a release, once; gives its URL. 2.4.8 has its schedule's triggers."""

    @cache
    def make(release: Release) -> str:
        url = server.create(re.sub(r"\W", "_", f"release_{release}"))
        tables.build(url, release.name, release.prefix, schedule_triggers=release.name == "2.4.8")
        with connection.to(url) as target:
            column = f"email varchar(255) CHARACTER SET {release.emails} COLLATE {release.emails}_general_ci NULL"
            connection.run(target, f"ALTER TABLE `{release.prefix}customer_entity` MODIFY {column}")
        seed.seed(url, release.prefix, customers=False)
        return url

    return make


@pytest.fixture(scope="session")
def pristine(server: MariaDB, request: pytest.FixtureRequest) -> Pristine:
    """The shop, made once: the sandbox's tables, or the dump's; and the way back to its first state."""
    if path := request.config.getoption("--dump"):
        dump.load(server.url(), Path(path))
    else:
        tables.build(server.url())
        seed.seed(server.url(), customers=False)
    return Pristine(server.url())


@pytest.fixture(scope="session")
def shop_url(pristine: Pristine) -> str:
    """SQLAlchemy's URL of the shop, which has no customers. Who writes to it uses the fixture `database`."""
    return pristine.url


@pytest.fixture(scope="session")
def table_prefix(pristine: Pristine) -> str:
    """The prefix of the shop's tables: empty, but for some dumps."""
    return pristine.prefix


def narrow(server: MariaDB, url: str, prefix: str) -> str:
    """Make a database user who may what `magento-scim grants` prints, and no more; gives its URL of the shop."""
    shop = sqlalchemy.make_url(url)
    engine = sqlalchemy.create_engine(shop)
    with engine.connect() as opened:
        needed = granting.privileges(opened, prefix, makes_options=True)
    engine.dispose()
    statements = ["CREATE USER IF NOT EXISTS scim@'%' IDENTIFIED BY 'scim';"]
    for table, privileges in needed.items():
        statements.append(f"GRANT {', '.join(privileges)} ON `{shop.database}`.`{table}` TO scim@'%';")
    with connection.to(server.url("mysql", "root")) as root:
        connection.run(root, "".join(statements))
    return shop.set(username="scim", password="scim").render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def service_url(
    server: MariaDB, shop_url: str, table_prefix: str, ledger_tables: object, request: pytest.FixtureRequest
) -> str:
    """The shop's URL as the service has it: for a user who may what `magento-scim grants` prints, and no more."""
    url = sqlalchemy.make_url(narrow(server, shop_url, table_prefix))
    driver = request.config.getoption("--driver")
    return url.set(drivername=f"mysql+{driver}").render_as_string(hide_password=False)


@pytest.fixture
def database(pristine: Pristine) -> Iterator[sqlalchemy.Engine]:
    """An engine on the shop, whose rows are put back afterwards."""
    settings = {"init_command": "SET time_zone='+00:00'", "ssl_disabled": True}
    engine = sqlalchemy.create_engine(pristine.url, connect_args=settings, isolation_level="READ COMMITTED")
    yield engine
    engine.dispose()
    pristine.restore()


class Untrue(AssertionError):
    """A user is not as it was told."""


@pytest.fixture(autouse=True)
def true_images(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each user that is told without being read (mapping/afterimage.py) read all the same, in every test.

    But for those that look at the messages to the database, marked `as_sent`.
    """
    if request.node.get_closest_marker("as_sent"):
        return
    real = users.read_back

    def checked(connection: Any, bridge: Any, written: Any) -> Any:
        written = list(written)
        told = real(connection, bridge, written)
        for _, done in written:
            bridge = bridge.knowing(done)
        there = standing.fetch(connection, bridge, [held.entity_id for held in told])
        for held in told:
            read = there[held.entity_id]
            for name in ("document", *(each.name for each in fields(read) if each.repr)):
                if repr(getattr(held, name)) != repr(getattr(read, name)) or held.link != read.link:
                    raise Untrue(f"{name}\ntold: {getattr(held, name)}\nread: {getattr(read, name)}")
        return told

    monkeypatch.setattr(users, "read_back", checked)


@pytest.fixture(autouse=True)
def true_corrections(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each document that is true already without a look at all its rules looked at by all of them, in every test.

    But for those that look at the messages to the database, marked `as_sent`.
    """
    if request.node.get_closest_marker("as_sent"):
        return

    def slowly(real: Any) -> Any:
        def checked(*arguments: Any, **named: Any) -> Any:
            told = real(*arguments, **named)
            with pytest.MonkeyPatch.context() as without:
                without.setattr(projection, "says", lambda *_: False)
                whole = real(*arguments, **named)
            if told != whole:
                raise Untrue(f"told: {told}\nby all rules: {whole}")
            return told

        return checked

    monkeypatch.setattr(projection, "correct", slowly(projection.correct))
    monkeypatch.setattr(addresses, "correct", slowly(addresses.correct))
