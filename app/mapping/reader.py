"""Reads mapping.yaml against one shop: every mistake at once, each with its place and the nearest known word."""

from collections.abc import Iterable
from dataclasses import replace

from app.magento import catalog, shop
from app.mapping import extension, rules, yamlfile
from app.mapping.reading import rule, sections, words
from app.mapping.yamlfile import Node, Problem

TOP = ("version", "prefixes", "defaults", "match", "customer", "groups", "password", "consequences", "tables")
LATER = ("addresses", "lifecycle", "tenants", "tests")


class MappingError(ValueError):
    """The mapping cannot be used; `problems` holds every mistake, in the file's order."""

    def __init__(self, filename: str, problems: Iterable[Problem]) -> None:
        self.filename = filename
        self.problems = sorted(set(problems))
        super().__init__("\n".join(f"{filename}:{problem}" for problem in self.problems))


def _top(reader: words.Reader, root: Node) -> None:
    for key, _ in root.items():
        if key.text in LATER:
            reader.note(key, f"{key.text!r} is not understood by this version yet: leave it out")
        elif key.text not in TOP:
            reader.note(key, f"mapping.yaml has no word {key.text!r}", key.text, TOP)
    version = root.value.get("version")
    if version is None or version.value != 1:
        reader.note(version or root, "the file starts with `version: 1`")


def _required(reader: words.Reader, node: Node, found: list[rules.Rule]) -> None:
    """Find attributes that the shop requires and no rule fills."""
    website_id = reader.shop.stores.default_website_id()
    filled = {rule.target for rule in found if rule.goes_in}
    for code, attribute in reader.customer.items():
        if attribute.required_on(website_id) and code not in filled | catalog.FILLED:
            reader.note(node, f"the shop requires {code} ({attribute.label}), and no rule writes it")


def read(text: str, filename: str, shop: shop.Shop) -> rules.Ruleset:
    """Read a mapping against a shop's attributes; raises MappingError with every problem found."""
    root, problems = yamlfile.read(text)
    if problems and not root.value:
        raise MappingError(filename, problems)
    reader = words.Reader(shop, problems)
    root = root if isinstance(root.value, dict) else replace(root, value={})
    _top(reader, root)
    sections.prepare(reader, root)
    customer = root.value.get("customer") or Node({}, root.line, root.column)
    entries = reader.mapping(customer, "customer")
    reader.user = extension.user_type(reader.prefixes, entries, shop)
    read = [rule.read(reader, reader.customer, key, node) for key, node in customer.items()] if entries else []
    found = [each for each in read if each]
    _required(reader, customer, found)
    match = sections.match(reader, root.value.get("match"))
    groups = sections.groups(reader, root.value.get("groups"))
    password = "accept"  # noqa: S105 - a word of the file
    if node := root.value.get("password"):
        password = reader.choice(node, ("accept", "ignore"), "password")
    consequences = sections.consequences(reader, root.value.get("consequences"))
    if reader.problems:
        raise MappingError(filename, reader.problems)
    published = extension.published(reader.user, found, shop.stores.default_website_id())
    return rules.Ruleset(tuple(found), match, password, groups, reader.user, published, consequences)
