"""What one side of a connection sent -> frames, each with the packets that brought it.

Where a stream is whole its frames follow one another, and a wrong length is a fault. Where its beginning or some bytes
of it are missing, and behind a fault, nobody knows where the next frame begins: then one is looked for at the first
byte of each packet, and taken where length, headers and message type can be those of one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from iso_gateway.codec.plan import Plan
from iso_gateway.errors import FramingError
from iso_gateway.framing import Frame, Framing
from iso_gateway.framing.grammar import DEFAULT_MAX_LENGTH
from iso_gateway.framing.headers import HEADERS
from iso_gateway.framing.lengths import LENGTHS
from iso_gateway.traffic.segments import Chunk, Ended, Event

CANNOT_TELL, NO_FRAME, FRAME = range(3)
"""What a few bytes can be the beginning of."""


class Framed(NamedTuple):
    """A frame."""

    frame: Frame
    offset: int
    """Of its first byte, in its direction."""
    first: int
    """The packet of its first byte."""
    number: int
    """The packet of its last byte."""
    time: int
    """When the last byte came: nanoseconds since 1970."""
    packets: tuple[tuple[int, int], ...]
    """Offset and packet of all that brought something of it."""


class Lost(NamedTuple):
    """Bytes that are in no frame."""

    offset: int
    size: int
    """How many; 0 where they are not in the capture, and nobody can count them."""
    number: int
    """The packet of the first of them."""
    reason: str


class Cutter:
    """Cuts what one side sends.

    Args:
        framing: what lies around a message.
        plan: the spec, of which the message types are known.
        whole: whether the stream is there from its first byte.
    """

    def __init__(self, framing: Framing, plan: Plan, *, whole: bool) -> None:
        self._framing = framing
        self._plan = plan
        self._framer = framing.framer()
        self._sure = whole
        self._doubted: list[Chunk] = []
        self._lost: Lost | None = None
        self._marks: deque[tuple[int, int]] = deque()
        """Where packets begin, from the one with the first byte of the frame that is not complete."""
        self._start = self._offset = 0
        self.keepalives = 0
        """Frames without a message in them."""

    def take(self, event: Event) -> Iterator[Framed | Lost]:
        """Yield the frames that are complete with *event*, and what turns out to be in none."""
        if isinstance(event, Chunk):
            yield from self._cut(event) if self._sure else self._look(event)
        elif isinstance(event, Ended):
            if self._sure and self._framer.buffered:
                yield from self._broken(event.number, f"{event.reason} inside a frame")
            yield from self._given_up()
        else:
            yield from self._broken(event.number, "bytes are not in the capture, and the rest of a frame with them")
            self._lost = _joined(self._lost, Lost(event.offset, event.missing, event.number, _NOT_CAPTURED))

    def _cut(self, chunk: Chunk) -> Iterator[Framed | Lost]:
        """Yield the frames of a stream in which every byte has its place."""
        if not self._framer.buffered:
            self._marks.clear()
            self._start = chunk.offset
        self._marks.append((chunk.offset, chunk.number))
        at = 0
        while at < len(chunk.data):
            # As many bytes as it asks for and no more, so that its beginning and its end have a known packet.
            piece = chunk.data[at : at + self._framer.needed - self._framer.buffered]
            at += len(piece)
            self._offset = chunk.offset + at
            try:
                frames = self._framer.receive(piece)
            except FramingError as fault:
                reason = getattr(fault, "reason", "")
                rest = len(chunk.data) - at
                yield from self._broken(chunk.number, reason, rest)
                return
            for frame in frames:
                packets = tuple(self._marks)
                yield Framed(frame, self._start, packets[0][1], chunk.number, chunk.time, packets)
            if not self._framer.buffered:
                self.keepalives += not frames
                self._start = self._offset
                self._marks.clear()
                self._marks.append((self._offset, chunk.number))

    def _broken(self, number: int, reason: str, more: int = 0) -> Iterator[Lost]:
        """Give up the frame that is not complete, and the *more* bytes behind it; look for another one from now on."""
        if self._sure and (self._framer.buffered or more or self._framer.fault is not None):
            first = self._marks[0][1] if self._marks else number
            self._lost = _joined(self._lost, Lost(self._start, self._offset - self._start + more, first, reason))
        else:
            self._give_up_doubted()
        self._sure = False
        self._framer = self._framing.framer()
        yield from ()

    def _look(self, chunk: Chunk) -> Iterator[Framed | Lost]:
        """Look for the beginning of a frame."""
        self._doubted.append(chunk)
        while self._doubted:
            found = self._begins(b"".join(each.data for each in self._doubted))
            if found == CANNOT_TELL:
                return
            if found == FRAME:
                chunks, self._doubted = self._doubted, []
                self._sure = True
                yield from self._told()
                for each in chunks:
                    yield from self._cut(each) if self._sure else self._look(each)
                return
            self._give_up(self._doubted.pop(0))

    def _begins(self, data: bytes) -> int:
        """Return whether a frame with a message of the spec can begin with *data*."""
        length = LENGTHS[self._framing.length]
        if len(data) < length.size:
            return CANNOT_TELL
        said = length.read(data, 0) - (length.size if self._framing.inclusive else 0)
        if not self._framing.header_size + self._plan.mti_size < said <= DEFAULT_MAX_LENGTH:
            return NO_FRAME
        at = length.size
        if len(data) < at + self._framing.header_size + self._plan.mti_size:
            return CANNOT_TELL
        for name in self._framing.headers:
            if HEADERS[name].wrong(data, at) >= 0:
                return NO_FRAME
            at += HEADERS[name].size
        return FRAME if data[at : at + self._plan.mti_size] in self._plan.mti_reading else NO_FRAME

    def _give_up(self, chunk: Chunk) -> None:
        self._lost = _joined(self._lost, Lost(chunk.offset, len(chunk.data), chunk.number, _NO_BEGINNING))

    def _give_up_doubted(self) -> None:
        for each in self._doubted:
            self._give_up(each)
        self._doubted.clear()

    def _given_up(self) -> Iterator[Lost]:
        self._give_up_doubted()
        yield from self._told()

    def _told(self) -> Iterator[Lost]:
        """Yield what was lost up to here, as one."""
        if self._lost is not None:
            yield self._lost
            self._lost = None


_NO_BEGINNING: Final = "no frame begins here"
_NOT_CAPTURED: Final = "bytes are not in the capture"


def _joined(before: Lost | None, now: Lost) -> Lost:
    """Return what was lost as one: it is told when a frame is found again."""
    return now if before is None else before._replace(size=now.offset + now.size - before.offset)
