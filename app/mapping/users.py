"""Users: the SCIM resource whose document is in the ledger and whose projection is a customer of the shop.

Each public function is one request's work: it opens the one transaction, locks the row, reads the document corrected
by the shop, changes it, projects it, and writes what differs.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from app.ledger import groups as memberships
from app.ledger import links
from app.magento import customers, database, doors, passwords
from app.magento import errors as shop_errors
from app.mapping import bridges, clock, conditions, groups, pages, projection
from app.scim import cursors, errors, filters, messages, patch, paths, queries
from app.scim import memberships as memberships_said

Resource = dict[str, Any]
T = TypeVar("T")
log = logging.getLogger(__name__)
Changes = tuple[memberships_said.Change, ...]
Check = Callable[[str], None]
"""Judges the resource's current ETag under the lock; raises PreconditionFailed."""


@dataclass(frozen=True)
class Held:
    """A customer as it stands: the shop's data, our link (None: not managed yet), the corrected document.

    `groups`: the id and name of each group it is a member of.
    """

    customer: customers.Customer
    link: links.Link | None
    document: Resource
    groups: Mapping[int, str]


@dataclass(frozen=True, repr=False)
class Password:
    """A password that came with a request, and its hash, made before the transaction."""

    plain: str
    hashed: str


# --- reading ---


def get(bridge: bridges.Bridge, user_id: str) -> Resource:
    """Read one user by its id; raises NotFound."""
    with database.reading(bridge.shop.engine) as connection:
        return _dress(bridge, _one(connection, bridge, user_id))


def find(
    bridge: bridges.Bridge, where: filters.Node | None, query: queries.Query, after: cursors.Place | None = None
) -> pages.Page:
    """Read a page of the users that a filter fits, sorted, from the query's start or after a cursor's place."""
    with database.reading(bridge.shop.engine) as connection:

        def judge(ids: Collection[int], node: filters.Node) -> set[int]:
            candidates = _held(connection, bridge, ids)
            return {i for i, held in candidates.items() if filters.evaluate(node, _dress(bridge, held))}

        order = conditions.Order()
        if query.sort_by is not None:
            path = paths.parse(query.sort_by, bridge.ruleset.accepted)
            order = conditions.Translator(bridge).order(path, query.descending)
        start = query.start if query.cursor is None else 1
        found = conditions.find(
            connection,
            bridge,
            where,
            order,
            judge,
            start=start,
            count=after.count if after else query.count,
            after=after,
        )
        held = _held(connection, bridge, found.ids)
        shown = [_dress(bridge, held[entity_id]) for entity_id in found.ids if entity_id in held]
        size = after.count if after else query.count
        return pages.Page(shown, found.total, cursors.Place(*found.end, found.total, size) if found.end else None)


def _one(connection: sa.Connection, bridge: bridges.Bridge, user_id: str, *, lock: bool = False) -> Held:
    entity_id = int(user_id) if user_id.isascii() and user_id.isdigit() and len(user_id) < 11 else 0
    if str(entity_id) != user_id:
        entity_id = _called(connection, bridge, user_id) or 0
    held = _held(connection, bridge, [entity_id], lock=lock) if entity_id else {}
    if entity_id not in held:
        raise errors.NotFound(f"There is no user {user_id!r}.")
    return held[entity_id]


def _called(connection: sa.Connection, bridge: bridges.Bridge, name: str) -> int | None:
    """Find a user by another name than its id, where the profile says that its identity provider does so."""
    lookup = bridge.profile.lookup
    found = None
    if "externalId" in lookup:
        found = links.find(connection, bridge.ledger, bridge.tenant, external_id=name)
    if found is None and "userName" in lookup:
        found = links.find(connection, bridge.ledger, bridge.tenant, user_name=name)
    if found is None and "emails" in lookup:
        found = next(iter(customers.find_by_email(connection, bridge.shop, name, bridge.match_website)), None)
    if found is not None:
        log.info("user %s was asked for by another name", found)
    return found


def _held(
    connection: sa.Connection, bridge: bridges.Bridge, ids: Collection[int], *, lock: bool = False
) -> dict[int, Held]:
    """Read customers with their links; those that this tenant may not see are left out."""
    found = customers.fetch(connection, bridge.shop, ids, codes=bridge.codes, lock=lock)
    linked = links.fetch(connection, bridge.ledger, list(found))
    member_of = _memberships(connection, bridge, found)
    held = {}
    for entity_id, customer in found.items():
        link = linked.get(entity_id)
        if bridge.sees(customer.data["website_id"]) and (link is None or link.tenant == bridge.tenant):
            document = _document(bridge, customer, link)
            held[entity_id] = Held(customer, link, document, member_of[entity_id])
    return held


def _memberships(
    connection: sa.Connection, bridge: bridges.Bridge, found: Mapping[int, customers.Customer]
) -> dict[int, dict[int, str]]:
    """Name the groups of customers: those they were put into here, and the shop's own where it is not the default."""
    ids = memberships.of_customers(connection, bridge.ledger, list(found))
    for entity_id, customer in found.items():
        own, default = customer.data["group_id"], bridge.default_group(customer.data["store_id"])
        if own != default and own not in ids.get(entity_id, []):
            ids.setdefault(entity_id, []).append(own)
    names = groups.names(connection, bridge, {i for each in ids.values() for i in each}) if ids else {}
    return {i: {group: names[group] for group in sorted(ids.get(i, [])) if group in names} for i in found}


def _document(bridge: bridges.Bridge, customer: customers.Customer, link: links.Link | None) -> Resource:
    context = bridge.context(customer.data)
    if link is not None:
        return projection.correct(bridge.ruleset, link.document, context, linked=True)
    document = projection.correct(bridge.ruleset, {}, context, linked=False)
    document["userName"] = customer.data["email"] or f"customer-{customer.entity_id}"
    return document


def _dress(bridge: bridges.Bridge, held: Held) -> Resource:
    """Add what the service gives: id, active, meta, and the ETag of it all."""
    data = held.customer.data
    modified = max(data["updated_at"], held.link.modified_at) if held.link else data["updated_at"]
    resource = {**held.document, "id": str(held.customer.entity_id), "active": data["is_active"] == 1}
    if held.groups:
        where = f"{bridge.base_url}/Groups/"
        resource["groups"] = [
            {"value": str(group_id), "$ref": f"{where}{group_id}", "display": name, "type": "direct"}
            for group_id, name in held.groups.items()
        ]
    return messages.dress(resource, bridge.ruleset.accepted, bridge.base_url, data["created_at"], modified)


# --- writing ---


def create(bridge: bridges.Bridge, resource: Resource, changes: Changes = ()) -> Resource:
    """Create a user, or take over an existing customer that nobody manages yet; `changes` are of its memberships.

    Raises Uniqueness with the existing id where one of that name, external id or e-mail is managed already,
    InvalidValue where the shop would not take what the rules make of it.
    """
    resource, password = _take_password(bridge, resource)

    def work(connection: sa.Connection) -> Resource:
        existing = _match(connection, bridge, resource)
        if existing is not None:
            return _adopt(connection, bridge, existing, resource, password, changes)
        document = _clean(resource)
        values = _values(bridge, None, document, bridge.context({}, creating=True))
        now = clock.now()
        data = {"website_id": bridge.website_id, **values}
        hashed = _hash_for(bridge, password, values.get("email"))
        entity_id = customers.create(connection, bridge.shop, data, now, password_hash=hashed)
        links.create(connection, bridge.ledger, bridge.tenant, entity_id, document, now)
        links.index_emails(connection, bridge.ledger, entity_id, set(), _further_emails(bridge, document))
        groups.carry_out(connection, bridge, entity_id, changes, now)
        held = _held(connection, bridge, [entity_id])[entity_id]
        if resource.get("active") is False and _activate(connection, bridge, held, False, now):
            held = _held(connection, bridge, [entity_id])[entity_id]
        return _dress(bridge, held)

    return _transact(bridge, work, lambda: resource)


def replace(
    bridge: bridges.Bridge, user_id: str, resource: Resource, check: Check | None = None, changes: Changes = ()
) -> Resource:
    """Replace a user by a PUT's body. An absent `active` or `password` changes nothing; raises NotFound."""
    resource, password = _take_password(bridge, resource)

    def change(before: Resource) -> Resource:
        if bridge.profile.put_absent == "keep":
            return _merged(bridge, before, resource)
        after = _clean(resource)
        projection.keep_absent(bridge.ruleset, before, resource, after)
        return after

    def work(connection: sa.Connection) -> Resource:
        held = _one(connection, bridge, user_id, lock=True)
        wanted = resource.get("active")
        return _change(connection, bridge, held, change(held.document), wanted, password, check, changes)

    return _transact(bridge, work, lambda: resource)


def modify(
    bridge: bridges.Bridge,
    user_id: str,
    operations: tuple[patch.Operation, ...],
    check: Check | None = None,
    changes: Changes = (),
) -> Resource:
    """Change a user by the operations of a PATCH, all or none; raises NotFound and what `patch.apply` raises."""
    latest: Resource = {}
    fired: set[str] = set()
    passwords_sent = {plain: _password(bridge, plain) for plain in patch.values_of(operations, "password")}

    def work(connection: sa.Connection) -> Resource:
        held = _one(connection, bridge, user_id, lock=True)
        active = held.customer.data["is_active"] == 1
        before = {**held.document, "id": user_id, "active": active}
        after = patch.apply(before, operations, bridge.ruleset.published, bridge.profile, fired)
        password = passwords_sent.get(after.pop("password", ""))
        latest.clear()
        latest.update(after)
        wanted = after.get("active")
        return _change(connection, bridge, held, _clean(after), wanted, password, check, changes)

    changed = _transact(bridge, work, lambda: latest)
    bridge.note(fired)
    return changed


def delete(bridge: bridges.Bridge, user_id: str, check: Check | None = None) -> None:
    """Remove a user, and the customer as Magento would; raises NotFound."""

    def work(connection: sa.Connection) -> None:
        held = _one(connection, bridge, user_id, lock=True)
        if check:
            check(_etag(bridge, held))
        customers.remove(connection, bridge.shop, held.customer.entity_id, clock.now())

    _transact(bridge, work, dict)


def _change(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    held: Held,
    after: Resource,
    active: bool | None,
    password: Password | None,
    check: Check | None,
    changes: Changes,
) -> Resource:
    """Write what differs between a customer as it stands and the wanted document, be it nothing."""
    if check:
        check(_etag(bridge, held))
    now, entity_id = clock.now(), held.customer.entity_id
    unchanged = held.link is not None and links.dump(after) == links.dump(held.document)
    values: Mapping[str, Any] = {}
    if not unchanged:
        values = _values(bridge, held.document, after, bridge.context(held.customer.data))
    hashed = _hash_for(bridge, password, values.get("email", held.customer.data["email"]))
    if values or hashed:
        customers.change(connection, bridge.shop, held.customer, values, now, password_hash=hashed)
    if not unchanged:
        if held.link is None:
            links.create(connection, bridge.ledger, bridge.tenant, entity_id, after, now)
        else:
            links.change(connection, bridge.ledger, entity_id, after, now)
        indexed = _further_emails(bridge, held.link.document) if held.link else set()
        links.index_emails(connection, bridge.ledger, entity_id, indexed, _further_emails(bridge, after))
    turned = _activate(connection, bridge, held, active, now)
    moved = groups.carry_out(connection, bridge, entity_id, changes, now)
    if unchanged and not hashed and not turned and not moved:
        return _dress(bridge, held)
    return _dress(bridge, _held(connection, bridge, [entity_id])[entity_id])


def _activate(
    connection: sa.Connection, bridge: bridges.Bridge, held: Held, active: bool | None, now: datetime
) -> bool:
    """Shut or open the doors, where `active` says anything; gives whether anything was written."""
    if active is None:
        return False
    if not active:
        return bool(doors.shut(connection, bridge.shop, held.customer, now))
    return held.customer.data["is_active"] != 1 and bool(doors.open(connection, bridge.shop, held.customer, now))


def _adopt(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    entity_id: int,
    resource: Resource,
    password: Password | None,
    changes: Changes,
) -> Resource:
    """Take a customer over, or up again, and give it what was sent; what was not mentioned stays as it is."""
    held = _held(connection, bridge, [entity_id], lock=True)[entity_id]
    if held.link is not None:
        if not _may_take_up(bridge, held.customer):
            raise _taken(entity_id, "this name")
    elif bridge.ruleset.match.existing == "reject":
        raise errors.Uniqueness(
            f"The shop has a customer with this e-mail that is not managed by SCIM, id {entity_id!r}, "
            "and mapping.yaml says match.existing: reject."
        )
    after = _merged(bridge, held.document, resource)
    active = resource.get("active", held.link is not None or None)
    return _change(connection, bridge, held, after, active, password, None, changes)


def _merged(bridge: bridges.Bridge, before: Resource, resource: Resource) -> Resource:
    """Give the document that a body leaves behind where what it does not mention stays."""
    after = _clean(resource)
    projection.keep_absent(bridge.ruleset, before, resource, after, always=True)
    return {**{key: value for key, value in before.items() if key not in resource}, **after}


def _values(
    bridge: bridges.Bridge, before: Resource | None, after: Resource, context: projection.Context
) -> Mapping[str, Any]:
    values, problems = projection.desired(bridge.ruleset, before, after, context)
    if problems:
        raise errors.InvalidValue("; ".join(f"{rule.target}: {reason}" for rule, reason in problems) + ".")
    return values


# --- who is it, and what stands in the way ---


def _match(connection: sa.Connection, bridge: bridges.Bridge, resource: Resource) -> int | None:
    """Find the customer nobody manages yet that this user is; raises Uniqueness where a managed one is meant."""
    user_name = resource["userName"]
    taken = links.find(connection, bridge.ledger, bridge.tenant, user_name=user_name)
    if taken is not None:
        return _revivable(connection, bridge, taken, f"userName {user_name!r}")
    for path in bridge.ruleset.match.by:
        for value in paths.read(resource, path):
            if path.attribute is not None and path.attribute.name == "externalId":
                taken = links.find(connection, bridge.ledger, bridge.tenant, external_id=value)
                if taken is not None:
                    return _revivable(connection, bridge, taken, f"externalId {value!r}")
                continue
            for entity_id in customers.find_by_email(connection, bridge.shop, value, bridge.match_website):
                if entity_id in links.fetch(connection, bridge.ledger, [entity_id]):
                    if path.attribute is not None and path.attribute.name == "userName":
                        continue
                    return _revivable(connection, bridge, entity_id, f"e-mail {value!r}")
                return entity_id
    return None


def _revivable(connection: sa.Connection, bridge: bridges.Bridge, entity_id: int, what: str) -> int:
    """Give a managed customer that a POST may take up again."""
    found = customers.fetch(connection, bridge.shop, [entity_id], codes=("is_active",)).get(entity_id)
    if found is None or not _may_take_up(bridge, found):
        raise _taken(entity_id, what)
    return entity_id


def _may_take_up(bridge: bridges.Bridge, customer: customers.Customer) -> bool:
    """Say whether a POST may be meant for a managed customer: a deactivated one or any, as the profile says."""
    left = customer.data["is_active"] != 1
    return bridge.profile.post_existing == "upsert" or (bridge.profile.revive and left)


def _taken(entity_id: int, what: str) -> errors.Uniqueness:
    return errors.Uniqueness(f"There is a user with {what} already, its id is {str(entity_id)!r}.", str(entity_id))


def _transact(bridge: bridges.Bridge, work: Callable[[sa.Connection], T], wanted: Callable[[], Resource]) -> T:
    """Run one request's work in one transaction and put what the shop says against it in the protocol's words."""
    try:
        return database.transaction(bridge.shop.engine, work)
    except shop_errors.Duplicate as error:
        raise _conflict(bridge, wanted()) from error
    except shop_errors.Rejected as error:
        rule = bridge.ruleset.rule(error.code)
        hint = f" (from {rule.supplied_by()})" if rule and rule.sources else ""
        raise errors.InvalidValue(f"{error.code}{hint}: {error.reason}.") from error


def _conflict(bridge: bridges.Bridge, resource: Resource) -> errors.Uniqueness:
    """Find out, after the database's keys decided, whom a write ran into."""
    with database.reading(bridge.shop.engine) as connection:
        user_name = resource.get("userName", "")
        taken = links.find(connection, bridge.ledger, bridge.tenant, user_name=user_name)
        if taken is not None and str(taken) != resource.get("id"):
            return _taken(taken, f"userName {user_name!r}")
        email = bridge.email_of(resource) or user_name
        for entity_id in customers.find_by_email(connection, bridge.shop, email, bridge.match_website):
            if str(entity_id) != resource.get("id"):
                return _taken(entity_id, f"e-mail {email!r}")
    return errors.Uniqueness("Another user has this userName or e-mail.")


# --- small things ---


def _clean(resource: Resource) -> Resource:
    """Keep of a resource what its document holds: not what the service gives, nothing empty."""
    given = ("id", "meta", "schemas", "active", "password", "groups")
    document: Resource = messages.prune({key: value for key, value in resource.items() if key not in given})
    for name, value in (("userName", document.get("userName")), ("externalId", document.get("externalId"))):
        if value is not None and len(links.fold(value)) > 255:
            raise errors.InvalidValue(f"{name} is longer than 255 characters.")
    return document


def _further_emails(bridge: bridges.Bridge, document: Resource) -> set[str]:
    """Collect the e-mails of a document as they are indexed, but for the one that stands where the shop's is shown and
    that the shop's own index finds."""
    found = [links.key(email["value"]) for email in document.get("emails", ()) if email.get("value")]
    rule = bridge.ruleset.rule("email")
    for value in paths.read(document, rule.sources[0])[:1] if rule and rule.comes_out else ():
        own = links.key(value)
        if own in found and own.isascii() and own == links.key(bridge.email_of(document) or ""):
            found.remove(own)
    return set(found)


def _take_password(bridge: bridges.Bridge, resource: Resource) -> tuple[Resource, Password | None]:
    """Take the password out of a resource and hash it, before any transaction is open."""
    rest = {key: value for key, value in resource.items() if key != "password"}
    plain = resource.get("password")
    return rest, _password(bridge, plain) if plain else None


def _password(bridge: bridges.Bridge, plain: str) -> Password | None:
    if bridge.ruleset.password == "ignore":  # noqa: S105 - a word of mapping.yaml
        return None
    _hash_for(bridge, Password(plain, ""), None)
    return Password(plain, bridge.lane.hash(plain))


def _hash_for(bridge: bridges.Bridge, password: Password | None, email: str | None) -> str | None:
    """Give the hash of a password that the shop's rules allow for a customer of this e-mail; raises InvalidValue."""
    if password is None:
        return None
    try:
        passwords.check(bridge.shop.settings, password.plain, email)
    except shop_errors.Rejected as error:
        raise errors.InvalidValue(f"password: {error.reason}.") from error
    return password.hashed


def _etag(bridge: bridges.Bridge, held: Held) -> str:
    version: str = _dress(bridge, held)["meta"]["version"]
    return version
