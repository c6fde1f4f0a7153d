"""All the ways in which bytes may be framed messages."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple

from iso_gateway.errors import FramingError
from iso_gateway.framing import Framing
from iso_gateway.framing.headers import HEADERS
from iso_gateway.framing.lengths import LENGTHS

LONGEST_HEADER: Final = 16
"""Bytes of an unknown header that are tried; a longer one has to say in its first byte how long it is."""
LONGEST_THAT_SAYS_SO: Final = 32
"""... and so many of one that does, as Visa's of 22 bytes."""
MOST_PAYLOADS: Final = 16
"""Messages of one input that are looked at; the others are counted."""
CHOSEN: Final = [names for count in range(len(HEADERS) + 1) for names in itertools.permutations(HEADERS, count)]
"""All rows of network headers."""


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
    headers: str = ""
    """The network headers that those bytes are, as a framing has them: ``tpdu+cup``. The length before them was left
    off. Empty: none that we know."""

    @property
    def words(self) -> str:
        """In words: ``no frame``, ``framing 2be+tpdu``, ``framing 2be and a header of 12 bytes``."""
        framing = f"framing {self.framing}" if self.framing else "no frame"
        if self.headers:
            return f"headers {self.headers} without the length before them"
        count = f"{self.skipped} byte{'' if self.skipped == 1 else 's'}"
        return f"{framing} and a header of {count}" if self.skipped else framing


def wraps(*given: bytes) -> Iterator[Wrap]:
    """Yield the ways in which *given* come out exactly: bare, in frames, then behind a header that nobody knows.

    Args:
        given: inputs that are all wrapped alike: each is one message without a frame, or a row of frames.
    """
    some = [data for data in given if data]
    if not some:
        return
    framed = list(_framed(some))
    bare = Wrap("", 0, tuple(some[:MOST_PAYLOADS]), len(some))
    yield bare
    yield from framed
    plain = [wrap for wrap in framed if "+" not in wrap.framing]
    for wrap in [*plain, bare]:
        shortest = min(len(payload) for payload in wrap.payloads)
        said = {payload[0] for payload in wrap.payloads}
        sizes = {*range(1, LONGEST_HEADER + 1), *(said if len(said) == 1 and max(said) <= LONGEST_THAT_SAYS_SO else ())}
        for size in sorted(size for size in sizes if 0 < size < shortest):
            inner = tuple(payload[size:] for payload in wrap.payloads)
            headers = _headers(size, wrap.payloads) if not wrap.framing else ""
            yield Wrap(wrap.framing, size, inner, wrap.total, headers)


def _headers(size: int, payloads: tuple[bytes, ...]) -> str:
    """Return the network headers that the first *size* bytes of all *payloads* are; empty where they are none."""
    for chosen in CHOSEN:
        ends = list(itertools.accumulate((HEADERS[name].size for name in chosen), initial=0))
        if ends[-1] == size and all(
            HEADERS[name].wrong(payload, at) < 0 for payload in payloads for name, at in zip(chosen, ends, strict=False)
        ):
            return "+".join(chosen)
    return ""


def _framed(some: list[bytes]) -> Iterator[Wrap]:
    for length, inclusive, chosen in itertools.product(LENGTHS, (False, True), CHOSEN):
        framing = Framing(length, inclusive, chosen)
        payloads: list[bytes] = []
        for data in some:
            found = _payloads(framing, data)
            if not found:
                payloads = []
                break
            payloads += found
        if payloads:
            yield Wrap(str(framing), 0, tuple(payloads[:MOST_PAYLOADS]), len(payloads))


def _payloads(framing: Framing, data: bytes) -> list[bytes]:
    """Return what is in the frames that *data* consists of; nothing where it does not."""
    framer = framing.framer(max(len(data), framing.header_size + 1))
    try:
        frames = framer.receive(data)
    except FramingError:
        return []
    # Two bytes of zero before each length are no keep-alive, but the upper half of one of four bytes.
    halves = data.startswith(b"\0\0") and framer.keepalives >= len(frames)
    if framer.buffered or framer.fault is not None or halves:
        return []
    return [frame.payload for frame in frames if frame.payload]
