"""One running service per profile and file: its rows share it, so each makes users and groups of its own."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

import app as magento_scim
from app import config
from app.ledger import tables, tokens
from tests.conftest import Pristine
from tests.users.conftest import PATCH, ROOT, USER, Client, ledger_tables

__all__ = ["ledger_tables"]
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


class Service(Client):
    """A SCIM client of a service that other tests use as well."""

    profile = "lenient"
    _numbers = itertools.count(1)

    def name(self, lead: str = "u") -> str:
        """Make up a userName that nobody has."""
        return f"{lead}{next(self._numbers)}@example.com"

    def filled(self, *values: Any) -> list[Any]:
        """Put one new word in place of each NEW."""
        word = f"New{next(self._numbers)}"
        text = json.dumps(values).replace("NEW", word).replace("new@", f"{word.lower()}@")
        found: list[Any] = json.loads(text)
        return found

    def body(self, **given: Any) -> dict[str, Any]:
        """Make a user's body; whatever is not given is a plain one, a name given as None is left out."""
        plain = {"schemas": [USER], "userName": self.name(), "name": {"givenName": "Ada", "familyName": "Lovelace"}}
        return {key: value for key, value in {**plain, **given}.items() if value is not None}

    def post(self, **given: Any) -> TestResponse:
        """Send a POST of a user."""
        return self.send("POST", "/Users", self.body(**given))

    def create(self, **given: Any) -> dict[str, Any]:
        answer = self.post(**given)
        assert answer.status_code == 201, answer.text
        return answer.get_json()  # type: ignore[no-any-return]

    def read(self, user_id: str) -> dict[str, Any]:
        """Read a user."""
        answer = self.get(f"/Users/{user_id}")
        assert answer.status_code == 200, answer.text
        return answer.get_json()  # type: ignore[no-any-return]

    def group(self, *members: str, **given: Any) -> dict[str, Any]:
        """Create a group with members of these ids."""
        body = {"schemas": [GROUP], "displayName": f"Group {next(self._numbers)}", **given}
        body["members"] = [{"value": member} for member in members]
        answer = self.send("POST", "/Groups", body)
        assert answer.status_code == 201, answer.text
        return answer.get_json()  # type: ignore[no-any-return]

    def change(self, path: str, *operations: dict[str, Any], **headers: str) -> TestResponse:
        """Send a PATCH."""
        return self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def token(self, **values: Any) -> dict[str, str]:
        """Make another token and give its headers; `values` are columns of its row."""
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        ledger = tables.define(self.prefix)
        with self.engine.begin() as connection:
            secret = tokens.create(connection, ledger, "other", "default", tokens.SCOPES, now)
            newest = connection.execute(sa.select(sa.func.max(ledger.token.c.token_id))).scalar_one()
            if values:
                connection.execute(ledger.token.update().where(ledger.token.c.token_id == newest).values(**values))
        return {"Authorization": f"Bearer {secret}"}


def told(answer: TestResponse) -> tuple[int, str | None]:
    """Give an answer's status and scimType, after a look at the error's form."""
    if answer.status_code < 400:
        return answer.status_code, None
    error = answer.get_json()
    assert error["schemas"] == [ERROR], answer.text
    assert error["status"] == str(answer.status_code)
    assert error["detail"]
    return answer.status_code, error.get("scimType")


@pytest.fixture(scope="module")
def start(
    pristine: Pristine, service_url: str, table_prefix: str, ledger_tables: tables.Tables
) -> Iterator[Callable[..., Service]]:
    """Start services on the tests' shop, whose rows are put back after the file: `start(profile="strict")`."""
    settings = {"init_command": "SET time_zone='+00:00'", "ssl_disabled": True}
    engine = sa.create_engine(pristine.url, connect_args=settings, isolation_level="READ COMMITTED")
    started: list[Service] = []

    def make(profile: str = "lenient", **given: Any) -> Service:
        environment = {"SCIM_DATABASE_URL": service_url, "SCIM_TABLE_PREFIX": table_prefix, "SCIM_SEEN": "0"}
        environment["SCIM_TOKEN_SECONDS"] = "0"
        read = config.read({**environment, "SCIM_MAPPING": str(ROOT / "mapping.yaml")})
        app = magento_scim.create_app(replace(read, profile=profile, **given))
        service = Service(app, engine, "", table_prefix)
        service.headers = service.token()
        service.profile = profile
        started.append(service)
        return service

    yield make
    for service in started:
        service.app.extensions["magento-scim"].shop.dispose()
    engine.dispose()
    pristine.restore()


@pytest.fixture(scope="module", params=["strict", "lenient"])
def scim(start: Callable[..., Service], request: pytest.FixtureRequest) -> Service:
    """A client of the service, strict and lenient."""
    return start(request.param)
