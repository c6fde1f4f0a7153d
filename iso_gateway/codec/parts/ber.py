"""BER-TLV data objects as parts (ISO/IEC 8825-1; EMV Book 3, annex B); `tlv` says how they lie.

A tag whose bit 6 is set names a constructed object, and what is in it is read in the same way, `DEPTH` deep; a
tag that the spec declares is cut as declared instead. What is in an object may be broken: nobody notices who does
not ask for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from iso_gateway.codec import emv, tlv
from iso_gateway.codec.parts import paths
from iso_gateway.codec.parts.part import Part, Piece
from iso_gateway.codec.parts.positional import fresh
from iso_gateway.codec.parts.structure import Structure, octets
from iso_gateway.codec.plan import Value
from iso_gateway.errors import EncodeError

DEPTH: Final = 8
"""How many constructed objects may lie in each other before the innermost is a plain value."""


class BerTLV(Structure):
    """A sequence of data objects.

    Args:
        parts: the declared tags.
        named: whether tags that are not declared have the names and masks of EMV; else nothing of them is shown.
        depth: how much deeper constructed objects are opened.
    """

    __slots__ = ("deeper", "named", "parts")

    def __init__(self, parts: Mapping[str, Part], *, named: bool, depth: int = DEPTH) -> None:
        super().__init__(binary=True)
        self.parts = dict(parts)
        self.named = named
        self.deeper = BerTLV(parts, named=named, depth=depth - 1) if depth else None

    def pieces(self, whole: Value) -> Iterator[Piece]:
        """Yield the data objects of *whole*, in order."""
        assert isinstance(whole, bytes), "the spec lets only format b hold data objects"
        at = 0
        for each in tlv.objects(whole):
            at += len(each.gap) + len(each.header)
            part = self.parts.get(each.tag)
            if part is None:
                yield Piece(each.tag, None, at, each.header, each.value, len(each.value), each.gap)
            else:
                yield part.filled(each.value, at, each.header)._replace(gap=each.gap)
            at += len(each.value)

    def one(self, whole: Value, path: str) -> Value:
        """Return the value at *path*, of a plain tag without reading all of the others."""
        tag = path.upper()
        if tag in self.parts or not tlv.is_tag(tag):
            return self.deep(whole, paths.steps(path))
        assert isinstance(whole, bytes)
        found = tlv.find(whole, tag)
        if found is None:
            raise KeyError(path)
        return found

    def fresh(self, key: str, value: object) -> Piece:
        """Return a new data object with the shortest length that holds."""
        if not tlv.is_tag(key):
            raise EncodeError("", "not a tag")
        piece = fresh(self.parts, key, value) if key in self.parts else None
        if piece is None:
            inside = self.within(key)
            if inside is not None and not isinstance(value, bytes | str):
                value = inside.built(value.items() if isinstance(value, Mapping) else _pairs(value))
            piece = Piece(key, None, 0, b"", octets(value), 0, b"")
        assert isinstance(piece.body, bytes)
        return piece._replace(head=tlv.made(key, piece.body).header, length=piece.length or len(piece.body))

    def declared(self) -> Iterator[Part]:
        """Yield the declared tags."""
        yield from self.parts.values()

    def normal(self, key: str) -> str:
        """Return the tag in upper case."""
        return key.upper()

    def inside(self, piece: Piece) -> Structure | None:
        """Return how the object is cut further."""
        return self.within(piece.key)

    def within(self, key: str) -> Structure | None:
        """Return how an object of that tag is cut further: as declared, or as a constructed one."""
        part = self.parts.get(key)
        if part is not None and (part.field.inside is not None or not part.field.binary):
            return part.field.inside
        return self.deeper if tlv.is_constructed(key) else None

    def known(self, piece: Piece) -> tuple[str, str]:
        """Return the name and mask of a tag: as declared, or EMV's where this is EMV data."""
        if piece.part is not None or not self.named:
            return super().known(piece)
        shown = piece.key in emv.SHOWN_TAGS and not tlv.is_constructed(piece.key)
        return emv.NAMES.get(piece.key, ""), "none" if shown else "all"


def _pairs(value: object) -> list[tuple[str, object]]:
    if isinstance(value, list | tuple) and all(isinstance(each, list | tuple) and len(each) == 2 for each in value):
        return [(str(key), each) for key, each in value]
    raise EncodeError("", "expected bytes, or their hexadecimal text, or parts")
