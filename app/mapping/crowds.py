"""In charge of new users that come together: they are made in one transaction, by statements that they share.

Each is whole or not there, and is what it would be alone: whoever is more than a newcomer, or may be somebody who comes
with the others, is left to be made alone, behind them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from app.ledger import links
from app.magento import changes, newsletter, options, plans
from app.magento import errors as shop_errors
from app.mapping import bridges, clock, foresight, matching, projection, standing, users, wanted, writes
from app.scim import errors

Names = set[tuple[str, str]]
OTHER = re.compile(r"[^\x00-\x7f]")
# Rows of a newcomer that are its own alone, beside the values of its and its addresses' attributes.
OWN = frozenset(
    {
        *("customer_entity", "customer_address_entity", "newsletter_subscriber", "password_reset_request_event"),
        *("scim_link", "scim_email", "scim_address", "scim_inactive", "scim_external_id", "scim_shared_email"),
    }
)


def make(bridge: bridges.Bridge, coming: Sequence[users.Coming]) -> dict[int, users.Resource]:
    """Make those together who are plain newcomers; gives their resources by their places among those who come.

    Whoever is not among them is to be made by `users.make`, in the order of the places: none depends on one behind it.
    Raises ShopError: then nobody was made; where it is Unavailable and `unsure` nobody knows.
    """
    if bridge.shop.settings.flag(plans.HUMAN_NUMBER):
        return {}  # the next number is known when the one before is taken

    told: list[Sequence[changes.RowChange]] = []
    here = replace(bridge, told=told.append)

    def work(connection: sa.Connection) -> dict[int, users.Resource]:
        told.clear()
        planned = _plan(connection, here, coming)
        if not planned:
            return {}
        done = writes.carry_out_newcomers(connection, here, writes.Deed("create", "User"), list(planned.values()))
        held = users.read_back(connection, here, [(None, each) for each in done])
        return {place: standing.dress(here, each) for place, each in zip(planned, held, strict=True)}

    made = writes.attempt(here, work)
    for each in told:
        bridge.told(each)
    return made


def _plan(
    connection: sa.Connection, bridge: bridges.Bridge, coming: Sequence[users.Coming]
) -> dict[int, list[changes.RowChange]]:
    """Plan those who can be made together, by their places."""
    sought = _sought(bridge, coming)
    foresight.crowd(connection, bridge, [coming[place].resource for place in sought])
    free = matching.are_nobody(connection, bridge, list(sought.values()))
    chosen = [place for place, nobody in zip(sought, free, strict=True) if nobody]
    bridge.know_groups(connection)
    found: dict[int, list[changes.RowChange]] = {}
    held: Names = set()
    for place in chosen:
        try:
            planned = wanted.newcomer(connection, bridge, coming[place].wanted, clock.now(), free=True)
            planned, guarded = writes.guarded(connection, bridge, planned)
        except (errors.ScimError, shop_errors.ShopError):
            continue  # made alone it is told what is wrong
        if not _is_plain(bridge, planned):
            continue
        values = {(code, _coarse(str(value))) for code, value in guarded}
        if values & held:
            continue
        held |= values
        found[place] = planned
    return found


def _sought(bridge: bridges.Bridge, coming: Sequence[users.Coming]) -> dict[int, matching.Sought]:
    """Choose who can be looked for together, by their places: whom nobody before them may be; with their names."""
    found: dict[int, matching.Sought] = {}
    seen: Names = set()
    ends: set[tuple[str, str]] = set()  # of e-mails that only the database can compare
    for place, each in enumerate(coming):
        sought = matching.sought(bridge, each.resource)
        names = {(kind, _coarse(name)) for kind, them in sought.items() for name in them}
        names |= _unique(bridge, each.resource)
        emails = [email.lower().rstrip() for email in sought.get("emails", ())]
        blurred = {_ends(email) for email in emails if not email.isascii()}
        ends |= blurred
        like = blurred or any(email.startswith(a) and email.endswith(z) for email in emails for a, z in ends)
        if not each.changes and not names & seen and not like:
            found[place] = sought
        seen |= names
    return found


def _unique(bridge: bridges.Bridge, resource: users.Resource) -> Names:
    """Give the values, as rules make them, that no other customer may have, beside the e-mail."""
    rules = [rule for rule in bridge.ruleset.rules if (rule.unique or rule.attribute.unique) and rule.target != "email"]
    made = [
        (rule.target, projection.outcome(rule, resource, bridge.context({}, creating=True)).value) for rule in rules
    ]
    return {(target, _coarse(str(value))) for target, value in made if value is not None}


def _ends(text: str) -> tuple[str, str]:
    """Give what stands before and behind the letters of a text that are not ASCII."""
    return OTHER.split(text, 1)[0], OTHER.split(text)[-1]


def _coarse(text: str) -> str:
    """Give what is equal for all that any of the tables takes for the same, and perhaps for more."""
    return newsletter.folded(links.fold(text))


def _is_plain(bridge: bridges.Bridge, planned: Iterable[changes.RowChange]) -> bool:
    """Say whether a plan makes rows of the newcomer's own, and changes none but those."""
    catalog = bridge.shop.catalog
    own = OWN | {attribute.table for attribute in (*catalog.customer.values(), *catalog.address.values())}
    return all(change.table in own and _news(change.key) and not _choices(change.after) for change in planned)


def _news(key: Mapping[str, Any]) -> bool:
    return any(isinstance(value, changes.New) for value in key.values())


def _choices(values: Mapping[str, Any] | None) -> bool:
    return any(isinstance(value, options.Choice | changes.Joined) for value in (values or {}).values())
