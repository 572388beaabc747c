"""In charge of cursors: opaque, sealed, and bound to one query of one caller (RFC 9865).

Nothing is kept between pages: a cursor holds where its page ended, and nobody but the service can read or make one.
"""

import base64
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any

from nacl import exceptions, secret

from app.scim import errors

SECONDS = 3600


@dataclass(frozen=True)
class Place:
    """Where a page ended: the last id with its sort value, how many there were in all, and the page's size."""

    last_id: int
    last_value: Any
    total: int
    count: int


def seal(key: bytes, binding: str, place: Place) -> str:
    """Make the cursor after `place`; `key`: 32 bytes; `binding`: query, tenant, caller, whatever must not change."""
    body = [_digest(binding), int(time.time()), place.last_id, place.last_value, place.total, place.count]
    box = secret.SecretBox(key)
    return _text(box.encrypt(json.dumps(body).encode()))


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read(key: bytes, binding: str, cursor: str, count: int | None) -> Place:
    """Open a cursor for the same query; `count`: the page's size where the client gives one again.

    Raises InvalidCursor (always in the same words), ExpiredCursor, InvalidCount.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        sealed = base64.urlsafe_b64decode(padded.encode("ascii"))
        if _text(sealed) != cursor:
            raise ValueError("letters that base64 passes over, or an end that is spelled otherwise")
        body = json.loads(secret.SecretBox(key).decrypt(sealed))
    except (ValueError, exceptions.CryptoError):
        raise errors.InvalidCursor("The cursor is not one of this query.") from None
    bound, made, last_id, last_value, total, size = body
    if bound != _digest(binding):
        raise errors.InvalidCursor("The cursor is not one of this query.")
    if time.time() - made > SECONDS:
        raise errors.ExpiredCursor(f"The cursor is older than {SECONDS} seconds: begin again without it.")
    if count is not None and count != size:
        raise errors.InvalidCount(f"count was {size} on the pages before and cannot change.")
    return Place(last_id, last_value, total, size)


def _digest(binding: str) -> str:
    return hashlib.sha256(binding.encode()).hexdigest()[:32]
