"""In charge of filters that name users, by id, userName, externalId, e-mail or group: an index finds a superset."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app.ledger import links
from app.magento import values
from app.mapping import bridges, columns, conditions, group_ids, group_members
from app.scim import trees

FEW = 20  # whom a filter names: so many are read and judged without asking SQL first


def keys(bridge: bridges.Bridge, node: trees.Node) -> sa.Select[Any] | sa.CompoundSelect[Any] | None:
    """Select the ids of a superset by an index; None where the filter names nobody."""
    match node:
        case trees.Compare(op="eq", value=value) if value is not None:
            return _key(bridge, str(node.path), value)
        case trees.And(parts=parts):
            return next((found for part in parts if (found := keys(bridge, part)) is not None), None)
        case trees.Or(parts=parts):
            named = [found for part in parts if (found := keys(bridge, part)) is not None]
            return sa.union(*(sa.select(one.subquery()) for one in named)) if len(named) == len(parts) else None
        case trees.Has(path=path, inner=inner) if str(path) in ("emails", "groups"):
            key = f"{path}.value"
            return next((_key(bridge, key, each.value) for each in trees.conjuncts(inner) if _names_value(each)), None)
    return None


def _key(bridge: bridges.Bridge, path: str, value: Any) -> sa.Select[Any] | sa.CompoundSelect[Any] | None:
    if path == "groups.value":
        member, number = bridge.ledger.membership, group_ids.number(value)
        put = sa.select(member.c.entity_id).where(member.c.group_id == number)
        theirs = (group_members.in_shop_group(bridge, number), group_members.held_aside(bridge, number))
        return sa.union(put, *theirs)
    given = _sought(bridge, path, value)
    return None if given is None else _having(bridge, given)


def named(connection: sa.Connection, bridge: bridges.Bridge, node: trees.Node) -> list[int] | None:
    """Find the few among whom those are that a filter fits which names somebody; None for any other filter.

    One who is found need not be this tenant's. Raises InvalidFilter.
    """
    if isinstance(node, trees.And):
        conditions.translate(bridge, node)  # which raises for what cannot be asked
    sought = next((found for part in _conjuncts(node) if (found := _asked(bridge, part)) is not None), None)
    if sought is None:
        return None
    path, given = sought
    ids = connection.execute(_prepared(bridge, path, given), given).scalars().all()
    return list(ids) if len(ids) <= FEW else None


def _prepared(bridge: bridges.Bridge, path: str, given: Mapping[str, Any]) -> Any:
    def build() -> Any:
        parameters: dict[str, Any] = {
            name: sa.bindparam(name, expanding=isinstance(value, list)) for name, value in given.items()
        }
        return _having(bridge, parameters).limit(FEW + 1)

    return bridge.shop.prepared(("named", path), build)


def _asked(bridge: bridges.Bridge, node: trees.Node) -> tuple[str, dict[str, Any]] | None:
    """Give the path that an index has, and what is sought there, of a comparison that names somebody."""
    match node:
        case trees.Compare(op="eq", path=path, value=value) if value is not None:
            text = str(path)
        case trees.Has(path=path, inner=inner) if str(path) == "emails":
            text = "emails.value"
            value = next((each.value for each in trees.conjuncts(inner) if _names_value(each)), None)
        case _:
            return None
    given = _sought(bridge, text, value) if value is not None else None
    return None if given is None else (text, given)


def _sought(bridge: bridges.Bridge, path: str, value: Any) -> dict[str, Any] | None:
    """Say what an index is asked for by a path; None where none has it."""
    match path:
        case "id":
            return {"number": _number(value)}
        case "externalId" if not columns.is_from_elsewhere(bridge, path):
            return {"tenant": bridge.tenant, "external_id": value}
        case "userName" if not columns.is_from_elsewhere(bridge, path):
            nameless = re.fullmatch(r"customer-(\d+)", value, re.ASCII | re.I)
            number = _number(nameless[1] if nameless else "")
            named = {"tenant": bridge.tenant, "user_name": links.fold(value), "number": number}
            return {**named, "emails": _spellings(value)}
        case "emails.value" if not columns.is_from_elsewhere(bridge, "emails"):
            return {"further": links.key(value), "emails": _spellings(value)}
    return None


def _having(bridge: bridges.Bridge, given: Mapping[str, Any]) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """Select the ids of those who have at a path what is given, be it values or parameters."""
    entity, link, email = bridge.shop.tables["customer_entity"], bridge.ledger.link, bridge.ledger.email
    found = []
    if "number" in given:
        found.append(sa.select(entity.c.entity_id).where(entity.c.entity_id == given["number"]))
    for name in ("user_name", "external_id"):
        if name in given:
            mine = link.c.tenant == given["tenant"]
            found.append(sa.select(link.c.entity_id).where(mine, link.c[name] == given[name]))
    if "further" in given:
        found.append(sa.select(email.c.entity_id).where(email.c.value == given["further"]))
    if "emails" in given:
        found.append(sa.select(entity.c.entity_id).where(entity.c.email.in_(given["emails"])))
    return found[0] if len(found) == 1 else sa.union(*found)


def _conjuncts(node: trees.Node) -> Sequence[trees.Node]:
    return node.parts if isinstance(node, trees.And) else (node,)


def _names_value(node: trees.Compare) -> bool:
    return node.op == "eq" and node.value is not None and node.leaf.name == "value"


def _number(value: Any) -> int:
    """Read an id; 0, which nobody has, for what is none."""
    text = str(value)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 11 else 0
    return number if number < 2**32 else 0


def _spellings(value: str) -> list[str]:
    """Give the forms of an e-mail by which the shop's index finds it: its collation minds neither case nor accents,
    but how a letter is composed. What no Magento could have stored would make the database convert every row."""
    folded = links.fold(value)
    forms = (value, folded, *(unicodedata.normalize(form, value) for form in ("NFC", "NFD")), folded.replace("ss", "ß"))
    return [form for form in dict.fromkeys(forms) if values.storable(form)] or [""]
