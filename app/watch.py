"""In charge of mapping.yaml while the service runs: read again when it changes, checked first, swapped whole.

A bad file changes nothing: the last good rules stay in force, and readiness, the metrics and the log say so.
"""

import contextlib
import hashlib
import logging
import os
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app import config, metrics
from app.mapping import rules

log = logging.getLogger(__name__)


class Kept:
    """The text of the last good file, for the processes that are forked from this one: a file without a name.

    A worker that starts while the file is bad takes it from here, so that all workers have the same rules.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="magento-scim-")  # noqa: SIM115 - open as long as anybody looks
        weakref.finalize(self, self._file.close)

    def put(self, data: bytes) -> None:
        """Keep a text; who reads meanwhile finds nothing or one of both."""
        whole = _digest(data).encode() + data
        os.pwrite(self._file.fileno(), whole, 0)
        os.ftruncate(self._file.fileno(), len(whole))

    def get(self) -> bytes | None:
        """Give the text that was kept last; None for none, or for one that is just being written."""
        number = self._file.fileno()
        whole = os.pread(number, os.fstat(number).st_size, 0)
        return whole[64:] if whole and _digest(whole[64:]) == whole[:64].decode("ascii", "replace") else None


@dataclass
class Watch:
    """Looks after one process's rules. `problem`: why the file as it stands is not in force, None where it is.

    `read` makes rules of the text of the file at `path`, or raises config.Refused; `seconds` are between two looks, 0:
    none is taken but when somebody asks for it (`look`).
    """

    path: Path
    read: Callable[[bytes], rules.Rulebook]
    seconds: float
    rulebook: rules.Rulebook = field(init=False)
    problem: str | None = None
    _seen: str = ""  # the digest of the file when it was looked at last
    _taken: str = ""  # the digest of the file whose rules are in force
    _kept: Kept | None = None
    _pid: int = 0
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._kept = Kept() if self.seconds else None
        self._take(self._text())

    def ensure(self) -> None:
        """Watch from now on, in a thread of this process's own; a process forked from this one starts its own.

        It looks at once: the file may have changed since the process that this one was forked from has read it.
        """
        if self._pid == os.getpid() or not self.seconds:
            return
        self._pid = os.getpid()
        self._alone = threading.Lock()  # a thread that held it when this process was forked is not here
        self.look()
        threading.Thread(target=_look_on, args=(weakref.ref(self), self.seconds), name="mapping", daemon=True).start()

    def look(self) -> bool:
        """Read the file again where its content changed; say whether new rules are in force.

        Requests under way keep the rules that they began with.
        """
        with self._alone:
            try:
                data = self._text()
                if _digest(data) == self._seen:
                    self._recall()
                    return False
                self._take(data)
            except config.Refused as refused:
                self._refuse(str(refused))
                return False
            metrics.RELOADS.labels("taken").inc()
            log.info("the mapping was read again and is in force")
            return True

    def _text(self) -> bytes:
        """Read the file; raises config.Refused."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            self._seen = ""
            raise config.Refused(f"Cannot read the mapping {self.path}: {error.strerror}. Set SCIM_MAPPING.") from error

    def _take(self, data: bytes) -> None:
        """Put a text's rules in force; raises config.Refused, and changes none, where it has mistakes."""
        self._seen = _digest(data)
        self.rulebook = self.read(data)
        self._taken, self.problem = self._seen, None
        if self._kept:
            self._kept.put(data)

    def _refuse(self, problem: str) -> None:
        """Say once why the file is not in force."""
        if problem != self.problem:
            metrics.RELOADS.labels("refused").inc()
            log.error("the mapping is not taken, the last good one stays in force: %s", problem)
        self.problem = problem
        self._recall()

    def _recall(self) -> None:
        """While the file is bad, have the last good rules in force that any process of this service took."""
        data = self._kept.get() if self._kept and self.problem else None
        if data is not None and _digest(data) != self._taken:
            with contextlib.suppress(config.Refused):
                self.rulebook, self._taken = self.read(data), _digest(data)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _look_on(watched: weakref.ref[Watch], seconds: float) -> None:
    """Look now and then until nobody needs the rules any more."""
    while True:
        time.sleep(seconds)
        watch = watched()
        if watch is None:
            return
        try:
            watch.look()
        except Exception:
            log.exception("the mapping could not be looked at")
        del watch
