"""In charge of the values that filters compare with: which an attribute takes, and how they are written."""

from collections.abc import Mapping

from app.scim import attributes, tokens, trees

ORDER = frozenset({"gt", "ge", "lt", "le"})
TEXT = frozenset({"co", "sw", "ew"})
UNORDERED = frozenset({"boolean", "binary"})  # gt, ge, lt and le on these are 400 (RFC 7644 table 3)
KEYWORDS = frozenset({"and", "or", "not"})
UNKNOWN = "unknown"  # the type of an attribute that the resource type does not have
FITTING: Mapping[str, tuple[type, ...]] = {  # all others: str
    "boolean": (bool,),
    "integer": (int, float),
    "decimal": (int, float),
    UNKNOWN: (str, bool, int, float),
}
TEXTLESS = frozenset({"boolean", "binary", "integer", "decimal", "dateTime"})  # no part of these can be searched

# What a profile may let pass beyond the RFC; see profiles.ROWS for who sends it.
UNQUOTED = "filter_unquoted"  # externalId eq jyoung, also in single quotes
BOOLEAN_TEXT = "filter_boolean_text"  # active eq "True", primary eq True


class Unfit(Exception):
    """A word that is no value, or none for the attribute; `hint` is more to say at the end of a sentence."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


def read(token: tokens.Token, leaf: attributes.Attribute, tolerances: frozenset[str], fired: set[str]) -> trees.Literal:
    """Read a JSON literal that fits the attribute; adds to `fired` the tolerances without which it would be refused.

    Raises Unfit.
    """
    value = _literal(token, leaf, tolerances, fired)
    if isinstance(value, str) and leaf.type == "dateTime" and trees.instant(value) is None:
        raise Unfit(f'{leaf.name} wants a date and time as in "2011-05-13T04:42:34Z"')
    if value is not None and type(value) not in FITTING.get(leaf.type, (str,)):
        raise Unfit(f"{leaf.name} is of type {leaf.type} and wants such a value")
    return value


def _literal(
    token: tokens.Token, leaf: attributes.Attribute, tolerances: frozenset[str], fired: set[str]
) -> trees.Literal:
    """Read the literal at a token; what a tolerance lets pass depends on the attribute's type."""
    if leaf.type == "boolean" and token.text not in ("true", "false"):
        word = str(token.value if token.kind == "string" else token.text).lower()
        if BOOLEAN_TEXT in tolerances and word in ("true", "false"):
            fired.add(BOOLEAN_TEXT)
            return word == "true"
    loose = UNQUOTED in tolerances and leaf.type not in ("boolean", "integer", "decimal")
    if token.kind == "string":
        return str(token.value)
    if token.kind == "number" and not loose:
        number: int | float = token.value
        return number
    if token.kind == "name" and token.text in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[token.text]
    if token.kind not in ("name", "bare", "number") or not loose or token.word in KEYWORDS:
        hint = "; a text stands in double quotes" if token.kind in ("name", "bare") else ""
        raise Unfit("expected a value", hint)
    fired.add(UNQUOTED)
    return token.text.strip("'")
