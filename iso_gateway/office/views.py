"""What people and scripts may see of a row: everything but the card, its hash and what was said to the host."""

from __future__ import annotations

from datetime import datetime

import msgspec

from iso_gateway.codec import mask
from iso_gateway.codec.currency import find, format_amount
from iso_gateway.office.timeline import Step
from iso_gateway.protocol.acts import is_listed
from iso_gateway.protocol.debts import DebtState
from iso_gateway.protocol.records import Row, RowState
from iso_gateway.protocol.story import Word, read

REASONS = {
    "98": "no answer from the host",
    "96": "the answer could not be delivered",
    "A0": "MAC of the host's answer",
    "06": "the host's answer does not fit, or an operator asked",
    "17": "the terminal asked",
    "": "",
}
"""Why a debt is owed, by `Row.reason`."""


class Transaction(msgspec.Struct, frozen=True):
    """One row in a list."""

    id: str
    kind: str
    state: str
    terminal: str
    merchant: str
    batch: str
    stan: str
    amount: int
    """Minor units."""
    currency: str
    """DE 49 as the terminal sent it."""
    amount_text: str
    card: str
    """Masked."""
    code: str
    rrn: str
    approval: str
    acquirer: str
    received: datetime
    flags: tuple[str, ...]


class Debt(msgspec.Struct, frozen=True):
    """One debt or question in a list."""

    id: str
    state: str
    """owed, stuck, question, or look: answered without the host, and there may be money behind it."""
    kind: str
    terminal: str
    merchant: str
    stan: str
    amount: int
    currency: str
    amount_text: str
    card: str
    acquirer: str
    reason: str
    reason_text: str
    since: datetime
    """When the request came in."""
    age: float
    """Seconds since then."""
    attempts: int
    next: str
    """What happens next, or who must do what."""


class Audited(msgspec.Struct, frozen=True):
    """What an operator did."""

    at: datetime
    who: str
    act: str
    reason: str


class Shown(msgspec.Struct, frozen=True):
    """One transaction, whole."""

    transaction: Transaction
    mti: str
    business_date: str
    verdict: str
    """Why the host's answer is missing; empty where it is not."""
    host_mti: str
    host_stan: str
    link: str
    own_code: str
    """DE 39 as the host wrote it."""
    replays: int
    attempts: int
    taken: str
    returned: int
    reserved: int
    original: str
    """The row that it names."""
    named_by: tuple[str, ...]
    """The rows that name it."""
    debt: Debt | None
    audits: tuple[Audited, ...]
    steps: tuple[Step, ...]


class Live(msgspec.Struct, frozen=True):
    """Where a debt stands in a gateway that is running."""

    state: DebtState
    due_in: float | None
    """Seconds until it is looked at again."""
    link_up: bool
    row: Row
    """The row as the gateway has it, which the journal may not know yet."""


class Now(msgspec.Struct, frozen=True):
    """The moment of a question."""

    wall: datetime
    live: dict[str, Live] | None = None
    """By the id of the row; None: no gateway is running on this journal."""


def _card(row: Row) -> str:
    """Return the card number as people may see it, whatever the journal says."""
    return mask.pan(row.pan) if row.pan.isdecimal() else mask.printable(row.pan)


def transaction(row: Row) -> Transaction:
    """Return *row* as it stands in a list."""
    return Transaction(
        id=row.id,
        kind=str(row.kind),
        state=str(row.state),
        terminal=mask.printable(row.terminal),
        merchant=mask.printable(row.merchant),
        batch=mask.printable(row.batch),
        stan=mask.printable(row.stan),
        amount=row.amount,
        currency=mask.printable(row.currency),
        amount_text=money(row),
        card=_card(row),
        code=mask.printable(row.code),
        rrn=mask.printable(row.rrn),
        approval=mask.printable(row.approval),
        acquirer=row.host.acquirer if row.host is not None else "",
        received=row.received,
        flags=row.flags,
    )


def money(row: Row) -> str:
    """Return the amount of *row* with its currency."""
    return format_amount(row.amount, mask.printable(row.currency))


def letters(currency: str) -> str:
    """Return *currency* in three letters, where ISO 4217 has it."""
    known = find(currency)
    return known.code if known is not None else currency


STATES = {
    RowState.OWES_REVERSAL: "owed",
    RowState.OWES_REPEAT: "owed",
    RowState.STUCK: "stuck",
    RowState.UNCONFIRMED: "question",
}
"""What is listed, whether a gateway runs or not."""

LEFT_BEHIND = {RowState.SENDING: "owed", RowState.ANSWERED: "question"}
"""What is listed besides of a stopped gateway's journal: the next start makes debts and questions of these."""


def debt(row: Row, now: Now) -> Debt | None:
    """Return *row* as something open, or None where it is not."""
    live = now.live.get(row.id) if now.live is not None else None
    if live is not None:
        row = live.row
    state = (
        "look"
        if is_listed(row)
        else STATES.get(row.state) or (LEFT_BEHIND.get(row.state) if now.live is None else None)
    )
    if state is None:
        return None
    return Debt(
        id=row.id,
        state=state,
        kind=str(row.kind),
        terminal=mask.printable(row.terminal),
        merchant=mask.printable(row.merchant),
        stan=mask.printable(row.stan),
        amount=row.amount,
        currency=mask.printable(row.currency),
        amount_text=money(row),
        card=_card(row),
        acquirer=row.host.acquirer if row.host is not None else "",
        reason=row.reason,
        reason_text=_reason(row, state),
        since=row.received,
        age=max(0.0, round((now.wall - row.received).total_seconds(), 3)),
        attempts=row.attempts,
        next=_next(row, state, live),
    )


def _reason(row: Row, state: str) -> str:
    if state == "question":
        return "the terminal may not have the answer"
    if state == "look":
        return "; ".join(row.flags)
    if row.state is RowState.SENDING:
        return "the gateway ended before the host answered"
    reason = REASONS.get(row.reason, mask.printable(row.reason))
    stuck = [told.text for told in read(row.story) if told.word == Word.STUCK] if state == "stuck" else []
    return "; ".join(text for text in (reason, *stuck[-1:]) if text)


def _next(row: Row, state: str, live: Live | None) -> str:
    """Return what happens next."""
    if state == "look" and row.state is RowState.DONE:
        return "operator: ask at the terminal, look at its keys, then confirm"
    if state == "look":
        return "operator: look for it at the host, then confirm"
    if state == "stuck":
        return "operator: resend or write-off"
    if state == "question":
        return "the terminal's receipt decides: confirm or reverse" if row.reversible else "operator: confirm"
    what = "reversal" if row.state is RowState.OWES_REVERSAL else "repeat"
    if row.state is RowState.SENDING:
        what = "reversal" if row.reversible else "repeat"
    if live is None:
        return f"{what}, when the gateway runs again"
    match live.state:
        case DebtState.SENDING | DebtState.AWAITING:
            return f"{what} sent, the answer is awaited"
        case DebtState.BACKING_OFF if live.link_up and live.due_in is not None:
            return f"{what} again in {max(0, round(live.due_in))} s"
        case DebtState.OWED if live.link_up:
            return f"{what}, when it is its turn"
        case _:
            return f"{what}, when a link is up"
