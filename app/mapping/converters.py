"""The functions that mapping.yaml may use on values, and the forms a value takes on either side.

The set is closed: a mapping can call these and nothing else, so it can be reviewed and can run nothing.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

ARGUMENT = re.compile(r"""\s*(?:(-?\d+)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*(,|\Z)""")
CALL = re.compile(r"\s*([a-z_]+)\s*(?:\((.*)\))?\s*\Z", re.S)
DIGITS = 100  # of a number, beyond which it is left as it is written
DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")


class Bad(ValueError):
    """A value that cannot take the wanted form, or a call that cannot be read; the message says why."""


def _words(value: str) -> list[str]:
    return value.split()


def _extract(value: str, pattern: str) -> str:
    match = re.search(pattern, value)
    if match is None:
        raise Bad(f"{value!r} does not match {pattern!r}")
    groups = match.groupdict()
    return (groups["v"] if "v" in groups else match[match.re.groups and 1]) or ""


def _slug(value: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", value).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")


def _date(value: str, form: str = "%Y-%m-%d") -> str:
    return to_date(value).strftime(form)


@dataclass(frozen=True)
class Function:
    """One row of the set: how many arguments of which types, what it does to a text.

    `settles` says that doing it twice is doing it once, so that the shop's value can stand for the identity
    provider's on the way back.
    """

    apply: Callable[..., str]
    types: tuple[type, ...] = ()
    settles: bool = True
    optional: int = 0


FUNCTIONS: dict[str, Function] = {
    "trim": Function(str.strip),
    "lower": Function(str.lower),
    "upper": Function(str.upper),
    "title": Function(str.title),
    "digits": Function(lambda value: re.sub(r"\D", "", value)),
    "first_word": Function(lambda value: (_words(value) or [""])[0]),
    "last_word": Function(lambda value: (_words(value) or [""])[-1]),
    "pad_left": Function(lambda value, width, fill: value.rjust(width, fill[:1] or " "), (int, str)),
    "truncate": Function(lambda value, width: value[:width], (int,)),
    "slug": Function(_slug),
    "replace": Function(lambda value, old, new: value.replace(old, new), (str, str), settles=False),
    "extract": Function(_extract, (str,), settles=False),
    "split": Function(
        lambda value, by, index: (value.split(by)[index : index + 1 or None] or [""])[0], (str, int), settles=False
    ),
    "join": Function(lambda value, by: by.join(_words(value)), (str,), settles=False),
    "date": Function(_date, (str,), settles=False, optional=1),
}


@dataclass(frozen=True)
class Call:
    """One function with its arguments, ready to be applied; `str()` gives it as written."""

    name: str
    arguments: tuple[Any, ...] = ()

    def __call__(self, value: str) -> str:
        return FUNCTIONS[self.name].apply(value, *self.arguments)

    @property
    def settles(self) -> bool:
        """Say whether applying it twice is applying it once."""
        return FUNCTIONS[self.name].settles

    def __str__(self) -> str:
        inner = ", ".join(f'"{a}"' if isinstance(a, str) else str(a) for a in self.arguments)
        return f"{self.name}({inner})" if inner else self.name


def _arguments(text: str) -> list[Any]:
    values: list[Any] = []
    position = 0
    while text[position:].strip():
        match = ARGUMENT.match(text, position)
        if match is None:
            raise Bad(f"cannot read the arguments {text!r}: write numbers and quoted texts, separated by commas")
        number, double, single, _ = match.groups()
        quoted = double if double is not None else single
        values.append(int(number) if number is not None else re.sub(r"""\\(["'])""", r"\1", quoted))
        position = match.end()
    return values


def parse_call(text: str) -> Call:
    """Read one function call such as `lower` or `pad_left(8, "0")`; raises Bad."""
    match = CALL.match(text)
    if match is None:
        raise Bad(f"{text!r} is no function call")
    name, inner = match.groups()
    if name not in FUNCTIONS:
        raise Bad(f"unknown function {name!r}")
    function, arguments = FUNCTIONS[name], _arguments(inner or "")
    least = len(function.types) - function.optional
    if not least <= len(arguments) <= len(function.types):
        wanted = ", ".join(t.__name__ for t in function.types) or "no arguments"
        raise Bad(f"{name} takes {wanted}, not {len(arguments)}")
    for argument, wanted_type in zip(arguments, function.types, strict=False):
        if not isinstance(argument, wanted_type):
            raise Bad(f"{name}: {argument!r} should be a {wanted_type.__name__}")
    if name == "extract":
        try:
            re.compile(arguments[0])
        except re.error as error:
            raise Bad(f"extract: {arguments[0]!r} is no regular expression: {error}") from error
    return Call(name, tuple(arguments))


def apply(calls: Sequence[Call], value: str) -> str:
    """Run a text through functions, left to right; raises Bad."""
    for call in calls:
        value = call(value)
    return value


# Texts that show whether functions one after the other settle as each of them does alone.
PROBES = ("a", "A", "7", "ab cd", "Ab-Cd eF", " x  Y ", "1 2-3", "a1.B2 ", "-", "ß", "ﬁ x", "É o'Neil", "\u0130z ")


def settle(calls: Sequence[Call]) -> bool:
    """Say whether applying functions in this order twice is applying them once, each taken for itself and all together.

    `pad_left(6, "0")` and `truncate(5)` settle, one after the other they do not. Judged by texts of all kinds and of
    the lengths that the arguments name.
    """
    if not all(call.settles for call in calls):
        return False
    named = {value for call in calls for value in call.arguments if isinstance(value, int)}
    lengths = sorted({n + more for n in named for more in (-1, 0, 1) if n + more > 0})
    texts = [*PROBES, *((text * n)[start : start + n] for text in PROBES for n in lengths for start in (0, 1, 2))]
    return len(calls) < 2 or all(apply(calls, once) == once for once in (apply(calls, text) for text in texts))


@dataclass(frozen=True)
class Lookup:
    """A table from text to text; keys compare without regard to case, `*` at a key's end matches any rest."""

    rows: tuple[tuple[str, str], ...]

    def get(self, value: str) -> str | None:
        """Find the first row that fits; None where no row does."""
        folded = value.casefold()
        for key, result in self.rows:
            known = key.casefold()
            if folded == known or (known.endswith("*") and folded.startswith(known[:-1])):
                return result.replace("{value}", value)
        return None

    def turn(self, value: str) -> str | None:
        """Find what gives `value`: itself where it does, else the first full key whose result it is."""
        if self.get(value) == value:
            return value
        for key, result in self.rows:
            if result == value and not key.endswith("*") and self.get(key) == value:
                return key
        return None

    def one_way(self, calls: Sequence[Call] = ()) -> list[str]:
        """List the results that cannot be turned back into a key, where `calls` come before the lookup."""
        results = {result for _, result in self.rows if "{value}" not in result}

        def lost(result: str) -> bool:
            key = self.turn(result)
            try:
                return key is None or self.get(apply(calls, key)) != result
            except Bad:
                return True

        return sorted(filter(lost, results))


def to_boolean(value: Any) -> bool:
    """Read a boolean, also as text or number; raises Bad."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().casefold()
    if text in ("true", "1", "yes", "on"):
        return True
    if text in ("false", "0", "no", "off"):
        return False
    raise Bad(f"{value!r} is not true or false")


def to_integer(value: Any) -> int:
    """Read a whole number, also as text; raises Bad."""
    if isinstance(value, int):
        return int(value)
    if re.fullmatch(r"\s*[+-]?\d+\s*", str(value)):
        return int(str(value))
    raise Bad(f"{value!r} is not a whole number")


def to_decimal(value: Any) -> Decimal:
    """Read a decimal number, also as text, with no zeros at its end, so that 12 and 12.0 are one; raises Bad."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise Bad(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise Bad(f"{value!r} is not a number")
    return Decimal(format(number.normalize(), "f")) if abs(number.adjusted()) < DIGITS else number


def to_datetime(value: Any) -> datetime:
    """Read a point in time, naive UTC afterwards; a text without an offset is UTC; raises Bad."""
    if isinstance(value, datetime):
        moment = value
    else:
        try:
            moment = datetime.fromisoformat(str(value).strip())
        except ValueError:
            raise Bad(f"{value!r} is not a date and time: write 2026-01-31T12:00:00Z") from None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def to_date(value: Any) -> date:
    """Read a day; of a date and time the day as written; raises Bad."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip()
    try:
        return date.fromisoformat(text) if DATE.match(text) else datetime.fromisoformat(text).date()
    except ValueError:
        raise Bad(f"{value!r} is not a date: write 2026-01-31") from None


def to_string(value: Any) -> str:
    """Write any simple value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return str(int(value))  # in JSON 12.0 and 12 are one number
    if isinstance(value, str | int | float | Decimal):
        return str(value)
    raise Bad("a text is wanted, not a structure")


# The forms of a value: how it comes in from JSON, and how the shop's value is shown in JSON.
TYPES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "string": (to_string, str),
    "integer": (to_integer, int),
    "decimal": (to_decimal, lambda value: float(value)),
    "boolean": (to_boolean, lambda value: bool(value) if isinstance(value, int) else to_boolean(value)),
    "date": (to_date, lambda value: to_date(value).isoformat()),
    "dateTime": (to_datetime, lambda value: to_datetime(value).isoformat() + "Z"),
}
