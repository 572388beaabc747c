"""In charge of the section `tests` of mapping.yaml: users as they are sent, and what must come of them."""

from collections.abc import Collection, Mapping
from typing import Any

from app.mapping import rules
from app.mapping.reading import words
from app.mapping.yamlfile import Node

WORDS = ("name", "tenant", "given", "expect", "error")
Addresses = Mapping[str, rules.Address]
USUAL = "urn:ietf:params:scim:schemas:core:2.0:User"


def read(
    reader: words.Reader, node: Node | None, tenant: str, tenants: Collection[str], addresses: Addresses
) -> list[rules.Example]:
    """Read the section as far as it is about one tenant of those there are; what cannot be read is left out."""
    if node is None:
        return []
    if not isinstance(node.value, list):
        reader.note(node, f"tests must be a list, one entry for each user, not {node.kind}")
        return []
    found = [_entry(reader, each, tenant, tenants, addresses) for each in node.value]
    return [each for each in found if each]


def _entry(
    reader: words.Reader, node: Node, tenant: str, tenants: Collection[str], addresses: Addresses
) -> rules.Example | None:
    if not reader.mapping(node, "a test"):
        return None
    reader.known(node, WORDS, "a test")
    missing = [word for word in ("name", "given") if word not in node.value]
    if missing or ("expect" in node.value) == ("error" in node.value):
        reader.note(node, "a test needs `name`, `given`, and either `expect` or `error`")
        return None
    whose = node.value.get("tenant")
    if whose is not None and whose.text not in tenants:
        reader.note(whose, f"there is no tenant {whose.text!r}: this test would never run", whose.text, tenants)
    if whose is not None and whose.text != tenant:
        return None
    name = reader.text(node.value["name"], "a name") or ""
    given = _body(reader, node.value["given"])
    error = reader.text(node.value["error"], "`error`") if "error" in node.value else None
    expect = {}
    for key, value in reader.mapping(node.value["expect"], "expect").items() if "expect" in node.value else ():
        place = node.value["expect"].keys[key]
        if _expectable(reader, place, addresses):
            expect[key] = (value.plain(), value.line, value.column)
    return rules.Example(name, given, expect, error, node.line, node.column)


def _expectable(reader: words.Reader, key: Node, addresses: Addresses) -> bool:
    """Check what a test may expect: customer.<code>, group, <address>.<field>, or a whole <address>: null."""
    known = ["group", *(f"customer.{each}" for each in reader.customer)]
    known += [f"{name}.{field.target}" for name, address in addresses.items() for field in address.fields]
    right = key.text in known or key.text in addresses
    if not right:
        reader.note(key, f"a test cannot expect {key.text!r}", key.text, [*known, *addresses])
    return right


def _body(reader: words.Reader, node: Node) -> dict[str, Any]:
    """Give the body as a client would send it: prefixes written out, `schemas` said."""
    body: dict[str, Any] = {}
    for key, value in reader.mapping(node, "given").items():
        prefix, _, name = key.partition(":")
        urn = reader.prefixes.get(prefix)
        if urn is not None and name:
            body.setdefault(urn, {})[name] = value.plain()
        elif urn is not None and isinstance(value.value, dict):
            body.setdefault(urn, {}).update(value.plain())
        else:
            body[key] = value.plain()
    return {"schemas": [USUAL, *(key for key in body if key.startswith("urn:"))], **body}
