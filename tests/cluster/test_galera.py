"""The service on a cluster whose every node takes writes (MariaDB Galera): `make test-cluster` (issue 7).

A node's locks are its own. What one transaction read and another node's changed meanwhile is found out at the commit, by
the rows that both wrote.
"""

import statistics
import threading
import time
from collections import Counter
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from app import granting
from app.ledger import counters, tables
from app.magento import database, driver_errors
from tests import live
from tests.cluster import galera, load
from tests.cluster.conftest import Scene

pytestmark = pytest.mark.cluster
ROUNDS = 30


def _same_everywhere(scene: Scene) -> None:
    """All nodes hold the same rows, by the checksums of their tables."""
    names = [name for (name,) in scene.nodes[0].rows("SHOW TABLES")]
    deadline, different = time.monotonic() + 15, names
    while different and time.monotonic() < deadline:  # services note now and then what they have seen
        sums = [galera.sums(node, names) for node in scene.nodes]
        different = [name for name in names if len({each[name] for each in sums}) > 1]
    assert not different, f"the nodes differ in {', '.join(different)}"


def _conflicts(scene: Scene) -> int:
    """Count the transactions that gave way to another node's, at their commit or before."""
    names = ("local_cert_failures", "local_bf_aborts")
    return sum(int(node.state(name)) for node in scene.nodes for name in names)


class Clients:
    """A client for each node's service, that sends a request again when it is answered 503."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.clients = [scene.client() for _ in scene.bases]
        self.busy = 0

    def send(self, node: int, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        for _ in range(20):
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = self.clients[node].request(method, f"{self.scene.bases[node]}{path}", json=body, headers=named)
            if answer.status_code != 503:
                return answer
            self.busy += 1
            time.sleep(float(answer.headers["Retry-After"]) / 4)
        return answer

    def make(self, name: str, node: int = 0) -> str:
        body = {"schemas": [load.USER], "userName": name, "name": {"givenName": "Ada", "familyName": "Lovelace"}}
        answer = self.send(node, "POST", "/Users", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def patch(self, node: int, path: str, *operations: dict[str, Any], **headers: str) -> httpx2.Response:
        body = {"schemas": [load.PATCH], "Operations": list(operations)}
        return self.send(node, "PATCH", path, body, **headers)


@pytest.fixture
def clients(scene: Scene) -> Any:
    found = Clients(scene)
    yield found
    print(f"sent again: {found.busy}")
    for client in found.clients:
        client.close()


def test_writes_on_all_nodes_at_once_are_there_once_and_read_on_every_node(scene: Scene) -> None:
    book, workers = load.begin(load.Hosts(scene.bases), scene.token, 6)
    began, before = time.monotonic(), _conflicts(scene)
    for thread in load.start(workers, 12):
        thread.join(200)
    met = _conflicts(scene) - before
    print(dict(book.answers), f"{time.monotonic() - began:.1f} s, {met} transactions gave way")
    assert met > 0, "no two nodes' writes met"
    for node in scene.nodes:
        load.audit(book, workers, node.rows)
    _same_everywhere(scene)


def test_of_the_same_user_created_on_all_nodes_at_once_one_is_made(scene: Scene, clients: Clients) -> None:
    for number in range(ROUNDS):
        body = {
            "schemas": [load.USER],
            "userName": f"user{number}@example.com",
            "externalId": f"e{number}",
            "name": {"givenName": "Ada", "familyName": "Lovelace"},
        }
        answers = live.at_once([lambda n=n, b=body: clients.send(n, "POST", "/Users", b) for n in (0, 1, 2) * 2])  # type: ignore[misc]
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
        (made,) = [answer.json()["id"] for answer in answers if answer.status_code == 201]
        there = {answer.headers["Location"].rpartition("/")[2] for answer in answers if answer.status_code == 409}
        assert there == {made}
    assert scene.nodes[1].rows("SELECT COUNT(*) FROM customer_entity") == [(ROUNDS,)]


def test_of_writes_with_the_same_etag_on_two_nodes_one_succeeds(clients: Clients) -> None:
    """One writes the document only, the other the customer's row and our mark: they have no row in common."""
    won: Counter[str] = Counter()
    for number in range(ROUNDS):
        path = f"/Users/{clients.make(f'user{number}@example.com')}"
        tag = clients.send(1, "GET", path).headers["ETag"]
        answers = live.at_once(
            [
                lambda p=path, t=tag: clients.patch(  # type: ignore[misc]
                    0, p, {"op": "add", "path": "title", "value": "x"}, If_Match=t
                ),
                lambda p=path, t=tag: clients.patch(  # type: ignore[misc]
                    1, p, {"op": "replace", "path": "active", "value": False}, If_Match=t
                ),
            ]
        )
        statuses = [answer.status_code for answer in answers]
        assert sorted(statuses) == [200, 412], f"in round {number} both were told {statuses}"
        won["title" if statuses[0] == 200 else "active"] += 1
    print(won)


def test_a_user_put_into_one_group_and_taken_out_of_another_on_two_nodes(scene: Scene, clients: Clients) -> None:
    """The shop has one group for a customer: it is one that the user is a member of."""
    groups = [
        clients.send(0, "POST", "/Groups", {"schemas": [load.GROUP], "displayName": name}).json()["id"]
        for name in ("Staff", "Trade")
    ]
    for number in range(ROUNDS):
        user_id = clients.make(f"user{number}@example.com")
        member = {"op": "add", "path": "members", "value": [{"value": user_id}]}
        assert clients.patch(0, f"/Groups/{groups[0]}", member).is_success
        gone = {"op": "remove", "path": f'members[value eq "{user_id}"]'}
        live.at_once(
            [
                lambda g=gone: clients.patch(1, f"/Groups/{groups[0]}", g),  # type: ignore[misc]
                lambda m=member: clients.patch(2, f"/Groups/{groups[1]}", m),  # type: ignore[misc]
            ]
        )
    rows = scene.nodes[0].rows(
        "SELECT c.entity_id, c.group_id, m.group_id FROM customer_entity c LEFT JOIN scim_membership m USING (entity_id)"
    )
    assert len(rows) == ROUNDS
    lost = [row for row in rows if row[1] != row[2]]
    assert not lost, f"customer, the shop's group, its only membership: {lost}"


def test_of_groups_of_the_same_name_created_on_all_nodes_one_is_made(scene: Scene, clients: Clients) -> None:
    """Magento's table has no key on a group's code."""
    for number in range(ROUNDS):
        body = {"schemas": [load.GROUP], "displayName": f"Group {number}"}
        answers = live.at_once([lambda n=n, b=body: clients.send(n, "POST", "/Groups", b) for n in range(3)])  # type: ignore[misc]
        assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    codes = [row[0] for row in scene.nodes[2].rows("SELECT customer_group_code FROM customer_group")]
    assert len(codes) == len(set(codes)) == 4 + ROUNDS


def test_a_user_deleted_on_one_node_while_others_change_it(scene: Scene, clients: Clients) -> None:
    for number in range(ROUNDS):
        path = f"/Users/{clients.make(f'user{number}@example.com', number % 3)}"
        answers = live.at_once(
            [
                lambda p=path: clients.send(0, "DELETE", p),  # type: ignore[misc]
                lambda p=path: clients.patch(1, p, {"op": "add", "path": "title", "value": "x"}),  # type: ignore[misc]
                lambda p=path: clients.patch(2, p, {"op": "replace", "path": "active", "value": False}),  # type: ignore[misc]
                lambda p=path: clients.send(2, "DELETE", p),  # type: ignore[misc]
            ]
        )
        statuses = [answer.status_code for answer in answers]
        assert sorted((statuses[0], statuses[3])) == [204, 404], statuses
        assert {statuses[1], statuses[2]} <= {200, 404}, statuses
    for table in ("customer_entity", "customer_grid_flat", "scim_link", "scim_inactive"):
        assert scene.nodes[1].rows(f"SELECT COUNT(*) FROM {table}") == [(0,)], table
    _same_everywhere(scene)


def test_a_transaction_that_is_refused_at_its_commit_is_done_again(scene: Scene) -> None:
    """Both nodes carry out their statements, then both commit: one is told 1213 by COMMIT itself."""
    engines = [database.engine(node.url()) for node in scene.nodes[:2]]
    ledger = tables.define()
    counter = counters.caller(7)
    both, told = threading.Barrier(2), list[tuple[str, int]]()
    for engine in engines:
        sa.event.listen(engine, "commit", lambda _: both.wait(20) if not told else None)
        sa.event.listen(
            engine,
            "handle_error",
            lambda c: told.append((str(c.statement), driver_errors.number(c.original_exception))),
        )

    def write(engine: sa.Engine) -> None:
        database.transaction(engine, lambda connection: counters.rise(connection, ledger, [counter]))

    threads = [threading.Thread(target=write, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for engine in engines:
        engine.dispose()
    assert told == [("None", 1213)], "one commit is refused, once"
    assert scene.nodes[2].rows("SELECT number FROM scim_counter WHERE subject = 7") == [(2,)]


def test_a_node_that_has_lost_the_others_answers_503_and_is_well_when_it_finds_them(scene: Scene) -> None:
    """It runs and takes connections, and refuses every statement (1047)."""
    with galera.connection.to(scene.nodes[1].url("mysql", "root")) as root, scene.client() as client:
        url = f"{scene.bases[1]}/Users?count=1"
        assert client.get(url).status_code == 200
        galera.connection.run(root, "SET GLOBAL wsrep_provider_options='gmcast.isolate=1'")
        try:
            galera.await_state(scene.nodes[1], "cluster_status", "non-Primary")
            answer = client.get(url)
            assert answer.status_code == 503, answer.text
            assert answer.headers["Retry-After"] == "10"
            other = client.get(f"{scene.bases[0]}/Users?count=1")
            assert other.status_code == 200, other.text
        finally:
            galera.connection.run(root, "SET GLOBAL wsrep_provider_options='gmcast.isolate=0'")
        scene.nodes[1].await_synced(3)
        assert client.get(url).status_code == 200


def test_a_node_is_killed_under_load_and_comes_back_and_nothing_is_lost_or_doubled(scene: Scene) -> None:
    """Its own service answers 503 with Retry-After as long as it is away, and works again without a restart."""
    victim = 2
    hosts = load.Hosts(scene.bases)
    book, workers = load.begin(hosts, scene.token, 6)
    ended = threading.Event()
    threads = load.start(workers, None, ended.is_set)
    try:
        phases = [_made(book, 0)]
        scene.nodes[victim].kill()
        scene.nodes[0].await_synced(2)
        hosts.away.add(scene.bases[victim])
        _its_service_says_when_to_come_again(scene, victim)
        phases.append(_made(book, phases[-1]))
        scene.cluster.launch(scene.nodes[victim])
        scene.nodes[victim].await_synced(3)
        hosts.away.clear()
        _made(book, phases[-1])
    finally:
        ended.set()
        for thread in threads:
            thread.join(100)
    print(dict(book.answers))
    for node in scene.nodes:
        load.audit(book, workers, node.rows)
    _same_everywhere(scene)
    with scene.client() as client:
        assert client.get(f"{scene.bases[victim]}/Users?count=1").status_code == 200


def _made(book: load.Book, before: int) -> int:
    """Wait until so many more users are made that the load is felt; gives how many there are."""
    deadline = time.monotonic() + 40
    while (made := book.answers["POST 201"]) < before + 20 or time.monotonic() < deadline - 38:
        assert time.monotonic() < deadline, f"since {before} users only {made} have been made"
        time.sleep(0.1)
    return made


def _its_service_says_when_to_come_again(scene: Scene, victim: int) -> None:
    body = {"schemas": [load.USER], "userName": "nobody@example.com", "name": {"givenName": "N", "familyName": "O"}}
    with scene.client() as client:
        base = scene.bases[victim]
        for answer in (client.get(f"{base}/Users?count=1"), client.post(f"{base}/Users", json=body)):
            assert answer.status_code == 503, answer.text
            assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
            assert int(answer.headers["Retry-After"]) > 0


def test_what_it_costs_that_a_read_waits_for_the_other_nodes(scene: Scene) -> None:
    """The figures of docs/scale.md: `make test-cluster ARGS="-rP -k costs"`."""
    with galera.connection.to(scene.nodes[0].url()) as shop, shop.cursor() as cursor:
        cursor.execute("COMMIT; SET SESSION autocommit = 1")
        cursor.nextset()
        for wait in (0, 7):
            cursor.execute(f"SET SESSION wsrep_sync_wait = {wait}")
            spent = []
            for _ in range(2000):
                began = time.perf_counter()
                cursor.execute("SELECT * FROM scim_setting WHERE name = 'cursor_key'")
                spent.append((time.perf_counter() - began) * 1000)
            print(f"wsrep_sync_wait={wait}: {statistics.median(spent):.3f} ms a read by key (median)")
            assert statistics.median(spent) < 10


def test_every_table_that_is_written_has_a_primary_key(scene: Scene) -> None:
    """Without one Galera does not replicate a deletion."""
    without = {
        name
        for (name,) in scene.nodes[0].rows(
            "SELECT t.table_name FROM information_schema.tables t LEFT JOIN information_schema.table_constraints c"
            " ON c.table_schema = t.table_schema AND c.table_name = t.table_name AND c.constraint_type = 'PRIMARY KEY'"
            " WHERE t.table_schema = DATABASE() AND t.table_type = 'BASE TABLE' AND c.constraint_name IS NULL"
        )
    }
    engine = sa.create_engine(scene.nodes[0].url())
    with engine.connect() as opened:
        granted = set(granting.privileges(opened, "", makes_options=True))
    engine.dispose()
    assert len(granted) > 50
    assert not without & granted, f"without a primary key: {', '.join(sorted(without & granted))}"
