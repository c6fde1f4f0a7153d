"""What the host says of its own accord: line tests, the cut-over, what a rule wants; and the answers (ruling 24)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import MTI
from iso_gateway.host.calendar import Calendar
from iso_gateway.host.scenario.values import overlaid
from iso_gateway.protocol.dialect import Dialect, Facts
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment, transmission_time
from iso_gateway.protocol.numbering import LAST

_AWAITED: Final = 1000
"""Announcements whose answers are waited for; above, the oldest is given up."""


class Announcer:
    """The requests that the host makes, and who has not answered them yet."""

    def __init__(self, dialect: Dialect, calendar: Calendar) -> None:
        self._dialect = dialect
        self._calendar = calendar
        self._stan = 0
        self._awaited: dict[tuple[str, str, str], str] = {}

    def request(self, kind: Kind, moment: Moment, link: str, *, advice: bool = False) -> Message:
        """Return a network management request of *kind* for *link*; as 0820 instead of 0800 with *advice*.

        A cut-over says in DE 15 which business date begins.

        Raises:
            CannotCarry: the dialect has no such kind.
            EncodeError: a value does not fit the spec.
        """
        self._stan = self._stan % LAST + 1
        local = self._calendar.local(moment)
        facts: Facts = {
            **self._calendar.facts(moment),
            "system_trace_audit_number": f"{self._stan:06}",
            "transmission_date_time": transmission_time(moment.wall),
        }
        if kind is not Kind.CUT_OVER:
            del facts["date_settlement"]
        message = self._dialect.network(kind, facts, local.date())
        if advice:
            message = message.evolve({}, message.mti[:2] + "2" + message.mti[3:])
        self._await(message, link, str(kind))
        return message

    def of_type(self, mti: str, values: Mapping[str, str], moment: Moment, link: str) -> Message:
        """Return a request of any type for *link*, with *values* by path; those that do not fit are left out."""
        self._stan = self._stan % LAST + 1
        own = {11: f"{self._stan:06}", 7: transmission_time(moment.wall)}
        spec = self._dialect.spec
        message = spec.message(mti, {number: value for number, value in own.items() if number in spec.fields})
        message = overlaid(message, values)[0]
        self._await(message, link, mti)
        return message

    def _await(self, message: Message, link: str, what: str) -> None:
        if len(self._awaited) >= _AWAITED:
            del self._awaited[next(iter(self._awaited))]
        self._awaited[link, str(MTI(message.mti).response()), message.text(11)] = what

    def answered(self, message: Message, link: str) -> str | None:
        """Return what *message* from *link* answers, as kind or type, or None where nothing was asked."""
        return self._awaited.pop((link, message.mti, message.text(11)), None)

    def closed(self, link: str) -> None:
        """Take in that *link* is gone: nothing will be answered on it."""
        for key in [key for key in self._awaited if key[0] == link]:
            del self._awaited[key]
