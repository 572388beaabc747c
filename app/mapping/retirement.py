"""In charge of the way out: a tenant's users become customers of the shop like any other, and are ours no more.

What stands in the shop stays. Our rows of a user go in one transaction, in the journal, so that it may be stopped
anywhere, done again, and taken back. The leavers stay locked by Magento's own means, or get back what was taken.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from app.ledger import groups as memberships
from app.ledger import links, marks
from app.magento import blocking, changes, customers, database, doors
from app.mapping import bridges, clock, leaving, turns, writes

BATCH = 100
KEEP, RESTORE = "keep-locked", "restore"
OURS = ("scim_email", "scim_address", "scim_membership", "scim_shared_email", "scim_held", "scim_external_id")
Row = changes.RowChange


def documents(bridge: bridges.Bridge) -> Iterator[dict[str, Any]]:
    """Walk what we know of a tenant's users and groups, as JSON has it; no hash of a password."""
    after = 0
    while ids := _ids(bridge, after):
        with database.reading(bridge.shop.engine) as connection:
            linked = links.fetch(connection, bridge.ledger, ids)
            marked = marks.fetch(connection, bridge.ledger, ids)
            put = memberships.of_customers(connection, bridge.ledger, bridge.tenant, ids)
        for entity_id, link in sorted(linked.items()):
            shown = _plain(link, marked.get(entity_id))
            yield {"type": "User", "tenant": bridge.tenant, **shown, "groups": sorted(put.get(entity_id, []))}
        after = ids[-1]
    with database.reading(bridge.shop.engine) as connection:
        found = memberships.fetch(connection, bridge.ledger)
    for group in found.values():
        if group.tenant == bridge.tenant:
            shown = {"group": group.group_id, "displayName": group.display_name, "externalId": group.external_id}
            yield {"type": "Group", "tenant": bridge.tenant, **shown}


def _plain(link: links.Link, mark: marks.Mark | None) -> dict[str, Any]:
    taken = None
    if mark is not None:
        taken = {name: _time(value) for name, value in mark.items() if name != "password_hash"}
    return {
        "customer": link.entity_id,
        "externalId": link.external_id,
        "document": link.document,
        "created": _time(link.created_at),
        "modified": _time(link.modified_at),
        "deleted": _time(link.deleted_at),
        "deletion": link.deleted_how,
        "deactivation": taken,
    }


def _time(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str) else f"{value.isoformat()}Z"


def users(bridge: bridges.Bridge, leavers: str) -> Iterator[int]:
    """Retire a tenant's users, BATCH in one transaction; gives how many more are done. `leavers`: KEEP or RESTORE."""
    while ids := _ids(bridge, 0):
        yield database.transaction(bridge.shop.engine, lambda c, ids=ids: _retire(c, bridge, ids, leavers))  # type: ignore[misc]


def _ids(bridge: bridges.Bridge, after: int) -> list[int]:
    link = bridge.ledger.link
    query = sa.select(link.c.entity_id).where(link.c.tenant == bridge.tenant, link.c.entity_id > after)
    with database.reading(bridge.shop.engine) as connection:
        return list(connection.execute(query.order_by(link.c.entity_id).limit(BATCH)).scalars())


def _retire(connection: sa.Connection, bridge: bridges.Bridge, ids: list[int], leavers: str) -> int:
    turns.of_users(connection, bridge, ids)
    found = customers.fetch(connection, bridge.shop, ids, codes=(), lock=True)
    linked = links.fetch(connection, bridge.ledger, list(found))
    marked = marks.fetch(connection, bridge.ledger, list(found))
    for entity_id, link in linked.items():
        how = KEEP if link.deleted_how == links.ANONYMOUS else leavers
        planned = _doors(connection, bridge, found[entity_id], leaving.taken(marked.get(entity_id)), how)
        planned += changes.removal(connection, bridge.tables, OURS, entity_id, "entity_id")
        planned.append(Row("scim_link", {"entity_id": entity_id}, links.as_row(link), None))
        writes.carry_out(connection, bridge, writes.Deed("retire", "User", entity_id), planned, orders=False)
    return len(ids)


def _doors(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    customer: customers.Customer,
    taken: doors.Taken | None,
    leavers: str,
) -> list[Row]:
    """Plan what becomes of a leaver: our mark goes; the doors stay as they are, or open."""
    if taken is None:
        return []
    if leavers == RESTORE:
        return leaving.settle(connection, bridge, customer, taken, [], True, clock.now())
    return leaving.forget(customer.entity_id, taken)


def rest(bridge: bridges.Bridge, leavers: str) -> None:
    """Retire what is left of a tenant: its groups, who was put into them, and the count of those who left."""
    group, departure = bridge.ledger.group, bridge.ledger.departure
    with database.reading(bridge.shop.engine) as connection:
        ids = list(connection.execute(sa.select(group.c.group_id).where(group.c.tenant == bridge.tenant)).scalars())
    for group_id in ids:

        def work(connection: sa.Connection, group_id: int = group_id) -> None:
            planned = changes.removal(
                connection, bridge.tables, ["scim_membership", "scim_group"], group_id, "group_id"
            )
            writes.carry_out(connection, bridge, writes.Deed("retire", "Group", group_id), planned)

        database.transaction(bridge.shop.engine, work)
    gone = departure.delete().where(departure.c.tenant == bridge.tenant)
    database.transaction(bridge.shop.engine, lambda c: c.execute(gone).rowcount)
    nobodys = sa.select(bridge.ledger.link.c.entity_id).limit(1)
    with database.reading(bridge.shop.engine) as connection:
        last = connection.execute(nobodys).first() is None
    if last:
        database.transaction(bridge.shop.engine, lambda c: _last(c, bridge, leavers))


def _last(connection: sa.Connection, bridge: bridges.Bridge, leavers: str) -> None:
    """Retire what is no tenant's: marks and memberships of whom nobody manages, and our group where it is empty."""
    loose = list(connection.execute(sa.select(bridge.ledger.inactive.c.entity_id)).scalars())
    turns.of_users(connection, bridge, loose)
    found = customers.fetch(connection, bridge.shop, loose, codes=(), lock=True)
    for entity_id, mark in marks.fetch(connection, bridge.ledger, list(found)).items():
        planned = _doors(connection, bridge, found[entity_id], leaving.taken(mark), leavers)
        writes.carry_out(connection, bridge, writes.Deed("retire", "User", entity_id), planned)
    connection.execute(bridge.ledger.membership.delete())
    planned = blocking.removal(connection, bridge.shop, clock.now())
    if planned:
        group_id = planned[-1].key["customer_group_id"]
        writes.carry_out(connection, bridge, writes.Deed("retire", "Group", group_id), planned)
