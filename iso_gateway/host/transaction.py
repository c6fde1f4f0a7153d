"""One transaction as the host remembers it, and what it does to money and to the transaction that it names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.rules import Standing

Key = tuple[str, str, str, str, Kind]
"""Terminal, merchant, batch, STAN, kind: what makes two messages the same."""

_COMPLETIONS: Final = (Kind.COMPLETION, Kind.COMPLETION_ADVICE)
_TAKES: Final = frozenset({Kind.VOID, Kind.PREAUTH_CANCEL, Kind.COMPLETION_CANCEL, *_COMPLETIONS})
"""The kinds that use their original up."""


class State(StrEnum):
    """How a transaction stands now."""

    APPROVED = "approved"
    DECLINED = "declined"
    REVERSED = "reversed"
    VOIDED = "voided"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    PART_REFUNDED = "part refunded"
    REFUNDED = "refunded"


_TAKEN_BY: Final = {
    Kind.VOID: State.VOIDED,
    Kind.PREAUTH_CANCEL: State.CANCELLED,
    Kind.COMPLETION_CANCEL: State.CANCELLED,
    Kind.COMPLETION: State.COMPLETED,
    Kind.COMPLETION_ADVICE: State.COMPLETED,
}


class Effect(NamedTuple):
    """What a transaction adds to its account."""

    booked: int
    held: int


NOTHING: Final = Effect(0, 0)


@dataclass(slots=True, eq=False, kw_only=True)
class Transaction:
    """One transaction, from its first message on."""

    key: Key
    fingerprint: bytes
    """What a repeat has in common with it."""
    kind: Kind
    mti: str
    """As it arrived."""
    type: str
    """DE 60.1 of UnionPay POS, by which a reversal says what it reverses; else empty."""
    card: bytes
    pan: str
    """Masked."""
    amount: int
    """What was approved, or else asked for, in minor units."""
    asked: int
    currency: str
    received: Moment
    business_date: date
    days: tuple[str, ...] = ()
    """The days (MMDD) by which a later message may name it: the terminal's and the host's."""
    local: str = ""
    """DE 12 of 1993, YYMMDDhhmmss."""
    transmitted: set[str] = field(default_factory=set)
    """Each DE 7 that it was sent with; empty where the first send never came, so that any may be meant."""
    rrns: frozenset[str] = frozenset()
    """DE 37 of request and answer: a later message names either."""
    approvals: frozenset[str] = frozenset()
    """DE 38, likewise."""
    rrn: str = ""
    approval: str = ""
    code: str = ""
    """The canonical code that it was answered with."""
    facts: dict[str, str | bytes] = field(default_factory=dict)
    """What the answer said beyond the echo."""
    changes: dict[str, str | None] = field(default_factory=dict)
    """What a rule made its answer say, by path; None: taken out."""
    original: Transaction | None = None
    approved: bool = False
    reversed: bool = False
    taken_by: Kind | None = None
    """What kind of transaction voided, cancelled or completed it."""
    returned: int = 0
    """Refunded so far."""
    effect: Effect = NOTHING
    serial: int = 0
    """Which one of all that the host has ever remembered; the first is 1."""
    irreversible: str = ""
    """The canonical code with which its reversal is refused; empty: it may be reversed."""

    def __repr__(self) -> str:
        return f"<Transaction {self.kind} {self.state}, STAN {self.key[3]}>"

    @property
    def stands(self) -> bool:
        """Whether it was approved and not reversed since."""
        return self.approved and not self.reversed

    @property
    def state(self) -> State:
        """How it stands, in one word."""
        if self.reversed:
            return State.REVERSED
        if not self.approved:
            return State.DECLINED
        if self.taken_by is not None:
            return _TAKEN_BY[self.taken_by]
        if self.returned:
            return State.REFUNDED if self.returned >= self.amount else State.PART_REFUNDED
        return State.APPROVED

    def standing(self) -> Standing:
        """Return how it stands, for the checks of a void, refund or completion."""
        return Standing(
            kind=self.kind,
            amount=self.amount,
            card=self.card,
            business_date=self.business_date,
            approved=self.stands,
            owed=False,
            taken=self.taken_by is not None,
            returned=self.returned,
            reserved=0,
            batch=self.key[2],
        )

    def row(self) -> dict[str, Any]:
        """Return it as plain data, masked."""
        terminal, merchant, batch, stan, _ = self.key
        return {
            "serial": self.serial,
            "kind": str(self.kind),
            "state": str(self.state),
            "code": self.code,
            "terminal": terminal,
            "merchant": merchant,
            "batch": batch,
            "stan": stan,
            "rrn": self.rrn,
            "approval": self.approval,
            "amount": self.amount,
            "currency": self.currency,
            "pan": self.pan,
            "returned": self.returned,
            "business_date": self.business_date.isoformat(),
            "received": self.received.wall.isoformat(),
            "original": None if self.original is None else self.original.rrn,
        }


def effect_of(kind: Kind, amount: int, original: Transaction | None) -> Effect:
    """Return what an approved transaction does to its account; a reversal takes its original's effect back itself."""
    match kind:
        case Kind.SALE | Kind.ADVICE:
            return Effect(-amount, 0)
        case Kind.REFUND:
            return Effect(amount, 0)
        case Kind.PREAUTH:
            return Effect(0, amount)
        case Kind.VOID if original is not None:
            return Effect(-original.effect.booked, 0)
        case Kind.PREAUTH_CANCEL if original is not None:
            return Effect(0, -original.effect.held)
        case Kind.COMPLETION | Kind.COMPLETION_ADVICE if original is not None:
            return Effect(-amount, -original.effect.held)
        case Kind.COMPLETION_CANCEL if original is not None:
            return Effect(-original.effect.booked, -original.effect.held)
        case _:
            return NOTHING


def relate(transaction: Transaction, *, undone: bool = False) -> None:
    """Mark what *transaction* did to its original, or with *undone* take the marks off again."""
    original, kind = transaction.original, transaction.kind
    if original is None or kind is Kind.REVERSAL:
        return
    sign = -1 if undone else 1
    if kind is Kind.REFUND:
        original.returned += sign * transaction.amount
    if kind in _TAKES:
        original.taken_by = None if undone else kind
    before = original.original
    if before is None:
        return
    if kind is Kind.VOID:  # a refund was voided: what it returned may be refunded again
        before.returned -= sign * original.amount
    if kind is Kind.COMPLETION_CANCEL:  # the hold stands again
        before.taken_by = original.kind if undone else None


def can_be_undone(transaction: Transaction) -> bool:
    """Return whether nothing has been built on *transaction* since, so that a reversal may take it back."""
    if not transaction.stands or transaction.taken_by is not None or transaction.returned:
        return False
    original = transaction.original
    before = None if original is None else original.original
    if original is None or before is None or transaction.kind not in (Kind.VOID, Kind.COMPLETION_CANCEL):
        return True
    # What was voided or cancelled would stand again: only if what it was done to still bears it.
    if not before.stands or before.taken_by is not None:
        return False
    return transaction.kind is Kind.COMPLETION_CANCEL or before.returned + original.amount <= before.amount
