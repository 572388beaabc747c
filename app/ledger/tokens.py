"""Bearer tokens: made once, kept only as SHA-256, looked up on every request."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from app.ledger import counters, tables

SCOPES = ("read", "write")
USED_EVERY = timedelta(minutes=1)
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret. Times are naive UTC."""

    token_id: int
    name: str
    tenant: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    user_id: int | None = None
    networks: tuple[str, ...] = ()
    written: counters.Marks = field(default_factory=dict)

    def alive(self, now: datetime) -> bool:
        """Say whether the token opens anything at `now` (naive UTC)."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(row: Sequence[Any]) -> Token:
    token_id, _, name, tenant, scopes, made, ends, used_at, revoked, user_id, networks = row  # the table's columns
    only_from = tuple((networks or "").split())
    return Token(token_id, name, tenant, frozenset(scopes.split()), made, ends, used_at, revoked, user_id, only_from)


@lru_cache(maxsize=8)
def _query(ledger: tables.Tables, written: bool) -> sa.Select[Any]:
    """Make the statement that every request sends."""
    query = sa.select(ledger.token).where(ledger.token.c.hash == sa.bindparam("digest"))
    return query.add_columns(counters.beside(ledger, ledger.token.c.token_id).label("written")) if written else query


def create(
    connection: sa.Connection,
    ledger: tables.Tables,
    name: str,
    tenant: str,
    scopes: Sequence[str],
    now: datetime,
    expires_at: datetime | None = None,
    user_id: int | None = None,
    networks: Sequence[str] = (),
) -> str:
    """Make a token and return its secret, which is known only now (256 random bits).

    `user_id`: the customer whom /Me is for its holder. `networks`: the only addresses it may be used from, as
    203.0.113.0/24; none: all.
    """
    secret = secrets.token_urlsafe(32)
    connection.execute(
        ledger.token.insert().values(
            hash=_hash(secret),
            name=name,
            tenant=tenant,
            scopes=" ".join(sorted(scopes)),
            created_at=now,
            expires_at=expires_at,
            user_id=user_id,
            networks=" ".join(networks) or None,
        )
    )
    return secret


class Known:
    """Tokens as they were read within the last `seconds`, by what is kept of their secrets; for all threads."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._kept: dict[str, tuple[float, Token]] = {}

    def find(self, engine: sa.Engine, ledger: tables.Tables, secret: str, *, written: bool = False) -> Token | None:
        """Find the token with this secret, alive or not. Only one that there is is kept.

        `written`: with the counters of what was written with it, which are always read.
        """
        digest, now = _hash(secret), time.monotonic()
        kept = self._kept.get(digest)
        if kept is not None and now - kept[0] < self.seconds and not written:
            return kept[1]
        with engine.connect() as connection:
            token = find(connection, ledger, secret, written=written)
        if token is not None and self.seconds:
            if len(self._kept) >= MOST_KEPT:
                self._kept = {}
            self._kept[digest] = (now, token)
        return token

    def use(self, secret: str, token: Token, now: datetime) -> None:
        """Keep that a token's use was noted."""
        digest = _hash(secret)
        kept = self._kept.get(digest)
        if kept is not None:
            self._kept[digest] = (kept[0], replace(token, last_used_at=now))


def find(connection: sa.Connection, ledger: tables.Tables, secret: str, *, written: bool = False) -> Token | None:
    """Find the token with this secret, alive or not; the last comparison takes the same time for any secret.

    `written`: with the counters of what was written with it.
    """
    digest = _hash(secret)
    row = connection.execute(_query(ledger, written), {"digest": digest}).one_or_none()
    if row is None or not hmac.compare_digest(row.hash, digest):
        return None
    return replace(_token(row[:-1]), written=counters.read(row.written)) if written else _token(row)


def fetch(connection: sa.Connection, ledger: tables.Tables) -> list[Token]:
    """Read all tokens, oldest first."""
    query = sa.select(ledger.token).order_by(ledger.token.c.token_id)
    return [_token(row) for row in connection.execute(query)]


def used(connection: sa.Connection, ledger: tables.Tables, token: Token, now: datetime) -> None:
    """Note that a token was used; of its uses within a minute only the first is written."""
    connection.execute(ledger.token.update().where(ledger.token.c.token_id == token.token_id).values(last_used_at=now))


def stale(token: Token, now: datetime) -> bool:
    """Say whether the noted last use is old enough to be written again."""
    return token.last_used_at is None or now - token.last_used_at >= USED_EVERY


def revoke_all(connection: sa.Connection, ledger: tables.Tables, tenant: str, now: datetime) -> int:
    """Revoke a tenant's tokens at once; gives how many were alive."""
    alive = (ledger.token.c.tenant == tenant, ledger.token.c.revoked_at.is_(None))
    return connection.execute(ledger.token.update().where(*alive).values(revoked_at=now)).rowcount


def revoke(connection: sa.Connection, ledger: tables.Tables, token_id: int, now: datetime) -> bool:
    """Revoke a token at once; False where there is none of that id that was alive."""
    result = connection.execute(
        ledger.token.update()
        .where(ledger.token.c.token_id == token_id, ledger.token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return result.rowcount == 1
