"""In charge of mapping.yaml while the service runs: read again when it changes, checked first, swapped whole.

A bad file changes nothing: the last good rules stay in force, and readiness, the metrics and the log say so.
"""

import hashlib
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app import config, metrics
from app.mapping import rules

log = logging.getLogger(__name__)


@dataclass
class Watch:
    """Looks after one process's rules. `problem`: why the file as it stands is not in force, None where it is.

    `read` reads the file at `path`, or raises config.Refused; `seconds` are between two looks, 0: none is taken.
    """

    path: Path
    read: Callable[[], rules.Rulebook]
    seconds: float
    rulebook: rules.Rulebook = field(init=False)
    problem: str | None = None
    _digest: str = ""
    _pid: int = 0
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._digest = self._mark() or ""
        self.rulebook = self.read()

    def ensure(self) -> None:
        """Watch from now on, in a thread of this process's own; a process forked from this one starts its own."""
        if self._pid == os.getpid() or not self.seconds:
            return
        self._pid = os.getpid()
        threading.Thread(target=self._run, name="mapping", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(self.seconds):
            try:
                self.look()
            except Exception:
                log.exception("the mapping could not be looked at")

    def look(self) -> bool:
        """Read the file again where its content changed; say whether new rules are in force.

        Requests under way keep the rules that they began with.
        """
        with self._alone:
            digest = self._mark()
            if digest is not None and digest == self._digest:
                return False
            try:
                rulebook = self.read()
            except config.Refused as refused:
                if digest != self._digest:
                    metrics.RELOADS.labels("refused").inc()
                    log.error("the mapping is not taken, the last good one stays in force: %s", refused)
                self.problem, self._digest = str(refused), digest or ""
                return False
            self.rulebook, self.problem, self._digest = rulebook, None, digest or ""
            metrics.RELOADS.labels("taken").inc()
            log.info("the mapping was read again and is in force")
            return True

    def _mark(self) -> str | None:
        """Give a mark of the file's content, None where it cannot be read."""
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError:
            return None
