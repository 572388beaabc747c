"""In charge of the labels of selects: into option ids, and back (facts 8.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.magento import catalog, options, shop
from app.mapping import converters, rules

SHOWN = 20  # labels that a message names
Made = Mapping[int, Mapping[int, str]]
"""Choices that this transaction has made and nobody else sees yet: attribute id -> option id -> label."""


@dataclass(frozen=True)
class Labels:
    """The labels of the shop's selects, and of choices that were just made."""

    shop: shop.Shop
    made: Made = field(default_factory=dict)

    def of(self, attribute: catalog.Attribute) -> Mapping[int, str]:
        """Give an attribute's labels by option id, as far as they are known."""
        return {**self.shop.options_of(attribute), **self.made.get(attribute.attribute_id or 0, {})}

    def find(self, attribute: catalog.Attribute, label: str) -> list[int]:
        """Find the options of a label; one that nobody knew of is looked for in the shop as it is now."""
        found = options.find(self.of(attribute), label)
        if not found:
            self.shop.options_now(attribute, options.fold(label))
            found = options.find(self.of(attribute), label)
        return found

    def name(self, attribute: catalog.Attribute, option_id: str) -> str:
        """Give the label of an option, its id where it has none."""
        number = int(option_id) if option_id.isascii() and option_id.isdigit() else 0
        if number not in self.of(attribute):
            self.shop.options_now(attribute, number)
        return self.of(attribute).get(number) or option_id


def store(rule: rules.Rule, value: Any, labels: Labels) -> Any:
    """Turn a label, of a multiselect a list of them or their text joined by commas, into option ids.

    What has to be made is an options.Choice. Gives None where the rule drops what the shop does not have.
    Raises converters.Bad.
    """
    if rule.attribute.input != "multiselect":
        return _option(rule, converters.to_string(value), labels)
    given = value if isinstance(value, list) else [value]
    texts = [text for each in given for text in _split(rule, converters.to_string(each), labels)]
    found = [option for option in (_option(rule, text, labels) for text in texts) if option is not None]
    return found or None


def show(rule: rules.Rule, stored: Any, labels: Labels) -> Any:
    """Turn option ids as they are stored into labels: of a multiselect a list."""
    if rule.attribute.input != "multiselect":
        return labels.name(rule.attribute, str(stored))
    return [labels.name(rule.attribute, part.strip()) for part in str(stored).split(",") if part.strip()]


def _split(rule: rules.Rule, text: str, labels: Labels) -> Sequence[str]:
    """Split labels at commas, but for a label that has one itself."""
    if "," not in text or options.find(labels.of(rule.attribute), text):
        return [text]
    return [part.strip() for part in text.split(",") if part.strip()]


def _option(rule: rules.Rule, label: str, labels: Labels) -> int | options.Choice | None:
    found = labels.find(rule.attribute, label)
    if len(found) == 1:
        return found[0]
    if found:
        raise converters.Bad(options.twice(label, len(found)))
    missing = rule.option.missing if rule.option else "reject"
    if missing == "drop":
        return None
    if missing == "create":
        return options.choice(rule.attribute, label)
    known = ", ".join(repr(text) for text in list(labels.of(rule.attribute).values())[:SHOWN])
    raise converters.Bad(f"the shop has no option {label!r}, only {known or 'none at all'}")
