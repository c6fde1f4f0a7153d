"""One field of a spec's data -> `Field`: the shape, the defaults, and what does not go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from iso_gateway import settings
from iso_gateway.codec import lengths
from iso_gateway.codec.field import Field, Layout, Mask, Part
from iso_gateway.errors import Problem, did_you_mean

Format = Literal["n", "a", "an", "anp", "ns", "ans", "z", "b", "xn", "any", "nibbles"]
Length = Literal["fixed", "LVAR", "LLVAR", "LLLVAR", "LLLLVAR", "LLLLLVAR", "LLLLLLVAR"]
Name = Annotated[str, Meta(min_length=1)]

ONE_BYTE: Final = ("ascii", "latin-1", "cp037", "cp500", "cp1140")
SEVERAL_BYTES: Final = ("gbk", "gb18030", "big5", "shift_jis", "euc_kr", "utf-8")
TEXTS: Final = (*ONE_BYTE, *SEVERAL_BYTES)
"""The character sets. Not every codec of Python: some warn, some never fail, some take their time."""
_PACKABLE: Final = ("n", "z", "xn", "nibbles")


class FieldShape(Struct, frozen=True):
    """A field as the data has it."""

    name: Name
    format: Format
    length: Length
    max: Annotated[int, Meta(ge=1, le=999_999)]
    mask: Mask
    min: Annotated[int, Meta(ge=0, le=999_999)] | None = None
    encoding: str = ""
    prefix: Literal["", "ascii", "bcd", "binary", "cp037", "cp500"] = ""
    counts: Literal["", "digits", "characters", "bytes"] = ""
    pad: str = ""
    parts: Any = None


class PartShape(Struct, frozen=True):
    """A positional part as the data has it."""

    name: Name
    format: Format
    size: Annotated[int, Meta(ge=1)] | Literal["rest"]
    mask: Mask
    encoding: str = ""


class LayoutShape(Struct, frozen=True):
    """A layout as the data has it."""

    size: Annotated[int, Meta(ge=1)]
    parts: dict[int, PartShape]


class LayoutsShape(Struct, frozen=True):
    """Several layouts as the data has them."""

    layouts: list[LayoutShape]


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
        if number == 65:
            self.wrong("", "bit 65 announces a third bitmap, and is no field")
        encoding = self._encoding(shape)
        counts = self._counts(shape, encoding)
        self._lengths(shape, encoding, counts)
        side, pad = self._pad(shape, encoding)
        return Field(
            number=number,
            name=shape.name,
            format=shape.format,
            length=shape.length,
            max=shape.max,
            min=shape.max if shape.length == "fixed" else shape.min or 0,
            encoding=encoding,
            prefix=shape.prefix,
            counts=counts,
            pad_side=side,
            pad_with=pad,
            mask=shape.mask,
            tlv=self._tlv(shape),
            layouts=() if shape.parts is None or shape.parts == "ber-tlv" else tuple(self._layouts(shape)),
        )

    def _encoding(self, shape: FieldShape) -> str:
        known: tuple[str, ...] = TEXTS
        if shape.format == "b":
            known = ("binary", "hex")
        elif shape.format == "nibbles":
            known = ("bcd",)
        elif shape.format in _PACKABLE:
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
        elif encoding == "hex":
            known = ("bytes", "characters")
        elif encoding in ONE_BYTE:
            known = ("bytes", "characters", *(["digits"] if shape.format == "n" else []))
        if shape.counts and shape.counts not in known:
            self.wrong("counts", f"in {encoding} a length counts {' or '.join(known)}")
        elif shape.counts and shape.length == "fixed":
            self.wrong("counts", "a fixed field has no length to count")
        return shape.counts or known[0]

    def _lengths(self, shape: FieldShape, encoding: str, counts: str) -> None:
        if shape.min is not None and shape.min > shape.max:
            self.wrong("min", "is over max")
        if shape.length == "fixed":
            if shape.prefix:
                self.wrong("prefix", "a fixed field has no length prefix")
            if shape.min not in {None, shape.max}:
                self.wrong("min", "a fixed field is as long as its max")
            return
        if not shape.prefix:
            self.wrong("prefix", f"is missing: the encoding of the length, one of {', '.join(lengths.PREFIXES)}")
            return
        said = shape.max
        if encoding == "bcd" and counts == "bytes":
            said = (shape.max + 1) // 2
        elif encoding == "hex" and counts == "characters":
            said = 2 * shape.max
        limit = lengths.limit(shape.length, shape.prefix)
        if said > limit:
            self.wrong("max", f"{said} {counts} do not fit an {shape.length} length in {shape.prefix}, {limit} at most")

    def _pad(self, shape: FieldShape, encoding: str) -> tuple[str, str]:
        packed = encoding == "bcd"
        if not shape.pad:
            if shape.format == "n" or (packed and shape.format == "xn"):
                return "left", "0"
            if packed:
                return "right", "F"
            return ("right", "") if shape.format in {"b", "xn"} else ("right", " ")
        if shape.pad == "none" and not packed:
            return "right", ""
        side, _, word = shape.pad.partition(" ")
        pad = " " if word == "space" else word.upper() if packed else word
        if shape.format == "b" or side not in {"left", "right"} or len(pad) != 1 or not pad.isascii():
            self.wrong("pad", 'expected a side and a character, "left 0" or "right space", or none; bytes have none')
        elif packed and pad not in "0123456789ABCDEF":
            self.wrong("pad", "packed digits are filled with a hexadecimal digit")
        return side, pad

    def _tlv(self, shape: FieldShape) -> bool:
        if shape.parts == "ber-tlv" and shape.format != "b":
            self.wrong("parts", "ber-tlv needs format b")
        return bool(shape.parts == "ber-tlv")

    def _layouts(self, shape: FieldShape) -> list[Layout]:
        if isinstance(shape.parts, Mapping) and "layouts" in shape.parts:
            found = self._read(LayoutsShape, shape.parts, "parts")
            if found is None:
                return []
            sizes = [each.size for each in found.layouts]
            for at, each in enumerate(sizes):
                if each in sizes[:at]:
                    self.wrong(f"parts.layouts.{at}.size", "an earlier layout is for this size")
            return [
                self._layout(shape, f"parts.layouts.{at}.parts", each.parts, each.size)
                for at, each in enumerate(found.layouts)
            ]
        if not isinstance(shape.parts, Mapping):
            self.wrong("parts", "expected ber-tlv, a table of parts, or layouts")
            return []
        rows = self._read(dict[int, PartShape], shape.parts, "parts")
        return [] if rows is None else [self._layout(shape, "parts", rows, None)]

    def _read(self, kind: Any, data: object, key: str) -> Any:
        value, problems = settings.read(kind, data, text=True)
        for problem in problems:
            self.wrong(f"{key}.{problem.path}".strip("."), problem.message)
        return value

    def _layout(self, shape: FieldShape, key: str, rows: Mapping[int, PartShape], size: int | None) -> Layout:
        parts = [self._part(shape, f"{key}.{number}", number, rows[number]) for number in sorted(rows)]
        if any(part.size is None for part in parts[:-1]):
            self.wrong(key, "only the last part can be the rest")
        if shape.mask == "none" and any(part.mask != "none" for part in parts):
            self.wrong("mask", "shows what is masked in its parts")
        total = sum(part.size or 0 for part in parts)
        if size is not None and total != size:
            self.wrong(key, f"the parts take {total}, the layout is for {size}")
        if (size or total) > shape.max:
            self.wrong(key, f"the parts take {size or total}, the field {shape.max} at most")
        return Layout(tuple(parts), size)

    def _part(self, shape: FieldShape, key: str, number: int, row: PartShape) -> Part:
        if row.format == "b" and shape.format != "b":
            self.wrong(f"{key}.format", "a text field has no binary parts")
        if row.encoding and (shape.format != "b" or row.format == "b"):
            self.wrong(f"{key}.encoding", "only text in a binary field has an encoding of its own")
        known = ("bcd", *TEXTS) if row.format in _PACKABLE else TEXTS
        encoding = row.encoding or ("bcd" if row.format == "nibbles" else "ascii")
        if encoding not in known:
            hint = did_you_mean(encoding, known) or f", expected {', '.join(known)}"
            self.wrong(f"{key}.encoding", f"no encoding for format {row.format}{hint}")
        return Part(
            key=str(number),
            name=row.name,
            format=row.format,
            size=None if row.size == "rest" else row.size,
            mask=row.mask,
            encoding=encoding,
        )
