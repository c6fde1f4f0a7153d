"""``iso-gateway explain``: everything that one message says, and which bytes say it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import click

from iso_gateway.cli.given import understood
from iso_gateway.cli.options import json_option, spec_option, unsafe_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.cli.paint import show

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec


@click.command()
@click.argument("given", nargs=-1, metavar="[HEX|FILE|-]")
@spec_option
@json_option
@unsafe_option
def explain(*, given: tuple[str, ...], spec_name: str, as_json: bool, unsafe: bool) -> int:
    """Explain a message: what its coded values mean, and every byte.

    Hex may come in any dress, as with 'decode', and is bounded likewise. What is masked is masked among the bytes too.

    Exits 1 where the bytes are no message, or an element is broken inside: what could be read is explained, and then
    what is wrong, with its place and what it may be instead. So too where what is given is no hex, or not all of it.
    """
    from iso_gateway.catalog import load_spec
    from iso_gateway.inspect import explaining, showing

    spec = load_spec(spec_name)
    data, unread = understood(given, spec)
    explained = explaining.explain(
        spec, data, _Codes(spec.profile) if spec.profile else None, unsafe=unsafe, unread=unread
    )
    if as_json:
        say_json(explaining.as_json(explained))
    elif data or not unread:
        if explained.entries:
            show(showing.of_explained(explained, data))
        if explained.faults:
            _faults(spec, data, unsafe=unsafe)
    if unread:
        complain(unread)
    return 1 if explained.faults or unread else 0


class _Codes:
    """The response codes of a dialect, whose profile is loaded for a message that has one."""

    def __init__(self, profile: str) -> None:
        self._profile = profile

    def meaning(self, code: str) -> str:
        """Return *code* in words."""
        from iso_gateway.catalog import load_profile

        return load_profile(self._profile).meaning(code)


def _faults(spec: Spec, data: bytes, *, unsafe: bool) -> None:
    """Print where *data* breaks, with a caret, and what else it may be."""
    from iso_gateway.cli.place import caret, guesses
    from iso_gateway.errors import DecodeError

    try:
        faults = spec.broken(spec.decode(data))
    except DecodeError as error:
        faults = [error]
        further = list(itertools.islice(guesses(spec, data), 2))
    else:
        further = []
    for fault in faults:
        say("\n" + "\n".join([str(fault), *caret(spec, data, fault, unsafe=unsafe)]))
    for guess in further:
        say(guess)
