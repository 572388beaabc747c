"""What identity providers send: `magento-scim requests` and `seen`."""

import json
import re
import shlex
from typing import Any

import click
import rich.table

from app import config, service
from app.commands import frame
from app.ledger import recordings, sightings
from app.magento import database
from app.mapping import usage

TENANT = click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose requests are meant.")
FORMAT = click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
STATUS = re.compile(r"([1-5])xx|[1-5]\d\d", re.I)
METHODS = click.Choice(["GET", "POST", "PUT", "PATCH", "DELETE"], case_sensitive=False)


def _statuses(_context: click.Context, _option: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = STATUS.fullmatch(text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no status: write 404, or 4xx.")
    return (int(found[1]) * 100, int(found[1]) * 100 + 99) if found[1] else (int(text), int(text))


@click.command()
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="How many, from the newest.")
@click.option("--status", callback=_statuses, help="Only answers with this status: 404, or 4xx.")
@click.option("--method", type=METHODS, help="Only requests of this method.")
@click.option("--request", "request_id", help="Only the request with this id (X-Request-Id).")
@click.option("--show", "number", type=int, help="Show the request with this number whole, with its answer.")
@click.option("--forget", is_flag=True, help="Delete all that is recorded of the tenant.")
@TENANT
@FORMAT
@frame.sentences
def requests(
    last: int,
    status: tuple[int, int] | None,
    method: str | None,
    request_id: str | None,
    number: int | None,
    forget: bool,
    tenant: str,
    form: str,
) -> None:
    """Show the last requests with their answers, masked; they are recorded where SCIM_RECORD_REQUESTS is set."""
    settings = frame.settings()
    if forget:
        gone = frame.on_ledger(settings, lambda c, ledger: recordings.forget(c, ledger, tenant))
        click.echo(f"{gone} requests are forgotten.")
        return
    wanted = recordings.Wanted(tenant, number, request_id, method, status, last)
    found = frame.on_ledger(settings, lambda c, ledger: recordings.fetch(c, ledger, wanted))
    if form == "json":
        click.echo(json.dumps([_plain(each) for each in found], indent=2, ensure_ascii=False))
    elif number is not None:
        if not found:
            raise config.Refused(f"No request {number} of the tenant {tenant!r} is recorded (any more).")
        _show(found[0])
    elif not found:
        click.echo(
            f"No such request of the tenant {tenant!r} is recorded. "
            "Set SCIM_RECORD_REQUESTS=50 where the service runs, and start it again."
        )
    else:
        table = rich.table.Table("number", "at (UTC)", "token", "method", "url", "status", "ms")
        for each in found:
            at = each.at.isoformat(" ", "milliseconds")
            table.add_row(str(each.number), at, each.actor, each.method, each.url, str(each.status), f"{each.ms:.1f}")
        frame.show(table)
        click.echo("magento-scim requests --show NUMBER shows one with its answer.")


def _plain(each: recordings.Recording) -> dict[str, Any]:
    return {**each.__dict__, "at": each.at.isoformat() + "Z", "body": _json(each.body), "answer": _json(each.answer)}


def _json(text: str | None) -> Any:
    """Give a body as JSON has it; one that was cut, or is a remark, as its text."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _show(each: recordings.Recording) -> None:
    """Print a request as a curl that would send it, and its answer."""
    headers = {"Authorization": "Bearer $TOKEN", **each.headers}
    click.echo(f"# request {each.request_id} of {each.actor}, {each.at.isoformat(' ', 'milliseconds')} UTC")
    lines = [f"curl -X {each.method} {shlex.quote('$SERVER' + each.url)}".replace("'$SERVER", "$SERVER'")]
    lines += [f'-H "{name}: {value}"' for name, value in headers.items() if name == "Authorization"]
    lines += ["-H " + shlex.quote(f"{name}: {value}") for name, value in each.headers.items()]
    lines += ["-d " + shlex.quote(each.body)] if each.body else []
    click.echo(" \\\n  ".join(lines))
    click.echo(f"\n{each.status} in {each.ms:.1f} ms")
    for name, value in each.answer_headers.items():
        click.echo(f"{name}: {value}")
    if each.answer:
        click.echo(f"\n{each.answer}")


@click.command()
@click.option("--unused", is_flag=True, help="Only attributes that no rule uses, and rules that never fire.")
@click.option("--forget", is_flag=True, help="Begin to count anew.")
@TENANT
@FORMAT
@frame.sentences
def seen(unused: bool, forget: bool, tenant: str, form: str) -> None:
    """Say which attributes are really sent, how often, which no rule uses, and which rules never fire."""
    if forget:
        gone = frame.on_ledger(frame.settings(), lambda c, ledger: sightings.forget(c, ledger, tenant))
        click.echo(f"{gone} counts are forgotten.")
        return
    here = frame.opened()
    bridge = frame.bridge(here, tenant, "seen")
    with database.reading(here.shop.engine) as connection:
        sent = usage.sent(connection, bridge)
        fired = usage.fired(connection, bridge, sent)
    if unused:
        sent, fired = [each for each in sent if not each.used_by], [each for each in fired if not each.times]
    if form == "json":
        click.echo(json.dumps({"sent": list(map(_dated, sent)), "rules": list(map(_dated, fired))}, indent=2))
        return
    if not sent and not unused:
        click.echo(f"Nothing was counted of the tenant {tenant!r} yet.")
    table = rich.table.Table("of", "attribute", "sent", "empty", "last (UTC)", "used by")
    for each in sent:
        last = each.last_at.isoformat(" ", "minutes")
        table.add_row(
            each.kind, each.name, str(each.times), str(each.empty), last, ", ".join(each.used_by) or "no rule"
        )
    frame.show(table)
    _rules(fired)


def _rules(fired: list[usage.Fired]) -> None:
    table = rich.table.Table("line", "rule", "sent", "wrote", "last (UTC)", "")
    for each in fired:
        last = each.last_at.isoformat(" ", "minutes") if each.last_at else "-"
        remark = "" if each.times else "never fired"
        table.add_row(str(each.line), each.name, str(each.sent), str(each.times), last, remark)
    frame.show(table)


def _dated(each: Any) -> dict[str, Any]:
    """Give it as JSON has it."""
    plain = {name: getattr(each, name) for name in each.__dataclass_fields__}
    return {n: v.isoformat() + "Z" if n.endswith("_at") and v is not None else v for n, v in plain.items()}
