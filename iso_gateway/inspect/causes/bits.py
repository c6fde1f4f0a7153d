"""A bitmap that says something else than what follows it: the second one left out, a bit too many or too few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from iso_gateway.codec import bitmap
from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import FIELD, Plan
from iso_gateway.codec.presence import violations
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError
from iso_gateway.inspect.causes.suspicion import Suspicion, elements, judged, read_so
from iso_gateway.inspect.told import Cause

_USUAL: Final = (
    *(66, 67, 70, 71, 72, 73, 74, 76, 90, 91, 93, 94, 95, 96, 97, 100, 102, 103, 104, 112, 123, 125, 126, 127, 128),
)
"""The elements of a second bitmap that messages have."""
_COMMON: Final = frozenset({2, 3, 4, 7, 11, 12, 13, 14, 18, 22, 23, 25, 32, 35, 37, 38, 39, 41, 42, 43, 49, 52, 55, 64})
"""The elements of a first bitmap that most messages have."""
_ONE_BIT, _UNCOMMON, _LACK = 1.7, 0.1, 0.02
"""What it takes for granted that one bit is wrong; more where hardly any message has it, and more for each rule of
presence that would be broken then."""
_ONES: Final = (1 << 64) - 1
_TRIED: Final = 600
"""Second bitmaps that are tried where there is none."""
_MOST: Final = 4
"""Elements of one."""
_COMPARE: Final = "compare the bitmap with the elements that were to be sent; its sender has to mend it"

_Read = Callable[..., "Message | DecodeError"]
"""Reads the message with other bitmaps: the first, and the second where one is put in."""


def suspicions(spec: Spec, data: bytes) -> Iterator[Suspicion]:
    """Yield the changes of the first bitmap with which *data* comes out exactly."""
    plan = spec.plan
    if plan.bitmap_fixed or plan.third == FIELD:
        return
    start, behind = plan.mti_size, plan.mti_size + plan.bitmap_size
    bits = bitmap.number(plan, data[start:behind])
    if bits is None or len(data) < behind:
        return

    def read(first: int, second: int | None = None) -> Message | DecodeError:
        return _read(spec, data[:start] + _written(plan, first, second) + data[behind:])

    first = 1 << 63
    size = len(data)
    if bits & first:
        yield from _without_second(spec, read, bits, size)
    elif isinstance(found := read(bits | first), Message):
        words = "bit 1 of the bitmap is off, though a second bitmap follows"
        yield Suspicion(0.8, judged(found), Cause("bitmap", words, read_so(found, size), _COMPARE))
    for number in range(2, 65):
        bit = 1 << (64 - number)
        if (bits & bit or number in spec.fields) and isinstance(found := read(bits ^ bit), Message):
            yield _of_one(spec, found, number, size, is_on=bool(bits & bit))
    if bits & first:
        yield from _in_second(spec, data)


def _in_second(spec: Spec, data: bytes) -> Iterator[Suspicion]:
    """Yield the single bits of a second bitmap that may be wrong."""
    plan = spec.plan
    start, behind = plan.mti_size, plan.mti_size + 2 * plan.bitmap_size
    both = bitmap.number(plan, data[start:behind])
    if both is None or len(data) < behind:
        return
    for number in range(66, 129):
        bit = 1 << (128 - number)
        if not both & bit and number not in spec.fields:
            continue
        changed = both ^ bit
        found = _read(spec, data[:start] + _written(plan, changed >> 64, changed & _ONES) + data[behind:])
        if isinstance(found, Message):
            yield _of_one(spec, found, number, len(data), is_on=bool(both & bit))


def _of_one(spec: Spec, found: Message, number: int, size: int, *, is_on: bool) -> Suspicion:
    """Return that one bit is wrong, with which *found* comes out."""
    words = f"bit {number} of the bitmap is {'on' if is_on else 'off'}, though DE {number} is "
    words += "not there" if is_on else "there"
    price = _ONE_BIT + (0.0 if number in _COMMON else _UNCOMMON) + _LACK * len(violations(spec.presence, found))
    return Suspicion(price, judged(found), Cause("bitmap", words, read_so(found, size), _COMPARE))


def _without_second(spec: Spec, read: _Read, bits: int, size: int) -> Iterator[Suspicion]:
    """Yield what there may be where bit 1 announces a second bitmap, and none follows."""
    found = read(bits ^ 1 << 63)
    if isinstance(found, Message):
        words = "bit 1 of the bitmap is on, and no second bitmap follows"
        yield Suspicion(0.5, judged(found), Cause("bitmap", words, read_so(found, size, "without it"), _COMPARE))
        return
    if found.field:
        return  # not even the elements of the first one can be read
    known = [each for each in _USUAL if each in spec.fields]
    tried: list[tuple[int, ...]] = [()]
    left = _TRIED
    while tried and left > 0:
        some = tried.pop(0)
        for number in known:
            if some and number <= some[-1]:
                continue
            left -= 1
            more = (*some, number)
            found = read(bits, sum(1 << (128 - each) for each in more))
            if isinstance(found, Message):
                words = f"the second bitmap was left out, which bit 1 announces: {elements(list(more))} would be in it"
                cause = Cause("bitmap", words, read_so(found, size, "with it"), _COMPARE)
                yield Suspicion(0.6 + len(more) / 20, judged(found), cause, about="second")
            elif not found.field and len(more) < _MOST:
                tried.append(more)


def _read(spec: Spec, data: bytes) -> Message | DecodeError:
    try:
        return spec.decode(data)
    except DecodeError as error:
        return error


def _written(plan: Plan, first: int, second: int | None) -> bytes:
    """Return bitmaps in the form of the spec; the second one only where there is to be one."""
    raw = first.to_bytes(8) + (b"" if second is None else second.to_bytes(8))
    if not plan.bitmap_hex:
        return raw
    return raw.hex().upper().encode("cp500" if plan.bitmap_form == "hex-ebcdic" else "ascii")
