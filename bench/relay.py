"""A bare relay, the floor under the gateway: frames of many terminals to one link and back, and nothing else.

No codec, no journal, no log, no time-outs; the link answers in order, so the oldest request has the next answer.
Written on plain trio streams, or with ``--on connection`` on the gateway's own FramedConnection, which shows what that
costs. Prints its port, and runs until it is killed.
"""

from __future__ import annotations

import argparse
import socket
from collections import deque

import trio

from iso_gateway.framing import Frame, Framing
from iso_gateway.net.connection import FramedConnection

READ = 64 * 1024


def cut(buffer: bytes) -> tuple[list[bytes], bytes]:
    """Return the whole frames at the start of *buffer*, each with its length, and what is left."""
    frames = []
    pos = 0
    while len(buffer) >= pos + 2 and len(buffer) >= (end := pos + 2 + int.from_bytes(buffer[pos : pos + 2])):
        frames.append(buffer[pos:end])
        pos = end
    return frames, buffer[pos:]


class Ask:
    """One request that waits for its answer."""

    __slots__ = ("answer", "answered")

    def __init__(self) -> None:
        self.answer = b""
        self.answered = trio.Event()


class StreamRelay:
    """The relay on trio's streams: a task for each terminal, which asks, waits and answers.

    A terminal that does not read stops its own task and no other, as it must be.
    """

    def __init__(self, link: trio.SocketStream) -> None:
        self.link = link
        self.asked: deque[Ask] = deque()
        self.outbox: list[bytes] = []
        self.wake = trio.Event()

    async def run(self) -> None:
        """Carry the link."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.write)
            nursery.start_soon(self.read)

    async def write(self) -> None:
        """Send what the terminals gave, all that waits at once."""
        while True:
            await self.wake.wait()
            self.wake = trio.Event()
            data = b"".join(self.outbox)
            self.outbox.clear()
            await self.link.send_all(data)

    async def read(self) -> None:
        """Give each answer to the oldest request."""
        buffer = b""
        while data := await self.link.receive_some(READ):
            frames, buffer = cut(buffer + data)
            for frame in frames:
                ask = self.asked.popleft()
                ask.answer = frame
                ask.answered.set()

    async def carry(self, stream: trio.SocketStream) -> None:
        """Answer a terminal's requests, one after the other."""
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        buffer = b""
        while data := await stream.receive_some(READ):
            frames, buffer = cut(buffer + data)
            for frame in frames:
                ask = Ask()
                self.asked.append(ask)
                self.outbox.append(frame)
                self.wake.set()
                await ask.answered.wait()
                await stream.send_all(ask.answer)


def plain(stream: trio.SocketStream) -> socket.socket:
    """Return the socket of *stream* alone."""
    return socket.socket(fileno=stream.socket.detach())


class ConnectionRelay:
    """The relay on FramedConnection."""

    def __init__(self, link: trio.SocketStream) -> None:
        self.framing = Framing.parse("2be")
        self.link = FramedConnection(plain(link), self.framing)
        self.askers: deque[FramedConnection] = deque()

    async def run(self) -> None:
        """Carry the link."""
        await self.link.run(lambda frame: self.askers.popleft().send(frame.payload))

    async def carry(self, stream: trio.SocketStream) -> None:
        """Take a terminal's requests."""
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = FramedConnection(plain(stream), self.framing)

        def ask(frame: Frame) -> None:
            self.askers.append(connection)
            self.link.send(frame.payload)

        await connection.run(ask)


async def main(host_port: int, on: str) -> None:
    """Relay between a free port and the host at *host_port*."""
    link = await trio.open_tcp_stream("127.0.0.1", host_port)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    relay = StreamRelay(link) if on == "streams" else ConnectionRelay(link)
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(relay.run)
        nursery.start_soon(trio.serve_listeners, relay.carry, listeners)
        print(listeners[0].socket.getsockname()[1], flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host_port", type=int)
    parser.add_argument("--on", choices=["streams", "connection"], default="streams")
    given = parser.parse_args()
    trio.run(main, given.host_port, given.on)
