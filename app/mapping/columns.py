"""In charge of where SQL finds what a client reads of a user: a column of the shop's, of ours, or in the document.

And of who puts it there: which rules show the shop's value at a path.
"""

import sqlalchemy as sa

from app.mapping import bridges, clauses, rules
from app.scim import trees


def active(bridge: bridges.Bridge) -> clauses.Condition:
    """Whether the user is active: as the shop says, and not deactivated here."""
    entity, mark = bridge.shop.tables["customer_entity"], bridge.ledger.inactive
    marked = sa.select(mark.c.entity_id).where(mark.c.entity_id == entity.c.entity_id)
    return sa.and_(entity.c.is_active == 1, sa.not_(marked.correlate(entity).exists()))


def linked(bridge: bridges.Bridge) -> clauses.Condition:
    """Whether the user is managed."""
    return bridge.ledger.link.c.entity_id.is_not(None)


def email_name(bridge: bridges.Bridge) -> clauses.Column:
    """Give the userName of somebody who is not managed."""
    entity = bridge.shop.tables["customer_entity"]
    nameless = sa.func.concat("customer-", entity.c.entity_id)
    return sa.func.coalesce(sa.func.nullif(entity.c.email, ""), nameless)


def modified(bridge: bridges.Bridge) -> clauses.Column:
    """Give when the user was last modified: here, or in the shop."""
    entity, link = bridge.shop.tables["customer_entity"], bridge.ledger.link
    return sa.func.greatest(entity.c.updated_at, sa.func.coalesce(link.c.modified_at, entity.c.updated_at))


def of_rule(bridge: bridges.Bridge, rule: rules.Rule) -> clauses.Column:
    """Give the shop's column of a rule, null where it is empty."""
    return sa.func.nullif(bridge.shop.tables["customer_entity"].c[rule.attribute.column], "")


def in_document(
    bridge: bridges.Bridge, path: trees.Path, *, whole: bool = False, index: int | None = None
) -> clauses.Column:
    """Give the document's value at a path as text, or as JSON (`whole`); null where it is not there.

    `index`: which of the values of a multi-valued attribute.
    """
    place = "$" + (f'."{path.urn}"' if path.urn else "")
    if path.attribute is not None:
        place += f'."{path.attribute.name}"' + (f"[{index}]" if index is not None else "")
    if path.sub is not None:
        place += f'."{path.sub.name}"'
    value = sa.func.json_extract(bridge.ledger.link.c.document, place)
    if whole:
        return value
    return sa.func.json_unquote(value).collate("utf8mb4_bin")


def writers(bridge: bridges.Bridge, path: trees.Path) -> list[rules.Rule]:
    """Find the rules that may put the shop's value at a path, or anywhere below a bare attribute."""
    return [rule for rule in bridge.ruleset.rules if rule.comes_out and touches(rule.sources[0], path)]


def is_addressed(bridge: bridges.Bridge, path: trees.Path) -> bool:
    """Say whether the shop's addresses may be shown at a path, or anywhere below a bare attribute."""
    kept = bridge.ruleset.addresses
    fields = (field for rule in kept for field in rule.fields if field.comes_out)
    return any(rule.root.top == path.top for rule in kept) or any(touches(field.sources[0], path) for field in fields)


def is_from_elsewhere(bridge: bridges.Bridge, attribute: str) -> bool:
    """Say whether a rule shows anything but the shop's e-mail at an attribute."""
    return is_addressed(bridge, trees.Path(None, bridge.ruleset.accepted.find(attribute))) or any(
        rule.target != "email" and rule.comes_out and str(rule.sources[0].top) == attribute
        for rule in bridge.ruleset.rules
    )


def touches(source: trees.Path, path: trees.Path) -> bool:
    """Say whether what is written at a source can be seen at a path."""
    if source.top != path.top:
        return False
    return path.sub is None or source.sub is None or source.filter is not None or str(source) == str(path)


def is_plain(rule: rules.Rule, path: trees.Path) -> bool:
    """Say whether a rule shows the text of a column of the shop as it is."""
    turned = rule.lookup or rule.option or rule.out or rule.type != "string" or rule.attribute.type != "string"
    return rule.attribute.static and not turned and rule.sources[0] == path
