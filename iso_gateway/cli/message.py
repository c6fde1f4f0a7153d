"""``iso-gateway decode|encode``: one message, from bytes to what it says and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from iso_gateway.catalog import load_spec
from iso_gateway.cli.given import text_given, understood
from iso_gateway.cli.options import json_option, schema_option, spec_option, unsafe_option
from iso_gateway.cli.output import complain, say, say_json
from iso_gateway.cli.paint import show
from iso_gateway.codec.describe import table
from iso_gateway.errors import DecodeError
from iso_gateway.page import EMPTY, Piece, Style, line, wrapped

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.codec.presence import Violation
    from iso_gateway.codec.spec import Spec
    from iso_gateway.inspect.told import Cause


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("given", nargs=-1, metavar="[HEX|FILE|-]")
@spec_option
@json_option
@schema_option("decode")
@unsafe_option
@click.option("--check", is_flag=True, help="Judge it by the profile: what it must have.")
def decode(*, given: tuple[str, ...], spec_name: str, as_json: bool, unsafe: bool, check: bool) -> int:
    """Read a message.

    Hex may come in any dress: digits with or without spaces and 0x, a dump with offsets and text (hexdump, xxd, od,
    Wireshark, tcpdump, jPOS), base64, an array or a text with escapes of a program, a line of a log; as arguments, in a
    file, or on stdin (-). A file of raw bytes will do too. It begins at the MTI; of a packet the headers are taken off.
    The elements of a message in a jPOS log are read as the bytes that the spec makes of them. Card numbers and the like
    are masked, and nothing leaves this machine.

    Exits 1 where the bytes are no message, or one that --check finds fault with: what was read is printed, and then
    what is wrong, each with its place. Exits 1 too where what is given is no hex, or not all of it: what shows bytes
    is read, and the first character that does not is told. A file that is missing, and a folder, are wrong usage: 2.

    Of an input its first 512 KiB are kept, and of these 65,535 bytes of a message looked at; what follows is counted,
    up to 64 MiB. So 10 MB of hex take a second and some 20 MiB of memory at the most.
    """
    spec = load_spec(spec_name)
    data, unread, _ = understood(given, spec)
    message: Message | None
    broken = None
    try:
        message = spec.decode(data)
    except DecodeError as error:
        from iso_gateway.inspect.reading import read

        broken, (message, faults) = error, read(spec, data)
    else:
        faults = spec.broken(message)
    why = broken or next(iter(faults), None)
    causes = _likeliest(spec, data, why, spec_name) if why is not None and data and not unread else None
    found = _judged(spec, message) if check and broken is None and message is not None else []
    if as_json:
        _say_json(message, faults, causes or [], found, unread, unsafe=unsafe)
    elif message is not None or not unread:
        if message is not None:
            show(table(message, unsafe=unsafe))
        for each in faults:
            _point(spec, data, each, unsafe=unsafe)
        if causes or (causes is not None and broken is not None):
            _show(causes, len(faults))
        if found:
            show([EMPTY, *(row for each in found for row in wrapped(str(each), 2, Style.PLAIN, line(_WRONG)))])
    if unread:
        complain(unread)
    return 1 if faults or found or unread else 0


def _judged(spec: Spec, message: Message) -> list[Violation]:
    """Return what is wrong with *message* by the rules of presence."""
    from iso_gateway.codec.presence import violations

    return violations(spec.presence, message)


def _likeliest(spec: Spec, data: bytes, error: DecodeError, spec_name: str) -> list[Cause]:
    from iso_gateway.cli.place import likeliest

    return likeliest(spec, data, error, spec_name)


def _show(causes: list[Cause], faults: int) -> None:
    from iso_gateway.inspect.showing import of_causes

    show(of_causes(causes, faults))


def _say_json(
    message: Message | None,
    faults: list[DecodeError],
    causes: list[Cause],
    found: list[Violation],
    unread: str,
    *,
    unsafe: bool,
) -> None:
    """Print all of it as `told.Decoded`."""
    from iso_gateway.codec.describe import to_json
    from iso_gateway.inspect.told import Decoded, Fault
    from iso_gateway.inspect.told import Violation as Told

    read = to_json(message, unsafe=unsafe) if message is not None else {"mti": None, "fields": {}}
    violations = [Told(each.path, each.rule, each.reason) for each in found]
    wrong = [Fault.of(each) for each in faults]
    say_json(Decoded(**read, faults=wrong, causes=causes, violations=violations, unread=unread))


def _point(spec: Spec, data: bytes, error: DecodeError, *, unsafe: bool) -> None:
    """Print the place of *error*."""
    from iso_gateway.cli.place import caret

    show([EMPTY, *wrapped(str(error), 0, Style.BAD)])
    for row in caret(spec, data, error, unsafe=unsafe):
        say(row)


_WRONG: Final = Piece("! ", Style.BAD)
"""Stands before each rule that is broken."""


@click.command()
@click.argument("given", required=False, metavar="[JSON|FILE|-]")
@spec_option
@click.option("--mti", metavar="MTI", help="Instead of JSON: the message type.")
@click.option(
    "--field",
    "-f",
    "fields",
    multiple=True,
    metavar="PATH=VALUE",
    help="Instead of JSON: 4=1234, 55.9F26=..., processing_code=000000.",
)
def encode(*, given: str | None, spec_name: str, mti: str | None, fields: tuple[str, ...]) -> None:
    """Write a message as hex.

    JSON is {"mti": "0200", "fields": {"2": "4761739001010010", "4": 1234, "55.9F26": "A1B2C3D4E5F60718"}}: text as it
    is carried, numbers with leading zeros, hexadecimal text for bytes. 'decode --json --unsafe' writes such JSON. Paths
    are of numbers and tags, or of the spec's names: "processing_code", "icc_data.amount_authorized".
    """
    from iso_gateway.inspect.naming import numbered

    spec = load_spec(spec_name)
    if mti is not None or fields:
        if given is not None:
            raise click.UsageError("either JSON or --mti and --field")
        if mti is None:
            raise click.UsageError("--field needs --mti")
        kind, values = mti, numbered(spec, [_pair(each) for each in fields])
    else:
        kind, named = _from_json(text_given(given))
        values = numbered(spec, named.items())
    say(spec.encode(spec.message(kind, values)).hex().upper())


def _pair(text: str) -> tuple[str, str]:
    path, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError("--field is PATH=VALUE, as in 4=000000001234")
    return path.strip(), value


def _from_json(text: str) -> tuple[str, dict[str, Any]]:
    """Return MTI and fields of a message in JSON."""
    import msgspec

    try:
        data = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise click.UsageError(f"not JSON: {error}") from None
    known = isinstance(data, dict) and isinstance(data.get("mti"), str) and isinstance(data.get("fields"), dict)
    if not known:
        raise click.UsageError('JSON like {"mti": "0200", "fields": {"3": "000000", "4": 1234}} expected')
    return data["mti"], data["fields"]
