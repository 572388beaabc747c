"""What editors ask for: the JSON Schema of mapping.yaml as this shop needs it."""

import flask

from app import answers, auth, service
from app.mapping import fileschema

PATH = "/scim/mapping.schema.json"
blueprint = flask.Blueprint("editor", __name__)


@blueprint.get(PATH)
def mapping_schema() -> flask.Response:
    """Give the schema with this shop's attributes, labels, groups and websites; a token of any tenant is needed."""
    here = service.current()
    caller = auth.require(auth.identify(here.shop, here.ledger, None, here.verifier, here.known), "read")
    tenant = here.tenant(caller.tenant)
    return answers.write(fileschema.live(here.shop, tenant.ruleset), media_type="application/schema+json")
