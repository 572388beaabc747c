"""In charge of long lists in an answer: their elements are made while they are written, and not kept."""

from collections.abc import Callable, Collection, Iterator
from typing import Any


class Lazy:
    """Values that become JSON elements one by one."""

    def __init__(self, values: Collection[Any], make: Callable[[Any], dict[str, Any]]) -> None:
        self.values = values
        self.make = make

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self.make, self.values)
