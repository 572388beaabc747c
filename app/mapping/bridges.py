"""A bridge: one tenant's view of one shop, with the rules in force. Everything a request needs, resolved once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from app.ledger import settings, tables
from app.magento import addresses, changes, database, groups, options, passwords, shop
from app.mapping import projection, rules
from app.scim import profiles

# What the service itself needs of every customer, beside what the rules name.
NEEDED = ("email", "website_id", "store_id", "group_id", "is_active", "created_at", "updated_at")


def _unheard(_tolerances: Iterable[str]) -> None:
    """Leave it uncounted which tolerances a request needed."""


def _untold(_done: Sequence[changes.RowChange]) -> None:
    """Leave it unsaid what a request has written."""


@dataclass(frozen=True)
class Origin:
    """Where a change comes from: the request's id, and the token, or the command, that asks for it.

    `counted`: the caller whose counter its writes raise, so that a replica shows how far it is; None: nobody's.
    """

    request_id: str
    actor: str
    token_id: int | None = None
    counted: int | None = None


@dataclass(frozen=True)
class Bridge:
    """One tenant's shop, ledger, rules and profile. `tables`: the shop's and the ledger's, without prefix.

    `base_url` is the URL that `meta.location` starts with, without a slash at its end; `note` counts the tolerances
    that show only when a request is carried out. `rehearsing`: what a request would write is told (`writes.Rehearsed`),
    not written. `told`: hears of the rows that were written, before they are committed. `reads`: opens a connection for
    what only reads, where that may be another server's.
    """

    shop: shop.Shop
    ledger: tables.Tables
    tables: changes.Tables
    ruleset: rules.Ruleset
    tenant: str
    profile: profiles.Profile
    base_url: str
    website_id: int
    lane: passwords.Lane
    settings: settings.Settings
    origin: Origin
    max_page: int = 1000
    note: Callable[[Iterable[str]], None] = _unheard
    rehearsing: bool = False
    told: Callable[[Sequence[changes.RowChange]], None] = _untold
    reads: Callable[[], AbstractContextManager[sa.Connection]] | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """List the shop's attributes that a request reads."""
        defaults = addresses.DEFAULTS.values() if self.ruleset.addresses else ()
        return tuple(dict.fromkeys((*NEEDED, *defaults, *(rule.target for rule in self.ruleset.rules))))

    @property
    def shares_accounts(self) -> bool:
        """Say whether an e-mail means the same customer on all websites."""
        scope = self.ruleset.match.scope
        return scope == "global" or (scope == "auto" and self.shop.settings.shares_accounts())

    @property
    def match_website(self) -> int | None:
        """Give the website whose customers are this tenant's, None where they are on any.

        On any: all websites share accounts, or a rule says for each customer which website is its own.
        """
        rule = self.ruleset.rule("website_id")
        return None if self.shares_accounts or (rule and rule.goes_in) else self.website_id

    def email_website(self, document: dict[str, Any]) -> int | None:
        """Give the website within which a document's e-mail means one customer, None for all of them."""
        if self.shares_accounts:
            return None
        rule = self.ruleset.rule("website_id")
        given = projection.outcome(rule, document, self.context({}, creating=True)).value if rule else None
        return int(given) if given else self.website_id

    def default_group(self, store_id: int | None = None) -> int:
        """Give the group that the shop puts its new customers in; being in it is being a member of none."""
        if store_id is None:
            store_id = self.shop.stores.default_store(self.website_id)
        return self.shop.settings.number(groups.DEFAULT_GROUP, store_id=store_id)

    def know_groups(self, connection: sa.Connection) -> None:
        """Read the shop's groups again where rules go by them: another host may have changed them just now."""
        if not self.ruleset.groups.decides and not self.ruleset.rule("group_id"):
            return
        if connection.engine in self.shop.engines:
            self.shop.read_groups(connection)
        else:  # a replica, and what is kept is for writes, too
            self.shop.refresh_groups()

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Open a connection for a request that only reads. Raises ShopError for every driver error."""
        return self.reads() if self.reads else database.reading(self.shop.reader)

    def sees(self, website_id: int | None) -> bool:
        """Say whether customers of a website are this tenant's."""
        return website_id == self.website_id or self.match_website is None

    def email_of(self, document: dict[str, Any]) -> str | None:
        """Give the e-mail that the shop gets of a document."""
        rule = self.ruleset.rule("email")
        email: str | None = projection.outcome(rule, document, self.context({}, creating=True)).value if rule else None
        return email

    def knowing(self, done: Iterable[changes.RowChange]) -> "Bridge":
        """Give this bridge as a transaction sees it that has executed changes: with the choices that they made."""
        made = options.made(done)
        return replace(self, shop=self.shop.knowing(made)) if made else self

    def context(self, data: Mapping[str, Any], *, creating: bool = False) -> projection.Context:
        """Give the rules what they need beside a document."""
        return projection.Context(self.shop, data.get("website_id") or self.website_id, data, creating)
