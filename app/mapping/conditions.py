"""SCIM filters as SQL over the shop's and our own tables: which users a list holds.

A filter is judged by what a client would read: the document corrected by the shop. SQL says of each user whether the
filter fits, or that it cannot tell (values inside multi-valued attributes, letters whose case folding no collation
knows, labels): those few the protocol's own evaluator judges (search).
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from app.ledger import links
from app.magento import addresses
from app.mapping import bridges, clauses, columns, comparisons, group_ids, group_members, group_standing
from app.scim import errors, trees

GIVEN = ("id", "meta", "schemas", "active", "groups", "emails", "userName")  # not, or not only, in the document
FINDING = ("eq", "co", "sw", "ew")


def translate(bridge: bridges.Bridge, node: trees.Node) -> clauses.Clause:
    """Translate a filter."""
    match node:
        case trees.And(parts=parts):
            return clauses.joined([translate(bridge, part) for part in parts], sa.and_)
        case trees.Or(parts=parts):
            return clauses.joined([translate(bridge, part) for part in parts], sa.or_)
        case trees.Not(part=part):
            return translate(bridge, part).turned()
        case trees.Compare():
            return _compare(bridge, node)
        case trees.Present(path=path):
            return _present(bridge, path)
        case trees.Has(path=path, inner=trees.Compare(op="eq", value=str(value)) as inner) if (
            str(path) == "groups" and inner.leaf.name == "value"
        ):
            return _in_group(bridge, value)
        case trees.Has(path=path):
            return _in_document(bridge, path)
    raise TypeError(f"no such filter node: {node!r}")


def _compare(bridge: bridges.Bridge, node: trees.Compare) -> clauses.Clause:
    path = str(node.path)
    if path == "meta.resourceType":
        return clauses.exactly(clauses.TRUE if trees.evaluate(node, _given(bridge)) else clauses.FALSE)
    if path in ("active", "id", "userName", "meta.created", "meta.lastModified"):
        return _own(bridge, node, path)
    if path == "emails.value" and node.op in FINDING and node.value is not None:
        return _emails(bridge, node)
    if path == "groups.value" and node.op == "eq" and node.value is not None:
        return _in_group(bridge, node.value)
    if not _single(node.path):
        absent = node.op == "ne" or node.value is None
        return clauses.ANY if absent else _in_document(bridge, node.path)
    if node.value is None:
        held = _shown(bridge, node.path, lambda column: clauses.exactly(column.is_not(None)))
        return held if node.op == "ne" else held.turned()
    if node.op == "ne":
        return _shown(bridge, node.path, comparisons.test(node, "eq")).turned()
    return _shown(bridge, node.path, comparisons.test(node, node.op))


def _given(bridge: bridges.Bridge) -> dict[str, Any]:
    """Give what every user has alike."""
    return {"meta": {"resourceType": bridge.ruleset.accepted.name}}


def _own(bridge: bridges.Bridge, node: trees.Compare, path: str) -> clauses.Clause:
    """Compare what the service itself keeps or gives, which everybody has."""
    entity = bridge.shop.tables["customer_entity"]
    if node.value is None:
        return clauses.exactly(clauses.TRUE if node.op == "ne" else clauses.FALSE)
    if path == "active":
        active = columns.active(bridge)
        return clauses.exactly(active if node.value == (node.op == "eq") else sa.not_(active))
    if node.op == "ne":
        return _own(bridge, trees.Compare(node.path, "eq", node.value), path).turned()
    if path == "id":
        return comparisons.test(node, node.op)(sa.cast(entity.c.entity_id, mysql.CHAR(10, charset="utf8mb4")))
    if path == "userName":
        return _named(bridge, node)
    moment = entity.c.created_at if path == "meta.created" else columns.modified(bridge)
    return clauses.exactly(comparisons.at(moment, node))


def _named(bridge: bridges.Bridge, node: trees.Compare) -> clauses.Clause:
    """Compare the userName: the link has its compared form; without a link, or by a rule, it is the shop's."""
    test, name = comparisons.test(node, node.op), bridge.ledger.link.c.user_name
    kept = clauses.exactly(comparisons.decided(comparisons.operate(name, node.op, node.comparable)))
    free = clauses.joined([clauses.exactly(sa.not_(columns.linked(bridge))), test(columns.email_name(bridge))], sa.and_)
    writers = columns.writers(bridge, node.path)
    if not writers:
        return clauses.joined([kept, free], sa.or_)
    if not all(columns.is_plain(rule, node.path) for rule in writers):
        return clauses.ANY
    theirs = [test(columns.of_rule(bridge, rule)) for rule in writers]
    may = sa.or_(kept.may, free.may, *(clause.may for clause in theirs))
    return clauses.Clause(may, sa.or_(sa.and_(kept.sure, *(clause.sure for clause in theirs)), free.sure))


def _in_group(bridge: bridges.Bridge, value: Any) -> clauses.Clause:
    """Whoever was put into a group here, and whom the shop has in it, but for those about whom it is not so sure:
    the deactivated, who may be held elsewhere, and those who are in it unasked."""
    number, entity = group_ids.number(value), bridge.shop.tables["customer_entity"]
    if not number:
        return clauses.exactly(clauses.FALSE)
    member, mark = bridge.ledger.membership, bridge.ledger.inactive
    put = sa.exists().where(member.c.entity_id == entity.c.entity_id, member.c.group_id == number)
    aside = sa.exists().where(mark.c.entity_id == entity.c.entity_id, mark.c.group_id == number)
    there = entity.c.group_id == number
    by_default = number in group_members.unasked(bridge)
    chosen = clauses.FALSE if by_default else sa.and_(there, columns.active(bridge), sa.not_(aside))
    return clauses.Clause(sa.or_(put, there, aside), sa.and_(group_standing.seen(bridge, number), sa.or_(put, chosen)))


def _emails(bridge: bridges.Bridge, node: trees.Compare) -> clauses.Clause:
    """Any of the e-mails: the shop's, or a further one of the document."""
    entity, email = bridge.shop.tables["customer_entity"], bridge.ledger.email
    if columns.is_from_elsewhere(bridge, "emails"):
        return clauses.ANY
    wanted = links.fold(str(node.value)) if node.op != "eq" else links.key(str(node.value))
    long = sa.func.char_length(email.c.value) == links.KEY
    further = sa.select(email.c.entity_id).where(
        email.c.entity_id == entity.c.entity_id, sa.or_(comparisons.operate(email.c.value, node.op, wanted), long)
    )
    return clauses.at_most(sa.or_(comparisons.test(node, node.op)(entity.c.email).may, further.exists()))


def _shown(bridge: bridges.Bridge, path: trees.Path, test: comparisons.Test) -> clauses.Clause:
    """Test a single text: the document's, or the shop's where a rule shows it and it is another by now."""
    own = test(bridge.ledger.link.c.external_id if str(path) == "externalId" else columns.in_document(bridge, path))
    writers = columns.writers(bridge, path)
    taken = any(
        rule.comes_out and any(columns.touches(source, path) for source in rule.sources[1:])
        for rule in bridge.ruleset.rules
    )
    if columns.is_addressed(bridge, path):
        return clauses.ANY
    if not writers and not taken:
        return own
    if not all(columns.is_plain(rule, path) for rule in writers):
        return clauses.ANY
    theirs = [test(columns.of_rule(bridge, rule)) for rule in writers]
    may = sa.or_(own.may, *(clause.may for clause in theirs))
    sure = sa.and_(*(clause.sure for clause in theirs)) if theirs and not taken else clauses.FALSE
    return clauses.Clause(may, sa.and_(sa.or_(own.sure, sa.not_(columns.linked(bridge))), sure))


def _present(bridge: bridges.Bridge, path: trees.Path) -> clauses.Clause:
    text = str(path)
    if text in ("id", "userName", "active", "meta", "meta.created", "meta.lastModified", "schemas"):
        return clauses.exactly(clauses.TRUE)
    if not _single(path):
        return _in_document(bridge, path)
    return _shown(bridge, path, lambda column: clauses.exactly(comparisons.decided(comparisons.binary(column) != b"")))


def _in_document(bridge: bridges.Bridge, path: trees.Path) -> clauses.Clause:
    """Whoever fits must have the attribute in the document, unless the shop may supply it."""
    if path.attribute is not None and path.attribute.returned == "request":
        raise errors.InvalidFilter(f"{path.top} is made when it is asked for: it cannot be searched for.")
    if path.attribute is None or path.attribute.name in GIVEN or columns.writers(bridge, path.top):
        return clauses.ANY
    there = columns.in_document(bridge, path.top, whole=True).is_not(None)
    return clauses.at_most(sa.or_(there, _has_address(bridge)) if columns.is_addressed(bridge, path.top) else there)


def _has_address(bridge: bridges.Bridge) -> clauses.Condition:
    """Whether the shop has an address that may be shown: a default one, or one that is remembered for a rule."""
    entity, kept = bridge.shop.tables["customer_entity"], bridge.ledger.address
    held = sa.select(kept.c.address_id).where(kept.c.entity_id == entity.c.entity_id).exists()
    return sa.or_(*(entity.c[column].is_not(None) for column in addresses.DEFAULTS.values()), held)


def _single(path: trees.Path) -> bool:
    """Say whether a path names one simple text in the document."""
    leaf = path.leaf
    if leaf is None or path.attribute is None or path.filter is not None or path.attribute.name in GIVEN:
        return False
    return not path.attribute.multi and not leaf.multi and leaf.type in ("string", "reference")
