"""``iso-gateway doctor``: which framing and spec bytes fit, and what to write into a configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import click

from iso_gateway.cli.options import json_option, schema_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.cli.paint import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from iso_gateway.codec.spec import Spec
    from iso_gateway.inspect.doctor.cuts import Cut
    from iso_gateway.inspect.doctor.search import Fit
    from iso_gateway.inspect.doctor.slips import Slipped
    from iso_gateway.inspect.told import CutRow, FitRow, SlipRow
    from iso_gateway.page import Line

SHOWN: Final = 5
"""Fits that are printed."""
USUAL: Final = "2be"
"""The length that most frames have."""
BETWEEN: Final = " · "
"""What stands between the pieces of a message's line."""
REFERENCE: Final = re.compile(r"\d{12}", re.ASCII)
FIRST: Final = ("iso87-ascii", "iso87-binary", "iso93-ascii", "iso93-binary", "cup-pos")
"""Of specs that fit alike, these come first."""


@click.command()
@click.argument("given", nargs=-1, metavar="[HEX|FILE|-]...")
@click.option("--spec", "own", multiple=True, metavar="NAME|FILE", help="Try these first; may be given several times.")
@json_option
@schema_option("doctor")
def doctor(*, given: tuple[str, ...], own: tuple[str, ...], as_json: bool) -> int:
    """Find out what bytes are: their framing, header, spec and form of bitmap.

    Give it one message or several, one a line or an argument, with whatever lies around them, Ethernet, IP and TCP too;
    several of them tell more. What comes out exactly is ranked by how much sense it makes: dates that are dates, card
    numbers with their check digit, currencies that exist. Where a spec almost fits, it is told which edit of it fits
    exactly, as a spec to paste. Captures are read by `iso-gateway pcap`.

    Nothing leaves this machine. It takes some tenths of a second, and never more than some seconds. Exits 1 where
    nothing fits well, and tells how far the best attempt came.
    """
    from iso_gateway.cli.several import meant
    from iso_gateway.inspect.doctor.search import diagnose

    chosen = _specs(own)
    specs = list(chosen.values())
    inputs, unread = meant(given)
    found = [(each, fit) for each in inputs for fit in diagnose(each.messages, specs)]
    found.sort(key=lambda pair: pair[1].rank)
    rows = _alike([fit for _, fit in found])[:SHOWN]
    best = rows[0][0] if rows else None
    certain = best is not None and best.believed and not best.edits
    broken = None if certain else _broken([each.messages for each in inputs], specs)
    if best is not None and broken is not None and broken.worth < best.worth:
        broken = None
    good = best is not None and best.believed and broken is None
    if as_json:
        from iso_gateway.inspect.told import Diagnosed

        fits = [_as_json(fit, chosen) for row in rows for fit in row][:SHOWN]
        say_json(Diagnosed(fits, _cut_as_json(broken, chosen), unread, _slip_as_json(broken, chosen)))
    else:
        if best is not None and (note := found[0][0].note):
            say(note)
        _print(rows, broken, chosen, good=good)
        if inputs and broken is None and not certain:
            _furthest([each.messages for each in inputs], chosen)
    if unread:
        complain(unread)
    return 0 if good and not unread else 1


def _specs(own: tuple[str, ...]) -> dict[str, Spec]:
    """Return the specs to try, by what ``--spec`` takes for each: its name, or the path of its file."""
    from iso_gateway.catalog import load_spec, spec_names

    return {name: load_spec(name) for name in dict.fromkeys((*own, *FIRST, *spec_names()))}


def _called(spec: Spec, chosen: Mapping[str, Spec]) -> str:
    """Return what ``--spec`` and ``base`` take for a spec that is one of *chosen*."""
    return next(name for name, each in chosen.items() if each == spec)


def _broken(inputs: list[tuple[bytes, ...]], specs: list[Spec]) -> Cut | Slipped | None:
    """Return the message that one of *inputs* is but for one thing: its end, or a length or a bit that is wrong."""
    from iso_gateway.inspect.doctor.cuts import cut
    from iso_gateway.inspect.doctor.slips import slipped

    found = [look(messages, specs) for messages in inputs for look in (cut, slipped)]
    return max((each for each in found if each is not None), key=lambda each: each.worth, default=None)


def _alike(fits: list[Fit]) -> list[list[Fit]]:
    """Return *fits* in rows: those of one differ in the spec alone, and nothing in the bytes tells which is meant."""
    rows: dict[Any, list[Fit]] = {}
    for fit in fits:
        key = fit.wrap.framing, fit.wrap.skipped, fit.rank, fit.message.items(), tuple(edit.words for edit in fit.edits)
        rows.setdefault(key, []).append(fit)
    return list(rows.values())


def _print(rows: list[list[Fit]], broken: Cut | Slipped | None, chosen: Mapping[str, Spec], *, good: bool) -> None:
    from iso_gateway.page import EMPTY, Piece, Style, line, wrapped

    lines: list[Line] = []
    if broken is not None:
        lines += [*wrapped(_said_of(broken, chosen), 0, Style.BAD), *_message(broken.message, 1)]
        lines += [EMPTY, line(Piece("if it is right after all, and the spec is not:", Style.NOTE))] if rows else []
    elif not good:
        lines.append(
            line(Piece("nothing fits well; what comes out exactly:" if rows else "nothing fits exactly", Style.BAD))
        )
    for number, row in enumerate(rows, 1):
        lines += _row(number, row, chosen)
    if rows and good:
        lines += _to_paste(rows[0][0], chosen)
    show(lines)


def _said_of(end: Cut | Slipped, chosen: Mapping[str, Spec]) -> str:
    from iso_gateway.codec.unreadable import many
    from iso_gateway.inspect.doctor.slips import Slipped

    with_what = f"{end.wrap.words} and spec {_called(end.spec, chosen)}"
    if isinstance(end, Slipped):
        return f"one thing is wrong with the message, it seems: with {with_what} all makes sense, but {end.slip.words}"
    if end.missing:
        missing = many(getattr(end.error, "missing", 0), "byte")
        return f"cut short, it seems: with {with_what} all makes sense, and {missing} or more are missing: {end.error}"
    return f"too long, it seems: with {with_what} all makes sense: {end.error}"


def _row(number: int, row: list[Fit], chosen: Mapping[str, Spec]) -> list[Line]:
    from iso_gateway.page import Piece, Style, line, wrapped

    fit = row[0]
    name, *others = [_called(each.spec, chosen) for each in row]
    head = f"{number}. {fit.wrap.words}, spec {name}"
    lines = [line(Piece(head, Style.TITLE), Piece(f"  {_sense(fit)}", Style.NOTE))]
    if others:
        lines += wrapped(f"just as well: {', '.join(others)}", 3)
    for edit in fit.edits:
        lines += wrapped(edit.words, 3, Style.BAD)
    return lines + _message(fit.message, fit.wrap.total, believed=fit.believed)


def _message(message: Any, total: int, *, believed: bool = False) -> list[Line]:
    from iso_gateway.codec.mask import scan, shown
    from iso_gateway.inspect.explaining import one_line
    from iso_gateway.page import line

    # Read by a spec that is not the right one, a card number may stand anywhere, or a piece of one. Where the spec may
    # well be right, a retrieval reference number is what it seems: its 12 digits are too few for a card number.
    plain = f"RRN {shown(message, 37)}" if believed and _is_reference(message) else None
    pieces = [each if each == plain else scan(each) for each in one_line(message).split(BETWEEN)]
    return [line("   " if total == 1 else f"   {total} messages, the first: ", BETWEEN.join(pieces))]


def _is_reference(message: Any) -> bool:
    """Return whether DE 37 of *message* is 12 digits which stand in no other element, as those of a card might."""
    carried = message.text(37)
    others = [value for number, value in message.items() if number != 37 and isinstance(value, str)]
    return bool(REFERENCE.fullmatch(carried)) and not any(carried in each for each in others)


def _to_paste(best: Fit, chosen: Mapping[str, Spec]) -> list[Line]:
    """Return what to write where, for the first."""
    from shlex import quote

    from iso_gateway.inspect.doctor.search import json_text, yaml_of
    from iso_gateway.page import EMPTY, Piece, Style, line

    lines: list[Line] = [EMPTY, line(Piece("to use the first:", Style.NOTE))]
    name = _called(best.spec, chosen)
    # A spec that builds upon a file of the same name would build upon itself.
    file = "mine.yaml" if "mine.yaml" not in {each.rpartition("/")[2] for each in chosen} else "mine-edited.yaml"
    written = yaml_of(best, name)
    if written:
        lines += [line(f"   {file}"), *(line("   ", each) for each in written.splitlines())]
    spec = file if written else name
    # The length before the headers was left off: most have the one of two bytes.
    framing = f"{USUAL}+{best.wrap.headers}" if best.wrap.headers else best.wrap.framing
    # What host and gateway would refuse, or hear nothing but garbage with, is nothing to paste.
    missing = ""
    if best.wrap.skipped and not best.wrap.headers:
        missing = f"no framing of ours has that header of {best.wrap.skipped} bytes"
    elif not best.spec.profile:
        missing = f"{name} names no profile, which host and gateway need"
    if missing:
        return [*lines, line(f"   iso-gateway explain --spec {quote(spec)} -"), line(Piece(f"   {missing}", Style.BAD))]
    lines.append(
        line(f"   iso-gateway host --port 9000 --spec {quote(spec)}{f' --framing {framing}' if framing else ''}")
    )
    lines.append(line("   spec = ", json_text(spec)))
    if framing:
        lines.append(line(f'   framing = "{framing}"'))
    if best.wrap.headers:
        lines.append(line(f"   # the length before {best.wrap.headers} was left off here; {USUAL} is the usual one"))
    return lines


def _furthest(inputs: list[tuple[bytes, ...]], chosen: Mapping[str, Spec]) -> None:
    """Tell how far the specs come as they are."""
    from iso_gateway.codec.unreadable import many
    from iso_gateway.inspect.doctor.search import furthest
    from iso_gateway.page import wrapped

    starts = [start for messages in inputs if (start := furthest(messages, chosen.values())) is not None]
    for wrap, spec, error in sorted(starts, key=lambda start: -start[2].offset)[:1]:
        how = f"{many(error.missing, 'byte')} or more missing" if error.missing else "it stops there"
        name = _called(spec, chosen)
        said = f"without edits the most can be read with {wrap.words} and spec {name}: {how}, {error}"
        show(wrapped(said, 0))


def _sense(fit: Fit) -> str:
    doubts = f"; makes no sense: {', '.join(fit.sense.doubts)}" if fit.sense.doubts else ""
    return f"{fit.sense.share:.0%} sense{doubts}"


def _as_json(fit: Fit, chosen: Mapping[str, Spec]) -> FitRow:
    from iso_gateway.inspect.doctor.search import yaml_of
    from iso_gateway.inspect.told import FitRow

    return FitRow(
        framing=fit.wrap.framing,
        header=fit.wrap.skipped,
        headers=fit.wrap.headers,
        messages=fit.wrap.total,
        spec=_called(fit.spec, chosen),
        edits=[edit.words for edit in fit.edits],
        yaml=yaml_of(fit, _called(fit.spec, chosen)),
        sense=round(fit.sense.share, 3),
        doubts=list(fit.sense.doubts),
        believed=fit.believed,
    )


def _slip_as_json(end: Cut | Slipped | None, chosen: Mapping[str, Spec]) -> SlipRow | None:
    from iso_gateway.inspect.doctor.slips import Slipped
    from iso_gateway.inspect.told import SlipRow

    if not isinstance(end, Slipped):
        return None
    return SlipRow(end.wrap.framing, _called(end.spec, chosen), str(end.slip.number), end.slip.words)


def _cut_as_json(end: Cut | Slipped | None, chosen: Mapping[str, Spec]) -> CutRow | None:
    from iso_gateway.inspect.doctor.cuts import Cut
    from iso_gateway.inspect.told import CutRow

    if not isinstance(end, Cut):
        return None
    missing = getattr(end.error, "missing", 0) if end.missing else 0
    return CutRow(end.wrap.framing, end.wrap.skipped, _called(end.spec, chosen), missing, str(end.error))
