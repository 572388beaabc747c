"""What was changed, why, and taking it back: `magento-scim log`, `why`, `undo`."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import click
import rich.table

from app import config, service
from app.commands import frame
from app.ledger import journal
from app.magento import database
from app.mapping import bridges, group_ids, undo, why

FORMAT = click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
FINAL = "Nothing was written: the shop does not take this back, forced or not."
TENANT = click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose user is meant.")


def _moment(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime | None:
    return frame.moment(text) if text else None


@click.command()
@click.option("--user", help="Only changes of this user: an id, a userName or an e-mail.")
@click.option("--group", help="Only changes of the group with this id: group-4.")
@click.option("--request", help="Only changes of the request with this id (X-Request-Id).")
@click.option("--operation", help="create, replace, modify, adopt, delete, members, undo …")
@click.option("--actor", help="The name of a token, or of a command such as 'command undo'.")
@click.option("--since", callback=_moment, help="From this time on: 14:05, or 2026-01-31T14:05+01:00.")
@click.option("--until", callback=_moment, help="Before this time.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many, from the newest.")
@click.option("--rows", is_flag=True, help="With every column, before and after.")
@TENANT
@FORMAT
@frame.sentences
def log(
    user: str | None,
    group: str | None,
    request: str | None,
    operation: str | None,
    actor: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    rows: bool,
    tenant: str,
    form: str,
) -> None:
    """Show what was changed, the newest first."""
    here = frame.opened()
    bridge = frame.bridge(here, tenant, "log")
    kind = "User" if user else "Group" if group else None
    resource_id = frame.user_id(bridge, user) if user else frame.group_id(group) if group else None
    wanted = journal.Wanted(
        request_id=request,
        since=since,
        until=until,
        tenant=tenant,
        resource_type=kind,
        resource_id=resource_id,
        operation=operation,
        actor=actor,
        limit=limit,
    )
    with database.reading(here.shop.engine) as connection:
        found = journal.fetch(connection, here.ledger, wanted)
    if form == "json":
        click.echo(json.dumps([whole(entry) for entry in found], indent=2, ensure_ascii=False))
        return
    table = rich.table.Table("entry", "at (UTC)", "request", "actor", "operation", "of", "changed")
    for entry in found:
        state = " (undone)" if entry.undone else ""
        of = f"{entry.resource_type} {_id(entry)}"
        table.add_row(
            str(entry.entry_id),
            entry.at.isoformat(" ", "seconds"),
            entry.request_id,
            entry.actor,
            entry.operation + state,
            of,
            _summary(entry.rows),
        )
    frame.show(table)
    for entry in found if rows else ():
        click.secho(f"\nentry {entry.entry_id}", bold=True)
        frame.show(_rows(entry.rows))


def whole(entry: journal.Entry) -> dict[str, Any]:
    """Give an entry as JSON has it."""
    told = {name: getattr(entry, name) for name in journal.COLUMNS}
    told |= {"at": entry.at.isoformat() + "Z", "resource_id": _id(entry)}
    rows = [
        {"table": r.table, "key": r.key, "before": r.before, "after": r.after, "cascade": r.cascade} for r in entry.rows
    ]
    return {**told, "undone": entry.undone, "reasons": entry.reasons, "rows": rows}


def _id(entry: journal.Entry) -> int | str:
    """Give the id that a resource has for its identity provider; a user's as the number that it is."""
    return group_ids.text(entry.resource_id) if entry.resource_type == "Group" else entry.resource_id


def _summary(rows: Iterable[journal.Row]) -> str:
    """Name what changed in a few words: columns of one row, or tables with how many rows."""
    counted: dict[str, int] = {}
    names: dict[str, None] = {}
    for row in rows:
        counted[row.table] = counted.get(row.table, 0) + 1
        if row.table == "customer_entity" and row.before is not None and row.after is not None:
            names |= dict.fromkeys(column for column in row.after if column != "updated_at")
    parts = list(names) + [f"{table} {count}" for table, count in counted.items() if table != "customer_entity"]
    return ", ".join(parts)


def _rows(rows: Iterable[journal.Row]) -> rich.table.Table:
    table = rich.table.Table("table", "key", "column", "before", "after")
    for row, column, before, after in journal.columns(rows):
        if before != after:
            key = ", ".join(f"{name} {value}" for name, value in row.key.items())
            table.add_row(row.table, key, column, shown(before), shown(after))
    return table


def shown(value: Any) -> str:
    """Show a journalled value; a hidden one as its mark."""
    if value is None:
        return "-"
    if journal.hides(value):
        return f"(hidden {value[journal.MARK][:6]})"
    text = str(value)
    return text if len(text) <= 120 else text[:117] + "..."


@click.command(name="why")
@click.argument("user")
@click.argument("attribute")
@TENANT
@FORMAT
@frame.sentences
def why_(user: str, attribute: str, tenant: str, form: str) -> None:
    """Say which request, rule and line gave USER's ATTRIBUTE its value, and what it was before.

    ATTRIBUTE is one of the shop's (lastname) or a SCIM path (name.familyName).
    """
    here = frame.opened()
    bridge = frame.bridge(here, tenant, "why")
    found = why.find(bridge, frame.user_id(bridge, user), attribute)
    if form == "json":
        click.echo(json.dumps([step.plain() for step in found], indent=2, ensure_ascii=False))
        return
    if not found:
        click.echo(f"No change of {attribute} is in the journal: it stands as it was when it was first seen.")
        return
    table = rich.table.Table("at (UTC)", "value", "before", "operation", "request", "actor", "rule")
    for step in found:
        rule = f"{here.config.mapping}:{step.line} from {step.source}" if step.line else "-"
        at, values = step.at.isoformat(" ", "seconds"), (shown(step.after), shown(step.before))
        table.add_row(at, *values, step.operation, step.request_id, step.actor, rule)
    frame.show(table)


@click.command(name="undo")
@click.argument("request", required=False)
@click.option("--entry", type=int, help="Take back this entry of the journal only.")
@click.option("--since", callback=_moment, help="Take back everything from this time on.")
@click.option("--until", callback=_moment, help="With --since: only before this time.")
@click.option("--user", help="With --since: only changes of this user.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, write nothing.")
@click.option("--force", is_flag=True, help="Also where rows have changed since.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@TENANT
@frame.sentences
def undo_(
    request: str | None,
    entry: int | None,
    since: datetime | None,
    until: datetime | None,
    user: str | None,
    dry_run: bool,
    force: bool,
    yes: bool,
    tenant: str,
) -> None:
    """Take back what REQUEST changed (its X-Request-Id), or everything since a time; shows it first and asks."""
    if sum(given is not None for given in (request, entry, since)) != 1:
        raise click.UsageError("Name a request, or --entry, or --since.")
    here = frame.opened()
    origin = frame.origin("undo")
    bridge = here.bridge(here.tenant(tenant), "", origin)
    wanted = journal.Wanted(
        request_id=request,
        entry_id=entry,
        since=since,
        until=until,
        tenant=tenant,
        resource_type="User" if user else None,
        resource_id=frame.user_id(bridge, user) if user else None,
    )
    entries = undo.find(bridge, wanted)
    if not entries:
        raise config.Refused("There is nothing to take back: see `magento-scim log`.")

    def tenants(name: str) -> bridges.Bridge:
        return here.bridge(here.tenant(name), "", origin)

    preview = undo.carry_out(bridge, entries, tenants, force=force, dry=True)
    _show(preview)
    if any(conflict.final for conflict in preview.conflicts):
        raise config.Refused(FINAL)
    if preview.conflicts and not force:
        raise config.Refused("Nothing was written: rows have changed since. Look at them; --force overwrites them.")
    if dry_run:
        return
    if not yes:
        click.confirm("Write this?", abort=True)
    try:
        done = undo.carry_out(bridge, entries, tenants, force=force)
    except undo.Refused as refused:
        _show(refused.undone)
        final = any(conflict.final for conflict in refused.undone.conflicts)
        raise config.Refused(FINAL if final else "Nothing was written: rows have changed since.") from refused
    count = frame.counted(len(done.entries), "change is", "changes are")
    click.echo(f"{count} taken back. This was request {origin.request_id}.")


def _show(undone: undo.Undone) -> None:
    for entry, rows in undone.entries:
        title = f"{entry.operation} of {entry.resource_type} {_id(entry)} at {entry.at.isoformat(' ', 'seconds')}"
        click.secho(f"\n{title}, request {entry.request_id}", bold=True)
        frame.show(_rows(_plain(row) for row in rows))
    if undone.conflicts:
        click.secho("\nIn the way:", bold=True)
    for conflict in undone.conflicts:
        click.echo(f"  {conflict}")


def _plain(row: Any) -> journal.Row:
    def encoded(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
        return None if values is None else {column: journal.encode(value) for column, value in values.items()}

    return journal.Row(row.table, row.key, encoded(row.before), encoded(row.after))
