"""In charge of which e-mail addresses Magento takes: Laminas' rules without a list of TLDs (facts 2.1)."""

from __future__ import annotations

import re

_ATOM = r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\uffff]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED = re.compile(r'"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"')
# Letters of any script: Laminas has a table of characters per TLD, which is not repeated here.
_LABEL = re.compile(r"(?:[^\W_]|-){1,63}")
_LABEL_BELOW = re.compile(r"(?:\w|-){1,63}")  # hosts below the domain may have an underscore
_IPV4 = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")


def refused(address: str) -> str | None:
    """Say why Magento would not take an address, None when it would."""
    local, at, host = address.rpartition("@")
    if not at or not local or not host:
        return "a part before and a part after the @ are needed"
    if ".." in address:
        return "it has two dots in a row"
    if len(local.encode()) > 64:
        return "the part before the @ is longer than 64 bytes"
    if not _LOCAL.fullmatch(local) and not _QUOTED.fullmatch(local):
        return "the part before the @ has a character that is not allowed"
    return _host_refused(host)


def _host_refused(host: str) -> str | None:
    labels = host.split(".")
    if len(labels) < 2 or _IPV4.fullmatch(host):
        return "the part after the @ must be a full host name"
    if not 4 <= len(host) <= 254 or len(host.encode()) > 255:
        return "the part after the @ must have 4 to 254 characters"
    if len(labels[-1]) < 2:
        return f"{labels[-1]!r} is too short for the end of a host name"
    for position, label in enumerate(labels):
        allowed = _LABEL if position == len(labels) - 2 else _LABEL_BELOW
        strange = label[2:4] == "--" and not label.startswith("xn--")
        if not allowed.fullmatch(label) or label.startswith("-") or label.endswith("-") or strange:
            return f"{label!r} cannot be part of a host name"
    return None
