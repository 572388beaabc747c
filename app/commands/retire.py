"""The way out, when SCIM is switched off: `magento-scim retire`."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import click
import rich.table
import sqlalchemy as sa

from app import config, service
from app.commands import frame, guard, journal
from app.ledger import install, revisions, survey, tables, tokens
from app.ledger import journal as entries
from app.magento import database
from app.magento import errors as shop_errors
from app.magento import guard as trigger
from app.mapping import bridges, retirement, ways

HONEST = {
    retirement.KEEP: "stay locked as they are. Nothing holds them there any more: a password reset by mail (Magento"
    " 2.4.6 and later), the admin's Unlock or an import lets them in again",
    retirement.RESTORE: "get back what was taken and can log in again, those whose users were deleted too",
}


@click.command()
@click.option("--tenant", "names", multiple=True, help="Retire this tenant; may be repeated.")
@click.option("--all", "every", is_flag=True, help="Retire all tenants.")
@click.option(
    "--leavers",
    type=click.Choice([retirement.KEEP, retirement.RESTORE]),
    help="What becomes of deactivated customers; must be said where there are some.",
)
@click.option("--drop-tables", is_flag=True, help="When all are retired: remove the guard and our tables.")
@click.option(
    "--export", type=click.Path(path_type=Path), help="Write first what goes to this new file, as JSON lines."
)
@click.option("--dry-run", is_flag=True, help="Only show what there is and what would become of it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@frame.sentences
def retire(
    names: tuple[str, ...],
    every: bool,
    leavers: str | None,
    drop_tables: bool,
    export: Path | None,
    dry_run: bool,
    yes: bool,
) -> None:
    """End SCIM for tenants: their customers stay in the shop as they are, and are managed no more.

    Shows first what there is, and asks. The tenants' tokens are revoked, then links, documents and memberships go, each
    user's in a transaction of its own and in the journal. It may be stopped and started again at any time. At last,
    `retire --drop-tables` removes the guard and our tables, the journal with them.
    """
    if sum((bool(names), every, drop_tables)) != 1 or (drop_tables and leavers):
        raise click.UsageError("Say --tenant NAME, or --all, or (when all are retired) --drop-tables.")
    if drop_tables:
        _drop(export, dry_run=dry_run, yes=yes)
        return
    here, origin = frame.opened(), frame.origin("retire")
    with database.reading(here.shop.engine) as connection:
        stock = {each.tenant: each for each in survey.tenants(connection, here.ledger)}
    wanted = [stock[name] for name in (stock if every else _known(here, names, stock))]
    _show(wanted)
    _refuse(wanted, leavers)
    if leavers and any(each.leavers for each in wanted):
        click.echo(f"The leavers {HONEST[leavers]}.")
    if dry_run:
        return
    if not yes:
        click.confirm("Retire them?", abort=True, err=True)
    views = [_bridge(here, each.tenant, origin) for each in wanted]
    if export:
        lines = (line for view in views for line in retirement.documents(view))
        click.echo(f"{frame.counted(_export(export, lines), 'line is', 'lines are')} written to {export}.")
    for view, each in zip(views, wanted, strict=True):
        _retire(view, each, leavers or retirement.KEEP)
    click.echo(f"This was request {origin.request_id}. What is left: `magento-scim retire --drop-tables`.")


def _known(here: service.Service, names: Iterable[str], stock: dict[str, survey.Stock]) -> list[str]:
    """Give the named tenants, those of which our tables have nothing with nothing; raises config.Refused."""
    for name in names:
        if name not in stock and name not in here.rulebook.tenants:
            raise config.Refused(
                f"There is no tenant {name!r}: there are {', '.join({*stock, *here.rulebook.tenants})}."
            )
        stock.setdefault(name, survey.Stock(name))
    return list(dict.fromkeys(names))


def _bridge(here: service.Service, name: str, origin: bridges.Origin) -> bridges.Bridge:
    """Give a tenant's view, also of one that mapping.yaml does not name any more."""
    known = here.rulebook.tenants
    found = here.bridge(known.get(name) or next(iter(known.values())), "", origin)
    return replace(found, tenant=name)


def _show(stock: Iterable[survey.Stock]) -> None:
    names = [field.name for field in fields(survey.Stock)]
    table = rich.table.Table(*(name.replace("journal", "journal entries (they stay)") for name in names))
    for each in stock:
        table.add_row(*(str(getattr(each, name)) for name in names))
    frame.show(table)
    click.echo("Customers, their values and addresses, and the shop's groups stay as they are.")


def _refuse(stock: Iterable[survey.Stock], leavers: str | None) -> None:
    """Raise config.Refused where something must be decided first."""
    held = sum(each.held for each in stock)
    if held:
        waits = frame.counted(held, "deletion waits", "deletions wait")
        raise config.Refused(f"{waits}: decide first, by `magento-scim held`, `release` and `discard`.")
    leaving = sum(each.leavers for each in stock)
    if leaving and leavers is None:
        there = frame.counted(leaving, "customer is deactivated", "customers are deactivated")
        said = "".join(f"\n  --leavers {name}: they {sentence}." for name, sentence in HONEST.items())
        raise config.Refused(f"{there}: say what becomes of them.{said}")


def _retire(bridge: bridges.Bridge, stock: survey.Stock, leavers: str) -> None:
    """Retire a tenant: whoever has a token is out first, so that nobody comes in meanwhile."""
    engine, ledger = bridge.shop.engine, bridge.ledger
    revoked = database.transaction(engine, lambda c: tokens.revoke_all(c, ledger, bridge.tenant, frame.now()))
    gone = 0
    with frame.progress() as progress:
        task = progress.add_task(bridge.tenant, total=stock.users)
        for count in retirement.users(bridge, leavers):
            gone += count
            progress.advance(task, count)
    retirement.rest(bridge, leavers)
    users, there = frame.counted(gone, "user"), frame.counted(revoked, "token")
    click.echo(f"{bridge.tenant}: {users} and {frame.counted(stock.groups, 'group')} retired, {there} revoked.")


def _export(path: Path, lines: Iterable[Mapping[str, Any]]) -> int:
    """Write JSON lines to a new file that only this user may read, safe on the disk; gives how many."""
    count = 0
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            for count, line in enumerate(lines, 1):  # noqa: B007 - counted
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise config.Refused(f"{path} cannot be written ({error.strerror}): name a new file.") from error
    return count


# --- our tables ---


def _drop(export: Path | None, *, dry_run: bool, yes: bool) -> None:
    """Remove the guard and our tables; also where that was stopped half-way."""
    settings = frame.settings()
    engine, ledger = service.engine(settings), tables.define(settings.prefix)
    with database.reading(engine) as connection:
        there = set(sa.inspect(connection).get_table_names())
        whole = {table.name for table in ledger.all()} <= there
        left = survey.tenants(connection, ledger) if whole else []
    if not there & {*tables.names(settings.prefix), revisions.version_table(settings.prefix)}:
        raise config.Refused("There are no tables of ours.")
    unready = [each.tenant for each in left if not each.retired]
    if unready:
        raise config.Refused(f"Not retired yet: {', '.join(unready)}. Say `magento-scim retire --all` first.")
    count = sum(each.journal for each in left)
    click.echo(
        f"Our tables go, with {frame.counted(count, 'entry', 'entries')} of the journal. Stop the service first."
    )
    if dry_run:
        return
    if not yes:
        click.confirm("Remove them? Nothing can be undone or looked up afterwards.", abort=True, err=True)
    if export and whole:
        with database.reading(engine) as connection:
            lines = _journal(connection, ledger)
            click.echo(f"{frame.counted(_export(export, lines), 'line is', 'lines are')} written to {export}.")
    _guard_off(engine, settings)
    with database.translated(), engine.connect() as connection:
        dropped = install.remove(connection, settings.prefix)
        connection.commit()
    engine.dispose()
    click.echo(
        f"{frame.counted(len(dropped), 'table is', 'tables are')} removed: the shop has nothing of ours any more."
    )


def _journal(connection: sa.Connection, ledger: tables.Tables) -> Iterable[Mapping[str, Any]]:
    """Walk the journal, oldest first, as `log` shows it: what may not be read is a mark."""
    ids = connection.execute(sa.select(ledger.journal.c.entry_id).order_by(ledger.journal.c.entry_id)).scalars().all()
    for entry_id in ids:
        yield from (journal.whole(e) for e in entries.fetch(connection, ledger, entries.Wanted(entry_id=entry_id)))


def _guard_off(engine: sa.Engine, settings: config.Config) -> None:
    """Take the guard away: left alone, it would look into a table that is gone, and stop every change of a customer."""
    names = ways.prefixed(settings.prefix)
    try:
        trigger.off(engine, names)
    except shop_errors.NotGranted as error:
        raise click.ClickException(guard.needed(error, settings.database.database, names)) from error
