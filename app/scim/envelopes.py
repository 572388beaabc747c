"""In charge of JSON Schemas (draft 2020-12) of the protocol's messages: lists, errors, PATCH, searches, bulk."""

from app.scim import bulk, errors, jsonschema, messages, operations

Json = jsonschema.Json
SCIM_TYPES = tuple(sorted({kind.scim_type for kind in errors.ScimError.__subclasses__() if kind.scim_type}))
STATUSES = tuple(sorted({str(kind.status) for kind in errors.ScimError.__subclasses__()}))

_TEXT: Json = {"type": "string"}
_COUNT: Json = {"type": "integer", "minimum": 0}
_NAMES: Json = {"type": "array", "items": _TEXT}


def listed(resource: Json, *, described: str) -> Json:
    """Describe a ListResponse of resources that fit `resource`."""
    properties = {
        "schemas": jsonschema.urns(messages.LIST_URN),
        "totalResults": {**_COUNT, "description": "How many there are in all."},
        "itemsPerPage": {**_COUNT, "description": "How many are on this page."},
        "startIndex": {"type": "integer", "minimum": 1, "description": "The first one's place, of a page by index."},
        "nextCursor": {**_TEXT, "description": "Where the next page begins, of a page by cursor that is not the last."},
        "Resources": {"type": "array", "items": resource},
    }
    return jsonschema.whole(properties, ["schemas", "totalResults", "itemsPerPage", "Resources"], description=described)


def error() -> Json:
    """Describe the Error message (RFC 7644 section 3.12)."""
    properties = {
        "schemas": jsonschema.urns(messages.ERROR_URN),
        "status": {**_TEXT, "enum": list(STATUSES), "description": "The HTTP status."},
        "scimType": {**_TEXT, "enum": list(SCIM_TYPES), "description": "What is wrong, in the protocol's words."},
        "detail": {**_TEXT, "description": "What is wrong, in a sentence."},
    }
    return jsonschema.whole(properties, ["schemas", "status", "detail"], description="What went wrong.")


def patch() -> Json:
    """Describe the body of a PATCH (RFC 7644 section 3.5.2)."""
    operation = jsonschema.whole(
        {
            "op": {**_TEXT, "enum": list(operations.OPS), "description": "What to do, in any letter case."},
            "path": {**_TEXT, "description": 'Where: name.familyName, or emails[type eq "work"].value.'},
            "value": {"description": "The value, or without a path an object of attributes."},
        },
        ["op"],
        description="One change.",
    )
    operation |= {"if": {"properties": {"op": {"const": "add"}}}, "then": {"required": ["value"]}}
    listed = {"type": "array", "minItems": 1, "items": operation}
    properties = {"schemas": jsonschema.urns(operations.PATCH_URN), "Operations": listed}
    return jsonschema.whole(
        properties, ["schemas", "Operations"], description="Changes, all or none of which are made."
    )


def search() -> Json:
    """Describe the body of a .search (RFC 7644 section 3.4.3)."""
    properties: Json = {
        "schemas": jsonschema.urns(messages.SEARCH_URN),
        "attributes": _NAMES,
        "excludedAttributes": _NAMES,
    }
    text = {"type": ["string", "null"]}
    properties |= {"filter": {**text, "minLength": 1}, "sortBy": text, "cursor": text}
    properties["sortOrder"] = {**text, "enum": ["ascending", "descending", "", None]}
    properties |= {name: {"type": "integer"} for name in ("startIndex", "count")}
    return jsonschema.whole(properties, ["schemas"], description="A query, as it could stand in a URL.", closed=False)


def bulk_request(max_operations: int) -> Json:
    """Describe a bulk request (RFC 7644 section 3.7)."""
    operation = jsonschema.whole(
        {
            "method": {**_TEXT, "enum": list(bulk.METHODS)},
            "path": {**_TEXT, "description": "/Users for a POST, else /Users/1."},
            "bulkId": {**_TEXT, "description": "A name for what a POST makes; others refer to it as bulkId:name."},
            "version": {**_TEXT, "description": "As If-Match."},
            "data": {"type": "object", "description": "The body that the request would have alone."},
        },
        ["method", "path"],
        description="One request.",
        closed=False,
    )
    listed = {"type": "array", "minItems": 1, "maxItems": max_operations, "items": operation}
    stop = {"type": "integer", "minimum": 1, "description": "After how many errors to stop."}
    properties = {"schemas": jsonschema.urns(bulk.REQUEST_URN), "failOnErrors": stop, "Operations": listed}
    return jsonschema.whole(properties, ["schemas", "Operations"], description="Many requests in one.", closed=False)


def bulk_response() -> Json:
    """Describe the answer to a bulk request."""
    result = jsonschema.whole(
        {
            "method": {**_TEXT, "description": "As it was asked for."},
            "bulkId": _TEXT,
            "version": {**_TEXT, "description": "The resource's entity tag."},
            "location": {**_TEXT, "format": "uri-reference"},
            "status": {**_TEXT, "pattern": "^[1-5][0-9][0-9]$"},
            "response": error(),
        },
        ["method", "status"],
        description="What came of one request.",
    )
    properties = {"schemas": jsonschema.urns(bulk.RESPONSE_URN), "Operations": {"type": "array", "items": result}}
    return jsonschema.whole(
        properties, ["schemas", "Operations"], description="What came of the requests, in their order."
    )
