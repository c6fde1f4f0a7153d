"""Composites that begin with a bitmap: Postilion's DE 127, Visa's 62, 63 and 126, dataset bit maps.

The dataset bit map of ISO 8583:2003 and 2023 (DBM) is 16 bits, and 8 more as often as the first bit of the last
ones says so. The last bit of all says that BER-TLV objects follow the elements. The other bits say which elements
are there; the elements are numbered by the bits that are left, so that element 1 is bit 2. This is sourced from
jPOS's `DatasetPackager` and its tests (which refuses what follows the elements), not from the text of the standard,
which was not at hand; a document that numbers the bits themselves is spelled with ``numbers: bits``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from iso_gateway.codec.parts.part import Part, Piece
from iso_gateway.codec.parts.positional import fresh
from iso_gateway.codec.parts.structure import Draft, Structure
from iso_gateway.codec.plan import Value
from iso_gateway.codec.unreadable import Unreadable, many
from iso_gateway.errors import EncodeError

TAIL: Final = "tlv"
"""The key of what follows the elements of a dataset bit map."""


class Bitmapped(Structure):
    """A bitmap and the elements that it names.

    Args:
        parts: the elements, by number, ascending.
        size: bytes of the bitmap.
        encoding: ``binary``, or the character set of its hexadecimal digits; in text it is hexadecimal always.
        chained: whether the first bit of a bitmap says that another one follows.
        binary: whether the value is bytes.
    """

    __slots__ = ("chained", "encoding", "parts", "size")

    def __init__(
        self, parts: Mapping[int, Part], size: int, encoding: str = "binary", *, chained: bool = False, binary: bool
    ) -> None:
        super().__init__(binary=binary)
        self.parts = {str(number): parts[number] for number in sorted(parts)}
        self.size = size
        self.encoding = encoding
        self.chained = chained

    def words(self, whole: Value) -> tuple[list[str], int]:
        """Return the bitmaps as texts of 0 and 1, and where they end.

        Raises:
            Unreadable: they are cut short, or not hexadecimal.
        """
        words: list[str] = []
        at = 0
        while not words or (self.chained and words[-1][0] == "1"):
            words.append(self._bits(whole, at, self._octets(len(words))))
            at += self._octets(len(words) - 1) * self._wide
        return words, at

    def _octets(self, word: int) -> int:  # noqa: ARG002 -- dataset bit maps grow in smaller steps
        """Return the bytes of bitmap *word*, from 0."""
        return self.size

    @property
    def _wide(self) -> int:
        """How many bytes or characters one byte of the bitmap takes."""
        return 1 if self.binary and self.encoding == "binary" else 2

    def _bits(self, whole: Value, at: int, octets: int) -> str:
        needed = octets * self._wide
        found = whole[at : at + needed]
        if len(found) < needed:
            noun = "byte" if self.binary else "character"
            raise Unreadable(at, f"bitmap: {many(len(found), noun)} left, {needed} needed")
        if isinstance(found, bytes) and self._wide == 1:
            number = int.from_bytes(found, "big")
        else:
            text = found if isinstance(found, str) else found.decode(self.encoding, "replace")
            if not (text.isascii() and text.isalnum()):
                raise Unreadable(at, "not hexadecimal digits")
            try:
                number = int(text, 16)
            except ValueError:
                raise Unreadable(at, "not hexadecimal digits") from None
        return f"{number:0{8 * octets}b}"

    def slots(self, words: Sequence[int]) -> Iterator[tuple[int, int, str]]:
        """Yield what each bit that names an element names: word, bit (both from 0), key.

        Args:
            words: the number of bits in each bitmap.
        """
        number = 0
        for word, bits in enumerate(words):
            for bit in range(bits):
                number += 1
                if bit or not self.chained:
                    yield word, bit, str(number)

    def pieces(self, whole: Value) -> Iterator[Piece]:
        """Yield the elements of *whole*, in order; there are none where there is no bitmap either."""
        if not whole:
            return
        words, at = self.words(whole)
        for word, bit, key in self.slots([len(each) for each in words]):
            if words[word][bit] == "0":
                continue
            part = self.parts.get(key)
            if part is None:
                place = sum(len(each) for each in words[:word]) + bit
                raise Unreadable(place // 8 * self._wide, "the spec has no such part", key)
            piece = part.cut(whole, at)
            at = piece.end
            yield piece
        yield from self.rest(whole, words, at)

    def rest(self, whole: Value, words: Sequence[str], at: int) -> Iterator[Piece]:  # noqa: ARG002
        """Yield what follows the elements.

        Raises:
            Unreadable: nothing may.
        """
        if at < len(whole):
            noun = "byte" if self.binary else "character"
            raise Unreadable(at, f"{many(len(whole) - at, noun)} after the last part")
        yield from ()

    def fresh(self, key: str, value: object) -> Piece:
        """Return a new element."""
        return fresh(self.parts, key, value)

    def declared(self) -> Iterator[Part]:
        """Yield the elements, ascending."""
        yield from self.parts.values()

    def position(self, pieces: Sequence[Piece], key: str) -> int:
        """Return where element *key* stands among those that are there."""
        if any(each.key == key for each in pieces):
            raise EncodeError("", "a part is given twice")
        order = [*self.parts, TAIL]
        return sum(order.index(each.key) < order.index(key) for each in pieces)

    def joined(self, draft: Draft, whole: Value) -> Value:
        """Return the bitmap and these elements; the bitmap stays as it was where it still holds."""
        keys = [each.key for each in draft.pieces]
        same = bool(whole) and [each.key for each in self.pieces(whole)] == keys
        lead = whole[: self.words(whole)[1]] if same else self._lead(keys, self.words(whole)[0] if whole else [])
        draft.tail = self.empty
        pieces = draft.pieces
        if not pieces and not whole:
            return self.empty
        first = Piece("", None, 0, lead, self.empty, 0, self.empty)
        return super().joined(Draft([first, *pieces], self.empty), whole)

    def _lead(self, keys: Sequence[str], before: Sequence[str]) -> Value:
        """Return the bitmaps for these elements, as many as there were if they are enough."""
        count = max(1, len(before))
        while not self._holds(count, keys):
            count += 1
        words = [["0"] * (8 * self._octets(at)) for at in range(count)]
        for each in words[:-1]:
            each[0] = "1"
        for word, bit, key in self.slots([len(each) for each in words]):
            if key in keys:
                words[word][bit] = "1"
        self.mark(words, keys)
        raw = b"".join(int("".join(each), 2).to_bytes(len(each) // 8, "big") for each in words)
        if self._wide == 1:
            return raw
        text = raw.hex().upper()
        return text.encode(self.encoding) if self.binary else text

    def _holds(self, count: int, keys: Sequence[str]) -> bool:
        slots = {key for _, _, key in self.slots([8 * self._octets(word) for word in range(count)])}
        return all(key in slots for key in keys if key != TAIL)

    def mark(self, words: list[list[str]], keys: Sequence[str]) -> None:
        """Set the bits that name no element."""


class DatasetMap(Bitmapped):
    """A dataset bit map: 16 bits, and 8 more as often as needed; data objects may follow the elements.

    Args:
        parts: the elements, by number, ascending.
        tail: what follows the elements where the last bit says so, under the key ``tlv``.
        by_bit: whether the numbers are those of the bits; else of the bits that name elements.
    """

    __slots__ = ("by_bit", "tail")

    def __init__(self, parts: Mapping[int, Part], tail: Part, *, by_bit: bool = False) -> None:
        super().__init__(parts, 2, chained=True, binary=True)
        self.tail = tail
        self.by_bit = by_bit

    def _octets(self, word: int) -> int:
        return 1 if word else 2

    def slots(self, words: Sequence[int]) -> Iterator[tuple[int, int, str]]:
        """Yield what each bit names; the last one of all is a flag."""
        element = place = 0
        for word, bits in enumerate(words):
            for bit in range(bits):
                place += 1
                if not bit or (word == len(words) - 1 and bit == bits - 1):
                    continue
                element += 1
                yield word, bit, str(place if self.by_bit else element)

    def rest(self, whole: Value, words: Sequence[str], at: int) -> Iterator[Piece]:
        """Yield the data objects behind the elements as one part."""
        if words[-1][-1] == "1":
            yield self.tail.filled(whole[at:], at)
        else:
            yield from super().rest(whole, words, at)

    def fresh(self, key: str, value: object) -> Piece:
        """Return a new element, or what follows them."""
        return fresh({**self.parts, TAIL: self.tail}, key, value)

    def declared(self) -> Iterator[Part]:
        """Yield the elements and what may follow them."""
        yield from super().declared()
        yield self.tail

    def mark(self, words: list[list[str]], keys: Sequence[str]) -> None:
        """Say whether data objects follow."""
        if TAIL in keys:
            words[-1][-1] = "1"
