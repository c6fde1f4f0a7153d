"""The way out to the host and back: bounds, route, link, the host's message, the commit, the answer and its meaning."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import is_repeat
from iso_gateway.errors import CannotCarry, EncodeError
from iso_gateway.protocol import effects
from iso_gateway.protocol.answering import mismatch
from iso_gateway.protocol.closing import Closing, Underway
from iso_gateway.protocol.commands import Journal, Verify
from iso_gateway.protocol.composing import host_message
from iso_gateway.protocol.dialect import Dialect
from iso_gateway.protocol.doubles import Doubles, still_charged
from iso_gateway.protocol.events import Secured
from iso_gateway.protocol.host_macs import SIGN_ON_ANEW, may_lack_mac, sent_first
from iso_gateway.protocol.keyring import of_link
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.link import Link
from iso_gateway.protocol.links import Links
from iso_gateway.protocol.profile import CodeClass
from iso_gateway.protocol.records import Change, Entry, Insert, Row, RowState
from iso_gateway.protocol.request import Request, host_leg, journal_row
from iso_gateway.protocol.routing import Query, route
from iso_gateway.protocol.rules import not_found
from iso_gateway.protocol.securing import Securing
from iso_gateway.protocol.setup import Acquirer
from iso_gateway.protocol.story import Word, line, said
from iso_gateway.protocol.transaction import State, Step
from iso_gateway.protocol.verdicts import Finding, Verdict
from iso_gateway.protocol.world import World

_WHILE_SENDING: Final = {"state": RowState.SENDING}

# Plain names of what every sale asks for: CPython 3.11 takes nine times as long for a member of an enumeration.
_APPROVED, _PARTIAL, _UNKNOWN = CodeClass.APPROVED, CodeClass.PARTIAL, CodeClass.UNKNOWN
_VERIFYING, _SECURING, _SENT = State.VERIFYING, State.SECURING, State.SENT
_VERIFIED, _SECURED, _JOURNALED, _ANSWERED, _JUDGED = (
    Step.VERIFIED, Step.SECURED, Step.JOURNALED, Step.ANSWERED, Step.JUDGED
)  # fmt: skip
_SECURING_ANEW: Final = State.SECURING_ANEW
_NOT_SENT_FROM: Final = (State.SENT, State.SECURING_ANEW)
_SALE, _PREAUTH = Kind.SALE, Kind.PREAUTH
_REVERSAL, _KEPT_ANSWER, _TELL_SENT, _TELL_ANSWERED = Kind.REVERSAL, RowState.ANSWERED, Word.SENT, Word.ANSWERED


class Forwarding:
    """Sends requests to hosts, and reads what comes back."""

    def __init__(self, world: World, links: Links, closing: Closing, underway: Underway) -> None:
        self._world = world
        self._links = links
        self._closing = closing
        self._underway = underway
        self._securing = Securing(world, closing)
        self.doubles = Doubles()

    def clear(self, request: Request) -> None:
        """Bounds, route, link, the host's message; then the security module."""
        world = self._world
        if world.draining:
            self._closing.refuse(request, "91", "the gateway drains")
            return
        kind, key = request.kind, request.key
        counts = TRAITS[kind].financial and request.kind_row.reversible and kind is not _REVERSAL
        if counts and self._too_many(request):
            self._closing.refuse(request, "96", "the terminal's bound of requests in flight")
            return
        if (kind is _SALE or kind is _PREAUTH) and not request.suspect and self._is_suspected(request):
            return
        self._route(request)
        if request.acquirer not in world.setup.acquirers:
            self._closing.refuse(request, "92", "no route")
            return
        request.link = self._links.pick(request.acquirer)
        stan = self._links.next_stan(request.acquirer) if request.link is not None else None
        if stan is None:
            cause = "no link is up" if request.link is None else "no STAN is free"
            self._closing.refuse(request, "91", f"{request.acquirer}: {cause}")
            return
        try:
            host = self._links.hosts[request.acquirer]
            message = host_message(request, host.acquirer, stan, host.calendar.at(world.now.wall))
        except (CannotCarry, EncodeError) as error:
            world.log("cannot carry", "warning", terminal=request.terminal, cause=str(error))
            code = error.code if isinstance(error, CannotCarry) else "30"
            if code == "25" and kind is not Kind.REVERSAL:
                code = not_found(kind, request.listener.dialect.profile.rules)
            if request.tombstone and code == "25":
                self._closing.list_reversal(request)
            else:
                self._closing.refuse(request, code, said(str(error)))
            return
        if counts:
            self._underway.busy.setdefault(key[:2], set()).add(request.id)
        request.step(_VERIFIED if request.state is _VERIFYING else Step.CLEARED)
        code, why = self._securing.refusal(request, host.acquirer)
        if code:
            self._closing.refuse(request, code, why)
        elif host.acquirer.keyed or world.setup.sealing:
            self._securing.secure(request, message, host.acquirer)
        else:
            self._secured(request, message, b"")

    def _is_suspected(self, request: Request) -> bool:
        """Ask the journal about an earlier sale that *request* looks like, if there is one (ruling 23)."""
        if is_repeat(request.message.mti):
            return False
        request.suspect = self.doubles.like(request)
        if request.suspect:
            self._closing.look_up(request)
        return bool(request.suspect)

    def suspected(self, request: Request, rows: tuple[Row, ...]) -> None:
        """Take in what the journal knows of the sale that *request* looks like: charge it, or by setting do not."""
        earlier = still_charged(request, rows)
        if earlier is None:
            self.clear(request)
            return
        declined = request.listener.dialect.profile.rules.double_charge == "decline"
        self._world.log("double charge?", "warning", id=request.id, earlier=earlier.id, terminal=request.terminal,
                        amount=request.amount, done="declined" if declined else "let through, flagged")  # fmt: skip
        why = f"looks like {earlier.id}, which is {earlier.state}: same card, amount and terminal, other STAN"
        if declined:
            self._closing.refuse(request, "94", why)
            return
        request.flags = (f"double? {earlier.id}",)
        request.tell(self._world.now.wall, Word.FLAGGED, why)
        self.clear(request)

    def _route(self, request: Request) -> None:
        """Find out whose host it goes to; empty: nobody's."""
        known = request.original_row.host if request.original_row is not None else None
        if known is not None:
            request.acquirer = known.acquirer
            request.tell(self._world.now.wall, Word.ROUTED, f"{request.acquirer}, the acquirer of its original")
        elif request.conclude is None:  # else that was decided before
            query = Query(request.pan, request.message.mti[1], request.terminal, request.currency, request.amount)
            request.acquirer = route(self._world.setup.routes, query) or ""

    def _too_many(self, request: Request) -> bool:
        waiting = self._underway.busy.get(request.key[:2], ())
        return len(waiting) >= self._world.setup.limits.per_terminal and not is_repeat(request.message.mti)

    def secured(self, request: Request, event: Secured) -> None:
        """Take in the host's message with PIN block and MAC, or why there is none."""
        if request.state is not _SECURING:
            if request.state is _SECURING_ANEW:
                self._secured_anew(request, event)
        elif event.message is None:
            self._closing.refuse(request, event.code or "96", "the security module made no message")
        else:
            request.sealed = event.sealed
            self._secured(request, event.message, event.payload)

    def _secured(self, request: Request, message: Message, payload: bytes) -> None:
        """Commit the intent to send *message*; *payload* is empty where it is still to be encoded."""
        acquirer = self._closing.acquirer(request.acquirer)
        if acquirer is None:
            self._closing.refuse(request, "96", "its acquirer is gone")
            return
        try:
            request.payload = payload or acquirer.dialect.spec.encode(message)
        except EncodeError as error:
            self._world.log("cannot carry", "warning", terminal=request.terminal, cause=str(error))
            self._closing.refuse(request, "30", said(str(error)))
            return
        request.host_request = message
        request.step(_SECURED)
        self.journal_intent(request, ())

    def journal_intent(self, request: Request, releasing: tuple[str, ...]) -> None:
        """Commit that *request* is about to be sent; its key is taken over from the rows *releasing*."""
        assert request.host_request is not None
        host = self._links.hosts[request.acquirer]
        now = self._world.now
        second = host.calendar.at(now.wall)
        leg = host_leg(request, request.host_request, host.acquirer.dialect, second.written, now)
        if request.pan and not request.sealed and not self._world.setup.sealing:
            request.sealed = self._world.lent.seal(request.pan)
        row = journal_row(request, request.sealed, leg, second.business_date, host.acquirer.dialect)
        request.journaled = row
        if row.kind is _SALE or row.kind is _PREAUTH:
            self.doubles.remember(row)
        held: tuple[Change, ...] = ()
        if request.original_row is not None:
            held = effects.hold(request.kind, request.amount, request.original_row)
            held = self._marked(held, Word.HELD, request)
        request.deadline = None  # only the journal's answer tells whether to send
        request.committing = now.mono
        self._world.emit(Journal(request.id, (Insert(row, releasing), *held, *request.tombstone)))

    def send(self, request: Request) -> None:
        """Give the committed *request* to a link."""
        request.taken()
        acquirer = self._closing.acquirer(request.acquirer)
        link = request.link
        if link is None or not link.session.takes_money:
            link = request.link = self._links.pick(request.acquirer)
        if (
            link is None
            or acquirer is None
            or not acquirer.keyed
            or not self._securing.outdated(request, acquirer, link)
        ):
            self._give(request, acquirer, link)
        else:
            request.step(Step.KEYS_CHANGED)
            if not self._securing.anew(request, acquirer, link):
                self.not_sent(request, "91", "the link has no keys any more")

    def _secured_anew(self, request: Request, event: Secured) -> None:
        """Take in the committed *request* with the keys that its link has now; nothing of it was sent yet."""
        acquirer, link = self._closing.acquirer(request.acquirer), request.link
        message = event.message
        if message is None or acquirer is None or link is None:
            self.not_sent(request, event.code or "96", "the security module made no message")
        elif not link.session.takes_money or self._securing.outdated(request, acquirer, link):
            self.not_sent(request, "91", "the link has other keys once more")
        else:
            request.host_request = message
            request.payload = event.payload or acquirer.dialect.spec.encode(message)
            self._give(request, acquirer, link)

    def _give(self, request: Request, acquirer: Acquirer | None, link: Link | None) -> None:
        assert request.host_request is not None
        request.step(_JOURNALED)
        if link is None or acquirer is None:
            self.not_sent(request, "91", "the link went down meanwhile")
            return
        if self._world.now.mono - request.committing > self._world.setup.limits.stage:
            # The terminal has given up, and the row does not say any more when it was sent.
            self.not_sent(request, "96", "the journal took too long")
            return
        if not self._links.give(link, request.id, request.host_request, request.payload):
            self.not_sent(request, "91", "its STAN is taken")
            return
        request.given = self._world.now
        self._closing.wait(request, acquirer.host_timeout)

    def answered(self, request: Request, message: Message, payload: bytes) -> None:
        """Take in the host's answer."""
        if request.state is not _SENT:
            self._world.log("unmatched", "warning", id=request.id, cause=f"a second answer, while {request.state}")
            return
        request.step(_ANSWERED)
        self._closing.forget_link(request)
        acquirer = self._links.hosts[request.acquirer].acquirer
        if acquirer.protection.mac is None or may_lack_mac(acquirer.dialect, message):
            self._judge(request, message, "")
            return
        request.host_answer = message
        name = request.link.name if request.link is not None else ""
        keys = self._world.keyring.to_verify(of_link(acquirer, name), acquirer.protection)
        self._closing.wait(request, self._world.setup.limits.stage)
        self._world.emit(
            Verify(
                request.id, acquirer.name, message, payload, sent_first(request.host_keys, keys), request.host_request
            )
        )

    def verified(self, request: Request, mac: str) -> None:
        """Take in the security module's word on the MAC of the host's answer."""
        assert request.host_answer is not None
        self._links.heard_mac(request.link, mac)
        self._judge(request, request.host_answer, mac)

    def _judge(self, request: Request, answer: Message, mac: str) -> None:
        """Decide what the host's *answer* means."""
        asked = request.host_request
        assert asked is not None
        dialect = self._links.hosts[request.acquirer].acquirer.dialect
        request.step(_JUDGED)
        verdict = dialect.verdict(answer)
        approves = verdict in (_APPROVED, _PARTIAL)
        differs = mismatch(asked, answer, partial=verdict is _PARTIAL) if approves else ""
        if dialect.canonical(answer) in SIGN_ON_ANEW:
            self._links.sign_on_again(request.link)
        if mac:
            self._tell_of_answer(request, Word.BAD_MAC, str(Verdict.BAD_MAC))
            self.owe(request, "A0" if mac == "A0" else "98", "MAC of the answer", Verdict.BAD_MAC)
        elif differs:
            self._tell_of_answer(request, Word.MISMATCH, f"{differs} is not the request's")
            self.owe(request, "06", f"mismatch: {differs} of the answer is not the request's")
        elif verdict is _PARTIAL and not request.listener.partial_approval:
            self._tell_of_answer(request, Word.MISMATCH, "approved in part, which the terminal cannot take")
            self.owe(request, "06", "partial approval, which the terminal cannot take", code="51")
        elif verdict is _UNKNOWN:
            self._tell_of_answer(request, Word.UNCLEAR, dialect.canonical(answer))
            self.owe(request, "98", f"the host itself does not know: {dialect.canonical(answer)}")
        else:
            self._links.release(request.acquirer, asked, late=False)
            self._settle(request, dialect, answer, approved=approves)

    def _settle(self, request: Request, dialect: Dialect, answer: Message, *, approved: bool) -> None:
        """Commit a clear answer."""
        request.code = dialect.canonical(answer)
        request.own_code = answer.text(39)
        request.answer = dialect.answer_facts(answer)
        request.approved = approved
        row = request.journaled
        assert row is not None
        confirmable = TRAITS[request.kind].financial and request.kind is not _REVERSAL
        state = RowState.DECLINED if not approved else _KEPT_ANSWER if confirmable else RowState.NOTED
        columns: dict[str, object] = {
            "state": state,
            "code": request.code,
            "own_code": request.own_code,
            "answer": request.answer,
            "approved": approved,
            "rrn": answer.text(37),
            "approval": answer.text(38),
        }
        if settled := request.answer.get("date_settlement"):
            day = self._links.hosts[request.acquirer].calendar.heard(str(settled), self._world.now.wall)
            if day is not None and day != row.business_date:
                columns["business_date"] = day
        amount = request.amount
        if approved and (said := answer.text(4)).isdecimal() and amount and request.kind is not _REVERSAL:
            columns["amount"] = amount = int(said)
        self._tell_of_answer(request, _TELL_ANSWERED, request.code)
        if request.conclude is not None:
            further = request.conclude(answer)  # it may decide what the terminal hears
            columns.update(code=request.code, own_code=request.own_code, answer=request.answer)
            self._record(request, columns, further)
        elif not row.original:
            self._record(request, columns, ())
        elif approved:
            self._record(request, columns, self._marked(effects.keep(row, amount), Word.KEPT, request))
        else:
            self._record(request, columns, self._marked(effects.free(row), Word.FREED, request))

    def _tell_of_answer(self, request: Request, word: Word, text: str) -> None:
        """Tell that it was sent, and what the host's answer is; both go with the commit of the outcome."""
        self._tell_of_sending(request)
        request.untold += line(self._world.now.wall, word, text)

    def _tell_of_sending(self, request: Request) -> None:
        if request.given is not None and request.link is not None:
            request.untold = line(request.given.wall, _TELL_SENT, request.link.name) + request.untold

    def _marked(self, changes: tuple[Change, ...], word: Word, request: Request) -> tuple[Change, ...]:
        """Return *changes* to an original's row with a line in its story."""
        return tuple(
            replace(change, story=line(self._world.now.wall, word, f"{request.kind} {request.id}"))
            for change in changes
        )

    def owe(self, request: Request, reason: str, cause: str, verdict: Verdict | str = "", code: str = "") -> None:
        """Commit that the outcome is unknown, and that the host is owed a reversal or a repeat."""
        no_answer = request.listener.dialect.profile.no_answer
        request.code = code or no_answer
        self._world.log("unknown outcome", "warning", id=request.id, terminal=request.terminal,
                        verdict=str(verdict), cause=cause)  # fmt: skip
        if not TRAITS[request.kind].financial:
            if request.host_request is not None:
                now = self._world.now.mono
                self._links.release(request.acquirer, request.host_request, late=True, given_up=now)
            self._record(request, {"state": RowState.DECLINED, "code": request.code}, ())
            return
        request.owes = reason
        state = request.owed_state
        columns: dict[str, object] = {"state": state, "reason": reason, "code": request.code}
        request.tell(self._world.now.wall, Word.OWED, f"{state}, reason {reason}")
        self._record(request, columns, ())

    def not_sent(self, request: Request, code: str = "91", why: str = "the link was closed") -> None:
        """Take in that not a byte went out: nothing is owed, and the terminal may ask again."""
        if request.state not in _NOT_SENT_FROM:
            return
        request.step(Step.NOT_SENT)
        self._closing.forget_link(request)
        if request.host_request is not None:
            self._links.release(request.acquirer, request.host_request, late=False)
        request.code, request.why = code, str(Finding(Verdict.NOT_WRITTEN, why))
        request.tell(self._world.now.wall, Word.NOT_SENT, request.why)
        row = request.journaled
        assert row is not None
        freed = self._marked(effects.free(row), Word.FREED, request)
        self._record(request, {"state": RowState.NOT_SENT, "claims": (), "code": code}, freed)

    def uncertain(self, request: Request, cause: str, verdict: Verdict = Verdict.LINK_LOST) -> None:
        """Take in that the link failed after the request was given to it."""
        if request.state is State.SENT:
            request.step(Step.UNCERTAIN)
            self._closing.forget_link(request)
            finding = Finding(verdict, said(cause))
            self._tell_of_answer(request, Word.LINK_LOST, str(finding))
            self.owe(request, "98", f"link lost: {cause}", verdict)

    def _record(self, request: Request, columns: dict[str, object], effect: Entry) -> None:
        row = request.journaled
        assert row is not None
        request.outcome = columns
        request.entry = (Change(row.id, set=columns, where=_WHILE_SENDING, story=request.take()), *effect)
        request.taken()
        request.deadline = None  # only the journal's answer tells what may be said
        self._world.emit(Journal(request.id, request.entry))

    def timed_out(self, request: Request) -> None:
        """Take in that no answer came in time."""
        checking = request.state is State.CHECKING
        request.step(Step.TIMED_OUT)
        self._closing.forget_link(request)
        finding = self._finding(request)
        if checking:  # there is an answer, and nobody to say whose it is
            finding = Finding(Verdict.BAD_MAC, "the security module did not say in time")
        self._tell_of_answer(request, Word.TIMED_OUT, str(finding))
        evidence = f" ({finding.evidence})" if finding.evidence else ""
        self.owe(request, "98", f"no answer from the host in time{evidence}", finding.verdict)

    def _finding(self, request: Request) -> Finding:
        """Return why *request* was not answered."""
        asked, given, link = request.host_request, request.given, request.link
        if asked is None or given is None or link is None:
            return Finding(Verdict.NOT_WRITTEN)
        return self._links.explain(link.name, asked, request.payload, given.mono)
