"""BER-TLV data objects, kept byte for byte (ISO/IEC 8825-1; EMV Book 3, annex B).

A data object is read with the very header it had, and what stands between two objects is kept too, so that
writing what was read gives the same bytes: lengths longer than they need be, order, repeats, unknown tags.

The bytes 00 and FF between data objects are padding and mean nothing (ISO/IEC 7816-4, 5.2.2). FF also begins
private tags: FF81xx of the contactless kernels, FF01 and the like. It is read as a tag where 81 or 01 to 1E
follows, and as padding otherwise; either way nothing is lost.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from iso_gateway.codec import engine
from iso_gateway.codec.unreadable import Unreadable, many

LONGEST_TAG: Final = 4
"""Bytes; EMV has three at most, and a flood of continuation bits must end somewhere."""
LONGEST_LENGTH: Final = 4
"""Bytes after the first; 8x with more is no length that a message could hold."""


_MAYBE_PADDING: Final = frozenset(b"\x00\xff")


class DataObject(NamedTuple):
    """One data object, and what stood before it."""

    tag: str
    """Upper-case hexadecimal: ``"9F26"``."""
    value: bytes
    header: bytes
    """Tag and length as they came."""
    gap: bytes = b""
    """Padding before it."""


def objects(data: bytes) -> Iterator[DataObject]:
    """Yield the data objects of *data* in order; what is left behind the last one is padding.

    Raises:
        Unreadable: there, a tag, length or value is cut short, or a length is of no definite form.
    """
    pos, end = 0, len(data)
    while True:
        start = pos
        while pos < end and data[pos] in _MAYBE_PADDING and _is_padding(data, pos):
            pos += 1
        if pos == end:
            return
        gap = data[start:pos]
        start = pos
        pos = _after_tag(data, pos)
        tag = data[start:pos].hex().upper()
        if pos < end and data[pos] < 0x80:
            length = data[pos]
            pos += 1
        else:
            length, pos = _length(data, pos, tag)
        if end - pos < length:
            raise Unreadable(pos, f"{many(end - pos, 'byte')} left, {length} needed", tag)
        yield DataObject(tag, data[pos : pos + length], data[start:pos], gap)
        pos += length


def find(data: bytes, tag: str) -> bytes | None:
    """Return the value of the first object of *tag* (upper case), or None: what `objects` finds, without the rest.

    Raises:
        Unreadable: as `objects`.
    """
    found = find_simple(data, bytes.fromhex(tag) if is_tag(tag) else b"")
    if isinstance(found, bool):
        return next((each.value for each in list(objects(data)) if each.tag == tag), None)
    return found


def find_in_python(data: bytes, wanted: bytes) -> bytes | bool | None:
    """Return the value of the first object with the tag *wanted*, or None; False where that takes more to say.

    Anything rarer than tags of two bytes and lengths of one, and all that is wrong, is for `objects`.
    """
    found: bytes | None = None
    pos, end = 0, len(data)
    while pos < end:
        start = pos
        first = data[pos]
        pos += 2 if first & 0x1F == 0x1F else 1
        if first in _MAYBE_PADDING or pos >= end or data[pos] >= 0x80 or (pos - start == 2 and data[pos - 1] >= 0x80):
            return False
        at = pos + 1
        pos = at + data[pos]
        if found is None and data[start : at - 1] == wanted:
            found = data[at:pos]
    return found if pos == end else False


find_simple: Final[Callable[[bytes, bytes], bytes | bool | None]] = (
    find_in_python if engine.compiled is None else engine.compiled.find_object
)


def _is_padding(data: bytes, pos: int) -> bool:
    first = data[pos]
    if first == 0xFF:
        following = data[pos + 1 : pos + 2]
        return not following or not (following == b"\x81" or 0x01 <= following[0] <= 0x1E)
    return first == 0


def _after_tag(data: bytes, pos: int) -> int:
    start = pos
    more = data[pos] & 0x1F == 0x1F
    pos += 1
    while more:
        if pos >= len(data):
            raise Unreadable(start, "a tag that is cut short")
        if pos - start >= LONGEST_TAG:
            raise Unreadable(start, f"a tag longer than {LONGEST_TAG} bytes")
        more = data[pos] & 0x80 != 0
        pos += 1
    return pos


def _length(data: bytes, pos: int, tag: str) -> tuple[int, int]:
    """Return the length of more than one byte that stands at *pos*, and the position after it."""
    if pos >= len(data):
        raise Unreadable(pos, "no length after the tag", tag)
    more = data[pos] & 0x7F
    pos += 1
    if not 1 <= more <= LONGEST_LENGTH:
        raise Unreadable(pos - 1, "not a length of definite form", tag)
    if len(data) - pos < more:
        raise Unreadable(pos, f"a length of {more} bytes that is cut short", tag)
    return int.from_bytes(data[pos : pos + more], "big"), pos + more


@functools.lru_cache(maxsize=512)
def is_tag(text: str) -> bool:
    """Return whether *text* is one whole tag in hexadecimal, of either case."""
    try:
        raw = bytes.fromhex(text)
        return len(text) == 2 * len(raw) and bool(raw) and _after_tag(raw, 0) == len(raw) and not _is_padding(raw, 0)
    except (ValueError, Unreadable):
        return False


@functools.lru_cache(maxsize=512)
def is_constructed(tag: str) -> bool:
    """Return whether an object of *tag* holds objects: bit 6 of the first byte."""
    return bool(bytes.fromhex(tag[:2])[0] & 0x20)


def made(tag: str, value: bytes) -> DataObject:
    """Return a new data object with the shortest length that holds."""
    size = len(value)
    if size < 0x80:
        length = bytes([size])
    else:
        raw = size.to_bytes((size.bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(raw)]) + raw
    return DataObject(tag.upper(), value, bytes.fromhex(tag) + length)
