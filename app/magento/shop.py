"""In charge of what is known about one shop: its tables, and what its admin can change, read in time."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from app.magento import cascades, catalog, countries, database, errors, features, options, schema, settings, triggers

log = logging.getLogger(__name__)

Attribute = catalog.Attribute
Choices = Mapping[int, Mapping[int, str]]
"""Of some selects: attribute id -> option id -> the admin's label."""

RETRY_SECONDS = 5.0
CASCADES_SECONDS = 600.0  # foreign keys and triggers change when somebody installs a module
MISS_SECONDS = 1.0  # misses come in crowds; one reading serves them
MOST_MISSES = 10_000
SAID = ("catalog", "stores", "settings", "groups", "options", "countries")  # what rules may ask of a shop
LASTING_SECONDS = 3600.0  # no longer, since some of Magento's rules go by the day


@dataclass(frozen=True)
class Snapshot:
    """What the admin can change, as it was when it was read (monotonic seconds)."""

    catalog: catalog.Catalog
    stores: settings.Stores
    settings: settings.Settings
    groups: Mapping[int, str]
    options: Choices
    countries: countries.Countries
    grid: sa.Table | None
    read_at: float
    prepared: dict[Hashable, Any] = field(default_factory=dict)
    lasting: dict[Hashable, Any] = field(default_factory=dict)
    lasting_since: float = field(default_factory=time.monotonic)

    def after(self, earlier: Snapshot) -> Snapshot:
        """Give this snapshot with what lasts of an earlier one, where the admin has changed nothing since."""
        said = all(getattr(self, name) == getattr(earlier, name) for name in SAID)
        if not said or self.read_at - earlier.lasting_since > LASTING_SECONDS:
            return self
        return replace(self, lasting=earlier.lasting, lasting_since=earlier.lasting_since)


class Shop:
    """One shop. Everything in it is safe to share between threads.

    catalog, stores, settings, groups (id -> code), options and countries are read again after fresh_seconds; when that
    fails the last known ones stay. features: what this release does. overrides: settings locked outside the database.
    reader: an engine in autocommit for what only reads and ends no transaction, the same one where none is given.
    """

    def __init__(
        self,
        engine: sa.Engine,
        tables: schema.Tables,
        *,
        fresh_seconds: float = 60,
        overrides: Mapping[str, str | None] | None = None,
        reader: sa.Engine | None = None,
    ) -> None:
        self.engine = engine
        self.reader = reader or engine
        self.tables = tables
        self.prefix = tables.prefix
        self.features = features.detect(tables)
        self.fresh_seconds = fresh_seconds
        self.overrides = dict(overrides or {})
        self._reading = threading.Lock()
        self._cascades: tuple[float, cascades.Cascades] | None = None
        self._triggers: tuple[float, frozenset[str]] | None = None
        self._made: Choices = {}
        self._missing = threading.Lock()
        self._misses: dict[tuple[int, object], float] = {}
        self._grid: sa.Table | None = None
        with database.reading(self.reader) as connection:
            self._snapshot = self._read(connection)

    @property
    def engines(self) -> tuple[sa.Engine, ...]:
        """The engines that statements go through."""
        return (self.engine,) if self.reader is self.engine else (self.engine, self.reader)

    def dispose(self) -> None:
        """Close the connections; new ones are made at need."""
        for engine in self.engines:
            engine.dispose()

    @property
    def catalog(self) -> catalog.Catalog:
        return self._fresh().catalog

    @property
    def stores(self) -> settings.Stores:
        return self._fresh().stores

    @property
    def settings(self) -> settings.Settings:
        return self._fresh().settings

    @property
    def groups(self) -> Mapping[int, str]:
        """Customer groups: id -> code."""
        return self._fresh().groups

    @property
    def countries(self) -> countries.Countries:
        """Countries and their regions."""
        return self._fresh().countries

    @property
    def grid(self) -> sa.Table | None:
        """The customer grid's table as it is now, None when the shop has none."""
        return self._fresh().grid

    def options(self, code: str) -> Mapping[int, str]:
        """Give the choices of a customers' select: option id -> the admin's label."""
        attribute = self.catalog.customer.get(code)
        return self.options_of(attribute) if attribute else {}

    def options_of(self, attribute: Attribute) -> Mapping[int, str]:
        """Give the choices of a customers' or addresses' select."""
        number = attribute.attribute_id or 0
        return {**self._fresh().options.get(number, {}), **self._made.get(number, {})}

    def options_now(self, attribute: Attribute, miss: object) -> Mapping[int, str]:
        """Read a select's choices again for an option nobody knew of, unless it was missed within the last second."""
        number = attribute.attribute_id or 0
        with self._missing:
            now = time.monotonic()
            if now - self._misses.get((number, miss), -MISS_SECONDS) >= MISS_SECONDS:
                with database.reading(self.reader) as connection:
                    self.learn({number: {}, **options.fetch(connection, self.tables, [number])})
                if len(self._misses) >= MOST_MISSES:
                    self._misses.clear()
                self._misses[number, miss] = now
        return self.options_of(attribute)

    def knowing(self, choices: Choices) -> Shop:
        """Give this shop as a transaction sees it that has made some choices, which nobody else may see yet."""
        if not choices:
            return self
        view = copy.copy(self)
        view._made = choices
        return view

    @property
    def makes_choices(self) -> bool:
        """Whether this is the shop as a transaction sees it that has made choices."""
        return bool(self._made)

    def forget_misses(self, choices: Choices) -> None:
        """Look again for options of these selects that were missed, at once: some are being made."""
        with self._missing:
            self._misses = {key: at for key, at in self._misses.items() if key[0] not in choices}

    def learn(self, choices: Choices) -> None:
        """Take over the choices of some selects as they were read just now."""
        self._change(options={**self._snapshot.options, **choices})

    def refresh_soon(self) -> None:
        """Read everything again unless that happened within the last second: for a miss."""
        if time.monotonic() - self._snapshot.read_at > MISS_SECONDS:
            self.refresh()

    def prepared(self, name: Hashable, build: Callable[[], Any]) -> Any:
        """Give what build makes, made once for every reading of the shop: for statements that are sent again."""
        kept = self._fresh().prepared
        if name not in kept:
            kept[name] = build()
        return kept[name]

    def lasting(self, name: Hashable, build: Callable[[], Any]) -> Any:
        """Give what build makes, made anew when the admin has changed anything, and once an hour."""
        kept = self._fresh().lasting
        if name not in kept:
            kept[name] = build()
        return kept[name]

    def cascades(self) -> cascades.Cascades:
        """Give the foreign keys of the database, read when they are first asked for and then every ten minutes."""
        kept = self._cascades
        if kept is None or time.monotonic() - kept[0] > CASCADES_SECONDS:
            with database.reading(self.reader) as connection:
                kept = (time.monotonic(), cascades.load(connection))
            self._cascades = kept
        return kept[1]

    def triggers(self) -> frozenset[str]:
        """Name the triggers that run before a customer's or address's row is written, read as often as `cascades`."""
        kept = self._triggers
        if kept is None or time.monotonic() - kept[0] > CASCADES_SECONDS:
            known = (*self.catalog.customer.values(), *self.catalog.address.values())
            tables = {self.prefix + attribute.table for attribute in known}
            with database.reading(self.reader) as connection:
                kept = (time.monotonic(), triggers.before(connection, tables))
            self._triggers = kept
        return kept[1]

    def refresh_grid(self, connection: sa.Connection) -> None:
        """Read the grid's columns again."""
        self._snapshot = replace(self._snapshot, grid=self._read_grid(connection), prepared={})

    def refresh_groups(self) -> None:
        """Read the customer groups again, always: another process may have made one this moment."""
        with database.reading(self.reader) as connection:
            self.read_groups(connection)

    def know_groups(self, connection: sa.Connection, ids: Iterable[int]) -> None:
        """Read the groups again over the connection, which sees its own uncommitted rows, unless all are known."""
        if not set(ids) <= set(self.groups):
            self.read_groups(connection)

    def read_groups(self, connection: sa.Connection) -> None:
        """Read the groups again over the connection: for rules that go by them, which another host may have changed."""
        groups = self._read_groups(connection)
        if groups != self._snapshot.groups:
            self._change(groups=groups)

    def refresh(self, connection: sa.Connection | None = None) -> None:
        """Read everything again now; over the given connection to see its own uncommitted rows."""
        if connection is not None:
            self._snapshot = self._read(connection).after(self._snapshot)
            return
        with database.reading(self.reader) as own:
            self._snapshot = self._read(own).after(self._snapshot)

    def _change(self, **read: Any) -> None:
        """Take over some of what the admin can change, as it was read just now."""
        self._snapshot = replace(self._snapshot, **read, lasting={}, lasting_since=time.monotonic())

    def _fresh(self) -> Snapshot:
        if time.monotonic() - self._snapshot.read_at < self.fresh_seconds:
            return self._snapshot
        if not self._reading.acquire(blocking=False):
            return self._snapshot  # another thread is at it; the last known state will do
        try:
            self.refresh()
        except errors.ShopError as error:
            log.warning("the shop's settings could not be read again: %s", error)
            soon = time.monotonic() - self.fresh_seconds + RETRY_SECONDS
            self._snapshot = replace(self._snapshot, read_at=soon)
        finally:
            self._reading.release()
        return self._snapshot

    def _read(self, connection: sa.Connection) -> Snapshot:
        attributes = catalog.load(connection, self.tables)
        stores = settings.load_stores(connection, self.tables)
        values = settings.load(connection, self.tables, stores, self.overrides)
        selects = [
            attribute.attribute_id
            for attribute in (*attributes.customer.values(), *attributes.address.values())
            if attribute.has_options and attribute.attribute_id is not None
        ]
        return Snapshot(
            catalog=attributes,
            stores=stores,
            settings=values,
            groups=self._read_groups(connection),
            options=options.fetch(connection, self.tables, selects),
            countries=countries.load(connection, self.tables),
            grid=self._read_grid(connection),
            read_at=time.monotonic(),
        )

    def _read_groups(self, connection: sa.Connection) -> Mapping[int, str]:
        group = self.tables["customer_group"]
        rows = connection.execute(sa.select(group.c.customer_group_id, group.c.customer_group_code))
        return {row[0]: row[1] for row in rows}

    def _read_grid(self, connection: sa.Connection) -> sa.Table | None:
        """A full reindex drops the grid and makes it anew, maybe with other columns (facts 5.2).

        The table stays the same object as long as it has the same columns: each other one would have its statements
        compiled, and kept, anew.
        """
        try:
            found = schema.table(connection, f"{self.prefix}customer_grid_flat")
        except sa.exc.NoSuchTableError:
            return None
        if self._grid is None or _columns(self._grid) != _columns(found):
            self._grid = found
        return self._grid


def _columns(table: sa.Table) -> list[tuple[object, ...]]:
    return [(column.name, repr(column.type), column.nullable, column.primary_key) for column in table.columns]


def open(
    engine: sa.Engine,
    prefix: str = "",
    *,
    fresh_seconds: float = 60,
    overrides: Mapping[str, str | None] | None = None,
    reader: sa.Engine | None = None,
) -> Shop:
    """Read the shop behind the engine. Raises Unsupported when it is none, Unavailable when it is away."""
    with database.reading(engine) as connection:
        tables = schema.reflect(connection, prefix)
    return Shop(engine, tables, fresh_seconds=fresh_seconds, overrides=overrides, reader=reader)
