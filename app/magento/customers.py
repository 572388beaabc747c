"""In charge of customers: finds them, and writes what was planned for them as Magento's save would (facts 1, 5, 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.magento import aftermath, catalog, changes, errors, newsletter, options, shop, uniqueness, value_rows, values
from app.sql import sending, wire

TABLE = "customer_entity"
# What changing a customer needs to know whatever is changed.
ALWAYS = (
    *("website_id", "store_id", "group_id", "email", "is_active", "password_hash", "rp_token", "updated_at"),
    *("rp_token_created_at", "failures_num", "first_failure", "lock_expires", "session_cutoff"),
    *("disable_auto_group_change", "confirmation"),
)
IDS = ("ids alone",)  # stands for no attributes, not even those


@dataclass(frozen=True)
class Customer:
    """A customer as it stands: attribute code -> value as stored, None where there is none.

    entity_id: changes.NEW for one that is only planned. hollow: custom attributes that have a value row with NULL
    in it, as some extensions leave behind. subscription: its row of the newsletter, if that was asked for.
    """

    entity_id: changes.Id
    data: Mapping[str, Any]
    hollow: frozenset[str] = frozenset()
    subscription: Mapping[str, Any] | None = None


def fetch(
    connection: sa.Connection,
    shop: shop.Shop,
    ids: Iterable[int],
    codes: Iterable[str] | None = None,
    lock: bool = False,
) -> dict[int, Customer]:
    """Read customers in two statements and one message, whatever their number; unknown ids are left out.

    codes: the attributes wanted besides ALWAYS, for None all readable ones but the newsletter, which takes more
    statements. lock: hold the rows until the transaction ends.
    """
    return fetch_with(connection, shop, ids, None if codes is None else tuple(codes), lock=lock).customers


@dataclass(frozen=True)
class More:
    """What is read along with customers, from tables that are not the shop's.

    name: of which statements that are kept; add: adds the columns to the query, given that and the customer's id;
    given: the parameters that they need. besides: statements to be sent in the same message, behind these.
    """

    name: str
    add: Callable[[sa.Select[Any], sa.Column[Any]], sa.Select[Any]]
    given: Mapping[str, Any]
    besides: Sequence[sending.Order] = ()


@dataclass(frozen=True)
class Read:
    """Customers as they were read; `beside`: of each the values of the columns that More added; `answers`: to what was
    sent besides.
    """

    customers: dict[int, Customer]
    beside: dict[int, Sequence[Any]]
    answers: Sequence[wire.Answer] = ()


def fetch_with(
    connection: sa.Connection,
    shop: shop.Shop,
    ids: Iterable[int],
    codes: tuple[str, ...] | None,
    more: More | None = None,
    *,
    lock: bool = False,
) -> Read:
    """Read customers as fetch does, and more, all in one message.

    With lock what More adds comes by a statement of its own: it must not hold other tables' rows, nor read them as they
    were before the customers were held.
    """
    wanted_ids = sorted(set(ids))
    if not wanted_ids:
        return Read({}, {})
    queries = [_query(shop, codes, None if lock else more, lock=lock)]
    if lock and more is not None:
        queries.append(_query(shop, IDS, more, lock=False))
    attributes, given = queries[0].attributes, {"ids": wanted_ids, **(more.given if more else {})}
    custom = value_rows.order(shop, attributes, wanted_ids)
    orders = [sending.Order(query.text, given) for query in queries]
    orders += [*([custom] if custom else []), *(more.besides if more else ())]
    answers = sending.ask(connection, *orders)
    none = dict.fromkeys(a.code for a in attributes)
    found = {row[0]: {**none, **dict(zip(queries[0].names, row, strict=False))} for row in answers[0].rows}
    beside: dict[int, Sequence[Any]] = {row[0]: row[len(queries[-1].names) :] for row in answers[len(queries) - 1].rows}
    hollow: dict[int, set[str]] = {}
    for entity_id, held in value_rows.held(attributes, answers[len(queries)]).items() if custom else ():
        if entity_id in found:
            found[entity_id] |= held
            hollow[entity_id] = {code for code, value in held.items() if value is None}
    subscribed: Mapping[int, Mapping[str, Any]] = {}
    if found and any(a.subscription for a in attributes):
        subscribed = newsletter.fetch(connection, shop, found)
        for entity_id, subscription in subscribed.items():
            found[entity_id][catalog.NEWSLETTER.code] = subscription["subscriber_status"]
    customers = {i: Customer(i, data, frozenset(hollow.get(i, ())), subscribed.get(i)) for i, data in found.items()}
    return Read(customers, beside, answers[len(queries) + bool(custom) :])


@dataclass(frozen=True)
class _Query:
    """The statement that reads customers; which attributes it is for, and its columns' names but for what was added."""

    attributes: Sequence[catalog.Attribute]
    names: Sequence[str]
    text: sending.Text


def _query(shop: shop.Shop, codes: tuple[str, ...] | None, more: More | None, *, lock: bool) -> _Query:
    """Make the statement that reads customers, once."""

    def build() -> _Query:
        attributes = [] if codes == IDS else _wanted(shop, codes)
        entity = shop.tables[TABLE]
        columns = [entity.c.entity_id]
        columns += [entity.c[a.column] for a in attributes if a.static and a.column != "entity_id"]
        statement = sa.select(*columns).where(sending.among(entity.c.entity_id, "ids")).order_by(entity.c.entity_id)
        if more is not None:
            statement = more.add(statement, entity.c.entity_id)
        text = sending.Text(statement.with_for_update() if lock else statement, shop.engine.dialect, kept=True)
        return _Query(attributes, [column.name for column in columns], text)

    made: _Query = shop.prepared(("customers", codes, lock, more and more.name), build)
    return made


def read_back(shop: shop.Shop, codes: Iterable[str], row: Mapping[str, Any], custom: Mapping[str, Any]) -> Customer:
    """Give a customer as `fetch` would read it. row: all of its columns; custom: its custom attributes' values."""
    attributes = _wanted(shop, codes)
    data = dict.fromkeys(attribute.code for attribute in attributes)
    data |= {name: row[name] for name in ("entity_id", *(a.column for a in attributes if a.static))}
    return Customer(row["entity_id"], data | {code: custom[code] for code in data if code in custom})


def find_by_email(connection: sa.Connection, shop: shop.Shop, email: str, website_id: int | None) -> list[int]:
    """Find customers by e-mail as the database compares: without case, accents, trailing blanks (facts 2.1).

    website_id: None looks on all websites. What no Magento could have stored is found nowhere; asking the
    database would only make it convert every row.
    """
    if not values.storable(email):
        return []
    entity = shop.tables[TABLE]
    statement = sa.select(entity.c.entity_id).where(entity.c.email == email).order_by(entity.c.entity_id)
    if website_id is not None:
        statement = statement.where(entity.c.website_id == website_id)
    return list(connection.execute(statement).scalars())


def password_hash(connection: sa.Connection, shop: shop.Shop, entity_id: int) -> str | None:
    """Read a customer's stored password; None where there is none, or no such customer."""
    entity = shop.tables[TABLE]
    query = sa.select(entity.c.password_hash).where(entity.c.entity_id == entity_id)
    stored: str | None = connection.execute(query).scalar()
    return stored


def normalize(shop: shop.Shop, attribute: catalog.Attribute, value: Any, website_id: int | None = None) -> Any:
    """Turn a value into the stored one or raise Rejected; see values.normalize."""
    return values.normalize(shop, attribute, value, website_id)


def equal(attribute: catalog.Attribute, wanted: Any, stored: Any) -> bool:
    """Say whether a stored value is the wanted one; see values.equal."""
    return values.equal(attribute, stored, wanted)


def write(
    connection: sa.Connection,
    shop: shop.Shop,
    planned: Iterable[changes.RowChange],
    *,
    tables: changes.Tables | None = None,
    orders: bool = True,
    follow: bool = True,
    owner: int | None = None,
) -> list[changes.RowChange]:
    """Carry out what was planned for customers, with its consequences (facts 5.1); give all changes executed.

    Nothing planned: nothing is written. tables: where others than the shop's are among the changes. orders:
    orders carrying the old e-mail follow it. follow=False: the consequences are among the changes already.
    owner: the customer whose addresses are changed, where it is known.
    The customers to be changed are locked in this transaction.
    Raises Duplicate when an e-mail is taken (the database's key decides, at the latest in transaction()) or
    another value that must be unique.
    """
    merged = changes.merged(planned)
    if not merged:
        return []
    uniqueness.refuse_taken(connection, shop, merged)
    owners = aftermath.owners(connection, shop, merged, owner)
    gone = {(change.table, *sorted(change.key.items())) for change in merged if change.after is None}
    more = [
        change
        for change in (aftermath.consequences(connection, shop, merged, orders=orders) if follow else [])
        if (change.table, *sorted(change.key.items())) not in gone
    ]
    done = changes.execute(connection, tables or shop.tables, changes.merged([*merged, *more]))
    shop.forget_misses(options.made(done))
    aftermath.grid(connection, shop, done, owners)
    aftermath.indexes(connection, shop, done)
    return done


def write_newcomers(
    connection: sa.Connection,
    shop: shop.Shop,
    plans: Sequence[Sequence[changes.RowChange]],
    tables: changes.Tables | None = None,
) -> list[list[changes.RowChange]]:
    """Carry out the plans of several new customers, merged and each about rows of its own, as write does one's.

    What a new customer has of carts, orders and the like is in its plan: there are no consequences. Raises as write.
    """
    every = [change for plan in plans for change in plan]
    uniqueness.refuse_taken(connection, shop, every)
    owners = aftermath.owners(connection, shop, every)
    done = changes.execute_all(connection, tables or shop.tables, plans)
    aftermath.grid(connection, shop, [change for each in done for change in each], owners)
    return done


def made(done: Iterable[changes.RowChange]) -> int:
    """Give the id of the customer that executed changes made."""
    return next(int(change.key["entity_id"]) for change in done if change.table == TABLE and change.before is None)


def _wanted(shop: shop.Shop, codes: Iterable[str] | None) -> list[catalog.Attribute]:
    known = shop.catalog.customer
    if codes is None:
        return [attribute for attribute in known.values() if attribute.readable and not attribute.subscription]
    codes = list(codes)
    unknown = [code for code in codes if code not in known or not known[code].readable]
    if unknown:
        raise errors.Unsupported(f"this shop's customers have no attribute {', '.join(unknown)}")
    return [known[code] for code in dict.fromkeys((*ALWAYS, *codes))]
