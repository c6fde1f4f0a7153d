"""The end of a request: its refusal or answer, what became of that, and its line in the log.

A refusal is given only after the journal was asked whether the message repeats an earlier one: a repeat gets its first
answer, also when the route or the link is gone by now.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Final

from msgspec.structs import replace

from iso_gateway.protocol import effects
from iso_gateway.protocol.answering import Answering
from iso_gateway.protocol.commands import File, Journal, Lookup
from iso_gateway.protocol.composing import query_for
from iso_gateway.protocol.events import Fate
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.overtaken import Refusals
from iso_gateway.protocol.owing import STILL_ALL_OF_IT, WHILE_SENDING, Owing
from iso_gateway.protocol.questions import Questions
from iso_gateway.protocol.records import APPROVED, Change, Entry, Insert, Key, Row, RowState
from iso_gateway.protocol.request import NOTHING, Request, noted
from iso_gateway.protocol.setup import Acquirer
from iso_gateway.protocol.story import Word, added, found_out, line
from iso_gateway.protocol.transaction import State, Step
from iso_gateway.protocol.world import World

FINAL: Final = frozenset({"A0", "30", "94"})
"""Refusals for which it does not matter whether the message is a repeat."""


_DONE: Final = {"state": RowState.DONE}
_UNDELIVERED: Final = RowState.ANSWERED
_DELIVERING, _RECORDED, _HANDED_OVER = State.DELIVERING, Step.RECORDED, Step.HANDED  # see forwarding.py
_TO_PROTECT, _PROTECTED = Step.TO_PROTECT, Step.PROTECTED
_HANDED, _REVERSAL, _TELL_DELIVERED = Fate.HANDED, Kind.REVERSAL, Word.DELIVERED
_UNCONFIRMED: Final = {"state": RowState.UNCONFIRMED}

_COMMITTING: Final = (State.JOURNALING, State.RECORDING, State.FILING)
"""The states in which the journal was asked for something."""

_FORGED: Final = frozenset({"A0", "A7", "77"})
"""How a message is refused that may be anybody's; what it says must not decide on the terminal's own."""

_BEFORE_LOOKING: Final = (State.VERIFYING, State.SECURING, State.JOURNALING)


class Underway:
    """All requests under way, by id, by key and by terminal."""

    def __init__(self) -> None:
        self.requests: dict[str, Request] = {}
        self.by_key: dict[Key, Request] = {}
        """Those that a repeat may join."""
        self.busy: dict[tuple[str, str], set[str]] = {}
        """The requests that count against a terminal's bound."""
        self.refusals = Refusals()


class Closing:
    """Answers requests, and lets them go."""

    def __init__(self, world: World, links: Links, owing: Owing, questions: Questions, underway: Underway) -> None:
        self._world = world
        self._questions = questions
        self._links = links
        self._owing = owing
        self._underway = underway
        self.answering = Answering(world)

    def refuse(self, request: Request, code: str, why: str = "") -> None:
        """Answer with *code*, unless the message turns out to repeat an earlier one; *why* is for people."""
        request.why = why or request.why
        repeatable = TRAITS[request.kind].financial and code not in FINAL and request.fingerprint
        if repeatable and not request.looked and request.state in _BEFORE_LOOKING:
            request.refusal = code
            self.look_up(request)
            return
        request.code = code
        request.step(Step.REFUSED)
        self.deliver(request)

    def too_slow(self, request: Request) -> None:
        """Take in that the security module or the journal did not answer in time: nothing was sent.

        That is 96, which the terminal takes for final; so what may be a repeat hears that nobody knows.
        """
        financial = TRAITS[request.kind].financial
        in_flight = self.in_flight_beside(request)
        if financial and not in_flight and request.state is not State.LOOKING_UP:
            request.refusal = "96"
            self.look_up(request)
            return
        unknown = financial or in_flight
        request.code = request.listener.dialect.profile.no_answer if unknown else "96"
        request.step(Step.TIMED_OUT)
        self.deliver(request)

    def in_flight_beside(self, request: Request) -> bool:
        """Return whether another message with the key of *request* is under way."""
        return self._underway.by_key.get(request.key) not in (None, request)

    def look_up(self, request: Request) -> None:
        """Ask the journal for the original of *request*, and for an earlier message under its key."""
        request.step(Step.SOUGHT)
        self.wait(request, self._world.setup.limits.stage)
        self._world.emit(Lookup(request.id, request.key, query_for(request)))

    def deliver(self, request: Request) -> None:
        """Give every asker its answer; from here on a repeat is answered from the journal."""
        request.deadline = None
        if self._underway.by_key.get(request.key) is request:
            del self._underway.by_key[request.key]
        self._free_terminal(request)
        if not request.approved and request.replaying is None and (request.fingerprint or request.code not in _FORGED):
            last = request.askers[-1].message.text(7)
            self._underway.refusals.add(request.key, last, request.code, self._world.now.mono)
        acquirer = self.acquirer(request.acquirer)
        askers, answering = list(request.askers), self.answering
        if not any(answering.protects(asker, request.code) for asker in askers):
            for asker in askers:
                answering.deliver(request, asker, acquirer)
            return
        request.step(_TO_PROTECT)
        request.ready = []
        for number in range(len(askers)):
            answering.protect(request, number, acquirer, partial(self._protected, request, number))

    def _protected(self, request: Request, number: int, payload: bytes | None) -> None:
        """Take in the answer to one asker with its MAC; when there are all of them, they are handed over."""
        request.ready.append((request.askers[number], payload))
        if len(request.ready) < len(request.askers):
            return
        request.step(_PROTECTED)
        for asker, ready in request.ready:
            self.answering.hand(request, asker, ready)

    def _free_terminal(self, request: Request) -> None:
        """Stop counting *request* against its terminal's bound.

        A terminal may have read its answer and sent the next request before the answer's fate is told to us.
        """
        who = request.key[:2]
        waiting = self._underway.busy.get(who)
        if waiting is not None:
            waiting.discard(request.id)
            if not waiting:
                del self._underway.busy[who]

    def delivered(self, request: Request, fate: Fate) -> None:
        """Take in what became of one asker's answer."""
        request.fates += (fate,)
        if len(request.fates) < len(request.askers) or request.state is not _DELIVERING:
            return
        approved = request.approved or request.replaying is not None
        row = request.replaying or request.as_recorded() if approved and _HANDED not in request.fates else None
        if row is None or row.state not in APPROVED:
            request.step(_HANDED_OVER)
            if row is None:
                self._file_done(request)
            self._close(request)
            return
        cut = Fate.CUT in request.fates
        request.step(Step.CUT if cut else Step.NOT_HANDED)
        owed = request.owed_state
        if not cut and request.replaying is None and owed is RowState.OWES_REVERSAL:
            request.owes = "96"  # else who asks again did not get the first answer, whatever the socket took
        self._world.log("not delivered", "warning", id=request.id, terminal=request.terminal, fate=str(fate))
        wall = self._world.now.wall
        request.tell(wall, Word.NOT_DELIVERED, str(fate))
        if request.owes:
            request.tell(wall, Word.OWED, f"{owed}, reason {request.owes}")
        else:
            request.tell(wall, Word.UNCONFIRMED)
        story = added(row.story, request.take())
        if request.owes:
            request.proposed = replace(row, state=RowState.OWES_REVERSAL, reason="96")
            request.entry = effects.reversal_owed(row, "96", STILL_ALL_OF_IT, story)
        else:
            before = _UNDELIVERED if request.replaying is None else APPROVED
            request.entry = (Change(row.id, set=_UNCONFIRMED, where={"state": before}, story=story),)
        self._world.emit(Journal(request.id, request.entry))

    def _file_done(self, request: Request) -> None:
        """Note what became of the answer to *request*; without it, an approved row is a question (ruling 2)."""
        row = request.replaying or request.journaled
        if row is None:
            return
        handed = _HANDED in request.fates
        word, text = (_TELL_DELIVERED, request.code) if handed else (Word.NOT_DELIVERED, str(request.fates[-1]))
        story = added(row.story, request.untold + line(self._world.now.wall, word, text))
        # As in `as_recorded`, but of the row that is made there nothing else is wanted.
        state = row.state if request.replaying is not None else request.outcome.get("state", row.state)
        if state in APPROVED:
            before = _UNDELIVERED if request.replaying is None else APPROVED
            self._world.emit(File((Change(row.id, set=_DONE, where={"state": before}, story=story),)))
        else:
            self._world.emit(File((Change(row.id, story=story),)))

    def _close(self, request: Request) -> None:
        del self._underway.requests[request.id]
        self._world.forget(request.id)
        for asker in request.askers:
            asker.connection.in_flight -= 1
        passed = self._world.now.mono - request.arrived.mono
        self._world.log(
            "txn", id=request.id, kind=str(request.kind), terminal=request.terminal, merchant=request.merchant,
            stan=request.stan, amount=request.amount, currency=request.currency, card=request.card,
            acquirer=request.acquirer, link=request.link.name if request.link else "", code=request.code,
            rrn=str(request.answer.get("retrieval_reference_number", "")), owes=request.owes,
            replay=request.replaying is not None, cause=request.why, ms=round(passed * 1000, 1),
        )  # fmt: skip

    def record_alone(self, request: Request, code: str, entry: Entry) -> None:
        """Answer *request* from here with *code*, once *entry* is durable."""
        request.code = code
        request.step(Step.DECIDED_ANEW if request.state is State.RECORDING else Step.RECORDED)
        request.host_request = request.journaled = request.proposed = None
        request.outcome = NOTHING
        request.deadline = None
        request.entry = entry
        self._world.emit(Journal(request.id, entry))

    def list_reversal(self, request: Request) -> None:
        """Refuse a reversal that names what nobody can find, for an operator to look at (ruling 3)."""
        request.tell(self._world.now.wall, Word.ORIGINAL, "unknown, and named by its STAN alone")
        self.list_request(request, "a reversal names an unknown original by its STAN alone")

    def list_request(self, request: Request, why: str) -> None:
        """Refuse with 25 what may be about money that nobody can find; its row is listed for an operator."""
        self._world.log("listed", "warning", terminal=request.terminal, stan=request.stan, cause=why)
        wall = self._world.now.wall
        request.why = why
        request.tell(wall, Word.REFUSED, f"25, {why}")
        request.tell(wall, Word.FLAGGED, "for an operator to look at")
        row = replace(noted(request, wall.date(), "25"), flags=(why,))
        self.record_alone(request, "25", (Insert(row), *request.tombstone))

    def recorded(self, request: Request) -> None:
        """The outcome is durable: answer, and start paying what is owed."""
        request.step(_RECORDED)
        original = request.original_row
        if request.kind is _REVERSAL and request.host_request is None and original is not None:
            # One debt, whoever asked for it: the row says whether anything is owed.
            if original.state is RowState.OWES_REVERSAL:
                self._owing.open(original, None)
        elif request.owes and (row := request.as_recorded()) is not None:
            self._owing.open(row, request.host_request)
        self.deliver(request)

    def overtaken(self, request: Request, row: Row) -> None:
        """Another commit was faster: the terminal's reversal, most likely. Nothing is delivered as approved."""
        if request.state is State.FILING:
            self._fate_overtaken(request, row)
            return
        request.step(Step.CONFLICT)
        if request.host_request is not None:
            self._owing.adopt(row, request.host_request, approved=request.approved)
            change = request.entry[0] if request.entry else None
            if isinstance(change, Change) and (story := found_out(change.story)):
                # It is told all the same: it explains what was faster.
                self._world.emit(File((Change(row.id, story=added(row.story, story)),)))
        request.owes = ""
        self._unknown(request)
        self.deliver(request)

    def _fate_overtaken(self, request: Request, row: Row) -> None:
        """What nobody got cannot be reversed any more: it is a question, unless *row* is it and tells what it is."""
        owed, request.owes = request.owes, ""
        ours = request.journaled
        if owed and ours is not None and (row.id != ours.id or row.state is _UNDELIVERED):
            request.step(Step.DECIDED_ANEW)
            request.proposed = None
            wall = self._world.now.wall
            told = line(wall, Word.NOT_DELIVERED, "and something was built upon it since: no reversal")
            story = added(ours.story, told + line(wall, Word.UNCONFIRMED))
            request.entry = (Change(ours.id, set=_UNCONFIRMED, where={"state": _UNDELIVERED}, story=story),)
            self._world.emit(Journal(request.id, request.entry))
        else:
            request.step(Step.CONFLICT)
            self._close(request)

    def _unknown(self, request: Request) -> None:
        """Have the terminal hear what it would hear had the host been silent."""
        request.code = request.listener.dialect.profile.no_answer
        request.own_code, request.answer, request.approved, request.replaying = "", {}, False, None
        request.outcome = NOTHING

    def journal_failed(self, request: Request, reason: str) -> None:
        """Take in that the journal could not commit: no new money, and no approval that is not durable."""
        if request.state not in _COMMITTING:
            return
        self._world.log("journal", "error", id=request.id, cause=reason)
        match request.state:
            case State.JOURNALING:
                # Nothing is sent; but what cannot be committed may be a repeat of what was, or be committed after all.
                row, request.journaled, request.looked = request.journaled, None, False
                if row is not None and not TRAITS[request.kind].financial:  # which is never looked up
                    unsent = {"state": RowState.NOT_SENT, "claims": (), "code": "96"}
                    self._owing.file_later(row, (Change(row.id, set=unsent, where=WHILE_SENDING),))
                self.refuse(request, "96")
                return
            case State.RECORDING if request.host_request is None:
                self._reverse_all_the_same(request)
                self._unknown(request)
            case State.RECORDING if (request.approved or request.owes) and TRAITS[request.kind].financial:
                # The row still says SENDING, which is the debt (ruling 10).
                self._owe_all_the_same(request)
                self._unknown(request)
            case State.RECORDING if request.journaled is not None:
                self._owing.file_later(request.journaled, request.entry)
                if request.approved:
                    self._unknown(request)
            case State.FILING:
                request.step(Step.JOURNAL_FAILED)
                row = request.replaying or request.journaled
                if request.owes and request.proposed is not None:
                    self._owing.open(request.proposed, request.host_request, unnoted=STILL_ALL_OF_IT)
                elif row is not None:
                    self._owing.file_later(row, request.entry)
                self._close(request)
                return
            case _:
                pass
        request.step(Step.JOURNAL_FAILED)
        self.deliver(request)

    def _reverse_all_the_same(self, request: Request) -> None:
        """Owe the reversal that the terminal asks for, whether or not the journal could be told of it."""
        original = request.original_row
        if request.kind is not _REVERSAL or original is None or original.state is not RowState.OWES_REVERSAL:
            return
        changes = (part for part in request.entry if isinstance(part, Change) and part.id == original.id)
        if (change := next(changes, None)) is not None:
            self._owing.open(original, None, unnoted=change.where, story=change.story)

    def wait(self, request: Request, seconds: float) -> None:
        """Give *request* a deadline."""
        request.deadline = self._world.now.mono + seconds
        self._world.remind(request.deadline, request.id)

    def forget_link(self, request: Request) -> None:
        """Note that its link owes *request* nothing more."""
        if request.link is not None:
            self._links.answered(request.link.name, request.id)

    def filed(self, request: Request) -> None:
        """Take in that the fate of the answer is durable."""
        request.step(Step.RECORDED)
        row = request.replaying or request.journaled
        if request.owes and request.proposed is not None:
            self._owing.open(request.proposed, request.host_request)
        elif row is not None:
            self._questions.ask(row)
        self._close(request)

    def owes(self, row_id: str) -> bool:
        """Return whether a debt of the row *row_id*, or what the journal has still to be told of it, is in hand."""
        return f"{row_id}/debt" in self._owing.debts or f"{row_id}/filing" in self._owing.debts

    def _owe_all_the_same(self, request: Request) -> None:
        """Owe what the journal could not be told: its SENDING row is the debt (ruling 10)."""
        row = request.journaled
        if row is None or not TRAITS[request.kind].financial:
            return
        state = request.owed_state
        request.owes = request.owes or "98"
        owed = replace(row, state=state, reason=request.owes)
        change = request.entry[0] if request.entry else None
        story = change.story if isinstance(change, Change) else ""
        self._owing.open(owed, request.host_request, unnoted=WHILE_SENDING, story=story)
        if request.approved:
            self._owing.approval_seen(row.id)

    def business_date(self, name: str, wall: datetime) -> date:
        """Return the business date of the acquirer *name* at *wall*; that of UTC for one that nobody knows."""
        host = self._links.hosts.get(name)
        return host.calendar.business_date(wall) if host is not None else wall.date()

    def acquirer(self, name: str) -> Acquirer | None:
        """Return the acquirer *name*, also one that a reload has taken away while requests of it were in flight."""
        host = self._links.hosts.get(name)
        return host.acquirer if host is not None else None
