"""In charge of long statements, which the server reads once for each connection, and not each time they are sent.

Of what it spends on one that concerns a single row, half is for reading the words and finding what they name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pymysql import err

PLACE = re.compile(r"%\(([^)]+)\)s")  # where the driver puts a value in by its name
MOST = 50  # statements of a connection
# ER_UNKNOWN_STMT_HANDLER: it is not there any more; ER_NEED_REPREPARE: it does not fit a changed table
UNKEPT = (1243, 1615)
LISTS = (list, tuple, set, frozenset)


class Kept(str):
    """A statement that the server is to keep prepared; its values come by name."""


class Keeper:
    """What the server at the other end of a connection keeps: the statements' names, and which values each takes.

    willing: whether it keeps anything; MySQL wants values in variables, which other statements would have to set.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.willing = "MariaDB" in connection.get_server_info()
        self.known: dict[str, tuple[str, Sequence[str]]] = {}

    def words(self, sql: Kept, values: Mapping[str, Any]) -> str | None:
        """Give what has a statement carried out; None where it is to be sent as it is, such as for lists of several.

        Raises the driver's error where the connection dies of it.
        """
        if not self.willing or any(isinstance(held, LISTS) and len(held) != 1 for held in values.values()):
            return None
        if sql not in self.known and not self._prepare(sql, values):
            return None
        name, order = self.known[sql]
        given = (values[place] for place in order)
        literals = (next(iter(held)) if isinstance(held, LISTS) else held for held in given)
        using = ", ".join(map(self.connection.escape, literals))
        return f"EXECUTE {name} USING {using}" if using else f"EXECUTE {name}"

    def _prepare(self, sql: Kept, values: Mapping[str, Any]) -> bool:
        """Have the server keep a statement; one that will not, for whatever reason, is not asked again."""
        if len(self.known) >= MOST:
            return False
        places = PLACE.sub(lambda place: "(?)" if isinstance(values[place[1]], LISTS) else "?", sql)
        name = f"kept_{len(self.known)}"
        try:
            self.connection.query(f"PREPARE {name} FROM {self.connection.escape(places.replace('%%', '%'))}")
        except err.MySQLError:
            if not self.connection.open:
                raise
            self.willing = False
            return False
        self.known[sql] = name, PLACE.findall(sql)
        return True
