"""The settings of gunicorn that are the same wherever we run: `gunicorn -c python:app.workers wsgi:application`."""

import os
from typing import Any

from prometheus_client import multiprocess

preload_app = True
worker_class = "gthread"
control_socket_disable = True


def child_exit(_server: Any, worker: Any) -> None:
    """Forget what a worker that ended showed of itself alone; what it counted stays."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
