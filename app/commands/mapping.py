"""What is believed and what may be written: `magento-scim show`, `schema` and `init`."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import rich.table

from app import config, service
from app.commands import frame
from app.magento import database
from app.mapping import beliefs, draft, fileschema, reader

URN = re.compile(r"\burn:\S+:(?=[A-Za-z])")


@click.command()
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose rules are shown.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@frame.sentences
def show(tenant: str, form: str) -> None:
    """Show what the rules come to: SCIM path, direction, table and column, type, conversion, index."""
    here = frame.opened()
    database.refuse_writes(*here.shop.engines)
    found = list(beliefs.walk(here.bridge(here.tenant(tenant), "", frame.origin("show"))))
    if form == "json":
        click.echo(json.dumps([each.__dict__ for each in found], indent=2, ensure_ascii=False))
        return
    table = rich.table.Table("line", "shop", "SCIM", "direction", "stored in", "type", "conversion", "index")
    for each in found:
        index = "yes" if each.indexed else "no"
        row = (each.direction, _place(each), each.type, each.conversion, index)
        table.add_row(str(each.line), each.attribute, "\n".join(_paths(each)), *row)
    if frame.fits(table):
        frame.show(table)
        return
    for each in found:
        for line in _lines(each):
            click.echo(line)


def _place(each: beliefs.Belief) -> str:
    if each.column == "value":
        return f"{each.table}, attribute {each.attribute_id}"
    return f"{each.table}.{each.column}"


def _paths(each: beliefs.Belief) -> list[str]:
    return [URN.sub("…:", path) for path in each.paths]


def _lines(each: beliefs.Belief) -> Iterator[str]:
    """Tell a rule in lines for a terminal on which the table would not be readable."""
    yield f"{each.line:>4}  {click.style(each.attribute, bold=True)}"
    for number, path in enumerate(_paths(each)):
        yield f"      {'' if number else 'SCIM':6}  {path}"
    yield f"      {'stored':6}  {_place(each)}, {each.type}"
    how = [each.direction, each.conversion, "found by an index" if each.indexed else ""]
    yield f"      {'how':6}  {'; '.join(filter(None, how))}"


@click.command()
@click.option("--static", "general", is_flag=True, help="The schema for any shop, as it is in the repository.")
@frame.sentences
def schema(general: bool) -> None:
    """Print the JSON Schema of mapping.yaml, with this shop's attributes, labels, groups and websites."""
    if general:
        found = fileschema.static()
    else:
        shop = service.open_shop(frame.settings())
        database.refuse_writes(*shop.engines)
        found = fileschema.live(shop)
        shop.dispose()
    click.echo(json.dumps(found, indent=1, ensure_ascii=False))


@click.command()
@click.option(
    "--output", type=click.Path(path_type=Path), help="The file to write, which must not be there; else printed."
)
@frame.sentences
def init(output: Path | None) -> None:
    """Write a first mapping for this shop: what it requires, what it has, with comments."""
    shop = service.open_shop(frame.settings())
    database.refuse_writes(*shop.engines)
    text = draft.write(shop)
    try:
        reader.read(text, str(output or "mapping.yaml"), shop)
    except reader.MappingError as error:
        raise config.Refused(
            f"The shop needs more than can be guessed. Write by hand what is missing:\n{error}"
        ) from error
    finally:
        shop.dispose()
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise config.Refused(f"Cannot write {output}: {error.strerror}.") from error
    click.echo(f"Wrote {output}. Read it, then: magento-scim check {output}")
