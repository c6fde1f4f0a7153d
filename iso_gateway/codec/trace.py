"""The careful walk: the same rows as `walker`, one step at a time, with the place of everything.

It runs when the walker refused a message, to say where and why; and for those who want to see which bytes say
what.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from iso_gateway.codec import bitmap, body, lengths
from iso_gateway.codec.message import Message, bound
from iso_gateway.codec.plan import FIELD, NO_THIRD, Plan, Row, Value
from iso_gateway.codec.unreadable import Unreadable, many
from iso_gateway.errors import DecodeError, IncompleteError


class Span(NamedTuple):
    """Where one element lies in a message, in bytes from 0."""

    field: str
    """``mti``, ``bitmap`` (also the third where it stands among the fields), the number of a data element, or the path
    of a part."""
    start: int
    """Its first byte, prefix included."""
    body: int
    """Its first byte after the length prefix."""
    end: int
    """The byte after its last one."""
    nibbles: tuple[int, int] | None = None
    """Where the value begins and ends in half bytes of the message, where that is not `body` and `end`: an odd number
    of packed digits."""
    fault: str = ""
    """Why it cannot be read further than to `end`; empty where nothing is wrong."""


class _Walk:
    """One careful walk, as far as it came."""

    def __init__(self, plan: Plan, data: bytes, *, strict: bool = True, forgiving: bool = False) -> None:
        self.plan = plan
        self.strict = strict
        self.forgiven: list[DecodeError] | None = [] if forgiving else None
        """What characters are wrong, where a walk goes on all the same."""
        self.data = data
        self.pos = 0
        self.mti: str | None = None
        self.values: dict[int, Value] = {}
        self.kept: dict[int, bytes] = {}
        self.spans: list[Span] = []

    def refuse(self, field: str, offset: int, expected: str) -> DecodeError:
        """Return the error that tells of this place."""
        return DecodeError(field, offset, expected, self._partial())

    def short(self, field: str, offset: int, expected: str, missing: int) -> IncompleteError:
        """Return the error that tells that the bytes end here."""
        return IncompleteError(field, offset, expected, self._partial(), missing)

    def _partial(self) -> Message | None:
        return None if self.mti is None else bound(self.mti, self.values, None, self.kept or None)

    def take(self, field: str, count: int, what: str = "") -> bytes:
        """Return the next *count* bytes and step over them."""
        left = len(self.data) - self.pos
        if left < count:
            raise self.short(field, self.pos, f"{what}{many(left, 'byte')} left, {count} needed", count - left)
        self.pos += count
        return self.data[self.pos - count : self.pos]

    def read_mti(self) -> None:
        """Read the message type."""
        raw = self.take("mti", self.plan.mti_size)
        codec = self.plan.mti_codec
        text = raw.hex() if codec == "bcd" else raw.decode("latin-1" if codec == "ascii" else codec)
        if not (text.isascii() and text.isdecimal()):
            raise self.refuse("mti", 0, "not four digits")
        if text not in self.plan.mtis:
            raise self.refuse("mti", 0, "no message type of this spec: another version, or a reserved digit")
        self.mti = text
        self.spans.append(Span("mti", 0, 0, self.pos))

    def read_bitmap(self) -> list[int]:
        """Read the bitmaps before the fields; return the data elements that they name."""
        plan, start = self.plan, self.pos
        bits = self._bits()
        width = 8 * plan.bitmap_fixed or 64
        while bitmap.more(plan, bits, width):
            bits, width = bits << 64 | self._bits(), width + 64
        numbers = bitmap.named(plan, bits, width)
        for each in numbers:
            if each not in plan.rows and not (each == bitmap.THIRD and plan.third == FIELD):
                third = each == bitmap.THIRD and plan.third == NO_THIRD and not plan.bitmap_fixed
                what = "a third bitmap is not supported" if third else "the spec has no such field"
                raise self.refuse(str(each), start, what)
        self.kept[0] = self.data[start : self.pos]
        self.spans.append(Span("bitmap", start, start, self.pos))
        return numbers

    def read_third(self) -> list[int]:
        """Read the third bitmap where it stands among the fields; return the data elements that it names."""
        start = self.pos
        numbers = bitmap.elements(self._bits(), 64, 128)
        for each in numbers:
            if each not in self.plan.rows:
                raise self.refuse(str(each), start, "the spec has no such field")
        self.kept[0] += self.data[start : self.pos]
        self.spans.append(Span("bitmap", start, start, self.pos))
        return numbers

    def _bits(self) -> int:
        start = self.pos
        found = self.take("bitmap", self.plan.bitmap_size)
        bits = bitmap.number(self.plan, found)
        if bits is None:
            raise self.refuse("bitmap", start + bitmap.wrong_at(self.plan, found), "not hexadecimal digits")
        return bits

    def settle(self) -> None:
        """Forget the bitmaps where they are those that we would write."""
        numbers = tuple(self.values)
        if self.kept[0] == bitmap.written(self.plan, numbers) + bitmap.third(self.plan, numbers):
            del self.kept[0]

    def read_field(self, row: Row) -> None:
        """Read one data element."""
        field = str(row.number)
        start = self.pos
        length = row.high
        if row.width:
            length = self._length(row, self.take(field, row.width, "length prefix: "), start)
        at = self.pos
        raw = self.take(field, self._extent(row, length))
        try:
            value = body.read(row, raw, length, strict=self.strict)
        except Unreadable as error:
            fault = self.refuse(field, at + error.at, error.expected)
            if self.forgiven is None:
                raise fault from None
            self.forgiven.append(fault)
            value = self._as_it_is(row, raw, length, fault)
        if body.write(row, value) != raw:
            self.kept[row.number] = raw
        self.values[row.number] = value
        self.spans.append(Span(field, start, at, self.pos))

    @staticmethod
    def _as_it_is(row: Row, raw: bytes, length: int, fault: DecodeError) -> Value:
        try:
            return body.read(row, raw, length, strict=False)
        except Unreadable:
            raise fault from None

    def _extent(self, row: Row, length: int) -> int:
        try:
            return body.extent(row, self.data, self.pos, length)
        except Unreadable as error:
            raise self.refuse(str(row.number), self.pos + error.at, error.expected) from None
        except body.Short as error:
            found = many(length - error.units, "character")
            raise self.short(str(row.number), self.pos, f"{found} left, {length} needed", error.units) from None

    def _length(self, row: Row, head: bytes, start: int) -> int:
        said = lengths.count(head, row.prefix)
        if said is None:
            digits = many(2 * row.width if row.prefix == "bcd" else row.width, "digit")
            raise self.refuse(str(row.number), start, f"a length prefix that is not {digits}")
        low, high = -(-row.low // row.step) + row.extra, row.high // row.step + row.extra
        if said > high:
            raise self.refuse(str(row.number), start, f"length {said}, at most {high} allowed")
        if said < low:
            raise self.refuse(str(row.number), start, f"length {said}, at least {low} needed")
        return (said - row.extra) * row.step


def _walked(plan: Plan, data: bytes, *, strict: bool = True) -> _Walk:
    walk = _Walk(plan, data, strict=strict)
    _walk(walk)
    return walk


def _walk(walk: _Walk) -> None:
    plan = walk.plan
    walk.read_mti()
    later: list[int] = []
    for number in walk.read_bitmap():
        if number in plan.rows:
            walk.read_field(plan.rows[number])
        else:
            later = walk.read_third()
    for number in later:
        walk.read_field(plan.rows[number])
    walk.settle()
    left = len(walk.data) - walk.pos
    if left:
        raise walk.refuse("", walk.pos, f"{many(left, 'byte')} after the last field")


def decode(plan: Plan, data: bytes, *, strict: bool = True) -> tuple[str, dict[int, Value], dict[int, bytes] | None]:
    """Return what *data* says: MTI, values by data element, and the bodies that we would write differently.

    Raises:
        DecodeError: it is no message of this plan; its partial message is bound to no spec.
    """
    walk = _walked(plan, data, strict=strict)
    assert walk.mti is not None
    return walk.mti, walk.values, walk.kept or None


def spans(plan: Plan, data: bytes, *, strict: bool = True) -> list[Span]:
    """Return where each element of the message *data* lies, in its order.

    Raises:
        DecodeError: it is no message of this plan.
    """
    return _walked(plan, data, strict=strict).spans


def spans_so_far(plan: Plan, data: bytes) -> list[Span]:
    """Return where each element of *data* lies, as far as it can be read, whatever its characters are."""
    walk = _Walk(plan, data, forgiving=True)
    with contextlib.suppress(DecodeError):
        _walk(walk)
    return walk.spans


def forgiving(plan: Plan, data: bytes) -> tuple[Message, list[DecodeError]]:
    """Return what *data* says where no more than characters are wrong, and each of these faults.

    The message, and those of the faults, are bound to no spec.

    Raises:
        DecodeError: more is wrong.
    """
    walk = _Walk(plan, data, forgiving=True)
    _walk(walk)
    assert walk.mti is not None
    return bound(walk.mti, walk.values, None, walk.kept or None), walk.forgiven or []


def body_offset(plan: Plan, values: Mapping[int, Value], kept: Mapping[int, bytes], number: int) -> int:
    """Return the byte at which the body of data element *number* begins once the message is encoded."""
    return next(extent.body for extent in extents(plan, values, kept) if extent.number == number)


class Extent(NamedTuple):
    """Where one data element lies in an encoded message, in bytes from 0."""

    number: int
    start: int
    """Its first byte, prefix included."""
    body: int
    """Its first byte after the length prefix."""
    end: int
    """The byte after its last one."""


def extents(plan: Plan, values: Mapping[int, Value], kept: Mapping[int, bytes]) -> Iterator[Extent]:
    """Yield where each data element lies once the message is encoded, in the order of the bytes.

    For a message that was decoded, these are the places in the bytes that it came from: see `walker`.
    """
    if 0 in kept:
        first, third = bitmap.split(plan, kept[0])
    else:
        numbers = tuple(values)
        layout = plan.layouts.get(numbers) or bitmap.arrange(plan, numbers)
        assert layout is not None, "the spec has its elements"
        first, third = layout.bitmap, layout.third
    at = plan.mti_size + len(first)
    for each in values:
        row = plan.rows[each]
        if each > bitmap.THIRD:
            at, third = at + len(third), b""
        start, begun = at, at + row.width
        at = begun + (len(kept[each]) if each in kept else body.taken(row, values[each]))
        yield Extent(each, start, begun, at)


def behind(plan: Plan, values: Mapping[int, Value], kept: Mapping[int, bytes], number: int) -> int:
    """Return how many bytes follow the body of data element *number* once the message is encoded."""
    count = 0
    for each in reversed(tuple(values)):
        if each == number:
            break
        row = plan.rows[each]
        count += row.width + (len(kept[each]) if each in kept else body.taken(row, values[each]))
    if plan.third == FIELD and number < bitmap.THIRD < max(values):
        count += len(bitmap.third(plan, tuple(values)))
    return count
