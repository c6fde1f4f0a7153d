"""The debts of the node by id, each terminal's in their order, and when each of them is to be looked at again.

Rule 1: debts of one terminal are paid one after another, debts of several terminals at once.
Rule 2: a debt that is due waits here for a place on a link; each link has some for debts alone, so that neither new
        requests nor debts can take all of it.
Rule 3: nothing here looks at all debts: there may be thousands, and each event concerns one.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.protocol.commands import Journal
from iso_gateway.protocol.debt import Debt
from iso_gateway.protocol.debts import UNDER_WAY, DebtState, DebtStep, pause
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.link import Link
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.records import Entry
from iso_gateway.protocol.setup import Acquirer
from iso_gateway.protocol.world import World

FILE_AGAIN: Final = 1.0
"""Seconds until the journal is asked once more for what it could not commit."""

SERVES: Final = "debts of "
"""What the timer of an acquirer's waiting debts is called, before its name."""


class Ledger:
    """What is owed, and in which order."""

    def __init__(self, world: World, links: Links) -> None:
        self._world = world
        self._links = links
        self.debts: dict[str, Debt] = {}
        self._queues: dict[tuple[str, str, str], OrderedDict[str, Debt]] = {}
        self._waiting: dict[str, OrderedDict[str, Debt]] = {}
        """By acquirer: the debts that are due, and first of their terminal, and have no place on a link."""
        self._open: Counter[str] = Counter()
        """How many debts each acquirer is owed."""

    def acquirer(self, debt: Debt) -> Acquirer:
        """Return the acquirer that is owed, also one that a reload has taken away."""
        return self._links.hosts[debt.leg.acquirer].acquirer

    def dialect(self, debt: Debt) -> Dialect | None:
        """Return the dialect in which *debt* was made, or None where nobody has kept it."""
        name = debt.row.dialect
        return self._world.dialects.get(name) if name else self.acquirer(debt).dialect

    def reading(self, debt: Debt) -> Dialect:
        """Return the dialect in which the answers to *debt* are read."""
        return self.dialect(debt) or self.acquirer(debt).dialect

    # Order

    def add(self, debt: Debt) -> None:
        """Put *debt* at the end of its terminal's order."""
        self.debts[debt.id] = debt
        self._open[debt.leg.acquirer] += 1
        self._queues.setdefault(debt.order, OrderedDict())[debt.id] = debt

    def is_first(self, debt: Debt) -> bool:
        """Return whether it is *debt*'s turn among its terminal's."""
        queue = self._queues.get(debt.order)
        return queue is not None and next(iter(queue.values())) is debt

    def leave(self, debt: Debt) -> None:
        """Take *debt* out of its terminal's order, and call the next one."""
        queue = self._queues[debt.order]
        del queue[debt.id]
        self._open[debt.leg.acquirer] -= 1
        if (waiting := self._waiting.get(debt.leg.acquirer)) is not None:
            waiting.pop(debt.id, None)
        if not queue:
            del self._queues[debt.order]
        elif (first := next(iter(queue.values()))).state is DebtState.OWED:
            self._world.wake(self._world.now.mono, first.id)

    @property
    def ending(self) -> bool:
        """Whether the end of a debt is still to be committed."""
        return len(self.debts) > self._open.total()

    def owes(self) -> list[str]:
        """Return the acquirers that are owed something."""
        return [acquirer for acquirer, count in self._open.items() if count]

    # Places on links

    def place(self, debt: Debt) -> Link | None:
        """Return the link on which *debt* can go now; where there is none it waits, and is paid when there is."""
        acquirer = self.acquirer(debt)
        waiting = self._waiting.setdefault(acquirer.name, OrderedDict())
        link = self._links.pick_for_debt(acquirer)
        if link is None:
            waiting[debt.id] = debt
        else:
            waiting.pop(debt.id, None)
        return link

    def next_waiting(self, acquirer: str) -> Debt | None:
        """Return the next debt that a place on a link is there for, or None; it does not wait any more."""
        waiting = self._waiting.get(acquirer)
        if not waiting or self._links.pick_for_debt(self._links.hosts[acquirer].acquirer) is None:
            return None
        return waiting.popitem(last=False)[1]

    def take_place(self, debt: Debt, link: Link) -> None:
        """Have *debt* take a place on *link*, until it is not under way any more."""
        self.free_place(debt)
        debt.link = link
        link.debts.add(debt.id)

    def free_place(self, debt: Debt) -> None:
        """Give the place of *debt* on its link back, and have the next one served."""
        if debt.link is not None:
            self._links.answered(debt.link.name, debt.id)
            self.serve_soon(debt.leg.acquirer)

    def serve_soon(self, acquirer: str) -> None:
        """Have the debts served that wait for a place on a link of *acquirer*."""
        if self._waiting.get(acquirer):
            self._world.remind(self._world.now.mono, SERVES + acquirer)

    def step(self, debt: Debt, step: DebtStep) -> None:
        """Have *debt* go where *step* leads; one that is not under way any more has no place on a link."""
        debt.step(step)
        if debt.state not in UNDER_WAY:
            self.free_place(debt)

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

    def reserve(self, debt: Debt) -> None:
        """Keep the STANs of *debt* for it: what comes under them is its answer (ruling 15).

        Its original may still be in flight, and is then handed over when it has come to its end.
        """
        acquirer, leg = debt.leg.acquirer, debt.leg
        if debt.original is None and not debt.resubmits:
            stand_in = Message(leg.mti, leg.fields)
            if self._links.claim(acquirer, stand_in, debt.id):
                debt.original = stand_in
        for message in debt.awaited(self._reversal_mti(debt)):
            self._links.claim(acquirer, message, debt.id)

    def release(self, debt: Debt) -> None:
        """Let the STANs of *debt* go, once no late answer is to be expected any more."""
        timed_out = self._world.now.mono + self.undecided(debt)
        for message in debt.awaited(self._reversal_mti(debt)):
            # How late the original's own answer is, somebody wants to know.
            given_up = timed_out if message is debt.original and not debt.repeats else None
            self._links.release(debt.leg.acquirer, message, late=True, given_up=given_up)

    def _reversal_mti(self, debt: Debt) -> str:
        row = self.reading(debt).profile.row(Kind.REVERSAL)
        return row.mti if row is not None else "0400"

    def commit(self, debt: Debt, asked: str, entry: Entry) -> None:
        """Have the journal commit *entry*; *asked* says what for."""
        debt.asked = asked
        self._world.emit(Journal(debt.id, entry))
