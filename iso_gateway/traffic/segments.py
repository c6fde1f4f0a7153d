"""Segments of TCP -> the bytes that each side sent, in order, each with the packet that brought it.

What was sent twice counts once; what came out of order waits until what is before it is there. A connection whose
beginning is not in the capture begins with the first bytes that its other side acknowledges. Bytes that the capture
lacks are a `Gap`, told when nobody can bring them any more: the other side acknowledged them a while ago, too much
waits behind them, the connection ends, or the capture does.

Memory is bounded whatever comes: by `MOST_CONNECTIONS`, of which the one that was silent longest is ended first, and by
what may wait, `HELD_BYTES` in one direction and `HELD_IN_ALL`.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from iso_gateway.traffic.layers import ACK, FIN, RST, SYN, Address, Segment, written

MOST_CONNECTIONS: Final = 16_384
HELD_SEGMENTS: Final = 1024
"""That wait in one direction."""
HELD_BYTES: Final = 1 << 20
HELD_IN_ALL: Final = 1 << 26
FAR: Final = 1 << 26
"""A sequence number further away than this belongs to another connection whose beginning nobody saw."""
LATE: Final = 10**9
"""Nanoseconds after which bytes that the other side has acknowledged are not awaited any more."""


@dataclass(slots=True, eq=False)
class Direction:
    """What one side of a connection sends."""

    connection: Connection
    upstream: bool
    """Whether towards the server: the side with the port that was asked for."""
    start: int | None = None
    """The sequence number of its first byte; None while it is not known."""
    awaited: int | None = None
    """The sequence number of the next byte to be given; of the first segment where nobody knows the start."""
    place: int = 0
    """Where that byte is, counted without end, so that what waits can be sorted."""
    offset: int = 0
    """How many bytes were given, or are known to be missing."""
    held: list[tuple[int, int, Segment]] = field(default_factory=list)
    """What waits, by its place; of several there the longest first."""
    held_bytes: int = 0
    acknowledged: int | None = None
    """What the other side acknowledged last."""
    whole: bool = False
    """Whether its beginning was seen."""
    end: int | None = None
    """The sequence number behind its last byte, once that is known."""
    ended: bool = False

    def __repr__(self) -> str:
        a, b = self.connection.client, self.connection.server
        return " > ".join(map(written, (a, b) if self.upstream else (b, a)))


@dataclass(slots=True, eq=False)
class Connection:
    """One connection."""

    number: int
    """From 1, in the order of their first packets."""
    client: Address
    server: Address
    first: int
    """When its first packet came."""
    up: Direction = field(init=False)
    down: Direction = field(init=False)

    def __post_init__(self) -> None:
        self.up = Direction(self, upstream=True)
        self.down = Direction(self, upstream=False)


class Chunk(NamedTuple):
    """Bytes, right behind those before."""

    direction: Direction
    offset: int
    """From the beginning of the direction, as far as that is known."""
    data: bytes
    number: int
    """Of the packet."""
    time: int


class Gap(NamedTuple):
    """Bytes that the capture does not have."""

    direction: Direction
    offset: int
    missing: int
    """How many; 0 where that cannot be told."""
    number: int
    """Of the packet behind them."""
    time: int


class Ended(NamedTuple):
    """Nothing more comes in this direction."""

    direction: Direction
    reason: str
    number: int
    time: int


Event = Chunk | Gap | Ended


class Streams:
    """All connections of one port.

    Args:
        port: of the servers.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._connections: dict[frozenset[Address], Connection] = {}
        self._held = 0
        self._last: Segment | None = None
        self.seen = 0
        """How many connections there were."""
        self.repeated = 0
        """How many segments brought nothing new."""

    def take(self, segment: Segment) -> Iterator[Event]:
        """Yield what becomes known with *segment*; nothing where it is of other ports."""
        if self._port not in {segment.source[1], segment.destination[1]}:
            return
        self._last = segment
        key = frozenset((segment.source, segment.destination))
        # The one that was silent longest comes first.
        connection = self._connections.pop(key, None)
        if connection is not None and _another(_direction(connection, segment), segment):
            yield from self._end(connection, "another connection took its ports")
            connection = None
        if connection is None:
            connection = self._new(segment)
            if len(self._connections) >= MOST_CONNECTIONS:
                oldest = next(iter(self._connections))
                yield from self._end(self._connections.pop(oldest), "too many connections are open at once")
        self._connections[key] = connection
        yield from self._take(connection, segment)

    def finish(self) -> Iterator[Event]:
        """Yield what remains at the end of the capture."""
        for connection in self._connections.values():
            yield from self._end(connection, "the capture ends")
        self._connections.clear()

    def _new(self, segment: Segment) -> Connection:
        """Return the connection that *segment* begins."""
        self.seen += 1
        ends = (segment.source, segment.destination)
        answers = segment.flags & SYN and segment.flags & ACK
        if segment.destination[1] != self._port or (answers and segment.source[1] == self._port):
            ends = ends[::-1]
        return Connection(self.seen, *ends, segment.time)

    def _take(self, connection: Connection, segment: Segment) -> Iterator[Event]:
        here = _direction(connection, segment)
        there = connection.down if here.upstream else connection.up
        if segment.flags & SYN:
            # The mark takes a number of its own, before the first byte.
            segment = segment._replace(sequence=segment.sequence + 1 & 0xFFFFFFFF)
            if here.start is None:
                here.whole = True
                self._begin(here, segment.sequence)
                yield from self._given(here)
        if (segment.payload or segment.missing) and not here.ended:
            yield from self._data(here, segment)
        if segment.flags & FIN:
            here.end = segment.sequence + len(segment.payload) + segment.missing & 0xFFFFFFFF
        if segment.flags & ACK:
            there.acknowledged = segment.acknowledged
            yield from self._settle(there, segment)
        yield from self._settle(here, segment)
        if segment.flags & RST:
            yield from self._end(connection, "the connection was reset")
        elif here.end is not None and not here.held and here.awaited == here.end:
            yield from self._over(here, "the connection closed", segment)

    @staticmethod
    def _begin(here: Direction, first: int) -> None:
        """Let the direction begin with the byte of sequence number *first*."""
        if here.awaited is not None:
            here.place += _distance(here.awaited, first)
        here.start = here.awaited = first

    def _data(self, here: Direction, segment: Segment) -> Iterator[Event]:
        """Take in the bytes of *segment*."""
        if here.awaited is None:
            here.awaited = segment.sequence
        ahead = _distance(here.awaited, segment.sequence)
        if not -FAR <= ahead <= FAR:
            while here.held:
                yield from self._jumped(here)
            yield from self._skipped(here, segment.sequence, 0, segment)
            ahead = 0
        if here.start is not None and ahead + len(segment.payload) + segment.missing <= 0:
            self.repeated += 1
            return
        insort(here.held, (here.place + ahead, -len(segment.payload), segment))
        here.held_bytes += len(segment.payload)
        self._held += len(segment.payload)
        if here.start is not None:
            yield from self._given(here)
        while here.held and (
            len(here.held) > HELD_SEGMENTS or here.held_bytes > HELD_BYTES or self._held > HELD_IN_ALL
        ):
            yield from self._jumped(here)

    def _settle(self, here: Direction, now: Segment) -> Iterator[Event]:
        """Go on in a direction where what is missing cannot come any more."""
        if not here.held or here.acknowledged is None:
            return
        lowest = here.held[0][-1]
        if _distance(lowest.sequence, here.acknowledged) > 0 and (here.start is None or now.time - lowest.time > LATE):
            yield from self._jumped(here)

    def _given(self, here: Direction) -> Iterator[Event]:
        """Yield the bytes that wait for nothing any more."""
        while here.held and here.held[0][0] <= here.place:
            place, _, segment = here.held.pop(0)
            here.held_bytes -= len(segment.payload)
            self._held -= len(segment.payload)
            new = segment.payload[here.place - place :]
            missing = place + len(segment.payload) + segment.missing - here.place - len(new)
            if new:
                yield Chunk(here, here.offset, new, segment.number, segment.time)
                self._forward(here, len(new))
            elif missing <= 0:
                self.repeated += 1
            if missing > 0:
                yield Gap(here, here.offset, missing, segment.number, segment.time)
                self._forward(here, missing)

    def _jumped(self, here: Direction) -> Iterator[Event]:
        """Go on with the first bytes that there are."""
        place, _, segment = here.held[0]
        if here.start is None:
            self._begin(here, segment.sequence)
        elif place > here.place:
            yield from self._skipped(here, segment.sequence, place - here.place, segment)
        yield from self._given(here)

    @staticmethod
    def _skipped(here: Direction, sequence: int, missing: int, segment: Segment) -> Iterator[Event]:
        """Go on at *sequence*, *missing* bytes further (0: nobody knows how many)."""
        yield Gap(here, here.offset, missing, segment.number, segment.time)
        here.offset += missing
        here.place += missing
        here.awaited = sequence

    @staticmethod
    def _forward(here: Direction, count: int) -> None:
        assert here.awaited is not None, "something was given"
        here.awaited = here.awaited + count & 0xFFFFFFFF
        here.place += count
        here.offset += count

    def _over(self, here: Direction, reason: str, now: Segment | None) -> Iterator[Event]:
        if here.ended:
            return
        while here.held:
            yield from self._jumped(here)
        here.ended = True
        number, time = (now.number, now.time) if now is not None else (0, 0)
        yield Ended(here, reason, number, time)

    def _end(self, connection: Connection, reason: str) -> Iterator[Event]:
        yield from self._over(connection.up, reason, self._last)
        yield from self._over(connection.down, reason, self._last)


def _direction(connection: Connection, segment: Segment) -> Direction:
    return connection.up if segment.source == connection.client else connection.down


def _another(here: Direction, segment: Segment) -> bool:
    """Return whether *segment* begins another connection between the same ports."""
    return bool(segment.flags & SYN) and here.start is not None and here.start != segment.sequence + 1 & 0xFFFFFFFF


def _distance(base: int, sequence: int) -> int:
    """Return how far *sequence* is ahead of *base*, below zero where it is behind: the numbers go round at 2^32."""
    return (sequence - base + (1 << 31) & 0xFFFFFFFF) - (1 << 31)
