"""What became of all transactions of a fleet: counted while they end, in bounded memory."""

from __future__ import annotations

from collections import Counter, deque
from typing import Final

import msgspec

from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.terminal.fleet.histogram import Histogram
from iso_gateway.terminal.orders import Verb
from iso_gateway.terminal.records import Outcome, Reversal
from iso_gateway.terminal.result import Result

MOST_ENTRIES: Final = 100_000
"""Transactions that are compared with the host's ledger at the end: the latest. The mock host keeps as many."""
MOST_STEPS: Final = 600
"""Points of the plots; when there are more, each two become one."""


class Entry(msgspec.Struct):
    """One request that moves money, in the terminals' ledger."""

    terminal: str
    kind: Kind
    stan: str
    outcome: Outcome = Outcome.UNKNOWN
    reversal: Reversal = Reversal.NONE
    rrn: str = ""
    approval: str = ""
    amount: int = 0
    """Minor units: what was approved, or else asked for."""

    @property
    def stands(self) -> bool:
        """Whether it was approved and not taken back by a reversal, as far as its terminal knows."""
        return self.outcome is Outcome.APPROVED and self.reversal is not Reversal.DONE

    @property
    def owed(self) -> bool:
        """Whether nobody knows what became of it, and its reversal was not answered."""
        return self.outcome is Outcome.UNKNOWN and self.reversal is Reversal.NONE

    @property
    def refused(self) -> bool:
        """Whether nobody knows what became of it, and the host will not reverse it."""
        return self.outcome is Outcome.UNKNOWN and self.reversal is Reversal.REFUSED


class Step:
    """What happened in one stretch of the run."""

    __slots__ = ("answered", "due", "sent", "took", "unknown")

    def __init__(self) -> None:
        self.due = self.sent = self.answered = self.unknown = 0
        self.took = Histogram()

    def merge(self, other: Step) -> None:
        """Take in what happened in the stretch behind this one."""
        self.due += other.due
        self.sent += other.sent
        self.answered += other.answered
        self.unknown += other.unknown
        self.took.merge(other.took)


class Series:
    """The run cut into equal stretches, a second each at first and longer in a long run."""

    def __init__(self) -> None:
        self.width = 1.0
        """Seconds."""
        self.steps: list[Step] = []

    def at(self, seconds: float) -> Step:
        """Return the stretch of *seconds* after the beginning."""
        while (place := int(max(seconds, 0.0) / self.width)) >= MOST_STEPS:
            self.width *= 2
            pairs = self.steps
            self.steps = pairs[::2]
            for first, second in zip(self.steps, pairs[1::2], strict=False):
                first.merge(second)
        while place >= len(self.steps):
            self.steps.append(Step())
        return self.steps[place]


class Tally:
    """All that is counted."""

    def __init__(self) -> None:
        self.due = 0
        """Transactions whose intended time has come."""
        self.sent = 0
        self.in_flight = 0
        self.outcomes: Counter[Outcome] = Counter()
        self.codes: Counter[str] = Counter()
        """DE 39 as it came; empty: there was none."""
        self.kinds: Counter[Verb] = Counter()
        self.instead: Counter[Verb] = Counter()
        """Kinds that no terminal had an original for, so that one was made."""
        self.took = Histogram()
        """From the intended time to the answer, or to the end of the waiting for one."""
        self.lag = Histogram()
        """From the intended time to when the fleet itself had time for it: its own lateness."""
        self.waited = Histogram()
        """From the intended time to the sending."""
        self.debts: Counter[str] = Counter()
        """What became of the messages that settle debts: reversals and repeats, by outcome."""
        self.refused_sign_ons = 0
        """Sign-ons that did not succeed."""
        self.strays = 0
        """Messages that nobody waited for: late, twice, or with another STAN."""
        self.reconnected = 0
        """Connections that were lost, and made again or tried to be."""
        self.series = Series()
        self.entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self.forgotten = 0
        """Entries beyond, which are not compared."""
        self.why: Counter[str] = Counter()
        """Why outcomes are unknown, in words; the first of them."""

    def came_due(self, at: float, lag: float) -> None:
        """Count one that was due *at* seconds from the beginning, and seen *lag* seconds later."""
        self.due += 1
        self.lag.add(lag)
        self.series.at(at).due += 1

    def was_sent(self, verb: Verb, intended: float, now: float) -> None:
        """Count one that is sent *now* (both in seconds from the beginning)."""
        self.sent += 1
        self.in_flight += 1
        self.kinds[verb] += 1
        self.waited.add(now - intended)
        self.series.at(now).sent += 1

    def came_back(self, verb: Verb) -> None:
        """Count that one of *verb* never left: it is to be sent again."""
        self.kinds[verb] -= 1
        self.sent -= 1
        self.in_flight -= 1

    def ended(self, result: Result, intended: float, now: float) -> None:
        """Count what became of one."""
        self.in_flight -= 1
        self.outcomes[result.outcome] += 1
        self.codes[result.code] += 1
        self.took.add(now - intended)
        step = self.series.at(now)
        step.took.add(now - intended)
        if result.outcome is Outcome.UNKNOWN:
            step.unknown += 1
            if len(self.why) < 20 or result.meaning in self.why:
                self.why[result.meaning] += 1
        else:
            step.answered += 1

    def keep(self, entry: Entry) -> None:
        """Keep *entry* for the comparison, if it moves money."""
        if not TRAITS[entry.kind].financial or entry.kind is Kind.REVERSAL:
            return
        self.forgotten += len(self.entries) == self.entries.maxlen
        self.entries.append(entry)
