"""In charge of the words of mapping.yaml: reads each kind of value and notes what is wrong with it, and where."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.magento import catalog, shop
from app.mapping import converters, rules
from app.mapping.yamlfile import Node, Problem
from app.scim import attributes, errors, filters, paths, trees

SLOT = re.compile(r"\{([^{}]*)\}")
PREFIX = r'("(?:[^"\\]|\\.)*")|(?<![\w:.])(NAMES):(?=[A-Za-z])'
OURS = ("id", "meta", "schemas", "active", "password")  # the service's own business: no rule is shown them
HINT = re.compile(r"; did you mean '([^']*)'\?")


def _parted(detail: str) -> tuple[str, str | None]:
    """Part a sentence of the protocol's from the word that it suggests, so that it is suggested once."""
    found = HINT.search(detail)
    return HINT.sub("", detail), found[1] if found else None


def _reaches(key: str, other: str) -> bool:
    """Say whether a lookup's key fits everything that another one fits."""
    key, other = key.casefold(), other.casefold()
    return other.startswith(key[:-1]) if key.endswith("*") else other == key


@dataclass
class Reader:
    """What one reading of a file knows: the shop, and the problems found so far.

    `root`: the value that paths go into, but for those that begin with "/"; None where all begin at the user.
    `website_id`: the website of the tenant whose rules are read.
    """

    shop: shop.Shop
    problems: list[Problem]
    prefixes: dict[str, str] = field(default_factory=dict)
    tables: dict[str, converters.Lookup] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    user: attributes.ResourceType = attributes.USER_TYPE
    root: paths.Path | None = None
    website_id: int | None = None

    @property
    def customer(self) -> Mapping[str, catalog.Attribute]:
        """The attributes of the shop's customers."""
        return self.shop.catalog.customer

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
        whole = text if self.root is None else text[1:] if text.startswith("/") else f"{self.root}.{text}"
        try:
            return paths.parse(self.expand(whole), self.user)
        except errors.ScimError as error:
            reason, inner = _parted(error.detail)
            known = [inner] if inner and "[" in text else self.path_names()  # of a whole path the nearest whole path
            self.note(node, f"no such path {text!r}: {reason}", inner if "[" in text else text, known)
            return None

    def source(self, node: Node) -> paths.Path | None:
        """Read a path that a rule gets a value from."""
        path = self.path(node)
        if path is not None:
            self.readable(node, path)
            if path.leaf is None or path.leaf.complex:
                parts = [sub.name for sub in (path.leaf.sub if path.leaf else ())]
                such = f", such as {node.text}.{'value' if 'value' in parts else parts[0]}" if parts else ""
                self.note(node, f"{node.text!r} is a whole structure: name a part of it{such}")
        return path

    def readable(self, node: Node, path: paths.Path) -> None:
        """Note a path of what rules are not shown."""
        if path.urn is None and path.attribute is not None and path.attribute.name in OURS:
            self.note(node, f"{path.attribute.name!r} is the service's own business: no rule can use it")

    def shows(self, sources: tuple[paths.Path, ...]) -> bool:
        """Say whether the shop's value can be shown where a rule's first path leads, and belongs there: what an
        address takes from elsewhere in the user is another's."""
        if not sources or self.root is None:
            return bool(sources)
        return sources[0].top == self.root.top and sources[0].filter == self.root.filter

    def path_names(self) -> list[str]:
        """List the paths and prefixed paths that exist, for suggestions."""
        short = {urn: name for name, urn in self.prefixes.items()}
        names = []
        for schema in (self.user.schema, *(more.schema for more in self.user.extensions)):
            lead = "" if schema is self.user.schema else f"{short.get(schema.urn, schema.urn)}:"
            for attribute in schema.attributes:
                names.append(lead + attribute.name)
                names += [f"{lead}{attribute.name}.{sub.name}" for sub in attribute.sub]
        if self.root is None or self.root.attribute is None:
            return names
        return [sub.name for sub in self.root.attribute.sub] + [f"/{name}" for name in names]

    def condition(self, node: Node, word: str = "when") -> filters.Node | None:
        text = self.text(node, f"`{word}`")
        if text is None:
            return None
        try:
            found = filters.parse(self.expand(text), self.user)
            for path in trees.paths_of(found) if word == "when" else ():
                self.readable(node, path)
            return found
        except errors.ScimError as error:
            reason, inner = _parted(error.detail)
            self.note(node, f"`{word}` is a SCIM filter: {reason}", inner, [inner] if inner else ())
            return None

    def call(self, node: Node) -> converters.Call | None:
        text = self.text(node, "a function")
        return None if text is None else self.parse_call(node, text)

    def parse_call(self, node: Node, text: str) -> converters.Call | None:
        try:
            return converters.parse_call(text)
        except converters.Bad as error:
            name = text.split("(")[0].strip()
            self.note(node, str(error), name, () if name in converters.FUNCTIONS else converters.FUNCTIONS)
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
        if any(sign in part for part in parts if isinstance(part, str) for sign in "{}"):
            self.note(node, f"a {{ without its }} in {text!r}, or the reverse")
        return rules.Template(tuple(parts))

    def shown(self, node: Node) -> rules.Template | None:
        """Read the template of `out`, which is made of the shop's values alone."""
        template = self.template(node)
        for path in template.paths() if template else ():
            whose = "address" if self.root else "customer"
            self.note(node, f"`out` shows the shop's values, as {{{whose}.code}}; {str(path)!r} is none of them")
        return template

    def slot(self, node: Node, text: str) -> rules.Slot | None:
        name, *calls = (part.strip() for part in text.split("|"))
        parsed = tuple(call for call in (self.parse_call(node, call) for call in calls) if call)
        whose, known = ("address", self.shop.catalog.address) if self.root else ("customer", self.customer)
        if name.startswith(f"{whose}."):
            code = name.removeprefix(f"{whose}.")
            if code not in known:
                plural = "addresses" if self.root else "customers"
                self.note(node, f"the shop's {plural} have no attribute {code!r}", code, known)
            return rules.Slot(None, code, parsed)
        path = self.parse_path(node, name)
        if path is not None:
            self.readable(node, path)
        return rules.Slot(path, None, parsed) if path else None

    def lookup(self, node: Node) -> converters.Lookup | None:
        if isinstance(node.value, str):
            if node.value not in self.tables:
                self.note(node, f"there is no table {node.value!r} under `tables`", node.value, self.tables)
            return self.tables.get(node.value)
        pairs = self.mapping(node, "a lookup")
        for number, key in enumerate(pairs):
            before = next((one for one in list(pairs)[:number] if _reaches(one, key)), None)
            if before is not None:
                self.note(node.keys[key], f"{key!r} is never reached: {before!r} stands before it")
        return converters.Lookup(
            tuple((key, self.text(value, "a lookup's result") or "") for key, value in pairs.items())
        )
