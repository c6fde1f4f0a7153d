"""What the edge's tests share: a connection over two joined sockets, its peer, and what it told."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from iso_gateway.errors import IsoGatewayError
from iso_gateway.framing import Framing
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.outbox import Outcome
from tests.support.ends import JUNK, closed_after_the_test, stream_over

FRAMING = Framing.parse("2be")


class Ours(socket.socket):
    """Our end, which notes what it took, and can be filled like the window of a peer that does not read."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(fileno=sock.detach())
        self.sends: list[bytes] = []

    def send(self, data: bytes, flags: int = 0, /) -> int:  # type: ignore[override]
        """Send, and note what was taken."""
        taken = super().send(data, flags)
        self.sends.append(data[:taken])
        return taken

    def narrow(self) -> None:
        """Take some thousand bytes and no more, until the peer reads."""
        self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)


class Peer:
    """The peer's end."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.stream = stream_over(sock)
        self._arrived = b""

    async def send_all(self, data: bytes) -> None:
        """Send *data*."""
        await self.stream.send_all(data)

    async def receive_some(self) -> bytes:
        """Return what came, but for what filled the window; empty at the end."""
        while not self._arrived:
            data = await self.stream.receive_some()
            if not data:
                return b""
            self._arrived = bytes(data).replace(JUNK, b"")
        arrived, self._arrived = self._arrived, b""
        return arrived

    def empty(self) -> None:
        """Read all that is there, so that the window is open again."""
        for _ in range(2):
            # The reset by an end that closed and had not read all comes before the data.
            with suppress(BlockingIOError, ConnectionResetError):
                while data := self.sock.recv(65536):
                    self._arrived += data.replace(JUNK, b"")

    def all_that_came(self) -> bytes:
        """Return what came and was not asked for."""
        self.empty()
        return self._arrived

    async def aclose(self) -> None:
        """Close."""
        await self.stream.aclose()


class Line:
    """A running connection, what it received and what became of its sends, and the peer's end."""

    def __init__(self, peer: Peer, ours: Ours, connection: FramedConnection) -> None:
        self.peer = peer
        self.ours = ours
        self.connection = connection
        self.received: list[bytes] = []
        self.outcomes: dict[str, Outcome] = {}
        self.ended = False
        self.why: IsoGatewayError | None = None

    async def run(self) -> None:
        self.why = await self.connection.run(lambda frame: self.received.append(frame.payload))
        self.ended = True

    def send(self, payload: str) -> None:
        self.connection.send(payload.encode(), None, self.tell(payload))

    def tell(self, name: str) -> Callable[[Outcome], None]:
        def done(outcome: Outcome) -> None:
            assert name not in self.outcomes, "two outcomes"
            self.outcomes[name] = outcome

        return done

    async def settles(self) -> None:
        """Wait until nothing more happens without time passing."""
        await wait_all_tasks_blocked(0.001)


MakeLine = Callable[..., Line]


@pytest.fixture(scope="session")
def new_line() -> MakeLine:
    """Make a connection with these settings, which nobody runs yet."""

    def make(**settings: float | None) -> Line:
        one, other = socket.socketpair()
        ours = Ours(one)
        closed_after_the_test(ours, other)
        return Line(Peer(other), ours, FramedConnection(ours, FRAMING, **settings))  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_line(new_line: MakeLine, nursery: trio.Nursery) -> MakeLine:
    """Make a connection with these settings, and run it."""

    def make(**settings: float | None) -> Line:
        line = new_line(**settings)
        nursery.start_soon(line.run)
        return line

    return make
