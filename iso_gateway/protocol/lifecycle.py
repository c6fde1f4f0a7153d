"""How an approved transaction stands, and what a void, refund, completion or cancel of it does to that (flows 2.3-2.5).

    APPROVED ─void─> VOID_IN_FLIGHT ─approved─> VOIDED
    APPROVED ─refund─> REFUND_IN_FLIGHT ─approved─> PART_REFUNDED (rest) ─refund─> ... ─> REFUNDED
    AUTHORIZED ─cancel─> CANCEL_IN_FLIGHT ─approved─> CANCELLED
    AUTHORIZED ─completion─> COMPLETION_IN_FLIGHT ─approved─> COMPLETED
    COMPLETED ─completion cancel─> COMPLETION_CANCEL_IN_FLIGHT ─approved─> AUTHORIZED

Each of these deeds has four moments: it is *sent*; it is *approved*; it has *failed*, be it declined, never sent or
reversed, and everything is as before it; or it was approved and its own reversal is now *owed*, so that it is in flight
again until that is settled. An advice that nobody acknowledged stays in flight. What has no row here cannot happen:
the rules refuse it by a response code (`rules`), the journal by a conflict.

A completion that is cancelled stands as a sale that is voided, and the preauth behind it has a step of its own; the
void of a refund does to the sale behind it what the refund's own reversal would do.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import APPROVED, OPEN_DEBT, Row, RowState, Taken
from iso_gateway.protocol.rules import Standing
from iso_gateway.protocol.table import Table


class Stage(StrEnum):
    """How an approved transaction stands, for whoever names it."""

    APPROVED = "approved"
    AUTHORIZED = "authorized"
    """A preauth: the amount is held."""
    VOID_IN_FLIGHT = "void in flight"
    VOIDED = "voided"
    REFUND_IN_FLIGHT = "refund in flight"
    PART_REFUNDED = "part refunded"
    REFUNDED = "refunded"
    CANCEL_IN_FLIGHT = "cancel in flight"
    CANCELLED = "cancelled"
    COMPLETION_IN_FLIGHT = "completion in flight"
    COMPLETED = "completed"
    COMPLETION_CANCEL_IN_FLIGHT = "completion cancel in flight"
    ADJUST_IN_FLIGHT = "adjustment in flight"


class Deed(StrEnum):
    """What can be done to an approved transaction, and how that goes on."""

    VOID_SENT = "void sent"
    VOID_APPROVED = "void approved"
    VOID_FAILED = "void failed"
    VOID_OWED = "reversal of the void owed"
    REFUND_SENT = "refund sent"
    REFUND_OF_A_PART = "refund of a part approved"
    REFUND_OF_THE_REST = "refund of all that was left approved"
    REFUND_FAILED = "refund failed, the first"
    FURTHER_REFUND_FAILED = "refund failed, after others"
    REFUND_OWED = "reversal of the refund owed"
    ONE_REFUND_SETTLED = "refund settled, while another is in flight"
    CANCEL_SENT = "cancel sent"
    CANCEL_APPROVED = "cancel approved"
    CANCEL_FAILED = "cancel failed"
    CANCEL_OWED = "reversal of the cancel owed"
    COMPLETION_SENT = "completion sent"
    COMPLETION_APPROVED = "completion approved"
    COMPLETION_FAILED = "completion failed"
    COMPLETION_OWED = "reversal of the completion owed"
    COMPLETION_CANCEL_SENT = "completion cancel sent"
    COMPLETION_CANCEL_APPROVED = "completion cancel approved"
    COMPLETION_CANCEL_FAILED = "completion cancel failed"
    COMPLETION_CANCEL_OWED = "reversal of the completion cancel owed"
    ADJUST_SENT = "adjustment sent"
    ADJUST_APPROVED = "adjustment approved"
    ADJUST_FAILED = "adjustment failed"


LIFE: Final[Table[Stage, Deed]] = Table(
    {
        (Stage.APPROVED, Deed.VOID_SENT): Stage.VOID_IN_FLIGHT,
        (Stage.VOID_IN_FLIGHT, Deed.VOID_APPROVED): Stage.VOIDED,
        (Stage.VOID_IN_FLIGHT, Deed.VOID_FAILED): Stage.APPROVED,
        (Stage.VOIDED, Deed.VOID_OWED): Stage.VOID_IN_FLIGHT,
        (Stage.APPROVED, Deed.REFUND_SENT): Stage.REFUND_IN_FLIGHT,
        (Stage.PART_REFUNDED, Deed.REFUND_SENT): Stage.REFUND_IN_FLIGHT,
        (Stage.REFUND_IN_FLIGHT, Deed.REFUND_OF_A_PART): Stage.PART_REFUNDED,
        (Stage.REFUND_IN_FLIGHT, Deed.REFUND_OF_THE_REST): Stage.REFUNDED,
        (Stage.REFUND_IN_FLIGHT, Deed.REFUND_FAILED): Stage.APPROVED,
        (Stage.REFUND_IN_FLIGHT, Deed.FURTHER_REFUND_FAILED): Stage.PART_REFUNDED,
        (Stage.PART_REFUNDED, Deed.REFUND_OWED): Stage.REFUND_IN_FLIGHT,
        (Stage.REFUNDED, Deed.REFUND_OWED): Stage.REFUND_IN_FLIGHT,
        (Stage.REFUND_IN_FLIGHT, Deed.REFUND_OWED): Stage.REFUND_IN_FLIGHT,
        (Stage.REFUND_IN_FLIGHT, Deed.ONE_REFUND_SETTLED): Stage.REFUND_IN_FLIGHT,
        (Stage.AUTHORIZED, Deed.CANCEL_SENT): Stage.CANCEL_IN_FLIGHT,
        (Stage.CANCEL_IN_FLIGHT, Deed.CANCEL_APPROVED): Stage.CANCELLED,
        (Stage.CANCEL_IN_FLIGHT, Deed.CANCEL_FAILED): Stage.AUTHORIZED,
        (Stage.CANCELLED, Deed.CANCEL_OWED): Stage.CANCEL_IN_FLIGHT,
        (Stage.AUTHORIZED, Deed.COMPLETION_SENT): Stage.COMPLETION_IN_FLIGHT,
        (Stage.COMPLETION_IN_FLIGHT, Deed.COMPLETION_APPROVED): Stage.COMPLETED,
        (Stage.COMPLETION_IN_FLIGHT, Deed.COMPLETION_FAILED): Stage.AUTHORIZED,
        (Stage.COMPLETED, Deed.COMPLETION_OWED): Stage.COMPLETION_IN_FLIGHT,
        (Stage.COMPLETED, Deed.COMPLETION_CANCEL_SENT): Stage.COMPLETION_CANCEL_IN_FLIGHT,
        (Stage.COMPLETION_CANCEL_IN_FLIGHT, Deed.COMPLETION_CANCEL_APPROVED): Stage.AUTHORIZED,
        (Stage.COMPLETION_CANCEL_IN_FLIGHT, Deed.COMPLETION_CANCEL_FAILED): Stage.COMPLETED,
        (Stage.AUTHORIZED, Deed.COMPLETION_CANCEL_OWED): Stage.COMPLETION_CANCEL_IN_FLIGHT,
        (Stage.APPROVED, Deed.ADJUST_SENT): Stage.ADJUST_IN_FLIGHT,
        (Stage.ADJUST_IN_FLIGHT, Deed.ADJUST_APPROVED): Stage.APPROVED,
        (Stage.ADJUST_IN_FLIGHT, Deed.ADJUST_FAILED): Stage.APPROVED,
    }
)


def stage(row: Row) -> Stage:
    """Return how the approved *row* stands."""
    if row.taken is not Taken.NO:
        return Stage(str(row.taken))
    if row.reserved:
        return Stage.REFUND_IN_FLIGHT
    if row.returned:
        return Stage.PART_REFUNDED if row.returned < row.amount else Stage.REFUNDED
    return Stage.AUTHORIZED if row.kind is Kind.PREAUTH else Stage.APPROVED


def taken(reached: Stage) -> Taken:
    """Return the column of a row that says *reached*; what is refunded stands in the row's amounts."""
    return _TAKEN.get(reached, Taken.NO)


_TAKEN: Final = {Stage(str(each)): each for each in Taken if each is not Taken.NO}


def stands(row: Row) -> bool:
    """Return whether the host approved *row* and nothing was undone since."""
    return row.state in APPROVED or (row.state is RowState.NOTED and row.approved and row.kind is not Kind.REVERSAL)


def amounts(row: Row) -> set[int]:
    """Return by which amounts *row* may be reversed: the one approved, and the one asked for."""
    asked = row.host.fields.get(4) if row.host is not None else None
    return {row.amount, int(asked)} if isinstance(asked, str) and asked.isdecimal() else {row.amount}


def standing(row: Row) -> Standing:
    """Return how *row* stands as the original of another message."""
    return Standing(
        kind=row.kind,
        amount=row.amount,
        card=row.card_hash,
        business_date=row.business_date,
        approved=row.state in APPROVED,
        owed=row.state in OPEN_DEBT or row.state is RowState.SENDING,
        taken=bool(row.taken),
        returned=row.returned,
        reserved=row.reserved,
        batch=row.batch,
    )


def in_words(row: Row) -> str:
    """Return how *row* stands, for people: its state, and what has been done to it since."""
    if row.state not in APPROVED:
        return str(row.state)
    reached = stage(row)
    left = f", {row.amount - row.returned - row.reserved} of {row.amount} left" if row.returned or row.reserved else ""
    return str(row.state) if reached in (Stage.APPROVED, Stage.AUTHORIZED) else f"{row.state}, {reached}{left}"
