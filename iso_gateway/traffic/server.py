"""A host that answers from a recording, on its connections."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any, Final

import trio

from iso_gateway.codec import mti
from iso_gateway.codec.describe import summary
from iso_gateway.codec.message import Message
from iso_gateway.errors import DecodeError, EncodeError
from iso_gateway.framing import Frame, Framing
from iso_gateway.net.address import Address
from iso_gateway.net.clock import now
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.listener import serve
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.traffic.answering import Answers, rewritten
from iso_gateway.traffic.exchanges import Exchange, exchanges
from iso_gateway.traffic.recorded import Recording

Log = Callable[[str, Mapping[str, Any]], None]
"""Takes one event and its fields, masked already."""

WAITING: Final = 1000
"""Answers that wait for their time on one connection; one more is never given."""
LONGEST_FRAME: Final = 65535


class RecordedHost:
    """A host whose every answer was given before."""

    def __init__(
        self,
        recording: Recording,
        dialect: Dialect | None,
        log: Log,
        *,
        speed: float = 1.0,
        connections: int = 256,
    ) -> None:
        """Answer as *recording*.

        Args:
            recording: what is answered.
            dialect: its spec with a profile, where there is one.
            log: gets one event per request, and those of connections.
            speed: how many times as fast as recorded; 0: at once.
            connections: at a time; one more is closed.
        """
        self._recording = recording
        self._spec = recording.spec
        self._recorded = exchanges(recording)
        self._answers = Answers(self._recorded, dialect)
        self._log = log
        self._speed = speed
        self._connections = connections
        self._listening = trio.CancelScope()
        self._links: dict[FramedConnection, str] = {}
        self._matched = self._strange = 0

    async def run(self, address: Address, *, task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve at *address* until `drain` or cancelled; ``await nursery.start(...)`` returns the bound address.

        Raises:
            ConfigError: the address is in use, or cannot be listened at.
        """
        async with trio.open_nursery() as links:
            with self._listening:
                await serve(
                    address,
                    self._accepted,
                    connections=self._connections,
                    on_refused=lambda refusal: self._log("refused", {"cause": refusal.cause, "count": refusal.count}),
                    handler_nursery=links,
                    task_status=task_status,
                )

    async def drain(self) -> None:
        """Take no new connections, and close those that are open."""
        self._listening.cancel()
        async with trio.open_nursery() as nursery:
            for connection in list(self._links):
                nursery.start_soon(connection.aclose)

    def status(self) -> dict[str, Any]:
        """Return how it stands: what it answers from, and how many requests it knew."""
        return {
            "spec": self._spec.name,
            "framing": str(self._recording.framing),
            "recording": self._recording.path,
            "recorded": len(self._recorded),
            "answered": self._matched,
            "not_recorded": self._strange,
            "links": [{"peer": peer} for peer in self._links.values()],
        }

    async def _accepted(self, sock: socket.socket) -> None:
        try:
            peer = str(Address(*sock.getpeername()[:2]))
        except OSError:
            peer = "gone at once"
        framing = self._recording.framing
        connection = FramedConnection(sock, framing, max_length=LONGEST_FRAME)
        self._links[connection] = peer
        self._log("connected", {"peer": peer})
        async with trio.open_nursery() as waiting:
            link = _Link(self, connection, peer, framing, waiting)
            try:
                why = await connection.run(link.heard)
            finally:
                del self._links[connection]
                waiting.cancel_scope.cancel()
        self._log("closed", {"peer": peer} | ({} if why is None else {"cause": str(why)}))

    def decide(self, frame: Frame, peer: str) -> tuple[Message, Exchange | None] | None:
        """Return the request in *frame* with its recorded exchange, or None where there is none to be answered."""
        try:
            request = self._spec.decode(frame.payload)
        except DecodeError as error:
            self._log("undecodable", {"peer": peer, "cause": str(error), "offset": error.offset})
            return None
        if not mti.is_request(request.mti):
            self._log(
                "ignored", {"peer": peer, "message": summary(request), "cause": "an answer, and nothing was asked"}
            )
            return None
        exchange = self._answers.find(request)
        if exchange is None:
            self._strange += 1
            self._log("not recorded", {"peer": peer, "message": summary(request)} | self._near(request))
        else:
            self._matched += 1
            note = {"peer": peer, "message": summary(request), "line": exchange.request.number}
            if not exchange.answers:
                note["answer"] = "none" if exchange.hung_up is None else "the connection is closed"
            self._log("answered", note)
        return request, exchange

    def _near(self, request: Message) -> dict[str, Any]:
        near = self._answers.nearest(request)
        if near is None:
            return {"nearest": "nothing is recorded"}
        return {"nearest": f"line {near.line}", "differs": "; ".join(near.differs)}

    def refusal(self, request: Message) -> Message | None:
        """Return what is answered to what is not recorded."""
        return self._answers.refusal(request, now().wall)

    def due(self, recorded: float) -> float:
        """Return after how many seconds something is given that was given after *recorded* ones."""
        return recorded / self._speed if self._speed else 0.0


class _Link:
    """One connection, and the answers that wait for their time on it."""

    def __init__(
        self, host: RecordedHost, connection: FramedConnection, peer: str, framing: Framing, nursery: trio.Nursery
    ) -> None:
        self._host = host
        self._connection = connection
        self._peer = peer
        self._framing = framing
        self._nursery = nursery
        self._waiting = 0

    def heard(self, frame: Frame) -> None:
        """Answer the request in *frame*, now or later, or not at all."""
        decided = self._host.decide(frame, self._peer)
        if decided is None:
            return
        request, exchange = decided
        header = self._framing.answer_header(frame.header)
        if exchange is None:
            refusal = self._host.refusal(request)
            if refusal is not None:
                self._send(refusal, header)
            return
        for entry in exchange.answers:
            self._later(exchange.delay(entry), self._give, exchange, entry.message, request, header)
        if exchange.hung_up is not None:
            self._later(exchange.delay(exchange.hung_up), self._connection.abort, "as recorded")

    def _later(self, recorded: float, act: Callable[..., None], *arguments: Any) -> None:
        if self._waiting < WAITING:
            self._waiting += 1
            self._nursery.start_soon(self._act_at, self._host.due(recorded), act, arguments)

    async def _act_at(self, after: float, act: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        await trio.sleep(after)
        self._waiting -= 1
        act(*arguments)

    def _give(self, exchange: Exchange, answer: Message, request: Message, header: bytes) -> None:
        try:
            self._send(rewritten(exchange, answer, request, now().wall), header)
        except EncodeError:
            self._send(answer, header)

    def _send(self, message: Message, header: bytes) -> None:
        assert message.spec is not None
        self._connection.send(message.spec.encode(message), header)
