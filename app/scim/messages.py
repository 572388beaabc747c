"""In charge of what is sent back: resources with what the server adds, lists, errors, and entity tags."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from app import jsontext
from app.scim import attributes, errors, projections

LIST_URN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"
SEARCH_URN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

Resource = dict[str, Any]

project = projections.project
projection = projections.projection
schemas_of = attributes.schemas_of


EMPTY: tuple[Any, ...] = ([], {})


def prune(value: Any) -> Any:
    """Give a JSON value without nulls, empty lists and empty objects: those are unassigned (RFC 7643 section 2.5)."""
    if isinstance(value, dict):
        kept = {key: prune(held) for key, held in value.items() if held is not None}
        return {key: held for key, held in kept.items() if held not in EMPTY}
    if isinstance(value, list):
        return [held for held in map(prune, value) if held is not None and held != {}]
    return value


# -- what the server adds --------------------------------------------------------------------------------------------


def dress(
    resource: Mapping[str, Any],
    resource_type: attributes.ResourceType,
    base: str,
    created: datetime,
    modified: datetime,
) -> Resource:
    """Add `schemas` and `meta` with the entity tag to a resource that has its id; times without zone are UTC."""
    held = {key: value for key, value in resource.items() if key not in ("schemas", "meta")}
    meta = {
        "resourceType": resource_type.name,
        "created": timestamp(created),
        "lastModified": timestamp(modified),
        "location": location(base, resource_type, str(resource.get("id"))),
        "version": etag(held),
    }
    return {"schemas": attributes.schemas_of(held, resource_type), **held, "meta": meta}


def location(base: str, resource_type: attributes.ResourceType, resource_id: str) -> str:
    """Give the URI of a resource."""
    return f"{base.rstrip('/')}{resource_type.endpoint}/{resource_id}"


def timestamp(moment: datetime) -> str:
    """Write a time as xsd:dateTime in UTC, with a fraction only where there is one."""
    utc = moment.astimezone(UTC) if moment.tzinfo else moment
    return utc.replace(tzinfo=None).isoformat() + "Z"


def canonical(resource: Mapping[str, Any]) -> str:
    """Write a resource in a form that is the same whenever it says the same.

    Without `meta` and `schemas`, which follow from the rest; without what is unassigned; names and values of lists in
    order, since neither order means anything (RFC 7643 sections 2.3.8 and 2.4).
    """
    held = {key: value for key, value in resource.items() if key not in ("meta", "schemas")}
    return jsontext.dump(_ordered(held), ordered=True)


def _ordered(value: Any) -> Any:
    """Prune a value as `prune` does, with its lists in order: both at once, since it is done for each user shown."""
    if isinstance(value, dict):
        return {key: kept for key, held in value.items() if (kept := _ordered(held)) is not None and kept not in EMPTY}
    if isinstance(value, list):
        kept = [each for each in map(_ordered, value) if each is not None and each != {}]
        return sorted(kept, key=partial(jsontext.dump, ordered=True)) if len(kept) > 1 else kept
    return value


def etag(resource: Mapping[str, Any]) -> str:
    """Give the weak entity tag of a resource: a hash of its canonical form (RFC 7644 section 3.14)."""
    return f'W/"{hashlib.sha256(canonical(resource).encode()).hexdigest()[:32]}"'


_TAG = re.compile(r'\s*(?:W/)?("[^"]*")\s*(?:,|$)')


def etag_matches(header: str, tag: str) -> bool:
    """Say whether an If-Match or If-None-Match header (a list, or *) names a tag, weak or strong alike.

    A tag without quotes, as some clients send it, is taken for the whole header.
    """
    if header.strip() == "*":
        return True
    opaque = tag.removeprefix("W/")
    found = _TAG.findall(header)
    return opaque in found or header.strip().removeprefix("W/").strip('"') == opaque.strip('"')


# -- messages --------------------------------------------------------------------------------------------------------


def list_response(
    resources: Sequence[Mapping[str, Any]],
    total: int | None,
    start: int | None = 1,
    *,
    next_cursor: str | None = None,
    previous_cursor: str | None = None,
) -> dict[str, Any]:
    """Make a ListResponse (RFC 7644 section 3.4.2, RFC 9865 section 2); `start` None: a page by cursor."""
    message: dict[str, Any] = {"schemas": [LIST_URN]}
    if total is not None:
        message["totalResults"] = total
    message["itemsPerPage"] = len(resources)
    if start is not None:
        message["startIndex"] = start
    if next_cursor is not None:
        message["nextCursor"] = next_cursor
    if previous_cursor is not None:
        message["previousCursor"] = previous_cursor
    message["Resources"] = list(resources)
    return message


def error_document(error: errors.ScimError) -> dict[str, Any]:
    """Make the Error message (RFC 7644 section 3.12): the status is a string."""
    message: dict[str, Any] = {"schemas": [ERROR_URN], "status": str(error.status)}
    if error.scim_type is not None:
        message["scimType"] = error.scim_type
    message["detail"] = error.detail
    return message
