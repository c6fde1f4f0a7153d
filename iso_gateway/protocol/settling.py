"""What hosts say to debts, and how a debt ends: SETTLED or, for an operator, STUCK."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from iso_gateway.codec.message import Message
from iso_gateway.protocol import effects
from iso_gateway.protocol.commands import File, Verify
from iso_gateway.protocol.debt import CARD, HEARD_MOST, Debt, Heard, before, noting
from iso_gateway.protocol.debts import (
    Circumstances,
    DebtState,
    DebtStep,
    read_repeat_answer,
    read_reversal_answer,
)
from iso_gateway.protocol.host_macs import SIGN_ON_ANEW, may_lack_mac, sent_first
from iso_gateway.protocol.keyring import of_link
from iso_gateway.protocol.kinds import Kind
from iso_gateway.protocol.ledger import Ledger
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.profile import CodeClass
from iso_gateway.protocol.records import OPEN_DEBT, Change, Entry, Row, RowState
from iso_gateway.protocol.story import Word, line, said, worth_telling
from iso_gateway.protocol.verdicts import Finding, Verdict
from iso_gateway.protocol.world import World

MEANS: Final = {
    DebtStep.SETTLED: "settled",
    DebtStep.AGAIN: "no decision, asked again",
    DebtStep.REFUSED: "refused for good, an operator decides",
}
"""What an answer does to a debt, in words."""

_NOT_FOUND: Final = frozenset({"00", "10", "11", "25"})
"""The codes that a host may give to a reversal whose original it has not decided yet."""


def lateness(debt: Debt, host_timeout: float, wall: datetime) -> int:
    """Return how many milliseconds after its time-out the request of *debt* is answered at *wall*."""
    return round(((wall - debt.leg.sent).total_seconds() - host_timeout) * 1000)


class Settling:
    """Reads the answers to debts, and ends them."""

    def __init__(self, world: World, links: Links, ledger: Ledger) -> None:
        self._world = world
        self._links = links
        self._ledger = ledger
        self.doubtful: dict[str, Debt] = {}
        """Settled by "not found", until no late approval is to be expected any more."""
        self.stuck_debts: dict[str, Debt] = {}
        """Those that an operator is to decide."""

    def answered(self, debt: Debt, message: Message, payload: bytes) -> None:
        """Take in a host's message under a key of this debt: its answer, or the late answer to the original."""
        # A void of 1993 is a 1420 as its reversal is: only the STAN tells their answers apart.
        to_original = message.mti[1] == debt.leg.mti[1] and message.text(11) == debt.leg.stan
        late = (debt.message is None or to_original) and not debt.repeats
        heard = Heard(message, payload, late)
        if not late:
            self._ledger.free_place(debt)
        acquirer = self._ledger.acquirer(debt)
        if acquirer.protection.mac is None or may_lack_mac(self._ledger.reading(debt), message):
            self._read(debt, heard, "")
        elif len(debt.heard) < HEARD_MOST:
            debt.heard.append(heard)
            if len(debt.heard) == 1:
                self._verify(debt, heard)

    def _verify(self, debt: Debt, heard: Heard) -> None:
        """Have the MAC of one answer checked; the next one waits for that."""
        acquirer = self._ledger.acquirer(debt)
        name = debt.link.name if debt.link is not None else ""
        keys = self._world.keyring.to_verify(of_link(acquirer, name), acquirer.protection)
        asked = debt.original if heard.late else debt.sending
        sent = sent_first(debt.keys, keys)
        self._world.emit(Verify(debt.id, acquirer.name, heard.message, heard.payload, sent, asked))

    def _late(self, debt: Debt, message: Message) -> None:
        """The original's answer comes after it was given up."""
        acquirer, dialect = self._ledger.acquirer(debt), self._ledger.reading(debt)
        verdict = dialect.verdict(message)
        late = lateness(debt, acquirer.host_timeout, self._world.now.wall)
        finding = Finding(Verdict.LATE, f"{late} ms after the time-out" if late > 0 else "after it was given up")
        code = dialect.canonical(message)
        debt.tell(self._world.now.wall, Word.LATE, f"{code} ({verdict}), {finding}")
        self._world.log("late answer", "warning", id=debt.id, verdict=str(finding.verdict), late_ms=late,
                        code=code, means=str(verdict))  # fmt: skip
        if verdict in (CodeClass.APPROVED, CodeClass.PARTIAL):
            self.see_approval(debt)
        elif verdict is CodeClass.DECLINED and debt.state is DebtState.OWED and debt.attempts == 0:
            self._ledger.step(debt, DebtStep.SETTLED)
            undone = effects.undo(debt.row)
            debt.tell(self._world.now.wall, Word.SETTLED, "declined late, and nothing was sent: nothing is owed")
            declined = {"state": RowState.DECLINED, "code": code}
            self.end(debt, (Change(debt.row.id, set=declined), *undone))

    def see_approval(self, debt: Debt) -> None:
        """Note, also for a later process, that the host approved what is being reversed."""
        if not debt.approval_seen:
            debt.approval_seen = True
            seen = Change(debt.row.id, set={"approval_seen": True}, where={"state": OPEN_DEBT | {RowState.SENDING}})
            self._world.emit(File((seen,)))

    def heard(self, debt: Debt, mac: str) -> None:
        """Take in the security module's word on the MAC of the answer that came first."""
        if not debt.heard:
            return
        heard = debt.heard.popleft()
        self._links.heard_mac(debt.link, mac)
        self._read(debt, heard, mac)
        if debt.heard:
            self._verify(debt, debt.heard[0])

    def _read(self, debt: Debt, heard: Heard, mac: str) -> None:
        """Take in an answer, and the word on its MAC."""
        if not heard.late:
            self._answered(debt, heard.message, mac)
        elif mac:
            self._world.log("late answer", "warning", id=debt.id, cause="its MAC is wrong: it says nothing")
        else:
            self._late(debt, heard.message)

    def _answered(self, debt: Debt, message: Message, mac: str) -> None:
        """Read the answer to what the debt sent."""
        dialect = self._ledger.reading(debt)
        if debt.state in (DebtState.SETTLED, DebtState.STUCK):
            return
        if not debt.repeats and not debt.unanswered:
            self._world.log("late answer", "warning", id=debt.id, cause="a second answer to the same attempt")
            return
        code = dialect.canonical(message)
        at = self._circumstances(debt, message)
        if debt.unanswered:
            debt.unanswered.remove(max(debt.unanswered))
        if mac:
            step = DebtStep.AGAIN
        elif debt.repeats:
            unknown = dialect.verdict(message) is CodeClass.UNKNOWN
            step = read_repeat_answer(code, unknown=unknown, reversal=debt.row.kind is Kind.REVERSAL)
            if debt.resubmits and step is DebtStep.SETTLED and dialect.verdict(message) is CodeClass.DECLINED:
                step = DebtStep.REFUSED  # there is a receipt: a refusal settles nothing
        else:
            step = read_reversal_answer(code, at)
            debt.doubtful = debt.doubtful or code == "25" or (at.early and at.not_found_is_00)
        told = worth_telling(debt.attempts) or step is not DebtStep.AGAIN
        if told:
            means = MEANS[step] if not mac else "its MAC is wrong, asked again"
            debt.tell(self._world.now.wall, Word.DEBT_ANSWERED, f"{said(message.text(39))}: {means}")
        if step is DebtStep.AGAIN:
            if mac == "A0" or code in SIGN_ON_ANEW:
                self._links.sign_on_again(debt.link)
            if debt.state is DebtState.AWAITING:  # else the next attempt is on its way already
                self._ledger.step(debt, step)
                self.try_again(debt, at_least=self._ledger.undecided(debt) if code in _NOT_FOUND else 0.0)
            return
        self._ledger.step(debt, step)
        if step is DebtStep.REFUSED:
            self.stuck(debt, f"the host answered {message.text(39)}")
        else:
            self._settled(debt, message)

    def try_again(self, debt: Debt, at_least: float = 0.0) -> None:
        """Have *debt* sent again after a pause; one that grew too old meanwhile is an operator's."""
        if debt.older(self._ledger.acquirer(debt).debtor.give_up_after, self._world.now):
            self._ledger.step(debt, DebtStep.GIVEN_UP)
            self.stuck(debt, "too old")
        else:
            self._ledger.back_off(debt, at_least)

    def _same_day(self, debt: Debt, answer: Message) -> bool:
        """Return whether the business date is still that of the original: by the host's word, else by both clocks."""
        host, wall = self._links.hosts[debt.leg.acquirer], self._world.now.wall
        said = self._ledger.reading(debt).answer_facts(answer).get("date_settlement", "")
        day = host.calendar.heard(str(said), wall)
        if day is not None:
            return day == debt.row.business_date
        by_clock = host.acquirer.business_date
        return host.calendar.business_date(wall) == debt.row.business_date and by_clock(wall) == by_clock(debt.leg.sent)

    def _circumstances(self, debt: Debt, answer: Message) -> Circumstances:
        dialect = self._ledger.reading(debt)
        return Circumstances(
            own_stan=dialect.profile.reversal_stan == "new",
            repeated=debt.given > 1,
            # An answer that comes late may still be the one to an attempt that was early.
            early=any(debt.unanswered),
            approval_seen=debt.approval_seen,
            same_day=self._same_day(debt, answer),
            not_found_is_00=dialect.profile.reversal_not_found == "00",
        )

    def _settled(self, debt: Debt, message: Message) -> None:
        row = debt.row
        # What was approved before it was found is no doubt any more.
        debt.doubtful = debt.doubtful and not debt.repeats and not debt.approval_seen
        if not debt.repeats:
            window = timedelta(seconds=self._ledger.acquirer(debt).late_window)
            until = self._world.now.wall + window if debt.doubtful else None
            reversed_ = Change(row.id, set={"state": RowState.REVERSED, "doubtful_until": until})
            self.end(debt, (reversed_, *effects.undo(row)))
            return
        dialect = self._ledger.reading(debt)
        approved = dialect.verdict(message) in (CodeClass.APPROVED, CodeClass.PARTIAL)
        # Whoever asked for it was told that nobody knows: its receipt is a question until it asks again (ruling 2).
        stands = RowState.NOTED if row.kind in (Kind.REVERSAL, Kind.RESUBMISSION) else RowState.UNCONFIRMED
        columns = {
            "state": stands if approved else RowState.DECLINED,
            "approved": approved,
            "code": dialect.canonical(message),
            "answer": dialect.answer_facts(message),
            "rrn": message.text(37) or row.rrn,
            "approval": message.text(38) or row.approval,
        }
        effect, word = (effects.keep(row, row.amount), Word.KEPT) if approved else (effects.free(row), Word.FREED)
        self.end(debt, (Change(row.id, set=columns), *effect), word)

    # Ending

    def end(self, debt: Debt, entry: Entry, word: Word = Word.FREED) -> None:
        """End *debt*: let go of what it held, and commit *entry*; *word* says what that does to its original's row."""
        own, *others = entry
        assert isinstance(own, Change)
        story = line(self._world.now.wall, word, f"{debt.row.kind} {debt.row.id}")
        marked = (replace(each, story=story) for each in others if isinstance(each, Change))
        # Once only: a commit that is said to have failed is tried again, and may have been there the first time.
        debt.entry = (replace(own, where=before(debt), story=debt.take()), *marked)
        self.let_go(debt)
        self.file(debt)

    def let_go(self, debt: Debt) -> None:
        """Leave the order of the terminal, and let the STANs go; those of a stuck debt an operator may need."""
        self._ledger.leave(debt)
        if debt.state is not DebtState.STUCK:
            self._ledger.release(debt)

    def stuck(self, debt: Debt, cause: str) -> None:
        """Leave *debt* to an operator."""
        debt.tell(self._world.now.wall, Word.STUCK, said(cause))
        self._world.log("stuck", "error", id=debt.id, terminal=debt.row.terminal, amount=debt.row.amount, cause=cause)
        columns = {"state": RowState.STUCK, "reversible": not debt.repeats, "debt_stan": debt.stan}
        self.end(debt, (Change(debt.row.id, set=columns),))

    def file(self, debt: Debt) -> None:
        """Commit the end of *debt*."""
        debt.filed = True
        debt.deadline = None
        if debt.asked in {"", CARD}:  # otherwise when that is answered
            self._ledger.commit(debt, "end", debt.entry)

    def overtaken(self, debt: Debt, row: Row) -> bool:
        """Take in that *row* is not as the end of *debt* knew it; return whether that owes a reversal, nevertheless.

        A terminal may have asked for the reversal of what is being repeated, while nobody could commit that it is
        owed: then the answer to the repeat settles nothing. Any other end holds for a row that is still owed.
        """
        if debt.id != f"{row.id}/debt" or row.state not in (RowState.OWES_REVERSAL, RowState.OWES_REPEAT):
            self.gone(debt, overtaken=row.state is not RowState.STUCK)
            return False
        if debt.repeats and row.state is RowState.OWES_REVERSAL:
            del self._ledger.debts[debt.id]
            return True
        own, *others = debt.entry
        assert isinstance(own, Change)
        debt.unnoted, debt.entry = None, (replace(own, where={"state": row.state}), *others)
        self.file(debt)
        return False

    def gone(self, debt: Debt, *, overtaken: bool = False) -> None:
        """Take in that the end of *debt* is durable, or *overtaken* by what somebody else committed."""
        del self._ledger.debts[debt.id]
        if debt.state is DebtState.STUCK and overtaken:
            self._ledger.release(debt)
        elif debt.state is DebtState.STUCK:
            self.stuck_debts[debt.id] = debt
        if debt.state is not DebtState.SETTLED:
            return
        passed = (self._world.now.wall - debt.owed_since).total_seconds()
        self._world.log("settled", id=debt.id, terminal=debt.row.terminal, attempts=debt.attempts,
                        ms=round(passed * 1000, 1))  # fmt: skip
        if debt.doubtful and debt.approval_seen:  # it came while the end was being committed
            self.reopen(debt)
        elif debt.doubtful:
            self._remember(debt)

    def _remember(self, debt: Debt) -> None:
        """Keep *debt* for as long as its original may still be answered."""
        now = self._world.now.mono
        for name, other in list(self.doubtful.items()):
            if other.deadline is None or other.deadline > now:
                break
            del self.doubtful[name]
            over = Change(other.row.id, set={"doubtful_until": None}, where={"state": RowState.REVERSED})
            self._world.emit(File((over,)))
        debt.deadline = now + self._ledger.acquirer(debt).late_window
        self.doubtful[debt.id] = debt

    def doubt(self, debt: Debt) -> None:
        """Take up *debt*, which an earlier process settled in doubt."""
        debt.state, debt.doubtful = DebtState.SETTLED, True
        self._ledger.reserve(debt)
        self._ledger.release(debt)
        self._remember(debt)

    def reopen(self, debt: Debt) -> None:
        """Owe *debt* again: its original was approved."""
        self.doubtful.pop(debt.id, None)
        self._ledger.step(debt, DebtStep.REOPENED)
        # What it did to another row was undone when it was settled, and is not undone again.
        debt.row = replace(debt.row, state=RowState.OWES_REVERSAL, original="")
        debt.approval_seen = True
        self._begin_anew(debt)
        self._world.log("reopened", "warning", id=debt.id, terminal=debt.row.terminal, cause="approved after all")
        debt.unnoted = {"state": RowState.REVERSED}
        debt.tell(self._world.now.wall, Word.REOPENED, "the host approved after it had not found it")
        self._ledger.commit(debt, "owed", noting(debt))

    def owe_again(self, debt: Debt, row: Row) -> None:
        """Owe the stuck *debt* again, as *row* says: an operator has asked for it."""
        del self.stuck_debts[debt.id]
        self._ledger.step(debt, DebtStep.RESENT)
        debt.row = row
        self._begin_anew(debt)
        self._world.log("resent", "warning", id=debt.id, terminal=row.terminal, cause="an operator asked for it")
        self._world.wake(self._world.now.mono, debt.id)

    def _begin_anew(self, debt: Debt) -> None:
        """Put *debt* into the order again, with the STANs that it had."""
        debt.doubtful, debt.filed, debt.entry = False, False, ()
        debt.deadline, debt.owed_since, debt.tries = None, self._world.now.wall, 0
        self._ledger.add(debt)
        self._ledger.reserve(debt)
