"""Bytes -> values and back, along the rows of a plan, quickly.

The walker answers well or not at all. What it refuses goes to `trace`, which walks the same rows step by step,
finds the exact place and words the error; so no line here is spent on wording, and a compiled engine can take
this module's place without repeating it.

A value that would not be written as it came (a pad nibble that is not the spec's, lower-case hexadecimal, a
second bitmap that says nothing) has its bytes *kept* beside it, so that every message that decodes encodes to
the very bytes it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iso_gateway.codec import bitmap, body, trace
from iso_gateway.codec.content import ALPHANUMERIC, DIGITS, PRINTABLE
from iso_gateway.codec.lengths import NIBBLES, NONE
from iso_gateway.codec.lengths import TEXT as TEXT_PREFIX
from iso_gateway.codec.plan import BYTES, CHARS, CODED, FIELD, HEX, HEXED, PACKED, TEXT, Layout, Plan, Row, Value
from iso_gateway.codec.unreadable import Unreadable
from iso_gateway.errors import EncodeError

Kept = dict[int, bytes]
"""Bodies that differ from what would be written, by data element; 0 stands for the bitmap."""
Decoded = tuple[str, dict[int, Value], Kept | None]
"""MTI, values by data element, ascending, and what was kept."""


def decode(plan: Plan, data: bytes, *, strict: bool = True) -> Decoded:
    """Return what the message *data* says; where not *strict*, whatever characters stand in its fields.

    Raises:
        DecodeError: it is no message of this plan; bound to no spec.
    """
    return _walk(plan, data, strict=strict) or trace.decode(plan, data, strict=strict)


def _walk(plan: Plan, data: bytes, *, strict: bool = True) -> Decoded | None:  # noqa: C901, PLR0912, PLR0915 -- one loop, kept whole for speed
    """Return what *data* says, or None where anything about it is wrong."""
    # Latin-1 has a character for every byte, so offsets in text and bytes agree; hexadecimal ones are doubled.
    text = data.decode("latin-1")
    nibbles = data.hex().upper() if plan.packed else ""
    at = plan.mti_size
    mti = plan.mti_reading.get(data[:at])
    if mti is None:
        return None
    pos = at + plan.bitmap_size
    found = data[at:pos]
    chosen = plan.chosen.get(found) or bitmap.learn(plan, found)
    while chosen is not None and chosen.steps is None and pos < len(data):
        pos += plan.bitmap_size
        found = data[at:pos]
        chosen = plan.chosen.get(found) or bitmap.learn(plan, found)
    if chosen is None or chosen.steps is None:
        return None
    values: dict[int, Value] = {}
    kept: Kept | None = None if chosen.kept is None else {0: chosen.kept}
    value: Value
    length: int | None
    for number, op, source, width, reading, fixed, row in chosen.steps:
        if source == NONE:
            length = fixed
        else:
            at = pos
            pos += width
            if source == TEXT_PREFIX:
                length = reading.get(text[at:pos])
            elif source == NIBBLES:
                length = reading.get(nibbles[2 * at : 2 * pos])
            else:
                length = reading.get(data[at:pos])
            if length is None:
                return None
        at = pos
        if op == TEXT:
            pos += length
            value = text[at:pos]
            check = row.check
            if check == DIGITS:
                good = value.isdecimal()
            elif check == PRINTABLE:
                good = value.isprintable() and value.isascii()
            else:
                good = check == ALPHANUMERIC and value.isalnum() and value.isascii()
            if not good and strict and row.pattern.fullmatch(value) is None:
                return None
        elif op == PACKED:
            pos += (length + 1) >> 1
            value = nibbles[2 * at : 2 * pos]
            if length & 1:
                pad = value[:1] if row.left else value[-1:]
                value = value[1:] if row.left else value[:-1]
                if pad != row.pad:
                    kept = _keep(kept, number, data[at:pos])
            good = not strict or (row.check == DIGITS and value.isdecimal())
            if not good and row.pattern.fullmatch(value) is None:
                return None
        elif op == BYTES:
            pos += length
            value = data[at:pos]
        elif op == HEX:
            pos += length
            characters = text[at:pos]
            try:
                value = bytes.fromhex(characters)
            except ValueError:
                return None
            # fromhex() passes over white space, which shows in the length.
            if 2 * len(value) != length:
                return None
            if value.hex().upper() != characters:
                kept = _keep(kept, number, data[at:pos])
        elif op == CHARS:
            pos += length
            value = data[at:pos].decode(row.codec)
            if strict and not _good(row, value) and row.pattern.fullmatch(value) is None:
                return None
        else:
            try:
                pos += body.extent(row, data, at, length)
                raw = data[at:pos]
                value = body.read(row, raw, length, strict=strict)
            except (Unreadable, body.Short):
                return None
            if body.write(row, value) != raw:
                kept = _keep(kept, number, raw)
        values[number] = value
    return (mti, values, kept) if pos == len(data) else None


def _good(row: Row, value: str) -> bool:
    """Return what the quick check of *row* says of *value*."""
    check = row.check
    if check == DIGITS:
        return value.isdecimal()
    if check == PRINTABLE:
        return value.isprintable() and value.isascii()
    return check == ALPHANUMERIC and value.isalnum() and value.isascii()


def _keep(kept: Kept | None, number: int, raw: bytes) -> Kept:
    kept = {} if kept is None else kept
    kept[number] = raw
    return kept


def encode(  # noqa: C901, PLR0912 -- the mirror of _walk
    plan: Plan, mti: str, values: Mapping[int, Value], kept: Mapping[int, bytes] | None = None, *, trusted: bool = False
) -> bytes:
    """Return the message that says *values*, which are in ascending order of data elements.

    Those of a *trusted* message came through this plan, and are written as they are.

    Raises:
        EncodeError: the plan cannot say that.
    """
    if mti not in plan.mtis:
        raise EncodeError("mti", "no message type of this spec")
    numbers = tuple(values)
    layout = plan.layouts.get(numbers) or bitmap.arrange(plan, numbers)
    if layout is None:
        raise EncodeError(str(next(each for each in numbers if each not in plan.rows)), "the spec has no such field")
    if plan.third == FIELD:
        return _with_third(plan, mti, values, kept or _NOTHING, layout, trusted=trusted)
    out = [plan.mti_writing[mti], layout.bitmap]
    if kept is None:
        kept = _NOTHING
    elif 0 in kept:
        out[1] = kept[0]
    carried: Any = values
    value: Any
    for number, op, heads, row in layout.steps:
        value = carried[number]
        head = heads.get(len(value) if op != HEX else 2 * len(value))
        plain: bool = value.__class__ is (bytes if op in _BINARY else str)
        if head is None or not plain or number in kept:
            out.append(element(row, value, kept.get(number), trusted=trusted))
        elif op == TEXT:
            check = row.check
            if check == DIGITS:
                good = value.isdecimal()
            elif check == PRINTABLE:
                good = value.isprintable()
            else:
                good = check == ALPHANUMERIC and value.isalnum()
            if good and value.isascii():
                out.append(head)
                out.append(value.encode())
            else:
                out.append(element(row, value, None, trusted=trusted))
        elif op == PACKED and row.check == DIGITS and value.isdecimal() and value.isascii():
            out.append(head)
            if len(value) & 1:
                value = row.pad + value if row.left else value + row.pad
            out.append(bytes.fromhex(value))
        elif op == HEX:
            out.append(head)
            out.append(value.hex().upper().encode())
        elif op == BYTES:
            out.append(head)
            out.append(value)
        elif op == CHARS and value.isascii() and _good(row, value):
            out.append(head)
            out.append(value.encode(row.codec))
        else:
            out.append(element(row, value, None, trusted=trusted))
    return b"".join(out)


def _with_third(
    plan: Plan, mti: str, values: Mapping[int, Value], kept: Mapping[int, bytes], layout: Layout, *, trusted: bool
) -> bytes:
    """Return a message of a plan whose third bitmap stands where data element 65 would."""
    first, third = bitmap.split(plan, kept[0]) if 0 in kept else (layout.bitmap, layout.third)
    elements = {
        number: element(plan.rows[number], value, kept.get(number), trusted=trusted) for number, value in values.items()
    }
    before = [each for number, each in elements.items() if number < bitmap.THIRD]
    after = [each for number, each in elements.items() if number > bitmap.THIRD]
    return b"".join((plan.mti_writing[mti], first, *before, third, *after))


def element(row: Row, value: Value, raw: bytes | None, *, trusted: bool = False) -> bytes:
    """Return one field with its prefix, filled up where the spec says so.

    Args:
        row: the field.
        value: what it says.
        raw: the body that was kept for this very value, or None.
        trusted: whether the value came through this very row, maybe unchecked, and is written as it is.

    Raises:
        EncodeError: the field cannot say that.
    """
    if raw is not None:
        # What is counted in bytes is as long as what was kept: a codec may write a character in several ways.
        head = row.heads.get(len(raw) if row.op == CODED else body.units(row, value))
    else:
        head = row.heads.get(body.units(row, value)) if trusted else None
    if head is None:
        value = body.fitted(row, value)
        head = row.heads.get(body.units(row, value))
    assert head is not None, "fitted() saw to it"
    return head + (body.write(row, value) if raw is None else raw)


_NOTHING: Mapping[int, bytes] = {}
_BINARY = frozenset({BYTES, HEX, HEXED})
