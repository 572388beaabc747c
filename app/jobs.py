"""Bulk: the requests in one body, each carried out as if it had come alone: it is written whole, or nothing of it.

New users that come one after another are made together (mapping/crowds.py).
"""

import logging
import time
import urllib.parse
from collections.abc import Callable
from functools import partial
from typing import Any

from app import errors as translation
from app import requests
from app.magento import errors as shop_errors
from app.mapping import bridges, crowds, group_type, groups, users
from app.scim import bulk, errors
from app.scim import jobs as bulk_jobs

ENDPOINTS = ("/Users", "/Groups")
CROWD = 100  # new users in one transaction, at most
STATUSES = {"POST": 201, "PUT": 200, "PATCH": 200}
LATER = bulk.Result(202)  # stands for the result of a new user that is made together with others
Check = Callable[[str], None] | None
Act = Callable[[bulk.Operation], bulk.Result]
log = logging.getLogger(__name__)


def run(bridge: bridges.Bridge, body: Any, max_operations: int, seconds: float) -> dict[str, Any]:
    """Carry out a BulkRequest and give the BulkResponse; raises what is wrong with the message as a whole.

    An operation that would begin later than after `seconds` is not carried out but answered 503.
    """
    deadline = time.monotonic() + seconds
    strict = bridge.profile.name == "strict"
    request = bulk.parse(body, ENDPOINTS, max_operations=max_operations, strict=strict, base=bridge.base_url)

    def locate(operation: bulk.Operation) -> str | None:
        return f"{bridge.base_url}{urllib.parse.quote(operation.path)}" if operation.resource_id else None

    def attempt(operation: bulk.Operation, act: Act) -> bulk.Result:
        try:
            if time.monotonic() > deadline:
                raise errors.Unavailable(f"This request has taken {seconds:g} s already: send the operation again.", 1)
            return act(operation)
        except Exception as error:
            return bulk.failure(translation.translate(error), locate(operation) if operation.method != "POST" else None)

    crowd = _Crowd(bridge, request, attempt)
    done = bulk_jobs.run(request, crowd.execute, locate)
    crowd.end()
    return bulk.response([(operation, crowd.results.get(operation.index, result)) for operation, result in done])


class _Crowd:
    """New users who come one after another, for as long as nobody waits for one of them.

    results: by the operation's index, of those who were there.
    """

    def __init__(
        self, bridge: bridges.Bridge, request: bulk.Request, attempt: Callable[[bulk.Operation, Act], bulk.Result]
    ) -> None:
        named = {name for each in request.operations for name in bulk_jobs.references([each.data, each.path])}
        self.named: set[str] | None = None if request.fail_on_errors is not None else named
        self.bridge, self.attempt = bridge, attempt
        self.results: dict[int, bulk.Result] = {}
        self.there: list[tuple[bulk.Operation, users.Coming]] = []

    def execute(self, operation: bulk.Operation) -> bulk.Result:
        """Carry out an operation; where it makes a user that is done later, with those behind it."""
        if not self._takes(operation):
            self.end()
            return self.attempt(operation, partial(_execute, self.bridge))
        result = self.attempt(operation, self._receive)
        if len(self.there) >= CROWD:
            self.end()
        return result

    def end(self) -> None:
        """Make those who are there: together, and alone whoever is left; nobody where nobody knows who was made."""
        there, self.there = self.there, []
        made: dict[int, users.Resource] = {}
        try:
            if len(there) > 1:
                made = crowds.make(self.bridge, [coming for _, coming in there])
        except shop_errors.Unavailable as error:
            if error.unsure:
                self.results |= {each.index: bulk.failure(translation.translate(error)) for each, _ in there}
                return
            log.info("new users are made one by one: %s", error)
        except Exception as error:
            log.info("new users are made one by one: %s", error, exc_info=not isinstance(error, shop_errors.ShopError))
        for place, (operation, coming) in enumerate(there):
            resource = made.get(place)
            self.results[operation.index] = (
                self.attempt(operation, partial(self._alone, coming)) if resource is None else _made(resource)
            )

    def _receive(self, operation: bulk.Operation) -> bulk.Result:
        coming = users.coming(self.bridge, *requests.user(self.bridge, "create", operation.data))
        self.there.append((operation, coming))
        return LATER

    def _alone(self, coming: users.Coming, _operation: bulk.Operation) -> bulk.Result:
        return _made(users.make(self.bridge, coming))

    def _takes(self, operation: bulk.Operation) -> bool:
        new = operation.method == "POST" and operation.endpoint == "/Users" and operation.error is None
        return new and self.named is not None and operation.bulk_id not in self.named


def _execute(bridge: bridges.Bridge, operation: bulk.Operation) -> bulk.Result:
    carry_out = _user if operation.endpoint == "/Users" else _group
    resource = carry_out(bridge, operation, operation.resource_id or "", requests.check(operation.version))
    if resource is None:
        return bulk.Result(204, operation.resource_id, f"{bridge.base_url}{operation.path}")
    return _made(resource, STATUSES[operation.method])


def _made(resource: dict[str, Any], status: int = STATUSES["POST"]) -> bulk.Result:
    meta = resource["meta"]
    return bulk.Result(status, resource["id"], meta["location"], meta["version"])


def _user(bridge: bridges.Bridge, operation: bulk.Operation, user_id: str, check: Check) -> dict[str, Any] | None:
    """Carry out an operation on a user; gives the resource, None where it is gone."""
    match operation.method:
        case "POST":
            return users.create(bridge, *requests.user(bridge, "create", operation.data))
        case "PUT":
            resource, changes = requests.user(bridge, "replace", operation.data)
            return users.replace(bridge, user_id, resource, check, changes)
        case "PATCH":
            operations, changes = requests.user_operations(bridge, operation.data)
            return users.modify(bridge, user_id, operations, check, changes)
    users.delete(bridge, user_id, check)
    return None


def _group(bridge: bridges.Bridge, operation: bulk.Operation, group_id: str, check: Check) -> dict[str, Any] | None:
    """Carry out an operation on a group, none of whose members is read: the answer shows no resource."""
    match operation.method:
        case "POST":
            resource = requests.resource(bridge, "create", group_type.ACCEPTED, operation.data)
            return groups.create(bridge, resource, members=False)
        case "PUT":
            resource = requests.resource(bridge, "replace", group_type.ACCEPTED, operation.data)
            return groups.replace(bridge, group_id, resource, check, members=False)
        case "PATCH":
            operations = requests.operations(bridge, group_type.ACCEPTED, operation.data)
            return groups.modify(bridge, group_id, operations, check, members=False).resource
    groups.delete(bridge, group_id, check)
    return None
