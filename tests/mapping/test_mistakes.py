"""Every sentence that a mapping can be told, with its place; and that no file whatever makes the reader fall over."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.mapping import reader
from tests.mapping.test_reader import LEAST, _problems, shop, shops
from tests.users.test_tools import WHOLE

__all__ = ["shop"]
ROOT = Path(__file__).parent.parent.parent
ROOT_OF = "addresses:\n  - {name: a, root: 'addresses[type eq \"work\"]', "
SECTIONS = [
    ("prefixes: [x]\n", "6:11: prefixes must be a mapping of words to values, not a list"),
    ("prefixes: {x: [y]}\n", "6:15: a prefix must be a text, not a list"),
    ("tables: [x]\n", "6:9: tables must be a mapping of words to values, not a list"),
    ("defaults: x\n", "6:11: defaults must be a mapping of words to values, not 'x'"),
    ("defaults: {trim: x}\n", "6:18: defaults.trim is true or false, not 'x'"),
    ("match: x\n", "6:8: match must be a mapping of words to values, not 'x'"),
    ("match: {bye: x}\n", "6:9: match has no word 'bye'; did you mean 'by'?"),
    ("match: {by: [[x]]}\n", "6:14: a path must be a text, not a list"),
    ("groups: x\n", "6:9: groups must be a mapping of words to values, not 'x'"),
    ("groups: {priority: [[x]]}\n", "6:21: a group's name must be a text, not a list"),
    ("groups: {rules: [{idp: [x], magento: Retailer}]}\n", "6:24: `idp` must be a text, not a list"),
    (
        "groups: {rules: [{when: active eq true, magento: Retailer}]}\n",
        "6:25: 'active' is the service's own business: no rule can use it",
    ),
    ("tables: {t: {'*': x, a: b}}\n", "6:22: 'a' is never reached: '*' stands before it"),
    ("groups: {otherwise: [x]}\n", "6:21: a group's name must be a text, not a list"),
    ("lifecycle: x\n", "6:12: lifecycle must be a mapping of words to values, not 'x'"),
    ("lifecycle: {breaker: 5}\n", "6:22: lifecycle.breaker must be a mapping of words to values, not '5'"),
    ("lifecycle: {protect: [[x]]}\n", "6:23: `protect` must be a text, not a list"),
    ("consequences: x\n", "6:15: consequences must be a mapping of words to values, not 'x'"),
    (ROOT_OF + "fields: x}\n", "7:58: fields must be a mapping of words to values, not 'x'"),
    ("addresses:\n  - {name: [a], root: x, fields: x}\n", "7:12: a name must be a text, not a list"),
    ("addresses:\n  - {name: a, root: [x], fields: x}\n", "7:21: a path must be a text, not a list"),
    (
        ROOT_OF.replace("eq", "sw") + "fields: {}}\n",
        '7:21: root cannot be turned back: select the value by eq, such as addresses[type eq "work"]',
    ),
    (
        "addresses: [x]\n",
        "6:13: an address must be a mapping of words to values, not 'x'",
    ),
    (
        "tenants: {EU: {}}\n",
        "6:11: 'EU' is no tenant's name: it stands in the URL, in small letters, digits, - and _, and is not v and a number",
    ),
    ("x: [1\n", "7:1: this is not YAML: *"),
    (
        ROOT_OF + "fields: {}}\n" + ROOT_OF.partition("\n")[2] + "fields: {}}\n",
        "7:3: 2 addresses have the name 'a': a name says which address is whose",
    ),
    ("tests:\n  - {name: a, given: x, error: y}\n", "7:22: given must be a mapping of words to values, not 'x'"),
    (
        "tests:\n  - {name: a, given: {userName: x}, expect: y}\n",
        "7:45: expect must be a mapping of words to values, not 'y'",
    ),
    ("tests:\n  - {name: [a], given: {}, error: x}\n", "7:12: a name must be a text, not a list"),
    ("tests:\n  - {name: a, given: {}, error: [y]}\n", "7:33: `error` must be a text, not a list"),
]
RULES = [
    ("[[a]]", "6:12: a path must be a text, not a list"),
    ("{from: {}}", "6:18: a path must be a text, not a mapping"),
    ("{from: x.y}", "6:18: no such path 'x.y': path: no attribute 'x.y' at position 1"),
    (
        "{from: 'emails[tpe eq \"work\"].value'}",
        "6:18: no such path 'emails[tpe eq \"work\"].value': path: 'emails' has no sub-attribute 'tpe' at position 8; "
        "did you mean 'type'?",
    ),
    ("{from: 'emails[type eq'}", "6:18: no such path 'emails[type eq': path: a '[' without its ']', or the reverse"),
    ("[]", "6:3: taxvat gets no value: give `from`, `const` or `template`"),
    ("{from: []}", "6:3: taxvat gets no value: give `from`, `const` or `template`"),
    ("{from: title, const: x}", "6:25: taxvat: `from` and `const` both give the value: keep one"),
    ("{const: x, template: '{title}'}", "6:22: taxvat: `const` and `template` both give the value: keep one"),
    ("{const: [a]}", "6:19: taxvat takes one text, number, true or false, not a list"),
    ("{from: title, when: title pr, otherwise: {a: b}}", "6:52: taxvat takes one text, number, true or false, not a mapping"),
    ("{const: 1, type: boolean, max_length: 3}", "6:19: taxvat cannot be 1: is longer than the 3 characters that mapping.yaml allows"),
    ("{const: soon, type: date}", "6:19: taxvat cannot be 'soon': 'soon' is not a date: write 2026-01-31"),
    ("{from: title, type: integer, default: none}", "6:49: taxvat cannot be 'none': 'none' is not a whole number"),
    ("name", "6:11: 'name' is a whole structure: name a part of it, such as name.formatted"),
    ("[title, emails]", "6:19: 'emails' is a whole structure: name a part of it, such as emails.value"),
    ("'emails[type eq \"x\"]'", "6:11: 'emails[type eq \"x\"]' is a whole structure: name a part of it, such as emails[type eq \"x\"].value"),
    ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "6:11: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User' is a whole structure: name a part of it"),
    ("password", "6:11: 'password' is the service's own business: no rule can use it"),
    ("{template: '{meta.created}'}", "6:22: 'meta' is the service's own business: no rule can use it"),
    ("{const: x, when: title pr and not (active eq true)}", "6:28: 'active' is the service's own business: no rule can use it"),
    ("{template: '{title'}", "6:22: a { without its } in '{title', or the reverse"),
    ("{from: title, default: 'x}'}", "6:34: a { without its } in 'x}', or the reverse"),
    ("{from: title, out: '{title}'}", "6:30: `out` shows the shop's values, as {customer.code}; 'title' is none of them"),
    ("{from: title, lookup: {'*': x, a: b}}", "6:42: 'a' is never reached: '*' stands before it"),
    ("{from: title, lookup: {'de*': x, De_AT: b, 'd*': x, '*': '-'}}", "6:44: 'De_AT' is never reached: 'de*' stands before it"),
    ("{from: title, lookup: [x]}", "6:33: a lookup must be a mapping of words to values, not a list"),
    ("{from: title, lookup: {a: [b]}}", "6:37: a lookup's result must be a text, not a list"),
    (
        "{from: title, option: lable}",
        "6:33: option is one of label, admin_label, id, not 'lable'; did you mean 'label'?",
    ),
    ("{from: title, option: {mach: id}}", "6:34: option has no word 'mach'; did you mean 'match'?"),
    ("{from: title, option: {match: code}}", "6:41: option.match is one of label, admin_label, id, not 'code'"),
    ("{from: title, when: [x]}", "6:31: `when` must be a text, not a list"),
    (
        "{from: title, when: 'userTyp eq 1'}",
        "6:31: `when` is a SCIM filter: filter: no attribute 'userTyp' at position 1; did you mean 'userType'?",
    ),
    ("{from: title, otherwise: x}", "6:25: taxvat: `otherwise` stands for a `when` that does not hold: add one"),
    ("{from: title, default: [x]}", "6:34: a template must be a text, not a list"),
    ("{template: {a: b}}", "6:22: a template must be a text, not a mapping"),
    ("{template: '{title | lowr}'}", "6:22: unknown function 'lowr'; did you mean 'lower'?"),
    ("{from: title, transform: [[x]]}", "6:37: a function must be a text, not a list"),
    ("{from: title, transform: 'pad_left(2)'}", "6:36: pad_left takes int, str, not 1"),
    ("{from: title, transform: 'pad_left(2, 3)'}", "6:36: pad_left: 3 should be a str"),
    ("{from: title, transform: 'lower(1)'}", "6:36: lower takes no arguments, not 1"),
    ("{from: title, transform: 'extract(\"(\")'}", "6:36: extract: '(' is no regular expression: missing ), *"),
    ("{from: title, transform: 'lower('}", "6:36: 'lower(' is no function call"),
    ("{from: title, transform: 'truncate(x)'}", "6:36: cannot read the arguments 'x': write numbers and quoted texts, separated by commas"),
    ("{from: title, transform: upper, default: none}", "6:3: taxvat: the default cannot be turned back: add `out` or `direction: in`"),
    ("{from: title, lookup: {m: Mr}, default: Mx}", "6:3: taxvat: the default cannot be turned back: add `out` or `direction: in`"),
    ("{from: title, type: strng}", "6:31: type is one of string, *, not 'strng'; did you mean 'string'?"),
    ("{from: title, direction: out2}", "6:36: direction is one of in, out, inout, off, not 'out2'; did you mean 'out'?"),
    ("{from: title, on_null: x}", "6:34: on_null is one of clear, keep, error, not 'x'"),
    ("{from: title, on_absent: x}", "6:36: on_absent is one of clear, keep, not 'x'"),
    ("{from: title, on_invalid: x}", "6:37: on_invalid is one of reject, drop, default, not 'x'"),
    ("{from: title, on_invalid: default}", "6:37: taxvat: `on_invalid: default` needs a `default`"),
    ("{from: title, required: 1}", "6:35: required is true or false, not '1'"),
    ("{from: title, mask: 1}", "6:31: mask is true or false, not '1'"),
    ("{from: title, max_length: 0}", "6:37: max_length is a whole number from 1, not '0'"),
    ("{from: title, out: [x]}", "6:30: a template must be a text, not a list"),
]  # fmt: skip


def _told(found: list[str], wanted: str) -> bool:
    pattern = ".*".join(map(re.escape, wanted.split("*")))
    return any(re.fullmatch(pattern, each) for each in found)


@pytest.mark.parametrize(("text", "problem"), SECTIONS)
def test_mistakes_in_sections(shop: shops.Shop, text: str, problem: str) -> None:
    found = _problems(shop, LEAST + text)
    assert _told(found, problem), found


@pytest.mark.parametrize(("rule", "problem"), RULES)
def test_mistakes_in_rules(shop: shops.Shop, rule: str, problem: str) -> None:
    found = _problems(shop, f"{LEAST}  taxvat: {rule}\n")
    assert _told(found, problem), found
    assert all(each.count("did you mean") < 2 for each in found)


@pytest.mark.parametrize(
    "rule",
    [
        "{from: title, transform: upper, default: NONE}",
        "{from: title, transform: upper, default: none, direction: in}",
        "{from: title, transform: upper, default: '{displayName | lower}'}",
        "{from: title, transform: digits, default: none}",
        "{from: title, lookup: {m: Mr, '*': Mx}, default: Mx}",
        "{from: title, lookup: {m: Mr}, default: Mr}",
        "{from: title, lookup: {m: Mr}, default: Mx, on_invalid: default}",
    ],
)
def test_a_default_that_comes_back(shop: shops.Shop, rule: str) -> None:
    reader.read(f"{LEAST}  taxvat: {rule}\n", "mapping.yaml", shop)


def test_labels_of_a_lookup(shop: shops.Shop) -> None:
    assert _problems(shop, LEAST + "  gender: {from: title, lookup: {m: Mle}}\n") == [
        "6:33: gender has no option 'Mle'; did you mean 'Male'?"
    ]
    otherwise = "  gender: {from: title, when: title pr, otherwise: Femle}\n"
    assert _problems(shop, LEAST + otherwise) == ["6:52: gender has no option 'Femle'; did you mean 'Female'?"]


def _sentences() -> Iterator[tuple[str, str]]:
    """Walk the sentences that the reader can say: where, and the longest piece of each that is always the same."""
    files = [*(ROOT / "app/mapping/reading").glob("*.py"), ROOT / "app/mapping/reader.py"]
    files += [ROOT / f"app/mapping/{name}.py" for name in ("yamlfile", "examples")]
    converters = ast.parse((ROOT / "app/mapping/converters.py").read_text())
    calls = [node for node in converters.body if getattr(node, "name", "") in ("parse_call", "_arguments")]
    assert len(calls) == 2
    trees = {path.stem: ast.parse(path.read_text()) for path in files}
    trees["converters"] = ast.Module(calls, [])
    for stem, tree in trees.items():
        for node in ast.walk(tree):
            name = getattr(getattr(node, "func", None), "attr", getattr(getattr(node, "func", None), "id", ""))
            if isinstance(node, ast.Call) and name in ("note", "problem", "Problem", "Bad"):
                for argument in node.args:
                    parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
                    told = [p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str)]
                    if told and " " in max(told, key=len):
                        yield f"{stem}:{node.lineno}", max(told, key=len).strip()


def test_each_sentence_has_a_row() -> None:
    """The same as issue 6 asks: each error message has one, with its line and column."""
    rows = "\n".join(path.read_text() for path in (ROOT / "tests/mapping").glob("*.py"))
    sentences = dict(_sentences())
    assert len(sentences) > 35
    written = rows.replace("\\", "")
    missing = {where: text for where, text in sentences.items() if text not in written}
    assert not missing, "\n".join(f"{where} {text}" for where, text in missing.items())


def _mutated(text: str) -> Iterator[str]:
    """Put something else in the place of each value of a file, one at a time, and leave out each line."""
    lines = text.splitlines()
    for number in range(len(lines)):
        yield "\n".join(lines[:number] + lines[number + 1 :])
    for match in re.finditer(r"(?<=[:,\[{-] )[\w'\"][^,\]}\n]*|\[[^\[\]\n]*\]|\{[^{}\n]*\}", text):
        for other in ("x", "[x]", "{x: y}", "~", "5", "'{'", "''", "[[x]]", "{}", "[]"):
            yield text[: match.start()] + other + text[match.end() :]


@pytest.mark.filterwarnings("ignore:Possible nested set:FutureWarning")  # of regular expressions
def test_no_file_makes_the_reader_fall_over(shop: shops.Shop) -> None:
    """Whatever stands where: rules, or mistakes with their places; never another exception."""
    count, told = 0, list[tuple[str, reader.MappingError]]()
    for text in _mutated(WHOLE):
        count += 1
        try:
            reader.read(text, "mapping.yaml", shop)
        except reader.MappingError as error:
            told.append((text, error))
        except Exception as error:
            raise AssertionError(text) from error
    assert count > 500
    assert len(told) > count / 3
    for text, mistakes in told:
        lines = text.count("\n") + 1
        assert all(1 <= each.line <= lines and each.column >= 1 for each in mistakes.problems)
        assert all(str(each).count("did you mean") < 2 for each in mistakes.problems), mistakes
