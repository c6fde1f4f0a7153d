"""Colours that can be read, on a terminal that is white as on one that is black."""

from __future__ import annotations

import pytest

from iso_gateway.cli.paint import COLOURS, painted
from iso_gateway.page import Piece, Style, line

LEVELS = (0, 95, 135, 175, 215, 255)


def luminance(colour: int) -> float:
    """Return the relative luminance of a colour of xterm's cube, from 0 to 1 (WCAG 2.1)."""
    steps = divmod(colour - 16, 36)[0], (colour - 16) // 6 % 6, (colour - 16) % 6
    parts = [LEVELS[step] / 255 for step in steps]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("style", [style for style in Style if "fg" in COLOURS[style]])
def test_a_colour_stands_out_from_white_and_from_black(style: Style) -> None:
    light = luminance(COLOURS[style]["fg"])
    # 4.58 is the most that one colour can have on both.
    assert min(1.05 / (light + 0.05), (light + 0.05) / 0.05) >= 4.0


def test_a_piece_is_painted_and_a_gap_is_not() -> None:
    assert painted([line(Piece("a", Style.BAD), Piece("  ", Style.BAD), "b")]) == "\x1b[38;5;161m\x1b[1ma\x1b[0m  b"
