"""Suspected double charges (ruling 23): the clerk read "failed", and swiped the card again.

What looks like an earlier sale, with another STAN, is no repeat: it is charged, and its row says which one it
resembles, or by setting it is declined. Of the last sales of each terminal no more is remembered here than how they
look and their STANs, so that an ordinary sale costs next to nothing; only where one looks alike is the journal asked
what it was, and what became of it. Declined, voided, reversed by the terminal: then the customer pays once, and nothing
is said.

Bounded by the terminals that are configured. After a start the memory holds what the journal hands in: the newest rows,
and all those that were left open, for a sale whose answer nobody is sure of is the one that is swiped again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.lifecycle import amounts
from iso_gateway.protocol.records import APPROVED, OPEN_DEBT, OriginalQuery, Row, RowState
from iso_gateway.protocol.request import Request

_NONE: Final = (0, 0, "", "")
"""Nothing is remembered: two looks, and two STANs."""


class Doubles:
    """The last two sales of each terminal: who swipes again does it next, or next but one."""

    def __init__(self) -> None:
        # Numbers and texts in one tuple: of objects that are looked at so seldom, each costs the processor a miss.
        self._last: dict[tuple[str, str], tuple[int, int, str, str]] = {}

    def remember(self, row: Row) -> None:
        """Note the *row* of a sale or preauth that is about to be sent."""
        who = (row.merchant, row.terminal)
        latest, _, stan, _ = self._last.get(who, _NONE)
        self._last[who] = (hash((row.card_hash, row.amount, row.currency)), latest, row.stan, stan)

    def recovered(self, rows: Iterable[Row]) -> None:
        """Note those of the *rows* of an earlier process that somebody may swipe again."""
        by_id = {row.id: row for row in rows if row.kind is Kind.SALE or row.kind is Kind.PREAUTH}
        for row in sorted(by_id.values(), key=lambda row: row.received):
            self.remember(row)

    def forget(self, row: Row) -> None:
        """Let go of *row*: its terminal has it reversed, and may well charge the card anew."""
        who = (row.merchant, row.terminal)
        latest, before, stan, earlier = self._last.get(who, _NONE)
        if row.stan == stan:
            self._last[who] = (0, before, "", earlier)
        elif row.stan == earlier:
            self._last[who] = (latest, 0, stan, "")

    def like(self, request: Request) -> str:
        """Return the STAN of the latest sale of its terminal that *request* looks like, or the empty text."""
        latest, before, stan, earlier = self._last.get(request.key[:2], _NONE)
        look = hash((request.card_hash, request.amount, request.currency))
        if look not in (latest, before) or not request.card_hash:
            return ""
        if request.listener.dialect.profile.rules.double_charge == "ignore":
            return ""
        return stan if look == latest else earlier


def query_for(stan: str, request: Request) -> OriginalQuery:
    """Return what to ask the journal for the earlier sale with *stan*."""
    return OriginalQuery(request.merchant, request.terminal, stan=stan, kinds=(request.kind,))


def still_charged(request: Request, rows: tuple[Row, ...]) -> Row | None:
    """Return which of *rows* the customer has paid by, or nobody knows, for what looks like *request*; or None.

    Who sends the same STAN again repeats, and charges nothing.
    """
    window = timedelta(seconds=request.listener.dialect.profile.rules.double_charge_seconds)
    for row in sorted(rows, key=lambda row: row.received, reverse=True):
        alike = row.card_hash == request.card_hash and row.currency == request.currency
        if not alike or request.amount not in amounts(row) or (row.stan, row.batch) == (request.stan, request.batch):
            continue
        if request.arrived.wall - row.received > window:
            continue
        paid = row.state in APPROVED and not row.taken and row.returned < row.amount
        if paid or row.state is RowState.SENDING or row.state in OPEN_DEBT:
            return row
    return None
