"""What the shop holds against what was provisioned: `magento-scim drift`."""

import json
import sys
from typing import Any

import click
import rich.progress
import rich.table

from app import service
from app.commands import frame
from app.mapping import drift as drifts

SHOWN = 200  # rows of the table; JSON has all


@click.command()
@click.option("--repair", is_flag=True, help="Write the rules again where the shop holds something else.")
@click.option("--after", type=click.IntRange(0), default=0, help="Go on after the customer with this id.")
@click.option("--batch", type=click.IntRange(1, 5000), default=drifts.BATCH, show_default=True, help="So many at once.")
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose users are looked at.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def drift(repair: bool, after: int, batch: int, tenant: str, form: str) -> None:
    """Find managed customers whose values in the shop differ from what was provisioned.

    Exit code 0: none, or all repaired; 1: some.
    """
    here = frame.opened()
    bridge = frame.bridge(here, tenant, "drift")
    found: list[drifts.Difference] = []
    refused: list[tuple[int, str]] = []
    repaired, last = 0, after
    try:
        with frame.progress() as progress:
            task = progress.add_task("customers", total=drifts.count(bridge, after))
            for one in drifts.walk(bridge, after=after, repair=repair, size=batch):
                found += one.differences
                refused += one.refused
                repaired, last = repaired + one.repaired, one.last
                progress.advance(task, one.looked_at)
    except KeyboardInterrupt:
        click.echo(f"Stopped. Go on with: magento-scim drift --after {last}", err=True)
        sys.exit(130)
    if form == "json":
        whole = {"differences": [_plain(each) for each in found], "repaired": repaired, "refused": dict(refused)}
        click.echo(json.dumps(whole, indent=2, ensure_ascii=False))
    else:
        _show(found, repaired, refused)
    sys.exit(1 if (refused if repair else found) else 0)


def _plain(each: drifts.Difference) -> dict[str, Any]:
    wanted, standing = ("(hidden)", "(hidden)") if each.hidden else (_text(each.wanted), _text(each.found))
    return {"id": each.entity_id, "attribute": each.attribute, "line": each.line, "wanted": wanted, "found": standing}


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else str(value)


def _show(found: list[drifts.Difference], repaired: int, refused: list[tuple[int, str]]) -> None:
    if found:
        table = rich.table.Table("customer", "attribute", "provisioned", "in the shop", "line")
        for each in map(_plain, found[:SHOWN]):
            shown = (each["id"], each["attribute"], each["wanted"], each["found"], each["line"])
            table.add_row(*(frame.cell(value) for value in shown))
        frame.show(table)
    if len(found) > SHOWN:
        click.echo(f"… and {len(found) - SHOWN} more: --format json shows all.")
    people = len({each.entity_id for each in found})
    differ = frame.counted(people, "customer differs", "customers differ")
    click.echo(f"{differ} in {frame.counted(len(found), 'value')}; {repaired} repaired.")
    for entity_id, reason in refused:
        click.echo(f"Customer {entity_id} could not be repaired: {reason}", err=True)
