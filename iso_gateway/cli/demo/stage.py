"""Starts host, gateway and terminals on free loopback ports, plays the story, and shows table and proof."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import trio

from iso_gateway.catalog import load_profile, load_spec
from iso_gateway.cli.demo.proof import Proof, compare
from iso_gateway.cli.demo.story import Done, Terminal, play
from iso_gateway.codec.currency import format_amount
from iso_gateway.codec.message import Message
from iso_gateway.framing import Framing
from iso_gateway.gateway.config import load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import Service
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net.address import Address
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.records import RowState
from iso_gateway.terminal.client import ask

TERMINALS: Final = (
    ("TERM0001", "counter", "iso87-ascii", "2be"),
    ("TERM0002", "unionpay", "cup-pos", "2be+tpdu"),
    ("TERM0003", "kiosk", "iso93-ascii", "4ascii"),
)
"""Terminal, listener, spec and framing."""

CONFIG: Final = """\
{listeners}
[[terminals]]
ids      = ["TERM0001..TERM0003"]
merchant = "MERCHANT0000001"

[[acquirer]]
name           = "bank"
links          = ["{host}"]
spec           = "iso87-ascii"
host_timeout   = 0.8
repeat_after   = 0.2
repeat_at_most = 1
"""

LISTENER: Final = """\
[[listener]]
name    = "{1}"
address = "127.0.0.1:0"
spec    = "{2}"
framing = "{3}"

"""

PATIENCE: Final = 15.0
"""Seconds that any step of the demo may take; they take a few thousandths, the silent one 0.8."""

Say = Callable[[str], None]


async def perform(say: Say) -> Proof:
    """Run the demo, and return the proof; *say* prints a line.

    Raises:
        NoAnswer: the gateway did not answer, which a demo must not hide.
    """
    with tempfile.TemporaryDirectory(prefix="iso-gateway-demo-") as folder:
        async with trio.open_nursery() as nursery:
            host = HostServer.of(HostSettings())
            at: Address = await nursery.start(host.run, Address("127.0.0.1", 0))
            listeners = "".join(LISTENER.format(*each) for each in TERMINALS)
            path = Path(folder) / "gateway.toml"
            path.write_text(CONFIG.format(listeners=listeners, host=at), encoding="utf-8")
            service = Service(load(path), Lines(io.StringIO()))
            await nursery.start(service.run)
            await _link_up(service)
            terminals = [await _terminal(service, *each) for each in TERMINALS]
            say(f"The mock host speaks iso87-ascii at {at}. Through the gateway come")
            for name, listener, spec, framing in TERMINALS:
                say(f"  {name}, {spec} in {framing} frames, to {service.bound[listener]}")
            say("")
            table = _Table(say)
            counter, unionpay, kiosk = terminals
            await play(counter, unionpay, kiosk, table.add)
            await _settled(service)
            slips = [slip for terminal in terminals for slip in terminal.slips]
            rows = service.gateway.journaling.store.in_states(frozenset(RowState))
            proof = compare(slips, rows, host.ledger())
            service.stop()
            await service.ended.wait()
            nursery.cancel_scope.cancel()
    return proof


async def _link_up(service: Service) -> None:
    with trio.fail_after(PATIENCE):
        while not service.gateway.node.links.links["bank"].session.takes_money:
            await service.gateway.changed.wait()


async def _settled(service: Service) -> None:
    """Wait until nothing is owed any more."""
    with trio.fail_after(PATIENCE):
        while service.gateway.node.owing.debts:
            await service.gateway.changed.wait()


async def _terminal(service: Service, name: str, listener: str, spec: str, framing: str) -> Terminal:
    loaded = load_spec(spec)
    dialect = Dialect(loaded, load_profile(loaded.profile))
    cut = Framing.parse(framing)

    async def send(message: Message) -> Message:
        return await ask(service.bound[listener], cut, loaded, message, PATIENCE)

    return Terminal(name, dialect, send)


class _Table:
    """Lines up the steps; prints each as soon as it is known."""

    _COLUMNS: Final = (("terminal", 8), ("what it does", 27), ("amount", 7), ("answer", 38), ("RRN", 12))

    def __init__(self, say: Say) -> None:
        self._say = say
        say("  ".join(f"{name:{width}}" for name, width in self._COLUMNS).rstrip())
        say("  ".join("-" * width for _, width in self._COLUMNS))

    def add(self, step: Done) -> None:
        values = (step.terminal, step.what, _plain(step.amount, 7), step.answer, step.rrn)
        cells = zip(values, self._COLUMNS, strict=True)
        self._say("  ".join(f"{value[:width]:{width}}" for value, (_, width) in cells).rstrip())
        if step.remark:
            self._say(f"{'':8}  {'':27}  {'':7}  ({step.remark})")


def _plain(amount: int | None, width: int) -> str:
    """Return *amount* without its currency, right-justified."""
    return "" if amount is None else f"{format_amount(amount, '840').split()[-1]:>{width}}"


def show(proof: Proof, say: Say) -> None:
    """Print the three ledgers side by side, and the verdict."""
    say("\nThe proof: what the terminals printed, what the gateway journaled, what the host booked\n")
    widths = (8, 6, 6, 9, 10, 14, 14)
    heads = ("terminal", "STAN", "kind", "amount", "terminal", "gateway", "host")
    say(_row(heads, widths))
    say(_row(tuple("-" * width for width in widths), widths))
    for line in proof.lines:
        values = (
            line.terminal,
            line.stan,
            line.kind,
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
