"""What `explaining`, `differing` and `doctor` found, as pages for people."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from itertools import zip_longest
from typing import Final

from iso_gateway.inspect.differing import Answered, Difference, How, Made
from iso_gateway.inspect.told import Cause, Entry, Explained, Place
from iso_gateway.page import EMPTY, WIDTH, Line, Piece, Style, column, line, row, wrapped

_ROW: Final = 16
"""Bytes of a line."""
_OFFSET: Final = 6
_BYTES: Final = 3 * _ROW + 3
"""Columns of the bytes of a line, with a bar between prefix and value."""


def of_explained(explained: Explained, data: bytes, *, unsafe: bool = False) -> Iterator[Line]:
    """Yield the page of a message: one line that says what happened, the elements, and the bytes.

    Of bytes that are no message those of card numbers are hidden, unless *unsafe*, also where bitmaps and lengths were
    read of them.
    """
    good = not explained.faults
    yield from wrapped(explained.summary, 0, Style.TITLE if good else Style.BAD)
    kind = next((entry.meaning[0] for entry in explained.entries if entry.path == "mti" and entry.meaning), "")
    said = [kind, explained.spec, f"{explained.length} bytes"]
    yield from wrapped(" · ".join(each for each in said if each), 0, Style.NOTE)
    yield EMPTY
    for entry in explained.entries:
        if entry.path not in {"mti", "bitmap"}:
            yield from _entry(entry)
    if any(entry.place for entry in explained.entries):
        yield EMPTY
        yield line(Piece(f"{'byte':<{_OFFSET}}{'length | value':<{_BYTES}}what it is", Style.NOTE))
        yield from _bytes(explained, data, frozenset() if good or unsafe else _secret(data))


def _secret(data: bytes) -> set[int]:
    from iso_gateway.codec.unsure import card_bytes  # noqa: PLC0415 -- most bytes are messages

    return card_bytes(data)


def _entry(entry: Entry) -> Iterator[Line]:
    key = entry.path.rpartition(".")[2] if entry.depth else entry.path
    style = Style.BAD if entry.fault else Style.HIDDEN if entry.masked else Style.VALUE
    return row(key, entry.name, entry.fault or entry.value, entry.depth, style=style, said=entry.meaning)


def _bytes(explained: Explained, data: bytes, secret: Container[int]) -> Iterator[Line]:
    """Yield the bytes of a message, an element or part of one a block, with what they are."""
    entries = [entry for entry in explained.entries if entry.place is not None]
    parents = {entry.path.rpartition(".")[0] for entry in entries if entry.depth}
    for entry in entries:
        place = entry.place
        assert place is not None
        if entry.path in parents:  # what is inside follows; only its own prefix is shown here
            place = Place(place.start, place.body, place.body, half_start=place.half_start)
        yield from _block(entry, place, data, secret)


def _block(entry: Entry, place: Place, data: bytes, secret: Container[int]) -> Iterator[Line]:
    what = " ".join(each for each in (entry.path, entry.encoding) if each)
    prefix = ["**" if at in secret else f"{data[at]:02x}" for at in range(place.start, place.body)]
    hidden = range(place.body, place.end) if entry.masked else secret
    body = ["**" if at in hidden else f"{data[at]:02x}" for at in range(place.body, place.end)]
    shown = prefix + body
    if place.half_start and shown:
        shown[0] = f".{shown[0][1]}"
    if place.half_end and shown:
        shown[-1] = f"{shown[-1][0]}."
    style = Style.HIDDEN if entry.masked else Style.VALUE
    said = [each[-1] for each in wrapped(what, _OFFSET + _BYTES, Style.NAME, line(""))]
    rows = range(0, max(len(shown), 1), _ROW)
    for at, name in zip_longest(rows, said, fillvalue=None):
        row = [] if at is None else shown[at : at + _ROW]
        bar = -1 if at is None else len(prefix) - at
        text = " ".join([*row[:bar], "|", *row[bar:]]) if 0 < bar < _ROW or (bar > 0 and not body) else " ".join(row)
        offset = "" if at is None else str(place.start + at)
        left = Piece(f"{offset:<{_OFFSET}}", Style.NOTE), Piece(f"{text:<{_BYTES}}", style)
        yield left if name is None else (*left, name)


def of_causes(causes: Iterable[Cause], faults: int = 1) -> Iterator[Line]:
    """Yield the likeliest causes, each with what speaks for it and what to change; or that there is none.

    Of several *faults* only values are wrong: see `reading`.
    """
    yield EMPTY
    told = list(causes)
    if not told and faults > 1:
        yield from wrapped(_VALUES, 0, Style.NOTE)
        return
    if not told:
        yield from wrapped(_NO_CAUSE, 0, Style.NOTE)
        return
    yield line(Piece("the likeliest cause" if len(told) == 1 else "the likeliest causes", Style.NOTE))
    for number, cause in enumerate(told, 1):
        yield from wrapped(cause.words, 3, Style.TITLE, line(f"{number}. "))
        yield from wrapped(cause.evidence, 3, Style.NOTE)
        yield from wrapped(cause.remedy, 3)
        yield from (line("      ", each) for each in cause.yaml.splitlines())
    if len(told) > 1:
        yield from wrapped(_WHICH, 0, Style.NOTE)


_WHICH: Final = "which of them it is, 'iso-gateway doctor' tells from several messages of the kind, one a line"
_VALUES: Final = "only these values are wrong, and all the rest comes out exactly: look at what fills them"
_NO_CAUSE: Final = (
    "no likely cause: no frame, header, other shipped spec, form of the bitmap or small change of this spec makes sense"
    " of all the bytes; several messages of the same kind tell 'doctor' more"
)


_SIGNS: Final = {
    How.SAME: " ",
    How.CHANGED: "~",
    How.ONLY_LEFT: "-",
    How.ONLY_RIGHT: "+",
    How.ORDER: "#",
    How.WRITTEN: "=",
}
_SIDE: Final = (WIDTH - 2 - 9 - 25) // 2
"""Columns of one side's value."""


def of_differences(differences: Iterable[Difference], *, same: bool = False) -> Iterator[Line]:
    """Yield a table of what differs, and with *same* of what does not."""
    for each in differences:
        if same or each.how is not How.SAME:
            style = Style.PLAIN if each.how is How.SAME else Style.BAD
            note = " differs under its mask" if each.hidden else ""
            yield from _sides(each, Piece(_SIGNS[each.how], style), note)


def of_answered(found: Iterable[Answered]) -> Iterator[Line]:
    """Yield a table of what an answer made of its request."""
    for each in found:
        style = Style.BAD if each.wrong else Style.GOOD if each.made is Made.ECHOED else Style.PLAIN
        mark = "!" if each.wrong else " "
        note = f" {each.made}"
        yield from _sides(each.difference, Piece(mark, style), note)
        if each.why:
            yield from wrapped(each.why, 11, Style.NOTE)


def _sides(difference: Difference, mark: Piece, note: str) -> Iterator[Line]:
    left, right = difference.left or "-", difference.right or "-"
    head = line(mark, " ", column(difference.path, 9), column(difference.name, 25, Style.NAME))
    if len(left) < _SIDE and len(right) + len(note) <= _SIDE:
        yield (*head, column(left, _SIDE, Style.VALUE), Piece(right, Style.VALUE), Piece(note, Style.NOTE))
        return
    yield (*head, Piece(note.strip(), Style.NOTE))
    # Of a side that has nothing the mark before the path tells it.
    for side, value in (("-", difference.left), ("+", difference.right)):
        for at in range(0, len(value), WIDTH - 13):
            yield line(" " * 11, side if at == 0 else " ", " ", Piece(value[at : at + WIDTH - 13], Style.VALUE))
