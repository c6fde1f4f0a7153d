"""What is shown to people, as lines of pieces that say what they are: whoever prints them gives them their colours.

`row` draws one element or part of a message, wherever one is drawn. No line is wider than `WIDTH` columns, but where
one word is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    if len(text) <= WIDTH - indent:
        yield (*first, Piece(text, style)) if first else line(" " * indent, Piece(text, style))
        return
    import textwrap  # noqa: PLC0415 -- most are short enough, and commands are quicker without

    rows = textwrap.wrap(text, WIDTH - indent, break_on_hyphens=False, break_long_words=False)
    yield (*first, Piece(rows[0], style)) if first else line(" " * indent, Piece(rows[0], style))
    for row in rows[1:]:
        yield line(" " * indent, Piece(row, style))


_PATH: Final = 6
"""Columns for a key: a number, a tag of two bytes."""
VALUE: Final = 40
"""Where values begin."""
_LEAST: Final = 10
"""Columns for a name, beside the longest key."""
_DEEPEST: Final = 4
"""Parts deeper than this are not indented further."""


def row(
    key: str, name: str, value: str, depth: int = 0, *, style: Style = Style.VALUE, said: Sequence[str] = ()
) -> Iterator[Line]:
    """Yield an element or part of a message: its key, its name, its value, and what is said of the value."""
    path = " " * (2 * min(depth, _DEEPEST)) + key
    width = max(_PATH + len(path) - len(key), min(len(path) + 1, VALUE - _LEAST))
    left = line(column(path, width), column(name, VALUE - width, Style.NAME))
    if style is Style.BAD:
        yield from wrapped(value, VALUE, style, left)
        return
    if len(said) == 1 and len(value) + 2 + len(said[0]) <= WIDTH - VALUE:
        yield (*left, Piece(value, style), Piece("  "), Piece(said[0], Style.NOTE))
        return
    values = [value[at : at + WIDTH - VALUE] for at in range(0, len(value), WIDTH - VALUE)] or [""]
    yield (*left, Piece(values[0], style))
    for each in values[1:]:
        yield line(" " * VALUE, Piece(each, style))
    for each in said:
        yield from wrapped(each, VALUE, Style.NOTE)


def plain(lines: Iterable[Line]) -> str:
    """Return *lines* as text without styles."""
    return "\n".join("".join(piece.text for piece in each).rstrip() for each in lines)
