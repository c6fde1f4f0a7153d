"""One request over one connection, and the answer that belongs to it."""

from __future__ import annotations

import socket
from typing import Final, NamedTuple

import trio

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import MTI
from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError, IsoGatewayError, NoAnswer, NoConnection
from iso_gateway.framing import Frame, Framing
from iso_gateway.net.address import Address
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.listener import dial
from iso_gateway.net.outbox import Outcome
from iso_gateway.net.secured import Secured
from iso_gateway.net.tls import ClientTLS

CONNECTING: Final = 10.0
"""Seconds to wait for a connection at most."""


class Heard(NamedTuple):
    """An answer, and the very bytes that it came as: its MAC is over those."""

    message: Message
    payload: bytes


async def ask(
    address: Address, framing: Framing, spec: Spec, request: Message, patience: float, *, tls: ClientTLS | None = None
) -> Heard:
    """Connect to *address*, by *tls* where given, send *request*, and return its answer within *patience* seconds.

    Raises:
        NoConnection: not a byte of the request was sent.
        NoAnswer: it was sent, or may have been, and no answer came.
    """
    sock = await dial(address, min(CONNECTING, patience), tls)
    try:
        return await converse(sock, framing, spec, request, patience)
    except NoConnection as error:
        raise NoConnection(f"{address}: {error}") from error


async def converse(
    sock: socket.socket | Secured, framing: Framing, spec: Spec, request: Message, patience: float
) -> Heard:
    """Send *request* over *sock*, return its answer and close it.

    The answer is the message of the answering type with the request's STAN. Others are passed over, and counted in
    the text of NoAnswer; bytes that are no message can only be the answer, and end the waiting.

    Raises:
        NoConnection: not a byte of the request was sent.
        NoAnswer: it was sent, or may have been, and no answer came.
    """
    connection = FramedConnection(sock, framing)
    waiting = _Waiting(spec, request)
    async with trio.open_nursery() as nursery:

        async def carry() -> None:
            waiting.ended(await connection.run(waiting.heard))

        connection.send(spec.encode(request), None, waiting.told)
        nursery.start_soon(carry)
        with trio.move_on_after(patience):
            await waiting.over.wait()
        nursery.cancel_scope.cancel()
    if waiting.answer is not None:
        return waiting.answer
    if waiting.outcome is Outcome.NOT_HANDED:
        raise NoConnection("the connection was lost before anything was sent")
    raise NoAnswer((waiting.why or f"no answer within {patience:g} s") + waiting.passed_over())


class _Waiting:
    """What is known of one request while it is under way."""

    def __init__(self, spec: Spec, request: Message) -> None:
        self.answer: Heard | None = None
        self.outcome: Outcome | None = None
        self.why = ""
        self.over = trio.Event()
        self._spec = spec
        self._mti = str(MTI(request.mti).response())
        self._stan = request.get(11)
        self._others: list[str] = []

    def heard(self, frame: Frame) -> None:
        """Take in one frame."""
        if self.over.is_set():
            return
        try:
            message = self._spec.decode(frame.payload)
        except DecodeError as error:
            self._end(f"no answer: what came back is no message of {self._spec.name}: {error}")
            return
        if message.mti == self._mti and message.get(11) == self._stan:
            self.answer = Heard(message, frame.payload)
            self.over.set()
        else:
            other = "another STAN" if message.mti == self._mti else f"MTI {message.mti}"
            self._others.append(other)

    def told(self, outcome: Outcome) -> None:
        """Take in what became of the sending."""
        self.outcome = outcome

    def ended(self, why: IsoGatewayError | None) -> None:
        """Take in that the connection is over."""
        self._end(f"no answer: {why}" if why is not None else "the other side closed the connection, without an answer")

    def passed_over(self) -> str:
        """Return what came instead of the answer, in words."""
        if not self._others:
            return ""
        return f" ({len(self._others)} other messages came, the first with {self._others[0]})"

    def _end(self, why: str) -> None:
        if not self.over.is_set():
            self.why = why
            self.over.set()
