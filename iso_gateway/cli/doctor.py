"""``iso-gateway doctor``: which framing and spec bytes fit, and what to write into a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from iso_gateway.cli.given import raw_given
from iso_gateway.cli.options import json_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.cli.paint import show

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec
    from iso_gateway.inspect.doctor.search import Fit

SHOWN: Final = 5
"""Fits that are printed."""
FIRST: Final = ("iso87-ascii", "iso87-binary", "iso93-ascii", "iso93-binary", "cup-pos")
"""Of specs that fit alike, these come first."""


@click.command()
@click.argument("given", nargs=-1, metavar="[HEX|FILE|-]")
@click.option("--spec", "own", multiple=True, metavar="NAME|FILE", help="Try these first; may be given several times.")
@json_option
def doctor(*, given: tuple[str, ...], own: tuple[str, ...], as_json: bool) -> int:
    """Find out what bytes are: their framing, header, spec and form of bitmap.

    Give it one message or several, with whatever lies around them; several of them tell more. What comes out exactly
    is ranked by how much sense it makes: dates that are dates, card numbers with their check digit, currencies that
    exist. Where a spec almost fits, it is told which edit of it fits exactly, as a spec to paste.

    Nothing leaves this machine. Exits 1 where nothing fits, and tells how far the best attempt came.
    """
    from iso_gateway.codec.unreadable import many
    from iso_gateway.inspect.doctor.search import diagnose, furthest

    specs = _specs(own)
    inputs, unread = raw_given(given)
    found = [(data, fit) for data in inputs for fit in diagnose(data, specs)]
    fits = [fit for _, fit in sorted(found, key=lambda pair: pair[1].rank)][:SHOWN]
    if as_json:
        say_json({"fits": [_as_json(fit) for fit in fits]})
    elif fits:
        _print(fits)
    elif inputs:
        say("nothing fits exactly")
    if not as_json and not (fits and not fits[0].edits):
        starts = [start for data in inputs if (start := furthest(data, specs)) is not None]
        for wrap, spec, error in sorted(starts, key=lambda start: -start[2].offset)[:1]:
            how = f"{many(error.missing, 'byte')} or more missing" if error.missing else "it stops there"
            say(f"without edits the most can be read with {wrap.words} and spec {spec.name}: {how}, {error}")
    if unread:
        complain(unread)
    return 0 if fits and not unread else 1


def _specs(own: tuple[str, ...]) -> list[Spec]:
    from iso_gateway.catalog import load_spec, spec_names

    names = dict.fromkeys((*own, *FIRST, *spec_names()))
    return [load_spec(name) for name in names]


def _print(fits: list[Fit]) -> None:
    from iso_gateway.codec.mask import scan
    from iso_gateway.inspect.doctor.search import yaml_of
    from iso_gateway.inspect.explaining import one_line
    from iso_gateway.inspect.page import EMPTY, Line, Piece, Style, line

    lines: list[Line] = []
    for number, fit in enumerate(fits, 1):
        head = f"{number}. {fit.wrap.words}, spec {fit.spec.name}"
        lines.append(line(Piece(head, Style.TITLE), Piece(f"  {_sense(fit)}", Style.NOTE)))
        lines += [line("   ", Piece(edit.words, Style.BAD)) for edit in fit.edits]
        first = "   " if fit.wrap.total == 1 else f"   {fit.wrap.total} messages, the first: "
        # Read by a spec that is not the right one, a card number may stand anywhere.
        lines.append(line(first, scan(one_line(fit.message))))
    best = fits[0]
    lines += [EMPTY, line(Piece("to use the first:", Style.NOTE))]
    written = yaml_of(best)
    if written:
        lines += [line("   mine.yaml"), *(line("   ", each) for each in written.splitlines())]
    spec = "mine.yaml" if written else best.spec.name
    framing = f" --framing {best.wrap.framing}" if best.wrap.framing else ""
    if best.wrap.skipped:
        lines.append(line(Piece(f"   no framing of ours has that header of {best.wrap.skipped} bytes", Style.BAD)))
    lines.append(line(f"   iso-gateway host --port 9000 --spec {spec}{framing}"))
    lines.append(line(f'   spec = "{spec}"' + (f'   framing = "{best.wrap.framing}"' if best.wrap.framing else "")))
    show(lines)


def _sense(fit: Fit) -> str:
    doubts = f"; makes no sense: {', '.join(fit.sense.doubts)}" if fit.sense.doubts else ""
    return f"{fit.sense.share:.0%} sense{doubts}"


def _as_json(fit: Fit) -> dict[str, Any]:
    from iso_gateway.inspect.doctor.search import yaml_of

    return {
        "framing": fit.wrap.framing,
        "header": fit.wrap.skipped,
        "messages": fit.wrap.total,
        "spec": fit.spec.name,
        "edits": [edit.words for edit in fit.edits],
        "yaml": yaml_of(fit),
        "sense": round(fit.sense.share, 3),
        "doubts": list(fit.sense.doubts),
    }
