"""Test numbers that stand for card numbers: the same for the same card, as long, and as right or wrong by Luhn.

The first digits tell the scheme, since hosts route by them, and are those of numbers that exist for tests alone:

    476173   in place of Visa (4)
    541333   in place of Mastercard (51 to 55, 2221 to 2720)
    625094   in place of UnionPay (62)
    999999   in place of all others: ISO/IEC 7812-1 leaves 9 to national bodies, by country, and none is 999

Then comes a count: the first card of a kind is 1, the second 2. No digit of the true number is left but by chance.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from iso_gateway.codec import mask

VISA: Final = "476173"
MASTERCARD: Final = "541333"
UNIONPAY: Final = "625094"
OTHERS: Final = "999999"

_SCHEMES: Final = (
    (re.compile(r"4"), VISA),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), MASTERCARD),
    (re.compile(r"62"), UNIONPAY),
)
SHORTEST: Final = 12
LONGEST: Final = 19
"""Digits of a card number (ISO/IEC 7812-1; Maestro has 12)."""
REMEMBERED: Final = 100_000
"""Cards that are counted, some 20 MB; the numbers of any further ones are made of their hash, and may collide."""


class Cards:
    """What stands for which card. It holds hashes of the true numbers, under a key, and none of them in clear."""

    def __init__(self, key: bytes, remembered: int = REMEMBERED) -> None:
        """Hash under *key*, 16 to 64 random bytes that nobody else knows; count up to *remembered* cards."""
        self._key = key
        self._remembered = remembered
        self._known: dict[bytes, str] = {}
        self._counts: dict[tuple[str, int], int] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __repr__(self) -> str:
        return f"<Cards, {len(self._known)} known>"

    def __call__(self, number: str) -> str:
        """Return what stands for *number*, of as many digits; zeros where it is too short or long for a card's."""
        if not SHORTEST <= len(number) <= LONGEST:
            return "0" * len(number)
        hashed = self._hash(number)
        known = self._known.get(hashed)
        if known is None:
            known = self._new(number, hashed)
            if len(self._known) < self._remembered:
                self._known[hashed] = known
        return known

    def keep(self, number: str) -> None:
        """Have *number* stand for itself: it is a test number, as those of a recording that was redacted."""
        if SHORTEST <= len(number) <= LONGEST and len(self._known) < self._remembered:
            self._known[self._hash(number)] = number

    def _hash(self, number: str) -> bytes:
        return hashlib.blake2b(number.encode("ascii"), key=self._key, digest_size=16).digest()

    def _new(self, number: str, hashed: bytes) -> str:
        prefix = next((test for begins, test in _SCHEMES if begins.match(number)), OTHERS)
        digits = len(number) - len(prefix) - 1
        kind, bound, good = (prefix, len(number)), 10**digits, mask.luhn(number)
        serial = self._counts.get(kind, 0) + 1
        if serial < bound and len(self._known) < self._remembered:
            self._counts[kind] = serial
        else:
            serial = int.from_bytes(hashed) % bound
        made = _checked(f"{prefix}{serial:0{digits}}", good=good)
        if made == number:  # the card has the very number that was to stand for it
            self._counts[kind] = serial = (serial + 1) % bound
            made = _checked(f"{prefix}{serial:0{digits}}", good=good)
        return made


def _checked(body: str, *, good: bool) -> str:
    """Return *body* with its check digit, or with a wrong one."""
    right = next(digit for digit in "0123456789" if mask.luhn(body + digit))
    return body + (right if good else str((int(right) + 1) % 10))
