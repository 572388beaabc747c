"""In charge of the report on a customer's doors: every way in, open or shut, and why (facts 4). Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from app.magento import aftermath, customers, doors, shop

EVENTS = "password_reset_request_event"
BY_ADDRESS_ONLY = 2  # of customer/password/password_reset_protection_type: by IP, not by e-mail


@dataclass(frozen=True)
class Way:
    """One way in: its name, whether it is open, and why."""

    name: str
    open: bool
    reason: str


@dataclass(frozen=True)
class Facts:
    """What is known of some customers: rows by customer id, except where another key is named.

    guarded: the guard stands. revoked: seconds; events: reset mails kept away, by e-mail in lower case;
    visitors: the newest session's start; tokens, carts, logins: how many rows; excluded: websites by group.
    """

    now: datetime
    guarded: bool
    marks: Mapping[int, doors.Taken]
    revoked: Mapping[int, int] = field(default_factory=dict)
    events: frozenset[str] = frozenset()
    visitors: Mapping[int, datetime] = field(default_factory=dict)
    tokens: Mapping[int, int] = field(default_factory=dict)
    carts: Mapping[int, int] = field(default_factory=dict)
    logins: Mapping[int, int] = field(default_factory=dict)
    excluded: Mapping[int, frozenset[int]] = field(default_factory=dict)


def report(
    connection: sa.Connection,
    shop: shop.Shop,
    ids: Collection[int],
    marks: Mapping[int, doors.Taken],
    now: datetime,
    *,
    guarded: bool,
) -> dict[int, list[Way]]:
    """Tell of each customer every way in, in one statement per table, whatever their number.

    marks: what deactivation took, by customer. guarded: whether the guard stands. now: naive UTC.
    """
    found = customers.fetch(connection, shop, ids, codes=())
    facts = _facts(connection, shop, found, marks, now, guarded)
    return {
        entity_id: [Way(name, *judge(shop, customer, facts)) for name, judge in WAYS.items()]
        for entity_id, customer in found.items()
    }


def _facts(
    connection: sa.Connection,
    shop: shop.Shop,
    found: Mapping[int, customers.Customer],
    marks: Mapping[int, doors.Taken],
    now: datetime,
    guarded: bool,
) -> Facts:
    ids = list(found)

    def read(name: str, column: str, value: Callable[[sa.Table], Any], *where: Any) -> dict[int, Any]:
        table = shop.tables.get(name)
        if table is None or not ids:
            return {}
        conditions = [table.c[c] == v for c, v in where]
        query = sa.select(table.c[column], value(table)).where(table.c[column].in_(ids), *conditions)
        return {row[0]: row[1] for row in connection.execute(query.group_by(table.c[column]))}

    def count(_table: sa.Table) -> Any:
        return sa.func.count()

    excluded: dict[int, set[int]] = {}
    websites = shop.tables.get("customer_group_excluded_website")
    if websites is not None:
        for group_id, website_id in connection.execute(sa.select(websites.c.customer_group_id, websites.c.website_id)):
            excluded.setdefault(group_id, set()).add(website_id)
    return Facts(
        now=now,
        guarded=guarded,
        marks=marks,
        revoked=read(
            "jwt_auth_revoked",
            "user_id",
            lambda t: sa.func.max(t.c.revoke_before),
            ("user_type_id", aftermath.CUSTOMER_TYPE),
        ),
        events=_events(connection, shop, [c.data["email"] for c in found.values() if c.data["email"]], now),
        visitors=read("customer_visitor", "customer_id", lambda t: sa.func.max(t.c.created_at)),
        tokens=read("oauth_token", "customer_id", count, ("revoked", 0)),
        carts=read("persistent_session", "customer_id", count),
        logins=read("login_as_customer", "customer_id", count),
        excluded={group: frozenset(ids) for group, ids in excluded.items()},
    )


def _events(connection: sa.Connection, shop: shop.Shop, emails: Collection[str], now: datetime) -> frozenset[str]:
    table = shop.tables.get(EVENTS)
    if table is None or not emails:
        return frozenset()
    query = sa.select(table.c.account_reference).where(
        table.c.account_reference.in_(emails), table.c.request_type == 0, table.c.created_at > now
    )
    return frozenset(reference.lower() for reference in connection.execute(query).scalars())


# --- the judges: each says whether a way is open, and why ---

Verdict = tuple[bool, str]


def _login(shop: shop.Shop, customer: customers.Customer, facts: Facts) -> Verdict:
    """The checks of AccountManagement::authenticate, which storefront, REST and GraphQL share (facts 4.1)."""
    reasons = _against_login(shop, customer, facts)
    return (False, "; ".join(reasons)) if reasons else (True, "the password is enough")


def _against_login(shop: shop.Shop, customer: customers.Customer, facts: Facts) -> list[str]:
    data, website_id = customer.data, customer.data["website_id"]
    until = data["lock_expires"]
    reasons = []
    if until is not None and until > facts.now:
        reasons.append(f"locked until {until} UTC")
    if data["password_hash"] == doors.UNUSABLE:
        reasons.append("the password is scrambled")
    elif not data["password_hash"]:
        reasons.append("there is no password")
    settings = ("customer/create_account/confirm", "customer/account_information/confirm")
    if data["confirmation"] and any(shop.settings.flag(path, website_id=website_id) for path in settings):
        reasons.append("the e-mail address was never confirmed")
    if _excluded(shop, customer, facts):
        reasons.append("the customer's group is excluded from every website that it could log in to")
    return reasons


def _excluded(shop: shop.Shop, customer: customers.Customer, facts: Facts) -> bool:
    mine = customer.data["website_id"]
    websites = {w for w in shop.stores.websites if w} if shop.settings.shares_accounts() else {mine}
    return bool(websites) and websites <= facts.excluded.get(customer.data["group_id"], frozenset())


def _reset(shop: shop.Shop, customer: customers.Customer, facts: Facts) -> Verdict:
    """Ask for a mail, follow its link, set a password: from 2.4.6 on that takes a lock off (facts 4.2, 4.4)."""
    settings, mark = shop.settings, facts.marks.get(_id(customer))
    email = (customer.data["email"] or "").lower()
    kind = settings.number("customer/password/password_reset_protection_type")
    watched = kind not in (0, BY_ADDRESS_ONLY)
    watched = watched and settings.number("customer/password/min_time_between_password_reset_requests") > 0
    if email in facts.events and watched:
        return False, "mails to this address are kept away (storefront; by REST from 2.4.8 on)"
    if email in facts.events:
        return True, "mails are to be kept away, but the shop's settings (password_reset_protection_type) let them pass"
    if _excluded(shop, customer, facts):
        return False, "a new password would not help: the group is excluded from the websites"
    if mark is not None and facts.guarded and (mark.doors & {doors.LOCK, doors.PASSWORD}):
        return False, "a new password would not help: the guard holds the deactivation"
    if mark is not None:
        return True, "a reset by mail takes the lock off until the next sweep: turn the guard on, or add block_reset"
    return True, "whoever reads the mailbox can set a new password"


def _link(shop: shop.Shop, customer: customers.Customer, facts: Facts) -> Verdict:
    sent = customer.data["rp_token_created_at"]
    if not customer.data["rp_token"] or sent is None:
        return False, "no reset link is out"
    hours = shop.settings.number("customer/password/reset_link_expiration_period")
    left = hours * 3600 - (facts.now - sent).total_seconds()
    return left > 0, f"the reset link of {sent} UTC is " + ("still good" if left > 0 else "too old")


def _sessions(_shop: shop.Shop, customer: customers.Customer, facts: Facts) -> Verdict:
    """CutoffValidator ends sessions whose visitor row is older than the cut (facts 4.3)."""
    cut, newest = customer.data["session_cutoff"], facts.visitors.get(_id(customer))
    if newest is None:
        return False, "no session is known to the database"
    if cut is not None and cut > newest:
        return False, f"every session that began before {cut} UTC ends at its next request"
    return True, f"a session began at {newest} UTC" + (f", after the cut of {cut} UTC" if cut else "")


def _api_tokens(shop: shop.Shop, customer: customers.Customer, facts: Facts) -> Verdict:
    revoked = facts.revoked.get(_id(customer))
    minutes = shop.settings.number("webapi/jwtauth/customer_expiration")
    if not _against_login(shop, customer, facts):
        return True, f"a new token can be had with the password; it lives {minutes} minutes"
    if revoked is None:
        return True, f"tokens live {minutes} minutes, and none was revoked"
    moment = datetime.fromtimestamp(revoked, UTC).replace(tzinfo=None)
    return False, f"tokens issued until {moment} UTC are refused, and no new one can be had"


def _rows(what: str, rows: Callable[[Facts], Mapping[int, int]]) -> Callable[..., Verdict]:
    def judge(_shop: shop.Shop, customer: customers.Customer, facts: Facts) -> Verdict:
        count = rows(facts).get(_id(customer), 0)
        return (True, f"{count} {what}") if count else (False, f"no {what}")

    return judge


def _login_as(shop: shop.Shop, customer: customers.Customer, facts: Facts) -> Verdict:
    pending = facts.logins.get(_id(customer), 0)
    if pending:
        return True, f"an administrator's login waits ({pending})"
    if shop.settings.flag("login_as_customer/general/enabled"):
        return True, "administrators may log in as a customer; no lock stops that, nor social logins of other modules"
    return False, "no administrator's login waits, and the shop has the feature off"


def _id(customer: customers.Customer) -> int:
    assert isinstance(customer.entity_id, int)
    return customer.entity_id


WAYS: Mapping[str, Callable[[shop.Shop, customers.Customer, Facts], Verdict]] = {
    "login": _login,
    "password_reset": _reset,
    "reset_link": _link,
    "sessions": _sessions,
    "api_tokens": _api_tokens,
    "opaque_tokens": _rows("opaque API tokens", lambda facts: facts.tokens),
    "remembered_cart": _rows("persistent cart cookies", lambda facts: facts.carts),
    "login_as_customer": _login_as,
}
