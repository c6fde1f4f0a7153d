"""The same terminals and the same invariants over real sockets: gateway, mock host and fleet in one trio, in a hurry.

A second of the simulated day takes a hundredth of one here. What goes wrong is drawn from the seed: connections that
break before, while and after the answer, and a host that is silent, late, declines, or drops its link.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import trio

from iso_gateway.framing import Framing
from iso_gateway.gateway.config import load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import Service
from iso_gateway.host.server import HostServer
from iso_gateway.host.settings import HostSettings
from iso_gateway.net import clock
from iso_gateway.net.address import Address
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.records import RowState
from iso_gateway.simulation import clerk, terminals
from iso_gateway.simulation.chance import Chance, stream
from iso_gateway.simulation.clerk import CARDS
from iso_gateway.simulation.fleet import MERCHANT, Fleet
from iso_gateway.simulation.heap import Heap
from iso_gateway.simulation.invariants import Watch
from iso_gateway.simulation.network import Counters, TerminalLine
from iso_gateway.simulation.terminals import Terminal
from iso_gateway.simulation.trace import Trace
from iso_gateway.store.memory import MemoryJournal
from iso_gateway.terminal.scripts import Till
from tests.support.edge import config_file

HURRY = 0.01
"""Seconds here for one second there."""
LASTS = 250.0
"""Seconds of the simulated day."""
HASTE = """
host_timeout = 0.3
connect_timeout = 0.5
late_window = 1.2
"""
FRAMINGS = {"counter": "2be", "unionpay": "2be+tpdu"}
DIALECTS = {"counter": "iso87-ascii", "unionpay": "cup-pos"}


class RealTime(Heap):
    """The heap's face with the system's clock behind it."""

    def __init__(self, nursery: trio.Nursery) -> None:
        super().__init__()
        self._nursery = nursery
        self._start = trio.current_time()

    @property
    def now(self) -> Moment:
        return clock.now()

    def at(self, mono: float, act: Callable[..., None], *args: Any) -> None:
        raise NotImplementedError

    def after(self, seconds: float, act: Callable[..., None], *args: Any) -> None:
        async def soon() -> None:
            await trio.sleep(seconds * HURRY)
            self.mono = (trio.current_time() - self._start) / HURRY
            act(*args)

        self._nursery.start_soon(soon)


class Sockets(Counters):
    """The terminals' connections, over loopback."""

    def __init__(self, nursery: trio.Nursery, service: Service, chance: Chance, heap: Heap) -> None:
        self._nursery = nursery
        self._service = service
        self._luck = chance
        self._time = heap
        self._open: dict[TerminalLine, tuple[trio.MemorySendChannel[bytes], trio.CancelScope]] = {}

    def dial(self, caller: Any, listener: str) -> TerminalLine:
        line = TerminalLine("", listener, caller)
        into, out = trio.open_memory_channel[bytes](100)
        self._open[line] = into, trio.CancelScope()
        self._nursery.start_soon(self._carry, line, out)
        return line

    def send(self, line: TerminalLine, payload: bytes, *, first: bool = False) -> None:  # noqa: ARG002 -- nobody walks away
        into, scope = self._open[line]
        into.send_nowait(payload)
        if self._luck.hits(0.15):
            self._time.after(self._luck.between(0.0, 3.0), scope.cancel)

    def hang_up(self, line: TerminalLine) -> None:
        line.at_terminal = False
        self._open[line][1].cancel()

    async def _carry(self, line: TerminalLine, out: trio.MemoryReceiveChannel[bytes]) -> None:
        framing = Framing.parse(FRAMINGS[line.listener])
        framer = framing.framer()
        with self._open[line][1], suppress(OSError, trio.BrokenResourceError):
            port = self._service.bound[line.listener].port
            async with await trio.open_tcp_stream("127.0.0.1", port) as socket, trio.open_nursery() as nursery:

                async def write() -> None:
                    async for payload in out:
                        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                            await socket.send_all(framing.frame(payload))

                nursery.start_soon(write)
                async for data in socket:
                    for frame in framer.receive(data):
                        if line.at_terminal:
                            line.caller.heard(line, frame.payload)
                nursery.cancel_scope.cancel()
        if line.at_terminal:
            line.at_terminal = False
            line.caller.closed(line)


class Town:
    """Everybody, and the three ledgers."""

    def __init__(self, service: Service, host: HostServer, members: list[Terminal], heap: Heap) -> None:
        self.service = service
        self.host = host
        self.members = members
        self.heap = heap

    @property
    def journal(self) -> MemoryJournal:
        store = self.service.gateway.journaling.store
        assert isinstance(store, MemoryJournal)
        return store

    async def live(self) -> None:
        await trio.sleep(LASTS * HURRY)
        for member in self.members:
            member.closing = True
        node = self.service.gateway.node
        with trio.fail_after(60):
            while node.flow.requests or node.owing.debts or not all(member.resting for member in self.members):  # noqa: ASYNC110 -- terminals tell nobody that they rest
                await trio.sleep(0.05)
            await trio.sleep(0.3)  # what is said last is read

    def compare(self) -> Watch:
        """Compare the ledgers, as the simulation does."""
        watch = Watch(self.heap)
        rows = {
            row.host.stan: row
            for row in self.journal.in_states(frozenset(RowState))
            if row.host is not None and row.kind is not Kind.REVERSAL
        }
        for transaction in self.host.authorizer.ledger:
            if transaction.kind is not Kind.REVERSAL:
                watch.decided(rows[transaction.key[3]].id, "bank", transaction)
        asks = {
            (member.name, ask.stan, ask.kind is Kind.REVERSAL): ask for member in self.members for ask in member.asks
        }
        cards = {self.host.authorizer.accounts.card(card): card for card in CARDS}
        watch.settle(self.journal, asks, {"bank": cards})
        return watch


@asynccontextmanager
async def open_town(folder: Path, seed: int, fleet: Fleet) -> AsyncIterator[Town]:
    """Run host, gateway and eight terminals for the length of a block."""
    settings = HostSettings(late_seconds=0.5, opening_balance=10**9)
    async with trio.open_nursery() as nursery:
        host = HostServer.of(settings)
        address = await nursery.start(host.run, Address("127.0.0.1", 0))
        service = Service(load(config_file(folder, address.port, HASTE)), Lines(StringIO()))
        await nursery.start(service.run)
        with trio.fail_after(10):
            while str(service.gateway.node.links.links["bank"].session.state) != "up":
                await service.gateway.changed.wait()
        async with trio.open_nursery() as town:
            heap = RealTime(town)
            sockets = Sockets(town, service, stream(seed, "sockets"), heap)
            members = []
            for number, (listener, name) in enumerate(list(DIALECTS.items()) * 4, 1):
                till = Till(f"TERM{number:04}", MERCHANT)
                dialect: Dialect = fleet.terminal_dialect(name)
                chance = stream(seed, till.terminal)
                members.append(
                    Terminal(till, dialect, listener, heap=heap, chance=chance, trace=Trace(heap), counters=sockets)
                )
            yield Town(service, host, members, heap)
            town.cancel_scope.cancel()
        nursery.cancel_scope.cancel()


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_ledgers_agree_over_sockets_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fleet: Fleet, seed: int
) -> None:
    monkeypatch.setattr(terminals, "BETWEEN", 8.0)
    monkeypatch.setattr(clerk, "MAGIC", (5, 10, 51, 68, 69, 70, 71, 72, 91, 96))
    async with open_town(tmp_path, seed, fleet) as town:
        await town.live()
        watch = town.compare()
        assert watch.checks["I1"] > 30
        assert watch.checks["I3"] > 0
        assert sum(member.repeats for member in town.members) > 0
