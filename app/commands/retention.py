"""How long the journal is kept: `magento-scim prune`."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click
import rich.table

from app.commands import frame
from app.ledger import journal, retention
from app.magento import database
from app.mapping import bridges

AGE = re.compile(r"([1-9][0-9]{0,4})([dw])")
UNITS = {"d": "days", "w": "weeks"}


def _age(_context: click.Context, _option: click.Parameter, text: str) -> timedelta:
    found = AGE.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no age: write 400d or 52w.")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


@click.command()
@click.option("--older-than", "age", required=True, callback=_age, metavar="AGE", help="Days or weeks: 400d, 52w.")
@click.option("--dry-run", is_flag=True, help="Show what would go, remove nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def prune(age: timedelta, dry_run: bool, yes: bool, form: str) -> None:
    """Remove entries of the journal that are older than AGE, of all tenants; shows first what goes, and asks.

    What they tell can neither be looked up nor undone afterwards. The entries of users whom the shop keeps after their
    deletion, or whose deletion waits, stay whatever their age. It may be stopped and started again at any time.
    """
    bridge, limit = frame.every_bridge("prune")[0], frame.now() - age
    with database.reading(bridge.shop.engine) as connection:
        end = retention.end(connection, bridge.ledger, limit)
        old = retention.survey(connection, bridge.ledger, end)
        kept = retention.kept(connection, bridge.ledger, end)
    _show(old, kept, form)
    if dry_run or not old:
        return
    if not yes:
        click.confirm("Remove these entries?", abort=True, err=True)
    gone = 0
    with frame.progress() as progress:
        task = progress.add_task("entries", total=sum(each.entries for each in old))
        for each in old:
            gone += _prune(bridge, each, end, lambda count: progress.advance(task, count))
    click.echo(f"{frame.counted(gone, 'entry is', 'entries are')} removed.", err=form == "json")


def _prune(bridge: bridges.Bridge, old: retention.Old, end: int, told: Any) -> int:
    """Remove a tenant's entries, each batch in a transaction of its own, and leave an entry that says so."""
    engine, ledger, gone = bridge.shop.engine, bridge.ledger, 0
    try:
        while count := database.transaction(engine, lambda c: retention.prune(c, ledger, old.tenant, end)):
            gone += count
            told(count)
    finally:
        if gone:
            entry = _entry(bridge, old, gone)
            key = bridge.settings.journal_key
            database.transaction(engine, lambda c: journal.record(c, ledger, key, entry, lambda *_: False))
    return gone


def _entry(bridge: bridges.Bridge, old: retention.Old, gone: int) -> journal.Entry:
    return journal.Entry(
        request_id=bridge.origin.request_id,
        at=datetime.now(UTC).replace(tzinfo=None),
        tenant=old.tenant,
        actor=bridge.origin.actor,
        token_id=None,
        profile=bridge.profile.name,
        operation="prune",
        resource_type="Journal",
        resource_id=0,
        rows=(),
        reasons={"journal": {"entries": gone, "until": f"{old.last.isoformat()}Z"}},
    )


def _show(old: list[retention.Old], kept: int, form: str) -> None:
    times = [(f"{each.first.isoformat()}Z", f"{each.last.isoformat()}Z") for each in old]
    if form == "json":
        going = [
            {"tenant": each.tenant, "entries": each.entries, "first": first, "last": last}
            for each, (first, last) in zip(old, times, strict=True)
        ]
        click.echo(json.dumps({"going": going, "kept": kept}, indent=2))
        return
    if old:
        table = rich.table.Table("tenant", "entries that go", "from", "to")
        for each, (first, last) in zip(old, times, strict=True):
            table.add_row(each.tenant, str(each.entries), frame.cell(first), frame.cell(last))
        frame.show(table)
    else:
        click.echo("No entry is old enough to go.")
    if kept:
        stay = frame.counted(kept, "older entry stays", "older entries stay")
        click.echo(f"{stay}: of users whom the shop keeps after their deletion, or whose deletion waits.")
