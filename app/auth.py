"""Bearer token -> caller, before every request: whose it is, where it comes from, how often it asks."""

import ipaddress
import logging
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import flask

from app import jwts, rates
from app.ledger import counters, tables, tokens
from app.magento import database, shop
from app.scim import errors

log = logging.getLogger(__name__)
WARN_BEFORE = timedelta(days=14)  # of a token's end
SWALLOWED = (
    "The request came through a web server in front ({name} says so): if the client did send the header, that server "
    'dropped it. Apache wants `CGIPassAuth On` or `SetEnvIf Authorization "(.*)" HTTP_AUTHORIZATION=$1`, '
    "nginx `proxy_set_header Authorization $http_authorization;`."
)
IN_FRONT = ("Via", "X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Forwarded-Proto")
ELSEWHERE = ("REDIRECT_HTTP_AUTHORIZATION", "HTTP_X_AUTHORIZATION", "HTTP_X_ORIGINAL_AUTHORIZATION")


@dataclass(frozen=True)
class Caller:
    """Who asks: a token's tenant, name and scopes, and the customer whom /Me is for it; no id: a JSON Web Token.

    `written`: the counters of what it has written, where they were asked for.
    """

    tenant: str
    token_id: int | None
    name: str
    user_id: int | None
    scopes: frozenset[str]
    written: counters.Marks = field(default_factory=dict)

    @property
    def slot(self) -> int:
        """Give the number under which its requests are counted."""
        return (zlib.crc32(self.name.encode()) or 1) if self.token_id is None else self.token_id


def _secret() -> str | None:
    """Take the token out of the Authorization header; None where there is no header."""
    header = flask.request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, secret = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        hint = ""
        if scheme.lower() in ("basic", "digest", "negotiate"):
            hint = f" It reads {scheme}: a web server in front that asks for a password of its own must not do so here."
        raise errors.Unauthorized(f'The Authorization header must read "Bearer <token>".{hint}', "invalid_request")
    return secret.strip()


def _came_from(networks: Sequence[str]) -> bool:
    """Say whether the client's address is in one of the networks; with none every address is."""
    if not networks:
        return True
    try:
        address = ipaddress.ip_address(flask.request.remote_addr or "")
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(network) for network in networks)


def identify(
    magento: shop.Shop,
    ledger: tables.Tables,
    tenant: str | None,
    verifier: jwts.Verifier | None = None,
    known: tokens.Known | None = None,
    *,
    written: bool = False,
) -> Caller | None:
    """Find out who asks; None where no token was sent. `tenant`: whose token it must be, None for any.

    `written`: find out, too, what it has written.

    Raises Unauthorized for a token that is unknown, revoked, expired or another tenant's, always in the same words, and
    Forbidden for one that is used from an address that it is not for. A JSON Web Token is `verifier`'s to judge.
    """
    secret = _secret()
    if secret is None:
        return None
    if verifier is not None and jwts.is_one(secret):
        bearer = _bearer_of(verifier, secret, tenant)
        if not written:
            return bearer
        with database.reading(magento.reader) as connection:
            return replace(bearer, written=counters.fetch(connection, ledger, bearer.slot))
    now = datetime.now(UTC).replace(tzinfo=None)
    known = known or tokens.Known(0)
    with database.translated():
        token = known.find(magento.reader, ledger, secret, written=written)
    if token is None or not token.alive(now) or (tenant is not None and token.tenant != tenant):
        raise errors.Unauthorized("The bearer token is not valid: it is unknown, revoked or expired.", "invalid_token")
    if not _came_from(token.networks):
        log.warning("the token %s was used from an address that it is not for", token.name)
        raise errors.Forbidden(
            f"The token {token.name!r} is not for the address {flask.request.remote_addr}: see token create --from, "
            "and SCIM_PROXIES where a web server stands in front."
        )
    if tokens.stale(token, now):
        if token.expires_at is not None and token.expires_at - now < WARN_BEFORE:
            log.warning("the token %s expires at %sZ: make its successor", token.name, token.expires_at.isoformat())
        database.transaction(magento.engine, lambda connection: tokens.used(connection, ledger, token, now))
        known.use(secret, token, now)
    return Caller(token.tenant, token.token_id, token.name, token.user_id, token.scopes, token.written)


def _bearer_of(verifier: jwts.Verifier, secret: str, tenant: str | None) -> Caller:
    """Make a caller of a JSON Web Token."""
    claims = verifier.claims(secret)
    whose = claims.get(verifier.settings.tenant_claim, verifier.settings.tenant)
    if tenant is not None and whose != tenant:
        raise errors.Unauthorized("The JSON Web Token is not for this tenant.", "invalid_token")
    scopes = jwts.scopes(claims, verifier.settings.scopes)
    return Caller(str(whose), None, f"jwt:{claims['sub']}"[:100], None, scopes)


def require(caller: Caller | None, scope: str) -> Caller:
    """Let a caller in for `scope` (read or write); raises Unauthorized without a token, Forbidden without the scope."""
    if caller is None:
        raise errors.Unauthorized(f"Send the header: Authorization: Bearer <token>.{_swallowed()}", None)
    if scope not in caller.scopes:
        raise errors.Forbidden(f"The token {caller.name!r} may not {scope}: make one with the scope {scope!r}.")
    return caller


def _swallowed() -> str:
    """Say what may have become of a header that the client did send."""
    moved = next((name for name in ELSEWHERE if flask.request.environ.get(name)), None)
    name = moved or next((name for name in IN_FRONT if name in flask.request.headers), None)
    if name is None:
        return ""
    log.warning("a request without Authorization came through a web server in front, which may have dropped it")
    return " " + SWALLOWED.format(name=name.removeprefix("HTTP_").replace("_", "-").title())


def count(caller: Caller, accounts: rates.Rates | None) -> rates.Account | None:
    """Count a request of the caller; raises TooManyRequests with when to come again."""
    if accounts is None:
        return None
    account = accounts.take(caller.slot, time.monotonic())
    flask.g.account = account
    if account.wait > 0:
        seconds = max(1, round(account.wait + 0.5))
        raise errors.TooManyRequests(
            f"The token {caller.name!r} may ask {account.limit} times a minute: again in {seconds} s.", seconds
        )
    return account


def tell(response: flask.Response) -> None:
    """Write on an answer how the caller's account stands (in the headers that Okta and others read)."""
    account = flask.g.get("account")
    if account is not None:
        response.headers["X-Rate-Limit-Limit"] = str(account.limit)
        response.headers["X-Rate-Limit-Remaining"] = str(account.remaining)
        response.headers["X-Rate-Limit-Reset"] = str(round(time.time() + account.even))
