"""In charge of who an incoming user is: nobody yet, a customer whom nobody manages, or somebody in the way."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from app.ledger import links
from app.magento import customers, database, values
from app.mapping import bridges, naming, standing, visibility
from app.scim import errors, paths
from app.sql import sending

NAMES = {"userName": "user_name", "externalId": "external_id"}
Sought = Mapping[str, list[str]]
"""The names by which a user is looked for: user_names (folded), external_ids, emails."""


@dataclass(frozen=True)
class Found:
    """The customer that an incoming user is; `deleted`: one who is gone for its identity provider.

    `by`: the path whose value found it, None where it only has the e-mail that the user would get.
    """

    entity_id: int
    deleted: bool = False
    by: str | None = None


def find(connection: sa.Connection, bridge: bridges.Bridge, resource: standing.Resource) -> Found | None:
    """Find the customer that this user is and may take over or up again, by `match.by`.

    Raises Uniqueness where a managed one is meant.
    """
    found = _by(_named(connection, bridge, "userName", resource["userName"]), "userName")
    for path in bridge.ruleset.match.by:
        for value in paths.read(resource, path) if found is None else ():
            found = found or _by(_at(connection, bridge, resource, path, value), str(path))
    if found is None and (email := bridge.email_of(resource)):
        # Nobody else may have the e-mail that the new user is to get, whatever `match.by` says.
        found = _gone_with(connection, bridge, email, bridge.email_website(resource))
    return found


def is_nobody(connection: sa.Connection, bridge: bridges.Bridge, resource: standing.Resource) -> bool:
    """Say whether nobody at all, of any tenant or website, has one of the names by which a user is looked for.

    One statement where `find` takes some, for those who come: most are nobody yet.
    """
    return not sending.ask(connection, _asked(connection, bridge, sought(bridge, resource)))[0].rows


def are_nobody(connection: sa.Connection, bridge: bridges.Bridge, sought: Sequence[Sought]) -> list[bool]:
    """Say of several, by what is `sought` for each, what `is_nobody` says: one statement where all are nobody."""
    every: dict[str, list[str]] = {}
    for each in sought:
        for name, them in each.items():
            every.setdefault(name, []).extend(them)
    if not every or not sending.ask(connection, _asked(connection, bridge, every))[0].rows:
        return [True] * len(sought)
    return [
        not answer.rows for answer in sending.ask(connection, *(_asked(connection, bridge, each) for each in sought))
    ]


def sought(bridge: bridges.Bridge, resource: standing.Resource) -> Sought:
    """Collect the names by which a user is looked for."""
    sought: dict[str, list[str]] = {"user_names": [links.fold(resource["userName"])], "external_ids": [], "emails": []}
    for path in bridge.ruleset.match.by:
        by_id = path.attribute is not None and path.attribute.name == "externalId"
        sought["external_ids" if by_id else "emails"] += paths.read(resource, path)
    sought["emails"] = [each for each in (*sought["emails"], bridge.email_of(resource)) if each]
    sought["emails"] = [email for email in dict.fromkeys(sought["emails"]) if values.storable(email)]
    return {name: them for name, them in sought.items() if them}


def _asked(connection: sa.Connection, bridge: bridges.Bridge, sought: Sought) -> sending.Order:
    text = bridge.shop.prepared(
        ("anybody", *sought), lambda: sending.Text(_anybody(bridge, sought), connection.dialect, kept=True)
    )
    return sending.Order(text, {**sought, "tenant": bridge.tenant})


def _anybody(bridge: bridges.Bridge, sought: Collection[str]) -> sa.CompoundSelect[Any]:
    """Make the statement that finds whoever has one of some names, each by its index."""
    link, entity = bridge.ledger.link, bridge.shop.tables["customer_entity"]
    columns = {
        "user_names": (link.c.user_name, link.c.former_name),
        "external_ids": (link.c.external_id,),
        "emails": (entity.c.email,),
    }
    parts = []
    for name in sought:
        for column in columns[name]:
            part = sa.select(column.table.c.entity_id).where(sending.among(column, name))
            parts.append(part if name == "emails" else part.where(link.c.tenant == sa.bindparam("tenant")))
    return sa.union_all(*parts)


def candidates(connection: sa.Connection, bridge: bridges.Bridge, resource: standing.Resource) -> set[int]:
    """Give all customers whom nobody manages that have an e-mail by which this user could be found."""
    found: set[int] = set()
    website_id = bridge.email_website(resource)
    for path in bridge.ruleset.match.by:
        for value in paths.read(resource, path) if name(path) != "externalId" else ():
            found |= visibility.among(connection, bridge, _with_email(connection, bridge, value, website_id))
    return found - links.fetch(connection, bridge.ledger, found).keys()


def name(path: paths.Path) -> str:
    """Name the attribute that a path of `match.by` reads."""
    return path.attribute.name if path.attribute is not None else ""


def _by(found: Found | None, path: str) -> Found | None:
    return None if found is None else replace(found, by=path)


def _at(
    connection: sa.Connection, bridge: bridges.Bridge, resource: standing.Resource, path: paths.Path, value: str
) -> Found | None:
    """Find the customer that one value of a path of `match.by` means."""
    attribute = name(path)
    if attribute == "externalId":
        return _named(connection, bridge, attribute, value)
    return _by_email(connection, bridge, attribute, value, bridge.email_website(resource))


def _with_email(connection: sa.Connection, bridge: bridges.Bridge, email: str, website_id: int | None) -> list[int]:
    return customers.find_by_email(connection, bridge.shop, email, website_id)


def _named(connection: sa.Connection, bridge: bridges.Bridge, name: str, value: str) -> Found | None:
    """Find the user that has a userName or externalId, among the deleted ones last."""
    key: dict[str, Any] = {NAMES[name]: value}
    there = links.find(connection, bridge.ledger, bridge.tenant, **key)
    if there is not None and name == "userName":
        held = standing.fetch(connection, bridge, [there]).get(there)
        there = None if held is not None and not naming.answers_to(held, value) else there
    if there is not None:
        return Found(_revivable(connection, bridge, there, f"{name} {value!r}"))
    gone = links.find(connection, bridge.ledger, bridge.tenant, **key, deleted=True)
    return None if gone is None else Found(gone, deleted=True)


def _by_email(
    connection: sa.Connection, bridge: bridges.Bridge, name: str, value: str, website_id: int | None
) -> Found | None:
    """Find the customer with an e-mail; a userName is an e-mail only of who is not managed."""
    there = _with_email(connection, bridge, value, website_id)
    mine = visibility.among(connection, bridge, there)
    managed = links.fetch(connection, bridge.ledger, mine)
    for entity_id in sorted(mine):
        if entity_id not in managed:
            return Found(entity_id)
        if name != "userName":
            return Found(_revivable(connection, bridge, entity_id, f"e-mail {value!r}"))
    return _gone_with(connection, bridge, value, website_id)


def _gone_with(connection: sa.Connection, bridge: bridges.Bridge, email: str, website_id: int | None) -> Found | None:
    """Find the deleted user whose customer still has an e-mail."""
    there = _with_email(connection, bridge, email, website_id)
    for entity_id, link in links.fetch(connection, bridge.ledger, there).items():
        if link.deleted_at and link.tenant == bridge.tenant:
            return Found(entity_id, deleted=True)
    return None


def _revivable(connection: sa.Connection, bridge: bridges.Bridge, entity_id: int, what: str) -> int:
    """Give a managed customer that a POST may take up again."""
    held = standing.fetch(connection, bridge, [entity_id]).get(entity_id)
    if held is None or not may_take_up(bridge, held):
        raise taken(entity_id, what)
    return entity_id


def may_take_up(bridge: bridges.Bridge, held: standing.Held) -> bool:
    """Say whether a POST may be meant for a managed user: a deactivated one or any, as the profile says.

    Also one whom a person has given to the identity provider that has not sent anything of it yet.
    """
    if held.link is not None and links.promised(held.link):
        return True
    return bridge.profile.post_existing == "upsert" or (bridge.profile.revive and not held.active)


def unreviewed(entity_id: int) -> errors.Uniqueness:
    """Make the error that says that a person must look at a customer first."""
    return errors.Uniqueness(
        f"The shop has this customer already, id {str(entity_id)!r}, and mapping.yaml says match.existing: review. "
        f"Somebody who runs the shop decides: `magento-scim adopt {entity_id}` gives it to this identity provider.",
        str(entity_id),
    )


def taken(entity_id: int, what: str) -> errors.Uniqueness:
    """Make the error that names who is in the way."""
    return errors.Uniqueness(f"There is a user with {what} already, its id is {str(entity_id)!r}.", str(entity_id))


def conflict(bridge: bridges.Bridge, resource: standing.Resource) -> errors.Uniqueness:
    """Find out, after the database's keys decided, whom a write ran into."""
    with database.reading(bridge.shop.reader) as connection:
        user_name = resource.get("userName", "")
        found = links.find(connection, bridge.ledger, bridge.tenant, user_name=user_name)
        if found is not None and str(found) != resource.get("id"):
            return taken(found, f"userName {user_name!r}")
        email = bridge.email_of(resource) or user_name
        website = None if bridge.shop.settings.shares_accounts() else bridge.email_website(resource)
        there = _with_email(connection, bridge, email, website)
        there = [entity_id for entity_id in there if str(entity_id) != resource.get("id")]
        for entity_id in sorted(visibility.among(connection, bridge, there)):
            return taken(entity_id, f"e-mail {email!r}")
        gone = _gone_with(connection, bridge, email, website)
        external_id = resource.get("externalId") if "id" not in resource else None  # of who comes; it is no key later
        came = links.find(connection, bridge.ledger, bridge.tenant, external_id=external_id) if external_id else None
    if came is not None and gone is None and not there:
        return taken(came, f"externalId {external_id!r}")
    if gone is not None:
        return errors.Uniqueness(
            f"The shop keeps the customer of a deleted user with the e-mail {email!r}, id {str(gone.entity_id)!r}:"
            " `magento-scim purge --user` makes its e-mail free."
        )
    if there:
        return errors.Uniqueness(f"The shop has a customer with the e-mail {email!r} who is not among these users.")
    return errors.Uniqueness("Another user has this userName or e-mail.")
