"""Restraint in the log: what every connection has a line for is told so often a minute, and counted beyond.

Ten thousand connections that send garbage are one thing worth knowing, and not ten thousand. Lines of transactions are
not held back: each of them is what somebody asked for.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

Log = Callable[[str, Mapping[str, Any]], None]
"""Takes one event (``transaction``, ``connection`` ...) and its fields, masked already."""

LINES_AT_MOST: Final = 200
"""Lines of one event a minute; the others are counted."""

MINUTE: Final = 60.0


class Restraint:
    """Passes events on to a log, each of them so often a minute."""

    def __init__(self, log: Log, seconds: Callable[[], float]) -> None:
        """Pass them on to *log*; *seconds* says what time it is, on a clock that never jumps."""
        self._log = log
        self._seconds = seconds
        self._since = -math.inf
        self._told: Counter[str] = Counter()

    def __call__(self, event: str, fields: Mapping[str, Any]) -> None:
        """Log *event*, unless it was often enough in this minute."""
        if self._seconds() - self._since >= MINUTE:
            self.over()
        self._told[event] += 1
        if self._told[event] <= LINES_AT_MOST:
            self._log(event, fields)

    def over(self) -> None:
        """Begin a new minute, and say how many lines of the last one were not written."""
        self._since = self._seconds()
        told, self._told = self._told, Counter()
        for event, count in told.items():
            if count > LINES_AT_MOST:
                cause = f"more than {LINES_AT_MOST} lines of it in a minute"
                self._log("withheld", {"of": event, "count": count - LINES_AT_MOST, "cause": cause})
