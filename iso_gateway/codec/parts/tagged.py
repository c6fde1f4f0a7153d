"""Objects with a tag and a length of fixed width: Mastercard's DE 48 and PDS, datasets, many private fields.

Tag and length are text in some character set, packed digits, or bytes; in text they are text. A tag is written
as its text or digits, and in hexadecimal where it is bytes.

The datasets of ISO 8583:2003 and 2023 are of this kind: an identifier of one byte, a length of two bytes, big
endian, counting the content; several in one element, the same identifier again too. Identifiers 01 to 70 hold
BER-TLV, 71 to FE a dataset bit map (see `bitmapped.DatasetMap`). This is sourced from jPOS's documentation of
its 2023 packager and its tests, not from the text of the standard, which was not at hand; Visa's DE 104 and
others use the same frame with BER-TLV under identifiers of their own, so each can be declared otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from iso_gateway.codec import lengths
from iso_gateway.codec.parts.part import Part, Piece
from iso_gateway.codec.parts.positional import fresh
from iso_gateway.codec.parts.structure import Structure, octets
from iso_gateway.codec.plan import Value
from iso_gateway.codec.unreadable import Unreadable, many
from iso_gateway.errors import EncodeError

LAST_TLV: Final = 0x70
"""The last dataset identifier whose content is BER-TLV."""


class Figure(NamedTuple):
    """A tag or a length of fixed width."""

    size: int
    """In bytes, or characters where the whole is text."""
    encoding: str
    """``ascii`` or another character set, ``bcd``, ``binary``; empty where the whole is text."""

    @property
    def digits(self) -> int:
        """How many characters it is as people write it."""
        return self.size if self.encoding not in {"bcd", "binary"} else 2 * self.size

    def tag(self, found: Value) -> str | None:
        """Return a tag as people write it, or None where it is none."""
        if isinstance(found, str):
            text = found
        elif self.encoding in {"bcd", "binary"}:
            text = found.hex().upper()
            return None if self.encoding == "bcd" and not text.isdecimal() else text
        else:
            try:
                text = found.decode(self.encoding)
            except UnicodeDecodeError:
                return None
        return text if text.isascii() and text.isalnum() else None

    def written(self, tag: str) -> Value | None:
        """Return how *tag* lies, or None where it is none."""
        try:
            if len(tag) != self.digits or not (tag.isascii() and tag.isalnum()):
                return None
            if not self.encoding:
                return tag
            raw = bytes.fromhex(tag) if self.encoding in {"bcd", "binary"} else tag.encode(self.encoding)
        except ValueError:
            return None
        return raw if self.tag(raw) == tag else None

    def said(self, found: Value) -> int | None:
        """Return what a length says, or None where it is none."""
        if isinstance(found, str):
            return int(found) if found.isascii() and found.isdecimal() else None
        return lengths.count(found, self.encoding)

    def saying(self, count: int) -> Value | None:
        """Return the length that says *count*, or None where it is too large."""
        if count > (256**self.size - 1 if self.encoding == "binary" else 10**self.digits - 1):
            return None
        return lengths.head(count, self.encoding, self.size) if self.encoding else f"{count:0{self.size}d}"


class Tagged(Structure):
    """A sequence of tag, length, value, to the end.

    Args:
        parts: the declared tags.
        tag: how a tag lies.
        length: how a length lies.
        length_first: whether it stands before the tag.
        counts_tag: whether it counts the tag too.
        others: how objects that are not declared are cut: tag -> structure.
        binary: whether the value is bytes.
    """

    __slots__ = ("counts_tag", "length", "length_first", "others", "parts", "tag")

    def __init__(
        self,
        parts: Mapping[str, Part],
        tag: Figure,
        length: Figure,
        *,
        length_first: bool = False,
        counts_tag: bool = False,
        others: Mapping[str, Structure] | None = None,
        binary: bool,
    ) -> None:
        super().__init__(binary=binary)
        self.parts = dict(parts)
        self.tag = tag
        self.length = length
        self.length_first = length_first
        self.counts_tag = counts_tag
        self.others = dict(others or {})

    def pieces(self, whole: Value) -> Iterator[Piece]:
        """Yield the objects of *whole*, in order."""
        at = 0
        head = self.tag.size + self.length.size
        while at < len(whole):
            piece = self._piece_at(whole, at, at + head)
            at = piece.end
            yield piece

    def _piece_at(self, whole: Value, start: int, at: int) -> Piece:
        noun = "byte" if self.binary else "character"
        if len(whole) < at:
            found, needed = many(len(whole) - start, noun), at - start
            raise Unreadable(start, f"tag and length: {found} left, {needed} needed")
        middle = start + (self.length.size if self.length_first else self.tag.size)
        first, second = whole[start:middle], whole[middle:at]
        key = self.tag.tag(second if self.length_first else first)
        if key is None:
            raise Unreadable(middle if self.length_first else start, f"not a tag of {many(self.tag.size, noun)}")
        size = self.length.said(first if self.length_first else second)
        extra = self.tag.size if self.counts_tag else 0
        if size is None or size < extra:
            raise Unreadable(start if self.length_first else middle, "not a length", key)
        body = whole[at : at + size - extra]
        if len(body) < size - extra:
            raise Unreadable(at, f"{many(len(body), noun)} left, {size - extra} needed", key)
        part = self.parts.get(key)
        if part is None:
            return Piece(key, None, at, whole[start:at], body, len(body), self.empty)
        return part.filled(body, at, whole[start:at])._replace(gap=self.empty)

    def fresh(self, key: str, value: object) -> Piece:
        """Return a new object."""
        tag = self.tag.written(key)
        if tag is None:
            raise EncodeError("", f"not a tag of {self.tag.digits} characters")
        if key in self.parts:
            piece = fresh(self.parts, key, value)
        else:
            piece = Piece(key, None, 0, self.empty, self._plain(key, value), 0, self.empty)
        length = self.length.saying(len(piece.body) + (self.tag.size if self.counts_tag else 0))
        if length is None:
            raise EncodeError("", "too long for its length")
        head: list[Value] = [length, tag] if self.length_first else [tag, length]
        nothing: Any = self.empty
        return piece._replace(head=nothing.join(head), length=piece.length or len(piece.body))

    def _plain(self, key: str, value: object) -> Value:
        inside = self.others.get(key)
        if inside is not None and isinstance(value, Mapping):
            return inside.built([(str(each), one) for each, one in value.items()])
        if self.binary:
            return octets(value)
        if not isinstance(value, str):
            raise EncodeError("", "expected text")
        return value

    def declared(self) -> Iterator[Part]:
        """Yield the declared tags."""
        yield from self.parts.values()

    def normal(self, key: str) -> str:
        """Return the tag: one of bytes in upper case."""
        return key.upper() if self.tag.encoding == "binary" else key

    def inside(self, piece: Piece) -> Structure | None:
        """Return how the object is cut further."""
        return self.within(piece.key)

    def within(self, key: str) -> Structure | None:
        """Return how an object of that tag is cut further."""
        part = self.parts.get(key)
        return self.others.get(key) if part is None else part.field.inside
