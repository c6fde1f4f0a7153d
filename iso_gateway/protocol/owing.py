"""All that is owed to the hosts, and how it is paid: in order per terminal, several terminals at once.

A debt sends its reversal or repeat whenever a link of its acquirer is up, commits each attempt before it, backs off
between them, and ends SETTLED or, for an operator, STUCK (`settling`). It is never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from iso_gateway.codec.message import Message
from iso_gateway.errors import EncodeError
from iso_gateway.protocol import events
from iso_gateway.protocol.debt import CARD, Debt, attempt, noting
from iso_gateway.protocol.debts import DebtState, DebtStep
from iso_gateway.protocol.doubting import Doubting
from iso_gateway.protocol.drafting import Drafting
from iso_gateway.protocol.ledger import FILE_AGAIN, Ledger
from iso_gateway.protocol.link import Link
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.records import Change, Entry, Row, RowState, Taken
from iso_gateway.protocol.settling import Settling
from iso_gateway.protocol.story import Word, added, line, said, worth_telling
from iso_gateway.protocol.world import World

WHILE_SENDING: Final = {"state": RowState.SENDING}
"""How a row stands of which only this process knows that it is owed."""

STILL_ALL_OF_IT: Final = {"state": RowState.ANSWERED, "replays": 0, "taken": Taken.NO, "returned": 0, "reserved": 0}
"""How a row must stand for the gateway to reverse it by itself: nobody heard of it, and nothing was built upon it."""

DELIVERING: Final = {"state": RowState.ANSWERED}
QUESTION: Final = {"state": RowState.UNCONFIRMED}


def unheard(row: Row) -> bool:
    """Return whether *row* is an approval that no terminal heard of, and upon which nothing was built."""
    return all(getattr(row, column) == value for column, value in STILL_ALL_OF_IT.items())


class Owing:
    """The debts of the node."""

    def __init__(self, world: World, links: Links) -> None:
        self._world = world
        self._links = links
        self._ledger = Ledger(world, links)
        self._settling = Settling(world, links, self._ledger)
        self._drafting = Drafting(world, links, self._ledger, self._settling)
        self.doubting = Doubting(world, links, self._ledger, self._settling)
        self.debts = self._ledger.debts
        self._elsewhere: dict[str, tuple[Row, bool]] = {}
        """What is owed to acquirers that the configuration does not have, each with whether the journal says so."""

    def __len__(self) -> int:
        return len(self.debts)

    @property
    def payable(self) -> bool:
        """Whether waiting a little may settle something: there are debts, and a link to pay them over."""
        owes = any(self._links.pick(acquirer) is not None for acquirer in self._ledger.owes())
        return owes or self._ledger.ending

    # Coming in

    def open(
        self, row: Row, original: Message | None, *, unnoted: Mapping[str, Any] | None = None, story: str = ""
    ) -> None:
        """Owe what *row* says.

        Args:
            row: The request's row, as it is in the journal or should be.
            original: The request as it was sent, where it is still at hand.
            unnoted: Where the journal could not be told: how the row must stand there for *row* to be owed.
            story: What the journal could not be told of how it came about.
        """
        if row.host is None:
            return
        if f"{row.id}/debt" in self.debts:
            if original is not None:
                self.adopt(row, original, approved=False)
            return
        debt = Debt(row, original, self._world.now)
        debt.unnoted = unnoted
        debt.untold = story
        if unnoted is not None and original is not None:
            debt.tell(self._world.now.wall, Word.JOURNAL_FAILED, "the debt is told as soon as it can")
        self._ledger.add(debt)
        if original is not None:
            self._links.hand_over(row.host.acquirer, original, debt.id)
            if debt.repeats:
                debt.message = original
        self._ledger.reserve(debt)
        self._world.log("owed", "warning", id=debt.id, terminal=row.terminal, amount=row.amount, reason=row.reason)
        self._world.wake(self._world.now.mono, debt.id)

    def take_up(self, row: Row, *, noted: bool) -> None:
        """Owe what an earlier process owed, or left with its outcome unknown: *noted* says which."""
        if row.host is None or row.host.acquirer not in self._links.hosts:
            cause = f"no acquirer {row.host.acquirer if row.host else ''!r} in the configuration: it cannot be paid"
            self._elsewhere[row.id] = row, noted
            self._world.log("owed", "error", id=f"{row.id}/debt", terminal=row.terminal, amount=row.amount, cause=cause)
            if not noted:  # nobody pays it, so that the journal alone can list it
                wall = self._world.now.wall
                story = line(wall, Word.RECOVERED) + line(wall, Word.OWED, f"{row.state}, {said(cause)}")
                owed = {"state": row.state, "reason": row.reason}
                sending = {"state": RowState.SENDING}
                self.file_now(row, (Change(row.id, set=owed, where=sending, story=added(row.story, story)),))
            return
        if row.state is RowState.STUCK:
            debt = Debt(row, None, self._world.now)
            self._settling.stuck_debts[debt.id] = debt
            self._ledger.reserve(debt)
            return
        wall = self._world.now.wall
        story = "" if noted else line(wall, Word.RECOVERED) + line(wall, Word.OWED, f"{row.state}, reason {row.reason}")
        self.open(row, None, unnoted=None if noted else WHILE_SENDING, story=story)
        if not noted:
            self._note(self.debts[f"{row.id}/debt"])

    def come_back(self) -> None:
        """Owe what is owed to acquirers that a reload has brought back."""
        for row, noted in list(self._elsewhere.values()):
            if row.host is not None and row.host.acquirer in self._links.hosts:
                del self._elsewhere[row.id]
                self.take_up(row, noted=noted)

    def doubt(self, row: Row) -> None:
        """Owe *row* again should its approval come late: an earlier process settled it by "not found" (ruling 1)."""
        if row.host is not None and row.host.acquirer in self._links.hosts:
            self._settling.doubt(Debt(row, None, self._world.now))

    def _note(self, debt: Debt) -> None:
        """Have the journal say that *debt* is owed."""
        if not debt.asked:
            self._ledger.commit(debt, "owed", noting(debt))

    def resend(self, row: Row) -> None:
        """Pay what *row* owes at once: an operator has asked for it, and the journal says so."""
        name = f"{row.id}/debt"
        if (debt := self.debts.get(name)) is not None:
            self._hurry(debt)
        elif (debt := self._settling.stuck_debts.get(name)) is not None:
            self._settling.owe_again(debt, row)
        else:
            self.take_up(row, noted=True)

    def _hurry(self, debt: Debt) -> None:
        """Send *debt* now, where it only waits for its time."""
        debt.owed_since, debt.tries = self._world.now.wall, 0
        if debt.state is DebtState.BACKING_OFF and not debt.filed:
            debt.deadline = None
            self._pay(debt)

    def written_off(self, row: Row) -> None:
        """Let go of the stuck debt of *row*: nobody owes it any more."""
        debt = self._settling.stuck_debts.pop(f"{row.id}/debt", None)
        if debt is not None:
            self._ledger.release(debt)

    def adopt(self, row: Row, original: Message, *, approved: bool) -> None:
        """Take over the request *original*, which was in flight when its *row* became a debt."""
        debt = self.debts.get(f"{row.id}/debt") or self._settling.doubtful.get(f"{row.id}/debt")
        acquirer = row.host.acquirer if row.host is not None else ""
        if debt is not None and approved:
            self._settling.see_approval(debt)
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
        if (filing := self._filing(row, entry)) is not None:
            self._ledger.wait(filing, FILE_AGAIN)

    def file_now(self, row: Row, entry: Entry) -> None:
        """Commit *entry*, what becomes of *row*, now, or as soon as the journal can."""
        if (filing := self._filing(row, entry)) is not None:
            self._settling.file(filing)

    def _filing(self, row: Row, entry: Entry) -> Debt | None:
        """Return what stands for *entry* until it is committed."""
        if row.host is None:
            return None
        filing = Debt(row, None, self._world.now)
        filing.id = f"{row.id}/filing"  # a real debt of the same row may come beside it
        filing.state, filing.filed, filing.entry = DebtState.SETTLED, True, entry
        self.debts[filing.id] = filing
        return filing

    def approval_seen(self, row_id: str) -> None:
        """Note that the host approved, after all, what is being reversed."""
        debt = self.debts.get(f"{row_id}/debt")
        if debt is not None:
            self._settling.see_approval(debt)

    def take(self, debt: Debt, event: events.Event) -> None:
        """Take in the edge's answer to what *debt* asked for last."""
        match event:
            case events.Verified():
                self._settling.heard(debt, event.code)
            case events.Secured():
                self.secured(debt, event.message, event.payload)
            case events.CardKnown():
                self.card_known(debt, event.pan)
            case events.Journaled():
                self.journaled(debt)
            case events.JournalFailed():
                self.journal_failed(debt, gone=event.gone)
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

    def answered(self, debt: Debt, message: Message, payload: bytes) -> None:
        """Take in a host's message under a key of *debt*."""
        self._settling.answered(debt, message, payload)

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
            self._ledger.step(debt, DebtStep.TIMED_OUT)
            debt.heard.clear()
            self._unanswered(debt)
            self._settling.try_again(debt)
        elif debt.state is DebtState.SECURING:
            self._not_now(debt, DebtStep.NOT_SECURED)
        elif debt.state is DebtState.OPENING:
            self.card_known(debt, "")
        elif debt.state in (DebtState.OWED, DebtState.BACKING_OFF):
            self._pay(debt)

    def pump(self) -> None:
        """Serve the debts that wait for a link: one has come up."""
        for acquirer in self._ledger.owes():
            self.serve(acquirer)

    def serve(self, acquirer: str) -> None:
        """Pay the debts to *acquirer* that wait, while there is a place for them on its links."""
        while (debt := self._ledger.next_waiting(acquirer)) is not None:
            self._pay(debt)

    def _pay(self, debt: Debt) -> None:
        """Commit the attempt, if it is this debt's turn and there is a place for it on a link."""
        if debt.asked or not self._ledger.is_first(debt):
            return
        link = self._ledger.place(debt)
        if link is None:
            if debt.unnoted is not None:
                self._note(debt)
            return
        dialect = self._ledger.dialect(debt)
        if dialect is None:
            self._ledger.step(debt, DebtStep.GIVEN_UP)
            kept = f"the spec and profile under which it was sent ({debt.row.dialect}) are not kept in the journal"
            self._settling.stuck(debt, kept)
            return
        if self._drafting.wants_card(debt):
            return
        message = self._drafting.message(debt, dialect)
        if message is not None:
            self._try(debt, link, message)

    def _try(self, debt: Debt, link: Link, message: Message) -> None:
        """Commit that *message* is about to be sent over *link*."""
        self._ledger.take_place(debt, link)
        debt.sending = message
        debt.attempts += 1
        debt.tries += 1
        self._ledger.step(debt, DebtStep.DUE)
        if worth_telling(debt.attempts):
            debt.tell(self._world.now.wall, Word.ATTEMPT, f"{debt.attempts}: {message.mti} over {link.name}")
        self._ledger.commit(debt, "attempt", attempt(debt, self._world.now))

    def journaled(self, debt: Debt) -> None:
        """Take in that the journal committed the attempt, the end, or that it is owed again."""
        asked, debt.asked = debt.asked, ""
        debt.unnoted = None
        debt.taken()
        if asked == "end":
            self._settling.gone(debt)
        elif debt.filed:
            self._settling.file(debt)
        elif debt.state is DebtState.SENDING and debt.sending is not None:
            self._committed(debt, debt.sending)
        elif debt.state in (DebtState.OWED, DebtState.BACKING_OFF) and asked == "owed":
            self._pay(debt)

    def _committed(self, debt: Debt, message: Message) -> None:
        """Send *message*, which is committed; with a MAC, where the leg has one."""
        link = debt.link
        if link is None or not link.session.takes_money:
            self._not_now(debt, DebtStep.JOURNAL_FAILED)
        elif not self._ledger.acquirer(debt).keyed:
            self._ledger.step(debt, DebtStep.JOURNALED)
            self._give(debt, link, message, b"")
        elif not self._drafting.secure(debt, link, message):
            self._not_now(debt, DebtStep.JOURNAL_FAILED)

    def _not_now(self, debt: Debt, step: DebtStep) -> None:
        self._ledger.step(debt, step)
        self._ledger.back_off(debt)

    def card_known(self, debt: Debt, pan: str) -> None:
        """Take in the card number of *debt*; where there is none, the security module is asked again later."""
        if debt.asked != CARD:
            return
        debt.asked, debt.deadline = "", None
        if debt.filed:
            self._settling.file(debt)
        elif debt.state is DebtState.OPENING and pan:
            debt.pan = pan
            self._pay(debt)
        elif debt.state is DebtState.OPENING:
            self._ledger.step(debt, DebtStep.CARD_UNKNOWN)
            self._ledger.back_off(debt)

    def secured(self, debt: Debt, message: Message | None, payload: bytes) -> None:
        """Take in the *message* with its MAC, and send it; never with other keys than its link has now."""
        if debt.state is not DebtState.SECURING:
            return
        debt.deadline, link = None, debt.link
        up = link is not None and link.session.takes_money
        if message is None or link is None or not up or self._drafting.outdated(debt, link):
            self._not_now(debt, DebtStep.NOT_SECURED)
            return
        self._ledger.step(debt, DebtStep.SECURED)
        self._give(debt, link, message, payload)

    def _give(self, debt: Debt, link: Link, message: Message, payload: bytes) -> None:
        """Give *message* to *link*; *payload* is empty where it is still to be encoded."""
        try:
            payload = payload or self._ledger.reading(debt).spec.encode(message)
        except EncodeError as error:
            self._ledger.step(debt, DebtStep.REFUSED)
            self._settling.stuck(debt, said(f"cannot be written: {error}"))
            return
        if not self._links.give(link, debt.id, message, payload):
            self._ledger.step(debt, DebtStep.NOT_SENT)
            self._ledger.back_off(debt)
            return
        debt.given += 1
        debt.payload, debt.given_at = payload, self._world.now.mono
        debt.unanswered.append(self._ledger.undecided(debt) > 0 and not debt.approval_seen)
        self._ledger.wait(debt, self._ledger.acquirer(debt).host_timeout)

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
            self._ledger.step(debt, DebtStep.NOT_SENT)
            self._ledger.back_off(debt)

    def journal_failed(self, debt: Debt, *, gone: bool) -> None:
        """Take in that the journal could not commit: try again later; *gone*: there is no such row at all."""
        asked, debt.asked = debt.asked, ""
        if asked == "end" and gone:
            self._settling.gone(debt, overtaken=True)
        elif asked == "end":
            self._ledger.wait(debt, FILE_AGAIN)
        elif debt.filed:
            self._settling.file(debt)
        elif debt.state is DebtState.SENDING:
            self._ledger.step(debt, DebtStep.JOURNAL_FAILED)
            self._ledger.back_off(debt)
        elif asked == "owed":
            self._ledger.wait(debt, FILE_AGAIN)

    def conflict(self, debt: Debt, row: Row) -> None:
        """Take in that the row is not as the debt knew it: it is owed as *row* says, or not at all any more."""
        asked, debt.asked = debt.asked, ""
        if asked == "end" or debt.filed:
            if self._settling.overtaken(debt, row):
                self.open(row, None)
                if debt.approved:
                    self.approval_seen(row.id)
        elif row.id != debt.row.id:
            self._ledger.step(debt, DebtStep.REFUSED)
            self._settling.stuck(debt, f"{row.id} stands otherwise since, which its reversal would change too")
        elif row.state in (RowState.OWES_REVERSAL, RowState.OWES_REPEAT):
            if row.state is RowState.OWES_REPEAT and not debt.repeats and debt.message is not None:
                self._links.release(debt.leg.acquirer, debt.message, late=True)  # it was never sent
            debt.go_by(row)
            self._go_on(debt)
        elif debt.unnoted == WHILE_SENDING and unheard(row) and not debt.repeats:
            # Its approval was committed, though nobody could say so; the terminal was not told of it.
            debt.row = replace(row, state=RowState.OWES_REVERSAL, reason=debt.row.reason)
            debt.unnoted, debt.approval_seen = STILL_ALL_OF_IT, True
            self._go_on(debt)
        else:
            self._not_owed(debt, row)

    def _go_on(self, debt: Debt) -> None:
        """Send *debt*, of which the journal has said how it stands."""
        if debt.state is DebtState.SENDING:
            self._ledger.step(debt, DebtStep.JOURNAL_FAILED)
            self._ledger.back_off(debt)
        else:
            self._pay(debt)

    def _not_owed(self, debt: Debt, row: Row) -> None:
        """Let go of *debt*: somebody else has settled it, or the terminal has its approval, or may have it."""
        self._world.log("not owed", id=debt.id, terminal=row.terminal, state=str(row.state))
        self._ledger.step(debt, DebtStep.SETTLED)
        self._settling.let_go(debt)
        self._settling.gone(debt)
        if row.state is RowState.ANSWERED:
            story = line(self._world.now.wall, Word.UNCONFIRMED)
            self.file_now(row, (Change(row.id, set=QUESTION, where=DELIVERING, story=added(row.story, story)),))
