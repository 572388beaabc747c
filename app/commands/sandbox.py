"""The throw-away shop under var/: `magento-scim sandbox fill`."""

import os
import time
from pathlib import Path

import click

from app import config, launch, service
from app.commands import frame
from app.sandbox import errors, filling, server, shop


@click.group()
def sandbox() -> None:
    """Do something with the sandbox shop under var/ (never with a real one)."""


@sandbox.command()
@click.argument("count", type=click.IntRange(0, 100_000_000))
@click.option(
    "--linked", type=click.IntRange(0, 100), default=100, show_default=True, help="So many in a hundred are managed."
)
@click.option(
    "--directory", type=click.Path(path_type=Path), default=launch.SANDBOX, show_default=True, help="Whose sandbox."
)
@frame.sentences
def fill(count: int, linked: int, directory: Path) -> None:
    """Fill the sandbox up to COUNT customers, a million in some minutes; stopped, it goes on where it was.

    Managed customers have a document, an external id and a row for their address. Every tenth customer is in one group,
    up to 100,000; ten are in another.
    """
    if config.names_a_shop(os.environ):
        raise config.Refused(
            "SCIM_DATABASE_URL or MAGENTO_ROOT names a shop, and only a sandbox is ever filled: unset it."
        )
    started = time.monotonic()
    try:
        with server.MariaDB(directory) as running:
            shop.make(running.url())
            launch.prepare(config.read({**os.environ, "SCIM_DATABASE_URL": running.url()}))
            with filling.relaxed(running.url("mysql", "root")), frame.progress() as progress:
                task, first = progress.add_task("customers", total=count), None
                for there, total in filling.fill(running.url(), count, linked=linked, tenant=service.DEFAULT_TENANT):
                    first = there if first is None else first
                    progress.update(task, completed=there, total=total)
    except errors.SandboxError as error:
        raise config.Refused(str(error)) from error
    made = there - (first or 0)
    click.echo(f"The sandbox in {directory} has {there} customers: {made} made in {time.monotonic() - started:.0f} s.")
