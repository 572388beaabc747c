"""In charge of what to do about an answer that was wrong: a row for each kind that people meet."""

from collections.abc import Callable
from dataclasses import dataclass

from app.idp import wire


@dataclass(frozen=True)
class Hint:
    """When it fits an answer, and what to do; `{name}` is the identity provider."""

    fits: Callable[[wire.Answer], bool]
    sentence: str


def _is_scim(answer: wire.Answer) -> bool:
    return isinstance(answer.json(), dict)


ROWS = (
    Hint(
        lambda answer: answer.status == 401,
        "The token is not taken: make one for this tenant, `magento-scim token create {name}`, and paste it whole.",
    ),
    Hint(
        lambda answer: answer.status == 403 and _is_scim(answer),
        "The token may not do this: it was made with --read-only, or mapping.yaml protects the user.",
    ),
    Hint(
        lambda answer: 300 <= answer.status < 400 and answer.status != 304,
        "The URL redirects. Identity providers do not follow: paste where it leads to, https:// first of all.",
    ),
    Hint(
        lambda answer: answer.status == 404 and not _is_scim(answer),
        "Another server answers here, not this service: the base URL ends in /scim/v2, or /scim/TENANT/v2.",
    ),
    Hint(
        lambda answer: answer.status in (403, 405, 406) and not _is_scim(answer),
        "Something in front of the service refuses: let GET, POST, PUT, PATCH and DELETE through to it.",
    ),
    Hint(
        lambda answer: answer.status in (502, 504) or (answer.status == 503 and not _is_scim(answer)),
        "The web server in front does not reach the service: is gunicorn running?",
    ),
    Hint(
        lambda answer: answer.status == 503,
        "The service has no database at the moment: look at its log.",
    ),
    Hint(
        lambda answer: answer.status == 500,
        "A fault of the service: its log says what.",
    ),
)


def of(answer: wire.Answer, name: str) -> tuple[str, ...]:
    """Give the hints for an answer."""
    return tuple(hint.sentence.format(name=name) for hint in ROWS if hint.fits(answer))
