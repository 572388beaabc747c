"""A server in front of the service that does one thing wrong, and notes what it was asked."""

import http.client
import http.server
import re
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """What goes wrong at the requests that fit, from the first to the `times`-th; `pass_on`: the service gets them."""

    request: str  # a regular expression over "METHOD /path"
    status: int = 500
    body: str = "oops"
    headers: dict[str, str] = field(default_factory=dict)
    pass_on: bool = False
    drop: bool = False
    seconds: float = 0
    times: int = 1_000
    rewrite: tuple[str, str] | None = None  # a regular expression over the true answer, and what comes instead


class Server(http.server.ThreadingHTTPServer):
    """Passes everything on to a service, but for its fault; `asked` holds every request as METHOD /path."""

    daemon_threads = True

    def __init__(self, behind: str, fault: Fault) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behind = urllib.parse.urlsplit(behind)
        self.fault = fault
        self.asked: list[str] = []
        self.left = fault.times
        self.reached = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/scim/v2"


class Handler(http.server.BaseHTTPRequestHandler):
    """One request, passed on or spoilt."""

    server: Server
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        asked = f"{self.command} {self.path.removeprefix('/scim/v2')}"
        self.server.asked.append(asked)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.fault
        if self.server.left <= 0 or not re.match(fault.request, asked):
            self._answer(*self._true(body))
            return
        self.server.left -= 1
        self.server.reached.set()
        time.sleep(fault.seconds)
        true = self._true(body) if fault.pass_on or fault.rewrite else None
        if fault.drop:
            self.close_connection = True
        elif fault.rewrite and true:
            status, headers, text = true
            self._answer(status, headers, re.sub(fault.rewrite[0].encode(), fault.rewrite[1].encode(), text))
        else:
            self._answer(fault.status, {"Content-Type": "text/html", **fault.headers}, fault.body.encode())

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def _true(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        behind = self.server.behind
        connection = http.client.HTTPConnection(behind.hostname or "", behind.port)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        connection.request(self.command, self.path, body or None, kept)
        answer = connection.getresponse()
        headers = {n: v for n, v in answer.getheaders() if n.lower() not in ("connection", "transfer-encoding")}
        found = answer.status, headers, answer.read()
        connection.close()
        return found

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() != "content-length":
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def serve(behind: str, fault: Fault) -> Iterator[Server]:
    """Run the server while the block runs."""
    server = Server(behind, fault)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
