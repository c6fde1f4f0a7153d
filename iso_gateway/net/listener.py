"""Connections: taken from those who dial us, and dialled to hosts."""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, overload

import trio

from iso_gateway.errors import ConfigError, NoConnection, NoHandshake, Problem
from iso_gateway.net.address import Address
from iso_gateway.net.failures import no_connection
from iso_gateway.net.secured import Secured, shake_hands
from iso_gateway.net.tls import ClientTLS

ALERT_EVERY: Final = 60.0
"""Seconds between two alerts of one cause: someone who knocks a thousand times a second is told of once."""

PAUSE: Final = 0.1
"""Seconds to wait when the system has no room for a connection (trio.serve_listeners waits as long)."""

NO_ROOM: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
"""What accept raises when the system is out of something, and which passes when a connection closes."""

WHY_NOT: Final = {
    errno.EADDRINUSE: "address {} is in use",
    errno.EACCES: "address {} needs rights that this user has not (ports under 1024 do)",
    errno.EADDRNOTAVAIL: "address {} is none of this machine",
}
"""Why one cannot listen, by the system's error."""

Handler = Callable[[socket.socket], Awaitable[object]]
"""Carries one connection and closes it; what it raises ends the listener too, so it catches what it expects."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Connections that were closed for want of room, since the last alert of the same cause."""

    cause: str
    """In words, with the bound."""
    count: int
    """How many."""


class Refusals:
    """Counts refused connections, and tells of them at most once per cause and ALERT_EVERY seconds."""

    def __init__(self, tell: Callable[[Refusal], None] | None) -> None:
        self._tell = tell
        self._untold: dict[str, int] = {}
        self._next: dict[str, float] = {}

    def add(self, cause: str) -> None:
        """Count one more refusal for *cause*."""
        count = self._untold.get(cause, 0) + 1
        now = trio.current_time()
        if now < self._next.get(cause, now):
            self._untold[cause] = count
            return
        self._untold[cause] = 0
        self._next[cause] = now + ALERT_EVERY
        if self._tell is not None:
            self._tell(Refusal(cause, count))


async def serve(
    address: Address,
    handler: Handler,
    *,
    connections: int,
    make_room: Callable[[], bool] = lambda: False,
    on_refused: Callable[[Refusal], None] | None = None,
    handler_nursery: trio.Nursery | None = None,
    task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen at *address* until cancelled, with one task of *handler* for each connection.

    ``await nursery.start(serve, ...)`` returns the address that is really bound, with the port that the system
    chose for port 0.

    Args:
        connections: how many at a time; one more is closed at once, without a byte.
        make_room: asked to end one of them for one more, before that; returns whether it does.
        on_refused: told of connections that were closed so, or had to make room, once a minute at most.
        handler_nursery: where the handlers run. They outlive this task then, so that cancelling it only stops
            taking new connections. By default they end with it.

    Raises:
        ConfigError: the address is in use, or cannot be listened at.
    """
    listeners = await _listen(address)
    limit = trio.CapacityLimiter(connections)
    try:
        async with trio.open_nursery() as nursery:
            door = _Door(handler, limit, make_room, Refusals(on_refused), handler_nursery or nursery)
            for listener in listeners:
                nursery.start_soon(door.accept, listener)
            host, port = listeners[0].socket.getsockname()[:2]
            task_status.started(Address(host, port))
    finally:
        for listener in listeners:
            listener.socket.close()


async def _listen(address: Address) -> list[trio.SocketListener]:
    """Return the listeners at *address*: several where a name means several addresses."""
    try:
        listeners = await trio.open_tcp_listeners(address.port, host=address.host)
    except OSError as error:
        if isinstance(error, socket.gaierror):
            reason = f"address {address}: no such host name"
        else:
            pattern = WHY_NOT.get(error.errno or 0, "address {} cannot be listened at: " + (error.strerror or ""))
            reason = pattern.format(address)
        raise ConfigError([Problem("", reason)]) from error
    if address.port != 0:
        return list(listeners)
    # Each has a port of its own, and the caller wants one answer.
    for listener in listeners[1:]:
        listener.socket.close()
    return [listeners[0]]


@dataclass(frozen=True, slots=True)
class _Door:
    """Where connections come in, and how many are inside."""

    handler: Handler
    limit: trio.CapacityLimiter
    make_room: Callable[[], bool]
    refusals: Refusals
    nursery: trio.Nursery

    async def accept(self, listener: trio.SocketListener) -> None:
        """Take connections of *listener* for ever, and start a handler for each that there is room for."""
        while True:
            try:
                stream = await listener.accept()
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                self.refusals.add(f"the system has no room for a connection ({errno.errorcode[error.errno]})")
                await trio.sleep(PAUSE)
                continue
            if await self._admits(stream):
                self.nursery.start_soon(self._carry, stream)
            else:
                stream.socket.close()

    async def _admits(self, stream: trio.SocketStream) -> bool:
        """Return whether there is a place for *stream*, if need be that of another."""
        try:
            self.limit.acquire_on_behalf_of_nowait(stream)
        except trio.WouldBlock:
            full = f"more than {self.limit.total_tokens:g} connections"
            if self.make_room():
                self.refusals.add(f"{full}; the oldest that had said nothing useful made room")
                with trio.move_on_after(PAUSE):
                    await self.limit.acquire_on_behalf_of(stream)
                    return True
            else:
                self.refusals.add(full)
            return False
        return True

    async def _carry(self, stream: trio.SocketStream) -> None:
        """Run the handler for one connection, and give its place back."""
        try:
            with _plain(stream) as sock:
                await self.handler(sock)
        finally:
            self.limit.release_on_behalf_of(stream)


@overload
async def dial(address: Address, within: float, tls: None = None) -> socket.socket: ...


@overload
async def dial(address: Address, within: float, tls: ClientTLS | None) -> socket.socket | Secured: ...


async def dial(
    address: Address,
    within: float,
    tls: ClientTLS | None = None,
) -> socket.socket | Secured:
    """Return a connection to *address*, made within *within* seconds; the handshake of *tls* may take as long again.

    Raises:
        NoConnection: nobody listens there, the name or network is unknown, or nothing answers in time.
        NoHandshake: somebody listens there, and it is not whom *tls* means.
    """
    try:
        with trio.fail_after(within):
            stream = await trio.open_tcp_stream(address.host, address.port)
    except trio.TooSlowError as error:
        raise NoConnection(f"{address}: no answer within {within:g} s") from error
    except OSError as error:
        raise no_connection(error, str(address)) from error
    if tls is None:
        return _plain(stream)
    try:
        return await shake_hands(_plain(stream), tls, within)
    except NoHandshake as error:
        raise NoHandshake(f"{address}: {error}") from error


def _plain(stream: trio.SocketStream) -> socket.socket:
    """Return the socket of *stream*, which is closed for others.

    It sends small frames at once, and notices a peer that vanished, hours later at the worst.
    """
    sock = socket.socket(fileno=stream.socket.detach())
    sock.settimeout(0)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return sock
