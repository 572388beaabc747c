"""The shop as app/magento sees it, plain SQL beside it, and shops of every release."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa

from app.magento import changes, customers, database, doors, plans, shop
from app.sql import wire
from tests.conftest import RELEASES, Release

T = TypeVar("T")
NOW = datetime(2026, 11, 24, 10, 20, 30)
LATER = datetime(2026, 11, 25, 11, 21, 31)
REFERENCE = Path(__file__).parents[3] / "shared/magento/reference-customers.json"
PERSON = {"email": "ada@example.com", "firstname": "Ada", "lastname": "Lovelace"}


class Bench:
    """One shop under test: the room's view of it, and SQL that goes past the room."""

    def __init__(self, engine: sa.Engine, magento: shop.Shop) -> None:
        self.engine = engine
        self.shop = magento
        self.statements: list[str] = []
        sa.event.listen(engine, "before_cursor_execute", self._note)

    def _note(self, _c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self.statements += [text for text, _ in wire.each(statement)]

    def close(self) -> None:
        sa.event.remove(self.engine, "before_cursor_execute", self._note)

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Run work in one transaction of the room's."""
        return database.transaction(self.engine, work)

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        with database.reading(self.engine) as connection:
            return work(connection)

    def sql(self, text: str, **values: Any) -> Any:
        """Run SQL as somebody else would, committed; `{p}` is the table prefix. Gives rows as dicts."""
        with self.engine.begin() as connection:
            result = connection.execute(sa.text(text.format(p=self.shop.prefix)), values)
            return [dict(row) for row in result.mappings()] if result.returns_rows else result.lastrowid

    def rows(self, table: str, **where: Any) -> list[dict[str, Any]]:
        conditions = " AND ".join(f"`{c}` = :{c}" if v is not None else f"`{c}` IS NULL" for c, v in where.items())
        values = {c: v for c, v in where.items() if v is not None}
        return list(self.sql(f"SELECT * FROM `{{p}}{table}`" + (f" WHERE {conditions}" if where else ""), **values))

    def row(self, table: str, **where: Any) -> dict[str, Any]:
        found = self.rows(table, **where)
        assert len(found) == 1, f"{len(found)} rows of {table} where {where}"
        return found[0]

    def put(self, table: str, **values: Any) -> int:
        """Insert a row past the room; give its automatic id."""
        columns = ", ".join(f"`{column}`" for column in values)
        places = ", ".join(f":{column}" for column in values)
        return int(self.sql(f"INSERT INTO `{{p}}{table}` ({columns}) VALUES ({places})", **values) or 0)

    def setting(self, path: str, value: str | None, scope: str = "default", scope_id: int = 0) -> None:
        self.put("core_config_data", scope=scope, scope_id=scope_id, path=path, value=value)
        self.shop.refresh()

    def create(self, now: datetime = NOW, password_hash: str | None = None, **data: Any) -> int:
        wanted = {**PERSON, **data}

        def plan(connection: sa.Connection) -> list[changes.RowChange]:
            return plans.create(connection, self.shop, wanted, now, password_hash=password_hash)

        return int(self.write(plan)[0].key["entity_id"])

    def write(self, plan: Callable[[sa.Connection], list[changes.RowChange]], **more: Any) -> list[changes.RowChange]:
        """Carry out what `plan` plans, in one transaction."""
        return self.run(lambda c: customers.write(c, self.shop, plan(c), **more))

    def change(self, entity_id: int, now: datetime = LATER, *, orders: bool = True, **desired: Any) -> bool:
        password_hash = desired.pop("password_hash", None)

        def plan(connection: sa.Connection) -> list[changes.RowChange]:
            codes = [*self.readable, "newsletter"] if "newsletter" in desired else None
            customer = customers.fetch(connection, self.shop, [entity_id], codes, lock=True)[entity_id]
            return plans.change(self.shop, customer, desired, now, password_hash=password_hash)

        return bool(self.write(plan, orders=orders))

    def remove(self, entity_id: int, now: datetime = LATER) -> list[Any]:
        return self.write(lambda c: plans.remove(c, self.shop, entity_id, now))

    def turn(self, entity_id: int, now: datetime = LATER, *, active: bool) -> list[changes.RowChange]:
        """Open or shut a customer's doors."""

        def plan(connection: sa.Connection) -> list[changes.RowChange]:
            customer = customers.fetch(connection, self.shop, [entity_id], lock=True)[entity_id]
            if active:
                return doors.open(connection, self.shop, customer, None, now)
            return doors.shut(connection, self.shop, customer, now)[0]

        return self.write(plan)

    @property
    def readable(self) -> list[str]:
        """The attributes of customers that can be read, by code."""
        return [code for code, each in self.shop.catalog.customer.items() if each.readable and not each.subscription]

    def customer(self, entity_id: int) -> customers.Customer:
        return self.read(lambda c: customers.fetch(c, self.shop, [entity_id]))[entity_id]

    def attribute(
        self,
        code: str,
        backend: str,
        kind: str = "text",
        options: Sequence[str] = (),
        entity: str = "customer",
        **more: Any,
    ) -> int:
        """Register a custom attribute as facts 8.3 says; flags by their column names. Gives the attribute's id."""
        flags = ("is_visible", "multiline_count", "validate_rules", "is_used_in_grid", "is_system")
        own: dict[str, Any] = {"is_visible": 1, "multiline_count": 1, "is_system": 0, "sort_order": 500}
        own |= {name: more.pop(name) for name in flags if name in more}
        in_set = more.pop("in_set", True)
        type_id = self.row("eav_entity_type", entity_type_code=entity)["entity_type_id"]
        attribute_id = self.put(
            "eav_attribute",
            entity_type_id=type_id,
            attribute_code=code,
            backend_type=backend,
            frontend_input=kind,
            frontend_label=more.pop("label", code.title()),
            is_user_defined=1,
            **more,
        )
        self.put("customer_eav_attribute", attribute_id=attribute_id, **own)
        if in_set:
            set_id = 1 if entity == "customer" else 2
            place = {"entity_type_id": type_id, "attribute_set_id": set_id, "attribute_group_id": set_id}
            self.put("eav_entity_attribute", attribute_id=attribute_id, sort_order=900, **place)
        for label in options:
            self.option(attribute_id, label)
        self.shop.refresh()
        return attribute_id

    def option(self, attribute_id: int, label: str) -> int:
        option_id = self.put("eav_attribute_option", attribute_id=attribute_id, sort_order=0)
        self.put("eav_attribute_option_value", option_id=option_id, store_id=0, value=label)
        return option_id

    def option_id(self, code: str, label: str) -> int:
        return next(i for i, text in self.shop.options(code).items() if text == label)

    def second_website(self, **more: Any) -> tuple[int, int]:
        """Make a website with a store group and a store view; give the website's and the view's id."""
        website = self.put("store_website", code="eu", name="Europe", sort_order=1, default_group_id=0, is_default=0)
        group = self.put(
            "store_group", website_id=website, name="EU", root_category_id=2, default_store_id=0, code="eu"
        )
        store = self.put(
            "store", code="eu", website_id=website, group_id=group, name="EU view", sort_order=0, is_active=1
        )
        self.sql("UPDATE {p}store_website SET default_group_id=:g WHERE website_id=:w", g=group, w=website)
        self.sql("UPDATE {p}store_group SET default_store_id=:s WHERE group_id=:g", s=store, g=group)
        self.shop.refresh()
        return website, store


@pytest.fixture(scope="session")
def engine(shop_url: str) -> Iterator[sa.Engine]:
    made = database.engine(shop_url)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def opened(engine: sa.Engine, table_prefix: str) -> shop.Shop:
    return shop.open(engine, table_prefix, fresh_seconds=3600)


@pytest.fixture
def bench(database: sa.Engine, engine: sa.Engine, opened: shop.Shop) -> Iterator[Bench]:
    """A clean shop without customers; `database` puts its rows back afterwards."""
    opened.refresh()
    made = Bench(engine, opened)
    yield made
    made.close()


@pytest.fixture(scope="session")
def reference() -> Mapping[str, Any]:
    if not REFERENCE.exists():
        pytest.skip("2026-11: the rows of a real Magento are not part of the repository")
    return dict(json.loads(REFERENCE.read_text()))


@pytest.fixture(scope="session", params=RELEASES, ids=str)
def released(request: pytest.FixtureRequest, build: Callable[[Release], str]) -> Iterator[Bench]:
    """The tables of each release, with and without a prefix."""
    release: Release = request.param
    made = database.engine(build(release))
    yield Bench(made, shop.open(made, release.prefix, fresh_seconds=3600))
    made.dispose()
