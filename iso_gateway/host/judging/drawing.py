"""One message and its answer as a picture: two arrows between terminal and host, one cut where nobody answered."""

from __future__ import annotations

from html import escape
from typing import Final

from iso_gateway.host.judging.seen import Seen
from iso_gateway.host.judging.words import answer_line, request_line

WIDTH: Final = 560
HEIGHT: Final = 62
_LEFT, _RIGHT = 16, WIDTH - 16
"""Where the terminal's line and the host's stand."""
_ASKS, _ANSWERS = 21, 47
"""How far down the two arrows are."""
_CUT: Final = WIDTH // 2
"""How far an answer comes that never arrives."""
_BELOW: Final = 20 * HEIGHT
"""The lines of terminal and host go on beside the longest note; the row cuts them off."""


def row_of(seen: Seen, *, at_fault: bool) -> str:
    """Return the picture of *seen* as inline SVG."""
    title = escape(f"{request_line(seen)}: {answer_line(seen)}", quote=True)
    to_host = not seen.outgoing
    name = "row fault" if at_fault else "row"
    return (
        f'<svg class="{name}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">'
        f'<path class="life" d="M{_LEFT} 0V{_BELOW}M{_RIGHT} 0V{_BELOW}"/>'
        f"{_arrow('asks', _ASKS, rightward=to_host)}{_text(_ASKS, request_line(seen))}"
        f"{_answer(seen, rightward=not to_host)}</svg>"
    )


def _answer(seen: Seen, *, rightward: bool) -> str:
    if seen.given is not None:
        name, said = ("answers", "said") if seen.believable else ("answers wrong", "said wrong")
        return _arrow(name, _ANSWERS, rightward=rightward) + _text(_ANSWERS, answer_line(seen), said)
    start, back = (_LEFT, 1) if rightward else (_RIGHT, -1)
    if seen.hang_up:  # the connection is gone: a wall stands where the answer would have set out
        wall = f'<path class="cross" d="M{start + 6 * back} {_ANSWERS - 8}v16m{4 * back} -16v16"/>'
        return wall + _beside(seen, start + 20 * back, rightward=rightward)
    lost = f'<path class="cut" d="M{start} {_ANSWERS}H{_CUT - 12 * back}"/>'
    cross = f'<path class="cross" d="M{_CUT - 5} {_ANSWERS - 5}l10 10M{_CUT - 5} {_ANSWERS + 5}l10 -10"/>'
    return lost + cross + _beside(seen, _CUT + 16 * back, rightward=rightward)


def _beside(seen: Seen, at: int, *, rightward: bool) -> str:
    name = "beside after" if rightward else "beside"
    return f'<text class="{name}" x="{at}" y="{_ANSWERS + 4}">{escape(seen.how)}</text>'


def _arrow(name: str, down: int, *, rightward: bool) -> str:
    start, end = (_LEFT, _RIGHT) if rightward else (_RIGHT, _LEFT)
    back = -9 if rightward else 9
    return (
        f'<path class="{name}" d="M{start} {down}H{end}"/><path class="head {name}" d="M{end} {down}l{back} -4.5v9z"/>'
    )


def _text(down: int, text: str, name: str = "asked") -> str:
    return f'<text class="{name}" x="{_CUT}" y="{down - 6}">{escape(text)}</text>'
