"""In charge of how the service is: /healthz (it runs), /readyz (it can work), /metrics (for Prometheus).

They stand outside /scim: the web server in front need not pass them on.
"""

import time
from collections.abc import Callable
from typing import Any

import flask
import sqlalchemy as sa

from app import answers, metrics, service
from app.ledger import revisions
from app.magento import database, guard
from app.magento import errors as shop_errors
from app.mapping import ways

blueprint = flask.Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> flask.Response:
    """Say that the process answers; asks nobody else."""
    return _plain({"status": "ok"})


@blueprint.get("/readyz")
def ready() -> flask.Response:
    """Say whether requests can be served, and what stands in the way: 503 where anything does."""
    found = {name: _told(check) for name, check in CHECKS.items()}
    well = all(each["ok"] for each in found.values())
    return _plain({"status": "ready" if well else "not ready", "checks": found}, 200 if well else 503)


@blueprint.get("/metrics")
def measured() -> flask.Response:
    """Give the metrics of all processes of this host in Prometheus' text format."""
    text, kind = metrics.exposition(service.current())
    return flask.Response(text, content_type=kind)


def _plain(body: dict[str, Any], status: int = 200) -> flask.Response:
    return answers.write(body, status, {"Cache-Control": "no-store"}, answers.PLAIN_JSON)


def _told(check: Callable[["service.Service"], dict[str, Any]]) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        found = check(service.current())
    except shop_errors.ShopError as error:
        found = {"ok": False, "detail": str(error)}
    return {**found, "ms": round((time.perf_counter() - started) * 1000, 1)}


def _database(here: "service.Service") -> dict[str, Any]:
    with database.reading(here.shop.reader) as connection:
        connection.execute(sa.text("SELECT 1"))
    return {"ok": True}


def _tables(here: "service.Service") -> dict[str, Any]:
    with database.reading(here.shop.reader) as connection:
        revision = revisions.current(connection, here.config.prefix)
    if revision != revisions.newest():
        return {"ok": False, "detail": f"our tables are at revision {revision}: run `magento-scim install`"}
    return {"ok": True, "revision": revision}


def _mapping(here: "service.Service") -> dict[str, Any]:
    if here.watch.problem:
        return {"ok": False, "detail": f"the last good mapping is in force: {here.watch.problem}"}
    return {"ok": True}


def _indexer(here: "service.Service") -> dict[str, Any]:
    """Say how Magento's customer grid is; a grid that is being rebuilt stops nobody."""
    state = here.shop.tables.get("indexer_state")
    if state is None:
        return {"ok": True, "customer_grid": "unknown"}
    with database.reading(here.shop.reader) as connection:
        status = connection.execute(sa.select(state.c.status).where(state.c.indexer_id == "customer_grid")).scalar()
    return {"ok": True, "customer_grid": status or "unknown"}


def _guard(here: "service.Service") -> dict[str, Any]:
    """Say how the guard of leavers is; without it requests are served, and the sweep has to hold."""
    with database.reading(here.shop.reader) as connection:
        found = guard.status(connection, ways.prefixed(here.shop.prefix))
    if found.on and not found.current:
        return {"ok": True, "guard": "another version's", "detail": "run `magento-scim guard on`"}
    return {"ok": True, "guard": "on" if found.on else "off" if found.visible else "unknown"}


def _replica(here: "service.Service") -> dict[str, Any]:
    """Say how far the read replica is behind; one that is away stops nobody: reads go to the primary."""
    if here.replica is None:
        return {"ok": True, "detail": "none is set"}
    try:
        return {"ok": True, "behind_seconds": round(here.replica.lag(here.shop.reader), 1)}
    except shop_errors.ShopError as error:
        return {"ok": True, "detail": f"reads go to the primary: {error}"}


CHECKS = {
    "database": _database,
    "tables": _tables,
    "mapping": _mapping,
    "guard": _guard,
    "indexer": _indexer,
    "replica": _replica,
}
