"""``iso-gateway redact``: messages that may be shared, still messages of their spec and of the same length."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from iso_gateway.cli.given import NoMessage, bytes_given
from iso_gateway.cli.options import framing_option, json_option, spec_option
from iso_gateway.cli.output import complain, say, say_json

if TYPE_CHECKING:
    from iso_gateway.codec.spec import Spec
    from iso_gateway.inspect.redacting import Redactor


@click.command()
@click.argument("given", nargs=-1, metavar="[HEX|FILE|-]...")
@spec_option
@click.option("--frames", is_flag=True, help="Each is a row of frames, as --framing says, and not a bare message.")
@framing_option
@json_option
def redact(*, given: tuple[str, ...], spec_name: str, framing_name: str, frames: bool, as_json: bool) -> int:
    """Take out of messages what nobody may see.

    Each of what is given is a message, or a file with one a line. Card numbers become test numbers of the same length
    and scheme, the same one for the same card in every element, tag and message of one call; tracks and names follow;
    PIN blocks, CVV and MACs are blanked. A merchant's name (DE 43), cryptograms and amounts stay. What comes out is
    hex, one message a line, that the same spec reads. Headers around a message stay as they are. What was replaced is
    counted on stderr.

    Exits 1 where a message cannot be read, or not be redacted: then nothing of it is printed. An input that is no hex,
    or of more than 4 MiB, is no message.
    """
    import contextlib
    import secrets

    from iso_gateway.catalog import load_spec
    from iso_gateway.errors import CannotRedact, DecodeError
    from iso_gateway.inspect.cards import Cards
    from iso_gateway.inspect.redacting import Redactor, card_numbers

    spec = load_spec(spec_name)
    redactor = Redactor(Cards(secrets.token_bytes(32)))
    some, broken = _messages(given, spec, framing_name if frames else "")
    for each in some:
        with contextlib.suppress(DecodeError):  # told of below
            for card in card_numbers(spec.decode(each.payload)):
                redactor.cards.avoid(card)
    found: list[str] = []
    for number, each in enumerate(some, 1):
        try:
            found.append((each.before + redactor.payload(spec, each.payload)).hex().upper())
        except (DecodeError, CannotRedact) as error:
            broken.append(f"message {number}: {error}; it is left out")
    for text in broken:
        complain(text)
    if as_json:
        counted = {"cards": len(redactor.cards), "replaced": dict(redactor.changed)}
        say_json({"messages": found, "left_out": len(broken)} | counted)
    else:
        for line in found:
            say(line)
        if found:
            complain(_counted(redactor, len(found)))
    return 1 if broken else 0


def _counted(redactor: Redactor, messages: int) -> str:
    """Return what was replaced, in one line."""
    from iso_gateway.codec.unreadable import many

    places = sorted(
        redactor.changed, key=lambda path: [int(each) if each.isdecimal() else 0 for each in path.split(".")]
    )
    replaced = ", ".join(
        f"{path}{f' ({count} times)' if (count := redactor.changed[path]) > 1 else ''}" for path in places
    )
    said = f"{many(messages, 'message')}, {many(len(redactor.cards), 'card')}"
    return f"{said}; replaced: {replaced}" if replaced else f"{said}; nothing in them had to be replaced"


class _Message(NamedTuple):
    """One message, and what stands before it."""

    before: bytes
    payload: bytes


def _messages(given: tuple[str, ...], spec: Spec, framing: str) -> tuple[list[_Message], list[str]]:
    """Return the messages, and what of the input is none."""
    from iso_gateway.cli.several import messages_given

    broken: list[str] = []
    found: list[_Message] = []
    inputs: list[tuple[str, ...]] = [(one,) for one in given]
    for each in inputs or [()]:
        if not framing:
            found += [_Message(b"", data) for data in messages_given(each, spec)]
            continue
        some, left = _framed(bytes_given(each, spec), framing)
        found += some
        if left:
            broken.append(left)
    return found, broken


def _framed(data: bytes, framing: str) -> tuple[list[_Message], str]:
    """Return the messages in a row of frames, and why it is not all of it."""
    from iso_gateway.codec.unreadable import many
    from iso_gateway.errors import FramingError
    from iso_gateway.framing import Framing

    parsed = Framing.parse(framing)
    framer = parsed.framer(65535)
    try:
        frames = framer.receive(data)
    except FramingError as error:
        raise NoMessage(f"no row of {framing} frames: {error.reason}") from None
    found: list[_Message] = []
    for frame in frames:
        wire = parsed.frame(frame.payload, frame.header)
        if frame.payload:
            found.append(_Message(wire[: len(wire) - len(frame.payload)], frame.payload))
    left = ""
    if framer.fault is not None:
        left = f"after {many(len(found), 'frame')}: {framer.fault.reason}; the rest is left out"
    elif framer.buffered:
        left = f"after {many(len(found), 'frame')}: {many(framer.buffered, 'byte')} of one cut short; they are left out"
    return found, left
