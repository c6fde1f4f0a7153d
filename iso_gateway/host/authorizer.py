"""What the mock host says to each message: the rules of an acquirer, without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Any, Final

import msgspec

from iso_gateway.codec.message import Message
from iso_gateway.codec.mti import is_request
from iso_gateway.errors import DecodeError
from iso_gateway.faults.delivering import misstated
from iso_gateway.faults.fault import NO_FAULT, Fault, Silence
from iso_gateway.faults.grammar import joined
from iso_gateway.faults.standing import InForce
from iso_gateway.host.accounts import Accounts
from iso_gateway.host.answers import Decision, balance_element, noted, written
from iso_gateway.host.asked import Asked, alike
from iso_gateway.host.batches import BATCH_KINDS, Batches, Said, inquire
from iso_gateway.host.books import Books, Outcome
from iso_gateway.host.calendar import Calendar
from iso_gateway.host.exchanging import Exchanger
from iso_gateway.host.guard import NOBODY, Guard, Under
from iso_gateway.host.issuer import FINE, WRONG_BLOCK, Issuer, Verdict
from iso_gateway.host.later import irreversible, refusal
from iso_gateway.host.ledger import Ledger
from iso_gateway.host.magic import ORDINARY as NO_MAGIC
from iso_gateway.host.magic import Ending, ending
from iso_gateway.host.network import Network
from iso_gateway.host.purposes import BY_THE_HOST
from iso_gateway.host.saved import Saved, restore, save
from iso_gateway.host.scenario.heard import Heard
from iso_gateway.host.scenario.responding import ending_of, ruled, struck, unheard
from iso_gateway.host.scenario.rule import ORDINARY, Respond
from iso_gateway.host.scenario.scenario import Scenario
from iso_gateway.host.scenario.values import Situation, overlaid
from iso_gateway.host.settings import HostSettings
from iso_gateway.host.transaction import Key, Transaction
from iso_gateway.protocol.dialect import Dialect, Facts
from iso_gateway.protocol.kinds import NETWORK, TRAITS, Kind
from iso_gateway.protocol.moment import Moment
from iso_gateway.protocol.profile import KindRow

_PASSED_OVER: Final = 10_000
"""How many requests are known that got silence as if they had never come."""

NOTHING_MORE: Final[Mapping[str, str | bytes]] = {}
_SENDS: Final = 16
"""How many DE 7 of one request's sends are known."""


class Authorizer:
    """One host: its links' sign-on, its books, and what it decides."""

    def __init__(
        self,
        dialect: Dialect,
        settings: HostSettings | None = None,
        *,
        zone: tzinfo = UTC,
        first_serial: int = 1,
        card_key: bytes = b"",
        guard: Guard | None = None,
        exchanger: Exchanger | None = None,
        issuer: Issuer | None = None,
        scenario: Scenario | None = None,
        faults: InForce | None = None,
    ) -> None:
        """Decide in *dialect*; *first_serial* and *card_key* (up to 64 bytes) are random where it matters.

        Without a *guard* no MAC is looked at, and none made; without an *exchanger* a sign-on brings no keys;
        without an *issuer* PINs and cards are not checked.
        """
        self.dialect = dialect
        self.settings = settings or HostSettings()
        kept = self.settings.remember
        self.accounts = Accounts(self.settings.opening_balance, self.settings.cards, card_key, kept)
        self.refuse_reversals = self.settings.refuse_reversals
        """The canonical code with which every reversal is refused; empty: they are carried out. May be changed."""
        self.scenario = Scenario() if scenario is None else scenario
        """The rules that go before the ordinary ones; more may be added."""
        self.guard = guard
        self._issuer = issuer
        self._calendar = Calendar(zone, self.settings.cuts_over_at)
        self.network = Network(dialect, self._calendar, guard, exchanger)
        """The links: sign-on, keys, and what the host says of its own accord."""
        self.faults = InForce(self.scenario.chance, lambda _fields: None) if faults is None else faults
        """The faults that stand now."""
        self._books = Books(self.accounts, kept, self._calendar, first_serial)
        self._batches = Batches(dialect, self._books.ledger)
        self._alike = alike(dialect.profile)
        self._passed_over: dict[Key, bytes] = {}
        self._not_found = self.settings.reversal_not_found or dialect.profile.reversal_not_found

    def __repr__(self) -> str:
        return f"<Authorizer {self.dialect.spec.name}, {len(self.ledger)} transactions>"

    @property
    def batches(self) -> Batches:
        """What became of the records that terminals uploaded."""
        return self._batches

    @property
    def ledger(self) -> Ledger:
        """All transactions, and the totals."""
        return self._books.ledger

    def hear(self, payload: bytes, moment: Moment, link: str = "") -> Decision:
        """Return what becomes of the message *payload* that came over *link*.

        Bytes that are no message get 30 where MTI, STAN and terminal could be read, and nothing otherwise.
        """
        try:
            message = self.dialect.spec.decode(payload)
        except DecodeError as error:
            note = {"cause": str(error), "offset": error.offset}
            partial = error.partial
            if partial is None or _is_answer(partial) or not (partial.text(11) and partial.text(41)):
                return Decision("undecodable", note)
            return self._answered(partial, "30", {}, moment, note, event="undecodable")
        return self.decide(message, moment, link, payload)

    def payload(self, decision: Decision) -> bytes:
        """Return the bytes of the answer that *decision* has, with its MAC where it is to have one."""
        answer = decision.answer
        assert answer is not None
        if decision.fault.wrong:
            answer = misstated(answer, decision.fault)
        if self.guard is not None:
            answer = self.guard.sealed(answer, decision.under, decision.fault)
        return self.dialect.spec.encode(answer)

    def decide(self, message: Message, moment: Moment, link: str = "", payload: bytes = b"") -> Decision:
        """Return what becomes of *message* that came over *link* as *payload*; without those its MAC is not judged."""
        if _is_answer(message):
            if (told := self.network.answered(message, link)) is not None:
                return Decision("network", {**told, "answered": True})
            return Decision("ignored", {"mti": message.mti, "cause": "an answer, and nothing was asked"})
        row = self.dialect.kind_row(message)
        asked = None
        if row is not None and row.kind not in NETWORK:
            asked = Asked(message, row, self.dialect, self.accounts, self.settings.currency)
        heard, fault, under = None, NO_FAULT, NOBODY
        if self.faults:
            heard = Heard(message, row, asked, self.dialect, self._books, self._issuer)
            fault = self.faults.strike(heard, moment.mono) or NO_FAULT
            if fault.silence is Silence.UNRECORDED:
                return struck(unheard(heard), fault)
        if self.guard is not None and payload:
            under = self.guard.judge(message, payload, moment, link)
            if under.cause:
                refused = self._unverified(message, under, moment)
                return struck(msgspec.structs.replace(refused, under=under), fault)
            if asked is not None:
                asked.under = under
        if self.scenario:
            heard = heard or Heard(message, row, asked, self.dialect, self._books, self._issuer)
            decision, fault = self._ruled(heard, row, fault, moment, link)
        else:
            decision = self._decided(message, row, asked, ORDINARY, fault, moment, link)
        return struck(decision if under is NOBODY else msgspec.structs.replace(decision, under=under), fault)

    def _ruled(
        self, heard: Heard, row: KindRow | None, fault: Fault, moment: Moment, link: str
    ) -> tuple[Decision, Fault]:
        """Return what becomes of a message by the scenario, beside the *fault* that stands; and all that goes wrong."""
        message, ruling = heard.message, self.scenario.judge(heard)
        rule = ruling.rule
        if rule is not None:
            fault = joined(fault, rule.fault) or fault
        if fault.silence is Silence.UNRECORDED:
            decision = unheard(heard)
        else:
            respond = ORDINARY if rule is None else rule.respond
            decision = self._decided(message, row, heard.asked, respond, fault, moment, link)
        situation = Situation(message, heard.of_original, self._calendar.local(moment), self.scenario.chance)
        return ruled(decision, ruling, heard, situation), fault

    def _decided(  # noqa: PLR0917 -- what is known of a message, in one place
        self,
        message: Message,
        row: KindRow | None,
        asked: Asked | None,
        respond: Respond,
        fault: Fault,
        moment: Moment,
        link: str,
    ) -> Decision:
        """Return what becomes of a message by the rules of the host, and by what a rule of the scenario *responds*."""
        if row is None:
            code = respond.code or "40"
            note = {"mti": message.mti, "terminal": message.text(41), "stan": message.text(11), "code": code}
            return self._answered(message, code, {}, moment, note)
        if asked is None:
            if fault.refuse_sign_on and row.kind is Kind.SIGN_ON:
                respond = Respond(code=fault.refuse_sign_on)
            return self._network(message, row.kind, respond, fault, moment, link)
        asked.respond = respond
        missing = asked.missing()
        if missing:
            return self._refused(asked, "30", moment, f"no DE {missing}")
        if self.settings.sign_on_required and link not in self.network.signed_on:
            return self._refused(asked, "77", moment, "not signed on")
        if row.kind in BATCH_KINDS:
            return self._said(asked, self._batches.hear(asked, moment), moment)
        if row.kind is Kind.INQUIRY:
            code = asked.respond.code
            return self._said(asked, Said(code) if code else inquire(asked, self.ledger), moment)
        first = self.ledger.under(asked.key)
        if first is not None and not asked.comes_after(first, moment):
            if first.fingerprint != asked.fingerprint:
                return self._refused(asked, "94", moment, "another message under this key")
            return self._again(asked, first, moment)
        return self._new(asked, moment)

    def cut_over(self, moment: Moment) -> None:
        """Begin the next business date before its hour."""
        self._calendar.cut_over(moment)

    def until_cut_over(self, moment: Moment) -> float:
        """Return the seconds from *moment* to the next cut-over of the host's clocks."""
        return self._calendar.until_cut_over(moment)

    def save(self) -> Saved:
        """Return the books as one plain object."""
        return save(self._books, self._batches.save())

    def restore(self, saved: Saved) -> None:
        """Take over the books of a host that was made with the same ``card_key``; this one has to be new."""
        restore(self._books, saved)
        self._batches.restore(saved.batches)

    def _network(  # noqa: PLR0917 -- as `_decided`
        self, message: Message, kind: Kind, respond: Respond, fault: Fault, moment: Moment, link: str
    ) -> Decision:
        facts: Facts = {}
        code = respond.code or "00"
        if respond.approves or not respond.code:
            facts = self.network.hear(message, kind, link, moment, fault)
        note = {"kind": str(kind), "stan": message.text(11), "code": code, **({"keys": "new"} if facts else {})}
        return self._answered(message, code, facts, moment, note, event="network")

    def _again(self, asked: Asked, first: Transaction, moment: Moment) -> Decision:
        """Give the repeat of *first* its first answer."""
        if first.transmitted and len(first.transmitted) < _SENDS:
            first.transmitted.add(asked.transmitted)
        return self._done(asked, first, moment, repeat=True)

    def _new(self, asked: Asked, moment: Moment) -> Decision:
        kinds = self._alike[asked.kind]
        named = tuple({kind for each in kinds for kind in TRAITS[each].original})
        if asked.kind is Kind.REVERSAL:
            return self._reversal(asked, named, moment)
        if named:
            return self._later(asked, kinds, named, moment)
        if asked.kind is Kind.BALANCE:
            return self._balance(asked, moment)
        return self._purchase(asked, moment)

    def _unverified(self, message: Message, under: Under, moment: Moment) -> Decision:
        """Refuse a message whose MAC or KSN is not right: nothing in it is believed, and nothing done."""
        note = {"mti": message.mti, "terminal": message.text(41), "stan": message.text(11)}
        note |= {"code": under.code, "cause": under.cause, "keys": under.owner}
        return self._answered(message, under.code, {}, moment, note)

    # Sales, preauths, offline sales, balances

    def _purchase(self, asked: Asked, moment: Moment) -> Decision:
        said = asked.amount or 0
        if not said and not asked.respond.decides:
            return self._refused(asked, "13", moment)
        end = self._ending(asked, said)
        if not end.recorded and not end.approves:
            return self._passed(asked, end, moment)
        code, facts, verdict, amount = end.code, dict[str, str | bytes](), FINE, said
        if asked.kind is not Kind.ADVICE:  # what happened offline is a fact
            verdict = self._judged(asked)
            if verdict.code == WRONG_BLOCK and not asked.respond.decides:
                return self._refused(asked, WRONG_BLOCK, moment, verdict.cause)
            account = self.accounts.account(asked.card, asked.currency, asked.pan)
            amount = said if end.share is None else end.share.of(said, account.available)
            refusal = verdict.code or self.accounts.refusal(asked.pan)
            if not end.approves:
                code = code or refusal or ("51" if amount > account.available else "")
            elif amount < said and not amount:
                code = "51"
            if verdict.cryptogram is not None:
                facts[self.dialect.spec.fields[55].name] = verdict.cryptogram.answer(code or "00")
        refused = bool(code) and (not end.approves or (amount < said and not amount))
        if amount < said and not refused:
            facts["amount_transaction"], code = f"{amount:012}", "10"
        if not end.recorded:
            return self._refused(asked, code or "00", moment, end.meaning, facts)
        outcome = Outcome(code or "00", amount or said, refused, facts=facts, irreversible=end.reversal)
        recorded = self._books.record(asked, outcome, moment)
        return self._done(asked, recorded, moment, end=end, cause=verdict.cause)

    def _ending(self, asked: Asked, amount: int) -> Ending:
        """Return the ending that a rule says, or a magic one: that repeats have not, of what was passed over either."""
        if asked.respond.decides:
            return ending_of(asked.respond)
        if not self.settings.magic or asked.marked or self._passed_over.get(asked.key) == asked.fingerprint:
            return NO_MAGIC
        return ending(asked.kind, amount, keyed=self.guard is not None)

    def _judged(self, asked: Asked) -> Verdict:
        """Return what the issuer says of the card of *asked*, where settings have one."""
        return FINE if self._issuer is None else self._issuer.judge(asked)

    def _passed(self, asked: Asked, end: Ending, moment: Moment) -> Decision:
        """End *asked* without a trace in the ledger."""
        if end.fault.answers:
            return self._refused(asked, end.code, moment, end.meaning)
        if len(self._passed_over) >= _PASSED_OVER:
            del self._passed_over[next(iter(self._passed_over))]
        self._passed_over[asked.key] = asked.fingerprint
        return Decision("transaction", noted(asked, "", end.meaning), fault=end.fault)

    def _balance(self, asked: Asked, moment: Moment) -> Decision:
        verdict = self._judged(asked)
        if verdict.code == WRONG_BLOCK:
            return self._refused(asked, WRONG_BLOCK, moment, verdict.cause)
        respond = asked.respond
        refusal = "" if respond.approves else respond.code or verdict.code or self.accounts.refusal(asked.pan)
        account = self.accounts.account(asked.card, asked.currency, asked.pan)
        facts: dict[str, str | bytes] = {}
        if not refusal:
            account_type = asked.message.text(3)[2:4]
            facts["additional_amounts"] = balance_element(account_type, asked.currency, account.available)
        outcome = Outcome(refusal or "00", 0, refused=bool(refusal), facts=facts)
        return self._done(asked, self._books.record(asked, outcome, moment), moment, cause=verdict.cause)

    # Voids, refunds, completions, cancels

    def _later(self, asked: Asked, kinds: tuple[Kind, ...], named: tuple[Kind, ...], moment: Moment) -> Decision:
        """Decide on what is about an earlier transaction; *kinds* look alike, the original tells which it is."""
        original = self.ledger.original(asked.named, asked.merchant, asked.terminal, named)
        if original is not None:
            asked.kind = next(kind for kind in kinds if original.kind in TRAITS[kind].original)
        amount = asked.amount or 0
        code, respond = refusal(asked, original, self.dialect.profile, self._calendar.today(moment)), asked.respond
        if respond.decides:
            # What a rule approves and could not be done moves nothing that was booked before.
            end = ending_of(respond)
            original, code = (None if code else original, "") if end.approves else (original, end.code or code)
            if not end.recorded:
                return self._refused(asked, end.code or code or "00", moment, end.meaning)
        outcome = Outcome(code or respond.code or "00", amount, refused=bool(code), original=original)
        return self._done(asked, self._books.record(asked, outcome, moment), moment)

    # Reversals

    def _reversal(self, asked: Asked, kinds: tuple[Kind, ...], moment: Moment) -> Decision:
        """Decide on a reversal; only one that was carried out is remembered, another is looked up anew each time.

        What was declined was never booked: it counts as not found.
        """
        original = self.ledger.original(asked.named, asked.merchant, asked.terminal, kinds, asked.type)
        code, cause = self._against(asked, original, moment)
        if asked.respond.decides:
            # Only what it approves may be carried out, and is said to be where that was not possible.
            end = ending_of(asked.respond)
            if code or not (end.approves and end.recorded):
                return self._refused(asked, end.code or "00", moment, cause or end.meaning)
        if code or original is None:
            return self._refused(asked, code, moment, cause)
        left = asked.left_standing
        outcome = Outcome("00", original.amount - left, original=original)
        if left:
            self.ledger.reduce(original, left)
        else:
            self.ledger.undo(original)
        return self._done(asked, self._books.record(asked, outcome, moment), moment)

    def _against(self, asked: Asked, original: Transaction | None, moment: Moment) -> tuple[str, str]:
        """Return why the reversal *asked* is refused, as code and in words; empty where it is carried out."""
        if refusal := self.refuse_reversals or self.accounts.reversal_refusal(asked.pan):
            return refusal, BY_THE_HOST
        if original is None:
            return self._not_found, "original not found"
        return irreversible(asked, original, self.dialect.profile, self.settings, self._calendar.today(moment))

    # Answers

    def _done(
        self,
        asked: Asked,
        transaction: Transaction,
        moment: Moment,
        *,
        end: Ending = NO_MAGIC,
        repeat: bool = False,
        cause: str = "",
    ) -> Decision:
        """Return the answer of a recorded transaction, or its magic ending."""
        asked.booked, asked.repeats = transaction, repeat
        note = noted(asked, transaction.code, "" if end is NO_MAGIC else end.meaning, cause)
        note |= {"kind": str(transaction.kind), "rrn": transaction.rrn, "pan": transaction.pan}
        note |= {"amount": transaction.amount, **({"repeat": True} if repeat else {})}
        answered = self._answered(asked.message, transaction.code, transaction.facts, moment, note)
        if repeat and transaction.changes and answered.answer is not None:
            answered = msgspec.structs.replace(answered, answer=overlaid(answered.answer, transaction.changes)[0])
        return answered if end.fault is NO_FAULT else msgspec.structs.replace(answered, fault=end.fault)

    def _said(self, asked: Asked, said: Said, moment: Moment) -> Decision:
        """Return an answer about a batch, or to an inquiry."""
        event = "inquiry" if asked.kind is Kind.INQUIRY else "settlement"
        note = {**noted(asked, said.code), **said.note}
        return self._answered(asked.message, said.code, said.facts, moment, note, event=event)

    def _refused(
        self, asked: Asked, code: str, moment: Moment, cause: str = "", said: Mapping[str, str | bytes] = NOTHING_MORE
    ) -> Decision:
        """Return an answer that leaves no trace in the ledger."""
        facts = dict(said)
        if asked.kind is not Kind.REVERSAL:
            facts["retrieval_reference_number"] = self._books.rrn(moment)
        return self._answered(asked.message, code, facts, moment, noted(asked, code, cause=cause))

    def _answered(
        self,
        request: Message,
        code: str,
        facts: Mapping[str, str | bytes],
        moment: Moment,
        note: Mapping[str, Any],
        *,
        event: str = "transaction",
    ) -> Decision:
        said = facts if "date_settlement" in facts else {**self._calendar.dated(moment).facts, **facts}
        answer, cause = written(self.dialect, request, code, said, self._calendar.dated(moment).local)
        if cause:
            note = {**note, "cannot_carry": cause}
        return Decision(event, note, answer)


def _is_answer(message: Message) -> bool:
    return not is_request(message.mti)
