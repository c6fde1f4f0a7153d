"""What time it is: the only place that asks.

`now` gives both clocks of a `Moment`. The monotonic one is trio's, so that a test's MockClock moves it. The wall
clock is read from the system once per run of trio and then carried on with the monotonic clock, so that both
always agree about how long something took, and a MockClock moves both.

The system's wall clock may be set while we run (NTP after a start without network, an operator, a machine that
woke from sleep). `Clock.resynchronise` compares how far the system's wall clock and the system's monotonic clock
went since the first reading; where they differ by STEP or more, our wall clock makes the same jump, backwards
too. Deadlines never notice, as they run on the monotonic clock; what is printed and stored is right again.
`keep_in_step` does this every minute.

While much happens at once, `Clock.standing` holds both still: reading them took as long as a tenth of all that a sale
takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import trio

from iso_gateway.protocol.moment import Moment

STEP: Final = 0.1
"""Seconds by which the system's wall clock must have jumped to be followed; less is reading the two in turn."""

EVERY: Final = 60.0
"""Seconds between two comparisons: a minute of wrong log times is bearable, a system call a minute is nothing."""

System = Callable[[], tuple[float, datetime]]
"""Reads the system's clocks: monotonic seconds, and UTC."""


def read_system() -> tuple[float, datetime]:
    """Return the system's monotonic seconds and its UTC date and time, read one after the other."""
    return time.monotonic(), datetime.now(UTC)  # noqa: TID251 -- this is the one place


class Clock:
    """The two clocks of one run of trio."""

    def __init__(self, mono: Callable[[], float] = trio.current_time, system: System = read_system) -> None:
        self._ask = mono
        self._system = system
        self._system_mono, self._system_wall = system()
        self._start_mono = mono()
        self._start_wall = self._system_wall
        self._standing: Moment | None = None

    def now(self) -> Moment:
        """Return this instant on both clocks."""
        if self._standing is not None:
            return self._standing
        mono = self._ask()
        return Moment(mono, self._start_wall + timedelta(seconds=mono - self._start_mono))

    @contextmanager
    def standing(self) -> Iterator[Moment]:
        """Have it be one and the same instant throughout; within, nobody may wait."""
        self._standing = self.now()
        try:
            yield self._standing
        finally:
            self._standing = None

    def resynchronise(self) -> float:
        """Follow the system's wall clock if it was set; return by how many seconds, 0.0 if it was not."""
        mono, wall = self._system()
        jump = wall - self._system_wall - timedelta(seconds=mono - self._system_mono)
        if abs(jump.total_seconds()) < STEP:
            return 0.0
        self._system_mono, self._system_wall = mono, wall
        self._start_wall += jump
        return jump.total_seconds()


_CLOCK: trio.lowlevel.RunVar[Clock] = trio.lowlevel.RunVar("iso_gateway clock")


def the_clock() -> Clock:
    """Return the clock of this run of trio; the first call in a run reads the system's."""
    try:
        return _CLOCK.get()
    except LookupError:
        clock = Clock()
        _CLOCK.set(clock)
        return clock


def now() -> Moment:
    """Return this instant on both clocks."""
    return the_clock().now()


async def keep_in_step(on_jump: Callable[[float], None], every: float = EVERY) -> None:
    """Follow the system's wall clock for ever, and tell *on_jump* the seconds of each jump."""
    clock = the_clock()
    while True:
        await trio.sleep(every)
        jump = clock.resynchronise()
        if jump:
            on_jump(jump)
