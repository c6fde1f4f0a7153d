"""The socket to one worker: batches out, results in, and what is open when it ends."""

from __future__ import annotations

import math
import socket
from collections import deque
from functools import partial
from typing import Final

import trio

from iso_gateway.hsm.client import Done, gone
from iso_gateway.hsm.wire import (
    LARGEST_BATCH,
    LARGEST_RESULTS,
    BrokenPeer,
    CannotStart,
    Frames,
    add_frame,
    hello_in,
    results_in,
)
from iso_gateway.net.poller import READ, WRITE, the_poller
from iso_gateway.security.commands import Batch, Fault, Health, Refused

READ_SIZE: Final = 64 * 1024
MOST_OPEN: Final = 16_384
"""Batches that may be open; more are answered GONE: so many wait for a module that is not there any more."""


class _Open:
    """A batch that was sent."""

    __slots__ = ("batch", "deadline", "done", "number", "timeout")

    def __init__(self, number: int, batch: Batch, done: Done, timeout: float, now: float) -> None:
        self.number = number
        self.batch = batch
        self.done: Done | None = done
        """None: it was answered, since its time was up."""
        self.timeout = timeout
        self.deadline = now + timeout


class Line:
    """One worker. The poller gives it its turns; whoever made it waits for `started`, then for `over`."""

    def __init__(self, sock: socket.socket, *, hanging: float) -> None:
        """Take over *sock*; *hanging* seconds without any answer, while one is awaited, end it.

        Where the batch that is awaited may take longer, so may the worker: a large key store is read again.
        """
        sock.settimeout(0)
        self._sock = sock
        self._hanging = hanging
        self._poller = the_poller()
        self._frames = Frames(LARGEST_RESULTS)
        self._out = bytearray()
        self._flushing = False
        self._full = False
        """Whether the socket took less than was there, and is watched for room."""
        self._open: deque[_Open] = deque()
        self._number = 0
        self._patience = math.inf
        """When a worker that has answered nothing more is taken for dead."""
        self.started = trio.Event()
        """Set with the first word, or with the end."""
        self.over = trio.Event()
        self.health: Health | None = None
        self.pid: int | None = None
        self.why = ""
        """Why it ended."""
        self._poller.watch(sock, self)

    def submit(self, batch: Batch, done: Done, timeout: float) -> None:
        """Send *batch* at the end of this breath."""
        number = self._number = self._number % 0xFFFFFFFF + 1
        if self.over.is_set() or len(self._open) >= MOST_OPEN:
            self._poller.put_off(partial(done, gone(batch)))
        elif not add_frame(self._out, number, batch, LARGEST_BATCH):
            self._poller.put_off(partial(done, (Refused(Fault.MALFORMED),) * len(batch)))
        else:
            now = self._now()
            self._open.append(_Open(number, batch, done, timeout, now))
            if len(self._open) == 1:
                self._be_patient(now)
            self._poller.look_at(min(now + timeout, self._patience))
            if not self._flushing:
                self._flushing = True
                self._poller.put_off(self._flush)

    def end(self, why: str) -> None:
        """Close, and answer what is open: GONE."""
        if self.over.is_set():
            return
        self.why = why
        self._poller.forget(self._sock, self)
        self._sock.close()
        self.over.set()
        self.started.set()
        while self._open:
            each = self._open.popleft()
            if each.done is not None:
                each.done(gone(each.batch))

    # The poller's turns

    def turn(self, events: int) -> None:
        """Read what came, and write what waits."""
        if events & READ:
            self._read()
        if events & WRITE and not self.over.is_set():
            self._flush()

    @property
    def due(self) -> float:
        """When a batch's time is up, or the worker's."""
        if not self._open:
            return math.inf
        return min(self._patience, *(each.deadline for each in self._open if each.done is not None), math.inf)

    def time_is_up(self) -> None:
        """Answer the batches whose time is up; end a worker that hangs."""
        # Perhaps it was this process that stood still: what has been answered meanwhile is in time.
        self._read()
        if self.over.is_set():
            return
        now = self._now()
        if self._open and self._patience <= now:
            self.end(f"no answer for {max(self._hanging, self._open[0].timeout):g} s")
            return
        for each in list(self._open):
            if each.deadline <= now and each.done is not None:
                done, each.done = each.done, None
                done(gone(each.batch))

    def _now(self) -> float:
        return self._poller.now if self._poller.breathing else trio.current_time()

    def _read(self) -> None:
        try:
            data = self._sock.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.end("it ended")
            return
        try:
            for number, body in self._frames.feed(data):
                self._take(number, body)
                if self.over.is_set():
                    return
        except BrokenPeer as error:
            self.end(str(error))
            return
        self._be_patient(self._now())

    def _be_patient(self, now: float) -> None:
        """Wait for the next answer as long as a worker may take, or longer where its batch may."""
        if self._open:
            self._patience = now + max(self._hanging, self._open[0].timeout)

    def _take(self, number: int, body: bytes) -> None:
        if self.health is None:
            hello = hello_in(body)
            if number or isinstance(hello, CannotStart):
                self.end(hello.reason if isinstance(hello, CannotStart) else "a first word with a number")
                return
            self.health, self.pid = hello.health, hello.pid
            self.started.set()
            return
        if not self._open or self._open[0].number != number:
            raise BrokenPeer("an answer that nobody waits for")
        results = results_in(body, self._open[0].batch)
        done = self._open.popleft().done
        if done is not None:
            done(results)

    def _flush(self) -> None:
        """Give what waits to the socket, as much as it takes."""
        self._flushing = False
        if self.over.is_set():
            return
        try:
            del self._out[: self._sock.send(self._out)]
        except BlockingIOError:
            pass
        except OSError:
            # What it answered before it ended is still to be read: the end comes from there.
            self._out.clear()
        self._flushing = bool(self._out)  # the next turn for writing is a flush
        if self._flushing is not self._full:
            self._full = self._flushing
            self._poller.watch_for(READ | WRITE if self._full else READ, self._sock, self)
