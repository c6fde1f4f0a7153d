"""One connection that carries frames: a socket, what came of a frame so far, and what waits to be sent.

Rule 1: nothing here waits. The poller gives the connection its turns, and what was sent in one breath is given to the
socket at its end, together. No transaction's deadline cancels a write: what ends one is the peer, the end of the
connection, or WRITE_TIMEOUT without progress, and each of them ends the connection.
Rule 2: every send gets exactly one outcome, whatever happens, and never from inside `send`.
"""

from __future__ import annotations

import math
import socket
import struct
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

import trio

from iso_gateway.errors import FramingError, IsoGatewayError, NoConnection
from iso_gateway.framing import Frame, Framing
from iso_gateway.net.failures import no_connection
from iso_gateway.net.outbox import Done, Outbox, Outcome
from iso_gateway.net.poller import READ, WRITE, the_poller
from iso_gateway.net.secured import Secured
from iso_gateway.protocol.verdicts import Wire

READ_SIZE: Final = 8 * 1024
"""Bytes asked for at a time: what bounds the memory of reading, beside one frame. The shortest messages have 14 bytes
on the wire and cost 100 in memory, so that this makes 60 KiB of them."""

TURN: Final = 8
"""Frames that are handed out before others get their turn: a peer that sends a thousand small ones at once must not
hold up everybody else."""

_NO_LINGER: Final = struct.pack("ii", 1, 0)
"""For a close that waits for nothing, and is an RST."""


class FramedConnection:
    """The frames of one socket, in both directions.

    Someone must await `run`; until it is running, sends wait in the queue. All times are in seconds.
    """

    def __init__(
        self,
        sock: socket.socket | Secured,
        framing: Framing,
        *,
        max_length: int = 4096,
        write_timeout: float = 10.0,
        frame_timeout: float = 10.0,
        idle_timeout: float | None = None,
        max_queued: int = 256 * 1024,
        turn: int = TURN,
    ) -> None:
        """Take over *sock*, a connected one.

        Args:
            max_length: the longest frame that is taken, headers and payload, in bytes.
            write_timeout: how long the peer may take nothing while something waits for it.
            frame_timeout: how long a frame may take from its first byte to its last.
            idle_timeout: how long nothing may pass in either direction; None is for ever. It must be over the
                longest time that an answer may take.
            max_queued: bytes that may wait to be sent; a send beyond is NOT_HANDED.
            turn: frames that are handed out before others get their turn.
        """
        self.framing = framing
        self._sock = sock
        self._tls = sock if isinstance(sock, Secured) else None
        if isinstance(sock, socket.socket):
            sock.settimeout(0)
        self._poller = the_poller()
        self._framer = framing.framer(max_length)
        self._write_timeout = write_timeout
        self._frame_timeout = frame_timeout
        self._idle_timeout = math.inf if idle_timeout is None else idle_timeout
        self._turn = turn
        self._on_frame: Callable[[Frame], None] | None = None
        self._frames: deque[Frame] = deque()
        """What came and is not handed out yet."""
        self._outbox = Outbox(max_queued)
        self._flushing = False
        """Whether a flush is put off."""
        self.is_open = True
        """Whether a send now could still reach the socket."""
        self._deaf = self._ended = False
        self._over = trio.Event()
        self._why: IsoGatewayError | None = None
        self._bug: Exception | None = None
        self._quiet_since = math.inf
        self._heard: float | None = None
        """When the last byte came."""
        self._half = False
        """Whether a record of TLS has begun, and no frame inside it."""
        self._frame_deadline = math.inf
        self._write_deadline = math.inf

    @property
    def queued(self) -> int:
        """How many frames wait for the socket."""
        return len(self._outbox.waiting)

    def wire(self, payload: bytes) -> Wire:
        """Return what came of the peer's bytes, and whether *payload* waits to be written still."""
        framer = self._framer
        return Wire(
            waiting=bool(payload) and any(wire.endswith(payload) for wire, _ in self._outbox.waiting),
            heard=self._heard,
            offset=framer.offset,
            have=framer.buffered,
            need=framer.needed if framer.buffered else 0,
        )

    @property
    def keepalives(self) -> int:
        """How many frames without payload came."""
        return self._framer.keepalives

    def send(self, payload: bytes, header: bytes | None = None, done: Done | None = None) -> None:
        """Put one frame in the queue, without waiting; *done* is told its outcome later, once.

        Args:
            payload: the message.
            header: the network headers, or None for the framing's own.
            done: called with the outcome, never from inside this call. What it raises is a bug, like *on_frame*'s.

        Raises:
            EncodeError: the framing cannot express the payload or header; *done* is not called.
        """
        self.send_bytes(self.framing.frame(payload, header), done)

    def send_bytes(self, wire: bytes, done: Done | None = None) -> None:
        """Put *wire* in the queue as it is, a frame or not; otherwise as `send`.

        For hosts and links that misbehave on purpose: what lies behind bytes that are no frame cannot be read.
        """
        if self.is_open and self._outbox.add(wire, done):
            self._flush_soon()
        elif done is not None:
            self._poller.put_off(partial(self._tell, [done], Outcome.NOT_HANDED))

    async def run(self, on_frame: Callable[[Frame], None]) -> IsoGatewayError | None:
        """Carry frames until the connection ends; the socket is closed then, and every send has its outcome.

        Args:
            on_frame: called with each frame that came, in order. It must not block; what it raises is a bug,
                ends the connection and comes out of here.

        Returns:
            None where the peer closed between two frames or `aclose` was called; else why the connection ended:
            FrameTooLong, BadFrame or FrameCutShort for what the peer sent, NoConnection for the rest.
        """
        try:
            if not self._ended:
                self._poller.watch(self._sock, self)
                self._on_frame = on_frame
                self._quiet_since = trio.current_time()
                self._flush_soon()
                self._poller.look_at(self.due)
                if self._tls is not None and self._tls.early:
                    self._poller.put_off(partial(self.turn, READ))
            await self._over.wait()
        finally:
            self._end(None)
            self._finish()
        if self._bug is not None:
            raise self._bug
        return self._why

    async def aclose(self) -> None:
        """Take no more sends, give what waits to the socket, then close; return when `run` is over.

        The peer has *write_timeout* to take each piece of what waits. Cancelled, this still closes. Before `run`
        has begun, what waits is NOT_HANDED.
        """
        self.is_open = False
        if self._on_frame is None:
            self._end(None)
        self._flush_soon()
        try:
            await self._over.wait()
        except trio.Cancelled:
            self._end(None)
            raise

    def hang_up(self) -> None:
        """Begin to close as `aclose` does, and take no more frames, not even those that have come already."""
        self.is_open = False
        self._deaf = True
        self._frames.clear()
        self._flush_soon()

    def abort(self, reason: str) -> None:
        """Close at once: what waits is NOT_HANDED, what is being written UNCERTAIN; `run` returns NoConnection."""
        self._end(NoConnection(reason))

    def reset(self, reason: str) -> None:
        """Do what `abort` does, by RST: what the peer has not read yet may be lost."""
        if not self._ended:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._end(NoConnection(reason))

    # The end

    def _end(self, why: IsoGatewayError | None) -> None:
        """End the connection for the reason *why*, unless it is ending already."""
        if self._ended:
            return
        self.is_open = False
        self._ended = True
        self._why = why
        self._frames.clear()
        if self._on_frame is not None:
            self._poller.forget(self._sock, self)
        self._poller.put_off(self._finish)

    def _finish(self) -> None:
        """Close, and tell every send without an outcome what became of it, the oldest first."""
        if self._over.is_set():
            return
        self._sock.close()
        for done, outcome in self._outbox.given_up(self._tls.unsure if self._tls is not None else 0):
            self._tell([done], outcome)
        self._over.set()

    def _tell(self, several: list[Done], outcome: Outcome) -> None:
        for done in several:
            try:
                done(outcome)
            except Exception as bug:  # noqa: BLE001 -- it is `run` that raises it
                self._failed(bug)

    def _failed(self, bug: Exception) -> None:
        self._bug = self._bug or bug
        self._end(None)

    # Turns

    def turn(self, events: int) -> None:
        """Read or write, as far as it goes without waiting."""
        if events & WRITE:
            self._flush()
        if self._ended:
            return
        if not events:
            self._hand_out()
        elif events & READ and not self._frames:
            self._read()

    def _read(self) -> None:
        """Take in what came."""
        try:
            data = self._sock.recv(READ_SIZE)
        except BlockingIOError:
            if self._tls is not None:
                self._note_half(self._tls, new=not self._half)
            return
        except OSError as error:
            self._end(no_connection(error))
            return
        if self._deaf and data:
            return  # thrown away: what waits for the peer is still being written
        framer = self._framer
        if not data:
            self._end_of_stream()
            return
        inside = framer.buffered
        try:
            frames = framer.receive(data)
        except FramingError as fault:
            self._end(fault)
            return
        self._quiet_since = self._heard = self._poller.now
        if framer.buffered and (frames or not inside):
            # A new frame began with these bytes; more bytes of an old one win no time.
            self._frame_deadline = self._poller.now + self._frame_timeout
            self._poller.look_at(self._frame_deadline)
        if self._tls is not None:
            self._note_half(self._tls, new=True)
        self._frames.extend(frames)
        self._hand_out()

    def _note_half(self, tls: Secured, *, new: bool) -> None:
        """Give a record that has begun as long as a frame; one that has begun in a frame has the frame's time."""
        self._half = tls.half and not self._framer.buffered
        if self._half and new:
            self._frame_deadline = self._poller.now + self._frame_timeout
            self._poller.look_at(self._frame_deadline)

    def _end_of_stream(self) -> None:
        """End as the peer ended: between two frames or inside one, or with a record that is none."""
        framer = self._framer
        if self._tls is not None and self._tls.fault is not None:
            self._end(no_connection(self._tls.fault))
        else:
            self._end(framer.cut_short("the connection closed") if framer.buffered and not self._deaf else None)

    def _hand_out(self) -> None:
        """Give one turn's frames to *on_frame*, which may end all this; the rest waits for another turn."""
        assert self._on_frame is not None
        frames = self._frames
        try:
            for _ in range(self._turn):
                if not frames:
                    break
                self._on_frame(frames.popleft())
        except Exception as bug:  # noqa: BLE001 -- it is `run` that raises it
            self._failed(bug)
            return
        if frames:
            self._poller.again(self)
        elif self._framer.fault is not None and not self._deaf:
            self._end(self._framer.fault)
        elif self._tls is not None and self._tls.over:
            self._end_of_stream()

    # Writing

    def _flush_soon(self) -> None:
        if not self._flushing and self._on_frame is not None and self._write_deadline == math.inf:
            self._flushing = True
            self._poller.put_off(self._flush)

    def _flush(self) -> None:
        """Give the socket what waits, as much as it takes.

        Who waits for an outcome is told after others have flushed: a neighbour that is busy with the first frame need
        not be woken up for the second.
        """
        self._flushing = False
        while self._outbox.waiting and not self._ended:
            data = self._outbox.next_bytes()
            moved = True
            try:
                taken = self._sock.send(data)
            except BlockingIOError:
                taken, moved = 0, False
            except OSError as error:
                self._end(no_connection(error))
                return
            if taken:
                self._quiet_since = self._poller.now
                if handed := self._outbox.took(taken):
                    self._poller.put_off(partial(self._tell, handed, Outcome.HANDED))
            if taken < len(data):
                self._wait_for_room(progress=moved)
                return
        if self._write_deadline != math.inf and not self._ended:
            self._write_deadline = math.inf
            self._poller.watch_for(READ, self._sock, self)
        if not self.is_open:
            self._end(None)

    def _wait_for_room(self, *, progress: bool) -> None:
        """Go on when the peer has taken something, which may not take longer than the write time-out."""
        if self._write_deadline == math.inf:
            self._poller.watch_for(READ | WRITE, self._sock, self)
        elif not progress:
            return
        self._write_deadline = self._poller.now + self._write_timeout
        self._poller.look_at(self._write_deadline)

    # Time

    @property
    def due(self) -> float:
        """When the connection ends if nothing happens until then."""
        if self._deaf:
            return self._write_deadline
        inside = self._framer.buffered or self._half
        reading = self._frame_deadline if inside else self._quiet_since + self._idle_timeout
        return min(self._write_deadline, reading)

    def time_is_up(self) -> None:
        """End the connection for what is due."""
        if self._write_deadline <= self._poller.now:
            self._end(NoConnection(f"the peer took nothing for {self._write_timeout:g} s"))
        elif self._framer.buffered:
            self._end(self._framer.cut_short(f"no end for {self._frame_timeout:g} s"))
        elif self._half:
            self._end(NoConnection(f"no end of a record of TLS for {self._frame_timeout:g} s"))
        else:
            self._end(NoConnection(f"idle for {self._idle_timeout:g} s"))
