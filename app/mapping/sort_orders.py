"""In charge of lists that SQL sorts: by which column. What it cannot sort is read and put in order by ordering."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app.mapping import bridges, clauses, columns, comparisons
from app.scim import cursors, paths, trees

PRIMARIES = 5  # values of a multi-valued attribute among which a sort looks for the primary one


@dataclass(frozen=True)
class Order:
    """How a list is sorted: by an attribute of the users, then by rising id; by id alone where there is none.

    Who has no value comes last, first when descending (RFC 7644 section 3.4.2.3).
    """

    column: sa.ColumnElement[Any] | None = None
    descending: bool = False

    def clauses(self, ids: sa.ColumnElement[int]) -> list[sa.ColumnElement[Any]]:
        """Give the terms of ORDER BY."""
        if self.column is None:
            return [ids]
        absent = self.column.is_(None)
        return [absent.desc(), self.column.desc(), ids] if self.descending else [absent, self.column, ids]

    def after(self, ids: sa.ColumnElement[int], place: cursors.Place) -> sa.ColumnElement[bool]:
        """Give the condition of those who come after a place."""
        last, value = place.last_id, place.last_value
        if self.column is None:
            return ids > last
        absent = self.column.is_(None)
        if value is None:
            same = sa.and_(absent, ids > last)
            return sa.or_(same, sa.not_(absent)) if self.descending else same
        same = sa.and_(self.column == value, ids > last)
        if self.descending:
            return sa.or_(self.column < value, same)
        return sa.or_(self.column > value, same, absent)


def knows(bridge: bridges.Bridge, path: trees.Path) -> bool:
    """Say whether SQL knows what users are sorted by: what several rows make together it does not."""
    text = str(path)
    if text in ("id", "meta.location", "userName"):
        return True
    if text == "emails.value":
        return not columns.is_from_elsewhere(bridge, "emails")
    if text in ("groups", "meta.version") or text.startswith("groups.") or columns.is_addressed(bridge, path):
        return False
    return all(columns.is_plain(rule, path) for rule in columns.writers(bridge, path))


def by(bridge: bridges.Bridge, path: trees.Path, descending: bool) -> Order:
    """Sort by a path, as `sorting.path` gives it: the shop's column where it has the value, else the document's.

    Texts are compared by their letters' numbers, without case where it does not count: no locale is implied.
    """
    entity, link, text = bridge.shop.tables["customer_entity"], bridge.ledger.link, str(path)
    known: dict[str, sa.ColumnElement[Any]] = {
        "id": comparisons.wide(entity.c.entity_id).collate("utf8mb4_bin"),
        "meta.location": comparisons.wide(entity.c.entity_id).collate("utf8mb4_bin"),
        "userName": comparisons.sortable(_user_name(bridge)),
        "externalId": link.c.external_id,
        "active": sa.case((columns.active(bridge), 1), else_=0),
        "emails.value": comparisons.sortable(_email(bridge)),
        "meta.created": entity.c.created_at,
        "meta.lastModified": columns.modified(bridge),
    }
    writers = [rule for rule in columns.writers(bridge, path) if rule.attribute.static and rule.sources[0] == path]
    if writers and path.attribute is not None and path.leaf is not None and not path.attribute.multi:
        column = columns.of_rule(bridge, writers[0])
        if text == "userName":
            column = sa.func.coalesce(comparisons.lower(column), _user_name(bridge))
        elif path.leaf.exact:
            return Order(comparisons.wide(column).collate("utf8mb4_bin"), descending)
        return Order(comparisons.sortable(column) if path.leaf.type == "string" else column, descending)
    if text in known:
        return Order(known[text], descending)
    leaf = path.leaf
    column = _first(bridge, path)
    if leaf is not None and leaf.type in ("integer", "decimal"):
        column = sa.cast(column, sa.Numeric(30, 10))
    return Order(column if leaf is None or leaf.exact else comparisons.sortable(column), descending)


def _email(bridge: bridges.Bridge) -> clauses.Column:
    """Give the e-mail that counts: the shop's, but of several in the document the primary one, else the first.

    Whose document has none has none here, also where the shop has given the customer another one since.
    """
    emails = paths.parse("emails.value", bridge.ruleset.accepted)
    count = sa.func.json_length(columns.in_document(bridge, emails.top, whole=True))
    email = sa.func.nullif(bridge.shop.tables["customer_entity"].c.email, "")
    shop_s = sa.case((sa.func.coalesce(count, 0) == 0, sa.null()), else_=email)
    return sa.case((sa.not_(columns.linked(bridge)), email), (count > 1, _first(bridge, emails)), else_=shop_s)


def _first(bridge: bridges.Bridge, path: trees.Path) -> clauses.Column:
    """Give the document's value at a path, of a multi-valued attribute the primary one's, else the first one's."""
    attribute = path.attribute
    if attribute is None or not attribute.multi:
        return columns.in_document(bridge, path)
    first = columns.in_document(bridge, path, index=0)
    if attribute.find("primary") is None:
        return first
    primary = trees.Path(path.urn, attribute, sub=attribute.find("primary"))
    cases = [
        (columns.in_document(bridge, primary, index=i) == "true", columns.in_document(bridge, path, index=i))
        for i in range(1, PRIMARIES)
    ]
    return sa.case(*cases, else_=first)


def _user_name(bridge: bridges.Bridge) -> clauses.Column:
    """Give the compared form of the userName, as far as SQL knows it for those who are not managed."""
    return sa.func.coalesce(bridge.ledger.link.c.user_name, comparisons.lower(columns.email_name(bridge)))
