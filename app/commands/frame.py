"""In charge of how commands meet the operator: the configuration, our tables, sentences instead of tracebacks."""

import functools
import os
import pathlib
import re
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

import click
import rich.console
import rich.progress
import rich.table
import sqlalchemy as sa

from app import config, launch, service
from app.ledger import revisions, tables
from app.magento import database
from app.magento import errors as shop_errors
from app.mapping import bridges, group_ids, standing
from app.scim import errors as scim_errors

UNFOLDED = 200  # columns
F = TypeVar("F", bound=Callable[..., Any])


def sentences(command: F) -> F:
    """End a command that cannot work with one sentence and exit code 1, never with a traceback."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except config.Refused as error:
            raise click.ClickException(str(error)) from error
        except shop_errors.ShopError as error:
            raise click.ClickException(f"The shop's database cannot be used: {error}") from error
        except scim_errors.ScimError as error:
            raise click.ClickException(error.detail) from error

    return wrapped  # type: ignore[return-value]


def now() -> datetime:
    """Give the time, naive UTC in whole seconds."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def text(path: pathlib.Path) -> str:
    """Read a mapping file; raises config.Refused with why it cannot be."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise config.Refused(f"Cannot read {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise config.Refused(f"Cannot read {path}: {error}.") from error


def settings() -> config.Config:
    """Read the configuration; without a named shop, the running sandbox's."""
    return config.read(launch.with_sandbox(os.environ))


def tenant_url(base: str, tenant: str) -> str:
    """Give the SCIM base URL of a tenant, of the default one's; raises config.Refused where that cannot be said."""
    base = base.rstrip("/")
    if base.endswith(f"/{tenant}/v2"):
        return base
    if tenant != service.DEFAULT_TENANT and not base.endswith("/v2"):
        raise config.Refused(f"{base} does not end in /v2: say the whole URL of the tenant {tenant!r}.")
    return service.base_url(base, tenant)


def on_ledger(settings: config.Config, work: Callable[[sa.Connection, tables.Tables], Any]) -> Any:
    """Run one piece of work on our tables; raises config.Refused where they are missing."""
    engine, ledger = service.engine(settings), tables.define(settings.prefix)
    try:
        with database.reading(engine) as connection:
            if revisions.current(connection, settings.prefix) != revisions.newest():
                raise config.Refused("Our tables are missing or old: run `magento-scim install`.")
        return database.transaction(engine, lambda connection: work(connection, ledger))
    finally:
        engine.dispose()


def opened() -> service.Service:
    """Open the shop, our tables and the mapping as the service itself does; raises config.Refused with what to do."""
    return service.start(settings())


def bridge(here: service.Service, tenant: str, command: str) -> bridges.Bridge:
    """Give one tenant's view, for what a command does; raises NotFound where there is no such tenant."""
    return here.bridge(here.tenant(tenant), "", origin(command))


def every_bridge(command: str) -> list[bridges.Bridge]:
    """Give each tenant's view of the shop, for a command that is about all of them."""
    here, one = opened(), origin(command)
    return [here.bridge(tenant, "", one) for tenant in here.rulebook.tenants.values()]


def origin(command: str) -> bridges.Origin:
    """Say that changes come from a command: each run has a request id of its own."""
    return bridges.Origin(uuid.uuid4().hex, f"command {command}")


def user_id(bridge: bridges.Bridge, text: str) -> int:
    """Find the user that the operator means, by id, userName or e-mail; raises config.Refused where there is none."""
    with database.reading(bridge.shop.engine) as connection:
        found = standing.named(connection, bridge, text)
    if found is None:
        raise config.Refused(f"There is no user {text!r}: name an id, a userName or an e-mail.")
    return found


def group_id(text: str) -> int:
    """Give the number of the group that the operator means; raises config.Refused for what is no group's id."""
    found = group_ids.number(text)
    if not found:
        raise config.Refused(f"{text!r} is no group's id: it is one like {group_ids.text(4)}, as SCIM shows it.")
    return found


def moment(text: str) -> datetime:
    """Read a time: 14:05 (today, in this machine's time zone) or ISO 8601; naive UTC. Raises click.BadParameter."""
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
            found = datetime.combine(date.today(), time.fromisoformat(text.zfill(5)))
        else:
            found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no time: write 14:05 or 2026-01-31T14:05.") from None
    return found.astimezone(UTC).replace(tzinfo=None)


def progress() -> rich.progress.Progress:
    """Make a progress bar, on a terminal only, that leaves what is printed to programs alone."""
    console = rich.console.Console(stderr=True)
    columns = (*rich.progress.Progress.get_default_columns(), rich.progress.MofNCompleteColumn())
    return rich.progress.Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def console() -> rich.console.Console:
    """Make the console that plain text is printed on: as wide as the terminal, wide where no terminal reads it."""
    made = rich.console.Console(markup=False, emoji=False, highlight=False)
    if not made.is_terminal:
        made.width = max(made.width, UNFOLDED)
    return made


def show(table: rich.table.Table) -> None:
    """Print a table of plain text, nothing of it cut off: folded on a terminal, wide where no terminal reads it."""
    for column in table.columns:
        column.overflow = "fold"
    console().print(table)


def fits(table: rich.table.Table) -> bool:
    """Say whether a table can be printed without folding any of its cells."""
    here = console()
    return here.measure(table, options=here.options.update(width=sys.maxsize)).maximum <= here.width


def counted(count: int, one: str, more: str | None = None) -> str:
    """Give a number with its words: those for one, or those for none and many; without these, with an s."""
    return f"{count} {one if count == 1 else more or f'{one}s'}"


def cell(value: Any) -> str:
    """Show a value in a table: a time without its seconds."""
    text = "-" if value is None else str(value)
    return text[:10] + " " + text[11:16] if text.endswith("Z") and text[10:11] == "T" else text
