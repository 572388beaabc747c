"""In charge of rules that say where a customer belongs: the websites, store views and groups that they name."""

from collections.abc import Iterable, Iterator
from typing import Any

from app.magento import errors, placement
from app.mapping import rules
from app.mapping.reading import words
from app.mapping.yamlfile import Node


def check(reader: words.Reader, entries: Node, found: Iterable[rules.Rule], tenant_website: int | None) -> None:
    """Check what the rules name; `entries`: the rules' nodes, `tenant_website`: where the file puts the tenant."""
    targets = {rule.target: rule for rule in found if rule.goes_in and rule.attribute.belonging}
    if tenant_website is not None and "website_id" in targets:
        reader.note(
            entries.keys["website_id"],
            "the tenant's `website` says where its customers are: take that out, or this rule",
        )
    anywhere = "website_id" in targets or reader.shop.settings.shares_accounts()
    for rule in targets.values():
        for place, named in _named(entries.value[rule.target], rule):
            _known(reader, place, rule.target, named, None if anywhere else reader.website_id)


def _named(node: Node, rule: rules.Rule) -> Iterator[tuple[Node, Any]]:
    """Walk what a rule names outright, with its place."""
    if not isinstance(node.value, dict):
        return
    for word, value in (("const", rule.const), ("otherwise", rule.otherwise)):
        if value not in (rules.NOTHING, None, ""):
            yield node.value[word], value
    for word, template in (("template", rule.template), ("default", rule.default)):
        if template is not None and template.parts and template.fixed:
            yield node.value[word], "".join(map(str, template.parts))
    for _, result in rule.lookup.rows if rule.lookup else ():
        if result and "{value}" not in result:
            yield node.value["lookup"], result


def _known(reader: words.Reader, place: Node, code: str, named: Any, website_id: int | None) -> None:
    """Note a website, store view or group that there is not, and a store view of another website."""
    kind, stores = placement.KINDS[code].name, reader.shop.stores
    try:
        number = placement.find(reader.shop, code, named)
    except errors.Rejected:
        known = placement.codes(reader.shop, code).values()
        reader.note(place, f"this shop has no {kind} {named!r} that a customer may have", str(named), known)
        return
    if code == "store_id" and website_id is not None and stores.stores[number].website_id != website_id:
        website = stores.websites[website_id].code
        reader.note(place, f"the store view {named!r} is not of the website {website!r}: its customers cannot have it")
