"""Which e-mail addresses Magento takes (facts 2.1; Laminas' EmailAddress and Hostname)."""

import pytest

from app.magento import emails

TAKEN = [  # facts 2.1, live
    "a'b@example.com",
    "user+tag@example.museum",
    "ü@example.com",
    "a@exämple.com",
    "a@example.zzzz",
    # Laminas' rules
    "Ada.Lovelace@example.com",
    '"two words"@example.com',
    "x@my_host.example.com",
    "x@xn--exmple-cua.com",
    "x@sub.sub.example.co.uk",
    "a" * 64 + "@example.com",
    "x@" + "a" * 63 + ".com",
    "1@2.de",
]
REFUSED = [  # facts 2.1, live
    "a@localhost",
    "a@[1.2.3.4]",
    "A@b.c",
    "a" * 65 + "@example.com",
    # Laminas' rules
    "a",
    "@example.com",
    "a@",
    "a..b@example.com",
    ".a@example.com",
    "a.@example.com",
    "a b@example.com",
    "a@b@example.com",
    "a@-b.com",
    "a@b-.com",
    "a@ab--cd.com",
    "a@b_c.com",
    "a@b.com.",
    "a@.com",
    "a@1.2.3.4",
    "a@b c.com",
    "a@example.com\n",
    "a@" + "a" * 64 + ".com",
    "a@" + ".".join(["a" * 60] * 5) + ".com",
    "ü" * 33 + "@example.com",
]


@pytest.mark.parametrize("address", TAKEN)
def test_taken(address: str) -> None:
    assert emails.refused(address) is None, f"facts 2.1: Magento takes {address!r}"


@pytest.mark.parametrize("address", REFUSED)
def test_refused(address: str) -> None:
    assert emails.refused(address), f"facts 2.1: Magento refuses {address!r}"
