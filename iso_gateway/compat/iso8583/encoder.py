"""A dict of pyiso8583 -> bytes."""

from __future__ import annotations

import binascii
from typing import Literal

from iso_gateway.compat.iso8583.lowered import Chosen, is_current, lowered, remembered
from iso_gateway.compat.iso8583.rows import BINARY, CODED, DecodedDict, EncodedDict, SpecDict, Step
from iso_gateway.compat.iso8583.writing import EncodeError, Writing

__all__ = ["EncodeError", "encode"]


def encode(doc_dec: DecodedDict, spec: SpecDict) -> tuple[bytearray, EncodedDict]:
    """Return the message that says *doc_dec*, and its bytes by field.

    *doc_dec* stays as it is: the bitmaps that belong to it are in the second result. (pyiso8583 writes them into
    *doc_dec*.) Bitmaps that are in it already do not count.

    Args:
        doc_dec: values by field; ``t`` is the MTI.
        spec: a specification of pyiso8583.

    Raises:
        EncodeError: *spec* cannot say that.
        TypeError: *doc_dec* is no dict.

    Examples:
        >>> from iso_gateway.compat import iso8583
        >>> from iso_gateway.compat.iso8583.specs import default_ascii as spec
        >>> message, encoded = iso8583.encode({"t": "0210", "39": "05", "70": "301"}, spec)
        >>> message
        bytearray(b'02108000000002000000040000000000000005301')
        >>> encoded["1"]
        {'len': b'', 'data': b'0400000000000000'}
    """
    if not isinstance(doc_dec, dict):
        raise TypeError(f"Decoded ISO8583 data must be dict, not {type(doc_dec).__name__}")
    found = _compiled(doc_dec, spec)
    if found is None:
        found = _walk(doc_dec, spec)
    return found or Writing(doc_dec, spec).message()


def _compiled(doc_dec: DecodedDict, spec: SpecDict) -> tuple[bytearray, EncodedDict] | Literal[False] | None:
    """Return the message by way of the engine; False where *doc_dec* is faulty, None where it does not do that."""
    known = remembered(spec)
    chosen = None if known is None or known.header is not None else known.known(tuple(doc_dec))
    if known is None or chosen is None or chosen.compiled is None or doc_dec.__class__ is not dict:
        return None
    mti = doc_dec["t"]
    try:
        data = binascii.a2b_hex(mti) if known.mti == "b" else mti.encode(known.mti)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
    if len(data) != (2 if known.mti == "b" else 4):
        return None
    out = [data]
    doc_enc = {"t": {"len": b"", "data": data}}
    for key, _, raw in chosen.bitmaps:
        doc_enc[key] = {"len": b"", "data": raw}
        out.append(raw)
    if chosen.compiled.write(spec, doc_dec, out, doc_enc):
        return bytearray(b"".join(out)), doc_enc
    return False if lowered(spec) is known and is_current(chosen, spec) else None


def _walk(doc_dec: DecodedDict, spec: SpecDict) -> tuple[bytearray, EncodedDict] | None:
    """Return the message, or None where anything about *doc_dec* or *spec* is out of the ordinary."""
    known = lowered(spec)
    chosen: Chosen | None = None if known is None else known.encoding(tuple(doc_dec))
    if known is None or chosen is None:
        return None
    out: list[bytes] = []
    doc_enc: EncodedDict = {}
    try:
        if known.header is not None:
            _fields((known.header,), doc_dec, doc_enc, out)
        mti = doc_dec["t"]
        data = binascii.a2b_hex(mti) if known.mti == "b" else mti.encode(known.mti)
        if len(data) != (2 if known.mti == "b" else 4):
            return None
        doc_enc["t"] = {"len": b"", "data": data}
        out.append(data)
        for key, _, raw in chosen.bitmaps:
            doc_enc[key] = {"len": b"", "data": raw}
            out.append(raw)
        _fields(chosen.steps, doc_dec, doc_enc, out)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
    return bytearray(b"".join(out)), doc_enc


def _fields(steps: tuple[Step, ...], doc_dec: DecodedDict, doc_enc: EncodedDict, out: list[bytes]) -> None:
    """Write *steps* into *out* and *doc_enc*.

    Raises:
        LookupError, ValueError, TypeError, AttributeError: one cannot be written.
    """
    for key, mode, _, _, heads, _, _, codec, left, right in steps:
        value = doc_dec[key]
        if mode <= CODED:
            data = value.encode(codec)
            head = heads[len(data)]
        elif mode == BINARY:
            data = binascii.a2b_hex(value)
            head = heads[len(data)]
        else:
            head = heads[len(value)]
            if len(value) & 1:
                value = left + value if left else value + right
            data = binascii.a2b_hex(value)
        doc_enc[key] = {"len": head, "data": data}
        out.append(head)
        out.append(data)
