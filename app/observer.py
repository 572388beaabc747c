"""In charge of what requests tell of their identity provider: heard in passing, counted and kept by a thread.

The thread of a request only puts aside what it has at hand, at most so much (MOST, WEIGHT), and goes on: what does not
fit is counted and forgotten. Only requests with a valid token are heard.
"""

import atexit
import json
import logging
import os
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import flask
import sqlalchemy as sa

from app import metrics
from app.ledger import addresses, recordings, sightings, tables
from app.magento import changes, database, shop
from app.magento import errors as shop_errors
from app.mapping import firing, masking, rules
from app.scim import leaves

log = logging.getLogger(__name__)
SECONDS = 2.0  # between two writes
MOST = 512  # requests that wait to be written
WEIGHT = 8 << 20  # bytes of their bodies and answers, together
LARGEST = 256 << 10  # bytes of a body or an answer that is kept
WSGI = {"Content-Type": "CONTENT_TYPE"}  # what the environment calls by another name
SPEAKS = ("create_", "replace_", "modify_", "bulk")  # endpoints whose bodies say what is to be
SORTS = {"type", "primary", "$ref"}  # sub-attributes that say which value is meant, or what it is
HEADERS = tuple((WSGI.get(name, f"HTTP_{name.upper().replace('-', '_')}"), name) for name in masking.HEADERS)
ENDPOINTS = dict.fromkeys(("user", "users", "me", "all"), "/Users")
ENDPOINTS |= {"group": "/Groups", "groups": "/Groups", "bulk": leaves.BULK}


class Heard(NamedTuple):
    """One request and its answer, as they were; `written`: the rows that it changed. A tuple, for it is made fast."""

    tenant: rules.Tenant
    at: float
    ms: float
    request_id: str
    actor: str
    endpoint: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes | str | None
    status: int
    answer_headers: list[tuple[str, str]]
    answer: bytes | str | None
    written: Sequence[Sequence[changes.RowChange]]

    @property
    def weight(self) -> int:
        """Say how many bytes it holds."""
        return sum(len(data) for data in (self.body, self.answer) if isinstance(data, bytes))


def take(response: flask.Response) -> Heard | None:
    """Put a request aside with its answer; None for one that no valid token came with."""
    held = vars(flask.g._get_current_object())
    caller, tenant = held.get("caller"), held.get("tenant")
    if caller is None or tenant is None:
        return None
    request: flask.Request = flask.request._get_current_object()  # type: ignore[attr-defined]
    environ, status = request.environ, response.status_code
    return Heard(
        tenant=tenant,
        at=time.time(),
        ms=(time.perf_counter() - held["began"]) * 1000,
        request_id=held["request_id"],
        actor=caller.name,
        endpoint=request.endpoint or "",
        method=request.method,
        path=request.path,
        query=environ.get("QUERY_STRING", ""),
        headers={name: environ[key] for key, name in HEADERS if key in environ},
        body=_bounded(held.get("sent")),
        status=status,
        answer_headers=list(response.headers),
        answer=_answer(response),
        written=held.get("written", ()) if status < 400 else (),
    )


def _answer(response: flask.Response) -> bytes | str | None:
    pieces = response.response
    if not isinstance(pieces, list):
        return "(written in pieces, not kept)"
    return _bounded(pieces[0] if len(pieces) == 1 else b"".join(pieces))


def _bounded(data: bytes | None) -> bytes | str | None:
    return f"({len(data)} bytes, too many to be kept)" if data is not None and len(data) > LARGEST else data


@dataclass
class Observer:
    """Keeps the last `keep` requests of each tenant, and counts what all hold where `counts`."""

    shop: shop.Shop
    ledger: tables.Tables
    keep: int
    counts: bool
    _heard: deque[Heard] = field(default_factory=deque)
    _weight: int = 0
    _masks: dict[int, masking.Mask] = field(default_factory=dict)
    _pid: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _alone: threading.Lock = field(default_factory=threading.Lock)

    @property
    def listens(self) -> bool:
        """Say whether anything is wanted of requests."""
        return self.counts or self.keep > 0

    def ensure(self) -> None:
        """Write from now on in a thread of this process's own, and what is left when the process ends."""
        if self._pid == os.getpid() or not self.listens:
            return
        self._pid = os.getpid()
        ours = weakref.ref(self)
        threading.Thread(target=_write_on, args=(ours,), name="observer", daemon=True).start()
        atexit.register(_write, ours)

    def hear(self, response: flask.Response) -> None:
        """Put a request aside; never raises."""
        if not self.listens:
            return
        try:
            heard = take(response)
        except Exception:
            log.exception("a request could not be put aside")
            return
        if heard is None:
            return
        weight = heard.weight
        with self._lock:
            if len(self._heard) < MOST and self._weight + weight <= WEIGHT:
                self._heard.append(heard)
                self._weight += weight
                return
        metrics.UNHEARD.inc()

    def flush(self) -> None:
        """Write what was put aside."""
        with self._alone:
            with self._lock:
                heard, self._heard, self._weight = self._heard, deque(), 0
            if not heard:
                return
            recorded = [found for each in self._last(heard) if (found := self._recorded(each))]
            counts = self._seen(heard) if self.counts else {}

            def work(connection: sa.Connection) -> None:
                if recorded:
                    recordings.add(connection, self.ledger, recorded, self.keep)
                fired = self._fired(connection, heard) if self.counts else {}
                sightings.add(connection, self.ledger, counts | fired)

            try:
                database.transaction(self.shop.engine, work)
            except shop_errors.ShopError as error:
                metrics.UNHEARD.inc(len(heard))
                log.warning("what %d requests told could not be written: %s", len(heard), error)

    def _last(self, heard: Iterable[Heard]) -> list[Heard]:
        """Give those that are to be kept: of each tenant the last ones."""
        held: dict[str, deque[Heard]] = {}
        for each in heard if self.keep else ():
            held.setdefault(each.tenant.name, deque(maxlen=self.keep)).append(each)
        return [each for several in held.values() for each in several]

    def _mask(self, tenant: rules.Tenant) -> masking.Mask:
        found = self._masks.get(id(tenant.ruleset))
        if found is None or found.ruleset is not tenant.ruleset:
            self._masks.clear()
            found = self._masks[id(tenant.ruleset)] = masking.Mask(tenant.ruleset)
        return found

    def _recorded(self, heard: Heard) -> recordings.Recording | None:
        url = f"{heard.path}?{heard.query}" if heard.query else heard.path
        try:
            kept = self._mask(heard.tenant).keep(url, _endpoint(heard), heard.body, heard.answer)
        except Exception:
            log.exception("a request could not be masked, and is not kept")
            return None
        return recordings.Recording(
            tenant=heard.tenant.name,
            request_id=heard.request_id,
            at=datetime.fromtimestamp(heard.at, UTC).replace(tzinfo=None),
            actor=heard.actor,
            method=heard.method[:16],
            url=kept.url,
            headers={name: value[:500] for name, value in heard.headers.items()},
            body=kept.body,
            status=heard.status,
            ms=round(heard.ms, 1),
            answer_headers={name: value for name, value in heard.answer_headers if name in masking.ANSWERED},
            answer=kept.answer,
        )

    def _seen(self, heard: Iterable[Heard]) -> dict[sightings.Key, sightings.Count]:
        """Count the attributes that bodies of changes hold, each once for a request."""
        found: dict[sightings.Key, sightings.Count] = {}
        for each in heard:
            if not _name(each).startswith(SPEAKS) or not isinstance(each.body, bytes) or each.status in (401, 403):
                continue
            try:
                body = json.loads(each.body)
                held = list(leaves.walk(body, self._mask(each.tenant).types, _endpoint(each)))
            except (ValueError, RecursionError):
                continue
            filled: dict[tuple[str, str], bool] = {}
            for leaf in held:
                if leaf.sub not in SORTS:
                    key = (leaf.resource_type.name, leaf.name)
                    filled[key] = filled.get(key, False) or leaf.value not in (None, "", [], {})
            at = datetime.fromtimestamp(int(each.at), UTC).replace(tzinfo=None)
            for (kind, name), full in filled.items():
                _add(found, (each.tenant.name, kind, name), sightings.Count(1, int(not full), at, at))
        return found

    def _fired(self, connection: sa.Connection, heard: Iterable[Heard]) -> dict[sightings.Key, sightings.Count]:
        """Count the rules that gave values that were written."""
        found: dict[sightings.Key, sightings.Count] = {}
        changed = [(each, [row for rows in each.written for row in rows]) for each in heard if each.written]
        named = addresses.named(connection, self.ledger, {i for _, rows in changed for i in firing.addresses(rows)})
        for each, rows in changed:
            at = datetime.fromtimestamp(int(each.at), UTC).replace(tzinfo=None)
            fired: Counter[str] = firing.of(each.tenant.ruleset, self.shop, rows, named)
            for name, times in fired.items():
                _add(found, (each.tenant.name, sightings.RULE, name), sightings.Count(times, 0, at, at))
        return found


def _add(found: dict[sightings.Key, sightings.Count], key: sightings.Key, count: sightings.Count) -> None:
    found[key] = found[key] + count if key in found else count


def _endpoint(heard: Heard) -> str:
    """Say whose endpoint a request was sent to; nothing for all of them."""
    return ENDPOINTS.get(_name(heard).rpartition("_")[2], "")


def _name(heard: Heard) -> str:
    return heard.endpoint.rpartition(".")[2]


def _write(observed: weakref.ref[Observer]) -> None:
    observer = observed()
    if observer is not None:
        try:
            observer.flush()
        except Exception:
            log.exception("what requests told could not be written")


def _write_on(observed: weakref.ref[Observer]) -> None:
    """Write now and then until nobody listens any more."""
    while True:
        time.sleep(SECONDS)
        if observed() is None:
            return
        _write(observed)
