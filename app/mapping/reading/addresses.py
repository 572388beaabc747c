"""In charge of the section `addresses` of mapping.yaml: which values of a user are addresses of the customer."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.magento import addresses
from app.mapping import rules
from app.mapping.reading import rule, words
from app.mapping.yamlfile import Node
from app.scim import filters, paths

WORDS = ("name", "root", "default", "existing", "fields", "on_invalid", "on_absent")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
CHOICES = {
    "existing": ("keep", "replace", "adopt"),
    "on_invalid": ("reject", "drop"),
    "on_absent": rule.CHOICES["on_absent"],
}


def fields_of(node: Node | None) -> Iterator[tuple[str, Node]]:
    """Walk the rules for addresses before they are read, as far as the section has its form."""
    for entry in node.value if node is not None and isinstance(node.value, list) else ():
        held = entry.value.get("fields") if isinstance(entry.value, dict) else None
        if held is not None and isinstance(held.value, dict):
            yield from held.value.items()


def read(reader: words.Reader, node: Node | None) -> tuple[rules.Address, ...]:
    """Read the section; what cannot be read is noted and left out."""
    if node is None:
        return ()
    if not isinstance(node.value, list):
        reader.note(node, f"addresses must be a list, one entry for each address, not {node.kind}")
        return ()
    found = [address for each in node.value if (address := _entry(reader, each))]
    for name, count in Counter(address.name for address in found).items():
        if count > 1:
            reader.note(node, f"{count} addresses have the name {name!r}: a name says which address is whose")
    return tuple(found)


def _entry(reader: words.Reader, node: Node) -> rules.Address | None:
    if not reader.mapping(node, "an address"):
        return None
    reader.known(node, WORDS, "an address")
    missing = [word for word in ("name", "root", "fields") if word not in node.value]
    if missing:
        reader.note(node, f"an address needs {' and '.join(f'`{word}`' for word in missing)}")
        return None
    name = reader.text(node.value["name"], "a name") or ""
    if not NAME.fullmatch(name):
        reader.note(node.value["name"], "a name is up to 64 letters, digits, - and _")
    root = _root(reader, node.value["root"])
    if root is None:
        return None
    fields = _fields(replace(reader, root=root), node.value["fields"])
    return rules.Address(name, root, fields, node.line, **_words(reader, node))


def _words(reader: words.Reader, node: Node) -> dict[str, Any]:
    defaults = {word: reader.defaults[word] for word in ("on_invalid", "on_absent") if word in reader.defaults}
    given: dict[str, Any] = {word: value for word, value in defaults.items() if value != "default"}
    if "default" in node.value:
        kinds = tuple(addresses.DEFAULTS)
        given["default"] = reader.each(node.value["default"], lambda value: reader.choice(value, kinds, "default"))
    given |= {w: reader.choice(node.value[w], CHOICES[w], w) for w in CHOICES if w in node.value}
    return given


def _root(reader: words.Reader, node: Node) -> paths.Path | None:
    """Read the path of a whole value, one that can be made again from what the path says."""
    path = reader.path(node)
    if path is None:
        return None
    if path.attribute is None or path.sub is not None or not (path.attribute.complex and path.attribute.multi):
        reader.note(node, 'root is a whole value of several, such as addresses[type eq "work"]')
        return None
    if path.filter is not None and not filters.evaluate(path.filter, paths.described(path.filter)):
        reader.note(node, 'root cannot be turned back: select the value by eq, such as addresses[type eq "work"]')
    return path


def _fields(reader: words.Reader, node: Node) -> tuple[rules.Rule, ...]:
    known = reader.shop.catalog.address
    entries = node.items() if reader.mapping(node, "fields") else ()
    read = [rule.read(reader, known, key, value, whose="addresses") for key, value in entries]
    found = [each for each in read if each]
    filled = {each.target for each in found if each.goes_in}
    for attribute in known.values():
        wanted = attribute.code in addresses.ALWAYS or attribute.required_on()
        if wanted and not attribute.read_only_reason and attribute.code not in filled:
            label = f"{attribute.code} ({attribute.label})"
            reader.note(node, f"the shop requires {label} of addresses, and no field gives it")
    first = addresses.FIRST
    return tuple(sorted(found, key=lambda each: first.index(each.target) if each.target in first else len(first)))
