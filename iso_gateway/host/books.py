"""The host's books: how a request and its outcome become a transaction of the ledger."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from iso_gateway.host.accounts import Accounts
from iso_gateway.host.asked import Asked
from iso_gateway.host.calendar import Calendar, mmdd
from iso_gateway.host.ledger import Ledger
from iso_gateway.host.transaction import Transaction
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.moment import Moment

SERIALS: Final = 100_000_000
"""How many RRNs a day has."""

_NO_APPROVAL_CODE: Final = frozenset({Kind.REVERSAL, Kind.BALANCE})


class Numbers:
    """RRNs and approval codes, each given out once."""

    def __init__(self, first: int = 1) -> None:
        """Start at *first*, a random one in a process that may not be the day's only one."""
        self.following = first % SERIALS
        """The serial of the next RRN."""

    def next(self, day: str) -> tuple[str, str]:
        """Return a new RRN, unique for *day* (YDDD), and a new approval code."""
        serial, self.following = self.following, (self.following + 1) % SERIALS
        return f"{day}{serial:08}", f"{serial % 999_999 + 1:06}"


class Outcome(msgspec.Struct, frozen=True):
    """What was decided on a request."""

    code: str
    """Canonical."""
    amount: int
    """What was approved, or else asked for, in minor units."""
    refused: bool = False
    original: Transaction | None = None
    facts: dict[str, str | bytes] = {}
    """What the answer says beyond numbers and dates."""
    irreversible: str = ""
    """The code with which its reversal is to be refused; empty: it may be reversed."""


class Books:
    """Accounts, ledger, numbers and calendar of one host."""

    def __init__(self, accounts: Accounts, most: int, calendar: Calendar, first_serial: int) -> None:
        self.accounts = accounts
        self.ledger = Ledger(accounts, most)
        self.calendar = calendar
        self.numbers = Numbers(first_serial)

    def rrn(self, moment: Moment) -> str:
        """Return a new RRN, for an answer that is not kept."""
        return self.numbers.next(self.calendar.dated(moment).serials)[0]

    def record(self, asked: Asked, outcome: Outcome, moment: Moment) -> Transaction:
        """Keep *asked* with its *outcome*; an approved one takes effect."""
        rrn, approval, facts = self._answer(asked, outcome, moment)
        original = outcome.original
        transaction = Transaction(
            key=asked.key,
            fingerprint=asked.fingerprint,
            kind=asked.kind,
            mti=asked.message.mti,
            type=asked.type,
            card=asked.card or (original.card if original else b""),
            pan=asked.masked_pan or (original.pan if original else ""),
            amount=outcome.amount,
            asked=asked.amount or 0,
            currency=original.currency if original else asked.currency,
            received=moment,
            business_date=_date(asked, outcome) or self.calendar.today(moment),
            days=self._days(asked, moment),
            local=asked.local,
            transmitted=set() if asked.marked or not asked.transmitted else {asked.transmitted},
            rrns=frozenset({rrn, asked.message.text(37)} - {""}),
            approvals=frozenset({approval, asked.message.text(38)} - {""}),
            rrn=rrn,
            approval=approval,
            code=outcome.code,
            facts=facts,
            original=original,
            irreversible=outcome.irreversible,
        )
        if outcome.refused:
            self.ledger.remember(transaction)
        else:
            self.ledger.approve(transaction)
        return transaction

    def _answer(self, asked: Asked, outcome: Outcome, moment: Moment) -> tuple[str, str, dict[str, str | bytes]]:
        """Return the RRN, the approval code and the facts of the answer; a reversal has the RRN of its original."""
        rrn, approval = self.numbers.next(self.calendar.dated(moment).serials)
        if asked.kind is Kind.REVERSAL and outcome.original is not None:
            rrn = outcome.original.rrn
        if outcome.refused or asked.kind in _NO_APPROVAL_CODE:
            approval = ""
        facts = {**self.calendar.dated(moment).facts, **outcome.facts, "retrieval_reference_number": rrn}
        if (reversed_on := _date(asked, outcome)) is not None:
            facts["date_settlement"] = mmdd(reversed_on)
        if approval:
            facts["authorization_id_response"] = approval
        return rrn, approval, facts

    def _days(self, asked: Asked, moment: Moment) -> tuple[str, ...]:
        """Return the days by which a later message may name *asked*: the terminal's, the host's, the business date."""
        days = self.calendar.dated(moment).days
        return tuple({asked.day, *days} if asked.day else set(days))


def _date(asked: Asked, outcome: Outcome) -> date | None:
    """Return the business date of a reversal, which is its original's (ruling 21); None for everything else."""
    return outcome.original.business_date if asked.kind is Kind.REVERSAL and outcome.original is not None else None
