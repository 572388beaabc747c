"""Links: which customer an identity provider manages, under which names, and the document it established."""

import json
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import tables

Document = dict[str, Any]
KEY = 255  # characters of an e-mail that are indexed


@dataclass(frozen=True, slots=True)
class Link:
    """One managed customer.

    `user_name` is the compared form (see `fold`); the document holds the name as it was sent. Times are naive UTC.
    """

    entity_id: int
    tenant: str
    user_name: str
    external_id: str | None
    document: Document
    created_at: datetime
    modified_at: datetime


def fold(user_name: str) -> str:
    """Give the form in which user names are compared: full width mapped, composed, case folded.

    Source: RFC 8265 section 3.3 (UsernameCaseMapped), asked for by RFC 7644 section 5.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", user_name).casefold())


def dump(document: Document) -> str:
    """Write a document as JSON with sorted keys, so that equal documents are equal texts."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _link(row: sa.Row[Any]) -> Link:
    return Link(
        row.entity_id,
        row.tenant,
        row.user_name,
        row.external_id,
        json.loads(row.document),
        row.created_at,
        row.modified_at,
    )


def fetch(connection: sa.Connection, ledger: tables.Tables, entity_ids: Collection[int]) -> dict[int, Link]:
    """Read the links of some customers in one statement; those without a link are not in the answer."""
    if not entity_ids:
        return {}
    query = sa.select(ledger.link).where(ledger.link.c.entity_id.in_(entity_ids))
    return {row.entity_id: _link(row) for row in connection.execute(query)}


def find(
    connection: sa.Connection,
    ledger: tables.Tables,
    tenant: str,
    *,
    user_name: str | None = None,
    external_id: str | None = None,
) -> int | None:
    """Find the customer that a tenant knows by a user name (any case) or by an external id (exact).

    Returns the entity id, None where there is none.
    """
    link = ledger.link
    query = sa.select(link.c.entity_id).where(link.c.tenant == tenant).order_by(link.c.entity_id).limit(1)
    if user_name is not None:
        query = query.where(link.c.user_name == fold(user_name))
    if external_id is not None:
        query = query.where(link.c.external_id == external_id)
    return connection.execute(query).scalar()


def key(text: str) -> str:
    """Give the form in which a further e-mail is indexed: folded, its first KEY characters."""
    return fold(text)[:KEY]


def row(tenant: str, document: Document, created_at: datetime, modified_at: datetime) -> dict[str, Any]:
    """Give a link's row but for its key. The unique key on the user name decides between two requests at once."""
    return {
        "tenant": tenant,
        "user_name": fold(document["userName"]),
        "external_id": document.get("externalId"),
        "document": dump(document),
        "created_at": created_at,
        "modified_at": modified_at,
    }
