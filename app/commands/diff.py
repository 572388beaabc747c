"""What another mapping file would change: `magento-scim diff`."""

import json
import sys
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import rich.console
import rich.table
import rich.text

from app import config, service
from app.commands import frame
from app.magento import database, shop
from app.mapping import bridges, drift, reader, rollout, rules


@dataclass
class Sums:
    """What was found so far; of the single changes only a sample is kept."""

    sample: int
    looked_at: int = 0
    people: int = 0
    refused: int = 0
    changed: Counter[tuple[str, int]] = field(default_factory=Counter)
    refusals: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    shown: list[rollout.Change] = field(default_factory=list)

    def add(self, batch: rollout.Batch) -> None:
        """Count a batch."""
        self.looked_at += batch.looked_at
        self.people += len({each.entity_id for each in batch.changes})
        self.refused += len({each.entity_id for each in batch.refusals})
        self.changed.update((each.attribute, each.line) for each in batch.changes)
        self.refusals.update((each.attribute, each.line, each.reason) for each in batch.refusals)
        self.shown += batch.changes[: max(0, self.sample - len(self.shown))]


@click.command()
@click.argument("new", metavar="NEW.yaml", type=click.Path(path_type=Path))
@click.option("--sample", type=click.IntRange(0), default=10, show_default=True, help="So many changes are shown.")
@click.option("--batch", type=click.IntRange(1, 5000), default=drift.BATCH, show_default=True, help="So many at once.")
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose users are looked at.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def diff(new: Path, sample: int, batch: int, tenant: str, form: str) -> None:
    """Run NEW.yaml over all managed customers and say what it would change; write nothing.

    Exit code 0: nothing; 1: something.
    """
    here = frame.opened()
    database.refuse_writes(*here.shop.engines)
    old = here.bridge(here.tenant(tenant), "", frame.origin("diff"))
    other = replace(old, ruleset=_read(new, here.shop, tenant).ruleset)
    sums = Sums(sample)
    with frame.progress() as progress:
        task = progress.add_task("customers", total=drift.count(old))
        for one in rollout.walk(old, other, size=batch):
            sums.add(one)
            progress.advance(task, one.looked_at)
    if form == "json":
        click.echo(json.dumps(_plain(sums, old, other), indent=2, ensure_ascii=False))
    else:
        _show(sums, old, other, new)
    sys.exit(1 if sums.changed or sums.refusals else 0)


def _read(path: Path, magento: shop.Shop, tenant: str) -> rules.Tenant:
    try:
        book = reader.read(frame.text(path), str(path), magento)
    except reader.MappingError as error:
        raise config.Refused(f"{path} cannot be used:\n{error}") from error
    if tenant not in book.tenants:
        raise config.Refused(f"{path} has no tenant {tenant!r}, only {', '.join(book.tenants)}.")
    return book.tenants[tenant]


def _gone(old: bridges.Bridge, new: bridges.Bridge) -> list[str]:
    """Name the attributes that the new file does not write any more: what stands in the shop stays."""
    written = [{rule.target for rule in bridge.ruleset.rules if rule.goes_in} for bridge in (old, new)]
    return sorted(written[0] - written[1])


def _text(each: rollout.Change, value: Any) -> Any:
    if each.hidden and value is not None:
        return "(hidden)"
    return value if value is None or isinstance(value, int) else str(value)


def _plain(sums: Sums, old: bridges.Bridge, new: bridges.Bridge) -> dict[str, Any]:
    return {
        "customers": sums.looked_at,
        "change": sums.people,
        "refused": sums.refused,
        "attributes": [
            {"attribute": attribute, "line": line, "customers": count}
            for (attribute, line), count in sums.changed.most_common()
        ],
        "refusals": [
            {"attribute": attribute, "line": line, "reason": reason, "customers": count}
            for (attribute, line, reason), count in sums.refusals.most_common()
        ],
        "no_longer_written": _gone(old, new),
        "sample": [
            {
                "id": each.entity_id,
                "attribute": each.attribute,
                "line": each.line,
                "before": _text(each, each.before),
                "after": _text(each, each.after),
            }
            for each in sums.shown
        ],
    }


def _show(sums: Sums, old: bridges.Bridge, new: bridges.Bridge, path: Path) -> None:
    console = rich.console.Console(highlight=False)
    if sums.changed:
        table = rich.table.Table("attribute", rich.table.Column("customers", justify="right"), path.name)
        for (attribute, line), count in sums.changed.most_common():
            table.add_row(attribute, str(count), f"line {line}" if line else "")
        frame.show(table)
    if sums.shown:
        table = rich.table.Table("customer", "attribute", "old", "new", title="a sample", title_justify="left")
        for each in sums.shown:
            before, after = (frame.cell(_text(each, value)) for value in (each.before, each.after))
            table.add_row(
                str(each.entity_id), each.attribute, rich.text.Text(before, "red"), rich.text.Text(after, "green")
            )
        frame.show(table)
    for (attribute, line, reason), count in sums.refusals.most_common(10):
        console.print(
            rich.text.Text(f"{count} would be refused ({path.name} line {line}): {attribute}: {reason}", "red")
        )
    for attribute in _gone(old, new):
        console.print(f"{attribute} is no longer written: what stands in the shop stays.")
    customers, change = frame.counted(sums.looked_at, "customer"), "changes" if sums.people == 1 else "change"
    console.print(f"{sums.people} of {customers} {change}, {sums.refused} would be refused.")
