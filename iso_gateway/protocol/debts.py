"""What is owed to a host, and how one answer to it is read.

A debt is a reversal of a request whose outcome is not known, or the repeat of an advice that was not acknowledged. It
is sent until the host settles it; it is never dropped. Debts of one terminal go in order; one that is stuck leaves the
order and waits for an operator (ruling 1).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from iso_gateway.protocol.table import Table


class DebtState(StrEnum):
    """Where a debt stands."""

    OWED = "owed"
    """Waiting for its turn or for a link."""
    OPENING = "opening"
    """The card number that the journal has of it is being opened by the security module."""
    SENDING = "sending"
    """The attempt is being committed."""
    SECURING = "securing"
    """Committed; its MAC is being made."""
    AWAITING = "awaiting"
    """Sent; the host's answer is awaited."""
    BACKING_OFF = "backing off"
    """To be sent again after a pause."""
    SETTLED = "settled"
    STUCK = "stuck"


class DebtStep(StrEnum):
    """What can happen to a debt."""

    CARD_WANTED = "its card number is wanted"
    CARD_UNKNOWN = "its card number could not be had"
    DUE = "due"
    JOURNALED = "journaled"
    TO_SECURE = "journaled, and to have a MAC"
    SECURED = "secured"
    NOT_SECURED = "it has no MAC, or no link to go over"
    JOURNAL_FAILED = "journal failed"
    NOT_SENT = "not sent"
    TIMED_OUT = "timed out"
    SETTLED = "settled by the host"
    AGAIN = "to be asked again"
    REFUSED = "refused for good"
    GIVEN_UP = "too old"
    REOPENED = "a late approval reopens it"
    RESENT = "an operator has it sent again"


DEBT_TRANSITIONS: Final[Table[DebtState, DebtStep]] = Table(
    {
        (DebtState.OWED, DebtStep.DUE): DebtState.SENDING,
        (DebtState.OWED, DebtStep.GIVEN_UP): DebtState.STUCK,
        (DebtState.OWED, DebtStep.SETTLED): DebtState.SETTLED,
        (DebtState.OWED, DebtStep.CARD_WANTED): DebtState.OPENING,
        (DebtState.BACKING_OFF, DebtStep.CARD_WANTED): DebtState.OPENING,
        (DebtState.OPENING, DebtStep.DUE): DebtState.SENDING,
        (DebtState.OPENING, DebtStep.CARD_UNKNOWN): DebtState.BACKING_OFF,
        (DebtState.OPENING, DebtStep.SETTLED): DebtState.SETTLED,
        (DebtState.OPENING, DebtStep.REFUSED): DebtState.STUCK,
        (DebtState.OPENING, DebtStep.GIVEN_UP): DebtState.STUCK,
        (DebtState.SENDING, DebtStep.TO_SECURE): DebtState.SECURING,
        (DebtState.SECURING, DebtStep.SECURED): DebtState.AWAITING,
        (DebtState.SECURING, DebtStep.NOT_SECURED): DebtState.BACKING_OFF,
        (DebtState.SECURING, DebtStep.SETTLED): DebtState.SETTLED,  # by the answer to an earlier attempt
        (DebtState.SECURING, DebtStep.REFUSED): DebtState.STUCK,
        (DebtState.SENDING, DebtStep.JOURNALED): DebtState.AWAITING,
        (DebtState.SENDING, DebtStep.JOURNAL_FAILED): DebtState.BACKING_OFF,
        (DebtState.SENDING, DebtStep.SETTLED): DebtState.SETTLED,  # by the answer to an earlier attempt
        (DebtState.SENDING, DebtStep.REFUSED): DebtState.STUCK,
        (DebtState.OWED, DebtStep.REFUSED): DebtState.STUCK,  # an advice's own answer, before it was repeated
        (DebtState.AWAITING, DebtStep.SETTLED): DebtState.SETTLED,
        (DebtState.AWAITING, DebtStep.AGAIN): DebtState.BACKING_OFF,
        (DebtState.AWAITING, DebtStep.REFUSED): DebtState.STUCK,
        (DebtState.AWAITING, DebtStep.TIMED_OUT): DebtState.BACKING_OFF,
        (DebtState.AWAITING, DebtStep.NOT_SENT): DebtState.BACKING_OFF,
        (DebtState.BACKING_OFF, DebtStep.DUE): DebtState.SENDING,
        (DebtState.BACKING_OFF, DebtStep.SETTLED): DebtState.SETTLED,
        (DebtState.BACKING_OFF, DebtStep.REFUSED): DebtState.STUCK,
        (DebtState.BACKING_OFF, DebtStep.GIVEN_UP): DebtState.STUCK,
        (DebtState.SETTLED, DebtStep.REOPENED): DebtState.OWED,
        (DebtState.STUCK, DebtStep.RESENT): DebtState.OWED,
    }
)


UNDER_WAY: Final = frozenset({DebtState.SENDING, DebtState.SECURING, DebtState.AWAITING})
"""The states of a debt that count against the window."""


class Circumstances(msgspec.Struct, frozen=True):
    """What the reading of an answer depends on besides its code."""

    own_stan: bool
    """The reversal has a STAN of its own."""
    repeated: bool
    """This was not the first attempt."""
    early: bool
    """The host may still be deciding the original: its time-out has not passed since the original was sent."""
    approval_seen: bool
    """An approval of the original was seen, in time or late."""
    same_day: bool
    """The business date is still the original's."""
    not_found_is_00: bool
    """This host says 00 also where it found nothing."""


_AGAIN: Final = frozenset({"68", "91", "96", "98", "90", "A0", "77"})
"""No decision: ask again. A0 and 77 after a new sign-on."""


def read_reversal_answer(code: str, at: Circumstances) -> DebtStep:
    """Return what the host's canonical *code* does to an owed reversal (ruling 1).

    A reversal that overtook its sale, or that crossed cut-over, gets 25 while the charge stands: so 25 settles only
    when nothing speaks for a charge and the host can no longer be deciding it.
    """
    if code in ("00", "10", "11"):
        return DebtStep.AGAIN if at.early and at.not_found_is_00 else DebtStep.SETTLED
    if code in _AGAIN:
        return DebtStep.AGAIN
    if code == "25":
        if at.early:
            return DebtStep.AGAIN
        return DebtStep.SETTLED if at.same_day and not at.approval_seen else DebtStep.REFUSED
    if code == "94" and at.repeated and at.own_stan:
        return DebtStep.SETTLED
    return DebtStep.REFUSED


def read_repeat_answer(code: str, *, unknown: bool, reversal: bool = False) -> DebtStep:
    """Return what the host's canonical *code* does to what is repeated: any clear answer settles it.

    "Duplicate" is clear of a *reversal* alone: the host has it, so it is done. Of an advice it hides the decision.
    """
    if code == "94":
        return DebtStep.SETTLED if reversal else DebtStep.REFUSED
    return DebtStep.AGAIN if unknown or code in _AGAIN else DebtStep.SETTLED


def pause(attempt: int, first: float, longest: float, jitter: float) -> float:
    """Return the seconds to wait after the *attempt*-th try (from 1): doubling, capped, spread by *jitter* (0 to 1)."""
    return float(min(longest, first * 2 ** min(attempt - 1, 30))) * (0.5 + jitter / 2)
