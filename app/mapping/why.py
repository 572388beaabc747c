"""In charge of why an attribute of a user has its value: the changes of it, out of the journal."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.ledger import journal
from app.magento import database
from app.mapping import bridges, writes
from app.scim import errors, paths


@dataclass(frozen=True)
class Step:
    """One change of the attribute. `line`, `source`: the rule's, where one gave the value. Times are naive UTC."""

    at: datetime
    before: Any
    after: Any
    operation: str
    request_id: str
    actor: str
    line: int | None
    source: str | None

    def plain(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return {**self.__dict__, "at": self.at.isoformat() + "Z"}


def find(bridge: bridges.Bridge, entity_id: int, attribute: str) -> list[Step]:
    """Find the changes of a user's attribute, the newest first.

    `attribute`: a code of the shop's, else a SCIM path: the attributes its rules fill, and the document's value. Raises
    InvalidPath for what is neither.
    """
    codes, path = _meant(bridge, attribute)
    wanted = journal.Wanted(resource_type="User", resource_id=entity_id, tenant=bridge.tenant)
    with database.reading(bridge.shop.reader) as connection:
        entries = journal.fetch(connection, bridge.ledger, wanted)
    return [step for entry in entries for step in _steps(bridge, entry, codes, path)]


def _meant(bridge: bridges.Bridge, attribute: str) -> tuple[set[str], paths.Path | None]:
    if attribute in bridge.shop.catalog.customer:
        return {attribute}, None
    try:
        path = paths.parse(attribute, bridge.ruleset.accepted)
    except errors.ScimError as error:
        sentence = f"{attribute!r} is neither an attribute of the shop's customers nor a SCIM path: {error.detail}"
        raise errors.InvalidPath(sentence) from error
    return {rule.target for rule in bridge.ruleset.rules if path in rule.sources}, path


def _steps(bridge: bridges.Bridge, entry: journal.Entry, codes: set[str], path: paths.Path | None) -> Iterator[Step]:
    def step(before: Any, after: Any, reason: Mapping[str, Any]) -> Step:
        who = (entry.operation, entry.request_id, entry.actor)
        return Step(entry.at, before, after, *who, reason.get("line"), reason.get("from"))

    for row, column, before, after in journal.columns(entry.rows):
        known = {**row.key, **(row.before or {}), **(row.after or {})}
        code = writes.attribute_of(bridge, row.table, known, column)
        if code in codes and before != after:
            yield step(before, after, entry.reasons.get(str(code), {}))
        if path is not None and (row.table, column) == ("scim_link", "document"):
            old, new = _read(before, path), _read(after, path)
            if old != new:
                yield step(old, new, {"from": str(path)})


def _read(document: Any, path: paths.Path) -> Any:
    """Give a path's value in a journalled document; the mark of one that is hidden."""
    if not isinstance(document, str):
        return document
    found = list(paths.read(json.loads(document), path))
    return found[0] if len(found) == 1 else found or None
