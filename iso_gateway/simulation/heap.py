"""The time of a simulated day: an event heap, and the two clocks that it moves."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from iso_gateway.protocol.moment import Moment

MORNING: Final = datetime(2026, 11, 20, 6, 0, 0, tzinfo=UTC)
"""When every day begins."""


class Heap:
    """What is still to happen, in order; what is due at one instant happens in the order in which it was asked for."""

    def __init__(self) -> None:
        self.mono = 0.0
        """Seconds since the day began."""
        self._coming: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = itertools.count()
        self._now = Moment(0.0, MORNING)

    def __len__(self) -> int:
        return len(self._coming)

    @property
    def now(self) -> Moment:
        """The present instant on both clocks."""
        if self._now.mono != self.mono:
            self._now = Moment(self.mono, MORNING + timedelta(seconds=self.mono))
        return self._now

    def at(self, mono: float, act: Callable[..., None], *args: Any) -> None:
        """Have ``act(*args)`` happen at *mono*, or now where that has passed."""
        heapq.heappush(self._coming, (max(mono, self.mono), next(self._order), act, args))

    def after(self, seconds: float, act: Callable[..., None], *args: Any) -> None:
        """Have ``act(*args)`` happen in *seconds*."""
        heapq.heappush(self._coming, (self.mono + seconds, next(self._order), act, args))

    def run(self, until: float) -> None:
        """Let everything happen that is due before *until*, and go there."""
        coming = self._coming
        while coming and coming[0][0] < until:
            self.mono, _, act, args = heapq.heappop(coming)
            act(*args)
        self.mono = until
