"""In charge of how groups stand: the shop's, with our record of them, as the resources that a client reads."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.ledger import groups as memberships
from app.magento import groups as shop_groups
from app.mapping import bridges, group_ids, group_members, group_type, turns
from app.scim import errors, lazy, messages
from app.sql import sending

Resource = dict[str, Any]


@dataclass(frozen=True)
class Held:
    """A group as it stands: the shop's code and our record of it (None: not managed yet)."""

    group_id: int
    code: str
    record: memberships.Group | None

    @property
    def name(self) -> str:
        """The whole name."""
        return self.record.display_name if self.record else self.code


def one(connection: sa.Connection, bridge: bridges.Bridge, group_id: str, *, lock: bool = False) -> Held:
    """Read one group by the id that it shows; `lock`: in its turn, and its row is locked. Raises NotFound."""
    number = group_ids.number(group_id)
    if lock:
        turns.of_group(connection, bridge, number)
    held = fetch(connection, bridge, [number], lock=lock).get(number) if number else None
    if held is None:
        raise errors.NotFound(f"There is no group {group_id!r}.")
    return held


def names(connection: sa.Connection, bridge: bridges.Bridge, ids: Collection[int]) -> dict[int, str]:
    """Give the whole names of some groups."""
    return {group_id: held.name for group_id, held in fetch(connection, bridge, ids).items()}


def fetch(
    connection: sa.Connection, bridge: bridges.Bridge, ids: Collection[int] | None = None, *, lock: bool = False
) -> dict[int, Held]:
    """Read groups that this tenant may see, without those that are hidden, in one message."""
    if ids is not None and not ids:
        return {}

    def build() -> tuple[sending.Text, sending.Text]:
        table, record = bridge.shop.tables["customer_group"], bridge.ledger.group
        query = sa.select(table.c.customer_group_id, table.c.customer_group_code).order_by(table.c.customer_group_id)
        query, records = query.with_for_update() if lock else query, sa.select(record)
        if ids is not None:
            query = query.where(sending.among(table.c.customer_group_id, "ids"))
            records = records.where(sending.among(record.c.group_id, "ids"))
        return sending.Text(query, connection.dialect), sending.Text(records, connection.dialect)

    texts = bridge.shop.prepared(("groups", ids is None, lock), build)
    given = {} if ids is None else {"ids": sorted(set(ids))}
    groups, known = sending.ask(connection, *(sending.Order(text, given) for text in texts))
    records = {record.group_id: record for record in map(memberships.of, known.rows)}
    found = {}
    for group_id, code in groups.rows:
        record = records.get(group_id)
        hidden = {shop_groups.BLOCKED, *bridge.ruleset.groups.hidden}
        shown = group_id != shop_groups.GUESTS and code not in hidden
        if shown and (record is None or record.tenant == bridge.tenant):
            found[group_id] = Held(group_id, code, record)
    return found


def seen(bridge: bridges.Bridge, group_id: int) -> sa.ColumnElement[bool]:
    """Give the condition that there is a group which this tenant may see."""
    group, record = bridge.shop.tables["customer_group"], bridge.ledger.group
    hidden = [shop_groups.BLOCKED, *sorted(bridge.ruleset.groups.hidden)]
    query = sa.exists().where(group.c.customer_group_id == group_id, group.c.customer_group_id != shop_groups.GUESTS)
    others = sa.exists().where(record.c.group_id == group_id, record.c.tenant != bridge.tenant)
    return sa.and_(query.where(group.c.customer_group_code.not_in(hidden)), sa.not_(others))


def dress(connection: sa.Connection, bridge: bridges.Bridge, held: Held, *, members: bool) -> Resource:
    """Make the resource. Its ETag counts changes, so that it needs no member."""
    record = held.record
    resource: Resource = {"id": group_ids.text(held.group_id), "displayName": held.name}
    if record and record.external_id is not None:
        resource["externalId"] = record.external_id
    created = record.created_at if record else bridge.settings.installed_at
    modified = record.modified_at if record else created
    dressed = messages.dress(resource, group_type.ACCEPTED, bridge.base_url, created, modified)
    changed = [record.version if record else 0, messages.timestamp(modified)]  # undoing takes back the count
    dressed["meta"]["version"] = messages.etag({**resource, "changed": changed})
    ids = group_members.find(connection, bridge, held.group_id) if members else []
    if ids:
        dressed["members"] = shown(bridge, ids)
    return dressed


def dress_all(connection: sa.Connection, bridge: bridges.Bridge, some: list[Held], *, members: bool) -> list[Resource]:
    """Make the resources of some groups, whose members are read at once."""
    ids = group_members.of_groups(connection, bridge, [held.group_id for held in some]) if members else {}
    found = [dress(connection, bridge, held, members=False) for held in some]
    for held, resource in zip(some, found, strict=True):
        if ids.get(held.group_id):
            resource["members"] = shown(bridge, ids[held.group_id])
    return found


def shown(bridge: bridges.Bridge, ids: Collection[int]) -> lazy.Lazy:
    """Give members by their ids, each made when it is shown."""
    users = f"{bridge.base_url}/Users/"
    return lazy.Lazy(ids, lambda i: {"value": str(i), "$ref": f"{users}{i}", "type": "User"})
