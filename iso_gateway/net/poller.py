"""Which connections have something to read, or room to write again: one task asks for all of them.

A task of trio for each connection costs more with each message than all that is done with it here. So the connections
stand in a selector of their own (epoll, kqueue), which is itself a thing that trio can wait for.

Rule 1: in a round, each connection that is ready gets one turn, and each turn is bounded.
Rule 2: after PER_BREATH turns the other tasks get theirs. Within a breath the clock stands still, and at its end is
done what was put off: so all that was given to one connection meanwhile goes out together.
"""

from __future__ import annotations

import math
import selectors
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, Protocol

import trio

from iso_gateway.net.clock import the_clock

PER_BREATH: Final = 64
"""Turns before what was put off is done and other tasks get theirs."""

LOOK_SELDOM: Final = 0.25
"""Seconds between two looks at times that were known at the first: so late may an end come."""

READ: Final = selectors.EVENT_READ
WRITE: Final = selectors.EVENT_WRITE


class Watched(Protocol):
    """What the poller calls. Nothing of it may block, or raise: it would end all connections."""

    def turn(self, events: int) -> None:
        """Do a bounded piece of work; *events* is READ, WRITE or both, or 0 for one who asked for another turn."""

    @property
    def due(self) -> float:
        """When its time is up, on the monotonic clock."""

    def time_is_up(self) -> None:
        """Take in that what was due has come."""


class Numbered(Protocol):
    """A socket, or what stands for one."""

    def fileno(self) -> int:
        """Return its number."""


class Poller:
    """The connections of one run of trio."""

    def __init__(self) -> None:
        self.now = trio.current_time()
        """Monotonic seconds, at the start of the latest breath."""
        self._clock = the_clock()
        self._selector = selectors.DefaultSelector()
        self._unfinished: list[Watched] = []
        self._put_off: deque[Callable[[], None]] = deque()
        self.breathing = False
        """Whether this is a breath, with an end at which something can be done."""
        self._wake = trio.Event()
        self._watched: set[Watched] = set()
        self._look = math.inf
        """When to look whose time is up."""

    def start(self) -> None:
        """Begin, in tasks that end with this run of trio."""
        trio.lowlevel.spawn_system_task(self._poll)
        trio.lowlevel.spawn_system_task(self._attend)

    def watch(self, sock: Numbered, watched: Watched) -> None:
        """Give *watched* a turn whenever *sock* has something to read."""
        self._selector.register(sock, READ, watched)
        self._watched.add(watched)

    def watch_for(self, events: int, sock: Numbered, watched: Watched) -> None:
        """Give *watched* a turn whenever *sock*, which is watched already, is ready for one of *events*."""
        self._selector.modify(sock, events, watched)

    def forget(self, sock: Numbered, watched: Watched) -> None:
        """Watch *sock* no longer."""
        self._selector.unregister(sock)
        self._watched.discard(watched)

    def again(self, watched: Watched) -> None:
        """Give *watched* a turn in the next round, ready or not."""
        self._unfinished.append(watched)

    def put_off(self, work: Callable[[], None]) -> None:
        """Do *work*, which must not raise, at the end of the present breath; where there is none, soon."""
        self._put_off.append(work)
        if not self.breathing:
            self._wake.set()

    def look_at(self, mono: float) -> None:
        """Look whose time is up when it is *mono*; to be called where a time was set that is earlier than before."""
        if mono < self._look:
            self._look = mono
            self._wake.set()

    async def _poll(self) -> None:
        with self._selector:
            while True:
                if self._unfinished:
                    await trio.lowlevel.checkpoint()
                else:
                    await trio.lowlevel.wait_readable(self._selector.fileno())
                unfinished, self._unfinished = self._unfinished, []
                turns = [(watched, 0) for watched in unfinished]
                turns += [(key.data, events) for key, events in self._selector.select(0)]
                for at in range(0, len(turns), PER_BREATH):
                    if at:
                        await trio.lowlevel.checkpoint()
                    with self._breath():
                        for watched, events in turns[at : at + PER_BREATH]:
                            watched.turn(events)

    async def _attend(self) -> None:
        """Do what was put off or has become due while nothing was ready."""
        while True:
            with trio.CancelScope(deadline=self._look):
                await self._wake.wait()
            self._wake = trio.Event()
            with self._breath():
                if self._look <= self.now:
                    self._end_what_is_due()

    def _end_what_is_due(self) -> None:
        """Tell those whose time is up, and find the next time to look.

        All are asked: that is less work than to keep them in the order of times which move with every message.
        """
        for watched in list(self._watched):
            if watched.due <= self.now:
                watched.time_is_up()
        earliest = min((watched.due for watched in self._watched), default=math.inf)
        self._look = max(earliest, self.now + LOOK_SELDOM)

    @contextmanager
    def _breath(self) -> Iterator[None]:
        """Hold the clock still, and in the end do what was put off."""
        self.breathing = True
        with self._clock.standing() as now:
            self.now = now.mono
            try:
                yield
                while self._put_off:
                    self._put_off.popleft()()
            finally:
                self.breathing = False


class Bell:
    """What a thread rings to have something done in a breath."""

    def __init__(self, poller: Poller, work: Callable[[], None]) -> None:
        """Have *work* done, which must not raise, some time after each ring; for several rings perhaps once."""
        self._poller = poller
        self._work = work
        self._heard, self._rung = socket.socketpair()
        self._heard.settimeout(0)
        self._rung.settimeout(0)
        poller.watch(self._heard, self)

    def ring(self) -> None:
        """Ring, from any thread."""
        with suppress(BlockingIOError):  # it has been rung many times, and was not heard yet
            self._rung.send(b"\0")

    def turn(self, _events: int) -> None:
        """Do what was rung for."""
        with suppress(BlockingIOError):
            self._heard.recv(4096)
        self._work()

    @property
    def due(self) -> float:
        """Never."""
        return math.inf

    def time_is_up(self) -> None:
        """Nothing has a time."""

    def close(self) -> None:
        """Hear nothing more; nobody may ring."""
        self._poller.forget(self._heard, self)
        self._heard.close()
        self._rung.close()


_POLLER: trio.lowlevel.RunVar[Poller] = trio.lowlevel.RunVar("iso_gateway poller")


def the_poller() -> Poller:
    """Return the poller of this run of trio, which the first call in it starts."""
    try:
        return _POLLER.get()
    except LookupError:
        poller = Poller()
        _POLLER.set(poller)
        poller.start()
        return poller
