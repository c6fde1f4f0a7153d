"""Messages of a spec that is right in which one thing is wrong: what a length says, or a bit of the bitmap.

What is read after it lies elsewhere, so that it is a later element that cannot be read, and that is blamed for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from iso_gateway.codec import bitmap, lengths
from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import FIELD, Plan
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError
from iso_gateway.inspect.doctor.sanity import Sense, sense
from iso_gateway.inspect.doctor.search import SANE, bounded
from iso_gateway.inspect.doctor.walk import Head, element, head, worth
from iso_gateway.inspect.doctor.wraps import Wrap, wraps

_OFF: Final = (*range(1, 10), 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
"""By how much one digit of a length may be off."""
_ONES: Final = (1 << 64) - 1


_PRICE: Final = 5.5
"""What it costs in a doctor's points: more than an edit with which a length agrees, less than another size."""
_UNCOMMON: Final = 2.0
"""... and more for the bit of an element that hardly any message has."""
COMMON: Final = frozenset({2, 3, 4, 7, 11, 12, 13, 14, 18, 22, 23, 25, 32, 35, 37, 38, 39, 41, 42, 43, 49, 52, 55, 64})
"""The elements of a first bitmap that most messages have."""
_LEAST: Final = 8
"""Points that the message has to make."""
_PAIRS: Final = 4
"""Framings and specs, together, with which it is looked for."""
_LONGEST: Final = 2_048
"""Bytes of a message in which it is looked for."""


class Slip(NamedTuple):
    """One thing that is wrong with a message."""

    kind: str
    """``length``, ``bit on`` or ``bit off``."""
    number: int
    """The data element that it is about."""
    words: str
    """What is wrong, one line."""
    message: Message
    """What the message is without it."""


class Slipped(NamedTuple):
    """One message that is read by a spec as it is, but for one thing that is wrong with it."""

    wrap: Wrap
    spec: Spec
    slip: Slip
    sense: Sense

    @property
    def message(self) -> Message:
        """What it is without that."""
        return self.slip.message

    @property
    def worth(self) -> float:
        """How much sense it makes, as `Fit.worth`."""
        rare = self.slip.kind != "length" and self.slip.number not in COMMON
        return worth(self.sense) - _PRICE - rare * _UNCOMMON


def slipped(data: bytes | Sequence[bytes], specs: Iterable[Spec]) -> Slipped | None:
    """Return the message that *data* may be but for one length or bit; None where it is none, or several.

    Args:
        data: as `search.diagnose` takes it, within the same bounds, and shorter than `_LONGEST`.
        specs: those that may be meant.
    """
    chosen = list(specs)
    some = [wrap for wrap in wraps(*bounded(data)) if wrap.total == 1 and not wrap.skipped]
    begun = [
        (wrap, spec)
        for wrap in some
        for spec in chosen
        if len(wrap.payloads[0]) <= _LONGEST and _begins(spec, wrap.payloads[0])
    ]
    found = [
        Slipped(wrap, spec, slip, sense(slip.message))
        for wrap, spec in begun[:_PAIRS]
        for slip in (*of_lengths(spec, wrap.payloads[0]), *of_bits(spec, wrap.payloads[0]))
    ]
    good = [each for each in found if each.sense.good >= _LEAST and each.sense.share >= SANE]
    return max(good, key=lambda each: each.worth, default=None)


def _begins(spec: Spec, payload: bytes) -> bool:
    """Return whether *payload* begins as a message of *spec*: at most one bit of its bitmap names what there is not."""
    start = head(spec.plan, payload)
    return start is not None and not start.sense.bad and sum(each not in spec.fields for each in start.numbers) <= 1


def of_lengths(spec: Spec, data: bytes) -> Iterator[Slip]:
    """Yield the lengths of which *data* comes out exactly if they say another number; of each the nearest number first.

    That of the last element is none of them: with it, the message is cut short, or something follows it.
    """
    start = head(spec.plan, data)
    for number, at in _places(spec, data, start) if start is not None else ():
        row = spec.plan.rows[number]
        end = at + row.width
        said = lengths.count(data[at:end], row.prefix)
        if not row.width or said is None:
            continue
        for off in (sign * each for each in _OFF for sign in (1, -1)):
            length = (said + off - row.extra) * row.step
            other = row.heads.get(length)
            found = None if other is None else read(spec, data[:at] + other + data[end:])
            if isinstance(found, Message):
                words = f"the length of DE {number} says {said}, though {said + off} would be right"
                yield Slip("length", number, words, found)


def _places(spec: Spec, data: bytes, start: Head) -> Iterator[tuple[int, int]]:
    """Yield the elements of *data* that can be found, but for the last that it has, and where each begins."""
    at = start.end
    for number in start.numbers[:-1]:
        if number not in spec.fields:
            return
        yield number, at
        found = element(number, spec.plan.rows[number], data, at)
        if found is None:
            return
        at = found[0]


def of_bits(spec: Spec, data: bytes) -> Iterator[Slip]:
    """Yield the bits of the bitmaps, bit 1 apart, with which *data* comes out exactly if they are what they are not."""
    plan = spec.plan
    start, behind = plan.mti_size, plan.mti_size + plan.bitmap_size
    bits = bitmap.number(plan, data[start:behind])
    if plan.bitmap_fixed or plan.third == FIELD or bits is None or len(data) < behind:
        return
    width = 64
    if bits >> 63:
        behind += plan.bitmap_size
        width, bits = 128, bitmap.number(plan, data[start:behind])
    if bits is None or len(data) < behind:
        return
    for number in range(2, width + 1):
        bit = 1 << (width - number)
        if number == bitmap.THIRD or not (bits & bit or number in spec.fields):
            continue
        changed = bits ^ bit
        both = (changed >> 64, changed & _ONES) if width > 64 else (changed, None)
        found = read(spec, data[:start] + written(plan, *both) + data[behind:])
        if isinstance(found, Message):
            yield _of_bit(number, found, is_on=bool(bits & bit))


def _of_bit(number: int, found: Message, *, is_on: bool) -> Slip:
    words = f"bit {number} of the bitmap is {'on' if is_on else 'off'}, though DE {number} is "
    return Slip("bit on" if is_on else "bit off", number, words + ("not there" if is_on else "there"), found)


def read(spec: Spec, data: bytes) -> Message | DecodeError:
    """Return the message that *data* is, or why it is none."""
    try:
        return spec.decode(data)
    except DecodeError as error:
        return error


def written(plan: Plan, first: int, second: int | None) -> bytes:
    """Return bitmaps in the form of the spec; the second one only where there is to be one."""
    raw = first.to_bytes(8) + (b"" if second is None else second.to_bytes(8))
    if not plan.bitmap_hex:
        return raw
    return raw.hex().upper().encode("cp500" if plan.bitmap_form == "hex-ebcdic" else "ascii")
