"""The one way an answer is written: SCIM JSON, or plain JSON where only that is asked for."""

import functools
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import flask

from app import jsontext
from app.scim import lazy

STREAMED = 1000  # lists longer than this are written in pieces of this many elements
SCIM_JSON = "application/scim+json"
PLAIN_JSON = "application/json"
PROTECTION = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
MEDIA_TYPES = (SCIM_JSON, PLAIN_JSON)
_dump = functools.partial(jsontext.dump, default=list)


def write(
    body: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None, media_type: str | None = None
) -> flask.Response:
    """Write a JSON document as the answer to the request at hand (RFC 7644 sections 3.1 and 3.8).

    `media_type`: the one it has whatever the client accepts, for what is no SCIM document.
    """
    long = [name for name, held in body.items() if isinstance(held, lazy.Lazy) and len(held) > STREAMED]
    answer = _stream(body, long[0], body[long[0]]) if long else _dump(body)
    return flask.Response(answer, status, dict(headers or {}), content_type=media_type or _media_type())


def _stream(body: dict[str, Any], name: str, values: lazy.Lazy) -> Iterator[str]:
    """Write an object with one long list, the list last and piece by piece."""
    yield f'{_dump({key: held for key, held in body.items() if held is not values})[:-1]},"{name}":['
    elements = iter(values)
    lead = ""
    while piece := list(itertools.islice(elements, STREAMED)):
        yield lead + _dump(piece)[1:-1]
        lead = ","
    yield "]}"


def empty(status: int, headers: Mapping[str, str] | None = None) -> flask.Response:
    """Answer without a body."""
    response = flask.Response(status=status, headers=dict(headers or {}))
    del response.headers["Content-Type"]
    return response


def protect(response: flask.Response) -> None:
    """Forbid browsers and caches whatever they might do with an answer (OWASP REST Security Cheat Sheet).

    Strict-Transport-Security is the web server's in front, which knows of TLS.
    """
    for name, value in PROTECTION.items():
        response.headers.setdefault(name, value)


def _media_type() -> str:
    accept = flask.request.accept_mimetypes
    return PLAIN_JSON if accept[PLAIN_JSON] > accept[SCIM_JSON] else SCIM_JSON
