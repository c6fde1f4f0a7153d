"""Why a request was not answered, as far as anybody can tell: one verdict for each.

What is looked at: whether the request left, what came over its link since, and what of that was strange. Of strange
messages each link remembers the last few; the edge tells what no machine of frames can see: bytes.

Rule 1: a verdict names the evidence: an offset, a field's path, the element that differs.
Rule 2: one strange message explains one request at the most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.errors import DecodeError
from iso_gateway.protocol.story import said


class Verdict(StrEnum):
    """What became of a request that was not answered in time."""

    NOT_WRITTEN = "not written"
    NO_BYTES = "no bytes back"
    OTHERS_ONLY = "others only"
    NO_FRAME = "bytes but no frame"
    UNDECODABLE = "did not decode"
    UNMATCHED = "matched nothing"
    LATE = "matched late"
    BAD_MAC = "MAC wrong"
    LINK_LOST = "link lost"


SENTENCES: Final[dict[Verdict, str]] = {
    Verdict.NOT_WRITTEN: "it never left: the host takes nothing from the link",
    Verdict.NO_BYTES: "it was written, and not one byte came back",
    Verdict.OTHERS_ONLY: "it was written, and what the host said since belongs to others",
    Verdict.NO_FRAME: "bytes came back, and they are no whole frame",
    Verdict.UNDECODABLE: "a frame came back that is no message of the host's spec",
    Verdict.UNMATCHED: "an answer came back that fits no request",
    Verdict.LATE: "the answer came after it was given up",
    Verdict.BAD_MAC: "the answer came, and its MAC is not the host's",
    Verdict.LINK_LOST: "the link failed before an answer came",
}
"""Each verdict in words."""


class Finding(msgspec.Struct, frozen=True):
    """A verdict and its evidence."""

    verdict: Verdict
    evidence: str = ""
    """Masked: offsets, paths, elements."""

    def __str__(self) -> str:
        return f"{self.verdict}: {self.evidence}" if self.evidence else str(self.verdict)


class Wire(msgspec.Struct, frozen=True):
    """What the edge knows of a link's bytes."""

    waiting: bool = False
    """Whether the request in question waits to be written still, or a part of it does."""
    heard: float | None = None
    """When the last byte came, on the monotonic clock; None: none came."""
    offset: int = 0
    """Where in the stream the frame begins that is not complete."""
    have: int = 0
    """How many bytes of it came; 0 between frames."""
    need: int = 0
    """How many it needs, as far as they say."""


STRANGE: Final = 16
"""How many strange messages a link remembers."""

RESEMBLANCE: Final = (11, 41, 42, 4, 3, 49, 7, 12, 13, 37)
"""The elements by which an answer is held against requests that it may have been meant for."""

SHOWN: Final = frozenset({11, 41, 42, 3, 49})
"""Those of them whose values are told; of the others the number says enough."""

MOST_DIFFERENT: Final = 3
"""With more elements that differ it is the answer to something else."""


class Strange(msgspec.Struct):
    """Something that a host said and nobody could use."""

    at: float
    verdict: Verdict
    what: str
    """The message's type, or what is wrong with it."""
    key: tuple[str, str] | None = None
    """Message class and STAN, where they could be read."""
    carried: dict[int, str] = {}
    claimed: bool = False


class Memory:
    """What a link remembers of what was said over it."""

    def __init__(self) -> None:
        self.strange: deque[Strange] = deque(maxlen=STRANGE)
        self.heard: float | None = None
        """When the last whole frame came, on the monotonic clock."""

    def undecodable(self, now: float, error: DecodeError) -> None:
        """Remember a frame that is no message."""
        partial = error.partial
        stan = partial.text(11) if partial is not None else ""
        key = (partial.mti[1], stan) if partial is not None and stan else None
        self.strange.append(Strange(now, Verdict.UNDECODABLE, said(str(error)), key))

    def unmatched(self, now: float, message: Message) -> None:
        """Remember a message that answers nothing."""
        carried = {de: text for de in RESEMBLANCE if (text := message.text(de))}
        key = (message.mti[1], message.text(11))
        self.strange.append(Strange(now, Verdict.UNMATCHED, message.mti, key, carried))


def explain(request: Message, since: float, wire: Wire, memory: Memory) -> Finding:
    """Return why *request*, given to its link at *since* on the monotonic clock, was not answered.

    The strongest evidence first: what cannot be of another request before what may be.
    """
    if wire.waiting:
        return Finding(Verdict.NOT_WRITTEN)
    after = [each for each in memory.strange if each.at >= since and not each.claimed]
    key = (request.mti[1], request.text(11))
    own = next((each for each in after if each.key == key), None)
    if own is None:
        own = _nearest(request, after)
    if own is None and not wire.have:
        own = next((each for each in after if each.verdict is Verdict.UNDECODABLE and each.key is None), None)
    if own is not None:
        own.claimed = True
        return Finding(own.verdict, own.what if own.verdict is Verdict.UNDECODABLE else _difference(request, own))
    if wire.have:
        need = f", {wire.need} needed" if wire.need else ""
        return Finding(Verdict.NO_FRAME, f"{wire.have} bytes of a frame that begins at byte {wire.offset}{need}")
    if memory.heard is not None and memory.heard > since:
        return Finding(Verdict.OTHERS_ONLY)
    if wire.heard is not None and wire.heard > since:
        return Finding(Verdict.NO_FRAME, f"nothing but empty frames, up to byte {wire.offset}")
    return Finding(Verdict.NO_BYTES)


def _nearest(request: Message, strange: Iterable[Strange]) -> Strange | None:
    """Return the unmatched message that is most like an answer to *request*, or None where none is like it."""
    near: list[tuple[int, Strange]] = []
    for each in strange:
        if each.verdict is Verdict.UNMATCHED:
            differing = _differing(request, each)
            common = sum(1 for de in each.carried if request.text(de)) + 1
            if 0 < len(differing) <= MOST_DIFFERENT and 2 * len(differing) < common:
                near.append((len(differing), each))
    return min(near, key=lambda pair: pair[0], default=(0, None))[1]


def _differing(request: Message, strange: Strange) -> list[int]:
    """Return the elements that both have and that are not the same, 0 for the message class."""
    differing = [
        de for de, text in strange.carried.items() if (sent := request.text(de)) and sent.rstrip() != text.rstrip()
    ]
    return differing if strange.key is not None and strange.key[0] == request.mti[1] else [0, *differing]


def _difference(request: Message, strange: Strange) -> str:
    """Return in words what kept *strange* from being the answer to *request*."""
    parts = []
    for de in _differing(request, strange):
        if not de:
            parts.append(f"its type is {strange.what}")
        elif de in SHOWN:
            parts.append(f"DE {de} is {said(strange.carried[de].strip())}, {said(request.text(de).strip())} was sent")
        else:
            parts.append(f"DE {de} is not what was sent")
    return f"a {strange.what} came, but {'; '.join(parts) or 'its STAN was taken'}"
