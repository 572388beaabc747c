"""In charge of the JSON Schema of mapping.yaml: what editors complete and underline while the file is written.

It knows the words and their choices; what only reading against a shop shows (`check`) it cannot know.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from app.magento import addresses as shop_addresses
from app.magento import catalog, doors, placement, shop
from app.mapping import converters, rules
from app.mapping.reading import addresses, lifecycle, rule, sections
from app.scim import attributes, profiles

Schema = dict[str, Any]
DIALECT = "http://json-schema.org/draft-07/schema#"  # what editors' YAML servers understand
TEXT: Schema = {"type": "string"}
SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}
TABLE: Schema = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
TOLD = {
    "from": "A SCIM path, or a list of them: the first that has a value wins.",
    "const": "A fixed value.",
    "template": "Text with {path | function} slots.",
    "default": "Text with slots, used where the result is empty.",
    "when": "A SCIM filter over the incoming user.",
    "otherwise": "What to write where `when` does not hold.",
    "transform": f"Functions, left to right: {', '.join(converters.FUNCTIONS)}.",
    "lookup": "A table from text to text, or the name of one under `tables`.",
    "option": "How a select's option is found, and what to do where there is none.",
    "out": "How a GET shows the shop's value: text with {customer.code} slots.",
    "direction": "inout; in is never read back, out never written, off neither.",
    "write": "always; create only for new customers; if_empty only where the shop has nothing.",
    "mask": "Never printed anywhere.",
    "unique": "No two customers have the same value.",
}


def static() -> Schema:
    """Give the schema for any shop."""
    return _whole({}, {}, {}, _paths(attributes.USER_TYPE))


def live(magento: shop.Shop, ruleset: rules.Ruleset | None = None) -> Schema:
    """Give the schema for one shop: its attributes, labels, groups and websites.

    `ruleset`: of a tenant, whose extension's attributes are completed too.
    """
    user = ruleset.accepted if ruleset else attributes.USER_TYPE
    names = {
        "groups": [code for group_id, code in magento.groups.items() if group_id],
        "websites": [website.code for i, website in magento.stores.websites.items() if i],
    }
    customer = {code: _labels(magento, each) for code, each in magento.catalog.customer.items() if _writable(each)}
    address = {code: _labels(magento, each) for code, each in magento.catalog.address.items() if _writable(each)}
    labels = {code: each.label for code, each in magento.catalog.customer.items()}
    whole = _whole(customer, address, names, _paths(user))
    for code, described in whole["properties"]["customer"].get("properties", {}).items():
        described["description"] = labels[code]
    return whole


def _writable(attribute: catalog.Attribute) -> bool:
    return attribute.read_only_reason is None and attribute.readable


def _labels(magento: shop.Shop, attribute: catalog.Attribute) -> list[str]:
    if attribute.belonging:
        return list(placement.codes(magento, attribute.code).values())
    return list(dict.fromkeys(magento.options_of(attribute).values())) if attribute.has_options else []


def _paths(user: attributes.ResourceType) -> list[str]:
    """List the paths of users, for completion."""
    found = []
    for schema in (user.schema, *(more.schema for more in user.extensions)):
        lead = "" if schema is user.schema else f"{schema.urn}:"
        for each in schema.attributes:
            found += [f"{lead}{each.name}.{sub.name}" for sub in each.sub] or [lead + each.name]
    return found


def _several(one: Schema) -> Schema:
    return {"anyOf": [one, {"type": "array", "items": one}]}


def _any_of(words: Iterable[str], told: str | None = None) -> Schema:
    return {"enum": list(words)} | ({"description": told} if told else {})


def _known(words: Iterable[str]) -> Schema:
    """Complete these words; others are texts as well."""
    words = list(words)
    return {"anyOf": [{"enum": words}, TEXT]} if words else TEXT


def _object(properties: Mapping[str, Schema], required: Iterable[str] = (), told: str | None = None) -> Schema:
    made: Schema = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    made |= {"required": list(required)} if required else {}
    return made | ({"description": told} if told else {})


def _rule(labels: list[str], path: Schema) -> Schema:
    """Describe one rule: a path, a list of them, or an object."""
    value = {"anyOf": [{"enum": labels}, SCALAR]} if labels else SCALAR
    option = _any_of(("label", "admin_label", "id"))
    words: dict[str, Schema] = {
        "from": _several(path),
        "const": value,
        "otherwise": value,
        **dict.fromkeys(("template", "default", "when", "out"), TEXT),
        "transform": _several({"anyOf": [{"enum": list(converters.FUNCTIONS)}, TEXT]}),
        "lookup": {"anyOf": [TEXT, {"type": "object", "additionalProperties": _known(labels) if labels else SCALAR}]},
        "option": {
            "anyOf": [option, _object({"match": option, "missing": _any_of(("reject", "drop", "create"))})],
        },
        "max_length": {"type": "integer", "minimum": 1},
        **{word: _any_of(choices) for word, choices in rule.CHOICES.items()},
        **{word: {"type": "boolean"} for word in rule.FLAGS},
    }
    told = {word: {**each, "description": TOLD[word]} if word in TOLD else each for word, each in words.items()}
    return {"anyOf": [_several(path), _object(told)]}


def _rules(known: Mapping[str, list[str]], path: Schema) -> Schema:
    if not known:
        return {"type": "object", "additionalProperties": {"$ref": "#/definitions/rule"}}
    plain = {"$ref": "#/definitions/rule"}
    each = {code: {"allOf": [plain if not labels else _rule(labels, path)]} for code, labels in known.items()}
    return _object(each)


def _whole(
    customer: Mapping[str, list[str]],
    address: Mapping[str, list[str]],
    names: Mapping[str, list[str]],
    paths: list[str],
) -> Schema:
    path = {"$ref": "#/definitions/path"}
    group = _known(names.get("groups", ()))
    laid: dict[str, Schema] = {
        "prefixes": {"type": "object", "additionalProperties": {"type": "string", "pattern": "^[uU][rR][nN]:"}},
        "defaults": _object(_defaults()),
        "match": _match(path),
        "customer": _rules(customer, path),
        "addresses": {"type": "array", "items": _address(_rules(address, path))},
        "groups": _groups(group),
        "password": _any_of(("accept", "ignore")),
        "lifecycle": _lifecycle(),
        "consequences": _object({"orders": {"type": "boolean"}}),
        "tables": {"type": "object", "additionalProperties": TABLE},
    }
    website = _any_of(names["websites"]) if names.get("websites") else TEXT
    tenant = {"website": website, "profile": _any_of(profiles.PROFILES), "override": {"type": ["object", "null"]}}
    everything = {
        "version": {"const": 1},
        **laid,
        "tenants": {"type": "object", "additionalProperties": {"anyOf": [{"type": "null"}, _object(tenant)]}},
        "tests": {"type": "array", "items": _test()},
    }
    return {
        "$schema": DIALECT,
        "title": "mapping.yaml of magento-scim",
        **_object(everything, ("version", "customer")),
        "definitions": {"path": _known(paths), "rule": _rule([], path)},
    }


def _defaults() -> dict[str, Schema]:
    flags = {word: {"type": "boolean"} for word in sections.DEFAULTS if word in rule.FLAGS}
    return {word: _any_of(rule.CHOICES[word]) for word in sections.DEFAULTS if word in rule.CHOICES} | flags


def _match(path: Schema) -> Schema:
    scopes = _any_of(("auto", "website", "global"))
    return _object({"by": _several(path), "existing": _any_of(sections.EXISTING), "scope": scopes})


def _address(fields: Schema) -> Schema:
    words: dict[str, Schema] = {"name": {"type": "string", "pattern": f"^{addresses.NAME.pattern}$"}, "root": TEXT}
    words |= {"default": _several(_any_of(shop_addresses.DEFAULTS)), "fields": fields}
    words |= {word: _any_of(choices) for word, choices in addresses.CHOICES.items()}
    return _object(words, ("name", "root", "fields"))


def _groups(group: Schema) -> Schema:
    row = _object({"idp": TEXT, "when": TEXT, "magento": group}, ("magento",))
    words: dict[str, Schema] = {"priority": _several(group), "hidden": _several(group)}
    words |= {"rules": {"type": "array", "items": row}, "otherwise": group, "missing": _any_of(("create", "error"))}
    return _object(words)


def _lifecycle() -> Schema:
    purge = _object(
        {"after": {"type": "string", "pattern": f"^{lifecycle.SPAN.pattern}$"}, "how": _any_of(lifecycle.FINAL)}
    )
    breaker = _object({"per_hour": {"type": "integer", "minimum": 0}, "action": _any_of(("hold",))}, ("per_hour",))
    return _object(
        {
            "deactivate": _several(_any_of(doors.EVERY)),
            "delete": _any_of(lifecycle.POLICIES),
            "returning": _any_of(lifecycle.RETURNING),
            "purge": purge,
            "protect": _several(TEXT),
            "breaker": breaker,
            "allow": _several(_any_of(rules.OPERATIONS)),
        }
    )


def _test() -> Schema:
    words: dict[str, Schema] = {"name": TEXT, "tenant": TEXT, "given": {"type": "object"}}
    words |= {"expect": {"type": "object"}, "error": TEXT}
    return {**_object(words, ("name", "given")), "oneOf": [{"required": ["expect"]}, {"required": ["error"]}]}
