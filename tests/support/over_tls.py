"""Both ends of TLS over two joined sockets, and a peer that can stop anywhere."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import trio
from cryptography import x509

from iso_gateway.errors import IsoGatewayError, NoHandshake
from iso_gateway.framing import Framing
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.outbox import Outcome
from iso_gateway.net.secured import Secured, shake_hands
from iso_gateway.net.tls import ClientTLS, ServerTLS, client_tls, server_tls
from tests.support.certificates import Authority, Pair
from tests.support.ends import closed_after_the_test

FRAMING = Framing.parse("2be")


class Parties:
    """A server that wants certificates of its authority, and a terminal that has one."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.server = self.taking(self.authority.ca)
        shown = self.authority.issue("TERM0001", x509.DNSName("one.shop.example"))
        self.client = self.dialling(shown)

    def taking(self, client_ca: Path | None, pair: Pair | None = None, *, optional: bool = False) -> ServerTLS:
        """Return a server that takes whom *client_ca* has issued."""
        shown = pair or self.authority.issue("gateway")
        return server_tls(*shown, client_ca, now=self.authority.now, optional=optional)

    def dialling(self, pair: Pair | None, server_name: str = "127.0.0.1") -> ClientTLS:
        """Return a client that shows *pair*."""
        return client_tls(self.authority.ca, (), server_name, *(pair or ()), now=self.authority.now)


class End:
    """One end of a connection that is carried: what it received, and why it ended."""

    def __init__(self, secured: Secured, **settings: float) -> None:
        self.connection = FramedConnection(secured, FRAMING, **settings)  # type: ignore[arg-type]
        self.received: list[bytes] = []
        self.outcomes: list[Outcome] = []
        self.ended = False
        self.why: IsoGatewayError | None = None

    async def run(self) -> None:
        """Carry it until it ends."""
        self.why = await self.connection.run(lambda frame: self.received.append(frame.payload))
        self.ended = True

    def send(self, payload: bytes) -> None:
        """Send one frame."""
        self.connection.send(payload, None, self.outcomes.append)


def joined() -> tuple[socket.socket, socket.socket]:
    """Return two joined sockets."""
    ends = socket.socketpair()
    closed_after_the_test(*ends)
    return ends


async def shaken(ours: ServerTLS, theirs: ClientTLS, within: float = 10.0) -> list[Secured | NoHandshake]:
    """Return what the handshake was to the server, and to the client."""
    results: dict[int, Secured | NoHandshake] = {}

    async def one(place: int, sock: socket.socket, tls: ServerTLS | ClientTLS) -> None:
        try:
            results[place] = await shake_hands(sock, tls, within)
        except NoHandshake as error:
            results[place] = error

    socks = joined()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one, 0, socks[0], ours)
        nursery.start_soon(one, 1, socks[1], theirs)
    return [results[0], results[1]]


async def both(parties: Parties, nursery: trio.Nursery, **settings: float) -> tuple[End, End]:
    """Return a server's and a terminal's end, carried."""
    ours, theirs = await shaken(parties.server, parties.client)
    assert isinstance(ours, Secured)
    assert isinstance(theirs, Secured)
    ends = End(ours, **settings), End(theirs, **settings)
    for end in ends:
        nursery.start_soon(end.run)
    return ends


class Raw:
    """A peer whose records a test sends itself, so that it can stop in the middle of one."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        sock.settimeout(0)
        self.plain = sock
        self.sock = trio.socket.from_stdlib_socket(sock)
        self.came, self.goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.came, self.goes, server_hostname="127.0.0.1")

    async def shake_hands(self, *with_the_last: bytes) -> None:
        """Shake hands, and send these frames together with the last word."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                await self.sock.send(self.goes.read())
                self.came.write(await self.sock.recv(65536))
            else:
                await self.sock.send(self.goes.read() + (self.sealed(*with_the_last) if with_the_last else b""))
                return

    def sealed(self, *frames: bytes) -> bytes:
        """Return one record with all these frames."""
        self.tls.write(b"".join(map(FRAMING.frame, frames)))
        return self.goes.read()


async def raw_line(
    parties: Parties, nursery: trio.Nursery, *with_the_last: bytes, **settings: float
) -> tuple[End, Raw]:
    """Return a server's end that is carried, and a raw peer of it."""
    ours, theirs = joined()
    raw = Raw(theirs, parties.client.context)
    nursery.start_soon(raw.shake_hands, *with_the_last)
    end = End(await shake_hands(ours, parties.server, 10), **settings)
    nursery.start_soon(end.run)
    await trio.testing.wait_all_tasks_blocked(0.001)
    return end, raw
