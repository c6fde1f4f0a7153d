"""A value that its element may not have, in a message of which all else is right."""

from __future__ import annotations

from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.codec.unreadable import many
from iso_gateway.errors import DecodeError, element
from iso_gateway.inspect.causes.suspicion import Suspicion, judged, read_so
from iso_gateway.inspect.told import Cause

_MOST: Final = 48
"""Bytes that are put right, at the most."""
_CODECS: Final = {"hex": "ascii", "hex-ebcdic": "cp500"}
"""The character sets of what is in hexadecimal; otherwise the encoding is the name of one."""
_OF_CONTENT: Final = "not "
"""How what was expected begins, where a value is wrong and no length."""
_PRICE, _A_BYTE, _FILLED = 1.0, 0.2, 1.1
"""What it takes for granted that a value is wrong, more for each byte of it; and that it is filled with something."""
_PACKED: Final = 0.2
"""... and more where it is packed: then another pad of an odd digit is likelier."""
_NEEDS: Final = (0.6, 5)
"""The share of sense and the points from which on it convinces: a date of noughts is none, and says nothing."""
_REMEDY: Final = "look at what fills it: its sender has to mend it"
_FILLERS: Final = {0x00: "zero", 0x20: "spaces", 0x40: "spaces in EBCDIC", 0xFF: "FF"}


def suspicion(spec: Spec, data: bytes, error: DecodeError) -> Suspicion | None:
    """Return that single bytes of one element are wrong, where with noughts in their place all comes out exactly."""
    if not error.expected.startswith(_OF_CONTENT) or not error.field.isdecimal() or int(error.field) not in spec.fields:
        return None
    field = spec.fields[int(error.field)]
    if field.encoding == "binary":
        return None
    packed = field.encoding == "bcd"
    nought, credit = bytes(2) if packed else "0C".encode(_CODECS.get(field.encoding, field.encoding))
    mended, at = bytearray(data), error.offset
    wrong: list[int] = []
    found: Message | None = None
    while found is None and len(wrong) < _MOST:
        if at >= len(mended) or (at in wrong and mended[at] == credit):
            return None
        mended[at] = credit if at in wrong else nought  # a signed amount begins with a letter
        wrong += [at] if at not in wrong else []
        try:
            found = spec.decode(bytes(mended))
        except DecodeError as again:
            if again.field != error.field or not again.expected.startswith(_OF_CONTENT):
                return None
            at = again.offset
    if found is None:
        return None
    values = {data[each] for each in wrong}
    filler = _FILLERS.get(min(values), "") if len(values) == 1 and len(wrong) > 1 else ""
    count = many(len(wrong), "byte")
    words = f"only the value of {element(error.field)} is wrong: {error.expected}, in {count}"
    words += f", all of them {filler}" if filler else ""
    cause = Cause("value", words, read_so(found, len(data), "with noughts in their place"), _REMEDY)
    price = _FILLED if filler else _PRICE + len(wrong) * _A_BYTE
    return Suspicion(price + (_PACKED if packed else 0.0), judged(found), cause, _NEEDS)
