"""In charge of what can go wrong in the shop: every class is data, none is an answer."""

from __future__ import annotations


class ShopError(Exception):
    """Anything the shop's database or its rules refused."""


class Duplicate(ShopError):
    """A value that must be unique is taken.

    key: the database key as the server names it, or the attribute code for a rule without a key.
    entry: the value as the server prints it.
    """

    def __init__(self, key: str, entry: str) -> None:
        super().__init__(f"{entry!r} is already taken ({key})")
        self.key = key
        self.entry = entry


class Rejected(ShopError):
    """A value the shop cannot or must not hold. code: attribute code or column; reason: what to do."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason


class Unavailable(ShopError):
    """The database cannot be used now.

    retry_after: seconds; lost: the connection broke under way; unsure: during the commit, whose outcome nobody knows.
    """

    unsure = False

    def __init__(self, reason: str, retry_after: int = 5, *, lost: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.lost = lost


class Slow(Unavailable):
    """A statement took longer than the database lets it, and was ended."""


class Busy(Unavailable):
    """Deadlock or lock wait: the same work may succeed when it is done again from the start."""

    def __init__(self, reason: str = "the rows are being written by somebody else", retry_after: int = 1) -> None:
        super().__init__(reason, retry_after)


class Changed(Busy):
    """A row is no longer what it was when the change was planned: read again, plan again.

    taken: another row has a value that must be unique; where that stays so, reading again does not help.
    """

    def __init__(self, table: str, key: object, *, taken: bool = False) -> None:
        super().__init__(f"a row of {table} changed under way ({key})")
        self.table = table
        self.taken = taken


class NotGranted(ShopError):
    """The database user lacks a privilege. Both may be empty when the server does not name them."""

    def __init__(self, privilege: str, table: str, message: str) -> None:
        on = f" on {table}" if table else ""
        super().__init__(f"the database user lacks {privilege or 'a privilege'}{on}: {message}")
        self.privilege = privilege
        self.table = table


class Unsupported(ShopError):
    """The shop lacks something this program needs, or has something it does not know."""


class Fault(ShopError):
    """A statement the server does not accept: a mistake of this program, not of its user."""
