"""Whether a mapping file is right for this shop: `magento-scim check`."""

import json
import sys
from pathlib import Path
from typing import Any

import click
import rich.console
import rich.text

from app import service
from app.commands import frame
from app.magento import database
from app.mapping import reader, rules, yamlfile


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@frame.sentences
def check(file: Path | None, form: str) -> None:
    """Check a mapping file against this shop and run its tests; without FILE, the one in force.

    Exit code 0: it can be used; 1: it cannot, each mistake is told with line and column.
    """
    settings = frame.settings()
    path = file or settings.mapping
    text = frame.text(path)
    shop = service.open_shop(settings)
    database.refuse_writes(*shop.engines)
    book, problems = None, list[yamlfile.Problem]()
    try:
        book = reader.read(text, str(path), shop)
    except reader.MappingError as error:
        problems = error.problems
    finally:
        shop.dispose()
    if form == "json":
        click.echo(json.dumps(_plain(path, book, problems), indent=2, ensure_ascii=False))
    else:
        _show(path, text.splitlines(), book, problems)
    sys.exit(1 if problems else 0)


def _counts(book: rules.Rulebook) -> dict[str, int]:
    sets = [tenant.ruleset for tenant in book.tenants.values()]
    return {
        "tenants": len(sets),
        "rules": sum(len(each.rules) for each in sets),
        "addresses": sum(len(each.addresses) for each in sets),
        "tests": sum(len(each.examples) for each in sets),
    }


def _plain(path: Path, book: rules.Rulebook | None, problems: list[yamlfile.Problem]) -> dict[str, Any]:
    told = [
        {"line": each.line, "column": each.column, "message": each.message, "suggestion": each.suggestion}
        for each in problems
    ]
    return {"file": str(path), "ok": not problems, "problems": told} | (_counts(book) if book else {})


def _show(path: Path, lines: list[str], book: rules.Rulebook | None, problems: list[yamlfile.Problem]) -> None:
    console = rich.console.Console(highlight=False, soft_wrap=True)
    for each in problems:
        message = rich.text.Text.assemble((f"{path}:{each.line}:{each.column}: ", "bold"), (each.message, "red"))
        if each.suggestion:
            message.append(f"; did you mean {each.suggestion!r}?", "green")
        console.print(message)
        if 0 < each.line <= len(lines):
            console.print(rich.text.Text(f"{each.line:5} | {lines[each.line - 1]}"))
            console.print(rich.text.Text(f"      | {' ' * (each.column - 1)}^", "red"))
    if book is not None:
        counts = _counts(book)
        for_whom = f"{counts['tenants']} tenants, " if counts["tenants"] > 1 else ""
        console.print(
            f"{path} can be used: {for_whom}{frame.counted(counts['rules'], 'rule')}, "
            f"{frame.counted(counts['addresses'], 'address', 'addresses')}, "
            f"{frame.counted(counts['tests'], 'test')} passed."
        )
    else:
        console.print(f"{path} cannot be used: {frame.counted(len(problems), 'mistake')}.")
