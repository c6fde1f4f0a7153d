"""What all composites share: finding a part in one, reading them all, changing some and keeping every other byte."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from iso_gateway.codec import given
from iso_gateway.codec.likeness import alike
from iso_gateway.codec.parts import paths
from iso_gateway.codec.parts.part import Part, Piece
from iso_gateway.codec.parts.paths import Step
from iso_gateway.codec.parts.view import Item
from iso_gateway.codec.plan import Value
from iso_gateway.codec.unreadable import Unreadable
from iso_gateway.errors import EncodeError

Found = TypeVar("Found")
Change = tuple[tuple[Step, ...], object]
"""Where, and what shall stand there; None takes the part out."""


class Draft:
    """The pieces of a composite while some of them are changed; *tail* stands behind the last and means nothing."""

    __slots__ = ("pieces", "tail")

    def __init__(self, pieces: list[Piece], tail: Any) -> None:
        self.pieces = pieces
        self.tail = tail


class Structure(ABC):
    """One way to cut a value into parts.

    Args:
        binary: whether the value is bytes; else it is text.
    """

    __slots__ = ("binary",)

    def __init__(self, *, binary: bool) -> None:
        self.binary = binary

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(
            getattr(self, name) == getattr(other, name)
            for kind in type(self).__mro__
            for name in kind.__dict__.get("__slots__", ())
        )

    # They compare by what they declare; nobody keeps them in a set.
    __hash__ = None  # type: ignore[assignment]

    @property
    def empty(self) -> Value:
        """The value with nothing in it."""
        return b"" if self.binary else ""

    @abstractmethod
    def pieces(self, whole: Value) -> Iterator[Piece]:
        """Yield the pieces of *whole*, in order.

        Raises:
            Unreadable: there, it cannot be cut; the place counts from the beginning of *whole*.
        """

    @abstractmethod
    def fresh(self, key: str, value: object) -> Piece:
        """Return a new piece that says *value*, its place still to be found.

        Raises:
            EncodeError: there is no such part, or it cannot hold that; the path is that below the part.
        """

    @abstractmethod
    def declared(self) -> Iterator[Part]:
        """Yield the parts that the spec names."""

    def normal(self, key: str) -> str:
        """Return *key* as the pieces have it."""
        return key

    def inside(self, piece: Piece) -> Structure | None:
        """Return how the value of *piece* is cut further; None where it is not, or nobody knows how."""
        return None if piece.part is None else piece.part.field.inside

    def within(self, key: str) -> Structure | None:
        """Return what `inside` would for a new piece of that key."""
        part = next((each for each in self.declared() if each.key == key), None)
        return None if part is None else part.field.inside

    def known(self, piece: Piece) -> tuple[str, str]:
        """Return the name of a piece and what may be seen of it: see `mask`. Of what nobody declared, nothing."""
        return ("", "all") if piece.part is None else (piece.part.name, piece.part.mask)

    def position(self, pieces: Sequence[Piece], key: str) -> int:  # noqa: ARG002 -- others need the key
        """Return where among *pieces* a new one of that key goes."""
        return len(pieces)

    def checked(self, draft: Draft) -> None:  # noqa: B027 -- most composites can be joined of anything
        """Refuse what cannot be joined.

        Raises:
            EncodeError: these pieces do not go together.
        """

    def joined(self, draft: Draft, whole: Value) -> Value:  # noqa: ARG002 -- a bitmap needs what was
        """Return the value that consists of these pieces; *whole* is what it was before."""
        some: list[Any] = []
        for each in draft.pieces:
            some += (each.gap, each.head, each.body)
        some.append(draft.tail)
        nothing: Any = self.empty
        value: Value = nothing.join(some)
        return value

    def value(self, piece: Piece) -> Value:
        """Return what *piece* carries.

        Raises:
            Unreadable: it is not of its format; the place counts from the beginning of the whole.
        """
        if piece.part is None:
            return piece.body
        try:
            return piece.part.read(piece.body, piece.length)
        except Unreadable as fault:
            raise Unreadable(piece.at + fault.at, fault.expected, piece.key) from None

    def find(self, whole: Value, step: Step) -> Piece:
        """Return the piece that *step* names.

        Raises:
            KeyError: there is none.
            Unreadable: *whole* is broken, there or anywhere else.
        """
        key = self.normal(step.key)
        found = [each for each in self.pieces(whole) if each.key == key]
        if len(found) < step.nth:
            raise KeyError(str(step))
        return found[step.nth - 1]

    def one(self, whole: Value, path: str) -> Value:
        """Return the value at *path*.

        Raises:
            KeyError: there is none.
            Unreadable: a composite on the way is broken, or the part is not of its format; the place counts from
                the beginning of *whole*.
        """
        return self.deep(whole, paths.steps(path))

    def deep(self, whole: Value, steps: Sequence[Step]) -> Value:
        """Return the value to which *steps* lead: see `one`."""
        piece = self.find(whole, steps[0])
        value = self.value(piece)
        if len(steps) == 1:
            return value
        return self._further(piece, value, lambda structure: structure.deep(value, steps[1:]), steps[0])

    def read(self, whole: Value, steps: Sequence[Step] = ()) -> tuple[Item, ...]:
        """Return the parts of *whole*, or of the composite in it to which *steps* lead.

        Raises:
            KeyError: there is no such composite.
            Unreadable: see `one`.
        """
        if not steps:
            return tuple(self._item(each) for each in self.pieces(whole))
        piece = self.find(whole, steps[0])
        value = self.value(piece)
        return self._further(piece, value, lambda structure: structure.read(value, steps[1:]), steps[0])

    def _item(self, piece: Piece) -> Item:
        name, mask = self.known(piece)
        return Item(piece.key, self.value(piece), name, mask, self.inside(piece) is not None)

    def _further(self, piece: Piece, value: Value, look: Callable[[Structure], Found], step: Step) -> Found:
        """Return what *look* finds in a composite piece; a fault there gets its place in this whole."""
        structure = self.inside(piece)
        if structure is None:
            raise KeyError(str(step))
        try:
            return look(structure)
        except Unreadable as fault:
            at = fault.at if piece.part is None else piece.part.outward(piece.body, value, fault.at)
            raise Unreadable(piece.at + at, fault.expected, paths.joined(step, fault.key)) from None

    def built(self, given_parts: Iterable[tuple[str, object]]) -> Value:
        """Return the value that holds these parts, tags in the order given.

        Raises:
            EncodeError: it cannot hold that; the path is that below this composite.
        """
        draft = Draft([], self.empty)
        for key, value in given_parts:
            if value is not None:
                self._insert(draft, self._piece(self.normal(key), value, None))
        self.checked(draft)
        return self.joined(draft, self.empty)

    def changed(self, whole: Value, changes: Iterable[Change]) -> Value:
        """Return *whole* with some parts changed and all else as it was.

        Args:
            whole: what it holds now; empty where it is new.
            changes: where and what. None takes out the part that the path names, or all of that key where it does
                not say which.

        Raises:
            EncodeError: it cannot hold that; the path is that below this composite.
            Unreadable: *whole* is broken as it is.
        """
        pieces = list(self.pieces(whole)) if whole else []
        draft = Draft(pieces, whole[pieces[-1].end :] if pieces else whole)
        deeper: dict[Step, list[Change]] = {}
        for steps, value in changes:
            first = steps[0]._replace(key=self.normal(steps[0].key))
            if len(steps) > 1:
                deeper.setdefault(first, []).append((steps[1:], value))
            elif value is None:
                self._take_out(draft, first)
            else:
                self._put(draft, first, value)
        for step, some in deeper.items():
            self._put_inside(draft, step, some)
        self.checked(draft)
        return self.joined(draft, whole)

    def _piece(self, key: str, value: object, old: Piece | None) -> Piece:
        """Return a piece of that key and value; one that says the same keeps its very bytes."""
        try:
            piece = self.fresh(key, value)
        except EncodeError as error:
            raise EncodeError(paths.joined(key, error.field), error.reason) from None
        if old is None:
            return piece
        if (piece.body, piece.length) == (old.body, old.length):
            return old
        piece = self._near(piece, old)
        head = old.head if len(piece.body) == len(old.body) and piece.length == old.length else piece.head
        return piece._replace(head=head, gap=old.gap)

    def _near(self, new: Piece, old: Piece) -> Piece:
        """Return a piece that says what *new* says and keeps what *old* had and no value says."""
        if new.part is None or new.part is not old.part:
            return new
        try:
            before: Any = self.value(old), old.body
        except Unreadable:
            return new
        after: Any = new.part.read(new.body, new.length), new.body
        return new._replace(body=alike(new.part.row, before, after))

    def _at(self, draft: Draft, step: Step) -> int | None:
        """Return the place of the piece that *step* names, or None where it would be a new one.

        Raises:
            EncodeError: others would have to come before it.
        """
        places = [at for at, each in enumerate(draft.pieces) if each.key == step.key]
        if step.nth <= len(places):
            return places[step.nth - 1]
        if step.nth > len(places) + 1:
            raise EncodeError(str(step), f"there are only {len(places)} of them")
        return None

    def _put(self, draft: Draft, step: Step, value: object) -> None:
        at = self._at(draft, step)
        if at is None:
            self._insert(draft, self._piece(step.key, value, None))
        else:
            draft.pieces[at] = self._piece(step.key, value, draft.pieces[at])

    def _put_inside(self, draft: Draft, step: Step, changes: list[Change]) -> None:
        at = self._at(draft, step)
        old = None if at is None else draft.pieces[at]
        structure = self.within(step.key) if old is None else self.inside(old)
        if structure is None:
            raise EncodeError(paths.joined(step, changes[0][0][0]), "the spec has no such part")
        try:
            value = structure.empty if old is None else self.value(old)
            value = structure.changed(value, changes)
        except EncodeError as error:
            raise EncodeError(paths.joined(step, error.field), error.reason) from None
        except Unreadable as fault:
            raise Unreadable(0, fault.expected, paths.joined(step, fault.key)) from None
        self._put(draft, step, value)

    def _insert(self, draft: Draft, piece: Piece) -> None:
        draft.pieces.insert(self.position(draft.pieces, piece.key), piece)

    def _take_out(self, draft: Draft, step: Step) -> None:
        """Take out the piece that *step* names; what stood before it and means nothing stays."""
        places = [at for at, each in enumerate(draft.pieces) if each.key == step.key]
        if step.said:
            places = places[step.nth - 1 : step.nth]
        for at in reversed(places):
            gap: Any = draft.pieces.pop(at).gap
            if not gap:
                continue
            if at < len(draft.pieces):
                following: Any = draft.pieces[at]
                draft.pieces[at] = following._replace(gap=gap + following.gap)
            else:
                draft.tail = gap + draft.tail


def octets(value: object) -> bytes:
    """Return what people give for a part of which the spec says nothing."""
    return given.octets("", value)
