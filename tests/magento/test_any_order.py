"""Whatever is done in whatever order, by us and by Magento, the rows stay whole (facts 1.3, 4, 5.2, 6)."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test

from app.magento import customers, doors, errors
from tests.magento.conftest import NOW, Bench

NAMES = st.sampled_from(["Ada", "Bo", "Æther", "O'Neil", "a" * 255])
MAYBE = st.sampled_from([None, "", "x", "y "])


class Life(RuleBasedStateMachine):
    """Customers that come, change and go; `known` is what must stand of each."""

    ids = Bundle("ids")
    bench: Bench

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, dict[str, Any]] = {}
        self.count = 0
        self.now = NOW

    def _fetched(self, connection: Any, entity_id: int) -> customers.Customer:
        return customers.fetch(connection, self.bench.shop, [entity_id], lock=True)[entity_id]

    @rule(target=ids, firstname=NAMES, number=MAYBE, suffix=MAYBE)
    def create(self, firstname: str, number: str | None, suffix: str | None) -> int:
        self.count += 1
        data = {
            "firstname": firstname,
            "employee_number": number,
            "suffix": suffix,
            "email": f"n{self.count}@example.com",
        }
        entity_id = self.bench.create(now=self.now, **data)
        self.known[entity_id] = {**data, "lastname": "Lovelace", "group_id": 1, "active": True}
        return entity_id

    @rule(entity_id=ids, firstname=NAMES, number=MAYBE, group_id=st.sampled_from([1, 2, 3]))
    def change(self, entity_id: int, firstname: str, number: str | None, group_id: int) -> None:
        wanted = {"firstname": firstname, "employee_number": number, "group_id": group_id}
        known = self.known[entity_id]
        same = all((known[c] or None) == (v or None) for c, v in wanted.items())
        self.now += timedelta(seconds=1)
        assert self.bench.change(entity_id, now=self.now, **wanted) is not same
        known |= wanted

    @rule(entity_id=ids, number=MAYBE)
    def somebody_else_writes(self, entity_id: int, number: str | None) -> None:
        if number:
            self.bench.sql(
                "INSERT INTO {p}customer_entity_varchar (attribute_id, entity_id, value) VALUES (137, :e, :v)"
                " ON DUPLICATE KEY UPDATE value=:v",
                e=entity_id,
                v=number,
            )
        else:
            self.bench.sql("DELETE FROM {p}customer_entity_varchar WHERE entity_id=:e", e=entity_id)
        self.known[entity_id]["employee_number"] = number
        self.bench.change(entity_id, now=self.now, suffix="touched")
        self.known[entity_id]["suffix"] = "touched"
        self.bench.change(entity_id, now=self.now, suffix=None)
        self.known[entity_id]["suffix"] = None

    @rule(entity_id=ids, active=st.booleans())
    def turn(self, entity_id: int, active: bool) -> None:
        done = self.bench.turn(entity_id, self.now, active=active)
        assert bool(done) is (self.known[entity_id]["active"] is not active)
        self.known[entity_id]["active"] = active

    @rule(entity_id=ids, other=ids)
    def a_taken_email_changes_nothing(self, entity_id: int, other: int) -> None:
        if entity_id != other:
            with pytest.raises(errors.Duplicate):
                self.bench.change(entity_id, email=self.known[other]["email"].upper(), firstname="Lost")

    @rule(entity_id=consumes(ids))
    def remove(self, entity_id: int) -> None:
        assert self.bench.remove(entity_id)
        del self.known[entity_id]

    @invariant()
    def every_row_is_whole(self) -> None:
        found = self.bench.read(lambda c: customers.fetch(c, self.bench.shop, self.known))
        rows = {row["entity_id"]: row for row in self.bench.rows("customer_grid_flat")}
        assert set(found) == set(self.known) == set(rows), "facts 5.2: a grid row for each customer, and no other"
        for entity_id, known in self.known.items():
            data, grid = found[entity_id].data, rows[entity_id]
            for code in ("firstname", "employee_number", "suffix", "group_id"):
                assert (data[code] or None) == (known[code] or None)
            assert bool(data["is_active"]) is known["active"]
            assert doors.is_shut(found[entity_id]) is not known["active"]
            assert (grid["email"], grid["group_id"], grid["lock_expires"]) == (
                *(data["email"], data["group_id"], data["lock_expires"]),
            )
            names = (known["firstname"], known["lastname"], known["suffix"])
            assert grid["name"] == " ".join(name for name in names if name).strip(), "facts 5.2"
        for value in self.bench.rows("customer_entity_varchar"):
            assert value["value"], "facts 1.3: no empty value row"
            assert value["entity_id"] in self.known


def test_any_order(bench: Bench) -> None:
    class OnThisShop(Life):
        def teardown(self) -> None:
            for entity_id in self.known:
                bench.remove(entity_id)

    OnThisShop.bench = bench
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        OnThisShop,
        settings=settings(
            max_examples=12,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
