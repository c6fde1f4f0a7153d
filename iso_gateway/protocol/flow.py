"""The way of one request through the gateway: what is looked at in which order, and what is asked of the edge.

    verify MAC -> repeat of one in flight? -> original and repeat, where it names one -> rules, bounds, route
    -> secure and number anew -> journal -> send -> match -> verify MAC -> compare -> journal -> deliver

The states and their transitions are the table in ``transaction.py``; this is what decides between them. A refusal
is given only after the journal was asked whether the message repeats an earlier one: a repeat gets its first answer,
also when the route or the link is gone by now.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec.structs import replace as _with

from iso_gateway.codec.message import Message
from iso_gateway.errors import CannotCarry, EncodeError
from iso_gateway.protocol import effects, rules
from iso_gateway.protocol.answering import Answering, answer_facts, mismatch
from iso_gateway.protocol.commands import Journal, Lookup, Secure, Verify
from iso_gateway.protocol.composing import host_message, query_for
from iso_gateway.protocol.dialect import is_repeat
from iso_gateway.protocol.events import Conflict, Fate, Found, Secured
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.owing import Owing
from iso_gateway.protocol.profile import CodeClass, KindRow
from iso_gateway.protocol.records import APPROVED, OPEN_DEBT, Change, Entry, Insert, Key, Row, RowState
from iso_gateway.protocol.request import Asker, Request, host_leg, journal_row, masked, text
from iso_gateway.protocol.routing import Query, route
from iso_gateway.protocol.setup import UNBATCHED_KEY_LIFE
from iso_gateway.protocol.transaction import State, Step
from iso_gateway.protocol.world import World

FINAL: Final = frozenset({"A0", "30", "94"})
"""Refusals for which it does not matter whether the message is a repeat."""


class Flow:
    """All requests under way."""

    def __init__(self, world: World, links: Links, owing: Owing) -> None:
        self._world = world
        self._links = links
        self._owing = owing
        self._answering = Answering(world)
        self.requests: dict[str, Request] = {}
        self._in_flight: dict[Key, Request] = {}
        self._busy: dict[tuple[str, str], set[str]] = {}

    # In

    def arrive(self, asker: Asker, kind: Kind, row: KindRow) -> None:
        """Take in a request of a known terminal."""
        world = self._world
        request = Request(world.new_id(), asker, kind, row, world.now)
        if asker.connection.in_flight >= world.setup.limits.per_connection:
            self._answering.at_once(asker, "96")
            world.log("bound", "warning", peer=asker.connection.peer, cause="too many requests on the connection")
            return
        asker.connection.in_flight += 1
        self.requests[request.id] = request
        self._wait(request, world.setup.limits.stage)
        world.emit(Verify(request.id, request.listener.name, request.message))

    def verified(self, request: Request, code: str) -> None:
        """Take in the security module's word on the request's, or its answer's, MAC."""
        if request.state is State.CHECKING:
            self._judge(request, code)
            return
        if code:
            self._refuse(request, code)
            return
        lent = self._world.lent
        request.fingerprint = lent.fingerprint(request.fingerprint_text())
        request.card_hash = lent.fingerprint(request.pan.encode()) if request.pan else b""
        earlier = self._in_flight.get(request.key)
        if earlier is not None:
            self._join(request, earlier)
            return
        self._in_flight[request.key] = request
        original = request.original
        named = TRAITS[request.kind].original and (original.stan or original.rrn or original.approval)
        if request.kind is Kind.REVERSAL and not named:
            self._refuse(request, "25")
        elif request.amount == 0 and TRAITS[request.kind].financial:
            self._refuse(request, "13")
        elif named or is_repeat(request.message.mti):
            self._look_up(request)
        else:
            self._clear(request)

    def _join(self, request: Request, earlier: Request) -> None:
        """Let a repeat wait for the outcome of the one in flight: one host request, two answers."""
        if request.fingerprint != earlier.fingerprint:
            self._clash(request)
            return
        del self.requests[request.id]
        earlier.askers.extend(request.askers)
        self._world.log("joined", id=earlier.id, terminal=request.terminal, stan=request.stan)

    def _clash(self, request: Request) -> None:
        self._world.log(
            "duplicate", "warning", terminal=request.terminal, stan=request.stan,
            cause="another message under the key of an earlier one: terminal swapped, or its STAN reset?",
        )  # fmt: skip
        self._refuse(request, "94")

    def _look_up(self, request: Request) -> None:
        request.step(Step.SOUGHT)
        self._wait(request, self._world.setup.limits.stage)
        self._world.emit(Lookup(request.id, request.key, query_for(request)))

    def found(self, request: Request, event: Found) -> None:
        """Take in what the journal knows of the request's key and of its original."""
        if request.state is not State.LOOKING_UP:
            return
        request.looked = True
        if event.same_key is not None and not self._outdated(request, event.same_key):
            self._same_key(request, event.same_key)
        elif request.refusal:
            self._refuse(request, request.refusal)
        elif is_repeat(request.message.mti) and event.same_key is None and self._may_have_left(request):
            self._world.log("listed", "warning", terminal=request.terminal, stan=request.stan,
                            cause="a repeat whose original may have left the journal is not sent as new")  # fmt: skip
            self._refuse(request, "25")
        else:
            self._with_original(request, max(event.originals, key=lambda row: row.received, default=None))

    def _with_original(self, request: Request, original: Row | None) -> None:
        if request.kind is Kind.REVERSAL:
            self._reverse(request, original)
            return
        if original is not None:
            code = rules.refusal(self._claim(request, original), standing(original))
            if code:
                self._refuse(request, code)
                return
            request.original_row = original
        elif TRAITS[request.kind].original and not request.original.issued_by_host:
            # The gateway renumbers: the terminal's STAN may name another sale on the host's leg (rulings 3, 22).
            self._refuse(request, "25")
            return
        self._clear(request)

    # Reversals by the terminal

    def _reverse(self, request: Request, original: Row | None) -> None:
        """Merge the terminal's reversal with whatever the gateway knows of its original (rulings 2, 3)."""
        if original is None:
            self._reverse_unknown(request)
            return
        request.original_row = original
        if request.card_hash and original.card_hash and request.card_hash != original.card_hash:
            self._refuse(request, "14")
        elif request.amount and request.amount != original.amount:
            self._refuse(request, "64")
        elif original.state is RowState.SENDING or original.state in APPROVED:
            owed = Change(
                original.id,
                set={"state": RowState.OWES_REVERSAL, "reason": text(request.message, 39) or "17"},
                where={"state": original.state, "taken": original.taken},
            )
            self._record_alone(request, "00", (Insert(self._noted(request)), owed))
        else:  # declined, never sent, already reversed, or owed: nothing to ask of the host
            self._record_alone(request, "00", (Insert(self._noted(request)),))

    def _reverse_unknown(self, request: Request) -> None:
        """A reversal without its original: whatever comes under that key later is refused (ruling 3)."""
        named = request.original
        if named.stan:
            claims = tuple(
                (request.merchant, request.terminal, request.batch, named.stan, str(kind))
                for kind in TRAITS[Kind.REVERSAL].original
            )
            tomb = journal_row(request, b"", None, self._today(request))
            tomb = _with(tomb, id=f"{request.id}-t", claims=claims, state=RowState.TOMBSTONE)
            request.tombstone = (Insert(tomb),)
        if named.issued_by_host:
            self._clear(request)
            return
        self._world.log("listed", "warning", terminal=request.terminal, stan=request.stan,
                        cause="a reversal names an unknown original by its STAN alone")  # fmt: skip
        self._record_alone(request, "25", (Insert(self._noted(request)), *request.tombstone))

    def _noted(self, request: Request) -> Row:
        return _with(journal_row(request, b"", None, self._today(request)), state=RowState.NOTED, code="00")

    def _record_alone(self, request: Request, code: str, entry: Entry) -> None:
        """Answer from here, once *entry* is durable."""
        request.code = code
        request.step(Step.RECORDED)
        self._wait(request, self._world.setup.limits.stage)
        self._world.emit(Journal(request.id, entry))

    # Out

    def _clear(self, request: Request) -> None:
        """Bounds, route, link, the host's message; then the security module."""
        world = self._world
        waiting = self._busy.setdefault((request.merchant, request.terminal), set())
        counts = TRAITS[request.kind].financial and request.kind_row.reversible and request.kind is not Kind.REVERSAL
        if counts and len(waiting) >= world.setup.limits.per_terminal and not is_repeat(request.message.mti):
            self._refuse(request, "96")
            return
        known = request.original_row.host if request.original_row is not None else None
        query = Query(request.pan, request.message.mti[1], request.terminal, request.currency, request.amount)
        request.acquirer = known.acquirer if known is not None else route(world.setup.routes, query) or ""
        if request.acquirer not in world.setup.acquirers:
            self._refuse(request, "92")
            return
        request.link = self._links.pick(request.acquirer)
        stan = self._links.next_stan(request.acquirer) if request.link is not None else None
        if stan is None:
            self._refuse(request, "91")
            return
        try:
            message = host_message(request, world.setup.acquirers[request.acquirer], stan, world.now)
        except (CannotCarry, EncodeError) as error:
            world.log("cannot carry", "warning", terminal=request.terminal, cause=str(error))
            self._refuse(request, error.code if isinstance(error, CannotCarry) else "30")
            return
        if counts:
            waiting.add(request.id)
        request.step(Step.VERIFIED if request.state is State.VERIFYING else Step.CLEARED)
        self._wait(request, world.setup.limits.stage)
        world.emit(Secure(request.id, request.acquirer, message))

    def secured(self, request: Request, event: Secured) -> None:
        """Take in the host's message with PIN block and MAC; commit the intent."""
        if request.state is not State.SECURING:
            return
        acquirer = self._world.setup.acquirers.get(request.acquirer)
        if event.message is None or acquirer is None:
            self._refuse(request, event.code or "96")
            return
        try:
            request.payload = acquirer.dialect.spec.encode(event.message)
        except EncodeError as error:
            self._world.log("cannot carry", "warning", terminal=request.terminal, cause=str(error))
            self._refuse(request, "30")
            return
        request.host_request = event.message
        request.step(Step.SECURED)
        self._journal_intent(request, ())

    def _journal_intent(self, request: Request, releasing: tuple[str, ...]) -> None:
        assert request.host_request is not None
        acquirer = self._world.setup.acquirers[request.acquirer]
        now = self._world.now
        local = now.wall.astimezone(acquirer.zone)
        leg = host_leg(request, request.host_request, local.strftime("%y%m%d%H%M%S"), now)
        sealed = self._world.lent.seal(request.pan) if request.pan else b""
        row = journal_row(request, sealed, leg, acquirer.business_date(now.wall).date())
        request.journaled = row
        held = effects.hold(request.kind, request.amount, request.original_row) if request.original_row else ()
        request.deadline = None  # only the journal's answer tells whether to send
        self._world.emit(Journal(request.id, (Insert(row, releasing), *held, *request.tombstone)))

    def journaled(self, request: Request) -> None:
        """Take in that the journal committed what the request asked of it."""
        match request.state:
            case State.JOURNALING:
                self._send(request)
            case State.RECORDING:
                request.step(Step.RECORDED)
                self._recorded(request)
            case State.FILING:
                request.step(Step.RECORDED)
                self._open_debt(request)
                self._close(request)
            case _:
                pass

    def _send(self, request: Request) -> None:
        assert request.host_request is not None
        request.step(Step.JOURNALED)
        acquirer = self._world.setup.acquirers.get(request.acquirer)
        link = request.link
        if link is None or not link.session.takes_money:
            link = request.link = self._links.pick(request.acquirer)
        if link is None or acquirer is None:
            self.not_sent(request)
            return
        if not self._links.give(link, request.id, request.host_request, request.payload):
            self.not_sent(request)
            return
        self._wait(request, acquirer.host_timeout)

    # Back

    def answered(self, request: Request, message: Message) -> None:
        """Take in the host's answer."""
        if request.state is not State.SENT:
            self._world.log("unmatched", "warning", id=request.id, cause=f"a second answer, while {request.state}")
            return
        request.step(Step.ANSWERED)
        self._forget_link(request)
        request.host_answer = message
        self._wait(request, self._world.setup.limits.stage)
        self._world.emit(Verify(request.id, request.acquirer, message))

    def _judge(self, request: Request, mac: str) -> None:
        """Decide what the host's answer means."""
        answer, asked = request.host_answer, request.host_request
        assert answer is not None
        assert asked is not None
        acquirer = self._world.setup.acquirers[request.acquirer]
        dialect = acquirer.dialect
        request.step(Step.JUDGED)
        verdict = dialect.verdict(answer)
        approves = verdict in (CodeClass.APPROVED, CodeClass.PARTIAL)
        differs = mismatch(asked, answer, partial=verdict is CodeClass.PARTIAL) if approves else ""
        if mac:
            self._owe(request, "A0", "MAC of the answer")
        elif differs:
            self._owe(request, "06", f"mismatch: {differs} of the answer is not the request's")
        elif verdict is CodeClass.PARTIAL and not request.listener.partial_approval:
            self._owe(request, "06", "partial approval, which the terminal cannot take", code="51")
        elif verdict is CodeClass.UNKNOWN:
            self._owe(request, "98", f"the host itself does not know: {dialect.canonical(answer)}")
        else:
            self._links.release(request.acquirer, asked, late=False)
            self._settle(request, answer, approved=approves)

    def _settle(self, request: Request, answer: Message, *, approved: bool) -> None:
        """Commit a clear answer."""
        dialect = self._world.setup.acquirers[request.acquirer].dialect
        request.code = dialect.canonical(answer)
        request.own_code = text(answer, 39)
        request.answer = answer_facts(dialect, answer)
        request.approved = approved
        row = request.journaled
        assert row is not None
        confirmable = TRAITS[request.kind].financial and request.kind is not Kind.REVERSAL
        state = RowState.DECLINED if not approved else RowState.ANSWERED if confirmable else RowState.NOTED
        columns: dict[str, object] = {"state": state, "code": request.code, "answer": request.answer}
        columns["approved"] = approved
        columns["rrn"] = text(answer, 37)
        columns["approval"] = text(answer, 38)
        if approved and (amount := text(answer, 4)).isdecimal() and request.amount:
            columns["amount"] = int(amount)
        effect = effects.keep if approved else effects.free
        self._record(request, columns, effect(request.kind, request.amount, row.original))

    def _owe(self, request: Request, reason: str, cause: str, code: str = "") -> None:
        """Commit that the outcome is unknown, and that the host is owed a reversal or a repeat."""
        no_answer = request.listener.dialect.profile.no_answer
        request.code = code or no_answer
        self._world.log("unknown outcome", "warning", id=request.id, terminal=request.terminal, cause=cause)
        if not TRAITS[request.kind].financial:
            if request.host_request is not None:
                self._links.release(request.acquirer, request.host_request, late=True)
            self._record(request, {"state": RowState.DECLINED, "code": request.code}, ())
            return
        request.owes = reason
        reversible = request.kind is not Kind.REVERSAL and self._host_reverses(request)
        state = RowState.OWES_REVERSAL if reversible else RowState.OWES_REPEAT
        columns: dict[str, object] = {"state": state, "reason": reason, "code": request.code}
        self._record(request, columns, ())

    def _host_reverses(self, request: Request) -> bool:
        row = self._world.setup.acquirers[request.acquirer].dialect.profile.row(request.kind)
        return row is not None and row.reversible

    def not_sent(self, request: Request) -> None:
        """Take in that not a byte went out: nothing is owed, and the terminal may ask again."""
        if request.state is not State.SENT:
            return
        request.step(Step.NOT_SENT)
        self._forget_link(request)
        if request.host_request is not None:
            self._links.release(request.acquirer, request.host_request, late=False)
        request.code = "91"
        row = request.journaled
        assert row is not None
        freed = effects.free(request.kind, request.amount, row.original)
        self._record(request, {"state": RowState.NOT_SENT, "claims": (), "code": "91"}, freed)

    def uncertain(self, request: Request, cause: str) -> None:
        """Take in that the link failed after the request was given to it."""
        if request.state is State.SENT:
            request.step(Step.UNCERTAIN)
            self._forget_link(request)
            self._owe(request, "98", cause)

    def _record(self, request: Request, columns: dict[str, object], effect: tuple[Change, ...]) -> None:
        row = request.journaled
        assert row is not None
        request.journaled = _with(row, **columns)
        self._wait(request, self._world.setup.limits.stage)
        change = Change(row.id, set=columns, where={"state": RowState.SENDING})
        self._world.emit(Journal(request.id, (change, *effect)))

    def _recorded(self, request: Request) -> None:
        """The outcome is durable: answer, and start paying what is owed."""
        if request.kind is Kind.REVERSAL and request.original_row is not None and request.host_request is None:
            self._owing.reversed_by_terminal(request.original_row)
        self._open_debt(request)
        self._deliver(request)

    def _open_debt(self, request: Request) -> None:
        if request.owes and request.journaled is not None:
            self._owing.open(request.journaled, request.host_request)

    # Repeats

    def _same_key(self, request: Request, row: Row) -> None:
        """Answer a message whose key the journal knows: a repeat from its row, anything else with 94."""
        if row.state is RowState.TOMBSTONE or row.fingerprint != request.fingerprint:
            self._clash(request)
            return
        request.replaying = row
        request.answer = row.answer
        no_answer = request.listener.dialect.profile.no_answer
        match row.state:
            case RowState.ANSWERED | RowState.UNCONFIRMED:
                # Replay and reversal exclude each other in one commit (ruling 2).
                request.code = row.code
                seen = Change(row.id, add={"replays": 1}, where={"state": APPROVED})
                self._record_alone(request, row.code, (seen,))
            case RowState.DECLINED | RowState.NOTED:
                request.code = row.code
                self._refuse(request, row.code)
            case RowState.REVERSED if not request.kind_row.reversible:
                self._refuse(request, "05")  # an advice that the gateway bridged as a request, and reversed (ruling 7)
            case _:
                self._refuse(request, no_answer)

    def _outdated(self, request: Request, row: Row) -> bool:
        """Return whether *row* holds its key only because STANs come round again (ruling 4)."""
        return (
            not request.batch
            and not is_repeat(request.message.mti)
            and row.fingerprint != request.fingerprint
            and row.state not in OPEN_DEBT
            and row.state is not RowState.SENDING
            and self._world.now.wall - row.received > UNBATCHED_KEY_LIFE
        )

    def _may_have_left(self, request: Request) -> bool:
        """Return whether the first message of a repeat may be older than the journal's memory."""
        sent = text(request.message, 7)
        return not sent or sent < self._world.since.wall.strftime("%m%d%H%M%S")

    def conflict(self, request: Request, event: Conflict) -> None:
        """Take in that the journal refused, because of a row."""
        row = event.row
        if request.state in (State.RECORDING, State.FILING):
            self._overtaken(request, row)
            return
        if request.state is not State.JOURNALING:
            return
        if request.original_row is not None and row.id == request.original_row.id:
            code = rules.refusal(self._claim(request, row), standing(row))
            self._refuse(request, code or "22")
        elif self._outdated(request, row):
            request.step(Step.CONFLICT)
            self._journal_intent(request, (row.id,))
        else:
            self._same_key(request, row)

    def _overtaken(self, request: Request, row: Row) -> None:
        """Another commit was faster: the terminal's reversal, most likely. Nothing is delivered as approved."""
        filing = request.state is State.FILING
        request.step(Step.CONFLICT)
        if request.approved and not filing:
            self._owing.approval_seen(row.id)
        if filing:
            self._close(request)
            return
        request.code, request.approved, request.answer = request.listener.dialect.profile.no_answer, False, {}
        self._deliver(request)

    def journal_failed(self, request: Request, reason: str) -> None:
        """Take in that the journal could not commit: no new money, and no approval that is not durable."""
        self._world.log("journal", "error", id=request.id, cause=reason)
        no_answer = request.listener.dialect.profile.no_answer
        match request.state:
            case State.JOURNALING:
                request.code = "96"
            case State.RECORDING if request.approved or request.owes or request.host_request is None:
                request.code, request.answer = no_answer, {}
                if request.host_request is not None and TRAITS[request.kind].financial:
                    request.owes = request.owes or "98"
                    self._open_debt(request)
                request.approved = False
            case State.FILING:
                request.step(Step.JOURNAL_FAILED)
                self._open_debt(request)
                self._close(request)
                return
            case _:
                pass
        request.step(Step.JOURNAL_FAILED)
        self._deliver(request)

    # Answering

    def _refuse(self, request: Request, code: str) -> None:
        """Answer with *code*, unless the message turns out to repeat an earlier one."""
        repeatable = TRAITS[request.kind].financial and code not in FINAL and request.fingerprint
        if repeatable and not request.looked and request.state in (State.VERIFYING, State.SECURING):
            request.refusal = code
            self._look_up(request)
            return
        request.code = code
        request.step(Step.REFUSED)
        self._deliver(request)

    def _deliver(self, request: Request) -> None:
        """Give every asker its answer; from here on a repeat is answered from the journal."""
        request.deadline = None
        if self._in_flight.get(request.key) is request:
            del self._in_flight[request.key]
        acquirer = self._world.setup.acquirers.get(request.acquirer)
        for asker in list(request.askers):
            self._answering.deliver(request, asker, acquirer)

    def delivered(self, request: Request, fate: Fate) -> None:
        """Take in what became of one asker's answer."""
        request.fates.append(fate)
        if len(request.fates) < len(request.askers) or request.state is not State.DELIVERING:
            return
        row = request.replaying or request.journaled
        approved = (request.approved or request.replaying is not None) and row is not None
        if Fate.HANDED in request.fates or not approved or row is None or row.state not in APPROVED:
            request.step(Step.HANDED)
            self._close(request)
            return
        cut = Fate.CUT in request.fates
        request.step(Step.CUT if cut else Step.NOT_HANDED)
        if cut or request.replaying is not None or not self._host_reverses(request):
            columns: dict[str, object] = {"state": RowState.UNCONFIRMED}
            where: dict[str, object] = {"state": RowState.ANSWERED}
        else:
            request.owes = "96"
            columns = {"state": RowState.OWES_REVERSAL, "reason": "96"}
            where = {"state": RowState.ANSWERED, "replays": 0}
            request.journaled = _with(row, **columns)
        self._world.log("not delivered", "warning", id=request.id, terminal=request.terminal, fate=str(fate))
        self._world.emit(Journal(request.id, (Change(row.id, set=columns, where=where),)))

    def _close(self, request: Request) -> None:
        del self.requests[request.id]
        for asker in request.askers:
            asker.connection.in_flight -= 1
        waiting = self._busy.get((request.merchant, request.terminal))
        if waiting is not None:
            waiting.discard(request.id)
            if not waiting:
                del self._busy[request.merchant, request.terminal]
        passed = self._world.now.mono - request.arrived.mono
        self._world.log(
            "txn", id=request.id, kind=str(request.kind), terminal=request.terminal, merchant=request.merchant,
            stan=request.stan, amount=request.amount, currency=request.currency, card=masked(request.pan),
            acquirer=request.acquirer, link=request.link.name if request.link else "", code=request.code,
            rrn=str(request.answer.get("retrieval_reference_number", "")), owes=request.owes,
            replay=request.replaying is not None, ms=round(passed * 1000, 1),
        )  # fmt: skip

    # Time and small things

    def time_passed(self, request: Request) -> None:
        """Feed the request's deadline, if it has come."""
        if request.deadline is None or request.deadline > self._world.now.mono:
            return
        request.deadline = None
        match request.state:
            case State.VERIFYING | State.LOOKING_UP | State.SECURING:
                request.code = "96"
                request.step(Step.TIMED_OUT)
                self._deliver(request)
            case State.SENT | State.CHECKING:
                request.step(Step.TIMED_OUT)
                self._forget_link(request)
                self._owe(request, "98", "no answer from the host in time")
            case _:
                pass

    def _wait(self, request: Request, seconds: float) -> None:
        request.deadline = self._world.now.mono + seconds
        self._world.wake(request.deadline, request.id)

    def _forget_link(self, request: Request) -> None:
        if request.link is not None:
            self._links.answered(request.link.name, request.id)

    def _today(self, request: Request) -> date:
        return self._world.now.wall.date()

    def _claim(self, request: Request, original: Row) -> rules.Claim:
        acquirer = self._world.setup.acquirers.get(original.host.acquirer) if original.host else None
        wall = self._world.now.wall
        today = acquirer.business_date(wall).date() if acquirer else wall.date()
        return rules.Claim(request.kind, request.amount, request.card_hash, today)


def standing(row: Row) -> rules.Standing:
    """Return how *row* stands as the original of another message."""
    return rules.Standing(
        kind=row.kind,
        amount=row.amount,
        card=row.card_hash,
        business_date=row.business_date,
        approved=row.state in APPROVED,
        owed=row.state in OPEN_DEBT or row.state is RowState.SENDING,
        taken=bool(row.taken),
        returned=row.returned,
        reserved=row.reserved,
    )
