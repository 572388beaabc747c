"""In charge of what a wanted document comes to: the change set of a user, which is a value until it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import links
from app.magento import changes, customers, database, passwords, plans
from app.magento import errors as shop_errors
from app.mapping import addressing, books, bridges, following, grouping, leaving, naming, projection, standing
from app.scim import errors, memberships, messages, paths

Resource = dict[str, Any]
Row = changes.RowChange


@dataclass(frozen=True, repr=False)
class Password:
    """A password that came with a request, and its hash, made before the transaction."""

    plain: str
    hashed: str


@dataclass(frozen=True)
class Wanted:
    """What a request wants of a user: its document, `changes` of its groups; what is not given stays as it is."""

    document: Resource
    active: bool | None = None
    password: Password | None = None
    changes: tuple[memberships.Change, ...] = ()


def newcomer(
    connection: sa.Connection, bridge: bridges.Bridge, wanted: Wanted, now: datetime, *, free: bool
) -> list[Row]:
    """Plan a new customer; its row comes first, its id is changes.NEW. Raises InvalidValue.

    free: nobody is known by its name, not even in vain. The shop's groups are known (`bridge.know_groups`).
    """
    wanted = _told(bridge, {}, wanted)
    joined = following.joined(connection, bridge, wanted.changes)
    given = _values(bridge, None, wanted.document, bridge.context({}, creating=True).within(joined))
    data = {"website_id": bridge.website_id, **given}
    hashed = _hash(bridge, wanted.password, given.get("email"))
    planned = plans.create(connection, bridge.shop, data, now, password_hash=hashed)
    customer = plans.newcomer(bridge.shop, planned)
    planned += addressing.plan(connection, bridge, customer, books.EMPTY, None, wanted.document, now)
    if not free:
        planned += naming.freed(connection, bridge, None, wanted.document["userName"])
    planned += ledger(bridge, changes.NEW, None, wanted.document, now)
    followed = following.follow(connection, bridge, customer, wanted.changes, (None, wanted.document))
    planned += _settled(bridge, customer, followed, {}, now)
    active = False if wanted.active is False else None
    return leaving.settle(connection, bridge, customer, None, planned, active, now)


def change(
    connection: sa.Connection, bridge: bridges.Bridge, held: standing.Held, wanted: Wanted, now: datetime
) -> list[Row]:
    """Plan what differs between a user as it stands, locked, and as it is wanted, be it nothing.

    Raises InvalidValue.
    """
    customer, given, planned, link = held.customer, dict[str, Any](), list[Row](), held.link
    wanted = _told(bridge, held.document, wanted)
    documents = (held.document if link else None, wanted.document)
    followed = following.follow(connection, bridge, customer, wanted.changes, documents)
    unchanged = link is not None and not link.deleted_at and links.dump(wanted.document) == links.dump(held.document)
    if not unchanged or followed.rows:
        was, then = (bridge.context(customer.data).within(ids) for ids in (held.member_of, followed.member_of))
        given |= _values(bridge, held.document, wanted.document, then, was)
    if not unchanged:
        planned += addressing.plan(connection, bridge, customer, held.book, held.document, wanted.document, now)
    hashed = _hash(bridge, wanted.password, given.get("email", customer.data["email"]))
    planned += _settled(bridge, customer, followed, given, now, hashed)
    if not unchanged:
        planned += naming.freed(connection, bridge, held.link, wanted.document["userName"])
        planned += ledger(bridge, held.entity_id, held.link, wanted.document, now)
    active = wanted.active if wanted.active is False or not held.active else None
    return leaving.settle(connection, bridge, held.real, held.taken, planned, active, now)


def ledger(
    bridge: bridges.Bridge, entity_id: changes.Id, link: links.Link | None, document: Resource, now: datetime
) -> list[Row]:
    """Plan our own rows of a user: its link with the document, and the further e-mails that are indexed."""
    key = {"entity_id": entity_id}
    after = links.row(bridge.tenant, document, link.created_at if link else now, now)
    before = links.as_row(link) if link else None
    if link and before and before | {"modified_at": now} == after:
        after = before  # nothing of ours is different: what was asked for only concerns the shop
    indexed = further_emails(bridge, link.document) if link else set()
    wanted = further_emails(bridge, document)
    planned = [Row("scim_link", key, before, after)]
    planned += [Row("scim_email", {**key, "value": value}, {}, None) for value in sorted(indexed - wanted)]
    return planned + [Row("scim_email", {**key, "value": value}, None, {}) for value in sorted(wanted - indexed)]


def _told(bridge: bridges.Bridge, before: Resource, wanted: Wanted) -> Wanted:
    """Where rules go by the names of groups, put those that came with the user into its document."""
    if not bridge.ruleset.groups.by_name:
        return wanted
    return replace(wanted, document=grouping.told(wanted.document, before, wanted.changes), changes=())


def _settled(
    bridge: bridges.Bridge,
    customer: customers.Customer,
    followed: following.Followed,
    given: dict[str, Any],
    now: datetime,
    hashed: str | None = None,
) -> list[Row]:
    """Plan the wanted values of a customer together with the group that its memberships, or the rules, put it in."""
    if followed.group_id is not None:
        given["group_id"] = followed.group_id
    return plans.change(bridge.shop, customer, given, now, password_hash=hashed) + followed.rows


def _values(
    bridge: bridges.Bridge,
    before: Resource | None,
    after: Resource,
    context: projection.Context,
    was: projection.Context | None = None,
) -> Mapping[str, Any]:
    values, problems = projection.desired(bridge.ruleset, before, after, context, was)
    if problems:
        raise errors.InvalidValue("; ".join(f"{rule.place}: {reason}" for rule, reason in problems) + ".")
    return values


# --- documents ---


def clean(resource: Resource) -> Resource:
    """Keep of a resource what its document holds: not what the service gives, nothing empty."""
    given = ("id", "meta", "schemas", "active", "password", "groups")
    document: Resource = messages.prune({key: value for key, value in resource.items() if key not in given})
    for name, value in (("userName", document.get("userName")), ("externalId", document.get("externalId"))):
        if value is not None and len(links.fold(value)) > 255:
            raise errors.InvalidValue(f"{name} is longer than 255 characters.")
    return document


def merged(bridge: bridges.Bridge, before: Resource, resource: Resource) -> Resource:
    """Give the document that a body leaves behind where what it does not mention stays."""
    after = clean(resource)
    projection.keep_absent(bridge.ruleset, before, resource, after, always=True)
    return {**{key: value for key, value in before.items() if key not in resource}, **after}


def further_emails(bridge: bridges.Bridge, document: Resource) -> set[str]:
    """Collect the e-mails of a document as they are indexed, but for the one that stands where the shop's is shown and
    that the shop's own index finds."""
    found = [links.key(email["value"]) for email in document.get("emails", ()) if email.get("value")]
    rule = bridge.ruleset.rule("email")
    for value in paths.read(document, rule.sources[0])[:1] if rule and rule.comes_out else ():
        own = links.key(value)
        if own in found and own.isascii() and own == links.key(bridge.email_of(document) or ""):
            found.remove(own)
    return set(found)


# --- passwords ---


def take_password(bridge: bridges.Bridge, resource: Resource, user_id: str = "") -> tuple[Resource, Password | None]:
    """Take the password out of a resource and hash it, before any transaction is open; `user_id`: whose it is."""
    rest = {key: value for key, value in resource.items() if key != "password"}
    plain = resource.get("password")
    return rest, password(bridge, plain, user_id) if plain else None


def password(bridge: bridges.Bridge, plain: str, user_id: str = "") -> Password | None:
    """Hash a password, in turn with others; None where mapping.yaml says that passwords are ignored.

    A user's own password, sent again, keeps its hash: nothing differs then, and no session ends. Raises InvalidValue
    for one that the shop would refuse.
    """
    if bridge.ruleset.password == "ignore":  # noqa: S105 - a word of mapping.yaml
        return None
    _hash(bridge, Password(plain, ""), None)
    stored = None
    if user_id.isascii() and user_id.isdigit() and len(user_id) < 11:
        with database.reading(bridge.shop.engine) as connection:
            stored = customers.password_hash(connection, bridge.shop, int(user_id))
    if stored and passwords.is_current(stored) and bridge.lane.verify(stored, plain):
        return Password(plain, stored)
    return Password(plain, bridge.lane.hash(plain))


def _hash(bridge: bridges.Bridge, given: Password | None, email: str | None) -> str | None:
    """Give the hash of a password that the shop's rules allow for a customer of this e-mail; raises InvalidValue."""
    if given is None:
        return None
    try:
        passwords.check(bridge.shop.settings, given.plain, email)
    except shop_errors.Rejected as error:
        raise errors.InvalidValue(f"password: {error.reason}.") from error
    return given.hashed
