"""In charge of Magento's own validators: what its next save would refuse is refused here (facts 2.2, 8.2).

Each is a row: the attributes it judges, the feature of the release that has it, what it takes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from app.magento import catalog, emails, errors, features, shop

TIMEZONE = "general/locale/timezone"
LAST_TO_BEGIN_A_DAY = timezone(timedelta(hours=-12))
BLANKS = "\t\n\v\f\r\x85"  # and the separators of Unicode: PHP's \s under the modifier u
NAMES = ("firstname", "middlename", "lastname")
DATE_LIMITS = (
    ("date_range_min", datetime.__lt__, "no earlier than"),
    ("date_range_max", datetime.__gt__, "no later than"),
)
LENGTH_LIMITS = (("max_text_length", int.__gt__), ("min_text_length", int.__lt__))


@dataclass(frozen=True)
class Pattern:
    """Takes a text when its first run of allowed characters is all of it, or when it has none at all.

    So it does in Magento: `preg_match`, then a comparison of the first match, so that `!!!` passes and `a!` does not.
    signs: allowed beside letters and their marks (letters=True), blanks and digits (digits=True). most: of characters.
    """

    signs: str
    most: int
    letters: bool = True
    digits: bool = False

    def takes(self, text: str) -> bool:
        start = next((i for i, character in enumerate(text) if self._allows(character)), None)
        return start is None or (start == 0 and len(text) <= self.most and all(map(self._allows, text)))

    def _allows(self, character: str) -> bool:
        kind = unicodedata.category(character)
        return (
            character in self.signs
            or character in BLANKS
            or kind[0] == "Z"
            or (self.letters and kind[0] in "LM")
            or (self.digits and kind == "Nd")
        )

    def __str__(self) -> str:
        kinds = [*(["letters"] if self.letters else []), *(["digits"] if self.digits else []), "blanks"]
        return f"only {', '.join(kinds)} and {' '.join(self.signs)}, {self.most} characters at most"


@dataclass(frozen=True)
class Judge:
    """One validator: of which table's attributes, in which releases, and which class of Magento's it is."""

    table: str
    codes: tuple[str, ...]
    there: Callable[[features.Features], bool]
    pattern: Pattern
    name: str


def _names(signs: str) -> Pattern:
    return Pattern(",-_.'" + signs, 255, digits=True)


CUSTOMER, ADDRESS = "customer_entity", "customer_address_entity"
OLDEST, MORE_QUOTES, AMPERSANDS = _names(""), _names("’`"), _names("’`&")
JUDGES: tuple[Judge, ...] = (
    Judge(CUSTOMER, NAMES, lambda f: not f.more_quotes, OLDEST, "Name"),
    Judge(CUSTOMER, NAMES, lambda f: f.more_quotes and not f.ampersands, MORE_QUOTES, "Name"),
    Judge(CUSTOMER, NAMES, lambda f: f.ampersands, AMPERSANDS, "Name"),
    Judge(ADDRESS, NAMES, lambda f: f.address_validators, AMPERSANDS, "Name"),
    Judge(ADDRESS, ("city",), lambda f: f.address_validators, Pattern("-'", 100), "City"),
    Judge(
        ADDRESS,
        ("telephone",),
        lambda f: f.address_validators,
        Pattern("+-()", 20, letters=False, digits=True),
        "Telephone",
    ),
    # 2.4.8's Street never matches anything, for an unescaped bracket: it takes all.
)


def check(shop: shop.Shop, attribute: catalog.Attribute, stored: Any, website_id: int | None = None) -> None:
    """Refuse a value that Magento's own validators refuse. Raises Rejected, and says whose rule it is.

    stored: in the form it is stored in, not empty.
    """
    if attribute.static:
        _check_pattern(shop, attribute, stored)
        if attribute.code == "dob" and attribute.table == CUSTOMER and isinstance(stored, date):
            _check_birth(shop, stored, website_id)
    _check_rules(attribute, stored)


def _check_pattern(shop: shop.Shop, attribute: catalog.Attribute, stored: Any) -> None:
    for judge in JUDGES:
        fits = attribute.code in judge.codes and attribute.table == judge.table and judge.there(shop.features)
        if fits and isinstance(stored, str) and not judge.pattern.takes(stored):
            raise errors.Rejected(
                attribute.code,
                f"this shop's Magento would refuse {shown(stored)} when it next saves the customer: its {judge.name}"
                f" validator takes {judge.pattern}",
            )


def _check_birth(shop: shop.Shop, born: date, website_id: int | None) -> None:
    """From 2.4.8 on nobody is born tomorrow, by the clock of the shop (Model/Validator/Dob)."""
    if shop.features.address_validators and born > datetime.now(_zone(shop, website_id)).date():
        raise errors.Rejected(
            "dob", f"this shop's Magento would refuse {born}: its Dob validator takes no date after today"
        )


def _zone(shop: shop.Shop, website_id: int | None) -> ZoneInfo | timezone:
    try:
        return ZoneInfo(shop.settings.value(TIMEZONE, website_id=website_id) or "")
    except (KeyError, ValueError, OSError):  # unknown here: the one that begins the day last is the strictest
        return LAST_TO_BEGIN_A_DAY


def _check_rules(attribute: catalog.Attribute, stored: Any) -> None:
    """Apply validate_rules as Magento does: text lengths only together with input_validation (facts 2.2)."""
    rules = attribute.validate_rules
    if isinstance(stored, date) and attribute.input == "date":
        _check_range(attribute, rules, stored)
    wanted = rules.get("input_validation")
    if not wanted or not isinstance(stored, str):
        return
    for line in stored.split("\n") if attribute.input == "multiline" else [stored]:
        takes, reason = INPUTS.get(str(wanted), (None, ""))
        if takes is not None and not takes(line):
            raise errors.Rejected(
                attribute.code, f"the shop's {wanted} rule for it takes {reason} only, not {shown(line)}"
            )
        for name, broken in LENGTH_LIMITS:
            limit = str(rules.get(name, ""))
            if limit.isdigit() and broken(len(line.strip()), int(limit)):
                raise errors.Rejected(attribute.code, f"it has {len(line)} characters; the shop's {name} is {limit}")


def _check_range(attribute: catalog.Attribute, rules: Any, stored: date) -> None:
    moment = datetime(stored.year, stored.month, stored.day, tzinfo=UTC)
    for name, broken, words in DATE_LIMITS:
        limit = str(rules.get(name) or "")
        if limit.isdigit() and broken(moment, datetime.fromtimestamp(int(limit), UTC)):
            day = datetime.fromtimestamp(int(limit), UTC).date()
            raise errors.Rejected(attribute.code, f"the shop's {name} for it takes dates {words} {day}, not {stored}")


def shown(value: Any) -> str:
    """Show a refused value in a message, not at length."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _fits(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _is_date(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


# input_validation -> whether it takes a text, and what that is. `length` judges nothing of its own. Where Magento's
# form and its save differ the stricter one counts (Metadata/Form/AbstractData, Eav/Attribute/Data/AbstractData).
INPUTS: dict[str, tuple[Callable[[str], bool], str]] = {
    "alphanumeric": (_fits(r"[^\W_]*"), "letters and digits"),
    "alphanum-with-spaces": (_fits(r"(?:[^\W_]|\s)*"), "letters, digits and blanks"),
    "numeric": (_fits(r"[0-9]*"), "digits"),
    "alpha": (_fits(r"(?:[^\W\d_]|\s)*"), "letters and blanks"),
    "email": (lambda text: emails.refused(text) is None, "e-mail addresses"),
    "url": (_fits(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^\W_]|-)+(?:\.(?:[^\W_]|-)+)+(?::[0-9]+)?(?:[/?#]\S*)?"), "URLs"),
    "date": (_is_date, "dates like 2024-12-31"),
}
