"""Messages at the edges of a spec, good and bad, as data: for whoever writes another implementation, or certifies one.

Everything is made by rule, so that the same spec gives the same vectors. A good one has what it says, a bad one where
reading has to stop: the data element, the offset, and how many bytes are missing, 0 where more would not help.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any, Final

from iso_gateway.codec.field import Field
from iso_gateway.codec.plan import Value
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, EncodeError
from iso_gateway.inspect.leaves import as_text

_CHARACTERS: Final = {
    "n": "1234567890",
    "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "an": "A1B2C3D4E5F6G7H8I9J0",
    "anp": "A1 B2 C3 D4 E5",
    "ns": "1/2-3.4 5",
    "ans": "A1-b2 c3/",
    "z": "1234567890D1234",
    "any": "A1-b2 c3/",
    "nibbles": "0123456789ABCDEF",
}
LONGEST: Final = 2000
"""Units; what may be longer is not tried at its longest."""


def vectors(spec: Spec) -> dict[str, Any]:
    """Return the vectors of *spec*: ``spec``, ``valid`` and ``invalid``, plain data."""
    mti = next(each for each in ("0200", "1200", "2200", min(spec.plan.mtis)) if each in spec.plan.mtis)
    return {"spec": spec.name, "valid": list(_valid(spec, mti)), "invalid": list(_invalid(spec, mti))}


def _valid(spec: Spec, mti: str) -> Iterator[dict[str, Any]]:
    for number, field in spec.fields.items():
        for what, size in _sizes(field):
            value = sample(field, size)
            try:
                message = spec.message(mti, {number: value})
                data = spec.encode(message)
            except EncodeError:
                continue  # one that this size cannot be made of, as half of a character
            fields = {str(each): as_text(message[each]) for each in message}
            yield {"name": f"de{number}-{what}", "hex": data.hex().upper(), "mti": mti, "fields": fields}
    for code in sorted(spec.plan.mtis)[::97]:
        yield {
            "name": f"mti-{code}",
            "hex": spec.encode(spec.message(code, {})).hex().upper(),
            "mti": code,
            "fields": {},
        }


def _sizes(field: Field) -> Iterator[tuple[str, int]]:
    """Yield the sizes at the edges: the shortest, an odd one, the longest."""
    if field.length == "fixed":
        yield "fixed", field.max
        return
    low = max(field.min, 2 if field.format == "xn" else 1)
    high = min(field.max, LONGEST)
    yield "shortest", low
    if low + 2 < high:
        yield "odd", low + 1 + low % 2
    if high > low:
        yield "longest", high


def sample(field: Field, size: int) -> Value:
    """Return a value of *field* of *size* units, always the same one."""
    if field.format == "b":
        return bytes(islice(cycle(range(1, 256)), size))
    if field.format == "xn":
        return "C" + "".join(islice(cycle("0123456789"), size - 1))
    return "".join(islice(cycle(_CHARACTERS[field.format]), size))


def _invalid(spec: Spec, mti: str) -> Iterator[dict[str, Any]]:
    empty = spec.encode(spec.message(mti, {}))
    yield from _bad(spec, "empty", b"")
    yield from _bad(spec, "mti-cut", empty[: spec.plan.mti_size - 1])
    yield from _bad(spec, "mti-letters", b"\xff" * spec.plan.mti_size + empty[spec.plan.mti_size :])
    yield from _bad(spec, "bitmap-cut", empty[:-1])
    yield from _bad(spec, "trailing-byte", empty + b"0")
    for number, field in spec.fields.items():
        try:
            data = spec.encode(spec.message(mti, {number: sample(field, min(max(field.min, 2), field.max))}))
        except EncodeError:
            continue
        yield from _bad(spec, f"de{number}-cut", data[:-1])
        yield from _bad(spec, f"de{number}-trailing", data + b"0")
        start = spec.offset(spec.message(mti, {number: sample(field, min(max(field.min, 2), field.max))}), number)
        if field.length != "fixed":
            width = spec.plan.rows[number].width
            most = _most(field, width)
            yield from _bad(spec, f"de{number}-too-long", data[: start - width] + most + data[start:])
        if field.format == "n" and field.encoding == "ascii":
            yield from _bad(spec, f"de{number}-letter", data[:start] + b"A" + data[start + 1 :])


def _most(field: Field, width: int) -> bytes:
    """Return the largest length that the prefix of *field* can say."""
    if field.prefix == "binary":
        return b"\xff" * width
    if field.prefix == "bcd":
        return b"\x99" * width
    return b"9" * width if field.prefix in {"ascii", "hex"} else "9".encode(field.prefix) * width


def _bad(spec: Spec, name: str, data: bytes) -> Iterator[dict[str, Any]]:
    """Yield the vector of *data*, unless it happens to be a message."""
    try:
        spec.decode(data)
    except DecodeError as error:
        where = {"field": error.field, "offset": error.offset, "missing": error.missing}
        yield {"name": name, "hex": data.hex().upper(), "error": where}
