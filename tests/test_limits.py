"""Limits: how much a request may ask, and how long it may take; what is told beyond, and that memory stays."""

import gzip
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from app.scim import bulk, messages
from bench import processor
from tests import live
from tests.users.conftest import PATCH, USER, Client, Make, ledger_tables, make, scim

__all__ = ["ledger_tables", "make", "scim"]
ADA = {"schemas": [USER], "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Lovelace"}}
GROWTH = 15  # MB that a worker may grow by another 70 bodies of up to 1 MB each, once its threads have had some


# --- time ---


@contextmanager
def _sleepy(client: Client, seconds: int) -> Iterator[None]:
    """Let every new customer take some seconds in the database."""
    client.execute(
        f"CREATE TRIGGER `{client.prefix}sleepy` BEFORE INSERT ON `{client.prefix}customer_entity`"
        f" FOR EACH ROW SET NEW.suffix = IF(SLEEP({seconds}), NEW.suffix, NEW.suffix)"
    )
    try:
        yield
    finally:
        client.execute(f"DROP TRIGGER `{client.prefix}sleepy`")


def test_a_statement_that_takes_too_long_is_ended_and_nothing_stands(make: Make) -> None:
    client = make(statement_seconds=1)
    with _sleepy(client, 8):
        started = time.monotonic()
        answer = client.send("POST", "/Users", ADA)
        took = time.monotonic() - started
    assert (answer.status_code, answer.get_json()["status"]) == (503, "503")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "SCIM_STATEMENT_SECONDS" in answer.get_json()["detail"]
    assert 0.9 < took < 4, took
    assert client.rows("customer_entity") == []
    assert client.send("POST", "/Users", ADA).status_code == 201, "and the same request succeeds"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_table_that_somebody_holds_is_not_waited_for_long(make: Make, method: str) -> None:
    """A backup's lock, an ALTER TABLE: the server itself would wait a day."""
    client = make(statement_seconds=1)
    with client.engine.connect() as other:
        other.execute(sa.text(f"LOCK TABLES `{client.prefix}customer_entity` WRITE"))
        started = time.monotonic()
        answer = client.send(method, "/Users", ADA if method == "POST" else None)
        took = time.monotonic() - started
        other.execute(sa.text("UNLOCK TABLES"))
    assert (answer.status_code, took < 5) == (503, True), (took, answer.text)
    assert client.get("/Users").status_code == 200


def test_a_bulk_request_answers_in_time_what_it_did_and_what_not(make: Make) -> None:
    client = make(bulk_seconds=1)
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"u{n}", "data": {**ADA, "userName": f"u{n}@example.com"}}
        for n in range(4)
    ]
    operations[2:2] = [{"method": "DELETE", "path": "/Users/4711"}] * 2  # so that those behind are no part of one crowd
    with _sleepy(client, 1):
        body = {"schemas": [bulk.REQUEST_URN], "Operations": operations}
        results = client.send("POST", "/Bulk", body).get_json()["Operations"]
    statuses = [each["status"] for each in results]
    assert (statuses[0], statuses[-1]) == ("201", "503"), statuses
    assert "again" in results[-1]["response"]["detail"]
    assert len(client.rows("customer_entity")) == statuses.count("201")


# --- size ---


def _patch(count: int) -> dict[str, Any]:
    operations = [{"op": "replace", "path": "title", "value": "x"}] * count
    return {"schemas": [PATCH], "Operations": operations}


def _bulk(count: int) -> dict[str, Any]:
    operations = [{"method": "DELETE", "path": "/Users/1"}] * count
    return {"schemas": [bulk.REQUEST_URN], "Operations": operations}


def _search(text: str) -> dict[str, Any]:
    return {"schemas": [messages.SEARCH_URN], "filter": text}


def _pieces(size: int) -> Iterator[bytes]:
    """Give a body without a length."""
    for _ in range(size >> 16):
        yield b" " * (1 << 16)


@pytest.fixture
def base(scim: Client, service_url: str) -> Iterator[str]:
    """The base URL of a service with one worker."""
    settings = {"SCIM_DATABASE_URL": service_url, "SCIM_TABLE_PREFIX": scim.prefix, "SCIM_MAX_BODY": str(1 << 20)}
    with live.serve(settings, workers=1) as served:
        yield served


def test_every_limit_of_size_has_its_answer(scim: Client, base: str) -> None:
    user_id = scim.create(userName="grace@example.com")["id"]
    rows: tuple[tuple[str, int, str, str, dict[str, Any]], ...] = (
        ("a body", 413, "POST", "/Users", {"content": b"x" * (2 << 20)}),
        ("a body without a length", 413, "POST", "/Users", {"content": _pieces(2 << 20)}),
        ("a request line", 414, "GET", "/Users?filter=" + "x" * 9000, {}),
        ("a header", 431, "GET", "/Users", {"headers": {"X-Long": "x" * 9000}}),
        ("cookies", 431, "GET", "/Users", {"headers": {"Cookie": "a=" + "x" * 9000}}),
        ("headers", 431, "GET", "/Users", {"headers": {f"X-{n}": "x" for n in range(120)}}),
        ("a filter", 400, "POST", "/Users/.search", {"json": _search('title eq "' + "x" * 10_001 + '"')}),
        ("a filter's depth", 400, "POST", "/Users/.search", {"json": _search("(" * 60 + "title pr" + ")" * 60)}),
        ("a filter's parts", 400, "POST", "/Users/.search", {"json": _search(" or ".join(["title pr"] * 300))}),
        ("operations of a PATCH", 413, "PATCH", f"/Users/{user_id}", {"json": _patch(10_001)}),
        ("operations of a Bulk", 413, "POST", "/Bulk", {"json": _bulk(1001)}),
        ("a body's depth", 400, "POST", "/Users", {"content": b'{"a":' * 60 + b"1" + b"}" * 60}),
    )
    for what, status, method, path, sent in rows:
        headers = {"Content-Type": "application/scim+json", **scim.headers, **sent.pop("headers", {})}
        answer = httpx2.request(method, base + path, headers=headers, timeout=20, **sent)
        assert (answer.status_code, answer.json()["status"]) == (status, str(status)), (what, answer.text[:300])


BOMBS: dict[str, bytes] = {
    "lists in lists": b"[" * 500_000 + b"]" * 500_000,
    "objects in objects": b'{"a":' * 170_000 + b"1" + b"}" * 170_000,
    "deep, in a value": b'{"schemas":["' + USER.encode() + b'"],"userName":' + b"[" * 400_000 + b"]" * 400_000 + b"}",
    "deep, and never closed": b'{"userName":' + b"[" * 1_000_000,
    "many names": json.dumps({f"n{n}": n for n in range(60_000)}).encode(),
    "one name often": b"{" + b",".join([b'"userName":"x"'] * 60_000) + b"}",
    "1e400": b'{"userName":"x","x":1e400}',
    "-1e999999999": b'{"userName":"x","x":-1e999999999}',
    "a number of many digits": b'{"userName":"x","x":' + b"9" * 900_000 + b"}",
    "a fraction of many digits": b'{"userName":"x","x":0.' + b"9" * 900_000 + b"}",
    "NaN": b'{"userName":"x","x":NaN}',
    "half a surrogate pair": b'{"userName":"\\ud800"}',
    "a long text as a name": b'{"userName":"' + b"x" * 1_000_000 + b'"}',
    "many short texts": b'{"userName":"x","emails":[' + b",".join([b'{"value":"a@b.c"}'] * 50_000) + b"]}",
    "no UTF-8": b'{"userName":"\xff\xfe"}',
    "UTF-16": '{"userName":"x"}'.encode("utf-16"),
    "a zip": b"PK\x03\x04" + b"\0" * 1000,
}


def test_a_json_bomb_is_refused_and_leaves_nothing_behind(scim: Client, base: str) -> None:
    headers = {"Content-Type": "application/scim+json", **scim.headers}
    port = int(base.split(":")[2].split("/")[0])
    pid = _listener(port)
    with httpx2.Client(headers=headers, timeout=20) as client:
        before = 0.0
        for turn in range(9):
            if turn == 5:  # each of its threads has had some, and keeps what it needed
                before = processor.resident(pid)
            for what, body in BOMBS.items():
                started = time.monotonic()
                answer = client.post(f"{base}/Users", content=body)
                assert answer.status_code in (400, 413), (what, answer.status_code, answer.text[:300])
                assert answer.json()["status"] == str(answer.status_code), what
                assert len(answer.content) < 2000, f"{what}: the answer repeats what was sent"
                assert time.monotonic() - started < 5, what
        grown = processor.resident(pid) - before
    print(f"The worker grew by {grown:.0f} MB.")
    assert grown < GROWTH, f"the worker grew by {grown:.0f} MB"
    assert scim.rows("customer_entity") == []


def _listener(port: int) -> int:
    """Find the worker of the service at a port."""
    (master,) = [
        pid
        for pid in processor.children(os.getpid())
        if f"127.0.0.1:{port}" in Path(f"/proc/{pid}/cmdline").read_text()
    ]
    return processor.children(master)[0]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-gzip, gzip"])
def test_a_body_in_a_coding_is_not_unpacked(scim: Client, coding: str) -> None:
    """Nobody has to unpack 1 MB that comes to 1 GB (RFC 9110 section 8.4: 415, and which codings are taken)."""
    bomb = gzip.compress(b" " * (1 << 20))
    answer = scim.send("POST", "/Users", bomb, Content_Encoding=coding)
    assert (answer.status_code, answer.get_json()["status"]) == (415, "415")
    assert answer.headers["Accept-Encoding"] == "identity"
    assert scim.send("POST", "/Users", ADA, Content_Encoding="identity").status_code == 201
