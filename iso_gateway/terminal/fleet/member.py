"""One terminal of a fleet: what it says next, and what it makes of the answer. Pure; time is handed in.

It is a real one: before anything else it signs on; an unknown outcome is reversed, or repeated where its kind is not
reversed, before the next transaction; only then comes what is due. Each request is noted before it is sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.errors import KeyMaterialError
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.kinds import Kind
from iso_gateway.terminal.fleet.purchases import Purchases
from iso_gateway.terminal.fleet.schedule import STOCK, Due
from iso_gateway.terminal.fleet.tally import Entry
from iso_gateway.terminal.orders import Order, Prepared, Verb, prepare, prepare_owed
from iso_gateway.terminal.records import Memory, Outcome, Reversal
from iso_gateway.terminal.result import Result, of_answer, of_doubt, of_silence, reversed_by, settled
from iso_gateway.terminal.scripts import Till
from iso_gateway.terminal.shield import Shield

REMEMBERED: Final = 24
"""Requests that one terminal remembers, beside those that it may need: a fleet has thousands of terminals."""
MOST_STOCK: Final = 8
"""Transactions of a kind that wait to be voided, refunded, completed ..."""
WITH_PIN: Final = frozenset({Verb.SALE, Verb.PREAUTH, Verb.BALANCE})

Shielding = Callable[[Memory], Shield]
"""How a terminal protects its messages, by the keys that it remembers."""


class Purpose(StrEnum):
    """What a request is for."""

    SIGN_ON = "sign-on"
    DEBT = "debt"
    """A reversal, or a repeat, that goes before the next transaction."""
    DUE = "due"


class Stocked(NamedTuple):
    """An approved transaction that a later one may be about."""

    rrn: str
    card: str
    entry: Entry

    def __repr__(self) -> str:
        return f"<Stocked {self.rrn}>"


class Task(NamedTuple):
    """One transaction that a terminal is to send."""

    due: Due
    verb: Verb
    original: Stocked | None = None


class Request(NamedTuple):
    """What a terminal says now."""

    purpose: Purpose
    prepared: Prepared
    message: Message
    """As it is sent, protected."""
    shield: Shield
    card: str
    task: Task | None = None

    def __repr__(self) -> str:
        return f"<Request {self.purpose} {self.prepared.kind}>"


class Member:
    """One terminal."""

    def __init__(  # noqa: PLR0917 -- all that makes a terminal
        self, number: int, dialect: Dialect, till: Till, memory: Memory, shielding: Shielding, purchases: Purchases
    ) -> None:
        """Be the terminal *number* of a fleet, from 0.

        Args:
            number: where in the fleet it stands.
            dialect: the terminal's, see `result.for_terminals`.
            till: its names.
            memory: what it remembers.
            shielding: makes what protects its messages.
            purchases: amounts and cards.
        """
        self.number = number
        self.till = till
        self.pin = ""
        """Sent with purchases; empty: none."""
        self.queue: deque[Task] = deque()
        self.stock: dict[Verb, deque[Stocked]] = {verb: deque() for verb in STOCK.values()}
        self.signed_on = False
        self.owes = False
        """Whether it has to settle something before its next transaction."""
        self._dialect = dialect
        self._memory = memory
        self._shielding = shielding
        self._shield = shielding(memory)
        self._purchases = purchases
        self._bought = 0
        self._card = ""
        """That of the latest transaction: a debt is about it."""
        self._entry: Entry | None = None
        """The ledger's line of that one."""
        self._reversing: Stocked | None = None
        """What a clerk wanted reversed, and nobody has answered yet."""

    def __repr__(self) -> str:
        return f"<Member {self.till.terminal}>"

    def _is_owing(self) -> bool:
        if self._reversing is not None or self._to_repeat():
            return True
        return self._memory.owed(self._dialect.spec.name) is not None

    def connected(self) -> None:
        """Take in that it has a new connection."""
        self.signed_on = self._dialect.profile.row(Kind.SIGN_ON) is None

    def next(self, at: datetime) -> Request | None:
        """Return what it says now, noted; None: nothing is to be said.

        Raises:
            KeyMaterialError, KsnError: there are no keys for it.
            EncodeError: a value does not fit the spec.
        """
        if not self.signed_on:
            return self._request(Purpose.SIGN_ON, self._prepared(Order(Verb.LOGON), at))
        spec = self._dialect.spec.name
        if self._memory.owed(spec) is not None:
            about = Order(Verb.SALE, pan=self._card)
            owed = prepare_owed(self._dialect, self.till, self._memory, about, at)
            assert owed is not None, "it was just there"
            return self._request(Purpose.DEBT, owed)
        if self._reversing is not None:
            again = Order(Verb.REVERSAL, pan=self._card, original=self._reversing.rrn)
            return self._request(Purpose.DEBT, self._prepared(again, at))
        if self._to_repeat():
            return self._request(Purpose.DEBT, self._prepared(Order(Verb.REPEAT, pan=self._card), at))
        if not self.queue:
            return None
        task = self.queue.popleft()
        return self._request(Purpose.DUE, self._prepared(self._order(task), at), task)

    def heard(self, request: Request, answer: Message, payload: bytes) -> Result:
        """Return what *answer*, which came as *payload*, makes of *request*; see `ended`."""
        kind = request.prepared.kind
        doubt = request.shield.doubt(request.message, answer, payload)
        if doubt:
            return of_doubt(self._dialect, kind, request.message, answer, doubt)
        result = of_answer(self._dialect, kind, request.message, answer)
        if kind is Kind.SIGN_ON and result.approved and self._shield.keys_are_exchanged:
            return self._with_keys(result, answer)
        return result

    def silence(self, request: Request, why: str, *, sent: bool = True) -> Result:
        """Return what *request* is without an answer; *sent* is False only where not a byte of it left."""
        return of_silence(self._dialect, request.prepared.kind, request.message, why, sent=sent)

    def ended(self, request: Request, result: Result) -> Entry | None:
        """Take in what became of *request*; return the new line of the ledger, for a transaction that was sent."""
        prepared, memory = request.prepared, self._memory
        memory.note(settled(memory.now(prepared.sent), result, again=prepared.again))
        if prepared.reverses is not None:
            memory.note(reversed_by(memory.now(prepared.reverses), result))
        match request.purpose:
            case Purpose.SIGN_ON:
                self.signed_on = result.approved
                entry = None
            case Purpose.DEBT:
                self._pay(prepared, result)
                entry = None
            case Purpose.DUE:
                entry = self._book(request, result)
        self.owes = self._is_owing()
        self._forget()
        return entry

    # What it says

    def _prepared(self, order: Order, at: datetime) -> Prepared:
        return prepare(self._dialect, self.till, self._memory, order, at)

    def _order(self, task: Task) -> Order:
        currency = self._purchases.currency
        if task.original is not None:
            self._card = task.original.card
            return Order(task.verb, pan=self._card, original=task.original.rrn)
        amount, self._card = self._purchases.nth(self.number, self._bought)
        self._bought += 1
        return Order(task.verb, "" if task.verb is Verb.BALANCE else amount, self._card, currency)

    def _request(self, purpose: Purpose, prepared: Prepared, task: Task | None = None) -> Request:
        message, shield = prepared.message, self._shield
        if purpose is Purpose.SIGN_ON and shield.keys_are_exchanged:
            message = shield.asking_for_keys(message)
        if purpose is not Purpose.SIGN_ON and shield.protection.ksn:
            keys = self._memory.keys
            ksn = shield.next_ksn(keys.ksn)
            self._memory.keys = msgspec.structs.replace(keys, ksn=ksn.hex().upper())
            shield = shield.of_transaction(ksn)
        pin = self.pin if task is not None and task.verb in WITH_PIN else ""
        return Request(purpose, prepared, shield.protected(message, pin), shield, self._card, task)

    def _to_repeat(self) -> bool:
        latest = self._memory.latest(self._dialect.spec.name)
        return (
            latest is not None
            and latest.financial
            and latest.outcome is Outcome.UNKNOWN
            and not latest.reversible
            and latest.reversal is Reversal.NONE
        )

    # What it makes of the end

    def _with_keys(self, result: Result, answer: Message) -> Result:
        try:
            came = self._shield.taken(answer)
        except KeyMaterialError as error:
            return msgspec.structs.replace(result, outcome=Outcome.DECLINED, meaning=f"keys not taken: {error}")
        self._memory.keys = msgspec.structs.replace(self._memory.keys, session=came)
        self._shield = self._shielding(self._memory)
        return result

    def _book(self, request: Request, result: Result) -> Entry | None:
        """Write what became of a transaction in the ledger, and have it in stock where a later one may be about it."""
        task = request.task
        assert task is not None, "what is due is a task"
        self._entry = None
        if result.outcome is Outcome.NOT_SENT:
            return None
        if task.verb is Verb.REVERSAL:
            assert task.original is not None, "a reversal is about something"
            self._mark(task.original.entry, result)
            self._entry = task.original.entry
            self._reversing = task.original if result.outcome is Outcome.UNKNOWN else None
            return None
        entry = Entry(self.till.terminal, request.prepared.kind, result.stan)
        self._write(entry, result)
        self._entry = entry
        if result.approved and result.rrn and task.verb in self.stock:
            self.stock[task.verb].append(Stocked(result.rrn, request.card, entry))
            if len(self.stock[task.verb]) > MOST_STOCK:
                self.stock[task.verb].popleft()
        return entry

    def _pay(self, prepared: Prepared, result: Result) -> None:
        """Take in what became of the reversal, or the repeat, of the latest transaction."""
        if self._entry is None:
            return
        if prepared.reverses is not None:
            self._mark(self._entry, result)
            if result.outcome in (Outcome.APPROVED, Outcome.DECLINED):
                self._reversing = None
        elif result.outcome in (Outcome.APPROVED, Outcome.DECLINED):
            self._write(self._entry, result)

    @staticmethod
    def _mark(entry: Entry, result: Result) -> None:
        if result.outcome is Outcome.APPROVED:
            entry.reversal = Reversal.DONE
        elif result.outcome is Outcome.DECLINED:
            entry.reversal = Reversal.REFUSED

    @staticmethod
    def _write(entry: Entry, result: Result) -> None:
        entry.outcome, entry.rrn, entry.approval = result.outcome, result.rrn, result.approval
        entry.amount = result.amount or 0

    def _forget(self) -> None:
        """Forget the oldest request that nothing can be about any more."""
        sent = self._memory.sent
        if len(sent) <= REMEMBERED:
            return
        needed = {stocked.rrn for stock in self.stock.values() for stocked in stock}
        needed |= {task.original.rrn for task in self.queue if task.original is not None}
        # The latest is what a repeat is about.
        for at, each in enumerate(sent[:-1]):
            if not each.owes_reversal and each.rrn not in needed:
                del sent[at]
                return
