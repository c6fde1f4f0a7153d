"""``iso-gateway wireshark``: a dissector from a spec."""

from __future__ import annotations

import click

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.cli.options import framing_option, spec_option
from iso_gateway.cli.output import say


@click.command()
@spec_option
@framing_option
@click.option(
    "--port", "ports", multiple=True, type=click.IntRange(1, 65535), help="A TCP port of such messages; repeatable."
)
@click.option(
    "--name", default="isogw", show_default=True, metavar="NAME", help="What the filter fields begin with: NAME.de39."
)
@click.option("--unsafe", is_flag=True, help="Mask nothing in the dissection.")
def wireshark(*, spec_name: str, framing_name: str, ports: tuple[int, ...], name: str, unsafe: bool) -> None:
    """Write a dissector for Wireshark and tshark, a Lua script, to stdout.

    It shows every data element and part by its name in the spec, response codes with what they mean, and marks what
    cannot be read. Elements are filter fields: isogw.mti, isogw.de39, isogw.de60.1, isogw.emv.9f26, isogw.verdict,
    isogw.time (seconds since the request); isogw.broken are the messages that cannot be read. Without --port, choose it
    for a connection with "Decode As".

    Card numbers and the like are masked in the dissection; the bytes of the packets, which Wireshark shows beside it,
    are not.
    """
    from iso_gateway.framing import Framing
    from iso_gateway.traffic.dissector import NAME, dissector

    if NAME.fullmatch(name) is None:
        raise click.UsageError("--name is small letters, digits and underscores, 32 at most")
    spec = load_spec(spec_name)
    profile = load_profile(spec.profile) if spec.profile else None
    say(dissector(spec, Framing.parse(framing_name), ports, profile, abbreviation=name, unsafe=unsafe).rstrip("\n"))
