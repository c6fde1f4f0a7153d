"""Length prefixes as tables: what a prefix says, and which prefix says it.

A table holds the legal prefixes of one field and nothing else, so one look-up answers four questions: is it
all there, are those digits, is it not over the maximum, not under the minimum. ``+10``, `` 10`` and ``1_0``,
which `int` would take, are not in it.

    encoding of the prefix     LVAR  LLVAR  LLLVAR  LLLLVAR  LLLLLVAR  LLLLLLVAR
    ascii, hex, EBCDIC            1      2       3        4         5          6   bytes
    bcd                           1      1       2        2         3          3
    binary (big endian)           1      1       2        2         3          3

``hex`` are ASCII characters, of which ``A`` to ``F`` are upper case. A spec may give bcd and binary another width
(`prefix_bytes`).
"""

from __future__ import annotations

import functools
from typing import Final, Protocol, TypeVar

from iso_gateway.codec.charsets import EBCDIC

NONE: Final = 0
"""A fixed field: there is no prefix."""
TEXT: Final = 1
"""The prefix is looked up as text."""
NIBBLES: Final = 2
"""The prefix is looked up as hexadecimal text."""
RAW: Final = 3
"""The prefix is looked up as bytes."""

LENGTHS: Final[tuple[str, ...]] = ("fixed", "LVAR", "LLVAR", "LLLVAR", "LLLLVAR", "LLLLLVAR", "LLLLLLVAR")
PREFIXES: Final[tuple[str, ...]] = ("ascii", "bcd", "binary", "hex", *EBCDIC)
PACKED: Final = ("bcd", "binary")
"""The prefixes whose width the letters only suggest."""

_LARGEST_TABLE: Final = 1000
"""Entries; above it prefixes are worked out, since a table of LLLLLLVAR would take 100 MB."""
_HEX: Final = frozenset(b"0123456789ABCDEF")

Key_contra = TypeVar("Key_contra", contravariant=True)
Value_co = TypeVar("Value_co", covariant=True)


class Table(Protocol[Key_contra, Value_co]):
    """What both dicts and the worked-out tables are."""

    def get(self, key: Key_contra, /) -> Value_co | None:
        """Return what belongs to *key*, or None."""


def size(length: str, prefix: str) -> int:
    """Return the bytes that a *prefix*-encoded length of kind *length* takes, 0 for a fixed field."""
    if length == "fixed":
        return 0
    letters = length.count("L")
    return (letters + 1) // 2 if prefix in PACKED else letters


def limit(length: str, prefix: str, width: int) -> int:
    """Return the largest count that such a prefix of *width* bytes can say.

    LLVAR is 99 in digits, FF in hexadecimal ones and in one binary byte.
    """
    if prefix == "binary":
        return int(256**width) - 1
    return int((16 if prefix == "hex" else 10) ** length.count("L")) - 1


def source(prefix: str) -> int:
    """Return how a prefix of that encoding is looked up: TEXT, NIBBLES or RAW."""
    return {"ascii": TEXT, "bcd": NIBBLES}.get(prefix, RAW)


def head(count: int, prefix: str, width: int) -> bytes:
    """Return the prefix of *width* bytes that says *count*."""
    if prefix == "binary":
        return count.to_bytes(width, "big")
    if prefix == "bcd":
        return bytes.fromhex(f"{count:0{2 * width}d}")
    if prefix == "hex":
        return f"{count:0{width}X}".encode()
    return f"{count:0{width}d}".encode(prefix)


def count(found: bytes, prefix: str) -> int | None:
    """Return what the prefix *found* says, or None where it is no number of that encoding."""
    if prefix == "binary":
        return int.from_bytes(found, "big")
    if prefix == "hex":
        return int(found, 16) if found and _HEX.issuperset(found) else None
    digits = found.hex() if prefix == "bcd" else found.decode("latin-1" if prefix == "ascii" else prefix)
    return int(digits) if digits.isascii() and digits.isdecimal() else None


class WorkedOut:
    """The prefixes of a field too long for a table, read and written one by one.

    Args:
        prefix: the encoding of the prefix.
        width: its bytes.
        low: the least length, in the field's own units.
        high: the greatest.
        step: how many units one of the prefix is: 2 where it counts bytes and the units are digits.
        extra: what the prefix says on top, for itself.
    """

    __slots__ = ("extra", "high", "low", "prefix", "step", "width")

    def __init__(self, prefix: str, width: int, low: int, high: int, step: int, extra: int) -> None:  # noqa: PLR0917 -- as in the row
        self.prefix = prefix
        self.width = width
        self.low = low
        self.high = high
        self.step = step
        self.extra = extra


class Lengths(WorkedOut):
    """Prefix -> length."""

    __slots__ = ()

    def get(self, key: str | bytes, /) -> int | None:
        """Return the length that the prefix *key* says, or None where it is none of this field's."""
        if isinstance(key, bytes):
            raw = key
        elif self.prefix == "ascii":
            raw = key.encode()
        else:
            raw = bytes.fromhex(key)
        if len(raw) != self.width:
            return None
        said = count(raw, self.prefix)
        length = -1 if said is None else (said - self.extra) * self.step
        return length if self.low <= length <= self.high else None


class Heads(WorkedOut):
    """Length -> prefix."""

    __slots__ = ()

    def get(self, key: int, /) -> bytes | None:
        """Return the prefix that says the length *key*, or None where the field cannot be so long or short."""
        if not self.low <= key <= self.high or key % self.step:
            return None
        return head(key // self.step + self.extra, self.prefix, self.width)


@functools.lru_cache(maxsize=1024)
def tables(  # noqa: PLR0917 -- as in the row
    prefix: str, width: int, low: int, high: int, step: int, extra: int
) -> tuple[Table[str | bytes, int], Table[int, bytes]]:
    """Return both tables of a variable field: prefix -> length and length -> prefix.

    Args:
        prefix: the encoding of the prefix.
        width: its bytes.
        low: the least length, in the field's own units.
        high: the greatest.
        step: units to one of the prefix.
        extra: what the prefix says on top, for itself.
    """
    if high // step >= _LARGEST_TABLE:
        return Lengths(prefix, width, low, high, step, extra), Heads(prefix, width, low, high, step, extra)
    heads = {said * step: head(said + extra, prefix, width) for said in range(high // step + 1) if said * step >= low}
    how = source(prefix)
    reading: dict[str | bytes, int] = {}
    for value, raw in heads.items():
        reading[raw.decode() if how == TEXT else raw.hex() if how == NIBBLES else raw] = value
    return reading, heads
