"""In charge of who an incoming user is: nobody yet, a customer whom nobody manages, or somebody in the way."""

import sqlalchemy as sa

from app.ledger import links
from app.magento import customers, database
from app.mapping import bridges, standing, visibility
from app.scim import errors, paths


def find(connection: sa.Connection, bridge: bridges.Bridge, resource: standing.Resource) -> int | None:
    """Find the customer that this user is and may take over or up again, by `match.by`.

    Raises Uniqueness where a managed one is meant.
    """
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
            found = customers.find_by_email(connection, bridge.shop, value, bridge.email_website(resource))
            mine = visibility.among(connection, bridge, found)
            managed = links.fetch(connection, bridge.ledger, mine)
            for entity_id in sorted(mine):
                if entity_id not in managed:
                    return entity_id
                if path.attribute is None or path.attribute.name != "userName":
                    return _revivable(connection, bridge, entity_id, f"e-mail {value!r}")
    return None


def _revivable(connection: sa.Connection, bridge: bridges.Bridge, entity_id: int, what: str) -> int:
    """Give a managed customer that a POST may take up again."""
    found = customers.fetch(connection, bridge.shop, [entity_id], codes=("is_active",)).get(entity_id)
    if found is None or not may_take_up(bridge, found):
        raise taken(entity_id, what)
    return entity_id


def may_take_up(bridge: bridges.Bridge, customer: customers.Customer) -> bool:
    """Say whether a POST may be meant for a managed customer: a deactivated one or any, as the profile says."""
    left = customer.data["is_active"] != 1
    return bridge.profile.post_existing == "upsert" or (bridge.profile.revive and left)


def taken(entity_id: int, what: str) -> errors.Uniqueness:
    """Make the error that names who is in the way."""
    return errors.Uniqueness(f"There is a user with {what} already, its id is {str(entity_id)!r}.", str(entity_id))


def conflict(bridge: bridges.Bridge, resource: standing.Resource) -> errors.Uniqueness:
    """Find out, after the database's keys decided, whom a write ran into."""
    with database.reading(bridge.shop.engine) as connection:
        user_name = resource.get("userName", "")
        found = links.find(connection, bridge.ledger, bridge.tenant, user_name=user_name)
        if found is not None and str(found) != resource.get("id"):
            return taken(found, f"userName {user_name!r}")
        email = bridge.email_of(resource) or user_name
        website = None if bridge.shop.settings.shares_accounts() else bridge.email_website(resource)
        there = customers.find_by_email(connection, bridge.shop, email, website)
        there = [entity_id for entity_id in there if str(entity_id) != resource.get("id")]
        for entity_id in sorted(visibility.among(connection, bridge, there)):
            return taken(entity_id, f"e-mail {email!r}")
    if there:
        return errors.Uniqueness(f"The shop has a customer with the e-mail {email!r} who is not among these users.")
    return errors.Uniqueness("Another user has this userName or e-mail.")
