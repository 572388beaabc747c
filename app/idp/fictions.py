"""In charge of the made-up people and groups of one run: nobody's names, which say where they come from."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from app.idp import comparison

DOMAIN = "simulate.example.com"  # below a name that is reserved (RFC 2606): nobody has an address there
KINDS: Mapping[str, str] = {
    "mail": "{name}.{mark}@" + DOMAIN,
    "key": "{mark}-{name}",
    "group": "{mark} {name}",
}


def mark() -> str:
    """Make what all names of one run carry."""
    return f"simulated-{secrets.token_hex(4)}"


def make(known: dict[str, str], run: str, *used_in: Any) -> None:
    """Make up those of the names used in JSON values that are not known yet."""
    for value in used_in:
        for placeholder in comparison.PLACEHOLDER.findall(json.dumps(value)):
            kind, _, name = placeholder.partition(":")
            if kind in KINDS:
                known.setdefault(placeholder, KINDS[kind].format(name=name, mark=run))
