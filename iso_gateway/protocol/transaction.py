"""One request of a terminal, from its frame to the fate of its answer.

Rule 1: every change of state is a row of TRANSITIONS; nothing else sets it.
Rule 2: nothing is sent before it is journaled: SENT is reached from JOURNALING alone, or by way of SECURING_ANEW.
Rule 3: what was handed to a socket counts as sent. From SENT on, whatever is not a clear answer leads to a debt: a
        reversal where the kind has one, else a repeat.
Rule 4: an approval is delivered only after it is journaled; where that fails, the terminal hears what it would hear
        had the host been silent, and the SENDING row is the debt (ruling 10).
Rule 5: an approval of which not a byte was handed to the terminal is reversed; of which some may have been is
        unconfirmed, a question that the terminal's receipt answers (ruling 2).
Rule 6: no answer goes out without the MAC that it is to have: where none can be made, not a byte is handed over, and
        that is rule 5's business.

What a state asks of the edge, and what each decision looks at, is in ``flow.py``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from iso_gateway.protocol.table import Table


class State(StrEnum):
    """Where a request stands."""

    VERIFYING = "verifying"
    """Its MAC is being checked."""
    LOOKING_UP = "looking up"
    """Its original, or the first message of a repeat, is being sought."""
    SECURING = "securing"
    """PIN block and MAC for the host's leg are being made."""
    JOURNALING = "journaling"
    """The intent is being committed."""
    SECURING_ANEW = "securing anew"
    """Committed; its link has other keys since, or it goes over another one: nothing of it was sent yet."""
    SENT = "sent"
    """Given to a link; an answer is awaited."""
    CHECKING = "checking"
    """The answer's MAC is being checked."""
    RECORDING = "recording"
    """The outcome is being committed."""
    PROTECTING = "protecting"
    """The MAC of its answer is being made."""
    DELIVERING = "delivering"
    """An answer was given to the terminal's connection."""
    FILING = "filing"
    """The answer's fate is being committed."""
    CLOSED = "closed"


class Step(StrEnum):
    """What can happen to a request."""

    VERIFIED = "verified"
    SOUGHT = "something to look up"
    CLEARED = "cleared to go"
    REFUSED = "refused, or answered without the host"
    SECURED = "secured"
    JOURNALED = "journaled"
    RECORDED = "journaled, nothing to send"
    CONFLICT = "conflict in the journal"
    DECIDED_ANEW = "conflict in the journal, and decided anew"
    JOURNAL_FAILED = "journal failed"
    ANSWERED = "answer matched"
    NOT_SENT = "never handed to the socket"
    UNCERTAIN = "link lost after sending"
    KEYS_CHANGED = "the link has other keys than it was secured with"
    TIMED_OUT = "no answer in time"
    JUDGED = "answer judged"
    TO_PROTECT = "the answer is to have a MAC"
    PROTECTED = "the answer has its MAC, or will not be given"
    HANDED = "answer handed over"
    NOT_HANDED = "no byte of the answer handed over"
    CUT = "answer perhaps handed over"


TRANSITIONS: Final[Table[State, Step]] = Table(
    {
        (State.VERIFYING, Step.VERIFIED): State.SECURING,
        (State.VERIFYING, Step.SOUGHT): State.LOOKING_UP,
        (State.VERIFYING, Step.REFUSED): State.DELIVERING,
        (State.VERIFYING, Step.TIMED_OUT): State.DELIVERING,
        (State.LOOKING_UP, Step.CLEARED): State.SECURING,
        (State.LOOKING_UP, Step.SOUGHT): State.LOOKING_UP,
        (State.LOOKING_UP, Step.RECORDED): State.RECORDING,  # answered from the journal alone, once it is committed
        (State.LOOKING_UP, Step.REFUSED): State.DELIVERING,
        (State.LOOKING_UP, Step.TIMED_OUT): State.DELIVERING,
        (State.SECURING, Step.SECURED): State.JOURNALING,
        (State.SECURING, Step.SOUGHT): State.LOOKING_UP,
        (State.SECURING, Step.REFUSED): State.DELIVERING,
        (State.SECURING, Step.TIMED_OUT): State.DELIVERING,
        (State.JOURNALING, Step.JOURNALED): State.SENT,
        (State.JOURNALING, Step.KEYS_CHANGED): State.SECURING_ANEW,
        (State.SECURING_ANEW, Step.JOURNALED): State.SENT,
        (State.SECURING_ANEW, Step.NOT_SENT): State.RECORDING,
        (State.JOURNALING, Step.CONFLICT): State.JOURNALING,  # an outdated key: journaled again without it
        (State.JOURNALING, Step.REFUSED): State.DELIVERING,
        (State.JOURNALING, Step.RECORDED): State.RECORDING,
        (State.JOURNALING, Step.JOURNAL_FAILED): State.DELIVERING,
        (State.JOURNALING, Step.SOUGHT): State.LOOKING_UP,  # not committed: was it a repeat?
        (State.JOURNALING, Step.TIMED_OUT): State.JOURNALING,  # the answer must come: only it tells whether to send
        (State.SENT, Step.ANSWERED): State.CHECKING,
        (State.SENT, Step.NOT_SENT): State.RECORDING,
        (State.SENT, Step.UNCERTAIN): State.RECORDING,
        (State.SENT, Step.TIMED_OUT): State.RECORDING,
        (State.CHECKING, Step.JUDGED): State.RECORDING,
        (State.CHECKING, Step.TIMED_OUT): State.RECORDING,
        (State.RECORDING, Step.RECORDED): State.DELIVERING,
        (State.RECORDING, Step.CONFLICT): State.DELIVERING,
        (State.RECORDING, Step.DECIDED_ANEW): State.RECORDING,  # a reversal whose original has just moved on
        (State.RECORDING, Step.JOURNAL_FAILED): State.DELIVERING,
        (State.RECORDING, Step.TIMED_OUT): State.RECORDING,
        (State.DELIVERING, Step.TO_PROTECT): State.PROTECTING,
        (State.PROTECTING, Step.PROTECTED): State.DELIVERING,
        (State.DELIVERING, Step.HANDED): State.CLOSED,
        (State.DELIVERING, Step.NOT_HANDED): State.FILING,
        (State.DELIVERING, Step.CUT): State.FILING,
        (State.FILING, Step.RECORDED): State.CLOSED,
        (State.FILING, Step.CONFLICT): State.CLOSED,
        (State.FILING, Step.DECIDED_ANEW): State.FILING,  # what nobody got was built upon: a question, no reversal
        (State.FILING, Step.JOURNAL_FAILED): State.CLOSED,
    }
)
