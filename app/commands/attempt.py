"""What would be written, without writing it: `magento-scim try`."""

import json
import sys
from pathlib import Path
from typing import Any

import click
import rich.console
import rich.table
import rich.text

from app import config, service
from app.commands import frame
from app.magento import database
from app.mapping import trial

LONG = {"scim_link": ("document",)}  # columns that are told of, not printed
WHO = {
    "create": "A new customer",
    "adopt": "Customer {id}, whom nobody manages or who had left, is taken over",
    "replace": "User {id}",
    "modify": "User {id}",
}


@click.command(name="try")
@click.argument("user", metavar="USER.json", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--user", "existing", help="Send it to this user (id, userName or e-mail), as a PUT or a PATCH.")
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose identity provider sends it.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def try_(user: Path, existing: str | None, tenant: str, form: str) -> None:
    """Show what a SCIM request with the body USER.json would write, table by table; write nothing.

    `-` reads the body from standard input. Exit code 0: it would be taken; 1: it would be refused.
    """
    body = _body(user)
    here = frame.opened()
    database.refuse_writes(*here.shop.engines)
    bridge = here.bridge(here.tenant(tenant), "", frame.origin("try"))
    user_id = None if existing is None else str(frame.user_id(bridge, existing))
    found = trial.run(bridge, body, user_id)
    if form == "json":
        click.echo(json.dumps(_plain(found), indent=2, ensure_ascii=False))
    else:
        _show(found, here.config.mapping.name)
    sys.exit(1 if found.problems else 0)


def _body(path: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        found = json.loads(text)
    except (OSError, ValueError) as error:
        raise config.Refused(f"{path} cannot be read as JSON: {error}.") from error
    if not isinstance(found, dict):
        raise config.Refused(f"{path} must hold a JSON object: a user, or a PATCH with Operations.")
    return found


def _value(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float) else str(value)


def _plain(found: trial.Trial) -> dict[str, Any]:
    values = [
        {
            "table": each.table,
            "key": {column: _value(value) for column, value in each.key.items()},
            "column": each.column,
            "attribute": each.attribute,
            "before": "(hidden)" if each.hidden else _value(each.before),
            "after": "(hidden)" if each.hidden else _value(each.after),
            "line": each.line,
        }
        for each in found.values
    ]
    return {"operation": found.operation, "id": found.entity_id, "values": values, "problems": list(found.problems)}


def _show(found: trial.Trial, mapping: str) -> None:
    console = rich.console.Console(highlight=False)
    if found.problems:
        console.print("[bold red]This would be refused:[/]")
        for problem in found.problems:
            console.print(rich.text.Text(f"  {problem}"))
        return
    who = WHO[found.operation or "create"].format(id=found.entity_id)
    console.print(f"[bold]{who}[/]: {_sum(found)}")
    rows: dict[str, list[trial.Value]] = {}
    for each in found.values:
        rows.setdefault(f"{each.table} {_key(each)}", []).append(each)
    for name, values in rows.items():
        shown = rich.table.Table("column", "old", "new", mapping, title=name, title_justify="left")
        for each in values:
            shown.add_row(*_row(each))
        frame.show(shown)
    console.print("Nothing has been written.")


def _sum(found: trial.Trial) -> str:
    tables = {each.table for each in found.values}
    if not tables:
        return "nothing would change."
    return f"{frame.counted(len(found.values), 'value')} in {frame.counted(len(tables), 'table')} would be written."


def _key(each: trial.Value) -> str:
    return ", ".join(f"{column}={_value(value)}" for column, value in each.key.items())


def _row(each: trial.Value) -> tuple[rich.text.Text, ...]:
    name = each.column if each.attribute in (None, each.column) else f"{each.column} ({each.attribute})"
    long = each.column in LONG.get(each.table, ())
    old, new = ("…" if long and value is not None else _cell(value, each.hidden) for value in (each.before, each.after))
    line = "" if each.line is None else f"line {each.line}"
    return rich.text.Text(name), rich.text.Text(old, "red"), rich.text.Text(new, "green"), rich.text.Text(line)


def _cell(value: Any, hidden: bool) -> str:
    return "-" if value is None else "(hidden)" if hidden else str(_value(value))
