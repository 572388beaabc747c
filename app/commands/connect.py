"""What to tell an identity provider: `magento-scim connect`."""

import json
from collections.abc import Mapping
from typing import Any

import click

from app import config, service
from app.commands import frame
from app.idp import catalogue
from app.mapping import rules
from app.scim import errors, paths

UNKNOWN_HOST = f"https://shop.example.com{service.PATH}"


@click.command()
@click.argument("idp", type=click.Choice(catalogue.names()))
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="The tenant that it is connected to.")
@click.option("--url", help="The SCIM base URL as the identity provider reaches it; without it, SCIM_BASE_URL.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def connect(idp: str, tenant: str, url: str | None, form: str) -> None:
    """Print what to fill in on the screens of IDP: URL, token, attribute rows, switches."""
    provider = catalogue.get(idp)
    advice = _advice(provider, tenant, url)
    if form == "json":
        click.echo(json.dumps(advice, indent=2, ensure_ascii=False))
    else:
        _print(advice)


def _advice(provider: catalogue.Provider, tenant: str, url: str | None) -> dict[str, Any]:
    """Fill in what we know of a provider for one tenant."""
    base, warnings = _base(url, tenant)
    command = f"magento-scim token create {provider.name}"
    if tenant != service.DEFAULT_TENANT:
        command += f" --tenant {tenant}"
    filled = {"url": base, "token": f"what `{command}` prints"}
    fields = {label: _fill(value, filled) for label, value in provider.fields.items()}
    targets, more = _targets(provider, tenant, warnings) if provider.attributes else ({}, [])
    return {
        "identity_provider": provider.title,
        "tenant": tenant,
        "base_url": base if provider.fields else None,
        "token_command": command if provider.fields else None,
        "profile": provider.profile,
        "set_profile": _profile(provider, tenant),
        "guide": provider.guide,
        "where": list(provider.where),
        "fields": fields,
        "user_attributes": [{**_row(row), "shop": targets.get(row.ours, [])} for row in provider.attributes] + more,
        "group_attributes": [_row(row) for row in provider.groups],
        "switches": [
            {"name": switch.name, "set_to": switch.setting, "in_the_shop": switch.effect}
            for switch in provider.switches
        ],
        "notes": list(provider.notes),
        "warnings": warnings if provider.fields else [],
    }


def _fill(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _row(row: catalogue.Row) -> dict[str, Any]:
    return {"theirs": row.theirs, "scim": row.ours, "note": row.note}


def _base(url: str | None, tenant: str) -> tuple[str, list[str]]:
    """Give the base URL to paste, and what is wrong with it."""
    try:
        given = url or frame.settings().base_url
    except config.Refused:
        given = None
    if given is None:
        sentence = "The host is an example: set SCIM_BASE_URL, or say --url, to have your own filled in."
        return frame.tenant_url(UNKNOWN_HOST, tenant), [sentence]
    if not given.startswith("https://"):
        sentence = "The URL is not https://: most identity providers refuse it, and the token would be read on its way."
        return frame.tenant_url(given, tenant), [sentence]
    return frame.tenant_url(given, tenant), []


def _profile(provider: catalogue.Provider, tenant: str) -> str | None:
    if provider.profile is None:
        return None
    if tenant == service.DEFAULT_TENANT:
        return f"SCIM_PROFILE={provider.profile}"
    return f"tenants: {{{tenant}: {{profile: {provider.profile}}}}} in mapping.yaml"


def _targets(
    provider: catalogue.Provider, tenant: str, warnings: list[str]
) -> tuple[Mapping[str, list[str]], list[dict[str, Any]]]:
    """Say which attribute of the shop each row fills, and which rows the shop's mapping would read besides."""
    try:
        settings = frame.settings()
        shop = service.open_shop(settings)
        tenants = service.read_rules(settings, shop).tenants
        shop.dispose()
    except config.Refused as error:
        warnings.append(f"Where the values go is not shown: {str(error).splitlines()[0]}")
        return {}, []
    if tenant not in tenants:
        warnings.append(f"mapping.yaml has no tenant {tenant!r}: it has {', '.join(tenants)}.")
        return {}, []
    ruleset = tenants[tenant].ruleset
    targets = {row.ours: _filled_by(ruleset, row.ours) for row in provider.attributes}
    used = {target for filled in targets.values() for target in filled}
    more = [
        {"theirs": None, "scim": str(rule.sources[0]), "note": "your mapping.yaml reads it, too", "shop": [rule.target]}
        for rule in ruleset.rules
        if rule.goes_in and rule.sources and rule.target not in used
    ]
    return targets, more


def _filled_by(ruleset: rules.Ruleset, path: str) -> list[str]:
    """Name the attributes of the shop whose rules read a path, for their default at least."""
    if path == "active":
        return ["is_active"]
    try:
        wanted = str(paths.parse(path, ruleset.accepted))
    except errors.ScimError:
        return []
    found = []
    for rule in ruleset.rules:
        sources = (*rule.sources, *(rule.default.paths() if rule.default else ()))
        if rule.goes_in and wanted in (str(source) for source in sources):
            found.append(rule.target)
    return found


def _print(advice: Mapping[str, Any]) -> None:
    """Show it to people."""
    click.secho(f"{advice['identity_provider']} for the tenant {advice['tenant']}", bold=True)
    for number, line in enumerate(advice["where"], 1):
        click.echo(f"  {number}. {line}")
    if advice["fields"]:
        click.secho("\nFill in", bold=True)
    for label, value in advice["fields"].items():
        click.echo(f"  {label}: {value}")
    _table("Attributes of users", *_user_columns(advice["user_attributes"]))
    _table(
        "Attributes of groups",
        ("in the identity provider", "SCIM attribute", "to know"),
        [(row["theirs"], row["scim"], row["note"]) for row in advice["group_attributes"]],
    )
    _table(
        "Switches",
        ("switch", "set it to", "what the shop does"),
        [(switch["name"], switch["set_to"], switch["in_the_shop"]) for switch in advice["switches"]],
    )
    if advice["set_profile"]:
        click.secho("\nOn this side", bold=True)
        click.echo(f"  token:   {advice['token_command']}")
        click.echo(f"  profile: {advice['set_profile']}")
    click.echo()
    for note in advice["notes"]:
        click.echo(f"- {note}")
    for warning in advice["warnings"]:
        click.secho(f"! {warning}", fg="yellow")
    click.echo(f"The whole way, with what may go wrong: {advice['guide']}")


def _user_columns(rows: list[dict[str, Any]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Give heads and rows of the users' attributes; without the shop's where it is not known."""
    heads: tuple[str, ...] = ("in the identity provider", "SCIM attribute", "in the shop", "to know")
    lines: list[tuple[str, ...]] = [
        (row["theirs"] or "-", row["scim"], ", ".join(row["shop"]) or "-", row["note"]) for row in rows
    ]
    if any(row["shop"] for row in rows):
        return heads, lines
    return heads[:2] + heads[3:], [line[:2] + line[3:] for line in lines]


def _table(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print columns that a value can be copied from: none is broken, whatever the terminal's width."""
    if not rows:
        return
    click.secho(f"\n{title}", bold=True)
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, tuple("-" * width for width in widths), *rows):
        click.echo("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
