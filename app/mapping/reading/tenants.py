"""In charge of the tenants of mapping.yaml: each one's website, profile, and the file's tree as it stands for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.mapping import rules, yamlfile
from app.mapping.reading import words
from app.mapping.yamlfile import Node
from app.scim import profiles

NAME = re.compile(r"(?!v\d)[a-z0-9][a-z0-9_-]{0,63}\Z")  # a part of the URL, where v2 would be a version
TENANT = ("website", "profile", "override")
COMMON = ("version", "tenants", "tests")  # of the whole file: no tenant has its own


@dataclass(frozen=True)
class Entry:
    """One tenant as the file names it; `tree` is the whole file with the tenant's words laid over it."""

    name: str
    tree: Node
    website_id: int | None = None
    profile: str | None = None


def entries(reader: words.Reader, root: Node) -> list[Entry]:
    """Read who the tenants are: one called `default` where the file names none."""
    node = root.value.get("tenants")
    named = {} if node is None else reader.mapping(node, "tenants")
    if node is None or not named:
        return [Entry(rules.DEFAULT_TENANT, root)]
    return [_entry(reader, root, key, given) for key, given in node.items()]


def _entry(reader: words.Reader, root: Node, key: Node, node: Node) -> Entry:
    if not NAME.match(key.text):
        reader.note(
            key,
            f"{key.text!r} is no tenant's name: it stands in the URL, in small letters, digits, - and _, "
            "and is not v and a number",
        )
    if node.value is None:
        return Entry(key.text, root)
    given = reader.mapping(node, f"the tenant {key.text}")
    if given:
        reader.known(node, TENANT, f"the tenant {key.text}")
    website = _website(reader, given["website"]) if "website" in given else None
    profile = None
    if "profile" in given:
        profile = reader.choice(given["profile"], tuple(profiles.PROFILES), "profile")
    return Entry(key.text, _overridden(reader, root, given), website, profile)


def _website(reader: words.Reader, node: Node) -> int | None:
    known = {website.code: website.website_id for website in reader.shop.stores.websites.values() if website.website_id}
    if node.text not in known:
        reader.note(node, f"this shop has no website {node.text!r}", node.text, known)
    return known.get(node.text)


def _overridden(reader: words.Reader, root: Node, given: Mapping[str, Node]) -> Node:
    node = given.get("override")
    if node is None or not reader.mapping(node, "override"):
        return root
    for key, _ in node.items():
        if key.text in COMMON:
            reader.note(key, f"{key.text!r} holds for the whole file: no tenant has its own")
    rest = {word: value for word, value in node.value.items() if word not in COMMON}
    return merged(root, replace(node, value=rest))


def merged(base: Node, over: Node) -> Node:
    """Lay one tree over another: mappings word by word; null takes a word away; anything else takes its place.

    A word that the lower tree does not have comes before those it has, so that a new row of a lookup, where order
    counts, is reached. Every word keeps the place in the file where it stands.
    """
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    new = {word: node for word, node in over.value.items() if word not in base.value}
    laid = {word: merged(node, over.value[word]) if word in over.value else node for word, node in base.value.items()}
    values = {word: node for word, node in {**new, **laid}.items() if node.value is not None or word not in over.value}
    return Node(values, base.line, base.column, {word: {**base.keys, **over.keys}[word] for word in values})


def told_apart(found: Mapping[str, list[yamlfile.Problem]]) -> list[yamlfile.Problem]:
    """Put the tenants' problems together; one that not every tenant has says whose it is."""
    common = set.intersection(*(set(problems) for problems in found.values())) if found else set()
    return list(common) + [
        replace(problem, message=f"{problem.message} (tenant {name})")
        for name, problems in found.items()
        for problem in problems
        if problem not in common
    ]
