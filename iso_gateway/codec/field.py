"""One data element and its inner structure, as the spec declares them, every default filled in."""

from __future__ import annotations

from typing import Literal

import msgspec

Mask = Literal["none", "pan", "track", "all", "scan"]
"""What people may see of a value: see `mask`."""


class Part(msgspec.Struct, frozen=True):
    """One positional piece of a data element."""

    key: str
    """Its number within the element: ``"2"`` of ``60.2``."""
    name: str
    format: str
    size: int | None
    """Characters of a text element, bytes of a binary one; None: all that is left."""
    mask: Mask
    encoding: str = "ascii"
    """How text lies in a binary element; says nothing in a text one, whose characters are decoded already."""


class Layout(msgspec.Struct, frozen=True):
    """One way to cut a data element into positional parts."""

    parts: tuple[Part, ...]
    size: int | None = None
    """The layout is for values of exactly this size; None: for every value."""


class Field(msgspec.Struct, frozen=True):
    """One data element."""

    number: int
    """2 to 128, but 65."""
    name: str
    """In snake case, after the standard's title."""
    format: str
    """One of `content.FORMATS`."""
    length: str
    """``fixed``, or ``LVAR`` to ``LLLLLLVAR``."""
    max: int
    """Digits or characters; bytes for format b; bytes as encoded where a character can take several (gbk);
    x+n counts its sign."""
    min: int
    """The same units; equal to `max` for a fixed field."""
    encoding: str
    """``ascii``, ``bcd``, ``binary``, ``hex``, or a Python codec."""
    prefix: str
    """The encoding of the length; empty for a fixed field."""
    counts: str
    """What the prefix counts: ``digits``, ``characters`` or ``bytes``."""
    pad_side: str
    """``left`` or ``right``."""
    pad_with: str
    """The character that fills a short fixed value and the odd nibble; empty: nothing is filled."""
    mask: Mask
    tlv: bool = False
    """Whether the value is a sequence of BER-TLV data objects."""
    layouts: tuple[Layout, ...] = ()
    """The ways to cut it into positional parts; the first whose size fits counts."""

    @property
    def binary(self) -> bool:
        """Whether values are `bytes`; else they are `str`."""
        return self.format == "b"

    @property
    def has_parts(self) -> bool:
        """Whether the spec says what is inside."""
        return self.tlv or bool(self.layouts)
