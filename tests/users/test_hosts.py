"""No state in the process: two hosts on one database, as they are deployed, are one service to their clients (issue 7)."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from app.ledger import tables
from app.sandbox import connection
from app.sandbox.server import MariaDB
from tests import live
from tests.cluster import load
from tests.users.conftest import PATCH, ROOT, USER, make_token

OWN = "urn:magento-scim:params:scim:schemas:magento:2.0:Customer"
NAMES = f"""version: 1
prefixes: {{shop: "{OWN}"}}
customer:
  email: userName
  firstname: name.givenName
  lastname: name.familyName
"""
KEPT = (
    NAMES
    + """  gender: {from: shop:gender, option: {match: admin_label, missing: create}}
  group_id: shop:group
"""
)
RULES = (
    NAMES
    + """groups:
  rules: [{when: 'userType eq "Employee"', magento: Retailer}]
  otherwise: Wholesale
"""
)
GENERAL, WHOLESALE, RETAILER = 1, 2, 3


class Two:
    """Two hosts of one shop, and a client of both."""

    def __init__(self, bases: list[str], token: str, engine: sa.Engine, prefix: str) -> None:
        self.bases = bases
        self.token = token
        self.engine = engine
        self.prefix = prefix
        self.client = httpx2.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def send(self, host: int, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        return self.client.request(method, f"{self.bases[host]}{path}", json=body, **more)

    def create(self, host: int, name: str, **more: Any) -> str:
        body = {"schemas": [USER], "userName": name, "name": {"givenName": "Ada", "familyName": "Lovelace"}, **more}
        answer = self.send(host, "POST", "/Users", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def every_process(self, host: int, path: str) -> list[httpx2.Response]:
        """Ask so often, each time over a new connection, that every worker of a host has answered."""
        headers = dict(self.client.headers)
        return [httpx2.get(f"{self.bases[host]}{path}", headers=headers, timeout=60) for _ in range(8)]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        for name in ("customer_entity", "customer_grid_flat", "eav_", "scim_"):
            query = query.replace(f" {name}", f" {self.prefix}{name}")
        with self.engine.connect() as opened:
            return [tuple(row) for row in opened.execute(sa.text(query))]


@pytest.fixture
def start(
    database: sa.Engine,
    ledger_tables: tables.Tables,
    service_url: str,
    table_prefix: str,
    tmp_path: Path,
) -> Iterator[Callable[..., Two]]:
    """Start two hosts, one by one, with two workers each, on mapping.yaml or another mapping."""
    with ExitStack() as stack:

        def run(mapping: str | None = None) -> Two:
            path = ROOT / "mapping.yaml" if mapping is None else tmp_path / "mapping.yaml"
            if mapping is not None:
                path.write_text(mapping)
            settings = {
                "SCIM_DATABASE_URL": service_url,
                "SCIM_TABLE_PREFIX": table_prefix,
                "SCIM_MAPPING": str(path),
                "SCIM_BASE_URL": "https://scim.example.com/scim/v2",  # as hosts behind one name have it
            }
            bases = [stack.enter_context(live.serve(settings)) for _ in range(2)]
            hosts = Two(bases, make_token(database, ledger_tables, "default"), database, table_prefix)
            stack.enter_context(hosts.client)
            return hosts

        yield run


@pytest.mark.parametrize("rounds", [4, pytest.param(60, marks=pytest.mark.long)])
def test_what_many_clients_write_on_two_hosts_stands_once_and_is_read_on_the_other(
    start: Callable[..., Two], server: MariaDB, rounds: int
) -> None:
    two = start()
    book, workers = load.begin(load.Hosts(two.bases), two.token, 6)
    for thread in load.start(workers, rounds):
        thread.join(600)
    load.audit(book, workers, two.rows)
    with connection.to(server.url("mysql", "root")) as root, root.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'scim'")
        (there,) = cursor.fetchone() or (0,)
    print(f"{there} connections of two hosts with two workers of four threads each")
    assert there <= 2 * 2 * (4 + 4 + 1), "more connections than threads can use (docs/scale.md)"
    assert all(len(ids) == 1 for ids in book.shared.values()), "of those who create the same user one is told 201"
    assert sum(book.answers.values()) > 6 * rounds * 10


def test_what_processes_keep_is_not_stale_after_a_write_of_another_host(start: Callable[..., Two]) -> None:
    two = start(KEPT)
    _an_option_is_made(two)
    _a_group_is_renamed(two)
    _a_token_is_revoked(two)


def _an_option_is_made(two: Two) -> None:
    """The options of selects are kept in each process."""
    for host in (0, 1):
        two.every_process(host, "/Users")
    ada = two.create(0, "ada@example.com", **{OWN: {"gender": "Nonbinary"}})
    shown = {answer.json()[OWN]["gender"] for answer in two.every_process(1, f"/Users/{ada}")}
    assert shown == {"Nonbinary"}, "the other host does not know the option"
    two.create(1, "grace@example.com", **{OWN: {"gender": "nonbinary"}})
    (count,) = two.rows("SELECT COUNT(*) FROM eav_attribute_option_value WHERE value = 'Nonbinary'")
    assert count == (1,), "the other host made the option once more"


def _a_group_is_renamed(two: Two) -> None:
    """The groups' codes are kept in each process; a rule shows them, and finds a group by them."""
    ada = two.create(0, "alan@example.com", **{OWN: {"group": "Wholesale"}})
    for host in (0, 1):
        answers = two.every_process(host, f"/Users/{ada}")
        assert {answer.json()[OWN]["group"] for answer in answers} == {"Wholesale"}
    named = _patch({"op": "replace", "path": "displayName", "value": "Trade"})
    assert two.send(0, "PATCH", f"/Groups/group-{WHOLESALE}", named).status_code == 200
    for host in (0, 1):
        answers = two.every_process(host, f"/Users/{ada}")
        assert {answer.json()[OWN]["group"] for answer in answers} == {"Trade"}, f"host {host} shows the name before"
    body = {"schemas": [USER], "userName": "edsger@example.com", "name": {"givenName": "G", "familyName": "H"}}
    for host in (0, 1):
        answer = two.send(host, "POST", "/Users", {**body, OWN: {"group": "Wholesale"}})
        assert answer.status_code == 400, f"host {host} still takes the name before: {answer.text}"


def _a_token_is_revoked(two: Two) -> None:
    assert {answer.status_code for host in (0, 1) for answer in two.every_process(host, "/Users?count=0")} == {200}
    with two.engine.begin() as opened:
        opened.execute(sa.text(f"UPDATE {two.prefix}scim_token SET revoked_at = UTC_TIMESTAMP()"))
    time.sleep(1.1)  # SCIM_TOKEN_SECONDS
    assert {answer.status_code for host in (0, 1) for answer in two.every_process(host, "/Users?count=0")} == {401}


def test_no_host_puts_anybody_into_a_group_that_another_one_has_deleted(start: Callable[..., Two]) -> None:
    """customer_entity.group_id has no foreign key: nothing but us keeps a customer out of a group that is not there."""
    two = start(RULES)
    ada = two.create(1, "ada@example.com", userType="Employee")
    for host in (0, 1):
        two.every_process(host, "/Users")
    for group_id in (WHOLESALE, RETAILER):
        assert two.send(0, "DELETE", f"/Groups/group-{group_id}").status_code == 204
    for host in (0, 1):
        for number in range(4):
            two.create(host, f"employee{host}{number}@example.com", userType="Employee")
            two.create(host, f"guest{host}{number}@example.com")
    told = _patch({"op": "replace", "path": "userType", "value": "Guest"})
    assert two.send(1, "PATCH", f"/Users/{ada}", told).status_code == 200
    groups = {row[0] for row in two.rows("SELECT group_id FROM customer_entity")}
    assert groups == {GENERAL}, "customers are in a group that is not there"


def _patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}
