"""In charge of the sections of mapping.yaml: what stands beside and around the rules."""

from typing import Any

from app.mapping import converters, rules
from app.mapping.reading import rule, words
from app.mapping.yamlfile import Node
from app.scim import paths

DEFAULTS = ("direction", "write", "on_null", "on_absent", "on_invalid", "trim")
LATER_OF_GROUPS = ("rules", "otherwise", "missing")


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
    if node := root.value.get("defaults"):
        reader.mapping(node, "defaults")
        reader.known(node, DEFAULTS, "defaults")
        for word, value in node.value.items() if isinstance(node.value, dict) else ():
            if word in rule.CHOICES:
                reader.defaults[word] = reader.choice(value, rule.CHOICES[word], f"defaults.{word}")
            elif word in rule.FLAGS:
                reader.defaults[word] = reader.flag(value, f"defaults.{word}")


def match(reader: words.Reader, node: Node | None) -> rules.Match:
    given: dict[str, Any] = {}
    if node is not None and reader.mapping(node, "match"):
        reader.known(node, ("by", "existing", "scope"), "match")
        if "existing" in node.value:
            given["existing"] = reader.choice(node.value["existing"], ("adopt", "reject"), "match.existing")
        if "scope" in node.value:
            given["scope"] = reader.choice(node.value["scope"], ("auto", "website", "global"), "match.scope")
        if "by" in node.value:
            return rules.Match(reader.each(node.value["by"], reader.path), **given)
    usual = ("externalId", "userName", 'emails[type eq "work"].value')
    return rules.Match(tuple(paths.parse(text, reader.user) for text in usual), **given)


def groups(reader: words.Reader, node: Node | None) -> rules.Groups:
    if node is None or not reader.mapping(node, "groups"):
        return rules.Groups()
    for key, _ in node.items():
        if key.text in LATER_OF_GROUPS:
            reader.note(key, f"groups.{key.text} is not understood by this version yet: leave it out")
    reader.known(node, ("priority", "hidden", *LATER_OF_GROUPS), "groups")
    given = {
        word: reader.each(node.value[word], lambda value: reader.text(value, "a group's name"))
        for word in ("priority", "hidden")
        if word in node.value
    }
    hidden = frozenset(given["hidden"]) if "hidden" in given else rules.Groups.hidden
    return rules.Groups(given.get("priority", ()), hidden)


def consequences(reader: words.Reader, node: Node | None) -> rules.Consequences:
    if node is None or not reader.mapping(node, "consequences"):
        return rules.Consequences()
    reader.known(node, ("orders",), "consequences")
    given = node.value.get("orders")
    return rules.Consequences() if given is None else rules.Consequences(reader.flag(given, "consequences.orders"))
