"""Staying out: `magento-scim guard on|off|status`, `magento-scim sweep`, `magento-scim doors`."""

import json
import random
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict

import click
import rich.progress
import rich.table

from app import service
from app.commands import frame
from app.magento import database, errors
from app.magento import guard as trigger
from app.mapping import bridges, ways
from app.mapping import sweep as sweeping

OPEN = 3  # the exit code of `doors` where one is open
NEEDED = (
    "The guard is a trigger, and the database does not let this user make or see one: {error}\n"
    "Have an administrator of the database say: GRANT TRIGGER ON `{database}`.`{table}` TO this user; where the server"
    " writes a binary log and the user is not SUPER, also SET GLOBAL log_bin_trust_function_creators=1. Without that"
    " right, run `magento-scim sweep` every few minutes instead (deploy/magento-scim-sweep.timer)."
)


@click.group()
def guard() -> None:
    """Hold deactivated customers as they are against everybody who writes, by a trigger."""


@guard.command("on")
@frame.sentences
def guard_on() -> None:
    """Make the guard, or bring it up to date; then shut again whatever came open before."""
    bridge = frame.every_bridge("guard on")[0]
    names = ways.names(bridge)
    made = _with_trigger(bridge, lambda: trigger.on(bridge.shop.engine, names))
    click.echo(f"The guard {names.trigger} is on" + ("." if made else " already."))
    _told(sweeping.sweep(bridge))


@guard.command("off")
@frame.sentences
def guard_off() -> None:
    """Take the guard away. Do that before our tables are removed: the trigger looks into one of them."""
    bridge = frame.every_bridge("guard off")[0]
    names = ways.names(bridge)
    was_on = _with_trigger(bridge, lambda: trigger.off(bridge.shop.engine, names))
    click.echo(f"The guard {names.trigger} is off" + ("." if was_on else " already."))


@guard.command("status")
@frame.sentences
def guard_status() -> None:
    """Say whether the guard is on; exit code 0 where it is and is this version's, else 1."""
    bridge = frame.every_bridge("guard status")[0]
    names = ways.names(bridge)
    with database.reading(bridge.shop.engine) as connection:
        found = trigger.status(connection, names)
    if not found.visible:
        sentence = "it sees no trigger without the privilege TRIGGER"
        raise click.ClickException(_needed(bridge, errors.NotGranted("TRIGGER", names.customers, sentence)))
    if not found.on:
        click.echo(f"The guard {names.trigger} is off: `magento-scim guard on` makes it.")
    elif not found.current:
        click.echo(f"The guard {names.trigger} is another version's: `magento-scim guard on` brings it up to date.")
    else:
        click.echo(f"The guard {names.trigger} is on, with the rights of {found.definer}.")
    sys.exit(0 if found.current else 1)


def _with_trigger(bridge: bridges.Bridge, work: Callable[[], bool]) -> bool:
    try:
        return work()
    except errors.NotGranted as error:
        raise click.ClickException(_needed(bridge, error)) from error


def _needed(bridge: bridges.Bridge, error: errors.NotGranted) -> str:
    return needed(error, bridge.shop.engine.url.database, ways.names(bridge))


def needed(error: errors.NotGranted, database: str | None, names: trigger.Names) -> str:
    """Say what an administrator of the database has to do, or what to do without."""
    return NEEDED.format(error=error, database=database, table=names.customers)


@click.command()
@click.option("--loop", type=click.IntRange(1), metavar="SECONDS", help="Go on, with so many seconds in between.")
@click.option("--jitter", type=click.IntRange(0), default=0, help="Up to so many seconds more, by chance.")
@frame.sentences
def sweep(loop: int | None, jitter: int) -> None:
    """Shut again the doors of customers whom we deactivated and somebody let in again, once or in a loop."""
    bridge = frame.every_bridge("sweep")[0]
    while True:
        try:
            with frame.progress() as progress:
                task = progress.add_task("shutting again", total=None)
                swept = sweeping.sweep(bridge, *_on(progress, task))
            _told(swept)
        except errors.Unavailable as error:
            if loop is None:
                raise
            click.echo(f"This time in vain: {error}", err=True)
        if loop is None:
            return
        time.sleep(loop + random.uniform(0, jitter))  # noqa: S311 - a pause, not a secret


def _on(progress: rich.progress.Progress, task: rich.progress.TaskID) -> tuple[sweeping.Told, sweeping.Told]:
    return lambda count: progress.update(task, total=count), lambda count: progress.advance(task, count)


def _told(swept: sweeping.Swept) -> None:
    customers = frame.counted(swept.deactivated, "deactivated customer")
    if swept.shut:
        ids = ", ".join(map(str, swept.shut[:20])) + (" …" if len(swept.shut) > 20 else "")
        click.echo(f"{len(swept.shut)} of {customers} had come open, now shut: {ids}")
    else:
        click.echo(f"{customers}, all shut.")


@click.command()
@click.argument("user")
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose user is meant.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def doors(user: str, tenant: str, form: str) -> None:
    """List every way into the account of USER (id, userName or e-mail), open or shut, and why.

    Exit code 0 where every way is shut, 3 where one is open, 1 where there is no such user.
    """
    here = frame.opened()
    bridge = frame.bridge(here, tenant, "doors")
    with database.reading(bridge.shop.engine) as connection:
        found = ways.find(connection, bridge, user)
        if len(found) != 1:
            several = f"{user!r} names several customers: give one of the ids {', '.join(map(str, found))}."
            raise click.ClickException(several if found else f"There is no user {user!r}, by id, userName or e-mail.")
        told = ways.report(connection, bridge, found)[found[0]]
    if form == "json":
        click.echo(json.dumps({"id": str(found[0]), "doors": [asdict(way) for way in told]}, indent=2))
    else:
        _table(found[0], ((way.name, way.open, way.reason) for way in told))
    sys.exit(OPEN if any(way.open for way in told) else 0)


def _table(entity_id: int, rows: Iterable[tuple[str, bool, str]]) -> None:
    table = rich.table.Table("way in", "state", "why", title=f"Customer {entity_id}")
    for name, is_open, reason in rows:
        table.add_row(name, "open" if is_open else "shut", reason, style="red" if is_open else "green")
    frame.show(table)
