"""A terminal's batch: what the journal keeps of it, and the states that it goes through (flows 2.7).

Rule 1: every change of state is a row of TRANSITIONS; nothing else sets it.
Rule 2: a batch that nobody closed stays open: totals that got no answer are sent again, whatever was said before.
Rule 3: a batch is closed by the end of its upload, or by its totals where its dialect has no upload; what differs is
        kept with it, by name.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from iso_gateway.protocol.table import Table


class BatchState(StrEnum):
    """Where a batch stands."""

    OPEN = "open"
    """It takes transactions."""
    CHECKING = "checking"
    """Its totals are being compared; no transaction of it is taken."""
    UPLOADING = "uploading"
    """The totals were answered; the terminal tells its transactions one by one, and then the end."""
    CLOSED = "closed"


class BatchStep(StrEnum):
    """What can happen to a batch."""

    TOTALS = "totals came"
    COMPARED = "totals compared, the upload follows"
    SETTLED = "totals compared, and there is no upload"
    UNANSWERED = "the host did not answer"
    DETAILS = "details came"
    ENDED = "the upload ended"


TRANSITIONS: Final[Table[BatchState, BatchStep]] = Table(
    {
        (BatchState.OPEN, BatchStep.TOTALS): BatchState.CHECKING,
        (BatchState.CHECKING, BatchStep.TOTALS): BatchState.CHECKING,  # after a process died with the first
        (BatchState.CHECKING, BatchStep.COMPARED): BatchState.UPLOADING,
        (BatchState.CHECKING, BatchStep.SETTLED): BatchState.CLOSED,
        (BatchState.CHECKING, BatchStep.UNANSWERED): BatchState.OPEN,
        (BatchState.UPLOADING, BatchStep.TOTALS): BatchState.CHECKING,  # the terminal begins anew
        (BatchState.UPLOADING, BatchStep.DETAILS): BatchState.UPLOADING,
        (BatchState.UPLOADING, BatchStep.ENDED): BatchState.CLOSED,
    }
)


class Totals(msgspec.Struct, frozen=True):
    """Sums of a batch: amounts in minor units, and how many."""

    debits: int = 0
    """What customers paid: sales, completions, offline sales."""
    debit_count: int = 0
    credits: int = 0
    """What customers got back: refunds, voids, cancelled completions."""
    credit_count: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.debits + other.debits,
            self.debit_count + other.debit_count,
            self.credits + other.credits,
            self.credit_count + other.credit_count,
        )


class What(StrEnum):
    """How a record of the terminal differs from the journal's, or from the host's."""

    POS_ONLY = "POS only"
    CENTRE_ONLY = "centre only"
    AMOUNT = "amount"
    CARD = "card"
    TOTALS = "totals"
    """The sums differ, and nothing says where."""
    CURRENCY = "currency"
    """Its currency is not the batch's: it is in no sum."""
    OWED = "owed"
    """A debt that only an operator can settle, of this batch."""


class Difference(msgspec.Struct, frozen=True):
    """One record on which not all agree. Amounts are minor units, signed: what was given back is negative."""

    what: What
    stan: str = ""
    """The terminal's."""
    row: str = ""
    """The id of the journal's row; empty where there is none."""
    pos: int | None = None
    ours: int | None = None
    host: int | None = None
    card: str = ""
    """Masked."""
    proposal: str = ""
    """What to do about it, in words."""


class Detail(msgspec.Struct, frozen=True):
    """One record that the terminal uploaded."""

    stan: str
    amount: int
    """Minor units, without a sign."""
    card: str = ""
    """Masked."""
    card_hash: bytes = b""
    row: str = ""
    """The id of the journal's row that it is."""


class Batch(msgspec.Struct, frozen=True):
    """One batch of one terminal. As a part of an entry: keep it so.

    A conflict (`Failed`) where the journal's is not of the version before; the first version is 1.
    """

    merchant: str
    terminal: str
    number: str
    """As its rows have it; in a dialect without a batch number, the gateway's own count, from 000001."""
    opened: datetime
    """In a dialect without a batch number, it is what was received since."""
    state: BatchState = BatchState.OPEN
    version: int = 1
    closed: datetime | None = None
    currency: str = ""
    balanced: bool | None = None
    """What the terminal was told; None: nothing yet."""
    pos: Totals | None = None
    """What the terminal said, domestic and foreign cards together."""
    ours: Totals | None = None
    host: Totals | None = None
    """What the host said, where it was asked."""
    acquirer: str = ""
    """Whose host was asked; empty: nobody."""
    details: tuple[Detail, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What a batch is found by: merchant, terminal, number."""
        return self.merchant, self.terminal, self.number
