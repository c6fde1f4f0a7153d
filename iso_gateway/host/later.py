"""What is to be said against a message about an earlier transaction: void, refund, completion, cancel, reversal."""

from __future__ import annotations

from datetime import date

from iso_gateway.host.asked import Asked
from iso_gateway.host.purposes import BY_THE_AMOUNT
from iso_gateway.host.settings import HostSettings
from iso_gateway.host.transaction import Transaction, can_be_undone
from iso_gateway.protocol import rules
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.profile import Profile
from iso_gateway.protocol.rules import Claim


def refusal(asked: Asked, original: Transaction | None, profile: Profile, today: date) -> str:
    """Return why a later message about *original* is refused, or the empty text."""
    if original is None:
        return rules.not_found(asked.kind, profile.rules)
    if not asked.amount:
        return "13"
    if asked.says_currency and asked.says_currency != original.currency:
        return "64"
    claim = Claim(asked.kind, asked.amount, asked.card, today, asked.batch)
    return rules.refusal(claim, original.standing(), profile.rules)


def irreversible(
    asked: Asked, original: Transaction, profile: Profile, settings: HostSettings, today: date
) -> tuple[str, str]:
    """Return why *original* cannot be reversed, as code and in words; empty where it can."""
    if not can_be_undone(original):
        return "25", f"original is {original.state}"
    if asked.card and original.card and asked.card != original.card:
        return "14", "another card"
    if asked.amount is not None and asked.amount not in (original.amount, original.asked):
        return "64", "another amount"
    if original.irreversible:
        return original.irreversible, BY_THE_AMOUNT
    if left := asked.left_standing:
        allowed = profile.rules.partial_reversal and original.kind in TRAITS[Kind.ADJUSTMENT].original
        if not allowed:
            return "40", "partial reversal"
        if left >= original.amount:
            return "64", "it leaves no less than there was"
    if settings.reverse_same_day_only and original.business_date != today:
        return "25", "original of an earlier day"
    return "", ""
