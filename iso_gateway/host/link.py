"""One link of the host: what waits on it, and the carrying out of deliveries.

Between the pieces of one answer nothing else is said; what comes meanwhile waits behind it. After an answer that was
cut nothing is said any more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import trio

from iso_gateway.faults.delivering import Delivery, Piece, Then
from iso_gateway.net.connection import FramedConnection
from iso_gateway.net.outbox import Outcome

LATE_AT_MOST: Final = 1000
"""Answers that wait on one connection; one more is never given."""

LATE_IN_ALL: Final = 20_000
"""Answers that wait on all connections together; one more is never given."""

CAUSES_AT_MOST: Final = 16
"""Kinds of undecodable messages that are told of per connection; all are counted."""

HELD_AT_MOST: Final = 2.0
"""Seconds after which an answer that waits for another one goes out all the same."""

Given = Callable[[bool], None]
"""Told that an answer has gone out, and whether it was whole."""


class Waiting:
    """Counts what waits on all connections together, which has a bound too."""

    def __init__(self) -> None:
        self.count = 0

    @property
    def full(self) -> bool:
        """Whether nothing more may wait."""
        return self.count >= LATE_IN_ALL


class Link:
    """One connection and what waits on it."""

    def __init__(self, peer: str, connection: FramedConnection, late: trio.Nursery, waiting: Waiting) -> None:
        self.peer = peer
        self.connection = connection
        self.messages = 0
        self.not_understood = 0
        self.cause = ""
        """Why the host has closed it; empty: it has not."""
        self._causes: set[str] = set()
        self._late = late
        self._waiting = 0
        self._in_all = waiting
        self._gone = False
        self._all_given = trio.Event()
        self._held: list[tuple[Delivery, Given]] = []
        """What waits until another answer has gone out."""
        self._behind: deque[tuple[Delivery, Given]] = deque()
        """What waits for the rest of an answer that comes in pieces."""
        self._in_pieces = False
        self._mute = False

    def answer(self, payload: bytes, header: bytes | None, given: Given) -> None:
        """Send *payload* as it is, and tell *given*."""
        if self._in_pieces or self._mute or self._held:
            wire = self.connection.framing.frame(payload, header)
            self._write(Delivery(pieces=(Piece(0.0, wire),), whole=True), given)
        else:
            self.connection.send(payload, header)
            given(True)  # noqa: FBT003 -- as `Given` has it

    def give(self, delivery: Delivery, given: Given) -> None:
        """Carry out *delivery*, and tell *given* where something went out; never, where too much waits already."""
        if delivery.after:
            self.later(delivery.after, lambda: self._due(delivery, given))
        else:
            self._due(delivery, given)

    def later(self, after: float, say: Callable[[], None]) -> None:
        """Call *say* after some seconds; never, where too much waits already."""
        if self._has_room:
            self._one_more()
            self._late.start_soon(self._say_later, after, say)

    async def _say_later(self, after: float, say: Callable[[], None]) -> None:
        await trio.sleep(after)
        say()
        self._one_less()

    def _due(self, delivery: Delivery, given: Given) -> None:
        if not delivery.held:
            self._write(delivery, given)
        elif self._has_room:
            held = (delivery, given)
            self._held.append(held)
            self.later(HELD_AT_MOST, lambda: self._let_go(held))

    def _let_go(self, held: tuple[Delivery, Given]) -> None:
        if held in self._held:
            self._held.remove(held)
            self._write(*held)

    def _write(self, delivery: Delivery, given: Given) -> None:
        if self._mute:
            return
        if self._in_pieces:
            if self._has_room and len(self._behind) < LATE_AT_MOST:
                self._in_all.count += 1
                self._behind.append((delivery, given))
        elif any(piece.after for piece in delivery.pieces):
            self._in_pieces = True
            self._one_more()
            self._late.start_soon(self._write_in_pieces, delivery, given)
        else:
            for piece in delivery.pieces[:-1]:
                self.connection.send_bytes(piece.wire)
            self._end(delivery, given)

    async def _write_in_pieces(self, delivery: Delivery, given: Given) -> None:
        for piece in delivery.pieces[:-1]:
            await trio.sleep(piece.after)
            self.connection.send_bytes(piece.wire)
        await trio.sleep(delivery.pieces[-1].after)
        self._in_pieces = False
        self._end(delivery, given)
        while self._behind and not self._in_pieces:
            self._in_all.count -= 1
            self._write(*self._behind.popleft())
        self._one_less()

    def _end(self, delivery: Delivery, given: Given) -> None:
        """Write the last piece, and do with the connection what is to be done then."""
        then, last = delivery.then, delivery.pieces[-1].wire if delivery.pieces else b""
        if last:
            self.connection.send_bytes(last, self._reset if then is Then.RESET else None)
        elif then is Then.RESET:
            self._reset()
        if delivery.pieces:
            given(delivery.whole)
            while self._held and not self._in_pieces:
                self._let_go(self._held[0])
        if then is Then.CLOSE:
            self.cause = "closed on purpose"
            self.connection.hang_up()
        self._mute = self._mute or then is not Then.OPEN

    def _reset(self, _outcome: Outcome | None = None) -> None:
        self.connection.reset("reset on purpose")

    @property
    def _has_room(self) -> bool:
        return not self._gone and self._waiting < LATE_AT_MOST and not self._in_all.full

    def _one_more(self) -> None:
        self._waiting += 1
        self._in_all.count += 1

    def _one_less(self) -> None:
        if self._gone:
            return
        self._waiting -= 1
        self._in_all.count -= 1
        if not self._waiting:
            self._all_given.set()
            self._all_given = trio.Event()

    async def all_given(self) -> None:
        """Wait until no late answer waits any more."""
        if self._waiting:
            await self._all_given.wait()

    def misheard(self, cause: str) -> bool:
        """Count a message that was not understood; return whether its cause is to be told of."""
        self.not_understood += 1
        if cause in self._causes or len(self._causes) >= CAUSES_AT_MOST:
            return False
        self._causes.add(cause)
        return True

    def gone(self) -> None:
        """Take in that the connection is over: nothing late can be given any more."""
        self._late.cancel_scope.cancel()
        self._gone = self._mute = True
        self._in_all.count -= self._waiting + len(self._behind)
        self._waiting = 0
        self._behind.clear()
        self._held.clear()
        self._all_given.set()
