"""What terminals heard last: a copy of a request that was under way longer than its repeat must not change it.

A terminal whose connection breaks asks again on a new one, and is refused, for no link is up: final, nothing was sent.
What it had written into the broken connection may come in after that, and the link may be up by then. Nobody waits for
that answer any more: the copy is older than the refusal, and gets no other.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from iso_gateway.protocol.records import Key

REMEMBERED: Final = 300.0
"""Seconds; a connection that has brought nothing for so long brings nothing any more. They die with the process."""


class Refused(NamedTuple):
    """One refusal that a terminal heard."""

    transmitted: str
    """DE 7 of the message that it answered."""
    code: str
    """Canonical."""
    until: float


class Refusals:
    """The refusals of the last minutes, the oldest first."""

    def __init__(self) -> None:
        self._by_key: dict[Key, Refused] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def add(self, key: Key, transmitted: str, code: str, mono: float) -> None:
        """Remember that the message under *key*, sent at *transmitted*, was refused with *code*."""
        if not transmitted.isdecimal():
            return
        self._by_key.pop(key, None)
        while self._by_key and next(iter(self._by_key.values())).until <= mono:
            del self._by_key[next(iter(self._by_key))]
        self._by_key[key] = Refused(transmitted, code, mono + REMEMBERED)

    def before(self, key: Key, transmitted: str, mono: float) -> str:
        """Return the code with which a later copy than the one sent at *transmitted* was refused, or the empty text."""
        known = self._by_key.get(key)
        if known is None or known.until <= mono or not transmitted.isdecimal():
            return ""
        return known.code if earlier(transmitted, known.transmitted) else ""


def earlier(one: str, other: str) -> bool:
    """Return whether the DE 7 *one* is before *other*, both of the same hour or two; the year may end between them."""
    return one < other if abs(int(one[:2]) - int(other[:2])) < 6 else one > other
