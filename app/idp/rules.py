"""In charge of what must hold of every answer of a SCIM service, and of naming what was looked at."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from app.idp import catalogue, made, wire

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MEDIA_TYPES = ("application/scim+json", "application/json")


def _media_type(_step: catalogue.Step, answer: wire.Answer) -> str | None:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not answer.text or (kind in MEDIA_TYPES and answer.json() is not None):
        return None
    return f"the body is no SCIM JSON: Content-Type {kind or 'is missing'}"


def _empty(_step: catalogue.Step, answer: wire.Answer) -> str | None:
    if answer.status == 204:
        return "a body with 204" if answer.text else None
    return None if answer.text else f"an empty body with {answer.status}"


def _error(_step: catalogue.Step, answer: wire.Answer) -> str | None:
    """RFC 7644 section 3.12: the schema, the status as text; a detail, since people read it."""
    if answer.status < 400:
        return None
    said = answer.json()
    if not isinstance(said, dict) or said.get("schemas") != [ERROR]:
        return "the error is no SCIM Error"
    if said.get("status") != str(answer.status) or not said.get("detail"):
        return f"the error says status {said.get('status')!r}, detail {said.get('detail')!r}"
    return None


def _created(step: catalogue.Step, answer: wire.Answer) -> str | None:
    """RFC 7644 section 3.3: the id and where it is."""
    if step.method != "POST" or answer.status != 201:
        return None
    resource = answer.json()
    number = resource.get("id") if isinstance(resource, dict) else None
    if not isinstance(number, str) or not number:
        return f"the answer to a POST has the id {number!r}"
    location = answer.headers.get("location", "")
    ends = f"/{made.endpoint_of(step.path)}/{number}"
    return None if location.endswith(ends) else f"Location: expected …{ends}, found {location!r}"


def _listed(step: catalogue.Step, answer: wire.Answer) -> str | None:
    """RFC 7644 section 3.4.2: a list says that it is one, and counts in numbers."""
    path = step.path.partition("?")[0].strip("/")
    if step.method != "GET" or answer.status != 200 or path != made.endpoint_of(path):
        return None
    page = answer.json()
    if not isinstance(page, dict) or page.get("schemas") != [LIST]:
        return "the list is no ListResponse"
    wrong = [name for name in ("totalResults", "startIndex", "itemsPerPage") if type(page.get(name)) is not int]
    return f"{', '.join(wrong)}: not a number" if wrong else None


ALWAYS: tuple[Callable[[catalogue.Step, wire.Answer], str | None], ...] = (
    _empty,
    _media_type,
    _error,
    _created,
    _listed,
)


def broken(step: catalogue.Step, answer: wire.Answer) -> tuple[str, ...]:
    """Tell which of the rules an answer breaks."""
    return tuple(said for rule in ALWAYS if (said := rule(step, answer)) is not None)


def looked_at(statuses: Sequence[int], expected: str) -> Iterator[str]:
    """Name what was looked at in an answer: the status, and the parts of the body with what they had to be."""
    yield " or ".join(map(str, statuses))
    yield from _leaves(json.loads(expected), "")


def _leaves(expected: Any, where: str) -> Iterator[str]:
    match expected:
        case dict():
            for key, value in expected.items():
                name = key.rpartition(":")[2] if key.startswith("urn:") else key
                yield from _leaves(value, f"{where}.{name}" if where else name)
        case list() if expected and where != "schemas":
            for index, value in enumerate(expected):
                yield from _leaves(value, f"{where}[{index}]" if len(expected) > 1 else where)
        case list():
            yield where if expected else f"no {where}"
        case "<absent>":
            yield f"no {where}"
        case str() if expected.startswith("<"):
            yield where
        case _:
            yield f"{where} {expected if isinstance(expected, str) else json.dumps(expected)}"
