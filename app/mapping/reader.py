"""Reads mapping.yaml against one shop: every mistake at once, each with its place and the nearest known word."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from app.magento import catalog, shop
from app.mapping import examples, extension, rules, yamlfile
from app.mapping.reading import addresses, lifecycle, placement, rule, sections, tenants, tests, words
from app.mapping.yamlfile import Node, Problem
from app.scim import profiles

TOP = (
    *("version", "prefixes", "defaults", "match", "customer", "addresses", "groups", "password", "lifecycle"),
    *("consequences", "tables", "tenants", "tests"),
)


class MappingError(ValueError):
    """The mapping cannot be used; `problems` holds every mistake, in the file's order."""

    def __init__(self, filename: str, problems: Iterable[Problem]) -> None:
        self.filename = filename
        self.problems = sorted(set(problems))
        super().__init__("\n".join(f"{filename}:{problem}" for problem in self.problems))


def _top(reader: words.Reader, root: Node) -> None:
    for key, _ in root.items():
        if key.text not in TOP:
            reader.note(key, f"mapping.yaml has no word {key.text!r}", key.text, TOP)
    version = root.value.get("version")
    if version is None or version.value != 1:
        reader.note(version or root, "the file starts with `version: 1`")


def _required(reader: words.Reader, node: Node, found: list[rules.Rule]) -> None:
    """Find attributes that the shop requires and no rule fills."""
    filled = {rule.target for rule in found if rule.goes_in}
    for code, attribute in reader.customer.items():
        if attribute.required_on(reader.website_id) and code not in filled | catalog.FILLED:
            reader.note(node, f"the shop requires {code} ({attribute.label}), and no rule writes it")


def _described(shop: shop.Shop, entries: Mapping[str, Node], kept: Node | None) -> list[extension.Described]:
    """Pair every rule of the file with the shop's attribute that it is about."""
    fields = [(shop.catalog.address.get(code), node) for code, node in addresses.fields_of(kept)]
    return [*((shop.catalog.customer.get(code), node) for code, node in entries.items()), *fields]


def read(text: str, filename: str, shop: shop.Shop) -> rules.Rulebook:
    """Read a mapping against a shop's attributes; raises MappingError with every problem found."""
    root, problems = yamlfile.read(text)
    if problems and not root.value:
        raise MappingError(filename, problems)
    root = root if isinstance(root.value, dict) else replace(root, value={})
    reader = words.Reader(shop, problems)
    named, each = {}, {}
    entries = tenants.entries(reader, root)
    names = [entry.name for entry in entries]
    for entry in entries:
        own = words.Reader(shop, [], website_id=entry.website_id or shop.stores.default_website_id())
        ruleset = _ruleset(own, entry, names)
        named[entry.name] = rules.Tenant(entry.name, ruleset, entry.website_id, entry.profile)
        each[entry.name] = own.problems
    problems += tenants.told_apart(each)
    if problems:
        raise MappingError(filename, problems)
    return rules.Rulebook(named)


def _ruleset(reader: words.Reader, entry: tenants.Entry, names: list[str]) -> rules.Ruleset:
    """Read the rules of one tenant of those named; what is wrong with them stands in `reader.problems`."""
    root = entry.tree
    _top(reader, root)
    sections.prepare(reader, root)
    customer = root.value.get("customer") or Node({}, root.line, root.column)
    entries = reader.mapping(customer, "customer")
    described = _described(reader.shop, entries, root.value.get("addresses"))
    reader.user = extension.user_type(reader.prefixes, described, reader.shop)
    read = [rule.read(reader, reader.customer, key, node) for key, node in customer.items()] if entries else []
    found = [each for each in read if each]
    _required(reader, customer, found)
    placement.check(reader, customer, found, entry.website_id)
    kept = addresses.read(reader, root.value.get("addresses"))
    match = sections.match(reader, root.value.get("match"))
    groups = sections.groups(reader, root.value.get("groups"))
    sections.contradictions(reader, root)
    named = {address.name: address for address in kept}
    examined = tests.read(reader, root.value.get("tests"), entry.name, names, named)
    password = "accept"  # noqa: S105 - a word of the file
    if node := root.value.get("password"):
        password = reader.choice(node, ("accept", "ignore"), "password")
    leaving = lifecycle.read(reader, root.value.get("lifecycle"))
    follows = sections.consequences(reader, root.value.get("consequences"))
    published = extension.published(reader.user, found, reader.website_id)
    ruleset = rules.Ruleset(
        tuple(found), match, password, groups, reader.user, published, kept, leaving, tuple(examined), follows
    )
    if not reader.problems and reader.website_id:
        profile = profiles.PROFILES[entry.profile or "lenient"]
        reader.problems += examples.judge(ruleset, reader.shop, reader.website_id, profile)
    return ruleset
