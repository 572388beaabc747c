"""In charge of the grammar of filters: a recursive descent over the words of `tokens` into the trees of `trees`.

Names become attributes of the resource type at once. `filters` and `paths` are its doors.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from app.scim import attributes, errors, literals, tokens, trees

# What a profile may let the parser take beyond the RFC; see profiles.ROWS for who sends it, `literals` for more.
COMPLEX_VALUE = "filter_complex_value"  # manager eq "5", meant as manager.value


@dataclass(frozen=True)
class Limits:
    """How large a filter may be: characters, nesting, and comparisons with their negations."""

    length: int = 10_000
    depth: int = 50
    nodes: int = 200


LIMITS = Limits()


def nearest(word: str, known: Iterable[str]) -> str:
    """Give "; did you mean '…'?" when a known name is like the word, else ""."""
    names = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word[:60].casefold(), list(names), n=1, cutoff=0.6)
    return f"; did you mean {names[found[0]]!r}?" if found else ""


def split(name: str) -> tuple[str | None, str, str | None]:
    """Cut "urn:attribute.sub" into its three parts. The URN ends at the last colon."""
    urn, colon, rest = name.rpartition(":")
    attribute, dot, sub = rest.partition(".")
    return urn if colon else None, attribute, sub if dot else None


@dataclass(frozen=True)
class Scope:
    """Where names are looked up: a resource type, or inside the brackets of one of its attributes."""

    resource_type: attributes.ResourceType
    parent: attributes.Attribute | None = None

    def names(self) -> list[str]:
        """List the names that exist here, for suggestions."""
        if self.parent is not None:
            return [sub.name for sub in _subs(self.parent)]
        found = list(self.resource_type.attributes)
        for extension in self.resource_type.extensions:
            found += extension.schema.attributes
        return [attribute.name for attribute in found]


def _subs(parent: attributes.Attribute) -> tuple[attributes.Attribute, ...]:
    """Give the sub-attributes; a simple value is its own `value`."""
    if parent.complex:
        return parent.sub
    value = attributes.Attribute(
        "value", parent.type, case_exact=parent.case_exact, mutability=parent.mutability, returned=parent.returned
    )
    return (value,)


class Parser:
    """One parse of one text. `paths` uses it for the filter in a path's brackets."""

    error: type[errors.ScimError] = errors.InvalidFilter

    def __init__(
        self,
        text: str,
        resource_type: attributes.ResourceType,
        tolerances: frozenset[str],
        *,
        absent: bool = False,
        limits: Limits = LIMITS,
        what: str = "filter",
    ) -> None:
        if len(text) > limits.length:
            raise errors.InvalidFilter(f"the {what} is longer than {limits.length} characters")
        self.what = what
        self.tolerances = tolerances
        self.absent = absent
        self.limits = limits
        self.fired: set[str] = set()
        self.depth = 0
        self.nodes = 0
        self.place = 0
        self.resource_type = resource_type
        try:
            self.words = tokens.split(text)
        except tokens.BadText as error:
            raise errors.InvalidFilter(f"{what}: {error.reason} at position {error.start + 1}") from error

    # -- words ---------------------------------------------------------------------------------------------------

    @property
    def next(self) -> tokens.Token:
        return self.words[self.place]

    def take(self) -> tokens.Token:
        token = self.words[self.place]
        self.place += 1
        return token

    def at_sign(self, sign: str) -> bool:
        return self.next.kind == "sign" and self.next.text == sign

    def expect(self, sign: str) -> None:
        if not self.at_sign(sign):
            self.fail(f"expected {sign!r}", self.next)
        self.place += 1

    def fail(self, reason: str, token: tokens.Token, hint: str = "") -> NoReturn:
        word = repr(token.text[:60]) if token.kind != "end" else "the end"
        raise errors.InvalidFilter(f"{self.what}: {reason}, found {word} at position {token.start + 1}{hint}")

    def finish(self) -> None:
        if self.next.kind != "end":
            self.fail("expected 'and', 'or' or the end", self.next)

    # -- logic ---------------------------------------------------------------------------------------------------

    def filter(self, scope: Scope) -> trees.Node:
        """Parse alternatives of conjunctions."""
        self.depth += 1
        if self.depth > self.limits.depth:
            raise errors.InvalidFilter(f"the {self.what} is nested deeper than {self.limits.depth} levels")
        parts = [self.conjunction(scope)]
        while self.next.kind == "name" and self.next.word == "or":
            self.place += 1
            parts.append(self.conjunction(scope))
        self.depth -= 1
        return either(parts)

    def conjunction(self, scope: Scope) -> trees.Node:
        parts = [self.term(scope)]
        while self.next.kind == "name" and self.next.word == "and":
            self.place += 1
            parts.append(self.term(scope))
        return both(parts)

    def term(self, scope: Scope) -> trees.Node:
        token = self.next
        if token.kind == "name" and token.word == "not":
            following = self.words[self.place + 1]
            if following.kind == "sign" and following.text == "(":
                self.place += 1
                self.count()
                return trees.Not(self.group(scope))
            if following.kind == "end" or following.word not in trees.OPERATORS:
                self.fail("'not' must be followed by '('", following)
        if self.at_sign("("):
            return self.group(scope)
        if token.kind != "name":
            self.fail("expected an attribute name", token)
        return self.expression(scope)

    def group(self, scope: Scope) -> trees.Node:
        self.expect("(")
        node = self.filter(scope)
        self.expect(")")
        return node

    def count(self) -> None:
        self.nodes += 1
        if self.nodes > self.limits.nodes:
            raise errors.InvalidFilter(f"the {self.what} has more than {self.limits.nodes} comparisons")

    # -- comparisons ---------------------------------------------------------------------------------------------

    def expression(self, scope: Scope) -> trees.Node:
        """Parse `attr op value`, `attr pr`, `attr[filter]` or `attr[filter].sub …`."""
        token = self.take()
        path = self.resolve(token, scope)
        if not self.at_sign("["):
            return self.comparison(path, token)
        if scope.parent is not None:
            self.fail("a value path cannot stand inside another", self.next)
        inner = self.brackets(path, token)
        if self.next.kind == "sub":
            inner = both([inner, self.tail(path)])
        return _having(path, inner)

    def brackets(self, path: trees.Path, token: tokens.Token) -> trees.Node:
        """Parse `[filter]` after an attribute."""
        if path.attribute is None or path.sub is not None or not (path.attribute.complex or path.attribute.multi):
            self.fail("'[' can only follow an attribute that is multi-valued or complex", token)
        self.check_readable(path.attribute, token)
        self.expect("[")
        inner = self.filter(Scope(self.resource_type, path.attribute))
        self.expect("]")
        return inner

    def tail(self, path: trees.Path) -> trees.Node:
        """Parse `.sub op value` after brackets, as one more condition on the same value."""
        sub = self.sub(path)
        return self.comparison(trees.Path(None, sub), self.words[self.place - 1])

    def sub(self, path: trees.Path) -> attributes.Attribute:
        """Take the `.sub` that follows brackets without a space."""
        token = self.take()
        before = self.words[self.place - 2]
        if token.start != before.start + len(before.text):
            self.fail("expected no space before the sub-attribute", token)
        assert path.attribute is not None
        return self.find(path.attribute, token.text[1:], token)

    def find(self, parent: attributes.Attribute, name: str, token: tokens.Token) -> attributes.Attribute:
        found = parent.find(name)
        if found is None and self.absent:
            return attributes.Attribute(name, literals.UNKNOWN)
        if found is None:
            hint = nearest(name, (sub.name for sub in parent.sub))
            self.unknown(f"{parent.name!r} has no sub-attribute {name!r}", token, hint)
        return found

    def unknown(self, reason: str, token: tokens.Token, hint: str) -> NoReturn:
        raise self.error(f"{self.what}: {reason} at position {token.start + 1}{hint}")

    def resolve(self, token: tokens.Token, scope: Scope) -> trees.Path:
        """Make a path of a name, without brackets."""
        urn, name, sub_name = split(token.text)
        if scope.parent is not None:
            within = next((sub for sub in _subs(scope.parent) if sub.name.casefold() == token.word), None)
            if within is None and not self.absent:
                hint = nearest(token.text, scope.names())
                self.unknown(f"{scope.parent.name!r} has no sub-attribute {token.text!r}", token, hint)
            return trees.Path(None, within or attributes.Attribute(token.text, literals.UNKNOWN))
        located = self.resource_type.locate(urn, name)
        if located is None:
            if self.absent:
                return _absent(urn, name, sub_name)
            self.unknown(f"no attribute {token.text!r}", token, nearest(name, scope.names()))
        held, attribute = located
        if sub_name is None:
            return trees.Path(held, attribute)
        return trees.Path(held, attribute, sub=self.find(attribute, sub_name, token))

    def comparison(self, path: trees.Path, token: tokens.Token) -> trees.Node:
        """Parse what follows an attribute: `pr`, or an operator and a value."""
        assert path.attribute is not None
        self.count()
        self.check_readable(path.attribute, token)
        self.check_readable(path.sub or path.attribute, token)
        operator = self.take()
        if operator.kind != "name":
            self.fail("expected an operator", operator)
        op = operator.word
        if op == "pr":
            return trees.Present(path)
        if op not in trees.OPERATORS:
            self.fail("no such operator", operator, nearest(op, [*trees.OPERATORS, "pr"]))
        path = self.simple(path, token)
        leaf = path.leaf
        assert leaf is not None
        if (op in literals.ORDER and leaf.type in literals.UNORDERED) or (
            op in literals.TEXT and leaf.type in literals.TEXTLESS
        ):
            self.fail(f"{path} is of type {leaf.type} and cannot be compared so", operator)
        taken = self.take()
        try:
            value = literals.read(taken, leaf, self.tolerances, self.fired)
        except literals.Unfit as error:
            self.fail(error.reason, taken, error.hint)
        if value is None and op not in ("eq", "ne"):
            self.fail("null is only equal or not equal", operator)
        return trees.Compare(path, op, value)

    def simple(self, path: trees.Path, token: tokens.Token) -> trees.Path:
        """Put `value` for a multi-valued complex attribute; refuse any other complex one."""
        leaf = path.leaf
        if leaf is None or not leaf.complex:
            return path
        value = leaf.find("value")
        if value is not None and (leaf.multi or COMPLEX_VALUE in self.tolerances):
            if not leaf.multi:
                self.fired.add(COMPLEX_VALUE)
            return trees.Path(path.urn, path.attribute, sub=value)
        example = leaf.sub[0].name if leaf.sub else "value"
        raise errors.InvalidFilter(
            f"{self.what}: {leaf.name!r} at position {token.start + 1} is complex: name a sub-attribute, as in "
            f"{path}.{example}"
        )

    def check_readable(self, attribute: attributes.Attribute, token: tokens.Token) -> None:
        if attribute.returned == "never" or attribute.mutability == "writeOnly":
            self.fail("an attribute that is never returned cannot be searched", token)


def both(parts: list[trees.Node]) -> trees.Node:
    """Join with and; what is already a conjunction is taken apart."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, trees.And) else (part,))]
    return flat[0] if len(flat) == 1 else trees.And(tuple(flat))


def either(parts: list[trees.Node]) -> trees.Node:
    """Join with or; what is already an alternative is taken apart."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, trees.Or) else (part,))]
    return flat[0] if len(flat) == 1 else trees.Or(tuple(flat))


def _absent(urn: str | None, name: str, sub: str | None) -> trees.Path:
    """Make a path to an attribute that no resource of the type has."""
    inner = attributes.Attribute(sub, literals.UNKNOWN) if sub else None
    kind = "complex" if inner else literals.UNKNOWN
    return trees.Path(urn, attributes.Attribute(name, kind, True, sub=(inner,) if inner else ()), sub=inner)


def _having(path: trees.Path, inner: trees.Node) -> trees.Node:
    """Make the node of a value path; on a single complex attribute it says the same without brackets."""
    assert path.attribute is not None
    if path.attribute.multi:
        return trees.Has(path, inner)
    return both([trees.Present(path), _below(path, inner)])


def _below(path: trees.Path, node: trees.Node) -> trees.Node:
    """Put the attribute before the sub-attributes that a filter names."""
    match node:
        case trees.And(parts=parts):
            return trees.And(tuple(_below(path, part) for part in parts))
        case trees.Or(parts=parts):
            return trees.Or(tuple(_below(path, part) for part in parts))
        case trees.Not(part=part):
            return trees.Not(_below(path, part))
        case trees.Compare(path=inner, op=op, value=value):
            return trees.Compare(trees.Path(path.urn, path.attribute, sub=inner.attribute), op, value)
        case trees.Present(path=inner):
            return trees.Present(trees.Path(path.urn, path.attribute, sub=inner.attribute))
    raise TypeError(f"no such node in a value path: {node!r}")
