"""The ways to write how long a frame is.

A reader takes the buffer and a position where all bytes of the length are present, and returns the number, or
NO_NUMBER where the bytes are not one; `first_wrong` then finds the byte to blame. No reader raises: this runs
for every frame.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

NO_NUMBER: Final = -1
"""What a reader returns for bytes that are not digits."""

BCD_VALUE: Final = tuple(
    (byte >> 4) * 10 + (byte & 15) if byte >> 4 < 10 and byte & 15 < 10 else NO_NUMBER for byte in range(256)
)
"""The number that each byte is as two BCD digits, or NO_NUMBER."""

BCD_BYTE: Final = tuple(bytes([tens << 4 | units]) for tens in range(10) for units in range(10))
"""The byte of each number from 0 to 99 as two BCD digits."""

_BIG: Final = struct.Struct(">H")
_LITTLE: Final = struct.Struct("<H")
_FOUR: Final = struct.Struct(">I")


class Length(NamedTuple):
    """One way to write a length."""

    size: int
    """How many bytes it takes on the wire."""
    most: int
    """The largest number that it can say."""
    read: Callable[[bytes, int], int]
    """The number at a position of a buffer, or NO_NUMBER."""
    write: Callable[[int], bytes]
    """The bytes of a number from 0 to *most*."""
    digits: Callable[[int], bool]
    """Whether a byte may stand in it."""


def read_big(data: bytes, at: int) -> int:
    """Return the two bytes at *at*, high byte first."""
    return data[at] << 8 | data[at + 1]


def read_little(data: bytes, at: int) -> int:
    """Return the two bytes at *at*, low byte first."""
    return data[at] | data[at + 1] << 8


def read_four(data: bytes, at: int) -> int:
    """Return the four bytes at *at*, high byte first."""
    return data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]


def read_bcd(data: bytes, at: int) -> int:
    """Return the four BCD digits at *at*."""
    hundreds = BCD_VALUE[data[at]]
    units = BCD_VALUE[data[at + 1]]
    return hundreds * 100 + units if hundreds >= 0 and units >= 0 else NO_NUMBER


def read_ascii(data: bytes, at: int) -> int:
    """Return the four ASCII digits at *at*; ``+123`` and `` 123``, which int() would take, are none."""
    digits = data[at : at + 4]
    return int(digits) if digits.isdigit() else NO_NUMBER


def write_bcd(number: int) -> bytes:
    """Return *number* as four BCD digits."""
    return BCD_BYTE[number // 100] + BCD_BYTE[number % 100]


def write_ascii(number: int) -> bytes:
    """Return *number* as four ASCII digits."""
    return b"%04d" % number


def first_wrong(length: Length, data: bytes, at: int) -> int:
    """Return the position of the first byte at *at* that may not stand in *length*, which read as NO_NUMBER."""
    return next(place for place in range(at, at + length.size) if not length.digits(data[place]))


def _any_byte(byte: int) -> bool:
    return 0 <= byte <= 255


LENGTHS: Final[dict[str, Length]] = {
    "2be": Length(2, 0xFFFF, read_big, _BIG.pack, _any_byte),
    "2le": Length(2, 0xFFFF, read_little, _LITTLE.pack, _any_byte),
    "2bcd": Length(2, 9999, read_bcd, write_bcd, lambda byte: BCD_VALUE[byte] >= 0),
    # Four bytes could say more; but no message is longer than two can say, and nobody shall make us wait for it.
    "4be": Length(4, 0xFFFF, read_four, _FOUR.pack, _any_byte),
    "4ascii": Length(4, 9999, read_ascii, write_ascii, lambda byte: 0x30 <= byte <= 0x39),
}
"""The words for a length in the framing grammar."""
