"""One field of a spec's data -> `Field`: the shape, the defaults, and what does not go together."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from iso_gateway import settings
from iso_gateway.codec import lengths, part_rules
from iso_gateway.codec.charsets import ONE_BYTE, SEVERAL_BYTES, TEXTS
from iso_gateway.codec.content import PACKABLE, Format
from iso_gateway.codec.field import Field, Mask
from iso_gateway.errors import Problem, did_you_mean

_HEX = ("hex", "hex-ebcdic")
Length = Literal["fixed", "LVAR", "LLVAR", "LLLVAR", "LLLLVAR", "LLLLLVAR", "LLLLLLVAR"]
Name = Annotated[str, Meta(min_length=1)]


class FieldShape(Struct, frozen=True):
    """A field as the data has it."""

    name: Name
    format: Format
    length: Length
    max: Annotated[int, Meta(ge=1, le=999_999)]
    mask: Mask
    min: Annotated[int, Meta(ge=0, le=999_999)] | None = None
    encoding: str = ""
    prefix: Literal["ascii", "bcd", "binary", "hex", "cp037", "cp500", "cp1047", "cp1140"] | None = None
    prefix_bytes: Annotated[int, Meta(ge=1, le=4)] | None = None
    inclusive: bool = False
    counts: Literal["digits", "characters", "bytes"] | None = None
    pad: str = ""
    parts: Any = None


class Reading:
    """The reading of one field: what is wrong goes to *problems*, and the walk goes on with a guess."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self.path = path
        self.problems = problems

    def wrong(self, key: str, message: str) -> None:
        """Note a fault at *key* of this field; an empty key is the field itself."""
        self.problems.append(Problem(f"{self.path}.{key}".rstrip("."), message))

    def field(self, number: int, data: object) -> Field | None:
        """Return the field, every default filled in; None where *data* is not in shape."""
        shape = self._read(FieldShape, data, "")
        if shape is None:
            return None
        encoding = self._encoding(shape)
        counts = self._counts(shape, encoding)
        self._lengths(shape, encoding, counts)
        side, pad = self._pad(shape, encoding)
        field = Field(
            number=number,
            name=shape.name,
            format=shape.format,
            length=shape.length,
            max=shape.max,
            min=shape.max if shape.length == "fixed" else shape.min or 0,
            encoding=encoding,
            prefix=shape.prefix or "",
            counts=counts,
            pad_side=side,
            pad_with=pad,
            mask=shape.mask,
            prefix_bytes=shape.prefix_bytes or 0,
            inclusive=shape.inclusive,
        )
        if shape.parts is None:
            return field
        inside = part_rules.Reading(self.path, self.problems, field, _part).structure(shape.parts)
        return field._replace(inside=inside)

    def _encoding(self, shape: FieldShape) -> str:
        known: tuple[str, ...] = TEXTS
        if shape.format == "b":
            known = ("binary", "hex", "hex-ebcdic")
        elif shape.format == "nibbles":
            known = ("bcd",)
        elif shape.format in PACKABLE:
            known = ("bcd", *TEXTS)
        encoding = shape.encoding or ("ascii" if "ascii" in known else known[0])
        if encoding not in known:
            hint = did_you_mean(encoding, known) or f", expected {', '.join(known)}"
            self.wrong("encoding", f"no encoding for format {shape.format}{hint}")
            return known[0]
        if encoding == "bcd" and shape.format == "xn" and shape.length != "fixed":
            self.wrong("length", "x+n with packed digits is of fixed length")
        return encoding

    def _counts(self, shape: FieldShape, encoding: str) -> str:
        known: tuple[str, ...] = ("bytes",)
        if encoding == "bcd":
            known = ("digits", "bytes")
        elif encoding in _HEX or encoding in SEVERAL_BYTES:
            known = ("bytes", "characters")
        elif encoding in ONE_BYTE:
            known = ("bytes", "characters", *(["digits"] if shape.format == "n" else []))
        if shape.counts and shape.counts not in known:
            self.wrong("counts", f"in {encoding} a length counts {' or '.join(known)}")
        elif shape.counts and shape.length == "fixed" and encoding not in SEVERAL_BYTES:
            self.wrong("counts", "a fixed field has no length to count")
        return shape.counts or known[0]

    def _lengths(self, shape: FieldShape, encoding: str, counts: str) -> None:
        if shape.min is not None and shape.min > shape.max:
            self.wrong("min", "is over max")
        if shape.length == "fixed":
            for key in ("prefix", "prefix_bytes", "inclusive"):
                if getattr(shape, key):
                    self.wrong(key, "a fixed field has no length prefix")
            if shape.min not in {None, shape.max}:
                self.wrong("min", "a fixed field is as long as its max")
        elif not shape.prefix:
            self.wrong("prefix", f"is missing: the encoding of the length, one of {', '.join(lengths.PREFIXES)}")
        else:
            self._prefix(shape, encoding, counts)

    def _prefix(self, shape: FieldShape, encoding: str, counts: str) -> None:
        """See that the prefix is wide enough for what it has to say."""
        prefix = shape.prefix or ""
        width = lengths.size(shape.length, prefix)
        if shape.prefix_bytes:
            if prefix not in lengths.PACKED:
                self.wrong("prefix_bytes", f"in {prefix} a prefix has a byte for each L of its length")
                return
            if prefix == "bcd" and shape.prefix_bytes < width:
                self.wrong("prefix_bytes", f"an {shape.length} length in bcd takes {width} bytes at least")
                return
            width = shape.prefix_bytes
        said = shape.max
        if encoding == "bcd" and counts == "bytes":
            said = (shape.max + 1) // 2
        elif encoding in _HEX and counts == "characters":
            said = 2 * shape.max
        itself = ""
        if shape.inclusive and encoding in _HEX and counts == "bytes":
            self.wrong("inclusive", "a length before hexadecimal characters counts itself only in characters")
        elif shape.inclusive:
            # Counted in packed digits, each byte of the prefix is two.
            said += 2 * width if counts == "digits" and encoding == "bcd" else width
            itself = ", its own length in it,"
        limit = lengths.limit(shape.length, prefix, width)
        if said > limit:
            problem = f"{said} {counts}{itself} do not fit an {shape.length} length in {prefix}, {limit} at most"
            self.wrong("max", problem)

    def _pad(self, shape: FieldShape, encoding: str) -> tuple[str, str]:
        packed = encoding == "bcd"
        if not shape.pad:
            if shape.format == "n" or (packed and shape.format == "xn"):
                return "left", "0"
            if packed:
                return "right", "F"
            return ("right", "") if shape.format in {"b", "xn"} else ("right", " ")
        if shape.pad == "none":
            if packed and _odd(shape):
                self.wrong("pad", 'an odd number of packed digits needs one more to fill the byte: "left 0", "right F"')
            return "right", ""
        side, _, word = shape.pad.partition(" ")
        pad = " " if word == "space" else word.upper() if packed or shape.format == "b" else word
        if shape.format == "b":
            if side not in {"left", "right"} or re.fullmatch("[0-9A-F]{2}", pad) is None:
                self.wrong("pad", 'expected a side and a byte, "right 00", or none')
                pad = ""
        elif side not in {"left", "right"} or len(pad) != 1:
            self.wrong("pad", 'expected a side and a character, "left 0" or "right space", or none')
        elif packed and pad not in "0123456789ABCDEF":
            self.wrong("pad", "packed digits are filled with a hexadecimal digit")
        elif not packed and len(pad.encode(encoding, "ignore")) != 1:
            self.wrong("pad", f"expected a character that is one byte in {encoding}")
        return side, pad

    def _read(self, kind: Any, data: object, key: str) -> Any:
        value, problems = settings.read(kind, data, text=True, told=len(self.problems))
        for problem in problems:
            self.wrong(f"{key}.{problem.path}".strip("."), problem.message)
        return value


def _part(path: str, problems: list[Problem], data: Any) -> Field | None:
    """Return what a part has in common with a field."""
    return Reading(path, problems).field(0, data)


def _odd(shape: FieldShape) -> bool:
    """Return whether a value of packed digits can have an odd number of them."""
    digits = shape.max - 1 if shape.format == "xn" else shape.max
    return digits % 2 == 1 if shape.length == "fixed" else shape.counts != "bytes"
