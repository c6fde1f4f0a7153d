"""One data element, or one part of it, as the spec declares it, every default filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from iso_gateway.codec.parts.structure import Structure

Mask = Literal["none", "pan", "track", "all", "scan"]
"""What people may see of a value: see `mask`."""


class Field(NamedTuple):
    """One data element, or what a part of one has in common with it."""

    number: int
    """2 to 192; 1 and 65 only where the bitmap is fixed; 0 for a part."""
    name: str
    """In snake case, after the standard's title."""
    format: str
    """One of `content.FORMATS`."""
    length: str
    """``fixed``, or ``LVAR`` to ``LLLLLLVAR``."""
    max: int
    """Digits or characters; bytes for format b; bytes as encoded where a character can take several (gbk) and the
    length does not count characters; x+n counts its sign."""
    min: int
    """The same units; equal to `max` for a fixed field."""
    encoding: str
    """``ascii``, ``bcd``, ``binary``, ``hex``, ``hex-ebcdic``, or a Python codec."""
    prefix: str
    """The encoding of the length, one of `lengths.PREFIXES`; empty for a fixed field."""
    counts: str
    """What the prefix counts: ``digits``, ``characters`` or ``bytes``."""
    pad_side: str
    """``left`` or ``right``."""
    pad_with: str
    """The character that fills a short fixed value and the odd nibble, for format b the byte as two hexadecimal
    digits; empty: nothing is filled."""
    mask: Mask
    inside: Structure | None = None
    """How it is cut into parts; None where the spec does not say."""
    prefix_bytes: int = 0
    """The bytes of the length prefix, where they are not those of `lengths.size`; 0: they are."""
    inclusive: bool = False
    """Whether the prefix counts itself in."""

    @property
    def binary(self) -> bool:
        """Whether values are `bytes`; else they are `str`."""
        return self.format == "b"
