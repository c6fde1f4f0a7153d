"""A spec lowered to plain rows of numbers and tables: what the walker walks, and a compiled engine later.

A row says how one data element lies on the wire. Its *op* is how bytes become a value:

    TEXT     ASCII characters: a slice of the message decoded once
    PACKED   two digits to the byte: a slice of the message's hexadecimal text
    BYTES    the bytes themselves
    HEX      bytes written as two hexadecimal characters each
    CODED    characters of another Python codec
    SIGNED   x+n with packed digits: one ASCII sign, then digits

The length in a row counts what the op slices: characters, digits, bytes, hexadecimal characters, encoded bytes,
sign and digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from iso_gateway.codec import content, lengths, mti
from iso_gateway.codec.field import Field

TEXT: Final = 0
PACKED: Final = 1
BYTES: Final = 2
HEX: Final = 3
CODED: Final = 4
SIGNED: Final = 5

Value = str | bytes
Step = tuple[int, int, int, int, "lengths.Table[str | bytes, int]", int, "Row"]
"""What decoding needs per field: number, op, where the prefix is, its width, its table, fixed length, the row."""
Put = tuple[int, int, "lengths.Table[int, bytes]", "Row"]
"""What encoding needs per field: number, op, prefixes by length, the row."""

KNOWN_BITMAPS: Final = 512
"""How many bitmaps a plan remembers in each direction. A fleet sends a few dozen; a flood of nonsense ones must
not fill the memory, so at the bound all are forgotten and the frequent ones come back by themselves."""


class Row(NamedTuple):
    """How one data element lies on the wire."""

    number: int
    op: int
    check: int
    """Which quick check of `content` holds for it."""
    pattern: re.Pattern[str]
    kind: str
    """The format, for the words of an error."""
    source: int
    """How the length prefix is looked up: NONE, TEXT, NIBBLES or RAW of `lengths`."""
    width: int
    """The bytes of the prefix."""
    prefix: str
    """Its encoding."""
    step: int
    """How many units of the length one unit of the prefix is."""
    low: int
    high: int
    reading: lengths.Table[str | bytes, int]
    """Prefix -> length; empty for a fixed field."""
    heads: lengths.Table[int, bytes]
    """Length -> prefix."""
    codec: str
    """The Python codec of CODED."""
    left: bool
    """Whether the pad stands left of the value."""
    pad: str
    """The character that fills a short fixed value, or the odd nibble; empty where nothing may be filled."""


class Chosen(NamedTuple):
    """What one bitmap says to the decoder."""

    steps: tuple[Step, ...] | None
    """The fields, in order; None where a second bitmap follows."""
    kept: bytes | None
    """The bitmap as it came, where we would write another one for the same fields."""


class Layout(NamedTuple):
    """What one set of fields says to the encoder."""

    bitmap: bytes
    steps: tuple[Put, ...]


class Plan:
    """One spec, lowered. Everything but the two memories of bitmaps is fixed once it is made."""

    __slots__ = (
        "bitmap_hex",
        "bitmap_size",
        "chosen",
        "layouts",
        "mti_packed",
        "mti_size",
        "mtis",
        "packed",
        "puts",
        "rows",
        "steps",
    )

    def __init__(self, version: str, *, mti_packed: bool, bitmap_hex: bool, fields: Iterable[Field]) -> None:
        self.mti_packed = mti_packed
        self.mti_size = 2 if mti_packed else 4
        self.mtis = mti.KNOWN[version]
        self.bitmap_hex = bitmap_hex
        self.bitmap_size = 16 if bitmap_hex else 8
        self.rows: Mapping[int, Row] = {field.number: row(field) for field in fields}
        self.steps: Mapping[int, Step] = {number: _step(each) for number, each in self.rows.items()}
        self.puts: Mapping[int, Put] = {number: _put(each) for number, each in self.rows.items()}
        self.packed = mti_packed or any(
            each.op in {PACKED, SIGNED} or each.source == lengths.NIBBLES for each in self.rows.values()
        )
        self.chosen: dict[bytes, Chosen] = {}
        self.layouts: dict[tuple[int, ...], Layout] = {}


def op_of(field: Field) -> int:
    """Return how the bytes of *field* become its value."""
    if field.format == "b":
        return HEX if field.encoding == "hex" else BYTES
    if field.encoding == "bcd":
        return SIGNED if field.format == "xn" else PACKED
    return TEXT if field.encoding == "ascii" else CODED


def row(field: Field) -> Row:
    """Return *field* as a row of the plan."""
    op = op_of(field)
    # One of the prefix is two units of ours where it counts bytes and we slice digits or hexadecimal characters.
    step = 2 if op in {HEX, PACKED} and field.counts == "bytes" else 1
    low, high = (2 * field.min, 2 * field.max) if op == HEX else (field.min, field.max)
    reading: lengths.Table[str | bytes, int] = {}
    heads: lengths.Table[int, bytes] = {high: b""}
    if field.length != "fixed":
        high += high % step
        reading, heads = lengths.tables(field.length, field.prefix, low, high, step)
    return Row(
        number=field.number,
        op=op,
        check=content.PATTERN if field.binary else content.check(field.format, field.encoding),
        pattern=content.pattern("any" if field.binary else field.format, field.encoding),
        kind=field.format,
        source=lengths.NONE if field.length == "fixed" else lengths.source(field.prefix),
        width=lengths.size(field.length, field.prefix),
        prefix=field.prefix,
        step=step,
        low=low,
        high=high,
        reading=reading,
        heads=heads,
        codec=field.encoding,
        left=field.pad_side == "left",
        pad=field.pad_with,
    )


def _step(row: Row) -> Step:
    fixed = row.high if row.source == lengths.NONE else 0
    return row.number, row.op, row.source, row.width, row.reading, fixed, row


def _put(row: Row) -> Put:
    return row.number, row.op, row.heads, row
