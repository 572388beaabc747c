"""The settings of gunicorn that are the same wherever we run: `gunicorn -c python:app.workers wsgi:application`."""

import os
from typing import Any

from prometheus_client import multiprocess

from app import service

preload_app = True
worker_class = "gthread"
control_socket_disable = True
limit_request_line = 8190  # bytes, the most that it takes: filters can be long


def on_reload(server: Any) -> None:
    """On SIGHUP read mapping.yaml again before the new workers are forked, whether it is watched or not.

    A bad file leaves the last good one in force. The workers before end after the requests that they have.
    """
    here: service.Service = server.app.wsgi().extensions["magento-scim"]
    here.watch.look()
    here.shop.engine.dispose()  # what is forked from here must not share its connections


def child_exit(_server: Any, worker: Any) -> None:
    """Forget what a worker that ended showed of itself alone; what it counted stays."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
