"""Rules of what comes after what, followed for one terminal."""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Final

from iso_gateway.host.judging.expectations import Expectation
from iso_gateway.host.judging.seen import Seen
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.moment import Moment

BEGUN: Final = 500
"""Rules that have begun, of one terminal; above, the oldest is forgotten."""


class Stage(StrEnum):
    """How far a rule is that has begun."""

    OPEN = "open"
    """What is to come has not come yet."""
    MET = "met"
    BROKEN = "broken"


class Begun:
    """A rule after the message that began it."""

    __slots__ = ("came", "expectation", "first", "near", "nearly", "stage", "why")

    def __init__(self, expectation: Expectation, first: Seen) -> None:
        self.expectation = expectation
        self.first = first
        self.came: list[Seen] = []
        """What was to come, as far as it has."""
        self.stage = Stage.OPEN if expectation.then else Stage.MET
        self.why = ""
        """What was wrong, if it was."""
        self.near: Seen | None = None
        """What came nearest to what was to come, and was not it."""
        self.nearly: list[str] = []

    def __repr__(self) -> str:
        return f"<Begun {self.expectation.id} {self.stage}>"

    @property
    def seen(self) -> list[Seen]:
        """All messages that belong to it."""
        return [self.first, *self.came]

    def hear(self, seen: Seen, dialect: Dialect) -> None:
        """Take in the next message of the terminal; all that counts is over once `stage` is not OPEN."""
        rule = self.expectation
        if rule.never is not None:
            self._not(seen, dialect)
            return
        if self.stage is not Stage.OPEN:
            return
        step = rule.then[len(self.came)]
        if not (misses := step.misses(seen, self.first, dialect)):
            self.came.append(seen)
            if len(self.came) == len(rule.then):
                self._whole(seen)
        elif rule.before is not None and seen.repeats is None and not rule.before.misses(seen, self.first, dialect):
            what = f", and {self.near.message.mti} before it is not it: {', '.join(self.nearly)}" if self.near else ""
            self._break(f"{seen.message.mti} STAN {seen.stan} came before: {step.said}{what}", seen)
        elif self.near is None or len(misses) < len(self.nearly):
            self.near, self.nearly = seen, misses

    def _whole(self, seen: Seen) -> None:
        limit, took = self.expectation.within, seen.at.mono - self.first.at.mono
        if limit is not None and took > limit:
            self._break(f"it took {took:.1f} s, and {limit:g} s are allowed")
        else:
            self.stage = Stage.MET

    def _not(self, seen: Seen, dialect: Dialect) -> None:
        rule = self.expectation
        if self.stage is not Stage.MET or rule.never is None or self.came:
            return
        if not rule.never.misses(seen, self.first, dialect):
            self._break(f"{seen.message.mti} STAN {seen.stan} was never to come: {rule.never.said}", seen)
        elif rule.before is not None and not rule.before.misses(seen, self.first, dialect):
            self.came.append(seen)  # from here on it may

    def overdue(self, now: Moment) -> bool:
        """Break the rule if its time is over at *now*; return whether this did it."""
        limit = self.expectation.within
        if self.stage is not Stage.OPEN or limit is None or now.mono - self.first.at.mono <= limit:
            return False
        self._break(f"nothing came within {limit:g} s: {self.expectation.then[len(self.came)].said}")
        return True

    def _break(self, why: str, seen: Seen | None = None) -> None:
        self.stage, self.why = Stage.BROKEN, why
        if seen is not None:
            self.came.append(seen)


class Follower:
    """All rules, for one terminal."""

    def __init__(self) -> None:
        self.begun: deque[Begun] = deque()
        self.met: set[str] = set()
        """The rules that were met by messages that are forgotten."""
        self._waiting: deque[Seen] = deque(maxlen=BEGUN)
        """What came since the last look: how it is answered is known when the next message comes."""

    def forget(self, number: int) -> None:
        """Forget what began with the messages up to *number*; which rules were met is kept."""
        while self._waiting and self._waiting[0].number <= number:
            self._waiting.popleft()
        while self.begun and self.begun[0].first.number <= number:
            self._gone(self.begun.popleft())

    def _gone(self, begun: Begun) -> None:
        if begun.stage is Stage.MET:
            self.met.add(begun.expectation.id)

    def begin(self, expectations: tuple[Expectation, ...]) -> None:
        """Begin the rules of what has come, as it was answered by now."""
        while self._waiting:
            seen = self._waiting.popleft()
            for each in expectations:
                if each.after.begins(seen):
                    if len(self.begun) == BEGUN:
                        self._gone(self.begun.popleft())
                    self.begun.append(Begun(each, seen))

    def hear(self, seen: Seen, expectations: tuple[Expectation, ...], dialect: Dialect) -> list[Begun]:
        """Take in a message; return the rules that it broke."""
        self.begin(expectations)
        broken = []
        for each in self.begun:
            was = each.stage
            if not each.overdue(seen.at):
                each.hear(seen, dialect)
            if each.stage is Stage.BROKEN and was is not Stage.BROKEN:
                broken.append(each)
        if not seen.doubt:
            self._waiting.append(seen)
        return broken
