"""Parts one after the other: at fixed places, each with its own length, or one kind again and again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from iso_gateway.codec.parts.part import Part, Piece
from iso_gateway.codec.parts.structure import Change, Draft, Structure
from iso_gateway.codec.plan import Value
from iso_gateway.codec.unreadable import Unreadable, many
from iso_gateway.errors import EncodeError


class Positional(Structure):
    """Parts 1, 2, 3 in this order; those at the end may be left out.

    Args:
        parts: in their order.
        size: the layout is for values of exactly this size; None: for every value.
        binary: whether the value is bytes.
    """

    __slots__ = ("parts", "size")

    def __init__(self, parts: Sequence[Part], size: int | None = None, *, binary: bool) -> None:
        super().__init__(binary=binary)
        self.parts = {part.key: part for part in parts}
        self.size = size

    def pieces(self, whole: Value) -> Iterator[Piece]:
        """Yield the pieces of *whole*, in order."""
        at = 0
        noun = "byte" if self.binary else "character"
        for part in self.parts.values():
            if at == len(whole):
                return
            piece = part.cut(whole, at)
            at = piece.end
            yield piece
        if at < len(whole):
            raise Unreadable(at, f"{many(len(whole) - at, noun)} after the last part")

    def fresh(self, key: str, value: object) -> Piece:
        """Return a new piece."""
        return fresh(self.parts, key, value)

    def declared(self) -> Iterator[Part]:
        """Yield the parts, in order."""
        yield from self.parts.values()

    def position(self, pieces: Sequence[Piece], key: str) -> int:
        """Return where part *key* stands among those that are there."""
        if any(each.key == key for each in pieces):
            raise EncodeError("", "a part is given twice")
        before = list(self.parts)[: list(self.parts).index(key)]
        return sum(each.key in before for each in pieces)

    def checked(self, draft: Draft) -> None:
        """Refuse a gap: only parts at the end may be left out."""
        for part, piece in zip(self.parts.values(), draft.pieces, strict=False):
            if part.key != piece.key:
                raise EncodeError(part.key, f"is missing, and part {piece.key} comes after it")


class Layouts(Structure):
    """Positional parts, of which the size of the value says which; none where no layout is for its size.

    Args:
        layouts: each with a size of its own.
        binary: whether the value is bytes.
    """

    __slots__ = ("layouts",)

    def __init__(self, layouts: Sequence[Positional], *, binary: bool) -> None:
        super().__init__(binary=binary)
        self.layouts = tuple(layouts)

    def _layout(self, whole: Value) -> Positional | None:
        return next((each for each in self.layouts if each.size == len(whole)), None)

    def pieces(self, whole: Value) -> Iterator[Piece]:
        """Yield the pieces of *whole*, by the layout for its size."""
        layout = self._layout(whole)
        return iter(()) if layout is None else layout.pieces(whole)

    def fresh(self, key: str, value: object) -> Piece:
        """Return a new piece by the first layout."""
        return self.layouts[0].fresh(key, value)

    def declared(self) -> Iterator[Part]:
        """Yield the parts of every layout."""
        for each in self.layouts:
            yield from each.declared()

    def built(self, given_parts: Iterable[tuple[str, object]]) -> Value:
        """Return the value of the first layout that holds just these parts."""
        some = list(given_parts)
        refusals: list[EncodeError] = []
        for layout in self.layouts:
            try:
                value = layout.built(some)
            except EncodeError as refused:
                refusals.append(refused)
            else:
                if layout.size == len(value):
                    return value
        # The first layout's fault, if none could take these parts; else the parts are good and too few.
        if len(refusals) == len(self.layouts):
            raise refusals[0]
        raise EncodeError("", "no layout of this element has just these parts")

    def changed(self, whole: Value, changes: Iterable[Change]) -> Value:
        """Return *whole* with some parts changed, by the layout for its size."""
        some = list(changes)
        layout = self._layout(whole)
        if layout is not None:
            return layout.changed(whole, some)
        if whole:
            raise EncodeError(str(some[0][0][0]), "a value of this size has no parts to change")
        if any(len(steps) > 1 for steps, _ in some):
            raise EncodeError(str(some[0][0][0]), "a new value is given whole where its size chooses the layout")
        return self.built([(steps[0].key, value) for steps, value in some])


class Repeated(Structure):
    """One kind of part again and again, to the end: the additional amounts of DE 54. Its keys are 1, 2, 3.

    Args:
        part: the kind.
        binary: whether the value is bytes.
    """

    __slots__ = ("part",)

    def __init__(self, part: Part, *, binary: bool) -> None:
        super().__init__(binary=binary)
        self.part = part

    def pieces(self, whole: Value) -> Iterator[Piece]:
        """Yield the pieces of *whole*, in order."""
        at = 0
        count = 0
        while at < len(whole):
            count += 1
            try:
                piece = self.part.cut(whole, at)._replace(key=str(count))
            except Unreadable as fault:
                raise Unreadable(fault.at, fault.expected, str(count)) from None
            at = piece.end
            yield piece

    def fresh(self, key: str, value: object) -> Piece:
        """Return a new piece."""
        if not (key.isascii() and key.isdecimal() and len(key) <= 5 and key == str(int(key)) and int(key)):
            raise EncodeError("", "parts that are repeated are numbered from 1")
        body, length = self.part.written(value)
        return Piece(key, self.part, 0, self.part.head(length), body, length, self.empty)

    def declared(self) -> Iterator[Part]:
        """Yield the one kind of part."""
        yield self.part

    def within(self, key: str) -> Structure | None:  # noqa: ARG002 -- they are all alike
        """Return how the value of a new one is cut."""
        return self.part.field.inside

    def position(self, pieces: Sequence[Piece], key: str) -> int:
        """Return where the one of that number goes: behind all that are there."""
        if any(each.key == key for each in pieces):
            raise EncodeError("", "a part is given twice")
        return sum(int(each.key) < int(key) for each in pieces)

    def checked(self, draft: Draft) -> None:
        """Refuse a gap: only the last ones may be left out."""
        for number, piece in enumerate(draft.pieces, 1):
            if piece.key != str(number):
                raise EncodeError(str(number), f"is missing, and part {piece.key} comes after it")


def fresh(parts: dict[str, Part], key: str, value: object) -> Piece:
    """Return a new piece of the declared part *key*.

    Raises:
        EncodeError: see `Structure.fresh`.
    """
    part = parts.get(key)
    if part is None:
        raise EncodeError("", "the spec has no such part")
    body, length = part.written(value)
    return Piece(key, part, 0, part.head(length), body, length, b"" if part.binary else "")
