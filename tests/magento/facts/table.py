"""A fact about Magento's tables as a row: where it stands in facts.md, what it says, and what is seen here.

`live` marks what was executed on a live Magento ([L] there).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.magento import errors
from tests.magento.conftest import Bench

LIVE = True
REFUSED = "refused"


@dataclass(frozen=True)
class Fact:
    """`seen` does something in the shop and gives what it then sees, which must be `stands`."""

    number: str
    says: str
    seen: Callable[[Bench], Any]
    stands: Any
    live: bool = False

    def __str__(self) -> str:
        return f"{self.number} {self.says}"[:70]

    def check(self, bench: Bench) -> None:
        """Compare what is seen with what stands in facts.md."""
        assert self.seen(bench) == self.stands, f"facts {self.number}: {self.says}"


def made(*columns: str, **data: Any) -> Callable[[Bench], Any]:
    """Create a customer of this data and give these columns of its row."""

    def seen(bench: Bench) -> Any:
        row = bench.row("customer_entity", entity_id=bench.create(**data))
        return row[columns[0]] if len(columns) == 1 else tuple(row[column] for column in columns)

    return seen


def taken(**data: Any) -> Callable[[Bench], Any]:
    """Create a customer of this data: "taken" or "refused"."""

    def seen(bench: Bench) -> str:
        try:
            bench.create(**data)
        except (errors.Rejected, errors.Duplicate):
            return REFUSED
        return "taken"

    return seen


def after(*steps: Callable[[Bench], Any]) -> Callable[[Bench], Any]:
    """Do one after the other and give what the last one sees."""

    def seen(bench: Bench) -> Any:
        return [step(bench) for step in steps][-1]

    return seen


def setting(path: str, value: str, scope: str = "default", scope_id: int = 0) -> Callable[[Bench], Any]:
    """Have the shop's admin set something."""
    return lambda bench: bench.setting(path, value, scope, scope_id)


def sql(text: str) -> Callable[[Bench], Any]:
    """Have somebody else run SQL."""

    def run(bench: Bench) -> Any:
        found = bench.sql(text)
        bench.shop.refresh()
        return found

    return run


def rows(table: str, *columns: str) -> Callable[[Bench], Any]:
    """Read columns of all rows of a table."""
    return lambda bench: [tuple(row[column] for column in columns) for row in bench.rows(table)]


def values(table: str, column: str) -> Callable[[Bench], Any]:
    """Read one column of all rows of a table."""
    return lambda bench: [row[column] for row in bench.rows(table)]


def changed(**desired: Any) -> Callable[[Bench], Any]:
    """Change the one customer that there is; whether anything was written."""
    return lambda bench: bench.change(bench.row("customer_entity")["entity_id"], **desired)
