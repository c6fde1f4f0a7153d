"""Suspected double charges (ruling 23): the clerk read "failed", and swiped the card again.

What looks like an earlier sale, with another STAN, is no repeat: it is charged, and its row says which one it
resembles, or by setting it is declined. The last few sales of each terminal are remembered here, so that an ordinary
sale costs one look into a dict; only where one of them is alike is the journal asked what became of it. Declined,
voided, reversed by the terminal: then the customer pays once, and nothing is said.

Bounded by the terminals that are configured. After a start the memory holds what the journal hands in: the newest rows,
and all those that were left open, for a sale whose answer nobody is sure of is the one that is swiped again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.records import APPROVED, OPEN_DEBT, OriginalQuery, Row, RowState
from iso_gateway.protocol.request import Request

REMEMBERED: Final = 3
"""How many sales of a terminal are looked back at: who swipes again does it next, or next but one."""


class Charge(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of a sale: what makes another one look like it, and its name."""

    id: str
    kind: Kind
    card: bytes
    """The card number's hash."""
    amount: int
    currency: str
    stan: str
    batch: str
    received: datetime


class Doubles:
    """The last sales of each terminal."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], tuple[Charge, ...]] = {}

    def remember(self, row: Row) -> None:
        """Note the *row* of a sale or preauth that is about to be sent."""
        who = (row.merchant, row.terminal)
        charge = Charge(row.id, row.kind, row.card_hash, row.amount, row.currency, row.stan, row.batch, row.received)
        self._last[who] = (charge, *self._last.get(who, ())[: REMEMBERED - 1])

    def recovered(self, rows: Iterable[Row]) -> None:
        """Note those of the *rows* of an earlier process that somebody may swipe again."""
        by_id = {row.id: row for row in rows if row.kind is Kind.SALE or row.kind is Kind.PREAUTH}
        for row in sorted(by_id.values(), key=lambda row: row.received):
            self.remember(row)

    def forget(self, row: Row) -> None:
        """Let go of *row*: its terminal has it reversed, and may well charge the card anew."""
        who = (row.merchant, row.terminal)
        if who in self._last:
            self._last[who] = tuple(charge for charge in self._last[who] if charge.id != row.id)

    def like(self, request: Request) -> Charge | None:
        """Return the latest sale of its terminal that *request* looks like within its window, or None."""
        card = request.card_hash
        for charge in self._last.get(request.key[:2], ()):
            if charge.card == card and charge.amount == request.amount and _alike(charge, request):
                return charge
        return None


def _alike(charge: Charge, request: Request) -> bool:
    """Return whether the rest is alike, too: who sends the same STAN again repeats, and charges nothing."""
    rules = request.listener.dialect.profile.rules
    return (
        rules.double_charge != "ignore"
        and bool(charge.card)
        and charge.kind is request.kind
        and charge.currency == request.currency
        and (charge.stan, charge.batch) != (request.stan, request.batch)
        and request.arrived.wall - charge.received <= timedelta(seconds=rules.double_charge_seconds)
    )


def query_for(charge: Charge, request: Request) -> OriginalQuery:
    """Return what to ask the journal for *charge*."""
    return OriginalQuery(request.merchant, request.terminal, stan=charge.stan, batch=charge.batch, kinds=(charge.kind,))


def still_charged(charge: Charge, rows: tuple[Row, ...]) -> Row | None:
    """Return the row of *charge*, if the customer has paid by it or nobody knows; None where neither is so."""
    for row in rows:
        if row.id == charge.id:
            paid = row.state in APPROVED and not row.taken and row.returned < row.amount
            return row if paid or row.state is RowState.SENDING or row.state in OPEN_DEBT else None
    return None
