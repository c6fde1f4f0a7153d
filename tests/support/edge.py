"""Both neighbours of a running gateway, over real TCP: a host that does what it is told, and a terminal."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import trio

from iso_gateway import Message
from iso_gateway.framing import Framing
from iso_gateway.gateway.config import Config, load
from iso_gateway.gateway.lines import Lines
from iso_gateway.gateway.service import Service
from iso_gateway.net import clock
from tests.support.desk import dialect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Decide = Callable[[Message], "Message | None"]
"""What the host answers; None: nothing."""

PATIENCE = 10
"""Seconds after which a test that waits for bytes fails; nothing here is slow."""


class Host:
    """A host that signs on whoever asks, and leaves the rest to *decide*."""

    def __init__(self, name: str = "iso87-ascii", framing: str = "2be") -> None:
        self.dialect = dialect(name)
        self.framing = Framing.parse(framing)
        self.got: list[Message] = []
        """Every message but network management, in order."""
        self.wire: list[bytes] = []
        """Every payload on the links, in both directions, network management too."""
        self.decide: Decide = self.approve
        self.port = 0
        self.streams: list[trio.SocketStream] = []
        self.scope = trio.CancelScope()
        self._serial = 0

    def approve(self, message: Message) -> Message:
        """Say yes, with an RRN and a code."""
        self._serial += 1
        facts: dict[str, str | bytes] = {
            "retrieval_reference_number": f"{self._serial:012}",
            "authorization_id_response": f"{self._serial:06}",
        }
        return self.answer(message, "00", facts)

    def answer(self, message: Message, code: str, facts: dict[str, str | bytes] | None = None) -> Message:
        """Return the answer with canonical *code*."""
        return self.dialect.answer(message, code, facts or {}, clock.now().wall.date())

    async def say(self, message: Message) -> None:
        """Send *message* over the newest link, asked for or not."""
        await self.streams[-1].send_all(self.framing.frame(self.encoded(message)))

    def encoded(self, message: Message) -> bytes:
        """Return *message* as it goes out."""
        return self.dialect.spec.encode(message)

    async def serve(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Listen at ``port`` until ``scope`` is cancelled; 0 takes a free one and keeps it."""
        with trio.CancelScope() as self.scope:
            (listener,) = await trio.open_tcp_listeners(self.port, host="127.0.0.1")
            self.port = listener.socket.getsockname()[1]
            async with listener, trio.open_nursery() as nursery:
                task_status.started()
                while True:
                    nursery.start_soon(self._carry, await listener.accept())

    async def _carry(self, stream: trio.SocketStream) -> None:
        framer = self.framing.framer()
        self.streams.append(stream)
        async with stream:
            async for data in stream:
                for frame in framer.receive(data):
                    self.wire.append(frame.payload)
                    message = self.dialect.spec.decode(frame.payload)
                    if message.mti[1] == "8":
                        answer: Message | None = self.answer(message, "00")
                    else:
                        self.got.append(message)
                        answer = self.decide(message)
                    if answer is not None:
                        self.wire.append(self.encoded(answer))
                        await stream.send_all(self.framing.frame(self.wire[-1]))


class Terminal:
    """A connection to a listener, one message at a time."""

    def __init__(self, stream: trio.SocketStream, name: str, framing: str) -> None:
        self.stream = stream
        self.dialect = dialect(name)
        self.framing = Framing.parse(framing)
        self._framer = self.framing.framer()
        self._frames: list[bytes] = []

    async def send(self, message: Message) -> None:
        """Send *message*, and do not wait."""
        await self.send_payload(self.dialect.spec.encode(message))

    async def send_payload(self, payload: bytes) -> None:
        """Send *payload* in a frame, and do not wait."""
        await self.stream.send_all(self.framing.frame(payload))

    async def receive(self) -> Message | None:
        """Return the next message, or None when the other side has closed."""
        with trio.fail_after(PATIENCE):
            while not self._frames:
                data = await self.stream.receive_some(65536)
                if not data:
                    return None
                self._frames += [frame.payload for frame in self._framer.receive(data)]
        return self.taken(self._frames.pop(0))

    def taken(self, payload: bytes) -> Message:
        """Return what came as *payload*."""
        return self.dialect.spec.decode(payload)

    async def ask(self, message: Message) -> Message:
        """Send *message* and return what comes back."""
        await self.send(message)
        answer = await self.receive()
        assert answer is not None
        return answer


class Running:
    """A gateway, its host and the way to it."""

    def __init__(self, service: Service, host: Host, log: StringIO, nursery: trio.Nursery) -> None:
        self.service = service
        self.host = host
        self.log = log
        self.nursery = nursery
        self.streams: list[trio.SocketStream] = []

    async def terminal(self, listener: str = "counter") -> Terminal:
        """Connect to *listener*."""
        at = next(at for at in self.service.gateway.config.listeners if at.name == listener)
        stream = await trio.open_tcp_stream("127.0.0.1", self.service.bound[listener].port)
        self.streams.append(stream)
        return Terminal(stream, at.table.spec, at.table.framing)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until *holds*, looking after everything that the gateway handles."""
        with trio.fail_after(PATIENCE):
            while not holds():
                await self.service.gateway.changed.wait()

    async def link_is(self, state: str, name: str = "bank") -> None:
        """Wait until the link *name* is in *state*."""
        await self.until(lambda: str(self.service.gateway.node.links.links[name].session.state) == state)


def config_file(folder: Path, port: int, more: str = "") -> Path:
    """Write a configuration with two listeners at free ports, towards a host at *port*."""
    path = folder / "gateway.toml"
    path.write_text(
        f"""
[[listener]]
name = "counter"
address = "127.0.0.1:0"

[[listener]]
name = "unionpay"
address = "127.0.0.1:0"
spec = "cup-pos"
framing = "2be+tpdu"

[[terminals]]
ids = ["TERM0001..TERM0009"]
merchant = "MERCHANT0000001"

[[acquirer]]
name = "bank"
links = ["127.0.0.1:{port}"]
reconnect_every = 0.05
repeat_after = 0.05
{more}
"""
    )
    return path


def running(folder: Path, more: str = "", *, host: Host | None = None) -> AbstractAsyncContextManager[Running]:
    """Run a host and a gateway, with its link up, for the length of a block."""
    return _running(folder, more, host or Host())


@asynccontextmanager
async def _running(folder: Path, more: str, host: Host) -> AsyncIterator[Running]:
    async with trio.open_nursery() as nursery:
        await nursery.start(host.serve)
        config: Config = load(config_file(folder, host.port, more))
        log = StringIO()
        service = Service(config, Lines(log))
        await nursery.start(service.run)
        it = Running(service, host, log, nursery)
        await it.link_is("up")
        try:
            yield it
        finally:
            for stream in it.streams:
                stream.socket.close()
            nursery.cancel_scope.cancel()
