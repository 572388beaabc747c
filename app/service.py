"""What one process holds between requests: the shop, our tables, the rules, the configuration."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import flask
import sqlalchemy as sa

from app import config, jwts, metrics, observer, rates, replica, watch
from app.ledger import revisions, tables, tokens
from app.ledger import settings as ledger_settings
from app.magento import changes, database, passwords, shop
from app.magento import errors as shop_errors
from app.mapping import bridges, reader, rules
from app.scim import errors, profiles

log = logging.getLogger(__name__)
DEFAULT_TENANT = rules.DEFAULT_TENANT
READ_SECONDS = 5  # that a read replica may take to answer, before the primary is asked
PATH = "/scim/v2"  # of the tenant called default; any tenant has its name before the last part


@dataclass
class Service:
    """One process's shop with everything that was resolved at its start."""

    config: config.Config
    shop: shop.Shop
    ledger: tables.Tables
    tables: changes.Tables
    settings: ledger_settings.Settings
    watch: watch.Watch
    observer: observer.Observer
    profile: profiles.Profile
    rates: rates.Rates | None
    verifier: jwts.Verifier | None
    known: tokens.Known
    replica: replica.Replica | None
    lane: passwords.Lane = field(default_factory=lambda: passwords.Lane(2))
    fired: Counter[str] = field(default_factory=Counter)

    @property
    def rulebook(self) -> rules.Rulebook:
        """The rules in force."""
        return self.watch.rulebook

    def note(self, tolerances: Iterable[str]) -> None:
        """Count the tolerances of the profile that a request needed."""
        for name in tolerances:
            self.fired[name] += 1
            metrics.TOLERANCES.labels(name).inc()
            log.info("tolerance %s was needed", name)

    def tenant(self, name: str) -> rules.Tenant:
        """Find a tenant by the name in its URL; raises NotFound."""
        found = self.rulebook.tenants.get(name)
        if found is None and name == DEFAULT_TENANT:
            raise errors.NotFound(f"Nobody is at {PATH}: each tenant of mapping.yaml is at {path('<tenant>')}.")
        if found is None:
            raise errors.NotFound(f"There is no tenant {name!r}: mapping.yaml says which there are.")
        return found

    def bridge(
        self,
        tenant: rules.Tenant,
        host_url: str,
        origin: bridges.Origin,
        told: Callable[[Sequence[changes.RowChange]], None] | None = None,
    ) -> bridges.Bridge:
        """Give one tenant's view; `host_url` is where the request came in, used where SCIM_BASE_URL is not set.

        `told` hears of the rows that are written.
        """
        found = bridges.Bridge(
            shop=self.shop,
            ledger=self.ledger,
            tables=self.tables,
            ruleset=tenant.ruleset,
            tenant=tenant.name,
            profile=profiles.PROFILES[tenant.profile] if tenant.profile else self.profile,
            base_url=base_url(self.config.base_url or host_url.rstrip("/") + PATH, tenant.name),
            website_id=tenant.website_id or self.shop.stores.default_website_id() or 0,
            lane=self.lane,
            settings=self.settings,
            origin=origin,
            max_page=self.config.max_page,
            note=self.note,
        )
        return replace(found, told=told) if told else found

    def oversight(self, who: str) -> bridges.Bridge:
        """Give the first tenant's view, for what is no tenant's alone; `who` stands in the journal."""
        return self.bridge(next(iter(self.rulebook.tenants.values())), "", bridges.Origin(who, f"command {who}"))


def path(tenant: str) -> str:
    """Give the path under which a tenant's SCIM endpoints are."""
    return base_url(PATH, tenant)


def base_url(base: str, tenant: str) -> str:
    """Give a tenant's base URL, made of the one of the tenant called default, whose last part is the version."""
    if tenant == DEFAULT_TENANT:
        return base
    before, _, version = base.rpartition("/")
    return f"{before}/{tenant}/{version}"


def current() -> Service:
    """Give the service of the running app."""
    found: Service = flask.current_app.extensions["magento-scim"]
    return found


def engine(settings: config.Config, *, autocommit: bool = False) -> sa.Engine:
    """Make the engine for the shop's database; nothing connects yet. Raises config.Refused where TLS cannot be.

    `autocommit`: for what only reads.
    """
    try:
        return database.engine(
            settings.database, tls=settings.tls, statement_seconds=settings.statement_seconds, autocommit=autocommit
        )
    except OSError as error:
        raise config.Refused(f"The files that SCIM_DATABASE_TLS_* name cannot be used for TLS: {error}.") from error


def open_shop(settings: config.Config) -> shop.Shop:
    """Connect to the shop and read what its tables are; raises config.Refused with what to do."""
    try:
        return shop.open(engine(settings), settings.prefix, reader=engine(settings, autocommit=True))
    except shop_errors.ShopError as error:
        where = settings.database.set(drivername="mysql").render_as_string(hide_password=True)
        raise config.Refused(f"The shop at {where} cannot be used: {error}") from error


def read_rules(settings: config.Config, magento: shop.Shop, data: bytes | None = None) -> rules.Rulebook:
    """Read the mapping against the shop; raises config.Refused with every mistake in it.

    Also where SCIM_BASE_URL has no place for a tenant's name. `data`: the file's text, where it has been read already.
    """
    try:
        text = (settings.mapping.read_bytes() if data is None else data).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise config.Refused(f"Cannot read the mapping {settings.mapping}: {error}. Set SCIM_MAPPING.") from error
    try:
        rulebook = reader.read(text, str(settings.mapping), magento)
    except reader.MappingError as error:
        count = len(error.problems)
        raise config.Refused(f"The mapping has {count} mistake{'s' * (count > 1)}:\n{error}") from error
    named = [name for name in rulebook.tenants if name != DEFAULT_TENANT]
    if named and settings.base_url and not settings.base_url.endswith("/v2"):
        example = "https://scim.example.com/scim/v2"
        raise config.Refused(
            f"SCIM_BASE_URL is {settings.base_url!r}: with tenants it ends in /v2, as {example}, "
            f"and the tenant {named[0]} is at {base_url(example, named[0])}."
        )
    return rulebook


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
        revision = revisions.current(connection, settings.prefix)
    if revision != revisions.newest():
        what = "has no scim_* tables" if revision is None else f"has scim_* tables of revision {revision}"
        raise config.Refused(f"The shop's database {what}: run `magento-scim install`.")
    ledger = tables.define(settings.prefix)
    with database.reading(magento.engine) as connection:
        own = ledger_settings.read(connection, ledger, settings.journal_key)
    watched = watch.Watch(settings.mapping, lambda data: read_rules(settings, magento, data), settings.watch_seconds)
    profile = read_profile(settings)
    metrics.listen(*magento.engines)
    magento.dispose()  # a process forked from this one must not share its connections
    both = {**{name: magento.tables[name] for name in magento.tables}, **ledger.named()}
    heard = observer.Observer(magento, ledger, settings.record_requests, settings.seen)
    accounts = rates.Rates(settings.rate_limit) if settings.rate_limit else None
    verifier = jwts.Verifier(settings.jwt) if settings.jwt else None
    known, second = tokens.Known(settings.token_seconds), _replica(settings, ledger)
    return Service(settings, magento, ledger, both, own, watched, heard, profile, accounts, verifier, known, second)


def _replica(settings: config.Config, ledger: tables.Tables) -> replica.Replica | None:
    """Make the read replica, which need not be there: one that does not answer soon is not waited for."""
    if settings.read_database is None:
        return None
    made = database.engine(
        settings.read_database,
        tls=settings.tls,
        autocommit=True,
        connect_timeout=1,
        pool_timeout=1,
        statement_seconds=min(settings.statement_seconds, READ_SECONDS),
    )
    metrics.listen(made)
    return replica.Replica(made, ledger)
