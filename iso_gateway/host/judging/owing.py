"""What is still open when a report is made: messages whose terminal cannot know what became of them."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Final, NamedTuple

from iso_gateway.codec import mask
from iso_gateway.host.judging.seen import Seen
from iso_gateway.host.judging.watching import Watch
from iso_gateway.host.judging.words import amount_of
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment

PATIENCE: Final = 60.0
"""Seconds after which any terminal has stopped to wait for an answer, though it keeps its connection."""


class Open(NamedTuple):
    """One message that its terminal has left as it is."""

    seen: Seen
    text: str
    """In words, masked: ``TERM0001 STAN 000001, USD 20.68, booked, never reversed``."""
    overdue: bool
    """Whether the terminal knew that no answer would come, or had stopped to wait for it."""


def still_open(watch: Watch, links: Container[str], now: Moment) -> Iterator[Open]:
    """Yield what is open of one terminal at *now*, the oldest first; *links* are those that still stand."""
    for seen in watch.unsettled:
        undone = "repeated" if seen.kind is Kind.REVERSAL or not watch.reversible(seen) else "reversed"
        booked = "booked" if seen.booked else "not booked"
        yield Open(seen, _told(seen, booked, f"never {undone}"), _overdue(seen, links, now))
    for first, reversal in watch.standing:
        why = "does not name it" if reversal.guessed else f"was refused with {reversal.code}"
        yield Open(first, _told(first, "booked", f"and its reversal, STAN {reversal.stan}, {why}"), overdue=True)


def _told(seen: Seen, *facts: str) -> str:
    what = "" if seen.kind is Kind.SALE else str(seen.kind or "").replace("_", " ")
    said = [" ".join(filter(None, (seen.terminal, what, "STAN", seen.stan))), amount_of(seen), *facts]
    return mask.printable(", ".join(filter(None, said)))


def _overdue(seen: Seen, links: Container[str], now: Moment) -> bool:
    if seen.given is not None or seen.hang_up:
        return True
    return seen.link not in links or now.mono - seen.at.mono > PATIENCE
