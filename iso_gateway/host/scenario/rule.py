"""One rule: which messages it means, what they are answered, and what goes wrong with the answer."""

from __future__ import annotations

import msgspec

from iso_gateway.faults.fault import NO_FAULT, Fault
from iso_gateway.faults.when import ANY, When
from iso_gateway.host.scenario.values import Fill


class Share(msgspec.Struct, frozen=True):
    """How much of what was asked for is approved."""

    percent: int | None = None
    amount: int | None = None
    """In minor units. Neither: what is available on the account."""

    def of(self, asked: int, available: int) -> int:
        """Return how much of *asked* is approved, in minor units; 0: nothing is left to approve."""
        if self.percent is not None:
            return max(asked * self.percent // 100, 1)
        return max(min(asked, available if self.amount is None else self.amount), 0)


class Respond(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered; what it does not say is as the host's ordinary rules have it."""

    code: str = ""
    """Canonical, or one that no dialect knows; empty: the ordinary rules decide."""
    approves: bool = False
    """Whether *code* is an approval: then it is one whatever the ordinary rules say."""
    raw: str = ""
    """DE 39 as it is, where the dialect has no row for it."""
    approve: Share | None = None
    """A part of the amount alone."""
    record: bool = True
    """Whether the ledger hears of it."""
    fills: tuple[Fill, ...] = ()
    """Elements and parts of the answer; what cannot be carried there is left as it was."""
    balance: int | None = None
    """DE 54 says so many minor units."""
    balance_available: bool = False
    """DE 54 says what is available, after this message."""
    emv: tuple[tuple[str, bytes], ...] = ()
    """Data objects of the issuer for DE 55, by tag, over those that the host itself puts there."""

    @property
    def decides(self) -> bool:
        """Whether it says what becomes of the money."""
        return bool(self.code) or self.approve is not None or not self.record


class Send(msgspec.Struct, frozen=True, kw_only=True):
    """A message that the host sends of its own accord, on the link that the request came over."""

    after: float = 0.0
    """Seconds after the request came."""
    kind: str = ""
    """``echo``, ``cut_over`` or ``key_change``: as the dialect has it; empty: as *mti* says."""
    mti: str = ""
    fills: tuple[Fill, ...] = ()


ORDINARY: Respond = Respond()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of a scenario; `reading.rule_of` makes it of what people write."""

    name: str
    when: When = ANY
    states: tuple[str, ...] = ()
    """In which states it is asked; empty: in any."""
    then: str = ""
    """The state that follows; empty: the same."""
    respond: Respond = ORDINARY
    fault: Fault = NO_FAULT
    sends: tuple[Send, ...] = ()
