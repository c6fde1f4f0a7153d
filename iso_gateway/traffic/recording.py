"""A proxy that passes on every byte, and the end of a connection as it came, and writes down what passed.

Between two peers there is one task per direction. It reads, notes what it read (which never waits), and gives all of it
to the other side before it reads again: a peer that reads slowly slows down the one that sends, as without a proxy.
Held are, per connection and direction, `READ_SIZE` bytes on their way and at most one frame of 64 KiB, twice; and of
all together what waits to be written, `tape.WAITING`.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Final

import trio

from iso_gateway.errors import NoConnection
from iso_gateway.net.address import Address
from iso_gateway.net.clock import now
from iso_gateway.net.failures import no_connection
from iso_gateway.net.listener import Refusal, dial, serve
from iso_gateway.traffic.recorded import Side, as_line
from iso_gateway.traffic.tape import Cuts, Cutter, Piece, Scribe, Tape, What

READ_SIZE: Final = 16 * 1024
"""Bytes that are read at a time."""
DIALLING: Final = 10.0
"""Seconds to reach the upstream."""
WRITTEN: Final = 64 * 1024
"""Bytes of lines that are given to the file at once, where so many wait."""
IDLE: Final = 0.002
"""Seconds without anything to pass on, after which lines are made of what passed."""
AT_LATEST: Final = 0.1
"""Seconds after which they are made even so, one at a time between two turns of those who pass on."""
_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER that makes closing a reset."""


class Recorder:
    """Passes connections on to *upstream*, and writes what is said to *file*."""

    def __init__(
        self,
        upstream: Address,
        cutter: Callable[[], Cutter],
        scribe: Scribe,
        file: BinaryIO,
        *,
        connections: int = 1024,
        complain: Callable[[str], None] = lambda _: None,
        tape: Tape | None = None,
    ) -> None:
        """Begin a recording that counts time from now.

        Args:
            upstream: who is dialled for each connection.
            cutter: makes what cuts one direction of one connection.
            scribe: what writes lines.
            file: where they go.
            connections: at a time; one more is closed at once.
            complain: told what goes wrong, a line each.
            tape: what holds the pieces that wait.
        """
        self._upstream = upstream
        self._cutter = cutter
        self.scribe = scribe
        self._file = file
        self._connections = connections
        self._complain = complain
        self.tape = Tape() if tape is None else tape
        self._began = now().mono
        self._something = trio.Event()
        self._over = False
        self._serving = trio.CancelScope()
        self.opened = 0
        """How many connections there were."""
        self.fault = ""
        """Why nothing more is written; empty while all is well."""

    async def run(self, address: Address, *, task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve at *address* until `stop`; ``await nursery.start(...)`` returns the bound address.

        Raises:
            ConfigError: the address is in use, or cannot be listened at.
        """
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write)
            try:
                with self._serving:
                    await serve(
                        address,
                        self._accepted,
                        connections=self._connections,
                        on_refused=self._refused,
                        task_status=task_status,
                    )
            finally:
                self._over = True
                self._something.set()

    def stop(self) -> None:
        """Close all connections, write what waits, and end."""
        self._serving.cancel()

    def _refused(self, refusal: Refusal) -> None:
        self._complain(f"{refusal.count} connections were closed: {refusal.cause}")

    # Passing on

    async def _accepted(self, client: socket.socket) -> None:
        self.opened += 1
        number = self.opened
        try:
            peer = str(Address(*client.getpeername()[:2]))
        except OSError:
            peer = "gone at once"
        self._note(number, Side.CLIENT, None, peer, opened=True)
        try:
            server = await dial(self._upstream, DIALLING)
        except NoConnection as error:
            self._note(number, Side.SERVER, None, str(error))
            self._complain(str(error))
            _will_reset(client)
            return
        with server:
            await _Passing(self, number, client, server).run()

    def heard(self, number: int, side: Side, some: Cuts, how: str = "") -> None:
        """Note what *side* of connection *number* said, and with *how* that it will say no more."""
        for what, why in some:
            self._note(number, side, what, why)
        if how:
            self._note(number, side, None, how)

    def _note(self, number: int, side: Side, what: What | None, word: str, *, opened: bool = False) -> None:
        self.tape.add(Piece(now().mono - self._began, number, side, what, word, opened))
        self._something.set()

    def cutter(self) -> Cutter:
        """Return what cuts one direction."""
        return self._cutter()

    # Writing down

    async def _write(self) -> None:
        """Write what waits, until all is over; each turn of others comes before the next line."""
        while True:
            lines: list[bytes] = []
            size = 0
            while self.tape and size < WRITTEN:
                lines.append(as_line(self.scribe.line(self.tape.next())))
                size += len(lines[-1])
                await trio.lowlevel.checkpoint()
            if lines:
                await self._put(b"".join(lines), len(lines))
            elif self._over:
                return
            else:
                await self._something.wait()
                await self._quiet()

    async def _quiet(self) -> None:
        """Wait until nothing passes: making a line takes as long as passing on a message, and nobody waits for it."""
        with trio.move_on_after(AT_LATEST):
            while self._something.is_set() and not self._over:
                self._something = trio.Event()
                await trio.sleep(IDLE)

    async def _put(self, data: bytes, lines: int) -> None:
        """Give *data* to the file, in a thread: a disk that hangs must not hold up the traffic."""
        if self.fault:
            self.tape.lost += lines
            return
        try:
            await trio.to_thread.run_sync(_all_written, self._file, data)
        except OSError as error:
            self.fault = (error.strerror or "the system refused").lower()
            self.tape.lost += lines
            self._complain(f"nothing more is recorded: {self.fault}; all is passed on as before")


class _Passing:
    """One connection that is passed on."""

    def __init__(self, recorder: Recorder, number: int, client: socket.socket, server: socket.socket) -> None:
        self._recorder = recorder
        self._number = number
        self._sockets = {Side.CLIENT: client, Side.SERVER: server}
        self._ended: set[Side] = set()
        self._scope = trio.CancelScope()

    async def run(self) -> None:
        """Pass on both ways until both sides have ended, or one has been reset."""
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    for side in Side:
                        nursery.start_soon(self._pass_on, side)
        finally:
            if not self._ended:
                self._end(Side.CLIENT, None, "open when the recording ended")

    async def _pass_on(self, side: Side) -> None:
        """Give everything that *side* sends to the other."""
        source, sink = (trio.socket.from_stdlib_socket(self._sockets[each]) for each in (side, side.other))
        cutter = self._recorder.cutter()
        while True:
            try:
                data = await source.recv(READ_SIZE)
            except OSError as error:
                self._lost(side, cutter, error)
                return
            if not data:
                self._end(side, cutter, "closed")
                try:
                    sink.shutdown(socket.SHUT_WR)
                except OSError as error:
                    self._lost(side.other, None, error)
                return
            self._recorder.heard(self._number, side, cutter.cut(data))
            try:
                await _all_sent(sink, data)
            except OSError as error:
                self._lost(side.other, None, error)
                return

    def _end(self, side: Side, cutter: Cutter | None, how: str) -> None:
        if side not in self._ended:
            self._ended.add(side)
            left = cutter.end() if cutter is not None else []
            self._recorder.heard(self._number, side, left, how)

    def _lost(self, side: Side, cutter: Cutter | None, error: OSError) -> None:
        """Reset the other side too, as *side* was."""
        reset = isinstance(error, (ConnectionResetError, BrokenPipeError))
        self._end(side, cutter, "reset" if reset else str(no_connection(error)))
        _will_reset(self._sockets[side.other])
        self._scope.cancel()


def _will_reset(sock: socket.socket) -> None:
    """Have *sock* reset its peer when it is closed."""
    with suppress(OSError):  # it is gone already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)


async def _all_sent(sink: trio.socket.SocketType, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[await sink.send(view) :]


def _all_written(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
