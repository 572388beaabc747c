"""Setting up beside a shop: `magento-scim install` and `magento-scim grants`."""

import click

from app import config, granting, service
from app.commands import frame
from app.ledger import install as ledger_install
from app.ledger import revisions
from app.magento import database, guard
from app.mapping import ways


@click.command()
@frame.sentences
def install() -> None:
    """Make our tables (scim_*) in the shop's database, or bring them up to date."""
    settings = frame.settings()
    engine = service.engine(settings)
    with database.reading(engine) as connection:
        before = revisions.current(connection, settings.prefix)
        ledger_install.upgrade(connection, settings.prefix)
        connection.commit()
        after = revisions.current(connection, settings.prefix)
        guarded = guard.status(connection, ways.prefixed(settings.prefix))
    engine.dispose()
    click.echo(
        f"The tables are at revision {after}" + (" already." if before == after else f", before {before or 'none'}.")
    )
    click.echo(_offer(guarded))


def _offer(guarded: guard.Status) -> str:
    """Say whether leavers are guarded against a password reset by mail, and what would do it."""
    if guarded.current:
        return "The guard is on: no password reset by mail lets a leaver in."
    if guarded.on:
        return "The guard is another version's: `magento-scim guard on` brings it up to date."
    closes = "`magento-scim guard on` makes a trigger that closes the password reset by mail for leavers"
    if guarded.visible:
        return f"The guard is off: {closes}. This database user has the privilege that it needs, TRIGGER."
    return f"The guard is off: {closes}. This database user may make none (docs/leavers.md): use `magento-scim sweep`."


@click.command()
@click.option("--user", default="'scim'@'localhost'", show_default=True, help="The database user to grant to.")
@click.option("--replica", is_flag=True, help="What the user of a read replica needs (SCIM_READ_DATABASE_URL): SELECT.")
@frame.sentences
def grants(user: str, replica: bool) -> None:
    """Print the GRANT statements that a least-privilege database user needs for this mapping.

    Run it after `install`, as a user who sees all tables: those that hang on customers are found by their foreign keys.
    """
    settings = frame.settings()
    magento = service.open_shop(settings)
    tenants = service.read_rules(settings, magento).tenants.values()
    makes_options = any(tenant.ruleset.makes_options for tenant in tenants)
    with database.reading(magento.engine) as connection:
        if revisions.current(connection, settings.prefix) != revisions.newest():
            raise config.Refused("GRANT wants tables that exist: run `magento-scim install` first.")
        needed = granting.privileges(connection, settings.prefix, makes_options=makes_options)
        read = granting.reading(connection, settings.prefix) if replica else ()
    magento.dispose()
    name = settings.database.database
    click.echo(f"-- CREATE USER {user} IDENTIFIED BY '…';")
    for table in read:
        click.echo(f"GRANT SELECT ON `{name}`.`{table}` TO {user};")
    if replica:
        return
    for table, granted in needed.items():
        click.echo(f"GRANT {', '.join(granted)} ON `{name}`.`{table}` TO {user};")
    click.echo("-- For `magento-scim guard on`, where the database may have a trigger of ours:")
    click.echo(f"-- GRANT TRIGGER ON `{name}`.`{settings.prefix}customer_entity` TO {user};")
    click.echo("-- `magento-scim install` wants more: CREATE, ALTER, DROP, INDEX and REFERENCES on the database.")
