"""What happened, line by line: hashed always, kept where somebody wants to read it."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from iso_gateway.simulation.heap import Heap


class Line(NamedTuple):
    """One thing that happened."""

    mono: float
    about: str
    """The id of a row, or a terminal and a STAN as ``TERMINAL/STAN``, or a link."""
    text: str

    def __str__(self) -> str:
        hours, rest = divmod(self.mono, 3600)
        minutes, seconds = divmod(rest, 60)
        return f"{int(hours):02}:{int(minutes):02}:{seconds:06.3f}  {self.text}"


class Trace:
    """The lines of a day; no set and no hash of a text has a say in them."""

    def __init__(self, heap: Heap, *, keep: bool = False) -> None:
        """Hash the lines, and with *keep* remember them."""
        self._heap = heap
        self._hash = sha256()
        self._keep = keep
        self.lines: list[Line] = []

    def tell(self, about: str, text: str) -> None:
        """Take in one line."""
        self._hash.update(f"{self._heap.mono:.6f} {about} {text}\n".encode())
        if self._keep:
            self.lines.append(Line(self._heap.mono, about, text))

    def bytes(self, payload: bytes) -> None:
        """Take in what went over a wire."""
        self._hash.update(payload)

    @property
    def digest(self) -> str:
        """SHA-256 of all lines so far, in hex."""
        return self._hash.hexdigest()
