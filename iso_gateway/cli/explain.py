"""``iso-gateway explain``: everything that one message says, and which bytes say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.cli.given import understood
from iso_gateway.cli.options import json_option, schema_option, spec_option, unsafe_option
from iso_gateway.cli.output import complain, say_json
from iso_gateway.cli.paint import show
from iso_gateway.inspect import explaining, showing

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec
    from iso_gateway.errors import DecodeError
    from iso_gateway.protocol.profile import Profile


@click.command()
@click.argument("given", nargs=-1, metavar="[HEX|FILE|-]")
@spec_option
@json_option
@schema_option("explain")
@unsafe_option
def explain(*, given: tuple[str, ...], spec_name: str, as_json: bool, unsafe: bool) -> int:
    """Explain a message: what its coded values mean, and every byte.

    Hex may come in any dress, as with 'decode', and is bounded likewise. What is masked is masked among the bytes too.

    Exits 1 where the bytes are no message, or an element is broken inside: what could be read is explained, and then
    what is wrong, with its place, and the two likeliest causes, if any convinces: what was left around the message,
    another spec, a form of bitmap, length or content that is not the spec's, a tag of another length than it says.
    They are looked for within bounds, which mostly takes some tenths of a second. So too where what is given is no
    hex, or not all of it.
    """
    spec = load_spec(spec_name)
    data, unread, _ = understood(given, spec)
    explained = explaining.explain(spec, data, _profile(spec), unsafe=unsafe, unread=unread)
    is_message, error = _error(spec, data) if explained.faults and data and not unread else (True, None)
    if error is not None:
        from iso_gateway.cli.place import likeliest

        explained = explained.because(likeliest(spec, data, error, spec_name))
    if as_json:
        say_json(explained)
    elif explained.entries or not unread:
        if explained.entries:
            show(showing.of_explained(explained, data, unsafe=unsafe))
        if explained.faults:
            _faults(spec, data, unsafe=unsafe)
        if explained.causes or not is_message:
            show(showing.of_causes(explained.causes, len(explained.faults)))
    if unread:
        complain(unread)
    return 1 if explained.faults or unread else 0


def _profile(spec: Spec) -> Profile | None:
    return load_profile(spec.profile) if spec.profile else None


def _error(spec: Spec, data: bytes) -> tuple[bool, DecodeError | None]:
    """Return whether *data* is a message, and why not, or what is broken first inside it."""
    from iso_gateway.errors import DecodeError

    try:
        return True, next(iter(spec.broken(spec.decode(data))), None)
    except DecodeError as error:
        return False, error


def _faults(spec: Spec, data: bytes, *, unsafe: bool) -> None:
    """Print where *data* breaks, with a caret."""
    from iso_gateway.cli.place import caret
    from iso_gateway.inspect.reading import read
    from iso_gateway.page import EMPTY, Piece, Style, line

    message, faults = read(spec, data)
    for fault in faults or (spec.broken(message) if message is not None else []):
        show([EMPTY, line(Piece(str(fault), Style.BAD)), *map(line, caret(spec, data, fault, unsafe=unsafe))])
