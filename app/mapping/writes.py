"""In charge of a request's write: one transaction, the change set carried out in it, the journal that tells of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from app.ledger import counters, journal
from app.ledger import groups as memberships
from app.magento import aftermath, cascades, catalog, changes, customers, database, schema, uniqueness
from app.magento import errors as shop_errors
from app.mapping import bridges, claims, clock, labels
from app.scim import errors

T = TypeVar("T")
SHOWN = {"customer_group_code": "displayName"}  # what no rule of mapping.yaml names
MADE = {"User": "customer_entity", "Group": "customer_group"}  # the row whose id is the resource's
DOCUMENTS = {
    "scim_link": frozenset({"document", "user_name", "former_name", "external_id"}),
    "scim_email": frozenset({"value"}),
}
WRITTEN = "written"  # the note on a connection whose transaction has written
SECRETS = {**schema.SECRETS, "scim_inactive": frozenset({"password_hash"})}


@dataclass(frozen=True)
class Deed:
    """What is done to which resource, as the journal names it; `resource_id` None: to the one that is made."""

    operation: str
    resource_type: str
    resource_id: int | None = None
    undoes: int | None = None


class Rehearsed(Exception):
    """Ends a request that is only rehearsed, where it would have written; `rows` is all that it would have."""

    def __init__(self, deed: Deed, rows: list[changes.RowChange]) -> None:
        super().__init__(deed.operation)
        self.deed = deed
        self.rows = rows


def transact(
    bridge: bridges.Bridge, work: Callable[[sa.Connection], T], conflict: Callable[[], errors.Uniqueness]
) -> T:
    """Run one request's work in one transaction and put what the shop says against it in the protocol's words.

    `conflict` finds out, after the database's keys decided, whom the write ran into. Raises Uniqueness, InvalidValue.
    """
    try:
        return database.transaction(bridge.shop.engine, lambda connection: _counting(connection, bridge, work))
    except shop_errors.Duplicate as error:
        rule = bridge.ruleset.rule(error.key)
        if rule is None or rule.target == "email":
            raise conflict() from error
        value = "this value" if rule.mask else repr(error.entry)
        raise errors.Uniqueness(f"{rule.target}: {value} is another customer's (from {rule.supplied_by()}).") from error
    except shop_errors.Changed as error:
        if error.taken:
            raise conflict() from error
        raise
    except shop_errors.Rejected as error:
        rule = bridge.ruleset.rule(error.code)
        place = rule.place if rule else SHOWN.get(error.code, error.code)
        raise errors.InvalidValue(f"{place}: {error.reason}.") from error


def attempt(bridge: bridges.Bridge, work: Callable[[sa.Connection], T]) -> T:
    """Run the work of several requests in one transaction, once. Raises ShopError: then nothing is written.

    But for Unavailable that is `unsure`.
    """
    return database.transaction(bridge.shop.engine, lambda c: _counting(c, bridge, work), attempts=1)


def _counting(connection: sa.Connection, bridge: bridges.Bridge, work: Callable[[sa.Connection], T]) -> T:
    """Do the work and, where anything was written, count it for the caller: last, since that holds a row."""
    connection.info.pop(WRITTEN, None)
    result = work(connection)
    if bridge.origin.counted is not None and connection.info.pop(WRITTEN, False):
        counters.rise(connection, bridge.ledger, [counters.caller(bridge.origin.counted)])
    return result


def carry_out(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    deed: Deed,
    planned: Iterable[changes.RowChange],
    *,
    orders: bool = True,
) -> list[changes.RowChange]:
    """Write a change set, with what Magento's save does beyond it, and tell the journal; none for none.

    `orders`: orders that carry the old e-mail follow a new one, where mapping.yaml lets them. Gives the changes
    executed. What the database takes along with a deleted row is journalled too.
    """
    planned = changes.merged(planned)
    alone = [rule.target for rule in bridge.ruleset.rules if rule.unique]
    if alone:
        uniqueness.refuse_taken(connection, bridge.shop, planned, alone)
    if bridge.rehearsing:
        uniqueness.refuse_taken(connection, bridge.shop, planned)
        uniqueness.refuse_same_email(connection, bridge.shop, planned)
        raise Rehearsed(deed, [*planned, *aftermath.consequences(connection, bridge.shop, planned)])
    planned = labels.settle(connection, bridge, planned)
    if deed.operation in claims.COMING:
        planned += claims.external(connection, bridge, planned)
    planned += claims.plan(connection, bridge, planned)  # holds the e-mails before the shop's are looked at
    going = [change for change in planned if change.before is not None and change.after is None]
    taken = cascades.capture(connection, bridge.shop.cascades(), bridge.shop.prefix, going) if going else []
    planned += _counted(connection, bridge, deed, [*planned, *taken])
    orders = orders and bridge.ruleset.consequences.orders
    owner = deed.resource_id if deed.resource_type == "User" else None
    done = customers.write(connection, bridge.shop, planned, tables=bridge.tables, orders=orders, owner=owner)
    if done:
        tell(connection, bridge, deed, done, taken)
    return done


def guarded(
    connection: sa.Connection, bridge: bridges.Bridge, planned: Iterable[changes.RowChange]
) -> tuple[list[changes.RowChange], list[tuple[str, Any]]]:
    """Put together all that a new customer's plan comes to, and the values that nobody else may have: (code, value).

    For `carry_out_newcomers`. Raises Duplicate.
    """
    planned = changes.merged(planned)
    alone = [rule.target for rule in bridge.ruleset.rules if rule.unique]
    only = [each for each in uniqueness.guarded(bridge.shop, planned, alone) if each[0] != "email"]
    planned += claims.external(connection, bridge, planned)
    planned += claims.plan(connection, bridge, planned)
    return planned, only


def carry_out_newcomers(
    connection: sa.Connection, bridge: bridges.Bridge, deed: Deed, plans: Sequence[Sequence[changes.RowChange]]
) -> list[list[changes.RowChange]]:
    """Write the plans of several new customers, each as `guarded` gave it and about its own rows alone.

    Each has an entry of its own in the journal. Gives the changes executed.
    """
    alone = [rule.target for rule in bridge.ruleset.rules if rule.unique]
    if alone:
        every = [change for plan in plans for change in plan]
        uniqueness.refuse_taken(connection, bridge.shop, every, alone)
    done = customers.write_newcomers(connection, bridge.shop, plans, bridge.tables)
    tell_all(connection, bridge, deed, [(each, ()) for each in done])
    return done


def tell(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    deed: Deed,
    done: Iterable[changes.RowChange],
    taken: Iterable[changes.RowChange] = (),
) -> None:
    """Write the journal's entry of executed changes; `taken`: rows that went, or were cut loose, with them."""
    tell_all(connection, bridge, deed, [(list(done), taken)])


def tell_all(
    connection: sa.Connection,
    bridge: bridges.Bridge,
    deed: Deed,
    pairs: Iterable[tuple[Sequence[changes.RowChange], Iterable[changes.RowChange]]],
) -> None:
    """Write the journal's entries of several deeds, of each what was done and taken; see `tell`."""
    entries = []
    for done, taken in pairs:
        entries.append(_entry(bridge, deed, done, taken))
        bridge.told(done)
    connection.info[WRITTEN] = True
    journal.record_all(connection, bridge.ledger, bridge.settings.journal_key, entries, hidden(bridge))


def _entry(
    bridge: bridges.Bridge, deed: Deed, done: Sequence[changes.RowChange], taken: Iterable[changes.RowChange]
) -> journal.Entry:
    rows = [journal.Row(c.table, c.key, c.before, c.after) for c in done]
    rows += [journal.Row(c.table, c.key, c.before, c.after, cascade=True) for c in taken]
    own = [change for change in done if change.table == MADE.get(deed.resource_type)] or done
    made = next((value for value in own[0].key.values() if isinstance(value, int)), 0)
    return journal.Entry(
        request_id=bridge.origin.request_id,
        at=datetime.now(UTC).replace(tzinfo=None),
        tenant=bridge.tenant,
        actor=bridge.origin.actor,
        token_id=bridge.origin.token_id,
        profile=bridge.profile.name,
        operation=deed.operation,
        resource_type=deed.resource_type,
        resource_id=made if deed.resource_id is None else deed.resource_id,
        rows=tuple(rows),
        reasons=_reasons(bridge, done),
        undoes=deed.undoes,
    )


def _counted(
    connection: sa.Connection, bridge: bridges.Bridge, deed: Deed, rows: Iterable[changes.RowChange]
) -> list[changes.RowChange]:
    """Plan the next version of groups whose members come or go, but for the one that the deed itself is about."""
    found = [{**(c.before or {}), **(c.after or {}), **c.key} for c in rows if c.table == "scim_membership"]
    own = deed.resource_id if deed.resource_type == "Group" else None
    ids = {int(row["group_id"]) for row in found if "group_id" in row} - {own}
    held = memberships.fetch(connection, bridge.ledger, ids, lock=True) if ids else {}
    return [
        changes.RowChange(
            "scim_group",
            {"group_id": group_id},
            {"version": group.version, "modified_at": group.modified_at},
            {"version": group.version + 1, "modified_at": clock.now()},
        )
        for group_id, group in sorted(held.items())
    ]


def attribute_of(bridge: bridges.Bridge, table: str, row: Mapping[str, Any], column: str) -> str | None:
    """Name the customers' attribute that a column of a row holds; None for any other."""
    attributes = bridge.shop.catalog.customer
    if table == "customer_entity":
        return column if column in attributes else None
    if column != "value" or "attribute_id" not in row:
        return None
    held = row["attribute_id"]
    return next((a.code for a in attributes.values() if a.table == table and a.attribute_id == held), None)


def _reasons(bridge: bridges.Bridge, done: Iterable[changes.RowChange]) -> dict[str, dict[str, Any]]:
    """Say of each changed attribute which line of mapping.yaml gave its value, and from where."""
    found = {}
    for change in done:
        for column in change.after or ():
            code = attribute_of(bridge, change.table, change.key, column)
            rule = bridge.ruleset.rule(code) if code else None
            if rule is not None and rule.goes_in:
                found[rule.target] = {"line": rule.line, "from": rule.supplied_by()}
    return found


def hidden(bridge: bridges.Bridge) -> journal.Hidden:
    """Say which columns may not be read in the journal: secrets, masked attributes, documents that hold such."""
    fields = (field for address in bridge.ruleset.addresses for field in address.fields)
    masked = [rule.attribute for rule in (*bridge.ruleset.rules, *fields) if rule.mask]

    def holds(attribute: catalog.Attribute, table: str, row: Mapping[str, Any], column: str) -> bool:
        if (attribute.table, attribute.column) != (table, column):
            return False
        return attribute.static or row.get("attribute_id") == attribute.attribute_id

    def judge(table: str, row: Mapping[str, Any], column: str) -> bool:
        if column in SECRETS.get(table, ()):
            return True
        if not masked:
            return False
        return column in DOCUMENTS.get(table, ()) or any(holds(each, table, row, column) for each in masked)

    return judge
