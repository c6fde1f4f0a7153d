"""The whole fleet without I/O: who sends what is due, and what becomes of it. The edge hands in moments and answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.errors import ConfigError, Problem
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal.fleet.member import Member, Purpose, Request, Task
from iso_gateway.terminal.fleet.schedule import STOCK, Due, Mix
from iso_gateway.terminal.fleet.tally import Tally
from iso_gateway.terminal.orders import Verb
from iso_gateway.terminal.records import Outcome
from iso_gateway.terminal.result import Result

_LOOKED_AT: Final = 8
"""Terminals with a fitting original of which an idle one is taken, if there is one."""
_SAID_AS: Final[dict[Verb, tuple[Kind, ...]]] = {
    Verb.COMPLETE: (Kind.COMPLETION, Kind.COMPLETION_ADVICE),
    Verb.CANCEL: (Kind.PREAUTH_CANCEL,),
}
"""The kinds of which a dialect has one, where they are not called as the verb is."""


class Course:
    """The members of a fleet, and the tally of what they do. All times are seconds from the beginning."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self.tally = Tally()
        self._pools: dict[Verb, deque[int]] = {verb: deque(maxlen=100_000) for verb in STOCK.values()}
        """Members with an original in stock, the oldest first; they may have used it since."""

    def came_due(self, due: Due, now: float) -> Member:
        """Take in that *due* is to be sent; return the member that does it, as soon as it can."""
        self.tally.came_due(due.at, now - due.at)
        member, verb, original = self.members[due.terminal], due.verb, None
        if verb in STOCK:
            supplier = member if member.stock[STOCK[verb]] else self._supplier(STOCK[verb])
            if supplier is None:
                verb = STOCK[verb]
                self.tally.instead[due.verb] += 1
            else:
                member, original = supplier, supplier.stock[STOCK[verb]].popleft()
        member.queue.append(Task(due, verb, original))
        return member

    def begins(self, member: Member, at: datetime, now: float) -> Request | None:
        """Return what *member*, which is idle, says now; None: nothing."""
        request = member.next(at)
        if request is not None and request.task is not None:
            self.tally.was_sent(request.task.verb, request.task.due.at, now)
        return request

    def heard(self, member: Member, request: Request, answer: Message, payload: bytes, now: float) -> Result:
        """Take in the *answer* to *request*, which came as *payload*; return what it says."""
        return self._ended(member, request, member.heard(request, answer, payload), now)

    def silent(self, member: Member, request: Request, why: str, now: float, *, sent: bool = True) -> Result:
        """Take in that *request* gets no answer; *sent* is False only where not a byte of it left."""
        return self._ended(member, request, member.silence(request, why, sent=sent), now)

    def _ended(self, member: Member, request: Request, result: Result, now: float) -> Result:
        tally, task = self.tally, request.task
        entry = member.ended(request, result)
        if request.purpose is Purpose.SIGN_ON:
            tally.refused_sign_ons += not result.approved
        elif request.purpose is Purpose.DEBT:
            tally.debts[str(result.outcome)] += 1
        elif task is not None and result.outcome is Outcome.NOT_SENT:
            tally.came_back(task.verb)
            member.queue.appendleft(task)
        elif task is not None:
            tally.ended(result, task.due.at, now)
            if entry is not None:
                tally.keep(entry)
                if task.verb in self._pools and result.approved:
                    self._pools[task.verb].append(member.number)
        return result

    def _supplier(self, verb: Verb) -> Member | None:
        """Return a member with an original of *verb* in stock, an idle one where there is one."""
        pool = self._pools[verb]
        busy: list[int] = []
        found: Member | None = None
        while pool and len(busy) < _LOOKED_AT:
            member = self.members[pool.popleft()]
            if not member.stock[verb]:
                continue
            if not member.queue:
                found = member
                break
            busy.append(member.number)
        if found is None and busy:
            found = self.members[busy.pop(0)]
        pool.extendleft(reversed(busy))
        return found

    def give_up(self) -> int:
        """Drop what is due and was not sent, and return how many that were."""
        dropped = sum(len(member.queue) for member in self.members)
        for member in self.members:
            member.queue.clear()
        return dropped


def check_mix(mix: Mix, dialect: Dialect) -> None:
    """Refuse a mix that *dialect* has no words for.

    Raises:
        ConfigError: with each kind.
    """
    wrong = [
        Problem("mix", f"{dialect.spec.name} has no words for {verb}")
        for each in mix
        for verb in {each, STOCK.get(each, each)}
        if not any(dialect.profile.row(kind) for kind in (_SAID_AS.get(verb) or (Kind(str(verb)),)))
    ]
    if wrong:
        raise ConfigError(wrong)


def names_from(first: str, count: int) -> list[str]:
    """Return *count* names of terminals from *first* upward: its last digits are counted on.

    Raises:
        ConfigError: they are too few for that.
    """
    digits = len(first) - len(first.rstrip("0123456789"))
    start = int(first[-digits:]) if digits else 0
    if len(str(start + count - 1)) > digits:
        raise ConfigError([Problem("first-terminal", f"{first} cannot be counted on to {count} terminals")])
    return [f"{first[: len(first) - digits]}{number:0{digits}}" for number in range(start, start + count)]
