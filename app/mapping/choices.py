"""In charge of the labels of selects: into option ids, and back; and of the options that are made (facts 8.1)."""

from collections.abc import Sequence
from typing import Any

from app.magento import catalog, options, shop
from app.mapping import converters, rules

SHOWN = 20  # labels that a message names


def store(rule: rules.Rule, value: Any, shop: shop.Shop) -> Any:
    """Turn a label, of a multiselect a list of them or their text joined by commas, into option ids.

    What has to be made is an options.Choice. Gives None where the rule drops what the shop does not have.
    Raises converters.Bad.
    """
    if rule.attribute.input != "multiselect":
        return _option(rule, converters.to_string(value), shop)
    given = value if isinstance(value, list) else [value]
    texts = [text for each in given for text in _split(rule, converters.to_string(each), shop)]
    found = [option for option in (_option(rule, text, shop) for text in texts) if option is not None]
    return found or None


def show(rule: rules.Rule, stored: Any, shop: shop.Shop) -> Any:
    """Turn option ids as they are stored into labels: of a multiselect a list."""
    if rule.attribute.input != "multiselect":
        return _name(shop, rule.attribute, str(stored))
    return [_name(shop, rule.attribute, part.strip()) for part in str(stored).split(",") if part.strip()]


def _find(shop: shop.Shop, attribute: catalog.Attribute, label: str) -> list[int]:
    """Find the options of a label; one that nobody knew of is looked for in the shop as it is now."""
    found = options.find(shop.options_of(attribute), label)
    return found or options.find(shop.options_now(attribute, options.fold(label)), label)


def _name(shop: shop.Shop, attribute: catalog.Attribute, option_id: str) -> str:
    """Give the label of an option, its id where it has none."""
    number = int(option_id) if option_id.isascii() and option_id.isdigit() else 0
    label = shop.options_of(attribute).get(number)
    return label or shop.options_now(attribute, number).get(number) or option_id


def _split(rule: rules.Rule, text: str, shop: shop.Shop) -> Sequence[str]:
    """Split labels at commas, but for a label that has one itself."""
    if "," not in text or options.find(shop.options_of(rule.attribute), text):
        return [text]
    return [part.strip() for part in text.split(",") if part.strip()]


def _option(rule: rules.Rule, label: str, shop: shop.Shop) -> int | options.Choice | None:
    found = _find(shop, rule.attribute, label)
    if len(found) == 1:
        return found[0]
    if found:
        raise converters.Bad(options.twice(label, len(found)))
    missing = rule.option.missing if rule.option else "reject"
    if missing == "drop":
        return None
    if missing == "create":
        return options.choice(rule.attribute, label)
    known = ", ".join(repr(text) for text in list(shop.options_of(rule.attribute).values())[:SHOWN])
    raise converters.Bad(f"the shop has no option {label!r}, only {known or 'none at all'}")
