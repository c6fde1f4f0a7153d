"""``iso-gateway record``: a proxy that writes down what two peers say to each other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iso_gateway.cli.options import framing_option, spec_option
from iso_gateway.cli.output import complain

if TYPE_CHECKING:
    from iso_gateway.net.address import Address
    from iso_gateway.traffic.recording import Recorder


@click.command()
@click.option("--listen", required=True, metavar="HOST:PORT", help="Where the client dials; port 0: any free one.")
@click.option("--upstream", required=True, metavar="HOST:PORT", help="Who is dialled for it.")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A new file of JSON lines, for this user alone; one that is there is not overwritten.",
)
@spec_option
@framing_option
@click.option("--unsafe", is_flag=True, help="Record as is: card numbers, tracks, PIN blocks, CVV, MACs.")
def record(*, listen: str, upstream: str, output: Path, spec_name: str, framing_name: str, unsafe: bool) -> int | None:
    """Pass on everything between a client and the upstream, and write down what they say.

    Card numbers become test numbers, the same everywhere in the file, and what else the spec masks is blanked; of
    what is no message of the spec only the length is told. Nothing that passes is changed, or waits for the file.

    SIGTERM or Ctrl-C ends it. Exits 1 when something could not be written down.
    """
    import secrets
    from functools import partial

    import trio

    from iso_gateway.catalog import load_spec
    from iso_gateway.framing import Framing
    from iso_gateway.inspect.cards import Cards
    from iso_gateway.inspect.redacting import Redactor
    from iso_gateway.net.address import Address
    from iso_gateway.net.clock import read_system
    from iso_gateway.traffic.recorded import VERSION, Header, created
    from iso_gateway.traffic.recording import Recorder
    from iso_gateway.traffic.tape import Cutter, Scribe

    spec, framing = load_spec(spec_name), Framing.parse(framing_name)
    at, to = Address.parse(listen), Address.parse(upstream)
    began = read_system()[1].isoformat(timespec="milliseconds").replace("+00:00", "Z")
    redactor = None if unsafe else Redactor(Cards(secrets.token_bytes(32)))
    with created(output, Header(VERSION, spec_name, framing_name, began, not unsafe)) as file:
        scribe = Scribe(spec, redactor)

        async def run() -> Recorder:
            recorder = Recorder(to, partial(Cutter, framing), scribe, file, complain=complain)
            await _serve(recorder, at, f"recording to {output}{', as is' if unsafe else ', redacted'}", listening)
            return recorder

        listening: list[Address] = []
        try:
            recorder = trio.run(run)
        finally:
            if not listening:
                output.unlink()  # it would be in the way of the next attempt
    parts = [f"{recorder.opened} connections", f"{scribe.messages} messages"]
    if scribe.unread:
        parts.append(f"{scribe.unread} times bytes that are no message of {spec.name}: is --framing right?")
    complain(", ".join(parts))
    if recorder.tape.lost:
        complain(f"{recorder.tape.lost} more were passed on and not written down")
    return 1 if recorder.tape.lost or recorder.fault else None


async def _serve(recorder: Recorder, address: Address, what: str, listening: list[Address]) -> None:
    """Serve until SIGTERM or SIGINT; *listening* gets the address that is bound."""
    import signal

    import trio

    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as received:
        async with trio.open_nursery() as nursery:
            bound = await nursery.start(recorder.run, address)
            listening.append(bound)
            click.echo(f"listening on {bound}, {what}", err=True)
            async for _ in received:
                recorder.stop()
                return
