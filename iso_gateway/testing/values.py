"""Values of an element or part, for hypothesis; card numbers are those of a published test range."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from iso_gateway.codec import mask
from iso_gateway.codec.charsets import SEVERAL_BYTES
from iso_gateway.codec.field import Field

_TEST_BIN: Final = "476173"
"""Of published test cards: what is drawn for card numbers is nobody's."""
_SHORTEST_CARD: Final = 13
_ALPHABETS: Final = {
    "n": "0123456789",
    "a": "ABCXYZabcxyz ",
    "an": "ABCXYZabcxyz0189 ",
    "anp": "ABCXYZabcxyz0189 ",
    "ns": "0189 #/-.",
    "ans": "ABCxyz0189 #/-.",
    "z": "0123456789D",
    "any": "ABCxyz0189 #/-.",
    "nibbles": "0123456789ABCDEF",
}


def values(field: Field, longest: int = 60) -> st.SearchStrategy[Any]:
    """Return a strategy of values that *field* carries, from its shortest to its longest, or to *longest*."""
    low = field.min if field.length == "fixed" else max(field.min, 1)
    high = max(low, min(field.max, longest))
    if field.format == "b":
        return st.binary(min_size=low, max_size=high)
    if field.format == "xn":
        return st.tuples(st.sampled_from("CD"), st.text("0123456789", min_size=low - 1, max_size=high - 1)).map("".join)
    if field.mask == "pan" and field.max >= _SHORTEST_CARD:
        most = min(field.max, max(longest, _SHORTEST_CARD), 19)
        return st.text("0123456789", min_size=6, max_size=most - len(_TEST_BIN) - 1).map(_card)
    if field.encoding in SEVERAL_BYTES:
        high = max(low, high // 4)
    return st.text(_ALPHABETS[field.format], min_size=low, max_size=high)


def _card(middle: str) -> str:
    """Return a card number of a test range with its check digit."""
    start = _TEST_BIN + middle
    return next(start + digit for digit in "0123456789" if mask.luhn(start + digit))
