"""In charge of one value: the form an attribute is stored in, what is refused, and when two are equal."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from app.magento import catalog, changes, emails, errors, newsletter, placement, shop, validators

EARLIEST_YEAR = 1000
BASIC_PLANE = 0xFFFF  # Magento talks utf8mb3 to its database (facts 10)
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
# A subscription that waits for its reader's word is what was wanted, and is not one yet (facts 11).
ON_ITS_WAY = (newsletter.SUBSCRIBED, newsletter.NOT_ACTIVE, newsletter.UNCONFIRMED)
NOT_SUBSCRIBED = (None, newsletter.NOT_ACTIVE, newsletter.UNSUBSCRIBED, newsletter.UNCONFIRMED)


def normalize(shop: shop.Shop, attribute: catalog.Attribute, value: Any, website_id: int | None = None) -> Any:
    """Turn a value into the one that is stored: str, int, Decimal, date, naive UTC datetime, None for empty.

    A select takes an option id or an options.Choice, a multiselect a list of them or their text joined by commas,
    a multiline a list of lines or text. Raises Rejected with the attribute's code and what to do (facts 1.2, 8.1).
    """
    if isinstance(value, str):
        refuse_unstorable(attribute.code, value)
    if is_empty(value):
        if attribute.required_on(website_id):
            raise errors.Rejected(attribute.code, "this shop requires it: give a value that is not empty")
        if attribute.static and not attribute.nullable:
            if attribute.type == "string":
                return ""  # as Magento keeps an optional telephone (facts 9)
            raise errors.Rejected(attribute.code, "the shop cannot leave it empty: give a value")
        return None
    stored = _READERS[_kind(attribute)](shop, attribute, value)
    if isinstance(stored, str):
        _check_text(attribute, stored)
        lines, most = stored.count("\n") + 1, attribute.lines_on(website_id)
        if attribute.input == "multiline" and most and lines > most:
            raise errors.Rejected(attribute.code, f"it has {lines} lines; this shop keeps {most}")
    validators.check(shop, attribute, stored, website_id)
    return stored


def is_empty(value: Any) -> bool:
    """Say whether Magento keeps no value row for it: NULL, '' and empty lists (facts 1.3)."""
    return value is None or value == "" or (isinstance(value, (list, tuple)) and all(is_empty(v) for v in value))


def meaning(attribute: catalog.Attribute, stored: Any) -> Any:
    """Give what a stored value stands for: of the newsletter, whether it is subscribed to."""
    return int(stored == newsletter.SUBSCRIBED) if attribute.subscription else stored


def equal(attribute: catalog.Attribute, stored: Any, wanted: Any) -> bool:
    """Say whether a stored value is the wanted one: text exactly, choices as a set, '' as nothing."""
    if attribute.subscription:
        return stored in (ON_ITS_WAY if wanted else NOT_SUBSCRIBED)
    if is_empty(stored) or is_empty(wanted):
        return is_empty(stored) and is_empty(wanted)
    if attribute.input == "multiselect":
        return set(_ids(stored)) == set(_ids(wanted))
    if attribute.type == "string":
        return str(stored) == str(wanted)
    if attribute.type == "boolean":
        return bool(int(stored)) == bool(int(wanted))
    if isinstance(wanted, datetime) and not isinstance(stored, datetime) and isinstance(stored, date):
        return datetime(stored.year, stored.month, stored.day) == wanted
    return bool(stored == wanted)


def storable(text: str) -> bool:
    """Say whether Magento's three-byte connection can read every character back, and any database hold it."""
    return (text.isascii() and "\0" not in text) or not any(map(_unstorable, text))


def refuse_unstorable(code: str, text: str) -> None:
    """Raise Rejected for a text that is not storable."""
    if not storable(text):
        character = next(filter(_unstorable, text))
        raise errors.Rejected(
            code, f"the shop cannot store {character!r} (U+{ord(character):04X}): leave such characters out"
        )


def _unstorable(character: str) -> bool:
    return character == "\0" or "\ud800" <= character <= "\udfff" or ord(character) > BASIC_PLANE


def _kind(attribute: catalog.Attribute) -> str:
    if attribute.belonging:
        return attribute.code
    if attribute.code == "email" and attribute.static:
        return "email"
    if attribute.input == "multiselect":
        return "multiselect"
    if attribute.has_options and attribute.type != "boolean":
        return "select"
    return "multiline" if attribute.input == "multiline" else attribute.type


def _text(_shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise errors.Rejected(attribute.code, f"text is needed, not {validators.shown(value)}")
    return str(value)


def _email(shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> str:
    text = _text(shop, attribute, value)
    reason = emails.refused(text)
    if reason:
        raise errors.Rejected(attribute.code, f"{text!r} is no e-mail address for Magento: {reason}")
    return text


def _integer(_shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str, Decimal)) or not _is_whole(value):
        raise errors.Rejected(attribute.code, f"a whole number is needed, not {validators.shown(value)}")
    number = int(value)
    low, high = attribute.bounds or (-(2**31), 2**31 - 1)
    if not low <= number <= high:
        raise errors.Rejected(attribute.code, f"{number} is out of range: {low} to {high}")
    return number


def _is_whole(value: int | str | Decimal) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[+-]?[0-9]{1,20}", value.strip()) is not None
    return isinstance(value, int) or (value.is_finite() and value == value.to_integral_value())


def _decimal(_shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> Decimal:
    try:
        number = Decimal(str(value).strip()) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise errors.Rejected(attribute.code, f"a number is needed, not {validators.shown(value)}")
    digits, scale = attribute.digits or (12, 4)
    if abs(number) >= Decimal(10) ** (digits - scale):
        raise errors.Rejected(attribute.code, f"{number} is too large: {digits - scale} digits before the point")
    return number.quantize(Decimal(1).scaleb(-scale), rounding=ROUND_HALF_UP)


def _boolean(_shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> int | str:
    word = str(value).strip().lower()
    if word not in TRUE | FALSE:
        raise errors.Rejected(attribute.code, f"true or false is needed, not {validators.shown(value)}")
    truth = int(word in TRUE)
    return str(truth) if attribute.backend_type in ("varchar", "text") else truth


def _date(_shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> date | datetime:
    moment = _moment(attribute, value)
    return moment.date() if attribute.backend_type == "static" else datetime(moment.year, moment.month, moment.day)


def _date_time(_shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> datetime:
    moment = _moment(attribute, value)
    if moment.tzinfo is not None and moment.year < date.max.year:
        moment = moment.astimezone(UTC)
    return moment.replace(microsecond=0, tzinfo=None)


def _moment(attribute: catalog.Attribute, value: Any) -> datetime:
    """Read a date or a time; a date is its midnight, a time keeps its offset."""
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    else:
        text = value.strip() if isinstance(value, str) else ""
        form = "2024-12-31" if attribute.type == "date" else "2024-12-31T23:59:59Z"
        try:
            moment = datetime.fromisoformat(text if re.match(r"\d{4}-\d{2}-\d{2}", text) else "")
        except ValueError as error:
            reason = f"a {attribute.type} like {form} is needed, not {validators.shown(value)}"
            raise errors.Rejected(attribute.code, reason) from error
    if moment.year < EARLIEST_YEAR:
        raise errors.Rejected(attribute.code, f"the database has no dates before the year {EARLIEST_YEAR}")
    return moment


def _option(shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> int | str | changes.New | changes.Joined:
    if isinstance(value, changes.New | changes.Joined):  # a choice that is to be made
        return changes.joined([value]) if attribute.type == "string" and isinstance(value, changes.New) else value
    text = str(value).strip()
    number = int(text) if text.isascii() and text.isdigit() and not isinstance(value, bool) else -1
    options = shop.options_of(attribute)
    if number >= 0 and number not in options:
        options = shop.options_now(attribute, number)
    if number not in options:
        known = ", ".join(f"{i} {label!r}" for i, label in list(options.items())[:10])
        raise errors.Rejected(
            attribute.code, f"{validators.shown(value)} is no option of it; there are {known or 'none'}"
        )
    return text if attribute.type == "string" else number


def _options(shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> str | changes.Joined:
    chosen = _ids(value)
    if attribute.has_options:
        chosen = [part if isinstance(part, changes.New) else str(_option(shop, attribute, part)) for part in chosen]
    return changes.joined(dict.fromkeys(chosen))


def _lines(shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> str:
    lines = value if isinstance(value, (list, tuple)) else str(value).split("\n")
    kept = [_text(shop, attribute, line).strip() for line in lines if not is_empty(line)]
    return "\n".join(kept)


def _belonging(shop: shop.Shop, attribute: catalog.Attribute, value: Any) -> int:
    return placement.find(shop, attribute.code, value)


def _check_text(attribute: catalog.Attribute, text: str) -> None:
    refuse_unstorable(attribute.code, text)
    if attribute.max_length is not None and len(text) > attribute.max_length:
        raise errors.Rejected(
            attribute.code,
            f"it has {len(text)} characters; the shop keeps {attribute.max_length}: shorten it",
        )
    if attribute.max_bytes is not None and len(text.encode()) > attribute.max_bytes:
        raise errors.Rejected(attribute.code, f"it is longer than the {attribute.max_bytes} bytes the shop keeps")


def _ids(value: Any) -> list[str | changes.New]:
    """Split a multiselect's value: a list, or text joined by commas."""
    if isinstance(value, changes.Joined):
        return list(value.parts)
    parts = value if isinstance(value, (list, tuple)) else str(value).split(",")
    found = [part if isinstance(part, changes.New) else str(part).strip() for part in parts]
    return [part for part in found if part != ""]


_READERS: dict[str, Callable[[Any, catalog.Attribute, Any], Any]] = {
    **dict.fromkeys(placement.KINDS, _belonging),
    "email": _email,
    "string": _text,
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "dateTime": _date_time,
    "select": _option,
    "multiselect": _options,
    "multiline": _lines,
}
