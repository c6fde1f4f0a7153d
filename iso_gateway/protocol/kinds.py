"""What a message is for: the kinds of transaction, and what each of them does to money.

How a kind looks on the wire (MTI, DE 3, DE 24, DE 25, DE 60.1, network code) is a row of the dialect's profile;
what it *is* stands here, once for all dialects.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec


class Kind(StrEnum):
    """One kind of transaction, whatever its bytes."""

    SALE = "sale"
    """Goods or services, authorized and captured in one message."""
    VOID = "void"
    """A sale of the same day and batch taken back in full."""
    REFUND = "refund"
    """Money back for an earlier sale, in full or in part."""
    PREAUTH = "preauth"
    """An amount held on the card, to be completed or cancelled."""
    PREAUTH_CANCEL = "preauth_cancel"
    """A hold taken back."""
    COMPLETION = "completion"
    """A hold turned into a sale, by a request that the issuer may decline."""
    COMPLETION_ADVICE = "completion_advice"
    """A hold turned into a sale, as a fact that the issuer is told of."""
    COMPLETION_CANCEL = "completion_cancel"
    """A completion taken back; the hold stands again."""
    ADVICE = "advice"
    """A sale that was approved offline, told afterwards."""
    ADJUSTMENT = "adjustment"
    """The amount of an earlier sale corrected, or a tip, as a fact: for the host, it changes nothing here."""
    BALANCE = "balance"
    """How much is on the card; moves nothing."""
    REVERSAL = "reversal"
    """An earlier request is to be as if it had never been made."""
    INQUIRY = "inquiry"
    """What became of an earlier transaction; moves nothing."""
    SETTLEMENT = "settlement"
    """The totals of a batch, to be compared."""
    UPLOAD = "upload"
    """Transactions of a batch one by one."""
    UPLOAD_END = "upload_end"
    """The batch is told whole."""
    RESUBMISSION = "resubmission"
    """A transaction that its host has lost, told to it again by an advice; only the gateway makes it (flows 2.6)."""
    SIGN_ON = "sign_on"
    SIGN_OFF = "sign_off"
    ECHO = "echo"
    """A line test."""
    CUT_OVER = "cut_over"
    """The business date changes."""


class Traits(msgspec.Struct, frozen=True):
    """What a kind does, whatever the dialect."""

    original: tuple[Kind, ...] = ()
    """The kinds of transaction that it may name as its original; empty where it names none."""
    financial: bool = True
    """Whether it moves or holds money, so that an unknown outcome is a debt."""
    gives_back: bool = False
    """Whether it returns the customer's money (void, cancel, refund)."""
    whole: bool = False
    """Whether its amount must be the original's."""


_REVERSIBLE: Final = (
    Kind.SALE,
    Kind.VOID,
    Kind.REFUND,
    Kind.PREAUTH,
    Kind.PREAUTH_CANCEL,
    Kind.COMPLETION,
    Kind.COMPLETION_ADVICE,
    Kind.COMPLETION_CANCEL,
    Kind.ADVICE,
)

TRAITS: Final[dict[Kind, Traits]] = {
    Kind.SALE: Traits(),
    Kind.VOID: Traits(original=(Kind.SALE, Kind.ADVICE, Kind.REFUND), gives_back=True, whole=True),
    Kind.REFUND: Traits(original=(Kind.SALE, Kind.ADVICE, Kind.COMPLETION, Kind.COMPLETION_ADVICE), gives_back=True),
    Kind.PREAUTH: Traits(),
    Kind.PREAUTH_CANCEL: Traits(original=(Kind.PREAUTH,), gives_back=True, whole=True),
    Kind.COMPLETION: Traits(original=(Kind.PREAUTH,)),
    Kind.COMPLETION_ADVICE: Traits(original=(Kind.PREAUTH,)),
    Kind.COMPLETION_CANCEL: Traits(original=(Kind.COMPLETION, Kind.COMPLETION_ADVICE), gives_back=True, whole=True),
    Kind.ADVICE: Traits(),
    Kind.ADJUSTMENT: Traits(original=(Kind.SALE, Kind.ADVICE, Kind.COMPLETION, Kind.COMPLETION_ADVICE)),
    Kind.BALANCE: Traits(financial=False),
    Kind.REVERSAL: Traits(original=_REVERSIBLE, whole=True),
    Kind.INQUIRY: Traits(original=_REVERSIBLE, financial=False),
    Kind.SETTLEMENT: Traits(financial=False),
    Kind.UPLOAD: Traits(financial=False),
    Kind.UPLOAD_END: Traits(financial=False),
    Kind.RESUBMISSION: Traits(financial=False),  # what it moves is its original's
    Kind.SIGN_ON: Traits(financial=False),
    Kind.SIGN_OFF: Traits(financial=False),
    Kind.ECHO: Traits(financial=False),
    Kind.CUT_OVER: Traits(financial=False),
}

NETWORK: Final = frozenset({Kind.SIGN_ON, Kind.SIGN_OFF, Kind.ECHO, Kind.CUT_OVER})
"""The kinds of network management (0800, 0820), which are between two neighbours and never forwarded."""
