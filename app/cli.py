"""The operator's commands: thin, they call the same functions as the endpoints."""

import functools
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import click
import rich.console
import rich.table
import sqlalchemy as sa

from app import config, launch, service
from app.ledger import install as ledger_install
from app.ledger import tables, tokens
from app.magento import database, schema
from app.magento import errors as shop_errors

F = TypeVar("F", bound=Callable[..., Any])


def _sentences(command: F) -> F:
    """End a command that cannot work with one sentence and exit code 1, never with a traceback."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except config.Refused as error:
            raise click.ClickException(str(error)) from error
        except shop_errors.ShopError as error:
            raise click.ClickException(f"The shop's database cannot be used: {error}") from error

    return wrapped  # type: ignore[return-value]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def _settings() -> config.Config:
    """Read the configuration; without a named shop, the running sandbox's."""
    return config.read(launch.with_sandbox(os.environ))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="magento-scim")
def main() -> None:
    """SCIM 2.0 for Magento 2. The shop is named by SCIM_DATABASE_URL or MAGENTO_ROOT; without one, the sandbox."""


@main.command()
@click.option("--port", default=8080, show_default=True, help="The port to listen on, at 127.0.0.1.")
@click.option("--workers", default=2, show_default=True, help="How many processes answer requests.")
@_sentences
def run(port: int, workers: int) -> None:
    """Make what is missing and serve in the foreground; without a shop, on a sandbox under var/."""
    sys.exit(launch.run(port, workers))


@main.command()
@_sentences
def install() -> None:
    """Make our tables (scim_*) in the shop's database, or bring them up to date."""
    settings = _settings()
    engine = service.engine(settings)
    with database.reading(engine) as connection:
        before = ledger_install.current(connection, settings.prefix)
        ledger_install.upgrade(connection, settings.prefix)
        connection.commit()
        after = ledger_install.current(connection, settings.prefix)
    engine.dispose()
    click.echo(
        f"The tables are at revision {after}" + (" already." if before == after else f", before {before or 'none'}.")
    )


@main.group()
def token() -> None:
    """Bearer tokens: make, list, revoke."""


@token.command("create")
@click.argument("name")
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose users the token reaches.")
@click.option("--read-only", is_flag=True, help="The token may read but not write.")
@click.option("--days", type=click.IntRange(1), help="How long the token lives; without it, until it is revoked.")
@click.option("--user", type=click.IntRange(1), help="The id of the user whom /Me is for the token's holder.")
@_sentences
def token_create(name: str, tenant: str, read_only: bool, days: int | None, user: int | None) -> None:
    """Make a token called NAME and print it, once."""
    settings, now = _settings(), _now()
    scopes = ("read",) if read_only else tokens.SCOPES
    expires = now + timedelta(days=days) if days else None
    secret = _on_ledger(
        settings, lambda connection, ledger: tokens.create(connection, ledger, name, tenant, scopes, now, expires, user)
    )
    click.echo(f"Bearer token: {secret}")


@token.command("list")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@_sentences
def token_list(form: str) -> None:
    """List all tokens, without their secrets."""
    found = _on_ledger(_settings(), lambda connection, ledger: tokens.fetch(connection, ledger))
    if form == "json":
        click.echo(json.dumps([_token_row(entry) for entry in found], indent=2))
        return
    table = rich.table.Table("id", "name", "tenant", "scopes", "user", "created", "expires", "last used", "state")
    for entry in found:
        table.add_row(*(_cell(value) for value in _token_row(entry).values()))
    rich.console.Console().print(table)


def _cell(value: Any) -> str:
    """Show a value in a table: a time without its seconds."""
    text = "-" if value is None else str(value)
    return text[:10] + " " + text[11:16] if text.endswith("Z") and text[10:11] == "T" else text


def _token_row(entry: tokens.Token) -> dict[str, Any]:
    def when(moment: datetime | None) -> str | None:
        return f"{moment.isoformat()}Z" if moment else None

    state = "alive" if entry.alive(_now()) else "revoked" if entry.revoked_at else "expired"
    return {
        "id": entry.token_id,
        "name": entry.name,
        "tenant": entry.tenant,
        "scopes": " ".join(sorted(entry.scopes)),
        "user": entry.user_id,
        "created": when(entry.created_at),
        "expires": when(entry.expires_at),
        "last_used": when(entry.last_used_at),
        "state": state,
    }


@token.command("revoke")
@click.argument("token_id", type=int)
@_sentences
def token_revoke(token_id: int) -> None:
    """Revoke the token with this id, at once."""
    done = _on_ledger(_settings(), lambda connection, ledger: tokens.revoke(connection, ledger, token_id, _now()))
    if not done:
        raise click.ClickException(f"There is no living token {token_id}: see `magento-scim token list`.")
    click.echo(f"Token {token_id} is revoked.")


def _on_ledger(settings: config.Config, work: Callable[[sa.Connection, tables.Tables], Any]) -> Any:
    """Run one piece of work on our tables; raises config.Refused where they are missing."""
    engine, ledger = service.engine(settings), tables.define(settings.prefix)
    try:
        with database.reading(engine) as connection:
            if ledger_install.current(connection, settings.prefix) != ledger_install.newest():
                raise config.Refused("Our tables are missing or old: run `magento-scim install`.")
        return database.transaction(engine, lambda connection: work(connection, ledger))
    finally:
        engine.dispose()


@main.command()
@click.option("--user", default="'scim'@'localhost'", show_default=True, help="The database user to grant to.")
@_sentences
def grants(user: str) -> None:
    """Print the GRANT statements that a least-privilege database user needs for this mapping."""
    settings = _settings()
    engine = service.engine(settings)
    with database.reading(engine) as connection:
        present = set(sa.inspect(connection).get_table_names())
    engine.dispose()
    name = settings.database.database
    for table, privileges in schema.grants(settings.prefix):
        if table in present:
            click.echo(f"GRANT {', '.join(privileges)} ON `{name}`.`{table}` TO {user};")
    for table in tables.names(settings.prefix):
        click.echo(f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{name}`.`{table}` TO {user};")
    click.echo(f"GRANT SELECT ON `{name}`.`{ledger_install.version_table(settings.prefix)}` TO {user};")
    click.echo(
        "-- `magento-scim install` wants more, once: run it as a user who may CREATE, ALTER, INDEX and REFERENCES."
    )


if __name__ == "__main__":
    main()
