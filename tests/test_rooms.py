"""The rooms of the code: who may import whom, and which words belong in which room."""

import ast
import re
from pathlib import Path

import pytest

APP = Path(__file__).parent.parent / "app"
FILES = sorted(APP.rglob("*.py"))

# A room and what it may not import: the imports point one way.
CLOSED = {
    "scim": ("app.magento", "app.mapping", "app.ledger", "app.sandbox", "flask", "sqlalchemy"),
    "magento": ("app.scim", "app.mapping", "app.ledger", "app.sandbox", "flask"),
    "ledger": ("app.scim", "app.mapping", "app.magento", "app.sandbox", "flask"),
    "mapping": ("app.sandbox", "flask"),
    "jsontext": ("app.", "flask", "sqlalchemy"),
    "sql": ("app.scim", "app.magento", "app.mapping", "app.ledger", "app.sandbox", "flask"),
    "idp": ("app.scim", "app.magento", "app.mapping", "app.ledger", "app.sandbox", "flask", "sqlalchemy"),
    "sandbox": ("app.scim", "app.mapping", "app.ledger", "flask"),
}
OUTER = {f"app.{path.stem}" for path in APP.glob("*.py") if path.stem != "__init__"}
WORDS = {
    "scim": re.compile(r"customer|\beav\b|magento|sqlalchemy", re.I),
    "magento": re.compile(r"\bscim|urn:", re.I),
}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(APP)))
def test_imports_point_one_way(path: Path) -> None:
    room = path.relative_to(APP).parts[0]
    if room not in CLOSED:
        return
    breaches = [
        name
        for name in _imports(path)
        if name.startswith(CLOSED[room]) or any(name == outer or name.startswith(f"{outer}.") for outer in OUTER)
    ]
    assert not breaches, f"{room}/ may not import {breaches}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(APP)))
def test_words_stay_in_their_room(path: Path) -> None:
    pattern = WORDS.get(path.relative_to(APP).parts[0])
    if pattern is None:
        return
    found = [
        f"line {number}: {line.strip()}"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"words of another room in {path}: {found}"
