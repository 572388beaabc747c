"""JSON Web Tokens of an authorization server, beside our own tokens: signed by a key of its JWKS, and for us.

Sources: RFC 7519, RFC 8725 (the algorithms are ours to name, never the token's), RFC 9068 section 2.2.3 (scope).
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from app import config
from app.scim import errors

log = logging.getLogger(__name__)
SCOPE_CLAIMS = ("scope", "scp", "roles")
SCOPES = {"read": "read", "write": "write", "scim.read": "read", "scim.write": "write"}
LEEWAY = 60  # seconds that clocks may differ
PAUSE = 10  # seconds for which a JWKS that could not be read is not asked for again
FETCH_TIMEOUT = 5  # seconds
LIFESPAN = 300  # seconds for which keys are kept
INVALID = "The JSON Web Token is not valid: "


@dataclass
class Verifier:
    """The keys of one authorization server, kept for minutes; asked for again when a token names another one."""

    settings: config.Jwt
    _keys: jwt.PyJWKClient = field(init=False)
    _failed_at: float = field(init=False, default=-float(PAUSE))

    def __post_init__(self) -> None:
        self._keys = jwt.PyJWKClient(self.settings.jwks_url, lifespan=LIFESPAN, timeout=FETCH_TIMEOUT)

    def claims(self, token: str) -> Mapping[str, Any]:
        """Give a token's claims once its signature, issuer, audience and times are found right.

        Raises Unauthorized with what is wrong, Unavailable where the server's keys cannot be read.
        """
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                self._key(token),
                algorithms=list(self.settings.algorithms),
                issuer=self.settings.issuer,
                audience=self.settings.audience,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            self._failed_at = time.monotonic()
            log.warning("the keys at SCIM_JWT_JWKS_URL cannot be read: %s", error)
            raise errors.Unavailable(f"The keys of {self.settings.issuer} cannot be read now.", PAUSE) from error
        except (jwt.PyJWTError, jwt.PyJWKClientError) as error:
            raise errors.Unauthorized(f"{INVALID}{str(error).rstrip('.')}.", "invalid_token") from error
        return claims

    def _key(self, token: str) -> jwt.PyJWK:
        if jwt.get_unverified_header(token).get("alg") not in self.settings.algorithms:
            raise errors.Unauthorized(
                f"{INVALID}it must be signed by {' or '.join(self.settings.algorithms)}.", "invalid_token"
            )
        if time.monotonic() - self._failed_at < PAUSE:
            raise errors.Unavailable(f"The keys of {self.settings.issuer} cannot be read now.", PAUSE)
        return self._keys.get_signing_key_from_jwt(token)


def is_one(secret: str) -> bool:
    """Say whether a bearer token is a JSON Web Token: ours have no dots."""
    return secret.count(".") == 2


def scopes(claims: Mapping[str, Any], otherwise: frozenset[str]) -> frozenset[str]:
    """Give the scopes that a token's claims name; `otherwise` where they name none of ours."""
    named = set[str]()
    for claim in SCOPE_CLAIMS:
        given = claims.get(claim)
        named.update(given.split() if isinstance(given, str) else given if isinstance(given, list) else ())
    known = frozenset(SCOPES[name] for name in named if name in SCOPES)
    return known or otherwise
