"""The settings of gunicorn that are the same wherever we run: `gunicorn -c python:app.workers wsgi:application`."""

import gc
import json
import logging
import os
from typing import Any

from gunicorn import util  # type: ignore[import-untyped]
from prometheus_client import multiprocess

from app import logs, service
from app.scim import errors, messages

preload_app = True
worker_class = "gthread"
control_socket_disable = True
GARBAGE = 10_000  # objects made and not freed, before the youngest are looked through
limit_request_line = 8190  # bytes, the most that it takes: filters can be long


def on_starting(_server: Any) -> None:
    """Have what gunicorn refuses before the service sees it refused as a SCIM Error, too: 400, 414, 431.

    And have its log, which quotes requests, masked.
    """
    util.write_error = _refuse
    logging.getLogger("gunicorn.error").addFilter(logs.Quiet())


def when_ready(_server: Any) -> None:
    """Have no worker look for garbage among all that was there before it was forked, which takes a tenth of a second.

    And let more objects come together before it looks among those: a page of a list alone makes two thousand.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)


def _refuse(socket: Any, status: int, reason: str, told: str) -> None:
    """Write the answer to a request that could not be read, in the place of gunicorn's page of HTML."""
    hint = (
        f" A request line has {limit_request_line} bytes at most: POST the query to .search." if status == 414 else ""
    )
    document = {**messages.error_document(errors.ScimError(f"{told or reason}.{hint}")), "status": str(status)}
    body = json.dumps(document).encode()
    head = (f"HTTP/1.1 {status} {reason}", "Connection: close", "Content-Type: application/scim+json")
    util.write_nonblock(socket, "\r\n".join((*head, f"Content-Length: {len(body)}", "", "")).encode() + body)


def on_reload(server: Any) -> None:
    """On SIGHUP read mapping.yaml again before the new workers are forked, whether it is watched or not.

    A bad file leaves the last good one in force. The workers before end after the requests that they have.
    """
    here: service.Service = server.app.wsgi().extensions["magento-scim"]
    here.watch.look()
    here.shop.dispose()  # what is forked from here must not share its connections


def child_exit(_server: Any, worker: Any) -> None:
    """Forget what a worker that ended showed of itself alone; what it counted stays."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
