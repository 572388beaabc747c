"""Passwords: Magento's formats and the shop's rules (facts 3)."""

import threading
import time

import pytest

from app.magento import errors, passwords, settings

SECRET = "Sup3r-Secret!"
SALT = "AbCdEfGhIjKlMnOpQrStUvWxYz012345"
# facts 3.2: what Magento's own Encryptor wrote
VECTORS = [
    (SECRET, f"d00ffedb8403a2947896c45126a92a398048de32f5767eef527dad459e221cf6:{SALT}:3_32_2_67108864"),
    (
        "pässwörd Ünïcode 99",
        "282c450b01ecb3d0a325c9cb409efab8a7f635843d1c5fa1858f2122788d8ee4:0123456789abcdefABCDEF9876543210:3_32_2_67108864",
    ),
    (SECRET, "3b543a16a222a6b12ff14ec979b191c31f119de7b05ad6ac3ba37eca51e8f391:short:3_32_2_67108864"),
    (SECRET, f"5b7ebb4765e68bcca637ddf46ff35eac062a47be65287ac3f58254d247bf74cb:{SALT}:1"),
    (SECRET, f"37d7b204280d3d8bfc82c62d6ba2bb17:{SALT}:0"),
    (SECRET, f"213ee38c5e122e969c4cded61273359a6ced671347c5fc98846c8e4cfb4307fa:{SALT}:1:3_32_2_67108864"),
    (SECRET, f"d00ffedb8403a2947896c45126a92a398048de32f5767eef527dad459e221cf6:{SALT}:2"),
]
# facts 3.1: what is not in three-part form, or of no known version, matches nothing
UNUSABLE = [
    *(None, "", "DISABLED", "!:a:3_32_2_67108864", "a:b", f"x:{SALT}:9", f"x:{SALT}:3_32_2", "::", "a::1:"),
    *(f"x:{SALT}:3_32_2_99999999999", f"x:{SALT}:3_0_0_0", f"x:{SALT}:3_32_2_1", "x::3_32_2_67108864"),
]


@pytest.mark.parametrize(("plain", "stored"), VECTORS, ids=range(len(VECTORS)))
def test_every_format_is_verified(plain: str, stored: str) -> None:
    assert passwords.verify(stored, plain), f"facts 3.2: {stored}"
    assert not passwords.verify(stored, plain + "x")


@pytest.mark.parametrize(("plain", "stored"), VECTORS[:3], ids=range(3))
def test_a_hash_is_magentos_byte_for_byte(plain: str, stored: str) -> None:
    assert passwords.hash(plain, stored.split(":")[1]) == stored, "facts 3.1"


@pytest.mark.parametrize("stored", UNUSABLE)
def test_an_unusable_hash_never_matches(stored: str | None) -> None:
    assert not passwords.verify(stored, SECRET), f"facts 3.1: {stored!r}"
    assert not passwords.verify(stored, "")


@pytest.mark.requirement(39)
def test_a_new_hash_has_a_salt_of_its_own() -> None:
    first, second = passwords.hash(SECRET), passwords.hash(SECRET)
    assert first != second
    digest, salt, version = first.split(":")
    assert (len(digest), len(salt), version) == (64, 32, "3_32_2_67108864")
    assert salt.isalnum()
    assert salt.isascii()
    assert len(first) == 113, "facts 3.1: fits into password_hash (128)"
    assert passwords.verify(first, SECRET)


def _settings(**values: str) -> settings.Settings:
    rows: dict[tuple[str, int, str], str | None] = {
        ("default", 0, f"customer/password/{name}"): value for name, value in values.items()
    }
    return settings.Settings(rows, settings.Stores({}, {}, {}))


@pytest.mark.parametrize(
    ("plain", "reason"),
    [
        ("Passw0rd", None),
        ("Aa1!", "8 characters"),
        ("Pässw0rd", None),
        ("12345678a", "3 of"),
        ("aaaaaaaaA", "3 of"),
        ("aaaaaaA1", None),
        ("aaaaaa1!", None),
        (" Passw0rd!", "blank"),
        ("Passw0rd!\n", "blank"),
        ("Passw0rd! x", None),
        ("Aa1!" * 64, None),
        ("Aa1!" * 64 + "x", "256"),
        ("ADA1@example.COM", "e-mail"),
        ("Kennwort-😀1", None),
    ],
)
def test_the_shops_rules(plain: str, reason: str | None) -> None:
    if reason is None:
        passwords.check(_settings(), plain, "ada1@Example.com")
        return
    with pytest.raises(errors.Rejected, match=reason) as caught:
        passwords.check(_settings(), plain, "ada1@Example.com")
    assert caught.value.code == "password"
    assert plain not in str(caught.value), "a refused password is not repeated"


@pytest.mark.parametrize(
    ("values", "plain", "passes"),
    [
        ({"minimum_password_length": "12"}, "Passw0rd!", False),
        ({"minimum_password_length": "12"}, "Passw0rd!Passw0rd!", True),
        ({"minimum_password_length": "1", "required_character_classes_number": "1"}, "abcde", False),
        ({"minimum_password_length": "1", "required_character_classes_number": "1"}, "abcdef", True),
        ({"required_character_classes_number": "4"}, "Passw0rd", False),
        ({"required_character_classes_number": "4"}, "Passw0rd!", True),
    ],
)
def test_the_shops_rules_are_the_shops(values: dict[str, str], plain: str, passes: bool) -> None:
    if passes:
        passwords.check(_settings(**values), plain)
    else:
        with pytest.raises(errors.Rejected):
            passwords.check(_settings(**values), plain)


def test_a_lane_hashes_no_more_at_once_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def slow(plain: str) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        with lock:
            running -= 1
        return plain

    monkeypatch.setattr(passwords, "hash", slow)
    lane = passwords.Lane(2, wait=5)
    threads = [threading.Thread(target=lane.hash, args=("x",)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_a_full_lane_is_busy_and_a_used_one_free_again() -> None:
    lane = passwords.Lane(1, wait=0.05)
    stored = lane.hash(SECRET)
    with lane._slot(), pytest.raises(errors.Busy):
        lane.hash(SECRET)
    assert lane.verify(stored, SECRET)
