"""Decimal digits out of enciphered bytes, as card verification values and PVVs have them."""

from __future__ import annotations

from typing import Final

_LETTERS: Final = str.maketrans("ABCDEF", "012345")


def decimal_digits(block: bytes, count: int) -> str:
    """Return *count* digits of *block* in hexadecimal: its decimal digits from the left, then its letters less ten."""
    text = block.hex().upper()
    digits = "".join(digit for digit in text if digit.isdecimal())
    letters = "".join(digit for digit in text if not digit.isdecimal())
    return (digits + letters.translate(_LETTERS))[:count]
