"""Two ends of one connection within a test: ours a plain socket, theirs a stream of trio."""

from __future__ import annotations

import socket
from contextlib import suppress

import trio

JUNK = b"\xee"
"""What fills a window; no frame of these tests has such a byte."""


_open: list[socket.socket] = []


def closed_after_the_test(*socks: socket.socket) -> None:
    """Have *socks* closed when the test is over, however it ends."""
    _open.extend(socks)


def close_all() -> None:
    """Close what the test that is over has left open."""
    while _open:
        _open.pop().close()


def fill(sock: socket.socket) -> None:
    """Have *sock* take nothing more until its peer reads, as with a full window of TCP."""
    sock.settimeout(0)
    for size in (4096, 1):
        with suppress(BlockingIOError):
            while True:
                socket.socket.send(sock, JUNK * size)


def stream_over(sock: socket.socket) -> trio.SocketStream:
    """Return *sock* as trio's stream."""
    sock.settimeout(0)
    return trio.SocketStream(trio.socket.from_stdlib_socket(sock))


def plain(stream: trio.SocketStream) -> socket.socket:
    """Return the socket of *stream*, which is of no use after that."""
    return socket.socket(fileno=stream.socket.detach())


def ends() -> tuple[socket.socket, trio.SocketStream]:
    """Return our end and theirs. What one gives, the other has at once."""
    ours, theirs = socket.socketpair()
    closed_after_the_test(ours, theirs)
    return ours, stream_over(theirs)
