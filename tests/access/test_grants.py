"""The privileges that `magento-scim grants` prints: enough (every test of the service runs with them), and no more."""

import pytest
import sqlalchemy as sa

from app.magento import cascades
from app.sandbox import connection as plain
from app.sandbox.server import MariaDB
from tests.users.conftest import Client


def test_a_missing_privilege_is_told_and_changes_nothing(
    scim: Client, server: MariaDB, shop_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    table = f"`{sa.make_url(shop_url).database}`.`{scim.prefix}customer_grid_flat`"
    with plain.to(server.url("mysql", "root")) as root:
        plain.run(root, f"REVOKE INSERT ON {table} FROM scim@'%';")
        try:
            body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@example.com"}
            answer = scim.send("POST", "/Users", {**body, "name": {"givenName": "Ada", "familyName": "Lovelace"}})
        finally:
            plain.run(root, f"GRANT INSERT ON {table} TO scim@'%';")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert "magento-scim grants" in answer.get_json()["detail"]
    assert f"INSERT on {scim.prefix}customer_grid_flat" in caplog.text
    assert scim.rows("customer_entity") == []
    scim.create()


def test_what_hangs_on_a_customer_is_seen_with_the_printed_privileges(
    shop_url: str, service_url: str, table_prefix: str
) -> None:
    """Else a deletion's journal lacks rows: MariaDB shows no deletion rules to a user with rights table by table."""
    found = []
    for url in (shop_url, service_url):
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            read = cascades.load(connection)
        engine.dispose()
        place = (f"{table_prefix}customer_entity", "entity_id")
        found.append({(each.table, each.column, each.rule) for each in read.references[place]})
    assert found[0] == found[1]
    assert len(found[0]) > 25
