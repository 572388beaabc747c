"""In charge of carrying out a bulk request: the order of its operations, and who stands for which bulkId.

What an operation does is not known here: `run` calls back for each (RFC 7644 section 3.7).

Operations run in the client's order, but one that names a bulkId not yet made waits until it is, and an operation on
the same resource waits behind it. What is still waiting at the end stands in a circle: a POST of it is carried out
without the values that hold open references, and a PATCH adds these once they are known (RFC 7644 section 3.7.1).
"""

import heapq
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from app.scim import bulk, errors, operations

PREFIX = "bulkId:"
# a whole text; the last part of a URI; a literal in a PATCH path
_REFERENCE = re.compile(r'^bulkId:([^/"]+)$|(?<=[/"])bulkId:([^/"\s\]]+)')

Execute = Callable[[bulk.Operation], bulk.Result]
Locate = Callable[[bulk.Operation], str | None]


def references(value: Any) -> Iterator[str]:
    """Walk the bulkIds that a JSON value names: as a whole text, as a URI's last part, or quoted in a PATCH path."""
    if isinstance(value, str):
        if PREFIX in value:
            yield from (whole or part for whole, part in _REFERENCE.findall(value))
    elif isinstance(value, dict):
        for held in value.values():
            yield from references(held)
    elif isinstance(value, list):
        for held in value:
            yield from references(held)


def resolve(value: Any, known: Mapping[str, str]) -> Any:
    """Put ids in the place of the bulkIds that are known."""
    if isinstance(value, str):
        if PREFIX not in value:
            return value
        return _REFERENCE.sub(lambda match: known.get(match[1] or match[2], match[0]), value)
    if isinstance(value, dict):
        return {key: resolve(held, known) for key, held in value.items()}
    return [resolve(held, known) for held in value] if isinstance(value, list) else value


def without_references(data: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Take the values that name bulkIds out of a new resource; gives the rest, and PATCH operations that add them."""
    kept: dict[str, Any] = {}
    later: list[dict[str, Any]] = []
    for key, held in data.items():
        if not any(references(held)):
            kept[key] = held
        elif isinstance(held, dict) and ":" in key:
            inner, more = without_references(held)
            later += [{**each, "path": f"{key}:{each['path']}"} for each in more]
            if inner:
                kept[key] = inner
        elif isinstance(held, list):
            kept[key] = [value for value in held if not any(references(value))]
            later.append({"op": "add", "path": key, "value": [value for value in held if any(references(value))]})
        else:
            later.append({"op": "add", "path": key, "value": held})
    return kept, later


def run(
    request: bulk.Request, execute: Execute, locate: Locate = lambda _: None
) -> list[tuple[bulk.Operation, bulk.Result]]:
    """Carry out a bulk request; gives what ran with its results, in the client's order.

    `execute` carries out one operation, its references resolved, and gives a result (`bulk.failure` for an error).
    `locate` gives the location of an operation's resource for the results of operations that are never executed.
    """
    job = _Job(request, execute, locate)
    job.run()
    return [(request.operations[index], job.results[index]) for index in sorted(job.results)]


Token = str | int  # a bulkId that must be known, or the index of an operation that must be done


class _Job:
    """A bulk request under way."""

    def __init__(self, request: bulk.Request, execute: Execute, locate: Locate) -> None:
        self.request = request
        self.execute = execute
        self.locate = locate
        self.posts = {o.bulk_id: o for o in request.operations if o.method == "POST" and o.bulk_id and not o.error}
        self.known: dict[str, str] = {}
        self.failed: set[str] = set()
        self.results: dict[int, bulk.Result] = {}
        self.bad = 0
        self.pending: dict[int, bulk.Operation] = {}  # by index: what waits
        self.needs: dict[int, set[Token]] = {}
        self.wanted: dict[Token, list[int]] = defaultdict(list)  # what waits for a token
        self.ready: list[int] = []  # a heap: what need not wait any more
        self.last: dict[str, int] = {}  # by path: the last operation that waits

    @property
    def stopped(self) -> bool:
        """Whether failOnErrors is reached."""
        limit = self.request.fail_on_errors
        return limit is not None and self.bad >= limit

    def run(self) -> None:
        for operation in self.request.operations:
            self.admit(operation)
            self.drain()
            if self.stopped:
                break
        while self.pending and not self.stopped:
            self.break_circle()
            self.drain()
        for index in self.pending.keys() & self.results.keys():
            told = "The resource was created without its references: the request stopped before they were known."
            self.results[index] = bulk.failure(errors.Conflict(told), self.results[index].location)

    def admit(self, operation: bulk.Operation) -> None:
        """Let an operation run, or wait for what it needs."""
        needs: set[Token] = set()
        if operation.error is None:
            named = {*references(operation.data), *references(operation.path)}
            needs |= {name for name in named if name in self.posts} - self.known.keys() - self.failed
            if operation.method != "POST":
                before = self.last.get(operation.path)
                needs |= {before} if before in self.pending else set()
        self.pending[operation.index] = operation
        self.needs[operation.index] = needs
        for token in needs:
            self.wanted[token].append(operation.index)
        if not needs:
            heapq.heappush(self.ready, operation.index)
        elif operation.method != "POST":
            self.last[operation.path] = operation.index

    def drain(self) -> None:
        """Run what is ready, the client's first first."""
        while self.ready and not self.stopped:
            operation = self.pending.pop(heapq.heappop(self.ready), None)
            if operation is not None:  # else it has run, and a second token of it came
                self.note(operation, self.result(operation))

    def settle(self, token: Token) -> None:
        """Tell those who wait that a bulkId is known (or will never be), or that an operation is done."""
        for index in self.wanted.pop(token, ()):
            needs = self.needs[index]
            needs.discard(token)
            if not needs and index in self.pending:
                heapq.heappush(self.ready, index)

    def result(self, operation: bulk.Operation) -> bulk.Result:
        """Carry out an operation of which nothing is open."""
        location = None if operation.method == "POST" else self.locate(operation)
        if operation.error is not None:
            return bulk.failure(operation.error, location)
        data, path = resolve(operation.data, self.known), resolve(operation.path, self.known)
        lost = self.lost({*references(data), *references(path)})
        return bulk.failure(lost, location) if lost else self.execute(replace(operation, data=data, path=path))

    def lost(self, named: set[str]) -> errors.ScimError | None:
        """Say what is wrong with bulkIds that will never be known."""
        for name in sorted(named):
            if name in self.failed:
                return errors.Conflict(f"The resource of bulkId {name!r} was not created.")
            if name not in self.posts:
                return errors.InvalidValue(f"No POST of this request has the bulkId {name!r}.")
        return None

    def note(self, operation: bulk.Operation, result: bulk.Result) -> None:
        """Keep a result, and what it says of a bulkId. A PATCH that completes a POST becomes part of its result."""
        created = self.results.get(operation.index)
        if created is not None and result.failed:
            result = replace(result, location=created.location)
        elif created is not None:
            result = replace(created, version=result.version or created.version)
        self.results[operation.index] = result
        self.bad += result.failed
        name = operation.bulk_id
        if operation.method == "POST" and name is not None and operation.error is None:
            if result.failed or result.resource_id is None:
                self.failed.add(name)
            else:
                self.known[name] = result.resource_id
            self.settle(name)
        self.settle(operation.index)

    def break_circle(self) -> None:
        """Create one resource of a circle without its open references, and let a PATCH wait for these."""
        chosen = self.pending.pop(self.in_circle())
        kept, later = without_references(resolve(chosen.data, self.known))
        lost = self.lost(set(references(later)))
        result = bulk.failure(lost) if lost else self.result(replace(chosen, data=kept))
        self.note(chosen, result)
        if not result.failed and result.resource_id is not None:
            data = {"schemas": [operations.PATCH_URN], "Operations": later}
            path = f"{chosen.endpoint}/{result.resource_id}"
            self.admit(bulk.Operation(chosen.index, "PATCH", path, data=data))

    def in_circle(self) -> int:
        """Find an operation of a circle: follow what each waits for until one comes again; the client's first of it."""
        here = next(operation.index for operation in self.pending.values() if operation.method == "POST")
        way: list[int] = []
        while here not in way:
            way.append(here)
            name = next(token for token in self.needs[here] if isinstance(token, str))
            here = self.posts[name].index
        return min(way[way.index(here) :])
