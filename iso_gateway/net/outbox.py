"""What waits to be sent over one connection, and what became of it.

What the socket took counts as sent: HANDED. Of the frame that it took in part nobody knows what the peer got:
UNCERTAIN. Of what waits behind, not a byte was given away, and nobody owes anything for it: NOT_HANDED.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import StrEnum, auto
from typing import Final

JOINED: Final = 16 * 1024
"""Bytes given to the socket at a time. Frames that wait together are joined up to this, for fewer system calls."""

FRAME_COST: Final = 128
"""Bytes that a waiting frame costs beside its own, so that very many empty ones are bounded too."""


class Outcome(StrEnum):
    """What became of one send."""

    HANDED = auto()
    """The operating system took all of it. It counts as sent; only an answer tells that it arrived."""

    NOT_HANDED = auto()
    """Not a byte of it was given to the socket, and none will be."""

    UNCERTAIN = auto()
    """A part of it was sent; whether the peer can make something of it nobody knows."""


Done = Callable[[Outcome], None]
"""Told the outcome of one send."""


class Outbox:
    """The frames that wait, in order."""

    def __init__(self, most: int) -> None:
        """Hold at most *most* bytes."""
        self._most = most
        self.waiting: deque[tuple[bytes, Done | None]] = deque()
        """Each frame with who is told of its outcome."""
        self._bytes = 0
        self._begun = 0
        """How many bytes of the first frame the socket has taken."""

    def add(self, wire: bytes, done: Done | None) -> bool:
        """Have *wire* wait; return whether there was room for it."""
        cost = len(wire) + FRAME_COST
        if self._bytes + cost > self._most:
            return False
        self.waiting.append((wire, done))
        self._bytes += cost
        return True

    def next_bytes(self) -> bytes:
        """Return what is to be given to the socket now: the frames that wait together, up to JOINED."""
        if len(self.waiting) == 1 or self._begun:
            return self.waiting[0][0][self._begun :]
        joined: list[bytes] = []
        size = 0
        for wire, _ in self.waiting:
            size += len(wire)
            if joined and size > JOINED:
                break
            joined.append(wire)
        return b"".join(joined)

    def took(self, count: int) -> list[Done]:
        """Take in that the socket took *count* bytes; return who is to be told that its frame is HANDED."""
        count += self._begun
        handed = []
        while self.waiting and (size := len(self.waiting[0][0])) <= count:
            _, done = self.waiting.popleft()
            count -= size
            self._bytes -= size + FRAME_COST
            if done is not None:
                handed.append(done)
        self._begun = count
        return handed

    def given_up(self, unsure: int = 0) -> list[tuple[Done, Outcome]]:
        """Let go of everything; return who is to be told what of it.

        Args:
            unsure: how many bytes, behind those that were taken, may have been sent all the same: TLS seals them
                together, whatever frames they are of.
        """
        fates = []
        start, reach = 0, self._begun + unsure
        for wire, done in self.waiting:
            if done is not None:
                fates.append((done, Outcome.UNCERTAIN if start < reach else Outcome.NOT_HANDED))
            start += len(wire)
        self.waiting.clear()
        self._bytes = self._begun = 0
        return fates
