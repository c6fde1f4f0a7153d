"""Has host, gateway and terminals play the story on free loopback ports, and shows table and proof."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import trio

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.cli.demo.keys import HOST
from iso_gateway.cli.demo.keys import TERMINALS as PROTECTED
from iso_gateway.cli.demo.process import GatewayProcess
from iso_gateway.cli.demo.proof import Proof, Slip, compare
from iso_gateway.cli.demo.story import Done, Terminal, Terminals, after, before
from iso_gateway.cli.demo.wire import Wire
from iso_gateway.codec.currency import format_amount
from iso_gateway.framing import Framing
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.hsm.held_file import published_keys
from iso_gateway.net.address import Address
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.terminal.records import KeyNotes
from iso_gateway.terminal.result import for_terminals
from iso_gateway.terminal.shield import Shield, keys_now

TERMINALS: Final = (
    ("TERM0001", "counter", "iso87-ascii", "2be"),
    ("TERM0002", "unionpay", "cup-pos", "2be+tpdu"),
    ("TERM0003", "kiosk", "iso93-ascii", "4ascii"),
)
"""Terminal, listener, spec and framing."""

Say = Callable[[str], None]


async def perform(say: Say) -> Proof:
    """Run the demo, and return the proof; *say* prints a line.

    Raises:
        NoConnection: the gateway does not come up, or does not pay what it owes.
        NoAnswer: it did not answer, which a demo must not hide.
    """
    with tempfile.TemporaryDirectory(prefix="iso-gateway-demo-") as folder:
        async with trio.open_nursery() as nursery:
            host = HostServer.of(HostSettings(protection=HOST, keys_of="zone"))
            at: Address = await nursery.start(host.run, Address("127.0.0.1", 0))
            speech = {listener: (spec, framing, PROTECTED[name]) for name, listener, spec, framing in TERMINALS}
            gateway = GatewayProcess(Path(folder), at, speech)
            try:
                slips = await _played(gateway, at, say)
            finally:
                await gateway.stop()
            proof = compare(slips, gateway.rows(), host.ledger())
            nursery.cancel_scope.cancel()
    return proof


async def _played(gateway: GatewayProcess, host: Address, say: Say) -> list[Slip]:
    """Play the story, with a death of the gateway in the middle; return what the terminals printed."""
    await gateway.start()
    say(f"The mock host speaks iso87-ascii at {host}. Through the gateway and its journal come")
    for name, listener, spec, framing in TERMINALS:
        say(f"  {name}, {spec} in {framing} frames, to {gateway.bound[listener]}")
    say("The host brings the gateway keys at sign-on, in key blocks. What is about money has MACs.")
    say("")
    table = _Table(say)
    terminals = Terminals(*(_terminal(gateway, each, table.add) for each in TERMINALS))
    kept = await before(terminals, gateway.settled)
    (debt,) = await gateway.owed()
    await gateway.kill()
    table.remark(f"the gateway is killed (SIGKILL), and owes the reversal of {_plain(debt['amount'], 1)}")
    began = trio.current_time()
    await gateway.start()
    await gateway.settled()
    table.remark(f"started again: {trio.current_time() - began:.1f} s later its journal's debt is settled")
    await after(terminals, kept)
    await gateway.settled()
    return [slip for terminal in terminals for slip in terminal.slips]


def _terminal(gateway: GatewayProcess, which: tuple[str, str, str, str], tell: Callable[[Done], None]) -> Terminal:
    """Return a terminal that talks to its listener, wherever that is at the time."""
    name, listener, spec, framing = which
    loaded = load_spec(spec)
    dialect = for_terminals(Dialect(loaded, load_profile(loaded.profile)))
    protection, held = PROTECTED[name], published_keys()

    def shield(notes: KeyNotes) -> Shield:
        return Shield(dialect, protection, keys_now(held.of(name), notes), secrets.token_bytes, held.dukpt)

    wire = Wire(dialect, Framing.parse(framing), lambda: gateway.bound[listener], shield)
    return Terminal(name, dialect, wire, tell)


class _Table:
    """Lines up the steps; prints each as soon as it is known."""

    _COLUMNS: Final = (("terminal", 8), ("what it does", 43), ("amount", 7), ("answer", 36))

    def __init__(self, say: Say) -> None:
        self._say = say
        say("  ".join(f"{name:{width}}" for name, width in self._COLUMNS).rstrip())
        say("  ".join("-" * width for _, width in self._COLUMNS))

    def add(self, step: Done) -> None:
        values = (step.terminal, step.what, _plain(step.amount, 7), step.answer)
        cells = zip(values, self._COLUMNS, strict=True)
        self._say("  ".join(f"{value[:width]:{width}}" for value, (_, width) in cells).rstrip())

    def remark(self, text: str) -> None:
        """Print what happens between two steps."""
        self._say(f"          -- {text} --")


def _plain(amount: int | None, width: int) -> str:
    """Return *amount* without its currency, right-justified."""
    return "" if amount is None else f"{format_amount(amount, '840').split()[-1]:>{width}}"


def show(proof: Proof, say: Say) -> None:
    """Print the three ledgers side by side, and the verdict."""
    say("\nThe proof: what the terminals printed, what the gateway journaled, what the host booked\n")
    widths = (8, 6, 17, 9, 10, 14, 14)
    heads = ("terminal", "STAN", "kind", "amount", "terminal", "gateway", "host")
    say(_row(heads, widths))
    say(_row(tuple("-" * width for width in widths), widths))
    for line in proof.lines:
        values = (
            line.terminal,
            line.stan,
            line.kind.replace("_", " "),
            _plain(line.amount, 9),
            line.at_terminal,
            line.at_gateway,
            line.at_host,
        )
        say(_row(values, widths) + ("" if line.agrees else "   <- differs"))
    say("")
    for terminal, nets in proof.nets.items():
        texts = [format_amount(net, "840") for net in nets]
        say(f"{terminal}  net  terminal {texts[0]}  gateway {texts[1]}  host {texts[2]}" + _unequal(nets))
    for stray in proof.strays:
        say(f"only known to the {stray}")
    verdict = "agree on every transaction" if proof.holds else "do NOT agree"
    say(f"\n{len(proof.lines)} transactions: terminals, gateway and host {verdict}")


def _row(values: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{value:{width}}" for value, width in zip(values, widths, strict=True)).rstrip()


def _unequal(nets: Sequence[int]) -> str:
    return "" if len(set(nets)) == 1 else "   <- differs"
