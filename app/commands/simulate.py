"""An identity provider played against a running service: `magento-scim simulate`."""

import contextlib
import dataclasses
import ipaddress
import json
import sys
import urllib.parse
from collections.abc import Iterator
from datetime import timedelta

import click
import sqlalchemy as sa

from app import config, launch, service
from app.commands import frame
from app.idp import catalogue, simulation, wire
from app.ledger import tables, tokens

LOCAL = f"http://127.0.0.1:8080{service.PATH}"  # where `make run` listens
LIFE = timedelta(hours=1)
MARKS = {
    simulation.PASSED: ("ok  ", "green"),
    simulation.FAILED: ("FAIL", "red"),
    simulation.OTHER: ("n/a ", "yellow"),
    simulation.SKIPPED: ("-   ", None),
}


@click.command()
@click.argument("idp", type=click.Choice(catalogue.names()))
@click.option("--url", help=f"The SCIM base URL; without it, SCIM_BASE_URL, else {LOCAL}.")
@click.option("--token", envvar="SCIM_TOKEN", help="A bearer token; without it, one is made for this run and revoked.")
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose URL and token are used.")
@click.option("--part", "parts", multiple=True, help="Only this part of the sequence, such as users; may be repeated.")
@click.option(
    "--own-profile", is_flag=True, help="The service runs with IDP's own profile: what needs it must pass, too."
)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def simulate(
    idp: str, url: str | None, token: str | None, tenant: str, parts: tuple[str, ...], own_profile: bool, form: str
) -> None:
    """Play IDP's requests against a running service, check every answer, and take away what was made.

    The people and groups are made up, below simulate.example.com. Exit code 0: all as it must be; 1: not.
    """
    provider = _provider(idp, parts)
    where = frame.tenant_url(url or _configured() or LOCAL, tenant)
    with _token(token, where, tenant) as secret:
        try:
            run = simulation.Simulation(provider, wire.Wire(where, secret), parts, own_profile=own_profile)
        except wire.Refused as error:
            raise config.Refused(str(error)) from error
        outcomes, stopped = _play(run, form)
    failed = stopped or any(outcome.verdict == simulation.FAILED for outcome in outcomes) or bool(run.left)
    if form == "json":
        _print_json(run, outcomes, passed=not failed)
    else:
        _print_end(run, outcomes, stopped=stopped)
    sys.exit(1 if failed else 0)


def _provider(idp: str, parts: tuple[str, ...]) -> catalogue.Provider:
    provider = catalogue.get(idp)
    if not provider.parts:
        raise config.Refused(f"{provider.title} sends no SCIM to a service like this one: see {provider.guide}.")
    known = [part.name for part in provider.parts]
    wrong = [name for name in parts if name not in known]
    if wrong:
        raise config.Refused(f"{provider.title} has no part {wrong[0]!r}: they are {', '.join(known)}.")
    return provider


def _configured() -> str | None:
    """Give SCIM_BASE_URL where there is a shop to ask; None elsewhere."""
    try:
        return frame.settings().base_url
    except config.Refused:
        return None


@contextlib.contextmanager
def _token(given: str | None, url: str, tenant: str) -> Iterator[str]:
    """Give the token to use: the given one, or one that lives for this run in the shop's own tables."""
    if given:
        yield given
        return
    if not _is_here(url):
        sentence = f"Say --token (or SCIM_TOKEN): none is made for {url}, which is neither SCIM_BASE_URL nor local."
        raise config.Refused(sentence)
    settings, now = frame.settings(), frame.now()
    secret = frame.on_ledger(
        settings, lambda conn, ledger: tokens.create(conn, ledger, "simulate", tenant, tokens.SCOPES, now, now + LIFE)
    )
    try:
        yield secret
    finally:
        frame.on_ledger(settings, lambda conn, ledger: _revoke(conn, ledger, secret))


def _revoke(connection: sa.Connection, ledger: tables.Tables, secret: str) -> None:
    token = tokens.find(connection, ledger, secret)
    if token is not None:
        tokens.revoke(connection, ledger, token.token_id, frame.now())


def _is_here(url: str) -> bool:
    """Say whether a URL is the configured service's or this machine's, so that a token of ours may be sent there."""
    there = urllib.parse.urlsplit(url)
    own = urllib.parse.urlsplit(_configured() or "")
    if own.hostname and (there.scheme, there.netloc) == (own.scheme, own.netloc):
        return True
    try:
        return ipaddress.ip_address(there.hostname or "").is_loopback
    except ValueError:
        return there.hostname == "localhost"


def _play(run: simulation.Simulation, form: str) -> tuple[list[simulation.Outcome], bool]:
    """Do the steps and show them as they go; gives them, and whether a signal ended it."""
    outcomes: list[simulation.Outcome] = []
    if form == "table":
        click.secho(f"{run.provider.title} at {run.way.url}", bold=True)
    with launch.signals():
        try:
            with run:
                for outcome in run.play():
                    if form == "table":
                        _print_outcome(outcome, first=not outcomes or outcomes[-1].part != outcome.part)
                    outcomes.append(outcome)
        except launch.Stopped:
            return outcomes, True
    return outcomes, False


def _print_outcome(outcome: simulation.Outcome, *, first: bool) -> None:
    if first:
        click.secho(f"\n{outcome.part}", bold=True)
    mark, colour = MARKS[outcome.verdict]
    looked = f": {', '.join(outcome.checked)}" if outcome.verdict == simulation.PASSED else ""
    click.echo(f"  {click.style(mark, fg=colour)}  {outcome.step}  ({outcome.request}{looked})")
    for problem in outcome.problems:
        click.echo(f"          {problem}")


def _print_end(run: simulation.Simulation, outcomes: list[simulation.Outcome], *, stopped: bool) -> None:
    """Say how it went in all."""
    counts = {verdict: sum(outcome.verdict == verdict for outcome in outcomes) for verdict in MARKS}
    told = [frame.counted(counts[simulation.PASSED], "step as it must be", "steps as they must be")]
    told += [f"{count} {verdict}" for verdict, count in counts.items() if count and verdict != simulation.PASSED]
    click.echo(f"\n{', '.join(told)}. Taken away again: {run.deleted} that were made.")
    if counts[simulation.OTHER]:
        click.echo(f"n/a: needs the profile {run.provider.profile} (SCIM_PROFILE, or `profile` of the tenant).")
    if stopped:
        click.secho("Stopped before its end.", fg="red")
    for sentence in run.left:
        click.secho(f"Left behind: {sentence}", fg="red")


def _print_json(run: simulation.Simulation, outcomes: list[simulation.Outcome], *, passed: bool) -> None:
    report = {
        "identity_provider": run.provider.name,
        "url": run.way.url,
        "passed": passed,
        "steps": [dataclasses.asdict(outcome) for outcome in outcomes],
        "taken_away": run.deleted,
        "left_behind": run.left,
    }
    click.echo(json.dumps(report, indent=2, ensure_ascii=False))
