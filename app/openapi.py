"""The OpenAPI 3.1 document of the whole service: its URL table, with the schemas that bodies are read and shown by.

A route is described by its row here and the first line of its docstring; one without a row is an error.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import apispec
import flask
import werkzeug.routing
from apispec.ext import marshmallow as plugin

from app import answers, service
from app.mapping import bridges, group_type
from app.scim import attributes, discovery, envelopes, jsonschema, profiles, schemas

Json = dict[str, Any]
BEARER: list[Json] = [{"bearer": []}]
TITLES = {400: "The request is wrong.", 401: "No token, or none that is known.", 403: "The token may not do this."}
TITLES |= {404: "There is no such resource.", 409: "Another resource has this name.", 412: "The resource has changed."}
TITLES |= {413: "The body is too large.", 415: "The body is no JSON.", 500: "A fault of ours.", 501: "Not offered."}
TITLES |= {429: "The token asks too often: again after Retry-After seconds."}
TITLES |= {503: "The shop's database is away: again after Retry-After seconds."}
ALWAYS = (401, 403, 429, 500, 503)
WITH_BODY = (400, 413, 415)


@dataclass(frozen=True)
class Row:
    """How a route is described: its tag, the schemas of its body and answer, its parameters, its errors.

    `empty`: the statuses without a body that it may answer with as well. `versioned`: it answers with an entity tag.
    """

    tag: str
    answer: str | None = None
    body: str | None = None
    parameters: tuple[str, ...] = ()
    errors: tuple[int, ...] = ()
    status: int = 200
    empty: tuple[int, ...] = ()
    versioned: bool = False


PROJECTION = ("attributes", "excludedAttributes")
QUERY = ("filter", *PROJECTION, "sortBy", "sortOrder", "startIndex", "count", "cursor")
MATCH = ("If-Match",)


def _resources(tag: str, name: str) -> dict[str, Row]:
    """Give the rows of a resource type: its endpoint's and its resources' routes."""
    endpoint, kind = tag.lower(), name.lower()
    body, patched = f"{name}Request", "PatchRequest"
    return {
        f"list_{endpoint}": Row(tag, f"{name}List", parameters=QUERY, errors=(400,)),
        f"search_{endpoint}": Row(tag, f"{name}List", "SearchRequest"),
        f"create_{kind}": Row(tag, name, body, PROJECTION, (409,), 201, versioned=True),
        **_one(tag, name, kind, body, patched),
    }


def _one(tag: str, name: str, kind: str, body: str, patched: str, *more: int) -> dict[str, Row]:
    changing = (404, 409, 412, *more)
    return {
        f"get_{kind}": Row(
            tag,
            name,
            None,
            (*PROJECTION, "If-None-Match"),
            (400, 404, *more),
            empty=(304,),
            versioned=True,
        ),
        f"replace_{kind}": Row(tag, name, body, (*PROJECTION, *MATCH), changing, versioned=True),
        f"modify_{kind}": Row(tag, name, patched, (*PROJECTION, *MATCH), changing, empty=(204,), versioned=True),
        f"delete_{kind}": Row(tag, None, None, MATCH, changing, 204),
    }


ROWS: Mapping[str, Row] = {
    **_resources("Users", "User"),
    **_resources("Groups", "Group"),
    **_one("Me", "User", "me", "UserRequest", "PatchRequest", 501),
    "create_me": Row("Me", None, "UserRequest", errors=(501,), status=501),
    "list_all": Row("All types", "ResourceList", parameters=QUERY, errors=(400,)),
    "search_all": Row("All types", "ResourceList", "SearchRequest"),
    "bulk": Row("Bulk", "BulkResponse", "BulkRequest"),
    "service_provider_config": Row("Discovery", "ServiceProviderConfig"),
    "resource_types": Row("Discovery", "ResourceTypeList"),
    "resource_type": Row("Discovery", "ResourceType", errors=(404,)),
    "schema_list": Row("Discovery", "SchemaList"),
    "schema": Row("Discovery", "Schema", errors=(404,)),
    "openapi_document": Row("Discovery", "OpenAPI"),
}


def build(app: flask.Flask, here: service.Service, bridge: bridges.Bridge, open_endpoints: Sequence[str]) -> Json:
    """Build the document for the app as it is configured; `open_endpoints` are those that need no token."""
    converter = plugin.MarshmallowPlugin(
        schema_name_resolver=lambda _schema: ""
    )  # nested ones stand where they are used
    spec = apispec.APISpec(
        "magento-scim",
        metadata.version("magento-scim"),
        "3.1.0",
        (converter,),
        info={
            "description": "SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865) for the customers and groups of a Magento 2 shop."
        },
        servers=[{"url": bridge.base_url}],
        security=BEARER,
    )
    spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "description": "A token of ours."})
    _components(spec, converter, here, bridge)
    _parameters(spec, here.config.max_page)
    for status, title in TITLES.items():
        headers = {"WWW-Authenticate": _header()} if status == 401 else {}
        headers |= {"Retry-After": _header("integer")} if status in (429, 503) else {}
        spec.components.response(f"Error{status}", {"description": title, "headers": headers, **_content("Error")})
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(f"{service.PATH}/"):  # the tenants' are the same once more
            continue
        view = rule.endpoint.rpartition(".")[2]
        security = [{}, *BEARER] if view in open_endpoints else None
        described = _operation(ROWS[view], view, app.view_functions[rule.endpoint], security)
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        operations = {method.lower(): described for method in methods}
        spec.path(path(rule), operations=operations, parameters=_in_path(rule))
    return spec.to_dict()


def path(rule: werkzeug.routing.Rule) -> str:
    """Give a route's path as OpenAPI writes it, from the SCIM base URL."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule).removeprefix(service.PATH)


def _in_path(rule: werkzeug.routing.Rule) -> list[Any]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in sorted(rule.arguments)
    ]


def _header(kind: str = "string") -> Json:
    return {"schema": {"type": kind}}


def _content(name: str, kinds: Sequence[str] = answers.MEDIA_TYPES) -> Json:
    return {"content": {kind: {"schema": {"$ref": f"#/components/schemas/{name}"}} for kind in kinds}}


def _operation(row: Row, view: str, function: Callable[..., Any], security: list[Json] | None) -> Json:
    found: dict[str, Any] = {}
    if row.status < 400:
        kinds = (answers.PLAIN_JSON,) if row.answer == "OpenAPI" else answers.MEDIA_TYPES
        headers = {"ETag": _header()} if row.versioned else {}
        headers |= {"Location": _header()} if row.status == 201 else {}
        found[str(row.status)] = {
            "description": "Done." if row.status != 201 else "Made.",
            "headers": headers,
            **(_content(row.answer, kinds) if row.answer else {}),
        }
    for status in row.empty:
        found[str(status)] = {"description": "You have this version." if status == 304 else "Done.", "headers": {}}
    failing = (*ALWAYS, *row.errors, *(WITH_BODY if row.body else ()))
    found |= {str(status): f"Error{status}" for status in sorted(set(failing))}
    described: Json = {
        "operationId": view,
        "tags": [row.tag],
        "summary": (inspect.getdoc(function) or view).partition("\n")[0],
        "parameters": list(row.parameters),
        "responses": found,
    }
    if row.body:
        described["requestBody"] = {"required": True, **_content(row.body)}
    return described if security is None else {**described, "security": security}


# -- parts -----------------------------------------------------------------------------------------------------------


def _parameters(spec: apispec.APISpec, max_page: int) -> None:
    texts = {
        "filter": 'Whom to list: userName eq "ada@example.com" and active eq true.',
        "attributes": "What to show, separated by commas; not with excludedAttributes.",
        "excludedAttributes": "What not to show, separated by commas.",
        "sortBy": "What to sort by: name.familyName.",
        "cursor": "The nextCursor of the page before; empty for the first page by cursor.",
    }
    numbers = {"startIndex": "The first one's place, from 1.", "count": f"The most to show, {max_page} at most."}
    headers = {"If-Match": "Only if this is the version.", "If-None-Match": "Only if this is not the version."}
    shapes: list[tuple[str, str, str, Json]] = [
        *(
            (name, "query", text, {"type": "string", "minLength": int(name == "filter")})
            for name, text in texts.items()
        ),
        *((name, "query", text, {"type": "integer"}) for name, text in numbers.items()),
        ("sortOrder", "query", "In which order.", {"type": "string", "enum": ["ascending", "descending", ""]}),
        *((name, "header", text, {"type": "string"}) for name, text in headers.items()),
    ]
    for name, where, text, shape in shapes:
        spec.components.parameter(name, where, {"name": name, "description": text, "schema": shape})


def _components(
    spec: apispec.APISpec, converter: plugin.MarshmallowPlugin, here: service.Service, bridge: bridges.Bridge
) -> None:
    """Describe bodies by the schemas that they are read by, answers by the resource types that they are shown by."""
    types = ((bridge.ruleset.accepted, bridge.ruleset.published), (group_type.ACCEPTED, group_type.PUBLISHED))
    known: dict[str, Json] = {}
    for accepted, published in types:
        known[f"{published.name}Request"] = _request(converter, accepted, bridge.profile)
        known[published.name] = jsonschema.answer(published)
        known[f"{published.name}List"] = envelopes.listed(_ref(published.name), described=f"{published.name}s.")
    for schema in discovery.OWN_SCHEMAS:
        known[schema.name] = jsonschema.discovered(schema, identified=schema.urn != discovery.CONFIG_URN)
    for name in ("ResourceType", "Schema"):
        known[f"{name}List"] = envelopes.listed(_ref(name), described=f"All there are of {name}.")
    anything = {"anyOf": [_ref(published.name) for _, published in types]}
    known |= {
        "ResourceList": envelopes.listed(anything, described="Resources of all types."),
        "PatchRequest": envelopes.patch(),
        "SearchRequest": envelopes.search(),
        "BulkRequest": envelopes.bulk_request(here.config.max_operations),
        "BulkResponse": envelopes.bulk_response(),
        "Error": envelopes.error(),
        "OpenAPI": {"type": "object", "description": "This document.", "required": ["openapi", "info", "paths"]},
    }
    for name, shape in known.items():
        spec.components.schema(name, shape)


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _request(converter: plugin.MarshmallowPlugin, accepted: attributes.ResourceType, profile: profiles.Profile) -> Json:
    """Describe a body by the marshmallow schemas that read it: the top's, with those of the extensions in it."""
    assert converter.converter is not None
    loose = profiles.LOOSE_FORMATS in profile.tolerances
    describe: Callable[[Any], Json] = converter.converter.schema2jsonschema
    shapes = {urn: describe(schema) for urn, schema, _ in schemas.loaders(accepted, loose)}
    top: Json = shapes.pop(None)
    top["properties"] = {"schemas": jsonschema.urns(*accepted.urns), **top["properties"], **shapes}
    top["description"] = "Names count in any letter case; what is read-only is ignored."
    strictly = profiles.UNKNOWN_ATTRIBUTES not in profile.tolerances
    top["required"] = sorted({"schemas", *top.get("required", ())})
    top["additionalProperties"] = not strictly
    for name in top["required"]:
        if top["properties"][name].get("type") == "string":
            top["properties"][name]["minLength"] = 1
    return top
