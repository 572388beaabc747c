"""In charge of the sections of mapping.yaml: what stands beside and around the rules."""

from typing import Any

from app.mapping import converters, rules
from app.mapping.reading import rule, words
from app.mapping.yamlfile import Node
from app.scim import paths

DEFAULTS = ("direction", "write", "on_null", "on_absent", "on_invalid", "trim")
EXISTING = ("adopt", "reject", "review")
GROUPS = ("priority", "rules", "otherwise", "missing", "hidden")


def prepare(reader: words.Reader, root: Node) -> None:
    """Read what the rules refer to: prefixes, tables, defaults."""
    if node := root.value.get("prefixes"):
        for key, value in reader.mapping(node, "prefixes").items():
            urn = reader.text(value, "a prefix") or ""
            if not urn.casefold().startswith("urn:"):
                reader.note(value, f"the prefix {key} must stand for a URN, not {value.kind}")
            reader.prefixes[key] = urn
    if node := root.value.get("tables"):
        for key, value in reader.mapping(node, "tables").items():
            reader.tables[key] = reader.lookup(value) if isinstance(value.value, dict) else converters.Lookup(())  # type: ignore[assignment]
            if not isinstance(value.value, dict):
                reader.note(value, f"the table {key} must be a mapping, not {value.kind}")
    node = root.value.get("defaults")
    if node and reader.mapping(node, "defaults"):
        reader.known(node, DEFAULTS, "defaults")
        for word, value in node.value.items():
            if word in rule.CHOICES:
                reader.defaults[word] = reader.choice(value, rule.CHOICES[word], f"defaults.{word}")
            elif word in rule.FLAGS:
                reader.defaults[word] = reader.flag(value, f"defaults.{word}")


def match(reader: words.Reader, node: Node | None) -> rules.Match:
    given: dict[str, Any] = {}
    if node is not None and reader.mapping(node, "match"):
        reader.known(node, ("by", "existing", "scope"), "match")
        if "existing" in node.value:
            given["existing"] = reader.choice(node.value["existing"], EXISTING, "match.existing")
        if "scope" in node.value:
            given["scope"] = reader.choice(node.value["scope"], ("auto", "website", "global"), "match.scope")
        if "by" in node.value:
            return rules.Match(reader.each(node.value["by"], reader.path), **given)
    usual = ("externalId", "userName", 'emails[type eq "work"].value')
    return rules.Match(tuple(paths.parse(text, reader.user) for text in usual), **given)


def contradictions(reader: words.Reader, root: Node) -> None:
    """Find what two places of the file decide."""
    customer, chosen = root.value.get("customer"), root.value.get("groups")
    if customer is None or chosen is None or not isinstance(customer.value, dict) or not isinstance(chosen.value, dict):
        return
    for word in ("rules", "otherwise"):
        if "group_id" in customer.value and word in chosen.value:
            line = customer.keys["group_id"].line
            reader.note(chosen.keys[word], f"line {line} gives customers their group already: two rules for group_id")


def groups(reader: words.Reader, node: Node | None) -> rules.Groups:
    """Read who is in which group of the shop."""
    if node is None or not reader.mapping(node, "groups"):
        return rules.Groups()
    reader.known(node, GROUPS, "groups")
    given: dict[str, Any] = {
        word: reader.each(node.value[word], lambda value: reader.text(value, "a group's name"))
        for word in ("priority", "hidden")
        if word in node.value
    }
    if "hidden" in given:
        given["hidden"] = frozenset(given["hidden"])
    if "missing" in node.value:
        given["missing"] = reader.choice(node.value["missing"], ("create", "error"), "groups.missing")
    if "rules" in node.value:
        given["rules"] = _group_rules(reader, node.value["rules"])
    if "otherwise" in node.value and node.value["otherwise"].value != "default":
        given["otherwise"] = _group(reader, node.value["otherwise"])
    if given.get("missing") == "error" and "priority" in node.value:
        reader.each(node.value["priority"], lambda value: _group(reader, value))
    return rules.Groups(**given)


def _group_rules(reader: words.Reader, node: Node) -> tuple[rules.GroupRule, ...]:
    if not isinstance(node.value, list):
        reader.note(node, f"groups.rules must be a list, first match wins, not {node.kind}")
        return ()
    return tuple(found for each in node.value if (found := _group_rule(reader, each)))


def _group_rule(reader: words.Reader, node: Node) -> rules.GroupRule | None:
    if not reader.mapping(node, "a rule for groups"):
        return None
    reader.known(node, ("idp", "when", "magento"), "a rule for groups")
    if "magento" not in node.value or not {"idp", "when"} & set(node.value):
        reader.note(node, "a rule for groups needs `magento`, and `idp` or `when`")
        return None
    idp = reader.text(node.value["idp"], "`idp`") if "idp" in node.value else None
    when = reader.condition(node.value["when"]) if "when" in node.value else None
    group_id = _group(reader, node.value["magento"])
    return None if group_id is None else rules.GroupRule(group_id, node.line, idp, when)


def _group(reader: words.Reader, node: Node) -> int | None:
    """Find a customer group of the shop by its code."""
    code = reader.text(node, "a group's name")
    there = {name.casefold(): group_id for group_id, name in reader.shop.groups.items() if group_id}
    if code is not None and code.casefold() not in there:
        known = [name for group_id, name in reader.shop.groups.items() if group_id]
        reader.note(node, f"this shop has no customer group {code!r}", code, known)
    return there.get((code or "").casefold())


def consequences(reader: words.Reader, node: Node | None) -> rules.Consequences:
    if node is None or not reader.mapping(node, "consequences"):
        return rules.Consequences()
    reader.known(node, ("orders",), "consequences")
    given = node.value.get("orders")
    return rules.Consequences() if given is None else rules.Consequences(reader.flag(given, "consequences.orders"))
