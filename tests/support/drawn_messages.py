"""Values as somebody may give them, fitting or not, messages made of those that fit, and bytes nearly messages.

`spec_strategies` draws specs, and values that their fields carry as they are.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from iso_gateway.codec.field import Field
from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import EncodeError

LONGEST = 40
"""Characters or bytes of a drawn value, where its field has not to be longer."""
_ALPHABETS = {
    "n": "0123456789",
    "a": "AZaz ",
    "an": "AZaz09 ",
    "anp": "AZaz09 ",
    "ns": "0189 #~@",
    "ans": "AZaz09 ~!|",
    "z": "0123456789D",
    "any": "AZ09\x00\x7f~",
    "nibbles": "0123456789ABCDEF",
}


def values(field: Field) -> st.SearchStrategy[Any]:
    """Return what *field* can carry, as somebody may give it: now and then too short, or as a number."""
    low = field.min if field.length == "fixed" else 0
    high = max(low, min(field.max, LONGEST))
    if field.format == "b":
        return st.binary(min_size=low, max_size=high)
    if field.format == "xn":
        digits = st.text("0123456789", min_size=max(low - 1, 0), max_size=max(high - 1, 0))
        return st.tuples(st.sampled_from("CD"), digits).map("".join)
    texts: st.SearchStrategy[Any] = st.text(_ALPHABETS[field.format], min_size=low, max_size=high)
    if field.encoding not in {"ascii", "bcd"}:
        wide = "上é" if field.encoding in {"gbk", "gb18030", "utf-8"} else "é£"
        texts |= st.text("A" + wide, max_size=field.max // 4)
    if field.format == "n":
        texts |= st.integers(0, 10 ** min(field.max, 18) - 1)
    return texts | st.text(_ALPHABETS[field.format], min_size=1, max_size=high)


@st.composite
def fields_of(draw: st.DrawFn, spec: Spec, most: int = 10) -> dict[int, Any]:
    """Return data elements of *spec* with what each can carry; a value that it cannot after all is left out."""
    numbers = draw(st.lists(st.sampled_from(sorted(spec.fields)), max_size=most, unique=True))
    given = {number: draw(values(spec.fields[number])) for number in numbers}
    return {number: value for number, value in given.items() if _fits(spec, number, value)}


def _fits(spec: Spec, number: int, value: object) -> bool:
    try:
        spec.carry(number, value)
    except EncodeError:
        return False
    return True


@st.composite
def messages(draw: st.DrawFn, spec: Spec, most: int = 10) -> Message:
    """Return any message of *spec*."""
    mti = draw(st.sampled_from(sorted(spec.plan.mtis)[::7]))
    return spec.message(mti, draw(fields_of(spec, most)))


def mutated(data: bytes) -> st.SearchStrategy[bytes]:
    """Return *data* cut short, with bytes changed, in lower case, or with bytes put in."""
    at = st.integers(0, len(data))
    return st.one_of(
        at.map(lambda end: data[:end]),
        st.just(data.lower()),
        st.tuples(at, st.binary(max_size=3), st.integers(0, 3)).map(
            lambda change: data[: change[0]] + change[1] + data[change[0] + change[2] :]
        ),
    )
