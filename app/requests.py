"""Reads what a request carries, before any endpoint does anything: body, query, preconditions."""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial, wraps
from typing import Any

import flask
import werkzeug.exceptions
from werkzeug.sansio import utils

from app import answers, jsontext, service
from app.magento import errors as shop_errors
from app.mapping import bridges
from app.scim import attributes, errors, memberships, messages, patch, profiles, queries, schemas, values

REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,64}")
DEEPEST = 50  # levels of a body: no message of the protocol has a dozen


def bridge() -> bridges.Bridge:
    """Give the bridge of the request's tenant; who calls is known by then."""
    if "bridge" not in flask.g:
        caller = flask.g.get("caller")
        here = service.current()
        counted = caller.slot if caller and here.replica else None
        origin = bridges.Origin(request_id(), caller.name if caller else "", caller and caller.token_id, counted)
        if not flask.request.host and not here.config.base_url:
            raise errors.InvalidSyntax("The Host header names no host.")
        told = flask.g.setdefault("written", []).append if here.observer.listens else None
        host = _host(flask.request.scheme, flask.request.host)
        flask.g.bridge = here.bridge(flask.g.tenant, host, origin, told)
        if caller and here.replica and flask.g.reads:
            reads = partial(here.replica.reading, here.shop.reader, caller.slot, caller.written)
            flask.g.bridge = replace(flask.g.bridge, reads=reads)
    found: bridges.Bridge = flask.g.bridge
    return found


def anywhere(view: Callable[..., flask.Response]) -> Callable[..., flask.Response]:
    """Let a view that only reads be answered by the replica, and once more by the primary where that fails."""

    @wraps(view)
    def run(*given: Any, **named: Any) -> flask.Response:
        try:
            return view(*given, **named)
        except shop_errors.ShopError:
            if bridge().reads is None:
                raise
        flask.g.bridge = replace(bridge(), reads=None)
        return view(*given, **named)

    return run


@lru_cache(maxsize=64)
def _host(scheme: str, host: str) -> str:
    """Give `flask.request.host_url`, which takes as long to put together as all the rest of a bridge."""
    return utils.get_current_url(scheme, host)


def request_id() -> str:
    """Give the request's id: the client's own, where it sends a sound one, else a new one."""
    if "request_id" not in flask.g:
        given = flask.request.headers.get("X-Request-Id", "")
        flask.g.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    found: str = flask.g.request_id
    return found


def check_url() -> None:
    """Raise InvalidSyntax for a URL whose query is no text."""
    try:
        _ = flask.request.args
    except UnicodeDecodeError as error:
        raise errors.InvalidSyntax("The query of the URL is not UTF-8, percent-encoded.") from error


def body() -> dict[str, Any]:
    """Read the request's JSON object; raises InvalidSyntax, or UnsupportedMediaType for another Content-Type."""
    kind = flask.request.mimetype
    if kind and kind not in answers.MEDIA_TYPES:
        raise errors.UnsupportedMediaType(f"Send the body as application/scim+json, not as {kind}.")
    coding = flask.request.headers.get("Content-Encoding", "identity")
    if coding.strip().casefold() not in ("", "identity"):
        raise errors.UnsupportedMediaType(f"Send the body as it is, not in {coding[:60]}.", codings=True)
    try:
        found = json.loads(_text(), parse_constant=_no_constant, object_pairs_hook=_object)
        jsontext.dump(found).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise errors.InvalidSyntax(f"The body is no JSON document: {error}.") from error
    if not isinstance(found, dict):
        raise errors.InvalidSyntax(f"The body must be a JSON object, not {values.kind(found)}.")
    if values.deeper_than(found, DEEPEST):
        raise errors.InvalidSyntax(f"The body is nested deeper than {DEEPEST} levels.")
    return found


def _text() -> str:
    """Read the whole body; raises what Flask raises for one that is too large, InvalidSyntax for broken chunks."""
    try:
        data = flask.g.sent = flask.request.get_data()
    except werkzeug.exceptions.HTTPException:
        raise
    except Exception as error:  # whatever the server in front of us raises for chunks that are none
        raise errors.InvalidSyntax("The body cannot be read: its chunks are not as HTTP has them.") from error
    if flask.request.content_length is None and len(data) >= (flask.request.max_content_length or len(data) + 1):
        flask.request.stream.read(1)  # of a body without a length no more than the largest is read, and nothing said
    return data.decode("utf-8")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its members; of two of one name nobody can say which is meant (RFC 8259 section 4)."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"the name {name[:60]!r} is given twice in one object")
        found[name] = value
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def resource(
    here: bridges.Bridge, kind: str, resource_type: attributes.ResourceType, data: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Read a resource, of the body or of a bulk operation's data: understood by the profile, typed by the schema."""
    given, fired = profiles.rewrite(body() if data is None else data, kind, resource_type, here.profile)
    service.current().note(fired)
    loaded: dict[str, Any] = schemas.load(resource_type, given, profile=here.profile)
    return loaded


def operations(
    here: bridges.Bridge, resource_type: attributes.ResourceType, data: Mapping[str, Any] | None = None
) -> tuple[patch.Operation, ...]:
    """Read a PATCH, of the body or of a bulk operation's data."""
    given, fired = profiles.rewrite(body() if data is None else data, "patch", resource_type, here.profile)
    service.current().note(fired)
    return patch.parse(given, resource_type, here.profile)


def user(
    here: bridges.Bridge, kind: str, data: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], tuple[memberships.Change, ...]]:
    """Read a user, and what its body says of memberships where the profile lets it."""
    given, changes = _memberships(here, kind, body() if data is None else data)
    return resource(here, kind, here.ruleset.accepted, given), changes


def user_operations(
    here: bridges.Bridge, data: Mapping[str, Any] | None = None
) -> tuple[tuple[patch.Operation, ...], tuple[memberships.Change, ...]]:
    """Read a user's PATCH, and what it says of memberships where the profile lets it."""
    given, changes = _memberships(here, "patch", body() if data is None else data)
    if changes and not next(held for key, held in given.items() if key.casefold() == "operations"):
        return (), changes
    return operations(here, here.ruleset.published, given), changes


def _memberships(here: bridges.Bridge, kind: str, data: Any) -> tuple[Any, tuple[memberships.Change, ...]]:
    named = here.ruleset.groups.by_name
    given, changes = memberships.take(data, kind, here.ruleset.accepted, here.profile, named=named)
    if changes and not named:
        service.current().note([profiles.GROUPS_ON_USER])
    return given, changes


def query(here: bridges.Bridge, *, search: bool = False) -> queries.Query:
    """Read a list request's query, of the URL or (`search`) of the body."""
    if search:
        return queries.search(body(), max_count=here.max_page, strict=here.profile.name == "strict")
    return queries.parse(parameters(), max_count=here.max_page)


def parameters() -> dict[str, str]:
    """Give the URL's parameters that mean anything in this protocol."""
    if "parameters" not in flask.g:
        fired = set[str]()
        given = flask.request.args.items(multi=True)
        flask.g.parameters = queries.parameters(given, bridge().profile.tolerances, fired)
        service.current().note(fired)
    found: dict[str, str] = flask.g.parameters
    return found


def shown() -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Give the names of attributes that the URL asks to see, and those that it asks not to see."""
    return queries.shown(parameters())


def check(header: str | None) -> Callable[[str], None] | None:
    """Turn an If-Match header into a check of the current ETag; None where there is none."""
    if header is None:
        return None

    def judge(current: str) -> None:
        if not messages.etag_matches(header, current):
            raise errors.PreconditionFailed(f"The resource has changed: its version is {current} now. Read it again.")

    return judge


def if_match() -> Callable[[str], None] | None:
    """Give the check of the request's If-Match and If-None-Match headers (RFC 9110 section 13.2.2)."""
    wanted, unwanted = check(flask.request.headers.get("If-Match")), flask.request.headers.get("If-None-Match")
    if unwanted is None:
        return wanted

    def judge(current: str) -> None:
        if wanted:
            wanted(current)
        if messages.etag_matches(unwanted, current):
            raise errors.PreconditionFailed(f"The resource is there, and its version is {current}.")

    return judge


def known(version: str) -> bool:
    """Say whether the client has this version already (If-None-Match)."""
    header = flask.request.headers.get("If-None-Match")
    return header is not None and messages.etag_matches(header, version)
