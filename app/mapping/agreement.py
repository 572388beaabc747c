"""In charge of remembering, in this process, of whom document and shop agree, so that it is not found out again.

Most users are read far more often than they change. Remembered is a hash of all that decides: the document, the
customer's and its addresses' values, its memberships; as long as the rules are the same and the admin has changed
nothing that they may ask of the shop. What was forgotten is found out again: nobody else needs it.
"""

import hashlib
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.ledger import links
from app.magento import customers
from app.mapping import books, bridges, rules

MOST = 100_000  # users, in a hundred bytes each


@dataclass(frozen=True)
class Agreed:
    """The hashes of users whose document the shop makes true as it is, by these rules."""

    ruleset: rules.Ruleset
    known: set[bytes] = field(default_factory=set)

    def add(self, mark: bytes) -> None:
        """Remember a user."""
        if len(self.known) >= MOST:
            self.known.clear()
        self.known.add(mark)


def among(bridge: bridges.Bridge) -> Agreed:
    """Give what is remembered of a tenant's users; nothing while a transaction makes choices that it alone sees."""
    if bridge.shop.makes_choices:
        return Agreed(bridge.ruleset)
    held: dict[tuple[str, int], Agreed] = bridge.shop.lasting("agreed", dict)
    found = held.get((bridge.tenant, bridge.website_id))
    if found is None or found.ruleset is not bridge.ruleset:  # the mapping was read again
        found = held[bridge.tenant, bridge.website_id] = Agreed(bridge.ruleset)
    return found


def mark(customer: customers.Customer, link: links.Link, book: books.Book, member_of: Mapping[int, str]) -> bytes:
    """Hash what decides whether a user's document agrees with the shop."""
    said: list[Any] = [link.text, customer.entity_id, *customer.data.values(), *book.kept.items(), *member_of.items()]
    for held in (book.own, book.defaults):
        for kind, address in held.items():
            said += (kind, *address.data.values())
    return hashlib.blake2b(pickle.dumps(said), digest_size=16).digest()
