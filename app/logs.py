"""In charge of the log: a line of JSON each, with the request's id, and nothing that tells who somebody is.

Who asked is named by the token, whom it was about by the id. URLs stand in it as their routes, without their queries.
"""

import logging
import sys
import time
from typing import Any

import flask
import structlog

REQUESTS = structlog.stdlib.get_logger("app.requests")
SHARED: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


def configure(level: str, form: str) -> None:
    """Send every log line of this process to stderr; `form` is json or text."""
    shown: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "text":
        shown = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, shown]
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def begin(request_id: str) -> None:
    """Name the request in every line until it ends."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    flask.g.began = time.perf_counter()


def end(response: flask.Response) -> None:
    """Write the line of a request that was answered."""
    caller = flask.g.get("caller")
    REQUESTS.info(
        "request",
        method=flask.request.method,
        route=route(),
        status=response.status_code,
        ms=round((time.perf_counter() - flask.g.began) * 1000, 1),
        tenant=flask.g.get("tenant_name"),
        token=caller.name if caller else None,
    )


def route() -> str:
    """Give the request's route, as the URL table has it; the same text for all that is in no table."""
    rule = flask.request.url_rule
    return rule.rule if rule is not None else "(none)"
