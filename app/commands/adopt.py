"""Giving a customer of the shop to an identity provider by hand: `magento-scim adopt`."""

import click

from app import service
from app.commands import frame
from app.mapping import users


@click.command()
@click.argument("customers", metavar="CUSTOMER...", nargs=-1, required=True)
@click.option("--tenant", default=service.DEFAULT_TENANT, show_default=True, help="Whose identity provider gets them.")
@frame.sentences
def adopt(customers: tuple[str, ...], tenant: str) -> None:
    """Give customers whom nobody manages to an identity provider, where mapping.yaml says match.existing: review.

    CUSTOMER is an id or an e-mail. Nothing in the shop changes until the identity provider sends something.
    """
    here = frame.opened()
    bridge = here.bridge(here.tenant(tenant), "", frame.origin("adopt"))
    for text in customers:
        entity_id = frame.user_id(bridge, text)
        if users.promise(bridge, entity_id):
            click.echo(f"Customer {entity_id} is the identity provider's with its next request.")
        else:
            click.echo(f"Customer {entity_id} is managed already.")
