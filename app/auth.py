"""Bearer token -> caller, before every request."""

from dataclasses import dataclass
from datetime import UTC, datetime

import flask

from app.ledger import tables, tokens
from app.magento import database, shop
from app.scim import errors


@dataclass(frozen=True)
class Caller:
    """Who asks: a token's tenant, name and scopes, and the customer whom /Me is for it."""

    tenant: str
    token_id: int
    name: str
    user_id: int | None
    scopes: frozenset[str]


def _secret() -> str | None:
    """Take the token out of the Authorization header; None where there is no header."""
    header = flask.request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, secret = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise errors.Unauthorized('The Authorization header must read "Bearer <token>".', "invalid_request")
    return secret.strip()


def identify(magento: shop.Shop, ledger: tables.Tables, tenant: str | None) -> Caller | None:
    """Find out who asks; None where no token was sent. `tenant`: whose token it must be, None for any.

    Raises Unauthorized for a token that is unknown, revoked, expired or another tenant's, always in the same words.
    """
    secret = _secret()
    if secret is None:
        return None
    now = datetime.now(UTC).replace(tzinfo=None)
    with database.reading(magento.reader) as connection:
        token = tokens.find(connection, ledger, secret)
    if token is None or not token.alive(now) or (tenant is not None and token.tenant != tenant):
        raise errors.Unauthorized("The bearer token is not valid: it is unknown, revoked or expired.", "invalid_token")
    if tokens.stale(token, now):
        database.transaction(magento.engine, lambda connection: tokens.used(connection, ledger, token, now))
    return Caller(token.tenant, token.token_id, token.name, token.user_id, token.scopes)


def require(caller: Caller | None, scope: str) -> Caller:
    """Let a caller in for `scope` (read or write); raises Unauthorized without a token, Forbidden without the scope."""
    if caller is None:
        raise errors.Unauthorized("Send the header: Authorization: Bearer <token>.", None)
    if scope not in caller.scopes:
        raise errors.Forbidden(f"The token {caller.name!r} may not {scope}: make one with the scope {scope!r}.")
    return caller
