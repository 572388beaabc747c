"""Several statements in one message: their order, their answers, and what an error of one comes to."""

import pytest
import sqlalchemy as sa
from pymysql import err

from app.magento import database, driver_errors, errors
from app.sql import keeping, sending, wire
from tests.magento.conftest import Bench

TEXT = "ä'\"\\;%s %(x)s\n\x00"


def _update(bench: Bench, connection: sa.Connection, entity_id: int, name: str, **more: object) -> sending.Order:
    table = bench.shop.tables["customer_entity"]
    text = sending.update(table, connection.dialect, ("firstname",), ("entity_id",))
    return sending.Order(text, {"firstname": name, **sending.where({"entity_id": entity_id})}, **more)  # type: ignore[arg-type]


def _read(bench: Bench, connection: sa.Connection, entity_id: int) -> sending.Order:
    table = bench.shop.tables["customer_entity"]
    query = sa.select(table.c.firstname, table.c.created_at).where(sending.among(table.c.entity_id, "ids"))
    return sending.Order(sending.Text(query, connection.dialect), {"ids": [entity_id]})


def _broken(connection: sa.Connection, **more: object) -> sending.Order:
    return sending.Order(sending.Text(sa.text("UPDATE no_such_table SET a = 1"), connection.dialect), **more)  # type: ignore[arg-type]


def test_what_waits_goes_with_the_next_statement_and_before_it(bench: Bench) -> None:
    entity_id = bench.create()
    told: list[wire.Answer] = []

    def work(connection: sa.Connection) -> None:
        bench.statements.clear()
        sending.later(connection, _update(bench, connection, entity_id, TEXT, heard=told.append))
        assert not bench.statements
        (answer,) = sending.ask(connection, _read(bench, connection, entity_id))
        assert answer.rows[0][0] == TEXT
        assert answer.names == ["firstname", "created_at"]
        assert len(bench.statements) == 2
        sending.later(connection, _update(bench, connection, entity_id, "Eva"))
        table = bench.shop.tables["customer_entity"]
        assert connection.execute(sa.select(table.c.firstname)).scalar() == "Eva", "any statement sends it first"
        sending.later(connection, _update(bench, connection, entity_id, "Zoe"))

    bench.run(work)
    assert told[0].rowcount == 1
    assert bench.row("customer_entity", entity_id=entity_id)["firstname"] == "Zoe", "the commit sends it"


def test_a_rollback_forgets_what_waits(bench: Bench) -> None:
    entity_id = bench.create()
    with database.reading(bench.engine) as connection:
        sending.later(connection, _update(bench, connection, entity_id, "Eva"))
    with bench.engine.connect() as connection:
        sending.later(connection, _update(bench, connection, entity_id, "Eva"))
        connection.rollback()
        connection.commit()
    assert bench.row("customer_entity", entity_id=entity_id)["firstname"] == "Ada"


def test_an_error_is_the_statements_own_and_those_behind_are_not_carried_out(bench: Bench) -> None:
    entity_id = bench.create()
    with bench.engine.connect() as connection:
        sending.later(connection, _update(bench, connection, entity_id, "Eva"))
        sending.later(connection, _broken(connection))
        sending.later(connection, _update(bench, connection, entity_id, "Zoe"))
        with pytest.raises(sa.exc.ProgrammingError) as raised:
            sending.tell(connection)
        assert driver_errors.number(raised.value.orig) == 1146
        assert sending.ask(connection, _read(bench, connection, entity_id))[0].rows[0][0] == "Eva"


def test_who_knows_what_an_error_means_may_go_on(bench: Bench) -> None:
    entity_id = bench.create()
    failed: list[sa.exc.DBAPIError] = []
    with bench.engine.connect() as connection:
        orders = [_broken(connection, failed=failed.append), _read(bench, connection, entity_id)]
        answers = sending.ask(connection, *orders, _broken(connection, failed=failed.append), orders[1])
    assert [len(answer.rows) for answer in answers] == [0, 1, 0, 1]
    assert len(failed) == 2


def test_a_message_that_meets_a_dead_connection_is_unavailable(bench: Bench) -> None:
    entity_id = bench.create()

    def work(connection: sa.Connection) -> None:
        number = connection.exec_driver_sql("SELECT CONNECTION_ID()").scalar()
        bench.sql(f"KILL {number}")
        sending.later(connection, _update(bench, connection, entity_id, "Eva"))

    with pytest.raises(errors.Unavailable):
        bench.run(work)
    assert bench.row("customer_entity", entity_id=entity_id)["firstname"] == "Ada"


def test_what_was_asked_ahead_is_not_asked_again_unless_something_was_written(bench: Bench) -> None:
    entity_id = bench.create()
    entity = bench.shop.tables["customer_entity"]
    query = sa.select(entity.c.firstname).where(entity.c.entity_id == entity_id)
    asked = sending.Order(sending.Text(query, bench.engine.dialect))

    def work(connection: sa.Connection) -> list[str]:
        found = []
        sending.later(connection, sending.ahead(connection, asked))
        sending.tell(connection)
        bench.statements.clear()
        found.append(sending.ask(connection, asked)[0].rows[0][0])
        assert not bench.statements
        sending.later(connection, sending.ahead(connection, asked))
        sending.later(connection, _update(bench, connection, entity_id, "Eva"))
        sending.tell(connection)
        found.append(sending.ask(connection, asked)[0].rows[0][0])
        return found

    assert bench.run(work) == ["Ada", "Eva"]


def test_a_connection_that_dies_within_a_message_is_unavailable(bench: Bench) -> None:
    """Also where a statement before it was answered, whose answer is kept for later."""
    dialect = bench.engine.dialect
    asked = sending.Order(sending.Text(sa.select(sa.literal_column("1")), dialect))
    death = sending.Order(sending.Text(sa.text("KILL CONNECTION CONNECTION_ID()"), dialect))

    def work(connection: sa.Connection) -> None:
        sending.ask(connection, sending.ahead(connection, asked), death)

    with pytest.raises(errors.Unavailable):
        database.transaction(bench.engine, work)


def test_so_many_do_not_wait_that_a_message_would_not_fit(bench: Bench) -> None:
    entity_id = bench.create()

    def work(connection: sa.Connection) -> None:
        bench.statements.clear()
        for number in range(sending.MOST_WAITING + 1):
            sending.later(connection, _update(bench, connection, entity_id, f"No{number}"))
        assert len(bench.statements) == sending.MOST_WAITING + 1

    bench.run(work)
    assert bench.row("customer_entity", entity_id=entity_id)["firstname"] == f"No{sending.MOST_WAITING}"


def test_mariadbs_last_word_among_rows_is_a_lost_connection() -> None:
    """It has the number 0, whatever comes next (MariaDB, when it shuts down)."""

    class Ending:
        _next_seq_id, closed = 3, False

        def _read_bytes(self, size: int) -> bytes:
            return bytes(size)

        def _force_close(self) -> None:
            self.closed = True

    ending = Ending()
    with pytest.raises(err.OperationalError) as lost:
        wire._packet(ending)
    assert (lost.value.args[0], ending.closed) == (2013, True)


# --- statements that the server keeps (sql/keeping.py) ---


@pytest.fixture
def fresh(bench: Bench) -> Bench:
    """A shop to which nobody is connected whose server has refused to keep anything."""
    bench.engine.dispose()
    return bench


def _kept(bench: Bench) -> sending.Text:
    table = bench.shop.tables["customer_entity"]
    what = sa.bindparam("what", type_=sa.types.NULLTYPE).label("what")
    query = sa.select(table.c.entity_id, table.c.firstname, sa.literal("100%").label("all"), what)
    query = query.where(sending.among(table.c.entity_id, "ids")).order_by(table.c.entity_id)
    return sending.Text(query, bench.engine.dialect, kept=True)


def _keeper(connection: sa.Connection) -> keeping.Keeper:
    keeper: keeping.Keeper = connection.connection.driver_connection.keeper  # type: ignore[union-attr]
    return keeper


@pytest.mark.parametrize("what", [TEXT, None, 12, ""])
def test_a_kept_statement_answers_as_if_it_were_sent_as_it_is(fresh: Bench, what: object) -> None:
    ids = [fresh.create(email=f"{i}@example.com", firstname="O'Hara") for i in range(3)]
    text = _kept(fresh)

    def work(connection: sa.Connection) -> list[object]:
        found = []
        for willing in (True, True, False):
            _keeper(connection).willing = willing and _keeper(connection).willing
            for some in ([ids[1]], ids, [0]):
                answer = sending.ask(connection, sending.Order(text, {"ids": some, "what": what}))[0]
                found.append((answer.rows, answer.rowcount, answer.names))
        return found

    found = fresh.run(work)
    assert found[:3] == found[3:6] == found[6:]
    assert [len(rows) for rows, _, _ in found[:3]] == [1, 3, 0]


def test_a_server_keeps_a_statement_once_for_each_connection(fresh: Bench) -> None:
    entity_id, text = fresh.create(), _kept(fresh)

    def work(connection: sa.Connection) -> list[int]:
        if not _keeper(connection).willing:
            pytest.skip("MySQL is asked to keep nothing")
        counts = []
        for _ in range(3):
            sending.ask(connection, sending.Order(text, {"ids": [entity_id], "what": "x"}))
            status = "SHOW SESSION STATUS WHERE Variable_name IN ('Com_prepare_sql', 'Com_execute_sql')"
            counts += [int(row[1]) for row in sorted(connection.exec_driver_sql(status))]
        return counts

    first, one, second, same, third, again = fresh.run(work)
    assert (second - first, third - second) == (1, 1), "carried out each time"
    assert one == same == again, "prepared once"


def test_what_the_server_has_lost_is_sent_as_it_is(fresh: Bench) -> None:
    """Behind what was written before it in the same message, which is carried out once."""
    entity_id, text = fresh.create(), _kept(fresh)
    asked = sending.Order(text, {"ids": [entity_id], "what": "x"})

    def work(connection: sa.Connection) -> tuple[object, bool]:
        willing = _keeper(connection).willing
        sending.ask(connection, asked)
        if willing:
            connection.exec_driver_sql(f"DEALLOCATE PREPARE {_keeper(connection).known[text.sql][0]}")
        sending.later(connection, _update(fresh, connection, entity_id, "Eva"))
        return sending.ask(connection, asked)[0].rows[0][1], willing and _keeper(connection).willing

    assert fresh.run(work) == ("Eva", False)


def test_a_server_that_will_not_keep_a_statement_is_not_asked_again(fresh: Bench) -> None:
    text = sending.Text(sa.text("EXECUTE IMMEDIATE 'SELECT 7'"), fresh.engine.dialect, kept=True)

    def work(connection: sa.Connection) -> tuple[object, bool]:
        if not _keeper(connection).willing:
            pytest.skip("MySQL is asked to keep nothing")
        return sending.ask(connection, sending.Order(text))[0].rows[0][0], _keeper(connection).willing

    assert fresh.run(work) == (7, False)


def test_an_error_of_a_kept_statement_is_its_own(fresh: Bench) -> None:
    entity_id, text = fresh.create(), _kept(fresh)
    broken = sending.Text(sa.text("SELECT 1 FROM no_such_table WHERE a = :a"), fresh.engine.dialect, kept=True)

    def work(connection: sa.Connection) -> tuple[int | None, object]:
        heard: list[int | None] = []
        ahead = sending.Order(text, {"ids": [entity_id], "what": "x"})
        after = _read(fresh, connection, entity_id)
        wrong = sending.Order(broken, {"a": 1}, failed=lambda error: heard.append(driver_errors.number(error.orig)))
        answers = sending.ask(connection, ahead, wrong, after)
        return heard[0], answers[2].rows[0][0]

    assert fresh.run(work) == (1146, "Ada")


def test_a_kept_statement_lives_with_a_changed_table(fresh: Bench) -> None:
    entity_id, text = fresh.create(), _kept(fresh)
    asked = sending.Order(text, {"ids": [entity_id], "what": "x"})

    def work(connection: sa.Connection) -> object:
        return sending.ask(connection, asked)[0].rows[0][1]

    before = fresh.run(work)
    fresh.sql(f"ALTER TABLE {fresh.shop.prefix}customer_entity ADD COLUMN of_somebody INT NULL FIRST")
    try:
        assert fresh.run(work) == before == "Ada"
    finally:
        fresh.sql(f"ALTER TABLE {fresh.shop.prefix}customer_entity DROP COLUMN of_somebody")
