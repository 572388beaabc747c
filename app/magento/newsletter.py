"""In charge of newsletter subscriptions: whose there are, and what Magento's save makes of them (facts 5.1, 11).

A customer has one subscription for the website of its store view: the one with its id, else one with its e-mail, which
somebody took out as a guest and which becomes the customer's. Sources: SubscriptionManager and Plugin/CustomerPlugin.
"""

from __future__ import annotations

import functools
import logging
import secrets
import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.magento import catalog, changes, errors, shop
from app.sql import sending

log = logging.getLogger(__name__)

TABLE = catalog.NEWSLETTER.table
SUBSCRIBED, NOT_ACTIVE, UNSUBSCRIBED, UNCONFIRMED = 1, 2, 3, 4
CONFIRM = "newsletter/subscription/confirm"
CONFIRM_ACCOUNT = "customer/create_account/confirm"
GUEST = 0  # customer_id of who is no customer
CODE_LETTERS, CODE_LENGTH = string.ascii_lowercase + string.digits, 32
LONGEST = 150  # newsletter_subscriber.subscriber_email

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Reader:
    """What a subscription needs to know of its customer: id, and the row's e-mail, store, website and confirmation."""

    entity_id: changes.Id
    email: str
    store_id: int | None
    website_id: int | None
    confirmation: str | None


def reader(shop: shop.Shop, entity_id: changes.Id, row: Row) -> Reader:
    """Make it from a customer's row; the store view, where there is none, is the website's first."""
    store_id, website_id = row.get("store_id"), row.get("website_id")
    store = shop.stores.stores.get(store_id or 0)
    if store is not None and store.store_id:
        website_id = store.website_id
    else:
        store_id = shop.stores.default_store(website_id or 0)
    return Reader(entity_id, row.get("email") or "", store_id, website_id, row.get("confirmation"))


def fetch(connection: sa.Connection, shop: shop.Shop, rows: Mapping[int, Row]) -> dict[int, Row]:
    """Read the subscriptions of customers, by their rows, in two statements at most; who has none is left out."""
    table = shop.tables[TABLE]
    readers = {entity_id: reader(shop, entity_id, row) for entity_id, row in rows.items()}
    found: dict[int, Row] = {}
    for row in _rows(connection, table.c.customer_id, [entity_id for entity_id in readers if entity_id != GUEST]):
        if row["store_id"] in _stores(shop, readers[row["customer_id"]]):
            found.setdefault(row["customer_id"], row)
    others = {entity_id: one for entity_id, one in readers.items() if entity_id not in found and one.email}
    by_email: dict[str, list[Row]] = {}
    for row in _rows(connection, table.c.subscriber_email, [one.email for one in others.values()]):
        by_email.setdefault(folded(row["subscriber_email"]), []).append(row)
    for entity_id, one in others.items():
        stores = _stores(shop, one)
        fitting = [row for row in by_email.get(folded(one.email), ()) if row["store_id"] in stores]
        if fitting:
            found[entity_id] = fitting[0]
    return found


def _rows(connection: sa.Connection, column: sa.Column[Any], values: list[Any]) -> list[Row]:
    """Read the subscriptions that have one of the values in a column, the oldest first."""
    if not values:
        return []
    answer = sending.ask(connection, _order(column, values, connection.dialect))[0]
    return [dict(zip(answer.names, row, strict=True)) for row in answer.rows]


def _order(column: sa.Column[Any], values: list[Any], dialect: sa.Dialect) -> sending.Order:
    return sending.Order(_text(column, dialect), {"them": values})


@functools.lru_cache(maxsize=16)
def _text(column: sa.Column[Any], dialect: sa.Dialect) -> sending.Text:
    query = sa.select(column.table).where(sending.among(column, "them")).order_by(column.table.c.subscriber_id)
    return sending.Text(query, dialect)


def plan(
    shop: shop.Shop, one: Reader, standing: Row | None, wanted: bool | None, now: datetime
) -> list[changes.RowChange]:
    """Plan what a save makes of a customer's subscription.

    standing: as it is, None for none; wanted: None where nobody says. now: naive UTC. Raises Rejected.
    """
    if standing is None:
        return [_made(shop, one, now)] if wanted else []
    status = standing["subscriber_status"]
    subscribe = (status == SUBSCRIBED) if wanted is None else wanted
    needed = subscribe != (status == SUBSCRIBED)
    needed = needed or standing["subscriber_email"] != _email(one, standing) or not standing["customer_id"]
    if status == UNCONFIRMED and not one.confirmation:
        needed = subscribe = True
    if not needed:
        return []
    row = {
        "subscriber_status": _status(shop, one, status, subscribe),
        "customer_id": one.entity_id,
        "store_id": one.store_id,
        "subscriber_email": _email(one, standing),
    }
    after: dict[str, Any] = {column: value for column, value in row.items() if standing[column] != value}
    if "subscriber_status" in after:
        after["change_status_at"] = now.replace(microsecond=0)
    before = {column: standing[column] for column in after}
    return [changes.RowChange(TABLE, {"subscriber_id": standing["subscriber_id"]}, before, after)] if after else []


def welcome(
    connection: sa.Connection, shop: shop.Shop, row: Row, wanted: bool | None, now: datetime
) -> list[changes.RowChange]:
    """Plan a new customer's subscription, and take over the one it had as a guest. row: the customer's."""
    if TABLE not in shop.tables:
        return []
    standing = fetch(connection, shop, {GUEST: row}).get(GUEST)
    return plan(shop, reader(shop, changes.NEW, row), standing, wanted, now)


def follow(
    connection: sa.Connection, shop: shop.Shop, entity_id: int, row: Row, now: datetime
) -> list[changes.RowChange]:
    """Plan what becomes of a changed customer's subscriptions: the e-mail follows in all of them.

    row: the customer's, as it will be.
    """
    table = shop.tables.get(TABLE)
    if table is None:
        return []
    one = reader(shop, entity_id, row)
    if len(one.email) > LONGEST:
        log.warning("the newsletter keeps %d characters of an e-mail: the old one stays there", LONGEST)
    standing = fetch(connection, shop, {entity_id: row}).get(entity_id)
    planned = plan(shop, one, standing, None, now)
    chosen = standing["subscriber_id"] if standing else None
    for other in _rows(connection, table.c.customer_id, [entity_id]):
        email = _email(one, other)
        if other["subscriber_id"] != chosen and email != other["subscriber_email"]:
            key, before = {"subscriber_id": other["subscriber_id"]}, {"subscriber_email": other["subscriber_email"]}
            planned.append(changes.RowChange(TABLE, key, before, {"subscriber_email": email}))
    return planned


def waits(connection: sa.Connection, shop: shop.Shop, entity_id: changes.Id) -> bool:
    """Say whether a subscription of a customer waits for its account's confirmation, which any save looks at."""
    asked = [] if isinstance(entity_id, changes.New) else asked_of_change(shop, entity_id)
    return bool(asked and sending.ask(connection, *asked)[0].rows)


def asked_of_change(shop: shop.Shop, entity_id: int) -> list[sending.Order]:
    """Give what `waits` will ask."""
    table = shop.tables.get(TABLE)
    if table is None:
        return []

    def build() -> sending.Text:
        mine = (table.c.customer_id == sa.bindparam("customer"), table.c.subscriber_status == UNCONFIRMED)
        return sending.Text(sa.select(table.c.subscriber_id).where(*mine).limit(1), shop.engine.dialect)

    return [sending.Order(shop.prepared("newsletter waits", build), {"customer": entity_id})]


def asked_of_newcomer(shop: shop.Shop, *emails: str) -> list[sending.Order]:
    """Give what `welcome` will ask about a customer of this e-mail, or the same about several at once."""
    table = shop.tables.get(TABLE)
    return [] if table is None or not emails else [_order(table.c.subscriber_email, [*emails], shop.engine.dialect)]


def _made(shop: shop.Shop, one: Reader, now: datetime) -> changes.RowChange:
    if len(one.email) > LONGEST:
        raise errors.Rejected(
            catalog.NEWSLETTER.code, f"the shop keeps {LONGEST} characters of a subscriber's e-mail: use a shorter one"
        )
    row = {
        "store_id": one.store_id,
        "change_status_at": now.replace(microsecond=0),
        "customer_id": one.entity_id,
        "subscriber_email": one.email,
        "subscriber_status": _status(shop, one, None, True),
        "subscriber_confirm_code": "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)),
    }
    return changes.RowChange(TABLE, {"subscriber_id": changes.New("subscriber")}, None, row)


def _status(shop: shop.Shop, one: Reader, status: int | None, subscribe: bool) -> int:
    """Choose the status as getNewSubscriptionStatus does."""
    if not subscribe:
        return UNSUBSCRIBED if status in (SUBSCRIBED, None) else status
    if status == SUBSCRIBED:
        return status
    if one.confirmation and shop.settings.flag(CONFIRM_ACCOUNT, website_id=one.website_id):
        return UNCONFIRMED
    return NOT_ACTIVE if shop.settings.flag(CONFIRM, store_id=one.store_id) else SUBSCRIBED


def _email(one: Reader, standing: Row) -> Any:
    """Half an address would be a wrong one: the old one stays."""
    return one.email if len(one.email) <= LONGEST else standing["subscriber_email"]


def _stores(shop: shop.Shop, one: Reader) -> list[int]:
    return shop.stores.store_ids(one.website_id or 0)


def folded(email: str) -> str:
    """Fold as the column compares: without case, accents and blanks at the end."""
    plain = unicodedata.normalize("NFKD", email.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).rstrip(" ")
