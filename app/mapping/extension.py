"""The User resource type of one shop: the extension schemas that the mapping's prefixes name, typed by the shop.

What is published is stored: an extension attribute exists because a rule uses it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from app.magento import catalog, shop
from app.mapping import rules
from app.mapping.yamlfile import Node
from app.scim import attributes

OWN = "urn:magento-scim:params:scim:schemas:magento:2.0:Customer"  # what the service itself tells of a user
DOORS = attributes.Attribute(
    "doors",
    "complex",
    multi=True,
    description="Every way into the account, open or shut, and why.",
    mutability="readOnly",
    returned="request",
    sub=(
        attributes.Attribute("name", description="The way in.", mutability="readOnly"),
        attributes.Attribute("open", "boolean", description="Whether it is open.", mutability="readOnly"),
        attributes.Attribute("reason", description="Why it is open or shut.", mutability="readOnly"),
    ),
)
USED = r'"(?:[^"\\]|\\.)*"|(?<![\w:.])(NAMES):([A-Za-z][\w$-]*)'
Described = tuple[catalog.Attribute | None, Node]
"""A rule as it stands in the file, and the shop's attribute that it is about, None where there is none."""
PUBLISHED_TYPES = {"integer": "integer", "decimal": "decimal", "boolean": "boolean", "dateTime": "dateTime"}


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node.value, dict):
        for inner in node.value.values():
            yield from _texts(inner)
    elif isinstance(node.value, list):
        for inner in node.value:
            yield from _texts(inner)
    elif isinstance(node.value, str):
        yield node.value


def _used(prefixes: Mapping[str, str], node: Node) -> Iterator[tuple[str, str]]:
    """Walk the (prefix, attribute) pairs that a rule's texts mention."""
    pattern = re.compile(USED.replace("NAMES", "|".join(map(re.escape, prefixes))))
    for text in _texts(node):
        yield from ((match[1], match[2]) for match in pattern.finditer(text) if match[1])


def _describe(node: Node, attribute: catalog.Attribute | None, name: str, shop: shop.Shop) -> attributes.Attribute:
    """Type an extension attribute by the rule that uses it and the shop's attribute behind that rule."""
    words = node.value if isinstance(node.value, dict) else {}
    shaped = any(word in words for word in ("lookup", "transform", "template", "when"))
    kind = "string"
    if "type" in words:
        kind = PUBLISHED_TYPES.get(words["type"].text, "string")
    elif attribute is not None and not attribute.has_options and not attribute.belonging and not shaped:
        kind = PUBLISHED_TYPES.get(attribute.type, "string")
    several = attribute is not None and attribute.input == "multiselect" and not {"type", "template"} & set(words)
    label = (attribute.label if attribute else None) or name
    labels = tuple(shop.options_of(attribute).values()) if attribute and attribute.has_options and not shaped else ()
    return attributes.Attribute(name, kind, several, description=f"{label} in the shop.", canonical=labels)


def user_type(prefixes: Mapping[str, str], described: Sequence[Described], shop: shop.Shop) -> attributes.ResourceType:
    """Build the User resource type with an extension schema for every prefix that is not one of the RFC's, and our own.

    `described`: the rules of the file that may use them.
    """
    known = {schema.urn.casefold() for schema in (attributes.USER, attributes.ENTERPRISE_USER)}
    ours = {prefix: urn for prefix, urn in prefixes.items() if urn.casefold() not in known}
    found: dict[str, dict[str, attributes.Attribute]] = {urn: {} for urn in ours.values()}
    for attribute, node in described if ours else ():
        for prefix, name in _used(ours, node):
            held = found[ours[prefix]]
            if name.casefold() not in {other.casefold() for other in held}:
                held[name] = _describe(node, attribute, name, shop)
    own = next((urn for urn in found if urn.casefold() == OWN.casefold()), OWN)
    found.setdefault(own, {}).setdefault(DOORS.name, DOORS)
    extra = tuple(
        attributes.Extension(
            attributes.Schema(urn, urn.rsplit(":", 1)[-1], "What this shop keeps of a user.", tuple(held.values())),
            False,
        )
        for urn, held in found.items()
        if held
    )
    return replace(attributes.USER_TYPE, extensions=(*attributes.USER_TYPE.extensions, *extra))


def _require(known: Sequence[attributes.Attribute], name: str, sub: str | None) -> tuple[attributes.Attribute, ...]:
    def changed(attribute: attributes.Attribute) -> attributes.Attribute:
        if attribute.name != name:
            return attribute
        inner = _require(attribute.sub, sub, None) if sub else attribute.sub
        return replace(attribute, required=True, sub=inner)

    return tuple(changed(attribute) for attribute in known)


def published(
    user: attributes.ResourceType, found: Sequence[rules.Rule], website_id: int | None
) -> attributes.ResourceType:
    """Mark as required the first source of each rule that fills what the shop's website requires, and `active`.

    Every customer of a shop is active or is not, so `active` cannot be removed.
    Not where userName, which is always there, is among the sources (an e-mail it need not be), nor where the rule has a
    fixed value or default.
    """
    user = replace(user, schema=replace(user.schema, attributes=_require(user.schema.attributes, "active", None)))
    for rule in found:
        needed = rule.goes_in and (rule.required or rule.attribute.required_on(website_id))
        fixed = rule.const is not rules.NOTHING or rule.template or (rule.default and not list(rule.default.paths()))
        named = any(path.attribute and path.attribute.name == "userName" for path in rule.sources)
        given = named and rule.target != "email"
        if not needed or fixed or given or not rule.sources:
            continue
        path = rule.sources[0]
        if path.urn is None and path.attribute is not None:
            sub = path.sub.name if path.sub else None
            marked = _require(user.schema.attributes, path.attribute.name, sub)
            user = replace(user, schema=replace(user.schema, attributes=marked))
    return user
