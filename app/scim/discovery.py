"""In charge of what the service says of itself: ServiceProviderConfig, ResourceTypes and Schemas."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.scim import attributes, messages

CONFIG_URN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"


Attribute = attributes.Attribute


@dataclass(frozen=True)
class Scheme:
    """A way to authenticate (RFC 7643 section 5)."""

    type: str
    name: str
    description: str
    specification: str | None = None
    documentation: str | None = None
    primary: bool = False

    def dump(self) -> dict[str, Any]:
        """Give the JSON form."""
        shown: dict[str, Any] = {"type": self.type, "name": self.name, "description": self.description}
        if self.specification:
            shown["specUri"] = self.specification
        if self.documentation:
            shown["documentationUri"] = self.documentation
        if self.primary:
            shown["primary"] = True
        return shown


BEARER = Scheme(
    "oauthbearertoken",
    "OAuth Bearer Token",
    "A bearer token in the Authorization header.",
    "https://www.rfc-editor.org/info/rfc6750",
    primary=True,
)


def _flag(name: str, description: str) -> Attribute:
    return Attribute(name, "boolean", description=description, required=True, mutability="readOnly")


def _count(name: str, description: str, *, required: bool = True) -> Attribute:
    return Attribute(name, "integer", description=description, required=required, mutability="readOnly")


def _text(name: str, description: str, **more: Any) -> Attribute:
    return Attribute(name, description=description, **{"mutability": "readOnly", "required": True, **more})


def _uri(name: str, description: str, *references: str, required: bool = True) -> Attribute:
    shown = references or ("external",)
    return Attribute(name, "reference", False, description, required, True, "readOnly", references=shown)


def _part(name: str, description: str, *sub: Attribute, multi: bool = False, required: bool = True) -> Attribute:
    return Attribute(name, "complex", multi, description, required, mutability="readOnly", sub=sub)


_SUPPORTED = _flag("supported", "Whether it can be used.")
_SCHEME = (
    _text("type", "How to authenticate.", canonical=("oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest")),
    _text("name", "The common name."),
    _text("description", "What it is."),
    _uri("specUri", "Its specification.", required=False),
    _uri("documentationUri", "How to use it here.", required=False),
)
_PAGES = (
    _flag("cursor", "Whether there are cursors."),
    _flag("index", "Whether there is startIndex."),
    _text("defaultPaginationMethod", "What is used unasked.", canonical=("cursor", "index"), required=False),
    _count("defaultPageSize", "Results on a page, unasked.", required=False),
    _count("maxPageSize", "Results on a page, at most.", required=False),
    _count("cursorTimeout", "Seconds that a cursor lives.", required=False),
)
_CHARACTERISTICS = (
    _text("name", "The name."),
    _text("type", "The data type.", canonical=tuple(sorted(attributes.EXACT | attributes.CASELESS | {"string"}))),
    _flag("multiValued", "Whether there can be several values."),
    _text("description", "What it is.", required=False),
    _flag("required", "Whether it must be given."),
    _text("canonicalValues", "Values that are usual.", multi=True, required=False, case_exact=True),
    replace(_flag("caseExact", "Whether case counts."), required=False),
    _text("mutability", "Who may change it.", canonical=("readOnly", "readWrite", "immutable", "writeOnly")),
    _text("returned", "When it is shown.", canonical=("always", "never", "default", "request")),
    _text("uniqueness", "Whether two may have the same.", canonical=("none", "server", "global"), required=False),
    _text("referenceTypes", "What it can refer to.", multi=True, required=False, case_exact=True),
)
_SUBS = _part("subAttributes", "Its parts.", *_CHARACTERISTICS, multi=True, required=False)

OWN_SCHEMAS = (
    attributes.Schema(
        CONFIG_URN,
        "ServiceProviderConfig",
        "What the service can do.",
        (
            _uri("documentationUri", "Where to read about the service.", required=False),
            _part("patch", "PATCH.", _SUPPORTED),
            _part(
                "bulk",
                "Bulk requests.",
                _SUPPORTED,
                _count("maxOperations", "Operations in a request, at most."),
                _count("maxPayloadSize", "Bytes of a request, at most."),
            ),
            _part("filter", "Filters.", _SUPPORTED, _count("maxResults", "Resources in an answer, at most.")),
            _part("changePassword", "Setting passwords.", _SUPPORTED),
            _part("sort", "Sorting.", _SUPPORTED),
            _part("etag", "Entity tags.", _SUPPORTED),
            _part("pagination", "Paging.", *_PAGES, required=False),
            _part("authenticationSchemes", "Ways to authenticate.", *_SCHEME, attributes.PRIMARY, multi=True),
        ),
    ),
    attributes.Schema(
        attributes.RESOURCE_TYPE_URN,
        "ResourceType",
        "A kind of resource.",
        (
            _text("name", "The name."),
            _text("description", "What it is.", required=False),
            _uri("endpoint", "Where its resources are.", "uri"),
            _uri("schema", "The URN of its schema.", "uri"),
            _part(
                "schemaExtensions",
                "The schemas that extend it.",
                _uri("schema", "The URN of the extension.", "uri"),
                _flag("required", "Whether a resource must have it."),
                multi=True,
                required=False,
            ),
        ),
    ),
    attributes.Schema(
        attributes.SCHEMA_URN,
        "Schema",
        "What attributes a resource has.",
        (
            _text("name", "The name."),
            _text("description", "What it is for.", required=False),
            _part("attributes", "The attributes.", *_CHARACTERISTICS, _SUBS, multi=True),
        ),
    ),
)


def service_provider_config(
    base: str,
    *,
    max_results: int,
    max_payload: int,
    max_operations: int = 0,
    page_size: int = 100,
    cursor: bool = False,
    cursor_timeout: int | None = None,
    sort: bool = False,
    change_password: bool = True,
    documentation: str | None = None,
    schemes: Sequence[Scheme] = (BEARER,),
) -> dict[str, Any]:
    """Make the ServiceProviderConfig (RFC 7643 section 5, RFC 9865 section 4); it has no id.

    `max_operations` 0 means that there is no bulk. Sizes are bytes, results and operations are counts.
    """
    pagination: dict[str, Any] = {
        "cursor": cursor,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": page_size,
        "maxPageSize": max_results,
    }
    if cursor and cursor_timeout:
        pagination["cursorTimeout"] = cursor_timeout
    config: dict[str, Any] = {"schemas": [CONFIG_URN]}
    if documentation:
        config["documentationUri"] = documentation
    return config | {
        "patch": {"supported": True},
        "bulk": {
            "supported": max_operations > 0,
            "maxOperations": max_operations,
            "maxPayloadSize": max_payload,
        },
        "filter": {"supported": True, "maxResults": max_results},
        "changePassword": {"supported": change_password},
        "sort": {"supported": sort},
        "etag": {"supported": True},
        "pagination": pagination,
        "authenticationSchemes": [scheme.dump() for scheme in schemes],
        "meta": _meta(base, "ServiceProviderConfig", "ServiceProviderConfig"),
    }


def _meta(base: str, kind: str, where: str) -> dict[str, str]:
    return {"resourceType": kind, "location": f"{base.rstrip('/')}/{where}"}


def resource_types(types: Sequence[attributes.ResourceType], base: str) -> dict[str, Any]:
    """Make the ListResponse of /ResourceTypes."""
    shown = [{**known.dump(), "meta": _meta(base, "ResourceType", f"ResourceTypes/{known.name}")} for known in types]
    return messages.list_response(shown, len(shown))


def schemas(
    types: Sequence[attributes.ResourceType], base: str, hidden: frozenset[str] = frozenset(), *, own: bool = False
) -> dict[str, Any]:
    """Make the ListResponse of /Schemas: each schema of the types once; `hidden` as for `attributes.without`.

    `own` adds the schemas of what the service says of itself, which RFC 7643 section 7 asks for: every URN in use.
    """
    known: dict[str, attributes.Schema] = {}
    for resource_type in types:
        for schema in (resource_type.schema, *(extension.schema for extension in resource_type.extensions)):
            published = attributes.without(schema.attributes, hidden)
            known.setdefault(schema.urn, replace(schema, attributes=published))
    known |= {schema.urn: schema for schema in OWN_SCHEMAS} if own else {}
    shown = [{**schema.dump(), "meta": _meta(base, "Schema", f"Schemas/{urn}")} for urn, schema in known.items()]
    return messages.list_response(shown, len(shown))
