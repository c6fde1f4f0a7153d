"""Recorded requests as they are sent again: with numbers, times and references of now.

    stan   DE 11 goes on from a number of its own, per terminal; a repeat keeps the new number of its request
    time   DE 7, 12 and 13 are the present ones; a repeat keeps 12 and 13
    rrn    DE 37 and 38 that an answer of the recording gave are those that the answer of now gave

Where a request names an earlier one (DE 90, 56 or 61 of UnionPay), its STAN and times are rewritten alike.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.moment import date_and_time, transmission_time
from iso_gateway.protocol.originals import ELEMENT, read_original, write_original

Key = TypeVar("Key")
Value = TypeVar("Value")
Changes = dict[int | str, str | bytes | None]


class Rewrite(StrEnum):
    """What is rewritten."""

    STAN = "stan"
    TIME = "time"
    RRN = "rrn"


DIFFERS_BY: Final = {Rewrite.STAN: {"11"}, Rewrite.TIME: {"7", "12", "13", "15"}, Rewrite.RRN: {"37", "38"}}
"""Where an answer then differs from the recorded one, and nobody is told: DE 15 is the host's day."""
LAST_STAN: Final = 999_999
_HELD: Final = 200_000
"""Numbers of each kind that are remembered; the oldest go."""


class Rewriter:
    """What became of the numbers of a recording."""

    def __init__(self, what: Collection[Rewrite], dialect: Dialect | None, first_stan: int) -> None:
        """Rewrite *what*; STANs begin with *first_stan*. Without *dialect* no reference to an original is found."""
        self.what = frozenset(what)
        self._original = None if dialect is None else dialect.profile.original
        self._first = first_stan
        self._last: dict[str, int] = {}
        self._now: dict[tuple[str, str], Message] = {}
        """By terminal and recorded STAN: the request as it was sent."""
        self._rrns: dict[str, str] = {}
        self._approvals: dict[str, str] = {}

    @property
    def ignored(self) -> frozenset[str]:
        """The paths at which answers differ because of what was rewritten; MACs, which are over that, too."""
        paths = {"64", "128"}.union(*(DIFFERS_BY[each] for each in self.what))
        if self._original is not None and self.what:
            paths.add(str(ELEMENT[self._original]))
        return frozenset(paths)

    def request(self, recorded: Message, wall: datetime) -> Message:
        """Return the request *recorded* as it is sent at *wall*.

        Raises:
            EncodeError: its spec cannot carry what it should say.
        """
        terminal, stan = recorded.text(41), recorded.text(11)
        before = self._now.get((terminal, stan)) if stan else None
        if before is not None and before.get(4) != recorded.get(4):
            before = None  # the numbers have begun anew
        changes: Changes = {}
        if Rewrite.STAN in self.what and stan:
            changes[11] = before.text(11) if before is not None else self._next(terminal)
        if Rewrite.TIME in self.what:
            changes |= self._times(recorded, before, wall.astimezone(UTC))
        if Rewrite.RRN in self.what:
            for number, known in ((37, self._rrns), (38, self._approvals)):
                if (new := known.get(recorded.text(number))) is not None:
                    changes[number] = new
        changes |= self._reference(recorded, terminal)
        sent = recorded.evolve(changes)
        if stan:
            _remember(self._now, (terminal, stan), sent)
        return sent

    def answered(self, recorded: Message, now: Message) -> None:
        """Take in that *now* is the answer where the recording has *recorded*."""
        for number, known in ((37, self._rrns), (38, self._approvals)):
            if recorded.text(number) and now.text(number):
                _remember(known, recorded.text(number), now.text(number))

    def _next(self, terminal: str) -> str:
        last = self._last.get(terminal)
        number = self._first if last is None else last % LAST_STAN + 1
        self._last[terminal] = number
        return f"{number:06}"

    @staticmethod
    def _times(recorded: Message, before: Message | None, at: datetime) -> Changes:
        local = date_and_time(at)
        new: Changes = {}
        for number in (7, 12, 13):
            width = len(recorded.text(number))
            if number != 7 and before is not None and number in before:
                new[number] = before[number]
            elif number == 7 and width == 10:
                new[7] = transmission_time(at)
            elif number == 12 and width in (6, 12):
                new[12] = local[-width:]
            elif number == 13 and width == 4:
                new[13] = local[2:6]
        return new

    def _reference(self, recorded: Message, terminal: str) -> Changes:
        """Return the element that names an earlier request, rewritten; nothing where that is not known."""
        if self._original is None:
            return {}
        number = ELEMENT[self._original]
        named = read_original(self._original, recorded)
        now = self._now.get((terminal, named.stan)) if named.stan else None
        carried = recorded.get(number)
        if now is None or not isinstance(carried, str):
            return {}
        new = msgspec.structs.replace(named, stan=now.text(11))
        if Rewrite.TIME in self.what:
            new = msgspec.structs.replace(
                new,
                transmitted=now.text(7) if named.transmitted else "",
                local=now.text(12) if named.local else "",
                date=now.text(13) if named.date and self._original == "f61" else named.date,
            )
        element = write_original(self._original, new)
        return {number: element + carried[len(element) :]} if element else {}


def _remember(known: dict[Key, Value], key: Key, value: Value) -> None:
    known[key] = value
    if len(known) > _HELD:
        del known[next(iter(known))]
