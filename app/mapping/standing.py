"""In charge of users as they stand: the shop's data, our link, and the document that both make together."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from app.ledger import links, records
from app.magento import customers, doors
from app.mapping import agreement, books, bridges, group_ids, group_standing, leaving, projection, turns, visibility
from app.scim import errors, messages
from app.sql import sending

Resource = dict[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Held:
    """A customer as it stands: the shop's data, our link (None: not managed yet), and the document of both.

    `groups`: the id and name of each group it is in, `member_of` of those that it was put into here; `book`: its
    addresses that rules may be about. `taken`: what deactivation took, None for who is not deactivated by us;
    `customer` is as it stands but for that, `real` as the shop has it now.
    """

    customer: customers.Customer
    link: links.Link | None
    groups: Mapping[int, str]
    book: books.Book
    taken: doors.Taken | None
    real: customers.Customer
    member_of: Mapping[int, str]
    bridge: bridges.Bridge = field(compare=False, repr=False)

    @cached_property
    def document(self) -> Resource:
        """The link's document as the shop makes it true; made when somebody looks at it, since that takes long."""
        return _document(self.bridge, self.customer, self.link, self.book, self.member_of)

    @property
    def active(self) -> bool:
        """Whether the user is active: also somebody else's mark in the shop says that it is not."""
        return self.taken is None and self.real.data["is_active"] == 1

    @property
    def entity_id(self) -> int:
        """The customer's id, which is there: what stands has been made."""
        assert isinstance(self.customer.entity_id, int)
        return self.customer.entity_id


def one(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    user_id: str,
    *,
    lock: bool = False,
    ahead: Sequence[sending.Order] = (),
) -> Held:
    """Read one user by the id of a URL, held until the transaction ends with `lock`; raises NotFound.

    `ahead`: what is asked in the same message, when the user is held.
    """
    entity_id = int(user_id) if user_id.isascii() and user_id.isdigit() and len(user_id) < 11 else 0
    if str(entity_id) != user_id:
        entity_id = _called(connection, bridge, user_id) or 0
    held = fetch(connection, bridge, [entity_id], lock=lock, ahead=ahead) if entity_id else {}
    if entity_id not in held:
        raise errors.NotFound(f"There is no user {user_id!r}.")
    return held[entity_id]


def named(connection: sa.Connection, bridge: bridges.Bridge, text: str) -> int | None:
    """Find the customer that an operator means: by id, userName or e-mail; None where there is none."""
    if text.isascii() and text.isdigit() and len(text) < 11:
        return int(text)
    found = links.find(connection, bridge.ledger, bridge.tenant, user_name=text)
    if found is None:
        found = next(iter(customers.find_by_email(connection, bridge.shop, text, bridge.match_website)), None)
    return found


def _called(connection: sa.Connection, bridge: bridges.Bridge, name: str) -> int | None:
    """Find a user by another name than its id, where the profile says that its identity provider does so."""
    lookup = bridge.profile.lookup
    found = None
    if "externalId" in lookup:
        found = links.find(connection, bridge.ledger, bridge.tenant, external_id=name)
    if found is None and "userName" in lookup:
        found = links.find(connection, bridge.ledger, bridge.tenant, user_name=name)
    if found is None and "emails" in lookup:
        named = customers.find_by_email(connection, bridge.shop, name, bridge.match_website)
        found = min(visibility.among(connection, bridge, named), default=None)
    if found is not None:
        log.info("user %s was asked for by another name", found)
    return found


def fetch(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    ids: Collection[int],
    *,
    lock: bool = False,
    deleted: bool = False,
    ahead: Sequence[sending.Order] = (),
) -> dict[int, Held]:
    """Read customers with their links; those that this tenant may not see are left out.

    `deleted`: those too who are gone for their identity provider while the shop keeps them.
    """
    bridge.know_groups(connection)
    read, record = _read(connection, bridge, ids, lock=lock, ahead=ahead)
    found = read.customers
    taken = leaving.many({i: each.mark for i, each in record.items() if each.mark is not None})
    behind = {entity_id: doors.behind(customer, taken.get(entity_id)) for entity_id, customer in found.items()}
    put = {i: each.groups for i, each in record.items() if each.groups}
    shown = _groups(connection, bridge, behind, put)
    book = books.of(connection, bridge, found, {i: each.addresses for i, each in record.items()}, read.answers)
    held = {}
    for i, customer in found.items():
        link = record[i].link
        there = link is None or deleted or link.deleted_at is None
        if there and (link.tenant == bridge.tenant if link else bridge.sees(customer.data["website_id"])):
            member_of = {group: name for group, name in shown[i].items() if group in put.get(i, ())}
            held[i] = make(bridge, customer, link, book[i], taken.get(i), shown[i], member_of)
    return held


def make(
    bridge: bridges.Bridge,
    real: customers.Customer,
    link: links.Link | None,
    book: books.Book,
    taken: doors.Taken | None,
    groups: Mapping[int, str],
    member_of: Mapping[int, str],
) -> Held:
    """Put together a user of what was read of it; see Held."""
    return Held(doors.behind(real, taken), link, groups, book, taken, real, member_of, bridge)


def _read(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    ids: Collection[int],
    *,
    lock: bool,
    ahead: Sequence[sending.Order],
) -> tuple[customers.Read, dict[int, records.Record]]:
    """Read customers, what we know of them, and their addresses, in one message."""
    ledger, addresses = bridge.ledger, bool(bridge.ruleset.addresses)
    asked = [*books.order(bridge, sorted(set(ids)), lock=lock), *(sending.ahead(connection, each) for each in ahead)]
    more = customers.More(
        f"records, addresses {addresses}",
        lambda query, customer: records.beside(query, ledger, customer, addresses=addresses),
        {records.TENANT: bridge.tenant},
        asked,
    )
    if lock:
        turns.of_users(connection, bridge, ids)
    read = customers.fetch_with(connection, bridge.shop, ids, bridge.codes, more, lock=lock)
    return read, {i: records.of(ledger, read.beside[i]) for i in read.customers}


def _groups(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    found: Mapping[int, customers.Customer],
    put: Mapping[int, Sequence[int]],
) -> dict[int, dict[int, str]]:
    """Name the groups of customers: those they were `put` into here, and the shop's own where it is not the default."""
    ids = {entity_id: list(groups) for entity_id, groups in put.items()}
    for entity_id, customer in found.items():
        own, default = customer.data["group_id"], bridge.default_group(customer.data["store_id"])
        if own != default and own not in ids.get(entity_id, []):
            ids.setdefault(entity_id, []).append(own)
    names = group_standing.names(connection, bridge, {i for each in ids.values() for i in each}) if ids else {}
    return {i: {group: names[group] for group in sorted(ids.get(i, [])) if group in names} for i in found}


def _document(
    bridge: bridges.Bridge,
    customer: customers.Customer,
    link: links.Link | None,
    book: books.Book,
    member_of: Mapping[int, str],
) -> Resource:
    linked = link is not None
    agreed, mark = agreement.among(bridge), agreement.mark(customer, link, book, member_of) if link else b""
    if link is not None and mark in agreed.known:
        return link.document
    context = bridge.context(customer.data).within(member_of)
    document = projection.correct(bridge.ruleset, link.document if link else {}, context, linked=linked)
    document = books.correct(bridge, document, customer, book, linked=linked)
    if not linked:
        document["userName"] = customer.data["email"] or f"customer-{customer.entity_id}"
    elif link is not None and document == link.document:
        agreed.add(mark)
    return document


def dress(bridge: bridges.Bridge, held: Held) -> Resource:
    """Add what the service gives: id, active, groups, meta, and the ETag of it all."""
    data = held.customer.data
    modified = max(data["updated_at"], held.link.modified_at) if held.link else data["updated_at"]
    resource = {**held.document, "id": str(held.entity_id), "active": held.active}
    resource.pop("groups", None)  # names that came with the user are for the rules
    if held.groups:
        where = f"{bridge.base_url}/Groups/"
        resource["groups"] = [
            {"value": shown, "$ref": f"{where}{shown}", "display": name, "type": "direct"}
            for shown, name in ((group_ids.text(group_id), name) for group_id, name in held.groups.items())
        ]
    return messages.dress(resource, bridge.ruleset.accepted, bridge.base_url, data["created_at"], modified)


def etag(bridge: bridges.Bridge, held: Held) -> str:
    """Give a user's ETag."""
    version: str = dress(bridge, held)["meta"]["version"]
    return version
