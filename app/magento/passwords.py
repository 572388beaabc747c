"""In charge of passwords: Magento's stored format, made and verified, and the shop's rules (facts 3)."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from nacl import exceptions, pwhash

from app.magento import errors, settings

VERSION = "3_32_2_67108864"  # Argon2id, 32 bytes out, 2 passes, 64 MiB: what Magento writes today
CURRENT = re.compile(r"3_(\d+)_(\d+)_(\d+)")
SALT_LENGTH = 32
ARGON2_SALT = 16
SALT_LETTERS = string.ascii_letters + string.digits
LONGEST = 256
SHORTEST = 6  # the model's own bound, below which no setting goes
MOST_MEMORY = 1 << 30  # a stored parameter above this is not believed
CLASSES = (("digits", "[0-9]"), ("capitals", "[A-Z]"), ("small letters", "[a-z]"), ("others", "[^0-9A-Za-z]"))
PHP_BLANKS = " \t\n\r\0\x0b"


class Lane:
    """Lets at most limit passwords be hashed at once: each takes 64 MiB and a processor for a moment.

    wait: seconds a caller queues before Busy.
    """

    def __init__(self, limit: int = 2, wait: float = 10) -> None:
        self._slots = threading.BoundedSemaphore(limit)
        self._wait = wait

    def hash(self, plain: str) -> str:
        with self._slot():
            return hash(plain)

    def verify(self, stored: str | None, plain: str) -> bool:
        with self._slot():
            return verify(stored, plain)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._wait):
            raise errors.Busy("too many passwords are being hashed", 2)
        try:
            yield
        finally:
            self._slots.release()


def hash(plain: str, salt: str | None = None) -> str:
    """Make the text of password_hash: hash:salt:version (facts 3.1). salt: for test vectors."""
    salt = salt or "".join(secrets.choice(SALT_LETTERS) for _ in range(SALT_LENGTH))
    return f"{_step(VERSION, salt, plain.encode()).decode()}:{salt}:{VERSION}"


def verify(stored: str | None, plain: str) -> bool:
    """Say whether a password is the stored one, in any format Magento ever wrote, upgraded chains too.

    What is not in the three-part form never matches: it would need the shop's crypt key (facts 3.1).
    """
    parts = (stored or "").split(":", 2)
    if len(parts) != 3:
        return False
    digest, salt, versions = parts
    made = plain.encode()
    try:
        for version in versions.split(":"):
            made = _step(version, salt, made)
    except ValueError:
        return False
    return hmac.compare_digest(made, digest.encode())


def is_current(stored: str | None) -> bool:
    """Say whether a stored hash is in the form that Magento writes today, so that no login makes it anew."""
    parts = (stored or "").split(":", 2)
    return len(parts) == 3 and CURRENT.fullmatch(parts[2]) is not None


def check(settings: settings.Settings, plain: str, email: str | None = None) -> None:
    """Refuse a password the shop's own forms would refuse (facts 3.3). Raises Rejected("password", …)."""
    shortest = max(SHORTEST, settings.number("customer/password/minimum_password_length"))
    classes = settings.number("customer/password/required_character_classes_number")
    present = [name for name, pattern in CLASSES if re.search(pattern, plain)]
    reasons = (
        (len(plain) > LONGEST, f"it is longer than {LONGEST} characters"),
        (plain.strip(PHP_BLANKS) != plain, "it begins or ends with a blank"),
        (len(plain) < shortest, f"this shop asks for at least {shortest} characters"),
        (
            len(present) < classes,
            f"this shop asks for {classes} of: {', '.join(name for name, _ in CLASSES)}",
        ),
        (email is not None and plain.lower() == email.lower(), "it is the e-mail address"),
    )
    for broken, reason in reasons:
        if broken:
            raise errors.Rejected("password", reason)


def _step(version: str, salt: str, secret: bytes) -> bytes:
    """Apply one algorithm of the chain; its output in hex is the next one's password. ValueError: unknown."""
    if version == "0":
        return hashlib.md5(salt.encode() + secret, usedforsecurity=False).hexdigest().encode()
    if version == "1":
        return hashlib.sha256(salt.encode() + secret).hexdigest().encode()
    found = CURRENT.fullmatch(VERSION if version == "2" else version)
    if not found:
        raise ValueError(version)
    size, passes, memory = (int(number) for number in found.groups())
    if memory > MOST_MEMORY or not salt:
        raise ValueError(version)
    padded = (salt.encode() * ARGON2_SALT)[:ARGON2_SALT]
    try:
        return pwhash.argon2id.kdf(size, secret, padded, opslimit=passes, memlimit=memory).hex().encode()
    except (exceptions.CryptoError, exceptions.ValueError, exceptions.RuntimeError) as error:
        raise ValueError(version) from error
