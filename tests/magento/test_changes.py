"""A change set: executed as planned, grouped where it can be, turned round."""

from typing import Any

import pytest
import sqlalchemy as sa

from app.magento import changes, database, driver_errors, errors
from app.sandbox import connection
from app.sandbox.server import MariaDB
from tests.magento.conftest import Bench

Row = changes.RowChange
TEXT = "ä'\"\\;%s %(x)s VALUES (1)\n"


def _execute(bench: Bench, planned: list[Row]) -> list[Row]:
    return bench.run(lambda c: changes.execute(c, bench.shop.tables, planned))


def _newcomer(**more: Any) -> Row:
    data = {"email": "n@example.com", "website_id": 1, "store_id": 1, "firstname": "N", "lastname": "N", **more}
    return Row("customer_entity", {"entity_id": changes.NEW}, None, data)


def _value(entity_id: Any, attribute_id: int, before: Any, after: Any) -> Row:
    key = {"entity_id": entity_id, "attribute_id": attribute_id}
    wrap = [None if v is None else {"value": v} for v in (before, after)]
    return Row("customer_entity_varchar", key, *wrap)


def test_rows_of_any_length_fit_into_packets(bench: Bench, server: MariaDB) -> None:
    (before,) = bench.sql("SELECT @@global.max_allowed_packet AS size")
    with connection.to(server.url("mysql", "root")) as root:
        connection.run(root, "SET GLOBAL max_allowed_packet = 1048576")
    try:
        ids = [bench.create(email=f"{n}@example.com") for n in range(40)]
        bench.engine.dispose()
        bench.statements.clear()
        text = "'" * 60_000  # each is two characters on its way
        attribute_id = bench.attribute("essay", "text", "textarea")
        key = [{"entity_id": i, "attribute_id": attribute_id} for i in ids]
        _execute(bench, [Row("customer_entity_text", each, None, {"value": text}) for each in key])
        assert 10 <= len([each for each in bench.statements if "customer_entity_text" in each]) <= 12
        assert {row["value"] for row in bench.rows("customer_entity_text")} == {text}
    finally:
        with connection.to(server.url("mysql", "root")) as root:
            connection.run(root, f"SET GLOBAL max_allowed_packet = {before['size']}")


def test_new_ids_go_where_they_are_named(bench: Bench) -> None:
    home = changes.New("home")
    address = {
        **{"parent_id": changes.NEW, "firstname": "N", "lastname": "N", "street": "1", "city": "C"},
        **{"country_id": "US", "telephone": "-"},
    }
    done = _execute(
        bench,
        [
            _newcomer(),
            Row("customer_address_entity", {"entity_id": home}, None, address),
            Row("customer_entity", {"entity_id": changes.NEW}, {"default_billing": None}, {"default_billing": home}),
            _value(changes.NEW, 137, None, "E-1"),
        ],
    )
    customer = bench.row("customer_entity")
    made = bench.row("customer_address_entity", parent_id=customer["entity_id"])
    assert customer["default_billing"] == made["entity_id"]
    assert bench.row("customer_entity_varchar", entity_id=customer["entity_id"])["value"] == "E-1"
    assert [change.key for change in done] == [
        {"entity_id": customer["entity_id"]},
        {"entity_id": made["entity_id"]},
        {"entity_id": customer["entity_id"]},
        {"entity_id": customer["entity_id"], "attribute_id": 137},
    ]
    assert done[2].after == {"default_billing": made["entity_id"]}


def test_several_plans_share_statements_and_each_has_its_own_ids(bench: Bench) -> None:
    def plan(number: int) -> list[Row]:
        city = {"parent_id": changes.NEW, "city": f"C{number}", "street": "1", "country_id": "US", "telephone": "-"}
        address, home = {**city, "firstname": "N", "lastname": "N"}, changes.New("home")
        key = {"entity_id": changes.NEW}
        rows = [
            Row("customer_address_entity", {"entity_id": home}, None, address),
            Row("customer_entity", key, {"default_billing": None}, {"default_billing": home}),
        ]
        value = _value(changes.NEW, 137, None, TEXT + str(number))
        return [_newcomer(email=f"{number}@example.com"), *(rows if number % 2 else []), value]

    bench.statements.clear()
    done = bench.run(lambda c: changes.execute_all(c, bench.shop.tables, [plan(number) for number in range(5)]))
    assert len(bench.statements) == 5 + 2 + 2 + 1, bench.statements
    for number, each in enumerate(done):
        entity_id = each[0].key["entity_id"]
        customer = bench.row("customer_entity", entity_id=entity_id)
        assert customer["email"] == f"{number}@example.com"
        assert [row["value"] for row in bench.rows("customer_entity_varchar", entity_id=entity_id)] == [
            TEXT + str(number)
        ]
        homes = bench.rows("customer_address_entity", parent_id=entity_id)
        assert [row["city"] for row in homes] == [f"C{number}"] * (number % 2)
        assert customer["default_billing"] == (homes[0]["entity_id"] if homes else None)


def test_neighbours_that_do_the_same_share_a_statement(bench: Bench) -> None:
    ids = [bench.create(email=f"{n}@example.com") for n in range(3)]
    bench.statements.clear()
    _execute(bench, [_value(i, 137, None, "x") for i in ids])
    _execute(bench, [_value(i, 137, "x", "y") for i in ids])
    _execute(bench, [Row("customer_entity", {"entity_id": i}, {"taxvat": None}, {"taxvat": "T"}) for i in ids])
    _execute(bench, [_value(i, 137, "y", None) for i in ids])
    assert len(bench.statements) == 4, bench.statements
    assert {row["taxvat"] for row in bench.rows("customer_entity")} == {"T"}
    assert bench.rows("customer_entity_varchar") == []


def test_what_is_reversed_is_taken_back(bench: Bench) -> None:
    entity_id = bench.create(employee_number="1")
    before = bench.rows("customer_entity"), bench.rows("customer_entity_varchar")
    planned = [
        Row("customer_entity", {"entity_id": entity_id}, {"firstname": "Ada"}, {"firstname": "Eva"}),
        _value(entity_id, 137, "1", None),
    ]
    done = _execute(bench, planned)
    _execute(bench, [changes.reverse(change) for change in reversed(done)])
    after = bench.rows("customer_entity"), bench.rows("customer_entity_varchar")
    for rows in (*before, *after):
        for row in rows:
            row.pop("value_id", None)
            row.pop("updated_at", None)
    assert before == after


@pytest.mark.parametrize(
    "change",
    [
        Row("customer_entity", {"entity_id": 99}, {"firstname": "A"}, {"firstname": "B"}),
        Row("customer_entity", {"entity_id": 99}, {"firstname": "A"}, None),
    ],
    ids=["update", "delete"],
)
def test_a_row_that_is_gone_has_changed(bench: Bench, change: Row) -> None:
    with pytest.raises(errors.Changed):
        _execute(bench, [change])


def test_a_row_that_came_up_since_is_read_again(bench: Bench) -> None:
    """Magento writes a value row between our reading and our writing: the work starts again and succeeds."""
    entity_id = bench.create()
    attempts = 0

    def work(connection: sa.Connection) -> None:
        nonlocal attempts
        attempts += 1
        table = bench.shop.tables["customer_entity_varchar"]
        there = connection.execute(sa.select(table.c.value).where(table.c.entity_id == entity_id)).scalar()
        if attempts == 1:
            bench.put("customer_entity_varchar", attribute_id=137, entity_id=entity_id, value="theirs")
        changes.execute(connection, bench.shop.tables, [_value(entity_id, 137, there, "ours")])

    bench.run(work)
    assert attempts == 2
    assert bench.row("customer_entity_varchar", entity_id=entity_id)["value"] == "ours"


def test_a_taken_key_with_a_new_id_is_a_duplicate(bench: Bench) -> None:
    _execute(bench, [_newcomer()])
    with pytest.raises(errors.Duplicate) as caught:
        _execute(bench, [_newcomer()])
    assert bench.shop.tables.unique_key(caught.value.key) == ("customer_entity", ("email", "website_id"))


def test_the_database_refuses_what_nobody_checked(bench: Bench) -> None:
    with pytest.raises(errors.Rejected) as caught:
        _execute(bench, [_newcomer(prefix="x" * 41)])
    assert caught.value.code == "prefix", "facts 1.2: Magento would cut it silently, strict mode refuses"


def test_an_unknown_column_is_a_shop_that_is_not_as_expected(bench: Bench) -> None:
    with pytest.raises(errors.Unsupported):
        bench.run(lambda c: c.execute(sa.text(f"SELECT nosuch FROM {bench.shop.prefix}customer_entity")))
    with pytest.raises(errors.Fault):
        bench.run(lambda c: c.execute(sa.text("SELEKT 1")))
    assert database.ATTEMPTS == 3
    assert 2013 in driver_errors.CONNECTION_ENDED


A, B = {"entity_id": changes.NEW}, {"entity_id": 7}
HOME = changes.New("home")
MERGED: list[tuple[str, list[Row], list[Row]]] = [
    (
        "two changes of a row are one, in the first's place",
        [Row("t", B, {"a": 1}, {"a": 2}), Row("u", B, {"x": 0}, {"x": 1}), Row("t", B, {"b": 1}, {"b": 2})],
        [Row("t", B, {"a": 1, "b": 1}, {"a": 2, "b": 2}), Row("u", B, {"x": 0}, {"x": 1})],
    ),
    ("what ends as it began is left out", [Row("t", B, {"a": 1}, {"a": 2}), Row("t", B, {"a": 2}, {"a": 1})], []),
    ("made and taken away again", [Row("t", A, None, {"a": 2}), Row("t", A, {"a": 2}, None)], []),
    (
        "a deletion stays in its place: what hangs on the row goes before it",
        [Row("t", B, {"a": 1}, {"a": None}), Row("u", B, {"t": 7}, None), Row("t", B, {"a": None, "b": 3}, None)],
        [Row("u", B, {"t": 7}, None), Row("t", B, {"a": 1, "b": 3}, None)],
    ),
    (
        "what names a row that is made later comes after it",
        [Row("t", A, None, {"a": 1}), Row("u", {"id": HOME}, None, {"t": changes.NEW}), Row("t", A, {}, {"u": HOME})],
        [Row("t", A, None, {"a": 1}), Row("u", {"id": HOME}, None, {"t": changes.NEW}), Row("t", A, {}, {"u": HOME})],
    ),
    (
        "what names a row that is made before is merged",
        [Row("u", {"id": HOME}, None, {"t": 7}), Row("t", B, {"a": 1}, {"a": 2}), Row("t", B, {"u": 0}, {"u": HOME})],
        [Row("u", {"id": HOME}, None, {"t": 7}), Row("t", B, {"a": 1, "u": 0}, {"a": 2, "u": HOME})],
    ),
]


@pytest.mark.parametrize(("planned", "merged"), [row[1:] for row in MERGED], ids=[row[0] for row in MERGED])
def test_changes_of_a_row_are_merged(planned: list[Row], merged: list[Row]) -> None:
    assert changes.merged(planned) == merged
