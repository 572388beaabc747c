"""Deleted users: `magento-scim held|release|discard` for deletions that wait, `magento-scim purge` for those kept."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click
import rich.table

from app.commands import frame
from app.ledger import departures
from app.mapping import afterwards, bridges
from app.scim import errors

Waiting = tuple[bridges.Bridge, departures.Held]


@click.command()
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def held(form: str) -> None:
    """List deletions that wait for a person: their users are locked out and gone for the identity provider."""
    found = [_row(each) for _, each in _waiting("held")]
    if form == "json":
        click.echo(json.dumps(found, indent=2))
        return
    table = rich.table.Table("id", "tenant", "customer", "userName", "to be done", "was active", "since")
    for row in found:
        table.add_row(*(frame.cell(value) for value in row.values()))
    frame.show(table)


def _waiting(command: str) -> Iterator[Waiting]:
    for bridge in frame.every_bridge(command):
        yield from ((bridge, each) for each in afterwards.waiting(bridge))


def _row(each: departures.Held) -> dict[str, Any]:
    return {
        "id": each.held_id,
        "tenant": each.tenant,
        "customer": each.entity_id,
        "userName": each.user_name,
        "action": each.action,
        "was_active": each.was_active,
        "held_at": f"{each.held_at.isoformat()}Z",
    }


@click.command()
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="All that wait.")
@frame.sentences
def release(ids: Sequence[int], every: bool) -> None:
    """Carry out the deletions IDS (of `held`) that wait."""
    _each("release", ids, every, "carried out", afterwards.release)


@click.command()
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="All that wait.")
@frame.sentences
def discard(ids: Sequence[int], every: bool) -> None:
    """Take the deletions IDS (of `held`) back: their users are there again, active if they were."""
    _each("discard", ids, every, "discarded", afterwards.discard)


def _each(
    command: str,
    ids: Sequence[int],
    every: bool,
    done: str,
    work: Callable[[bridges.Bridge, departures.Held], bool],
) -> None:
    """Deal with each deletion in its own transaction; what could not be done is told, the others go on."""
    if bool(ids) == every:
        raise click.UsageError("Name the ids that `magento-scim held` lists, or --all.")
    waiting = {each.held_id: (bridge, each) for bridge, each in _waiting(command)}
    wanted = list(waiting) if every else list(dict.fromkeys(ids))
    problems = [f"{held_id}: no such deletion waits" for held_id in wanted if held_id not in waiting]
    count = 0
    with frame.progress() as progress:
        for held_id in progress.track([each for each in wanted if each in waiting], description=done):
            try:
                if work(*waiting[held_id]):
                    count += 1
                else:
                    problems.append(f"{held_id}: it does not wait any more")
            except errors.ScimError as error:
                problems.append(f"{held_id}: {error.detail}")
    click.echo(f"{frame.counted(count, 'deletion')} {done}.")
    if problems:
        raise click.ClickException("; ".join(problems))


@click.command()
@click.option("--user", type=click.IntRange(1), help="Only this customer, by id, whatever its time.")
@click.option("--dry-run", is_flag=True, help="Only list who would be purged.")
@frame.sentences
def purge(user: int | None, dry_run: bool) -> None:
    """End deleted users whom the shop keeps, when their time is over (lifecycle.purge in mapping.yaml)."""
    now, every = frame.now(), frame.every_bridge("purge")
    due = [(bridge, i) for bridge in every for i in ([user] if user is not None else afterwards.due(bridge, now))]
    if dry_run:
        ids = sorted({entity_id for _, entity_id in due})
        click.echo(f"{len(ids)} to be purged" + (f": {', '.join(map(str, ids))}" if ids else "."))
        return
    with frame.progress() as progress:
        count = sum(afterwards.purge(*each) for each in progress.track(due, description="purging"))
    if user is not None and not count:
        raise click.ClickException(f"Customer {user} is no deleted user whom the shop keeps.")
    click.echo(f"{count} purged.")
