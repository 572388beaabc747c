"""In charge of what can go wrong in the protocol: one class per answer, with its data. It makes no response.

Sources: RFC 7644 section 3.12 (tables 8 and 9), RFC 9865 section 2.1. A scimType goes only with the errors those name.
"""

from typing import ClassVar


class ScimError(Exception):
    """Something a client is told: an HTTP status, perhaps a scimType, and a sentence with the offending value."""

    status: ClassVar[int] = 400
    scim_type: ClassVar[str | None] = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidFilter(ScimError):
    """The filter is malformed, or compares an attribute in a way that it cannot be compared."""

    scim_type = "invalidFilter"


class InvalidPath(ScimError):
    """The path is malformed or names no attribute of the resource type."""

    scim_type = "invalidPath"


class InvalidValue(ScimError):
    """A required value is missing, or a value does not fit its attribute."""

    scim_type = "invalidValue"


class InvalidSyntax(ScimError):
    """The body is not JSON, or not of the structure of its message."""

    scim_type = "invalidSyntax"


class Mutability(ScimError):
    """The change is at odds with the attribute's mutability, or leaves a required attribute without a value."""

    scim_type = "mutability"


class NoTarget(ScimError):
    """The path yields nothing that could be operated on."""

    scim_type = "noTarget"


class TooMany(ScimError):
    """The filter yields more than the server is willing to process."""

    scim_type = "tooMany"


class InvalidVersion(ScimError):
    """The protocol version asked for is not supported."""

    scim_type = "invalidVers"


class InvalidCursor(ScimError):
    """The cursor was not made by this server for this query."""

    scim_type = "invalidCursor"


class ExpiredCursor(ScimError):
    """The cursor is too old."""

    scim_type = "expiredCursor"


class InvalidCount(ScimError):
    """The count does not go with the cursor, or exceeds the largest page."""

    scim_type = "invalidCount"


class Unauthorized(ScimError):
    """No token, or none that is known; `code` is RFC 6750's error word for WWW-Authenticate (None: no token given)."""

    status = 401

    def __init__(self, detail: str, code: str | None = "invalid_token") -> None:
        super().__init__(detail)
        self.code = code


class Forbidden(ScimError):
    """The caller is known and may not do this."""

    status = 403


class Sensitive(ScimError):
    """The request would carry sensitive data in its URI (RFC 7644 section 7.5.2)."""

    status = 403
    scim_type = "sensitive"


class NotFound(ScimError):
    """No such resource or endpoint."""

    status = 404


class MethodNotAllowed(ScimError):
    """The endpoint exists and has no such method; `allowed` are those it has."""

    status = 405

    def __init__(self, detail: str, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.allowed = allowed


class NotAcceptable(ScimError):
    """None of the media types that the client accepts can be answered."""

    status = 406


class Conflict(ScimError):
    """The request is at odds with the state of the server, for another reason than uniqueness."""

    status = 409


class Uniqueness(ScimError):
    """A value is already in use; `existing` is the id of the resource that has it, where it may be told."""

    status = 409
    scim_type = "uniqueness"

    def __init__(self, detail: str, existing: str | None = None) -> None:
        super().__init__(detail)
        self.existing = existing


class PreconditionFailed(ScimError):
    """The resource is not of the version that If-Match names."""

    status = 412


class TooLarge(ScimError):
    """The body or the number of operations exceeds a limit, which the sentence names (RFC 7644 section 3.7.4)."""

    status = 413


class UnsupportedMediaType(ScimError):
    """The body is of a media type that is not understood, or (`codings`) in a content coding."""

    status = 415

    def __init__(self, detail: str, *, codings: bool = False) -> None:
        super().__init__(detail)
        self.codings = codings


class TooManyRequests(ScimError):
    """The caller asks too often; again after `retry_after` seconds."""

    status = 429

    def __init__(self, detail: str, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Internal(ScimError):
    """A fault of ours; the sentence tells no more than where to look."""

    status = 500


class Unsupported(ScimError):
    """The protocol has it, this server has not."""

    status = 501


class Unavailable(ScimError):
    """What is behind the service is away; again after `retry_after` seconds."""

    status = 503

    def __init__(self, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
