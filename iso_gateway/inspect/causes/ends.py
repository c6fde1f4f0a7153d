"""Messages that end too early, and what stands behind one that ended."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from iso_gateway.codec import bitmap
from iso_gateway.codec.message import Message
from iso_gateway.codec.plan import FIELD
from iso_gateway.codec.spec import Spec
from iso_gateway.codec.unreadable import many
from iso_gateway.errors import DecodeError, element
from iso_gateway.inspect.causes.suspicion import BY_ITSELF, USUAL, Suspicion, elements, judged, listed
from iso_gateway.inspect.doctor.wraps import wraps
from iso_gateway.inspect.told import Cause

_PADDING: Final = {
    b"\x00": "zero bytes",
    b"\x20": "spaces",
    b"\xff": "bytes FF",
    b"\x40": "spaces in EBCDIC",
    b"\r\n": "line ends",
}
_HEX: Final = re.compile(rb"[0-9A-Fa-f]*")
_DIGITS: Final = re.compile(rb"[0-9]*")
_SHORT_BEHIND: Final = 4
"""Bytes of what follows that are too few to be told apart."""


def cut(spec: Spec, data: bytes, error: DecodeError) -> Suspicion | None:
    """Return that *data* ends too early, where that is why it cannot be read and what was read makes sense."""
    partial = error.partial
    if not error.missing or partial is None or not _fits_so_far(spec, data, error):
        return None
    bitmaps = error.field == "bitmap"  # then nobody knows yet which elements are to come
    later = [each for each in named(spec, data) if each not in partial and str(each) != error.field and not bitmaps]
    count = error.missing + sum(smallest(spec, each) for each in later)
    open_ = bitmaps or any(spec.fields[each].length != "fixed" for each in later)
    open_ = open_ or "length prefix" in error.expected
    words = (
        f"the message ends early: {many(count, 'byte')} {'or more ' if open_ else ''}{'is' if count == 1 else 'are'}"
    )
    words += f" missing{_of(error.field)}"
    words += f", and then {elements(later)}" if later else ""
    found = judged(partial)
    but = f", but for {listed(found.doubts)}" if found.doubts else ""
    read = f"what stands before makes sense, {many(len(partial), 'element')}{but}"
    read = read if len(partial) else "the message type makes sense"
    remedy = "look where it was cut: the length of its frame, what was copied, a line of a log"
    return Suspicion(0.9, found, Cause("cut", words, read, remedy), BY_ITSELF)


def _fits_so_far(spec: Spec, data: bytes, error: DecodeError) -> bool:
    """Return whether what stands of the element that breaks off may be the beginning of its value."""
    field = spec.fields.get(int(error.field)) if error.field.isdecimal() else None
    if field is None or "length prefix" in error.expected:
        return True
    rest = data[error.offset :]
    if field.encoding == "hex":
        return _HEX.fullmatch(rest) is not None
    return field.encoding != "ascii" or field.format != "n" or _DIGITS.fullmatch(rest) is not None


def _of(field: str) -> str:
    return {"": "", "mti": ", of the message type", "bitmap": ", of the bitmap"}.get(field, f", of {element(field)}")


def trailing(spec: Spec, data: bytes, error: DecodeError) -> Suspicion | None:
    """Return what follows the message with which *data* begins, where something does."""
    partial = error.partial
    if error.field or partial is None:
        return None
    tail = data[error.offset :]
    count = many(len(tail), "byte")
    evidence = f"the {error.offset} bytes before it are a whole message, {many(len(partial), 'element')}"
    price, words, remedy = _behind(spec, tail)
    words = f"{count} {'follows' if len(tail) == 1 else 'follow'} the message: {words}"
    return Suspicion(price, judged(partial), Cause("trailing", words, evidence, remedy), BY_ITSELF)


def _behind(spec: Spec, tail: bytes) -> tuple[float, str, str]:
    """Return how likely *tail* stands behind a message, what it is, and what to do."""
    for bytes_, said in _PADDING.items():
        if not tail.strip(bytes_):
            return 0.4, said, "leave them out, or have the sender leave them out"
    if _begins(spec, tail):
        return 0.1, "another message begins there", "read one at a time"
    if len(tail) > _SHORT_BEHIND and any(
        _begins(spec, wrap.payloads[0]) for wrap in wraps(tail) if wrap.framing and not wrap.skipped
    ):
        return 0.2, "the frame of another message begins there", "read one at a time"
    where = "a trailer of the link (a checksum, a MAC of its own), or elements of which the bitmap says nothing"
    return 0.9, where, "leave them out if they are a trailer; otherwise compare the bitmap with what was to be sent"


def _begins(spec: Spec, data: bytes) -> bool:
    """Return whether a message begins with *data*: one that makes sense for some elements at least."""
    try:
        message: Message | None = spec.decode(data)
    except DecodeError as error:
        message = error.partial
    return message is not None and len(message) > 1 and judged(message).share >= USUAL[0]


def named(spec: Spec, data: bytes, known: Container[int] | None = None) -> list[int]:
    """Return the data elements of *spec*, or of those *known*, that the bitmaps of *data* name."""
    plan = spec.plan
    rest = data[plan.mti_size :]
    end = bitmap.extent(plan, rest)
    bits = bitmap.number(plan, rest[:end])
    width = (4 if plan.bitmap_hex else 8) * end
    found = [] if bits is None else bitmap.elements(bits, width)
    if plan.third == FIELD and bitmap.THIRD in found:
        found.remove(bitmap.THIRD)
    return [each for each in found if each in (spec.fields if known is None else known)]


def smallest(spec: Spec, number: int) -> int:
    """Return the fewest bytes that an element takes; of one with a length, those of the length."""
    field, row = spec.fields[number], spec.plan.rows[number]
    if row.width:
        return row.width
    return -(-field.max // 2) if field.encoding == "bcd" else field.max * (1 + field.encoding.startswith("hex"))
