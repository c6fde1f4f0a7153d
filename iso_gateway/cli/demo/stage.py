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
from iso_gateway.cli.demo.story import Done, Terminal, Terminals, after, before
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
from iso_gateway.protocol.records import OPEN_DEBT, Row, RowState
from iso_gateway.terminal.client import ask
from iso_gateway.terminal.result import for_terminals

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
reconnect_every = 0.5
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
            stage = _Stage(Path(folder), at)
            await stage.start(nursery)
            say(f"The mock host speaks iso87-ascii at {at}. Through the gateway come")
            for name, listener, spec, framing in TERMINALS:
                say(f"  {name}, {spec} in {framing} frames, to {stage.service.bound[listener]}")
            say("")
            table = _Table(say)
            terminals = Terminals(*(stage.terminal(*each, table.add) for each in TERMINALS))
            kept = await before(terminals, stage.settled)
            owed, began = stage.owed(), trio.current_time()
            await stage.settled()
            table.remark(f"owed: {owed}; settled when the link was back, {trio.current_time() - began:.1f} s later")
            await after(terminals, kept)
            await stage.settled()
            slips = [slip for terminal in terminals for slip in terminal.slips]
            proof = compare(slips, stage.rows(), host.ledger())
            await stage.stop()
            nursery.cancel_scope.cancel()
    return proof


class _Stage:
    """The gateway on its journal, which may die and be started again."""

    def __init__(self, folder: Path, host: Address) -> None:
        listeners = "".join(LISTENER.format(*each) for each in TERMINALS)
        self._path = folder / "gateway.toml"
        self._path.write_text(CONFIG.format(listeners=listeners, host=host), encoding="utf-8")
        self._life = trio.CancelScope()
        self._over = trio.Event()

    async def start(self, nursery: trio.Nursery) -> None:
        """Start a gateway, and wait until its link to the host is up."""
        self.service = Service(load(self._path), Lines(io.StringIO()))
        self._life, self._over = trio.CancelScope(), trio.Event()
        await nursery.start(self._live)
        with trio.fail_after(PATIENCE):
            while not self.service.gateway.node.links.links["bank"].session.takes_money:
                await self.service.gateway.changed.wait()

    async def _live(self, *, task_status: trio.TaskStatus[None]) -> None:
        with self._life:
            await self.service.run(task_status=task_status)
        self._over.set()

    async def stop(self) -> None:
        """Drain the gateway."""
        self.service.stop()
        await self._over.wait()

    def rows(self) -> list[Row]:
        """Return all that the journal has."""
        return self.service.gateway.journaling.store.in_states(frozenset(RowState))

    def owed(self) -> str:
        """Return what the journal says is owed, in words."""
        open_debts = self.service.gateway.journaling.store.in_states(OPEN_DEBT)
        return ", ".join(f"the reversal of a {row.kind} of {_plain(row.amount, 1)}" for row in open_debts)

    async def settled(self) -> None:
        """Wait until nothing is owed any more."""
        with trio.fail_after(PATIENCE):
            while self.service.gateway.node.owing.debts:
                await self.service.gateway.changed.wait()

    def terminal(self, name: str, listener: str, spec: str, framing: str, tell: Callable[[Done], None]) -> Terminal:
        """Return a terminal that talks to *listener*, wherever that is at the time."""
        loaded = load_spec(spec)
        dialect = for_terminals(Dialect(loaded, load_profile(loaded.profile)))
        cut = Framing.parse(framing)

        async def send(message: Message) -> Message:
            return await ask(self.service.bound[listener], cut, loaded, message, PATIENCE)

        return Terminal(name, dialect, send, tell)


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
