"""Pages in colour, where they are shown on a terminal that has some and nobody asked for none (https://no-color.org)."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final

import click

from iso_gateway.cli.output import say
from iso_gateway.page import Line, Piece, Style, plain

COLOURS: Final[dict[Style, dict[str, Any]]] = {
    Style.PLAIN: {},
    Style.TITLE: {"bold": True},
    Style.NAME: {"fg": 30},
    Style.VALUE: {},
    Style.HIDDEN: {"fg": 130},
    Style.GOOD: {"fg": 28},
    Style.BAD: {"fg": 161, "bold": True},
    Style.NOTE: {"dim": True},
}
"""Colours of xterm's cube: of the eight that every terminal has, none is easily read on white and on black."""


def show(lines: Iterable[Line]) -> None:
    """Print *lines*; what is printed elsewhere than on a terminal has no colours.

    Raises:
        OutputLost: it cannot be written.
    """
    say(painted(lines) if in_colour() else plain(lines))


def in_colour() -> bool:
    """Return whether nobody asked for none."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(lines: Iterable[Line]) -> str:
    """Return *lines* in their colours, as a terminal shows them."""
    return "\n".join("".join(_painted(piece) for piece in each).rstrip() for each in lines)


def _painted(piece: Piece) -> str:
    style = COLOURS[piece.style]
    return click.style(piece.text, **style) if style and piece.text.strip() else piece.text
