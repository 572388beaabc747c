"""A running app on the tests' shop, and a client that speaks SCIM to it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

import app as magento_scim
from app import config
from app.ledger import install, tables, tokens

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ROOT = Path(__file__).parent.parent.parent


class Client:
    """A SCIM client, and a look at the rows behind the service."""

    def __init__(self, app: flask.Flask, engine: sa.Engine, secret: str, prefix: str, base: str = "/scim/v2") -> None:
        self.app = app
        self.base = base
        self.engine = engine
        self.prefix = prefix
        self.headers = {"Authorization": f"Bearer {secret}"}
        self._http = app.test_client()

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send one request; `body` is written as SCIM JSON, a str or bytes as it is."""
        data = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
        sent = {
            "Content-Type": "application/scim+json",
            **self.headers,
            **{k.replace("_", "-"): v for k, v in headers.items()},
        }
        return self._http.open(f"{self.base}{path}", method=method, data=data, headers=sent)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self._http.get(f"{self.base}{path}", headers=self.headers, query_string=query)

    def of(self, tenant: str) -> "Client":
        """Give a client of another tenant of the same app, with a token of its own."""
        secret = make_token(self.engine, tables.define(self.prefix), tenant)
        return Client(self.app, self.engine, secret, self.prefix, f"/scim/{tenant}/v2")

    def create(self, **body: Any) -> dict[str, Any]:
        """Create a user and give the resource; whatever is not given is a plain one."""
        given = {"userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Lovelace"}, **body}
        answer = self.send("POST", "/Users", {"schemas": [USER], **given})
        assert answer.status_code == 201, answer.text
        return answer.get_json()  # type: ignore[no-any-return]

    def patch(self, user_id: str, *operations: dict[str, Any], **headers: str) -> TestResponse:
        return self.send("PATCH", f"/Users/{user_id}", {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        """Read the rows of a table (named without prefix), as dicts."""
        condition = "".join(f" AND `{column}` = :{column}" for column in where)
        query = sa.text(f"SELECT * FROM `{self.prefix}{table}` WHERE 1 = 1{condition}")
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query, where).mappings()]

    def customer(self, user_id: str) -> dict[str, Any]:
        """Read a user's row of customer_entity."""
        (row,) = self.rows("customer_entity", entity_id=int(user_id))
        return row

    def execute(self, statement: str, **values: Any) -> None:
        """Do what somebody else does to the shop; `{p}` stands for the table prefix."""
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement.replace("{p}", self.prefix)), values)


Make = Callable[..., Client]


def make_token(engine: sa.Engine, ledger: tables.Tables, tenant: str) -> str:
    """Make a token for a tenant and give its secret."""
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    with engine.begin() as connection:
        return tokens.create(connection, ledger, "test", tenant, tokens.SCOPES, now)


def install_ledger(url: str, prefix: str) -> tables.Tables:
    """Make our own tables in a shop."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        install.upgrade(connection, prefix)
        connection.commit()
    engine.dispose()
    return tables.define(prefix)


@pytest.fixture(scope="session")
def ledger_tables(shop_url: str, table_prefix: str) -> tables.Tables:
    """Our own tables, made once."""
    return install_ledger(shop_url, table_prefix)


@pytest.fixture
def make(
    database: sa.Engine, service_url: str, table_prefix: str, ledger_tables: tables.Tables, tmp_path: Path
) -> Iterator[Make]:
    """Make clients of apps: `make(mapping="…", profile="strict")`."""
    made: list[flask.Flask] = []

    def build(mapping: str | None = None, **settings: Any) -> Client:
        path = ROOT / "mapping.yaml"
        if mapping is not None:
            path = tmp_path / "mapping.yaml"
            path.write_text(mapping)
        base = config.read(
            {"SCIM_DATABASE_URL": service_url, "SCIM_TABLE_PREFIX": table_prefix, "SCIM_MAPPING": str(path)}
        )
        app = magento_scim.create_app(replace(base, **{"seen": False, "token_seconds": 0, **settings}))
        made.append(app)
        return Client(app, database, make_token(database, ledger_tables, "default"), table_prefix)

    yield build
    for app in made:
        app.extensions["magento-scim"].shop.dispose()


@pytest.fixture
def scim(make: Make) -> Client:
    """A client of the app as it is shipped."""
    return make()
