"""The body of one field, without its length prefix: bytes -> value and back, each fault named.

These are the careful forms of what `walker` does in line; `trace` and everything that handles a single field
use them.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable

from iso_gateway.codec import content
from iso_gateway.codec.plan import BYTES, CHARS, CODED, HEX, HEXED, PACKED, SIGNED, TEXT, WIDE, Row, Value
from iso_gateway.codec.unreadable import Unreadable, many
from iso_gateway.errors import EncodeError, IsoGatewayError

_HEXADECIMAL = frozenset({HEX, HEXED})
_BINARY = frozenset({BYTES, HEX, HEXED})
_CODECS = frozenset({CHARS, CODED, WIDE})


class Short(IsoGatewayError):  # noqa: N818 -- becomes an IncompleteError before it leaves the codec
    """Bytes that end before a body does: so many units of it, at least a byte each, are not there."""

    def __init__(self, units: int) -> None:
        self.units = units
        super().__init__(units)


def size(row: Row, length: int) -> int:
    """Return the bytes that a body of *length* units takes, in a row whose characters are not WIDE."""
    if row.op == PACKED:
        return (length + 1) // 2
    return 1 + length // 2 if row.op == SIGNED else length


def extent(row: Row, data: bytes, at: int, length: int) -> int:
    """Return the bytes that a body of *length* units takes which begins at byte *at* of *data*.

    Raises:
        Unreadable: its characters cannot be told apart.
        Short: *data* ends before the last of them.
    """
    if row.op != WIDE:
        return size(row, length)
    # Byte by byte, since only the codec knows where its characters end.
    decoder = codecs.getincrementaldecoder(row.codec)()
    pos, found, left = at, 0, length
    while left:
        if pos == len(data):
            raise Short(left)
        try:
            found = len(decoder.decode(data[pos : pos + 1]))
        except UnicodeDecodeError as error:
            begun = pos - at - len(error.object) + 1  # where the character began
            raise Unreadable(begun + error.start, f"not {content.words(row.kind)} in {row.codec}") from None
        left -= min(found, left)
        pos += 1
    return pos - at


def taken(row: Row, value: Value) -> int:
    """Return the bytes that the body of *value* takes as we write it."""
    return len(value.encode(row.codec)) if row.op == WIDE and isinstance(value, str) else size(row, units(row, value))


def units(row: Row, value: Value) -> int:
    """Return the length of *value* in the units of its row.

    Raises:
        UnicodeEncodeError: a character that its codec does not have.
    """
    if row.op in _HEXADECIMAL:
        return 2 * len(value)
    if row.op in _CODECS:
        assert isinstance(value, str)
        raw = value.encode(row.codec)
        return len(raw) if row.op == CODED else len(value)
    return len(value)


def read(row: Row, raw: bytes, length: int, *, strict: bool = True) -> Value:
    """Return what the whole body *raw* of *length* units says; where not *strict*, of whatever characters.

    Raises:
        Unreadable: it is not of the field's format.
    """
    if row.op == BYTES:
        return raw
    if row.op == HEX:
        return _from_hex(raw)
    if row.op == HEXED:
        # What is not in ASCII becomes what is no hexadecimal digit.
        return _from_hex(raw.decode(row.codec).encode("ascii", "replace"))
    if row.op == PACKED:
        text = raw.hex().upper()
        skipped = length % 2 if row.left else 0
        text = text[skipped : skipped + length]
        return _checked(row, text, lambda bad: (bad + skipped) // 2) if strict else text
    if row.op == SIGNED:
        digits = raw[1:].hex().upper()
        skipped = (length - 1) % 2 if row.left else 0
        text = raw[:1].decode("latin-1") + digits[skipped : skipped + length - 1]
        return _checked(row, text, lambda bad: 1 + (bad - 1 + skipped) // 2 if bad else 0) if strict else text
    codec = "latin-1" if row.op == TEXT else row.codec
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        raise Unreadable(error.start, f"not {content.words(row.kind)} in {codec}") from None
    return _checked(row, text, lambda bad: len(text[:bad].encode(codec))) if strict else text


def write(row: Row, value: Value) -> bytes:
    """Return the body that says *value*, which fits the row: see `fitted`."""
    if isinstance(value, bytes):
        return value if row.op == BYTES else value.hex().upper().encode(row.codec)
    if row.op == PACKED:
        return bytes.fromhex(_even(row, value))
    if row.op == SIGNED:
        return value[:1].encode("latin-1") + bytes.fromhex(_even(row, value[1:]))
    # Latin-1 for what was decoded without a look at its characters; all else is ASCII.
    return value.encode("latin-1" if row.op == TEXT else row.codec)


def fitted(row: Row, value: Value) -> Value:
    """Return *value* as the field carries it: a short fixed one filled up, ``=`` of a packed track as ``D``.

    Raises:
        EncodeError: the type, the content or the length is not the field's.
    """
    path = str(row.number)
    wanted = bytes if row.op in _BINARY else str
    if not isinstance(value, wanted):
        raise EncodeError(path, f"expected {'bytes' if wanted is bytes else 'text'}")
    before = 0
    if isinstance(value, bytes):
        value = _filled_bytes(row, value)
    else:
        given = len(value)
        value = _filled(row, value)
        # Who is told of a character counts in what they gave, to which the padding on the left does not belong.
        before = len(value) - given if row.left else 0
        end = _good(row, value)
        if end < len(value):
            raise EncodeError(path, f"character {max(0, end - before)} is not one of {content.words(row.kind)}")
    try:
        length = units(row, value)
    except UnicodeEncodeError as error:
        raise EncodeError(path, f"character {error.start - before} does not exist in {row.codec}") from None
    if row.heads.get(length) is None:
        raise EncodeError(path, f"{many(length // _shown(row), _noun(row))}, expected {_wanted(row)}")
    return value


def _noun(row: Row) -> str:
    """Return what the length of a field counts, one of it."""
    if row.op in _BINARY or row.op == CODED:
        return "byte"
    return "digit" if row.op == PACKED else "character"


def _filled(row: Row, value: str) -> str:
    if row.op == PACKED:
        if row.kind == "z":
            value = value.replace("=", "D")
        if row.step == 2 and len(value) % 2 and row.pad:
            # The prefix counts whole bytes, so the pad becomes part of the value.
            return _even(row, value)
    # What is empty stays so: a fixed field of nothing but padding was never meant.
    if row.width or not value or not row.pad or row.kind == "xn":
        return value
    missing = row.high - (len(value) if row.op != CODED else len(value.encode(row.codec, "replace")))
    return row.pad * missing + value if row.left else value + row.pad * missing


def _filled_bytes(row: Row, value: bytes) -> bytes:
    if row.width or not value or not row.pad:
        return value
    padding = row.pad.encode("latin-1") * (row.high // _shown(row) - len(value))
    return padding + value if row.left else value + padding


def _even(row: Row, digits: str) -> str:
    if len(digits) % 2 == 0:
        return digits
    return (row.pad or "0") + digits if row.left else digits + (row.pad or "0")


def _good(row: Row, text: str) -> int:
    """Return how many characters from the left are of the field's format."""
    found = row.pattern.match(text)
    return found.end() if found else 0


def _checked(row: Row, text: str, place: Callable[[int], int]) -> str:
    end = _good(row, text)
    if end < len(text):
        raise Unreadable(place(end), f"not {content.words(row.kind)}")
    return text


def _from_hex(raw: bytes) -> bytes:
    for at, each in enumerate(raw):
        if each not in b"0123456789abcdefABCDEF":
            raise Unreadable(at, "not hexadecimal digits")
    if len(raw) % 2:
        raise Unreadable(len(raw), "an odd number of hexadecimal digits")
    return bytes.fromhex(raw.decode())


def _shown(row: Row) -> int:
    return 2 if row.op in _HEXADECIMAL else 1


def _wanted(row: Row) -> str:
    low, high = row.low // _shown(row), row.high // _shown(row)
    if not row.width:
        return str(high)
    return f"{low} to {high}" if low else f"at most {high}"


def place(row: Row, value: Value, at: int) -> int:
    """Return the byte of the body that holds unit *at* of *value*."""
    if row.op in _HEXADECIMAL:
        return 2 * at
    if row.op == PACKED:
        return (at + (len(value) % 2 if row.left else 0)) // 2
    if row.op in {CODED, WIDE} and isinstance(value, str):
        return len(value[:at].encode(row.codec))
    return at
