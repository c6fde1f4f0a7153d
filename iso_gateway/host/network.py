"""Network management: who has signed on, which keys that brings, and what the host says of its own accord."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iso_gateway.errors import CannotCarry
from iso_gateway.faults.fault import Fault, Wrong
from iso_gateway.host.announcing import Announcer
from iso_gateway.protocol.kinds import Kind

if TYPE_CHECKING:
    from iso_gateway.codec.message import Message
    from iso_gateway.host.calendar import Calendar
    from iso_gateway.host.exchanging import Exchanger
    from iso_gateway.host.guard import Guard
    from iso_gateway.protocol.dialect import Dialect, Facts
    from iso_gateway.protocol.moment import Moment


class Network:
    """The links of one host."""

    def __init__(self, dialect: Dialect, calendar: Calendar, guard: Guard | None, exchanger: Exchanger | None) -> None:
        """Manage links in *dialect*; without an *exchanger* a sign-on brings no keys."""
        self.signed_on: set[str] = set()
        """The links that have signed on."""
        self.announcer = Announcer(dialect, calendar)
        self._dialect = dialect
        self._calendar = calendar
        self._guard = guard
        self._exchanger = exchanger

    def hear(self, message: Message, kind: Kind, link: str, moment: Moment, fault: Fault) -> Facts:
        """Carry out *message*, which is approved; return what its answer says of keys."""
        match kind:
            case Kind.SIGN_ON:
                self.signed_on.add(link)
                if self._exchanger is not None:
                    wrong = fault.wrong_check_value or Wrong.CHECK_VALUE in fault.wrong
                    return self._exchanger.signed_on(message, link, wrong=wrong)
            case Kind.SIGN_OFF:
                self.signed_on.discard(link)
            case Kind.CUT_OVER:
                self._calendar.cut_over(moment)
        return {}

    def answered(self, message: Message, link: str) -> Facts | None:
        """Return what the log says of the answer *message*; None where nothing was asked."""
        announced = self.announcer.answered(message, link)
        if announced is None:
            return None
        keys = self._exchanger.answered(message, link) if self._exchanger is not None else {}
        return {"kind": announced, "stan": message.text(11), "code": self._dialect.canonical(message), **keys}

    def announce(self, kind: Kind, moment: Moment, link: str, *, advice: bool = False) -> Message:
        """Return what the host says to *link* of its own accord: an echo, or which business date it is now.

        Args:
            kind: ECHO or CUT_OVER.
            moment: now.
            link: who is told; its answer is awaited.
            advice: whether it is said as 0820 and not as 0800.

        Raises:
            CannotCarry: the dialect has no such message.
        """
        return self.announcer.request(kind, moment, link, advice=advice)

    def change_keys(self, moment: Moment, link: str) -> Message:
        """Return what brings new keys to *link*; raises `CannotCarry` where keys cannot be changed so."""
        if self._exchanger is None:
            raise CannotCarry("40", "key_change", "no exchange of keys is set")
        return self._exchanger.change(self.announcer.request(Kind.ECHO, moment, link), link)

    def closed(self, link: str) -> None:
        """Take in that *link* is gone: it must sign on again."""
        self.signed_on.discard(link)
        self.announcer.closed(link)
        if self._guard is not None:
            self._guard.closed(link)
