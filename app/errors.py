"""Every exception becomes a SCIM error document, here and nowhere else."""

import contextlib
import logging
import re

import flask
import werkzeug.exceptions

from app import answers, logs, requests, service
from app.magento import errors as shop_errors
from app.scim import errors, messages

log = logging.getLogger(__name__)
DRAINED = 1 << 26  # bytes
NOT_GRANTED = 60  # seconds: a person has to do something
VERSION = re.compile(r"/scim(?:/[^/]+)?/v(?!2(?:/|$))(\d[\w.]*)(?:/|$)", re.I)


def _headers(error: errors.ScimError) -> dict[str, str]:
    """Give the headers that belong to an error (RFC 6750 section 3, RFC 9110); after a POST in vain, who is there."""
    match error:
        case errors.Unauthorized(code=code):
            return {"WWW-Authenticate": 'Bearer realm="SCIM"' + (f', error="{code}"' if code else "")}
        case errors.MethodNotAllowed(allowed=allowed):
            return {"Allow": ", ".join(allowed)}
        case errors.Unavailable(retry_after=seconds) | errors.TooManyRequests(retry_after=seconds):
            return {"Retry-After": str(seconds)}
        case errors.UnsupportedMediaType(codings=True):
            return {"Accept-Encoding": "identity"}
        case errors.Uniqueness(existing=str(existing)) if flask.request.method == "POST":
            endpoint = flask.request.path.rstrip("/").rpartition("/")[2]
            return {"Location": f"{requests.bridge().base_url}/{endpoint}/{existing}"}
    return {}


def _scim(error: errors.ScimError) -> flask.Response:
    return answers.write(messages.error_document(error), error.status, _headers(error))


def _http(error: werkzeug.exceptions.HTTPException) -> flask.Response:
    """Translate what Flask itself says: unknown routes, wrong methods, bodies that are too large or never came."""
    detail = error.description or error.name
    path = flask.request.path
    if isinstance(error, werkzeug.exceptions.NotFound) and (version := VERSION.match(path)):
        return _scim(errors.InvalidVersion(f"SCIM {version[1]} is not spoken here: the base URL is {service.PATH}."))
    if isinstance(error, werkzeug.exceptions.NotFound):
        return _scim(errors.NotFound(f"There is nothing at {path}. The base URL is {service.PATH}, or a tenant's."))
    if isinstance(error, werkzeug.exceptions.MethodNotAllowed):
        allowed = tuple(sorted(error.valid_methods or ()))
        sentence = f"{path} does not take {flask.request.method}, only {', '.join(allowed)}."
        return _scim(errors.MethodNotAllowed(sentence, allowed))
    if isinstance(error, werkzeug.exceptions.RequestEntityTooLarge):
        limit = flask.current_app.config["MAX_CONTENT_LENGTH"]
        _drain()
        return _scim(errors.TooLarge(f"The body is larger than the {limit} bytes that are taken."))
    if isinstance(error, werkzeug.exceptions.BadRequest):
        return _scim(errors.InvalidSyntax(detail))
    if error.code is None or error.code < 400:
        return flask.make_response(error.get_response())
    return _unexpected(error)


def _drain() -> None:
    """Read what a client is still sending, within reason: else it sees a broken connection and not the answer."""
    stream, left = flask.request.environ["wsgi.input"], DRAINED
    with contextlib.suppress(OSError, ValueError):
        while left > 0 and (piece := stream.read(min(left, 1 << 16))):
            left -= len(piece)


def translate(error: Exception) -> errors.ScimError:
    """Put any exception in the protocol's words; what nobody expected is logged."""
    if isinstance(error, errors.ScimError):
        return error
    if isinstance(error, shop_errors.Slow):
        log.warning("%s (SCIM_STATEMENT_SECONDS)", logs.masked(str(error)))
        sentence = f"The database needs longer than SCIM_STATEMENT_SECONDS: ask for less, or in {error.retry_after} s."
        return errors.Unavailable(sentence, error.retry_after)
    if isinstance(error, shop_errors.Unavailable):
        log.warning("the shop's database cannot be used: %s", logs.masked(str(error)))
        sentence = f"The shop's database cannot be used at the moment: try again in {error.retry_after} s."
        return errors.Unavailable(sentence, error.retry_after)
    if isinstance(error, shop_errors.NotGranted):
        log.error("%s: run `magento-scim grants` and give what it prints", error)
        sentence = "The service's database user lacks a privilege: its log says which, and `magento-scim grants` all."
        return errors.Unavailable(sentence, NOT_GRANTED)
    log.error("unexpected error", exc_info=error)
    return errors.Internal("Something went wrong in this service; its log says what.")


def _unexpected(error: Exception) -> flask.Response:
    return _scim(translate(error))


def register(app: flask.Flask) -> None:
    """Make every error of the app a SCIM error document."""
    app.register_error_handler(errors.ScimError, _scim)
    app.register_error_handler(werkzeug.exceptions.HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
