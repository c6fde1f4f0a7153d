"""What a void, a refund or a completion may do to its original: the acquirer's checks, as tables of conditions.

The codes are canonical, the order is the field's (flows of UnionPay-style acquirers); the mock host and the gateway
check by the same functions, so that they cannot disagree.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from iso_gateway.protocol.kinds import TRAITS, Kind

REFUND_DAYS: Final = 30
PREAUTH_DAYS: Final = 29
COMPLETION_PERCENT: Final = 115


class Claim(msgspec.Struct, frozen=True):
    """What the later message says of its original, and itself."""

    kind: Kind
    amount: int
    card: bytes
    """A hash of the card number; empty where the message has none."""
    today: date
    """The business date."""


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


def refusal(claim: Claim, original: Standing) -> str:
    """Return the canonical code with which *claim* is refused, or the empty text where it may go on."""
    traits = TRAITS[claim.kind]
    if original.kind not in traits.original:
        return "25"
    if original.owed:
        return "22"
    if not original.approved:
        return "25"
    if claim.kind is Kind.REFUND:
        return _refund(claim, original)
    return _whole_or_completion(claim, original)


def _whole_or_completion(claim: Claim, original: Standing) -> str:
    days = (claim.today - original.business_date).days
    completes = claim.kind in (Kind.COMPLETION, Kind.COMPLETION_ADVICE)
    preauthorized = original.kind is Kind.PREAUTH
    if original.taken or original.returned or original.reserved:
        return "22" if preauthorized else "25"
    if _other_card(claim, original):
        return "14"
    if preauthorized and days > PREAUTH_DAYS:
        return "22"
    if not preauthorized and days != 0:
        return "25"
    if completes:
        return "64" if claim.amount * 100 > original.amount * COMPLETION_PERCENT else ""
    return "64" if claim.amount != original.amount else ""


def _refund(claim: Claim, original: Standing) -> str:
    if original.taken:
        return "25"
    if _other_card(claim, original):
        return "14"
    if claim.amount > original.amount - original.returned:
        return "61"
    if original.reserved:
        return "22"
    if (claim.today - original.business_date).days > REFUND_DAYS:
        return "22"
    return ""


def _other_card(claim: Claim, original: Standing) -> bool:
    return bool(claim.card) and bool(original.card) and claim.card != original.card
