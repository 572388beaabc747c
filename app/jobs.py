"""Bulk: the requests in one body, each carried out as if it had come alone: it is written whole, or nothing of it.

New users that come one after another share a transaction, behind a savepoint each: the disk is waited for once.
"""

import contextlib
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from app import errors as translation
from app import requests
from app.magento import database
from app.magento import errors as shop_errors
from app.mapping import bridges, group_type, groups, users
from app.scim import bulk, errors
from app.scim import jobs as bulk_jobs

ENDPOINTS = ("/Users", "/Groups")
CROWD = 50  # new users in one transaction, at most
STATUSES = {"POST": 201, "PUT": 200, "PATCH": 200}
Check = Callable[[str], None] | None


def run(bridge: bridges.Bridge, body: Any, max_operations: int, seconds: float) -> dict[str, Any]:
    """Carry out a BulkRequest and give the BulkResponse; raises what is wrong with the message as a whole.

    An operation that would begin later than after `seconds` is not carried out but answered 503.
    """
    deadline = time.monotonic() + seconds
    strict = bridge.profile.name == "strict"
    request = bulk.parse(body, ENDPOINTS, max_operations=max_operations, strict=strict, base=bridge.base_url)

    def locate(operation: bulk.Operation) -> str | None:
        return f"{bridge.base_url}{urllib.parse.quote(operation.path)}" if operation.resource_id else None

    def execute(operation: bulk.Operation) -> bulk.Result:
        try:
            if time.monotonic() > deadline:
                raise errors.Unavailable(f"This request has taken {seconds:g} s already: send the operation again.", 1)
            return _execute(bridge, operation)
        except Exception as error:
            return bulk.failure(translation.translate(error), locate(operation) if operation.method != "POST" else None)

    crowd = _Crowd(bridge, request, execute)
    with crowd.transaction:
        done = bulk_jobs.run(request, crowd.execute, locate)
        crowd.end()
    return bulk.response([(operation, crowd.results.get(operation.index, result)) for operation, result in done])


class _Crowd:
    """New users who come one after another, for as long as nobody waits for one of them.

    results: by the operation's index, of those who had to be made again alone, because their transaction was lost.
    """

    def __init__(self, bridge: bridges.Bridge, request: bulk.Request, alone: bulk_jobs.Execute) -> None:
        named = {name for each in request.operations for name in bulk_jobs.references([each.data, each.path])}
        makes_choices = any(rule.option and rule.option.missing == "create" for rule in bridge.ruleset.rules)
        self.named: set[str] | None = None if makes_choices or request.fail_on_errors is not None else named
        self.engine, self.alone = bridge.shop.engine, alone
        self.results: dict[int, bulk.Result] = {}
        self.there: list[bulk.Operation] = []
        self.transaction = contextlib.ExitStack()
        self.shared: database.Shared | None = None

    def execute(self, operation: bulk.Operation) -> bulk.Result:
        """Carry out an operation, with those before it where it makes a user."""
        if not self._takes(operation):
            self.end()
            return self.alone(operation)
        if self.shared is None:
            try:
                self.shared = self.transaction.enter_context(database.shared(self.engine))
            except shop_errors.ShopError:
                return self.alone(operation)
        self.there.append(operation)
        result = self.alone(operation)
        if self.shared.lost or len(self.there) >= CROWD:
            self.end()
        return self.results.get(operation.index, result)

    def end(self) -> None:
        """Commit those who are there; where that fails each is made alone, or has failed, where nobody knows."""
        if self.shared is None:
            return
        there, self.there, lost, self.shared = self.there, [], self.shared.lost, None
        try:
            self.transaction.close()
        except shop_errors.ShopError as error:
            if isinstance(error, shop_errors.Unavailable) and not lost:
                self.results |= {each.index: bulk.failure(translation.translate(error)) for each in there}
            else:
                self.results |= {each.index: self.alone(each) for each in there}

    def _takes(self, operation: bulk.Operation) -> bool:
        new = operation.method == "POST" and operation.endpoint == "/Users" and operation.error is None
        return new and self.named is not None and operation.bulk_id not in self.named


def _execute(bridge: bridges.Bridge, operation: bulk.Operation) -> bulk.Result:
    carry_out = _user if operation.endpoint == "/Users" else _group
    resource = carry_out(bridge, operation, operation.resource_id or "", requests.check(operation.version))
    if resource is None:
        return bulk.Result(204, operation.resource_id, f"{bridge.base_url}{operation.path}")
    meta = resource["meta"]
    return bulk.Result(STATUSES[operation.method], resource["id"], meta["location"], meta["version"])


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
