"""Everything that is inside an element, with its place and what is broken, in one pass.

It runs for those who want to see all of it: `describe`, `Spec.check`, traces. Its time grows with the bytes times
the depth, which the spec and `ber.DEPTH` bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from iso_gateway.codec.parts import paths
from iso_gateway.codec.parts.part import Piece, halves
from iso_gateway.codec.parts.structure import Structure
from iso_gateway.codec.parts.view import Item
from iso_gateway.codec.plan import PACKED, Row, Value
from iso_gateway.codec.unreadable import Unreadable

Place = Callable[[int], int]
"""Unit of a value -> half byte of the message. The units of bytes are half bytes, those of text its characters."""


class Node(NamedTuple):
    """One part, or one fault."""

    parent: str
    """The path of the composite that it is in, below the element; empty for the element itself."""
    key: str
    """Its key, with which one it is where the key came before; of a fault, empty where it is of no part."""
    depth: int
    """From 0."""
    item: Item | None
    """None where it cannot be read."""
    start: int
    """The half byte of the message at which its head begins."""
    body: int
    """The one at which its value begins."""
    end: int
    """The one after its last; of a fault, the one at which reading stopped."""
    fault: str = ""
    """What is wrong; empty for a part."""

    @property
    def path(self) -> str:
        """Below the element: ``70.9F26``."""
        return paths.joined(self.parent, self.key)


def nodes(structure: Structure, row: Row, value: Value, start: int) -> Iterator[Node]:
    """Yield everything that is inside an element, parents before what is in them, in the order of the bytes.

    Args:
        structure: how it is cut.
        row: how the element lies.
        value: what it carries.
        start: the half byte of the message at which its body begins.
    """
    place = halves(row, value)
    return _inside(structure, value, "", 0, lambda at: start + place(at))


def hidden(some: Sequence[Node]) -> set[str]:
    """Return the composites, as paths, whose parts are not to be shown.

    What cannot be read to its end may have been cut wrongly before.
    """
    found = {node.parent for node in some if node.fault}
    for node in some:
        if node.parent in found:
            found.add(node.path)
    return found


def _inside(structure: Structure, whole: Value, path: str, depth: int, place: Place) -> Iterator[Node]:
    scale = 2 if structure.binary else 1
    seen: dict[str, int] = {}
    last = 0
    try:
        for piece in structure.pieces(whole):
            nth = seen[piece.key] = seen.get(piece.key, 0) + 1
            name = piece.key if nth == 1 else f"{piece.key}#{nth}"
            last = piece.start
            spot = _spot(piece, place, scale)
            try:
                value = structure.value(piece)
            except Unreadable as fault:
                yield Node(path, name, depth, None, spot[0], spot[1], place(scale * fault.at), fault.expected)
                last = piece.end
                continue
            further = structure.inside(piece)
            words, mask = structure.known(piece)
            yield Node(path, name, depth, Item(piece.key, value, words, mask, further is not None), *spot)
            if further is not None:
                deeper = _below(piece, value, place, scale)
                yield from _inside(further, value, paths.joined(path, name), depth + 1, deeper)
            last = piece.end
    except Unreadable as fault:
        nth = seen.get(fault.key, 0) + 1
        name = fault.key if nth == 1 or not fault.key else f"{fault.key}#{nth}"
        at = place(scale * fault.at)
        yield Node(path, name, depth, None, min(place(scale * last), at), at, at, fault.expected)


def _spot(piece: Piece, place: Place, scale: int) -> tuple[int, int, int]:
    """Return where a part begins, where its value begins and ends; a pad nibble is none of the value."""
    start, at, end = scale * piece.start, scale * piece.at, scale * piece.end
    part = piece.part
    if part is not None and scale == 2 and part.row.op == PACKED and piece.length % 2:
        at += part.row.left
        end = at + piece.length
    return place(start), place(at), place(end)


def _below(piece: Piece, value: Value, place: Place, scale: int) -> Place:
    """Return where the units of the *value* of *piece* lie."""
    part = piece.part
    if part is None or scale == 1:
        # Also of hexadecimal digits in text: a character is a half byte.
        return lambda at: place(scale * piece.at + at)
    before = halves(part.row, value)
    return lambda at: place(2 * piece.at + before(at))
