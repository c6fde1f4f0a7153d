"""A bitmap that says something else than what follows it: one without the second one that it announces, or the reverse.

Other bits that are wrong, one alone, are looked for in `slips`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from iso_gateway.codec import bitmap
from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import FIELD
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError
from iso_gateway.inspect.causes.suspicion import Suspicion, elements, judged, read_so
from iso_gateway.inspect.doctor import slips
from iso_gateway.inspect.told import Cause

_USUAL: Final = (
    *(66, 67, 70, 71, 72, 73, 74, 76, 90, 91, 93, 94, 95, 96, 97, 100, 102, 103, 104, 112, 123, 125, 126, 127, 128),
)
"""The elements of a second bitmap that messages have."""
_TRIED: Final = 600
"""Second bitmaps that are tried where there is none."""
_MOST: Final = 4
"""Elements of one."""
COMPARE: Final = "compare the bitmap with the elements that were to be sent; its sender has to mend it"

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
        return slips.read(spec, data[:start] + slips.written(plan, first, second) + data[behind:])

    first = 1 << 63
    size = len(data)
    if bits & first:
        yield from _without_second(spec, read, bits, size)
    elif isinstance(found := read(bits | first), Message):
        words = "bit 1 of the bitmap is off, though a second bitmap follows"
        yield Suspicion(0.8, judged(found), Cause("bitmap", words, read_so(found, size), COMPARE))


def _without_second(spec: Spec, read: _Read, bits: int, size: int) -> Iterator[Suspicion]:
    """Yield what there may be where bit 1 announces a second bitmap, and none follows."""
    found = read(bits ^ 1 << 63)
    if isinstance(found, Message):
        words = "bit 1 of the bitmap is on, and no second bitmap follows"
        yield Suspicion(0.5, judged(found), Cause("bitmap", words, read_so(found, size, "without it"), COMPARE))
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
                cause = Cause("bitmap", words, read_so(found, size, "with it"), COMPARE)
                yield Suspicion(0.6 + len(more) / 20, judged(found), cause, about="second")
            elif not found.field and len(more) < _MOST:
                tried.append(more)
