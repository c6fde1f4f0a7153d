"""A plan -> what the compiled engine takes: numbers, and tables of 256 entries.

A row goes over only where all of it is known here; of any other the engine is told that there is one, and refuses
the messages that have it. Whether the tables say what the row says is tried on the row itself: the characters by
its expression, the length prefixes by its own.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from iso_gateway.codec import body, engine, lengths, walker
from iso_gateway.codec.charsets import EBCDIC, ONE_BYTE
from iso_gateway.codec.plan import BYTES, CHARS, CODED, FOLLOWS, HEX, HEXED, PACKED, SIGNED, TEXT, Plan, Row, Value
from iso_gateway.codec.plan import WIDE as WIDE_CHARS
from iso_gateway.codec.unreadable import Unreadable

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message

BAD: Final = 1
UNKNOWN: Final = 2
WIDE: Final = 4
NO_DIGIT: Final = 8
"""The marks of a character, as ``_engine.pyx`` reads them: not of the format, not of the character set or not one
byte of it, over 0x7F, no digit."""

REFUSED: Final = -1
FIXED, DIGITS, PACKED_DIGITS, BINARY, HEX_DIGITS = range(5)
"""How a length prefix is written."""
_FORMS: Final = {"binary": 0, "hex": 1, "hex-ebcdic": 2}
_ZERO: Final = 0x30
_EBCDIC_ZERO: Final = 0xF0
"""The digit 0, in ASCII and in every EBCDIC."""

_NO_PAD: Final = {PACKED: "\0", SIGNED: "0"}
"""What stands for the pad where a spec has none: whatever comes differs from it, or as `body.write` has it."""

Tables = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
"""Marks by byte and by character, both for the first character of x+n; byte -> character, character -> byte."""


class Lowered(NamedTuple):
    """A row as the engine takes it."""

    number: int
    op: int = REFUSED
    asks: bool = False
    """Whether the engine asks Python about characters that the tables do not know."""
    prefix: int = FIXED
    width: int = 0
    step: int = 1
    extra: int = 0
    low: int = 0
    high: int = 0
    zero: int = 0
    """The digit 0 of the prefix."""
    pad: int = 0
    """The character of an unused nibble, 0 where the spec has none."""
    left: bool = False
    signed: bool = False
    numeric: bool = False
    tables: Tables | None = None


def engine_for(plan: Plan, message: type[Message], carry: Callable[..., Value]) -> engine.Engine:
    """Return what walks *plan* quickly.

    Args:
        plan: the rows.
        message: the class of the messages.
        carry: `compose.carried`, for values that have to be changed before they fit.
    """
    if engine.compiled is None:
        return engine.Refusing()
    made: engine.Engine = engine.compiled.Engine(
        {"bcd": 0, "ascii": _ZERO}.get(plan.mti_codec, _EBCDIC_ZERO),
        _FORMS[plan.bitmap_form],
        plan.bitmap_fixed // 8,
        # Where the third one stands among the fields, bit 65 is no element that the engine knows: it refuses those.
        3 if plan.third == FOLLOWS else 2,
        plan.mtis,
        lowered(plan) if plan.lowered is None else plan.lowered,
        message,
        carry,
        functools.partial(_read, plan.rows),
        functools.partial(_element, plan.rows),
    )
    return made


def _read(
    rows: Mapping[int, Row],
    number: int,
    data: bytes,
    length: int,
    strict: bool,  # noqa: FBT001 -- the engine calls it
) -> tuple[Value, int, bool] | None:
    """Return the value of a body with which *data* begins, its bytes, and whether we would write them so."""
    row = rows[number]
    try:
        raw = data[: body.extent(row, data, 0, length)]
        value = body.read(row, raw, length, strict=strict)
    except (Unreadable, body.Short):
        return None
    return value, len(raw), body.write(row, value) == raw


def _element(rows: Mapping[int, Row], number: int, value: Value, raw: bytes | None, trusted: bool) -> bytes:  # noqa: FBT001
    return walker.element(rows[number], value, raw, trusted=trusted)


def lowered(plan: Plan) -> list[Lowered]:
    """Return the rows of *plan* as the engine takes them."""
    return [_lowered(row) for row in plan.rows.values()]


def _lowered(row: Row) -> Lowered:
    kind, zero = _prefix(row)
    tables = _tables(row.op, row.codec, row.pattern, row.kind == "xn")
    if kind < 0 or tables is None or not _agrees(row, kind, zero):
        return Lowered(row.number)
    return Lowered(
        number=row.number,
        op=CODED if row.op in {CHARS, WIDE_CHARS} else row.op,
        # Of EBCDIC too: the euro of cp1140 is no character of Latin-1.
        asks=row.op in {CODED, CHARS, WIDE_CHARS},
        prefix=kind,
        width=row.width,
        step=row.step,
        extra=row.extra,
        low=row.low,
        high=row.high,
        zero=zero,
        pad=ord(row.pad or _NO_PAD[row.op]) if row.op in _NO_PAD else 0,
        left=row.left,
        signed=row.kind == "xn",
        numeric=row.kind == "n",
        tables=tables,
    )


def _prefix(row: Row) -> tuple[int, int]:
    """Return how the prefix of *row* is written, below zero where that is not known, and the byte of its digit 0."""
    if row.source == lengths.NONE:
        return FIXED, 0
    if row.prefix in EBCDIC:
        return DIGITS, _EBCDIC_ZERO
    known = {"bcd": PACKED_DIGITS, "binary": BINARY, "hex": HEX_DIGITS, "ascii": DIGITS}
    return known.get(row.prefix, -1), _ZERO


def _agrees(row: Row, kind: int, zero: int) -> bool:
    """Say whether the prefixes of *row* are what the engine would write, at both ends and over them."""
    if kind == FIXED:
        return row.heads.get(row.high) == b"" and row.low == row.high
    low = row.low + row.low % row.step
    return (
        row.step in {1, 2}
        and 0 <= row.low <= row.high
        and all(
            row.heads.get(size) == _head(kind, zero, row.width, size // row.step + row.extra)
            for size in (low, row.high)
        )
        and row.heads.get(row.high + row.step) is None
        and row.heads.get(low - row.step) is None
    )


def _head(kind: int, zero: int, width: int, count: int) -> bytes:
    if kind == BINARY:
        return count.to_bytes(width, "big")
    if kind == HEX_DIGITS:
        return f"{count:0{width}X}".encode()
    if kind == PACKED_DIGITS:
        return bytes.fromhex(f"{count:0{2 * width}d}")
    return bytes(int(digit) + zero for digit in f"{count:0{width}d}")


@functools.lru_cache(maxsize=256)
def _tables(op: int, codec: str, pattern: re.Pattern[str], signed: bool) -> Tables | None:  # noqa: FBT001 -- a key
    """Return the tables of a row, None where what the engine does with them would not be what the row says."""
    plain = bytes(range(256))
    if op in {BYTES, HEX, HEXED}:
        return (plain,) * 6
    if op not in {TEXT, PACKED, CODED, CHARS, SIGNED, WIDE_CHARS}:
        return None
    into, out, unknown = _charset(codec) if op in {CODED, CHARS, WIDE_CHARS} else (plain, plain, frozenset[int]())
    ends = _allowed(pattern, signed)
    if ends is None:
        return None
    allowed, first = ends
    written = bytes(_marks(chr(each), allowed) | _unwritten(each, into, out, unknown) for each in range(256))
    begun = bytes(_marks(chr(each), first) | _unwritten(each, into, out, unknown) for each in range(256))
    read = bytes(UNKNOWN if each in unknown else written[into[each]] for each in range(256))
    opened = bytes(UNKNOWN if each in unknown else begun[into[each]] for each in range(256))
    return read, written, opened, begun, into, out


def _marks(character: str, allowed: frozenset[str]) -> int:
    return (
        (0 if character in allowed else BAD)
        | (WIDE if character > "\x7f" else 0)
        | (0 if character in "0123456789" else NO_DIGIT)
    )


def _unwritten(character: int, into: bytes, out: bytes, unknown: frozenset[int]) -> int:
    byte = out[character]
    return 0 if byte not in unknown and into[byte] == character else UNKNOWN


@functools.lru_cache(maxsize=64)
def _charset(codec: str) -> tuple[bytes, bytes, frozenset[int]]:
    """Return byte -> character, character -> byte and the bytes that are no character of Latin-1 by themselves.

    Of a codec with characters of several bytes these are all bytes over 0x7F, and whatever is not ASCII below.
    """
    into, out = bytearray(256), bytearray(256)
    unknown = set(range(256))
    for byte in range(256 if codec in ONE_BYTE else 128):
        character = bytes([byte]).decode(codec, "replace")
        if character <= "\xff" and character.encode(codec, "replace") == bytes([byte]):
            into[byte] = ord(character)
            out[into[byte]] = byte
            unknown.remove(byte)
    return bytes(into), bytes(out), frozenset(unknown)


@functools.lru_cache(maxsize=64)
def _allowed(pattern: re.Pattern[str], signed: bool) -> tuple[frozenset[str], frozenset[str]] | None:  # noqa: FBT001
    """Return the characters of Latin-1 that *pattern* allows, and those that it allows first.

    None where it is more than a set of characters, or than one for the first and one for the others.
    """
    latin = [chr(each) for each in range(256)]
    first = frozenset(each for each in latin if pattern.fullmatch(each))
    if not first or pattern.fullmatch("") is None:
        return None
    if signed:
        after = [frozenset(each for each in latin if pattern.fullmatch(sign + each)) for sign in sorted(first)]
        return None if len(set(after)) > 1 else (after[0], first)
    refused = "".join(each for each in latin if each not in first)
    whole = "".join(sorted(first))
    if pattern.fullmatch(whole) is None or any(pattern.fullmatch(whole[:1] + each) for each in refused):
        return None
    return first, first
