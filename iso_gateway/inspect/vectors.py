"""Messages at the edges of a spec, good and bad, as data: for whoever writes another implementation, or certifies one.

Everything is made by rule, without chance, so that the same spec gives the same vectors in the same order. `told_specs`
says what a vector has.

The names of the good ones: ``deN-empty``, ``-shortest``, ``-odd``, ``-longest``, ``-fixed`` are sizes, ``-first`` and
``-last`` the ends of its characters, ``-special`` all that are neither letter nor digit, ``deN.P-part`` a part,
``deN.T-twice`` a tag that repeats; ``all`` has every element, ``first-bitmap`` and ``second-bitmap`` those of one,
``mti-NNNN`` nothing but a message type. Those of the bad ones say what was done: ``-cut``, ``-trailing``,
``-too-long``, ``bit-N`` for a bit that announces nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from iso_gateway.codec.field import Field
from iso_gateway.codec.parts.ber import BerTLV
from iso_gateway.codec.parts.part import Part
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, EncodeError
from iso_gateway.inspect.leaves import as_text
from iso_gateway.inspect.samples import SPECIAL, ends, sample, special
from iso_gateway.inspect.told import Fault
from iso_gateway.inspect.told_specs import Flawed, Invalid, Valid, Vectors

LONGEST: Final = 2000
"""Units; what may be longer is not tried at its longest."""
_TYPICAL: Final = 12
"""Units of a value whose size is not what is tried."""
_TAG: Final = "9F36"
"""One of EMV's, for specs that declare none."""


def vectors(spec: Spec) -> Vectors:
    """Return the vectors of *spec*."""
    mti = next(each for each in ("0200", "1200", "2200", min(spec.plan.mtis)) if each in spec.plan.mtis)
    valid = list(_valid(spec, mti))
    return Vectors(spec.name, valid, list(_invalid(spec, mti)), list(_flawed(spec, valid)))


def as_lines(made: Vectors) -> str:
    """Return *made* as JSON with a line for each vector, so that two versions can be compared line by line."""
    written = msgspec.json.encode(made).decode()
    for each in (made.valid, made.invalid, made.flawed):
        if each:
            rows = ",\n".join(msgspec.json.encode(row).decode() for row in each)
            written = written.replace(msgspec.json.encode(each).decode(), f"[\n{rows}\n]", 1)
    return written


def _valid(spec: Spec, mti: str) -> Iterator[Valid]:
    for number, field in spec.fields.items():
        for what, size in _sizes(field):
            yield from _good(spec, f"de{number}-{what}", mti, {number: sample(field, size)})
        for what, value in zip(("first", "last"), ends(field, _size(field)), strict=True):
            yield from _good(spec, f"de{number}-{what}", mti, {number: value})
        if (odd := special(field, max(field.min, min(field.max, len(SPECIAL))))) is not None:
            yield from _good(spec, f"de{number}-special", mti, {number: odd})
        yield from _parts(spec, mti, number, field)
    for name, numbers in (
        ("all", spec.fields),
        ("first-bitmap", [number for number in spec.fields if number <= 64]),
        ("second-bitmap", [number for number in spec.fields if number > 64]),
    ):
        yield from _good(spec, name, mti, _several(spec, mti, numbers))
    for code in sorted(spec.plan.mtis)[::97]:
        yield from _good(spec, f"mti-{code}", code, {})


def _good(spec: Spec, name: str, mti: str, values: Mapping[Any, Any]) -> Iterator[Valid]:
    """Yield the vector of a message of *values*, unless the spec has no such one, as half of a character."""
    try:
        message = spec.message(mti, values)
        data = spec.encode(message)
    except EncodeError:
        return
    fields = {str(each): as_text(message[each]) for each in message}
    yield Valid(name, data.hex().upper(), mti, fields)


def _sizes(field: Field) -> Iterator[tuple[str, int]]:
    """Yield the sizes at the edges: empty, the shortest, an odd one, the longest."""
    if field.length == "fixed":
        yield "fixed", field.max
        return
    low = max(field.min, 2 if field.format == "xn" else 1)
    high = min(field.max, LONGEST)
    if not field.min:
        yield "empty", 0
    yield "shortest", low
    if low + 2 < high:
        yield "odd", low + 1 + low % 2
    if high > low:
        yield "longest", high


def _size(field: Field) -> int:
    """Return a size that is neither edge."""
    return max(field.min, min(field.max, _TYPICAL))


def _parts(spec: Spec, mti: str, number: int, field: Field) -> Iterator[Valid]:
    """Yield each part of an element alone, and a tag twice."""
    if field.inside is None:
        return
    declared = list(field.inside.declared())
    for part in declared:
        size = part.field.max if part.size and not part.rest else _size(part.field)
        value = sample(part.field, size)
        yield from _good(spec, f"de{number}.{part.key}-part", mti, {f"{number}.{part.key}": value})
    if isinstance(field.inside, BerTLV):
        tag = _first(declared)
        pair = {f"{number}.{tag}": sample(_bytes(declared), 2), f"{number}.{tag}#2": sample(_bytes(declared), 3)}
        yield from _good(spec, f"de{number}.{tag}-twice", mti, pair)


def _first(parts: list[Part]) -> str:
    return parts[0].key if parts else _TAG


def _bytes(parts: list[Part]) -> Field:
    """Return the field of the first of *parts*, or one of bytes where there is none."""
    return parts[0].field if parts else _OF_BYTES


_OF_BYTES: Final = Field(
    number=0, name="", format="b", length="fixed", max=8, min=0, encoding="binary", prefix="", counts="bytes",
    pad_side="right", pad_with="", mask="all",
)  # fmt: skip


def _several(spec: Spec, mti: str, numbers: Iterable[int]) -> dict[int, Any]:
    """Return a value for each element of *numbers* that can stand in a message."""
    values = {number: sample(spec.fields[number], _size(spec.fields[number])) for number in numbers}
    found: dict[int, Any] = {}
    for number, value in values.items():
        try:
            spec.encode(spec.message(mti, {number: value}))
        except EncodeError:
            continue
        found[number] = value
    return found


# Bytes that are no message


def _invalid(spec: Spec, mti: str) -> Iterator[Invalid]:
    empty = spec.encode(spec.message(mti, {}))
    size = spec.plan.mti_size
    yield from _bad(spec, "empty", b"")
    yield from _bad(spec, "mti-cut", empty[: size - 1])
    yield from _bad(spec, "mti-letters", b"\xff" * size + empty[size:])
    yield from _bad(spec, "bitmap-cut", empty[:-1])
    yield from _bad(spec, "trailing-byte", empty + b"0")
    if spec.plan.bitmap_form != "binary":
        yield from _bad(spec, "bitmap-letters", empty[:size] + b"\xff" * (len(empty) - size))
    for number in sorted({65, *range(2, 129)} - {*spec.fields}):
        yield from _bad(spec, f"bit-{number}", empty[:size] + _announced(spec, number))
    for number, field in spec.fields.items():
        yield from _bad_element(spec, mti, number, field)


def _announced(spec: Spec, number: int) -> bytes:
    """Return the bitmap, or two, in which the bit of *number* is set."""
    bits = 1 << (128 - number) | (1 << 127 if number > 64 else 0)
    raw = bits.to_bytes(16, "big")[: 16 if number > 64 else 8]
    if spec.plan.bitmap_form == "binary":
        return raw
    return raw.hex().upper().encode("ascii" if spec.plan.bitmap_form == "hex" else "cp500")


def _bad_element(spec: Spec, mti: str, number: int, field: Field) -> Iterator[Invalid]:
    """Yield an element cut, followed by a byte, with a length that is too large or none, and with a letter in it."""
    try:
        message = spec.message(mti, {number: sample(field, max(field.min, min(2, field.max)))})
        data, start = spec.encode(message), spec.offset(message, number)
    except EncodeError:
        return
    yield from _bad(spec, f"de{number}-cut", data[:-1])
    yield from _bad(spec, f"de{number}-trailing", data + b"0")
    if field.length != "fixed":
        width = spec.plan.rows[number].width
        head, body = data[: start - width], data[start:]
        yield from _bad(spec, f"de{number}-length-cut", head)
        yield from _bad(spec, f"de{number}-too-long", head + _most(field, width) + body)
        if field.prefix != "binary":
            yield from _bad(spec, f"de{number}-length-letters", head + b"\xfa" * width + body)
    if field.format == "n" and field.encoding == "ascii":
        yield from _bad(spec, f"de{number}-letter", data[:start] + b"A" + data[start + 1 :])
    elif field.format == "n" and field.encoding == "bcd":
        yield from _bad(spec, f"de{number}-letter", data[:start] + b"\xaa" + data[start + 1 :])


def _most(field: Field, width: int) -> bytes:
    """Return the largest length that the prefix of *field* can say."""
    if field.prefix == "binary":
        return b"\xff" * width
    if field.prefix == "bcd":
        return b"\x99" * width
    return b"9" * width if field.prefix in {"ascii", "hex"} else "9".encode(field.prefix) * width


def _bad(spec: Spec, name: str, data: bytes) -> Iterator[Invalid]:
    """Yield the vector of *data*, unless it happens to be a message."""
    try:
        spec.decode(data)
    except DecodeError as error:
        yield Invalid(name, data.hex().upper(), Fault.of(error))


# Messages with an element that is broken inside


def _flawed(spec: Spec, valid: Iterable[Valid]) -> Iterator[Flawed]:
    """Yield those of *valid* that have one element with one part, or a tag twice, without the last unit of it."""
    for vector in valid:
        element, _, what = vector.name.partition(".")
        if not what.endswith(("-part", "-twice")):
            continue
        number = int(element.removeprefix("de"))
        if spec.fields[number].length == "fixed":
            continue
        value: Any = spec.decode(bytes.fromhex(vector.hex))[number]
        try:
            message = spec.message(vector.mti, {number: value[:-1]})
            data = spec.encode(message)
        except EncodeError:
            continue
        faults = [Fault.of(error) for error in spec.broken(spec.decode(data))]
        if faults:
            yield Flawed(f"{vector.name}-cut", data.hex().upper(), faults)
