"""``iso-gateway redact``: messages that may be shared, still messages of their spec and of the same length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from iso_gateway.cli.given import bytes_given
from iso_gateway.cli.options import framing_option, json_option, spec_option
from iso_gateway.cli.output import complain, say, say_json

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec


@click.command()
@click.argument("given", nargs=-1, metavar="[HEX|FILE|-]...")
@spec_option
@click.option("--frames", is_flag=True, help="Each is a row of frames, as --framing says, and not a bare message.")
@framing_option
@json_option
def redact(*, given: tuple[str, ...], spec_name: str, framing_name: str, frames: bool, as_json: bool) -> int:
    """Take out of messages what nobody may see.

    Card numbers become test numbers of the same length, the same one for the same card in every element, tag and
    message that is given; tracks and names follow; PIN blocks, CVV and MACs are blanked. What comes out is hex, one
    message a line, that the same spec reads. Headers around a message stay as they are.

    Exits 1 where a message cannot be read, or not be redacted: then nothing of it is printed. An input that is no hex,
    or of more than 4 MiB, is no message.
    """
    import secrets

    from iso_gateway.catalog import load_spec
    from iso_gateway.errors import CannotRedact, DecodeError
    from iso_gateway.inspect.cards import Cards
    from iso_gateway.inspect.redacting import Redactor

    spec = load_spec(spec_name)
    redactor = Redactor(Cards(secrets.token_bytes(32)))
    found: list[str] = []
    failed = 0
    for number, (before, payload) in enumerate(_messages(given, spec, framing_name if frames else ""), 1):
        try:
            found.append((before + redactor.payload(spec, payload)).hex().upper())
        except (DecodeError, CannotRedact) as error:
            failed += 1
            complain(f"message {number}: {error}; it is left out")
    if as_json:
        say_json({"messages": found, "left_out": failed})
    else:
        for each in found:
            say(each)
    return 1 if failed else 0


def _messages(given: tuple[str, ...], spec: Spec, framing: str) -> list[tuple[bytes, bytes]]:
    """Return what stands before each message, and the message."""
    inputs = [bytes_given((each,), spec) for each in given] or [bytes_given((), spec)]
    if not framing:
        return [(b"", data) for data in inputs]
    from iso_gateway.errors import FramingError
    from iso_gateway.framing import Framing

    parsed = Framing.parse(framing)
    found: list[tuple[bytes, bytes]] = []
    for data in inputs:
        try:
            frames = parsed.framer(65535).receive(data)
        except FramingError as error:
            raise click.ClickException(f"no row of {framing} frames: {error.reason}") from None
        for frame in frames:
            wire = parsed.frame(frame.payload, frame.header)
            found.append((wire[: len(wire) - len(frame.payload)], frame.payload))
    return found
