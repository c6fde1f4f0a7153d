"""All that is owed to the hosts, and how it is paid: in order per terminal, several terminals at once.

A debt sends its reversal or repeat whenever a link of its acquirer is up, commits each attempt before it, backs off
between them, and ends SETTLED or, for an operator, STUCK. It is never dropped.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from msgspec.structs import replace

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry, EncodeError, StoreError
from iso_gateway.protocol import effects, events
from iso_gateway.protocol.answering import answer_facts
from iso_gateway.protocol.commands import Journal, Secure, Verify
from iso_gateway.protocol.composing import repeat_of, reversal_of
from iso_gateway.protocol.debts import (
    Circumstances,
    DebtState,
    DebtStep,
    debt_after,
    pause,
    read_repeat_answer,
    read_reversal_answer,
)
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.links import Link, Links
from iso_gateway.protocol.profile import CodeClass
from iso_gateway.protocol.records import Change, Entry, HostLeg, Row, RowState
from iso_gateway.protocol.request import text
from iso_gateway.protocol.setup import Acquirer
from iso_gateway.protocol.world import World


class Debt:
    """One debt and where it stands."""

    def __init__(self, row: Row, original: Message | None, now: float) -> None:
        self.id = f"{row.id}/debt"
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
        self.state = debt_after(self.state, step)

    @property
    def leg(self) -> HostLeg:
        """The request as the host got it."""
        assert self.row.host is not None
        return self.row.host


_FILE_AGAIN: Final = 1.0
"""Seconds until the journal is asked once more for what it could not commit."""

_NOT_FOUND: Final = frozenset({"00", "10", "11", "25"})
"""The codes that a host may give to a reversal whose original it has not decided yet."""


def _attempt(debt: Debt) -> Change:
    """Return what is committed before *debt* is sent: one that the journal could not be told of is told here."""
    owed = RowState.OWES_REPEAT if debt.repeats else RowState.OWES_REVERSAL
    if debt.noted:
        return Change(debt.row.id, set={"attempts": debt.attempts}, where={"state": owed})
    columns = {"attempts": debt.attempts, "state": owed, "reason": debt.row.reason}
    before = frozenset({RowState.SENDING, RowState.ANSWERED, RowState.REVERSED, owed})
    return Change(debt.row.id, set=columns, where={"state": before, "replays": 0})


class Owing:
    """The debts of the node."""

    def __init__(self, world: World, links: Links) -> None:
        self._world = world
        self._links = links
        self.debts: dict[str, Debt] = {}
        self._queues: dict[tuple[str, str, str], deque[Debt]] = {}
        self._doubtful: dict[str, Debt] = {}
        """Settled by "not found", until no late approval is to be expected any more."""

    def __len__(self) -> int:
        return len(self.debts)

    @property
    def payable(self) -> bool:
        """Whether waiting a little may settle something: there are debts, and a link to pay them over."""
        return any(self._links.pick(debt.leg.acquirer) is not None for debt in self.debts.values())

    # Coming in

    def open(self, row: Row, original: Message | None, *, noted: bool = True) -> None:
        """Owe what *row* says.

        Args:
            row: The request's row, as it is in the journal or should be.
            original: The request as it was sent, where it is still at hand.
            noted: Whether the journal could be told; otherwise it is with the first attempt.
        """
        if row.host is None:
            return
        if f"{row.id}/debt" in self.debts:
            if original is not None:
                self.adopt(row, original, approved=False)
            return
        debt = Debt(row, original, self._world.now.mono)
        debt.noted = noted
        self.debts[debt.id] = debt
        self._queues.setdefault(self._order(debt), deque()).append(debt)
        if original is not None:
            self._links.hand_over(row.host.acquirer, original, debt.id)
            if debt.repeats:
                debt.message = original
        self._world.log("owed", "warning", id=debt.id, terminal=row.terminal, amount=row.amount, reason=row.reason)
        self._world.wake(self._world.now.mono, debt.id)

    def adopt(self, row: Row, original: Message, *, approved: bool) -> None:
        """Take over the request *original*, which was in flight when its *row* became a debt."""
        debt = self.debts.get(f"{row.id}/debt") or self._doubtful.get(f"{row.id}/debt")
        acquirer = row.host.acquirer if row.host is not None else ""
        if debt is not None:
            debt.approval_seen = debt.approval_seen or approved
        if not self._links.awaits(acquirer, original):
            return
        if debt is not None and debt.original is None:
            debt.original = original
            self._links.hand_over(acquirer, original, debt.id)
        if debt is None or debt.filed:
            self._links.release(acquirer, original, late=True)

    def file_later(self, row: Row, entry: Entry) -> None:
        """Commit *entry*, the outcome of *row*, as soon as the journal can: nothing is owed to the host."""
        debt = Debt(row, None, self._world.now.mono)
        if row.host is None:
            return
        debt.id = f"{row.id}/filing"  # a real debt of the same row may come beside it
        debt.state, debt.filed, debt.entry = DebtState.SETTLED, True, entry
        self.debts[debt.id] = debt
        self._wait(debt, _FILE_AGAIN)

    def approval_seen(self, row_id: str) -> None:
        """Note that the host approved, after all, what is being reversed."""
        debt = self.debts.get(f"{row_id}/debt")
        if debt is not None:
            debt.approval_seen = True

    def _acquirer(self, debt: Debt) -> Acquirer:
        """Return the acquirer that is owed, also one that a reload has taken away."""
        return self._links.hosts[debt.leg.acquirer].acquirer

    def _order(self, debt: Debt) -> tuple[str, str, str]:
        return (debt.leg.acquirer, debt.row.merchant, debt.row.terminal)

    def take(self, debt: Debt, event: events.Event) -> None:
        """Take in the edge's answer to what *debt* asked for last."""
        match event:
            case events.Verified():
                self.verified(debt, event.code)
            case events.Secured():
                self.secured(debt, event)
            case events.Journaled():
                self.journaled(debt)
            case events.JournalFailed():
                self.journal_failed(debt)
            case events.Conflict():
                self.conflict(debt, event.row)
            case events.NotSent():
                if debt.state is DebtState.AWAITING:
                    debt.given -= 1
                    debt.unanswered.pop()
                self.not_sent(debt)
            case events.SendUncertain():
                self.not_sent(debt)
            case _:
                pass

    # Paying

    def time_passed(self, debt: Debt) -> None:
        """Send what is due, or take in that no answer came."""
        if debt.state is DebtState.SETTLED or debt.filed:
            if debt.deadline is not None and debt.deadline <= self._world.now.mono:
                self._file(debt)
            return
        if debt.deadline is not None and debt.deadline > self._world.now.mono:
            return
        debt.deadline = None
        if debt.state is DebtState.AWAITING:
            debt.step(DebtStep.TIMED_OUT)
            self._free_link(debt)
            self._back_off(debt)
        elif debt.state in (DebtState.OWED, DebtState.BACKING_OFF):
            self._pay(debt)

    def pump(self) -> None:
        """Try every terminal's first debt: a link has come up."""
        for queue in list(self._queues.values()):
            if queue and queue[0].state is DebtState.OWED:
                self._pay(queue[0])

    def _pay(self, debt: Debt) -> None:
        """Commit the attempt, if it is this debt's turn and a link is up."""
        acquirer = self._acquirer(debt)
        if self._queues[self._order(debt)][0] is not debt:
            return
        if self._world.now.mono - debt.since > acquirer.debtor.give_up_after:
            debt.step(DebtStep.GIVEN_UP)
            self._stuck(debt, "too old")
            return
        link = self._links.pick(acquirer.name)
        if link is None or self._under_way(acquirer.name) >= acquirer.debtor.window:
            if debt.state is DebtState.BACKING_OFF or link is not None:
                self._wait(debt, acquirer.debtor.first_pause)
            return
        message = self._message(debt)
        if message is None:
            return
        debt.link, debt.sending = link, message
        debt.attempts += 1
        debt.step(DebtStep.DUE)
        self._commit(debt, "attempt", (_attempt(debt),))

    def _commit(self, debt: Debt, asked: str, entry: Entry) -> None:
        debt.asked = asked
        self._world.emit(Journal(debt.id, entry))

    def _under_way(self, acquirer: str) -> int:
        active = (DebtState.SENDING, DebtState.AWAITING)
        return sum(debt.state in active and debt.leg.acquirer == acquirer for debt in self.debts.values())

    def _message(self, debt: Debt) -> Message | None:
        """Return what to send now, or None where it cannot be made: then the debt is stuck."""
        acquirer = self._acquirer(debt)
        now = self._world.now
        try:
            if debt.message is None:
                stan = self._links.next_stan(acquirer.name)
                if stan is None:
                    self._wait(debt, acquirer.debtor.longest_pause)
                    return None
                pan = self._world.lent.unseal(debt.row.card) if debt.row.card else ""
                debt.message = reversal_of(debt.row, pan, acquirer, stan, now)
                return debt.message
            marked = debt.repeats or debt.given > 0
            return repeat_of(acquirer.dialect, debt.message, now, marked=marked)
        except (CannotCarry, EncodeError, StoreError, ValueError, KeyError) as error:
            debt.step(DebtStep.GIVEN_UP)
            self._stuck(debt, f"cannot be composed: {error}")
            return None

    def journaled(self, debt: Debt) -> None:
        """Take in that the journal committed the attempt, the end, or that it is owed again."""
        asked, debt.asked = debt.asked, ""
        debt.noted = True
        if asked == "end":
            self._gone(debt)
        elif debt.filed:
            self._file(debt)
        elif debt.state is DebtState.SENDING and debt.sending is not None:
            self._world.emit(Secure(debt.id, debt.leg.acquirer, debt.sending))
        elif debt.state is DebtState.OWED:
            self._pay(debt)

    def secured(self, debt: Debt, event: events.Secured) -> None:
        """Take in the message with its MAC, and send it."""
        if debt.state is not DebtState.SENDING:
            return
        acquirer = self._acquirer(debt)
        link = debt.link
        if event.message is None or link is None or not link.session.takes_money:
            debt.step(DebtStep.JOURNAL_FAILED)
            self._back_off(debt)
            return
        debt.step(DebtStep.JOURNALED)
        try:
            payload = acquirer.dialect.spec.encode(event.message)
        except EncodeError as error:
            debt.step(DebtStep.REFUSED)
            self._stuck(debt, f"cannot be written: {error}")
            return
        if not self._links.give(link, debt.id, event.message, payload):
            debt.step(DebtStep.NOT_SENT)
            self._back_off(debt)
            return
        debt.given += 1
        debt.unanswered.append(self._undecided(debt) > 0 and not debt.approval_seen)
        self._wait(debt, acquirer.host_timeout)

    def not_sent(self, debt: Debt) -> None:
        """Take in that the attempt never left, or may have left in part: it will be repeated either way."""
        if debt.state is DebtState.AWAITING:
            debt.step(DebtStep.NOT_SENT)
            self._free_link(debt)
            self._back_off(debt)

    def journal_failed(self, debt: Debt) -> None:
        """Take in that the journal could not commit: try again later."""
        asked, debt.asked = debt.asked, ""
        if asked == "end":
            self._wait(debt, _FILE_AGAIN)
        elif debt.filed:
            self._file(debt)
        elif debt.state is DebtState.SENDING:
            debt.step(DebtStep.JOURNAL_FAILED)
            self._back_off(debt)
        elif debt.state is DebtState.OWED:
            self._pay(debt)

    def conflict(self, debt: Debt, row: Row) -> None:
        """Take in that the row is not as the debt knew it: it is owed as *row* says, or not at all any more."""
        asked, debt.asked = debt.asked, ""
        if asked == "end" or debt.filed:
            self._gone(debt)
        elif row.state in (RowState.OWES_REVERSAL, RowState.OWES_REPEAT):
            debt.row, debt.noted = row, True
            if debt.repeats and row.state is RowState.OWES_REVERSAL:
                debt.repeats, debt.message, debt.given = False, None, 0  # the terminal has asked for its reversal
            self.journal_failed(debt)
        else:
            self._world.log("not owed", id=debt.id, terminal=row.terminal, state=str(row.state))
            debt.step(DebtStep.SETTLED)
            self._let_go(debt)
            self._gone(debt)

    # Being answered

    def answered(self, debt: Debt, message: Message) -> None:
        """Take in a host's message under a key of this debt: its answer, or the late answer to the original."""
        # A void of 1993 is a 1420 as its reversal is: only the STAN tells their answers apart.
        to_original = message.mti[1] == debt.leg.mti[1] and text(message, 11) == debt.leg.stan
        late = debt.message is None or (not debt.repeats and to_original)
        if late and not debt.repeats:
            self._late(debt, message)
            return
        debt.answer = message
        self._free_link(debt)
        self._world.emit(Verify(debt.id, debt.leg.acquirer, message))

    def _late(self, debt: Debt, message: Message) -> None:
        """The original's answer comes after it was given up."""
        acquirer = self._acquirer(debt)
        verdict = acquirer.dialect.verdict(message)
        self._world.log("late answer", "warning", id=debt.id, verdict=str(verdict))
        if verdict in (CodeClass.APPROVED, CodeClass.PARTIAL):
            debt.approval_seen = True
        elif verdict is CodeClass.DECLINED and debt.state is DebtState.OWED and debt.attempts == 0:
            debt.step(DebtStep.SETTLED)
            undone = effects.undo(debt.row)
            declined = {"state": RowState.DECLINED, "code": acquirer.dialect.canonical(message)}
            self._end(debt, (Change(debt.row.id, set=declined), *undone))

    def verified(self, debt: Debt, mac: str) -> None:
        """Take in the word on the answer's MAC, and read the answer."""
        message, debt.answer = debt.answer, None
        acquirer = self._acquirer(debt)
        if message is None or debt.state in (DebtState.SETTLED, DebtState.STUCK):
            return
        if not debt.repeats and not debt.unanswered:
            self._world.log("late answer", "warning", id=debt.id, cause="a second answer to the same attempt")
            return
        code = acquirer.dialect.canonical(message)
        at = self._circumstances(debt)
        if debt.unanswered:
            debt.unanswered.remove(max(debt.unanswered))
        if mac:
            step = DebtStep.AGAIN
        elif debt.repeats:
            unknown = acquirer.dialect.verdict(message) is CodeClass.UNKNOWN
            step = read_repeat_answer(code, unknown=unknown, reversal=debt.row.kind is Kind.REVERSAL)
        else:
            step = read_reversal_answer(code, at)
            debt.doubtful = debt.doubtful or code == "25" or (at.early and at.not_found_is_00)
        if step is DebtStep.AGAIN:
            if debt.state is DebtState.AWAITING:  # else the next attempt is on its way already
                debt.step(step)
                self._back_off(debt, at_least=self._undecided(debt) if code in _NOT_FOUND else 0.0)
            return
        debt.step(step)
        if step is DebtStep.REFUSED:
            self._stuck(debt, f"the host answered {text(message, 39)}")
        else:
            self._settled(debt, message)

    def _undecided(self, debt: Debt) -> float:
        """Return for how many seconds the host may still be deciding the original."""
        since = (self._world.now.wall - debt.leg.sent).total_seconds()
        return self._acquirer(debt).host_timeout - since

    def _circumstances(self, debt: Debt) -> Circumstances:
        acquirer = self._acquirer(debt)
        wall = self._world.now.wall
        return Circumstances(
            own_stan=acquirer.dialect.profile.reversal_stan == "new",
            repeated=debt.given > 1,
            # An answer that comes late may still be the one to an attempt that was early.
            early=any(debt.unanswered),
            approval_seen=debt.approval_seen,
            same_day=acquirer.business_date(wall).date() == debt.row.business_date,
            not_found_is_00=acquirer.dialect.profile.reversal_not_found == "00",
        )

    def _settled(self, debt: Debt, message: Message) -> None:
        row = debt.row
        if not debt.repeats:
            self._end(debt, (Change(row.id, set={"state": RowState.REVERSED}), *effects.undo(row)))
            return
        acquirer = self._acquirer(debt)
        approved = acquirer.dialect.verdict(message) in (CodeClass.APPROVED, CodeClass.PARTIAL)
        columns = {
            "state": RowState.NOTED if approved else RowState.DECLINED,
            "approved": approved,
            "code": acquirer.dialect.canonical(message),
            "answer": answer_facts(acquirer.dialect, message),
            "rrn": text(message, 37),
            "approval": text(message, 38),
        }
        if approved and row.kind in effects.REFUNDABLE:
            columns["state"] = RowState.UNCONFIRMED
        effect = effects.keep if approved else effects.free
        self._end(debt, (Change(row.id, set=columns), *effect(row.kind, row.amount, row.original)))

    # Ending

    def _end(self, debt: Debt, entry: Entry) -> None:
        debt.entry = entry
        self._let_go(debt)
        self._file(debt)

    def _let_go(self, debt: Debt) -> None:
        """Leave the order of the terminal, and let the STANs go; those of a stuck debt an operator may need."""
        self._leave_order(debt)
        self._free_link(debt)
        if debt.state is DebtState.STUCK:
            return
        for message in (debt.original, debt.message):
            if message is not None:
                self._links.release(debt.leg.acquirer, message, late=True)

    def _stuck(self, debt: Debt, cause: str) -> None:
        self._world.log("stuck", "error", id=debt.id, terminal=debt.row.terminal, amount=debt.row.amount, cause=cause)
        self._end(debt, (Change(debt.row.id, set={"state": RowState.STUCK}),))

    def _file(self, debt: Debt) -> None:
        debt.filed = True
        debt.deadline = None
        if not debt.asked:  # otherwise when that is answered
            self._commit(debt, "end", debt.entry)

    def _gone(self, debt: Debt) -> None:
        del self.debts[debt.id]
        if debt.doubtful and debt.state is DebtState.SETTLED and not debt.repeats:
            self._remember(debt)
        if debt.state is DebtState.SETTLED:
            passed = self._world.now.mono - debt.since
            self._world.log("settled", id=debt.id, terminal=debt.row.terminal, attempts=debt.attempts,
                            ms=round(passed * 1000, 1))  # fmt: skip

    def _remember(self, debt: Debt) -> None:
        """Keep *debt* for as long as its original may still be answered."""
        now = self._world.now.mono
        for name, other in list(self._doubtful.items()):
            if other.deadline is None or other.deadline > now:
                break
            del self._doubtful[name]
        debt.deadline = now + self._acquirer(debt).late_window
        self._doubtful[debt.id] = debt

    def reopened(self, name: str, message: Message) -> bool:
        """Owe again what the host did not find and now approves; return whether *message* does that (ruling 1)."""
        debt = self._doubtful.get(name)
        if debt is None or message.mti[1] != debt.leg.mti[1] or text(message, 11) != debt.leg.stan:
            return False
        if self._acquirer(debt).dialect.verdict(message) not in (CodeClass.APPROVED, CodeClass.PARTIAL):
            return False
        del self._doubtful[name]
        debt.step(DebtStep.REOPENED)
        # What it did to another row was undone when it was settled, and is not undone again.
        debt.row = replace(debt.row, state=RowState.OWES_REVERSAL, original="")
        debt.approval_seen, debt.doubtful, debt.filed, debt.entry = True, False, False, ()
        debt.deadline, debt.since = None, self._world.now.mono
        self.debts[debt.id] = debt
        self._queues.setdefault(self._order(debt), deque()).append(debt)
        self._world.log("reopened", "warning", id=debt.id, terminal=debt.row.terminal, cause="approved after all")
        debt.noted = False
        owed = Change(debt.row.id, set={"state": RowState.OWES_REVERSAL}, where={"state": RowState.REVERSED})
        self._commit(debt, "owed again", (owed,))
        return True

    def _leave_order(self, debt: Debt) -> None:
        queue = self._queues[self._order(debt)]
        queue.remove(debt)
        if not queue:
            del self._queues[self._order(debt)]
        elif queue[0].state is DebtState.OWED:
            self._world.wake(self._world.now.mono, queue[0].id)

    def _back_off(self, debt: Debt, at_least: float = 0.0) -> None:
        debtor = self._acquirer(debt).debtor
        spread = self._world.lent.chance()
        seconds = pause(max(debt.attempts, 1), debtor.first_pause, debtor.longest_pause, spread)
        self._wait(debt, max(seconds, at_least))

    def _wait(self, debt: Debt, seconds: float) -> None:
        debt.deadline = self._world.now.mono + seconds
        self._world.wake(debt.deadline, debt.id)

    def _free_link(self, debt: Debt) -> None:
        if debt.link is not None:
            self._links.answered(debt.link.name, debt.id)
