"""What we know of customers, read beside the shop's rows: link, mark, memberships, addresses, all in one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from app.ledger import links, marks, tables

TENANT = "tenant"  # the parameter of the statement


@dataclass(frozen=True, slots=True)
class Record:
    """What we know of one customer.

    `groups`: those, no other tenant's, that it is a member of, its newest first; `addresses`: the rule's name -> the
    address.
    """

    link: links.Link | None = None
    mark: marks.Mark | None = None
    groups: Sequence[int] = ()
    addresses: Mapping[str, int] = field(default_factory=dict)


EMPTY = Record()


def beside(
    query: sa.Select[Any], ledger: tables.Tables, customer: sa.Column[Any], *, addresses: bool
) -> sa.Select[Any]:
    """Add what a record is made of to a query of customers, `addresses` only where they are wanted.

    The query's parameter TENANT says for whom it is read.
    """
    link, mark, table = ledger.link, ledger.inactive, customer.table
    joined = table.outerjoin(link, link.c.entity_id == customer).outerjoin(mark, mark.c.entity_id == customer)
    columns = [column.label(f"{own.name}_{column.name}") for own in (link, mark) for column in own.columns]
    kept = _addresses(ledger, customer) if addresses else sa.null().label("no_addresses")
    return query.select_from(joined).add_columns(*columns, _groups(ledger, customer), kept)


def _groups(ledger: tables.Tables, customer: sa.Column[Any]) -> sa.ColumnElement[Any]:
    member, group = ledger.membership, ledger.group
    tenant: sa.BindParameter[Any] = sa.bindparam(TENANT)
    newest_first = member.c.group_id.op("ORDER BY")(member.c.membership_id.desc())
    return (
        sa.select(sa.func.group_concat(newest_first))
        .select_from(member.outerjoin(group, group.c.group_id == member.c.group_id))
        .where(member.c.entity_id == customer, sa.func.coalesce(group.c.tenant, tenant) == tenant)
        .scalar_subquery()
        .label("in_groups")
    )


def _addresses(ledger: tables.Tables, customer: sa.Column[Any]) -> sa.ColumnElement[Any]:
    kept = ledger.address
    each = sa.func.concat(kept.c.address_id, " ", kept.c.name)  # a rule's name has neither blanks nor commas
    held = sa.select(sa.func.group_concat(each)).where(kept.c.entity_id == customer)
    return held.scalar_subquery().label("has_addresses")


def of(ledger: tables.Tables, values: Sequence[Any]) -> Record:
    """Take a record out of the values that `beside` added to a row."""
    links_end = len(ledger.link.columns)
    marks_end = links_end + len(ledger.inactive.columns)
    groups, addresses = values[marks_end:]
    if values[0] is None and values[links_end] is None and not groups and not addresses:
        return EMPTY
    return Record(
        links.of(values[:links_end]) if values[0] is not None else None,
        marks.of(ledger, values[links_end:marks_end]),
        [int(group_id) for group_id in groups.split(",")] if groups else (),
        dict(_kept(each) for each in addresses.split(",")) if addresses else {},
    )


def _kept(text: str) -> tuple[str, int]:
    address_id, _, name = text.partition(" ")
    return name, int(address_id)
