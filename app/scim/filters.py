"""In charge of filters: the text of RFC 7644 section 3.4.2.2 becomes one of the trees described in `trees`."""

from functools import lru_cache

from app.scim import attributes, grammar, trees

Node = trees.Node
And = trees.And
Or = trees.Or
Not = trees.Not
Compare = trees.Compare
Present = trees.Present
Has = trees.Has
evaluate = trees.evaluate

Limits = grammar.Limits
LIMITS = grammar.LIMITS
CACHED = 1000  # longer texts are parsed each time, which bounds the memory of the caches


def parse(text: str, resource_type: attributes.ResourceType, *, absent: bool = False, limits: Limits = LIMITS) -> Node:
    """Parse a filter as the RFC has it.

    `absent`: an attribute that the type does not know has no value, instead of being an error (queries at the root,
    RFC 7644 section 3.4.2.1). Raises errors.InvalidFilter with position, word and perhaps a suggestion.
    """
    return accept(text, resource_type, frozenset(), absent=absent, limits=limits)[0]


def accept(
    text: str,
    resource_type: attributes.ResourceType,
    tolerances: frozenset[str],
    *,
    absent: bool = False,
    limits: Limits = LIMITS,
) -> tuple[Node, tuple[str, ...]]:
    """Parse a filter with tolerances; gives the tree and the tolerances without which it would have been refused."""
    build = _accept if len(text) <= CACHED else _accept.__wrapped__
    return build(text, resource_type, tolerances, absent, limits)


@lru_cache(maxsize=1024)
def _accept(
    text: str,
    resource_type: attributes.ResourceType,
    tolerances: frozenset[str],
    absent: bool,
    limits: Limits,
) -> tuple[Node, tuple[str, ...]]:
    parser = grammar.Parser(text, resource_type, tolerances, absent=absent, limits=limits)
    node = parser.filter(grammar.Scope(resource_type))
    parser.finish()
    return node, tuple(sorted(parser.fired))
