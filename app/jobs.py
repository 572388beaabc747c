"""Bulk: the requests in one body, each carried out as if it had come alone, in its own transaction."""

import urllib.parse
from typing import Any

from app import errors as translation
from app import requests
from app.mapping import bridges, groups, users
from app.scim import bulk, errors
from app.scim import jobs as bulk_jobs

ENDPOINTS = ("/Users", "/Groups")


def run(bridge: bridges.Bridge, body: Any, max_operations: int) -> dict[str, Any]:
    """Carry out a BulkRequest and give the BulkResponse; raises what is wrong with the message as a whole."""
    strict = bridge.profile.name == "strict"
    request = bulk.parse(body, ENDPOINTS, max_operations=max_operations, strict=strict, base=bridge.base_url)

    def locate(operation: bulk.Operation) -> str | None:
        return f"{bridge.base_url}{urllib.parse.quote(operation.path)}" if operation.resource_id else None

    def execute(operation: bulk.Operation) -> bulk.Result:
        try:
            return _execute(bridge, operation)
        except Exception as error:
            return bulk.failure(translation.translate(error), locate(operation) if operation.method != "POST" else None)

    return bulk.response(bulk_jobs.run(request, execute, locate))


def _execute(bridge: bridges.Bridge, operation: bulk.Operation) -> bulk.Result:
    room: Any = users if operation.endpoint == "/Users" else groups
    loaded = bridge.ruleset.accepted if room is users else groups.ACCEPTED
    shown = bridge.ruleset.published if room is users else groups.ACCEPTED
    check = requests.check(operation.version)
    resource_id = operation.resource_id or ""
    match operation.method:
        case "POST":
            resource = room.create(bridge, requests.resource(bridge, "create", loaded, operation.data))
            return _done(resource, 201)
        case "PUT":
            resource = requests.resource(bridge, "replace", loaded, operation.data)
            return _done(room.replace(bridge, resource_id, resource, check), 200)
        case "PATCH":
            operations = requests.operations(bridge, shown, operation.data)
            return _done(room.modify(bridge, resource_id, operations, check), 200)
        case "DELETE":
            room.delete(bridge, resource_id, check)
            return bulk.Result(204, resource_id, f"{bridge.base_url}{operation.endpoint}/{resource_id}")
    raise errors.InvalidSyntax(f"{operation.method} is no method of a bulk operation.")


def _done(resource: dict[str, Any], status: int) -> bulk.Result:
    meta = resource["meta"]
    return bulk.Result(status, resource["id"], meta["location"], meta["version"])
