"""The debts of the node by id, each terminal's in their order, and when each of them is to be looked at again."""

from __future__ import annotations

from collections import deque
from typing import Final

from iso_gateway.protocol.commands import Journal
from iso_gateway.protocol.debt import Debt
from iso_gateway.protocol.debts import DebtState, pause
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.records import Entry
from iso_gateway.protocol.setup import Acquirer
from iso_gateway.protocol.world import World

FILE_AGAIN: Final = 1.0
"""Seconds until the journal is asked once more for what it could not commit."""


class Ledger:
    """What is owed, and in which order."""

    def __init__(self, world: World, links: Links) -> None:
        self._world = world
        self._links = links
        self.debts: dict[str, Debt] = {}
        self._under_way: dict[str, set[str]] = {}
        self._queues: dict[tuple[str, str, str], deque[Debt]] = {}

    def acquirer(self, debt: Debt) -> Acquirer:
        """Return the acquirer that is owed, also one that a reload has taken away."""
        return self._links.hosts[debt.leg.acquirer].acquirer

    # Order

    def add(self, debt: Debt) -> None:
        """Put *debt* at the end of its terminal's order."""
        self.debts[debt.id] = debt
        debt.under_way = self._under_way.setdefault(debt.leg.acquirer, set())
        self._queues.setdefault(debt.order, deque()).append(debt)

    def is_first(self, debt: Debt) -> bool:
        """Return whether it is *debt*'s turn among its terminal's."""
        return self._queues[debt.order][0] is debt

    def firsts(self) -> list[Debt]:
        """Return the debts whose turn it is."""
        return [queue[0] for queue in self._queues.values()]

    def leave(self, debt: Debt) -> None:
        """Take *debt* out of its terminal's order, and call the next one."""
        queue = self._queues[debt.order]
        queue.remove(debt)
        if not queue:
            del self._queues[debt.order]
        elif queue[0].state is DebtState.OWED:
            self._world.wake(self._world.now.mono, queue[0].id)

    def under_way(self, acquirer: str) -> int:
        """Return how many debts to *acquirer* are being sent or await their answer."""
        return len(self._under_way.get(acquirer, ()))

    # Time

    def wait(self, debt: Debt, seconds: float) -> None:
        """Have *debt* looked at again in *seconds*."""
        debt.deadline = self._world.now.mono + seconds
        self._world.wake(debt.deadline, debt.id)

    def back_off(self, debt: Debt, at_least: float = 0.0) -> None:
        """Have *debt* sent again after a pause that grows with its attempts."""
        debtor = self.acquirer(debt).debtor
        spread = self._world.lent.chance()
        seconds = pause(max(debt.attempts, 1), debtor.first_pause, debtor.longest_pause, spread)
        self.wait(debt, max(seconds, at_least))

    def undecided(self, debt: Debt) -> float:
        """Return for how many seconds the host may still be deciding the original."""
        since = (self._world.now.wall - debt.leg.sent).total_seconds()
        return self.acquirer(debt).host_timeout - since

    # What a debt has borrowed, and what the journal is asked for

    def free_link(self, debt: Debt) -> None:
        """Give the place of *debt* on its link back."""
        if debt.link is not None:
            self._links.answered(debt.link.name, debt.id)

    def commit(self, debt: Debt, asked: str, entry: Entry) -> None:
        """Have the journal commit *entry*; *asked* says what for."""
        debt.asked = asked
        self._world.emit(Journal(debt.id, entry))
