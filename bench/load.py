"""Sends requests over kept-alive connections and takes the times; raw sockets, so that it costs the machine little."""

import contextlib
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

END = b"\r\n\r\n"
PATIENCE = 600  # seconds for one answer
APART = 0.005  # seconds between the opening of connections: clients do not come all in one moment
Judge = Callable[[bytes], bool]
BODILESS = (204, 304)


@dataclass
class Outcome:
    """What came of some requests: seconds in all, each one's latency, and the answers that were not as expected."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    sample: str = ""

    def fail(self, kind: str, text: bytes = b"") -> None:
        """Count what went wrong, and keep the first answer."""
        self.errors[kind] += 1
        self.sample = self.sample or text.decode(errors="replace")[:1000]


class Line:
    """One kept-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.sent = 0.0
        self.body_from = self.length = -1

    def send(self, request: bytes) -> None:
        """Send one request."""
        self.buffer.clear()
        self.body_from = self.length = -1
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has come; True when the answer is whole. Raises ConnectionError when the service hangs up."""
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionResetError("the service hung up")
        self.buffer += part
        if self.body_from < 0:
            end = self.buffer.find(END)
            if end < 0:
                return False
            self.body_from = end + len(END)
            self.length = self._length(bytes(self.buffer[:end]).lower())
        return len(self.buffer) >= self.body_from + self.length

    def _length(self, head: bytes) -> int:
        if self.status in BODILESS:
            return 0
        _, found, rest = head.partition(b"\r\ncontent-length:")
        if not found:
            raise ConnectionError("an answer without Content-Length")
        return int(rest.partition(b"\r\n")[0])

    @property
    def status(self) -> int:
        """The answer's status."""
        return int(self.buffer[9:12])

    @property
    def body(self) -> bytes:
        """The answer's body."""
        return bytes(self.buffer[self.body_from :])


def run(
    port: int,
    requests: Iterator[bytes],
    *,
    seconds: float | None = None,
    concurrency: int = 8,
    expected: tuple[int, ...] = (200,),
    right: Judge | None = None,
) -> Outcome:
    """Send requests to 127.0.0.1, `concurrency` at a time, until they end or the time is up.

    expected: the statuses that are no errors; `right` judges such an answer's body. Those under way at the end are
    waited for and counted.
    """
    outcome = Outcome()
    with contextlib.ExitStack() as stack, select.epoll() as poll:
        lines: dict[int, Line] = {}
        started = time.perf_counter()
        until = started + seconds if seconds is not None else float("inf")
        opened = 0
        while lines or opened < concurrency:
            if opened < concurrency and time.perf_counter() >= started + opened * APART:
                opened += 1
                line = Line(port)
                stack.callback(line.socket.close)
                if _next(line, requests):
                    lines[line.socket.fileno()] = line
                    poll.register(line.socket.fileno(), select.EPOLLIN)
                else:
                    opened = concurrency
            if not lines and opened == concurrency:
                break
            events = poll.poll(APART if opened < concurrency else PATIENCE)
            if not events and lines and opened == concurrency:
                outcome.fail("no answer")
                break
            for number, _ in events:
                if not _take(lines[number], outcome, expected, right):
                    continue
                if time.perf_counter() >= until or not _next(lines[number], requests):
                    poll.unregister(number)
                    del lines[number]
        outcome.seconds = time.perf_counter() - started
    return outcome


def _next(line: Line, requests: Iterator[bytes]) -> bool:
    request = next(requests, None)
    if request is not None:
        line.send(request)
    return request is not None


def _take(line: Line, outcome: Outcome, expected: tuple[int, ...], right: Judge | None) -> bool:
    """Read on; True when the line is free for the next request."""
    if not line.receive():
        return False
    outcome.latencies.append(time.perf_counter() - line.sent)
    if line.status not in expected:
        outcome.fail(str(line.status), line.body)
    elif right is not None and not right(line.body):
        outcome.fail("wrong answer", line.body)
    return True
