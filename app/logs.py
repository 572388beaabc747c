"""In charge of the log: a line of JSON each, with the request's id, and nothing that tells who somebody is.

Who asked is named by the token, whom it was about by the id. URLs stand in it as their routes, without their queries.
What others say may quote what a client sent: an exception's words, the database's, gunicorn's of what it cannot read.
Of those, addresses, queries and whatever stands in quotes are left out.
"""

import logging
import re
import sys
import time
import traceback
from collections.abc import MutableMapping
from typing import Any

import flask
import structlog

from app import jsontext

REQUESTS = structlog.get_logger()
COMMON: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)
ADDRESS = re.compile(r"""[^\s'"<>(),;:/?&=]+(?:@|%40)[^\s'"<>(),;:/?&=]*\.[^\W\d][^\s'"<>(),;:/?&=]*""")
QUERY = re.compile(r"\?\S+")
QUOTED = re.compile(r"""(['"]).*\1""", re.S)  # from the first to the last: a value may hold some itself


def masked(text: str) -> str:
    """Give what somebody else says without what may tell who a customer is."""
    return ADDRESS.sub("<address>", QUERY.sub("?<query>", QUOTED.sub("<quoted>", text)))


def told(error: BaseException) -> str:
    """Give an exception with those that it came of, their places, and their words as far as they tell nobody's name."""
    parts, at = list[str](), error
    while True:
        parts.append(f"{''.join(traceback.format_tb(at.__traceback__))}{type(at).__qualname__}: {masked(str(at))}")
        before = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
        if before is None:
            return "\ncame of\n".join(reversed(parts))
        at = before


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Leave addresses out of a line, and write its exception, where it has one."""
    event["event"] = ADDRESS.sub("<address>", str(event.get("event", "")))
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = told(error)
    return event


class Quiet(logging.Filter):
    """Masks the lines of gunicorn, which quotes the requests that it cannot read."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line through, masked."""
        record.msg, record.args = masked(record.getMessage()), ()
        if record.exc_info and record.exc_info[1]:
            record.exc_text = told(record.exc_info[1])
        return True


def configure(level: str, form: str) -> None:
    """Send every log line of this process to stderr; `form` is json or text.

    The lines of requests go there by themselves: the way of all others, through logging, takes 70 µs more of each.
    """
    shown: Any = structlog.processors.JSONRenderer(jsontext.dump)
    if form == "text":
        shown = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=(*COMMON, structlog.stdlib.add_logger_name),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _mask, shown],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[*COMMON, shown],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
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
        logger="app.requests",
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
