"""In charge of single values: marshmallow fields for the types of RFC 7643 section 2.3."""

import abc
import base64
import binascii
import math
import re
from collections.abc import Mapping
from typing import Any

import marshmallow
from marshmallow import fields

from app.scim import attributes, folding, jsonschema, trees

UNKNOWN = "is no attribute here"
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}", re.ASCII)
_NO_URI = re.compile(r'[\s<>"{}|\\^`\x00-\x1f\x7f]')
FORMATS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "country": (re.compile(r"[A-Za-z]{2}", re.ASCII), "two letters of ISO 3166-1"),
    "language": (re.compile(r"[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*", re.ASCII), "a language tag as in en-US"),
    "timezone": (re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", re.ASCII), "a zone as in Europe/Berlin"),
}


def kind(value: Any) -> str:
    """Name the JSON type of a value, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case list():
            return "a list"
    return "an object"


def quote(value: Any) -> str:
    """Show a value in a message: texts cut to 40 characters, other values by their kind."""
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:39] + "…")
    return str(value) if isinstance(value, int | float) and abs(value) < 10**40 else kind(value)


def deeper_than(value: Any, levels: int) -> bool:
    """Say whether a JSON value is nested deeper than so many levels, without going down itself."""
    layer = [value]
    for _ in range(levels + 1):
        layer = [
            inner
            for held in layer
            if isinstance(held, list | dict)
            for inner in (held.values() if isinstance(held, dict) else held)
        ]
        if not layer:
            return False
    return True


class _Field(fields.Field[Any]):
    """A field that keeps the JSON value as it was sent, if `problem` finds nothing wrong with it."""

    def __init__(self, attribute: attributes.Attribute, loose: bool, **more: Any) -> None:
        super().__init__(**more)
        self.of = attribute
        self.loose = loose

    @abc.abstractmethod
    def problem(self, value: Any) -> str | None:
        """Say what is wrong with a value; None where nothing is."""

    def wanted(self, what: str, value: Any) -> str:
        """Say what the value should have been; a secret is not repeated."""
        given = kind(value) if self.of.returned == "never" else quote(value)
        return f"must be {what}, not {given}"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        told = self.problem(value)
        if told is not None:
            raise marshmallow.ValidationError(told)
        return value


class Text(_Field):
    """A string; one that is required is not blank."""

    def problem(self, value: Any) -> str | None:
        if not isinstance(value, str):
            return self.wanted("a string", value)
        if self.of.required and not value.strip():
            return "is required and may not be empty"
        form = FORMATS.get(self.of.format)
        if form and value and not self.loose and not form[0].fullmatch(value):
            return self.wanted(form[1], value)
        try:
            value.encode()
        except UnicodeEncodeError:
            return "has half of a surrogate pair"
        return None


class Flag(_Field):
    """true or false, nothing else."""

    def problem(self, value: Any) -> str | None:
        return None if isinstance(value, bool) else self.wanted("true or false", value)


class Whole(_Field):
    """A number without fraction or exponent."""

    def problem(self, value: Any) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool)
        return None if fits else self.wanted("a whole number", value)


class Real(_Field):
    """A finite number."""

    def problem(self, value: Any) -> str | None:
        fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return None if fits else self.wanted("a number", value)


class Moment(_Field):
    """An xsd:dateTime, kept as it was written."""

    def problem(self, value: Any) -> str | None:
        fits = isinstance(value, str) and trees.instant(value) is not None
        return None if fits else self.wanted('a date and time as in "2011-05-13T04:42:34Z"', value)


class Binary(_Field):
    """Base64, in either alphabet, with or without padding (RFC 7643 section 2.3.6)."""

    def problem(self, value: Any) -> str | None:
        if not isinstance(value, str) or not _BASE64.fullmatch(value):
            return self.wanted("base64", value)
        bare = value.rstrip("=")
        try:
            base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_" if set("-_") & set(bare) else None)
        except (binascii.Error, ValueError):
            return self.wanted("base64", value)
        return None


class Reference(_Field):
    """A URI, absolute or relative."""

    def problem(self, value: Any) -> str | None:
        if not isinstance(value, str):
            return self.wanted("a URI", value)
        return self.wanted("a URI", value) if not self.loose and _NO_URI.search(value) else None


class Complex(fields.Nested):
    """An object of sub-attributes."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, partial: Any = None, **more: Any) -> Any:
        if not isinstance(value, dict):
            raise marshmallow.ValidationError(f"must be an object, not {kind(value)}")
        return super()._deserialize(value, attr, data, partial=partial, **more)


class Values(fields.List[Any]):
    """The values of a multi-valued attribute: one primary at most, the same value not twice."""

    def __init__(self, attribute: attributes.Attribute, loose: bool, **more: Any) -> None:
        super().__init__(field(attribute, loose, single=True), **more)
        self.of = attribute

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> list[Any]:
        if not isinstance(value, list):
            raise marshmallow.ValidationError(f"must be a list, not {kind(value)}")
        more["partial"] = False  # a new value must be whole, also where the resource is given in parts
        loaded = super()._deserialize(value, attr, data, **more)
        if sum(isinstance(each, dict) and each.get("primary") is True for each in loaded) > 1:
            raise marshmallow.ValidationError("has more than one primary value")
        return folding.fold(self.of, loaded)


_TYPES: Mapping[str, type[_Field]] = {
    "string": Text,
    "boolean": Flag,
    "integer": Whole,
    "decimal": Real,
    "dateTime": Moment,
    "binary": Binary,
    "reference": Reference,
}


def field(attribute: attributes.Attribute, loose: bool, *, single: bool = False) -> fields.Field[Any]:
    """Make the field for an attribute, or with `single` for one of its values."""
    messages = {"required": "is required", "null": "may not be null"}
    more: dict[str, Any] = {
        "allow_none": True,
        "error_messages": messages,
        "metadata": jsonschema.words(attribute)
        if single or not attribute.multi
        else {"description": attribute.description},
    }
    if single and attribute.multi:
        more["allow_none"] = False
    elif attribute.required:
        more |= {"allow_none": False, "required": True}
        messages["null"] = "is required and may not be null"
        if attribute.multi:
            more["validate"] = _not_empty
    if attribute.multi and not single:
        return Values(attribute, loose, **more)
    if attribute.complex:
        inner = {sub.name: field(sub, loose) for sub in attribute.sub if sub.mutability != "readOnly"}
        return Complex(schema(inner), **more)
    return _TYPES[attribute.type](attribute, loose, **more)


def _not_empty(value: Any) -> None:
    if not value:
        raise marshmallow.ValidationError("is required and may not be empty")


class _Object(marshmallow.Schema):
    """An object whose keys are all known."""

    error_messages = {"unknown": UNKNOWN, "type": "must be an object"}  # noqa: RUF012 - marshmallow's own way


def schema(inner: Mapping[str, fields.Field[Any]]) -> marshmallow.Schema:
    """Make a schema of fields; other keys are refused."""
    made: marshmallow.Schema = _Object.from_dict(dict(inner))(unknown=marshmallow.RAISE)
    return made


def named(urns: Any, urn: str, *, alone: bool) -> bool:
    """Say whether a message's `schemas` hold its schema, in any letter case; `alone`: once, and nothing else."""
    held = [str(each).casefold() for each in urns] if isinstance(urns, list) else []
    return held == [urn.casefold()] if alone else urn.casefold() in held
