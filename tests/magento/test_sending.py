"""Several statements in one message: their order, their answers, and what an error of one comes to."""

import pytest
import sqlalchemy as sa

from app.magento import database, driver_errors, errors
from app.sql import sending, wire
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
