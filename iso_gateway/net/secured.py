"""TLS over one socket, as `FramedConnection` uses a socket: `recv` and `send` that never wait.

OpenSSL works in memory here, and what it makes of our bytes is given to the socket by us. So it is known at each
instant which frames the socket has: rule 2 of `connection` holds with TLS too.

Rule 1: one piece is sealed at a time, and only when the socket has taken all of the one before. A piece of which the
socket took less than all is `unsure`, with every frame in it: what was given to TLS counts as sent.
Rule 2: whatever came is opened at once, to the last whole record; nothing readable stays where the poller cannot see
it. A connection keeps one unfinished record beside READ_SIZE.
Rule 3: the end of the stream is its end, with a close_notify or without one: frames have lengths of their own.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import trio

from iso_gateway.errors import NoHandshake
from iso_gateway.net.failures import no_connection
from iso_gateway.net.tls import ClientTLS, ServerTLS

RECORD: Final = 16 * 1024
"""Bytes that one record holds (RFC 8446, 5.1): what is sealed at a time."""

HEAD: Final = 5
"""Bytes of a record before its content: type, version, length."""

MOST_OF_A_HANDSHAKE: Final = 128 * 1024
"""Bytes of the peer until its handshake is over; OpenSSL takes chains of certificates up to 100 KiB."""

UNASKED: Final = 64 * 1024
"""Bytes that TLS itself may have waiting for a peer that takes nothing: alerts, answers to what the peer repeats."""


class Secured:
    """A socket whose handshake is done."""

    def __init__(self, sock: socket.socket, wrap: Callable[..., ssl.SSLObject], **role: bool | str | None) -> None:
        """Take over *sock*, a connected one, with what the *wrap* of a context makes for *role*."""
        sock.settimeout(0)
        self._sock = sock
        self._came = ssl.MemoryBIO()
        self._goes = ssl.MemoryBIO()
        self.tls = wrap(self._came, self._goes, **role)
        self.names: tuple[str, ...] = ()
        """What the peer's verified certificate calls it; empty where it showed none."""
        self.early = b""
        """What came together with the end of the handshake."""
        self.over = False
        """Whether nothing more can come, though the socket is open: the peer said so, or broke a record."""
        self.fault: OSError | None = None
        """What was wrong with the record that ended it, or with our answer to it."""
        self._sealed: memoryview = memoryview(b"")
        """What waits for the socket."""
        self.unsure = 0
        """How many bytes given to `send`, and not said to be taken yet, are sealed: they may reach the peer."""
        self._head = b""
        self._left = 0

    @property
    def half(self) -> bool:
        """Whether a record has begun and not ended."""
        return bool(self._left or self._head)

    def fileno(self) -> int:
        """Return the socket's number."""
        return self._sock.fileno()

    def getpeername(self) -> tuple[str, int]:
        """Return the peer's address.

        Raises:
            OSError: it is gone.
        """
        return self._sock.getpeername()[:2]  # type: ignore[no-any-return]

    # In

    def recv(self, most: int) -> bytes:
        """Return what can be read now; *most* bounds what is taken from the socket. Empty: the peer has closed.

        Raises:
            BlockingIOError: nothing can be read now.
            OSError: the connection is lost, or what came is no TLS.
        """
        if self.early:
            early, self.early = self.early, b""
            return early
        data = self._sock.recv(most)
        if not data:
            return b""
        self.feed(data)
        opened = self.open()
        if self._goes.pending:
            try:
                self._answer()
            except OSError as error:
                self.over = True
                self.fault = self.fault or error
        if opened:
            return opened
        if self.fault is not None:
            raise self.fault
        if self.over:
            return b""
        raise BlockingIOError

    def feed(self, data: bytes) -> None:
        """Take in *data* from the socket, and note whether it ends inside a record."""
        self._came.write(data)
        at, end = 0, len(data)
        while at < end:
            if self._left:
                step = min(self._left, end - at)
                self._left -= step
            else:
                step = min(HEAD - len(self._head), end - at)
                self._head += data[at : at + step]
                if len(self._head) == HEAD:
                    self._left = int.from_bytes(self._head[3:])
                    self._head = b""
            at += step

    def open(self) -> bytes:
        """Return what all whole records hold."""
        parts = []
        try:
            while part := self.tls.read(RECORD):
                parts.append(part)
            self.over = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.over = True
        except ssl.SSLError as error:
            self.over = True
            self.fault = error
        return b"".join(parts)

    def _answer(self) -> None:
        """Send what TLS itself has to say, and nothing of a frame.

        Raises:
            OSError: the connection is lost, or wants much to be answered and takes nothing.
        """
        self._sealed = memoryview(bytes(self._sealed) + self._goes.read())
        self._give()
        if len(self._sealed) > UNASKED:
            raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))

    # Out

    def send(self, data: bytes) -> int:
        """Seal and send *data*, which begins with what was `unsure` before; return how many bytes the socket has.

        Raises:
            BlockingIOError: the socket took nothing.
            OSError: the connection is lost.
        """
        taken = 0
        if self._sealed:
            moved = self._give()
            if self._sealed:
                if moved:
                    return 0
                raise BlockingIOError
            taken, self.unsure = self.unsure, 0
        while taken < len(data):
            self.unsure = self.tls.write(data[taken : taken + RECORD])
            self._sealed = memoryview(self._goes.read())
            moved = self._give()
            if self._sealed:
                if taken or moved:
                    break
                raise BlockingIOError
            taken += self.unsure
            self.unsure = 0
        return taken

    def _give(self) -> bool:
        """Give the socket what is sealed; return whether it took any of it."""
        given = 0
        with suppress(BlockingIOError):
            while given < len(self._sealed):
                given += self._sock.send(self._sealed[given:])
        self._sealed = self._sealed[given:]
        return given > 0

    def setsockopt(self, level: int, option: int, value: bytes) -> None:
        """Set an option of the socket."""
        self._sock.setsockopt(level, option, value)

    def close(self) -> None:
        """Tell the peer, where there is room for it, and close."""
        if not self._sealed and self.fault is None:
            with suppress(OSError):  # ssl.SSLError is one; the peer's own word is not waited for
                self.tls.unwrap()
        with suppress(OSError):
            self._answer()
        self._sock.close()

    # The handshake

    async def pass_on(self) -> None:
        """Have the socket take all that TLS has to say before it goes on."""
        self._sealed = memoryview(bytes(self._sealed) + self._goes.read())
        while self._sealed:
            self._give()
            if self._sealed:
                await trio.lowlevel.wait_writable(self._sock)

    async def hear(self) -> int:
        """Wait for bytes of the peer and take them in; return how many, 0 at its end."""
        while True:
            await trio.lowlevel.wait_readable(self._sock)
            with suppress(BlockingIOError):
                data = self._sock.recv(RECORD)
                self.feed(data)
                return len(data)


def names_of(carrier: socket.socket | Secured) -> tuple[str, ...]:
    """Return the names of the peer's verified certificate; none in clear."""
    return carrier.names if isinstance(carrier, Secured) else ()


async def shake_hands(sock: socket.socket, tls: ServerTLS | ClientTLS, within: float) -> Secured:
    """Return *sock* secured by *tls*, within so many seconds; where that fails or is cancelled, *sock* is closed.

    Raises:
        NoHandshake: the peer speaks no TLS, another one, or is not who it should be; or it takes too long.
    """
    if isinstance(tls, ClientTLS):
        secured = Secured(sock, tls.context.wrap_bio, server_hostname=tls.server_name or None)
    else:
        secured = Secured(sock, tls.context.wrap_bio, server_side=True)
    try:
        with trio.fail_after(within):
            await _handshake(secured, tls)
    except trio.TooSlowError as error:
        secured.close()
        raise NoHandshake(f"no end of the TLS handshake for {within:g} s") from error
    except BaseException:
        secured.close()  # with the alert that says why
        raise
    return secured


async def _handshake(secured: Secured, tls: ServerTLS | ClientTLS) -> None:
    """Carry out the handshake, whoever begins it."""
    heard = 0
    try:
        done = isinstance(tls, ClientTLS) and await _step(secured)
        while not done:
            await secured.pass_on()
            more = await secured.hear()
            heard += more
            if not more:
                raise NoHandshake("the peer closed in the TLS handshake", silent=not heard)
            if heard > MOST_OF_A_HANDSHAKE:
                raise NoHandshake(f"more than {MOST_OF_A_HANDSHAKE} bytes of a TLS handshake")
            done = await _step(secured)
        secured.names = tls.identify(secured.tls)
        secured.early = secured.open()
        with suppress(OSError):  # a peer that has gone may have left something to be heard
            await secured.pass_on()
    except OSError as error:
        raise NoHandshake(str(no_connection(error)), silent=not heard) from error


_ONE_AT_A_TIME: trio.lowlevel.RunVar[trio.Lock] = trio.lowlevel.RunVar("iso_gateway handshakes")


async def _step(secured: Secured) -> bool:
    """Go on with the handshake as far as what came allows; return whether it is over.

    One step of one handshake is done at a time, and the lock goes to the next one when everybody else has had a turn:
    a step takes as long as many frames, and a thousand terminals that come back together must not hold up others.
    """
    try:
        turnstile = _ONE_AT_A_TIME.get()
    except LookupError:
        turnstile = trio.Lock()
        _ONE_AT_A_TIME.set(turnstile)
    async with turnstile:
        try:
            secured.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
    return True
