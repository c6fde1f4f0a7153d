"""The parts of one field of a spec's data -> `Layout`s: the shapes, and what does not go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Protocol

from msgspec import Meta, Struct

from iso_gateway import settings
from iso_gateway.codec.charsets import TEXTS
from iso_gateway.codec.content import PACKABLE, Format
from iso_gateway.codec.field import Layout, Mask, Part
from iso_gateway.errors import Problem, did_you_mean

Name = Annotated[str, Meta(min_length=1)]


class Whole(Protocol):
    """What is asked of the field that the parts are in."""

    @property
    def format(self) -> str:
        """Its format."""

    @property
    def max(self) -> int:
        """Its greatest length."""

    @property
    def mask(self) -> Mask:
        """What may be seen of it."""

    @property
    def parts(self) -> Any:
        """The data to read."""


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
    """The reading of the parts of one field: what is wrong goes to *problems*.

    Args:
        path: that of the field.
        problems: where they go.
        shape: the field.
    """

    def __init__(self, path: str, problems: list[Problem], shape: Whole) -> None:
        self.path = path
        self.problems = problems
        self.shape = shape

    def wrong(self, key: str, message: str) -> None:
        """Note a fault at *key* of the field."""
        self.problems.append(Problem(f"{self.path}.{key}".rstrip("."), message))

    def tlv(self) -> bool:
        """Return whether the field holds BER-TLV data objects."""
        shape = self.shape
        if shape.parts == "ber-tlv" and shape.format != "b":
            self.wrong("parts", "ber-tlv needs format b")
        return bool(shape.parts == "ber-tlv")

    def layouts(self) -> list[Layout]:
        """Return the ways to cut it into positional parts."""
        shape = self.shape
        if isinstance(shape.parts, Mapping) and "layouts" in shape.parts:
            found = self._read(LayoutsShape, shape.parts, "parts")
            if found is None:
                return []
            sizes = [each.size for each in found.layouts]
            for at, each in enumerate(sizes):
                if each in sizes[:at]:
                    self.wrong(f"parts.layouts.{at}.size", "an earlier layout is for this size")
            return [
                self._layout(f"parts.layouts.{at}.parts", each.parts, each.size)
                for at, each in enumerate(found.layouts)
            ]
        if not isinstance(shape.parts, Mapping):
            self.wrong("parts", "expected ber-tlv, a table of parts, or layouts")
            return []
        rows = self._read(dict[int, PartShape], shape.parts, "parts")
        return [] if rows is None else [self._layout("parts", rows, None)]

    def _read(self, kind: Any, data: object, key: str) -> Any:
        value, problems = settings.read(kind, data, text=True)
        for problem in problems:
            self.wrong(f"{key}.{problem.path}".strip("."), problem.message)
        return value

    def _layout(self, key: str, rows: Mapping[int, PartShape], size: int | None) -> Layout:
        shape = self.shape
        parts = [self._part(f"{key}.{number}", number, rows[number]) for number in sorted(rows)]
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

    def _part(self, key: str, number: int, row: PartShape) -> Part:
        shape = self.shape
        if row.format == "b" and shape.format != "b":
            self.wrong(f"{key}.format", "a text field has no binary parts")
        if row.encoding and (shape.format != "b" or row.format == "b"):
            self.wrong(f"{key}.encoding", "only text in a binary field has an encoding of its own")
        known = ("bcd", *TEXTS) if row.format in PACKABLE else TEXTS
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
