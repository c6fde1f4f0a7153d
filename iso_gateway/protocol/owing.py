"""All that is owed to the hosts, and how it is paid: in order per terminal, several terminals at once.

A debt sends its reversal or repeat whenever a link of its acquirer is up, commits each attempt before it, backs off
between them, and ends SETTLED or, for an operator, STUCK (`settling`). It is never dropped.
"""

from __future__ import annotations

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry, EncodeError, StoreError
from iso_gateway.protocol import events
from iso_gateway.protocol.commands import Secure
from iso_gateway.protocol.composing import repeat_of, reversal_of
from iso_gateway.protocol.debt import Debt, attempt
from iso_gateway.protocol.debts import DebtState, DebtStep
from iso_gateway.protocol.ledger import FILE_AGAIN, Ledger
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.records import Entry, Row, RowState
from iso_gateway.protocol.settling import Settling
from iso_gateway.protocol.story import Word, said, worth_telling
from iso_gateway.protocol.world import World


class Owing:
    """The debts of the node."""

    def __init__(self, world: World, links: Links) -> None:
        self._world = world
        self._links = links
        self._ledger = Ledger(world, links)
        self._settling = Settling(world, links, self._ledger)
        self.debts = self._ledger.debts

    def __len__(self) -> int:
        return len(self.debts)

    @property
    def payable(self) -> bool:
        """Whether waiting a little may settle something: there are debts, and a link to pay them over."""
        return any(self._links.pick(debt.leg.acquirer) is not None for debt in self.debts.values())

    # Coming in

    def open(self, row: Row, original: Message | None, *, noted: bool = True, story: str = "") -> None:
        """Owe what *row* says.

        Args:
            row: The request's row, as it is in the journal or should be.
            original: The request as it was sent, where it is still at hand.
            noted: Whether the journal could be told; otherwise it is with the first attempt.
            story: What the journal could not be told of how it came about.
        """
        if row.host is None:
            return
        if f"{row.id}/debt" in self.debts:
            if original is not None:
                self.adopt(row, original, approved=False)
            return
        debt = Debt(row, original, self._world.now.mono)
        debt.noted = noted
        debt.untold = story
        if not noted:
            debt.tell(self._world.now.wall, Word.JOURNAL_FAILED, "the debt is told with its first attempt")
        self._ledger.add(debt)
        if original is not None:
            self._links.hand_over(row.host.acquirer, original, debt.id)
            if debt.repeats:
                debt.message = original
        self._world.log("owed", "warning", id=debt.id, terminal=row.terminal, amount=row.amount, reason=row.reason)
        self._world.wake(self._world.now.mono, debt.id)

    def adopt(self, row: Row, original: Message, *, approved: bool) -> None:
        """Take over the request *original*, which was in flight when its *row* became a debt."""
        debt = self.debts.get(f"{row.id}/debt") or self._settling.doubtful.get(f"{row.id}/debt")
        acquirer = row.host.acquirer if row.host is not None else ""
        if debt is not None and approved:
            debt.approval_seen = True
            if debt.id not in self.debts:
                self._settling.reopen(debt)
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
        self._ledger.wait(debt, FILE_AGAIN)

    def approval_seen(self, row_id: str) -> None:
        """Note that the host approved, after all, what is being reversed."""
        debt = self.debts.get(f"{row_id}/debt")
        if debt is not None:
            debt.approval_seen = True

    def take(self, debt: Debt, event: events.Event) -> None:
        """Take in the edge's answer to what *debt* asked for last."""
        match event:
            case events.Verified():
                self._settling.verified(debt, event.code)
            case events.Secured():
                self.secured(debt, event.message)
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

    def answered(self, debt: Debt, message: Message) -> None:
        """Take in a host's message under a key of *debt*."""
        self._settling.answered(debt, message)

    def reopened(self, name: str, message: Message) -> bool:
        """Take in a late message for the settled debt *name*; return whether it is owed again."""
        return self._settling.reopened(name, message)

    # Paying

    def time_passed(self, debt: Debt) -> None:
        """Send what is due, or take in that no answer came."""
        if debt.state is DebtState.SETTLED or debt.filed:
            if debt.deadline is not None and debt.deadline <= self._world.now.mono:
                self._settling.file(debt)
            return
        if debt.deadline is not None and debt.deadline > self._world.now.mono:
            return
        debt.deadline = None
        if debt.state is DebtState.AWAITING:
            debt.step(DebtStep.TIMED_OUT)
            self._ledger.free_link(debt)
            self._unanswered(debt)
            self._ledger.back_off(debt)
        elif debt.state in (DebtState.OWED, DebtState.BACKING_OFF):
            self._pay(debt)

    def pump(self) -> None:
        """Try every terminal's first debt: a link has come up."""
        for debt in self._ledger.firsts():
            if debt.state is DebtState.OWED:
                self._pay(debt)

    def _pay(self, debt: Debt) -> None:
        """Commit the attempt, if it is this debt's turn and a link is up."""
        acquirer = self._ledger.acquirer(debt)
        if debt.asked or not self._ledger.is_first(debt):
            return
        if self._world.now.mono - debt.since > acquirer.debtor.give_up_after:
            debt.step(DebtStep.GIVEN_UP)
            self._settling.stuck(debt, "too old")
            return
        link = self._links.pick(acquirer.name)
        if link is None or self._ledger.under_way(acquirer.name) >= acquirer.debtor.window:
            if debt.state is DebtState.BACKING_OFF or link is not None:
                self._ledger.wait(debt, acquirer.debtor.first_pause)
            return
        message = self._message(debt)
        if message is None:
            return
        self._ledger.free_link(debt)
        debt.link, debt.sending = link, message
        debt.attempts += 1
        debt.step(DebtStep.DUE)
        if worth_telling(debt.attempts):
            debt.tell(self._world.now.wall, Word.ATTEMPT, f"{debt.attempts}: {message.mti} over {link.name}")
        self._ledger.commit(debt, "attempt", attempt(debt))

    def _message(self, debt: Debt) -> Message | None:
        """Return what to send now, or None where it cannot be made: then the debt is stuck."""
        acquirer = self._ledger.acquirer(debt)
        now = self._world.now
        try:
            if debt.message is None:
                stan = self._links.next_stan(acquirer.name)
                if stan is None:
                    self._ledger.wait(debt, acquirer.debtor.longest_pause)
                    return None
                pan = self._world.lent.unseal(debt.row.card) if debt.row.card else ""
                debt.message = reversal_of(debt.row, pan, acquirer, stan, now)
                return debt.message
            marked = debt.repeats or debt.given > 0
            return repeat_of(acquirer.dialect, debt.message, now, marked=marked)
        except (CannotCarry, EncodeError, StoreError, ValueError, KeyError) as error:
            debt.step(DebtStep.GIVEN_UP)
            self._settling.stuck(debt, said(f"cannot be composed: {error}"))
            return None

    def journaled(self, debt: Debt) -> None:
        """Take in that the journal committed the attempt, the end, or that it is owed again."""
        asked, debt.asked = debt.asked, ""
        debt.noted = True
        debt.taken()
        if asked == "end":
            self._settling.gone(debt)
        elif debt.filed:
            self._settling.file(debt)
        elif debt.state is DebtState.SENDING and debt.sending is not None:
            if self._ledger.acquirer(debt).keyed:
                self._world.emit(Secure(debt.id, debt.leg.acquirer, debt.sending))
            else:
                self.secured(debt, debt.sending)
        elif debt.state is DebtState.OWED:
            self._pay(debt)

    def secured(self, debt: Debt, message: Message | None) -> None:
        """Take in the *message* with its MAC, and send it."""
        if debt.state is not DebtState.SENDING:
            return
        acquirer = self._ledger.acquirer(debt)
        link = debt.link
        if message is None or link is None or not link.session.takes_money:
            debt.step(DebtStep.JOURNAL_FAILED)
            self._ledger.back_off(debt)
            return
        debt.step(DebtStep.JOURNALED)
        try:
            payload = acquirer.dialect.spec.encode(message)
        except EncodeError as error:
            debt.step(DebtStep.REFUSED)
            self._settling.stuck(debt, said(f"cannot be written: {error}"))
            return
        if not self._links.give(link, debt.id, message, payload):
            debt.step(DebtStep.NOT_SENT)
            self._ledger.back_off(debt)
            return
        debt.given += 1
        debt.payload, debt.given_at = payload, self._world.now.mono
        debt.unanswered.append(self._ledger.undecided(debt) > 0 and not debt.approval_seen)
        self._ledger.wait(debt, acquirer.host_timeout)

    def _unanswered(self, debt: Debt) -> None:
        """Tell why an attempt was not answered, as far as anybody can tell."""
        if debt.link is None or debt.sending is None:
            return
        finding = self._links.explain(debt.link.name, debt.sending, debt.payload, debt.given_at)
        self._world.log("unanswered", "warning", id=debt.id, terminal=debt.row.terminal, attempt=debt.attempts,
                        verdict=str(finding.verdict), cause=finding.evidence)  # fmt: skip
        if worth_telling(debt.attempts):
            debt.tell(self._world.now.wall, Word.UNANSWERED, str(finding))

    def not_sent(self, debt: Debt, cause: str = "the link failed") -> None:
        """Take in that the attempt never left, or may have left in part: it will be repeated either way."""
        if debt.state is DebtState.AWAITING:
            if worth_telling(debt.attempts):
                debt.tell(self._world.now.wall, Word.UNANSWERED, said(cause))
            debt.step(DebtStep.NOT_SENT)
            self._ledger.free_link(debt)
            self._ledger.back_off(debt)

    def journal_failed(self, debt: Debt) -> None:
        """Take in that the journal could not commit: try again later."""
        asked, debt.asked = debt.asked, ""
        if asked == "end":
            self._ledger.wait(debt, FILE_AGAIN)
        elif debt.filed:
            self._settling.file(debt)
        elif debt.state is DebtState.SENDING:
            debt.step(DebtStep.JOURNAL_FAILED)
            self._ledger.back_off(debt)
        elif debt.state is DebtState.OWED:
            self._pay(debt)

    def conflict(self, debt: Debt, row: Row) -> None:
        """Take in that the row is not as the debt knew it: it is owed as *row* says, or not at all any more."""
        asked, debt.asked = debt.asked, ""
        if asked == "end" or debt.filed:
            self._settling.gone(debt)
        elif row.id != debt.row.id:
            debt.step(DebtStep.REFUSED)
            self._settling.stuck(debt, f"{row.id} stands otherwise since, which its reversal would change too")
        elif row.state in (RowState.OWES_REVERSAL, RowState.OWES_REPEAT):
            debt.row, debt.noted = row, True
            if debt.repeats and row.state is RowState.OWES_REVERSAL:
                debt.turn_into_reversal()
            self.journal_failed(debt)
        else:
            self._world.log("not owed", id=debt.id, terminal=row.terminal, state=str(row.state))
            debt.step(DebtStep.SETTLED)
            self._settling.let_go(debt)
            self._settling.gone(debt)
