"""How much strangers may write into the log: the first lines tell what is wrong, a million more hide it and fill disks.

Restraint never touches what tells of money: outcomes, debts and transactions are always told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

PERIOD: Final = 60.0
"""Seconds after which everybody may write again, and what was withheld is told as a number."""

PER_SOURCE: Final = 30
"""Lines of one event from one source in a period: a link that is lost every five seconds is told of each time."""

PER_EVENT: Final = 300
"""Lines of one event in a period, whoever causes them."""

RESTRAINED: Final = frozenset(
    {
        "bound",
        "cannot carry",
        "closed",
        "duplicate",
        "format error",
        "host request",
        "joined",
        "journal",
        "late answer",
        "link",
        "not protected",
        "refused",
        "undecodable",
        "unmatched",
        "wrong MAC",
    }
)
"""The events that a peer can cause as often as it likes."""


class Restraint:
    """What was written in the present period, and what was not."""

    def __init__(self) -> None:
        # Bounded by PER_EVENT sources for each of the events above.
        self._written: Counter[tuple[str, str]] = Counter()
        self._of_event: Counter[str] = Counter()
        self._withheld: Counter[str] = Counter()

    def admits(self, event: str, source: str) -> bool:
        """Return whether a line of *event*, one of RESTRAINED, from *source* is to be written; and count it."""
        if self._of_event[event] >= PER_EVENT or self._written[event, source] >= PER_SOURCE:
            self._withheld[event] += 1
            return False
        self._of_event[event] += 1
        self._written[event, source] += 1
        return True

    def turn(self) -> dict[str, int]:
        """Begin a new period; return how many lines of each event were withheld in the last one."""
        withheld = dict(self._withheld)
        self._written.clear()
        self._of_event.clear()
        self._withheld.clear()
        return withheld


def source_of(fields: Mapping[str, Any]) -> str:
    """Return whom a line is about: a peer's address without its port, a link, or what else is named."""
    if peer := fields.get("peer"):
        return str(peer).rpartition(":")[0]
    return next((str(fields[key]) for key in ("link", "who", "id", "terminal", "listener") if fields.get(key)), "")
