"""The sums of a batch: out of the journal's rows, and on the wire.

Two ways are in use, chosen by the profile's ``totals``:

    f48    UnionPay POS: DE 48, n62: for domestic cards, then for foreign ones, debits (amount 12, count 3), credits
           (amount 12, count 3), and in the answer a result: 1 balanced, 2 not (with the centre's sums), 3 error
    de74   ISO 8583: DE 74-77 and 86-89, credits and debits with their reversals (count 10, amount 16), DE 97 the net;
           the answer says how it went in DE 66 (1987) or by its code (1993)
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from iso_gateway.codec.currency import format_amount
from iso_gateway.codec.message import Message
from iso_gateway.protocol.batch import Detail, Difference, Totals, What
from iso_gateway.protocol.dialect import Dialect, Facts
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import APPROVED, Row, RowState

DEBITS: Final = frozenset({Kind.SALE, Kind.COMPLETION, Kind.COMPLETION_ADVICE, Kind.ADVICE})
"""What customers pay by (types 22, 20, 24, 36, 30 of UnionPay POS)."""
CREDITS: Final = frozenset({Kind.REFUND, Kind.VOID, Kind.COMPLETION_CANCEL})
"""What customers get back by (types 25, 23, 21)."""


class Verdict(StrEnum):
    """How totals compare, in the digits of DE 48 and DE 66."""

    NONE = "0"
    BALANCED = "1"
    NOT_BALANCED = "2"
    ERROR = "3"


def sign_of(kind: Kind, *, of_refund: bool = False) -> int:
    """Return whether *kind* is a debit (1), a credit (-1) or in no batch (0); the void of a refund is a debit."""
    if kind in DEBITS or (kind is Kind.VOID and of_refund):
        return 1
    return -1 if kind in CREDITS else 0


def totals_of(signed: Iterable[int]) -> Totals:
    """Return the sums of *signed* amounts, the credits being negative; zeros count as debits."""
    total = Totals()
    for amount in signed:
        total += Totals(amount, 1) if amount >= 0 else Totals(credits=-amount, credit_count=1)
    return total


def signed_amount(row: Row) -> int | None:
    """Return what *row* adds to its batch, minor units; None where it is in none: not approved, reversed, no money."""
    counted = row.state in APPROVED or (row.state is RowState.NOTED and row.approved)
    sign = sign_of(row.kind, of_refund=bool(row.behind))
    return sign * row.amount if counted and sign else None


def journal_totals(rows: Iterable[Row]) -> Totals:
    """Return the sums of *rows*."""
    return totals_of(amount for row in rows if (amount := signed_amount(row)) is not None)


# On the wire

_DOMESTIC, _FOREIGN, _RESULTS = (0, 30), (31, 61), (30, 61)
_AMOUNT, _COUNT = 12, 3


def totals_said(dialect: Dialect, message: Message) -> Totals | None:
    """Return the sums that *message* says, reversals taken off; None where it says none."""
    if dialect.profile.totals == "f48":
        text = _text(message, 48)
        if len(text) != 62 or not text.isdecimal():
            return None
        return _read_f48(text[slice(*_DOMESTIC)]) + _read_f48(text[slice(*_FOREIGN)])
    if dialect.profile.totals != "de74" or not {74, 76, 86, 88} <= message.only(_SUMS).keys():
        return None
    said = {de: int(text) if (text := _text(message, de)).isdecimal() else 0 for de in _SUMS}
    return Totals(said[88] - said[89], said[76] - said[77], said[86] - said[87], said[74] - said[75])


_SUMS: Final = frozenset({74, 75, 76, 77, 86, 87, 88, 89})


def _read_f48(text: str) -> Totals:
    debits, debit_count, credits_, credit_count = text[:12], text[12:15], text[15:27], text[27:30]
    return Totals(int(debits), int(debit_count), int(credits_), int(credit_count))


def totals_facts(dialect: Dialect, totals: Totals, verdict: Verdict = Verdict.NONE) -> Facts:
    """Return *totals* as a request or, with a *verdict*, as an answer of *dialect* says them."""
    if dialect.profile.totals == "f48":
        sums = f"{totals.debits:012}{totals.debit_count % 1000:03}{totals.credits:012}{totals.credit_count % 1000:03}"
        return {dialect.spec.fields[48].name: f"{sums}{verdict}{'0' * 30}{verdict}"}
    net = totals.debits - totals.credits
    facts: Facts = {
        "credits_number": f"{totals.credit_count:010}",
        "credits_reversal_number": "0" * 10,
        "debits_number": f"{totals.debit_count:010}",
        "debits_reversal_number": "0" * 10,
        "credits_amount": f"{totals.credits:016}",
        "credits_reversal_amount": "0" * 16,
        "debits_amount": f"{totals.debits:016}",
        "debits_reversal_amount": "0" * 16,
        "amount_net_settlement": f"{'D' if net >= 0 else 'C'}{abs(net):016}",
    }
    if verdict is not Verdict.NONE:
        facts["settlement_code"] = str(verdict)
    return facts


def code_of(dialect: Dialect, verdict: Verdict) -> str:
    """Return the canonical code of an answer with *verdict*: where DE 48 has it, DE 39 only says that it was heard."""
    if verdict is Verdict.ERROR:
        return "96"
    return "00" if verdict is Verdict.BALANCED or dialect.profile.totals == "f48" else "95"


def verdict_said(dialect: Dialect, answer: Message) -> Verdict:
    """Return how a host's *answer* says that the totals compare."""
    if dialect.profile.totals == "f48":
        text = _text(answer, 48)
        results = {text[at] for at in _RESULTS} if len(text) == 62 else {"3"}
        worst = max(results - {"0"}, default="3")
        return Verdict(worst) if worst in "123" else Verdict.ERROR
    said = _text(answer, 66)[:1] if dialect.number("settlement_code") == 66 else ""
    if said in ("1", "2"):
        return Verdict(said)
    return {"00": Verdict.BALANCED, "95": Verdict.NOT_BALANCED}.get(dialect.canonical(answer), Verdict.ERROR)


class Block(NamedTuple):
    """One record of an upload, as it is on the wire."""

    card_kind: str
    stan: str
    pan: str
    amount: int


_BLOCK: Final = 40


def blocks(message: Message) -> tuple[Block, ...] | None:
    """Return the records of DE 48 of *message*, count 2 + n x 40; None where that is not what it holds."""
    text = _text(message, 48)
    if not text.isdecimal() or len(text) < 2 or len(text) != 2 + int(text[:2]) * _BLOCK:
        return None
    parts = (text[at : at + _BLOCK] for at in range(2, len(text), _BLOCK))
    return tuple(Block(part[:2], part[2:8], part[8:28].lstrip("0"), int(part[28:])) for part in parts)


def written_blocks(records: Iterable[Block]) -> str:
    """Return DE 48 with *records*; eight fit into one message."""
    texts = [f"{each.card_kind:0>2}{each.stan}{each.pan:0>20}{each.amount:012}" for each in records]
    return f"{len(texts):02}{''.join(texts)}"


PER_UPLOAD: Final = 8
"""Records that fit into one DE 48 of UnionPay POS (322 digits)."""


def _text(message: Message, de: int) -> str:
    value = message.get(de)
    return value if isinstance(value, str) else ""


# What differs

_BELIEVED: Final = "find the receipt: the journal has no approval for it, so submit it only with its authorization code"
_ONLY_OURS: Final = "find out whether the customer has a receipt: with one it stands, without one void it"
_OTHER: Final = "compare the receipt with the journal's row"
_STUCK: Final = "settle the stuck debt by hand: resend it, or write it off"
_SUMS_ALONE: Final = "compare the terminal's journal print with the rows of this batch"
_HOST_ALONE: Final = "find what the host has no record of, and tell it: iso-gateway owed resubmit ID --reason TEXT"


def owed(rows: Iterable[Row]) -> list[Difference]:
    """Return the stuck debts among *rows*: they are listed, whatever the sums say (ruling 20)."""
    return [
        Difference(What.OWED, row.stan, row.id, None, row.amount, None, row.pan, _STUCK)
        for row in rows
        if row.state is RowState.STUCK
    ]


def in_currency(rows: Iterable[Row], currency: str) -> tuple[Row, ...]:
    """Return those of *rows* that a sum in *currency* may hold; what says no currency is of the batch's."""
    return tuple(row for row in rows if row.currency in ("", currency))


def of_others(rows: Iterable[Row], currency: str) -> list[Difference]:
    """Return what counts among *rows* and is of another currency than *currency*: no sum holds both."""
    return [
        Difference(What.CURRENCY, row.stan, row.id, card=row.pan,
                   proposal=f"settle it on its own: {format_amount(row.amount, row.currency)} is in no sum here")
        for row in rows
        if row.currency not in ("", currency) and signed_amount(row) is not None
    ]  # fmt: skip


def per_record(details: Iterable[Detail], rows: Iterable[Row]) -> list[Difference]:
    """Return where the terminal's *details* and the journal's *rows* differ, record by record (flows 2.7)."""
    found: list[Difference] = []
    counted = {row.stan: row for row in rows if signed_amount(row) is not None}
    unnamed = dict(counted)
    for each in details:
        row = unnamed.pop(each.stan, None)
        if row is None:
            found.append(Difference(What.POS_ONLY, each.stan, "", each.amount, None, None, each.card, _BELIEVED))
            continue
        hashed = bool(each.card_hash and row.card_hash)
        other_card = each.card_hash != row.card_hash if hashed else bool(each.card and row.pan and each.card != row.pan)
        if each.amount != row.amount or other_card:
            what = What.CARD if other_card else What.AMOUNT
            ours = signed_amount(row)
            assert ours is not None
            pos = each.amount if ours >= 0 else -each.amount
            found.append(Difference(what, each.stan, row.id, pos, ours, None, each.card, _OTHER))
    for row in unnamed.values():
        ours = signed_amount(row)
        found.append(Difference(What.CENTRE_ONLY, row.stan, row.id, None, ours, None, row.pan, _ONLY_OURS))
    return found


def in_sums(pos: Totals, ours: Totals, host: Totals | None) -> list[Difference]:
    """Return the difference of the sums, where nothing says which record it is."""
    if pos == ours and host in (None, ours):
        return []
    theirs = None if host is None else host.debits - host.credits
    net = (pos.debits - pos.credits, ours.debits - ours.credits, theirs)
    return [Difference(What.TOTALS, "", "", *net, "", _HOST_ALONE if pos == ours else _SUMS_ALONE)]
