"""A capture -> what both sides said on one port, who answered whom, and what could not be understood."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from iso_gateway.codec.spec import Spec
from iso_gateway.errors import DecodeError
from iso_gateway.framing import Framing
from iso_gateway.framing.lengths import LENGTHS
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.profile import Profile
from iso_gateway.traffic import layers
from iso_gateway.traffic.captures import Damage, Packet, Source, packets
from iso_gateway.traffic.conversations import Conversations, Exchange, Paired, Told
from iso_gateway.traffic.cutting import Cutter, Framed, Lost
from iso_gateway.traffic.layers import Segment, Unread
from iso_gateway.traffic.segments import Chunk, Direction, Event, Streams

STILL_OPEN: Final = 5 * 10**9
"""Nanoseconds before the end of a capture in which a request may have been sent and not be answered in it."""
FROM_BEFORE: Final = 60 * 10**9
"""Nanoseconds in which a connection seen from the middle may bring answers to requests from before the capture."""
REASONS: Final = 64
"""Different reasons for packets that were not read, at most."""


class Finding(NamedTuple):
    """Something that is not as it should be."""

    rule: str
    """``capture``, ``frame``, ``message``, ``part``, ``unanswered``, ``unasked``, ``again``."""
    number: int
    """The packet, from 1."""
    offset: int | None
    """The byte, from the beginning of its direction; of a damaged capture in the file; None: of none."""
    where: str
    """The direction, as addresses."""
    text: str


class Overhearing:
    """The reading of one capture.

    Args:
        spec: of the messages.
        framing: what lies around them.
        port: of the servers.
        profile: of the dialect, which knows the kinds of transaction; None: nobody knows them.
    """

    def __init__(self, spec: Spec, framing: Framing, port: int, profile: Profile | None = None) -> None:
        self._spec = spec
        self._framing = framing
        self._dialect = None if profile is None else Dialect(spec, profile)
        self._streams = Streams(port)
        self._cutters: dict[Direction, Cutter] = {}
        self.conversations = Conversations()
        self.packets = self.segments = self.messages = self.understood = 0
        self.sample = b""
        """The first bytes that anybody sent, as far as one packet has them."""
        self.first: int | None = None
        """When the first packet came: nanoseconds since 1970; None where there is none."""
        self.last = 0
        self._keepalives = 0
        self.notes: dict[str, tuple[int, int]] = {}
        """What was passed over: how often, and the first packet."""

    @property
    def connections(self) -> int:
        """How many connections there were on the port."""
        return self._streams.seen

    @property
    def repeated(self) -> int:
        """How many segments on the port brought nothing new."""
        return self._streams.repeated

    @property
    def keepalives(self) -> int:
        """How many frames without a message there were."""
        return self._keepalives + sum(each.keepalives for each in self._cutters.values())

    def read(self, source: Source) -> Iterator[Paired | Finding]:
        """Yield what was said and what is wrong, as it comes.

        Raises:
            CaptureError: it is no capture.
        """
        for each in packets(source):
            if isinstance(each, Damage):
                yield Finding("capture", each.number, each.offset, "the file", each.reason)
            else:
                yield from self._packet(each)
        for event in self._streams.finish():
            yield from self._event(event)
        for left in self.conversations.finish():
            if isinstance(left, Exchange) and self.last - left.sent[-1][0] <= STILL_OPEN:
                self._note("a request was open when the capture ended", left.request.number)
            else:
                yield from self._left(left)

    def _packet(self, packet: Packet) -> Iterator[Paired | Finding]:
        self.packets += 1
        self.first = packet.time if self.first is None else min(self.first, packet.time)
        self.last = max(self.last, packet.time)
        found = layers.segment(packet)
        if isinstance(found, Unread):
            self._note(found.reason, found.number)
        elif isinstance(found, Segment):
            self.segments += 1
            for event in self._streams.take(found):
                yield from self._event(event)

    def _event(self, event: Event) -> Iterator[Paired | Finding]:
        here = event.direction
        if not self.sample and isinstance(event, Chunk):
            self.sample = event.data
        cutter = self._cutters.get(here)
        if cutter is None:
            cutter = self._cutters[here] = Cutter(self._framing, self._spec.plan, whole=here.whole)
        for each in cutter.take(event):
            if isinstance(each, Lost):
                size = f"{each.size} bytes: " if each.size else ""
                yield Finding("frame", each.number, each.offset, repr(here), size + each.reason)
            else:
                yield from self._framed(here, each)
        if here.ended:
            self._keepalives += self._cutters.pop(here).keepalives

    def _framed(self, here: Direction, framed: Framed) -> Iterator[Paired | Finding]:
        self.messages += 1
        try:
            message = self._spec.decode(framed.frame.payload)
        except DecodeError as error:
            yield self._fault("message", here, framed, error)
            if error.partial is None or 11 not in error.partial:
                return
            # Enough is known to say who asked and who answered.
            message = error.partial
        else:
            self.understood += 1
            for fault in self._spec.broken(message):
                yield self._fault("part", here, framed, fault)
        row = None if self._dialect is None else self._dialect.kind_row(message)
        told = Told(framed.number, framed.time, here, message, "" if row is None else row.kind.value, framed.offset)
        for each in self.conversations.take(told):
            if not isinstance(each, Paired):
                yield from self._left(each)
                continue
            yield each
            if each.word == "again":
                yield Finding("again", told.number, framed.offset, repr(here), "an answer to what was answered before")

    def _left(self, left: Exchange | Told) -> Iterator[Finding]:
        """Yield that a request has no answer, or an answer no request."""
        if isinstance(left, Exchange):
            yield _unanswered(left)
            return
        here = left.direction
        if not here.whole and left.time - here.connection.first <= FROM_BEFORE:
            self._note("an answer whose request may have been before the capture", left.number)
        else:
            text = f"{left.message.mti}: an answer to no request that was seen"
            yield Finding("unasked", left.number, left.offset, repr(here), text)

    def _fault(self, rule: str, here: Direction, framed: Framed, error: DecodeError) -> Finding:
        """Return where *error* is in the capture."""
        before = LENGTHS[self._framing.length].size + len(framed.frame.header)
        offset = framed.offset + before + error.offset
        number = next((number for start, number in reversed(framed.packets) if start <= offset), framed.first)
        return Finding(rule, number, offset, repr(here), str(error))

    def _note(self, reason: str, number: int) -> None:
        if reason in self.notes or len(self.notes) < REASONS:
            count, first = self.notes.get(reason, (0, number))
            self.notes[reason] = (count + 1, first)


def _unanswered(exchange: Exchange) -> Finding:
    request = exchange.request
    often = len(exchange.sent)
    times = f", sent {often} times" if often > 1 else ""
    where = repr(request.direction)
    return Finding("unanswered", request.number, None, where, f"{request.message.mti}: nobody answered it{times}")
