"""In charge of the ids of groups: the shop's number with a word before it, so that no user has the same.

An id is unique across all of a service provider's resources (RFC 7643 section 3.1). A user's id is the customer's
number as text; inside, in the shop's tables and in ours, a group's is a number, too.
"""

import re
from typing import Any

PREFIX = "group-"
_FORM = re.compile(re.escape(PREFIX) + "([1-9][0-9]{0,9})")


def text(group_id: int) -> str:
    """Give the id of a group of the shop: `group-4` for 4."""
    return f"{PREFIX}{group_id}"


def number(given: Any) -> int:
    """Read a group's id, as `text` gives it and in no other form; 0, which no group shown has, for what is none."""
    found = _FORM.fullmatch(given) if isinstance(given, str) else None
    number = int(found[1]) if found else 0
    return number if number < 2**32 else 0
