"""docs/conformance.md is what the tests' markers say."""

import subprocess
import sys

from tests.conformance import generate


def test_the_document_is_up_to_date() -> None:
    """In a process of its own: the whole suite's markers count, also where only a part of it is run."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.generate", "--check"],
        cwd=generate.ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_argued_says_why() -> None:
    known = generate.requirements()
    assert list(known) == list(range(1, 151))
    argued = {number for number, given in known.items() if isinstance(given, dict)}
    assert all(set(known[number]) == {"what", "argued"} for number in argued)
    assert argued == {23, 114, 116, 132, 133}
