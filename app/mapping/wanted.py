"""In charge of what a wanted document comes to: the change set of a user, which is a value until it is written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.ledger import claims, links
from app.magento import changes, customers, database, doors, options, passwords, plans
from app.magento import errors as shop_errors
from app.mapping import bridges, groups, projection, standing
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


def newcomer(connection: sa.Connection, bridge: bridges.Bridge, wanted: Wanted, now: datetime) -> list[Row]:
    """Plan a new customer, whose id is changes.NEW. Raises InvalidValue."""
    given, chosen = _values(connection, bridge, None, wanted.document, bridge.context({}, creating=True))
    data = {"website_id": bridge.website_id, **given}
    hashed = _hash(bridge, wanted.password, given.get("email"))
    planned = chosen + plans.create(connection, bridge.shop, data, now, password_hash=hashed)
    customer = plans.newcomer(bridge.shop, planned)
    planned += _ledger(bridge, changes.NEW, None, wanted.document, now)
    planned += _memberships(connection, bridge, customer, wanted, {}, now)
    if wanted.active is False:
        planned += doors.shut(connection, bridge.shop, customer, now)
    return planned


def change(
    connection: sa.Connection, bridge: bridges.Bridge, held: standing.Held, wanted: Wanted, now: datetime
) -> list[Row]:
    """Plan what differs between a user as it stands, locked, and as it is wanted, be it nothing.

    Raises InvalidValue.
    """
    customer, given, planned = held.customer, dict[str, Any](), list[Row]()
    unchanged = held.link is not None and links.dump(wanted.document) == links.dump(held.document)
    if not unchanged:
        context = bridge.context(customer.data)
        given, planned = _values(connection, bridge, held.document, wanted.document, context)
    hashed = _hash(bridge, wanted.password, given.get("email", customer.data["email"]))
    planned += _memberships(connection, bridge, customer, wanted, given, now, hashed)
    if not unchanged:
        planned += _ledger(bridge, held.entity_id, held.link, wanted.document, now)
    if wanted.active is False:
        planned += doors.shut(connection, bridge.shop, customer, now)
    elif wanted.active and customer.data["is_active"] != 1:
        planned += doors.open(customer, now)
    return planned


def _memberships(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    customer: customers.Customer,
    wanted: Wanted,
    given: dict[str, Any],
    now: datetime,
    hashed: str | None = None,
) -> list[Row]:
    """Plan the wanted values of a customer together with the group that its memberships put it in."""
    rows, group_id = groups.follow(connection, bridge, customer, wanted.changes)
    if group_id is not None:
        given["group_id"] = group_id
    return plans.change(bridge.shop, customer, given, now, password_hash=hashed) + rows


def _ledger(
    bridge: bridges.Bridge, entity_id: changes.Id, link: links.Link | None, document: Resource, now: datetime
) -> list[Row]:
    """Plan our own rows of a user: its link with the document, and the further e-mails that are indexed."""
    key = {"entity_id": entity_id}
    after = links.row(bridge.tenant, document, link.created_at if link else now, now)
    before = links.row(link.tenant, link.document, link.created_at, link.modified_at) if link else None
    indexed = further_emails(bridge, link.document) if link else set()
    wanted = further_emails(bridge, document)
    planned = [Row("scim_link", key, before, after)]
    planned += [Row("scim_email", {**key, "value": value}, {}, None) for value in sorted(indexed - wanted)]
    return planned + [Row("scim_email", {**key, "value": value}, None, {}) for value in sorted(wanted - indexed)]


def _values(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    before: Resource | None,
    after: Resource,
    context: projection.Context,
) -> tuple[dict[str, Any], list[Row]]:
    """Say what the shop should hold, and plan the choices of selects that must be made for it.

    A choice is claimed: of two requests that make the same one, the later runs into our key and starts again.
    """
    values, problems = projection.desired(bridge.ruleset, before, after, context)
    if problems:
        raise errors.InvalidValue("; ".join(f"{rule.target}: {reason}" for rule, reason in problems) + ".")
    values, planned = options.settle(connection, bridge.shop, values)
    fresh = [row.key["option_id"] for row in planned if row.table == options.OPTION]
    return values, planned + _claims(connection, bridge, fresh)


def _claims(connection: sa.Connection, bridge: bridges.Bridge, fresh: list[options.Choice]) -> list[Row]:
    """Claim the labels of choices that are to be made; a claim of one that has another label by now is taken over."""
    keys = {choice: (choice.attribute_id, claims.key(choice.name)) for choice in fresh}
    claimed = claims.fetch(connection, bridge.ledger, keys.values())
    rows = []
    for choice, (attribute_id, label_key) in keys.items():
        key = {"attribute_id": attribute_id, "label_key": label_key}
        before = claimed.get((attribute_id, label_key))
        if before is not None:  # the old id is part of the key, so that only one request finds it
            rows.append(Row("scim_option", {**key, "option_id": before}, {"option_id": before}, {"option_id": choice}))
        else:
            rows.append(Row("scim_option", key, None, {"option_id": choice}))
    return rows


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
