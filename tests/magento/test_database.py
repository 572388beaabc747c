"""The connection: how it is set up, and what happens when it fails (facts 10; faults are caused, not faked)."""

import re
import threading
import time
from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pymysql import err

from app.magento import customers, database, errors, plans, schema, shop
from app.sandbox import connection as plain
from app.sandbox import programs
from app.sandbox.server import MariaDB
from tests.magento.conftest import NOW, Bench

SESSION = {
    "@@session.time_zone": "+00:00",
    "@@character_set_client": "utf8mb4",
    "@@collation_connection": "utf8mb4_general_ci",
    "@@autocommit": 0,
}


def _ask(engine: sa.Engine, variable: str) -> Any:
    with database.reading(engine) as connection:
        return connection.execute(sa.text(f"SELECT {variable}")).scalar()


def _shown(engine: sa.Engine, of: str, pattern: str) -> set[str]:
    """Give the values of this session's variables or status of that name; MariaDB and MySQL call some differently."""
    with database.reading(engine) as connection:
        return {value for _, value in connection.execute(sa.text(f"SHOW SESSION {of} LIKE '{pattern}'"))}


def _user(name: str) -> str:
    """Give the statements that make a user without rights, whose password is its name."""
    return f"DROP USER IF EXISTS {name}@'%'; CREATE USER {name}@'%' IDENTIFIED BY '{name}'"


@pytest.mark.parametrize(("variable", "value"), SESSION.items())
def test_every_connection_is_set_up(engine: sa.Engine, variable: str, value: object) -> None:
    assert _ask(engine, variable) == value


def test_sql_mode_is_strict_but_does_not_take_id_0_literally(engine: sa.Engine) -> None:
    modes = str(_ask(engine, "@@sql_mode")).split(",")
    assert "STRICT_TRANS_TABLES" in modes
    assert "NO_AUTO_VALUE_ON_ZERO" not in modes


def test_a_reading_engine_commits_by_itself_and_comes_back_so(shop_url: str) -> None:
    made = database.engine(shop_url, autocommit=True)
    assert [_ask(made, "@@autocommit") for _ in range(2)] == [1, 1]
    made.dispose()


def test_every_connection_reads_what_is_committed(engine: sa.Engine) -> None:
    assert _shown(engine, "VARIABLES", "t%isolation") == {"READ-COMMITTED"}


def test_isolation_stays_read_committed_after_autocommit_was_lent(engine: sa.Engine) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SELECT 1"))
    assert _shown(engine, "VARIABLES", "t%isolation") == {"READ-COMMITTED"}


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("mysql://u:p@h/d", "mysql+pymysql"),
        ("mariadb://u:p@h/d", "mysql+pymysql"),
        ("mysql+pymysql://u:p@h/d", "mysql+pymysql"),
    ],
)
def test_urls(given: str, driver: str) -> None:
    assert database.engine(given).url.drivername == driver


def test_the_socket_is_understood(server: MariaDB) -> None:
    made = database.engine(server.url(user="root").replace("mysql+pymysql", "mysql"))
    assert _ask(made, "1") == 1
    made.dispose()


def test_tls_that_is_asked_for_is_tls_or_nothing(shop_url: str) -> None:
    """MySQL makes itself a certificate, MariaDB before 11.4 has none."""
    made = database.engine(shop_url, tls={"verify": "0"})
    try:
        answer = _shown(made, "STATUS", "Ssl_cipher")
    except errors.Unavailable as error:
        answer = {str(error)}
    made.dispose()
    assert answer != {""}
    assert re.search("SSL|TLS|AES|CHACHA", *answer)


class Encrypted(MariaDB):
    """A server with a certificate of its own."""

    def _command(self, program: programs.Program) -> list[str]:
        return [*super()._command(program), f"--ssl-cert={self.directory}/c.pem", f"--ssl-key={self.directory}/k.pem"]


def _certificate(directory: Path) -> Path:
    """Make a self-signed certificate for 127.0.0.1; give its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(datetime(2020, 1, 1))
        .not_valid_after(datetime(2099, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (directory / "k.pem").write_bytes(key.private_bytes(pem, plain, serialization.NoEncryption()))
    (directory / "c.pem").write_bytes(made.public_bytes(pem))
    return directory / "c.pem"


def test_tls_with_a_known_authority_and_without(tmp_path: Path) -> None:
    authority = _certificate(tmp_path)
    with Encrypted(tmp_path, fast=True) as server:
        url = server.url("information_schema")
        for tls in ({"ca": str(authority)}, {"verify": "0"}):
            made = database.engine(url, tls=tls)
            assert _shown(made, "STATUS", "Ssl_cipher") != {""}
            made.dispose()
        with pytest.raises(errors.Unavailable, match=r"(?i)certificate"):
            _ask(database.engine(url, tls={"verify": "1"}), "1")


# --- what the work in a transaction may expect ----------------------------------------------------------


@pytest.mark.requirement(136)
def test_work_that_fails_leaves_nothing(bench: Bench) -> None:
    def work(connection: sa.Connection) -> None:
        connection.execute(
            bench.shop.tables["customer_group"].insert().values(customer_group_code="Gone", tax_class_id=3)
        )
        raise LookupError

    with pytest.raises(LookupError):
        bench.run(work)
    assert bench.rows("customer_group", customer_group_code="Gone") == []


@pytest.mark.requirement(135)
def test_a_deadlock_starts_the_work_again(bench: Bench) -> None:
    first, second = bench.create(), bench.create(email="b@example.com")
    meeting = threading.Barrier(2, timeout=10)
    attempts: list[int] = []
    failures: list[BaseException] = []

    def worker(order: tuple[int, int], name: str) -> None:
        mine = 0

        def work(connection: sa.Connection) -> None:
            nonlocal mine
            mine += 1
            attempts.append(order[0])
            table = bench.shop.tables["customer_entity"]
            for step, entity_id in enumerate(order):
                connection.execute(table.update().where(table.c.entity_id == entity_id).values(taxvat=name))
                if step == 0 and mine == 1:
                    meeting.wait()

        try:
            bench.run(work)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=worker, args=args) for args in (((first, second), "one"), ((second, first), "two"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert len(attempts) == 3, "one of two is the deadlock's victim and runs again"
    assert (
        bench.row("customer_entity", entity_id=first)["taxvat"]
        == bench.row("customer_entity", entity_id=second)["taxvat"]
    )


@pytest.mark.requirement(135)
def test_a_lock_that_stays_is_busy_after_three_attempts(shop_url: str, bench: Bench) -> None:
    entity_id = bench.create()
    impatient = database.engine(shop_url, lock_wait=1)
    attempts = 0

    def work(connection: sa.Connection) -> None:
        nonlocal attempts
        attempts += 1
        customers.fetch(connection, bench.shop, [entity_id], lock=True)

    with bench.engine.connect() as other:
        customers.fetch(other, bench.shop, [entity_id], lock=True)
        with pytest.raises(errors.Busy) as caught:
            database.transaction(impatient, work)
    impatient.dispose()
    assert attempts == database.ATTEMPTS
    assert caught.value.retry_after >= 1
    assert caught.value.__cause__ is not None, "the driver's error stays the cause"


def test_two_creations_of_one_email_race_and_the_key_decides(bench: Bench) -> None:
    meeting = threading.Barrier(2, timeout=10)
    outcomes: list[object] = []

    def worker() -> None:
        def work(connection: sa.Connection) -> int:
            if len(outcomes) == 0:
                meeting.wait()
            data = {"email": "R@example.com", "firstname": "R", "lastname": "R"}
            done = customers.write(connection, bench.shop, plans.create(connection, bench.shop, data, NOW))
            return int(done[0].key["entity_id"])

        try:
            outcomes.append(bench.run(work))
        except errors.Duplicate as error:
            outcomes.append(bench.shop.tables.unique_key(error.key))

    threads = [threading.Thread(target=worker) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len([o for o in outcomes if isinstance(o, int)]) == 1
    assert ("customer_entity", ("email", "website_id")) in outcomes
    assert len(bench.rows("customer_entity")) == 1


def test_a_killed_connection_costs_nobody_a_request(bench: Bench) -> None:
    calls = 0

    def work(connection: sa.Connection) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            own = connection.execute(sa.text("SELECT CONNECTION_ID()")).scalar()
            bench.sql(f"KILL {own}")
        return int(connection.execute(sa.text("SELECT 7")).scalar() or 0)

    assert bench.run(work) == 7
    assert calls == 2


def _failing_commit(bench: Bench, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the next commit fail as Galera's certification or a broken line does: no such server is at hand."""
    commit = bench.engine.dialect.do_commit

    def once(connection: Any) -> None:
        monkeypatch.setattr(bench.engine.dialect, "do_commit", commit)
        connection.rollback()
        raise err.OperationalError(number, "at the commit")

    monkeypatch.setattr(bench.engine.dialect, "do_commit", once)


def test_a_deadlock_at_the_commit_starts_the_work_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _failing_commit(bench, monkeypatch, 1213)
    entity_id = bench.create()
    assert [row["entity_id"] for row in bench.rows("customer_entity")] == [entity_id]


def test_a_line_that_breaks_at_the_commit_is_not_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows whether it was committed: doing it twice could be worse than saying so."""
    calls = 0

    def work(connection: sa.Connection) -> None:
        nonlocal calls
        calls += 1
        connection.execute(sa.text("SELECT 1"))

    _failing_commit(bench, monkeypatch, 2013)
    with pytest.raises(errors.Unavailable):
        bench.run(work)
    assert calls == 1


def test_half_a_surrogate_pair_is_refused_not_a_traceback(bench: Bench) -> None:
    with pytest.raises(errors.Rejected):
        bench.read(lambda c: c.execute(sa.text("SELECT :v"), {"v": "\ud800"}))


def test_every_connection_in_use_is_unavailable(shop_url: str) -> None:
    narrow = database.engine(shop_url, pool_size=1, max_overflow=0, pool_timeout=0.2)
    with database.reading(narrow), pytest.raises(errors.Unavailable), database.reading(narrow):
        pass
    narrow.dispose()


def test_a_missing_grant_is_named(server: MariaDB, shop_url: str, bench: Bench) -> None:
    name = sa.make_url(shop_url).database
    with plain.to(server.url("mysql", "root")) as root:
        plain.run(root, f"{_user('poor')}; GRANT SELECT ON `{name}`.* TO poor@'%'")
    poor = database.engine(sa.make_url(shop_url).set(username="poor", password="poor"))
    with pytest.raises(errors.NotGranted) as caught:
        database.transaction(poor, lambda c: c.execute(bench.shop.tables["customer_entity"].delete()))
    poor.dispose()
    assert (caught.value.privilege, caught.value.table) == ("DELETE", f"{bench.shop.prefix}customer_entity")


def test_the_listed_grants_are_enough_for_a_whole_life(server: MariaDB, shop_url: str, bench: Bench) -> None:
    name = sa.make_url(shop_url).database
    with bench.engine.connect() as connection:
        there = set(connection.execute(sa.text("SHOW TABLES")).scalars())
    grants = [
        f"GRANT {', '.join(privileges)} ON `{name}`.`{table}` TO least@'%'"
        for table, privileges in schema.grants(bench.shop.prefix)
        if table in there
    ]
    with plain.to(server.url("mysql", "root")) as root:
        plain.run(root, ";".join([_user("least"), *grants]))
    least = database.engine(sa.make_url(shop_url).set(username="least", password="least"))
    own = Bench(least, shop.open(least, bench.shop.prefix))
    entity_id = own.create()
    assert own.change(entity_id, email="new@example.com", group_id=2, employee_number="7")
    own.remove(entity_id)
    least.dispose()


@pytest.mark.requirement(136)
def test_the_service_recovers_when_the_database_is_back(tmp_path: Path) -> None:
    home = MariaDB(tmp_path, fast=True)
    home.start()
    made = database.engine(home.url("information_schema"), connect_timeout=2)
    try:
        assert _ask(made, "1") == 1
        home.stop()
        with pytest.raises(errors.Unavailable) as caught:
            database.transaction(made, lambda c: c.execute(sa.text("SELECT 1")))
        assert caught.value.retry_after >= 1
        home.start()
        assert database.transaction(made, lambda c: c.execute(sa.text("SELECT 2")).scalar()) == 2
        home.stop()
        home.start()
        assert _ask(made, "3") == 3, "a connection from before the restart is not handed out"
    finally:
        made.dispose()
        home.stop()


@pytest.mark.requirement(141)
def test_the_email_index_serves_any_script(bench: Bench) -> None:
    """A utf8mb4 literal must not turn the utf8mb3 column's index into a scan (facts 10)."""
    for number in range(30):
        bench.create(email=f"n{number}@example.com")
    plan = bench.sql(
        "EXPLAIN FORMAT=TRADITIONAL SELECT entity_id FROM {p}customer_entity WHERE email = 'jösé@exämple.com'"
    )
    assert plan[0]["type"] in ("ref", "const", "range"), plan


def test_the_pool_is_asked_only_after_a_rest(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    pings = 0
    ping: Callable[[Any], bool] = bench.engine.dialect.do_ping

    def counted(connection: Any) -> bool:
        nonlocal pings
        pings += 1
        return ping(connection)

    monkeypatch.setattr(bench.engine.dialect, "do_ping", counted)
    for _ in range(5):
        _ask(bench.engine, "1")
    assert pings <= 1
    monkeypatch.setattr(database, "PING_AFTER", 0.0)
    time.sleep(0.01)
    _ask(bench.engine, "1")
    assert pings >= 1
