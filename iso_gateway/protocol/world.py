"""What the parts of the node share: the setup, the present moment, and the commands gathered so far."""

from __future__ import annotations

import heapq
import itertools
from collections import deque

from iso_gateway.protocol.commands import Command, Log
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.events import Event
from iso_gateway.protocol.keyring import Keyring
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.setup import Lent, Setup


class World:
    """The node's surroundings during one event."""

    def __init__(self, setup: Setup, lent: Lent, now: Moment) -> None:
        self.setup = setup
        self.lent = lent
        self.now = now
        self.since = now
        """When the journal's knowledge begins, for a journal in memory."""
        self.draining = False
        self.keyring = Keyring(self)
        self.dialects: dict[str, Dialect] = {}
        """By hash: those that are spoken, and those in which rows of earlier processes were written."""
        self.inner: deque[Event] = deque()
        self._out: list[Command] = []
        self._ids = itertools.count(1)
        self._timers: list[tuple[float, str, int]] = []
        """When, whom, and a number of its own: what comes at one instant comes in the order of the names, however often
        it was put off before."""
        self._order = itertools.count()
        self._reminders: dict[str, tuple[float, int]] = {}
        """When each owner is reminded next, and by which timer."""
        self._gone: set[int] = set()
        """The timers that nobody wants any more."""

    def emit(self, command: Command) -> None:
        """Ask the edge for *command*, after those asked for before."""
        self._out.append(command)

    def emit_event(self, event: Event) -> None:
        """Have *event* happen to the node right after the present one: what the edge would have answered."""
        self.inner.append(event)

    def log(self, event: str, level: str = "info", **fields: object) -> None:
        """Have one line written."""
        self._out.append(Log(event, fields, level))

    def taken(self) -> list[Command]:
        """Return the commands gathered since the last call."""
        out, self._out = self._out, []
        return out

    def new_id(self) -> str:
        """Return an id that no other request of any run has."""
        return f"{self.lent.run}-{next(self._ids)}"

    def wake(self, mono: float, owner: str) -> int:
        """Have *owner* called at *mono* or soon after; it checks for itself whether that still matters.

        Returns the number of its timer.
        """
        number = next(self._order)
        heapq.heappush(self._timers, (mono, owner, number))
        return number

    def remind(self, mono: float, owner: str) -> None:
        """Have *owner* called at *mono* at the latest; where that is too early, it asks again.

        Most deadlines move on or pass away long before they come: so each owner has one timer, not one for each.
        """
        if (known := self._reminders.get(owner)) is not None:
            if mono >= known[0]:
                return
            self._gone.add(known[1])
        self._reminders[owner] = (mono, self.wake(mono, owner))

    def forget(self, owner: str) -> None:
        """Remind *owner* of nothing any more.

        Deadlines of one length come to an end in the order in which they began, so the timers that are gone are
        nearly always the next ones: there are hardly more of them than owners.
        """
        known = self._reminders.pop(owner, None)
        if known is None:
            return
        if self._timers[0][2] == known[1]:
            heapq.heappop(self._timers)
        else:
            self._gone.add(known[1])
        if self._gone:
            self._drop_the_gone()

    def _drop_the_gone(self) -> None:
        while self._timers and self._timers[0][2] in self._gone:
            self._gone.remove(heapq.heappop(self._timers)[2])

    @property
    def deadline(self) -> float | None:
        """The next instant at which somebody wants to be called."""
        return self._timers[0][0] if self._timers else None

    def due(self) -> str | None:
        """Return the next owner whose time has come, each entry once, or None."""
        if self._timers and self._timers[0][0] <= self.now.mono:
            _, owner, number = heapq.heappop(self._timers)
            if self._reminders.get(owner, (0.0, -1))[1] == number:
                del self._reminders[owner]
            self._drop_the_gone()
            return owner
        return None
