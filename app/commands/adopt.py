"""Existing customers and an identity provider: `magento-scim adopt`, by hand or as a report before the first sync."""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import rich.table

from app import service
from app.commands import frame, roster
from app.magento import database
from app.mapping import adoption, bridges, users

UNCLEAR = 3  # the exit code of a report in which somebody has to look at something
SHOWN = 200  # lines of a table; CSV and JSON have all
COLUMNS = ("user", "userName", "externalId", "email", "outcome", "customer", "matched by", "others", "reason")
MEANING = {
    adoption.LINK: "the customer is taken over",
    adoption.CREATE: "a new customer is made",
    adoption.RETURN: "the user is taken up again",
    adoption.MANAGED: "managed by SCIM already",
    adoption.AMBIGUOUS: "a person must look",
    adoption.OUT: "not this identity provider's",
    adoption.REFUSED: "the shop, or the mapping, does not take it",
    adoption.ALONE: "customers of the shop whom nobody in the file is: they stay as they are",
}


@click.command()
@click.argument("customers", metavar="CUSTOMER...", nargs=-1)
@click.option("--report", is_flag=True, help="Only tell what a first sync would do; writes nothing.")
@click.option(
    "--users",
    "path",
    type=click.Path(path_type=Path, allow_dash=True),
    help="With --report: whom the identity provider has: CSV, a SCIM ListResponse, JSON lines; - for standard input.",
)
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose identity provider gets them.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
@frame.sentences
def adopt(customers: tuple[str, ...], report: bool, path: Path | None, tenant: str, form: str) -> None:
    """Give customers whom nobody manages to an identity provider, where mapping.yaml says match.existing: review.

    CUSTOMER is an id or an e-mail. Nothing in the shop changes until the identity provider sends something.

    --report tells who will be linked, created, ambiguous, out of scope, by rehearsing a POST for each user of a file;
    without a file, of each customer of the shop whether its e-mail can link it. Exit code 0: all is clear; 3: somebody
    has to look; 1: it could not be done.
    """
    if report == bool(customers) or (path is not None and not report):
        raise click.UsageError("Name customers, or say --report, with --users FILE or without.")
    if report:
        _report(path, tenant, form)
        return
    here = frame.opened()
    bridge = frame.bridge(here, tenant, "adopt")
    for text in customers:
        entity_id = frame.user_id(bridge, text)
        if users.promise(bridge, entity_id):
            click.echo(f"Customer {entity_id} is the identity provider's with its next request.")
        else:
            click.echo(f"Customer {entity_id} is managed already.")


def _report(path: Path | None, tenant: str, form: str) -> None:
    people = None if path is None else roster.read(path)
    here = frame.opened()
    database.refuse_writes(here.shop.engine)
    bridge = frame.bridge(here, tenant, "adopt")
    counts: Counter[str] = Counter()
    found = _counted(_verdicts(bridge, people), counts)
    if form == "csv":
        _csv(found)
    elif form == "json":
        told = [_plain(each) for each in found]
        click.echo(json.dumps({"counts": dict(counts), "users": told}, indent=2, ensure_ascii=False))
    else:
        _table(list(_of_interest(found)), counts)
    if people is not None and people.ignored:
        click.echo(f"Columns that say nothing here: {', '.join(people.ignored)}.", err=True)
    if people is not None and people.unnamed:
        click.echo("The file has no names: each user was judged with a name that the shop takes.", err=True)
    sys.exit(0 if all(kind in adoption.CLEAR for kind in counts) else UNCLEAR)


def _verdicts(bridge: bridges.Bridge, people: roster.Roster | None) -> Iterator[adoption.Verdict]:
    """Judge with a progress bar: the file's users and then the rest of the shop, or the shop alone."""
    with frame.progress() as progress:
        if people is None:
            task = progress.add_task("customers", total=adoption.count(bridge))
            for verdict in adoption.shop(bridge):
                progress.advance(task)
                yield verdict
            return
        task, matched = progress.add_task("users", total=len(people.people)), set[int]()
        for verdict in adoption.judge(bridge, people.people):
            progress.advance(task)
            matched |= {each for each in (verdict.entity_id, *verdict.others) if each is not None}
            yield verdict
        yield from adoption.alone(bridge, matched)


def _counted(found: Iterator[adoption.Verdict], counts: Counter[str]) -> Iterator[adoption.Verdict]:
    for each in found:
        counts[each.kind] += 1
        yield each


def _of_interest(found: Iterator[adoption.Verdict]) -> Iterator[adoption.Verdict]:
    """Keep for the table SHOWN of each kind, so that a large shop fits in memory and on a screen."""
    shown: Counter[str] = Counter()
    for each in found:
        shown[each.kind] += 1
        if shown[each.kind] <= SHOWN:
            yield each


def _plain(each: adoption.Verdict) -> dict[str, Any]:
    return {
        "user": each.place or None,
        "userName": each.user_name,
        "externalId": each.external_id,
        "email": each.email,
        "outcome": each.kind,
        "customer": each.entity_id,
        "matched by": each.by,
        "others": list(each.others),
        "reason": each.reason,
    }


def _csv(found: Iterator[adoption.Verdict]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(COLUMNS)
    for each in found:
        writer.writerow([_cell(value) for value in _plain(each).values()])


def _cell(value: Any) -> str:
    """Give a cell that no spreadsheet takes for a formula: what people call themselves comes from outside."""
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _table(found: list[adoption.Verdict], counts: Counter[str]) -> None:
    names = [name for name in COLUMNS if name != "outcome"]
    for kind in MEANING:
        some = [each for each in found if each.kind == kind]
        if some:
            table = rich.table.Table(*names, title=f"{kind}: {counts[kind]}", title_justify="left")
            for each in some:
                plain = _plain(each)
                others = ", ".join(map(str, each.others)) or None
                table.add_row(*(frame.cell(plain[name] if name != "others" else others) for name in names))
            frame.show(table)
            if counts[kind] > len(some):
                click.echo(f"… and {counts[kind] - len(some)} more: --format csv or json shows all.")
    sums = rich.table.Table("outcome", rich.table.Column("how many", justify="right"), "meaning")
    for kind, meaning in MEANING.items():
        if counts[kind]:
            sums.add_row(kind, str(counts[kind]), meaning)
    frame.show(sums)
    click.echo("Nothing has been written.")
