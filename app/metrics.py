"""In charge of the metrics: counted in every process, put together when somebody reads them.

With several processes set PROMETHEUS_MULTIPROC_DIR to an empty folder before they start, as `make run` does. Labels are
bounded: routes, methods, status codes, profiles, the names of tolerances; never a user.
"""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import flask
import prometheus_client
import sqlalchemy as sa
from prometheus_client import multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app import logs
from app.ledger import settings, tokens
from app.magento import database, driver_errors, guard
from app.magento import errors as shop_errors
from app.mapping import sweep, totals, ways

if TYPE_CHECKING:
    from app import service

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
REQUESTS = prometheus_client.Counter("scim_requests", "Requests", ["method", "route", "status", "profile"])
SECONDS = prometheus_client.Histogram(
    "scim_request_seconds", "Time to the answer", ["method", "route"], buckets=BUCKETS
)
STATEMENTS = prometheus_client.Histogram("scim_database_seconds", "Time of a statement", buckets=BUCKETS)
FAULTS = prometheus_client.Counter("scim_database_faults", "Statements that failed", ["kind"])
RETRIES = prometheus_client.Counter("scim_database_retries", "Transactions that started again", ["reason"])
TOLERANCES = prometheus_client.Counter("scim_tolerances", "Tolerances of profiles that were needed", ["tolerance"])
RELOADS = prometheus_client.Counter("scim_mapping_reloads", "Mappings that were read while running", ["outcome"])
READS = prometheus_client.Counter("scim_reads", "Reads by the server that was asked, with a read replica", ["server"])
UNHEARD = prometheus_client.Counter("scim_requests_unheard", "Requests that were neither recorded nor counted by seen")


def count(response: flask.Response, profile: str) -> None:
    """Count a request that was answered."""
    method, route = flask.request.method, logs.route()
    method = method if method in METHODS else "other"
    REQUESTS.labels(method, route, str(response.status_code), profile).inc()
    if "began" in flask.g:
        SECONDS.labels(method, route).observe(time.perf_counter() - flask.g.began)


def listen(*engines: sa.Engine) -> None:
    """Measure every statement of some engines."""

    def begin(connection: sa.Connection, *_: Any) -> None:
        connection.info["began"] = time.perf_counter()

    def end(connection: sa.Connection, *_: Any) -> None:
        STATEMENTS.observe(time.perf_counter() - connection.info.pop("began", time.perf_counter()))

    def fault(context: sa.engine.ExceptionContext) -> None:
        code = driver_errors.number(context.original_exception)
        FAULTS.labels(KINDS.get(code, "lost" if context.is_disconnect else "other")).inc()

    if _again not in database.HEARD:
        database.HEARD.append(_again)
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", begin)
        sa.event.listen(engine, "after_cursor_execute", end)
        sa.event.listen(engine, "handle_error", fault)


def _again(reason: str) -> None:
    RETRIES.labels(reason).inc()


KINDS = {1213: "deadlock", 1205: "lock_wait", 1062: "duplicate"}  # the first two make a transaction start again


class Standing(Collector):
    """What is read from the database when somebody asks: tokens, locks, the journal."""

    def __init__(self, here: "service.Service") -> None:
        self.here = here

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give the gauges; without the database only that it is away."""
        up = GaugeMetricFamily("scim_database_up", "Whether the shop's database answers")
        mapping = GaugeMetricFamily("scim_mapping_current", "Whether mapping.yaml as it stands is in force")
        mapping.add_metric([], 0 if self.here.watch.problem else 1)
        yield mapping
        try:
            found = list(self._read())
        except shop_errors.ShopError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield from (up, *found)

    def _read(self) -> Iterator[GaugeMetricFamily]:
        here, now = self.here, datetime.now(UTC).replace(tzinfo=None)
        expiry = GaugeMetricFamily("scim_token_expires_seconds", "Until a token expires", labels=["token", "tenant"])
        with database.reading(here.shop.reader) as connection:
            for token in tokens.fetch(connection, here.ledger):
                if token.expires_at is not None and token.alive(now):
                    expiry.add_metric([token.name, token.tenant], (token.expires_at - now).total_seconds())
            yield expiry
            swept = settings.swept_at(connection, here.ledger)
            if swept is not None:
                age = GaugeMetricFamily("scim_sweep_age_seconds", "Since leavers were last swept")
                age.add_metric([], (now - swept).total_seconds())
                yield age
            held = GaugeMetricFamily("scim_guard_on", "Whether the guard of leavers is on, as this version makes it")
            stands = guard.status(connection, ways.prefixed(here.shop.prefix))
            held.add_metric([], int(stands.on and stands.current))
            yield held
            for name, query in self._queries().items():
                gauge = GaugeMetricFamily(name, MEANINGS[name])
                gauge.add_metric([], self._count(connection, name, query))
                yield gauge

    def _queries(self) -> dict[str, sa.Select[Any]]:
        ledger, entity = self.here.ledger, self.here.shop.tables["customer_entity"]
        linked, journal = ledger.link, ledger.journal
        count = sa.select(sa.func.count())
        return {
            "scim_users": count.select_from(linked),
            "scim_users_inactive": count.select_from(
                linked.join(entity, entity.c.entity_id == linked.c.entity_id)
            ).where(entity.c.is_active == 0),
            "scim_locks_held": count.select_from(ledger.inactive),
            "scim_locks_open": count.select_from(sweep.undone(self.here.oversight("metrics")).subquery()),
            "scim_deletions_held": count.select_from(ledger.held),
            "scim_journal_entry": sa.select(sa.func.coalesce(sa.func.max(journal.c.entry_id), 0)),
        }

    def _count(self, connection: sa.Connection, name: str, query: sa.Select[Any]) -> float:
        """Count; a large number, which takes long, is kept for a while."""
        kept: dict[str, tuple[float, float]] = self.here.shop.lasting("gauges", dict)
        number, at = kept.get(name, (0.0, 0.0))
        large = kept.get("scim_users", (0.0, 0.0))[0] >= totals.LARGE
        if name in COUNTED and name in kept and large and time.monotonic() - at <= GAUGE_SECONDS:
            return number
        kept[name] = (float(connection.execute(query).scalar_one()), time.monotonic())
        return kept[name][0]


COUNTED = ("scim_users", "scim_users_inactive", "scim_locks_held", "scim_locks_open")
GAUGE_SECONDS = 300.0  # for which the counts of a large shop are kept: somebody scrapes every few seconds
MEANINGS = {
    "scim_users": "Managed customers",
    "scim_users_inactive": "Managed customers that are deactivated",
    "scim_locks_held": "Customers whom a deactivation keeps out",
    "scim_locks_open": "Of those: who have come open, and wait for the sweep",
    "scim_deletions_held": "Deletions that wait for a person",
    "scim_journal_entry": "The newest entry of the journal",
}


def exposition(here: "service.Service") -> tuple[str, str]:
    """Give the metrics of all processes as text, and its media type."""
    registry = prometheus_client.CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        for metric in (REQUESTS, SECONDS, STATEMENTS, FAULTS, RETRIES, TOLERANCES, RELOADS, READS, UNHEARD):
            registry.register(metric)
    registry.register(Standing(here))
    return prometheus_client.generate_latest(registry).decode(), prometheus_client.CONTENT_TYPE_LATEST
