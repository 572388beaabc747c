"""In charge of userNames that are the shop's by now: who is called otherwise there makes way in our index."""

import sqlalchemy as sa

from app.ledger import links
from app.magento import changes
from app.mapping import bridges, standing


def holder(connection: sa.Connection, bridge: bridges.Bridge, user_name: str) -> standing.Held | None:
    """Find the user that our index has under a userName, by which it need not be called any more."""
    found = links.find(connection, bridge.ledger, bridge.tenant, user_name=user_name)
    return None if found is None else standing.fetch(connection, bridge, [found]).get(found)


def answers_to(held: standing.Held, user_name: str) -> bool:
    """Say whether a user is called so, as the shop has it now."""
    return links.fold(str(held.document.get("userName", ""))) == links.fold(user_name)


def freed(
    connection: sa.Connection, bridge: bridges.Bridge, link: links.Link | None, user_name: str
) -> list[changes.RowChange]:
    """Plan that a userName which a link is to get (None: a new one) is nobody else's who is not called so any more.

    The shop renamed that user since it was written last; its own next change puts its new name into the index.
    """
    if link is not None and link.user_name == links.fold(user_name):
        return []
    held = holder(connection, bridge, user_name)
    if held is None or held.link is None or answers_to(held, user_name):
        return []
    before, after = {"user_name": held.link.user_name}, {"user_name": links.nameless(held.entity_id)}
    return [changes.RowChange("scim_link", {"entity_id": held.entity_id}, before, after)]
