"""Bytes -> the two dicts of pyiso8583."""

from __future__ import annotations

from typing import Literal

from iso_gateway.compat.iso8583.lowered import Chosen, is_current, lowered, remembered
from iso_gateway.compat.iso8583.reading import DecodeError, Reading
from iso_gateway.compat.iso8583.rows import ASCII, BINARY, CODED, DecodedDict, EncodedDict, SpecDict, Step

__all__ = ["DecodeError", "decode"]


def decode(s: bytes | bytearray, spec: SpecDict) -> tuple[DecodedDict, EncodedDict]:
    """Return what the message *s* says: the values by field, and their bytes by field.

    Args:
        s: the message.
        spec: a specification of pyiso8583.

    Raises:
        DecodeError: *s* is no message of *spec*, or *spec* does not have what it needs.
        TypeError: *s* is neither bytes nor bytearray.

    Examples:
        >>> from iso_gateway.compat import iso8583
        >>> from iso_gateway.compat.iso8583.specs import default_ascii as spec
        >>> decoded, encoded = iso8583.decode(b"02004000000000000000164761739001010119", spec)
        >>> decoded
        {'t': '0200', 'p': '4000000000000000', '2': '4761739001010119'}
        >>> encoded["2"]
        {'len': b'16', 'data': b'4761739001010119'}
    """
    if not isinstance(s, bytes | bytearray):
        raise TypeError(f"Encoded ISO8583 data must be bytes or bytearray, not {type(s).__name__}")
    raw = bytes(s)
    found = _compiled(raw, spec)
    if found is None:
        found = _walk(raw, spec)
    return found or Reading(s, spec).message()


def _compiled(raw: bytes, spec: SpecDict) -> tuple[DecodedDict, EncodedDict] | Literal[False] | None:
    """Return both dicts by way of the engine; False where *raw* is faulty, None where the engine does not do that."""
    known = remembered(spec)
    if known is None or known.header is not None:
        return None
    # The rows of what is read here are compared by the engine with all others, before it reads on.
    end = 2 if known.mti == "b" else 4
    mti = raw[:end]
    pos = end + (8 if known.primary == "b" else 16)
    chosen = known.known(raw[end:pos])
    while chosen is not None and chosen.more and pos < len(raw):
        pos += 8 if known.secondary == "b" else 16
        chosen = known.known(raw[end:pos])
    if chosen is None or chosen.compiled is None:
        return None
    try:
        doc_dec = {"t": mti.hex().upper() if known.mti == "b" else mti.decode(known.mti)}
    except (LookupError, ValueError):
        return None
    doc_enc = {"t": {"len": b"", "data": mti}}
    for key, text, data in chosen.bitmaps:
        doc_dec[key] = text
        doc_enc[key] = {"len": b"", "data": data}
    end = chosen.compiled.read(spec, raw, pos, doc_dec, doc_enc)
    if end == len(raw):
        return doc_dec, doc_enc
    return False if lowered(spec) is known and is_current(chosen, spec) else None


def _walk(raw: bytes, spec: SpecDict) -> tuple[DecodedDict, EncodedDict] | None:
    """Return both dicts, or None where anything about *raw* or *spec* is out of the ordinary."""
    known = lowered(spec)
    if known is None:
        return None
    doc_dec: DecodedDict = {}
    doc_enc: EncodedDict = {}
    pos = 0
    if known.header is not None:
        pos = _fields(raw, 0, (known.header,), raw.hex().upper(), doc_dec, doc_enc)
        if pos < 0:
            return None
    end = pos + (2 if known.mti == "b" else 4)
    mti = raw[pos:end]
    try:
        doc_dec["t"] = mti.hex().upper() if known.mti == "b" else mti.decode(known.mti)
    except (LookupError, ValueError):
        return None
    doc_enc["t"] = {"len": b"", "data": mti}
    pos = end + (8 if known.primary == "b" else 16)
    chosen: Chosen | None = known.decoding(raw[end:pos])
    while chosen is not None and chosen.more and pos < len(raw):
        pos += 8 if known.secondary == "b" else 16
        chosen = known.decoding(raw[end:pos])
    if chosen is None or chosen.more:
        return None
    for key, text, data in chosen.bitmaps:
        doc_dec[key] = text
        doc_enc[key] = {"len": b"", "data": data}
    pos = _fields(raw, pos, chosen.steps, raw.hex().upper() if chosen.binary else "", doc_dec, doc_enc)
    return (doc_dec, doc_enc) if pos == len(raw) else None


def _fields(  # noqa: PLR0917 -- one call per message, from two places
    raw: bytes, pos: int, steps: tuple[Step, ...], digits: str, doc_dec: DecodedDict, doc_enc: EncodedDict
) -> int:
    """Read *steps* from byte *pos* on, and return where they ended: -1 where one cannot be read.

    Args:
        raw: the message.
        pos: the first byte.
        steps: the fields.
        digits: the whole message in hexadecimal digits; may be empty where no step needs it.
        doc_dec: gets the values.
        doc_enc: gets the bytes.
    """
    for key, mode, width, reading, _, fixed, _, codec, left, right in steps:
        size = fixed
        head = b""
        if width:
            start = pos
            pos += width
            head = raw[start:pos]
            size = reading.get(head, -1)
            if size < 0:
                return -1
        start = pos
        if mode <= CODED:
            pos += size
            data = raw[start:pos]
            try:
                doc_dec[key] = data.decode() if mode == ASCII and data.isascii() else data.decode(codec)
            except (LookupError, ValueError):
                return -1
        elif mode == BINARY:
            pos += size
            data = raw[start:pos]
            doc_dec[key] = digits[2 * start : 2 * pos]
        else:
            pos += (size + 1) >> 1
            data = raw[start:pos]
            value = digits[2 * start : 2 * pos]
            if size & 1:
                if left and value[:1] == left:
                    value = value[1:]
                elif right and value[-1:] == right:
                    value = value[:-1]
                else:
                    return -1
            doc_dec[key] = value
        doc_enc[key] = {"len": head, "data": data}
    return pos
