"""The operator's commands: thin, they call what the endpoints call. Each family of them has a module in commands/."""

import sys

import click

from app import launch
from app.commands import (
    adopt,
    attempt,
    check,
    connect,
    deleted,
    diff,
    drift,
    frame,
    guard,
    journal,
    mapping,
    observed,
    retention,
    retire,
    sandbox,
    setup,
    simulate,
    token,
)

PORT = click.IntRange(1, 65535)
COUNT = click.IntRange(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="magento-scim")
def main() -> None:
    """SCIM 2.0 for Magento 2. The shop is named by SCIM_DATABASE_URL or MAGENTO_ROOT; without one, the sandbox."""


@click.command()
@click.option("--port", type=PORT, default=8080, show_default=True, help="The port to listen on, at 127.0.0.1.")
@click.option("--workers", type=COUNT, default=2, show_default=True, help="How many processes answer requests.")
@frame.sentences
def run(port: int, workers: int) -> None:
    """Make what is missing and serve in the foreground; without a shop, on a sandbox under var/."""
    sys.exit(launch.run(port, workers))


COMMANDS = (
    run,
    setup.install,
    setup.grants,
    token.token,
    mapping.init,
    check.check,
    attempt.try_,
    diff.diff,
    mapping.show,
    mapping.schema,
    adopt.adopt,
    drift.drift,
    observed.requests,
    observed.seen,
    journal.log,
    journal.why_,
    journal.undo_,
    retention.prune,
    retire.retire,
    connect.connect,
    simulate.simulate,
    sandbox.sandbox,
    guard.guard,
    guard.sweep,
    guard.doors,
    deleted.held,
    deleted.release,
    deleted.discard,
    deleted.purge,
)
for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
