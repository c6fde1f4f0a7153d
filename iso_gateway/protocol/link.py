"""One link to an acquirer, and what all links of one acquirer have in common."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.protocol.calendar import Calendar
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.matching import Matching, WireKey
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.numbering import Numbering
from iso_gateway.protocol.session import Session
from iso_gateway.protocol.setup import Acquirer
from iso_gateway.protocol.verdicts import Memory


class Link:
    """One link: its session and the requests that were given to it and are not answered."""

    def __init__(self, name: str, acquirer: Acquirer) -> None:
        self.name = name
        self.acquirer = acquirer
        self.session = Session(acquirer.timing, sign_on=acquirer.sign_on)
        self.timer = f"link {name}"
        """What its deadline and its own messages go by."""
        self.memory = Memory()
        """What the host said over it that nobody could use."""
        self.in_flight: set[str] = set()
        """The ids of transactions."""
        self.debts: set[str] = set()
        """The ids of debts that have a place on it, beside the transactions."""
        self.signed_on: float | None = None
        """When a sign-on was asked for because a host said so, on the monotonic clock."""
        self.asked: dict[tuple[str, Kind], Message] = {}
        self.bad_macs = 0
        """How many answers came with a wrong MAC since the last right one."""
        self.wrong_keys = 0
        """How many sign-ons in a row brought keys that are not what their check values say."""
        self.exchanged_anew = False
        """Whether keys were asked for because of these."""

    def __repr__(self) -> str:
        return f"<Link {self.name} {self.session.state}, {len(self.in_flight)} in flight>"


class Released(msgspec.Struct, gc=False):
    """A request that was given up or settled, and to which a late answer may still come."""

    until: float
    """When its late window ends, on the monotonic clock."""
    request: Message
    given_up: float | None
    """When it was given up, on the monotonic clock; None where nobody waits to hear how late its answer is."""


class Host:
    """One acquirer's shared state: numbers and awaited answers are per acquirer, not per link."""

    def __init__(self, acquirer: Acquirer, first_stan: int, now: Moment) -> None:
        self.acquirer = acquirer
        self.calendar = Calendar(acquirer, now.wall)
        self.matching: Matching[str] = Matching(acquirer.compared)
        self.numbering = Numbering(first_stan, self.matching.busy)
        self.released: OrderedDict[WireKey, Released] = OrderedDict()
        """Requests given up or settled; those first whose late window ends first."""

    def expire(self, mono: float) -> None:
        """Let go of the STANs whose late window is over."""
        while self.released:
            key, released = next(iter(self.released.items()))
            if released.until > mono:
                return
            del self.released[key]
            self.matching.forget(released.request)
