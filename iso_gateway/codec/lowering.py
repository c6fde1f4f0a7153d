"""A plan -> what the compiled engine takes: numbers, and tables of 256 entries.

A row goes over only where all of it is known here; of any other the engine is told that there is one, and refuses
the messages that have it. Whether the tables say what the row says is tried on the row itself: the characters by
its expression, the length prefixes by its own.
"""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from iso_gateway.codec import engine, lengths
from iso_gateway.codec.charsets import EBCDIC
from iso_gateway.codec.plan import BYTES, CHARS, CODED, HEX, NO_THIRD, PACKED, SIGNED, TEXT, Plan, Row, Value

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message

BAD: Final = 1
UNKNOWN: Final = 2
WIDE: Final = 4
NO_DIGIT: Final = 8
"""The marks of a character, as ``_engine.pyx`` reads them: not of the format, not of the character set or not one
byte of it, over 0x7F, no digit."""

REFUSED: Final = -1
FIXED, DIGITS, PACKED_DIGITS, BINARY = range(4)
"""How a length prefix is written."""

TRANSPARENT: Final = ("gbk", "gb18030", "big5", "euc_kr", "utf-8")
"""Character sets of several bytes in which a byte under 0x80 that starts a character is ASCII: a text of nothing
else is read and written by the engine. In Shift JIS a backslash is a yen, so it is none of them."""

Tables = tuple[bytes, bytes, bytes, bytes, bytes, bytes]
"""Marks by byte and by character, both for the first character of x+n; byte -> character, character -> byte."""
Lowered = tuple[int, int, int, int, int, int, int, int, int, bool, bool, bool, Tables | tuple[()]]
"""Number, op, kind, width and step of the prefix, low, high, the prefix's zero, pad, left, signed, numeric, tables."""


def engine_for(plan: Plan, message: type[Message], carry: Callable[..., Value]) -> engine.Engine:
    """Return what walks *plan* quickly.

    Args:
        plan: the rows.
        message: the class of the messages.
        carry: `compose.carried`, for values that have to be changed before they fit.
    """
    if engine.compiled is None or not _known(plan):
        return engine.Refusing()
    made: engine.Engine = engine.compiled.Engine(
        plan.mti_packed, _zero(plan.mti_codec), plan.bitmap_hex, plan.mtis, lowered(plan), message, carry
    )
    return made


def _known(plan: Plan) -> bool:
    """Say whether the engine has learnt how the bitmaps of *plan* are written."""
    return plan.bitmap_form != "hex-ebcdic" and not plan.bitmap_fixed and plan.third == NO_THIRD


def _zero(codec: str) -> int:
    """Return the byte of the digit 0 of a character set in which digits follow each other; 0 where they are packed."""
    return 0 if codec == "bcd" else "0".encode(codec)[0]


def lowered(plan: Plan) -> list[Lowered]:
    """Return the rows of *plan* as the engine takes them."""
    return [_lowered(row) for row in plan.rows.values()]


def _lowered(row: Row) -> Lowered:
    kind, zero = _prefix(row)
    tables = _tables(row.op, row.codec, row.pattern, row.kind == "xn")
    if kind < 0 or tables is None or not _agrees(row, kind, zero):
        return (row.number, REFUSED, 0, 0, 0, 0, 0, 0, 0, False, False, False, ())
    return (
        row.number,
        CODED if row.op == CHARS else row.op,
        kind,
        row.width,
        row.step,
        row.low,
        row.high,
        zero,
        ord(row.pad or "0"),
        row.left,
        row.kind == "xn",
        row.kind == "n",
        tables,
    )


def _prefix(row: Row) -> tuple[int, int]:
    """Return how the prefix of *row* is written, below zero where that is not known, and the byte of its digit 0."""
    if row.source == lengths.NONE:
        return FIXED, 0
    known = {each: (DIGITS, _zero(each)) for each in ("ascii", *EBCDIC)}
    return (known | {"bcd": (PACKED_DIGITS, 0), "binary": (BINARY, 0)}).get(row.prefix, (-1, 0))


def _agrees(row: Row, kind: int, zero: int) -> bool:
    """Say whether the prefixes of *row* are what the engine would write, at both ends and over them."""
    if kind == FIXED:
        return row.heads.get(row.high) == b"" and row.low == row.high
    low = row.low + row.low % row.step
    return (
        row.step in {1, 2}
        and 0 <= row.low <= row.high
        and all(row.heads.get(size) == _head(kind, zero, row.width, size // row.step) for size in (low, row.high))
        and row.heads.get(row.high + row.step) is None
        and row.heads.get(low - row.step) is None
    )


def _head(kind: int, zero: int, width: int, count: int) -> bytes:
    if kind == BINARY:
        return count.to_bytes(width, "big")
    if kind == PACKED_DIGITS:
        return bytes.fromhex(f"{count:0{2 * width}d}")
    return bytes(int(digit) + zero for digit in f"{count:0{width}d}")


@functools.lru_cache(maxsize=256)
def _tables(op: int, codec: str, pattern: re.Pattern[str], signed: bool) -> Tables | None:  # noqa: FBT001 -- a key
    """Return the tables of a row, None where what the engine does with them would not be what the row says."""
    plain = bytes(range(256))
    if op in {BYTES, HEX}:
        return (plain,) * 6
    if op not in {TEXT, PACKED, CODED, CHARS, SIGNED}:
        return None
    charset = _charset(codec) if op in {CODED, CHARS} else (plain, plain, frozenset[int]())
    if charset is None:
        return None
    into, out, unknown = charset
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
def _charset(codec: str) -> tuple[bytes, bytes, frozenset[int]] | None:
    """Return byte -> character, character -> byte and the bytes that are no character of Latin-1 by themselves."""
    into, out = bytearray(256), bytearray(256)
    unknown = set()
    if codec in TRANSPARENT:
        return bytes(range(256)), bytes(range(256)), frozenset(range(128, 256))
    if not _is_one_byte(codec):
        return None
    for byte in range(256):
        character = bytes([byte]).decode(codec, "replace")
        if character > "\xff":
            unknown.add(byte)
        else:
            into[byte] = ord(character)
    for code in range(256):
        out[code] = chr(code).encode(codec, "replace")[0]
    return bytes(into), bytes(out), frozenset(unknown)


def _is_one_byte(codec: str) -> bool:
    """Say whether *codec* has one byte for each character, whatever stands beside it: the kinds made of a table."""
    name = codecs.lookup(codec).name
    return name == "iso8859-1" or name.startswith(("cp037", "cp500", "cp1140", "cp1047", "cp273"))


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
