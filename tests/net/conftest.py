"""What the edge's tests share: a connection over streams in memory, its peer, and what it told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from trio.testing import memory_stream_pair, wait_all_tasks_blocked

from iso_gateway.errors import IsoGatewayError
from iso_gateway.framing import Framing
from iso_gateway.net.connection import FramedConnection, Outcome

FRAMING = Framing.parse("2be")
Peer = trio.StapledStream[trio.testing.MemorySendStream, trio.testing.MemoryReceiveStream]


class ClogSendStream(trio.abc.Stream):
    """A stream whose peer takes nothing while `clogged` is set: its send_all waits, as with a full TCP window."""

    def __init__(self, inner: trio.abc.Stream) -> None:
        self.inner = inner
        self.clogged: trio.Event | None = None
        self.sends: list[bytes] = []

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self.sends.append(bytes(data))
        if self.clogged is not None:
            await self.clogged.wait()
        await self.inner.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.inner.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self.inner.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self.inner.aclose()


class Line:
    """A running connection, what it received and what became of its sends, and the peer's end."""

    def __init__(self, peer: Peer, stream: ClogSendStream, connection: FramedConnection) -> None:
        self.peer = peer
        self.stream = stream
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
        peer, ours = memory_stream_pair()
        stream = ClogSendStream(ours)
        return Line(peer, stream, FramedConnection(stream, FRAMING, **settings))  # type: ignore[arg-type]

    return make


@pytest.fixture
def make_line(new_line: MakeLine, nursery: trio.Nursery) -> MakeLine:
    """Make a connection with these settings, and run it."""

    def make(**settings: float | None) -> Line:
        line = new_line(**settings)
        nursery.start_soon(line.run)
        return line

    return make
