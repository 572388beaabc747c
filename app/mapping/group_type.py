"""The Group type: as it is accepted, and as it is published."""

from dataclasses import replace
from typing import Any

from app.scim import attributes

ACCEPTED = attributes.GROUP_TYPE


def _published() -> attributes.ResourceType:
    """Give the Group type as it is published: members are users, their names are taken from clients, but not kept."""
    members = ACCEPTED.schema.find("members")
    assert members is not None
    changed: dict[str, dict[str, Any]] = {
        "display": {"mutability": "readOnly"},
        "type": {"canonical": ("User",)},
        "$ref": {"references": ("User",)},
    }
    subs = tuple(replace(sub, **changed.get(sub.name, {})) for sub in members.sub)
    kept = tuple(replace(members, sub=subs) if each is members else each for each in ACCEPTED.schema.attributes)
    return replace(ACCEPTED, schema=replace(ACCEPTED.schema, attributes=kept))


PUBLISHED = _published()
