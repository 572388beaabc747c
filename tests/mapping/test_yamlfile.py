"""YAML 1.2, strictly, with a place for every word."""

from typing import Any

import pytest

from app.mapping import yamlfile


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("0123", "0123"),
        ("12", 12),
        ("-1.5", -1.5),
        ("1e3", "1e3"),
        ("true", True),
        ("True", "True"),
        ("'true'", "true"),
        ("~", None),
        ("", None),
        ("2026-01-31", "2026-01-31"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    node, problems = yamlfile.read(f"a: {text}\n")
    assert not problems
    assert node.plain() == {"a": value}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1: the key 'a' stands here a second time (first in line 1)"),
        ("a: &x [1]\nb: *x\n", "1:4: an alias to line 1 is not allowed: write the value out"),
        ("? [a]\n: 1\n", "1:3: a key must be a word"),
        ("", "1:1: the file is empty"),
    ],
)
def test_problems_have_a_place(text: str, problem: str) -> None:
    assert [str(found) for found in yamlfile.read(text)[1]] == [problem]


@pytest.mark.parametrize("text", ["a: [1\n", "a: b: c\n", "\ta: 1\n", "a: \x00\n", "%YAML 9\n---\n", "--- a\n--- b\n"])
def test_what_is_no_yaml_is_one_problem(text: str) -> None:
    _, problems = yamlfile.read(text)
    assert len(problems) == 1
    assert "this is not YAML" in str(problems[0])


def test_places_of_values() -> None:
    node, _ = yamlfile.read("a:\n  b: [x,\n      {c: d}]\n")
    inner = node.value["a"].value["b"].value[1].value["c"]
    assert (inner.line, inner.column) == (3, 11)
