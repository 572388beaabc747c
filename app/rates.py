"""In charge of how often a token may ask: so many requests a minute, counted together by all workers of a host.

The generic cell rate algorithm: for each token one number, the moment at which its account is even again. It stands in
memory that the workers share, since they are forked from one process; two workers that count in the same instant may
count one request too few, which is why there is no lock that a killed worker could keep.
"""

import math
import multiprocessing
from dataclasses import dataclass

MINUTE = 60.0
ROUNDING = 1e-6  # seconds
SLOTS = 1 << 16  # tokens share an account when their numbers are this far apart


@dataclass(frozen=True)
class Account:
    """How a token stands after a request. `even`: seconds until it has all of `limit` again; `wait`: 0 when let in."""

    limit: int
    remaining: int
    even: float
    wait: float


class Rates:
    """The accounts of all tokens. `limit`: requests a minute, at most so many at once."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._even = multiprocessing.RawArray("d", SLOTS)

    def take(self, slot: int, now: float) -> Account:
        """Count a request of the token in `slot` at `now` (monotonic seconds); a refused one costs nothing."""
        slot %= SLOTS
        step = MINUTE / self.limit
        even = max(self._even[slot], now) + step
        if even - now > MINUTE + ROUNDING:
            return Account(self.limit, 0, self._even[slot] - now, even - now - MINUTE)
        self._even[slot] = even
        return Account(self.limit, math.floor((MINUTE - (even - now) + ROUNDING) / step), even - now, 0)
