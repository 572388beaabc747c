"""`magento-scim doctor`: what is wrong with this installation, and what to do about it."""

import json
import os
import sys
from dataclasses import asdict

import click
import rich.table

from app import doctor as examination
from app import launch
from app.commands import frame

CODES = {examination.OK: 0, examination.WARNING: 0, examination.ERROR: 1}


@click.command()
@click.option("--url", help="Also ask the service at this SCIM base URL, through whatever stands in front of it.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def doctor(url: str | None, form: str) -> None:
    """Check this installation; exit code 1 where something is wrong, 0 where there are warnings at most."""
    found = list(examination.examine(launch.with_sandbox(os.environ), url))
    if form == "json":
        click.echo(json.dumps([asdict(each) for each in found], indent=2))
    else:
        table = rich.table.Table("check", "", "found", "what to do")
        for each in found:
            table.add_row(each.check, each.level, each.what, each.cure)
        frame.show(table)
        count = {level: sum(each.level == level for each in found) for level in CODES}
        click.echo(f"{count['error']} wrong, {count['warning']} to look at, {count['ok']} as they should be.")
    sys.exit(max(CODES[each.level] for each in found))
