"""What a void, a refund or a completion may do to its original: the acquirer's checks, as tables of conditions.

The codes are canonical, the order is the field's (flows of UnionPay-style acquirers); what differs between acquirers is
a setting of the profile. The mock host and the gateway check by the same functions, so that they cannot disagree.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from iso_gateway.protocol.kinds import TRAITS, Kind

NotFound = Literal["25", "12"]
"""Original not found, or invalid transaction."""


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where acquirers differ about what names an earlier transaction; codes are those of 1987 (flows 2.3 to 2.5)."""

    void_not_found: NotFound = "25"
    """The code for a void, or a completion's cancel, whose original is not there or of another kind."""
    refund_not_found: NotFound = "25"
    """The same for a refund."""
    completion_not_found: NotFound = "25"
    """The same for a completion, and for a preauth's cancel."""
    not_approved: NotFound = "25"
    """The code where the original was declined, or reversed."""
    wrong_state: Literal["25", "22"] = "25"
    """The code where a sale was voided or refunded before, or is about to be."""
    preauth_wrong_state: Literal["22", "25"] = "22"
    """The code where a preauth was completed or cancelled before, or is about to be."""
    void_same_day: bool = True
    """Whether only what is of the same business date can be voided."""
    void_same_batch: bool = False
    """Whether only what is of the same batch can be voided, where both say theirs."""
    void_too_late: NotFound = "25"
    """The code for a void of another day or batch."""
    refund_days: Annotated[int, Meta(ge=0, le=3660)] = 30
    """Up to how many days after its original a refund is taken; later: 22."""
    preauth_days: Annotated[int, Meta(ge=0, le=3660)] = 29
    """Up to how many days after it a preauth is completed or cancelled; later: 22."""
    completion_percent: Annotated[int, Meta(ge=100, le=1000)] = 115
    """Up to how much of the preauth is completed; above: 64."""
    unknown_original: Literal["forward", "refuse"] = "forward"
    """Whether a void, refund or completion of what the gateway does not know is the host's to judge, where it names it
    by what the host issued or DE 7 of it; refused, it gets the code for not found (ruling 22)."""
    partial_reversal: bool = False
    """Whether terminals may reverse a part, by DE 95; otherwise that gets 40 (ruling 9)."""
    double_charge: Literal["flag", "decline", "ignore"] = "flag"
    """What becomes of a sale that looks like an earlier one: same card, amount, currency and terminal, other STAN, the
    earlier one approved or unknown. ``flag``: its row says so, for the back office; ``decline``: 94 (ruling 23)."""
    double_charge_seconds: Annotated[int, Meta(ge=1, le=86400)] = 180
    """Within how many seconds: a terminal gives up after its 60, and the clerk who reads "failed" swipes again."""


COMMON: Final = Rules()
"""What most acquirers do."""


class Claim(msgspec.Struct, frozen=True):
    """What the later message says of its original, and itself."""

    kind: Kind
    amount: int
    card: bytes
    """A hash of the card number; empty where the message has none."""
    today: date
    """The business date."""
    batch: str = ""


class Standing(msgspec.Struct, frozen=True):
    """How the original stands."""

    kind: Kind
    amount: int
    card: bytes
    business_date: date
    approved: bool
    """Whether the host approved it and nothing is owed on it."""
    owed: bool
    """Whether it is being reversed, or its own outcome is open."""
    taken: bool
    """Whether it was voided, cancelled or completed, or such a request is under way."""
    returned: int
    reserved: int
    batch: str = ""


def not_found(kind: Kind, rules: Rules = COMMON) -> str:
    """Return the canonical code for a request of *kind* whose original is not there, or of a kind that it cannot be."""
    if kind is Kind.REFUND:
        return rules.refund_not_found
    return rules.completion_not_found if Kind.PREAUTH in TRAITS[kind].original else rules.void_not_found


def refusal(claim: Claim, original: Standing, rules: Rules = COMMON) -> str:
    """Return the canonical code with which *claim* is refused, or the empty text where it may go on."""
    if original.kind not in TRAITS[claim.kind].original:
        return not_found(claim.kind, rules)
    if original.owed:
        return "22"
    if not original.approved:
        return rules.not_approved
    if claim.kind is Kind.REFUND:
        return _refund(claim, original, rules)
    if claim.kind is Kind.ADJUSTMENT:
        return _adjustment(claim, original, rules)
    return _of_preauth(claim, original, rules) if original.kind is Kind.PREAUTH else _whole(claim, original, rules)


def _whole(claim: Claim, original: Standing, rules: Rules) -> str:
    if original.taken or original.returned or original.reserved:
        return rules.wrong_state
    if _other_card(claim, original):
        return "14"
    other_batch = claim.batch and original.batch and claim.batch != original.batch
    if (rules.void_same_day and claim.today != original.business_date) or (rules.void_same_batch and other_batch):
        return rules.void_too_late
    return "64" if claim.amount != original.amount else ""


def _adjustment(claim: Claim, original: Standing, rules: Rules) -> str:
    if original.taken or original.returned or original.reserved:
        return rules.wrong_state
    return "14" if _other_card(claim, original) else ""


def _of_preauth(claim: Claim, original: Standing, rules: Rules) -> str:
    if original.taken or original.returned or original.reserved:
        return rules.preauth_wrong_state
    if _other_card(claim, original):
        return "14"
    if _days(claim, original) > rules.preauth_days:
        return "22"
    if claim.kind in (Kind.COMPLETION, Kind.COMPLETION_ADVICE):
        return "64" if claim.amount * 100 > original.amount * rules.completion_percent else ""
    return "64" if claim.amount != original.amount else ""


def _refund(claim: Claim, original: Standing, rules: Rules) -> str:
    if original.taken:
        return rules.wrong_state
    if _other_card(claim, original):
        return "14"
    if claim.amount > original.amount - original.returned:
        return "61"
    if original.reserved:
        return "22"
    return "22" if _days(claim, original) > rules.refund_days else ""


def _days(claim: Claim, original: Standing) -> int:
    return (claim.today - original.business_date).days


def _other_card(claim: Claim, original: Standing) -> bool:
    return bool(claim.card) and bool(original.card) and claim.card != original.card
