"""Test numbers that stand for card numbers: the same for the same card, as long, and as right or wrong by Luhn.

The first digits tell the scheme, since hosts route by them, and are those of numbers that are published for tests:

    476173   in place of Visa (4)
    541333   in place of Mastercard (51 to 55, 2221 to 2720)
    625094   in place of UnionPay (62)
    378282   in place of American Express (34, 37)
    353011   in place of JCB (3528 to 3589)
    601100   in place of Discover (6011, 644 to 649, 65)
    305693   in place of Diners Club (300 to 305, 3095, 36, 38, 39)
    999999   in place of all others: ISO/IEC 7812-1 leaves 9 to national bodies, by country, and none is 999

Then comes a count: the first card of a kind is 1, the second 2. No digit of the true number is left but by chance, and
two cards never become one. Which number stands for which card is known to one `Cards` alone and forgotten with it:
whatever could be kept to have the same numbers the next time would also find the true ones out.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from iso_gateway.codec import mask

VISA: Final = "476173"
MASTERCARD: Final = "541333"
UNIONPAY: Final = "625094"
AMERICAN_EXPRESS: Final = "378282"
JCB: Final = "353011"
DISCOVER: Final = "601100"
DINERS: Final = "305693"
OTHERS: Final = "999999"

_SCHEMES: Final = (
    (re.compile(r"4"), VISA),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), MASTERCARD),
    (re.compile(r"62"), UNIONPAY),
    (re.compile(r"3[47]"), AMERICAN_EXPRESS),
    (re.compile(r"35(?:2[89]|[3-8])"), JCB),
    (re.compile(r"6011|64[4-9]|65"), DISCOVER),
    (re.compile(r"30[0-5]|3095|3[689]"), DINERS),
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
        self._avoided: set[bytes] = set()

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

    def avoid(self, number: str) -> None:
        """Have *number* stand for no other card: it is the number of one that is still to come."""
        if len(self._avoided) < self._remembered:
            self._avoided.add(self._hash(number))

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
        counted = serial < bound and len(self._known) < self._remembered
        if not counted:
            serial = int.from_bytes(hashed) % bound
        made = _checked(f"{prefix}{serial:0{digits}}", good=good)
        # The card has the very number that was to stand for it, or another one of these messages has.
        while made == number or (counted and serial < bound - 1 and self._hash(made) in self._avoided):
            serial = (serial + 1) % bound
            made = _checked(f"{prefix}{serial:0{digits}}", good=good)
        if counted:
            self._counts[kind] = serial
        return made


def _checked(body: str, *, good: bool) -> str:
    """Return *body* with its check digit, or with a wrong one."""
    right = next(digit for digit in "0123456789" if mask.luhn(body + digit))
    return body + (right if good else str((int(right) + 1) % 10))
