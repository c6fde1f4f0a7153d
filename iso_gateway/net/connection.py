"""One connection that carries frames: one task reads, one task writes.

Rule 1: only the writer task gives bytes to the stream, and no transaction's deadline cancels it. What ends a
write is the peer, the end of the connection, or WRITE_TIMEOUT without progress; each of them ends the connection.
Rule 2: a send that was cancelled or failed midway was sent. trio says of `send_all`: "it may have sent some,
all, or none of the requested data, and there is no way to know which". Such frames end as UNCERTAIN. What never
reached `send_all` ends as NOT_HANDED, and nobody owes anything for it.
Rule 3: every send gets exactly one outcome, whatever happens, and never from inside `send`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

import trio

from iso_gateway.errors import FramingError, IsoGatewayError, NoConnection
from iso_gateway.framing import Frame, Framing
from iso_gateway.net.failures import FOREIGN, no_connection

READ_SIZE: Final = 8 * 1024
"""Bytes asked for at a time: what bounds the memory of reading, beside one frame. The shortest messages have 14 bytes
on the wire and cost 100 in memory, so that this makes 60 KiB of them."""

JOINED: Final = 16 * 1024
"""Bytes given to the stream at a time. Frames that wait together are joined up to this, for fewer system calls;
more would make "no progress" hard to tell from a slow line."""

TURN: Final = 8
"""Frames of one reading that are handed out before others get their turn: a peer that sends a thousand small ones at
once must not hold up everybody else."""

FRAME_COST: Final = 128
"""Bytes that a waiting frame costs beside its own, so that very many empty ones are bounded too."""

IDLE_STEP: Final = 1 / 64
"""By which part of the idle time its end may come late: moving a deadline for every frame costs more than it."""


class Outcome(Enum):
    """What became of one send."""

    HANDED = auto()
    """The operating system took all of it. It counts as sent; only an answer tells that it arrived."""

    NOT_HANDED = auto()
    """Not a byte of it was given to the stream, and none will be."""

    UNCERTAIN = auto()
    """Some, all or none of it was sent, and there is no way to know which."""


Done = Callable[[Outcome], None]
"""Told the outcome of one send; it must not raise."""


class FramedConnection:
    """The frames of one stream, in both directions.

    Someone must await `run`; until it is running, sends wait in the queue. All times are in seconds.
    """

    def __init__(
        self,
        stream: trio.abc.Stream,
        framing: Framing,
        *,
        max_length: int = 4096,
        write_timeout: float = 10.0,
        frame_timeout: float = 10.0,
        idle_timeout: float | None = None,
        max_queued: int = 256 * 1024,
    ) -> None:
        """Take over *stream*.

        Args:
            max_length: the longest frame that is taken, headers and payload, in bytes.
            write_timeout: how long the peer may take nothing while something waits for it.
            frame_timeout: how long a frame may take from its first byte to its last.
            idle_timeout: how long nothing may pass in either direction; None is for ever. It must be over the
                longest time that an answer may take.
            max_queued: bytes that may wait to be sent; a send beyond is NOT_HANDED.
        """
        self.framing = framing
        self._stream = stream
        self._framer = framing.framer(max_length)
        self._write_timeout = write_timeout
        self._frame_timeout = frame_timeout
        self._idle_timeout = idle_timeout
        self._max_queued = max_queued
        self._queue: deque[tuple[bytes, Done | None]] = deque()
        self._queued = 0
        self._in_hand: list[Done | None] = []
        self._wake: trio.Event | None = None
        self._closing = False
        self._deaf = False
        self._over = trio.Event()
        self._running = False
        self._why: IsoGatewayError | None = None
        # One scope around all of run, one around each direction; their deadlines are moved, which is cheaper
        # than a new scope for each frame.
        self._whole = trio.CancelScope()
        self._writing = trio.CancelScope()
        self._reading = trio.CancelScope()
        self._idle_moves_at = -math.inf

    @property
    def is_open(self) -> bool:
        """Whether a send now could still reach the stream."""
        return not self._closing

    @property
    def queued(self) -> int:
        """How many frames wait to be given to the stream."""
        return len(self._queue)

    @property
    def keepalives(self) -> int:
        """How many frames without payload came."""
        return self._framer.keepalives

    def send(self, payload: bytes, header: bytes | None = None, done: Done | None = None) -> None:
        """Put one frame in the queue, without waiting; *done* is told its outcome later, once.

        Args:
            payload: the message.
            header: the network headers, or None for the framing's own.
            done: called with the outcome, never from inside this call.

        Raises:
            EncodeError: the framing cannot express the payload or header; *done* is not called.
        """
        wire = self.framing.frame(payload, header)
        cost = len(wire) + FRAME_COST
        if self._closing or self._queued + cost > self._max_queued:
            if done is not None:
                trio.lowlevel.current_trio_token().run_sync_soon(done, Outcome.NOT_HANDED)
            return
        self._queue.append((wire, done))
        self._queued += cost
        if self._wake is not None:
            self._wake.set()

    async def run(self, on_frame: Callable[[Frame], None]) -> IsoGatewayError | None:
        """Carry frames until the connection ends; the stream is closed then, and every send has its outcome.

        Args:
            on_frame: called with each frame that came, in order. It must not block; what it raises is a bug,
                ends the connection and comes out of here in a group.

        Returns:
            None where the peer closed between two frames or `aclose` was called; else why the connection ended:
            FrameTooLong, BadFrame or FrameCutShort for what the peer sent, NoConnection for the rest.
        """
        self._running = True
        try:
            with self._whole:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._write_until_closed)
                    await self._read_until_closed(on_frame)
        finally:
            self._closing = True
            self._settle()
            try:
                # Forcefully: nothing of ours waits any more, and a peer that does not answer must not hold us.
                await trio.aclose_forcefully(self._stream)
            finally:
                self._over.set()
        return self._why

    async def aclose(self) -> None:
        """Take no more sends, give what waits to the stream, then close; return when `run` is over.

        The peer has *write_timeout* to take each piece of what waits. Cancelled, this still closes. Before `run`
        has begun, what waits is NOT_HANDED.
        """
        self._closing = True
        if not self._running:
            self._end(None)
            self._settle()
            await trio.aclose_forcefully(self._stream)
            return
        if self._wake is not None:
            self._wake.set()
        try:
            await self._over.wait()
        except trio.Cancelled:
            self._end(None)
            raise

    def hang_up(self) -> None:
        """Begin to close as `aclose` does, and take no more frames, not even those that have come already."""
        self._closing = self._deaf = True
        self._reading.deadline = math.inf
        if self._wake is not None:
            self._wake.set()

    def abort(self, reason: str) -> None:
        """Close at once: what waits is NOT_HANDED, what is being written UNCERTAIN; `run` returns NoConnection."""
        self._end(NoConnection(reason))

    def _end(self, why: IsoGatewayError | None) -> None:
        """End the connection for the reason *why*, unless it is ending already."""
        if self._whole.cancel_called:
            return
        self._closing = True
        self._why = why
        self._whole.cancel()

    def _settle(self) -> None:
        """Tell every send without an outcome what became of it, the oldest first."""
        begun, self._in_hand = self._in_hand, []
        waiting, self._queue = self._queue, deque()
        self._queued = 0
        for done in begun:
            if done is not None:
                done(Outcome.UNCERTAIN)
        for _, done in waiting:
            if done is not None:
                done(Outcome.NOT_HANDED)

    async def _write_until_closed(self) -> None:
        """Write until `aclose` has emptied the queue or the stream takes no more, then end the connection."""
        why: IsoGatewayError | None = None
        with self._writing:
            why = await self._write()
        if self._writing.cancelled_caught:
            why = NoConnection(f"the peer took nothing for {self._write_timeout:g} s")
        self._end(why)

    async def _write(self) -> IsoGatewayError | None:
        """Give the stream what waits; return None when the queue is empty and we are closing, or what failed."""
        while True:
            if not self._queue:
                if self._closing:
                    return None
                self._wake = trio.Event()
                await self._wake.wait()
                self._wake = None
            # What is not begun when the connection ends shall be NOT_HANDED, so look before taking it.
            await trio.lowlevel.checkpoint_if_cancelled()
            if not self._queue:
                continue
            data = self._take()
            self._writing.deadline = trio.current_time() + self._write_timeout
            try:
                await self._stream.send_all(data)
            except FOREIGN as error:
                return no_connection(error)
            self._writing.deadline = math.inf
            handed, self._in_hand = self._in_hand, []
            self._move_idle_deadline()
            for done in handed:
                if done is not None:
                    done(Outcome.HANDED)

    def _take(self) -> bytes:
        """Move the frames that go out together from the queue into our hand; return their bytes.

        From here on they count as sent.
        """
        wire, done = self._queue.popleft()
        self._in_hand.append(done)
        joined = [wire]
        size = len(wire)
        while self._queue and size + len(self._queue[0][0]) <= JOINED:
            wire, done = self._queue.popleft()
            self._in_hand.append(done)
            joined.append(wire)
            size += len(wire)
        self._queued -= size + FRAME_COST * len(joined)
        return b"".join(joined)

    async def _read_until_closed(self, on_frame: Callable[[Frame], None]) -> None:
        """Read until the peer closes, what it sends is wrong or it takes too long, then end the connection."""
        why: IsoGatewayError | None = None
        with self._reading:
            self._move_idle_deadline()
            why = await self._read(on_frame)
        if self._reading.cancelled_caught:
            if self._framer.buffered:
                why = self._framer.cut_short(f"no end for {self._frame_timeout:g} s")
            else:
                why = NoConnection(f"idle for {self._idle_timeout:g} s")
        self._end(why)

    async def _read(self, on_frame: Callable[[Frame], None]) -> IsoGatewayError | None:
        """Hand out frames; return None when the peer closed between two of them, or what went wrong."""
        framer = self._framer
        while True:
            try:
                data = await self._stream.receive_some(READ_SIZE)
            except FOREIGN as error:
                return no_connection(error)
            if not data:
                return framer.cut_short("the connection closed") if framer.buffered and not self._deaf else None
            if self._deaf:
                continue  # thrown away: what waits for the peer is still being written
            inside = framer.buffered
            try:
                frames = framer.receive(data)
            except FramingError as fault:
                return fault
            if not await self._hand_out(frames, on_frame):
                continue
            if framer.fault is not None:
                return framer.fault
            if not framer.buffered:
                self._move_idle_deadline()
            elif frames or not inside:
                # A new frame began with these bytes; more bytes of an old one win no time.
                self._idle_moves_at = -math.inf
                self._reading.deadline = trio.current_time() + self._frame_timeout

    async def _hand_out(self, frames: list[Frame], on_frame: Callable[[Frame], None]) -> bool:
        """Give *frames* to *on_frame*; return whether more are wanted: it may have aborted or hung up."""
        for number, frame in enumerate(frames, 1):
            if not self._listens:
                break
            on_frame(frame)
            if number % TURN == 0:
                await trio.lowlevel.cancel_shielded_checkpoint()
        return self._listens

    @property
    def _listens(self) -> bool:
        return not (self._deaf or self._whole.cancel_called)

    def _move_idle_deadline(self) -> None:
        """Start the idle time anew, unless a frame is under way, which has a deadline of its own."""
        if self._framer.buffered:
            return
        now = trio.current_time()
        if now >= self._idle_moves_at:
            idle = math.inf if self._idle_timeout is None else self._idle_timeout
            self._idle_moves_at = now + idle * IDLE_STEP
            self._reading.deadline = now + idle * (1 + IDLE_STEP)
