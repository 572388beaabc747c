"""In charge of users as they stand: the shop's data, our link, and the document that both make together."""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.ledger import groups as memberships
from app.ledger import links
from app.magento import changes, customers, options
from app.mapping import bridges, groups, projection
from app.scim import errors, messages

Resource = dict[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Held:
    """A customer as it stands: the shop's data, our link (None: not managed yet), the corrected document.

    `groups`: the id and name of each group it is a member of.
    """

    customer: customers.Customer
    link: links.Link | None
    document: Resource
    groups: Mapping[int, str]

    @property
    def entity_id(self) -> int:
        """The customer's id, which is there: what stands has been made."""
        assert isinstance(self.customer.entity_id, int)
        return self.customer.entity_id


def one(connection: sa.Connection, bridge: bridges.Bridge, user_id: str, *, lock: bool = False) -> Held:
    """Read one user by the id of a URL, held until the transaction ends with `lock`; raises NotFound."""
    entity_id = int(user_id) if user_id.isascii() and user_id.isdigit() and len(user_id) < 11 else 0
    if str(entity_id) != user_id:
        entity_id = _called(connection, bridge, user_id) or 0
    held = fetch(connection, bridge, [entity_id], lock=lock) if entity_id else {}
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


def fetch(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    ids: Collection[int],
    *,
    lock: bool = False,
    done: Iterable[changes.RowChange] = (),
) -> dict[int, Held]:
    """Read customers with their links; those that this tenant may not see are left out.

    `done`: what this transaction has written, so that choices that it made have their labels.
    """
    made = options.made(done)
    found = customers.fetch(connection, bridge.shop, ids, codes=bridge.codes, lock=lock)
    linked = links.fetch(connection, bridge.ledger, list(found))
    member_of = _memberships(connection, bridge, found)
    held = {}
    for entity_id, customer in found.items():
        link = linked.get(entity_id)
        if bridge.sees(customer.data["website_id"]) and (link is None or link.tenant == bridge.tenant):
            document = _document(bridge, customer, link, made)
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


def _document(
    bridge: bridges.Bridge, customer: customers.Customer, link: links.Link | None, made: options.Made
) -> Resource:
    context = bridge.context(customer.data, made=made)
    if link is not None:
        return projection.correct(bridge.ruleset, link.document, context, linked=True)
    document = projection.correct(bridge.ruleset, {}, context, linked=False)
    document["userName"] = customer.data["email"] or f"customer-{customer.entity_id}"
    return document


def dress(bridge: bridges.Bridge, held: Held) -> Resource:
    """Add what the service gives: id, active, groups, meta, and the ETag of it all."""
    data = held.customer.data
    modified = max(data["updated_at"], held.link.modified_at) if held.link else data["updated_at"]
    resource = {**held.document, "id": str(held.entity_id), "active": data["is_active"] == 1}
    if held.groups:
        where = f"{bridge.base_url}/Groups/"
        resource["groups"] = [
            {"value": str(group_id), "$ref": f"{where}{group_id}", "display": name, "type": "direct"}
            for group_id, name in held.groups.items()
        ]
    return messages.dress(resource, bridge.ruleset.accepted, bridge.base_url, data["created_at"], modified)


def etag(bridge: bridges.Bridge, held: Held) -> str:
    """Give a user's ETag."""
    version: str = dress(bridge, held)["meta"]["version"]
    return version
