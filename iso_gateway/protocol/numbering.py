"""STANs towards an acquirer: DE 11 from 000001 to 999999, then from 000001 again.

The numbers are per acquirer, not per link, and one that still means an open request, a debt or a late answer is not
given out again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LAST: Final = 999_999


class Numbering:
    """The STANs of one acquirer, given out in turn."""

    def __init__(self, start: int = 1, busy: Callable[[str], bool] = lambda _stan: False) -> None:
        """Start at *start* (1 to 999999; an in-memory journal passes in a random one) and pass over what is *busy*."""
        if not 1 <= start <= LAST:
            raise ValueError("a STAN is 1 to 999999")
        self._next = start
        self._busy = busy

    def __repr__(self) -> str:
        return f"<Numbering next {self._next:06}>"

    def go_on(self, start: int) -> None:
        """Go on at *start* (1 to 999999): an earlier process gave out those before it."""
        if not 1 <= start <= LAST:
            raise ValueError("a STAN is 1 to 999999")
        self._next = start

    def next(self) -> str | None:
        """Return the next free STAN, six digits, or None when all of them are taken."""
        for _ in range(LAST):
            stan = f"{self._next:06}"
            self._next = self._next % LAST + 1
            if not self._busy(stan):
                return stan
        return None
