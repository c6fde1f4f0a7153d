"""Wrong MACs and PIN blocks, counted by leg; a burst of wrong PIN blocks is told of.

Somebody who tries PIN blocks, and a terminal or a host with another key, look alike from here: many errors, soon one
after the other.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any, Final

BURST: Final = 5
WITHIN: Final = 60.0
"""So many PIN-block errors of one leg in so many seconds are an alarm; there is one for each burst."""

Tell = Callable[[str, Mapping[str, Any]], None]


class Alarms:
    """What was wrong on each leg since the start."""

    def __init__(self, tell: Tell, now: Callable[[], float]) -> None:
        """Tell lines by *tell*; *now* gives monotonic seconds."""
        self._tell = tell
        self._now = now
        self._counts: Counter[tuple[str, str]] = Counter()
        self._recent: dict[str, deque[float]] = {}

    def mac_wrong(self, leg: str) -> None:
        """Take in that a message over *leg* had no right MAC."""
        self._counts[leg, "mac_errors"] += 1
        self._tell("wrong MAC", {"who": leg, "cause": "changed on the way, or made with another key"})

    def pin_wrong(self, leg: str) -> None:
        """Take in that a message over *leg* had no right PIN block."""
        self._counts[leg, "pin_errors"] += 1
        recent = self._recent.setdefault(leg, deque(maxlen=BURST))
        recent.append(now := self._now())
        if len(recent) == BURST and now - recent[0] <= WITHIN:
            recent.clear()
            said = f"{BURST} PIN blocks did not open within {WITHIN:g} s: somebody tries them, or a key is wrong"
            self._tell("PIN block errors", {"who": leg, "cause": said})

    def trouble(self, leg: str, cause: str) -> None:
        """Take in why a message over *leg* was refused, or one for it not made."""
        self._counts[leg, "refused"] += 1
        self._tell("not protected", {"who": leg, "cause": cause})

    def of(self, leg: str) -> dict[str, int]:
        """Return the counts of *leg*."""
        return {what: self._counts[leg, what] for what in ("mac_errors", "pin_errors", "refused")}
