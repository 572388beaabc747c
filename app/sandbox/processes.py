"""Watches and ends processes, and finds free ports: what the private server needs of the operating system."""

import contextlib
import ctypes
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from app.sandbox import errors

STOP_SECONDS = 30


def alive(pid: int) -> bool:
    """Tell whether a process runs; a dead one that its parent has not yet buried does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    status = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(OSError):
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    return not Path("/proc/self").exists()


def parent_of(pid: int) -> int | None:
    """Return the parent's process id; None where there is no /proc."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return None


def end(pid: int, ended: Callable[[], int | None]) -> None:
    """End a process: politely, and after STOP_SECONDS by force. `ended` gives None while it runs."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while ended() is None:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                return
            time.sleep(0.02)


def free_port(wanted: int | None) -> int:
    """Return the wanted loopback port when it is free, else any free one."""
    for port in (wanted, 0) if wanted else (0,):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise errors.SandboxError("No free TCP port on 127.0.0.1.")


def die_with_parent(parent: int) -> Callable[[], None] | None:
    """Return what the new process does first: ask Linux for SIGTERM when its parent dies, even by kill -9."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(1, signal.SIGTERM, 0, 0, 0)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)

    return ask
