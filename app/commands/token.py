"""Bearer tokens: `magento-scim token create|list|revoke`."""

import ipaddress
import json
from datetime import datetime, timedelta
from typing import Any

import click
import rich.table
import sqlalchemy as sa

from app import auth, config, service
from app.commands import frame
from app.ledger import tables, tokens

LONGEST_NAME = 100
COLUMNS = ("id", "name", "tenant", "scopes", "user", "created", "expires", "last used", "from", "state")


@click.group()
def token() -> None:
    """Bearer tokens: make, list, revoke."""


def _name(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    if not text.strip() or len(text) > LONGEST_NAME:
        raise click.BadParameter(f"a token's name has 1 to {LONGEST_NAME} characters.")
    return text.strip()


def _networks(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(str(ipaddress.ip_network(text, strict=False)) for text in given)
    except ValueError as error:
        raise click.BadParameter(f"{error}: write it like 203.0.113.0/24.") from error


@token.command("create")
@click.argument("name", callback=_name)
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose users the token reaches.")
@click.option("--read-only", is_flag=True, help="The token may read but not write.")
@click.option("--days", type=click.IntRange(1, 36500), help="How long the token lives, for ever without it.")
@click.option("--user", help="Whom /Me is for the token's holder: an id, a userName or an e-mail.")
@click.option(
    "--from", "networks", multiple=True, callback=_networks, help="The only address or network it may be used from."
)
@frame.sentences
def token_create(
    name: str, tenant: str, read_only: bool, days: int | None, user: str | None, networks: tuple[str, ...]
) -> None:
    """Make a token called NAME and print it, once."""
    settings, now = frame.settings(), frame.now()
    _check_tenant(settings, tenant)
    user_id = frame.user_id(frame.bridge(frame.opened(), tenant, "token"), user) if user else None
    scopes = ("read",) if read_only else tokens.SCOPES
    expires = now + timedelta(days=days) if days else None

    def work(connection: sa.Connection, ledger: tables.Tables) -> str:
        return tokens.create(connection, ledger, name, tenant, scopes, now, expires, user_id, networks)

    secret = frame.on_ledger(settings, work)
    click.echo(f"Bearer token: {secret}")


def _check_tenant(settings: config.Config, tenant: str) -> None:
    """Raise config.Refused for a tenant that there is not; a mapping that cannot be read stops no token."""
    try:
        shop = service.open_shop(settings)
        known = service.read_rules(settings, shop).tenants
        shop.dispose()
    except config.Refused as error:
        click.echo(f"Whether there is a tenant {tenant!r} is not checked: {str(error).splitlines()[0]}", err=True)
        return
    if tenant not in known:
        raise config.Refused(f"mapping.yaml has no tenant {tenant!r}: name one with --tenant, {' or '.join(known)}.")


@token.command("list")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def token_list(form: str) -> None:
    """List all tokens, without their secrets."""
    found = frame.on_ledger(frame.settings(), lambda connection, ledger: tokens.fetch(connection, ledger))
    if form == "json":
        click.echo(json.dumps([_token_row(entry) for entry in found], indent=2))
        return
    table = rich.table.Table(*COLUMNS)
    for entry in found:
        row = _token_row(entry)
        table.add_row(*(frame.cell(value) for value in (row | {"state": _warning(entry) or row["state"]}).values()))
    frame.show(table)


def _warning(entry: tokens.Token) -> str | None:
    """Say of a living token that it soon is none."""
    left = entry.expires_at - frame.now() if entry.expires_at else auth.WARN_BEFORE
    if not entry.alive(frame.now()) or left >= auth.WARN_BEFORE:
        return None
    return f"expires in {left.days} d" if left.days else "expires today"


def _token_row(entry: tokens.Token) -> dict[str, Any]:
    def when(moment: datetime | None) -> str | None:
        return f"{moment.isoformat()}Z" if moment else None

    state = "alive" if entry.alive(frame.now()) else "revoked" if entry.revoked_at else "expired"
    return {
        "id": entry.token_id,
        "name": entry.name,
        "tenant": entry.tenant,
        "scopes": " ".join(sorted(entry.scopes)),
        "user": entry.user_id,
        "created": when(entry.created_at),
        "expires": when(entry.expires_at),
        "last_used": when(entry.last_used_at),
        "from": " ".join(entry.networks) or None,
        "state": state,
    }


@token.command("revoke")
@click.argument("token_id", type=int)
@frame.sentences
def token_revoke(token_id: int) -> None:
    """Revoke the token with this id, at once."""
    done = frame.on_ledger(
        frame.settings(), lambda connection, ledger: tokens.revoke(connection, ledger, token_id, frame.now())
    )
    if not done:
        raise click.ClickException(f"There is no living token {token_id}: see `magento-scim token list`.")
    click.echo(f"Token {token_id} is revoked.")
