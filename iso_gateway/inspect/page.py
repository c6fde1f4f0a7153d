"""What is shown to people, as lines of pieces that say what they are: whoever prints them gives them their colours.

No line is wider than `WIDTH` columns, but where one word is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Final, NamedTuple

WIDTH: Final = 80


class Style(StrEnum):
    """What a piece is."""

    PLAIN = "plain"
    TITLE = "title"
    NAME = "name"
    """What something is called; less important than its value."""
    VALUE = "value"
    HIDDEN = "hidden"
    """A value that is masked."""
    GOOD = "good"
    BAD = "bad"
    NOTE = "note"
    """What is said of a value, and is not in the message."""


class Piece(NamedTuple):
    """A piece of a line."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[Piece, ...]
EMPTY: Final[Line] = ()


def line(*pieces: Piece | str) -> Line:
    """Return a line of *pieces*; plain text is a piece too."""
    return tuple(Piece(each) if isinstance(each, str) else each for each in pieces)


def column(text: str, width: int, style: Style = Style.PLAIN) -> Piece:
    """Return *text* in a column of *width*, with ``…`` where it is longer, and a space behind it."""
    cut = text if len(text) < width else text[: width - 2] + "…"
    return Piece(f"{cut:<{width}}", style)


def wrapped(text: str, indent: int, style: Style = Style.PLAIN, first: Line = EMPTY) -> Iterator[Line]:
    """Yield *text* in lines from column *indent* on; *first* stands before the first of them, and is so wide."""
    rows = textwrap.wrap(text, WIDTH - indent, break_on_hyphens=False) or [""]
    yield (*first, Piece(rows[0], style)) if first else line(" " * indent, Piece(rows[0], style))
    for row in rows[1:]:
        yield line(" " * indent, Piece(row, style))


def plain(lines: Iterable[Line]) -> str:
    """Return *lines* as text without styles."""
    return "\n".join("".join(piece.text for piece in each).rstrip() for each in lines)
