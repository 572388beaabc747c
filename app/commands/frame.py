"""In charge of how commands meet the operator: the configuration, our tables, sentences instead of tracebacks."""

import functools
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
import sqlalchemy as sa

from app import config, launch, service
from app.ledger import install, tables
from app.magento import database
from app.magento import errors as shop_errors

F = TypeVar("F", bound=Callable[..., Any])


def sentences(command: F) -> F:
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


def now() -> datetime:
    """Give the time, naive UTC in whole seconds."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def settings() -> config.Config:
    """Read the configuration; without a named shop, the running sandbox's."""
    return config.read(launch.with_sandbox(os.environ))


def on_ledger(settings: config.Config, work: Callable[[sa.Connection, tables.Tables], Any]) -> Any:
    """Run one piece of work on our tables; raises config.Refused where they are missing."""
    engine, ledger = service.engine(settings), tables.define(settings.prefix)
    try:
        with database.reading(engine) as connection:
            if install.current(connection, settings.prefix) != install.newest():
                raise config.Refused("Our tables are missing or old: run `magento-scim install`.")
        return database.transaction(engine, lambda connection: work(connection, ledger))
    finally:
        engine.dispose()


def cell(value: Any) -> str:
    """Show a value in a table: a time without its seconds."""
    text = "-" if value is None else str(value)
    return text[:10] + " " + text[11:16] if text.endswith("Z") and text[10:11] == "T" else text
