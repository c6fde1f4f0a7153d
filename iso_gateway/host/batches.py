"""The host's side of settlement and inquiry: what a terminal's batch comes to, and what became of a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from iso_gateway.host.asked import Asked
from iso_gateway.host.ledger import Ledger
from iso_gateway.host.transaction import Transaction
from iso_gateway.protocol.batch import Totals
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.inquiry import Standing, answer_facts
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.reconciling import (
    Block,
    Verdict,
    blocks,
    code_of,
    sign_of,
    totals_facts,
    totals_of,
    totals_said,
)

BATCH_KINDS: Final = frozenset({Kind.SETTLEMENT, Kind.UPLOAD, Kind.UPLOAD_END})

UNBALANCED: Final = "95"
"""The canonical code for totals that do not agree."""
MATCHED: Final = "3"
MISMATCH: Final = "4"
POS_ONLY: Final = "5"
CENTRE_ONLY: Final = "6"

Name = tuple[str, str, str]
"""Merchant, terminal, batch number (empty in a dialect without one)."""


class Said(msgspec.Struct, frozen=True):
    """What the host says to a message about a batch, or to an inquiry."""

    code: str
    """Canonical."""
    facts: Mapping[str, str | bytes] = {}
    note: Mapping[str, Any] = {}
    """For the log, masked."""


class SavedBatch(msgspec.Struct, frozen=True):
    """What outlives the host of a batch that was closed; one that is being settled begins anew with its totals."""

    name: Name
    closed: Moment
    stan: str
    """Of the latest totals, and how they were answered."""
    code: str
    facts: dict[str, str]


class Batches:
    """The batches of all terminals, against one ledger."""

    def __init__(self, dialect: Dialect, ledger: Ledger) -> None:
        self._dialect = dialect
        self._ledger = ledger
        self._closed: dict[Name, Moment] = {}
        """When a batch was closed last; what came since is in the next one."""
        self._first_answers: dict[Name, tuple[str, Said]] = {}
        """By STAN, what the latest totals were answered with: a repeat gets it again."""
        self._told: dict[Name, Totals] = {}
        self._uploaded: dict[Name, dict[str, Block]] = {}
        self.results: dict[Name, dict[str, str]] = {}
        """By STAN, how each record of the latest upload compares: 3 matched, 4 mismatch, 5 POS only, 6 centre only."""

    def save(self) -> list[SavedBatch]:
        """Return what a host that starts again has to know; uploads are left out, as card numbers are in them."""
        saved = []
        for name, closed in self._closed.items():
            stan, said = self._first_answers.get(name, ("", Said("")))
            facts = {fact: str(value) for fact, value in said.facts.items()}
            saved.append(SavedBatch(name, closed, stan, said.code, facts))
        return saved

    def restore(self, saved: Iterable[SavedBatch]) -> None:
        """Take over what was *saved*."""
        for each in saved:
            self._closed[each.name] = each.closed
            if each.stan:
                self._first_answers[each.name] = (each.stan, Said(each.code, {**each.facts}))

    def hear(self, asked: Asked, moment: Moment) -> Said:
        """Return what is said to *asked*, which is of BATCH_KINDS.

        A rule may say whether totals are balanced; with any other code it has not been heard.
        """
        name = (asked.merchant, asked.terminal, asked.batch)
        code = asked.respond.code
        said = asked.kind is Kind.SETTLEMENT and code == UNBALANCED
        if code and not asked.respond.approves and not said:
            return Said(code)
        match asked.kind:
            case Kind.SETTLEMENT:
                return self._totals(asked, name, moment)
            case Kind.UPLOAD:
                return self._records(asked, name)
            case _:
                return self._end(name, moment)

    def _totals(self, asked: Asked, name: Name, moment: Moment) -> Said:
        first = self._first_answers.get(name)
        if first is not None and first[0] == asked.stan:
            return first[1]
        said = totals_said(self._dialect, asked.message)
        if said is None:
            return Said("30")
        counted = self._of(name)
        if not counted and asked.batch and name in self._closed and self._told.get(name) == said:
            return first[1] if first is not None else Said("96")  # the answer to the end of its upload got lost
        self._told[name] = said
        ours = totals_of(self._signed(each) for each in counted)
        balanced = asked.respond.approves if asked.respond.code else said == ours
        verdict = Verdict.BALANCED if balanced else Verdict.NOT_BALANCED
        answer = Said(
            code_of(self._dialect, verdict),
            totals_facts(self._dialect, ours, verdict),
            {"batch": asked.batch, "balanced": balanced},
        )
        self._first_answers[name] = (asked.stan, answer)
        self._uploaded[name] = {}
        if self._dialect.profile.row(Kind.UPLOAD_END) is None:
            self._closed[name] = moment
        return answer

    def _records(self, asked: Asked, name: Name) -> Said:
        told = blocks(asked.message)
        if told is None:
            return Said("30")
        if name not in self._uploaded:
            return Said("12")
        self._uploaded[name].update((each.stan, each) for each in told)
        return Said("00", {}, {"batch": asked.batch, "records": len(told)})

    def _end(self, name: Name, moment: Moment) -> Said:
        if name not in self._uploaded:
            return Said("12")
        told, ours = self._uploaded[name], {each.key[3]: each for each in self._of(name)}
        results = {stan: self._result(block, ours.get(stan)) for stan, block in told.items()}
        if told:  # else only the totals were compared
            results |= dict.fromkeys(ours.keys() - told.keys(), CENTRE_ONLY)
        self.results[name] = dict(sorted(results.items()))
        self._closed[name] = moment
        return Said("00", {}, {"batch": name[2], "results": self.results[name]})

    def _result(self, block: Block, transaction: Transaction | None) -> str:
        if transaction is None:
            return POS_ONLY
        same_card = not block.pan or self._ledger.accounts.card(block.pan) == transaction.card
        return MATCHED if same_card and block.amount == transaction.amount else MISMATCH

    def _of(self, name: Name) -> list[Transaction]:
        """Return what counts in the batch *name*."""
        merchant, terminal, batch = name
        closed = self._closed.get(name)
        return [
            each
            for each in self._ledger
            if (each.key[1], each.key[0], each.key[2]) == (merchant, terminal, batch)
            and each.stands
            and self._signed(each)
            and (closed is None or each.received.wall > closed.wall)
        ]

    @staticmethod
    def _signed(transaction: Transaction) -> int:
        original = transaction.original
        of_refund = original is not None and original.kind is Kind.REFUND
        return sign_of(transaction.kind, of_refund=of_refund) * transaction.amount


def inquire(asked: Asked, ledger: Ledger) -> Said:
    """Return what became of the transaction that *asked* names (ruling 8)."""
    named = asked.named
    if not (named.stan or named.rrn or named.approval):
        return Said("30")
    kinds = TRAITS[Kind.INQUIRY].original
    found = ledger.original(named, asked.merchant, asked.terminal, kinds, whatever_became_of_it=True)
    if found is None:
        return Said("00", answer_facts(Standing.NONE, 0), {"standing": str(Standing.NONE)})
    if asked.card and found.card and asked.card != found.card:
        return Said("14")
    standing = Standing.REVERSED if found.reversed else Standing.APPROVED if found.approved else Standing.DECLINED
    facts = answer_facts(standing, found.amount, found.currency, found.rrn, found.approval)
    return Said("00", facts, {"standing": str(standing), "original": found.rrn})
