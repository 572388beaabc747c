"""What one process holds between requests: the shop, our tables, the rules, the configuration."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import flask
import sqlalchemy as sa

from app import config
from app.ledger import install, tables
from app.ledger import settings as ledger_settings
from app.magento import changes, database, passwords, shop
from app.magento import errors as shop_errors
from app.mapping import bridges, reader, rules
from app.scim import profiles

log = logging.getLogger(__name__)
DEFAULT_TENANT = "default"
PATH = "/scim/v2"


@dataclass
class Service:
    """One process's shop with everything that was resolved at its start."""

    config: config.Config
    shop: shop.Shop
    ledger: tables.Tables
    tables: changes.Tables
    settings: ledger_settings.Settings
    ruleset: rules.Ruleset
    profile: profiles.Profile
    lane: passwords.Lane = field(default_factory=lambda: passwords.Lane(2))
    fired: Counter[str] = field(default_factory=Counter)

    def note(self, tolerances: Iterable[str]) -> None:
        """Count the tolerances of the profile that a request needed."""
        for name in tolerances:
            self.fired[name] += 1
            log.info("tolerance %s was needed", name)

    def bridge(self, tenant: str, host_url: str, origin: bridges.Origin) -> bridges.Bridge:
        """Give one tenant's view; `host_url` is where the request came in, used where SCIM_BASE_URL is not set."""
        return bridges.Bridge(
            shop=self.shop,
            ledger=self.ledger,
            tables=self.tables,
            ruleset=self.ruleset,
            tenant=tenant,
            profile=self.profile,
            base_url=self.config.base_url or host_url.rstrip("/") + PATH,
            website_id=self.shop.stores.default_website_id() or 0,
            lane=self.lane,
            settings=self.settings,
            origin=origin,
            max_page=self.config.max_page,
            note=self.note,
        )


def current() -> Service:
    """Give the service of the running app."""
    found: Service = flask.current_app.extensions["magento-scim"]
    return found


def engine(settings: config.Config) -> sa.Engine:
    """Make the engine for the shop's database; nothing connects yet. Raises config.Refused where TLS cannot be."""
    try:
        return database.engine(settings.database, tls=settings.tls)
    except OSError as error:
        raise config.Refused(f"The files that SCIM_DATABASE_TLS_* name cannot be used for TLS: {error}.") from error


def open_shop(settings: config.Config) -> shop.Shop:
    """Connect to the shop and read what its tables are; raises config.Refused with what to do."""
    try:
        return shop.open(engine(settings), settings.prefix)
    except shop_errors.ShopError as error:
        where = settings.database.set(drivername="mysql").render_as_string(hide_password=True)
        raise config.Refused(f"The shop at {where} cannot be used: {error}") from error


def read_rules(settings: config.Config, magento: shop.Shop) -> rules.Ruleset:
    """Read the mapping against the shop; raises config.Refused with every mistake in it."""
    try:
        text = settings.mapping.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise config.Refused(f"Cannot read the mapping {settings.mapping}: {error}. Set SCIM_MAPPING.") from error
    try:
        return reader.read(text, str(settings.mapping), magento)
    except reader.MappingError as error:
        count = len(error.problems)
        raise config.Refused(f"The mapping has {count} mistake{'s' * (count > 1)}:\n{error}") from error


def read_profile(settings: config.Config) -> profiles.Profile:
    """Find the profile; raises config.Refused with the names there are."""
    found = profiles.PROFILES.get(settings.profile)
    if found is None:
        raise config.Refused(f"SCIM_PROFILE is {settings.profile!r}: it is one of {', '.join(profiles.PROFILES)}.")
    return found


def start(settings: config.Config) -> Service:
    """Open the shop and check everything that requests will need; raises config.Refused with what to do."""
    magento = open_shop(settings)
    with database.reading(magento.engine) as connection:
        revision = install.current(connection, settings.prefix)
    if revision != install.newest():
        what = "has no scim_* tables" if revision is None else f"has scim_* tables of revision {revision}"
        raise config.Refused(f"The shop's database {what}: run `magento-scim install`.")
    ledger = tables.define(settings.prefix)
    with database.reading(magento.engine) as connection:
        own = ledger_settings.read(connection, ledger, settings.journal_key)
    ruleset = read_rules(settings, magento)
    profile = read_profile(settings)
    magento.engine.dispose()  # a process forked from this one must not share its connections
    both = {**{name: magento.tables[name] for name in magento.tables}, **ledger.named()}
    return Service(settings, magento, ledger, both, own, ruleset, profile)
