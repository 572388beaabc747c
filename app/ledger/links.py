"""Links: which customer an identity provider manages, under which names, and the document it established."""

import json
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app import jsontext
from app.ledger import tables

Document = dict[str, Any]
KEY = 255  # characters of an e-mail that are indexed
KEPT, HELD, ANONYMOUS = "deactivate", "held", "anonymize"  # what a deleted user's customer is now


@dataclass(frozen=True, slots=True)
class Link:
    """One managed customer; the fields are in the order of the table's columns.

    `user_name` is the compared form (see `fold`); the document holds the name as it was sent. Times are naive UTC.
    `deleted_at`: since when the user is gone for its identity provider while the shop keeps the customer; then
    `deleted_how` says what became of it, and `former_name` is the user_name, which others may take.
    """

    entity_id: int
    tenant: str
    user_name: str
    external_id: str | None
    document: Document
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None = None
    deleted_how: str | None = None
    former_name: str | None = None
    text: str = field(default="", compare=False, repr=False)  # the document as it is written there


def fold(user_name: str) -> str:
    """Give the form in which user names are compared: full width mapped, composed, case folded.

    Source: RFC 8265 section 3.3 (UsernameCaseMapped), asked for by RFC 7644 section 5.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", user_name).casefold())


def dump(document: Document) -> str:
    """Write a document as JSON with sorted keys, so that equal documents are equal texts."""
    return jsontext.dump(document, ordered=True)


def of(values: Sequence[Any]) -> Link:
    """Make a link of its row's values, which are in the order of the table's columns."""
    entity_id, tenant, user_name, external_id, text, created_at, modified_at, since, how, former_name = values
    document = json.loads(text)
    return Link(
        entity_id, tenant, user_name, external_id, document, created_at, modified_at, since, how, former_name, text
    )


def fetch(connection: sa.Connection, ledger: tables.Tables, entity_ids: Collection[int]) -> dict[int, Link]:
    """Read the links of some customers in one statement, deleted users' too; who has none is not in the answer."""
    if not entity_ids:
        return {}
    query = sa.select(ledger.link).where(ledger.link.c.entity_id.in_(entity_ids))
    return {row.entity_id: of(row) for row in connection.execute(query)}


def find(
    connection: sa.Connection,
    ledger: tables.Tables,
    tenant: str,
    *,
    user_name: str | None = None,
    external_id: str | None = None,
    deleted: bool = False,
) -> int | None:
    """Find the customer that a tenant knows by a user name (any case) or by an external id (exact).

    `deleted`: among those who are gone for their identity provider, the last deleted first; else only among the
    others. Returns the entity id, None where there is none.
    """
    link = ledger.link
    gone = link.c.deleted_at.is_not(None) if deleted else link.c.deleted_at.is_(None)
    query = sa.select(link.c.entity_id).where(link.c.tenant == tenant, gone).limit(1)
    query = query.order_by(link.c.deleted_at.desc(), link.c.entity_id)
    if user_name is not None:
        query = query.where((link.c.former_name if deleted else link.c.user_name) == fold(user_name))
    if external_id is not None:
        query = query.where(link.c.external_id == external_id)
    return connection.execute(query).scalar()


def key(text: str) -> str:
    """Give the form in which a further e-mail is indexed: folded, its first KEY characters."""
    return fold(text)[:KEY]


def promised(link: Link) -> bool:
    """Say whether a person has given a customer to an identity provider that has not sent anything of it yet."""
    return set(link.document) <= {"userName"} and link.external_id is None


def row(tenant: str, document: Document, created_at: datetime, modified_at: datetime) -> dict[str, Any]:
    """Give a link's row but for its key. The unique key on the user name decides between two requests at once."""
    return {
        "tenant": tenant,
        "user_name": fold(document["userName"]),
        "external_id": document.get("externalId"),
        "document": dump(document),
        "created_at": created_at,
        "modified_at": modified_at,
        "deleted_at": None,
        "deleted_how": None,
        "former_name": None,
    }


def nameless(entity_id: int) -> str:
    """Give what stands in the index in place of a user's name: in capitals, which no folded name can be."""
    return f"RENAMED {entity_id}"


def gone(link_row: dict[str, Any], entity_id: int, how: str, now: datetime) -> dict[str, Any]:
    """Give the row of a user who is deleted for its identity provider while the shop keeps the customer.

    Its name is free for others: in its place stands one in capitals, which no folded name can be.
    """
    return {
        **link_row,
        "user_name": f"GONE {entity_id}",
        "former_name": None if how == ANONYMOUS else link_row["user_name"],
        "deleted_at": now,
        "deleted_how": how,
        "modified_at": now,
    }


def as_row(link: Link) -> dict[str, Any]:
    """Give a link's row as it stands, but for its key."""
    kept = row(link.tenant, link.document, link.created_at, link.modified_at)
    deleted = {"deleted_at": link.deleted_at, "deleted_how": link.deleted_how, "former_name": link.former_name}
    return {**kept, "user_name": link.user_name, **deleted}
