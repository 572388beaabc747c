"""In charge of every way into a customer's account: shut for a leaver, opened again as they were (facts 4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from app.magento import aftermath, blocking, changes, customers, groups, shop
from app.sql import sending

TABLE, EVENTS = "customer_entity", "password_reset_request_event"
LOCKED_UNTIL = datetime(2037, 12, 31, 23, 59, 59)  # TIMESTAMP ends in January 2038
# Counts up by one per wrong captcha; only at 1 would Magento lift the lock, at 10 shorten it (facts 4.2).
FAILURES = -32768
# Magento ends a session where the cut is later than its start, both in whole seconds (facts 4.3).
CUT = timedelta(seconds=1)
UNUSABLE = "!"  # in the place of a password's hash: nothing hashes to it (facts 3.1)
NO_ADDRESS = "0.0.0.0"  # noqa: S104 # nosec B104 - a text that no visitor has (facts 4.4)
RESET_EVENT = changes.New("reset event")

# What shutting may do, by name.
LOCK, SESSIONS, TOKENS, LINK = "lock", "end_sessions", "revoke_tokens", "drop_reset_token"
PASSWORD, GROUP, MAIL = "scramble_password", "block_group", "block_reset"
USUAL = frozenset({LOCK, SESSIONS, TOKENS, LINK})
STOPPING = frozenset({LOCK, PASSWORD, GROUP})  # of which one at least is needed to keep anybody out
EVERY = (LOCK, SESSIONS, TOKENS, LINK, PASSWORD, GROUP, MAIL)
# Rows that let somebody in or wait to, and by which name they go; all optional, found by customer_id.
KEYS_IN_HAND = {"oauth_token": TOKENS, "persistent_session": SESSIONS, "login_as_customer": SESSIONS}
# Columns that hold one thing while a customer is deactivated and remember another.
ASIDE = {"group_id": GROUP, "disable_auto_group_change": GROUP, "password_hash": PASSWORD}


@dataclass(frozen=True)
class Taken:
    """What shutting took of a customer, to be given back, and the doors that it holds shut.

    lock_expires, first_failure, failures_num, password_hash, group_id, disable_auto_group_change: as they were
    before; where their door is not held they say nothing. blocked_group_id: the group that the customer is held
    in. reset_event_id: the row that keeps reset mails away. Times are naive UTC.
    """

    since: datetime
    doors: frozenset[str]
    lock_expires: datetime | None = None
    first_failure: datetime | None = None
    failures_num: int | None = None
    password_hash: str | None = None
    group_id: int | None = None
    disable_auto_group_change: int | None = None
    blocked_group_id: int | None = None
    reset_event_id: changes.Id | None = None


def is_locked(data: Mapping[str, Any]) -> bool:
    """Say whether a customer's row holds the lock as shut() leaves it."""
    return bool(_locked_for_good(data) and data["first_failure"] is not None and (data["failures_num"] or 0) < 0)


def _locked_for_good(data: Mapping[str, Any]) -> bool:
    return data["lock_expires"] is not None and data["lock_expires"] >= LOCKED_UNTIL


def is_shut(customer: customers.Customer) -> bool:
    """Say whether the marker and the lock stand as shut() leaves them."""
    return not customer.data["is_active"] and is_locked(customer.data)


def shut(
    connection: sa.Connection,
    shop: shop.Shop,
    customer: customers.Customer,
    now: datetime,
    wanted: Collection[str] = USUAL,
    taken: Taken | None = None,
) -> tuple[list[changes.RowChange], Taken]:
    """Plan to shut the wanted doors beside those that are held already; give what that takes, to be remembered.

    customer: as it will stand, fetched with lock=True in this transaction, or a newcomer. taken: what an earlier
    shut() took, None for who is not shut yet. now: naive UTC. Nothing is planned when all doors are shut already.
    Sessions and tokens are cut again whenever a door had come open. Visitor rows stay: without them the session
    cut does nothing. The group of those who may not log in is made here where there is none. Source: facts 4.3-4.5.
    """
    moment = now.replace(microsecond=0)
    taken = _take(connection, shop, customer, moment, frozenset(wanted), taken)
    row = _held_row(customer.data, taken, moment)
    until = aftermath.revoked(connection, shop, customer.entity_id) if TOKENS in taken.doors else None
    planned = _keys_in_hand(connection, shop, customer.entity_id, taken.doors)
    if MAIL in taken.doors:
        events, taken = _keep_mails_away(connection, shop, customer.data["email"], taken)
        planned += events
    sessions = SESSIONS in taken.doors
    if (
        planned
        or any(customer.data[column] != value for column, value in row.items())
        or (sessions and customer.data["session_cutoff"] is None)
        or (until is not None and until() is None)
    ):
        row |= {"session_cutoff": moment + CUT} if sessions else {}
        planned += aftermath.revoke_tokens(until, customer.entity_id, moment)
    return _with_row(customer, row, planned, moment), taken


def open(
    connection: sa.Connection,
    shop: shop.Shop,
    customer: customers.Customer,
    taken: Taken | None,
    now: datetime,
) -> list[changes.RowChange]:
    """Plan to give back what shut() took; never the session cut, which would revive old sessions (facts 4.3).

    taken: None for who was deactivated by somebody else; then marker and our kind of lock come off, while a lock
    that Magento itself set for a while after wrong passwords stays. A group that is gone by now becomes the
    default one. customer, now: as for shut().
    """
    row: dict[str, Any] = {"is_active": 1}
    if taken is None:
        if not customer.data["is_active"] or _locked_for_good(customer.data):
            row |= _no_lock()
        return _with_row(customer, row, [], now.replace(microsecond=0))
    if LOCK in taken.doors:
        row |= {c: getattr(taken, c) for c in ("lock_expires", "first_failure", "failures_num")}
    if PASSWORD in taken.doors:
        row["password_hash"] = taken.password_hash
    if GROUP in taken.doors:
        row["group_id"] = _still_there(connection, shop, taken.group_id, customer.data["store_id"])
        row["disable_auto_group_change"] = taken.disable_auto_group_change
    return _with_row(customer, row, _mails_again(connection, shop, taken), now.replace(microsecond=0))


def behind(customer: customers.Customer, taken: Taken | None) -> customers.Customer:
    """Give a customer as it stands but for its deactivation: in its own group, with its own password."""
    if taken is None:
        return customer
    own = {column: getattr(taken, column) for column, door in ASIDE.items() if door in taken.doors}
    return replace(customer, data={**customer.data, **own})


def put_aside(
    planned: Collection[changes.RowChange], entity_id: changes.Id, taken: Taken
) -> tuple[list[changes.RowChange], Taken]:
    """Turn planned changes of what a deactivated customer holds aside into changes of what is given back later.

    planned: for the customer as behind() gives it. Gives the other changes, and what is remembered from now on.
    """
    rest: list[changes.RowChange] = []
    for change in planned:
        kept: dict[str, Any] = {}
        if change.table == TABLE and change.key["entity_id"] == entity_id and change.before and change.after:
            kept = {column: value for column, value in change.after.items() if ASIDE.get(column) in taken.doors}
            taken = replace(taken, **kept)
            before, after = ({c: v for c, v in row.items() if c not in kept} for row in (change.before, change.after))
            change = replace(change, before=before, after=after)
        if change.after != {} or not kept:
            rest.append(change)
    return rest, taken


def after(customer: customers.Customer, planned: Collection[changes.RowChange]) -> customers.Customer:
    """Give a customer as it will stand when the planned changes are carried out, of its own row only."""
    data = dict(customer.data)
    for change in planned:
        if change.table == TABLE and change.key["entity_id"] == customer.entity_id:
            data |= change.after or {}
    return replace(customer, data=data)


# --- what is taken and held ---


def _take(
    connection: sa.Connection,
    shop: shop.Shop,
    customer: customers.Customer,
    moment: datetime,
    wanted: frozenset[str],
    taken: Taken | None,
) -> Taken:
    """Remember what the doors that are not held yet are about to take."""
    taken = taken or Taken(moment, frozenset())
    data, new = customer.data, wanted - taken.doors
    kept: dict[str, Any] = {}
    if LOCK in new:
        lock = ("lock_expires", "first_failure", "failures_num")
        kept |= _no_lock() if _locked_for_good(data) else {column: data[column] for column in lock}
    if PASSWORD in new:
        kept["password_hash"] = None if data["password_hash"] == UNUSABLE else data["password_hash"]
    if GROUP in new:
        kept |= {column: data[column] for column in ("group_id", "disable_auto_group_change")}
    if GROUP in taken.doors | new:
        kept["blocked_group_id"] = blocking.group(connection, shop)
    return replace(taken, doors=taken.doors | new, **kept)


def _no_lock() -> dict[str, Any]:
    return {"lock_expires": None, "first_failure": None, "failures_num": 0}


def _held_row(data: Mapping[str, Any], taken: Taken, moment: datetime) -> dict[str, Any]:
    """Give the columns of a customer whose doors are held shut, as they must be."""
    row: dict[str, Any] = {"is_active": 0}
    if LOCK in taken.doors and not is_locked(data):
        row |= {"lock_expires": LOCKED_UNTIL, "first_failure": moment, "failures_num": FAILURES}
    if LINK in taken.doors:
        row |= {"rp_token": None, "rp_token_created_at": None}
    if PASSWORD in taken.doors:
        row["password_hash"] = UNUSABLE
    if GROUP in taken.doors:
        row |= {"group_id": taken.blocked_group_id, "disable_auto_group_change": 1}
    return row


def _still_there(connection: sa.Connection, shop: shop.Shop, group_id: int | None, store_id: int | None) -> int | None:
    table = shop.tables["customer_group"]
    found = connection.execute(sa.select(table.c.customer_group_id).where(table.c.customer_group_id == group_id))
    default = shop.settings.number(groups.DEFAULT_GROUP, store_id=store_id)
    return group_id if found.first() is not None else default


def _with_row(
    customer: customers.Customer,
    row: dict[str, Any],
    others: list[changes.RowChange],
    moment: datetime,
) -> list[changes.RowChange]:
    after = {column: value for column, value in row.items() if customer.data[column] != value}
    planned = list(others)
    if after:
        after["updated_at"] = moment
        before = {column: customer.data[column] for column in after}
        planned.insert(0, changes.RowChange(TABLE, {"entity_id": customer.entity_id}, before, after))
    return planned


# --- rows elsewhere ---


def asked_of_shutting(shop: shop.Shop, entity_id: int, wanted: Collection[str]) -> list[sending.Order]:
    """Give what `shut` will ask about a customer, unless it asks for more."""
    tokens = aftermath.asked_of_tokens(shop, entity_id) if TOKENS in wanted else []
    return tokens + changes.asked_of_removal(shop.engine.dialect, shop.tables, _names_of_keys(wanted), entity_id)


def _names_of_keys(doors: Collection[str]) -> list[str]:
    return [name for name, door in KEYS_IN_HAND.items() if door in doors]


def _keys_in_hand(
    connection: sa.Connection, shop: shop.Shop, entity_id: changes.Id, doors: Collection[str]
) -> list[changes.RowChange]:
    names = _names_of_keys(doors)
    return [] if isinstance(entity_id, changes.New) else changes.removal(connection, shop.tables, names, entity_id)


def _keep_mails_away(
    connection: sa.Connection, shop: shop.Shop, email: str | None, taken: Taken
) -> tuple[list[changes.RowChange], Taken]:
    """Plan the row from the future after which Magento mails no reset link to this address (facts 4.4)."""
    if EVENTS not in shop.tables or not email:
        return [], taken
    wanted = {"request_type": 0, "account_reference": email, "created_at": LOCKED_UNTIL, "ip": NO_ADDRESS}
    standing = _event(connection, shop, taken.reset_event_id)
    if standing is None:
        made = changes.RowChange(EVENTS, {"id": RESET_EVENT}, None, wanted)
        return [made], replace(taken, reset_event_id=RESET_EVENT)
    after = {column: value for column, value in wanted.items() if standing[column] != value}
    before = {column: standing[column] for column in after}
    return [changes.RowChange(EVENTS, {"id": taken.reset_event_id}, before, after)] if after else [], taken


def _mails_again(connection: sa.Connection, shop: shop.Shop, taken: Taken) -> list[changes.RowChange]:
    standing = _event(connection, shop, taken.reset_event_id)
    return [] if standing is None else [changes.RowChange(EVENTS, {"id": taken.reset_event_id}, standing, None)]


def _event(connection: sa.Connection, shop: shop.Shop, event_id: changes.Id | None) -> dict[str, Any] | None:
    table = shop.tables.get(EVENTS)
    if table is None or not isinstance(event_id, int):
        return None
    query = sa.select(table).where(table.c.id == event_id, table.c.ip == NO_ADDRESS)
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)
