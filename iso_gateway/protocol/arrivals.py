"""What is found out about a request before it goes anywhere: repeat, original, rules; and the terminals' reversals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from msgspec.structs import replace

from iso_gateway.codec.mti import is_repeat
from iso_gateway.protocol import effects, inquiry, rules
from iso_gateway.protocol.acts import FORGED
from iso_gateway.protocol.closing import Closing, Underway
from iso_gateway.protocol.commands import File, Verify
from iso_gateway.protocol.composing import reason_said
from iso_gateway.protocol.events import Conflict, Found
from iso_gateway.protocol.forwarding import Forwarding
from iso_gateway.protocol.kinds import TRAITS, Kind
from iso_gateway.protocol.lifecycle import amounts, in_words, standing, stands
from iso_gateway.protocol.moment import sent_at
from iso_gateway.protocol.profile import KindRow
from iso_gateway.protocol.records import APPROVED, HELD, OPEN_DEBT, Change, Insert, Row, RowState
from iso_gateway.protocol.request import Asker, Request, journal_row, noted
from iso_gateway.protocol.settlement import BATCH_KINDS, Settlement
from iso_gateway.protocol.setup import UNBATCHED_KEY_LIFE
from iso_gateway.protocol.story import Word, added, line, worth_telling
from iso_gateway.protocol.transaction import State, Step
from iso_gateway.protocol.world import World

STANDS_OR_MAY: Final = APPROVED | {RowState.SENDING}
"""The states of what somebody may want to have reversed."""


class Arrivals:
    """Takes requests in, and decides whether they go on to the host."""

    def __init__(
        self, world: World, forwarding: Forwarding, closing: Closing, underway: Underway, settlement: Settlement
    ) -> None:
        self._world = world
        self._forwarding = forwarding
        self._closing = closing
        self._underway = underway
        self._settlement = settlement

    def arrive(self, asker: Asker, kind: Kind, row: KindRow) -> None:
        """Take in a request of a known terminal."""
        world = self._world
        request = Request(world.new_id(), asker, kind, row, world.now)
        if asker.connection.in_flight >= world.setup.limits.per_connection:
            self._closing.answering.at_once(asker, "96")
            world.log("bound", "warning", peer=asker.connection.peer, cause="too many requests on the connection")
            return
        asker.connection.in_flight += 1
        self._underway.requests[request.id] = request
        if request.listener.keyed:
            self._closing.wait(request, world.setup.limits.stage)
            world.emit(Verify(request.id, request.listener.name, request.message))
        else:
            self.verified(request, "")

    def verified(self, request: Request, code: str) -> None:
        """Take in the security module's word on the request's MAC."""
        if code:
            forged = code == "A0" and request.kind is Kind.REVERSAL
            request.refusal = code if forged and (request.original.stan or request.original.rrn) else ""
            if request.refusal:
                self._closing.look_up(request)
            else:
                self._closing.refuse(request, code, "MAC of the request")
            return
        request.known_by(self._world.lent.fingerprint)
        earlier = self._underway.by_key.get(request.key)
        if earlier is not None:
            self._join(request, earlier)
            return
        self._underway.by_key[request.key] = request
        heard = self._underway.refusals.before(request.key, request.message.text(7), self._world.now.mono)
        if heard and request.kind is not Kind.REVERSAL:
            self._closing.refuse(request, heard, "a later copy of it was refused, and came in before it")
            return
        original = request.original
        named = TRAITS[request.kind].original and (original.stan or original.rrn or original.approval)
        if request.kind in BATCH_KINDS:
            self._settlement.arrive(request)
        elif TRAITS[request.kind].financial and request.kind is not Kind.REVERSAL and self._settlement.holds(request):
            self._closing.refuse(request, "90", "its batch is being settled")
        elif request.kind is Kind.REVERSAL and not named:
            self._closing.refuse(request, "25", "the reversal names no original")
        elif request.kind is Kind.INQUIRY and not named:
            self._closing.refuse(request, "30", "the inquiry names no original")
        elif request.amount == 0 and TRAITS[request.kind].financial and request.kind is not Kind.REVERSAL:
            self._closing.refuse(request, "13", "no amount")
        elif named or is_repeat(request.message.mti):
            self._closing.look_up(request)
        else:
            self._forwarding.clear(request)

    def _join(self, request: Request, earlier: Request) -> None:
        """Let a repeat wait for the outcome of the one in flight: one host request, two answers."""
        if request.fingerprint != earlier.fingerprint:
            self._clash(request)
            return
        del self._underway.requests[request.id]
        self._world.forget(request.id)
        earlier.askers.extend(request.askers)
        if worth_telling(len(earlier.askers) - 1):
            earlier.tell(self._world.now.wall, Word.JOINED, request.askers[0].connection.place)
        self._world.log("joined", id=earlier.id, terminal=request.terminal, stan=request.stan)

    def _clash(self, request: Request) -> None:
        self._world.log(
            "duplicate", "warning", terminal=request.terminal, stan=request.stan,
            cause="another message under the key of an earlier one: terminal swapped, or its STAN reset?",
        )  # fmt: skip
        self._closing.refuse(request, "94", "another message under the key of an earlier one")

    def found(self, request: Request, event: Found) -> None:
        """Take in what the journal knows of the request's key and of its original."""
        if request.state is not State.LOOKING_UP:
            return
        request.looked = True
        if request.refusal == "A0":
            self._forged(request, _meant(request, event.originals))
        elif event.same_key is not None and not self._outdated(request, event.same_key):
            self._same_key(request, event.same_key)
        elif request.refusal:
            unknown = self._closing.in_flight_beside(request)
            no_answer = request.listener.dialect.profile.no_answer
            self._closing.refuse(request, no_answer if unknown else request.refusal)
        elif event.same_key is None and self._may_have_left(request, event.since or self._world.since.wall):
            self._closing.list_request(request, "a repeat whose original may have left the journal is not sent as new")
        elif request.suspect:
            self._forwarding.suspected(request, event.originals)
        else:
            self._with_original(request, _meant(request, event.originals))

    def _forged(self, request: Request, original: Row | None) -> None:
        """Reverse nothing for a MAC that is wrong; its original, where it stands, is listed, once (ruling 12).

        The answer does not wait for the journal: whatever that says must not lead into the flow of a true reversal.
        """
        if original is not None and original.state in STANDS_OR_MAY and FORGED not in original.flags:
            self._world.log("listed", "warning", id=original.id, terminal=request.terminal, cause=FORGED)
            story = added(original.story, line(self._world.now.wall, Word.FLAGGED, FORGED))
            flags = {"flags": (*original.flags, FORGED)}
            self._world.emit(File((Change(original.id, set=flags, where={"flags": original.flags}, story=story),)))
        self._closing.refuse(request, "A0", "MAC of the request")

    def _with_original(self, request: Request, original: Row | None) -> None:
        if request.kind is Kind.REVERSAL:
            self._reverse(request, original)
            return
        if request.kind is Kind.INQUIRY:
            self._inquire(request, original)
            return
        if original is not None:
            request.about(original)
            code = self._refusal(request, original)
            if code:
                self._closing.refuse(request, code, f"its original {original.id} is {in_words(original)}")
                return
            request.tell(self._world.now.wall, Word.ORIGINAL, f"found: {original.kind} {original.id}")
        elif TRAITS[request.kind].original and not request.original.issued_by_host:
            # The gateway renumbers: the terminal's STAN may name another sale on the host's leg (rulings 3, 22).
            code = rules.not_found(request.kind, request.listener.dialect.profile.rules)
            self._closing.refuse(request, code, "its original is unknown, and named by its STAN alone")
            return
        elif TRAITS[request.kind].original:
            request.tell(self._world.now.wall, Word.ORIGINAL, "unknown here: passed on as the terminal names it")
        self._forwarding.clear(request)

    def _inquire(self, request: Request, original: Row | None) -> None:
        """Say what became of *original*: the journal knows, or else the host may (ruling 8)."""
        if original is None and request.original.issued_by_host:
            self._forwarding.clear(request)
            return
        if original is not None and _other_card(request, original):
            self._closing.refuse(request, "14", f"its original {original.id} is of another card")
            return
        standing = inquiry.standing_of(original)
        if original is not None:
            request.answer = inquiry.answer_facts(
                standing, original.amount, original.currency, original.rrn, original.approval
            )
        else:
            request.answer = inquiry.answer_facts(standing, 0)
        self._closing.refuse(request, "00", f"its original is {standing}")

    def _same_key(self, request: Request, row: Row) -> None:
        """Answer a message whose key the journal knows: a repeat from its row, anything else with 94."""
        if not request.fingerprint:  # never verified: nobody may hear the answer
            self._closing.refuse(request, request.listener.dialect.profile.no_answer)
            return
        if row.state is RowState.TOMBSTONE or row.fingerprint != request.fingerprint:
            self._clash(request)
            return
        if row.state is RowState.SENDING and self._never_sent(request, row):
            return
        request.replaying = row
        match row.state:
            case RowState.ANSWERED | RowState.DONE | RowState.UNCONFIRMED:
                # Replay and reversal exclude each other in one commit (ruling 2).
                self._say_again(request, row)
                again = line(self._world.now.wall, Word.REPLAYED, request.askers[0].connection.place)
                story = added(row.story, again) if worth_telling(row.replays + 1) else ""
                seen = Change(row.id, add={"replays": 1}, where={"state": APPROVED}, story=story)
                self._closing.record_alone(request, row.code, (seen,))
            case RowState.DECLINED | RowState.NOTED:
                self._say_again(request, row)
                self._closing.refuse(request, row.code)
            case RowState.REVERSED if not request.kind_row.reversible:
                # An advice that the gateway bridged as a request, and reversed (ruling 7).
                self._closing.refuse(request, "05")
            case _:
                # Nobody knows, or it is being undone; but a decline stands, though it was reversed to be sure.
                declined = row.code if not row.approved else ""
                self._closing.refuse(request, declined or request.listener.dialect.profile.no_answer)

    def _never_sent(self, request: Request, row: Row) -> bool:
        """Close *row* where its intent was committed though the journal said that it had failed; return whether it was.

        Nobody has it in hand then, and nothing of it was sent: left alone, it would tell its terminal until the next
        start that nobody knows.
        """
        if (row.id in self._underway.requests and row.id != request.id) or self._closing.owes(row.id):
            return False
        told = line(self._world.now.wall, Word.NOT_SENT, "the journal had it after all, though it had said otherwise")
        columns = {"state": RowState.NOT_SENT, "claims": (), "code": "96"}
        unsent = Change(row.id, set=columns, where={"state": RowState.SENDING}, story=added(row.story, told))
        self._closing.record_alone(request, "96", (unsent, *effects.free(row)))
        return True

    def _say_again(self, request: Request, row: Row) -> None:
        """Have the first answer given again."""
        request.answer, request.own_code = row.answer, row.own_code
        request.acquirer = row.host.acquirer if row.host is not None else ""

    def _outdated(self, request: Request, row: Row) -> bool:
        """Return whether *row* holds its key only because STANs come round again (ruling 4)."""
        return (
            not request.batch
            and not is_repeat(request.message.mti)
            and (row.fingerprint != request.fingerprint or not request.dated)
            and row.state not in OPEN_DEBT
            and row.state is not RowState.SENDING
            and self._world.now.wall - row.received > UNBATCHED_KEY_LIFE
        )

    def _may_have_left(self, request: Request, since: datetime) -> bool:
        """Return whether *request* is a repeat whose first message may be older than *since*, the journal's first day.

        A reversal is not asked: to reverse twice does no harm, not to reverse does.
        """
        if request.kind is Kind.REVERSAL or not is_repeat(request.message.mti):
            return False
        sent = sent_at(request.message.text(7), self._today())
        if sent is None or sent < since:
            return True
        # A repeat has a DE 7 of its own; the local time is still that of the first, in the terminal's zone.
        facts = request.listener.dialect.facts(request.message)
        local = f"{facts.get('date_local_transaction', '')!s}{facts.get('time_local_transaction', '')!s}"
        own = request.listener.zone
        zones = [own] if own is not None else [acquirer.zone for acquirer in self._world.setup.acquirers.values()]
        made = (sent_at(local, self._today(), zone) for zone in zones)
        return any(first is not None and first < since and first <= sent for first in made)

    def conflict(self, request: Request, event: Conflict) -> None:
        """Take in that the journal refused, because of a row."""
        row = event.row
        alone = request.state is State.RECORDING and request.host_request is None
        if alone and request.kind is Kind.REVERSAL:
            self._reversal_overtaken(request, row)
            return
        if request.state in (State.RECORDING, State.FILING):
            self._closing.overtaken(request, row)
            return
        if request.state is not State.JOURNALING:
            return
        if request.kind is Kind.SETTLEMENT:  # an earlier one that came to nothing has the key
            request.step(Step.CONFLICT)
            self._forwarding.journal_intent(request, (row.id,))
        elif request.kind is Kind.REVERSAL and request.key not in row.claims:
            self._reversal_overtaken(request, row)
        elif (original := request.original_row) is not None and row.id == original.id:
            code = self._refusal(request, row)
            self._closing.refuse(request, code or "22", f"its original {row.id} is {in_words(row)}")
        elif original is not None and row.id == original.original:
            self._closing.refuse(request, "22", f"{row.id}, behind its original, is {in_words(row)}")
        elif self._outdated(request, row):
            request.step(Step.CONFLICT)
            self._forwarding.journal_intent(request, (row.id,))
        else:
            self._same_key(request, row)

    def _reversal_overtaken(self, request: Request, row: Row) -> None:
        """Decide anew on a reversal whose original is *row* after all, or has moved on since it was looked up."""
        known = request.original_row
        if known is not None and row.id in (known.original, known.behind):
            request.why = f"{row.id}, behind its original, is {in_words(row)}: it was built upon since"
            self._answer_reversal(request, "25")
        elif row.state is not RowState.TOMBSTONE and request.key not in row.claims:
            self._reverse(request, row)
        elif request.state is State.JOURNALING and request.tombstone:
            # An earlier reversal left the stone; the new one takes its place.
            (stone,) = request.tombstone
            request.tombstone = (replace(stone, releasing=(row.id,)),)
            request.step(Step.CONFLICT)
            self._forwarding.journal_intent(request, ())
        else:
            # The stone stands, or the same reversal was recorded: what was to be said is said.
            if request.key in row.claims:
                request.code = row.code
            request.step(Step.CONFLICT)
            self._closing.deliver(request)

    def _claim(self, request: Request, original: Row) -> rules.Claim:
        wall = self._world.now.wall
        today = self._closing.business_date(original.host.acquirer, wall) if original.host else wall.date()
        return rules.Claim(request.kind, request.amount, request.card_hash, today, request.batch)

    def _refusal(self, request: Request, original: Row) -> str:
        """Return the code with which its acquirer's rules refuse what *request* wants of *original*."""
        acquirer = self._closing.acquirer(original.host.acquirer) if original.host else None
        dialect = acquirer.dialect if acquirer is not None else request.listener.dialect
        return rules.refusal(self._claim(request, original), standing(original), dialect.profile.rules)

    def _reverse(self, request: Request, original: Row | None) -> None:
        """Merge the terminal's reversal with whatever the gateway knows of its original (rulings 2, 3)."""
        left = _left_standing(request)
        if left:
            self._reverse_part(request, original, left)
            return
        if original is None:
            self._reverse_unknown(request)
            return
        request.original_row = original
        wall = self._world.now.wall
        code = self._reversal_refusal(request, original)
        if code:
            request.why = f"its original {original.id} is {in_words(original)}"
            self._answer_reversal(request, code)
        elif original.state is RowState.SENDING or stands(original):
            reason = reason_said(request)
            unchanged = {column: getattr(original, column) for column in ("state", "taken", "returned", "reserved")}
            request.original_row = replace(original, state=RowState.OWES_REVERSAL, reason=reason)
            asked = line(wall, Word.REVERSED_BY, request.id)
            owing = line(wall, Word.OWED, f"{RowState.OWES_REVERSAL}, reason {reason}")
            self._forwarding.doubles.forget(original)
            owed = effects.reversal_owed(original, reason, unchanged, added(original.story, asked + owing))
            request.tell(wall, Word.ORIGINAL, f"found: {original.kind} {original.id}, {original.state}")
            request.tell(wall, Word.DECIDED, "00, the gateway reverses it: one debt, whoever asks")
            self._closing.record_alone(request, "00", (Insert(noted(request, self._today(), "00")), *owed))
        else:  # declined, never sent, already reversed, or owed: nothing to ask of the host
            request.tell(wall, Word.ORIGINAL, f"found: {original.kind} {original.id}, {original.state}")
            request.tell(wall, Word.DECIDED, "00, nothing more is to be asked of the host")
            self._closing.record_alone(request, "00", (Insert(noted(request, self._today(), "00")),))

    def _reverse_part(self, request: Request, original: Row | None, left: int) -> None:
        """Send the reversal of a part on: it is not merged with anything, and *left* of its original stands (ruling 9).

        What may yet turn out not to have been approved can only be reversed as a whole.
        """
        rules_here = request.listener.dialect.profile.rules
        if not rules_here.partial_reversal:
            self._closing.refuse(request, "40", "its DE 95 reverses a part, by setting refused")
        elif request.state is not State.LOOKING_UP:
            self._answer_reversal(request, "22")  # somebody else got hold of the original
        elif original is None:
            if request.original.issued_by_host:
                self._forwarding.clear(request)
            else:
                self._closing.list_reversal(request)
        elif code := self._part_refusal(request, original, left):
            self._closing.refuse(request, code, f"its original {original.id} is {in_words(original)}")
        else:
            request.amount, request.original_row = left, original
            self._forwarding.clear(request)

    def _part_refusal(self, request: Request, original: Row, left: int) -> str:
        """Return the code with which the reversal of a part of *original* is refused, or the empty text."""
        if original.state is RowState.SENDING or original.state in OPEN_DEBT:
            return "22"
        if not stands(original):
            return request.listener.dialect.profile.rules.not_approved
        if original.kind not in TRAITS[Kind.ADJUSTMENT].original:
            return "40"
        return self._reversal_refusal(request, original) or ("64" if left >= original.amount else "")

    def _reversal_refusal(self, request: Request, original: Row) -> str:
        """Return the code with which the terminal's reversal of *original* is refused, or the empty text."""
        if _other_card(request, original):
            return "14"
        if request.amount and request.amount not in amounts(original):
            return "64"
        if original.taken in HELD or original.reserved:
            return "22"
        if original.taken or original.returned:
            return "22" if original.kind is Kind.PREAUTH else "25"  # the money is back, or went another way
        if original.state is RowState.OWES_REPEAT:
            return request.listener.dialect.profile.no_answer  # must not overtake the advice: ask again
        return ""

    def _answer_reversal(self, request: Request, code: str) -> None:
        if request.state is State.RECORDING:
            request.code = code
            request.step(Step.CONFLICT)
            self._closing.deliver(request)
        else:
            self._closing.refuse(request, code)

    def _reverse_unknown(self, request: Request) -> None:
        """A reversal without its original: whatever comes under that key later is refused (ruling 3)."""
        named = request.original
        if named.stan:
            claims = tuple(
                (request.merchant, request.terminal, named.batch or request.batch, named.stan, str(kind))
                for kind in TRAITS[Kind.REVERSAL].original
            )
            tomb = journal_row(request, b"", None, self._today())
            tomb = replace(tomb, id=f"{request.id}-t", claims=claims, state=RowState.TOMBSTONE)
            request.tombstone = (Insert(tomb),)
        if named.issued_by_host:
            self._forwarding.clear(request)
            return
        self._closing.list_reversal(request)

    def _today(self) -> date:
        return self._world.now.wall.date()


def _meant(request: Request, rows: tuple[Row, ...]) -> Row | None:
    """Return the row that *request* names: the latest of a kind that it may name, or else the latest."""
    fitting = [row for row in rows if row.kind in request.original_kinds]
    return max(fitting or rows, key=lambda row: row.received, default=None)


def _left_standing(request: Request) -> int:
    """Return how much of its original the reversal *request* leaves, by DE 95; 0 where it reverses all of it."""
    said = request.message.text(95)[:12]
    return int(said) if said.isdecimal() else 0


def _other_card(request: Request, original: Row) -> bool:
    return bool(request.card_hash and original.card_hash and request.card_hash != original.card_hash)
