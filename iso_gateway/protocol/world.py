"""What the parts of the node share: the setup, the present moment, and the commands gathered so far."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque

from iso_gateway.protocol.commands import Command, Log
from iso_gateway.protocol.events import Event
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
        self.inner: deque[Event] = deque()
        self._out: list[Command] = []
        self._ids = itertools.count(1)
        self._timers: list[tuple[float, int, str]] = []
        self._order = itertools.count()
        self._reminders: dict[str, float] = {}
        """When each owner is reminded next."""

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

    def wake(self, mono: float, owner: str) -> None:
        """Have *owner* called at *mono* or soon after; it checks for itself whether that still matters."""
        heapq.heappush(self._timers, (mono, next(self._order), owner))

    def remind(self, mono: float, owner: str) -> None:
        """Have *owner* called at *mono* at the latest; where that is too early, it asks again.

        Most deadlines move on or pass away long before they come: so each owner has one timer, not one for each.
        """
        if mono < self._reminders.get(owner, math.inf):
            self._reminders[owner] = mono
            self.wake(mono, owner)

    @property
    def deadline(self) -> float | None:
        """The next instant at which somebody wants to be called."""
        return self._timers[0][0] if self._timers else None

    def due(self) -> str | None:
        """Return the next owner whose time has come, each entry once, or None."""
        if self._timers and self._timers[0][0] <= self.now.mono:
            mono, _, owner = heapq.heappop(self._timers)
            if self._reminders.get(owner) == mono:
                del self._reminders[owner]
            return owner
        return None
