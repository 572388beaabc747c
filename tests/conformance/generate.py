"""Writes docs/conformance.md: each requirement in our words, whether it holds, and the tests that carry its number.

    python -m tests.conformance.generate            write it
    python -m tests.conformance.generate --check    say whether it is up to date

The words and the arguments stand in requirements.yaml, the numbers in `@pytest.mark.requirement(…)` of the tests.
"""

import contextlib
import io
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TARGET = ROOT / "docs" / "conformance.md"
HEAD = """# What of SCIM 2.0 holds, and which test shows it

The requirements of RFC 7643, RFC 7644, RFC 9865 and RFC 9967, and some of our own, numbered. *holds*: the tests named
behind it show it. *argued*: it is optional, or not this service's to do; the reason stands with it, and a test shows
what the service does instead.

scim2-tester's command line finds no error in the profiles lenient and strict (users/test_live.py). It fills `locale` and
`addresses.country` with what `/Schemas` suggests as canonicalValues: without suggestions it sends UUIDs, which are no
language tag of RFC 5646 and no code of ISO 3166-1, so that RFC 7643 section 4.1 has a strict server refuse them.

`make conformance` writes this file from the tests' markers and tests/conformance/requirements.yaml; a test fails where
it is out of date.

| | requirement | | tests |
|---|---|---|---|
"""


class Collector:
    """A pytest plugin that notes which tests carry which numbers."""

    def __init__(self) -> None:
        self.found: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take the markers of all tests that were collected."""
        for item in session.items:
            path, _, name = item.nodeid.partition("::")
            for marker in item.iter_markers("requirement"):
                for number in marker.args:
                    self.found[number][path.removeprefix("tests/")].add(name.partition("[")[0])


def collect() -> dict[int, dict[str, set[str]]]:
    """Find the tests of each number; raises RuntimeError where the suite cannot be collected."""
    collector, told = Collector(), io.StringIO()
    with contextlib.redirect_stdout(told):
        code = pytest.main(
            ["--collect-only", "-q", "-p", "no:cacheprovider", f"--rootdir={ROOT}", str(ROOT / "tests")], [collector]
        )
    if code != 0:
        raise RuntimeError(told.getvalue())
    return collector.found


def requirements() -> dict[int, Any]:
    """Read our words: a text for what holds, `{what, argued}` for what is argued."""
    known: dict[int, Any] = YAML(typ="safe").load((HERE / "requirements.yaml").read_text(encoding="utf-8"))
    return known


def render(known: dict[int, Any], found: dict[int, dict[str, set[str]]]) -> str:
    """Make the file's text."""
    lines = []
    for number, given in known.items():
        argued = given.get("argued") if isinstance(given, dict) else None
        what = given["what"] if isinstance(given, dict) else given
        state = f"argued: {argued}" if argued else "holds"
        tests = [f"{path}: {', '.join(sorted(names))}" for path, names in sorted(found.get(number, {}).items())]
        lines.append(f"| {number} | {_cell(what)} | {_cell(state)} | {'<br>'.join(tests)} |")
    return HEAD + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def problems(known: dict[int, Any], found: dict[int, dict[str, set[str]]]) -> list[str]:
    """Say which numbers have no words or no test, and which tests carry a number that is none."""
    wanted = range(1, 151)
    return [
        *(f"{number} is not in requirements.yaml" for number in wanted if number not in known),
        *(f"{number} has no test" for number in wanted if not found.get(number)),
        *(f"{number} is no requirement: {dict(found[number])}" for number in found if number not in wanted),
    ]


def main(words: list[str]) -> int:
    """Write the file, or with --check compare it."""
    known, found = requirements(), collect()
    text = render(known, found)
    told = problems(known, found)
    if "--check" not in words:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        told.append(f"{TARGET.relative_to(ROOT)} is out of date: run `make conformance`")
    sys.stderr.writelines(f"{line}\n" for line in told)
    return min(len(told), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
