"""In charge of bulk messages: reading a request's operations, and the answer. Carrying them out is in `jobs`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.scim import errors, messages, values

REQUEST_URN = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE_URN = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
METHODS = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Operation:
    """One request within the bulk. `error`: what is wrong with it, so that it is answered without being run."""

    index: int
    method: str
    path: str
    bulk_id: str | None = None
    version: str | None = None
    data: Any = None
    error: errors.ScimError | None = None

    @property
    def endpoint(self) -> str:
        """The endpoint, as in "/Users"."""
        return "/" + self.path.strip("/").partition("/")[0]

    @property
    def resource_id(self) -> str | None:
        """The id in the path; None for a POST."""
        return self.path.strip("/").partition("/")[2] or None


@dataclass(frozen=True)
class Request:
    """A bulk request: its operations, and after how many errors to stop (None: never)."""

    operations: tuple[Operation, ...]
    fail_on_errors: int | None = None


@dataclass(frozen=True)
class Result:
    """What came of an operation: the HTTP status, the resource's id, location and version, and the body of an error."""

    status: int
    resource_id: str | None = None
    location: str | None = None
    version: str | None = None
    response: Mapping[str, Any] | None = None

    @property
    def failed(self) -> bool:
        """Whether it counts for failOnErrors."""
        return self.status >= 400


def failure(error: errors.ScimError, location: str | None = None) -> Result:
    """Make the result of an operation that failed."""
    return Result(error.status, location=location, response=messages.error_document(error))


# -- reading ---------------------------------------------------------------------------------------------------


def parse(
    body: Any, endpoints: Iterable[str], *, max_operations: int, strict: bool = True, base: str | None = None
) -> Request:
    """Read a BulkRequest. `endpoints` are those that exist ("/Users"); paths may start with `base`, the service's URI.

    `strict`: the message must name its schema. What is wrong with one operation stands in its `error`. Raises
    errors.InvalidSyntax for the message, errors.TooLarge naming the limit (RFC 7644 section 3.7.4).
    """
    if not isinstance(body, dict):
        raise errors.InvalidSyntax(f"A bulk request must be a JSON object, not {values.kind(body)}.")
    held = {key.casefold(): value for key, value in body.items()}
    urns = held.get("schemas")
    named = values.named(urns, REQUEST_URN, alone=strict)
    if not named and (strict or urns not in (None, [])):
        raise errors.InvalidSyntax(f"schemas must hold {REQUEST_URN!r}{' alone' if strict else ''}.")
    given = held.get("operations")
    if not isinstance(given, list) or not given:
        raise errors.InvalidSyntax("Operations must be a list of one operation or more.")
    if len(given) > max_operations:
        raise errors.TooLarge(
            f"The {len(given)} operations of the bulk request exceed maxOperations ({max_operations})."
        )
    limit = held.get("failonerrors")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
        raise errors.InvalidSyntax(f"failOnErrors must be a whole number of 1 or more, not {values.quote(limit)}.")
    known = {endpoint.casefold(): endpoint for endpoint in endpoints}
    seen: set[str] = set()
    found = tuple(_operation(index, raw, known, seen, base) for index, raw in enumerate(given))
    return Request(found, None if limit is None else max(limit, 1))


def _operation(index: int, raw: Any, known: Mapping[str, str], seen: set[str], base: str | None) -> Operation:
    if not isinstance(raw, dict):
        error = errors.InvalidSyntax(f"an operation must be an object, not {values.kind(raw)}.")
        return Operation(index, "", "", error=error)
    held = {key.casefold(): value for key, value in raw.items()}
    texts = {name: held.get(name) for name in ("method", "path", "bulkid", "version")}
    operation = Operation(
        index,
        str(texts["method"] or "").upper(),
        _relative(str(texts["path"] or ""), known, base),
        texts["bulkid"] if isinstance(texts["bulkid"], str) else None,
        texts["version"] if isinstance(texts["version"], str) else None,
        held.get("data"),
    )
    return replace(operation, error=_fault(operation, texts, known, seen))


def _relative(path: str, known: Mapping[str, str], base: str | None) -> str:
    """Give a path from the service's root, its endpoint as it is spelled there."""
    if base and path.startswith(base.rstrip("/") + "/"):
        path = path[len(base.rstrip("/")) :]
    first, slash, rest = path.strip("/").partition("/")
    return known.get(f"/{first}".casefold(), f"/{first}") + slash + rest


def _fault(
    operation: Operation, texts: Mapping[str, Any], known: Mapping[str, str], seen: set[str]
) -> errors.ScimError | None:
    """Find what is wrong with an operation's frame."""
    for name, value in texts.items():
        if value is not None and not isinstance(value, str):
            return errors.InvalidSyntax(f"{name} must be a string, not {values.kind(value)}.")
    method = operation.method
    if method not in METHODS:
        return errors.InvalidSyntax(f"method must be {', '.join(METHODS)}, not {values.quote(texts['method'])}.")
    if operation.endpoint not in known.values():
        return errors.InvalidValue(f"path {values.quote(texts['path'])} names no endpoint.")
    if method == "POST" and operation.resource_id is not None:
        return errors.InvalidValue("the path of a POST must be an endpoint, as in /Users.")
    if method != "POST" and operation.resource_id is None:
        return errors.InvalidValue(f"the path of a {method} must name a resource, as in /Users/1.")
    if method == "POST" and not operation.bulk_id:
        return errors.InvalidValue("a POST needs a bulkId.")
    if method != "DELETE" and not isinstance(operation.data, dict):
        return errors.InvalidSyntax(f"a {method} needs data, an object.")
    if method == "POST" and operation.bulk_id is not None:
        if operation.bulk_id in seen:
            return errors.InvalidValue(f"bulkId {operation.bulk_id!r} is used twice.")
        seen.add(operation.bulk_id)
    return None


def response(results: Sequence[tuple[Operation, Result]]) -> dict[str, Any]:
    """Make the BulkResponse (RFC 7644 section 3.7.3): statuses are strings, an error's body is told."""
    shown = []
    for operation, result in results:
        line: dict[str, Any] = {"method": operation.method}
        if operation.bulk_id is not None:
            line["bulkId"] = operation.bulk_id
        if result.version is not None:
            line["version"] = result.version
        if result.location is not None:
            line["location"] = result.location
        line["status"] = str(result.status)
        if result.response is not None:
            line["response"] = dict(result.response)
        shown.append(line)
    return {"schemas": [RESPONSE_URN], "Operations": shown}
