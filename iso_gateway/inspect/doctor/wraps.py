"""All the ways in which bytes may be framed messages."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple

from iso_gateway.errors import FramingError
from iso_gateway.framing import Framing
from iso_gateway.framing.headers import HEADERS
from iso_gateway.framing.lengths import LENGTHS

LONGEST_HEADER: Final = 32
"""Bytes of an unknown header that are tried."""
MOST_PAYLOADS: Final = 16
"""Messages of one input that are looked at; the others are counted."""


class Wrap(NamedTuple):
    """One way to take bytes apart."""

    framing: str
    """The short form of a `Framing`; empty: no frame."""
    skipped: int
    """Bytes before the message that belong to no header we know."""
    payloads: tuple[bytes, ...]
    """The first messages."""
    total: int
    """How many messages there are."""

    @property
    def words(self) -> str:
        """In words: ``no frame``, ``framing 2be+tpdu``, ``framing 2be and a header of 12 bytes``."""
        framing = f"framing {self.framing}" if self.framing else "no frame"
        return f"{framing} and a header of {self.skipped} bytes" if self.skipped else framing


def wraps(data: bytes) -> Iterator[Wrap]:
    """Yield the ways in which *data* comes out exactly: bare, in frames, then behind a header that nobody knows."""
    if not data:
        return
    framed = list(_framed(data))
    yield Wrap("", 0, (data,), 1)
    yield from framed
    plain = [wrap for wrap in framed if "+" not in wrap.framing]
    for wrap in [*plain, Wrap("", 0, (data,), 1)]:
        shortest = min(len(payload) for payload in wrap.payloads)
        for size in range(1, min(LONGEST_HEADER, shortest - 1) + 1):
            yield Wrap(wrap.framing, size, tuple(payload[size:] for payload in wrap.payloads), wrap.total)


def _framed(data: bytes) -> Iterator[Wrap]:
    headers = [chosen for count in range(len(HEADERS) + 1) for chosen in itertools.permutations(HEADERS, count)]
    for length, inclusive, chosen in itertools.product(LENGTHS, (False, True), headers):
        framing = Framing(length, inclusive, chosen)
        framer = framing.framer(max(len(data), framing.header_size + 1))
        try:
            frames = framer.receive(data)
        except FramingError:
            continue
        if framer.buffered or framer.fault is not None:
            continue
        payloads = [frame.payload for frame in frames if frame.payload]
        if payloads:
            yield Wrap(str(framing), 0, tuple(payloads[:MOST_PAYLOADS]), len(payloads))
