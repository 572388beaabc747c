"""In charge of judging a whole installation: what is wrong, and for each finding what to do.

Each check is a row and looks at one thing. The steps are what all others stand on: where one of them fails, it is the
last that is asked.
"""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib import error as http_errors
from urllib import request as http

import sqlalchemy as sa

from app import auth, config, granting, service
from app.ledger import revisions, settings, tokens
from app.magento import database, guard
from app.magento import errors as shop_errors
from app.mapping import sweep, ways

OK, WARNING, ERROR = "ok", "warning", "error"
CLOCKS = 60  # seconds that the database's clock may be off
BEHIND = 60  # seconds that a replica may be behind
UNUSED = timedelta(days=90)
TOO_MUCH = {"SUPER", "FILE", "ALL PRIVILEGES", "SHUTDOWN", "CREATE USER"}
FETCH_TIMEOUT = 10  # seconds
Told = Iterator[tuple[str, str, str]]  # level, what, cure
# How a sentence goes on that says what to do.
DO = re.compile(r"(.+?)(?::|\.) ((?:run|set|write|add|name|it takes|it is one of) .+)", re.I)
SETTINGS = "Put it right in the service's environment: README, Configuration, has every name."
CONNECT = (
    "Does the server run? SCIM_DATABASE_URL and SCIM_TABLE_PREFIX want what Magento's app/etc/env.php says under db,"
    " and the user that `magento-scim grants` is for."
)
GIVE = "Give what `magento-scim grants` prints."
AGAIN = "See to the database, then run `magento-scim doctor` again."


@dataclass(frozen=True)
class Finding:
    """What a check found: how bad it is, what it is, and what to do about it."""

    check: str
    level: str
    what: str
    cure: str = ""


@dataclass(frozen=True)
class Patient:
    """A service that could be started, the environment it has, and the SCIM base URL at which clients find it."""

    here: service.Service
    environment: Mapping[str, str]
    url: str | None
    now: datetime

    @property
    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Open a connection for statements that write nothing."""
        return database.reading(self.here.shop.engine)


def examine(environment: Mapping[str, str], url: str | None = None) -> Iterator[Finding]:
    """Look at everything, in the order of STEPS and CHECKS; `url`: also at the service behind this SCIM base URL."""
    try:
        settings = config.read(environment)
    except config.Refused as error:
        yield Finding("configuration", ERROR, *_parted(error, SETTINGS))
        return
    yield Finding("configuration", OK, "")
    for name, step, cure in STEPS:
        found = _found(name, partial(step, settings), cure)
        yield from found
        if any(each.level == ERROR for each in found):
            return
    here = service.start(settings)
    try:
        patient = Patient(here, environment, url, datetime.now(UTC).replace(tzinfo=None))
        for name, check in CHECKS:
            yield from _found(name, partial(check, patient), AGAIN)
    finally:
        here.shop.dispose()


def _found(name: str, look: Callable[[], Told], cure: str) -> list[Finding]:
    try:
        return [Finding(name, *told) for told in look()] or [Finding(name, OK, "")]
    except shop_errors.NotGranted as error:
        return [Finding(name, ERROR, f"{error}.", GIVE)]
    except (config.Refused, shop_errors.ShopError) as error:
        return [Finding(name, ERROR, *_parted(error, cure))]


def _parted(error: Exception, cure: str) -> tuple[str, str]:
    """Part what is wrong from what to do, where a sentence says both; `cure`: what to do where it does not."""
    found = DO.fullmatch(str(error))
    return (f"{found[1]}.", found[2][0].upper() + found[2][1:]) if found else (str(error), cure)


# --- what all others stand on ---


def _database(settings: config.Config) -> Told:
    service.open_shop(settings).dispose()
    if not settings.tls and not database.stays_here(settings.database):
        cure = "Set SCIM_DATABASE_TLS_CA to the file of the authority that signed the server's certificate."
        yield WARNING, f"The connection to {settings.database.host} leaves this machine without a checked TLS.", cure


def _tables(settings: config.Config) -> Told:
    engine = service.engine(settings)
    with database.reading(engine) as connection:
        revision = revisions.current(connection, settings.prefix)
    engine.dispose()
    if revision != revisions.newest():
        had = f"are at revision {revision}, not {revisions.newest()}" if revision else "are not there"
        yield ERROR, f"Our tables (scim_*) {had}.", "Run `magento-scim install` as a user who may create tables."


def _mapping(settings: config.Config) -> Told:
    magento = service.open_shop(settings)
    try:
        service.read_rules(settings, magento)
    finally:
        magento.dispose()
    service.read_profile(settings)
    if settings.mapping.stat().st_mode & stat.S_IWOTH:
        yield WARNING, f"Everybody on this machine may write {settings.mapping}.", f"chmod o-w {settings.mapping}"


STEPS: tuple[tuple[str, Callable[[config.Config], Told], str], ...] = (
    ("database", _database, CONNECT),
    ("our tables", _tables, "Run `magento-scim install` as a user who may create tables."),
    ("mapping", _mapping, "Correct the lines that are named; `magento-scim check` looks at a file beforehand."),
)


# --- the database ---


def _privileges(patient: Patient) -> Told:
    """Compare what the user has with what `grants` prints, and with what nobody needs."""
    here = patient.here
    makes_options = any(tenant.ruleset.makes_options for tenant in here.rulebook.tenants.values())
    with patient.reading as connection:
        given = list(connection.execute(sa.text("SHOW GRANTS FOR CURRENT_USER")).scalars())
        needed = granting.privileges(connection, here.config.prefix, makes_options=makes_options)
    have = Privileges(given, here.config.database.database or "")
    lacking = sorted(
        f"{privilege} ON {table}"
        for table, wanted in needed.items()
        for privilege in wanted
        if not have.may(privilege, table)
    )
    if lacking:
        some = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        yield ERROR, f"The database user lacks {some}.", GIVE
    if have.everywhere:
        cure = "Make a user of its own with what `magento-scim grants` prints."
        yield WARNING, f"The database user may more than it needs: {', '.join(have.everywhere)}.", cure


class Privileges:
    """What SHOW GRANTS says of one database, as far as this service asks."""

    def __init__(self, grants: Iterable[str], name: str) -> None:
        self.by_table: dict[str, set[str]] = {}
        self.everywhere: list[str] = []
        for grant in grants:
            found = re.match(r"GRANT (.+?) ON (?:TABLE )?(\S+?) TO ", grant)
            if found is None:
                continue
            words = {word.strip() for word in re.sub(r"\([^)]*\)", "", found[1]).split(",")}
            where, _, table = found[2].replace("`", "").rpartition(".")
            if where == "*" or where.replace("\\_", "_") == name:
                self.by_table.setdefault(table, set()).update(words)
            if where == "*" and (bad := sorted(words & TOO_MUCH)):
                self.everywhere += [f"{word} ON *.*" for word in bad]

    def may(self, privilege: str, table: str) -> bool:
        """Say whether the user may do this with the table."""
        return any({privilege, "ALL PRIVILEGES"} & self.by_table.get(place, set()) for place in (table, "*"))


def _clock(patient: Patient) -> Told:
    with patient.reading as connection:
        theirs = connection.execute(sa.text("SELECT UTC_TIMESTAMP()")).scalar_one()
    off = (theirs - datetime.now(UTC).replace(tzinfo=None)).total_seconds()
    if abs(off) > CLOCKS:
        yield ERROR, f"The database's clock is {off:+.0f} s off this machine's.", "Let both follow a time server (NTP)."


def _indexer(patient: Patient) -> Told:
    state = patient.here.shop.tables.get("indexer_state")
    if state is None:
        return
    with patient.reading as connection:
        status = connection.execute(sa.select(state.c.status).where(state.c.indexer_id == "customer_grid")).scalar()
    if status == "invalid":
        cure = "Run `bin/magento indexer:reindex customer_grid`."
        yield WARNING, "Magento's customer grid is invalid: the admin's list of customers may be old.", cure
    if status == "working":
        cure = "If it stays so: `bin/magento indexer:reset customer_grid`, then `indexer:reindex customer_grid`."
        yield WARNING, "Magento's customer grid is being rebuilt.", cure


def _replica(patient: Patient) -> Told:
    """Look whether the read replica is there, may be read, and keeps up."""
    here = patient.here
    if here.replica is None:
        return
    try:
        behind = here.replica.lag(here.shop.reader)
        with database.reading(here.replica.engine) as connection:
            given = list(connection.execute(sa.text("SHOW GRANTS FOR CURRENT_USER")).scalars())
        with patient.reading as connection:
            needed = granting.reading(connection, here.config.prefix)
    except shop_errors.ShopError as error:
        cure = "Look whether it runs and what SCIM_READ_DATABASE_URL says; until then all reads go to the primary."
        yield WARNING, f"The read replica cannot be used: {error}.", cure
        return
    finally:
        here.replica.engine.dispose()
    have = Privileges(given, here.replica.engine.url.database or "")
    lacking = [table for table in needed if not have.may("SELECT", table)]
    if lacking:
        yield (
            WARNING,
            f"On the replica the database user may not read {', '.join(lacking[:5])}.",
            ("Give what `magento-scim grants --replica` prints."),
        )
    if behind > BEHIND:
        cure = "Callers read what they wrote on the primary all the same; others read what is old. Look at the replica."
        yield WARNING, f"The read replica is {behind:.0f} s behind.", cure


# --- who may come in, and who must stay out ---


def _tokens(patient: Patient) -> Told:
    here = patient.here
    with patient.reading as connection:
        alive = [token for token in tokens.fetch(connection, here.ledger) if token.alive(patient.now)]
    for name in here.rulebook.tenants:
        if not any(token.tenant == name for token in alive) and here.config.jwt is None:
            yield ERROR, f"The tenant {name!r} has no living token.", f"magento-scim token create NAME --tenant {name}"
    for token in alive:
        named, revoke = f"The token {token.name!r}", f"If nobody needs it: magento-scim token revoke {token.token_id}"
        if token.tenant not in here.rulebook.tenants:
            yield WARNING, f"{named} is for the tenant {token.tenant!r}, which there is not.", revoke
        if token.expires_at is not None and token.expires_at - patient.now < auth.WARN_BEFORE:
            cure = "Make its successor, give it to the identity provider, then revoke this one."
            yield WARNING, f"{named} expires at {token.expires_at.isoformat()}Z.", cure
        if token.last_used_at is not None and patient.now - token.last_used_at > UNUSED:
            yield WARNING, f"{named} was last used at {token.last_used_at.isoformat()}Z.", revoke


def _leavers(patient: Patient) -> Told:
    """Look whether leavers are kept out: by the guard, and just now."""
    here = patient.here
    bridge = here.oversight("doctor")
    mark = here.ledger.inactive
    with patient.reading as connection:
        leavers = int(connection.execute(sa.select(sa.func.count()).select_from(mark)).scalar_one())
        trigger = guard.status(connection, ways.names(bridge))
        swept = settings.swept_at(connection, here.ledger)
        undone = len(connection.execute(sweep.undone(bridge)).all())
    if undone:
        yield ERROR, f"{undone} of {leavers} deactivated customers have come open again.", "magento-scim sweep"
    if trigger.on and not trigger.current:
        yield ERROR, "The guard is another version's.", "magento-scim guard on"
    if not trigger.on:
        seen = "" if trigger.visible else ", or this user may not see it"
        cure = "magento-scim guard on; without the privilege TRIGGER: deploy/magento-scim-sweep.timer."
        last = f"the last sweep was at {swept.isoformat()}Z" if swept else "nothing ever swept"
        what = f"The guard is off{seen}: a leaver can come back by the mailed password reset; {last}."
        yield WARNING, what, cure


def _held(patient: Patient) -> Told:
    with patient.reading as connection:
        query = sa.select(sa.func.count()).select_from(patient.here.ledger.held)
        count = int(connection.execute(query).scalar_one())
    if count:
        cure = "magento-scim held, then release or discard."
        yield WARNING, f"Deletions held back because there were too many at once: {count}.", cure


# --- how clients reach us ---


def _base_url(patient: Patient) -> Told:
    base = patient.here.config.base_url
    if base is None and not patient.here.config.proxies:
        cure = "Set SCIM_BASE_URL=https://…/scim/v2, or SCIM_PROXIES where the server in front sends X-Forwarded-*."
        yield WARNING, "Locations name the host of each request, over http.", cure
    if base is not None and not re.match(r"https://|http://(localhost|127\.|\[::1\])", base):
        yield ERROR, f"SCIM_BASE_URL is {base}: tokens and people's data go without TLS.", "Serve it by https://."


def _processes(patient: Patient) -> Told:
    where = patient.environment.get("PROMETHEUS_MULTIPROC_DIR")
    if where and not os.access(where, os.W_OK):
        cure = f"mkdir -p {where}, writable by the service, emptied at each start."
        yield ERROR, f"PROMETHEUS_MULTIPROC_DIR is {where}, where this user cannot write.", cure


def _front(patient: Patient) -> Told:
    """Ask the service through whatever stands in front, with a token that is none: its own 401 must come back."""
    if patient.url is None:
        return
    url = f"{patient.url.rstrip('/')}/Users?count=0"
    sent = http.Request(url, headers={"Authorization": "Bearer doctor", "Accept": "application/scim+json"})  # noqa: S310
    try:
        with http.urlopen(sent, timeout=FETCH_TIMEOUT) as answer:  # noqa: S310 # nosec B310
            yield ERROR, f"{url} lets in a token that is none: {answer.status}.", "Is something else at this URL?"
    except http_errors.HTTPError as error:
        text = error.read(10_000).decode("utf-8", "replace")
        if error.code != 401:
            yield ERROR, f"{url} answers {error.code}.", "Pass the path /scim on to the service, and nothing else."
        elif "invalid_token" not in (error.headers.get("WWW-Authenticate") or ""):
            found = re.search(r"Apache wants .*?;`", text)
            cure = found[0] if found else "Let the web server in front pass the header on."
            yield ERROR, f"{url} does not see the Authorization header.", cure
    except OSError as error:
        cure = "Does the service run? Does the web server in front know it, and does its name resolve?"
        yield ERROR, f"{url} cannot be reached: {error}.", cure


CHECKS: tuple[tuple[str, Callable[[Patient], Told]], ...] = (
    ("privileges", _privileges),
    ("clock", _clock),
    ("read replica", _replica),
    ("customer grid", _indexer),
    ("tokens", _tokens),
    ("leavers", _leavers),
    ("held deletions", _held),
    ("base URL", _base_url),
    ("processes", _processes),
    ("way in", _front),
)
