"""Messages of any spec, for hypothesis.

from hypothesis import given
from iso_gateway import load_spec
from iso_gateway.testing import messages

SPEC = load_spec("iso87-ascii")

@given(messages(SPEC, mti="0200", having=[4, 11]))
def test_our_host_takes_any_sale(message): ...
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from hypothesis import strategies as st

from iso_gateway.codec import mask
from iso_gateway.codec.charsets import SEVERAL_BYTES
from iso_gateway.codec.field import Field
from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import Value
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import EncodeError

_TEST_BIN: Final = "476173"
"""Of published test cards: what is drawn for card numbers is nobody's."""
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


@st.composite
def messages(
    draw: st.DrawFn,
    spec: Spec,
    *,
    mti: str | None = None,
    having: Iterable[int] = (),
    without: Iterable[int] = (),
    most: int = 12,
    longest: int = 60,
) -> Message:
    """Return a strategy of messages that *spec* encodes and reads back equal.

    Args:
        draw: hypothesis's.
        spec: whose messages.
        mti: the message type; None: any that the spec knows.
        having: data elements that each message has.
        without: those that none has.
        most: how many others a message may have.
        longest: characters or bytes of a value, where its element has not to be longer.

    Raises:
        ValueError: the spec has not one of *having*.
    """
    needed, barred = sorted(set(having)), set(without)
    if unknown := [number for number in needed if number not in spec.fields]:
        raise ValueError(f"{spec.name} has no DE {unknown[0]}")
    others = [number for number in spec.fields if number not in barred and number not in needed]
    chosen = draw(st.lists(st.sampled_from(others), max_size=most, unique=True)) if others else []
    found: dict[int, Value] = {}
    for number in sorted([*needed, *chosen]):
        value = draw(values(spec.fields[number], longest))
        if number in needed or _fits(spec, number, value):
            found[number] = value
    kind = draw(st.sampled_from(sorted(spec.plan.mtis))) if mti is None else mti
    return spec.message(kind, found)


def values(field: Field, longest: int = 60) -> st.SearchStrategy[Any]:
    """Return a strategy of values that *field* carries, from its shortest to its longest, or to *longest*."""
    low = field.min if field.length == "fixed" else max(field.min, 1)
    high = max(low, min(field.max, longest))
    if field.format == "b":
        return st.binary(min_size=low, max_size=high)
    if field.format == "xn":
        return st.tuples(st.sampled_from("CD"), st.text("0123456789", min_size=low - 1, max_size=high - 1)).map("".join)
    if field.mask == "pan" and field.max >= 13:
        return st.text("0123456789", min_size=6, max_size=min(high, 19) - len(_TEST_BIN) - 1).map(_card)
    if field.encoding in SEVERAL_BYTES:
        high = max(low, high // 4)
    return st.text(_ALPHABETS[field.format], min_size=low, max_size=high)


def _card(middle: str) -> str:
    """Return a card number of a test range with its check digit."""
    start = _TEST_BIN + middle
    return next(start + digit for digit in "0123456789" if mask.luhn(start + digit))


def _fits(spec: Spec, number: int, value: object) -> bool:
    try:
        spec.carry(number, value)
    except EncodeError:
        return False
    return True
