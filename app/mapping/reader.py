"""Reads mapping.yaml against one shop: every mistake at once, each with its place and the nearest known word."""

import difflib
import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from app.magento import catalog
from app.mapping import converters, extension, rules, yamlfile
from app.mapping.yamlfile import Node, Problem
from app.scim import attributes, errors, filters, paths

CHOICES = {
    "direction": ("in", "out", "inout", "off"),
    "write": ("always", "create", "if_empty"),
    "on_null": ("clear", "keep", "error"),
    "on_absent": ("clear", "keep"),
    "on_invalid": ("reject", "drop", "default"),
    "type": tuple(converters.TYPES),
}
FLAGS = ("trim", "required", "mask")
DEFAULTS = ("direction", "write", "on_null", "on_absent", "on_invalid", "trim")
VALUES = (
    "from",
    "const",
    "template",
    "default",
    "when",
    "otherwise",
    "transform",
    "lookup",
    "option",
    "max_length",
    "out",
)
RULE = (*VALUES, *CHOICES, *FLAGS)
TOP = ("version", "prefixes", "defaults", "match", "customer", "groups", "password", "tables")
LATER = ("addresses", "lifecycle", "tenants", "tests")
LATER_OF_GROUPS = ("rules", "otherwise", "missing")
SLOT = re.compile(r"\{([^{}]*)\}")
PREFIX = r'("(?:[^"\\]|\\.)*")|(?<![\w:.])(NAMES):(?=[A-Za-z])'


class MappingError(ValueError):
    """The mapping cannot be used; `problems` holds every mistake, in the file's order."""

    def __init__(self, filename: str, problems: Iterable[Problem]) -> None:
        self.filename = filename
        self.problems = sorted(set(problems))
        super().__init__("\n".join(f"{filename}:{problem}" for problem in self.problems))


@dataclass
class _Reader:
    """What one reading of a file knows: the shop, and the problems found so far."""

    shop: catalog.Catalog
    options: rules.Options
    problems: list[Problem]
    prefixes: dict[str, str] = field(default_factory=dict)
    tables: dict[str, converters.Lookup] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    user: attributes.ResourceType = attributes.USER_TYPE

    def note(self, node: Node, message: str, word: str | None = None, known: Iterable[str] = ()) -> None:
        nearest = difflib.get_close_matches(word or "", list(known), n=1, cutoff=0.6)
        self.problems.append(node.problem(message, nearest[0] if nearest else None))

    def mapping(self, node: Node, what: str) -> dict[str, Node]:
        if isinstance(node.value, dict):
            return node.value
        self.note(node, f"{what} must be a mapping of words to values, not {node.kind}")
        return {}

    def known(self, node: Node, allowed: Iterable[str], what: str) -> None:
        allowed = list(allowed)
        for key, _ in node.items():
            if key.text not in allowed:
                self.note(key, f"{what} has no word {key.text!r}", key.text, allowed)

    def choice(self, node: Node, allowed: tuple[str, ...], what: str) -> Any:
        if node.value not in allowed:
            self.note(node, f"{what} is one of {', '.join(allowed)}, not {node.kind}", node.text, allowed)
            return allowed[0]
        return node.value

    def flag(self, node: Node, what: str) -> bool:
        if not isinstance(node.value, bool):
            self.note(node, f"{what} is true or false, not {node.kind}")
        return bool(node.value)

    def text(self, node: Node, what: str) -> str | None:
        if isinstance(node.value, dict | list) or node.value is None:
            self.note(node, f"{what} must be a text, not {node.kind}")
            return None
        return node.text

    def each(self, node: Node, read: Callable[[Node], Any]) -> tuple[Any, ...]:
        """Read one value or a list of them; what could not be read is left out."""
        nodes = node.value if isinstance(node.value, list) else [node]
        return tuple(value for value in map(read, nodes) if value is not None)

    def expand(self, text: str) -> str:
        """Write the full URN for each prefix."""
        if not self.prefixes:
            return text
        pattern = PREFIX.replace("NAMES", "|".join(map(re.escape, self.prefixes)))
        return re.sub(pattern, lambda m: m[1] or f"{self.prefixes[m[2]]}:", text)

    def path(self, node: Node) -> paths.Path | None:
        text = self.text(node, "a path")
        return None if text is None else self.parse_path(node, text)

    def parse_path(self, node: Node, text: str) -> paths.Path | None:
        try:
            return paths.parse(self.expand(text), self.user)
        except errors.ScimError as error:
            self.note(node, f"no such path {text!r}: {error.detail}", text, self.path_names())
            return None

    def path_names(self) -> list[str]:
        """List the paths and prefixed paths that exist, for suggestions."""
        short = {urn: name for name, urn in self.prefixes.items()}
        names = []
        for schema in (self.user.schema, *(more.schema for more in self.user.extensions)):
            lead = "" if schema is self.user.schema else f"{short.get(schema.urn, schema.urn)}:"
            for attribute in schema.attributes:
                names.append(lead + attribute.name)
                names += [f"{lead}{attribute.name}.{sub.name}" for sub in attribute.sub]
        return names

    def condition(self, node: Node) -> filters.Node | None:
        text = self.text(node, "`when`")
        if text is None:
            return None
        try:
            return filters.parse(self.expand(text), self.user)
        except errors.ScimError as error:
            self.note(node, f"`when` is a SCIM filter: {error.detail}")
            return None

    def call(self, node: Node) -> converters.Call | None:
        text = self.text(node, "a function")
        return None if text is None else self.parse_call(node, text)

    def parse_call(self, node: Node, text: str) -> converters.Call | None:
        try:
            return converters.parse_call(text)
        except converters.Bad as error:
            self.note(node, str(error), text.split("(")[0].strip(), converters.FUNCTIONS)
            return None

    def template(self, node: Node) -> rules.Template | None:
        """Read text with `{path | function}` slots."""
        text = self.text(node, "a template")
        if text is None:
            return None
        parts: list[str | rules.Slot] = []
        position = 0
        for match in SLOT.finditer(text):
            parts += [text[position : match.start()]] if match.start() > position else []
            slot = self.slot(node, match[1])
            parts += [slot] if slot else []
            position = match.end()
        parts += [text[position:]] if position < len(text) else []
        return rules.Template(tuple(parts))

    def slot(self, node: Node, text: str) -> rules.Slot | None:
        name, *calls = (part.strip() for part in text.split("|"))
        parsed = tuple(call for call in (self.parse_call(node, call) for call in calls) if call)
        if name.startswith("customer."):
            code = name.removeprefix("customer.")
            if code not in self.shop.customer:
                self.note(node, f"the shop's customers have no attribute {code!r}", code, self.shop.customer)
            return rules.Slot(None, code, parsed)
        path = self.parse_path(node, name)
        return rules.Slot(path, None, parsed) if path else None

    def lookup(self, node: Node) -> converters.Lookup | None:
        if isinstance(node.value, str):
            if node.value not in self.tables:
                self.note(node, f"there is no table {node.value!r} under `tables`", node.value, self.tables)
            return self.tables.get(node.value)
        pairs = self.mapping(node, "a lookup")
        return converters.Lookup(
            tuple((key, self.text(value, "a lookup's result") or "") for key, value in pairs.items())
        )

    def option(self, node: Node) -> rules.Option:
        if isinstance(node.value, dict):
            self.known(node, ("match", "missing"), "option")
            found = {
                key: self.choice(node.value[key], allowed, f"option.{key}")
                for key, allowed in {"match": ("label", "admin_label", "id"), "missing": ("reject", "drop")}.items()
                if key in node.value
            }
            return rules.Option(**found)
        return rules.Option(self.choice(node, ("label", "admin_label", "id"), "option"))

    # --- rules ---

    def rule(self, key: Node, node: Node) -> rules.Rule | None:
        """Read one line under `customer`."""
        attribute = self.shop.customer.get(key.text)
        if attribute is None:
            self.note(key, f"the shop's customers have no attribute {key.text!r}", key.text, self.shop.customer)
            return None
        if not isinstance(node.value, dict):
            node = Node(
                {"from": node}, node.line, node.column, {"from": Node("from", node.line, node.column, text="from")}
            )
        self.known(node, RULE, f"the rule for {key.text}")
        rule = self.words(key, node, attribute)
        self.check(key, node, rule)
        return rule

    def words(self, key: Node, node: Node, attribute: catalog.Attribute) -> rules.Rule:
        given: dict[str, Any] = dict(self.defaults)
        readers: dict[str, Callable[[Node], Any]] = {
            "when": self.condition,
            "template": self.template,
            "default": self.template,
            "out": self.template,
            "lookup": self.lookup,
            "option": self.option,
            "transform": lambda value: self.each(value, self.call),
            "const": Node.plain,
            "otherwise": Node.plain,
            "max_length": self.length,
        }
        readers |= {word: functools.partial(self.choice, allowed=CHOICES[word], what=word) for word in CHOICES}
        readers |= {word: functools.partial(self.flag, what=word) for word in FLAGS}
        given |= {word: read(node.value[word]) for word, read in readers.items() if word in node.value}
        sources = self.each(node.value["from"], self.path) if "from" in node.value else ()
        if not sources and "direction" not in node.value and given.get("direction", "inout") == "inout":
            given["direction"] = "in"
        if attribute.has_options:
            given.setdefault("option", rules.Option())
        given.setdefault("type", "string" if given.get("option") else attribute.type)
        return rules.Rule(target=key.text, attribute=attribute, line=key.line, sources=sources, **given)

    def length(self, node: Node) -> int | None:
        if not isinstance(node.value, int) or node.value < 1:
            self.note(node, f"max_length is a whole number from 1, not {node.kind}")
            return None
        return node.value

    def check(self, key: Node, node: Node, rule: rules.Rule) -> None:
        """Find what no single word shows."""
        if not rule.sources and rule.const is rules.NOTHING and rule.template is None and "from" not in node.value:
            self.note(key, f"{rule.target} gets no value: give `from`, `const` or `template`")
        if rule.goes_in and rule.attribute.read_only_reason:
            self.note(key, f"{rule.target} cannot be written: {rule.attribute.read_only_reason}")
        if rule.option and not rule.attribute.has_options:
            self.note(key, f"{rule.target} is no select: it has no options to look up")
        if rule.direction == "inout" and rule.out is None:
            lost = [str(call) for call in rule.transform if not call.settles]
            lost += [f"the lookup's {result!r}" for result in (rule.lookup.one_way() if rule.lookup else [])]
            if lost:
                self.note(key, f"{rule.target}: {', '.join(lost)} cannot be turned back: add `out` or `direction: in`")
        if rule.option and rule.option.match != "id":
            self.labels(node, rule)

    def labels(self, node: Node, rule: rules.Rule) -> None:
        """Check that constant results are labels this shop has."""
        labels = {label.casefold(): label for label in self.options(rule.target).values()}
        wanted = [(node.value.get("const"), rule.const), (node.value.get("otherwise"), rule.otherwise)]
        if rule.lookup:
            wanted += [(node.value.get("lookup"), result) for _, result in rule.lookup.rows if "{value}" not in result]
        for place, label in wanted:
            if place and label not in (rules.NOTHING, None) and str(label).casefold() not in labels:
                self.note(place, f"{rule.target} has no option {label!r}", str(label), labels.values())

    def required(self, node: Node, found: list[rules.Rule]) -> None:
        """Find attributes that the shop requires and no rule fills."""
        filled = {rule.target for rule in found if rule.goes_in}
        for code, attribute in self.shop.customer.items():
            if attribute.required and attribute.visible and code not in filled | catalog.FILLED:
                self.note(node, f"the shop requires {code} ({attribute.label}), and no rule writes it")


def _top(reader: _Reader, root: Node) -> None:
    for key, _ in root.items():
        if key.text in LATER:
            reader.note(key, f"{key.text!r} is not understood by this version yet: leave it out")
        elif key.text not in TOP:
            reader.note(key, f"mapping.yaml has no word {key.text!r}", key.text, TOP)
    version = root.value.get("version")
    if version is None or version.value != 1:
        reader.note(version or root, "the file starts with `version: 1`")


def _preparations(reader: _Reader, root: Node) -> None:
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
            if word in CHOICES:
                reader.defaults[word] = reader.choice(value, CHOICES[word], f"defaults.{word}")
            elif word in FLAGS:
                reader.defaults[word] = reader.flag(value, f"defaults.{word}")


def _match(reader: _Reader, node: Node | None) -> rules.Match:
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


def _groups(reader: _Reader, node: Node | None) -> rules.Groups:
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


def read(text: str, filename: str, shop: catalog.Catalog, options: rules.Options) -> rules.Ruleset:
    """Read a mapping against a shop's attributes.

    `options` gives the options of a select attribute (id -> label). Raises MappingError with every problem found.
    """
    root, problems = yamlfile.read(text)
    if problems and not root.value:
        raise MappingError(filename, problems)
    reader = _Reader(shop, options, problems)
    root = root if isinstance(root.value, dict) else replace(root, value={})
    _top(reader, root)
    _preparations(reader, root)
    customer = root.value.get("customer") or Node({}, root.line, root.column)
    entries = reader.mapping(customer, "customer")
    reader.user = extension.user_type(reader.prefixes, entries, shop, options)
    found = [rule for key, node in customer.items() if (rule := reader.rule(key, node))] if entries else []
    reader.required(customer, found)
    match = _match(reader, root.value.get("match"))
    groups = _groups(reader, root.value.get("groups"))
    password = "accept"  # noqa: S105 - a word of the file
    if node := root.value.get("password"):
        password = reader.choice(node, ("accept", "ignore"), "password")
    if reader.problems:
        raise MappingError(filename, reader.problems)
    published = extension.published(reader.user, found)
    return rules.Ruleset(tuple(found), match, password, groups, reader.user, published)
