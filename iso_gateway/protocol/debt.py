"""One debt, from the commit that says that it is owed to the commit that says what became of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from iso_gateway.codec.message import Message
from iso_gateway.protocol import effects
from iso_gateway.protocol.debts import DEBT_TRANSITIONS, DebtState, DebtStep
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.link import Link
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.protection import KeySet
from iso_gateway.protocol.records import Change, Entry, HostLeg, Row, RowState
from iso_gateway.protocol.story import Teller

CARD: Final = "card"
"""What a debt has asked for that waits for its card number."""

HEARD_MOST: Final = 8
"""Answers of one debt that may wait for the word on their MACs; more are passed over, and the debt asks again."""


class Heard(NamedTuple):
    """What came under a key of a debt."""

    message: Message
    payload: bytes
    late: bool
    """Whether it answers the original, and not what the debt sent."""


LAST_TRIES = 3
"""How often a process tries a debt at least, however old it is: the host may be back since yesterday."""


class Debt(Teller):
    """One debt and where it stands."""

    def __init__(self, row: Row, original: Message | None, now: Moment) -> None:
        self.id = f"{row.id}/debt"
        self.goes_on_from(row.story)
        self.row = row
        self.original = original
        """The request as it was sent, while this process remembers it."""
        self.repeats = row.state is RowState.OWES_REPEAT or (row.state is RowState.STUCK and not row.reversible)
        self.resubmits = row.kind is Kind.RESUBMISSION
        """It tells the host anew: its STAN is its own, and its first attempt is no repeat."""
        self.state = DebtState.STUCK if row.state is RowState.STUCK else DebtState.OWED
        self.owed_since = row.owed_since or now.wall
        """When its age began."""
        self.deadline: float | None = None
        self.message: Message | None = None
        """What is sent, without the marks of a repeat."""
        self.pan: str | None = None
        """Its card number, once that is open; None: it is still sealed."""
        self.stan = row.debt_stan
        """DE 11 of the reversal, once it has one: its repeats have the same, whatever process sends them."""
        self.sending: Message | None = None
        self.keys: KeySet | None = None
        """The generation with which it was secured last."""
        self.payload = b""
        """What was given to the link last."""
        self.given_at = 0.0
        """When, on the monotonic clock."""
        self.heard: deque[Heard] = deque()
        """Answers whose MAC is being checked, one after another."""
        self.link: Link | None = None
        # A reversal without a STAN was never sent: those were repeats of the advice that it reverses.
        self.attempts = row.attempts if self.repeats or row.debt_stan else 0
        self.tries = 0
        """The attempts of this process among them."""
        self.given = self.attempts
        """How often it may have gone out: attempts that never left do not count."""
        # Nobody knows any more when an earlier process sent it; its answer may still come.
        self.unanswered: list[bool] = [True] if self.attempts else []
        """For each of these that is not answered: whether the host might still be deciding the original then."""
        self.unnoted: Mapping[str, Any] | None = None
        """What must hold of its row where the journal does not say yet that it is owed; None: it does."""
        self.approval_seen = row.approved or row.approval_seen
        self.doubtful = False
        """Whether the host settled it by not finding the original."""
        self.asked = ""
        """What was asked for last and is not answered: an attempt, the end, that it is owed; or its card number."""
        self.entry: Entry = ()
        """What its end commits."""
        self.filed = False
        """Whether it has come to its end, which is committed or about to be."""

    def __repr__(self) -> str:
        return f"<Debt {self.id} {self.state}, {self.attempts} attempts>"

    def step(self, step: DebtStep) -> None:
        """Go where *step* leads."""
        self.state = DEBT_TRANSITIONS[self.state, step]

    def go_by(self, row: Row) -> None:
        """Owe what the journal says in *row*: a reversal that the terminal asked for, or the repeat of an advice."""
        self.row, self.unnoted = row, None
        repeats = row.state is RowState.OWES_REPEAT
        if repeats is not self.repeats:
            self.repeats, self.message, self.stan, self.given = repeats, None, row.debt_stan, 0
            self.unanswered.clear()

    @property
    def order(self) -> tuple[str, str, str]:
        """Whose debts are paid one after another: acquirer, merchant, terminal."""
        return (self.leg.acquirer, self.row.merchant, self.row.terminal)

    @property
    def leg(self) -> HostLeg:
        """The request as the host got it."""
        assert self.row.host is not None
        return self.row.host

    def awaited(self, reversal_mti: str) -> Iterator[Message]:
        """Yield messages with the keys under which its answers may come: the original's, and its own.

        A reversal that an earlier process made is stood in for by its type, *reversal_mti*, and its STAN.
        """
        if self.original is not None:
            yield self.original
        if self.message is not None:
            yield self.message
        elif self.stan and self.resubmits:
            yield Message(self.leg.mti, {11: self.stan})  # an advice is of the class of what it tells
        elif self.stan and not self.repeats:
            yield Message(reversal_mti, {11: self.stan})

    def older(self, seconds: float, now: Moment) -> bool:
        """Return whether it is older than *seconds*, and this process has tried it all the same."""
        return self.tries >= LAST_TRIES and (now.wall - self.owed_since).total_seconds() > seconds

    @property
    def approved(self) -> bool:
        """Whether its end is that the host approved what it repeated."""
        return any(isinstance(each, Change) and bool(each.set.get("approved")) for each in self.entry[:1])

    @property
    def owed(self) -> RowState:
        """What the journal says while it is owed."""
        return RowState.OWES_REPEAT if self.repeats else RowState.OWES_REVERSAL


def before(debt: Debt) -> Mapping[str, Any]:
    """Return what must hold of the row of *debt* for its next commit: so that none is made twice."""
    return debt.unnoted if debt.unnoted is not None else {"state": debt.owed}


def noting(debt: Debt) -> Entry:
    """Return what says in the journal that *debt* is owed, where its row does not say so yet."""
    columns: dict[str, Any] = {"state": debt.owed, "reason": debt.row.reason}
    if debt.approval_seen:  # a later process must know that, too
        columns["approval_seen"] = True
    return Change(debt.row.id, set=columns, where=before(debt), story=debt.take()), *_held_again(debt)


def attempt(debt: Debt, now: Moment) -> Entry:
    """Return what is committed before *debt* is sent: one that the journal could not be told of is told here."""
    columns: dict[str, Any] = {
        "attempts": debt.attempts,
        "debt_stan": debt.stan,
        "owed_since": debt.owed_since,
        "tried": now.wall,
    }
    if debt.unnoted is not None:
        columns |= {"state": debt.owed, "reason": debt.row.reason}
    change = Change(debt.row.id, set=columns, where=before(debt), story=debt.take())
    return change, *_held_again(debt)


def _held_again(debt: Debt) -> tuple[Change, ...]:
    """Return what an unnoted reversal holds again of the rows that its row had named."""
    return effects.owe(debt.row) if debt.unnoted is not None and not debt.repeats else ()
