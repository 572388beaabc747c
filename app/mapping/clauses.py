"""What SQL knows of a filter: clauses, and how they are put together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

TRUE, FALSE = sa.literal_column("1") == sa.literal_column("1"), sa.literal_column("1") == sa.literal_column("0")
Column = sa.ColumnElement[Any]
Condition = sa.ColumnElement[bool]


@dataclass(frozen=True)
class Clause:
    """What SQL knows of a filter: nobody fits for whom not `may`, everybody fits for whom `sure`.

    Both are definite, never unknown, so that they can be turned round.
    """

    may: Condition
    sure: Condition

    @property
    def exact(self) -> bool:
        """Say whether nobody is left to be judged."""
        return self.may is self.sure

    def turned(self) -> "Clause":
        """Give the clause for the opposite filter."""
        return exactly(sa.not_(self.may)) if self.exact else Clause(sa.not_(self.sure), sa.not_(self.may))


def exactly(condition: Condition) -> Clause:
    """Make a clause that leaves nothing open."""
    return Clause(condition, condition)


def at_most(condition: Condition) -> Clause:
    """Make a clause that only rules users out."""
    return Clause(condition, FALSE)


def joined(clauses: Sequence[Clause], join: Callable[..., Condition]) -> Clause:
    """Put clauses together with `and_` or `or_`."""
    may = join(*(clause.may for clause in clauses))
    exact = all(clause.exact for clause in clauses)
    return Clause(may, may if exact else join(*(clause.sure for clause in clauses)))


ANY = at_most(TRUE)
