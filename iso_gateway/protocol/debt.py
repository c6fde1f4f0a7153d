"""One debt, from the commit that says that it is owed to the commit that says what became of it."""

from __future__ import annotations

from iso_gateway.codec.message import Message
from iso_gateway.protocol import effects
from iso_gateway.protocol.debts import DEBT_TRANSITIONS, UNDER_WAY, DebtState, DebtStep
from iso_gateway.protocol.links import Link
from iso_gateway.protocol.records import Change, Entry, HostLeg, Row, RowState
from iso_gateway.protocol.story import Teller


class Debt(Teller):
    """One debt and where it stands."""

    under_way: set[str] | None = None
    """The ids of the debts to its acquirer that are being sent or await their answer, kept by their ledger."""

    def __init__(self, row: Row, original: Message | None, now: float) -> None:
        self.id = f"{row.id}/debt"
        self.goes_on_from(row.story)
        self.row = row
        self.original = original
        """The request as it was sent, while this process remembers it."""
        self.repeats = row.state is RowState.OWES_REPEAT
        self.state = DebtState.OWED
        self.since = now
        self.deadline: float | None = None
        self.message: Message | None = None
        """What is sent, without the marks of a repeat."""
        self.sending: Message | None = None
        self.payload = b""
        """What was given to the link last."""
        self.given_at = 0.0
        """When, on the monotonic clock."""
        self.answer: Message | None = None
        self.link: Link | None = None
        self.attempts = row.attempts
        self.given = row.attempts
        """How often it may have gone out: attempts that never left do not count."""
        self.unanswered: list[bool] = []
        """For each of these that is not answered: whether the host might still be deciding the original then."""
        self.noted = True
        """Whether the journal says that it is owed; otherwise the next attempt's commit says so."""
        self.approval_seen = row.approved
        self.doubtful = False
        """Whether the host settled it by not finding the original."""
        self.reopened = False
        """Whether it was settled before, and the host approved the original after all."""
        self.asked = ""
        """What the journal was asked last and has not answered: an attempt, the end, or that it is owed again."""
        self.entry: Entry = ()
        """What its end commits."""
        self.filed = False
        """Whether it has come to its end, which is committed or about to be."""

    def __repr__(self) -> str:
        return f"<Debt {self.id} {self.state}, {self.attempts} attempts>"

    def step(self, step: DebtStep) -> None:
        """Go where *step* leads."""
        self.state = DEBT_TRANSITIONS[self.state, step]
        if self.under_way is None:
            return
        if self.state in UNDER_WAY:
            self.under_way.add(self.id)
        else:
            self.under_way.discard(self.id)

    def turn_into_reversal(self) -> None:
        """Owe the reversal of what was to be repeated: the terminal has asked for it."""
        self.repeats, self.message, self.given = False, None, 0
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


def attempt(debt: Debt) -> Entry:
    """Return what is committed before *debt* is sent: one that the journal could not be told of is told here."""
    owed = RowState.OWES_REPEAT if debt.repeats else RowState.OWES_REVERSAL
    if debt.noted:
        return (Change(debt.row.id, set={"attempts": debt.attempts}, where={"state": owed}, story=debt.take()),)
    columns = {"attempts": debt.attempts, "state": owed, "reason": debt.row.reason}
    before = frozenset({RowState.REVERSED, owed} if debt.reopened else {RowState.SENDING, RowState.ANSWERED, owed})
    change = Change(debt.row.id, set=columns, where={"state": before, "replays": 0}, story=debt.take())
    return (change, *effects.owe(debt.row)) if not debt.repeats else (change,)
