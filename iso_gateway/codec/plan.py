"""A spec lowered to plain rows of numbers and tables: what the walker walks, and a compiled engine.

A row says how one data element lies on the wire. Its *op* is how bytes become a value, and what the lengths in
the row count:

    op        the bytes on the wire                                        a length counts
    TEXT      ASCII characters: a slice of the message decoded once        characters, a byte each
    PACKED    two digits to the byte: a slice of the message's hex text    digits
    BYTES     the bytes themselves                                         bytes
    HEX       bytes written as two hexadecimal characters each, ASCII      hexadecimal characters
    CODED     text of a codec with characters of several bytes             bytes
    SIGNED    x+n with packed digits: one ASCII sign, then digits          sign and digits
    CHARS     text of a codec with one byte to the character (EBCDIC,      characters, a byte each
              Latin-1); every byte is a character and back
    WIDE      as CODED, but counted in characters: how many bytes they     characters
              take shows only while they are read
    HEXED     as HEX, the characters in EBCDIC                             hexadecimal characters

Who walks the rows refuses what it does not know: an op that is not in its own list, a `Row.extra` that it does not
add, an MTI that is neither ASCII nor packed (`Plan.mti_codec`), a form of bitmap, a fixed or third one
(`Plan.bitmap_form`, `bitmap_fixed`, `third`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from iso_gateway.codec import content, lengths, mti
from iso_gateway.codec.charsets import ONE_BYTE
from iso_gateway.codec.field import Field

if TYPE_CHECKING:
    from iso_gateway.codec.lowering import Lowered

Made = TypeVar("Made")

TEXT: Final = 0
PACKED: Final = 1
BYTES: Final = 2
HEX: Final = 3
CODED: Final = 4
SIGNED: Final = 5
CHARS: Final = 6
WIDE: Final = 7
HEXED: Final = 8

NO_THIRD: Final = 0
"""Bit 65 is refused, or a field where the bitmap is fixed."""
FOLLOWS: Final = 1
"""Bit 65 says that a third bitmap follows the second."""
FIELD: Final = 2
"""Bit 65 says that a third bitmap stands where data element 65 would."""

HIGHEST: Final = 192
"""The last data element that bitmaps can name."""

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
    """Its encoding: one of `lengths.PREFIXES`, empty for a fixed field."""
    step: int
    """How many units of the length one unit of the prefix is."""
    low: int
    high: int
    reading: lengths.Table[str | bytes, int]
    """Prefix -> length; empty for a fixed field."""
    heads: lengths.Table[int, bytes]
    """Length -> prefix."""
    codec: str
    """The Python codec of CODED, CHARS, WIDE and HEXED; says nothing for the others."""
    left: bool
    """Whether the pad stands left of the value."""
    pad: str
    """The character that fills a short fixed value, or the odd nibble; empty where nothing may be filled. For
    BYTES, HEX and HEXED the Latin-1 character of the byte."""
    extra: int
    """What the prefix says on top of the length of the body, in the units of the prefix: its own size where it is
    counted in, else 0. A prefix says ``length // step + extra``; both tables have that in them."""


class Lazily(Mapping[int, Made]):
    """What belongs to each of *numbers*, made when it is first asked for: a message has ten elements, a spec sixty."""

    __slots__ = ("_made", "_make", "_numbers")

    def __init__(self, numbers: Iterable[int], make: Callable[[int], Made]) -> None:
        self._numbers = dict.fromkeys(numbers)
        self._make = make
        self._made: dict[int, Made] = {}

    def __getitem__(self, number: int) -> Made:
        made = self._made.get(number)
        if made is None:
            if number not in self._numbers:
                raise KeyError(number)
            made = self._made[number] = self._make(number)
        return made

    def __contains__(self, number: object) -> bool:
        return number in self._numbers

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


class Chosen(NamedTuple):
    """What one bitmap, or all of them, say to the decoder."""

    steps: tuple[Step, ...] | None
    """The fields, in order; None where a further bitmap follows."""
    kept: bytes | None
    """The bitmaps as they came, where we would write others for the same fields."""


class Layout(NamedTuple):
    """What one set of fields says to the encoder."""

    bitmap: bytes
    """What stands before the fields."""
    steps: tuple[Put, ...]
    third: bytes
    """The third bitmap, where it stands among the fields (`FIELD`); else empty."""


class Plan:
    """One spec, lowered, each element when it is first asked for; nothing but the memories of bitmaps changes else.

    Args:
        version: one of `mti.KNOWN`.
        mti_codec: ``ascii``, ``bcd``, or an EBCDIC code page.
        bitmap_form: ``binary``, ``hex``, ``hex-ebcdic``.
        bitmap_fixed: the bytes that the one bitmap covers, 8, 16 or 24; 0 where bit 1 says whether more follow.
        third: NO_THIRD, FOLLOWS or FIELD.
        fields: the data elements.
        lowered: the rows as the compiled engine takes them, where they are known: see `pressed`.
    """

    __slots__ = (
        "bitmap_fixed",
        "bitmap_form",
        "bitmap_hex",
        "bitmap_size",
        "chosen",
        "layouts",
        "lowered",
        "mti_codec",
        "mti_packed",
        "mti_reading",
        "mti_size",
        "mti_writing",
        "mtis",
        "packed",
        "puts",
        "rows",
        "steps",
        "third",
    )

    def __init__(
        self,
        version: str,
        *,
        mti_codec: str,
        bitmap_form: str,
        bitmap_fixed: int = 0,
        third: int = NO_THIRD,
        fields: Iterable[Field],
        lowered: Sequence[Lowered] | None = None,
    ) -> None:
        self.mti_codec = mti_codec
        self.mti_packed = mti_codec == "bcd"
        self.mti_size = 2 if self.mti_packed else 4
        self.mtis = mti.KNOWN[version]
        self.mti_reading, self.mti_writing = _mtis(version, mti_codec)
        self.bitmap_form = bitmap_form
        self.bitmap_fixed = bitmap_fixed
        self.bitmap_hex = bitmap_form != "binary"
        self.bitmap_size = (bitmap_fixed or 8) * (2 if self.bitmap_hex else 1)
        """The bytes of one bitmap on the wire."""
        self.third = third
        known = {field.number: field for field in fields}
        self.rows: Mapping[int, Row] = Lazily(known, lambda number: row(known[number]))
        self.steps: Mapping[int, Step] = Lazily(known, lambda number: _step(self.rows[number]))
        self.puts: Mapping[int, Put] = Lazily(known, lambda number: _put(self.rows[number]))
        self.packed = any(op_of(each) == PACKED or each.prefix == "bcd" for each in known.values())
        self.lowered = lowered
        self.chosen: dict[bytes, Chosen] = {}
        self.layouts: dict[tuple[int, ...], Layout] = {}


@functools.cache
def _mtis(version: str, codec: str) -> tuple[Mapping[bytes, str], Mapping[str, bytes]]:
    """Return the message types of *version* by their bytes, and the bytes by message type."""
    writing = {each: bytes.fromhex(each) if codec == "bcd" else each.encode(codec) for each in mti.KNOWN[version]}
    return {raw: each for each, raw in writing.items()}, writing


def op_of(field: Field) -> int:
    """Return how the bytes of *field* become its value."""
    if field.format == "b":
        return {"binary": BYTES, "hex": HEX}.get(field.encoding, HEXED)
    if field.encoding == "bcd":
        return SIGNED if field.format == "xn" else PACKED
    if field.encoding == "ascii":
        return TEXT
    if field.encoding in ONE_BYTE:
        return CHARS
    return WIDE if field.counts == "characters" else CODED


_CODECS: Final = {"bcd": "ascii", "binary": "ascii", "hex": "ascii", "hex-ebcdic": "cp500"}


def row(field: Field) -> Row:
    """Return *field* as a row of the plan."""
    op = op_of(field)
    hexadecimal = op in {HEX, HEXED}
    # One of the prefix is two units of ours where it counts bytes and we slice digits or hexadecimal characters.
    step = 2 if (hexadecimal or op == PACKED) and field.counts == "bytes" else 1
    low, high = (2 * field.min, 2 * field.max) if hexadecimal else (field.min, field.max)
    width = 0 if field.length == "fixed" else field.prefix_bytes or lengths.size(field.length, field.prefix)
    extra = 0
    if field.inclusive:
        extra = 2 * width if op == PACKED and step == 1 else width
    reading: lengths.Table[str | bytes, int] = {}
    heads: lengths.Table[int, bytes] = {high: b""}
    if width:
        high += high % step
        reading, heads = lengths.tables(field.prefix, width, low, high, step, extra)
    return Row(
        number=field.number,
        op=op,
        check=content.PATTERN if field.binary else content.check(field.format, field.encoding),
        pattern=content.pattern("any" if field.binary else field.format, field.encoding),
        kind=field.format,
        source=lengths.source(field.prefix) if width else lengths.NONE,
        width=width,
        prefix=field.prefix,
        step=step,
        low=low,
        high=high,
        reading=reading,
        heads=heads,
        codec=_CODECS.get(field.encoding, field.encoding),
        left=field.pad_side == "left",
        pad=bytes.fromhex(field.pad_with).decode("latin-1") if field.binary else field.pad_with,
        extra=extra,
    )


def _step(row: Row) -> Step:
    fixed = row.high if row.source == lengths.NONE else 0
    return row.number, row.op, row.source, row.width, row.reading, fixed, row


def _put(row: Row) -> Put:
    return row.number, row.op, row.heads, row
