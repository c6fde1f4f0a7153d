"""The messages that a terminal sends, composed from facts in any dialect: pure, with time and STAN handed in.

They go through `Dialect.compose`, so that a void is 0200/020000 with DE 90 to a 1987 host, 1420 with DE 56 to a 1993
one, and 0200/200000 with DE 60.1 = 23 and DE 61 in UnionPay's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import msgspec

from iso_gateway.codec.message import Amount, Message
from iso_gateway.protocol.dialect import Dialect, Facts
from iso_gateway.protocol.kinds import NETWORK, Kind
from iso_gateway.protocol.meaning import REVERSAL_REASONS
from iso_gateway.protocol.moment import transmission_time
from iso_gateway.protocol.originals import Original
from iso_gateway.terminal.records import FIRST_BATCH, Outcome, Sent

KEYED: Final = "012"
"""DE 22: the number was typed in, and there is no PIN pad."""
NO_ANSWER: Final = "98"
"""Why a terminal reverses what it knows nothing of."""
BAD_MAC: Final = "A0"
"""Why it reverses what was answered with a MAC that is not right."""
CANCELLED: Final = "17"
"""Why it reverses what was answered: the customer or the clerk wants so."""


class Till(msgspec.Struct, frozen=True):
    """Who sends."""

    terminal: str = "TERM0001"
    merchant: str = "MERCHANT0000001"
    batch: str = FIRST_BATCH
    """Sent where the dialect carries one."""


class Slip(msgspec.Struct, frozen=True):
    """The occasion of one message."""

    till: Till
    stan: str
    """Six digits."""
    at: datetime
    """The terminal's local time, aware."""


class Card(msgspec.Struct, frozen=True):
    """The card, as it was read."""

    pan: str
    expiry: str = ""
    """YYMM; empty: not sent."""
    entry_mode: str = KEYED

    def __repr__(self) -> str:
        return "Card(****)"


def financial(
    dialect: Dialect,
    slip: Slip,
    kind: Kind,
    card: Card,
    *,
    amount: Amount,
    original: Original | None = None,
    processing: str = "000000",
) -> Message:
    """Return a sale, void, refund, preauth, completion, advice, cancel or balance inquiry.

    Args:
        dialect: how it is said.
        slip: who sends it, and when.
        kind: what it is for.
        card: whose money.
        amount: in minor units, with the currency's three digits; nothing for a balance.
        original: the earlier transaction that it is about.
        processing: DE 3 of the original, for kinds that have it from there: a 1420 has no code of its own.

    Raises:
        CannotCarry: the dialect has no such kind.
        EncodeError: a value does not fit the spec.
    """
    facts = _facts(dialect, slip)
    facts["primary_account_number"] = card.pan
    facts["processing_code"] = processing
    if kind is not Kind.BALANCE or not _unionpay(dialect):  # elsewhere a balance has an amount too, of nothing
        facts["amount_transaction"] = f"{amount.minor:012}"
    facts["currency_code_transaction"] = amount.currency or ""
    facts |= _local_time(slip)
    facts["pos_entry_mode"] = card.entry_mode
    facts["pos_condition_code"] = "00"
    if card.expiry:
        facts["date_expiration"] = card.expiry
    return dialect.compose(kind, facts, slip.at.date(), original, slip.till.batch)


def inquiry(dialect: Dialect, slip: Slip, original: Original) -> Message:
    """Return the question what became of *original* (ruling 8).

    Raises:
        CannotCarry: the dialect has no such message.
        EncodeError: a value does not fit the spec.
    """
    facts = _facts(dialect, slip) | _local_time(slip)
    return dialect.compose(Kind.INQUIRY, facts, slip.at.date(), original, slip.till.batch)


def about_batch(dialect: Dialect, slip: Slip, kind: Kind, said: Mapping[str, str | bytes], currency: str) -> Message:
    """Return a message about a batch: its totals, its records, or their end, as *said* has them.

    Raises:
        CannotCarry: the dialect has no such message.
        EncodeError: a value does not fit the spec.
    """
    facts = {**_facts(dialect, slip), **_local_time(slip), **said}
    if currency:
        facts["currency_code_transaction"] = currency
    return dialect.compose(kind, facts, slip.at.date(), batch=slip.till.batch)


def reversal(dialect: Dialect, slip: Slip, card: Card, original: Sent) -> Message:
    """Return the reversal of *original*: its elements as they were sent, the original named, the reason given.

    Args:
        dialect: the one that *original* was sent in.
        slip: who sends it, and when; its STAN is the original's where the dialect wants it so (`reversal_stan`).
        card: the card of the original; only its number is sent.
        original: what is to be undone.

    Raises:
        CannotCarry: the dialect has no reversal.
        EncodeError: a value does not fit the spec.
    """
    profile, fields = dialect.profile, dialect.spec.fields
    facts: Facts = {fields[de].name: value for de, value in original.fields.items() if de not in _NOT_REPEATED}
    if profile.reversal_reason != "25" and 25 in original.fields:
        facts["pos_condition_code"] = original.fields[25]
    facts |= _facts(dialect, slip)
    facts["primary_account_number"] = card.pan
    message = dialect.compose(Kind.REVERSAL, facts, slip.at.date(), original.as_original())
    reason = NO_ANSWER if original.outcome is Outcome.UNKNOWN else CANCELLED
    if original.distrusted:
        reason = BAD_MAC
    if profile.reversal_reason == "39":
        return message.evolve({39: reason})
    return message.evolve({25: REVERSAL_REASONS[reason]}) if profile.reversal_reason == "25" else message


_NOT_REPEATED: Final = frozenset({7, 11, 24, 25, 37, 38, 39, 56, 61, 90})
"""What a reversal has of its own: transmission time, STAN, the reason, and what it names."""


def network(dialect: Dialect, slip: Slip, kind: Kind) -> Message:
    """Return a sign-on, sign-off or echo.

    Raises:
        CannotCarry: the dialect has no such kind.
        EncodeError: a value does not fit the spec.
        ValueError: *kind* is none of them.
    """
    if kind not in NETWORK:
        raise ValueError(f"{kind} is no network management")
    facts = _facts(dialect, slip)
    if dialect.number("date_time_local_transaction") is not None:  # 1993 has it in every message
        facts |= _local_time(slip)
    return dialect.compose(kind, facts, slip.at.date(), batch=slip.till.batch)


def _facts(dialect: Dialect, slip: Slip) -> Facts:
    """Return what every message says."""
    facts: Facts = {
        "system_trace_audit_number": slip.stan,
        "card_acceptor_terminal_id": slip.till.terminal,
        "card_acceptor_id": slip.till.merchant,
    }
    if not _unionpay(dialect):  # JR/T 0055 terminals send no DE 7; everybody else must
        facts["transmission_date_time"] = transmission_time(slip.at)
    return facts


def _unionpay(dialect: Dialect) -> bool:
    return dialect.profile.original == "f61"


def _local_time(slip: Slip) -> Facts:
    return {
        "time_local_transaction": slip.at.strftime("%H%M%S"),
        "date_local_transaction": slip.at.strftime("%m%d"),
    }
