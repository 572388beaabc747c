"""In charge of what a rule's words come to together: contradictions, what is lost, values that the shop refuses."""

from collections.abc import Iterator
from typing import Any

from app.mapping import converters, projection, rules
from app.mapping.reading import words
from app.mapping.yamlfile import Node


def check(reader: words.Reader, key: Node, node: Node, rule: rules.Rule) -> None:
    """Find what no single word shows."""
    given = [word for word in ("from", "const", "template") if word in node.value and node.value[word].value != []]
    if not given:
        reader.note(key, f"{rule.target} gets no value: give `from`, `const` or `template`")
    if len(given) > 1:
        place = node.keys[given[1]]
        reader.note(place, f"{rule.target}: `{given[0]}` and `{given[1]}` both give the value: keep one")
    if "otherwise" in node.value and "when" not in node.value:
        place = node.keys["otherwise"]
        reader.note(place, f"{rule.target}: `otherwise` stands for a `when` that does not hold: add one")
    if rule.default is None and "on_invalid" in node.value and rule.on_invalid == "default":
        reader.note(node.value["on_invalid"], f"{rule.target}: `on_invalid: default` needs a `default`")
    if rule.goes_in and rule.attribute.read_only_reason:
        reader.note(key, f"{rule.target} cannot be written: {rule.attribute.read_only_reason}")
    if rule.option and not rule.attribute.has_options:
        reader.note(key, f"{rule.target} is no select: it has no options to look up")
    if rule.direction == "inout" and rule.out is None:
        lost = [str(call) for call in rule.transform if not call.settles]
        if not lost and not converters.settle(rule.transform):
            lost = [" and then ".join(map(str, rule.transform))]
        lost += [f"the lookup's {result!r}" for result in (rule.lookup.one_way(rule.transform) if rule.lookup else [])]
        if not lost and not _default_returns(rule):
            lost = ["the default"]
        if lost:
            reader.note(key, f"{rule.target}: {', '.join(lost)} cannot be turned back: add `out` or `direction: in`")
    if rule.option and rule.option.match != "id" and rule.option.missing != "create":
        _labels(reader, node, rule)
    elif not rule.attribute.belonging:
        _fixed(reader, node, rule)


def _default_returns(rule: rules.Rule) -> bool:
    """Say whether a default that is plain text comes to itself again, when it was read and is sent."""
    if rule.default is None or not rule.default.fixed:
        return True
    text = rule.default.render({}, {})
    shown = (rule.lookup.turn(text) if rule.lookup else None) or text
    try:
        again: str | None = converters.apply(rule.transform, shown)
    except converters.Bad:
        again = None
    again = rule.lookup.get(again) if again and rule.lookup else again
    return again in (text, "") or (again is None and rule.on_invalid != "reject")


def _labels(reader: words.Reader, node: Node, rule: rules.Rule) -> None:
    """Check that constant results are labels this shop has."""
    labels = {label.casefold(): label for label in reader.shop.options_of(rule.attribute).values()}
    wanted = [(node.value.get("const"), rule.const), (node.value.get("otherwise"), rule.otherwise)]
    if rule.lookup:
        wanted += [(node.value.get("lookup"), result) for _, result in rule.lookup.rows if "{value}" not in result]
    for place, label in wanted:
        if place and label not in (rules.NOTHING, None) and str(label).casefold() not in labels:
            reader.note(place, f"{rule.target} has no option {label!r}", str(label), labels.values())


def _fixed(reader: words.Reader, node: Node, rule: rules.Rule) -> None:
    """Find fixed values that the shop refuses: no request with one could ever be taken."""
    context = projection.Context(reader.shop, reader.website_id or 0, {}, creating=True)
    for place, value in _constants(node, rule):
        if isinstance(value, dict) or (isinstance(value, list) and not rule.lists):
            reader.note(place, f"{rule.target} takes one text, number, true or false, not {place.kind}")
        elif value not in (None, "") and (problem := projection.stored(rule, value, context).problem):
            reader.note(place, f"{rule.target} cannot be {value!r}: {problem}")


def _constants(node: Node, rule: rules.Rule) -> Iterator[tuple[Node, Any]]:
    for word, value in (("const", rule.const), ("otherwise", rule.otherwise)):
        if value is not rules.NOTHING:
            yield node.value[word], value
    if rule.default is not None and rule.default.fixed:
        yield node.value["default"], rule.default.render({}, {})
