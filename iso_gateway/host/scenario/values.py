"""Values that an answer gets by a rule: literal, copied, or a template.

    APPROVED {request.4} {now:%d%m} {digits:6}

A template is text with places in braces, and no language: what a place may say stands in `PLACES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from iso_gateway.codec.message import Message
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import EncodeError
from iso_gateway.faults.elements import path_of
from iso_gateway.faults.fault import Chance
from iso_gateway.faults.when import Bare, value_of

PLACES: Final = {
    "request.ELEMENT": "an element or part of the request",
    "original.ELEMENT": "an element of the original, of those that the ledger keeps",
    "now:FORMAT": "the host's local time, in the directives %Y %y %m %d %j %H %M %S",
    "digits:N": "N digits of chance, 1 to 20",
}
KEPT: Final = ("4", "11", "15", "37", "38", "39", "41", "42", "49")
"""The elements of an original that the ledger keeps."""
LONGEST: Final = 1000
"""Characters of a template, and of what it gives."""
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_TIME: Final = re.compile(r"(?:%[YymdjHMS]|[^%]){1,40}")


class Piece(NamedTuple):
    """One piece of a value."""

    source: str
    """``text``, ``request``, ``original``, ``now``, ``digits``."""
    what: str
    """The text itself, a path, a format of time, a count."""


class Situation(NamedTuple):
    """What values are made of."""

    request: Message
    original: Mapping[str, str] | None
    """Of the original what `KEPT` names; None: there is none."""
    local: datetime
    """On the host's clocks."""
    chance: Chance


class Fill(NamedTuple):
    """One element or part of an answer, and what it gets."""

    path: str
    pieces: tuple[Piece, ...] | None
    """None: it is taken out."""

    def value(self, situation: Situation) -> str | None:
        """Return what it gets; None where nothing of what it is made of is there."""
        pieces = self.pieces or ()
        made = [_made(piece, situation) for piece in pieces]
        if all(value is None for value in made):
            return None
        return "".join(value for value in made if value is not None)[:LONGEST]


def template_of(spec: Spec, text: str) -> tuple[Piece, ...]:
    """Return the pieces of a template.

    Raises:
        ValueError: a place in it says nothing that is known.
    """
    if not 0 < len(text) <= LONGEST:
        raise ValueError(f"a text of 1 to {LONGEST} characters expected")
    pieces: list[Piece] = []
    at = 0
    for place in _PLACE.finditer(text):
        pieces += _literal(text[at : place.start()])
        pieces.append(_place(spec, place[1]))
        at = place.end()
    return (*pieces, *_literal(text[at:]))


def source_of(spec: Spec, said: str) -> Piece:
    """Return what is copied: ``request.60``, ``original.37``.

    Raises:
        ValueError: nothing can be copied from there.
    """
    side, dot, name = said.partition(".")
    if side not in {"request", "original"} or not dot:
        raise ValueError("request.ELEMENT or original.ELEMENT expected")
    path = path_of(spec, name)
    if side == "original" and path not in KEPT:
        raise ValueError(f"the ledger keeps no {path} of an original; known are {', '.join(KEPT)}")
    return Piece(side, path)


def checked(spec: Spec, path: str, text: str) -> None:
    """Raise `ValueError` where the element or part *path* of *spec* cannot hold *text*."""
    try:
        spec.message(next(iter(spec.plan.mtis)), {key_of(path): text})
    except EncodeError as error:
        raise ValueError(error.reason) from None


def key_of(path: str) -> int | str:
    """Return *path* as messages take it."""
    return int(path) if path.isdecimal() else path


def overlaid(answer: Message, changes: Mapping[str, str | None]) -> tuple[Message, list[str]]:
    """Return *answer* with *changes* by path, and the paths of those that it cannot carry."""
    made = {key_of(path): value for path, value in changes.items() if value is not None or _has(answer, path)}
    try:
        return answer.evolve(made), []
    except EncodeError:
        pass
    left_out: list[str] = []
    for key, value in made.items():
        try:
            answer = answer.evolve({key: value})
        except EncodeError:
            left_out.append(str(key))
    return answer, left_out


def _has(answer: Message, path: str) -> bool:
    return int(path.partition(".")[0]) in answer


def _literal(text: str) -> list[Piece]:
    if "{" in text or "}" in text:
        raise ValueError(f"a brace without its other; places are {', '.join(f'{{{each}}}' for each in PLACES)}")
    return [Piece("text", text)] if text else []


def _place(spec: Spec, said: str) -> Piece:
    name, _, rest = said.partition(":")
    if name == "now" and _TIME.fullmatch(rest):
        return Piece("now", rest)
    if name == "digits" and re.fullmatch(r"1?[0-9]|20", rest) and int(rest):
        return Piece("digits", rest)
    if said.startswith(("request.", "original.")):
        return source_of(spec, said)
    known = "; ".join(f"{{{each}}}: {meaning}" for each, meaning in PLACES.items())
    raise ValueError(f"a place that says nothing known; there are {known}")


def _made(piece: Piece, situation: Situation) -> str | None:
    match piece.source:
        case "text":
            return piece.what
        case "request":
            return value_of(Bare(situation.request), piece.what)
        case "original":
            return None if situation.original is None else situation.original.get(piece.what) or None
        case "now":
            return situation.local.strftime(piece.what)
        case _:
            return "".join(str(int(10 * situation.chance.random())) for _ in range(int(piece.what)))
