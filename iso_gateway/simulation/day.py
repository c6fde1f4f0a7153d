"""One simulated day, from the morning to the rest after it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from iso_gateway.host.authorizer import Authorizer
from iso_gateway.host.settings import HostSettings
from iso_gateway.host.totals import Book
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import RowState
from iso_gateway.simulation.chance import luck, stream
from iso_gateway.simulation.clerk import CARDS, CURRENCY, Ask
from iso_gateway.simulation.faults import HOUR, PROFILES, Faults, Trouble
from iso_gateway.simulation.fleet import HOST_TIMEOUT, HOSTS, LINKS, MERCHANT, Fleet
from iso_gateway.simulation.gateway import Gateway
from iso_gateway.simulation.heap import Heap
from iso_gateway.simulation.hosts import Host
from iso_gateway.simulation.invariants import REST, Broken, Watch
from iso_gateway.simulation.journal import ForgetfulJournal
from iso_gateway.simulation.network import Counters, Trunks
from iso_gateway.simulation.terminals import Terminal
from iso_gateway.simulation.trace import Trace

LOOK: Final = 20.0
"""Seconds between two looks at whether all is at rest."""
PATIENCE: Final = 3 * HOUR
"""How long a day may take to come to rest."""
PAYABLE: Final = frozenset({RowState.OWES_REVERSAL, RowState.OWES_REPEAT})
"""What a row says that the gateway is to settle by itself."""
AFTERMATH: Final = 240.0
"""Seconds of rest in which a late approval may still come."""


class Plan(msgspec.Struct, frozen=True):
    """Which day."""

    seed: int
    hours: float
    terminals: int
    faults: Faults = PROFILES["mild"]
    only: tuple[int, ...] = ()
    """The terminals that do anything, by number from 1; empty: all."""


class Day:
    """Everybody, and everything that happens."""

    def __init__(self, plan: Plan, fleet: Fleet, *, keep: bool = False) -> None:
        """Prepare *plan*; with *keep* the trace remembers its lines."""
        self.plan = plan
        seed = plan.seed
        self.heap = heap = Heap()
        self.trace = trace = Trace(heap, keep=keep)
        self.watch = watch = Watch(heap)
        self.trouble = trouble = Trouble(plan.faults)
        self._chance = stream(seed, "accidents")
        self._counters = Counters(heap, luck(seed, "counters", heap), trouble)
        self._trunks = Trunks(heap, luck(seed, "trunks", heap), trouble)
        self.hosts: dict[str, Host] = {}
        for name in HOSTS:
            dialect = fleet.host_dialect(name)
            settings = HostSettings(opening_balance=10**9, remember=10**9)
            self.hosts[name] = Host(
                name, Authorizer(dialect, settings), tuple(f"{name}-{number}" for number in range(1, LINKS + 1)),
                HOST_TIMEOUT, heap=heap, chance=luck(seed, name, heap), trouble=trouble, trace=trace, watch=watch,
                trunks=self._trunks,
            )  # fmt: skip
        self.journal = ForgetfulJournal(heap, luck(seed, "journal", heap), trouble, trace)
        self.gateway = Gateway(
            fleet.setup(plan.terminals), self.hosts, heap=heap, chance=luck(seed, "gateway", heap), trouble=trouble,
            trace=trace, watch=watch, journal=self.journal, counters=self._counters, trunks=self._trunks,
        )  # fmt: skip
        self.terminals = [
            Terminal(
                member.till, member.dialect, member.listener, heap=heap, chance=stream(seed, member.till.terminal),
                trace=trace, counters=self._counters,
            )
            for number, member in enumerate(fleet.members(plan.terminals), 1)
            if not plan.only or number in plan.only
        ]  # fmt: skip

    def run(self) -> None:
        """Live the day, and compare the ledgers at its end.

        Raises:
            Broken: an invariant does not hold.
        """
        try:
            self.gateway.start()
            self._plan_accidents()
            self.heap.run(self.plan.hours * HOUR)
            self._come_to_rest()
        except Broken:
            raise
        except Exception as error:
            error.add_note(f"seed {self.plan.seed}, after {self.heap.mono:.3f} s")
            raise
        self.watch.settle(self.journal.durable, self.asks(), self._cards())
        self._settle()

    def _plan_accidents(self) -> None:
        self._again_and_again("deaths", partial(self.gateway.die, "of itself"))
        self._again_and_again("disk_full", self.journal.fill_up)
        for host in self.hosts.values():
            self._again_and_again("host_restarts", host.restart)
            for link in host.links:
                self._again_and_again("link_drops", partial(host.drop, link))

    def _again_and_again(self, kind: str, act: Callable[[], None], *, happens: bool = False) -> None:
        if happens:
            self.trouble.count[kind] += 1
            act()
        seconds = self.trouble.until_next(self._chance, kind)
        if seconds is not None:
            self.heap.after(seconds, partial(self._again_and_again, kind, act, happens=True))

    def _come_to_rest(self) -> None:
        """Let nothing new begin and nothing go wrong any more, until nothing is open."""
        self.trouble.end()
        for terminal in self.terminals:
            terminal.closing = True
        quiet = 0.0
        end = self.heap.mono + PATIENCE
        while quiet < AFTERMATH:
            self.heap.run(self.heap.mono + LOOK)
            quiet = quiet + LOOK if self._at_rest() else 0.0
            if self.heap.mono > end:
                raise self.watch.breaks(REST, self._open(), "the day does not come to rest")

    def _settle(self) -> None:
        """Have every terminal that can end its batch, and look at what was listed."""
        able = [each for each in self.terminals if each.resting and not each.out_of_order]
        for terminal in able:
            terminal.settle()
        end = self.heap.mono + PATIENCE
        while not self._at_rest():
            if self.heap.mono > end:
                raise self.watch.breaks(REST, self._open(), "the batches do not come to their end")
            self.heap.run(self.heap.mono + LOOK)
        for terminal in able:
            assert terminal.totals is not None
            book = Book(MERCHANT, terminal.name, CURRENCY)
            net = sum(host.authorizer.ledger.totals.net(book) for host in self.hosts.values())
            self.watch.settled(self.journal.durable, MERCHANT, terminal.name, terminal.totals, net)

    def _at_rest(self) -> bool:
        node = self.gateway.node
        return (
            self.gateway.alive
            and not self.journal.busy
            and not node.flow.requests
            and not node.owing.debts
            and not self.journal.durable.in_states(PAYABLE)
            and all(terminal.resting for terminal in self.terminals)
        )

    def _open(self) -> list[str]:
        node = self.gateway.node
        rows = [each.partition("/")[0] for each in (*node.flow.requests, *node.owing.debts)]
        open_ = [f"{each.name}/{each.asks[-1].stan}" for each in self.terminals if not each.resting]
        unpaid = [row.id for row in self.journal.durable.in_states(PAYABLE)]
        return list(dict.fromkeys([*rows, *unpaid, *open_]))

    def asks(self) -> dict[tuple[str, str, bool], Ask]:
        """Return all requests of all terminals, by terminal, STAN and whether it is a reversal."""
        return {
            (terminal.name, ask.stan, ask.kind is Kind.REVERSAL): ask
            for terminal in self.terminals
            for ask in terminal.asks
        }

    def _cards(self) -> dict[str, dict[bytes, str]]:
        return {
            name: {host.authorizer.accounts.card(card): card for card in CARDS} for name, host in self.hosts.items()
        }
